/* One searched parameter: name and modifier; chains are query_chain.c's. A parameter that only
 * renames or narrows another (patient → subject:Patient) is rewritten here, so that the record sees
 * stored parameters; unions (combo-code) stay aliases. Invariant: a clause that is let in can be
 * answered. */
#include "fhir/query_int.h"

static const struct {
    const char *name;
    enum fhir_modifier modifier;
    unsigned types; /* bits of enum fhir_param_type it goes with */
} modifiers[] = {
    {"missing", MOD_MISSING, ~0u},
    {"exact", MOD_EXACT, 1u << PARAM_STRING},
    {"contains", MOD_CONTAINS, 1u << PARAM_STRING},
    {"text", MOD_TEXT, 1u << PARAM_TOKEN | 1u << PARAM_STRING},
    {"not", MOD_NOT, 1u << PARAM_TOKEN},
    {"in", MOD_IN, 1u << PARAM_TOKEN},
    {"not-in", MOD_NOT_IN, 1u << PARAM_TOKEN},
    {"above", MOD_ABOVE, 1u << PARAM_TOKEN | 1u << PARAM_URI | 1u << PARAM_REFERENCE},
    {"below", MOD_BELOW, 1u << PARAM_TOKEN | 1u << PARAM_URI | 1u << PARAM_REFERENCE},
    {"of-type", MOD_OF_TYPE, 1u << PARAM_TOKEN},
    {"identifier", MOD_IDENTIFIER, 1u << PARAM_REFERENCE},
};
#define MODIFIERS (sizeof modifiers / sizeof *modifiers)

const struct fhir_param *fhir_param_parent(fhir_type t)
{
    static const char *const codes[] = {"partof", "part-of"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        const struct fhir_param *p = fhir_param_find(t, str_of(codes[i]));
        for (size_t k = 0; p && k < p->n_targets; k++)
            if (p->targets[k] == t && !p->alias)
                return p;
    }
    return NULL;
}

static bool lies_in_others(const struct fhir_param *p)
{
    for (size_t i = 0; i < p->n_targets; i++)
        if (fhir_param_parent(p->targets[i]))
            return true;
    return false;
}

/* _id and _lastUpdated are kept by the store, not as keys. */
static bool goes_with(size_t i, const struct fhir_param *p)
{
    enum fhir_modifier m = modifiers[i].modifier;
    str code = str_of(p->code);
    if (str_eq(code, STR("_id")))
        return m == MOD_MISSING || m == MOD_NOT;
    if (fhir_param_words(p))
        return m == MOD_MISSING;
    if (p->type == PARAM_REFERENCE && (m == MOD_ABOVE || m == MOD_BELOW) && !lies_in_others(p))
        return false;
    return modifiers[i].types & 1u << p->type;
}

str fhir_param_modifiers(struct op *op, const struct fhir_param *p)
{
    str out = STR_NONE;
    for (size_t i = 0; i < MODIFIERS; i++)
        if (goes_with(i, p))
            out = arena_printf(op->arena, "%.*s%s:%s", STR_ARG(out), out.n ? ", " : "",
                               modifiers[i].name);
    return p->type == PARAM_REFERENCE ? arena_cat(op->arena, out, STR(", :[type]")) : out;
}

static err read_modifier(struct query_read *r, struct fhir_clause *c, str text)
{
    for (size_t i = 0; i < MODIFIERS; i++) {
        if (!str_eq(text, str_of(modifiers[i].name)) || !goes_with(i, c->param))
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
    str known = fhir_param_modifiers(r->op, c->param);
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

str query_codes(const struct query_read *r, fhir_type t, bool reference_only)
{
    struct arena *a = r->op->arena;
    str out = STR_NONE;
    const struct fhir_param *p;
    for (size_t i = 0; (p = fhir_param_at(t, i)); i++)
        if (!reference_only || p->type == PARAM_REFERENCE)
            out = arena_printf(a, "%.*s%s%s", STR_ARG(out), out.n ? ", " : "", p->code);
    for (size_t i = 0; r->customs && i < r->customs->n; i++) {
        p = &r->customs->rows[i].param;
        if (p->base == t && (!reference_only || p->type == PARAM_REFERENCE))
            out = arena_printf(a, "%.*s%s%s", STR_ARG(out), out.n ? ", " : "", p->code);
    }
    return out;
}

static err find_param(struct query_read *r, str code, const struct fhir_param **ret)
{
    const struct fhir_param *p = query_param(r, r->type, code);
    TRY(query_param_made(r, r->type, code));
    if (!p) {
        str type = fhir_type_name(r->type), codes = query_codes(r, r->type, false);
        return REFUSE(r, "%.*s cannot be searched by it; it can by: %.*s", STR_ARG(type),
                      STR_ARG(codes));
    }
    *ret = p;
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

/* _list=42: the resources that List/42 names. */
static err read_list(struct query_read *r, struct fhir_clause *c, str name, str value)
{
    if (!str_eq(name, STR("_list")))
        return REFUSE(r, "it takes no modifier; give the id of a List");
    if (str_starts(value, STR("$")))
        return REFUSE(r, "functional lists ($current-…) are not supported; give the id of a List");
    c->param = fhir_param_find(r->type, STR("_id"));
    TRY(query_values(r, c, value));
    for (size_t i = 0; i < c->n; i++) {
        str id = c->values[i].has_system ? STR_NONE : c->values[i].code;
        id = str_starts(id, STR("List/")) ? str_sub(id, 5, id.n) : id;
        if (!fhir_id_valid(id))
            return REFUSE(r, "give the id of a List");
    }
    c->modifier = MOD_LIST;
    return OK;
}

static err read_named(struct query_read *r, struct fhir_clause *c, str name, str value)
{
    size_t dot = str_find_char(name, '.', 0);
    str head = str_sub(name, 0, dot);
    size_t colon = str_find_char(head, ':', 0);
    TRY(find_param(r, str_sub(head, 0, colon), &c->param));
    if (colon != SIZE_MAX)
        TRY(read_modifier(r, c, str_sub(head, colon + 1, head.n)));
    rewrite(c);
    return dot == SIZE_MAX ? query_values(r, c, value)
                           : query_chain(r, c, str_sub(name, dot + 1, name.n), value);
}

err query_clause(struct query_read *r, str name, str value)
{
    struct fhir_clause c = {0};
    if (str_starts(name, STR("_has:")))
        TRY(query_has(r, &c, str_sub(name, 5, name.n), value));
    else if (str_starts(name, STR("_list")))
        TRY(read_list(r, &c, name, value));
    else
        TRY(read_named(r, &c, name, value));
    VEC_PUSH(r->op->arena, &r->clauses, c);
    return OK;
}
