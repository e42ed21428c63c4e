/* A FHIR query to a store query: every clause to key ranges, the patient's compartment where a home
 * parameter names one, chains answered first, and what policy adds. Invariant: a plan never finds
 * more than the actor may see; nothing runs before access is in it. */
#include "record/clause_int.h"

#define GRAMS_MAX 6u

void clause_push(struct op *op, struct clause_list *l, struct store_clause c)
{
    VEC_PUSH(op->arena, &l->v, c);
}

struct planner {
    struct op *op;
    struct record *rec;
    struct plan *plan;
    struct clause_list list;
};

/* The numbers that keys are stored under. */
static size_t numbers(const struct fhir_param *p, const uint16_t **ret)
{
    *ret = p->alias ? p->parts : &p->number;
    return p->alias ? p->n_parts : 1;
}

static void push_set(struct planner *pl, const struct range_set *s, bool negate)
{
    if (s->or.n == 0) {
        pl->plan->empty |= !negate;
        return;
    }
    clause_push(pl->op, &pl->list,
                (struct store_clause){.negate = negate, .ranges = s->or.at, .n_ranges = s->or.n});
    if (s->two_dim && !negate && s->and.n)
        clause_push(pl->op, &pl->list,
                    (struct store_clause){.ranges = s->and.at, .n_ranges = s->and.n});
    pl->plan->verify |= s->verify;
}

static err add_ids(struct planner *pl, fhir_type type, const struct fhir_clause *c)
{
    uint64_t *rids = ARENA_ARRAY(pl->op->arena, uint64_t, c->n);
    size_t n = 0;
    TRY(op_check(pl->op));
    for (size_t i = 0; i < c->n; i++) {
        struct store_doc d;
        str id = str_empty(c->values[i].code) ? c->values[i].text : c->values[i].code;
        err e = id_resolve(pl->op, pl->rec, type, id, &d);
        if (e != OK && e != ERR_NOT_FOUND)
            return e;
        size_t at = n;
        while (e == OK && at > 0 && rids[at - 1] > d.rid)
            at--;
        if (e != OK || (at > 0 && rids[at - 1] == d.rid))
            continue;
        memmove(&rids[at + 1], &rids[at], (n - at) * sizeof *rids);
        rids[at] = d.rid;
        n++;
    }
    bool negate = c->modifier == MOD_NOT;
    pl->plan->empty |= n == 0 && !negate;
    if (n)
        clause_push(pl->op, &pl->list,
                    (struct store_clause){
                        .kind = CLAUSE_RIDS, .negate = negate, .rids = rids, .n_rids = n});
    return OK;
}

static err add_time(struct planner *pl, const struct fhir_clause *c)
{
    if (c->n != 1)
        return fail(pl->op, ERR_INVALID,
                    "_lastUpdated takes one value; repeat it to narrow a span.");
    const struct fhir_value *v = &c->values[0];
    struct store_clause t = {.kind = CLAUSE_TIME, .time_lo = INT64_MIN, .time_hi = INT64_MAX};
    switch (v->prefix) {
    case PREFIX_EQ:
    case PREFIX_NE:
        t.time_lo = v->lo;
        t.time_hi = v->hi;
        t.negate = v->prefix == PREFIX_NE;
        break;
    case PREFIX_GT:
    case PREFIX_SA:
        t.time_lo = v->hi;
        break;
    case PREFIX_GE:
        t.time_lo = v->lo;
        break;
    case PREFIX_LT:
    case PREFIX_EB:
        t.time_hi = v->lo;
        break;
    case PREFIX_LE:
        t.time_hi = v->hi;
        break;
    case PREFIX_AP:
        t.time_lo = v->lo;
        t.time_hi = v->hi;
        break;
    }
    clause_push(pl->op, &pl->list, t);
    return OK;
}

static err add_missing(struct planner *pl, const struct fhir_clause *c)
{
    struct range_set s = {.op = pl->op, .rec = pl->rec};
    const uint16_t *number;
    size_t n = numbers(c->param, &number);
    for (size_t i = 0; i < n; i++)
        clause_present(&s, number[i]);
    push_set(pl, &s, c->missing);
    return OK;
}

/* What the chain asks of the target is answered first, then the references to any of those. */
static err add_chain(struct planner *pl, const struct fhir_clause *c)
{
    struct plan inner;
    uint64_t *rids;
    size_t n, n_numbers;
    TRY(plan_make(pl->op, pl->rec, c->chain, &inner));
    TRY(search_rids(pl->op, pl->rec, c->chain, &inner, 0, &rids, &n));
    struct range_set s = {.op = pl->op, .rec = pl->rec};
    const uint16_t *number;
    n_numbers = numbers(c->param, &number);
    for (size_t i = 0; i < n_numbers; i++)
        clause_targets(&s, number[i], rids, n);
    push_set(pl, &s, false);
    return OK;
}

