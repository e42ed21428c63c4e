/* A FHIR query to a store query: every clause to key ranges, the patient's compartment where a home
 * parameter names one, chains answered first, and what policy adds. Invariant: a plan never finds
 * more than the actor may see; nothing runs before access is in it. */
#include "record/clause_int.h"
#include "record/phrase_int.h"
#include "record/points_int.h"

#define GRAMS_MAX 6u

void clause_push(struct op *op, struct clause_list *l, struct store_clause c)
{
    VEC_PUSH(op->arena, &l->v, c);
}

size_t clause_numbers(const struct fhir_param *p, const uint16_t **ret)
{
    *ret = p->alias ? p->parts : &p->number;
    return p->alias ? p->n_parts : 1;
}

static int by_start(const void *x, const void *y)
{
    const struct store_range *a = x, *b = y;
    int c = str_cmp(a->lo, b->lo);
    return c ? c : str_cmp(a->hi, b->hi);
}

#define MANY_RANGES 8u

/* Long lists are put in order, so that the store need not try one after the other. */
static bool in_order(struct store_range *r, size_t *n)
{
    size_t kept = 0;
    if (*n <= MANY_RANGES)
        return false;
    for (size_t i = 0; i < *n; i++)
        if (r[i].mask.n)
            return false;
    qsort(r, *n, sizeof *r, by_start);
    for (size_t i = 0; i < *n; i++) {
        if (kept && str_cmp(r[i].lo, r[kept - 1].hi) <= 0 && r[kept - 1].hi.n) {
            if (str_cmp(r[i].hi, r[kept - 1].hi) > 0)
                r[kept - 1].hi = r[i].hi;
            continue;
        }
        r[kept++] = r[i];
    }
    *n = kept;
    return true;
}

void planner_ranges(struct planner *pl, const struct range_set *s, bool negate)
{
    size_t n = s->or.n;
    if (n == 0) {
        pl->plan->empty |= !negate;
        return;
    }
    struct store_clause c = {.negate = negate, .ranges = s->or.at};
    c.sorted = in_order(s->or.at, &n);
    c.n_ranges = n;
    clause_push(pl->op, &pl->list, c);
    if (s->two_dim && !negate && s->and.n)
        clause_push(pl->op, &pl->list,
                    (struct store_clause){.ranges = s->and.at, .n_ranges = s->and.n});
    pl->plan->match |= s->verify;
}

void planner_rids(struct planner *pl, const uint64_t *rids, size_t n, bool negate)
{
    pl->plan->empty |= n == 0 && !negate;
    if (n)
        clause_push(pl->op, &pl->list,
                    (struct store_clause){
                        .kind = CLAUSE_RIDS, .negate = negate, .rids = rids, .n_rids = n});
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
    planner_rids(pl, rids, n, c->modifier == MOD_NOT);
    return OK;
}

/* The window outside which the value cannot be. */
static struct store_clause window(const struct fhir_value *v)
{
    struct store_clause t = {.kind = CLAUSE_TIME, .time_lo = INT64_MIN, .time_hi = INT64_MAX};
    bool from = v->prefix == PREFIX_EQ || v->prefix == PREFIX_NE || v->prefix == PREFIX_GE ||
                v->prefix == PREFIX_AP;
    bool to = v->prefix == PREFIX_EQ || v->prefix == PREFIX_NE || v->prefix == PREFIX_LE ||
              v->prefix == PREFIX_AP;
    bool behind = v->prefix == PREFIX_GT || v->prefix == PREFIX_SA;
    bool before = v->prefix == PREFIX_LT || v->prefix == PREFIX_EB;
    t.time_lo = from ? v->lo : behind ? v->hi : INT64_MIN;
    t.time_hi = to ? v->hi : before ? v->lo : INT64_MAX;
    t.negate = v->prefix == PREFIX_NE;
    return t;
}

/* Several values: the window around all of them, then the documents are asked. */
static void add_time(struct planner *pl, const struct fhir_clause *c)
{
    struct store_clause all = window(&c->values[0]);
    for (size_t i = 1; i < c->n; i++) {
        struct store_clause one = window(&c->values[i]);
        bool open = one.negate || all.negate;
        all.time_lo = open ? INT64_MIN : one.time_lo < all.time_lo ? one.time_lo : all.time_lo;
        all.time_hi = open ? INT64_MAX : one.time_hi > all.time_hi ? one.time_hi : all.time_hi;
        all.negate = false;
    }
    pl->plan->match |= c->n > 1;
    clause_push(pl->op, &pl->list, all);
}

