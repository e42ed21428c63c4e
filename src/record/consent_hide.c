/* What Consents hide from a search, taken out of it before it runs: so that its counts, its order
 * and where its pages end tell nothing. Only the records of patients who denied something are
 * looked at; when those are too many, every candidate is (plan->careful), within the ceilings of
 * any search. */
#include "record/consent_int.h"

static int by_rid(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

struct hider {
    struct op *op;
    struct record *rec;
    struct plan *plan;
    VEC(uint64_t) rids;
    size_t looked;
};

static void careful(struct plan *plan)
{
    plan->verify = true;
    plan->careful = true;
}

/* The candidates in one patient's record. */
static err of_patient(struct hider *h, uint64_t patient)
{
    struct op *op = h->op;
    struct store_query q = h->plan->q;
    struct store_found found = {0};
    q.comp = patient;
    q.limit = RECORD_CANDIDATES_MAX - h->looked;
    q.total = false;
    if (q.limit)
        TRY(store_search(op, h->rec->store, &q, &found));
    h->looked += found.n;
    if (found.more || !q.limit) {
        careful(h->plan);
        return OK;
    }
    for (size_t i = 0; i < found.n; i++) {
        struct store_doc d;
        TRY(search_late(op, i));
        TRY(store_get(op, h->rec->store, found.rids[i], &d));
        if (!access_may_see(op, h->rec, h->plan, &d))
            VEC_PUSH(op->arena, &h->rids, found.rids[i]);
    }
    return op_check(op);
}

static err take_out(struct hider *h)
{
    struct plan *plan = h->plan;
    size_t n = plan->q.n_clauses;
    if (h->rids.n == 0 || plan->careful)
        return OK;
    struct store_clause *clauses = ARENA_ARRAY(h->op->arena, struct store_clause, n + 1);
    TRY(op_check(h->op));
    if (n)
        memcpy(clauses, plan->q.clauses, n * sizeof *clauses);
    qsort(h->rids.at, h->rids.n, sizeof *h->rids.at, by_rid);
    clauses[n] = (struct store_clause){.kind = CLAUSE_RIDS,
                                       .negate = true,
                                       .label = LABEL_ACCESS,
                                       .rids = h->rids.at,
                                       .n_rids = h->rids.n};
    plan->q.clauses = clauses;
    plan->q.n_clauses = n + 1;
    return OK;
}

err consent_hide(struct op *op, struct record *rec, fhir_type type, struct plan *plan)
{
    uint64_t patients[CONSENT_PATIENTS_MAX];
    size_t n = 1;
    bool many = false, one;
    struct hider h = {.op = op, .rec = rec, .plan = plan};
    if (!op->actor || !consent_binds(op->actor->role) || plan->empty || plan->own)
        return OK;
    patients[0] = plan->q.comp;
    if (!plan->q.comp)
        TRY(consent_patients(op, rec, patients, &n, &many));
    /* what lives in nobody's record may name any patient */
    if (many || (n && !plan->q.comp && type_many(type, &one) && !one))
        careful(plan);
    for (size_t i = 0; i < n && !plan->careful; i++)
        if (consent_hides_type(op, rec, patients[i], type, false))
            TRY(of_patient(&h, patients[i]));
    return take_out(&h);
}
