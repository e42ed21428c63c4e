/* The operations of a FHIRPath Patch out of their Parameters: which parts each needs, and nothing
 * that is not understood (https://hl7.org/fhir/R4/fhirpatch.html). */
#include "patch_int.h"

static const struct {
    const char *name;
    enum patch_verb verb;
    bool named, valued, indexed, moved;
} verbs[] = {
    {"add", PATCH_ADD, true, true, false, false},
    {"insert", PATCH_INSERT, false, true, true, false},
    {"delete", PATCH_DELETE, false, false, false, false},
    {"replace", PATCH_REPLACE, false, true, false, false},
    {"move", PATCH_MOVE, false, false, false, true},
};
#define VERBS (sizeof verbs / sizeof *verbs)

static err wrong(struct op *op, size_t at, const char *what)
{
    return fail_at(op, ERR_INVALID, arena_printf(op->arena, "Parameters.parameter[%zu]", at), "%s",
                   what);
}

static str text_of(const struct json *part)
{
    for (uint32_t i = 0; i < part->n; i++)
        if (str_starts(part->u.members[i].name, STR("value")))
            return json_is(&part->u.members[i].value, JSON_STRING) ? part->u.members[i].value.u.s
                                                                   : STR_NONE;
    return STR_NONE;
}

static int64_t number_of(const struct json *part)
{
    static const char *const names[] = {"valueInteger", "valueUnsignedInt", "valuePositiveInt"};
    int64_t n;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (json_i64(json_get(part, str_of(names[i])), &n) && n >= 0)
            return n;
    return -1;
}

/* One part into the step; false when its name is none of a patch's. */
static bool take(struct patch_step *s, const struct json *part, str *ret_type)
{
    str name = json_get_str(part, STR("name"));
    if (str_eq(name, STR("type")))
        *ret_type = text_of(part);
    else if (str_eq(name, STR("path")))
        s->path = text_of(part);
    else if (str_eq(name, STR("name")))
        s->name = text_of(part);
    else if (str_eq(name, STR("value")))
        s->value = part;
    else if (str_eq(name, STR("index")))
        s->index = number_of(part);
    else if (str_eq(name, STR("source")))
        s->source = number_of(part);
    else if (str_eq(name, STR("destination")))
        s->destination = number_of(part);
    else
        return false;
    return true;
}

static err read_step(struct op *op, const struct json *parameter, struct patch_step *s)
{
    const struct json *parts = JSON_GET(parameter, "part"), *part;
    str type = STR_NONE;
    size_t v = 0;
    if (!str_eq(json_get_str(parameter, STR("name")), STR("operation")))
        return wrong(op, s->at, "Every parameter of a FHIRPath Patch is named operation.");
    for (size_t i = 0; (part = json_at(parts, i)); i++)
        if (!take(s, part, &type))
            return wrong(op, s->at,
                         "The parts of an operation are type, path, name, value, index, source "
                         "and destination.");
    while (v < VERBS && !str_eq(type, str_of(verbs[v].name)))
        v++;
    if (v == VERBS)
        return wrong(op, s->at, "type must be add, insert, delete, replace or move.");
    s->verb = verbs[v].verb;
    if (!s->path.n)
        return wrong(op, s->at, "The operation needs a path; add it.");
    if (verbs[v].named && !s->name.n)
        return wrong(op, s->at, "An add needs the name of the element; add it.");
    if (verbs[v].valued && !s->value)
        return wrong(op, s->at, "The operation needs a value; add it.");
    if ((verbs[v].indexed && s->index < 0) ||
        (verbs[v].moved && (s->source < 0 || s->destination < 0)))
        return wrong(op, s->at,
                     "An insert needs index, a move source and destination, each a whole number "
                     "from 0.");
    return OK;
}

err patch_path_read(struct op *op, const struct json *parameters, struct fhir_patch *ret)
{
    const struct json *list = JSON_GET(parameters, "parameter");
    size_t n = json_is(list, JSON_ARRAY) ? list->n : 0;
    if (n > FHIR_PATCH_PATH_MAX)
        return fail(op, ERR_TOO_LARGE, "A FHIRPath Patch may have %u operations; send it in parts.",
                    FHIR_PATCH_PATH_MAX);
    struct patch_step *steps = ARENA_ARRAY(op->arena, struct patch_step, n + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++) {
        steps[i] = (struct patch_step){.at = i, .index = -1, .source = -1, .destination = -1};
        TRY(read_step(op, &list->u.items[i], &steps[i]));
    }
    *ret = (struct fhir_patch){.steps = steps, .n = n};
    return OK;
}
