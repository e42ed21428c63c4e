/* Resource numbers in order, for the clauses of a search: the union of the lists of a few keys, or
 * a collected and sorted list. Sorted lists can be intersected by leaping. Invariant: numbers come
 * strictly ascending (reverse: descending). */
#include "store/store_int.h"

bool mask_fits(const struct store_range *range, str key)
{
    return range->mask.n == 0 ||
           str_eq(str_sub(key, range->mask_at, range->mask_at + range->mask.n), range->mask);
}

bool range_has(const struct store_range *range, str key)
{
    return str_cmp(key, range->lo) >= 0 && str_cmp(key, range->hi) < 0 && mask_fits(range, key);
}

static err open_range(struct op *op, const struct rids *r, const struct store_range *range,
                      struct walk *ret)
{
    if (range->lo.n > KEY_MAX || range->hi.n > KEY_MAX)
        return fail(op, ERR_INVALID, "a search key is too long");
    return walk_open(op, r->v, ekey_make(op->arena, r->type, range->lo),
                     ekey_make(op->arena, r->type, range->hi), ret);
}

static err add_key(struct op *op, struct rids *r, str ekey)
{
    if (r->n_walks == RIDS_KEYS_MAX) {
        r->wide = true;
        return OK;
    }
    for (size_t i = 0; i < r->n_walks; i++) {
        if (str_eq(r->walks[i].lo, ekey))
            return OK;
    }
    TRY(walk_open(op, r->v, ekey, ekey_end(op->arena, ekey), &r->walks[r->n_walks]));
    r->n_walks++;
    return OK;
}

/* Every key in the range, jumping from one to the next. */
static err add_range(struct op *op, struct rids *r, const struct store_range *range)
{
    struct walk w;
    if (str_cmp(range->lo, range->hi) >= 0)
        return OK;
    TRY(open_range(op, r, range, &w));
    err e = walk_seek(op, &w, w.lo, 0, false);
    for (size_t seen = 0; e == OK && w.valid && !r->wide;) {
        str ekey = arena_str(op->arena, w.ekey), key = ekey_key(op->arena, ekey);
        if (!ekey.p || !key.p)
            e = out_of_memory(op);
        else if (mask_fits(range, key))
            e = add_key(op, r, ekey);
        if (++seen > 4 * RIDS_KEYS_MAX)
            r->wide = true;
        if (e == OK && !r->wide)
            e = walk_seek(op, &w, ekey_end(op->arena, ekey), 0, false);
    }
    walk_close(&w);
    return e;
}

err rids_open(struct op *op, const struct view *v, uint16_t type, const struct store_range *ranges,
              size_t n, bool reverse, struct rids *ret)
{
    struct rids r = {.v = v, .type = type, .ranges = ranges, .n_ranges = n, .reverse = reverse};
    r.walks = ARENA_ARRAY(op->arena, struct walk, RIDS_KEYS_MAX);
    if (!r.walks)
        return out_of_memory(op);
    for (size_t i = 0; i < n && !r.wide; i++)
        TRY(add_range(op, &r, &ranges[i]));
    for (size_t i = 0; r.wide && i < r.n_walks; i++)
        walk_close(&r.walks[i]);
    if (r.wide)
        r.n_walks = 0;
    *ret = r;
    return OK;
}

void rids_of_list(const uint64_t *list, size_t n, bool reverse, struct rids *ret)
{
    *ret = (struct rids){.list = list, .n_list = n, .reverse = reverse, .listed = true};
}

