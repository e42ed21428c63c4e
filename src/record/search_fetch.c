/* From numbers to documents: what the store found, fetched as it was at the moment shown, asked of
 * policy and, where the keys cannot tell, matched again. Invariant: nothing is given out that the
 * actor may not see, as it was then or as it is now. */
#include "record/record_int.h"

err search_fetch(struct op *op, struct record *rec, const struct fhir_query *q,
                 const struct plan *plan, uint64_t rid, uint64_t t, struct store_doc *ret,
                 bool *ret_ok)
{
    struct fault before = op->fault;
    *ret_ok = false;
    err e = store_get(op, rec->store, rid, ret);
    if (e == OK && t && ret->t > t) {
        if (!access_may_see(op, rec, plan, ret))
            return op_check(op);
        e = store_get_at(op, rec->store, rid, t, ret);
    }
    if (e == ERR_NOT_FOUND) {
        op->fault = before;
        return OK;
    }
    TRY(e);
    if (ret->deleted || !(plan->own || access_may_see(op, rec, plan, ret)))
        return op_check(op);
    *ret_ok = true;
    return q && plan->verify ? plan_holds(op, rec, plan, ret, ret_ok) : OK;
}

static err too_many(struct op *op)
{
    return fail(op, ERR_TOO_COSTLY,
                "More than %u resources would have to be looked at; narrow the search.",
                RECORD_CANDIDATES_MAX);
}

err search_rids(struct op *op, struct record *rec, const struct fhir_query *q, struct plan *plan,
                size_t max, uint64_t **ret, size_t *ret_n)
{
    struct store_found found = {0};
    bool all = plan->verify || max == 0;
    *ret = NULL;
    *ret_n = 0;
    if (plan->empty)
        return OK;
    plan->q.limit = all ? RECORD_CANDIDATES_MAX : max;
    TRY(store_search(op, rec->store, &plan->q, &found));
    if (all && found.more)
        return too_many(op);
    *ret = found.rids;
    *ret_n = found.n;
    if (!plan->verify)
        return OK;
    size_t kept = 0;
    for (size_t i = 0; i < found.n && (kept < max || max == 0); i++) {
        struct store_doc d;
        bool ok;
        TRY(search_late(op, i));
        TRY(search_fetch(op, rec, q, plan, found.rids[i], 0, &d, &ok));
        if (ok)
            found.rids[kept++] = found.rids[i];
    }
    *ret_n = kept;
    return OK;
}
