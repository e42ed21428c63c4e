/* The sender: takes due jobs, asks the rulebook again, hands over, notes what came of it; many at
 * once. A job moves ready → submitting (its message's gate is "out") → done. That is on disk before
 * anything leaves; a job found submitting after a crash may or may not have left: with a channel
 * that knows our id it is handed over again, else the Communication becomes "unknown" for a person
 * to look at. So nothing goes twice. Whose turn it is among several threads is in sender_turn.c. */
#include "outreach/ledger_int.h"
#include "outreach/sender_int.h"

#include "base/log.h"

static err read_job(struct op *op, struct outreach *o, const struct record_job *in, struct job *ret)
{
    TRY(json_read(op, in->body, &JSON_LIMITS_DEFAULT, &ret->body));
    ret->communication = json_get_str(ret->body, STR("communication"));
    ret->patient = json_get_str(ret->body, STR("patient"));
    ret->campaign = json_get_str(ret->body, STR("campaign"));
    json_i64(JSON_GET(ret->body, "expires"), &ret->expires);
    if (!channel_parse(json_get_str(ret->body, STR("channel")), &ret->channel))
        return fail(op, ERR_FAULT, "an outbox job names no channel");
    str gate;
    TRY(message_gate_now(ret->tx, op, ret->communication, &gate));
    ret->submitting = str_eq(gate, STR("out"));
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Communication")), ret->communication,
                    &ret->doc));
    return record_parse_bare(op, &ret->doc, &ret->tree);
}

void sender_prepare(struct op *op, struct outreach *o, const struct record_job *in, struct job *j)
{
    *j = (struct job){.in = in, .tx = j->tx, .number = in->job, .attempts = in->attempts};
    err e = read_job(op, o, in, j);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        j->step = STEP_DROP; /* its Communication was deleted: nothing to send, nobody to tell */
        e = OK;
    } else if (e == OK) {
        e = sender_decide(op, o, j);
    }
    if (e != OK)
        log_event(LOG_ERROR, "outreach.job.failed", "error=%s attempts=%u", err_row(e)->name,
                  in->attempts); /* the lease ends by itself: the job comes back */
    op_clear(op);
}

#define ALOFT_MS 250

/* Of one patient, and to one address, one message at a time, so that the second sees the first; and
 * no more than the numbers may send now. */
static void hold_back(struct op *op, struct outreach *o, enum channel_kind k, struct round *r)
{
    struct sender *s = &o->senders[k];
    struct aloft *go = &r->aloft;
    for (size_t i = 0; i < r->n; i++) {
        struct job *j = &r->jobs[i];
        int64_t free_at = op->now;
        str to = json_get_str(j->body, STR("to"));
        if (j->step != STEP_SUBMIT)
            continue;
        bool second = map_get(&go->patients, j->patient) || map_get(&go->addresses, to);
        bool held = !second && sender_holds(s, j->patient, to);
        if (!second && !held && bucket_take(o, j->channel, j->patient, op->now, &free_at) &&
            map_put(&go->patients, j->patient, j) && map_put(&go->addresses, to, j))
            continue; /* without memory it waits */
        j->step = STEP_LATER;
        j->due = held ? op->now + ALOFT_MS : free_at;
    }
}

/* What the rulebook said is good for so long; less than what it keeps before closing time. */
#define VERDICT_MS 45000

static int64_t back_off(uint32_t attempts)
{
    int64_t s = 2;
    for (uint32_t i = 1; i < attempts && s < 900; i++)
        s *= 2;
    return s * 1000;
}

static void conclude(struct op *op, const struct outreach *o, const struct parcel *p, struct job *j)
{
    bool again = provider_repeatable(o, j->channel);
    struct outcome w = {.status = "not-done"};
    j->step = STEP_FINISH;
    switch (p->result) {
    case SENT_OK:
        w = (struct outcome){
            .status = channel_taken(j->channel), .provider_id = p->provider_id, .left = true};
        break;
    case SENT_OPTED_OUT:
        w.why = "the patient has opted out at the provider";
        w.opted_out = true;
        break;
    case SENT_NEVER:
        w.why = "the provider refused the message";
        break;
    case SENT_NO_ADDRESS:
        w.why = "there is no such address";
        w.no_address = true;
        break;
    case SENT_STOPPED:
        w.why = CAMPAIGN_STOPPED;
        break;
    case SENT_UNKNOWN:
        w = (struct outcome){.status = "unknown", .why = NOT_KNOWN};
        if (!again)
            break;
        /* fall through */
    case SENT_LATER:
    case SENT_KIND_COUNT:
        j->step = STEP_LATER;
        j->due = op->now + back_off(j->attempts);
        break;
    }
    j->out = w;
}

/* The law's hours are kept by a minute (guard_s), an answer's five minutes by what is left. */
static int64_t good_until(const struct round *r, const struct job *j)
{
    int64_t left = j->expires - r->now;
    return r->mono + (j->expires && left < VERDICT_MS ? left : VERDICT_MS);
}

