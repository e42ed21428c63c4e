/* The value of a FHIRPath Patch operation: a value[x], parts that spell out an element that has no
 * data type of its own (Patient.contact), or a resource. Only shape is made here; whether it is
 * right for its element is found out when the result is validated. */
#include "patch_int.h"

#define PARTS_DEPTH_MAX 16u

struct maker {
    struct op *op;
    const struct patch_step *step;
};

static err wrong(const struct maker *m, const char *what, str name)
{
    return fail(m->op, ERR_UNPROCESSABLE, "%.*s: %s \"%.*s\".",
                STR_ARG(patch_name(m->op, m->step->at, m->step->path)), what,
                STR_ARG(str_sub(name, 0, 64)));
}

/* "valueQuantity" of a part: its value and what follows "value". */
static const struct json *value_member(const struct json *part, const char *prefix, str *ret_suffix)
{
    for (uint32_t i = 0; json_is(part, JSON_OBJECT) && i < part->n; i++) {
        str name = part->u.members[i].name, start = str_of(prefix);
        if (str_starts(name, start) && name.n > start.n) {
            *ret_suffix = str_sub(name, start.n, name.n);
            return &part->u.members[i].value;
        }
    }
    return NULL;
}

/* Row of an element by its name; of a choice by name and type. */
static uint16_t row_of(struct maker *m, uint16_t type, str name, str suffix)
{
    uint16_t row = fhir_row_find(type, name);
    if (!row && suffix.n)
        row = fhir_row_find(type, arena_cat(m->op->arena, name, suffix));
    return row;
}

static err make(struct maker *m, uint16_t type, str name, const struct json *part, unsigned depth,
                struct patch_value *ret);

/* Adds what was made to the object it is part of. */
static void attach(struct arena *a, struct json *o, const struct patch_value *v)
{
    const struct fhir_row *r = &fhir_rows[v->row];
    str key = fhir_word(r->name);
    if (!(r->flags & ROW_ARRAY)) {
        if (v->value)
            json_set(a, o, key, v->value);
        if (v->sibling)
            json_set(a, o, arena_cat(a, STR("_"), key), v->sibling);
        return;
    }
    struct json *list = json_get(o, key);
    if (!list) {
        json_set(a, o, key, json_new(a, JSON_ARRAY));
        list = json_get(o, key);
    }
    if (list && v->value)
        json_push(a, list, v->value);
}

static err make_parts(struct maker *m, uint16_t type, const struct json *parts, unsigned depth,
                      struct json **ret)
{
    struct json *o = json_new(m->op->arena, JSON_OBJECT);
    const struct json *part;
    if (depth == 0)
        return wrong(m, "the value is nested too deeply at", STR("part"));
    for (size_t i = 0; (part = json_at(parts, i)); i++) {
        struct patch_value v;
        str name = json_get_str(part, STR("name"));
        TRY(make(m, type, name, part, depth - 1, &v));
        if (v.sibling && (fhir_rows[v.row].flags & ROW_ARRAY))
            return wrong(m, "extensions of list items need an operation of their own:", name);
        attach(m->op->arena, o, &v);
    }
    *ret = o;
    return op_check(m->op);
}

static err make(struct maker *m, uint16_t type, str name, const struct json *part, unsigned depth,
                struct patch_value *ret)
{
    str suffix = STR_NONE;
    const struct json *v = value_member(part, "value", &suffix);
    const struct json *beside = value_member(part, "_value", &suffix);
    const struct json *parts = JSON_GET(part, "part"), *resource = JSON_GET(part, "resource");
    *ret = (struct patch_value){.row = row_of(m, type, name, suffix)};
    if (!ret->row)
        return wrong(m, "what it is added to has no element", name);
    if (parts) {
        TRY(make_parts(m, fhir_rows[ret->row].type, parts, depth, &ret->value));
        return OK;
    }
    if (!v && !beside && !resource)
        return wrong(m, "there is no value[x], part or resource for", name);
    v = v ? v : resource;
    if (v)
        ret->value = json_dup(m->op->arena, v);
    if (beside)
        ret->sibling = json_dup(m->op->arena, beside);
    return op_check(m->op);
}

err patch_value_make(struct op *op, const struct patch_step *s, uint16_t type, str name,
                     struct patch_value *ret)
{
    struct maker m = {.op = op, .step = s};
    if (!s->value)
        return wrong(&m, "the operation needs a part named", STR("value"));
    return make(&m, type, name, s->value, PARTS_DEPTH_MAX, ret);
}
