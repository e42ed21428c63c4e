/* What Consents hide from a search, taken out of it before it runs: so that its counts, its order
 * and where its pages end tell nothing. Only the records of patients who denied something are
 * looked at; when those are too many, every candidate is (plan->careful), within the ceilings of
 * any search. */
#include "record/clause_int.h"
#include "record/points_int.h"

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

/* The candidates in one patient's record; 0: in any. */
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

/* Of those, who hold one condition more. */
static err of_those(struct hider *h, uint64_t patient, struct store_clause one)
{
    struct plan *plan = h->plan;
    size_t n = plan->q.n_clauses;
    struct store_clause *clauses = ARENA_ARRAY(h->op->arena, struct store_clause, n + 1);
    TRY(op_check(h->op));
    if (n)
        memcpy(clauses, plan->q.clauses, n * sizeof *clauses);
    clauses[n] = one;
    struct store_query before = plan->q;
    plan->q.clauses = clauses;
    plan->q.n_clauses = n + 1;
    err e = of_patient(h, patient);
    plan->q.clauses = before.clauses;
    plan->q.n_clauses = before.n_clauses;
    return e;
}

/* What names somebody at an address may name a patient of ours, and live in nobody's record. */
static err of_foreign(struct hider *h, fhir_type type)
{
    struct op *op = h->op;
    struct plan *plan = h->plan;
    struct range_set s = {.op = op, .rec = h->rec};
    const struct fhir_param *p;
    for (size_t i = 0; (p = fhir_param_at(type, i)); i++) {
        struct kb k = kb_param(p->number);
        if (p->type != PARAM_REFERENCE || p->alias)
            continue;
        kb_u8(&k, TAG_REF_TEXT);
        range_add(&s, IN_OR, range_prefix(op->arena, &k, STR_NONE, 0));
    }
    if (s.or.n == 0 || plan->careful)
        return op_check(op);
    return of_those(h, 0, (struct store_clause){.ranges = s.or.at, .n_ranges = s.or.n});
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

/* Of a patient who does not share the type nothing is looked at, whatever is there and how much. */
static bool unshared(struct op *op, struct record *rec, fhir_type type, const struct plan *plan)
{
    return plan->q.comp && policy_by_share(op->actor, ACTION_READ, type) &&
           consent_hides_type(op, rec, plan->q.comp, type, true);
}

/* Of everybody: whose it is decides, whether or not they denied anything. */
static bool asks_each(const struct op *op, const struct record *rec, fhir_type type)
{
    return (rec->relationship && consent_needs_relation(op->actor->role)) ||
           policy_by_share(op->actor, ACTION_READ, type);
}

/* What names a bill that its patient keeps. */
static err of_pointers(struct hider *h)
{
    if (!points_asks(h->op->actor) || h->plan->careful || h->plan->empty)
        return OK;
    return of_those(h, h->plan->q.comp, points_clause(h->op, h->rec));
}

err points_leave(struct op *op, struct record *rec, struct plan *plan)
{
    struct hider h = {.op = op, .rec = rec, .plan = plan};
    TRY(of_pointers(&h));
    return take_out(&h);
}

err consent_hide(struct op *op, struct record *rec, fhir_type type, struct plan *plan)
{
    uint64_t patients[CONSENT_PATIENTS_MAX];
    size_t n = 1;
    bool many = false, one;
    struct hider h = {.op = op, .rec = rec, .plan = plan};
    if (!op->actor || !consent_binds(consent_role(op->actor)) || plan->empty || plan->own)
        return OK;
    patients[0] = plan->q.comp;
    plan->empty = unshared(op, rec, type, plan);
    if (plan->empty)
        return OK;
    if (!plan->q.comp)
        TRY(consent_patients(op, rec, patients, &n, &many));
    many |= !plan->q.comp && asks_each(op, rec, type);
    /* what lives in nobody's record may name any patient */
    if (many || (n && !plan->q.comp && type_many(type, &one) && !one))
        careful(plan);
    for (size_t i = 0; i < n && !plan->careful; i++)
        if (consent_hides_type(op, rec, patients[i], type, false))
            TRY(of_patient(&h, patients[i]));
    if (n && !plan->q.comp)
        TRY(of_foreign(&h, type));
    TRY(of_pointers(&h));
    return take_out(&h);
}

/* One type of a patient's: is something hidden that may be named? */
static err hides_some(struct hider *h, uint64_t patient, fhir_type type, bool *ret)
{
    struct store_query q = {.type = type, .comp = patient, .limit = RECORD_CANDIDATES_MAX};
    struct store_found found = {0};
    *ret = false;
    TRY(store_search(h->op, h->rec->store, &q, &found));
    for (size_t i = 0; i < found.n && !*ret && h->looked < RECORD_CANDIDATES_MAX; i++) {
        struct store_doc d;
        TRY(search_late(h->op, h->looked++));
        TRY(store_get(h->op, h->rec->store, found.rids[i], &d));
        *ret = !d.deleted && access_hides_named(h->op, h->rec, &d);
    }
    return OK;
}

static err person_of(struct op *op, struct record *rec, str patient, struct store_doc *ret)
{
    err e = id_get(op, rec, rec->t_patient, patient, ret);
    if (e == ERR_NOT_FOUND)
        return read_missing(op, rec, rec->t_patient, patient);
    TRY(e);
    return access_hides_named(op, rec, ret) ? OK : access_doc(op, rec, ACTION_READ, ret);
}

err record_hidden_beside(struct op *op, struct record *rec, str patient, fhir_type **ret,
                         size_t *ret_n)
{
    struct store_doc d;
    struct hider h = {.op = op, .rec = rec};
    TRY(person_of(op, rec, patient, &d));
    fhir_type *all = ARENA_ARRAY(op->arena, fhir_type, FHIR_TYPE_COUNT + 1u);
    TRY(op_check(op));
    *ret = all;
    *ret_n = 0;
    bool bound = op->actor && consent_binds(consent_role(op->actor));
    bool stranger = relation_lacks(op, rec, d.rid); /* is not told what there is */
    if (stranger)
        all[(*ret_n)++] = rec->t_patient;
    for (fhir_type t = 1; bound && !stranger && t <= FHIR_TYPE_COUNT; t++) {
        bool some = false;
        if (t != rec->t_audit && !policy_by_share(op->actor, ACTION_READ, t) &&
            consent_hides_type(op, rec, d.rid, t, false))
            TRY(hides_some(&h, d.rid, t, &some));
        if (some)
            all[(*ret_n)++] = t;
    }
    return OK;
}

err record_hidden(struct op *op, struct record *rec, str patient, fhir_type **ret, size_t *ret_n)
{
    struct store_doc d;
    TRY(record_hidden_beside(op, rec, patient, ret, ret_n));
    TRY(person_of(op, rec, patient, &d));
    struct audit a = {.action = ACTION_READ,
                      .type = rec->t_patient,
                      .rid = d.rid,
                      .patients = &d.rid,
                      .n_patients = 1,
                      .code = STR("hidden")};
    return audit_append(op, rec, &a);
}
