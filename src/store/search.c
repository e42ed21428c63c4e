/* Search: checks the query, chooses the way (compartment sweep, or the most selective clause
 * leading), cuts the page. See search_int.h for how later pages stay true to the first. */
#include "store/search_int.h"

#define FEW_RIDS 64u

static err check_query(struct op *op, const struct store_query *q)
{
    if (q->limit > LIMIT_MAX)
        return fail(op, ERR_TOO_COSTLY, "a page has at most %u results", LIMIT_MAX);
    if (q->all && (q->limit || q->after.n))
        return fail(op, ERR_INVALID, "everything is no page");
    if (q->after.n && !q->keys_of)
        return fail(op, ERR_INVALID, "a later page needs a way to extract keys");
    for (size_t i = 0; i < q->n_clauses; i++) {
        const struct store_clause *c = &q->clauses[i];
        for (size_t k = 0; c->kind == CLAUSE_RANGES && k < c->n_ranges; k++) {
            if (c->ranges[k].lo.n < 2 || c->ranges[k].lo.n > KEY_MAX || c->ranges[k].hi.n < 2 ||
                c->ranges[k].hi.n > KEY_MAX)
                return fail(op, ERR_INVALID, "a search key is too short or too long");
        }
    }
    return OK;
}

/* A handful of given numbers is looked up one by one rather than by sweeping the compartment. */
static bool few(const struct store_query *q)
{
    for (size_t i = 0; i < q->n_clauses; i++) {
        const struct store_clause *c = &q->clauses[i];
        if (c->kind == CLAUSE_RIDS && !c->negate && c->n_rids <= FEW_RIDS)
            return true;
    }
    return false;
}

static err cut(struct search *s, struct store_found *ret)
{
    const struct store_query *q = s->q;
    struct store_found found = {
        .t = s->t, .total = s->total, .steps = s->work, .lead = s->lead, .led = s->led};
    struct store_sort other = q->sort;
    other.backwards = !other.backwards;
    if (arena_failed(s->op->arena))
        return out_of_memory(s->op);
    if (s->total > q->all && q->all)
        return fail(s->op, ERR_TOO_COSTLY, "More than %zu resources match; narrow the search.",
                    q->all);
    if (q->all) {
        found.rids = s->all.at;
        found.n = s->all.n;
        *ret = found;
        return OK;
    }
    top_finish(&s->top, &q->sort);
    found.more = s->top.n > q->limit;
    found.n = found.more ? q->limit : s->top.n;
    found.rids = ARENA_ARRAY(s->op->arena, uint64_t, found.n + 1);
    if (!found.rids)
        return out_of_memory(s->op);
    for (size_t i = 0; i < found.n; i++)
        found.rids[i] = s->top.at[i].rid;
    if (found.n) {
        found.back = position_write(s->op, &other, s->t, &s->top.at[0]);
        if (!found.back.p)
            return out_of_memory(s->op);
    }
    if (found.more) {
        found.next = position_write(s->op, &q->sort, s->t, &s->top.at[found.n - 1]);
        if (!found.next.p)
            return out_of_memory(s->op);
    }
    *ret = found;
    return OK;
}

err search_in(struct op *op, const struct view *v, const struct store_query *q,
              struct store_found *ret)
{
    struct search s = {.op = op, .v = v, .q = q, .t = v->t};
    TRY(check_query(op, q));
    if (q->after.n) {
        TRY(position_read(op, q->after, &q->sort, &s.t, &s.after));
        if (s.t > v->t)
            return fail(op, ERR_INVALID, "the page position does not belong to this search");
        s.later = true;
    }
    TRY(top_init(op, &s.top, q->limit ? q->limit + 1 : 0));
    if (s.later && s.t < v->t)
        TRY(search_past(&s));
    TRY(q->comp && !few(q) ? search_scan(&s) : search_drive(&s));
    return cut(&s, ret);
}

err store_search(struct op *op, struct store *s, const struct store_query *q,
                 struct store_found *ret)
{
    struct view v;
    TRY(view_open(op, s, &v));
    err e = search_in(op, &v, q, ret);
    view_close(&v);
    return e;
}
