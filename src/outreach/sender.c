/* The sender: takes due jobs, asks the rulebook again, hands over, notes what came of it. A job
 * moves ready → submitting → done. "submitting" is on disk before anything leaves; a job found
 * submitting after a crash may or may not have left: with a channel that knows our id it is handed
 * over again, else the Communication becomes "unknown" for a person to look at. So nothing goes
 * twice. */
#include "outreach/outreach_int.h"

#include "base/log.h"

#define LEASE_MS 60000
#define JOBS_MAX 16

struct job {
    uint64_t number;
    uint32_t attempts;
    struct json *body;
    str communication, state, mark; /* mark: of the patient's newest stop or start */
    enum channel_kind channel;
    int64_t expires;
    struct record_doc doc;
    struct json *tree; /* the Communication */
};

static err read_job(struct op *op, struct outreach *o, const struct record_job *in, struct job *ret)
{
    TRY(json_read(op, in->body, &JSON_LIMITS_DEFAULT, &ret->body));
    ret->communication = json_get_str(ret->body, STR("communication"));
    ret->state = json_get_str(ret->body, STR("state"));
    json_i64(JSON_GET(ret->body, "expires"), &ret->expires);
    if (!channel_parse(json_get_str(ret->body, STR("channel")), &ret->channel))
        return fail(op, ERR_FAULT, "an outbox job names no channel");
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Communication")), ret->communication,
                    &ret->doc));
    return record_parse(op, &ret->doc, &ret->tree);
}

static str body_text(struct op *op, const struct json *body)
{
    struct buf b;
    buf_init(&b, op->arena, 65536);
    json_write(&b, body);
    return buf_str(&b);
}

static void set_reason(struct op *op, struct json *c, const char *why)
{
    struct json *reason = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, reason, STR("text"), str_of(why));
    json_set(op->arena, c, STR("statusReason"), reason);
}

static void add_provider_id(struct op *op, struct json *c, str provider_id)
{
    if (str_empty(provider_id))
        return;
    struct json *id = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, id, STR("system"), STR(PROVIDER_SYSTEM));
    json_set_str(op->arena, id, STR("value"), provider_id);
    if (!JSON_GET(c, "identifier"))
        json_set(op->arena, c, STR("identifier"), json_new(op->arena, JSON_ARRAY));
    json_push(op->arena, JSON_GET(c, "identifier"), id);
}

/* What became of a message. */
struct outcome {
    const char *status, *why; /* why NULL: nothing to tell */
    str provider_id;
    bool left, opted_out;
    const struct json *trace;
};

static void mark(struct op *op, struct job *j, const struct outcome *w)
{
    add_provider_id(op, j->tree, w->provider_id);
    if (w->left)
        json_set_str(op->arena, j->tree, STR("sent"), time_format(op->arena, op->now));
    if (!str_eq(json_get_str(j->tree, STR("status")), STR("preparation")))
        return; /* a person said otherwise meanwhile: their word stands */
    json_set_str(op->arena, j->tree, STR("status"), str_of(w->status));
    if (w->why)
        set_reason(op, j->tree, w->why);
    else
        json_unset(j->tree, STR("statusReason"));
}

static err write_outcome(struct op *op, struct outreach *o, struct job *j, const struct outcome *w)
{
    struct record_tx *tx = record_begin(op, o->rec);
    mark(op, j, w);
    TRY(fhir_validate(op, j->tree));
    TRY(record_tx_update(tx, j->doc.type, j->doc.id, j->tree, j->doc.vid));
    record_tx_outbox_done(tx, j->number);
    record_tx_kv(tx, message_gate(op, j->communication), STR_NONE);
    if (w->opted_out) {
        struct recipient r;
        TRY(recipient_load(op, o->rec, json_get_str(j->body, STR("patient")), &r));
        struct stop_word word = {
            .stop = true, .evidence = STR("the provider refuses: the number has opted out there")};
        TRY(stop_record(tx, op, &r, j->channel, &word));
    }
    struct ledger_entry e;
    if (ledger_read(j->tree, &e))
        TRY(ledger_state(tx, op, json_get_str(j->body, STR("patient")), &e));
    if (w->trace)
        record_tx_trail(tx, STR("contact-decision"), j->doc.type, j->doc.id, w->trace);
    return record_commit(tx);
}

static bool lost_race(err e)
{
    return e == ERR_PRECONDITION || e == ERR_CONFLICT;
}

/* Ends the job, in one transaction. When the Communication was changed meanwhile the outcome is
 * written over the change: it is a fact. */
