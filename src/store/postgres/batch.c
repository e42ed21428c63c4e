/* PostgreSQL back end: what the transaction under way put and deleted, kept here so that the writer
 * reads its own rows without a round trip and sends them many in a statement. Each space is sent in
 * two statements at most, keys and values as arrays; a row changed again before it was sent is sent
 * once. Invariant: a row known here is newer than the database's, or the same. */
#include "store/postgres/postgres_int.h"

#define ARENA_MAX ((size_t)1 << 30)
#define BUCKETS_FIRST 1024u
#define FULL_BYTES ((size_t)16 << 20) /* then all is sent and forgotten */
#define ARRAY_MAX ((size_t)512 << 20)
#define OID_BYTEA 17u
#define OID_BIGINT 20u

static err table_new(struct op *op, struct pg_batch *b)
{
    b->n_buckets = BUCKETS_FIRST;
    b->bucket = ARENA_ARRAY(b->arena, struct pg_row *, b->n_buckets);
    return b->bucket ? OK : pg_no_memory(op);
}

err pg_batch_new(struct op *op, struct pg_batch *b)
{
    b->arena = arena_new(ARENA_MAX);
    return b->arena ? table_new(op, b) : pg_no_memory(op);
}

void pg_batch_clear(struct pg_batch *b)
{
    arena_reset(b->arena);
    b->bucket = NULL;
    b->n_buckets = b->n = 0;
    for (unsigned i = 0; i < SPACE_COUNT; i++) {
        b->rows[i].at = NULL;
        b->rows[i].n = b->rows[i].cap = b->sent[i] = 0;
        b->changes[i]++;
    }
}

static struct pg_row *find(const struct pg_batch *b, uint64_t hash, enum store_space space, str key)
{
    struct pg_row *r = b->n_buckets ? b->bucket[hash & (b->n_buckets - 1)] : NULL;
    while (r && (r->hash != hash || r->space != space || !str_eq(r->key, key)))
        r = r->next;
    return r;
}

static uint64_t hash_of(enum store_space space, str key)
{
    return (str_hash(key) + (uint64_t)space) * 0x9E3779B97F4A7C15u >> 8;
}

const struct pg_row *pg_batch_find(const struct pg_batch *b, enum store_space space, str key)
{
    return find(b, hash_of(space, key), space, key);
}

static void grow(struct pg_batch *b)
{
    size_t n = 4 * b->n_buckets;
    struct pg_row **wide = ARENA_ARRAY(b->arena, struct pg_row *, n);
    if (!wide)
        return; /* longer chains, then; the arena's failure is met by the next row */
    for (size_t i = 0; i < b->n_buckets; i++) {
        for (struct pg_row *r = b->bucket[i], *next; r; r = next) {
            next = r->next;
            r->next = wide[r->hash & (n - 1)];
            wide[r->hash & (n - 1)] = r;
        }
    }
    b->bucket = wide;
    b->n_buckets = n;
}

static struct pg_row *add(struct pg_batch *b, uint64_t hash, enum store_space space, str key)
{
    struct pg_row *r = ARENA_NEW(b->arena, struct pg_row);
    str copy = arena_str(b->arena, key);
    if (!r || !copy.p)
        return NULL;
    *r = (struct pg_row){.hash = hash, .key = copy, .space = (uint8_t)space};
    if (b->n++ > b->n_buckets)
        grow(b);
    r->next = b->bucket[hash & (b->n_buckets - 1)];
    b->bucket[hash & (b->n_buckets - 1)] = r;
    return r;
}

static err make_room(struct op *op, struct pg *pg)
{
    struct pg_batch *b = &pg->batch;
    if (b->n_buckets && arena_used(b->arena) < FULL_BYTES)
        return OK;
    for (enum store_space i = 0; i < SPACE_COUNT; i++)
        TRY(pg_batch_flush(op, pg, i));
    pg_batch_clear(b);
    return table_new(op, b);
}

err pg_batch_set(struct op *op, struct pg *pg, enum store_space space, str key, const str *value)
{
    struct pg_batch *b = &pg->batch;
    uint64_t hash = hash_of(space, key);
    TRY(make_room(op, pg));
    struct pg_row *r = find(b, hash, space, key);
    if (!r)
        r = add(b, hash, space, key);
    str copy = value ? arena_str(b->arena, *value) : STR_NONE;
    if (!r || (value && !copy.p))
        return pg_no_memory(op);
    r->value = copy;
    b->changes[space]++;
    if (r->dirty)
        return OK;
    r->dirty = true;
    size_t had = b->rows[space].n;
    VEC_PUSH(b->arena, &b->rows[space], r);
    return b->rows[space].n > had ? OK : pg_no_memory(op);
}

