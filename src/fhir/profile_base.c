/* The walk of a check over a whole tree: every value by the invariants of its type and element,
 * every extension by the definition its url names, every resource (the root, entries of a Bundle,
 * contained ones) by the profiles it claims. Invariant: %resource is the nearest resource,
 * %rootResource its container; what is collected for one value's profiles is let go before the
 * next. */
#include "fhir/profile_int.h"

static void walk(struct profile_check *c, struct json *v, const struct fhir_frame *f,
                 unsigned depth);

static void apply(struct profile_check *c, const struct profile_item *item,
                  const struct profile_rule *r)
{
    for (; r; r = r->next)
        check_rule(c, item, r);
}

/* Own rules and those of the types it is derived from. */
static void type_rules(struct profile_check *c, const struct profile_item *item)
{
    for (uint16_t t = item->type; t; t = fhir_models[t].base)
        apply(c, item, rules_of_type(c->env->rules, t));
}

static void value(struct profile_check *c, const struct profile_item *item)
{
    const struct profile_binding *b;
    if (!c->env->rules || (item->v->tag & FHIR_TAG_SIBLING))
        return;
    apply(c, item, rules_of_row(c->env->rules, item->row));
    if (json_is(item->v, JSON_OBJECT))
        type_rules(c, item);
    if (!c->env->errors_only)
        check_unit(c, item);
    if (!c->env->errors_only && (b = rules_binding(c->env->rules, item->row)))
        check_binding(c, item, b);
}

/* What an extension is for is told by its url; one that may change the meaning of what it stands in
 * must be understood (http://hl7.org/fhir/R4/extensibility.html#modifierExtension). */
void check_extension(struct profile_check *c, const struct profile_item *item, bool modifier)
{
    str url = json_get_str(item->v, STR("url"));
    bool known;
    if (!str_starts(url, STR("http")) && !str_starts(url, STR("urn:")))
        return; /* a part of an extension: its definition is the whole's */
    if (modifier && c->failed == OK && !check_find(c, url))
        check_tell(c, SEVERITY_ERROR, AT(&item->frame, STR("modifierExtension")),
                   "This extension may change the meaning of what it stands in and is not known "
                   "here: %.*s; load its StructureDefinition.",
                   STR_ARG(url));
    const struct fhir_profile *p = c->failed == OK ? check_find(c, url) : NULL;
    if (p && p->modifier != modifier)
        check_tell(c, SEVERITY_ERROR, AT(&item->frame, STR("modifierExtension")),
                   p->modifier ? "The extension is a modifier; write it as modifierExtension."
                               : "The extension is no modifier; write it as extension.");
    if (p)
        check_profile(c, item, url, &known);
    else if (!modifier)
        check_tell(c, SEVERITY_INFORMATION, AT(&item->frame, STR("extension")),
                   "The extension is not known here and was not checked: %.*s.", STR_ARG(url));
}

static void claimed(struct profile_check *c, const struct profile_item *item)
{
    const struct json *list = JSON_GET(JSON_GET(item->v, "meta"), "profile");
    bool known;
    for (uint32_t i = 0; json_is(list, JSON_ARRAY) && i < list->n; i++)
        if (json_is(&list->u.items[i], JSON_STRING) && check_step(c))
            check_profile(c, item, list->u.items[i].u.s, &known);
}

static void resource(struct profile_check *c, const struct profile_item *item, unsigned depth)
{
    struct json *around = c->resource, *outer = c->outer;
    bool contained = around && str_eq(fhir_word(fhir_rows[item->row].element), STR("contained"));
    c->resource = item->v;
    c->outer = contained ? outer : item->v;
    value(c, item);
    claimed(c, item);
    if (c->env->profile)
        arena_reset(c->lists);
    walk(c, item->v, &item->frame, depth);
    c->resource = around;
    c->outer = outer;
}