static err finish(struct op *op, struct outreach *o, struct job *j, struct outcome w)
{
    err e = write_outcome(op, o, j, &w);
    for (int tries = 0; lost_race(e) && tries < 5; tries++) {
        op_clear(op);
        TRY(record_read(op, o->rec, j->doc.type, j->communication, &j->doc));
        TRY(record_parse(op, &j->doc, &j->tree));
        e = write_outcome(op, o, j, &w);
    }
    return e;
}

static err set_state(struct op *op, struct outreach *o, struct job *j, str state, int64_t due)
{
    struct record_tx *tx = record_begin(op, o->rec);
    json_set_str(op->arena, j->body, STR("state"), state);
    record_tx_outbox_later(tx, j->number, due, body_text(op, j->body));
    record_tx_kv(tx, message_gate(op, j->communication), STR_NONE);
    return record_commit(tx);
}

/* On disk before anything leaves. The gate is free unless it was taken back in this very moment:
 * then this commit fails, and nothing leaves. */
static err submit(struct op *op, struct outreach *o, struct job *j)
{
    struct record_tx *tx = record_begin(op, o->rec);
    str gate = message_gate(op, j->communication);
    bool ours = str_eq(j->state, STR("submitting"));
    json_set_str(op->arena, j->body, STR("state"), STR("submitting"));
    record_tx_outbox_later(tx, j->number, op->now + LEASE_MS, body_text(op, j->body));
    record_tx_expect_kv(tx, gate, ours ? STR("out") : STR_NONE);
    record_tx_kv(tx, gate, STR("out"));
    stop_guard(tx, op, json_get_str(j->body, STR("patient")), j->channel, j->mark);
    return record_commit(tx);
}

static err drop_job(struct op *op, struct outreach *o, const struct job *j)
{
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_outbox_done(tx, j->number);
    if (!str_empty(j->communication))
        record_tx_kv(tx, message_gate(op, j->communication), STR_NONE);
    return record_commit(tx);
}

static struct message message_of(const struct job *j)
{
    int64_t kind = 0, stopped = 0;
    json_i64(JSON_GET(j->body, "kind"), &kind);
    json_i64(JSON_GET(j->body, "stoppedAt"), &stopped);
    return (struct message){.kind = (enum message_kind)kind,
                            .channel = j->channel,
                            .language_tag = json_get_str(j->body, STR("language")),
                            .purpose = json_get_str(j->body, STR("purpose")),
                            .to = json_get_str(j->body, STR("to")),
                            .text = json_str(json_path(j->tree, "payload.0.contentString")),
                            .subject = json_str(json_path(j->tree, "topic.text")),
                            .human = json_bool(JSON_GET(j->body, "human"), true),
                            .may_text = json_bool(JSON_GET(j->body, "mayText"), false),
                            .strong = json_bool(JSON_GET(j->body, "strong"), false),
                            .stopped_at = stopped};
}

static err decide_again(struct op *op, struct outreach *o, struct job *j, struct verdict *ret,
                        const struct json **ret_trace)
{
    struct recipient r;
    struct facts *facts;
    struct message m = message_of(j);
    TRY(recipient_load(op, o->rec, json_get_str(j->body, STR("patient")), &r));
    m.language = words_language(m.language_tag);
    m.self = j->communication; /* it is in the ledger by now and must not count against itself */
    m.to = r.address[m.channel];
    json_set_str(op->arena, j->body, STR("to"), m.to);
    if (str_empty(m.to))
        return fail(op, ERR_UNPROCESSABLE, "the patient's address is gone");
    TRY(message_decide(op, o, &r, &m, &facts, ret));
    *ret_trace = message_trace(op, &m, facts, ret);
    return OK;
}

static int64_t back_off(uint32_t attempts)
{
    int64_t s = 2;
    for (uint32_t i = 1; i < attempts && s < 900; i++)
        s *= 2;
    return s * 1000;
}

#define NOT_KNOWN "it is not known whether this message left; ask the patient"