static err add_contains(struct planner *pl, const struct fhir_clause *c, uint16_t number)
{
    str folded = fhir_fold(pl->op->arena, c->values[0].text);
    size_t grams = folded.n < 3 ? 0 : folded.n - 2, step = 1 + grams / (GRAMS_MAX + 1);
    pl->plan->verify = true;
    for (size_t i = 0; i < grams; i += step) {
        struct store_range *r = ARENA_ARRAY(pl->op->arena, struct store_range, 2);
        TRY(op_check(pl->op));
        size_t n = clause_grams(pl->op, pl->rec, number, folded, i, r);
        clause_push(pl->op, &pl->list, (struct store_clause){.ranges = r, .n_ranges = n});
    }
    if (grams == 0) {
        struct range_set s = {.op = pl->op, .rec = pl->rec};
        clause_present(&s, number);
        push_set(pl, &s, false);
    }
    return OK;
}

/* "patient = X" of a type that lives in X's compartment: the compartment answers. */
static err add_home(struct planner *pl, fhir_type type, const struct fhir_clause *c, bool *ret_done)
{
    const struct fhir_param *p = c->param;
    const struct fhir_value *v = c->values;
    if (p->alias && p->n_parts == 1)
        p = fhir_param_get(p->parts[0]);
    bool bare = v->ref.kind == REF_LOCAL && v->ref.type == 0 && c->param->n_targets == 1 &&
                c->param->targets[0] == pl->rec->t_patient;
    *ret_done = false;
    if (!p || !p->home || c->n != 1 || (c->modifier != MOD_NONE && c->modifier != MOD_TYPE) ||
        v->ref.kind != REF_LOCAL || (v->ref.type != pl->rec->t_patient && !bare) ||
        pl->rec->home[type] != p->number)
        return OK;
    struct store_doc d;
    err e = id_resolve(pl->op, pl->rec, pl->rec->t_patient, v->ref.id, &d);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    struct store_query *q = &pl->plan->q;
    pl->plan->empty |= e != OK || (q->comp && q->comp != d.rid);
    *ret_done = true;
    if (e != OK)
        return OK;
    q->comp = pl->plan->home = d.rid;
    struct range_set s = {.op = pl->op, .rec = pl->rec};
    clause_present(&s, PARAM_STRAY);
    push_set(pl, &s, true);
    return OK;
}

static err add_clause(struct planner *pl, fhir_type type, const struct fhir_clause *c)
{
    str code = str_of(c->param->code);
    const uint16_t *number;
    size_t n = numbers(c->param, &number);
    bool done = false;
    if (c->chain)
        return add_chain(pl, c);
    if (c->modifier == MOD_MISSING)
        return add_missing(pl, c);
    if (str_eq(code, STR("_id")))
        return add_ids(pl, type, c);
    if (str_eq(code, STR("_lastUpdated")))
        return add_time(pl, c);
    if (c->modifier == MOD_CONTAINS && c->n == 1 && n == 1)
        return add_contains(pl, c, number[0]);
    if (c->param->type == PARAM_REFERENCE)
        TRY(add_home(pl, type, c, &done));
    if (done)
        return OK;
    struct range_set s = {.op = pl->op, .rec = pl->rec};
    for (size_t i = 0; i < n; i++)
        TRY(clause_values(&s, number[i], c));
    s.verify |= s.two_dim && (c->n > 1 || n > 1 || !c->param->single);
    push_set(pl, &s, c->modifier == MOD_NOT);
    return OK;
}

static err plan_clauses(struct planner *pl, const struct fhir_query *q)
{
    *pl->plan = (struct plan){.q = {.type = q->type, .keys_of = keys_of_stored, .ctx = pl->rec}};
    for (size_t i = 0; i < q->n; i++)
        TRY(add_clause(pl, q->type, &q->clauses[i]));
    return OK;
}

static err plan_done(struct planner *pl)
{
    TRY(op_check(pl->op));
    pl->plan->q.clauses = pl->list.v.at;
    pl->plan->q.n_clauses = pl->list.v.n;
    return OK;
}

err plan_make(struct op *op, struct record *rec, const struct fhir_query *q, struct plan *ret)
{
    struct planner pl = {.op = op, .rec = rec, .plan = ret};
    TRY(plan_clauses(&pl, q));
    TRY(access_search(op, rec, ACTION_SEARCH, q->type, &pl.list, ret));
    return plan_done(&pl);
}

err plan_condition(struct op *op, struct record *rec, const struct fhir_query *q, struct plan *ret)
{
    struct planner pl = {.op = op, .rec = rec, .plan = ret};
    TRY(plan_clauses(&pl, q));
    TRY(access_condition(op, rec, q->type, &pl.list, ret));
    return plan_done(&pl);
}
