/* Moves the frozen tail into the key spaces, in key order, a slice at a time inside the group's
 * transaction. One stored row is read, changed and written once for all its neighbours.
 * Invariants: merging the same entries again changes nothing (after a crash the tail is replayed);
 * merged_t moves and SPACE_PEND shrinks only with the last slice. */
#include "store/store_int.h"

#define TAIL_DEFAULT 20000u
#define TAIL_BYTES_MAX ((size_t)192 << 20)
#define IDLE_LEAST 64u
#define AHEAD_ROWS 512u

static size_t half(const struct store *s)
{
    uint32_t most = s->o.tail_max ? s->o.tail_max : TAIL_DEFAULT;
    return most / 2 ? most / 2 : 1;
}

bool merge_full(const struct store *s)
{
    const struct arena *a = s->tail_now->arena;
    return s->tail_now->weight >= half(s) || arena_used(a) >= TAIL_BYTES_MAX || arena_failed(a);
}

bool merge_due(const struct store *s, bool idle)
{
    if (s->merge.running)
        return false;
    size_t least = atomic_load(&s->merge_soon) ? 1 : IDLE_LEAST;
    return merge_full(s) || (idle && s->tail_now->weight >= least);
}

void merge_start(struct store *s)
{
    struct tail *fresh = tail_new();
    if (!fresh)
        return; /* out of memory: later */
    pthread_mutex_lock(&s->tail_lock);
    s->frozen = s->active;
    s->frozen->last_t = s->state.t; /* a failed group may have named a later one */
    s->frozen->last_seq = s->spool.first ? s->spool.first->seq - 1 : s->state.trail_seq;
    s->active = fresh;
    atomic_fetch_add(&s->generation, 1);
    pthread_mutex_unlock(&s->tail_lock);
    s->tail_now = fresh;
    atomic_store(&s->merge_soon, false);
    skip_iter_init(&s->merge.it, &s->frozen->list, UINT64_MAX);
    skip_seek(&s->merge.it, STR_NONE, false);
    s->merge.running = true;
}

void merge_finish(struct store *s)
{
    pthread_mutex_lock(&s->tail_lock);
    struct tail *old = s->frozen;
    s->frozen = NULL;
    pthread_mutex_unlock(&s->tail_lock);
    tail_drop(old);
    s->merge.running = false;
    atomic_fetch_add(&s->merges, 1);
}

/* The changes of one row of SPACE_KEY, ascending. */
struct changes {
    uint16_t low[CHUNK_SIZE];
    bool there[CHUNK_SIZE];
    size_t n;
};

struct work {
    struct op *op;
    struct store *s;
    struct skip_iter *it;
    struct changes change;
    uint16_t old[CHUNK_SIZE], now[CHUNK_SIZE];
};

/* old and the changes into now; the change wins. */
static size_t lists_join(struct work *w, size_t n_old)
{
    const struct changes *c = &w->change;
    size_t n = 0, i = 0;
    for (size_t k = 0; k < c->n; k++) {
        while (i < n_old && w->old[i] < c->low[k])
            w->now[n++] = w->old[i++];
        if (i < n_old && w->old[i] == c->low[k])
            i++;
        if (c->there[k])
            w->now[n++] = c->low[k];
    }
    while (i < n_old)
        w->now[n++] = w->old[i++];
    return n;
}

static str row_of(const struct skip_iter *it, char *room)
{
    size_t ekey = it->key.n - 1 - RID_BYTES;
    uint64_t high = rid_read(it->key.p + 1 + ekey) >> CHUNK_BITS;
    memcpy(room, it->key.p + 1, ekey);
    for (unsigned i = 0; i < 4; i++)
        room[ekey + i] = (char)(high >> (24 - 8 * i));
    return str_make(room, ekey + 4);
}

/* All entries of one row of SPACE_KEY. */
static err merge_list(struct work *w, size_t *budget)
{
    const struct store_ops *ops = w->s->ops;
    char room[2 * KEY_MAX + 3 + 4], other[sizeof room];
    str row = row_of(w->it, room), stored = STR_NONE;
    size_t n_old = 0;
    struct buf b;
    w->change.n = 0;
    while (w->it->valid && w->it->key.p[0] == 'K' && str_eq(row_of(w->it, other), row)) {
        uint64_t rid = rid_read(w->it->key.p + w->it->key.n - RID_BYTES);
        w->change.low[w->change.n] = (uint16_t)(rid & (CHUNK_SIZE - 1));
        w->change.there[w->change.n++] = !w->it->gone;
        skip_next(w->it);
        *budget -= *budget > 0;
    }
    TRY(ops->get(w->op, ops->writer(w->s->be), SPACE_KEY, row, &stored));
    if (stored.p && !list_read(stored, w->old, &n_old))
        return damaged(w->op, "list of resources");
    size_t n = lists_join(w, n_old);
    if (n == 0)
        return stored.p ? ops->del(w->op, w->s->be, SPACE_KEY, row) : OK;
    buf_init(&b, w->op->arena, 2 * CHUNK_SIZE + 16);
    list_write(&b, w->now, n);
    if (!buf_ok(&b))
        return out_of_memory(w->op);
    return ops->put(w->op, w->s->be, SPACE_KEY, row, buf_str(&b));
}