static struct parcel parcel_of(const struct outreach *o, const struct round *r, const struct job *j)
{
    struct message m = sender_message(j);
    str to = json_str(json_path(j->tree, "recipient.0.reference"));
    return (struct parcel){.id = j->communication,
                           .to = m.to,
                           .from = bucket_number(o, j->patient),
                           .text = m.text,
                           .subject = m.subject,
                           .language = m.language_tag,
                           .campaign = m.campaign,
                           .kind = m.kind,
                           .human = m.human,
                           .helper = str_starts(to, STR("RelatedPerson/")),
                           .attempt = sender_attempt(j),
                           .patient = j->patient,
                           .mark = j->mark,
                           .expires = j->expires,
                           .until = good_until(r, j),
                           .result = SENT_LATER};
}

/* What was said of them is in their outcomes; false: nothing was said. */
static bool hand_over(struct op *op, struct outreach *o, const struct round *r)
{
    struct parcel *parcels = ARENA_ARRAY(op->arena, struct parcel, r->ready + 1);
    if (op_check(op) != OK)
        return false; /* the leases end: told to be unknown */
    for (size_t i = 0; i < r->ready; i++)
        parcels[i] = parcel_of(o, r, r->some[i]);
    int64_t began = time_mono();
    for (size_t from = 0, to; from < r->ready; from = to) {
        enum channel_kind k = r->some[from]->channel;
        for (to = from + 1; to < r->ready && r->some[to]->channel == k; to++)
            ;
        provider_send(op, o, k, parcels + from, to - from);
    }
    op->now += time_mono() - began;
    for (size_t i = 0; i < r->ready; i++)
        conclude(op, o, &parcels[i], r->some[i]);
    return true;
}

static void note_results(struct op *op, struct outreach *o, const struct round *r)
{
    receipt_claim(op, o, r->some, r->ready);
    sender_write(record_begin(op, o->rec), op, o, r->some, r->ready);
    receipt_settle(op, o, r->some, r->ready);
}

/* Decides on each, and writes what is next: who goes is on disk as submitting. */
static void prepare(struct op *op, struct outreach *o, enum channel_kind k, struct round *r)
{
    const struct record_job *in = r->taken.jobs;
    struct record_tx *tx = record_begin(op, o->rec);
    size_t all = 0;
    r->jobs = ARENA_ARRAY(op->arena, struct job, r->n + 1);
    r->some = ARENA_ARRAY(op->arena, struct job *, r->n + 1);
    if (op_check(op) != OK)
        return;
    for (size_t i = 0; i < r->n; i++) {
        r->jobs[i].tx = tx;
        if (arena_used(op->arena) > STEP_PREPARE) {
            record_outbox_again(op, o->rec, &in[i]);
            continue;
        }
        sender_prepare(op, o, &in[i], &r->jobs[i]);
    }
    hold_back(op, o, k, r);
    for (size_t i = 0; i < r->n; i++)
        if (r->jobs[i].step != STEP_NONE)
            r->some[all++] = &r->jobs[i];
    sender_write(tx, op, o, r->some, all);
    for (size_t i = 0; i < r->n; i++)
        if (r->jobs[i].step == STEP_SUBMIT && r->jobs[i].written)
            r->some[r->ready++] = &r->jobs[i];
}

static err take(struct op *op, struct outreach *o, enum channel_kind k, struct round *r)
{
    size_t many = provider_batch(o, k), max = many;
    int64_t room = bucket_room(o, k, op->now);
    if (room <= 0 || !ledger_settle(o, o->ledger_from, 0))
        return OK; /* nothing may leave, or nobody knows what went: the jobs wait */
    if (room < (int64_t)max)
        max = (size_t)room;
    TRY(lane_take(op, o, k, max, &r->taken));
    r->plenty = r->taken.n == many;
    map_init(&r->aloft.patients, op->arena);
    map_init(&r->aloft.addresses, op->arena);
    sender_rises(&o->senders[k], &r->taken, &r->aloft);
    r->n = r->taken.n;
    return OK;
}

/* Each turn is taken before the one before it is given up: nobody overtakes. */
static void go_on(struct op *op, struct outreach *o, struct sender *s, struct round *r)
{
    sender_turn(op, &s->decides);
    pthread_mutex_unlock(&s->takes);
    r->now = op->now;
    r->mono = time_mono();
    prepare(op, o, s->channel, r);
    if (r->ready)
        sender_turn(op, &s->hands);
    pthread_mutex_unlock(&s->decides);
    if (!r->ready)
        return;
    atomic_fetch_add(&o->handing, 1);
    bool said = hand_over(op, o, r);
    pthread_mutex_unlock(&s->hands);
    if (said)
        note_results(op, o, r);
    atomic_fetch_sub(&o->handing, 1);
}

err sender_step(struct op *op, struct outreach *o, enum channel_kind k, size_t *ret_n)
{
    struct sender *s = &o->senders[k];
    struct round r = {.n = 0};
    op->actor = outreach_system();
    sender_turn(op, &s->takes);
    err e = take(op, o, k, &r);
    sender_plenty(s, r.plenty);
    if (r.n)
        go_on(op, o, s, &r);
    else
        pthread_mutex_unlock(&s->takes);
    sender_lands(s, &r.aloft);
    *ret_n = r.n;
    return e;
}
