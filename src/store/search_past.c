/* Later pages: what changed after the first page's t is left out as it is now and judged as it was
 * then, on keys the caller extracts again from the old version. */
#include "store/search_int.h"

#define BATCH 4096u

typedef VEC(uint64_t) numbers;

struct past {
    numbers changed; /* everything of the type */
    numbers old;     /* existed at t */
};

static int by_rid(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

static size_t sort_unique(numbers *v)
{
    size_t n = 0;
    if (v->n)
        qsort(v->at, v->n, sizeof *v->at, by_rid);
    for (size_t i = 0; i < v->n; i++) {
        if (n == 0 || v->at[n - 1] != v->at[i])
            v->at[n++] = v->at[i];
    }
    return n;
}

static err gather(struct search *s, struct past *p)
{
    const struct store_query *q = s->q;
    struct arena *scratch = arena_new(0);
    struct op inner;
    err e = scratch ? OK : out_of_memory(s->op);
    uint64_t after = s->t;
    size_t seen = 0, n = BATCH;
    while (e == OK && n >= BATCH) {
        struct store_change *c = NULL;
        op_init(&inner, scratch, NULL, s->op->now);
        e = feed_in(&inner, s->v->s->ops, s->v->snap, after, BATCH, &c, &n);
        for (size_t i = 0; e == OK && i < n; i++) {
            after = c[i].t;
            if (c[i].type != q->type || (q->comp && c[i].comp != q->comp))
                continue;
            VEC_PUSH(s->op->arena, &p->changed, c[i].rid);
            if (c[i].vid > 1)
                VEC_PUSH(s->op->arena, &p->old, c[i].rid);
        }
        seen += n;
        arena_reset(scratch);
        if (e != OK)
            e = fail(s->op, e, "the change feed cannot be read");
        else if (seen > CHANGED_MAX || p->old.n > OLD_MAX)
            e = fail(s->op, ERR_GONE, "too much has changed since the first page; search again");
        else if (arena_failed(s->op->arena))
            e = out_of_memory(s->op);
    }
    arena_free(scratch);
    return e;
}

/* As it was at s->t; nothing when it was not there, deleted, or elsewhere. */
static err offer_old(struct search *s, struct op *op, uint64_t rid)
{
    const struct store_query *q = s->q;
    struct version at = {.doc.rid = 0};
    struct store_doc d;
    str *keys = NULL;
    size_t n = 0;
    TRY(version_at(op, s->v, rid, s->t, &at));
    if (at.doc.rid == 0 || at.doc.deleted || (q->comp && at.doc.comp != q->comp))
        return OK;
    TRY(version_open(op, s->v->s, &at, &d));
    TRY(q->keys_of(op, q->ctx, &d, &keys, &n));
    struct fwd_entry e = {.rid = rid, .t = d.t, .time = d.time};
    TRY(keyset_pack(op, keys, n, &e.set));
    if (entry_fits(q, &e))
        search_offer(s, &e);
    return search_tick(s);
}

err search_past(struct search *s)
{
    struct past p = {.changed.n = 0};
    struct op inner;
    TRY(gather(s, &p));
    size_t n = sort_unique(&p.old);
    s->n_changed = sort_unique(&p.changed);
    s->changed = p.changed.at;
    struct arena *scratch = arena_new(0);
    err e = scratch ? OK : out_of_memory(s->op);
    for (size_t i = 0; e == OK && i < n; i++) {
        op_init(&inner, scratch, s->op->actor, s->op->now);
        e = offer_old(s, &inner, p.old.at[i]);
        if (e != OK && s->op->fault.n == 0)
            e = fail(s->op, e, "an earlier version cannot be judged");
        arena_reset(scratch);
    }
    arena_free(scratch);
    s->streamed = 0;
    return e;
}