static void one(struct profile_check *c, const struct profile_item *item, unsigned depth)
{
    if (!check_step(c))
        return;
    if (item->type && item->type <= FHIR_TYPE_COUNT && json_is(item->v, JSON_OBJECT)) {
        resource(c, item, depth);
        return;
    }
    value(c, item);
    if (item->type == FHIR_EXTENSION && c->env->profile) {
        check_extension(c, item, str_eq(item->frame.name, STR("modifierExtension")));
        arena_reset(c->lists);
    }
    if (json_is(item->v, JSON_OBJECT))
        walk(c, item->v, &item->frame, depth);
}

static void member(struct profile_check *c, struct json *v, const struct fhir_frame *up,
                   unsigned depth)
{
    uint16_t row = FHIR_TAG_ROW(v->tag);
    const struct fhir_row *r = &fhir_rows[row];
    bool list = v->type == JSON_ARRAY;
    uint32_t n = list ? v->n : 1;
    for (uint32_t i = 0; i < n; i++) {
        struct json *at = list ? &v->u.items[i] : v;
        struct profile_item item = {.v = at, .row = row, .type = FHIR_TAG_TYPE(at->tag)};
        item.frame = (struct fhir_frame){
            up, fhir_word(r->element), r->flags & ROW_CHOICE ? r->type : 0, list ? (int64_t)i : -1};
        if (at->type != JSON_NULL)
            one(c, &item, depth + 1);
    }
}

/* A primitive value without rules of its own: nothing can be wrong with it. */
static bool nothing_to_say(const struct profile_check *c, const struct json *v)
{
    uint16_t row = FHIR_TAG_ROW(v->tag);
    return v->type != JSON_OBJECT && v->type != JSON_ARRAY && c->env->errors_only &&
           (!c->env->rules || !rules_of_row(c->env->rules, row));
}

static void walk(struct profile_check *c, struct json *v, const struct fhir_frame *f,
                 unsigned depth)
{
    if (depth > FHIR_DEPTH_MAX)
        return;
    for (uint32_t i = 0; i < v->n && c->failed == OK; i++)
        if (FHIR_TAG_ROW(v->u.members[i].value.tag) && !nothing_to_say(c, &v->u.members[i].value))
            member(c, &v->u.members[i].value, f, depth);
}

void check_base(struct profile_check *c, struct json *v)
{
    struct profile_item item = {.v = v, .type = fhir_type_of(v)};
    item.frame = (struct fhir_frame){NULL, fhir_type_name(item.type), 0, -1};
    if (item.type)
        resource(c, &item, 0);
}

static void done(struct profile_check *c)
{
    if (c->lists != c->scratch)
        arena_free(c->lists);
    if (!c->env->scratch)
        arena_free(c->scratch);
}

err fhir_profile_check(struct op *op, const struct fhir_profile_env *env, struct json *resource,
                       const str *profiles, size_t n)
{
    struct profile_check c = {.op = op, .env = env, .root = resource};
    struct profile_item item = {.v = resource, .type = fhir_type_of(resource)};
    bool known;
    item.frame = (struct fhir_frame){NULL, fhir_type_name(item.type), 0, -1};
    if (!item.type)
        return OK; /* fhir_validate() has said so */
    c.scratch = env->scratch ? env->scratch : arena_new(64u << 20);
    c.lists = env->profile ? arena_new(64u << 20) : c.scratch; /* without profiles there are none */
    if (!c.scratch || !c.lists) {
        done(&c);
        return fail(op, ERR_UNAVAILABLE, "No memory left to validate.");
    }
    c.resource = c.outer = resource;
    for (size_t i = 0; i < n && check_step(&c); i++)
        check_profile(&c, &item, profiles[i], &known);
    c.resource = c.outer = NULL;
    check_base(&c, resource);
    done(&c);
    if (c.failed != OK)
        return c.failed;
    if (c.left_out)
        op_note(op, SEVERITY_INFORMATION, STR_NONE,
                "%zu more warnings and notes are not listed; mend the first ones.", c.left_out);
    return c.problems ? ERR_UNPROCESSABLE : OK;
}
