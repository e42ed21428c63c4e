/* Many candidates, few wanted: meet them in the order of the results. By key: along the sort
 * parameter's keys, then those without one. By time: along the log. Stops when the page is full. */
#include "store/search_int.h"

/* Is the key the walk stands on the one the resource is sorted by? */
static bool is_sort_key(struct drive *d, const struct walk *w, const struct fwd_entry *e)
{
    struct hit h;
    hit_make(&d->s->q->sort, e, &h);
    str key = str_sub(ekey_key(d->s->op->arena, w->ekey), 2, 2 + HIT_KEY_MAX);
    return !h.keyless && str_eq(key, str_make(h.key, h.key_n));
}

#define ONE_KEY 0x7fu /* bytes of a key whose length is one byte in a set */

/* The resource at the walk: what its key tells, then what the lists do, then all its keys. */
static err at_key(struct drive *d, const struct hull *h, const struct walk *w)
{
    struct search *s = d->s;
    char room[1 + ONE_KEY];
    struct fwd_entry e = {.rid = w->rid};
    bool fits = true;
    enum hull_verdict v = HULL_UNKNOWN;
    if (s->q->sort.single && w->ekey.n <= ONE_KEY) {
        str key = ekey_key_in(room + 1, w->ekey);
        room[0] = (char)key.n;
        e.set = str_make(room, key.n + 1);
        v = hull_decide(d, h, &e);
    }
    if (v == HULL_NOT)
        return OK;
    TRY(drive_probe(d, d->by[0] ? 0 : 1, w->rid, &fits)); /* of the type it is */
    if (!fits)
        return OK;
    if (v == HULL_UNKNOWN)
        TRY(drive_read(d, w->rid, &e));
    if (v == HULL_FITS || (e.rid && is_sort_key(d, w, &e)))
        drive_offer(d, &e);
    return OK;
}

static err along_keys(struct drive *d, const struct hull *h, struct walk *w)
{
    struct search *s = d->s;
    d->placed = false;
    TRY(marks_pass_keys(d, w));
    while (w->valid && !search_enough(s)) {
        TRY(search_tick(s));
        TRY(at_key(d, h, w));
        if (arena_failed(s->op->arena))
            return out_of_memory(s->op);
        TRY(walk_next(s->op, w));
        TRY(marks_pass_keys(d, w));
    }
    return OK;
}

/* Keyless results come last, in order of number. */
static err along_keyless(struct drive *d)
{
    struct search *s = d->s;
    struct rids all = d->narrow[0];
    all.reverse = sort_falls(&s->q->sort);
    uint64_t from = all.reverse ? RID_MAX : 0;
    if (s->later && s->after.keyless)
        from = s->after.rid;
    TRY(rids_seek(s->op, &all, from));
    while (all.valid && !search_enough(s)) {
        bool fits = true;
        struct fwd_entry e = {.rid = 0};
        struct hit h;
        TRY(search_tick(s));
        TRY(drive_probe(d, 1, all.rid, &fits));
        if (fits)
            TRY(drive_read(d, all.rid, &e));
        if (e.rid)
            hit_make(&s->q->sort, &e, &h);
        if (e.rid && h.keyless) /* the others were met along the keys */
            drive_offer(d, &e);
        if (arena_failed(s->op->arena))
            return out_of_memory(s->op);
        TRY(rids_next(s->op, &all));
    }
    return OK;
}

/* Through the hull, from the position on. */
static err through(struct drive *d, const struct hull *h, bool later)
{
    struct search *s = d->s;
    struct arena *a = s->op->arena;
    const struct store_sort *sort = &s->q->sort;
    struct walk w;
    str from = ekey_make(a, s->q->type, h->lo), to = ekey_make(a, s->q->type, h->hi);
    str start = sort_falls(sort) ? to : from, at = start;
    TRY(walk_open(s->op, s->v, from, to, &w));
    if (later)
        at = ekey_make(a, s->q->type,
                       arena_cat(a, str_sub(h->lo, 0, 2), str_make(s->after.key, s->after.key_n)));
    if (!at.p) {
        walk_close(&w);
        return out_of_memory(s->op);
    }
    bool below = str_cmp(at, from) < 0, above = str_cmp(at, to) >= 0, falls = sort_falls(sort);
    bool over = later && (falls ? below : above), none = falls ? above : below;
    err e = OK; /* none, over: behind what stands aside, outside of the hull */
    if (!over)
        e = walk_seek(s->op, &w, none ? start : at, later && !none ? s->after.rid : 0, falls);
    if (e == OK)
        e = along_keys(d, h, &w);
    walk_close(&w);
    return e;
}

