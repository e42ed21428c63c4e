/* Marks: for the first bytes of a lead (a code, say) the places that its resources have in the
 * order of another parameter, and in the log, as lists of numbers under keys of the store's own.
 * They name no resource, so thousands share one; none is taken away: one too many costs a step.
 * Invariant: a living resource with a lead has a mark where its order keys and its version lie, in
 * the same tail as its keys or below it. */
#include "store/marks_int.h"

void mark_key(char out[MARK_BYTES], enum mark_kind kind, str lead)
{
    out[0] = out[1] = 0;
    out[2] = (char)kind;
    memcpy(out + 3, lead.p + 2, STORE_LEAD_BYTES);
}

uint64_t mark_place(str key)
{
    char first[RID_BYTES] = {0};
    str value = str_sub(key, 2, 2 + RID_BYTES);
    if (value.n)
        memcpy(first, value.p, value.n);
    uint64_t place = rid_read(first);
    return place < RID_MAX ? place : RID_MAX - 1;
}

static bool mark(struct tail_batch *b, const struct pend *p, str lead, const str *order)
{
    char key[MARK_BYTES];
    uint64_t t = p->kept_t ? p->kept_t : b->t;
    mark_key(key, order ? MARK_ORDER : MARK_LOG, lead);
    return tail_join(b, p->type, str_make(key, sizeof key),
                     order ? mark_place(*order) : t >> MARK_LOG_BITS);
}

/* The part of a set that begins with the parameter's keys. */
static str keys_from(str set, uint16_t param)
{
    str rest = set, key;
    while (keyset_next(&rest, &key) && key_param(key) < param)
        set = rest;
    return set;
}

bool marks_put(struct tail_batch *b, const struct pend *p)
{
    str leads, orders, lead, order;
    if (!p->marks.lead || p->died)
        return true;
    leads = keys_from(p->set, p->marks.lead);
    orders = keys_from(p->set, p->marks.order);
    while (keyset_next(&leads, &lead) && key_param(lead) == p->marks.lead) {
        if (lead.n < 2 + STORE_LEAD_BYTES)
            continue;
        if (!mark(b, p, lead, NULL))
            return false;
        for (str rest = orders; keyset_next(&rest, &order) && key_param(order) == p->marks.order;)
            if (!mark(b, p, lead, &order))
                return false;
    }
    return true;
}
