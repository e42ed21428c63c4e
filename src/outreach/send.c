/* Sends a draft: the rulebook is asked, then Communication, job and the trace of the decision are
 * committed together. The same idempotency key gives the same answer and no second message, also
 * when two requests race (the key is a named value guarded by the commit). */
#include "outreach/ledger_int.h"
#include "outreach/silence_int.h"
#include "record/near.h"

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

/* One draft on its way: what was found and decided. */
struct ready {
    const struct outreach_draft *d;
    str beside; /* the name near which this call's keys lie: so they are written to a few pages */
    struct recipient r;
    struct message m;
    struct verdict v;
    const struct json *trace;
    str existing; /* it was sent before */
    str id;
};

static str due_name(struct op *op, const struct ready *x)
{
    return arena_printf(op->arena, "due/%.*s/%.*s/%.*s", STR_ARG(x->r.id), STR_ARG(x->m.purpose),
                        STR_ARG(x->d->due_key));
}

static err check_key(struct op *op, str key, str where)
{
    if (key.n < 8 || key.n > 100)
        return fail_at(op, ERR_INVALID, where,
                       "give an idempotency key of 8 to 100 characters, new for every message");
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] <= ' ' || key.p[i] > '~')
            return fail_at(op, ERR_INVALID, where,
                           "an idempotency key holds visible ASCII characters only");
    return OK;
}

static err check_draft(struct op *op, const struct outreach_draft *d)
{
    TRY(check_key(op, d->key, STR("key")));
    if (!str_empty(d->due_key) && (d->due_key.n > 64 || !str_utf8_valid(d->due_key)))
        return fail_at(op, ERR_INVALID, STR("due_key"), "a due key has at most 64 bytes");
    if (!str_empty(d->campaign) && !fhir_id_valid(d->campaign))
        return fail_at(op, ERR_INVALID, STR("campaign"), "a campaign is the id of its plan");
    if (d->expires && (d->expires <= op->now || d->expires <= d->not_before))
        return fail_at(op, ERR_INVALID, STR("expires"),
                       "the message would expire before it leaves");
    return OK;
}

static bool permitted(const struct verdict *v)
{
    return v->decision < DECISION_HOLD_UNTIL || (v->decision == DECISION_HOLD_UNTIL && v->held);
}

/* A key that stands for a message to somebody else answers nothing: this one was never sent. */
static err same_person(struct op *op, struct outreach *o, const struct ready *x)
{
    struct record_doc doc;
    struct json *c;
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Communication")), x->existing, &doc));
    TRY(record_parse(op, &doc, &c));
    str who = arena_cat(op->arena, STR("Patient/"), x->d->patient);
    return str_eq(json_get_str(JSON_GET(c, "subject"), STR("reference")), who)
               ? OK
               : fail_at(op, ERR_UNPROCESSABLE, STR("key"),
                         "this idempotency key was used for another message");
}

/* Everything up to the commit of tx; ERR_UNPROCESSABLE when the rulebook says no. */
static err make_ready(struct op *op, struct outreach *o, struct record_tx *tx, struct ready *x)
{
    struct facts *facts;
    struct record_doc seen;
    TRY(check_draft(op, x->d));
    TRY(record_tx_kv_now_near(tx, key_name(op, x->d->key), x->beside, &x->existing));
    if (!str_empty(x->existing))
        return same_person(op, o, x);
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Patient")), x->d->patient, &seen));
    TRY(recipient_load(op, o->rec, x->d->patient, &x->r));
    TRY(message_compose(op, o, &x->r, x->d, &x->m));
    x->m.tx = tx;
    if (!str_empty(x->d->due_key))
        TRY(record_tx_kv_now_near(tx, due_name(op, x), x->beside, &x->existing));
    if (!str_empty(x->existing))
        return OK;
    TRY(message_decide(op, o, &x->r, &x->m, &facts, &x->v));
    x->trace = message_trace(op, &x->m, facts, &x->v);
    return permitted(&x->v) ? OK : refused(op, o, &x->v, x->trace);
}

static int64_t undo_ms(const struct outreach *o)
{
    return config_int(o->config, "outreach.undo_seconds") * 1000;
}

/* With its rows in the ledger: its follower need not look. What may not be undone is due now. */
static err commit(struct record_tx *tx, struct outreach *o)
{
    err e = own_commit(tx, o, true, false);
    for (unsigned k = 0; e == OK && k < CHANNEL_KIND_COUNT && undo_ms(o) == 0; k++)
        sender_wake(o, (enum channel_kind)k);
    return e;
}

static err put(struct record_tx *tx, struct op *op, struct outreach *o, struct ready *x)
{
    int64_t due = op->now + undo_ms(o);
    if (x->v.held && x->v.hold_until > due)
        due = x->v.hold_until;
    if (x->d->not_before > due)
        due = x->d->not_before;
    TRY(message_queue(tx, op, o, &x->r, &x->m, x->d, due, &x->id));
    TRY(silence_watch(tx, op, o, &(struct silence_sent){x->d, &x->m, x->id, due}));
    record_tx_kv_near(tx, key_name(op, x->d->key), x->beside, x->id);
    if (!str_empty(x->d->due_key))
        record_tx_kv_near(tx, due_name(op, x), x->beside, x->id);
    record_tx_trail(tx, STR("contact-decision"), fhir_type_parse(STR("Communication")), x->id,
                    x->trace);
    return OK;
}

