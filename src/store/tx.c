/* Building a transaction, and preparing it on the submitting thread: keys sorted, documents
 * compressed and sealed, so that the writer only moves bytes. Does not look at what is stored,
 * except to carry a client-chosen id over to the next version. */
#include "store/memo_int.h"
#include "store/near.h"
#include "store/rekey.h"
#include "store/store_int.h"

#include <sodium.h>

#define KV_KEY_MAX 200u
#define KV_VALUE_MAX ((size_t)1 << 20)

struct store_tx *store_tx_new(struct op *op, struct store *s)
{
    struct store_tx *tx = ARENA_NEW(op->arena, struct store_tx);
    tx->op = op;
    tx->s = s;
    return tx;
}

void store_tx_put(struct store_tx *tx, const struct store_put *put)
{
    struct tx_put p = {.put = *put};
    VEC_PUSH(tx->op->arena, &tx->puts, p);
}

void store_tx_keys(struct store_tx *tx, const struct store_put *of)
{
    struct tx_keys r = {.of = *of};
    VEC_PUSH(tx->op->arena, &tx->rekeys, r);
}

void store_tx_expect_version(struct store_tx *tx, uint64_t rid, uint32_t vid)
{
    struct tx_version v = {rid, vid};
    VEC_PUSH(tx->op->arena, &tx->versions, v);
}

void store_tx_expect_none(struct store_tx *tx, const struct store_query *q)
{
    VEC_PUSH(tx->op->arena, &tx->none, q);
}

void store_tx_kv(struct store_tx *tx, str key, str value)
{
    store_tx_kv_near(tx, key, STR_NONE, value);
}

void store_tx_kv_near(struct store_tx *tx, str key, str near, str value)
{
    struct tx_kv kv = {.key = key, .near = near, .value = value};
    VEC_PUSH(tx->op->arena, &tx->kvs, kv);
}

void store_tx_kv_new(struct store_tx *tx, str key, str near, str value)
{
    struct tx_kv kv = {.key = key, .near = near, .value = value, .fresh = value.n > 0};
    VEC_PUSH(tx->op->arena, &tx->kvs, kv);
}

void store_tx_kv_none(struct store_tx *tx, str key)
{
    struct tx_kv kv = {.key = key, .none = true};
    VEC_PUSH(tx->op->arena, &tx->kvs, kv);
}

void store_tx_expect_kv(struct store_tx *tx, str key, str expected)
{
    store_tx_expect_kv_near(tx, key, STR_NONE, expected);
}

void store_tx_expect_kv_near(struct store_tx *tx, str key, str near, str expected)
{
    struct tx_kv_expect x = {.key = key, .near = near, .expected = expected};
    VEC_PUSH(tx->op->arena, &tx->kv_expects, x);
}

static void add_job(struct store_tx *tx, struct tx_job job)
{
    job.due = job.due < 0 ? 0 : job.due;
    VEC_PUSH(tx->op->arena, &tx->jobs, job);
}

void store_tx_outbox(struct store_tx *tx, str queue, int64_t due, str body)
{
    add_job(tx, (struct tx_job){.verb = JOB_NEW, .queue = queue, .due = due, .body = body});
}

void store_tx_outbox_done(struct store_tx *tx, uint64_t job)
{
    add_job(tx, (struct tx_job){.verb = JOB_DONE, .job = job});
}

void store_tx_outbox_later(struct store_tx *tx, uint64_t job, int64_t due, str body)
{
    add_job(tx, (struct tx_job){.verb = JOB_LATER, .job = job, .due = due, .body = body});
}

void store_tx_trail(struct store_tx *tx, str entry, const str *keys, size_t n_keys)
{
    struct tx_trail t = {.entry = entry, .keys = keys, .n_keys = n_keys};
    VEC_PUSH(tx->op->arena, &tx->trails, t);
}

/* A new version keeps the id its first version was given, and the record it lives in, whose key
 * seals it. */
static err carry_over(struct op *op, struct store *s, struct store_put *p)
{
    struct view v;
    struct version newest = {.doc.rid = 0};
    struct store_doc d = {.rid = 0};
    if (p->vid == 1)
        return OK;
    if (memo_doc_find(op, s, p->rid, true, &d)) {
        p->comp = d.comp ? d.comp : p->comp;
        p->client_id = p->client_id.n ? p->client_id : d.client_id;
        return OK;
    }
    TRY(view_open(op, s, &v));
    err e = version_newest(op, v.snap, s->ops, p->rid, &newest);
    if (e == OK && newest.doc.rid && newest.doc.comp)
        p->comp = newest.doc.comp;
    if (e == OK && newest.doc.rid && (newest.flags & DOC_CLIENT_ID) && !p->client_id.n) {
        e = version_at(op, &v, p->rid, UINT64_MAX, &newest);
        if (e == OK)
            e = version_open(op, s, &newest, &d);
    }
    view_close(&v);
    if (e == OK && d.client_id.n)
        p->client_id = d.client_id;
    return e;
}

