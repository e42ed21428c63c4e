/* Type search: plan, ask the store, fetch what was found, tell the trail. Orders that the store
 * does not keep are sort.c's, included resources include.c's. Invariant: what a page shows is what
 * the first page's moment showed, and never more than the actor may see. */
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

/* Asks for exactly what the page still lacks, so that a page ends where the store's answer ends. */
static err fill(struct op *op, struct record *rec, const struct fhir_query *q, struct plan *plan,
                struct record_page *ret)
{
    struct store_found found = {0};
    size_t looked = 0;
    plan->q.after = q->page;
    plan->q.sort = sort_in_store(q);
    do {
        plan->q.limit = q->count - ret->n;
        TRY(store_search(op, rec->store, &plan->q, &found));
        for (size_t i = 0; i < found.n; i++) {
            struct store_doc d;
            bool ok;
            TRY(search_late(op, i));
            TRY(search_fetch(op, rec, q, plan, found.rids[i], found.t, &d, &ok));
            if (ok)
                doc_fill(op, rec, &d, &ret->docs[ret->n++]);
        }
        if (plan->q.total && !ret->has_total) {
            ret->has_total = true;
            ret->total = found.total;
        }
        plan->q.total = false;
        plan->q.after = found.next;
        looked += found.n;
    } while (ret->n < q->count && found.more && looked < RECORD_CANDIDATES_MAX);
    if (found.more)
        ret->next = found.next;
    if (!found.more && str_empty(q->page) && !ret->has_total) {
        ret->has_total = true;
        ret->total = ret->n;
    }
    return op_check(op);
}

/* How many match, when hits must be looked at to know. */
static err count_verified(struct op *op, struct record *rec, const struct fhir_query *q,
                          const struct plan *plan, struct record_page *ret)
{
    struct plan again = *plan;
    uint64_t *rids;
    size_t n;
    TRY(search_rids(op, rec, q, &again, 0, &rids, &n));
    ret->has_total = true;
    ret->total = n;
    return OK;
}

static err count_only(struct op *op, struct record *rec, const struct plan *plan,
                      struct record_page *ret)
{
    struct store_query q = plan->q;
    struct store_found found;
    q.limit = 0;
    q.total = true;
    TRY(store_search(op, rec->store, &q, &found));
    ret->has_total = true;
    ret->total = found.total;
    return OK;
}

static err run(struct op *op, struct record *rec, const struct fhir_query *q, struct plan *plan,
               struct record_page *ret)
{
    bool asked = q->total == TOTAL_ACCURATE || q->total == TOTAL_ESTIMATE;
    bool count = q->summary == SUMMARY_COUNT || q->count == 0;
    if (plan->empty) {
        ret->has_total = true;
        return OK;
    }
    if ((asked || count) && plan->verify)
        TRY(count_verified(op, rec, q, plan, ret));
    else if (count)
        TRY(count_only(op, rec, plan, ret));
    if (count)
        return OK;
    if (sort_in_memory(q))
        return search_sorted(op, rec, q, plan, ret);
    plan->q.total = asked && !plan->verify;
    return fill(op, rec, q, plan, ret);
}

/* Names of the parameters, never their values. */
static str names(struct op *op, const struct fhir_query *q)
{
    struct buf b;
    buf_init(&b, op->arena, 1000);
    for (size_t i = 0; i < q->n; i++) {
        if (i)
            buf_char(&b, '&');
        buf_add(&b, str_of(q->clauses[i].param->code));
    }
    return buf_str(&b);
}

#define PATIENTS_TOLD 64u

err search_told(struct op *op, struct record *rec, const struct fhir_query *q,
                const struct plan *plan, const struct record_page *page)
{
    uint64_t patients[PATIENTS_TOLD];
    size_t n = 0;
    if (op->actor && op->actor->role == ROLE_SYSTEM)
        return OK;
    if (plan->q.comp)
        patients[n++] = plan->q.comp;
    struct audit a = {
        .action = ACTION_SEARCH, .type = q->type, .detail = names(op, q), .patients = patients};
    for (size_t i = 0; i < page->n; i++) {
        uint64_t p = page->docs[i].patient;
        bool known = p == 0;
        for (size_t j = 0; j < n && !known; j++)
            known = patients[j] == p;
        if (known)
            continue;
        if (n == PATIENTS_TOLD) { /* the line is full: another one */
            a.n_patients = n;
            TRY(audit_append(op, rec, &a));
            n = 0;
        }
        patients[n++] = p;
    }
    a.n_patients = n;
    return audit_append(op, rec, &a);
}

static err search(struct op *op, struct record *rec, const struct fhir_query *q,
                  struct record_page *ret)
{
    struct plan plan;
    struct record_page page = {
        .docs = ARENA_ARRAY(op->arena, struct record_doc, q->count + RECORD_INCLUDES_MAX)};
    TRY(op_check(op));
    TRY(plan_make(op, rec, q, &plan));
    TRY(run(op, rec, q, &plan, &page));
    page.n_match = page.n;
    if (q->n_includes)
        TRY(search_include(op, rec, q, &page));
    TRY(search_told(op, rec, q, &plan, &page));
    *ret = page;
    return OK;
}

err record_search(struct op *op, struct record *rec, const struct fhir_query *q,
                  struct record_page *ret)
{
    struct fhir_query asked = *q;
    struct record_page page;
    TRY(page_take(op, rec, q, &asked.page));
    TRY(q->type == rec->t_audit ? audit_event_search(op, rec, &asked, &page)
                                : search(op, rec, &asked, &page));
    page.next = page_give(op, rec, q, page.next);
    TRY(op_check(op));
    *ret = page;
    return OK;
}

err record_find(struct op *op, struct record *rec, fhir_type type, str query,
                struct record_page *ret)
{
    const struct fhir_query *q;
    TRY(fhir_query_read(op, type, query, false, &q));
    return record_search(op, rec, q, ret);
}
