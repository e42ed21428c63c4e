/* Chains: subject:Patient.name=x, and the other way round, _has:Observation:patient:code=x; each
 * may go on with the other. A chain over a reference to several types is asked of every type that
 * knows what follows. Invariant: at most QUERY_CHAIN_MAX steps, and QUERY_BRANCHES_MAX types in
 * all. */
#include "fhir/query_int.h"

#define TYPES_MAX 8u
#define FITS_MAX 2000u

struct types {
    fhir_type at[TYPES_MAX + 1];
    size_t n;
};

static str first_code(str rest)
{
    str code = str_sub(rest, 0, str_find_char(rest, '.', 0));
    return str_sub(code, 0, str_find_char(code, ':', 0));
}

/* Could "rest" be asked of the type? Names only; steps bounds the work. */
static bool fits(const struct query_read *r, fhir_type type, str rest, unsigned depth,
                 unsigned *steps)
{
    if (str_starts(rest, STR("_has:")))
        return true;
    const struct fhir_param *p = query_param(r, type, first_code(rest));
    size_t dot = str_find_char(rest, '.', 0);
    if (!p || dot == SIZE_MAX)
        return p != NULL;
    size_t colon = str_find_char(str_sub(rest, 0, dot), ':', 0);
    str below = str_sub(rest, dot + 1, rest.n);
    fhir_type named = colon < dot ? fhir_type_parse(str_sub(rest, colon + 1, dot)) : 0;
    if (p->type != PARAM_REFERENCE || depth >= QUERY_CHAIN_MAX || ++*steps > FITS_MAX)
        return false;
    if (named)
        return fits(r, named, below, depth + 1, steps);
    for (size_t i = 0; i < p->n_targets; i++)
        if (fits(r, p->targets[i], below, depth + 1, steps))
            return true;
    return false;
}

/* The types a chain goes on with: the written one, or the targets that know the rest. */
static err chain_types(struct query_read *r, const struct fhir_clause *c, str rest,
                       struct types *ret)
{
    const struct fhir_param *p = c->param;
    unsigned steps = 0;
    ret->n = 0;
    if (c->mod_type) {
        ret->at[ret->n++] = c->mod_type;
        return OK;
    }
    for (size_t i = 0; i < p->n_targets && ret->n <= TYPES_MAX; i++)
        if (fits(r, p->targets[i], rest, r->depth, &steps))
            ret->at[ret->n++] = p->targets[i];
    if (ret->n == 0)
        return REFUSE(r, "nothing that it refers to can be searched that way");
    if (ret->n > TYPES_MAX || steps > FITS_MAX)
        return REFUSE(r, "it may refer to too many types; say which is meant, as in %s:Patient.…",
                      p->code);
    return OK;
}

static err sub_query(struct query_read *r, fhir_type type, str rest, str value,
                     struct fhir_query *ret)
{
    unsigned branches = 0;
    struct query_read sub = {.op = r->op,
                             .type = type,
                             .lenient = r->lenient,
                             .customs = r->customs,
                             .depth = r->depth + 1,
                             .branches = r->branches ? r->branches : &branches,
                             .name = r->name};
    if (r->depth >= QUERY_CHAIN_MAX)
        return REFUSE(r, "at most %u references can be followed", QUERY_CHAIN_MAX);
    if (++*sub.branches > QUERY_BRANCHES_MAX)
        return REFUSE(r,
                      "it spreads to more than %u types; say which are meant, as in "
                      "subject:Patient.…",
                      QUERY_BRANCHES_MAX);
    TRY(query_clause(&sub, rest, value));
    *ret = (struct fhir_query){.type = type, .clauses = sub.clauses.at, .n = sub.clauses.n};
    return OK;
}

err query_chain(struct query_read *r, struct fhir_clause *c, str rest, str value)
{
    struct types types;
    unsigned branches = 0, *outer = r->branches;
    if (c->param->type != PARAM_REFERENCE)
        return REFUSE(r, "only a reference can be followed with '.'");
    if (c->modifier != MOD_NONE && c->modifier != MOD_TYPE)
        return REFUSE(r, "only :[type] goes before '.'");
    TRY(chain_types(r, c, rest, &types));
    struct fhir_query *q = ARENA_ARRAY(r->op->arena, struct fhir_query, types.n);
    TRY(op_check(r->op));
    r->branches = outer ? outer : &branches;
    err e = OK;
    for (size_t i = 0; i < types.n && e == OK; i++)
        e = sub_query(r, types.at[i], rest, value, &q[i]);
    r->branches = outer;
    TRY(e);
    c->chain = q;
    c->n_chain = types.n;
    c->modifier = MOD_TYPE;
    c->mod_type = types.n == 1 ? types.at[0] : 0;
    return OK;
}

static bool may_point_at(const struct fhir_param *p, fhir_type target)
{
    for (size_t i = 0; i < p->n_targets; i++)
        if (p->targets[i] == target)
            return true;
    return p->n_targets == 0;
}

/* Type:reference:rest, after "_has:" */
err query_has(struct query_read *r, struct fhir_clause *c, str name, str value)
{
    str type_name, code;
    if (!str_take_until(&name, ':', &type_name) || !str_take_until(&name, ':', &code) || !name.n)
        return REFUSE(r, "give _has:Type:reference:parameter, as in _has:Observation:patient:code");
    fhir_type type = fhir_type_parse(type_name);
    const struct fhir_param *p = type ? query_param(r, type, code) : NULL;
    if (!type)
        return REFUSE(r, "after _has: comes a resource type");
    TRY(query_param_made(r, type, code));
    if (!p || p->type != PARAM_REFERENCE || !may_point_at(p, r->type)) {
        str here = fhir_type_name(r->type), codes = query_codes(r, type, true);
        return REFUSE(r, "no such reference of %.*s to %.*s; its references are: %.*s",
                      STR_ARG(type_name), STR_ARG(here), STR_ARG(codes));
    }
    fhir_type narrow;
    struct fhir_query *q = ARENA_NEW(r->op->arena, struct fhir_query);
    TRY(op_check(r->op));
    TRY(sub_query(r, type, name, value, q));
    c->param = query_unalias(p, &narrow);
    c->chain = q;
    c->n_chain = 1;
    c->reverse = true;
    return OK;
}
