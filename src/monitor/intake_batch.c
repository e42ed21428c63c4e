/* Readings that a broker delivered, into the record: a batch in one transaction, each as its own
 * device's write. Invariant: after intake_commit() every one of them is on disk, was there before,
 * or is refused for good and told so; or it answers false, and nothing may be acknowledged. One bad
 * reading never holds up others. */
#include "monitor/monitor_int.h"

#include "base/log.h"

struct named { /* readings of a transaction, as a resend would be known */
    str at[INTAKE_BATCH_MAX];
    size_t n;
};

static bool in_batch(const struct named *names, str name)
{
    for (size_t i = 0; i < names->n; i++)
        if (str_eq(names->at[i], name))
            return true;
    return false;
}

/* An Observation, or an Open mHealth data point. */
static err read_payload(struct op *op, str payload, struct json **ret)
{
    struct json *v;
    if (str_find(payload, STR("\"resourceType\""), 0) != SIZE_MAX)
        return fhir_read(op, payload, fhir_type_parse(STR("Observation")), ret);
    TRY(json_read(op, payload, &JSON_LIMITS_DEFAULT, &v));
    if (!monitor_is_point(v))
        return fail(op, ERR_UNPROCESSABLE,
                    "a reading is a FHIR Observation or an Open mHealth data point");
    return monitor_point(op, v, ret);
}

/* A reading that another server took in was received then, whenever it is judged. */
static err prepare(struct op *op, const struct batch *b, const struct identity_account *account,
                   struct json *o)
{
    int64_t now = op->now;
    if (b->received)
        op->now = b->received;
    err e = intake_prepare(op, b->m, account, o);
    op->now = now;
    return e;
}

/* Joins tx as the device's own write. names: the readings already in tx. */
static err add_message(struct op *op, const struct batch *b, struct record_tx *tx,
                       const struct message *msg, struct named *names)
{
    struct identity_account account;
    struct json *o;
    bool known = false;
    str id;
    op->actor = identity_system();
    TRY(identity_account_get(op, b->m->id, msg->device, &account));
    TRY(identity_actor_device(op, b->m->id, msg->device));
    TRY(read_payload(op, msg->payload, &o));
    TRY(prepare(op, b, &account, o));
    TRY(intake_is_known(op, b->m->rec, o, &known));
    str name = intake_name(op, o);
    if (known || (!str_empty(name) && in_batch(names, name)))
        return op_check(op);
    TRY(record_tx_create(tx, o, &id));
    names->at[names->n++] = name;
    return OK;
}

/* Ours to mend: the broker keeps the reading and sends it again. Everything else is the reading's
 * own fault. */
static bool is_ours(err e)
{
    return e == ERR_UNAVAILABLE || e == ERR_FAULT || e == ERR_BUSY || e == ERR_TIMEOUT;
}

/* Readings [from, to) in one transaction. A reading that cannot be read is refused at once. */
static err commit_some(struct batch *b, struct op *op, size_t from, size_t to)
{
    struct named names = {.n = 0};
    arena_reset(b->work);
    op_init(op, b->work, identity_system(), time_now());
    struct record_tx *tx = record_begin(op, b->m->rec);
    for (size_t i = from; i < to; i++) {
        if (b->at[i].settled)
            continue;
        err e = add_message(op, b, tx, &b->at[i], &names);
        if (e != OK && (is_ours(e) || (arena_failed(b->work) && to - from > 1)))
            return e;
        if (e != OK)
            intake_refuse(b->broker, op, &b->at[i]);
        op_clear(op);
    }
    op->actor = identity_system();
    return names.n ? record_commit(tx) : OK;
}

/* One by one: only the reading at fault is refused, the others of its batch are kept. */
static bool commit_singly(struct batch *b, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        struct op op;
        err e = commit_some(b, &op, i, i + 1);
        if (is_ours(e))
            return false;
        if (e != OK)
            intake_refuse(b->broker, &op, &b->at[i]);
    }
    return true;
}

static bool commit_all(struct batch *b)
{
    for (size_t from = 0, to; from < b->n; from = to) {
        struct op op;
        to = b->n - from > INTAKE_BATCH_MAX ? from + INTAKE_BATCH_MAX : b->n;
        err e = commit_some(b, &op, from, to);
        if (e == OK || (!is_ours(e) && commit_singly(b, from, to)))
            continue;
        log_event(LOG_ERROR, "mqtt.commit.failed", "error=%s readings=%zu", err_row(e)->name,
                  to - from);
        return false;
    }
    return true;
}

/* One at a time: what two servers were sent is known to whoever comes second. */
bool intake_commit(struct batch *b)
{
    pthread_mutex_lock(&b->m->intake);
    bool kept = commit_all(b);
    pthread_mutex_unlock(&b->m->intake);
    return kept;
}
