/* Chains (subject:Patient.name=x) and _has (_has:Observation:patient:code=x). Whichever side has
 * few resources is found first: the inner ones become a condition on the outer; or the outer
 * candidates are few, or both sides are many, and each candidate is followed on its own, a page at
 * a time. Invariant: inner searches ask policy as any search does; all chains of a search share one
 * budget of looks, past which it ends with an error, never with a cut answer. */
#include "record/clause_int.h"
#include "record/consent_int.h"

#include "base/time.h"

#define KNOWN 1024u  /* targets remembered */
#define NESTED 1000u /* hits of one candidate at a time, looked at one by one */

struct chain_filter {
    const struct fhir_clause *clause;
    struct plan *inner; /* one a query of the clause */
    size_t n;
    struct known {
        uint64_t rid;
        bool holds;
    } * known;
    uint64_t untouched; /* nothing of the inner type has changed up to here */
    bool touched;       /* something has, since the moment shown */
};

struct chain_filters {
    VEC(struct chain_filter) v;
    struct chain_budget *budget;
    struct arena *scratch;
};

static err spend(struct op *op, struct chain_budget *b)
{
    if (b->left == 0)
        return fail(op, ERR_TOO_COSTLY,
                    "Too many resources would have to be followed through the chain; narrow the "
                    "search.");
    return search_late(op, b->left--);
}

/* No fault when it is not there. */
static err unless_missing(struct op *op, const struct fault *before, err e, bool *ret_there)
{
    *ret_there = e == OK;
    if (e != ERR_NOT_FOUND)
        return e;
    op->fault = *before;
    return OK;
}

/* Has it a version after who.t? */
static err newer(struct op *op, struct record *rec, struct rid_at who, bool *ret)
{
    struct store_doc d = {.t = 0};
    struct fault before = op->fault;
    bool there;
    *ret = false;
    if (!who.t)
        return OK;
    TRY(unless_missing(op, &before, store_peek(op, rec->store, who.rid, &d), &there));
    *ret = there && d.t > who.t;
    return OK;
}

/* What was found as of who.t may be seen as it is now, too. */
static err still_seen(struct op *op, struct record *rec, const struct plan *plan, struct rid_at who,
                      bool *ret)
{
    struct store_doc d;
    bool later;
    *ret = true;
    TRY(newer(op, rec, who, &later));
    if (!later)
        return OK;
    TRY(store_get(op, rec->store, who.rid, &d));
    *ret = access_may_see(op, rec, plan, &d);
    return op_check(op);
}

/* Looked at again afterwards: what was written meanwhile does not count. */
static err keys_at(struct op *op, struct record *rec, struct rid_at who, str **ret, size_t *ret_n)
{
    struct store_doc then;
    struct fault before = op->fault;
    bool later, there;
    TRY(store_keys(op, rec->store, who.rid, ret, ret_n));
    TRY(newer(op, rec, who, &later));
    if (!later)
        return OK;
    *ret_n = 0;
    TRY(unless_missing(op, &before, store_get_at(op, rec->store, who.rid, who.t, &then), &there));
    return there ? keys_of_stored(op, rec, &then, ret, ret_n) : OK;
}

err clause_points_at(struct op *op, struct record *rec, struct rid_at who,
                     const struct fhir_param *p, uint64_t **ret, size_t *ret_n)
{
    VEC(uint64_t) found = {0};
    const uint16_t *numbers;
    size_t n_numbers = clause_numbers(p, &numbers), n;
    str *keys;
    TRY(keys_at(op, rec, who, &keys, &n));
    for (size_t i = 0; i < n; i++) {
        str k = keys[i];
        uint16_t number;
        uint8_t tag, byte;
        uint64_t target = 0;
        bool asked = false;
        if (!take_u16(&k, &number) || !take_u8(&k, &tag) || tag != TAG_REF || k.n != 6)
            continue;
        for (size_t j = 0; j < n_numbers; j++)
            asked |= numbers[j] == number;
        while (take_u8(&k, &byte))
            target = target << 8 | byte;
        if (asked)
            VEC_PUSH(op->arena, &found, target);
    }
    *ret = found.at;
    *ret_n = found.n;
    return op_check(op);
}

