/* Search inside one patient compartment: reads the key sets of all its resources of the type in one
 * sweep and decides on them. Where there are many, and one clause fits few resources of anybody's,
 * those few are what is left to look at: who sends a reading every five minutes has a hundred
 * thousand of them after a year, and each new one asks whether it is known. */
#include "store/search_int.h"

#define SWEPT 512u /* resources that are swept sooner than a key is asked for */
#define RARE 64u

/* The numbers after `last` that a rare clause has; *ret is not listed when no clause is rare. */
static err rare(struct search *s, uint64_t last, struct rids *ret)
{
    const struct store_query *q = s->q;
    *ret = (struct rids){.listed = false};
    for (size_t i = 0; i < q->n_clauses && !ret->listed; i++) {
        const struct store_clause *c = &q->clauses[i];
        struct rids r = {.v = s->v, .type = q->type, .ranges = c->ranges, .n_ranges = c->n_ranges};
        if (c->kind != CLAUSE_RANGES || c->negate)
            continue;
        TRY(rids_collect(s->op, &r, RARE));
        if (!r.listed)
            continue;
        TRY(rids_seek(s->op, &r, last + 1));
        s->lead = LEAD_CLAUSE;
        s->led = c->label;
        *ret = r;
    }
    return OK;
}

static void offer(struct search *s, const struct fwd_entry *e)
{
    if (!(s->later && e->t > s->t) && entry_fits(s->q, e))
        search_offer(s, e);
}

static err look_at(struct search *s, struct rids *few, bool in_order)
{
    while (few->valid && !(in_order && search_enough(s))) {
        struct fwd_entry e;
        TRY(fwd_get(s->op, s->v, s->q->comp, s->q->type, few->rid, &e));
        if (e.rid)
            offer(s, &e);
        TRY(search_tick(s));
        TRY(rids_next(s->op, few));
    }
    return OK;
}

err search_scan(struct search *s)
{
    struct fwd f;
    struct rids few = {.listed = false};
    const struct store_sort *sort = &s->q->sort;
    bool in_order = sort->order == ORDER_RID && !sort_falls(sort);
    s->lead = LEAD_COMPARTMENT;
    uint64_t from = in_order && s->later && !s->q->total ? s->after.rid : 0;
    TRY(fwd_open(s->op, s->v, s->q->comp, s->q->type, from, &f));
    err e = OK;
    for (size_t n = 1; e == OK && f.valid; n++) {
        offer(s, &f.at);
        if (in_order && search_enough(s))
            break;
        if (n == SWEPT)
            e = rare(s, f.at.rid, &few);
        if (few.listed)
            break;
        if (e == OK)
            e = search_tick(s);
        if (e == OK)
            e = fwd_next(s->op, &f);
    }
    fwd_close(&f);
    return e == OK && few.listed ? look_at(s, &few, in_order) : e;
}
