/* Rows of the trail. The writer gathers a group's entries and lays them into rows of many, packed
 * and sealed as one; keyed is the row: a search key of any of its entries leads to the number of
 * the first. Row: time(8) of the first, hash(32) after the last, mark(1), then sealed and packed:
 * hash before the first(32), and each entry: ms since the one before, sized entry, sized key set.
 * Rows of schema 3 hold one sealed entry behind time and hash, chained as sealed.
 * Invariants: the chain goes through every entry (keyed BLAKE2b of the hash before, number, time,
 * bytes), rows only carry it; a row's numbers have no gap. */
#include "store/store_int.h"

#include <sodium.h>

#define ROW_ENTRIES 64u
#define ROW_BYTES ((size_t)16 << 10) /* a longer one takes three times as long to compress */
#define ROW_MARK 0x50                /* no seal begins so */
#define SIZES_BYTES 30u              /* before an entry, at most */
#define HEAD_BYTES 40u
#define HASH_BYTES 32u
#define WEIGHT_KEYS 16u /* of the tail, as much as one resource */

static void chain(const uint8_t *key, uint8_t hash[HASH_BYTES], uint64_t seq, int64_t time,
                  str bytes)
{
    crypto_generichash_state st;
    uint8_t numbers[16];
    u64_write((char *)numbers, seq);
    u64_write((char *)numbers + 8, (uint64_t)time);
    crypto_generichash_init(&st, key, key ? HASH_BYTES : 0, HASH_BYTES);
    crypto_generichash_update(&st, hash, HASH_BYTES);
    crypto_generichash_update(&st, numbers, sizeof numbers);
    crypto_generichash_update(&st, (const unsigned char *)bytes.p, bytes.n);
    crypto_generichash_final(&st, hash, HASH_BYTES);
}

void trail_number(const struct store *s, struct state *st, struct loose *l)
{
    l->seq = ++st->trail_seq;
    l->time = st->time;
    memcpy(l->before, st->trail_head, sizeof l->before);
    chain(s->vault.chain, st->trail_head, l->seq, l->time, l->entry);
    memcpy(l->hash, st->trail_head, sizeof l->hash);
}

struct aad {
    char bytes[13];
};

/* The seal holds the row's number: it is no other row's. */
static str aad_of(uint64_t first, struct aad *room)
{
    memcpy(room->bytes, "trail", 5);
    u64_write(room->bytes + 5, first);
    return str_make(room->bytes, sizeof room->bytes);
}

static int by_bytes(const void *x, const void *y)
{
    return str_cmp(*(const str *)x, *(const str *)y);
}

/* The keys of all entries of the row, each once, into the tail. */
static err keys_into_tail(struct op *op, struct store *s, const struct trail_row *r,
                          node_vec *nodes)
{
    struct buf set;
    struct tail_batch batch;
    size_t n = 0;
    if (!r->keys.n)
        return OK;
    buf_init(&set, op->arena, (size_t)64 << 20);
    qsort(r->keys.at, r->keys.n, sizeof *r->keys.at, by_bytes);
    for (size_t i = 0; i < r->keys.n; i++) {
        if (i && str_eq(r->keys.at[i], r->keys.at[i - 1]))
            continue;
        buf_varint(&set, r->keys.at[i].n);
        buf_add(&set, r->keys.at[i]);
        n++;
    }
    struct pend p = {.trail = true, .rid = r->first, .type = TYPE_TRAIL, .added = buf_str(&set)};
    tail_batch_init(&batch, s->tail_now, s->pending.t, s->pending.time, op->arena);
    batch.nodes = nodes;
    if (!buf_ok(&set) || !tail_add(&batch, &p))
        return out_of_memory(op);
    s->tail_now->weight += n / WEIGHT_KEYS;
    return OK;
}

err trail_flush(struct op *op, struct store *s)
{
    struct trail_row *r = &s->row;
    struct aad aad;
    struct buf row;
    str packed = STR_NONE, sealed = STR_NONE;
    char key[8];
    if (r->n == 0)
        return OK;
    if (!buf_ok(&r->body))
        return out_of_memory(op);
    TRY(pack(op, s->packer, buf_str(&r->body), &packed));
    TRY(seal(op, &s->vault, OWNER_STORE, aad_of(r->first, &aad), packed, &sealed));
    buf_init(&row, op->arena, HEAD_BYTES + 1 + sealed.n);
    buf_u64(&row, (uint64_t)r->time);
    buf_add(&row, str_make((const char *)r->hash, sizeof r->hash));
    buf_u8(&row, ROW_MARK);
    buf_add(&row, sealed);
    if (!buf_ok(&row))
        return out_of_memory(op);
    u64_write(key, r->first);
    TRY(s->ops->put(op, s->be, SPACE_TRAIL, str_make(key, sizeof key), buf_str(&row)));
    TRY(keys_into_tail(op, s, r, &s->nodes));
    r->n = 0;
    return OK;
}

static void begin_row(struct arena *a, struct trail_row *r, const struct loose *l)
{
    *r = (struct trail_row){.first = l->seq, .time = l->time, .last = l->time};
    buf_init(&r->body, a, (size_t)64 << 20);
    (void)buf_reserve(&r->body, ROW_BYTES); /* else it is copied as it grows; buf_ok() tells */
    buf_add(&r->body, str_make((const char *)l->before, sizeof l->before));
}

static void add_sized(struct buf *b, str s)
{
    buf_varint(b, s.n);
    buf_add(b, s);
}

