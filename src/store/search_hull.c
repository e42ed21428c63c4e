/* The part of the order's keys where matches can stand: when no resource has two of them, a clause
 * that asks for such keys bounds the walk, and the key alone decides it. What fits the clause by
 * another key (a date range by its end) stands anywhere; a few of those are set aside and offered
 * by themselves. Invariant: every match has its key in the hull or stands aside. */
#include "store/search_int.h"

#define ASIDE_MAX 256u

static str smaller(str a, str b)
{
    return !a.p || str_cmp(b, a) < 0 ? b : a;
}

static str larger(str a, str b)
{
    return !a.p || str_cmp(b, a) > 0 ? b : a;
}

/* first, last: of all the order's keys. */
static err add(struct drive *d, const struct store_clause *c, str first, str last, struct hull *h)
{
    struct op *op = d->s->op;
    struct store_range *others = ARENA_ARRAY(op->arena, struct store_range, c->n_ranges + 1);
    struct rids aside = {.v = d->s->v, .type = d->s->q->type, .ranges = others, .wide = true};
    str lo = STR_NONE, hi = STR_NONE;
    if (!others)
        return out_of_memory(op);
    for (size_t i = 0; i < c->n_ranges; i++) {
        const struct store_range *r = &c->ranges[i];
        if (str_cmp(r->lo, first) >= 0 && str_cmp(r->hi, last) <= 0) {
            lo = smaller(lo, r->lo);
            hi = larger(hi, r->hi);
        } else {
            others[aside.n_ranges++] = *r;
        }
    }
    if (!lo.p)
        return OK;
    TRY(rids_collect(op, &aside, ASIDE_MAX));
    if (!aside.listed)
        return OK; /* too many elsewhere: it bounds nothing */
    h->by[h->n] = c;
    h->aside[h->n++] = aside;
    h->lo = larger(h->lo, lo);
    h->hi = smaller(h->hi, hi);
    return OK;
}

err hull_make(struct drive *d, struct hull *ret)
{
    const struct store_query *q = d->s->q;
    uint16_t param = q->sort.param, above = (uint16_t)(param + 1);
    char first[2] = {(char)(param >> 8), (char)param}, last[2] = {(char)(above >> 8), (char)above};
    struct hull h = {.lo = arena_str(d->s->op->arena, str_make(first, 2)),
                     .hi = arena_str(d->s->op->arena, str_make(last, 2))};
    if (!h.lo.p || !h.hi.p)
        return out_of_memory(d->s->op);
    str from = h.lo, to = h.hi;
    for (size_t i = 0; q->sort.single && i < q->n_clauses && h.n < HULL_CLAUSES; i++) {
        const struct store_clause *c = &q->clauses[i];
        if (c->kind == CLAUSE_RANGES && !c->negate)
            TRY(add(d, c, from, to, &h));
    }
    *ret = h;
    return OK;
}

static bool is_aside(const struct hull *h, size_t n, uint64_t rid)
{
    bool found = false;
    for (size_t i = 0; i < n && !found; i++)
        found = list_has(h->aside[i].list, h->aside[i].n_list, rid);
    return found;
}

err hull_offer_aside(struct drive *d, const struct hull *h)
{
    struct search *s = d->s;
    for (size_t i = 0; i < h->n; i++) {
        for (size_t k = 0; k < h->aside[i].n_list; k++) {
            uint64_t rid = h->aside[i].list[k];
            bool fits = !is_aside(h, i, rid);
            TRY(search_tick(s));
            if (fits)
                TRY(drive_probe(d, 0, rid, &fits));
            if (fits)
                TRY(drive_check(d, rid));
        }
    }
    s->streamed = 0;
    return OK;
}

enum hull_verdict hull_decide(const struct drive *d, const struct hull *h,
                              const struct fwd_entry *e)
{
    enum hull_verdict v = d->s->q->comp ? HULL_UNKNOWN : HULL_FITS;
    if (is_aside(h, h->n, e->rid))
        return HULL_NOT;
    for (size_t i = 0; i < d->n_rest; i++) {
        const struct store_clause *c = d->rest[i];
        bool bounds = false;
        if (c->kind == CLAUSE_RANGES && !c->negate && clause_fits(c, e))
            continue;
        for (size_t k = 0; k < h->n && !bounds; k++)
            bounds = h->by[k] == c;
        if (bounds)
            return HULL_NOT;
        v = HULL_UNKNOWN;
    }
    return v;
}
