/* A reader: one view of the store held over many documents, for whoever needs a whole record or a
 * whole store rather than one resource. Rows that lie side by side are stepped to, not sought.
 * Invariant: everything a reader shows is as of one moment, and memory grows with the answer only.
 */
#include "store/reader.h"
#include "store/store_int.h"

#define STEPS 2u /* a row passed costs half of one sought */
#define HELD_MAX 100000u

struct store_reader {
    struct view v;
    struct store_cursor *docs;
    uint64_t sought; /* the cursor stands on the first row at or after this one */
    bool placed;
    struct version at;
};

err store_reader_open(struct op *op, struct store *s, struct store_reader **ret)
{
    struct store_reader *r = ARENA_NEW(op->arena, struct store_reader);
    TRY(op_check(op));
    TRY(view_open(op, s, &r->v));
    err e = s->ops->cursor_open(op, r->v.snap, SPACE_DOC, &r->docs);
    if (e != OK) {
        view_close(&r->v);
        return e;
    }
    *ret = r;
    return OK;
}

void store_reader_close(struct store_reader *r)
{
    if (!r)
        return;
    r->v.s->ops->cursor_close(r->docs);
    view_close(&r->v);
}

uint64_t store_reader_t(const struct store_reader *r)
{
    return r->v.t;
}

/* To the first row at or after row. */
static err place(struct op *op, struct store_reader *r, uint64_t row)
{
    const struct store_ops *ops = r->v.s->ops;
    struct store_cursor *c = r->docs;
    char key[8];
    bool ahead = r->placed && row >= r->sought;
    bool near = ahead && c->valid && (row >> 20) - (u64_read(c->key.p) >> 20) <= STEPS;
    for (unsigned i = 0; near && i < STEPS && c->valid && u64_read(c->key.p) < row; i++)
        TRY(ops->cursor_next(op, c));
    r->placed = true;
    r->sought = row;
    if (ahead && (!c->valid || u64_read(c->key.p) >= row))
        return OK;
    u64_write(key, row);
    return ops->cursor_seek(op, c, str_make(key, 8), false);
}

/* Of the resource whose newest version the cursor stands on, the one current at t. */
static err then(struct op *op, struct store_reader *r, uint64_t t, bool *ret_there)
{
    struct store_cursor *c = r->docs;
    uint64_t rid = u64_read(c->key.p) >> 20;
    *ret_there = false;
    while (c->valid && u64_read(c->key.p) >> 20 == rid) {
        TRY(version_read(op, u64_read(c->key.p), c->value, &r->at));
        if (!t || r->at.doc.t <= t) {
            *ret_there = true;
            return OK;
        }
        TRY(r->v.s->ops->cursor_next(op, c));
        r->sought = c->valid ? u64_read(c->key.p) : UINT64_MAX;
    }
    return OK;
}

err store_reader_get(struct op *op, struct store_reader *r, uint64_t rid, uint64_t t,
                     struct store_doc *ret, bool *ret_there)
{
    *ret_there = false;
    if (rid == 0 || rid > RID_MAX)
        return OK;
    TRY(place(op, r, doc_key(rid, STORE_VID_MAX)));
    if (!r->docs->valid || u64_read(r->docs->key.p) >> 20 != rid)
        return OK;
    TRY(then(op, r, t, ret_there));
    if (*ret_there)
        *ret = r->at.doc;
    return OK;
}

err store_reader_next(struct op *op, struct store_reader *r, uint64_t rid, uint64_t t,
                      struct store_doc *ret, bool *ret_there)
{
    *ret_there = false;
    TRY(place(op, r, doc_key(rid ? rid : 1, STORE_VID_MAX)));
    while (r->docs->valid && !*ret_there) {
        uint64_t at = u64_read(r->docs->key.p) >> 20;
        TRY(then(op, r, t, ret_there));
        if (*ret_there)
            *ret = r->at.doc;
        else
            TRY(place(op, r, doc_key(at + 1, STORE_VID_MAX)));
    }
    return OK;
}

size_t store_reader_size(const struct store_reader *r)
{
    return r->at.sealed.n;
}

err store_reader_body(struct op *op, struct store_reader *r, struct store_doc *ret)
{
    return version_open(op, r->v.s, &r->at, ret);
}

/* ---- what is held by a compartment, or by a key ---- */
struct held {
    struct store_member m;
    uint8_t source; /* 0 active tail, 1 frozen, 2 base: the lowest is the newest */
    bool gone;
};
typedef VEC(struct held) held_vec;

static int by_place(const void *x, const void *y)
{
    const struct held *a = x, *b = y;
    if (a->m.type != b->m.type)
        return a->m.type < b->m.type ? -1 : 1;
    if (a->m.rid != b->m.rid)
        return a->m.rid < b->m.rid ? -1 : 1;
    return (int)a->source - (int)b->source;
}

static uint16_t type_of(const char *p)
{
    return (uint16_t)((unsigned char)p[0] << 8 | (unsigned char)p[1]);
}

