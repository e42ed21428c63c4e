/* Templates: from JSON to words, to an ActivityDefinition and back. */
#include "campaign/words_int.h"

static const char *const KINDS[] = {"care", "appointment", "refill", "marketing"};

bool words_own_variable(str name)
{
    static const char *const OWN[] = {"first", "phone", "clinic", "link", "due"};
    bool found = false;
    for (size_t i = 0; i < sizeof OWN / sizeof *OWN && !found; i++)
        found = str_eq(name, str_of(OWN[i]));
    return found;
}

const struct words_variable *words_variable(const struct words *w, str name)
{
    for (size_t i = 0; i < w->n; i++)
        if (str_eq(w->variables[i].name, name))
            return &w->variables[i];
    return NULL;
}

static err read_text(struct op *op, const struct json *o, const char *name, str *ret)
{
    *ret = json_get_str(o, str_of(name));
    if (ret->n > WORDS_TEXT_MAX || !str_utf8_valid(*ret))
        return fail_at(op, ERR_INVALID, STR("texts"), "A text is UTF-8 of at most %u bytes.",
                       WORDS_TEXT_MAX);
    return OK;
}

static err read_variables(struct op *op, const struct json *list, struct words *w)
{
    for (size_t i = 0; list && i < list->n; i++) {
        const struct json *o = json_at(list, i);
        str at = arena_printf(op->arena, "variables[%zu]", i);
        struct words_variable v = {.name = json_get_str(o, STR("name")),
                                   .path = json_get_str(o, STR("path"))};
        if (w->n == WORDS_VARIABLES_MAX)
            return fail_at(op, ERR_INVALID, at, "At most %u variables.", WORDS_VARIABLES_MAX);
        if (str_empty(v.name) || v.name.n > WORDS_NAME_MAX || words_own_variable(v.name) ||
            words_variable(w, v.name))
            return fail_at(op, ERR_INVALID, at,
                           "A variable has a name of its own of at most %u letters.",
                           WORDS_NAME_MAX);
        TRY(fhir_path_compile(op, v.path, &v.compiled));
        for (int l = 0; l < LANGUAGE_COUNT; l++)
            v.fallback[l] = json_get_str(JSON_GET(o, "fallback"), str_of(LANGUAGE_TAGS[l]));
        w->variables[w->n++] = v;
    }
    return OK;
}

err words_read(struct op *op, const struct json *definition, struct words *ret)
{
    struct words w = {.title = json_get_str(definition, STR("title")),
                      .kind = json_get_str(definition, STR("kind")),
                      .evidence = json_get_str(definition, STR("evidence"))};
    bool known = false;
    if (str_empty(w.kind))
        w.kind = STR("care");
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        known |= str_eq(w.kind, str_of(KINDS[i]));
    if (!json_is(definition, JSON_OBJECT) || !known || w.title.n > 200 || w.evidence.n > 2000)
        return fail_at(op, ERR_INVALID, STR("kind"),
                       "Words have a title and a kind: care, appointment, refill or marketing.");
    for (int l = 0; l < LANGUAGE_COUNT; l++) {
        const struct json *o = json_get(JSON_GET(definition, "texts"), str_of(LANGUAGE_TAGS[l]));
        TRY(read_text(op, o, "sms", &w.texts[l].sms));
        TRY(read_text(op, o, "subject", &w.texts[l].subject));
        TRY(read_text(op, o, "email", &w.texts[l].email));
    }
    TRY(read_variables(op, JSON_GET(definition, "variables"), &w));
    *ret = w;
    return OK;
}

/* ---- as an ActivityDefinition ---- */

static void push_text(struct op *op, struct json *list, const char *name, str text)
{
    struct json *e = json_new(op->arena, JSON_OBJECT);
    if (str_empty(text))
        return;
    json_set(op->arena, e, STR("url"),
             json_new_str(op->arena, arena_printf(op->arena, WORDS_URL "%s", name)));
    json_set_str(op->arena, e, STR("valueString"), text);
    json_push(op->arena, list, e);
}

static void push_group(struct op *op, struct json *list, const char *name, struct json *inner)
{
    struct json *e = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, e, STR("extension"), inner);
    json_set(op->arena, e, STR("url"),
             json_new_str(op->arena, arena_printf(op->arena, WORDS_URL "%s", name)));
    json_push(op->arena, list, e);
}