err walk_by_key(struct drive *d)
{
    struct search *s = d->s;
    const struct store_sort *sort = &s->q->sort;
    bool from_keyless = s->later && s->after.keyless, from_key = s->later && !from_keyless;
    struct hull h;
    TRY(hull_make(d, &h));
    TRY(hull_offer_aside(d, &h));
    bool keyless = h.n == 0; /* what has no key fits no clause that asks for one */
    if (keyless && (sort->backwards ? !from_key : from_keyless))
        TRY(along_keyless(d));
    if ((from_keyless && !sort->backwards) || search_enough(s))
        return OK;
    TRY(through(d, &h, from_key));
    return sort->backwards || !keyless || search_enough(s) ? OK : along_keyless(d);
}

/* What a transaction left of the type, and may be on the page. */
struct row {
    uint64_t rid, vid;
};
typedef VEC(struct row) row_list;

static err row_read(const struct search *s, struct op *op, uint64_t t, str log, row_list *ret)
{
    const struct store_sort *sort = &s->q->sort;
    uint64_t time, comp, type = 0;
    uint8_t kind = 0;
    bool good = take_varint(&log, &time);
    while (good && log.n) {
        struct row r;
        good = take_varint(&log, &r.rid) && take_varint(&log, &r.vid) && take_varint(&log, &type) &&
               take_varint(&log, &comp) && take_u8(&log, &kind);
        struct hit h = {.rid = r.rid, .t = t};
        if (good && type == s->q->type && kind != CHANGE_DELETE &&
            !(s->later && hit_order(sort, &h, &s->after) <= 0))
            VEC_PUSH(op->arena, ret, r);
    }
    if (!good)
        return damaged(s->op, "log");
    return arena_failed(op->arena) ? out_of_memory(s->op) : OK;
}

static int by_number(const void *x, const void *y)
{
    const struct row *a = x, *b = y;
    return a->rid < b->rid ? -1 : a->rid > b->rid;
}

#define CHANGES_A_STEP 16u /* of a row of the log, read and put in order */

/* One transaction, in order of number: a bulk load has thousands in it, and a page needs few. */
static err row_changes(struct drive *d, uint64_t t, str log, struct arena *scratch)
{
    struct search *s = d->s;
    struct op inner;
    row_list rows = {.n = 0};
    op_init(&inner, scratch, NULL, s->op->now);
    TRY(row_read(s, &inner, t, log, &rows));
    TRY(search_tick(s));
    search_spend(s, 1 + rows.n / CHANGES_A_STEP);
    if (rows.n > 1)
        qsort(rows.at, rows.n, sizeof *rows.at, by_number);
    for (size_t i = 0; i < rows.n && !search_enough(s); i++) {
        const struct row *at = &rows.at[sort_falls(&s->q->sort) ? rows.n - 1 - i : i];
        struct version newest = {.doc.rid = 0};
        bool fits = true;
        TRY(search_tick(s));
        TRY(drive_probe(d, d->by[0] ? 0 : 1, at->rid, &fits)); /* of the type it is */
        if (fits)
            TRY(version_newest(s->op, s->v->snap, s->v->s->ops, at->rid, &newest));
        if (fits && newest.doc.vid == at->vid)
            TRY(drive_check(d, at->rid));
        if (arena_failed(s->op->arena))
            return out_of_memory(s->op);
    }
    return OK;
}

err walk_by_time(struct drive *d)
{
    struct search *s = d->s;
    bool reverse = sort_falls(&s->q->sort);
    struct store_cursor *c = NULL;
    char from[8];
    uint64_t start = s->later ? s->after.t + (reverse ? 1 : 0) : reverse ? INT64_MAX : 0;
    struct arena *scratch = arena_new(0);
    if (!scratch)
        return out_of_memory(s->op);
    u64_write(from, start);
    err e = s->v->s->ops->cursor_open(s->op, s->v->snap, SPACE_LOG, &c);
    if (e == OK)
        e = s->v->s->ops->cursor_seek(s->op, c, str_make(from, 8), reverse);
    d->placed = false;
    if (e == OK)
        e = marks_pass_log(d, c);
    while (e == OK && c->valid && !search_enough(s)) {
        e = row_changes(d, u64_read(c->key.p), c->value, scratch);
        arena_reset(scratch);
        if (e == OK)
            e = s->v->s->ops->cursor_next(s->op, c);
        if (e == OK)
            e = marks_pass_log(d, c);
    }
    if (c)
        s->v->s->ops->cursor_close(c);
    arena_free(scratch);
    return e;
}