/* Up to max of what an inner plan finds; *ret_more when that is not all. */
static err find(const struct planner *pl, struct plan *inner, size_t max, uint64_t **ret,
                size_t *ret_n, bool *ret_more)
{
    struct store_found found = {0};
    size_t kept = 0;
    *ret_n = 0;
    *ret_more = false;
    if (inner->empty)
        return OK;
    *ret_more = max == 0;
    if (max == 0)
        return OK;
    inner->q.limit = max;
    TRY(store_search(pl->op, pl->rec->store, &inner->q, &found));
    uint64_t later = pl->t && store_now_t(pl->rec->store) > pl->t ? pl->t : 0;
    for (size_t i = 0; !found.more && i < found.n; i++) {
        struct store_doc d;
        bool ok;
        if (inner->verify) {
            TRY(spend(pl->op, pl->budget));
            TRY(search_fetch(pl->op, pl->rec, inner->asked, inner, found.rids[i], pl->t, &d, &ok));
        } else {
            TRY(still_seen(pl->op, pl->rec, inner, (struct rid_at){found.rids[i], later}, &ok));
        }
        if (ok)
            found.rids[kept++] = found.rids[i];
    }
    *ret = found.rids;
    *ret_n = found.more ? found.n : kept;
    *ret_more = found.more;
    return OK;
}

