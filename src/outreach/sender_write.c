/* What a step of the sender writes: jobs, gates, outcomes. Many jobs share a transaction; a job
 * whose record was changed meanwhile is then written alone, so that one cannot hold up the rest.
 * Invariant: that it is being submitted is on disk before anything leaves: its gate is "out"; and
 * only while the gate is free, its campaign runs and no STOP came since its verdict. */
#include "outreach/ledger_int.h"
#include "outreach/mail_int.h"
#include "outreach/sender_int.h"
#include "outreach/silence_int.h"

#include "base/log.h"

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

static void add_provider_ids(struct op *op, struct json *c, str ids)
{
    str one;
    while (str_take_until(&ids, ' ', &one)) {
        struct json *id = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, id, STR("system"), STR(PROVIDER_SYSTEM));
        json_set_str(op->arena, id, STR("value"), one);
        if (!JSON_GET(c, "identifier"))
            json_set(op->arena, c, STR("identifier"), json_new(op->arena, JSON_ARRAY));
        json_push(op->arena, JSON_GET(c, "identifier"), id);
    }
}

static void mark(struct op *op, struct job *j)
{
    const struct outcome *w = &j->out;
    add_provider_ids(op, j->tree, w->provider_id);
    if (w->left || str_eq(str_of(w->status), STR("unknown"))) /* perhaps: caps count it as of now */
        json_set_str(op->arena, j->tree, STR("sent"), time_format(op->arena, op->now));
    if (!str_eq(json_get_str(j->tree, STR("status")), STR("preparation")))
        return; /* a person said otherwise meanwhile: their word stands */
    json_set_str(op->arena, j->tree, STR("status"), str_of(w->status));
    if (w->why)
        set_reason(op, j->tree, w->why);
    else
        json_unset(j->tree, STR("statusReason"));
    if (w->receipt != MEANS_NOTHING)
        (void)receipt_apply(op, j->tree, w->receipt, w->error);
}

/* The address is read anew each time; it is not kept twice. */
static void keep_for_again(struct record_tx *tx, struct op *op, const struct job *j)
{
    struct json *body = json_dup(op->arena, j->body);
    json_unset(body, STR("to"));
    record_tx_kv(tx, mail_again_key(op, j->communication), body_text(op, body));
}

static err put_finish(struct record_tx *tx, struct op *op, struct outreach *o, struct job *j)
{
    mark(op, j);
    TRY(record_tx_update(tx, j->doc.type, j->doc.id, j->tree, j->doc.vid));
    record_tx_outbox_done(tx, j->number);
    message_gate_set(tx, op, j->communication, STR_NONE);
    if (j->out.opted_out) {
        struct recipient r;
        TRY(recipient_load(op, o->rec, j->patient, &r));
        struct stop_word word = {
            .stop = true, .evidence = STR("the provider refuses: the number has opted out there")};
        TRY(stop_record(tx, op, &r, j->channel, &word));
    }
    if (j->out.no_address) {
        struct record_page holders;
        str to = json_get_str(j->body, STR("to"));
        TRY(mail_holders(op, o, to, &holders));
        TRY(mail_tell_of_helpers(tx, op, o, &holders, to));
        TRY(mail_suppress(tx, op, &holders, to, STR("bounce"), STR_NONE));
    }
    if (j->channel == CHANNEL_EMAIL && j->out.left &&
        !str_empty(config_str(o->config, "smtp.bounce")))
        keep_for_again(tx, op, j);
    TRY(ledger_state(tx, op, j->tree, &j->row));
    if (j->out.trace)
        record_tx_trail(tx, STR("contact-decision"), j->doc.type, j->doc.id, j->out.trace);
    return OK;
}

/* The gate is free unless it was taken back in this very moment: then the commit fails, and nothing
 * leaves. The job stays as it was leased. */
static err put_submit(struct record_tx *tx, struct op *op, struct outreach *o, struct job *j)
{
    str was;
    TRY(message_gate_now(tx, op, j->communication, &was));
    if (!str_eq(was, j->submitting ? STR("out") : STR_NONE))
        return fail(op, ERR_CONFLICT, "the message was taken back");
    message_gate_set(tx, op, j->communication, STR("out"));
    stop_guard(tx, op, j->patient, j->channel, j->mark);
    lane_guard(tx, op, j->campaign);
    if (j->channel == CHANNEL_SMS)
        bucket_put(tx, op, o, j->patient);
    return ledger_leaves(tx, op, j->tree);
}