static err conclude(struct op *op, struct outreach *o, struct job *j, enum sent s, str provider_id)
{
    bool sms = j->channel == CHANNEL_SMS;
    switch (s) {
    case SENT_OK:
        TRY(finish(op, o, j,
                   (struct outcome){.status = sms ? "in-progress" : "completed",
                                    .provider_id = provider_id,
                                    .left = true}));
        return receipt_catch_up(op, o, provider_id);
    case SENT_OPTED_OUT:
        return finish(op, o, j,
                      (struct outcome){.status = "not-done",
                                       .why = "the patient has opted out at the provider",
                                       .opted_out = true});
    case SENT_NEVER:
        return finish(
            op, o, j,
            (struct outcome){.status = "not-done", .why = "the provider refused the message"});
    case SENT_LATER:
    case SENT_UNKNOWN:
        break;
    }
    if (s == SENT_LATER || channel_of(o, j->channel)->repeatable)
        return set_state(op, o, j, STR("ready"), op->now + back_off(j->attempts));
    return finish(op, o, j, (struct outcome){.status = "unknown", .why = NOT_KNOWN});
}

static err hand_over(struct op *op, struct outreach *o, struct job *j)
{
    const struct channel *ch = channel_of(o, j->channel);
    if (!ch)
        return finish(
            op, o, j,
            (struct outcome){.status = "not-done", .why = "this channel is switched off"});
    TRY(submit(op, o, j));
    struct message m = message_of(j);
    struct parcel p = {.id = j->communication,
                       .to = m.to,
                       .text = m.text,
                       .subject = m.subject,
                       .language = m.language_tag};
    str provider_id = STR_NONE, code = STR_NONE;
    enum sent s = ch->send(op, o, &p, &provider_id, &code);
    log_event(s == SENT_OK ? LOG_INFO : LOG_WARN, "outreach.handed",
              "channel=%s result=%d code=%.*s attempts=%u", ch->name, (int)s, STR_ARG(code),
              j->attempts);
    op->now = time_now();
    return conclude(op, o, j, s, provider_id);
}

static bool gone(err e)
{
    return e == ERR_NOT_FOUND || e == ERR_GONE;
}

static err decide_and_go(struct op *op, struct outreach *o, struct job *j)
{
    struct verdict v;
    const struct json *trace = NULL;
    TRY(stop_mark(op, o->rec, json_get_str(j->body, STR("patient")), j->channel, &j->mark));
    err e = decide_again(op, o, j, &v, &trace);
    if (gone(e) || e == ERR_UNPROCESSABLE) {
        op_clear(op);
        return finish(op, o, j,
                      (struct outcome){.status = "not-done",
                                       .why = "the patient's address is no longer on record"});
    }
    TRY(e);
    if (v.decision == DECISION_HOLD_UNTIL && v.held)
        return set_state(op, o, j, STR("ready"),
                         v.hold_until > op->now ? v.hold_until : op->now + 60000);
    if (v.decision != DECISION_ALLOW)
        return finish(op, o, j,
                      (struct outcome){.status = "not-done",
                                       .why = "the rulebook no longer allows it",
                                       .trace = trace});
    return hand_over(op, o, j);
}

static err work(struct op *op, struct outreach *o, struct job *j)
{
    const struct channel *ch = channel_of(o, j->channel);
    bool submitted = str_eq(j->state, STR("submitting"));
    if (submitted && !(ch && ch->repeatable))
        return finish(op, o, j, (struct outcome){.status = "unknown", .why = NOT_KNOWN});
    if (!str_eq(json_get_str(j->tree, STR("status")), STR("preparation")))
        return drop_job(op, o, j); /* taken back, or already told */
    if (j->expires && op->now > j->expires)
        return finish(
            op, o, j,
            (struct outcome){.status = "stopped", .why = "too late to be of use; it was not sent"});
    return decide_and_go(op, o, j);
}

static err one_job(struct op *op, struct outreach *o, const struct record_job *in)
{
    struct job j = {.number = in->job, .attempts = in->attempts};
    err e = read_job(op, o, in, &j);
    if (gone(e)) {
        op_clear(op); /* its Communication was deleted: nothing to send, nobody to tell */
        return drop_job(op, o, &j);
    }
    TRY(e);
    return work(op, o, &j);
}

err sender_step(struct op *op, struct outreach *o, size_t *ret_n)
{
    struct record_job *jobs;
    size_t n;
    op->actor = outreach_system();
    TRY(record_outbox_take(op, o->rec, STR(MESSAGE_QUEUE), LEASE_MS, JOBS_MAX, &jobs, &n));
    for (size_t i = 0; i < n && !atomic_load(&o->stop); i++) {
        op->now = time_now();
        err e = one_job(op, o, &jobs[i]);
        if (e != OK && !lost_race(e))
            log_event(LOG_ERROR, "outreach.job.failed", "error=%s attempts=%u", err_row(e)->name,
                      jobs[i].attempts);
        op_clear(op); /* the lease ends by itself: the job comes back */
    }
    *ret_n = n;
    return OK;
}
