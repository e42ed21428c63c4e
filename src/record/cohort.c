/* The patients that match a search of any type, in bulk: the store's answer, kept between questions
 * where keys decide it (cohort_kept.c), less what is not shown to who asks. Documents are looked at
 * one by one only of patients who have a Consent that may deny something, or when the search itself
 * needs it. Invariant: nothing that the actor may not see changes the answer. */
#include "record/clause_int.h"
#include "record/cohort_int.h"
#include "record/custom.h"
#include "record/restrict_int.h"

/* Of those whom the keys name, without whom the actor is not shown: few have anything to hide. */
static err take_hidden_out(struct crowd *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->found.n; i++) {
        uint64_t who = c->found.at[i];
        bool ok = true;
        if (c->veiled && c->some && restrict_binds(c->op, c->rec, c->plan.q.type, who))
            ok = false;
        else if (cohort_bound(c, who))
            TRY(cohort_holds(c, who, &ok));
        if (ok)
            c->found.at[n++] = who;
    }
    c->found.n = n;
    return op_check(c->op);
}

/* What the store says to the same keys is the same for everybody. Over a database that others write
 * to, too, nothing is kept; nor is everybody. */
static err find(struct crowd *c)
{
    const struct plan *p = &c->plan;
    bool keys_decide = p->q.n_clauses && !p->empty && !p->verify && !c->bound_all && !p->q.comp;
    if (keys_decide && !store_far(c->rec->store)) {
        TRY(cohort_kept_ask(c));
        return take_hidden_out(c);
    }
    TRY(cohort_walk(c));
    cohort_settle(&c->found);
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
    TRY(find(&all));
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
    op->actor = cohort_house();
    err e = plan_crowd(op, c->rec, c->q, &c->plan);
    op->actor = asker;
    TRY(e);
    return without_labels(c);
}

static err audit(struct crowd *c)
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
    TRY(find(c));
    return audit(c);
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

err record_cohort_ready(struct op *op, struct record *rec, fhir_type type, str query)
{
    struct crowd c = {.op = op, .rec = rec, .veiled = true};
    if (!op->actor || op->actor->role != ROLE_SYSTEM)
        return fail(op, ERR_FORBIDDEN, "Only the house keeps crowds ready.");
    c.page = arena_new(0);
    if (!c.page)
        return fail(op, ERR_UNAVAILABLE, "No memory left for a cohort.");
    err e = record_query_read(op, rec, type, query, false, &c.q);
    if (e == OK)
        e = make_plan(&c);
    if (e == OK)
        e = find(&c);
    arena_free(c.page);
    return e;
}

/* Everybody, or those with a Consent or label: who of them is not shown? */
static err hidden_among(struct crowd *c, const numbers *some)
{
    for (size_t i = 0; i < some->n; i++) {
        struct op op;
        struct store_doc d;
        if (i % 32 == 0)
            arena_reset(c->page);
        cohort_op(c, &op);
        TRY(search_late(c->op, i));
        TRY(cohort_fault(c, store_get(&op, c->rec->store, some->at[i], &d), &op));
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
    TRY(find(&all));
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
        op->actor = cohort_house();
        err e = plan_crowd(op, c->rec, c->q, &all.plan);
        if (e == OK)
            e = find(&all);
        op->actor = asker;
        TRY(e);
        doubtful = all.found;
    } else {
        TRY(find_bound(c));
        TRY(find_labelled(c, &more));
        doubtful = c->bound;
        for (size_t i = 0; i < more.n; i++)
            VEC_PUSH(op->arena, &doubtful, more.at[i]);
        cohort_settle(&doubtful);
    }
    TRY(hidden_among(c, &doubtful));
    return audit(c);
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
