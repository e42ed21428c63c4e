/* What a condition means now, and what makes that hold until the commit
 * (https://hl7.org/fhir/R4/http.html#cond-update). Invariant: a condition finds what the actor
 * could have searched for, or wrote, and its question is in the trail as a search. */
#include "record/custom.h"
#include "record/entry_int.h"

err version_check(struct op *op, str if_match, uint32_t vid)
{
    uint64_t asked;
    if (str_empty(if_match))
        return OK;
    if (str_starts(if_match, STR("W/")))
        if_match = str_sub(if_match, 2, if_match.n);
    if (if_match.n > 1 && str_starts(if_match, STR("\"")) && str_ends(if_match, STR("\"")))
        if_match = str_sub(if_match, 1, if_match.n - 1);
    if (!str_to_u64(if_match, STORE_VID_MAX, &asked))
        return fail(op, ERR_INVALID,
                    "If-Match takes the version number of the resource, as W/\"3\".");
    if (asked != vid)
        return fail(op, ERR_PRECONDITION,
                    "The resource was changed since: it is not at the version that If-Match names. "
                    "Read it again and repeat the change.");
    return OK;
}

/* "Patient?identifier=x", "?identifier=x" and "identifier=x" are the same condition. */
static str condition_of(fhir_type type, str query)
{
    str name = fhir_type_name(type);
    if (str_starts(query, name) && query.n > name.n && query.p[name.n] == '?')
        return str_sub(query, name.n + 1, query.n);
    return str_starts(query, STR("?")) ? str_sub(query, 1, query.n) : query;
}

err match_some(struct op *op, struct record *rec, fhir_type type, str query, size_t max,
               struct matches *ret)
{
    const struct fhir_query *q;
    struct plan plan;
    struct guard_found found;
    TRY(record_query_read(op, rec, type, condition_of(type, query), false, &q));
    if (q->n == 0)
        return fail(op, ERR_INVALID, "A condition needs at least one search parameter.");
    TRY(plan_condition(op, rec, q, &plan));
    TRY(guard_look(op, rec, q, &plan, max, &found));
    struct matches m = {.n = found.n, .guard = found.guard};
    struct record_page page = {.n = found.n};
    m.docs = ARENA_ARRAY(op->arena, struct store_doc, found.n + 1);
    page.docs = ARENA_ARRAY(op->arena, struct record_doc, found.n + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < found.n; i++) {
        TRY(peek_named(op, rec, found.rids[i], &m.docs[i]));
        page.docs[i].patient = m.docs[i].comp;
    }
    if (!plan.own)
        TRY(search_told(op, rec, &(struct search_part){.q = q, .plan = plan}, 1, &page));
    *ret = m;
    return op_check(op);
}

err match_one(struct op *op, struct record *rec, fhir_type type, str query, size_t *ret_n,
              struct store_doc *ret, const struct guard **ret_guard)
{
    struct matches m = {0};
    TRY(match_some(op, rec, type, query, 1, &m));
    if (m.n)
        *ret = m.docs[0];
    *ret_n = m.n;
    *ret_guard = m.guard;
    return OK;
}