static err put_move(struct record_tx *tx, struct op *op, const struct job *j)
{
    return j->moved ? ledger_move(tx, op, j->tree, json_get_str(j->body, STR("to"))) : OK;
}

static err put_step(struct record_tx *tx, struct op *op, struct outreach *o, struct job *j)
{
    switch (j->step) {
    case STEP_NONE:
        return OK;
    case STEP_DROP:
        record_tx_outbox_done(tx, j->number);
        if (!str_empty(j->communication))
            message_gate_set(tx, op, j->communication, STR_NONE);
        return j->tree && !j->submitting ? ledger_state(tx, op, j->tree, &j->row) : OK;
    case STEP_LATER:
        record_tx_outbox_later(tx, j->number, j->due, body_text(op, j->body));
        message_gate_set(tx, op, j->communication, STR_NONE);
        TRY(put_move(tx, op, j));
        /* it may count as out already; what perhaps left before a crash goes on counting so */
        return j->submitting ? OK : ledger_state(tx, op, j->tree, &j->row);
    case STEP_SUBMIT:
        TRY(put_move(tx, op, j));
        return put_submit(tx, op, o, j);
    case STEP_FINISH:
        return put_finish(tx, op, o, j);
    }
    return fail(op, ERR_FAULT, "no such step");
}

static bool lost_race(err e)
{
    return e == ERR_PRECONDITION || e == ERR_CONFLICT;
}

static err write_some(struct record_tx *tx, struct op *op, struct outreach *o,
                      struct job *const *jobs, size_t n)
{
    bool done = true, heard = true;
    for (size_t i = 0; i < n; i++) {
        TRY(put_step(tx, op, o, jobs[i]));
        done &= jobs[i]->step != STEP_FINISH ||
                (jobs[i]->row && !jobs[i]->out.opted_out && !jobs[i]->out.no_address);
        heard &= jobs[i]->step != STEP_FINISH || silence_finds_nothing(jobs[i]->tree);
    }
    return own_commit(tx, o, done, heard);
}

static err read_again(struct op *op, struct outreach *o, struct job *j)
{
    TRY(record_read(op, o->rec, j->doc.type, j->communication, &j->doc));
    return record_parse_bare(op, &j->doc, &j->tree);
}

/* What has not left yet is decided anew, guarded by what counts now; else its lease would have to
 * end first. What became of a message is a fact. */
static err write_alone(struct op *op, struct outreach *o, struct job *j)
{
    bool anew = j->step == STEP_SUBMIT;
    err e = OK;
    for (int tries = 0; tries < 5; tries++) {
        op_clear(op);
        j->tx = record_begin(op, o->rec);
        if (anew)
            sender_prepare(op, o, j->in, j);
        else if (j->step == STEP_FINISH)
            TRY(read_again(op, o, j));
        e = write_some(j->tx, op, o, &j, 1);
        if (!lost_race(e) || (!anew && j->step != STEP_FINISH))
            break;
    }
    return e;
}

void sender_write(struct record_tx *tx, struct op *op, struct outreach *o, struct job *const *jobs,
                  size_t n)
{
    err e = n ? write_some(tx, op, o, jobs, n) : OK;
    for (size_t i = 0; i < n; i++)
        jobs[i]->written = e == OK;
    for (size_t i = 0; e != OK && i < n && !arena_failed(op->arena); i++) {
        if (jobs[i]->step == STEP_SUBMIT && arena_used(op->arena) > STEP_ANEW)
            continue; /* nothing left yet: it comes again */
        op_clear(op);
        err one = write_alone(op, o, jobs[i]);
        jobs[i]->written = one == OK;
        if (one != OK && !lost_race(one))
            log_event(LOG_ERROR, "outreach.job.failed", "error=%s attempts=%u", err_row(one)->name,
                      jobs[i]->attempts);
    }
    op_clear(op);
}
