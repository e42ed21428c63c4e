/* A crowd found in the store: the answer page by page, each hit brought down to the record it lives
 * in. Invariant: a hit that is hidden from who asks finds nobody. */
#include "record/cohort_int.h"
#include "record/restrict_int.h"
#include "store/reader.h"

#define SLICE 4096u

const struct actor *cohort_house(void)
{
    static const struct actor self = {.role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT};
    return &self;
}

static int by_number(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

void cohort_settle(numbers *v)
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

void cohort_op(const struct crowd *c, struct op *ret)
{
    op_init(ret, c->page, c->op->actor, c->op->now);
    ret->deadline = c->op->deadline;
    ret->trace = c->op->trace;
}

err cohort_fault(struct crowd *c, err e, const struct op *from)
{
    return e == OK ? OK
                   : fail(c->op, e, "%.*s",
                          STR_ARG(from->fault.n ? from->fault.issues[0].message : STR_NONE));
}

bool cohort_bound(const struct crowd *c, uint64_t patient)
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
    if (!*ret || !cohort_bound(c, head->comp))
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
        op->actor = c->veiled ? cohort_house() : c->op->actor;
        err e = search_fetch(op, c->rec, c->q, &c->plan, head->rid, 0, &d, ret);
        op->actor = c->op->actor;
        TRY(e);
    }
    return *ret ? shown(op, c, head, ret) : OK;
}

/* Heads in ascending order: the cheapest way to learn in whose record each lives. */
static err take_some(struct op *op, struct crowd *c, const uint64_t *rids, size_t n)
{
    struct store_reader *r;
    err e = OK;
    TRY(store_reader_open(op, c->rec->store, &r));
    for (size_t i = 0; e == OK && i < n; i++) {
        struct store_doc head;
        bool there = false, ok = false;
        e = search_late(op, i);
        if (e == OK)
            e = store_reader_get(op, r, rids[i], 0, &head, &there);
        if (e == OK && there && !head.deleted && head.comp)
            e = holds(op, c, &head, &ok);
        if (ok)
            VEC_PUSH(c->op->arena, &c->found, head.comp);
    }
    store_reader_close(r);
    return e;
}

/* A slice at a time, each in memory that is taken back: a reader held long keeps the log from being
 * cut. */
static err take(struct crowd *c, const uint64_t *rids, size_t n)
{
    struct arena *own = arena_new(0);
    err e = own ? OK : fail(c->op, ERR_UNAVAILABLE, "No memory left for a cohort.");
    for (size_t i = 0; e == OK && i < n; i += SLICE) {
        struct op op;
        arena_reset(own);
        op_init(&op, own, c->op->actor, c->op->now);
        op.deadline = c->op->deadline;
        op.trace = c->op->trace;
        e = cohort_fault(c, take_some(&op, c, rids + i, n - i < SLICE ? n - i : SLICE), &op);
    }
    arena_free(own);
    return e == OK ? op_check(c->op) : e;
}

err cohort_walk(struct crowd *c)
{
    struct store_found found = {0};
    struct store_query *q = &c->plan.q;
    struct op op;
    q->all = RECORD_COHORT_MAX;
    if (c->plan.empty)
        return OK;
    arena_reset(c->page);
    cohort_op(c, &op);
    TRY(cohort_fault(c, store_search(&op, c->rec->store, q, &found), &op));
    c->t = c->t ? c->t : found.t;
    return take(c, found.rids, found.n);
}

err cohort_holds(const struct crowd *c, uint64_t patient, bool *ret)
{
    struct crowd one = *c;
    one.found = (numbers){.n = 0};
    one.plan.q.comp = patient;
    TRY(cohort_walk(&one));
    *ret = one.found.n > 0;
    return OK;
}