/* The binary form of an array of one dimension, its count filled in later. */
static void array_begin(struct buf *b, uint32_t oid)
{
    buf_u32(b, 1);
    buf_u32(b, 0);
    buf_u32(b, oid);
    buf_u32(b, 0);
    buf_u32(b, 1);
}

static void array_add(struct buf *b, str item)
{
    buf_u32(b, (uint32_t)item.n);
    buf_add(b, item);
}

static str array_end(struct buf *b, uint32_t n)
{
    if (b->failed)
        return STR_NONE;
    for (unsigned i = 0; i < 4; i++)
        b->p[12 + i] = (char)(n >> (24 - 8 * i));
    return buf_str(b);
}

static err known(struct op *op, struct pg *pg, enum store_space space, str key, const str *value)
{
    struct pg_batch *b = &pg->batch;
    uint64_t hash = hash_of(space, key);
    struct pg_row *r = find(b, hash, space, key);
    bool fresh = !r;
    if (fresh)
        r = add(b, hash, space, key);
    if (!r)
        return pg_no_memory(op);
    if (r->dirty || (!fresh && !value)) /* newer than what was read */
        return OK;
    r->value = value ? arena_str(b->arena, *value) : STR_NONE;
    return !value || r->value.p ? OK : pg_no_memory(op);
}

/* First all as absent, then those that are there. */
static err remember(struct op *op, struct pg *pg, enum store_space space, const str *keys, size_t n,
                    const PGresult *res)
{
    for (size_t i = 0; i < n; i++)
        TRY(known(op, pg, space, keys[i], NULL));
    for (int i = 0; i < PQntuples(res); i++) {
        str k = str_make(PQgetvalue(res, i, 0), (size_t)PQgetlength(res, i, 0));
        str v = str_make(PQgetvalue(res, i, 1), (size_t)PQgetlength(res, i, 1));
        TRY(known(op, pg, space, k, &v));
    }
    return OK;
}

err pg_ahead(struct op *op, void *be, enum store_space space, const str *keys, size_t n)
{
    struct pg *pg = be;
    struct arena *a = arena_new(ARENA_MAX);
    PGresult *res = NULL;
    struct buf b;
    uint32_t asked = 0;
    if (!a)
        return pg_no_memory(op);
    err e = make_room(op, pg);
    buf_init(&b, a, ARRAY_MAX);
    array_begin(&b, space_numbered(space) ? OID_BIGINT : OID_BYTEA);
    for (size_t i = 0; i < n; i++) {
        if (pg_batch_find(&pg->batch, space, keys[i]))
            continue;
        array_add(&b, keys[i]);
        asked++;
    }
    const str list = array_end(&b, asked);
    if (e == OK && !list.p)
        e = pg_no_memory(op);
    if (e == OK && asked)
        e = pg_send(op, pg->writer, PG_MANY, space, &list, 1);
    if (e == OK && asked)
        e = pg_sync(op, pg->writer, &res);
    if (e == OK && asked)
        e = remember(op, pg, space, keys, n, res);
    PQclear(res);
    arena_free(a);
    return e;
}

/* Puts or deletions of the space in one statement. */
static err send_rows(struct op *op, struct pg *pg, enum store_space space, bool puts)
{
    struct pg_batch *b = &pg->batch;
    struct arena *a = arena_new(ARENA_MAX);
    struct buf keys, values;
    uint32_t n = 0;
    if (!a)
        return pg_no_memory(op);
    buf_init(&keys, a, ARRAY_MAX);
    buf_init(&values, a, ARRAY_MAX);
    array_begin(&keys, space_numbered(space) ? OID_BIGINT : OID_BYTEA);
    array_begin(&values, OID_BYTEA);
    for (size_t i = b->sent[space]; i < b->rows[space].n; i++) {
        struct pg_row *r = b->rows[space].at[i];
        if (!r->dirty || (r->value.p != NULL) != puts)
            continue;
        r->dirty = false;
        array_add(&keys, r->key);
        if (puts)
            array_add(&values, r->value);
        n++;
    }
    const str both[2] = {array_end(&keys, n), array_end(&values, n)};
    err e = both[0].p && both[1].p ? OK : pg_no_memory(op);
    if (e == OK && n)
        e = pg_send(op, pg->writer, puts ? PG_PUT : PG_DEL, space, both, puts ? 2 : 1);
    arena_free(a);
    return e;
}

err pg_batch_flush(struct op *op, struct pg *pg, enum store_space space)
{
    struct pg_batch *b = &pg->batch;
    if (b->sent[space] == b->rows[space].n)
        return OK;
    TRY(send_rows(op, pg, space, true));
    TRY(send_rows(op, pg, space, false));
    b->sent[space] = b->rows[space].n;
    return OK;
}
