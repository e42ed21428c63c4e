/* Joining one transaction: a care room's writes, cursor, named state and outbox jobs in one commit.
 * Invariant: nothing is checked against the store before record_commit(), so the order of the calls
 * does not matter; a failure anywhere means that nothing happened. */
#include "record/bulk.h"
#include "record/family_int.h"
#include "record/near.h"
#include "store/near.h"

struct record_tx *record_begin(struct op *op, struct record *rec)
{
    struct record_tx *tx = ARENA_NEW(op->arena, struct record_tx);
    tx->op = op;
    tx->rec = rec;
    tx->stx = store_tx_new(op, rec->store);
    map_init(&tx->targets, op->arena);
    map_init(&tx->values, op->arena);
    return tx;
}

err record_tx_create(struct record_tx *tx, struct json *resource, str *ret_id)
{
    TRY(fhir_validate(tx->op, resource));
    struct staged *s = stage_new(tx, ACTION_CREATE, fhir_type_of(resource), resource);
    stage_name(tx, s, STR_NONE);
    TRY(op_check(tx->op));
    *ret_id = s->id;
    return OK;
}

err record_tx_update(struct record_tx *tx, fhir_type type, str id, struct json *resource,
                     uint32_t vid)
{
    struct store_doc old;
    TRY(fhir_validate(tx->op, resource));
    err e = id_resolve(tx->op, tx->rec, type, id, &old);
    if (e == ERR_NOT_FOUND)
        return fail_not_found(tx->op);
    TRY(e);
    old.vid = vid; /* the commit compares */
    stage_over(tx, stage_new(tx, ACTION_UPDATE, type, resource), &old);
    return op_check(tx->op);
}

err record_tx_replace(struct record_tx *tx, fhir_type type, str id, struct json *resource,
                      uint32_t vid)
{
    if (tx->op->actor->role != ROLE_SYSTEM)
        return fail(tx->op, ERR_FORBIDDEN, "Earlier versions are taken away by the system alone.");
    TRY(record_tx_update(tx, type, id, resource, vid));
    tx->staged.at[tx->staged.n - 1]->alone = true;
    return OK;
}

static str key_of(struct record_tx *tx, const char *space, str name)
{
    return arena_cat(tx->op->arena, str_of(space), name);
}

static str number(struct arena *a, uint64_t n)
{
    return arena_printf(a, "%llu", (unsigned long long)n);
}

void record_tx_cursor(struct record_tx *tx, str name, uint64_t from, uint64_t to)
{
    str key = key_of(tx, "cursor/", name);
    store_tx_expect_kv(tx->stx, key, from ? number(tx->op->arena, from) : STR_NONE);
    store_tx_kv(tx->stx, key, number(tx->op->arena, to));
}

/* What this transaction will leave is kept beside the store's, for whoever asks again. */
static void know_value(struct record_tx *tx, str key, str value)
{
    str *kept = ARENA_NEW(tx->op->arena, str);
    *kept = value;
    (void)map_put(&tx->values, key, kept);
}

static str near_of(struct record_tx *tx, str near)
{
    return near.n ? family_name(tx->op->arena, near) : STR_NONE;
}

void record_tx_kv(struct record_tx *tx, str key, str value)
{
    record_tx_kv_near(tx, key, STR_NONE, value);
}

void record_tx_kv_near(struct record_tx *tx, str key, str near, str value)
{
    const str *known = map_get(&tx->values, key);
    str name = family_name(tx->op->arena, key), beside = near_of(tx, near);
    if (known && known->n == 0) /* this transaction looked, or is guarded */
        store_tx_kv_new(tx->stx, name, beside, value);
    else
        store_tx_kv_near(tx->stx, name, beside, value);
    know_value(tx, key, value);
}

void record_tx_kv_new(struct record_tx *tx, str key, str value)
{
    store_tx_kv_new(tx->stx, family_name(tx->op->arena, key), STR_NONE, value);
    know_value(tx, key, value);
}

void record_tx_kv_none(struct record_tx *tx, str key)
{
    store_tx_kv_none(tx->stx, family_name(tx->op->arena, key));
    know_value(tx, key, STR_NONE);
}

err record_tx_kv_now(struct record_tx *tx, str key, str *ret)
{
    return record_tx_kv_now_near(tx, key, STR_NONE, ret);
}

err record_tx_kv_now_near(struct record_tx *tx, str key, str near, str *ret)
{
    const str *known = map_get(&tx->values, key);
    str value = STR_NONE;
    if (!known) {
        TRY(record_kv_get_near(tx->op, tx->rec, key, near, &value));
        store_tx_expect_kv_near(tx->stx, family_name(tx->op->arena, key), near_of(tx, near), value);
        know_value(tx, key, value);
    }
    *ret = known ? *known : value;
    return op_check(tx->op);
}

void record_tx_expect_kv(struct record_tx *tx, str key, str expected)
{
    store_tx_expect_kv(tx->stx, family_name(tx->op->arena, key), expected);
}

void record_tx_outbox(struct record_tx *tx, str queue, int64_t due, str body)
{
    store_tx_outbox(tx->stx, queue, due, body);
}

void record_tx_outbox_done(struct record_tx *tx, uint64_t job)
{
    store_tx_outbox_done(tx->stx, job);
}

void record_tx_outbox_later(struct record_tx *tx, uint64_t job, int64_t due, str body)
{
    store_tx_outbox_later(tx->stx, job, due, body);
}

void record_tx_trail(struct record_tx *tx, str action, fhir_type type, str id,
                     const struct json *detail)
{
    struct buf b;
    struct audit a = {.action = ACTION_UPDATE, .type = type, .id = id, .code = action};
    struct target *t = type && fhir_id_valid(id) ? target_get(tx, type, id) : NULL;
    if (t) {
        a.rid = t->rid;
        a.patients = t->staged ? &t->staged->comp : &t->comp;
        a.n_patients = 1;
    }
    buf_init(&b, tx->op->arena, 32u << 10);
    if (detail)
        json_write(&b, detail);
    a.detail = buf_ok(&b) ? buf_str(&b) : STR_NONE;
    struct audit *kept = ARENA_NEW(tx->op->arena, struct audit);
    *kept = a;
    VEC_PUSH(tx->op->arena, &tx->lines, kept); /* patients are known at commit */
}

err record_commit(struct record_tx *tx)
{
    struct store_commit c = {0};
    TRY(stage_all(tx));
    TRY(stage_commit(tx, &c));
    tx->t = c.t;
    return OK;
}

uint64_t record_tx_t(const struct record_tx *tx)
{
    return tx->t;
}