static bool of_server(const struct fhir_param *p)
{
    return str_eq(str_of(p->code), STR("_id")) || str_eq(str_of(p->code), STR("_lastUpdated"));
}

static err add_missing(struct planner *pl, const struct fhir_clause *c)
{
    struct range_set s = {.op = pl->op, .rec = pl->rec};
    const uint16_t *number;
    size_t n = clause_numbers(c->param, &number);
    if (of_server(c->param)) { /* never missing */
        pl->plan->empty |= c->missing;
        return OK;
    }
    pl->plan->match |=
        c->mod_type != 0; /* patient:missing: there may be a subject of another type */
    if (c->mod_type && c->missing)
        return OK;
    for (size_t i = 0; i < n; i++)
        clause_present(&s, number[i]);
    if (str_eq(str_of(c->param->code), STR("_content")) && !c->missing) /* names are text, too */
        (void)phrases_with(&s, c->param->base, STR_NONE);
    pl->plan->match |= fhir_param_words(c->param);
    planner_ranges(pl, &s, c->missing);
    return OK;
}

static err add_contains(struct planner *pl, const struct fhir_clause *c, uint16_t number)
{
    str folded = fhir_fold(pl->op->arena, c->values[0].text);
    size_t grams = folded.n < 3 ? 0 : folded.n - 2, step = 1 + grams / (GRAMS_MAX + 1);
    pl->plan->match = true;
    for (size_t i = 0; i < grams; i += step) {
        struct store_range *r = ARENA_ARRAY(pl->op->arena, struct store_range, 2);
        TRY(op_check(pl->op));
        size_t n = clause_grams(pl->op, pl->rec, number, folded, i, r);
        clause_push(pl->op, &pl->list, (struct store_clause){.ranges = r, .n_ranges = n});
    }
    if (grams == 0) {
        struct range_set s = {.op = pl->op, .rec = pl->rec};
        clause_present(&s, number);
        planner_ranges(pl, &s, false);
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
    uint64_t rid = 0;
    err e = id_number(pl->op, pl->rec, pl->rec->t_patient, v->ref.id, &rid);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    struct store_query *q = &pl->plan->q;
    pl->plan->empty |= e != OK || (q->comp && q->comp != rid);
    *ret_done = true;
    if (e != OK)
        return OK;
    q->comp = pl->plan->home = rid;
    struct range_set s = {.op = pl->op, .rec = pl->rec};
    clause_present(&s, PARAM_STRAY);
    planner_ranges(pl, &s, true);
    return OK;
}

/* Values to ranges of keys, under every number that the parameter is stored under. */
static err add_values(struct planner *pl, fhir_type type, const struct fhir_clause *c)
{
    const uint16_t *number;
    size_t n = clause_numbers(c->param, &number);
    bool done = false, text = c->modifier == MOD_CONTAINS || c->modifier == MOD_TEXT;
    if (fhir_param_words(c->param))
        return clause_words(pl, c);
    if (text && c->param->type == PARAM_STRING && c->n == 1 && n == 1)
        return add_contains(pl, c, number[0]);
    if (c->param->type == PARAM_REFERENCE)
        TRY(add_home(pl, type, c, &done));
    if (done)
        return OK;
    struct range_set s = {.op = pl->op, .rec = pl->rec};
    for (size_t i = 0; i < n; i++) {
        if (text)
            clause_contains(&s, number[i], c);
        else
            TRY(clause_values(&s, number[i], c));
    }
    s.verify |= s.two_dim && (c->n > 1 || n > 1 || !c->param->single);
    planner_ranges(pl, &s, c->modifier == MOD_NOT);
    return OK;
}

/* What stands for the clause when the document is asked: itself, or the codes it comes down to. */
static err add_clause(struct planner *pl, fhir_type type, const struct fhir_clause *c)
{
    struct fhir_clause as = *c;
    bool tree = c->modifier == MOD_ABOVE || c->modifier == MOD_BELOW;
    if (c->chain) {
        VEC_PUSH(pl->op->arena, &pl->chains, c);
        return OK;
    }
    if (c->modifier == MOD_LIST)
        return clause_list(pl, type, c);
    if (tree && c->param->type == PARAM_REFERENCE)
        return clause_tree(pl, c);
    if (c->modifier == MOD_IN || c->modifier == MOD_NOT_IN ||
        (tree && c->param->type == PARAM_TOKEN))
        TRY(clause_codes(pl, c, &as));
    VEC_PUSH(pl->op->arena, &pl->asked, as);
    if (c->modifier == MOD_MISSING)
        return add_missing(pl, c);
    if (str_eq(str_of(c->param->code), STR("_id")))
        return add_ids(pl, type, c);
    if (!str_eq(str_of(c->param->code), STR("_lastUpdated")))
        return add_values(pl, type, &as);
    add_time(pl, c);
    return OK;
}

static err plan_clauses(struct planner *pl, const struct fhir_query *q)
{
    *pl->plan = (struct plan){.q = {.type = q->type,
                                    .marks = pl->rec->marks[q->type],
                                    .keys_of = keys_of_stored,
                                    .ctx = pl->rec},
                              .t = pl->t};
    if (q->compartment)
        TRY(plan_compartment(pl->op, pl->rec, q, &pl->list, pl->plan));
    for (size_t i = 0; i < q->n; i++) {
        size_t n = pl->list.v.n;
        TRY(add_clause(pl, q->type, &q->clauses[i]));
        for (; n < pl->list.v.n; n++)
            pl->list.v.at[n].label = q->clauses[i].param->number;
    }
    return OK;
}

/* Chains last: how they are followed depends on what else is asked. */
static err plan_done(struct planner *pl, fhir_type type)
{
    struct fhir_query *asked = ARENA_NEW(pl->op->arena, struct fhir_query);
    TRY(op_check(pl->op));
    size_t plain = pl->list.v.n;
    TRY(chains_settle(pl, type));
    for (; plain < pl->list.v.n; plain++)
        pl->list.v.at[plain].label = LABEL_CHAIN;
    *asked = (struct fhir_query){.type = type, .clauses = pl->asked.at, .n = pl->asked.n};
    pl->plan->asked = asked;
    pl->plan->verify = pl->plan->match || pl->plan->filters || pl->plan->careful;
    pl->plan->q.clauses = pl->list.v.at;
    pl->plan->q.n_clauses = pl->list.v.n;
    TRY(op_check(pl->op));
    return pl->crowd ? points_leave(pl->op, pl->rec, pl->plan)
                     : consent_hide(pl->op, pl->rec, type, pl->plan);
}

#define LOOKS_MAX 50000u

static err make(struct planner *pl, const struct fhir_query *q)
{
    TRY(plan_clauses(pl, q));
    TRY(redact_query(pl, q));
    TRY(access_search(pl->op, pl->rec, ACTION_SEARCH, q->type, &pl->list, pl->plan));
    return plan_done(pl, q->type);
}

err plan_inner(const struct planner *outer, const struct fhir_query *q, struct plan *ret)
{
    struct planner pl = {
        .op = outer->op, .rec = outer->rec, .plan = ret, .budget = outer->budget, .t = outer->t};
    TRY(make(&pl, q));
    ret->q.after = pl.t ? store_position(pl.op, pl.t, false) : STR_NONE;
    return op_check(pl.op);
}

static struct chain_budget *budget_new(struct op *op)
{
    struct chain_budget *b = ARENA_NEW(op->arena, struct chain_budget);
    b->left = LOOKS_MAX;
    return b;
}

err plan_make(struct op *op, struct record *rec, const struct fhir_query *q, uint64_t t,
              struct plan *ret)
{
    struct planner pl = {.op = op, .rec = rec, .plan = ret, .budget = budget_new(op), .t = t};
    return make(&pl, q);
}

err plan_crowd(struct op *op, struct record *rec, const struct fhir_query *q, struct plan *ret)
{
    struct planner pl = {
        .op = op, .rec = rec, .plan = ret, .budget = budget_new(op), .crowd = true};
    return make(&pl, q);
}

err plan_condition(struct op *op, struct record *rec, const struct fhir_query *q, struct plan *ret)
{
    struct planner pl = {.op = op, .rec = rec, .plan = ret, .budget = budget_new(op)};
    TRY(plan_clauses(&pl, q));
    TRY(redact_query(&pl, q));
    TRY(access_condition(op, rec, q->type, &pl.list, ret));
    return plan_done(&pl, q->type);
}

err plan_holds(struct op *op, struct record *rec, const struct plan *plan,
               const struct store_doc *d, bool *ret)
{
    struct json *tree;
    bool holds = !plan->joint || scopes_find(op, rec, d);
    if (holds && plan->match) {
        TRY(tree_shown(op, rec, d, &tree));
        TRY(fhir_query_match(op, plan->asked, tree, &holds));
    }
    if (holds && plan->filters)
        TRY(chains_hold(op, rec, plan, d->rid, &holds));
    *ret = holds;
    return OK;
}