static err send_once(struct op *op, struct outreach *o, struct ready *x)
{
    struct record_tx *tx = record_begin(op, o->rec);
    TRY(make_ready(op, o, tx, x));
    if (!str_empty(x->existing))
        return OK;
    TRY(lane_join(tx, op, o, &x->d->campaign, 1));
    TRY(put(tx, op, o, x));
    return commit(tx, o);
}

err outreach_send(struct op *op, struct outreach *o, const struct outreach_draft *d,
                  struct record_result *ret)
{
    struct ready x = {.d = d, .beside = key_name(op, d->key)};
    err e = OK;
    for (int tries = 0; tries < 3; tries++) {
        e = send_once(op, o, &x);
        if (e != ERR_CONFLICT)
            break;
        op_clear(
            op); /* the same key was quicker on another thread, or the campaign's lane is new */
    }
    if (e == ERR_CONFLICT)
        return fail(op, ERR_CONFLICT,
                    "the record changed while the message was prepared; send it again");
    TRY(e);
    if (!str_empty(x.existing))
        return again(op, o, x.existing, ret);
    TRY(again(op, o, x.id, ret));
    ret->created = true;
    ret->unchanged = false;
    return OK;
}

static void say(struct op *op, const struct ready *x, err e, struct outreach_sent *ret)
{
    *ret = (struct outreach_sent){.code = e};
    if (e == OK) {
        ret->existed = !str_empty(x->existing);
        ret->communication = ret->existed ? x->existing : x->id;
        return;
    }
    for (size_t i = 0; i < x->v.n_fired && str_empty(ret->rule); i++)
        if (!x->v.fired[i].suspended && x->v.fired[i].decision != DECISION_ALLOW) {
            ret->rule = str_of(x->v.fired[i].rule->id);
            ret->why = x->v.fired[i].why;
        }
    if (str_empty(ret->why) && op->fault.n)
        ret->why = op->fault.issues[0].message;
}

/* Two drafts with one key in one call: the second is the first. */
static bool twice(struct ready *const *some, size_t n, const struct outreach_draft *d)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(some[i]->d->key, d->key) ||
            (!str_empty(d->due_key) && str_eq(some[i]->d->due_key, d->due_key) &&
             str_eq(some[i]->d->patient, d->patient)))
            return true;
    return false;
}

/* Each is put before the next is decided, which so sees it. */
err outreach_put_many(struct record_tx *tx, struct op *op, struct outreach *o,
                      const struct outreach_batch *b)
{
    struct ready *xs = ARENA_ARRAY(op->arena, struct ready, b->n + 1);
    struct ready **some = ARENA_ARRAY(op->arena, struct ready *, b->n + 1);
    str *campaigns = ARENA_ARRAY(op->arena, str, b->n + 1);
    str beside = b->n ? key_name(op, b->drafts[0].key) : STR_NONE;
    size_t k = 0;
    TRY(op_check(op));
    for (size_t i = 0; i < b->n; i++) {
        const struct outreach_draft *d = &b->drafts[i];
        xs[i] = (struct ready){.d = d, .beside = beside};
        err e = twice(some, k, d)
                    ? fail(op, ERR_CONFLICT, "another draft of this call has the same key")
                    : make_ready(op, o, tx, &xs[i]);
        bool fresh = e == OK && str_empty(xs[i].existing);
        say(op, &xs[i], e, &b->sent[i]);
        op_clear(op);
        TRY(op_check(op));
        if (!fresh)
            continue;
        TRY(put(tx, op, o, &xs[i]));
        say(op, &xs[i], OK, &b->sent[i]);
        campaigns[k] = d->campaign;
        some[k++] = &xs[i];
    }
    return lane_join(tx, op, o, campaigns, k);
}

static err many_once(struct op *op, struct outreach *o, const struct outreach_batch *b)
{
    struct record_tx *tx = record_begin(op, o->rec);
    bool any = false;
    TRY(outreach_put_many(tx, op, o, b));
    for (size_t i = 0; i < b->n; i++)
        any |= b->sent[i].code == OK && !b->sent[i].existed;
    if (!any)
        return OK;
    return commit(tx, o);
}

err outreach_send_many(struct op *op, struct outreach *o, const struct outreach_draft *d, size_t n,
                       struct outreach_sent *ret)
{
    err e = ERR_CONFLICT;
    bool alone = !op->gathered;
    if (n > OUTREACH_MANY)
        return fail(op, ERR_TOO_LARGE, "at most %u drafts at once", OUTREACH_MANY);
    op->gathered = true; /* their looks go to the disk together */
    for (int tries = 0; tries < 5 && (e == ERR_CONFLICT || e == ERR_PRECONDITION); tries++) {
        if (tries)
            op_clear(op); /* a key was quicker elsewhere: it is found now */
        e = many_once(op, o, &(struct outreach_batch){d, n, ret});
    }
    op->gathered = !alone;
    if (alone)
        record_audit_go(o->rec);
    if (e != ERR_CONFLICT && e != ERR_PRECONDITION)
        return e;
    op_clear(op);
    return fail(op, ERR_CONFLICT, "the record changed while the messages were prepared");
}
