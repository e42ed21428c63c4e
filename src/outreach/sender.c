/* The sender: takes due jobs, asks the rulebook again, hands over, notes what came of it; many at
 * once. A job moves ready → submitting (its message's gate is "out") → done. That is on disk before
 * anything leaves; a job found submitting after a crash may or may not have left: with a channel
 * that knows our id it is handed over again, else the Communication becomes "unknown" for a person
 * to look at. So nothing goes twice. */
#include "outreach/ledger_int.h"
#include "outreach/sender_int.h"

#include "base/log.h"
#include "base/map.h"

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
    TRY(record_tx_kv_now(ret->tx, message_gate(op, ret->communication), &gate));
    ret->submitting = str_eq(gate, STR("out"));
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Communication")), ret->communication,
                    &ret->doc));
    return record_parse(op, &ret->doc, &ret->tree);
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

/* Of one patient, and to one address, one message at a time, so that the second sees the first; and
 * no more than the numbers may send now. */
static void hold_back(struct op *op, struct outreach *o, struct job *jobs, size_t n)
{
    struct map patients, addresses; /* of those that go */
    map_init(&patients, op->arena);
    map_init(&addresses, op->arena);
    for (size_t i = 0; i < n; i++) {
        struct job *j = &jobs[i];
        int64_t free_at = op->now;
        str to = json_get_str(j->body, STR("to"));
        if (j->step != STEP_SUBMIT)
            continue;
        bool second = map_get(&patients, j->patient) || map_get(&addresses, to);
        if (!second && bucket_take(o, j->channel, j->patient, op->now, &free_at) &&
            map_put(&patients, j->patient, j) && map_put(&addresses, to, j))
            continue; /* without memory it waits */
        j->step = STEP_LATER;
        j->due = free_at;
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

/* When a step began, by the house's clock and by the one that never jumps. */
struct began {
    int64_t now, mono;
};

/* The law's hours are kept by a minute (guard_s), an answer's five minutes by what is left. */
static int64_t good_until(const struct began *b, const struct job *j)
{
    int64_t left = j->expires - b->now;
    return b->mono + (j->expires && left < VERDICT_MS ? left : VERDICT_MS);
}

static void hand_over(struct op *op, struct outreach *o, struct job *const *jobs, size_t n,
                      const struct began *asked)
{
    struct parcel *parcels = ARENA_ARRAY(op->arena, struct parcel, n + 1);
    if (op_check(op) != OK)
        return; /* the leases end: told to be unknown */
    for (size_t i = 0; i < n; i++) {
        struct message m = sender_message(jobs[i]);
        str to = json_str(json_path(jobs[i]->tree, "recipient.0.reference"));
        parcels[i] = (struct parcel){.id = jobs[i]->communication,
                                     .to = m.to,
                                     .from = bucket_number(o, jobs[i]->patient),
                                     .text = m.text,
                                     .subject = m.subject,
                                     .language = m.language_tag,
                                     .campaign = m.campaign,
                                     .kind = m.kind,
                                     .human = m.human,
                                     .helper = str_starts(to, STR("RelatedPerson/")),
                                     .attempt = sender_attempt(jobs[i]),
                                     .patient = jobs[i]->patient,
                                     .mark = jobs[i]->mark,
                                     .expires = jobs[i]->expires,
                                     .until = good_until(asked, jobs[i]),
                                     .result = SENT_LATER};
    }
    int64_t began = time_mono();
    atomic_fetch_add(&o->handing, 1);
    provider_send(op, o, jobs[0]->channel, parcels, n);
    op->now += time_mono() - began;
    for (size_t i = 0; i < n; i++)
        conclude(op, o, &parcels[i], jobs[i]);
    receipt_claim(op, o, jobs, n);
    sender_write(record_begin(op, o->rec), op, o, jobs, n);
    receipt_settle(op, o, jobs, n);
    atomic_fetch_sub(&o->handing, 1);
}

static void work(struct op *op, struct outreach *o, const struct record_job *in, size_t n)
{
    struct job *jobs = ARENA_ARRAY(op->arena, struct job, n + 1);
    struct job **some = ARENA_ARRAY(op->arena, struct job *, n + 1);
    struct record_tx *tx = record_begin(op, o->rec);
    size_t ready = 0, all = 0;
    const struct began asked = {op->now, time_mono()};
    if (op_check(op) != OK)
        return;
    for (size_t i = 0; i < n; i++) {
        jobs[i].tx = tx;
        if (arena_used(op->arena) > STEP_PREPARE) {
            record_outbox_again(op, o->rec, &in[i]);
            continue;
        }
        sender_prepare(op, o, &in[i], &jobs[i]);
    }
    hold_back(op, o, jobs, n);
    for (size_t i = 0; i < n; i++)
        if (jobs[i].step != STEP_NONE)
            some[all++] = &jobs[i];
    sender_write(tx, op, o, some, all);
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++) {
        ready = 0;
        for (size_t i = 0; i < n; i++)
            if (jobs[i].step == STEP_SUBMIT && jobs[i].written && jobs[i].channel == k)
                some[ready++] = &jobs[i];
        if (ready)
            hand_over(op, o, some, ready, &asked);
    }
}

err sender_step(struct op *op, struct outreach *o, enum channel_kind k, size_t *ret_n)
{
    struct lane_jobs due;
    size_t max = provider_batch(o, k);
    int64_t room = bucket_room(o, k, op->now);
    op->actor = outreach_system();
    *ret_n = 0;
    if (room <= 0 || !ledger_settle(o, o->ledger_from, 0))
        return OK; /* nothing may leave, or nobody knows what went: the jobs wait */
    if (room < (int64_t)max)
        max = (size_t)room;
    TRY(lane_take(op, o, k, max, &due));
    if (due.n)
        work(op, o, due.jobs, due.n);
    *ret_n = due.n;
    return OK;
}