static int by_rid(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

typedef VEC(uint64_t) numbers;

static err collect_range(struct op *op, const struct rids *r, const struct store_range *range,
                         size_t max, numbers *out)
{
    struct walk w;
    if (str_cmp(range->lo, range->hi) >= 0)
        return OK;
    TRY(open_range(op, r, range, &w));
    err e = walk_seek(op, &w, w.lo, 0, false);
    while (e == OK && w.valid && out->n <= max) {
        if (range->mask.n == 0 || mask_fits(range, ekey_key(op->arena, w.ekey)))
            VEC_PUSH(op->arena, out, w.rid);
        e = arena_failed(op->arena) ? out_of_memory(op) : walk_next(op, &w);
    }
    walk_close(&w);
    return e;
}

err rids_collect(struct op *op, struct rids *r, size_t max)
{
    numbers found = {.n = 0};
    for (size_t i = 0; i < r->n_ranges && found.n <= max; i++)
        TRY(collect_range(op, r, &r->ranges[i], max, &found));
    if (found.n > max)
        return OK; /* stays wide */
    size_t n = 0;
    if (found.n)
        qsort(found.at, found.n, sizeof *found.at, by_rid);
    for (size_t i = 0; i < found.n; i++) {
        if (n == 0 || found.at[n - 1] != found.at[i])
            found.at[n++] = found.at[i];
    }
    rids_of_list(found.at, n, r->reverse, r);
    return OK;
}

/* The nearest of the walks. */
static void settle(struct rids *r)
{
    r->valid = false;
    for (size_t i = 0; i < r->n_walks; i++) {
        const struct walk *w = &r->walks[i];
        if (w->valid && (!r->valid || (r->reverse ? w->rid > r->rid : w->rid < r->rid))) {
            r->valid = true;
            r->rid = w->rid;
        }
    }
}

static void show(struct rids *r)
{
    r->valid = r->at < r->n_list;
    if (r->valid)
        r->rid = r->list[r->reverse ? r->n_list - 1 - r->at : r->at];
}

static void list_seek(struct rids *r, uint64_t rid)
{
    size_t from = 0, to = r->n_list;
    uint64_t want = r->reverse ? rid + 1 : rid; /* first >= want */
    while (from < to) {
        size_t mid = (from + to) / 2;
        if (r->list[mid] < want)
            from = mid + 1;
        else
            to = mid;
    }
    r->at = r->reverse ? r->n_list - from : from;
    show(r);
}

err rids_seek(struct op *op, struct rids *r, uint64_t rid)
{
    rid = rid >= RID_MAX ? RID_MAX - 1 : rid;
    if (r->listed) {
        list_seek(r, rid);
        return OK;
    }
    for (size_t i = 0; i < r->n_walks; i++) {
        struct walk *w = &r->walks[i];
        TRY(walk_seek(op, w, w->lo, r->reverse ? rid + 1 : rid, r->reverse));
    }
    settle(r);
    return OK;
}

#define HELD_MAX 8192u /* chunks: 4 MB */

err rids_hold(struct op *op, struct rids *r)
{
    uint64_t chunks = 0;
    if (!r->listed && !r->bits && r->n_walks == 1)
        chunks = (atomic_load(&r->v->s->rid_next) >> CHUNK_BITS) + 1;
    if (chunks == 0 || chunks > HELD_MAX)
        return OK;
    unsigned char *bits = arena_calloc(op->arena, chunks, CHUNK_SIZE / 8);
    if (!bits || arena_failed(op->arena))
        return out_of_memory(op);
    TRY(walk_bits(op, &r->walks[0], bits, chunks));
    r->bits = bits;
    r->chunks = chunks;
    return OK;
}

static err fill_range(struct op *op, const struct rids *r, const struct store_range *range,
                      unsigned char *bits, size_t *io_left)
{
    struct walk w;
    char room[2 * KEY_MAX + 3];
    if (str_cmp(range->lo, range->hi) >= 0)
        return OK;
    TRY(open_range(op, r, range, &w));
    err e = walk_seek(op, &w, w.lo, 0, false);
    while (e == OK && w.valid && *io_left) {
        bool fits = range->mask.n == 0 || mask_fits(range, ekey_key_in(room, w.ekey));
        if (fits && w.rid >> CHUNK_BITS < r->chunks)
            bits[w.rid >> 3] = (unsigned char)(bits[w.rid >> 3] | 1u << (w.rid & 7));
        --*io_left;
        e = walk_next(op, &w);
    }
    walk_close(&w);
    return e;
}

err rids_hold_wide(struct op *op, struct rids *r, size_t max)
{
    size_t left = max;
    r->chunks = (atomic_load(&r->v->s->rid_next) >> CHUNK_BITS) + 1;
    if (r->chunks > HELD_MAX)
        return OK;
    unsigned char *bits = arena_calloc(op->arena, r->chunks, CHUNK_SIZE / 8);
    if (!bits || arena_failed(op->arena))
        return out_of_memory(op);
    for (size_t i = 0; i < r->n_ranges && left; i++)
        TRY(fill_range(op, r, &r->ranges[i], bits, &left));
    if (left) {
        r->bits = bits;
        r->wide = false;
    }
    return OK;
}

err rids_has(struct op *op, struct rids *r, uint64_t rid, bool *ret)
{
    if (r->bits && rid >> CHUNK_BITS < r->chunks) {
        *ret = r->bits[rid >> 3] >> (rid & 7) & 1;
        return OK;
    }
    TRY(rids_seek(op, r, rid));
    *ret = r->valid && r->rid == rid;
    return OK;
}

err rids_next(struct op *op, struct rids *r)
{
    if (!r->valid)
        return OK;
    if (r->listed) {
        r->at++;
        show(r);
        return OK;
    }
    uint64_t rid = r->rid;
    for (size_t i = 0; i < r->n_walks; i++) {
        if (r->walks[i].valid && r->walks[i].rid == rid)
            TRY(walk_next(op, &r->walks[i]));
    }
    settle(r);
    return OK;
}

err rids_estimate(struct op *op, struct rids *r, size_t max, size_t *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_walks && n < max; i++) {
        size_t of = 0;
        TRY(walk_count(op, &r->walks[i], max - n, &of));
        n += of;
    }
    *ret = r->listed ? r->n_list : n;
    return OK;
}