static int by_rid(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

typedef VEC(uint64_t) rid_list;

/* What the inner ones point at: the answer to _has. */
static err pointed_at(const struct planner *pl, const struct fhir_clause *c, rid_list *inner,
                      rid_list *ret)
{
    for (size_t i = 0; i < inner->n; i++) {
        uint64_t *targets;
        size_t n;
        TRY(search_late(pl->op, i));
        struct rid_at who = {inner->at[i], pl->t};
        TRY(clause_points_at(pl->op, pl->rec, who, c->param, &targets, &n));
        for (size_t j = 0; j < n; j++)
            VEC_PUSH(pl->op->arena, ret, targets[j]);
    }
    size_t kept = 0;
    if (ret->n)
        qsort(ret->at, ret->n, sizeof *ret->at, by_rid);
    for (size_t i = 0; i < ret->n; i++)
        if (kept == 0 || ret->at[kept - 1] != ret->at[i])
            ret->at[kept++] = ret->at[i];
    ret->n = kept;
    return op_check(pl->op);
}

/* The inner side first, when it has no more than max resources; *ret_done then. */
static err inner_first(struct planner *pl, struct chain_filter *f, size_t max, bool *ret_done)
{
    const struct fhir_clause *c = f->clause;
    rid_list all = {0}, targets = {0};
    *ret_done = false;
    for (size_t i = 0; i < f->n; i++) {
        uint64_t *rids = NULL;
        size_t n;
        bool more;
        TRY(find(pl, &f->inner[i], max, &rids, &n, &more));
        if (more)
            return OK;
        for (size_t k = 0; k < n; k++)
            VEC_PUSH(pl->op->arena, &all, rids[k]);
    }
    *ret_done = true;
    if (c->reverse) {
        TRY(pointed_at(pl, c, &all, &targets));
        planner_rids(pl, targets.at, targets.n, false);
        return OK;
    }
    struct range_set s = {.op = pl->op, .rec = pl->rec};
    const uint16_t *number;
    size_t n_numbers = clause_numbers(c->param, &number);
    for (size_t i = 0; i < n_numbers; i++)
        clause_targets(&s, number[i], all.at, all.n);
    planner_ranges(pl, &s, false);
    return op_check(pl->op);
}

/* Are the candidates few, by all that is asked beside this chain? */
static err outer_few(struct planner *pl, bool *ret)
{
    struct store_found found = {0};
    struct store_query q = pl->plan->q;
    *ret = pl->plan->empty;
    if (pl->plan->empty || (pl->list.v.n == 0 && !q.comp) || pl->rec->chain_few == 0)
        return OK;
    q.clauses = pl->list.v.at;
    q.n_clauses = pl->list.v.n;
    q.limit = pl->rec->chain_few;
    TRY(store_search(pl->op, pl->rec->store, &q, &found));
    *ret = !found.more;
    return OK;
}

static void scratch_free(void *ctx)
{
    struct chain_filters *f = ctx;
    arena_free(f->scratch);
}

static err filter_add(struct planner *pl, const struct chain_filter *f)
{
    struct chain_filters *all = pl->plan->filters;
    if (!all) {
        all = ARENA_NEW(pl->op->arena, struct chain_filters);
        TRY(op_check(pl->op));
        all->budget = pl->budget;
        all->scratch = arena_new(0);
        if (!all->scratch || !arena_on_reset(pl->op->arena, scratch_free, all)) {
            arena_free(all->scratch);
            return fail(pl->op, ERR_UNAVAILABLE, "No memory left to follow a chain.");
        }
        pl->plan->filters = all;
    }
    struct chain_filter one = *f;
    one.untouched = pl->t;
    one.known = ARENA_ARRAY(pl->op->arena, struct known, KNOWN);
    VEC_PUSH(pl->op->arena, &all->v, one);
    return op_check(pl->op);
}

static err settle(struct planner *pl, const struct fhir_clause *c)
{
    struct chain_filter f = {.clause = c, .n = c->n_chain};
    bool done = false, few = false;
    f.inner = ARENA_ARRAY(pl->op->arena, struct plan, f.n);
    TRY(op_check(pl->op));
    for (size_t i = 0; i < f.n; i++) {
        if (c->chain[i].type == pl->rec->t_audit)
            return fail(pl->op, ERR_INVALID,
                        "AuditEvent cannot be asked through other resources; search AuditEvent "
                        "itself.");
        TRY(plan_inner(pl, &c->chain[i], &f.inner[i]));
    }
    TRY(inner_first(pl, &f, pl->rec->chain_few, &done));
    if (!done)
        TRY(outer_few(pl, &few));
    if (!done && !few)
        TRY(inner_first(pl, &f, pl->rec->chain_many, &done));
    return done ? OK : filter_add(pl, &f);
}

err chains_settle(struct planner *pl, fhir_type type)
{
    (void)type;
    for (size_t i = 0; i < pl->chains.n && !pl->plan->empty; i++)
        TRY(settle(pl, pl->chains.at[i]));
    return OK;
}

/* ---- candidates one by one ---- */

struct asking {
    struct op *op; /* over the scratch arena */
    struct record *rec;
    struct chain_budget *budget;
    uint64_t t;
};

/* The hits of one answer of the store. kept: the patient asked of last, of whose none may be seen;
 * those are passed over, however many there are. */
struct hits {
    const struct plan *inner;
    const struct store_found *found;
    bool then;
    uint64_t patient;
    bool kept;
};

static err passed_over(const struct asking *a, struct hits *h, uint64_t rid, bool *ret)
{
    struct store_doc d;
    *ret = false;
    if (!h->inner->careful)
        return OK;
    TRY(store_peek(a->op, a->rec->store, rid, &d));
    if (d.comp && d.comp != h->patient) {
        h->patient = d.comp;
        h->kept = consent_hides_type(a->op, a->rec, d.comp, d.type, true);
    }
    *ret = d.comp && h->kept;
    return op_check(a->op);
}

static err any_of(const struct asking *a, struct hits *h, bool *ret)
{
    for (size_t i = 0; i < h->found->n && !*ret; i++) {
        struct store_doc d;
        bool over;
        uint64_t rid = h->found->rids[i];
        TRY(search_late(a->op, i));
        TRY(passed_over(a, h, rid, &over));
        if (over)
            continue;
        TRY(spend(a->op, a->budget));
        if (!h->inner->verify)
            TRY(still_seen(a->op, a->rec, h->inner, (struct rid_at){rid, a->t}, ret));
        else
            TRY(search_fetch(a->op, a->rec, h->inner->asked, h->inner, rid, h->then ? a->t : 0, &d,
                             ret));
    }
    return OK;
}

/* Does the inner plan find anything with one more condition? then: as of the moment shown, which
 * costs a look at all that has changed since; else as it is now. */
static err any(const struct asking *a, const struct plan *inner, struct store_clause extra,
               bool then, bool *ret)
{
    struct store_found found = {0};
    struct store_query q = inner->q;
    struct hits h = {.inner = inner, .found = &found, .then = then};
    size_t n = q.n_clauses;
    struct store_clause *clauses = ARENA_ARRAY(a->op->arena, struct store_clause, n + 1);
    bool each = inner->verify || then;
    *ret = false;
    if (inner->empty)
        return OK;
    TRY(op_check(a->op));
    clauses[0] = extra;
    if (n)
        memcpy(clauses + 1, q.clauses, n * sizeof *clauses);
    q.clauses = clauses;
    q.n_clauses = n + 1;
    q.limit = each ? NESTED : 1;
    q.after = then ? q.after : STR_NONE;
    do {
        TRY(spend(a->op, a->budget));
        TRY(store_search(a->op, a->rec->store, &q, &found));
        *ret = !each && found.n;
        if (each)
            TRY(any_of(a, &h, ret));
        q.after = found.next;
    } while (each && found.more && !*ret);
    return OK;
}

#define CHANGES 4096u

/* Has anything of the type changed since the moment shown? Reads what is new in the feed. */
static err touched(const struct asking *a, struct chain_filter *f, fhir_type type)
{
    size_t n = CHANGES;
    while (a->t && !f->touched && n >= CHANGES && f->untouched < store_now_t(a->rec->store)) {
        struct store_change *c;
        TRY(spend(a->op, a->budget));
        TRY(store_feed(a->op, a->rec->store, f->untouched, CHANGES, &c, &n));
        for (size_t i = 0; i < n; i++) {
            f->touched |= c[i].type == type;
            f->untouched = c[i].t;
        }
    }
    return OK;
}

static err reverse_holds(const struct asking *a, struct chain_filter *f, uint64_t rid, bool *ret)
{
    struct range_set s = {.op = a->op, .rec = a->rec};
    const uint16_t *number;
    size_t n = clause_numbers(f->clause->param, &number);
    for (size_t i = 0; i < n; i++)
        clause_targets(&s, number[i], &rid, 1);
    struct store_clause points = {.ranges = s.or.at, .n_ranges = s.or.n};
    if (!f->touched) {
        TRY(any(a, &f->inner[0], points, false, ret));
        TRY(touched(a, f,
                    f->clause->chain[0].type)); /* afterwards: then it holds for what was seen */
    }
    return f->touched ? any(a, &f->inner[0], points, true, ret) : OK;
}

static err target_holds(const struct asking *a, const struct chain_filter *f, uint64_t rid,
                        bool *ret)
{
    struct store_clause itself = {.kind = CLAUSE_RIDS, .rids = &rid, .n_rids = 1};
    bool later = false;
    struct known *k = &f->known[rid % KNOWN];
    if (k->rid == rid) {
        *ret = k->holds;
        return OK;
    }
    *ret = false;
    for (size_t i = 0; i < f->n && !*ret; i++)
        TRY(any(a, &f->inner[i], itself, false, ret));
    TRY(newer(a->op, a->rec, (struct rid_at){rid, a->t}, &later));
    for (size_t i = 0; later && i < f->n && (i == 0 || !*ret); i++)
        TRY(any(a, &f->inner[i], itself, true, ret));
    *k = (struct known){rid, *ret};
    return OK;
}

static err one_holds(const struct asking *a, struct chain_filter *f, uint64_t rid, bool *ret)
{
    uint64_t *targets;
    size_t n;
    if (f->clause->reverse)
        return reverse_holds(a, f, rid, ret);
    *ret = false;
    TRY(clause_points_at(a->op, a->rec, (struct rid_at){rid, a->t}, f->clause->param, &targets,
                         &n));
    for (size_t i = 0; i < n && !*ret; i++)
        TRY(target_holds(a, f, targets[i], ret));
    return OK;
}

err chains_hold(struct op *op, struct record *rec, const struct plan *plan, uint64_t rid, bool *ret)
{
    struct chain_filters *all = plan->filters;
    struct op sub;
    bool holds = true;
    op_init(&sub, all->scratch, op->actor, op->now);
    sub.deadline = op->deadline;
    sub.trace = op->trace;
    struct asking a = {&sub, rec, all->budget, plan->t};
    err e = OK;
    for (size_t i = 0; i < all->v.n && holds && e == OK; i++)
        e = one_holds(&a, &all->v.at[i], rid, &holds);
    if (e != OK)
        (void)!fail(op, e, "%.*s", STR_ARG(sub.fault.n ? sub.fault.issues[0].message : STR("")));
    arena_reset(all->scratch);
    *ret = e == OK && holds;
    return e;
}
