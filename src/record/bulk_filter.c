/* Filters of an export that ask more than the resource itself: chains, lists, trees of codes. They
 * are searches as of the export's moment, restricted to what a slice holds, some thousands at a
 * time. Invariant: each chunk has the ceilings of a search; past them the job ends with the reason,
 * never with less than was asked for. */
#include "record/clause_int.h"
#include "record/custom.h"

#define CHUNK 4000u

bool export_searches(const struct fhir_query *q)
{
    for (size_t i = 0; i < q->n; i++) {
        enum fhir_modifier m = q->clauses[i].modifier;
        if (q->clauses[i].chain || m == MOD_LIST || m == MOD_ABOVE || m == MOD_BELOW ||
            m == MOD_IN || m == MOD_NOT_IN)
            return true;
    }
    return false;
}

#define DEPTH 16u

/* Keys of a posted parameter that are still being made cannot be searched. */
static err ready(struct op *op, struct record *rec, const struct fhir_query *q, unsigned depth)
{
    for (size_t i = 0; i < q->n; i++) {
        const struct fhir_clause *c = &q->clauses[i];
        const struct fhir_custom *own = custom_by_number(rec, c->param->number);
        if (own && atomic_load(own->percent) < 100)
            return fail(op, ERR_INVALID,
                        "%s is being made searchable; a _typeFilter that follows references has to "
                        "wait for it.",
                        c->param->code);
        for (size_t k = 0; c->chain && k < c->n_chain && depth < DEPTH; k++)
            TRY(ready(op, rec, &c->chain[k], depth + 1));
    }
    return OK;
}

err export_filter_check(struct op *op, struct record *rec, const struct fhir_query *q)
{
    struct plan plan;
    if (!export_searches(q))
        return OK;
    TRY(ready(op, rec, q, 0));
    return plan_make(op, rec, q, store_now_t(rec->store), &plan);
}

static err chunk(struct op *op, struct record *rec, const struct export_filter *f,
                 const uint64_t *rids, size_t n, bool *ret_holds)
{
    struct plan plan;
    struct store_found found = {0};
    TRY(plan_make(op, rec, f->q, f->t, &plan));
    if (plan.empty)
        return OK;
    struct store_clause *all = ARENA_ARRAY(op->arena, struct store_clause, plan.q.n_clauses + 1);
    TRY(op_check(op));
    if (plan.q.n_clauses)
        memcpy(all, plan.q.clauses, plan.q.n_clauses * sizeof *all);
    all[plan.q.n_clauses++] = (struct store_clause){.kind = CLAUSE_RIDS, .rids = rids, .n_rids = n};
    plan.q.clauses = all;
    plan.q.limit = n;
    plan.q.after = store_position(op, f->t, false);
    TRY(store_search(op, rec->store, &plan.q, &found));
    for (size_t i = 0, at = 0; i < found.n; i++) {
        struct store_doc d;
        bool ok = true;
        if (plan.verify)
            TRY(search_fetch(op, rec, f->q, &plan, found.rids[i], f->t, &d, &ok));
        while (at < n && rids[at] < found.rids[i])
            at++;
        if (at < n && rids[at] == found.rids[i])
            ret_holds[at] |= ok;
    }
    return op_check(op);
}

err export_filter(struct op *op, struct record *rec, const struct export_filter *f,
                  const uint64_t *rids, size_t n, bool *ret_holds)
{
    for (size_t at = 0; at < n; at += CHUNK) {
        struct op inner;
        struct arena *scratch = arena_new(0);
        if (!scratch)
            return fail(op, ERR_UNAVAILABLE, "No memory left to export.");
        op_init(&inner, scratch, op->actor, op->now);
        err e = chunk(&inner, rec, f, rids + at, n - at < CHUNK ? n - at : CHUNK, ret_holds + at);
        if (e != OK)
            e = fail(op, e, "%.*s",
                     STR_ARG(inner.fault.n ? inner.fault.issues[0].message
                                           : STR("The filter cannot be asked.")));
        arena_free(scratch);
        TRY(e);
    }
    return OK;
}
