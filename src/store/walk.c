/* Walks the entries (ekey, rid) of SPACE_KEY in either direction, the merged base and the tails in
 * memory shown as one. Newest wins: active tail over frozen tail over base; a "gone" entry hides.
 * Invariant: entries come in strict order of (ekey, rid), each once. */
#include "store/store_int.h"

#define HIGH_BYTES 4u

/* Base: one row = one ekey and 4096 resource numbers. */
static uint64_t base_rid(const struct walk_base *b)
{
    return b->high << CHUNK_BITS | (b->bits ? b->at : b->lows[b->at]);
}

/* To the row's first number in the walk's direction. */
static err row_begin(struct op *op, const struct walk *w, struct walk_base *b, str list)
{
    b->bits = list_bits(list);
    if (b->bits) {
        b->at = w->reverse ? bits_last(b->bits, CHUNK_SIZE) : bits_next(b->bits, 0);
        return b->at < CHUNK_SIZE ? OK : damaged(op, "list of resources");
    }
    size_t need = list.n > 512 ? CHUNK_SIZE : 512;
    if (b->cap < need) {
        b->lows = arena_alloc(op->arena, need * sizeof *b->lows);
        if (!b->lows || arena_failed(op->arena))
            return out_of_memory(op);
        b->cap = need;
    }
    if (!list_read(list, b->lows, &b->n) || b->n == 0)
        return damaged(op, "list of resources");
    b->at = w->reverse ? b->n - 1 : 0;
    return OK;
}

/* To its next number; false at its end. */
static bool row_step(const struct walk *w, struct walk_base *b)
{
    if (b->bits) {
        size_t at = w->reverse ? bits_last(b->bits, b->at) : bits_next(b->bits, b->at + 1);
        b->at = at < CHUNK_SIZE ? at : b->at;
        return at < CHUNK_SIZE;
    }
    if (w->reverse ? b->at == 0 : b->at + 1 == b->n)
        return false;
    b->at += w->reverse ? (size_t)-1 : 1;
    return true;
}

static err base_load(struct op *op, struct walk *w)
{
    struct walk_base *b = &w->base;
    str row = b->c->key;
    b->valid =
        b->c->valid && row.n > HIGH_BYTES && str_cmp(row, w->lo) >= 0 && str_cmp(row, w->hi) < 0;
    if (!b->valid)
        return OK;
    w->rows++;
    b->ekey = str_make(row.p, row.n - HIGH_BYTES);
    const unsigned char *high = (const unsigned char *)row.p + b->ekey.n;
    b->high = (uint64_t)high[0] << 24 | (uint64_t)high[1] << 16 | (uint64_t)high[2] << 8 | high[3];
    return row_begin(op, w, b, b->c->value);
}

static err base_next(struct op *op, struct walk *w)
{
    struct walk_base *b = &w->base;
    if (row_step(w, b))
        return OK;
    TRY(w->v->s->ops->cursor_next(op, b->c));
    return base_load(op, w);
}

/* Within the row just loaded, to the first low >= low (forward) or the last < low (reverse). */
static err base_place(struct op *op, struct walk *w, uint16_t low)
{
    struct walk_base *b = &w->base;
    if (b->bits) {
        size_t at = w->reverse ? bits_last(b->bits, low) : bits_next(b->bits, low);
        b->at = at < CHUNK_SIZE ? at : w->reverse ? 0 : CHUNK_SIZE - 1;
        return at < CHUNK_SIZE ? OK : base_next(op, w);
    }
    size_t from = 0, to = b->n;
    while (from < to) {
        size_t mid = (from + to) / 2;
        if (b->lows[mid] < low)
            from = mid + 1;
        else
            to = mid;
    }
    if (w->reverse) {
        b->at = from ? from - 1 : 0;
        return from ? OK : base_next(op, w);
    }
    b->at = from < b->n ? from : b->n - 1;
    return from < b->n ? OK : base_next(op, w);
}

static bool base_is(const struct walk_base *b, str ekey, uint64_t high)
{
    return b->valid && b->high == high && str_eq(b->ekey, ekey);
}

