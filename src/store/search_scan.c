/* Search inside one patient compartment: reads the key sets of all its resources of the type in one
 * sweep and decides on them. */
#include "store/search_int.h"

err search_scan(struct search *s)
{
    struct fwd f;
    const struct store_sort *sort = &s->q->sort;
    bool in_order = sort->order == ORDER_RID && !sort_falls(sort);
    s->lead = LEAD_COMPARTMENT;
    uint64_t from = in_order && s->later && !s->q->total ? s->after.rid : 0;
    TRY(fwd_open(s->op, s->v, s->q->comp, s->q->type, from, &f));
    err e = OK;
    while (e == OK && f.valid) {
        if (!(s->later && f.at.t > s->t) && entry_fits(s->q, &f.at))
            search_offer(s, &f.at);
        if (in_order && search_enough(s))
            break;
        e = search_tick(s);
        if (e == OK)
            e = fwd_next(s->op, &f);
    }
    fwd_close(&f);
    return e;
}