static void fwd_add(struct buf *b, uint8_t low, str body)
{
    buf_u8(b, low);
    buf_varint(b, body.n);
    buf_add(b, body);
}

/* One resource out of a stored row, its body left as it is. */
static bool fwd_take(str *row, uint8_t *low, str *body)
{
    uint64_t n = 0;
    return take_u8(row, low) && take_varint(row, &n) && n <= row->n &&
           take_bytes(row, (size_t)n, body);
}

/* 'F' + compartment, type, rid → the stored row it belongs to. */
static void fwd_row_of(const struct skip_iter *it, char out[12])
{
    memcpy(out, it->key.p + 1, 12);
    rid_write(out + 7, rid_read(it->key.p + 8) >> FWD_BITS);
}

/* All resources of one row of SPACE_FWD. */
static err merge_fwd(struct work *w, size_t *budget)
{
    const struct store_ops *ops = w->s->ops;
    char row[12], other[12];
    str stored = STR_NONE, body = STR_NONE;
    uint8_t old = 0;
    struct buf b;
    fwd_row_of(w->it, row);
    TRY(ops->get(w->op, ops->writer(w->s->be), SPACE_FWD, str_make(row, 12), &stored));
    buf_init(&b, w->op->arena, (size_t)1 << 30);
    bool had = stored.p, more = fwd_take(&stored, &old, &body);
    while (w->it->valid && w->it->key.p[0] == 'F') {
        fwd_row_of(w->it, other);
        if (memcmp(other, row, sizeof row) != 0)
            break;
        uint8_t low = (uint8_t)(w->it->key.p[12] & ((1 << FWD_BITS) - 1));
        for (; more && old < low; more = fwd_take(&stored, &old, &body))
            fwd_add(&b, old, body);
        if (more && old == low)
            more = fwd_take(&stored, &old, &body);
        if (!w->it->gone)
            fwd_add(&b, low, w->it->value);
        skip_next(w->it);
        *budget -= *budget > 0;
    }
    for (; more; more = fwd_take(&stored, &old, &body))
        fwd_add(&b, old, body);
    if (!buf_ok(&b))
        return out_of_memory(w->op);
    if (b.n == 0)
        return had ? ops->del(w->op, w->s->be, SPACE_FWD, str_make(row, 12)) : OK;
    return ops->put(w->op, w->s->be, SPACE_FWD, str_make(row, 12), buf_str(&b));
}

/* Where a row read costs a round trip: the next rows in one. *ret: how many after the first. */
static err look_ahead(struct work *w, size_t *ret)
{
    struct arena *a = w->op->arena;
    struct skip_iter it = *w->it;
    char kind = it.key.p[0], room[2 * KEY_MAX + 3 + 4];
    VEC(str) rows = {.at = NULL};
    while (it.valid && it.key.p[0] == kind && rows.n < AHEAD_ROWS) {
        str row = str_make(room, 12);
        if (kind == 'F')
            fwd_row_of(&it, room);
        else
            row = row_of(&it, room);
        if (!rows.n || !str_eq(rows.at[rows.n - 1], row))
            VEC_PUSH(a, &rows, arena_str(a, row));
        if (arena_failed(a))
            return out_of_memory(w->op);
        skip_next(&it);
    }
    *ret = rows.n - 1;
    return w->s->ops->ahead(w->op, w->s->be, kind == 'F' ? SPACE_FWD : SPACE_KEY, rows.at, rows.n);
}

err merge_slice(struct op *op, struct store *s, size_t budget, bool *ret_finished)
{
    struct work *w = arena_alloc(op->arena, sizeof *w);
    struct arena *scratch = arena_new(0);
    struct op inner;
    err e = OK;
    if (!w || !scratch) {
        arena_free(scratch);
        return out_of_memory(op);
    }
    op_init(&inner, scratch, NULL, op->now);
    w->op = &inner;
    w->s = s;
    w->it = &s->merge.it;
    size_t known = 0;
    while (e == OK && budget && w->it->valid) {
        if (s->ops->ahead && known-- == 0)
            e = look_ahead(w, &known);
        if (e == OK)
            e = w->it->key.p[0] == 'F' ? merge_fwd(w, &budget) : merge_list(w, &budget);
        if (arena_used(scratch) > (1u << 20))
            arena_reset(scratch);
    }
    if (e != OK)
        e = inner.fault.n ? fail(op, e, "%.*s", STR_ARG(inner.fault.issues[0].message))
                          : fail(op, e, "the keys could not be merged");
    arena_free(scratch);
    TRY(e);
    *ret_finished = !w->it->valid;
    if (w->it->valid)
        return OK;
    char lo[8] = {0}, hi[8];
    u64_write(hi, s->frozen->last_t + 1);
    s->pending.merged_t = s->frozen->last_t;
    s->pending.merged_seq = s->frozen->last_seq;
    return s->ops->del_range(op, s->be, SPACE_PEND, str_make(lo, 8), str_make(hi, 8));
}
