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
    str communication, state;
    enum channel_kind channel;
    int64_t expires;
    struct record_doc doc;
    struct json *tree; /* the Communication */
};

static err read_job(struct op *op, struct outreach *o, const struct record_job *in, struct job *ret)
{
    struct job j = {.number = in->job, .attempts = in->attempts};
    TRY(json_read(op, in->body, &JSON_LIMITS_DEFAULT, &j.body));
    j.communication = json_get_str(j.body, STR("communication"));
    j.state = json_get_str(j.body, STR("state"));
    json_i64(JSON_GET(j.body, "expires"), &j.expires);
    if (!channel_parse(json_get_str(j.body, STR("channel")), &j.channel))
        return fail(op, ERR_FAULT, "an outbox job names no channel");
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Communication")), j.communication, &j.doc));
    TRY(record_parse(op, &j.doc, &j.tree));
    *ret = j;
    return OK;
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

/* Ends the job with a status of the Communication, in one transaction. */
static err finish(struct op *op, struct outreach *o, struct job *j, const char *status,
                  const char *why, const struct json *trace)
{
    struct record_tx *tx = record_begin(op, o->rec);
    json_set_str(op->arena, j->tree, STR("status"), str_of(status));
    if (why)
        set_reason(op, j->tree, why);
    else
        json_unset(j->tree, STR("statusReason"));
    TRY(fhir_validate(op, j->tree));
    TRY(record_tx_update(tx, j->doc.type, j->doc.id, j->tree, j->doc.vid));
    record_tx_outbox_done(tx, j->number);
    if (trace)
        record_tx_trail(tx, STR("contact-decision"), j->doc.type, j->doc.id, trace);
    return record_commit(tx);
}

static err set_state(struct op *op, struct outreach *o, struct job *j, str state, int64_t due)
{
    struct record_tx *tx = record_begin(op, o->rec);
    json_set_str(op->arena, j->body, STR("state"), state);
    record_tx_outbox_later(tx, j->number, due, body_text(op, j->body));
    return record_commit(tx);
}

static err drop_job(struct op *op, struct outreach *o, const struct job *j)
{
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_outbox_done(tx, j->number);
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

static err decide_again(struct op *op, struct outreach *o, struct job *j, struct verdict *ret)
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
    return message_decide(op, o, &r, &m, &facts, ret);
}

static err note_opt_out(struct op *op, struct outreach *o, const struct job *j)
{
    struct recipient r;
    struct record_tx *tx = record_begin(op, o->rec);
    TRY(recipient_load(op, o->rec, json_get_str(j->body, STR("patient")), &r));
    TRY(stop_record(tx, op, &r, j->channel, true,
                    STR("the provider refuses: the number has opted out there")));
    return record_commit(tx);
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

static int64_t back_off(uint32_t attempts)
{
    int64_t s = 2;
    for (uint32_t i = 1; i < attempts && s < 900; i++)
        s *= 2;
    return s * 1000;
}

static err hand_over(struct op *op, struct outreach *o, struct job *j)
{
    const struct channel *ch = channel_of(o, j->channel);
    if (!ch)
        return finish(op, o, j, "not-done", "this channel is switched off", NULL);
    TRY(set_state(op, o, j, STR("submitting"), op->now + LEASE_MS));
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
    switch (s) {
    case SENT_OK:
        add_provider_id(op, j->tree, provider_id);
        json_set_str(op->arena, j->tree, STR("sent"), time_format(op->arena, op->now));
        return finish(op, o, j, j->channel == CHANNEL_SMS ? "in-progress" : "completed", NULL,
                      NULL);
    case SENT_LATER:
        return set_state(op, o, j, STR("ready"), op->now + back_off(j->attempts));
    case SENT_OPTED_OUT:
        TRY(note_opt_out(op, o, j));
        return finish(op, o, j, "not-done", "the patient has opted out at the provider", NULL);
    case SENT_NEVER:
        return finish(op, o, j, "not-done", "the provider refused the message", NULL);
    case SENT_UNKNOWN:
        break;
    }
    if (ch->repeatable)
        return set_state(op, o, j, STR("ready"), op->now + back_off(j->attempts));
    return finish(op, o, j, "unknown", "it is not known whether this message left; ask the patient",
                  NULL);
}

static err work(struct op *op, struct outreach *o, struct job *j)
{
    const struct channel *ch = channel_of(o, j->channel);
    str status = json_get_str(j->tree, STR("status"));
    if (!str_eq(status, STR("preparation")))
        return drop_job(op, o, j); /* taken back, or already told */
    if (str_eq(j->state, STR("submitting")) && ch && !ch->repeatable)
        return finish(op, o, j, "unknown",
                      "it is not known whether this message left; ask the patient", NULL);
    if (j->expires && op->now > j->expires)
        return finish(op, o, j, "stopped", "too late to be of use; it was not sent", NULL);
    struct verdict v;
    TRY(decide_again(op, o, j, &v));
    if (v.decision == DECISION_HOLD_UNTIL && v.held)
        return set_state(op, o, j, STR("ready"),
                         v.hold_until > op->now ? v.hold_until : op->now + 60000);
    if (v.decision != DECISION_ALLOW)
        return finish(op, o, j, "not-done", "the rulebook no longer allows it",
                      verdict_to_json(op, &v));
    return hand_over(op, o, j);
}

static bool lost_race(err e)
{
    return e == ERR_PRECONDITION || e == ERR_CONFLICT;
}

err sender_step(struct op *op, struct outreach *o, size_t *ret_n)
{
    struct record_job *jobs;
    size_t n;
    op->actor = outreach_system();
    TRY(record_outbox_take(op, o->rec, STR(MESSAGE_QUEUE), LEASE_MS, JOBS_MAX, &jobs, &n));
    for (size_t i = 0; i < n && !atomic_load(&o->stop); i++) {
        struct job j;
        op->now = time_now();
        err e = read_job(op, o, &jobs[i], &j);
        if (e == OK)
            e = work(op, o, &j);
        if (e != OK && !lost_race(e))
            log_event(LOG_ERROR, "outreach.job.failed", "error=%s attempts=%u", err_row(e)->name,
                      jobs[i].attempts);
        op_clear(op); /* the lease ends by itself: the job comes back */
    }
    *ret_n = n;
    return OK;
}