static err base_seek(struct op *op, struct walk *w, str ekey, uint64_t rid)
{
    char row[2 * KEY_MAX + 3 + HIGH_BYTES];
    uint16_t low = (uint16_t)(rid & (CHUNK_SIZE - 1));
    uint64_t high = rid >> CHUNK_BITS, past = w->reverse && low ? high + 1 : high;
    struct walk_base *b = &w->base;
    if (!w->reverse && base_is(b, ekey, high))
        return base_place(op, w, low);
    if (ekey.n > sizeof row - HIGH_BYTES)
        return fail(op, ERR_INVALID, "a search key is too long");
    memcpy(row, ekey.p, ekey.n);
    for (unsigned i = 0; i < HIGH_BYTES; i++)
        row[ekey.n + i] = (char)(past >> (24 - 8 * i));
    TRY(w->v->s->ops->cursor_seek(op, b->c, str_make(row, ekey.n + HIGH_BYTES), w->reverse));
    TRY(base_load(op, w));
    return base_is(b, ekey, high) ? base_place(op, w, low) : OK;
}

/* Tails: 'K' + ekey + rid. */
static str tail_ekey(const struct skip_iter *it)
{
    return str_make(it->key.p + 1, it->key.n - 1 - RID_BYTES);
}

static uint64_t tail_rid(const struct skip_iter *it)
{
    return rid_read(it->key.p + it->key.n - RID_BYTES);
}

static void tail_check(struct walk *w, unsigned i)
{
    const struct skip_iter *it = &w->tail[i];
    w->tail_valid[i] = false;
    if (!it->valid || it->key.n <= 1 + RID_BYTES || it->key.p[0] != 'K')
        return;
    str row = str_make(it->key.p + 1, it->key.n - 1);
    w->tail_valid[i] = str_cmp(row, w->lo) >= 0 && str_cmp(row, w->hi) < 0;
}

static void tail_seek(struct walk *w, unsigned i, str ekey, uint64_t rid)
{
    char key[1 + 2 * KEY_MAX + 3 + RID_BYTES];
    if (!w->v->tails[i])
        return;
    key[0] = 'K';
    memcpy(key + 1, ekey.p, ekey.n);
    rid_write(key + 1 + ekey.n, rid);
    skip_seek(&w->tail[i], str_make(key, 1 + ekey.n + RID_BYTES), w->reverse);
    tail_check(w, i);
}

static int order(str ekey_a, uint64_t rid_a, str ekey_b, uint64_t rid_b)
{
    int c = str_cmp(ekey_a, ekey_b);
    return c ? c : rid_a < rid_b ? -1 : rid_a > rid_b;
}

/* Does (ekey, rid) come before the best so far in the walk's direction, or is it the same (0)? */
static int sooner(const struct walk *w, str ekey, uint64_t rid)
{
    if (!w->valid)
        return -1;
    int c = order(ekey, rid, w->ekey, w->rid);
    return w->reverse ? -c : c;
}

/* The next entry among base and tails; true when it hides (gone). */
static bool pick(struct walk *w)
{
    bool gone = false;
    w->valid = false;
    for (unsigned i = 0; i < 2; i++) {
        const struct skip_iter *it = &w->tail[i];
        if (w->tail_valid[i] && sooner(w, tail_ekey(it), tail_rid(it)) < 0) {
            w->valid = true;
            w->ekey = tail_ekey(it);
            w->rid = tail_rid(it);
            gone = it->gone;
        }
    }
    if (w->base.valid && sooner(w, w->base.ekey, base_rid(&w->base)) < 0) {
        w->valid = true;
        w->ekey = w->base.ekey;
        w->rid = base_rid(&w->base);
        gone = false;
    }
    return w->valid && gone;
}

/* Moves every source that stands on the entry. The base goes last: the entry's ekey may be its. */
static err step(struct op *op, struct walk *w)
{
    bool base = w->base.valid && order(w->base.ekey, base_rid(&w->base), w->ekey, w->rid) == 0;
    for (unsigned i = 0; i < 2; i++) {
        struct skip_iter *it = &w->tail[i];
        if (w->tail_valid[i] && order(tail_ekey(it), tail_rid(it), w->ekey, w->rid) == 0) {
            skip_next(it);
            tail_check(w, i);
        }
    }
    return base ? base_next(op, w) : OK;
}