struct json *words_to_resource(struct op *op, const struct words *w)
{
    struct arena *m = op->arena;
    struct json *o = json_new(m, JSON_OBJECT), *list = json_new(m, JSON_ARRAY);
    push_text(op, list, "kind", w->kind);
    for (int l = 0; l < LANGUAGE_COUNT; l++) {
        struct json *inner = json_new(m, JSON_ARRAY);
        push_text(op, inner, "language", str_of(LANGUAGE_TAGS[l]));
        push_text(op, inner, "sms", w->texts[l].sms);
        push_text(op, inner, "subject", w->texts[l].subject);
        push_text(op, inner, "email", w->texts[l].email);
        push_group(op, list, "text", inner);
    }
    for (size_t i = 0; i < w->n; i++) {
        struct json *inner = json_new(m, JSON_ARRAY);
        push_text(op, inner, "name", w->variables[i].name);
        push_text(op, inner, "path", w->variables[i].path);
        for (int l = 0; l < LANGUAGE_COUNT; l++)
            push_text(op, inner, LANGUAGE_TAGS[l], w->variables[i].fallback[l]);
        push_group(op, list, "variable", inner);
    }
    json_set_str(m, o, STR("resourceType"), STR("ActivityDefinition"));
    json_set(m, o, STR("extension"), list);
    json_set_str(m, o, STR("title"), w->title);
    json_set_str(m, o, STR("status"), STR("draft"));
    if (w->evidence.n)
        json_set_str(m, o, STR("purpose"), w->evidence);
    json_set_str(m, o, STR("kind"), STR("CommunicationRequest"));
    return o;
}

static str of(const struct json *list, const char *name)
{
    for (size_t i = 0; list && i < list->n; i++) {
        str url = json_get_str(json_at(list, i), STR("url"));
        if (str_starts(url, STR(WORDS_URL)) &&
            str_eq(str_sub(url, sizeof WORDS_URL - 1, url.n), str_of(name)))
            return json_get_str(json_at(list, i), STR("valueString"));
    }
    return STR_NONE;
}

static void keep(struct op *op, struct json *o, const char *name, str text)
{
    if (text.n)
        json_set_str(op->arena, o, str_of(name), text);
}

static struct json *text_from(struct op *op, const struct json *inner)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    keep(op, o, "sms", of(inner, "sms"));
    keep(op, o, "subject", of(inner, "subject"));
    keep(op, o, "email", of(inner, "email"));
    return o;
}

static struct json *variable_from(struct op *op, const struct json *inner)
{
    struct json *o = json_new(op->arena, JSON_OBJECT), *f = json_new(op->arena, JSON_OBJECT);
    keep(op, o, "name", of(inner, "name"));
    keep(op, o, "path", of(inner, "path"));
    for (int l = 0; l < LANGUAGE_COUNT; l++)
        keep(op, f, LANGUAGE_TAGS[l], of(inner, LANGUAGE_TAGS[l]));
    json_set(op->arena, o, STR("fallback"), f);
    return o;
}

struct json *words_from_resource(struct op *op, const struct json *resource)
{
    struct arena *m = op->arena;
    struct json *o = json_new(m, JSON_OBJECT), *texts = json_new(m, JSON_OBJECT);
    struct json *variables = json_new(m, JSON_ARRAY);
    const struct json *list = JSON_GET(resource, "extension");
    for (size_t i = 0; list && i < list->n; i++) {
        str url = json_get_str(json_at(list, i), STR("url"));
        const struct json *inner = JSON_GET(json_at(list, i), "extension");
        str tag = of(inner, "language");
        if (str_eq(url, STR(WORDS_URL "text")) && tag.n)
            json_set(m, texts, tag, text_from(op, inner));
        if (str_eq(url, STR(WORDS_URL "variable")))
            json_push(m, variables, variable_from(op, inner));
    }
    keep(op, o, "id", json_get_str(resource, STR("id")));
    keep(op, o, "title", json_get_str(resource, STR("title")));
    keep(op, o, "kind", of(list, "kind"));
    keep(op, o, "evidence", json_get_str(resource, STR("purpose")));
    keep(op, o, "status", json_get_str(resource, STR("status")));
    keep(op, o, "version", json_get_str(resource, STR("version")));
    json_set(m, o, STR("texts"), texts);
    json_set(m, o, STR("variables"), variables);
    return o;
}
