/* One searched parameter: name, modifier, chain. A parameter that only renames or narrows another
 * (patient → subject:Patient) is rewritten here, so that the record sees stored parameters; unions
 * (combo-code) stay aliases.
 * Invariant: a clause that is let in can be answered; chains are at most QUERY_CHAIN_MAX deep. */
#include "fhir/query_int.h"

static const struct {
    const char *name;
    enum fhir_modifier modifier;
    unsigned types; /* bits of enum fhir_param_type it goes with */
} modifiers[] = {
    {"missing", MOD_MISSING, ~(1u << PARAM_SPECIAL)},      {"exact", MOD_EXACT, 1u << PARAM_STRING},
    {"contains", MOD_CONTAINS, 1u << PARAM_STRING},        {"not", MOD_NOT, 1u << PARAM_TOKEN},
    {"identifier", MOD_IDENTIFIER, 1u << PARAM_REFERENCE},
};
#define MODIFIERS (sizeof modifiers / sizeof *modifiers)

static str modifiers_of(struct op *op, const struct fhir_param *p)
{
    str out = STR_NONE;
    for (size_t i = 0; i < MODIFIERS; i++)
        if (modifiers[i].types & 1u << p->type)
            out = arena_printf(op->arena, "%.*s%s:%s", STR_ARG(out), out.n ? ", " : "",
                               modifiers[i].name);
    return p->type == PARAM_REFERENCE ? arena_cat(op->arena, out, STR(", :[type]")) : out;
}

static err read_modifier(struct query_read *r, struct fhir_clause *c, str text)
{
    for (size_t i = 0; i < MODIFIERS; i++) {
        if (!str_eq(text, str_of(modifiers[i].name)) ||
            !(modifiers[i].types & 1u << c->param->type))
            continue;
        c->modifier = modifiers[i].modifier;
        return OK;
    }
    fhir_type type = c->param->type == PARAM_REFERENCE ? fhir_type_parse(text) : 0;
    if (type) {
        c->modifier = MOD_TYPE;
        c->mod_type = type;
        return OK;
    }
    str known = modifiers_of(r->op, c->param);
    return REFUSE(r, "the modifier is not supported here; supported: %.*s", STR_ARG(known));
}

const struct fhir_param *query_unalias(const struct fhir_param *p, fhir_type *ret_target)
{
    fhir_type target = 0;
    while (p->alias && p->n_parts == 1) {
        fhir_type narrow = fhir_param_more(p)->restrict_to;
        target = narrow ? narrow : target;
        p = fhir_param_get(p->parts[0]);
    }
    *ret_target = target;
    return p;
}

str query_codes(struct op *op, fhir_type t, bool reference_only)
{
    str out = STR_NONE;
    const struct fhir_param *p;
    for (size_t i = 0; (p = fhir_param_at(t, i)); i++)
        if (!reference_only || p->type == PARAM_REFERENCE)
            out = arena_printf(op->arena, "%.*s%s%s", STR_ARG(out), out.n ? ", " : "", p->code);
    return out;
}

static err find_param(struct query_read *r, str code, const struct fhir_param **ret)
{
    const struct fhir_param *p = fhir_param_find(r->type, code);
    if (!p) {
        str type = fhir_type_name(r->type), codes = query_codes(r->op, r->type, false);
        return REFUSE(r, "%.*s cannot be searched by it; it can by: %.*s", STR_ARG(type),
                      STR_ARG(codes));
    }
    if (p->type == PARAM_SPECIAL)
        return REFUSE(r, "this parameter is not supported");
    *ret = p;
    return OK;
}

/* The type a chain goes on with: written, the only target, or the only target that knows the rest.
 */
static err chain_type(struct query_read *r, const struct fhir_clause *c, str rest, fhir_type *ret)
{
    const struct fhir_param *p = c->param;
    str code = str_sub(rest, 0, str_find_char(rest, ':', 0)), names = STR_NONE;
    code = str_sub(code, 0, str_find_char(code, '.', 0));
    fhir_type found = 0;
    if (c->mod_type) {
        *ret = c->mod_type;
        return OK;
    }
    size_t n = 0;
    for (size_t i = 0; i < p->n_targets; i++) {
        if (!fhir_param_find(p->targets[i], code))
            continue;
        found = p->targets[i];
        str name = fhir_type_name(found);
        names = arena_printf(r->op->arena, "%.*s%s%s:%.*s", STR_ARG(names), n++ ? ", " : "",
                             p->code, STR_ARG(name));
    }
    if (n == 1) {
        *ret = found;
        return OK;
    }
    if (n == 0)
        return REFUSE(r, "nothing that it refers to can be searched that way");
    return REFUSE(r, "say which type is meant: %.*s", STR_ARG(names));
}

static err read_chain(struct query_read *r, struct fhir_clause *c, str rest, str value)
{
    if (c->param->type != PARAM_REFERENCE)
        return REFUSE(r, "only a reference can be followed with '.'");
    if (c->modifier != MOD_NONE && c->modifier != MOD_TYPE)
        return REFUSE(r, "only :[type] goes before '.'");
    if (r->depth >= QUERY_CHAIN_MAX)
        return REFUSE(r, "at most %u references can be followed", QUERY_CHAIN_MAX);
    struct query_read sub = {
        .op = r->op, .lenient = r->lenient, .depth = r->depth + 1, .name = r->name};
    TRY(chain_type(r, c, rest, &sub.type));
    TRY(query_clause(&sub, rest, value));
    struct fhir_query *q = ARENA_NEW(r->op->arena, struct fhir_query);
    q->type = sub.type;
    q->clauses = sub.clauses.at;
    q->n = sub.clauses.n;
    c->chain = q;
    c->modifier = MOD_TYPE;
    c->mod_type = sub.type;
    return OK;
}

/* patient=1 is subject:Patient=1. */
static void rewrite(struct fhir_clause *c)
{
    fhir_type target;
    c->param = query_unalias(c->param, &target);
    if (!target || c->mod_type)
        return;
    c->mod_type = target;
    if (c->modifier == MOD_NONE)
        c->modifier = MOD_TYPE;
}

err query_clause(struct query_read *r, str name, str value)
{
    struct fhir_clause c = {0};
    size_t dot = str_find_char(name, '.', 0);
    str head = str_sub(name, 0, dot), rest = STR_NONE;
    if (dot != SIZE_MAX)
        rest = str_sub(name, dot + 1, name.n);
    size_t colon = str_find_char(head, ':', 0);
    TRY(find_param(r, str_sub(head, 0, colon), &c.param));
    if (colon != SIZE_MAX)
        TRY(read_modifier(r, &c, str_sub(head, colon + 1, head.n)));
    rewrite(&c);
    if (dot != SIZE_MAX)
        TRY(read_chain(r, &c, rest, value));
    else
        TRY(query_values(r, &c, value));
    VEC_PUSH(r->op->arena, &r->clauses, c);
    return OK;
}