static err settle(struct op *op, struct walk *w)
{
    while (pick(w))
        TRY(step(op, w));
    return OK;
}

err walk_next(struct op *op, struct walk *w)
{
    if (!w->valid)
        return OK;
    TRY(step(op, w));
    return settle(op, w);
}

err walk_seek(struct op *op, struct walk *w, str ekey, uint64_t rid, bool reverse)
{
    if (w->reverse != reverse)
        w->base.valid = false;
    w->reverse = reverse;
    TRY(base_seek(op, w, ekey, rid));
    for (unsigned i = 0; i < 2; i++)
        tail_seek(w, i, ekey, rid);
    return settle(op, w);
}

err walk_count(struct op *op, struct walk *w, size_t max, size_t *ret)
{
    struct walk_base *b = &w->base;
    size_t n = 0;
    w->valid = b->valid = w->reverse = false;
    TRY(base_seek(op, w, w->lo, 0));
    while (b->valid && n < max) {
        n += b->bits ? bits_count(b->bits) : b->n;
        TRY(w->v->s->ops->cursor_next(op, b->c));
        TRY(base_load(op, w));
    }
    b->valid = false;
    for (unsigned i = 0; i < 2; i++) {
        w->tail_valid[i] = false;
        tail_seek(w, i, w->lo, 0);
        for (; w->tail_valid[i] && n < max; tail_check(w, i)) {
            n += !w->tail[i].gone;
            skip_next(&w->tail[i]);
        }
    }
    *ret = n;
    return OK;
}

static void bit_put(unsigned char *bits, uint64_t rid, bool there)
{
    unsigned char bit = (unsigned char)(1u << (rid & 7));
    bits[rid >> 3] = (unsigned char)(there ? bits[rid >> 3] | bit : bits[rid >> 3] & ~bit);
}

err walk_bits(struct op *op, struct walk *w, unsigned char *bits, uint64_t chunks)
{
    struct walk_base *b = &w->base;
    w->valid = b->valid = w->reverse = false;
    TRY(base_seek(op, w, w->lo, 0));
    while (b->valid && b->high < chunks) {
        if (b->bits)
            memcpy(bits + b->high * (CHUNK_SIZE / 8), b->bits, CHUNK_SIZE / 8);
        for (size_t i = 0; !b->bits && i < b->n; i++)
            bit_put(bits, b->high << CHUNK_BITS | b->lows[i], true);
        TRY(w->v->s->ops->cursor_next(op, b->c));
        TRY(base_load(op, w));
    }
    b->valid = false;
    for (unsigned i = 2; i-- > 0;) { /* the active tail last: it wins */
        w->tail_valid[i] = false;
        tail_seek(w, i, w->lo, 0);
        for (; w->tail_valid[i]; tail_check(w, i)) {
            if (tail_rid(&w->tail[i]) >> CHUNK_BITS < chunks)
                bit_put(bits, tail_rid(&w->tail[i]), !w->tail[i].gone);
            skip_next(&w->tail[i]);
        }
    }
    return OK;
}

err walk_open(struct op *op, const struct view *v, str lo, str hi, struct walk *ret)
{
    struct walk w = {.v = v, .lo = lo, .hi = hi};
    if (!lo.p || !hi.p)
        return out_of_memory(op);
    if (lo.n > 2 * KEY_MAX + 3 || hi.n > 2 * KEY_MAX + 3)
        return fail(op, ERR_INVALID, "a search key is too long");
    TRY(v->s->ops->cursor_open(op, v->snap, SPACE_KEY, &w.base.c));
    char end[1 + 2 * KEY_MAX + 3] = {'K'};
    memcpy(end + 1, hi.p, hi.n);
    for (unsigned i = 0; i < 2; i++) {
        if (!v->tails[i])
            continue;
        skip_iter_init(&w.tail[i], &v->tails[i]->list, v->t);
        skip_iter_until(&w.tail[i], str_make(end, 1 + hi.n));
    }
    *ret = w;
    return OK;
}

void walk_close(struct walk *w)
{
    if (w->base.c)
        w->v->s->ops->cursor_close(w->base.c);
    w->base.c = NULL;
    w->valid = false;
}
