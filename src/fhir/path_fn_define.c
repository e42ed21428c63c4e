/* FHIRPath functions of R4 that ask what an element is defined as: elementDefinition() from the
 * tables of the base types, slice() of a profile that the surroundings have, checkModifiers().
 * Source: http://hl7.org/fhir/R4/fhirpath.html#functions
 * Invariant: an item that is no element (a literal, a result) has no definition; what cannot be
 * resolved is in no slice. */
#include "fhir/fhir_int.h"
#include "fhir/path_int.h"

#define LOOKED 2000u /* steps that finding an element's home counts */

static bool holds(const struct fhir_model *m, uint16_t row)
{
    for (uint16_t i = 0; i < m->n_rows; i++)
        if (fhir_lists[m->list + i] == row)
            return true;
    return false;
}

/* The type that declares the row: one that has it and whose base has not. */
static const struct fhir_model *home_of(uint16_t row)
{
    for (unsigned t = 1; t <= FHIR_MODEL_COUNT; t++)
        if (holds(&fhir_models[t], row) &&
            !(fhir_models[t].base && holds(&fhir_models[fhir_models[t].base], row)))
            return &fhir_models[t];
    return NULL;
}

static void put(struct arena *a, struct json *o, const char *name, str text)
{
    json_set_str(a, o, str_of(name), text);
}

static void put_count(struct arena *a, struct json *o, uint8_t flags)
{
    json_set(a, o, STR("min"), json_new_i64(a, flags & ROW_REQUIRED ? 1 : 0));
    put(a, o, "max", flags & ROW_ARRAY ? STR("*") : STR("1"));
}

static struct json *type_of(struct arena *a, const struct fhir_row *r)
{
    struct json *t = json_new(a, JSON_OBJECT), *targets = json_new(a, JSON_ARRAY);
    bool backbone = fhir_models[r->type].kind == KIND_BACKBONE;
    put(a, t, "code", backbone ? STR("BackboneElement") : fhir_word(fhir_models[r->type].name));
    for (const uint16_t *to = &fhir_targets[r->targets]; r->targets && *to; to++)
        json_push(a, targets,
                  json_new_str(a, arena_printf(a, "http://hl7.org/fhir/StructureDefinition/%.*s",
                                               STR_ARG(fhir_word(fhir_models[*to].name)))));
    if (targets->n)
        json_set(a, t, STR("targetProfile"), targets);
    return t;
}

/* A choice has a row for each of its types. */
static struct json *types_of(struct arena *a, const struct fhir_model *m, const struct fhir_row *r)
{
    struct json *list = json_new(a, JSON_ARRAY);
    for (uint16_t i = 0; i < m->n_rows; i++) {
        const struct fhir_row *one = &fhir_rows[fhir_lists[m->list + i]];
        if (one == r || (r->flags & ROW_CHOICE && one->element == r->element))
            json_push(a, list, type_of(a, one));
    }
    return list;
}

static void put_binding(struct arena *a, struct json *o, const struct fhir_row *r)
{
    if (!r->set)
        return;
    struct json *b = json_new(a, JSON_OBJECT);
    put(a, b, "strength", STR("required"));
    put(a, b, "valueSet", str_of(fhir_pool + fhir_sets[r->set].url));
    json_set(a, o, STR("binding"), b);
}

static struct json *definition(struct arena *a, const struct json *v)
{
    struct json *o = json_new(a, JSON_OBJECT);
    uint16_t row = FHIR_TAG_ROW(v->tag), type = FHIR_TAG_TYPE(v->tag);
    const struct fhir_row *r = &fhir_rows[row];
    const struct fhir_model *m = row ? home_of(row) : &fhir_models[type];
    if (!m || type > FHIR_MODEL_COUNT || (!row && !type))
        return NULL;
    str path = fhir_word(m->name);
    if (row)
        path = arena_printf(a, "%.*s.%.*s%s", STR_ARG(path), STR_ARG(fhir_word(r->element)),
                            r->flags & ROW_CHOICE ? "[x]" : "");
    put(a, o, "id", path);
    put(a, o, "path", path);
    put_count(a, o, row ? r->flags : ROW_ARRAY);
    if (!row)
        return o;
    json_set(a, o, STR("type"), types_of(a, m, r));
    if (r->flags & ROW_MODIFIER)
        json_set(a, o, STR("isModifier"), json_new_bool(a, true));
    if (r->flags & ROW_SUMMARY)
        json_set(a, o, STR("isSummary"), json_new_bool(a, true));
    put_binding(a, o, r);
    return o;
}

/* Tagged where it would stand, so that paths go on in it. */
static struct json *tagged(struct arena *a, struct json *definition)
{
    struct json *sd = json_new(a, JSON_OBJECT), *diff = json_new(a, JSON_OBJECT),
                *list = json_new(a, JSON_ARRAY);
    put(a, sd, "resourceType", STR("StructureDefinition"));
    json_push(a, list, definition);
    json_set(a, diff, STR("element"), list);
    json_set(a, sd, STR("differential"), diff);
    if (arena_failed(a))
        return NULL;
    fhir_tag(sd);
    return json_at(JSON_GET(JSON_GET(sd, "differential"), "element"), 0);
}

static err fn_element_definition(struct path_run *r, const struct path_call *c,
                                 struct path_list *ret)
{
    for (size_t i = 0; i < c->input->n; i++) {
        const struct json *v = c->input->at[i].v;
        struct json *made = v ? definition(r->op->arena, v) : NULL;
        TRY(path_step(r, LOOKED));
        made = made ? tagged(r->op->arena, made) : NULL;
        TRY(op_check(r->op));
        if (made)
            TRY(path_push(r, ret, path_item_of(made)));
    }
    return OK;
}

static err fn_slice(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_value structure, name;
    TRY(path_arg_value(r, c, 0, V_STRING, &structure));
    TRY(path_arg_value(r, c, 1, V_STRING, &name));
    bool asked = structure.kind == V_STRING && name.kind == V_STRING && r->env->slice;
    for (size_t i = 0; asked && i < c->input->n; i++) {
        const struct path_item *item = &c->input->at[i];
        bool in = false;
        TRY(path_step(r, 100));
        if (item->v)
            TRY(r->env->slice(r->op, r->env->ctx, item->v, structure.s, name.s, &in));
        if (in)
            TRY(path_push(r, ret, *item));
    }
    return OK;
}

/* checkModifiers(url, …): the input, or an error when an item has a modifier extension that is not
 * listed. */
static err fn_check_modifiers(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_list known = {0}, urls = {0}, others = {0};
    struct json *e;
    for (size_t i = 0; i < c->node->n_args; i++) {
        size_t before = known.n;
        TRY(path_arg(r, c, i, &known));
        if (known.n == before)
            return path_fault(r, c->node, "checkModifiers() wants urls of modifier extensions");
    }
    for (size_t i = 0; i < c->input->n; i++)
        for (size_t k = 0; (e = json_at(JSON_GET(c->input->at[i].v, "modifierExtension"), k)); k++)
            TRY(path_push(r, &urls, path_string(r, json_get_str(e, STR("url")))));
    TRY(path_set_keep(r, &urls, &known, false, &others));
    return others.n ? path_fault(r, c->node, "there is a modifier extension that is not listed")
                    : path_push_all(r, ret, c->input);
}

const struct path_fn path_fns_define[] = {
    {"elementDefinition", 0, 0, false, fn_element_definition},
    {"slice", 2, 2, false, fn_slice},
    {"checkModifiers", 1, 20, false, fn_check_modifiers},
    {0},
};