static err from_base(struct op *op, struct store_reader *r, const char *comp, held_vec *out)
{
    const struct store_ops *ops = r->v.s->ops;
    struct store_cursor *c;
    TRY(ops->cursor_open(op, r->v.snap, SPACE_FWD, &c));
    err e = ops->cursor_seek(op, c, str_make(comp, RID_BYTES), false);
    while (e == OK && c->valid && c->key.n == 12 && memcmp(c->key.p, comp, RID_BYTES) == 0) {
        str row = c->value;
        struct fwd_entry f;
        uint64_t high = rid_read(c->key.p + 7);
        while (e == OK && row.n) {
            if (!fwd_read(&row, high, &f))
                e = damaged(op, "keys of a resource");
            else
                VEC_PUSH(op->arena, out,
                         ((struct held){{f.rid, type_of(c->key.p + RID_BYTES)}, 2, false}));
        }
        if (e == OK && (out->n > HELD_MAX || arena_failed(op->arena)))
            e = fail(op, ERR_TOO_COSTLY, "The record holds more than %u resources.", HELD_MAX);
        if (e == OK)
            e = ops->cursor_next(op, c);
    }
    ops->cursor_close(c);
    return e;
}

static void from_tail(struct op *op, struct store_reader *r, unsigned i, const char *comp,
                      held_vec *out)
{
    struct skip_iter it;
    char from[1 + RID_BYTES] = {'F'};
    if (!r->v.tails[i])
        return;
    memcpy(from + 1, comp, RID_BYTES);
    skip_iter_init(&it, &r->v.tails[i]->list, r->v.t);
    skip_seek(&it, str_make(from, sizeof from), false);
    while (it.valid && it.key.n == 13 && memcmp(it.key.p, from, sizeof from) == 0) {
        struct held h = {{rid_read(it.key.p + 8), type_of(it.key.p + 6)}, (uint8_t)i, it.gone};
        VEC_PUSH(op->arena, out, h);
        skip_next(&it);
    }
}

err store_reader_members(struct op *op, struct store_reader *r, uint64_t comp,
                         struct store_member **ret, size_t *ret_n)
{
    held_vec all = {.n = 0};
    char key[RID_BYTES];
    size_t n = 0;
    rid_write(key, comp);
    TRY(from_base(op, r, key, &all));
    from_tail(op, r, 0, key, &all);
    from_tail(op, r, 1, key, &all);
    TRY(op_check(op));
    if (all.n)
        qsort(all.at, all.n, sizeof *all.at, by_place);
    struct store_member *out = ARENA_ARRAY(op->arena, struct store_member, all.n + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < all.n; i++) {
        const struct held *h = &all.at[i], *before = i ? h - 1 : NULL;
        bool older = before && before->m.rid == h->m.rid && before->m.type == h->m.type;
        if (!older && !h->gone)
            out[n++] = h->m;
    }
    *ret = out;
    *ret_n = n;
    return OK;
}

err store_reader_holders(struct op *op, struct store_reader *r, uint16_t type, str key, size_t max,
                         uint64_t **ret, size_t *ret_n)
{
    struct walk w;
    VEC(uint64_t) out = {.n = 0};
    str lo = ekey_make(op->arena, type, key);
    TRY(walk_open(op, &r->v, lo, lo.p ? ekey_end(op->arena, lo) : STR_NONE, &w));
    err e = walk_seek(op, &w, lo, 0, false);
    while (e == OK && w.valid && out.n < max) {
        VEC_PUSH(op->arena, &out, w.rid);
        e = walk_next(op, &w);
    }
    walk_close(&w);
    TRY(e);
    TRY(op_check(op));
    *ret = out.at;
    *ret_n = out.n;
    return OK;
}

/* Behind every key that starts with prefix, which is a param number or more: never all ones. */
static str key_above(struct arena *a, uint16_t type, str prefix)
{
    char *p = arena_alloc(a, prefix.n + 1);
    size_t n = prefix.n;
    if (!p)
        return STR_NONE;
    memcpy(p, prefix.p, n);
    while (n > 1 && (unsigned char)p[n - 1] == 0xff)
        n--;
    p[n - 1]++;
    return ekey_make(a, type, str_make(p, n));
}

err store_reader_key(struct op *op, struct store_reader *r, uint16_t type, str prefix, str after,
                     str *ret)
{
    struct walk w;
    struct arena *a = op->arena;
    str lo = ekey_make(a, type, prefix), hi = key_above(a, type, prefix);
    str from = after.n ? ekey_end(a, ekey_make(a, type, after)) : lo;
    *ret = STR_NONE;
    TRY(walk_open(op, &r->v, lo, hi, &w));
    err e = from.p ? walk_seek(op, &w, from, 0, false) : out_of_memory(op);
    if (e == OK && w.valid)
        *ret = arena_str(a, ekey_key(a, w.ekey));
    walk_close(&w);
    return e;
}
