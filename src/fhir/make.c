/* The small datatypes of make.h; a value that is empty is written as it is. */
#include "fhir/make.h"

struct json *fhir_reference(struct op *op, str reference)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("reference"), reference);
    return o;
}

struct json *fhir_reference_to(struct op *op, const char *type, str id)
{
    return fhir_reference(op, arena_printf(op->arena, "%s/%.*s", type, STR_ARG(id)));
}

struct json *fhir_coding(struct op *op, str system, str code)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("system"), system);
    json_set_str(op->arena, o, STR("code"), code);
    return o;
}

struct json *fhir_concept(struct op *op, str system, str code)
{
    struct json *list = json_new(op->arena, JSON_ARRAY), *o = json_new(op->arena, JSON_OBJECT);
    json_push(op->arena, list, fhir_coding(op, system, code));
    json_set(op->arena, o, STR("coding"), list);
    return o;
}

str fhir_name_shown(struct op *op, const struct json *person)
{
    const struct json *name = json_at(JSON_GET(person, "name"), 0);
    str text = json_get_str(name, STR("text"));
    if (text.n)
        return text;
    return str_trim(arena_printf(op->arena, "%.*s %.*s",
                                 STR_ARG(json_str(json_at(JSON_GET(name, "given"), 0))),
                                 STR_ARG(json_get_str(name, STR("family")))));
}

enum language fhir_language_told(const struct json *person)
{
    const struct json *all = JSON_GET(person, "communication"), *one;
    enum language found = LANGUAGE_COUNT;
    for (size_t i = 0; (one = json_at(all, i)); i++) {
        enum language l = language_of(json_str(json_path(one, "language.coding.0.code")));
        if (l != LANGUAGE_COUNT && json_bool(JSON_GET(one, "preferred"), false))
            return l;
        found = found == LANGUAGE_COUNT ? l : found;
    }
    return found;
}

enum language fhir_language(const struct json *person)
{
    enum language l = fhir_language_told(person);
    return l == LANGUAGE_COUNT ? LANGUAGE_EN : l;
}
