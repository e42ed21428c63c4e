/* References to what lies in other resources of its type (Location.partOf): :below asks for what is
 * named and everything in it, :above for that and everything it is in. And _list: the resources
 * that a List names. Invariant: only what the actor may search is followed; the walk is bounded. */
#include "record/clause_int.h"

#define LEVELS_MAX 32u
#define NODES_MAX 10000u

struct tree {
    struct planner *pl;
    const struct fhir_param *up; /* names the parent */
    VEC(uint64_t) nodes;
};

static bool known(const struct tree *t, uint64_t rid)
{
    for (size_t i = 0; i < t->nodes.n; i++)
        if (t->nodes.at[i] == rid)
            return true;
    return false;
}

static err add(struct tree *t, uint64_t rid)
{
    if (known(t, rid))
        return OK;
    if (t->nodes.n >= NODES_MAX)
        return fail(t->pl->op, ERR_TOO_COSTLY,
                    "More than %u resources lie in what is named; name something smaller.",
                    NODES_MAX);
    VEC_PUSH(t->pl->op->arena, &t->nodes, rid);
    return OK;
}

/* What lies directly in the nodes [from, to). */
static err children(struct tree *t, const struct plan *all, size_t from, size_t to)
{
    struct planner *pl = t->pl;
    struct range_set s = {.op = pl->op, .rec = pl->rec};
    struct store_found found = {0};
    struct store_query q = all->q;
    struct store_clause *c = ARENA_ARRAY(pl->op->arena, struct store_clause, q.n_clauses + 1);
    TRY(op_check(pl->op));
    clause_targets(&s, t->up->number, t->nodes.at + from, to - from);
    c[0] = (struct store_clause){.ranges = s.or.at, .n_ranges = s.or.n};
    if (q.n_clauses)
        memcpy(c + 1, q.clauses, q.n_clauses * sizeof *c);
    q.clauses = c;
    q.n_clauses++;
    q.limit = NODES_MAX;
    TRY(store_search(pl->op, pl->rec->store, &q, &found));
    for (size_t i = 0; i < found.n; i++)
        TRY(add(t, found.rids[i]));
    return found.more ? add(t, UINT64_MAX) : OK;
}

static err parents(struct tree *t, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        uint64_t *up;
        size_t n;
        struct rid_at who = {t->nodes.at[i], t->pl->t};
        TRY(clause_points_at(t->pl->op, t->pl->rec, who, t->up, &up, &n));
        for (size_t k = 0; k < n; k++)
            TRY(add(t, up[k]));
    }
    return OK;
}

static err walk(struct tree *t, fhir_type type, bool below)
{
    const struct fhir_query every = {.type = type};
    struct plan all;
    TRY(plan_inner(t->pl, &every, &all));
    size_t from = 0;
    for (unsigned level = 0; level < LEVELS_MAX && from < t->nodes.n && !all.empty; level++) {
        size_t to = t->nodes.n;
        TRY(below ? children(t, &all, from, to) : parents(t, from, to));
        from = to;
    }
    return OK;
}

err clause_tree(struct planner *pl, const struct fhir_clause *c)
{
    struct range_set s = {.op = pl->op, .rec = pl->rec};
    const uint16_t *number;
    size_t n_numbers = clause_numbers(c->param, &number);
    for (size_t i = 0; i < c->n; i++) {
        fhir_type type = c->values[i].ref.type;
        struct tree t = {.pl = pl, .up = fhir_param_parent(type)};
        struct store_doc d;
        err e = id_resolve(pl->op, pl->rec, type, c->values[i].ref.id, &d);
        if (e == ERR_NOT_FOUND || !t.up)
            continue;
        TRY(e);
        TRY(add(&t, d.rid));
        TRY(walk(&t, type, c->modifier == MOD_BELOW));
        for (size_t k = 0; k < n_numbers; k++)
            clause_targets(&s, number[k], t.nodes.at, t.nodes.n);
    }
    planner_ranges(pl, &s, false);
    return op_check(pl->op);
}

typedef VEC(uint64_t) rid_list;

/* An entry that is marked as taken off the list is not on it. */
static err listed(struct planner *pl, fhir_type type, const struct json *list, rid_list *out)
{
    const struct json *entries = JSON_GET(list, "entry"), *e;
    for (size_t i = 0; (e = json_at(entries, i)); i++) {
        struct fhir_ref ref = fhir_ref_parse(json_get_str(JSON_GET(e, "item"), STR("reference")));
        struct store_doc d;
        if (ref.kind != REF_LOCAL || ref.type != type || json_is(JSON_GET(e, "deleted"), JSON_TRUE))
            continue;
        err found = id_resolve(pl->op, pl->rec, type, ref.id, &d);
        if (found == OK)
            VEC_PUSH(pl->op->arena, out, d.rid);
        else if (found != ERR_NOT_FOUND)
            return found;
    }
    return OK;
}

static int by_rid(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

/* The List as it was at the moment shown. */
static err list_then(struct planner *pl, struct store_doc *d, bool *ret_there)
{
    struct fault before = pl->op->fault;
    err e = store_get_at(pl->op, pl->rec->store, d->rid, pl->t, d);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    pl->op->fault = before;
    *ret_there = e == OK && !d->deleted && access_may_see(pl->op, pl->rec, NULL, d);
    return OK;
}

/* A List that is not there, or may not be seen, names nothing. */
err clause_list(struct planner *pl, fhir_type type, const struct fhir_clause *c)
{
    rid_list all = {0};
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++) {
        str id = c->values[i].code;
        struct store_doc d;
        struct json *tree;
        bool there = true;
        id = str_starts(id, STR("List/")) ? str_sub(id, 5, id.n) : id;
        err e = id_get(pl->op, pl->rec, fhir_type_parse(STR("List")), id, &d);
        if (e == ERR_NOT_FOUND ||
            (e == OK && (d.deleted || !access_may_see(pl->op, pl->rec, NULL, &d))))
            continue;
        TRY(e);
        if (pl->t && d.t > pl->t)
            TRY(list_then(pl, &d, &there));
        if (!there)
            continue;
        TRY(tree_of(pl->op, pl->rec, &d, &tree));
        TRY(listed(pl, type, tree, &all));
    }
    if (all.n)
        qsort(all.at, all.n, sizeof *all.at, by_rid);
    for (size_t i = 0; i < all.n; i++)
        if (kept == 0 || all.at[kept - 1] != all.at[i])
            all.at[kept++] = all.at[i];
    planner_rids(pl, all.at, kept, false);
    return op_check(pl->op);
}