err trail_put(struct op *op, struct store *s, const struct loose *l)
{
    struct trail_row *r = &s->row;
    str set, key;
    size_t bytes = l->entry.n + l->set.n + SIZES_BYTES;
    if (r->n && (l->seq != r->first + r->n || l->time < r->last || r->n == ROW_ENTRIES ||
                 r->body.n + bytes > ROW_BYTES))
        TRY(trail_flush(op, s));
    if (r->n == 0)
        begin_row(s->arena, r, l);
    buf_varint(&r->body, (uint64_t)(l->time - r->last));
    add_sized(&r->body, l->entry);
    set = arena_str(s->arena, l->set); /* the entry may be gone when the row is written */
    add_sized(&r->body, set);
    while (keyset_next(&set, &key))
        VEC_PUSH(s->arena, &r->keys, key);
    memcpy(r->hash, l->hash, sizeof r->hash);
    r->last = l->time;
    r->n++;
    return arena_failed(s->arena) ? out_of_memory(op) : OK;
}

/* ---- reading ---- */

/* When verifying, the bytes as stored are enough. */
static err open_old(struct op *op, struct store *s, str in, struct trail_reader *r)
{
    str packed = STR_NONE;
    r->in = in;
    if (r->hashing)
        return OK;
    TRY(unseal(op, &s->vault, OWNER_STORE, STR("trail"), in, &packed));
    return unpack(op, s->packer, packed, &r->in);
}

static err open_new(struct op *op, struct store *s, str in, struct trail_reader *r)
{
    struct aad aad;
    str packed = STR_NONE, before;
    TRY(unseal(op, &s->vault, OWNER_STORE, aad_of(r->seq + 1, &aad), str_sub(in, 1, SIZE_MAX),
               &packed));
    TRY(unpack(op, s->packer, packed, &r->in));
    if (!take_bytes(&r->in, HASH_BYTES, &before))
        return damaged(op, "trail");
    memcpy(r->hash, before.p, sizeof r->hash);
    return OK;
}

err trail_row_open(struct op *op, struct store *s, uint64_t first, str row, bool hashing,
                   struct trail_reader *ret)
{
    struct trail_reader r = {.s = s, .seq = first - 1, .hashing = hashing};
    uint64_t time = 0;
    str after;
    if (!take_u64(&row, &time) || !take_bytes(&row, HASH_BYTES, &after) || !row.n)
        return damaged(op, "trail");
    r.time = (int64_t)time;
    memcpy(r.after, after.p, sizeof r.after);
    r.old = row.p[0] != ROW_MARK;
    TRY(r.old ? open_old(op, s, row, &r) : open_new(op, s, row, &r));
    *ret = r;
    return OK;
}

static bool take_sized(str *in, str *ret)
{
    uint64_t n = 0;
    return take_varint(in, &n) && n <= in->n && take_bytes(in, (size_t)n, ret);
}

bool trail_row_next(struct trail_reader *r, struct store_trail_entry *ret, str *ret_set)
{
    struct store_trail_entry e = {.seq = ++r->seq};
    uint64_t later = 0;
    str set = STR_NONE;
    if (r->old) {
        if (r->done)
            return false;
        r->done = true;
        e.entry = r->in;
        if (r->hashing)
            chain(NULL, r->hash, e.seq, r->time, r->in);
    } else {
        if (!take_varint(&r->in, &later) || !take_sized(&r->in, &e.entry) ||
            !take_sized(&r->in, &set))
            return false;
        r->time += (int64_t)later;
        if (r->hashing)
            chain(r->s->vault.chain, r->hash, e.seq, r->time, e.entry);
    }
    e.time = r->time;
    memcpy(e.hash, r->hash, sizeof e.hash);
    *ret = e;
    *ret_set = set;
    return true;
}

/* Keys of rows past the watermark, into the tail: at open. */
static err replay_row(struct op *op, struct store *s, uint64_t first, str bytes)
{
    struct trail_reader r;
    struct store_trail_entry e;
    struct trail_row row = {.first = first};
    str set, key;
    TRY(trail_row_open(op, s, first, bytes, false, &r));
    while (trail_row_next(&r, &e, &set))
        while (keyset_next(&set, &key))
            VEC_PUSH(op->arena, &row.keys, key);
    TRY(arena_failed(op->arena) ? out_of_memory(op) : OK);
    return keys_into_tail(op, s, &row, NULL);
}

/* A damaged row is found by its keys no more; store_trail_verify() tells. */
err trail_replay(struct op *op, struct store *s)
{
    struct store_cursor *c = NULL;
    struct arena *scratch = arena_new(0);
    struct op inner;
    char from[8];
    u64_write(from, s->state.merged_seq + 1);
    if (!scratch)
        return out_of_memory(op);
    s->pending = s->state;
    err e = s->ops->cursor_open(op, s->ops->writer(s->be), SPACE_TRAIL, &c);
    if (e == OK)
        e = s->ops->cursor_seek(op, c, str_make(from, sizeof from), false);
    while (e == OK && c->valid) {
        op_init(&inner, scratch, NULL, op->now);
        e = replay_row(&inner, s, u64_read(c->key.p), c->value);
        if (e == OK || e == ERR_FAULT)
            e = s->ops->cursor_next(op, c);
        else
            e = out_of_memory(op);
        arena_reset(scratch);
    }
    if (c)
        s->ops->cursor_close(c);
    arena_free(scratch);
    return e;
}