static err prepare_put(struct op *op, struct store *s, struct tx_put *p)
{
    struct store_put *put = &p->put;
    if (put->rid == 0 || put->rid > RID_MAX || put->vid == 0 || put->vid > STORE_VID_MAX ||
        put->type == TYPE_TRAIL || put->comp > RID_MAX)
        return fail(op, ERR_INVALID, "a resource, version or type number is out of range");
    TRY(carry_over(op, s, put));
    if (put->vid == 1 && put->client_id.n) {
        char domain[4] = {'i', 'd', (char)(put->type >> 8), (char)put->type};
        char *hash = arena_alloc(op->arena, ID_HASH_BYTES);
        blind_hash(&s->vault, str_make(domain, sizeof domain), put->client_id, (uint8_t *)hash,
                   ID_HASH_BYTES);
        p->id_hash = str_make(hash, ID_HASH_BYTES);
    }
    TRY(keyset_pack(op, put->keys, put->deleted ? 0 : put->n_keys, &p->set));
    return version_seal(op, s, put, &p->sealed);
}

static int by_rid(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

static int by_hash(const void *x, const void *y)
{
    return memcmp(*(const char *const *)x, *(const char *const *)y, ID_HASH_BYTES);
}

/* No resource and no client-chosen id twice in one transaction. */
static err check_doubles(struct op *op, const struct store_tx *tx)
{
    size_t n = tx->puts.n, named = 0;
    uint64_t *rids = ARENA_ARRAY(op->arena, uint64_t, n + 1);
    const char **hashes = ARENA_ARRAY(op->arena, const char *, n + 1);
    if (!rids || !hashes)
        return out_of_memory(op);
    for (size_t i = 0; i < n; i++) {
        rids[i] = tx->puts.at[i].put.rid;
        if (tx->puts.at[i].id_hash.n)
            hashes[named++] = tx->puts.at[i].id_hash.p;
    }
    qsort(rids, n, sizeof *rids, by_rid);
    qsort(hashes, named, sizeof *hashes, by_hash);
    for (size_t i = 1; i < n; i++) {
        if (rids[i] == rids[i - 1])
            return fail(op, ERR_INVALID, "a transaction writes the same resource twice");
    }
    for (size_t i = 1; i < named; i++) {
        if (memcmp(hashes[i], hashes[i - 1], ID_HASH_BYTES) == 0)
            return fail(op, ERR_CONFLICT, "a transaction gives the same id to two resources");
    }
    return OK;
}

static err prepare_kv(struct op *op, struct store *s, struct tx_kv *kv)
{
    struct buf b;
    if (kv->key.n == 0 || kv->key.n > KV_KEY_MAX || kv->value.n > KV_VALUE_MAX)
        return fail(op, ERR_TOO_LARGE, "a stored value or its name is too long");
    if (kv->none)
        return OK;
    kv_row(&s->vault, kv->key, kv->row);
    if (kv->value.n == 0)
        return OK;
    buf_init(&b, op->arena, kv->key.n + kv->value.n + 8);
    buf_varint(&b, kv->key.n);
    buf_add(&b, kv->key);
    buf_add(&b, kv->value);
    if (!buf_ok(&b))
        return out_of_memory(op);
    return seal(op, &s->vault, OWNER_STORE, str_make(kv->row, sizeof kv->row), buf_str(&b),
                &kv->sealed);
}

static err prepare_job(struct op *op, struct store *s, struct tx_job *j)
{
    queue_row(&s->vault, j->queue, j->queue_row);
    if (j->verb == JOB_DONE || (j->verb == JOB_LATER && j->body.n == 0))
        return OK;
    return seal(op, &s->vault, OWNER_STORE, STR("job"), j->body, &j->sealed);
}

static err prepare_rest(struct op *op, struct store_tx *tx)
{
    for (size_t i = 0; i < tx->kvs.n; i++) {
        TRY(prepare_kv(op, tx->s, &tx->kvs.at[i]));
        tx->bytes += tx->kvs.at[i].sealed.n;
    }
    for (size_t i = 0; i < tx->jobs.n; i++) {
        TRY(prepare_job(op, tx->s, &tx->jobs.at[i]));
        tx->bytes += tx->jobs.at[i].sealed.n;
    }
    for (size_t i = 0; i < tx->trails.n; i++) {
        struct tx_trail *t = &tx->trails.at[i];
        TRY(keyset_pack(op, t->keys, t->n_keys, &t->set));
        tx->bytes += t->entry.n + t->set.n;
    }
    return OK;
}

err tx_prepare(struct op *op, struct store_tx *tx)
{
    tx->bytes = 64;
    if (arena_failed(op->arena))
        return out_of_memory(op);
    for (size_t i = 0; i < tx->puts.n; i++) {
        TRY(prepare_put(op, tx->s, &tx->puts.at[i]));
        tx->bytes += tx->puts.at[i].sealed.n + tx->puts.at[i].set.n;
    }
    for (size_t i = 0; i < tx->rekeys.n; i++) {
        struct tx_keys *r = &tx->rekeys.at[i];
        TRY(keyset_pack(op, r->of.keys, r->of.n_keys, &r->set));
        tx->bytes += r->set.n;
    }
    if (tx->puts.n > 1)
        TRY(check_doubles(op, tx));
    TRY(prepare_rest(op, tx));
    return arena_failed(op->arena) ? out_of_memory(op) : OK;
}
