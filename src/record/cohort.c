/* The patients that match a search of any type, in bulk: the store's answer page by page, each hit
 * brought down to the record it lives in. Keys decide where they can; documents are looked at one
 * by one only of patients who have a Consent that may deny something, or when the search itself
 * needs it. Invariant: nothing that the actor may not see changes the answer. */
#include "record/cohort.h"
#include "record/clause_int.h"
#include "record/consent_int.h"
#include "record/custom.h"
#include "record/restrict_int.h"
#include "store/reader.h"

#define PAGE 10000u

typedef VEC(uint64_t) numbers;

struct crowd {
    struct op *op;
    struct record *rec;
    const struct fhir_query *q;
    struct plan plan;
    bool veiled, bound_all, some; /* some: the organisation keeps some patients' from the actor */
    numbers bound;                /* patients with a Consent that may deny */
    numbers found;
    uint64_t t;
    size_t seen;
    bool filtered;
    struct arena *page;
};

static const struct actor *house(void)
{
    static const struct actor self = {.role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT};
    return &self;
}

static int by_number(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

static void settle(numbers *v)
{
    bool ordered = true;
    size_t n = 0;
    for (size_t i = 1; i < v->n && ordered; i++)
        ordered = v->at[i - 1] <= v->at[i];
    if (!ordered)
        qsort(v->at, v->n, sizeof *v->at, by_number);
    for (size_t i = 0; i < v->n; i++)
        if (n == 0 || v->at[n - 1] != v->at[i])
            v->at[n++] = v->at[i];
    v->n = n;
}

static void page_op(const struct crowd *c, struct op *ret)
{
    op_init(ret, c->page, c->op->actor, c->op->now);
    ret->deadline = c->op->deadline;
    ret->trace = c->op->trace;
}

static err told(struct crowd *c, err e, const struct op *from)
{
    return e == OK ? OK
                   : fail(c->op, e, "%.*s",
                          STR_ARG(from->fault.n ? from->fault.issues[0].message : STR_NONE));
}

static bool is_bound(const struct crowd *c, uint64_t patient)
{
    return c->bound_all ||
           (c->bound.n && bsearch(&patient, c->bound.at, c->bound.n, sizeof patient, by_number));
}

/* Do Consents, or the organisation, keep the document from who asked? */
static err shown(struct op *op, const struct crowd *c, const struct store_doc *head, bool *ret)
{
    struct store_doc d;
    struct consent_verdict v;
    *ret = true;
    if (c->veiled && c->some && restrict_binds(op, c->rec, head->type, head->comp))
        *ret = false;
    if (!*ret || !is_bound(c, head->comp))
        return OK;
    TRY(store_get(op, c->rec->store, head->rid, &d));
    *ret = c->veiled
               ? !consent_hides(
                     op, c->rec,
                     &(struct consent_question){.action = ACTION_READ, .doc = &d, .open = true}, &v)
               : access_may_see(op, c->rec, &c->plan, &d);
    return op_check(op);
}

static err holds(struct op *op, const struct crowd *c, const struct store_doc *head, bool *ret)
{
    struct store_doc d;
    *ret = true;
    if (c->plan.verify) {
        op->actor = c->veiled ? house() : c->op->actor;
        err e = search_fetch(op, c->rec, c->q, &c->plan, head->rid, 0, &d, ret);
        op->actor = c->op->actor;
        TRY(e);
    }
    return *ret ? shown(op, c, head, ret) : OK;
}

/* Heads in ascending order: the cheapest way to learn in whose record each lives. */
static err take_page(struct op *op, struct crowd *c, const struct store_found *found)
{
    struct store_reader *r;
    err e = OK;
    TRY(store_reader_open(op, c->rec->store, &r));
    for (size_t i = 0; e == OK && i < found->n; i++) {
        struct store_doc head;
        bool there = false, ok = false;
        if (i % 64 == 0)
            e = search_late(op, 0);
        if (e == OK)
            e = store_reader_get(op, r, found->rids[i], 0, &head, &there);
        if (e == OK && there && !head.deleted && head.comp)
            e = holds(op, c, &head, &ok);
        if (ok)
            VEC_PUSH(c->op->arena, &c->found, head.comp);
    }
    store_reader_close(r);
    return e;
}

static err walk(struct crowd *c)
{
    bool more = !c->plan.empty;
    struct store_query *q = &c->plan.q;
    q->sort = (struct store_sort){.order = ORDER_RID};
    q->limit = PAGE;
    while (more) {
        struct store_found found = {0};
        struct op op;
        arena_reset(c->page);
        page_op(c, &op);
        err e = store_search(&op, c->rec->store, q, &found);
        if (e == OK)
            e = take_page(&op, c, &found);
        TRY(told(c, e, &op));
        c->seen += found.n;
        if (c->seen > RECORD_COHORT_MAX)
            return fail(c->op, ERR_TOO_COSTLY, "More than %u resources match; narrow the search.",
                        RECORD_COHORT_MAX);
        c->t = c->t ? c->t : found.t;
        q->after = arena_str(c->op->arena, found.next);
        more = found.more;
        TRY(op_check(c->op));
    }
    return OK;
}

/* Everybody with a Consent that may hide something. */
static err find_bound(struct crowd *c)
{
    struct kb k = kb_param(PARAM_BINDS);
    struct store_range range = range_prefix(c->op->arena, &k, STR_NONE, 0);
    struct store_clause clause = {.ranges = &range, .n_ranges = 1};
    struct crowd all = {.op = c->op,
                        .rec = c->rec,
                        .page = c->page,
                        .plan = {.q = {.type = c->rec->t_consent,
                                       .clauses = &clause,
                                       .n_clauses = 1,
                                       .keys_of = keys_of_stored,
                                       .ctx = c->rec}}};
    TRY(walk(&all));
    settle(&all.found);
    c->bound = all.found;
    return OK;
}

/* One more condition on the plan: nothing with a restricted label. */
static err without_labels(struct crowd *c)
{
    struct op *op = c->op;
    struct clause_list l = {0};
    for (size_t i = 0; i < c->plan.q.n_clauses; i++)
        clause_push(op, &l, c->plan.q.clauses[i]);
    access_without(op, c->rec, LABEL_RESTRICTED, &l);
    c->plan.q.clauses = l.v.at;
    c->plan.q.n_clauses = l.v.n;
    return op_check(op);
}

static err make_plan(struct crowd *c)
{
    struct op *op = c->op;
    const struct actor *asker = op->actor;
    if (!c->veiled)
        return plan_crowd(op, c->rec, c->q, &c->plan);
    const struct restriction *x = restrict_type(op, c->rec, c->q->type, &c->some);
    if (x)
        return fail(op, ERR_FORBIDDEN, "%.*s", STR_ARG(x->why));
    op->actor = house();
    err e = plan_crowd(op, c->rec, c->q, &c->plan);
    op->actor = asker;
    TRY(e);
    return without_labels(c);
}

static err crowd_told(struct crowd *c)
{
    struct audit a = {.action = ACTION_SEARCH,
                      .type = c->q->type,
                      .detail = arena_cat(c->op->arena, STR("cohort "), search_names(c->op, c->q))};
    return audit_append(c->op, c->rec, &a);
}

static err run(struct crowd *c, str query, fhir_type type)
{
    struct op *op = c->op;
    if (!op->actor || access_bound(op))
        return fail(op, ERR_FORBIDDEN, "Only staff ask for crowds.");
    if (type == c->rec->t_audit)
        return fail(op, ERR_INVALID, "AuditEvent is served from the trail; search it by itself.");
    TRY(record_query_read(op, c->rec, type, query, false, &c->q));
    if (c->q->n_sort || c->q->n_includes)
        return fail(op, ERR_INVALID, "A cohort has no order and includes nothing.");
    TRY(make_plan(c));
    enum role role = consent_role(op->actor);
    c->bound_all = (c->rec->relationship && consent_needs_relation(op->actor->role)) ||
                   policy_by_share(op->actor, ACTION_READ, type);
    if (consent_binds(role) && !c->bound_all)
        TRY(find_bound(c));
    c->filtered = c->plan.verify || c->bound_all || (c->veiled && c->some);
    TRY(walk(c));
    settle(&c->found);
    return crowd_told(c);
}

static err ask(struct op *op, struct record *rec, fhir_type type, str query, bool veiled,
               struct record_cohort *ret)
{
    struct crowd c = {.op = op, .rec = rec, .veiled = veiled, .page = arena_new(0)};
    if (!c.page)
        return fail(op, ERR_UNAVAILABLE, "No memory left for a cohort.");
    err e = run(&c, query, type);
    arena_free(c.page);
    if (e == OK)
        *ret = (struct record_cohort){c.found.at, c.found.n, c.t, c.filtered};
    return e;
}

err record_cohort(struct op *op, struct record *rec, fhir_type type, str query,
                  struct record_cohort *ret)
{
    return ask(op, rec, type, query, false, ret);
}

err record_cohort_veiled(struct op *op, struct record *rec, fhir_type type, str query,
                         struct record_cohort *ret)
{
    return ask(op, rec, type, query, true, ret);
}

/* Everybody, or those with a Consent or label: who of them is not shown? */
static err hidden_among(struct crowd *c, const numbers *some)
{
    for (size_t i = 0; i < some->n; i++) {
        struct op op;
        struct store_doc d;
        if (i % 32 == 0)
            arena_reset(c->page);
        page_op(c, &op);
        TRY(search_late(c->op, i));
        TRY(told(c, store_get(&op, c->rec->store, some->at[i], &d), &op));
        if (!d.deleted && !access_may_see(&op, c->rec, &c->plan, &d))
            VEC_PUSH(c->op->arena, &c->found, d.rid);
    }
    return op_check(c->op);
}

/* Patients with any restricted label, whoever may see them. */
static err find_labelled(struct crowd *c, numbers *ret)
{
    struct clause_list l = {0};
    access_without(c->op, c->rec, LABEL_RESTRICTED, &l);
    TRY(op_check(c->op));
    l.v.at[0].negate = false;
    struct crowd all = {.op = c->op,
                        .rec = c->rec,
                        .page = c->page,
                        .plan = {.q = {.type = c->rec->t_patient,
                                       .clauses = l.v.at,
                                       .n_clauses = 1,
                                       .keys_of = keys_of_stored,
                                       .ctx = c->rec}}};
    TRY(walk(&all));
    *ret = all.found;
    return OK;
}

static err run_hidden(struct crowd *c)
{
    struct op *op = c->op;
    numbers doubtful = {0}, more = {0};
    const struct actor *asker = op->actor;
    if (!asker || access_bound(op))
        return fail(op, ERR_FORBIDDEN, "Only staff ask for crowds.");
    TRY(record_query_read(op, c->rec, c->rec->t_patient, STR_NONE, false, &c->q));
    TRY(plan_crowd(op, c->rec, c->q, &c->plan));
    if (c->plan.verify || asker->scopes ||
        (c->rec->relationship && consent_needs_relation(asker->role))) {
        struct crowd all = {.op = op, .rec = c->rec, .page = c->page};
        op->actor = house();
        err e = plan_crowd(op, c->rec, c->q, &all.plan);
        if (e == OK)
            e = walk(&all);
        op->actor = asker;
        TRY(e);
        doubtful = all.found;
    } else {
        TRY(find_bound(c));
        TRY(find_labelled(c, &more));
        doubtful = c->bound;
        for (size_t i = 0; i < more.n; i++)
            VEC_PUSH(op->arena, &doubtful, more.at[i]);
        settle(&doubtful);
    }
    TRY(hidden_among(c, &doubtful));
    return crowd_told(c);
}

err record_cohort_hidden(struct op *op, struct record *rec, struct record_cohort *ret)
{
    struct crowd c = {.op = op, .rec = rec, .page = arena_new(0)};
    if (!c.page)
        return fail(op, ERR_UNAVAILABLE, "No memory left for a cohort.");
    err e = run_hidden(&c);
    arena_free(c.page);
    if (e == OK)
        *ret = (struct record_cohort){c.found.at, c.found.n, c.t, true};
    return e;
}

bool record_cohort_has(const struct record_cohort *c, uint64_t patient)
{
    size_t lo = 0, hi = c->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->patients[mid] < patient)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < c->n && c->patients[lo] == patient;
}
