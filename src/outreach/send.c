/* Sends a draft: the rulebook is asked, then Communication, job and the trace of the decision are
 * committed together. The same idempotency key gives the same answer and no second message, also
 * when two requests race (the key is a named value guarded by the commit). */
#include "outreach/outreach_int.h"

static str key_name(struct op *op, str key)
{
    return arena_printf(op->arena, "sendkey/%.*s", STR_ARG(key));
}

static err refused(struct op *op, struct outreach *o, const struct verdict *v,
                   const struct json *trace)
{
    struct buf b;
    buf_init(&b, op->arena, 32u << 10);
    json_write(&b, trace);
    TRY(record_audit_event(op, o->rec, STR("contact-decision"), false,
                           buf_ok(&b) ? buf_str(&b) : STR_NONE));
    for (size_t i = 0; i < v->n_fired; i++)
        if (!v->fired[i].suspended && v->fired[i].decision != DECISION_ALLOW)
            fail_at(op, ERR_UNPROCESSABLE, str_of(v->fired[i].rule->id), "%.*s",
                    STR_ARG(v->fired[i].why));
    if (op->fault.code == OK)
        fail(op, ERR_UNPROCESSABLE, "the rulebook does not allow this message");
    return ERR_UNPROCESSABLE;
}

static err again(struct op *op, struct outreach *o, str id, struct record_result *ret)
{
    struct record_result r = {
        .type = fhir_type_parse(STR("Communication")), .id = id, .unchanged = true};
    TRY(record_read(op, o->rec, r.type, id, &r.doc));
    r.vid = r.doc.vid;
    r.updated = r.doc.updated;
    *ret = r;
    return OK;
}

static err sent_before(struct op *op, struct outreach *o, str key, str *ret_id)
{
    return record_kv_get(op, o->rec, key_name(op, key), ret_id);
}

struct decided {
    struct verdict v;
    const struct json *trace;
};

static err commit(struct op *op, struct outreach *o, const struct recipient *r,
                  const struct message *m, const struct outreach_draft *d, const struct decided *x,
                  str *ret_id)
{
    struct record_tx *tx = record_begin(op, o->rec);
    int64_t due = op->now + config_int(o->config, "outreach.undo_seconds") * 1000;
    if (x->v.held && x->v.hold_until > due)
        due = x->v.hold_until;
    TRY(message_queue(tx, op, o, r, m, d, due, ret_id));
    record_tx_expect_kv(tx, key_name(op, d->key), STR_NONE);
    record_tx_kv(tx, key_name(op, d->key), *ret_id);
    record_tx_trail(tx, STR("contact-decision"), fhir_type_parse(STR("Communication")), *ret_id,
                    x->trace);
    return record_commit(tx);
}

static err check_key(struct op *op, str key)
{
    if (key.n < 8 || key.n > 100)
        return fail_at(op, ERR_INVALID, STR("key"),
                       "give an idempotency key of 8 to 100 characters, new for every message");
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] <= ' ' || key.p[i] > '~')
            return fail_at(op, ERR_INVALID, STR("key"),
                           "an idempotency key holds visible ASCII characters only");
    return OK;
}

err outreach_send(struct op *op, struct outreach *o, const struct outreach_draft *d,
                  struct record_result *ret)
{
    struct recipient r;
    struct message m;
    struct facts *facts;
    struct decided x;
    struct record_doc seen;
    str id;
    TRY(check_key(op, d->key));
    TRY(sent_before(op, o, d->key, &id));
    if (!str_empty(id))
        return again(op, o, id, ret);
    if (d->expires && d->expires <= op->now)
        return fail_at(op, ERR_INVALID, STR("expires"),
                       "the message would expire before it leaves");
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Patient")), d->patient, &seen));
    TRY(recipient_load(op, o->rec, d->patient, &r));
    TRY(message_compose(op, o, &r, d, &m));
    TRY(message_decide(op, o, &r, &m, &facts, &x.v));
    x.trace = message_trace(op, &m, facts, &x.v);
    if (x.v.decision > DECISION_HOLD_UNTIL || (x.v.decision == DECISION_HOLD_UNTIL && !x.v.held))
        return refused(op, o, &x.v, x.trace);
    err e = commit(op, o, &r, &m, d, &x, &id);
    if (e == ERR_CONFLICT) {
        op_clear(op); /* the same key was quicker on another thread */
        TRY(sent_before(op, o, d->key, &id));
        if (str_empty(id))
            return fail(op, ERR_CONFLICT,
                        "the record changed while the message was prepared; send it again");
        return again(op, o, id, ret);
    }
    TRY(e);
    TRY(again(op, o, id, ret));
    ret->created = true;
    ret->unchanged = false;
    return OK;
}
