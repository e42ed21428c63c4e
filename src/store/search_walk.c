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

static err along_keys(struct drive *d, struct walk *w)
{
    struct search *s = d->s;
    while (w->valid && !search_enough(s)) {
        bool fits = true;
        struct fwd_entry e = {.rid = 0};
        TRY(search_tick(s));
        TRY(drive_probe(d, 0, w->rid, &fits));
        if (fits)
            TRY(drive_read(d, w->rid, &e));
        if (e.rid && is_sort_key(d, w, &e))
            drive_offer(d, &e);
        if (arena_failed(s->op->arena))
            return out_of_memory(s->op);
        TRY(walk_next(s->op, w));
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

err walk_by_key(struct drive *d)
{
    struct search *s = d->s;
    const struct store_sort *sort = &s->q->sort;
    char lo[2] = {(char)(sort->param >> 8), (char)sort->param};
    uint16_t above = (uint16_t)(sort->param + 1);
    char hi[2] = {(char)(above >> 8), (char)above};
    struct walk w;
    str from = ekey_make(s->op->arena, s->q->type, str_make(lo, 2));
    str to = ekey_make(s->op->arena, s->q->type, str_make(hi, 2));
    bool from_keyless = s->later && s->after.keyless, from_key = s->later && !from_keyless;
    if (sort->backwards && !from_key)
        TRY(along_keyless(d));
    else if (from_keyless)
        return along_keyless(d);
    if (search_enough(s))
        return OK;
    TRY(walk_open(s->op, s->v, from, to, &w));
    str start = sort_falls(sort) ? to : from;
    if (from_key)
        start = ekey_make(
            s->op->arena, s->q->type,
            arena_cat(s->op->arena, str_make(lo, 2), str_make(s->after.key, s->after.key_n)));
    if (!start.p)
        return out_of_memory(s->op);
    err e = walk_seek(s->op, &w, start, from_key ? s->after.rid : 0, sort_falls(sort));
    if (e == OK)
        e = along_keys(d, &w);
    walk_close(&w);
    TRY(e);
    return sort->backwards || search_enough(s) ? OK : along_keyless(d);
}

static err row_changes(struct drive *d, uint64_t t, struct arena *scratch)
{
    struct search *s = d->s;
    struct store_change *c = NULL;
    struct op inner;
    size_t n = 0;
    op_init(&inner, scratch, NULL, s->op->now);
    err e = feed_in(&inner, s->v->s->ops, s->v->snap, t - 1, 1, &c, &n);
    if (e != OK)
        return fail(s->op, e, "the change feed cannot be read");
    for (size_t i = 0; i < n; i++) { /* the whole transaction: it is not in order of number */
        const struct store_change *at = &c[i];
        struct version newest = {.doc.rid = 0};
        bool fits = true;
        if (at->type != s->q->type || at->kind == CHANGE_DELETE)
            continue;
        TRY(search_tick(s));
        TRY(drive_probe(d, 0, at->rid, &fits));
        if (fits)
            TRY(version_newest(s->op, s->v->snap, s->v->s->ops, at->rid, &newest));
        if (fits && newest.doc.vid == at->vid)
            TRY(drive_check(d, at->rid));
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
    while (e == OK && c->valid && !search_enough(s)) {
        e = row_changes(d, u64_read(c->key.p), scratch);
        arena_reset(scratch);
        if (e == OK)
            e = s->v->s->ops->cursor_next(s->op, c);
    }
    if (c)
        s->v->s->ops->cursor_close(c);
    arena_free(scratch);
    return e;
}
