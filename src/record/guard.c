/* What makes a conditional write exact: between the look and the commit nothing else may come to
 * match; what did match is written at its version, so it cannot have changed either.
 * Where keys decide, the query itself is asked again at the commit. Where documents had to be read,
 * they may not have changed, and nobody else may have come among those whose keys fit.
 * Invariant: a guard that holds at the commit means that the look would find nothing again. */
#include "record/record_int.h"

static err too_wide(struct op *op)
{
    return fail(op, ERR_TOO_COSTLY,
                "More than %u resources would have to be looked at for this condition; make it "
                "narrower.",
                RECORD_GUARDED_MAX);
}

/* The question asked at the commit: is there anything else? */
static void make(struct op *op, const struct plan *plan, struct guard *g, const uint64_t *known,
                 size_t n_known)
{
    size_t n = plan->q.n_clauses;
    g->none = plan->q;
    if (!n_known)
        return;
    struct store_clause *clauses = ARENA_ARRAY(op->arena, struct store_clause, n + 1);
    if (!clauses)
        return; /* shows in op_check() */
    if (n)
        memcpy(clauses, plan->q.clauses, n * sizeof *clauses);
    clauses[n] = (struct store_clause){
        .kind = CLAUSE_RIDS, .negate = true, .rids = known, .n_rids = n_known};
    g->none.clauses = clauses;
    g->none.n_clauses = n + 1;
}

struct question {
    struct op *op;
    struct record *rec;
    const struct fhir_query *q;
    const struct plan *plan;
    size_t max;
};

/* Reads what the keys cannot decide; stops when there are too many matches. */
static err look(const struct question *x, const struct store_found *found, struct guard *g,
                struct guard_found *ret)
{
    g->seen = found->rids;
    g->vids = ARENA_ARRAY(x->op->arena, uint32_t, found->n ? found->n : 1);
    ret->rids = ARENA_ARRAY(x->op->arena, uint64_t, x->max + 1);
    TRY(op_check(x->op));
    for (size_t i = 0; i < found->n && ret->n <= x->max; i++) {
        struct store_doc d = {0};
        bool ok;
        TRY(search_late(x->op, i));
        TRY(search_fetch(x->op, x->rec, x->q, x->plan, found->rids[i], 0, &d, &ok));
        g->vids[g->n_seen++] = d.vid;
        if (ok)
            ret->rids[ret->n++] = found->rids[i];
    }
    return OK;
}

err guard_look(struct op *op, struct record *rec, const struct fhir_query *q, struct plan *plan,
               size_t max, struct guard_found *ret)
{
    struct store_found found = {0};
    *ret = (struct guard_found){0};
    if (plan->empty)
        return OK;
    struct guard *g = ARENA_NEW(op->arena, struct guard);
    TRY(op_check(op));
    plan->q.limit = plan->verify ? RECORD_GUARDED_MAX : max + 1;
    TRY(store_search(op, rec->store, &plan->q, &found));
    if (plan->verify && found.more)
        return too_wide(op);
    if (plan->verify) {
        TRY(look(&(struct question){op, rec, q, plan, max}, &found, g, ret));
    } else {
        ret->n = found.n;
        ret->rids = found.rids;
    }
    make(op, plan, g, found.rids, plan->verify ? g->n_seen : found.n);
    ret->guard = g;
    return op_check(op);
}

void guard_put(struct store_tx *stx, const struct guard *g)
{
    store_tx_expect_none(stx, &g->none);
    for (size_t i = 0; i < g->n_seen; i++)
        store_tx_expect_version(stx, g->seen[i], g->vids[i]);
}
