/* Judging one value: patterns, bindings through the terminology, rules in FHIRPath, the targets of
 * references. Invariant: what cannot be known here is said as that, never taken for right or
 * wrong. */
#include "fhir/profile_int.h"
#include "fhir/ucum.h"

#define CORE "http://hl7.org/fhir/StructureDefinition/"

static bool has_pattern(const struct json *v, const struct json *pattern, unsigned depth)
{
    if (depth > FHIR_DEPTH_MAX)
        return false;
    if (pattern->type == JSON_OBJECT) {
        for (uint32_t i = 0; i < pattern->n; i++) {
            const struct json *m = json_get(v, pattern->u.members[i].name);
            if (!m || !has_pattern(m, &pattern->u.members[i].value, depth + 1))
                return false;
        }
        return true;
    }
    if (pattern->type != JSON_ARRAY)
        return json_equal(v, pattern);
    for (uint32_t i = 0; i < pattern->n; i++) {
        bool found = false;
        for (uint32_t k = 0; json_is(v, JSON_ARRAY) && k < v->n && !found; k++)
            found = has_pattern(&v->u.items[k], &pattern->u.items[i], depth + 1);
        if (!found)
            return false;
    }
    return true;
}

bool profile_has_pattern(const struct json *v, const struct json *pattern)
{
    return has_pattern(v, pattern, 0);
}

/* ---- rules ---- */

static err resolve(struct op *op, void *ctx, str reference, struct json **ret)
{
    struct profile_check *c = ctx;
    const struct json *entries = JSON_GET(c->root, "entry");
    for (uint32_t i = 0; json_is(entries, JSON_ARRAY) && i < entries->n; i++)
        if (str_eq(json_get_str(&entries->u.items[i], STR("fullUrl")), reference)) {
            *ret = JSON_GET(&entries->u.items[i], "resource");
            return OK;
        }
    return c->env->resolve ? c->env->resolve(op, c->env->ctx, reference, ret) : OK;
}

static struct profile_item item_of(struct json *v)
{
    struct profile_item item = {.v = v, .row = FHIR_TAG_ROW(v->tag), .type = FHIR_TAG_TYPE(v->tag)};
    item.frame = (struct fhir_frame){NULL, fhir_word(fhir_models[item.type].name), 0, -1};
    return item;
}

static err conforms(struct op *op, void *ctx, struct json *v, str profile, bool *ret_known,
                    bool *ret)
{
    struct profile_check *c = ctx;
    if (FHIR_TAG_TYPE(v->tag) >= FHIR_MODEL_COUNT + 1u || c->jumps >= CHECK_JUMPS_MAX) {
        *ret_known = false;
        return OK;
    }
    struct profile_item item = item_of(v);
    (void)op;
    c->jumps++;
    *ret = check_conforms(c, &item, profile, ret_known);
    c->jumps--;
    return c->failed;
}

static err slice(struct op *op, void *ctx, struct json *v, str profile, str name, bool *ret)
{
    struct profile_check *c = ctx;
    (void)op;
    *ret = false;
    if (FHIR_TAG_TYPE(v->tag) >= FHIR_MODEL_COUNT + 1u || c->jumps >= CHECK_JUMPS_MAX)
        return OK;
    struct profile_item item = item_of(v);
    const struct fhir_profile *p = check_find(c, profile);
    c->jumps++;
    *ret = p && check_in_slice(c, &item, p, name);
    c->jumps--;
    return c->failed;
}

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_NONE };

static enum answer answer_of(const struct fhir_path_items *items)
{
    if (items->n == 0)
        return ANSWER_NONE;
    if (items->n == 1 && items->at[0]->type == JSON_FALSE)
        return ANSWER_NO;
    return ANSWER_YES;
}

static enum answer evaluate(struct profile_check *c, const struct profile_item *item,
                            const struct fhir_path *path)
{
    struct fhir_path_env env = {.resource = c->resource,
                                .root = c->outer,
                                .terms = c->env->terms,
                                .resolve = resolve,
                                .conforms = conforms,
                                .slice = slice,
                                .ctx = c};
    struct fhir_path_items items;
    struct op inner;
    if (c->evaluations == 0)
        arena_reset(c->scratch);
    op_init(&inner, c->scratch, c->op->actor, c->op->now);
    inner.deadline = c->op->deadline;
    inner.trace = c->op->trace;
    inner.audit = c->op->audit;
    c->evaluations++;
    err e = fhir_path_run(&inner, path, &env, item->v, &items);
    c->evaluations--;
    c->op->audit = inner.audit;
    return e == OK ? answer_of(&items) : ANSWER_NONE;
}

/* The rule holds for want of the element that it is about. */
static bool guarded(const struct json *v, uint16_t word)
{
    for (uint32_t i = 0; word && json_is(v, JSON_OBJECT) && i < v->n; i++) {
        uint16_t row = FHIR_TAG_ROW(v->u.members[i].value.tag);
        if (row && fhir_rows[row].element == word)
            return false;
    }
    return word != 0;
}

void check_rule(struct profile_check *c, const struct profile_item *item,
                const struct profile_rule *rule)
{
    if (!item->v || guarded(item->v, rule->guard) || (c->env->errors_only && !rule->error) ||
        !check_step(c))
        return;
    enum answer answer = rule->path ? evaluate(c, item, rule->path) : ANSWER_NONE;
    enum severity severity = rule->error ? SEVERITY_ERROR : SEVERITY_WARNING;
    if (answer == ANSWER_NO)
        check_tell(c, severity, AT(&item->frame, rule->key), "The rule does not hold: %.*s.",
                   STR_ARG(rule->human));
    else if (answer == ANSWER_NONE)
        check_tell(c, SEVERITY_WARNING, AT(&item->frame, rule->key),
                   "It cannot be known here whether the rule holds: %.*s.", STR_ARG(rule->human));
}

/* ---- bindings ---- */

static enum terms_answer member(struct profile_check *c, const struct profile_binding *b,
                                struct terms_code code)
{
    enum terms_answer answer = TERMS_UNKNOWN;
    const struct fhir_terms *t = c->env->terms;
    if (b->known && fhir_sets[b->known].rule == SET_LISTED)
        return fhir_set_has(b->known, code.system, code.code, NULL) ? TERMS_YES : TERMS_NO;
    if (t && t->member && c->failed == OK) {
        struct op ask; /* what has been told so far is no fault of the terminology's */
        op_init(&ask, c->op->arena, c->op->actor, c->op->now);
        ask.deadline = c->op->deadline;
        ask.trace = c->op->trace;
        err e = t->member(&ask, t->ctx, b->set, code, &answer, NULL);
        if (e != OK)
            c->failed = e;
    }
    return answer;
}

static enum terms_answer any_coding(struct profile_check *c, const struct profile_binding *b,
                                    const struct json *codings)
{
    enum terms_answer worst = TERMS_NO;
    for (uint32_t i = 0; json_is(codings, JSON_ARRAY) && i < codings->n; i++) {
        const struct json *one = &codings->u.items[i];
        if (!JSON_GET(one, "system"))
            continue; /* a coding without a system is of no set */
        enum terms_answer answer =
            member(c, b,
                   (struct terms_code){json_get_str(one, STR("system")),
                                       json_get_str(one, STR("code")), STR("")});
        if (answer == TERMS_YES)
            return TERMS_YES;
        if (answer == TERMS_UNKNOWN)
            worst = TERMS_UNKNOWN;
    }
    return worst;
}

static enum terms_answer in_set(struct profile_check *c, const struct profile_item *item,
                                const struct profile_binding *b)
{
    if (item->v && item->v->type == JSON_STRING)
        return member(c, b, (struct terms_code){STR_NONE, item->v->u.s, STR("")});
    if (item->type == FHIR_CODEABLE_CONCEPT)
        return any_coding(c, b, JSON_GET(item->v, "coding"));
    str code = json_get_str(item->v, STR("code"));
    if (str_empty(code) || !JSON_GET(item->v, "system"))
        return item->type == FHIR_CODING ? TERMS_NO : TERMS_YES; /* a Quantity without unit */
    return member(c, b, (struct terms_code){json_get_str(item->v, STR("system")), code, STR("")});
}

/* Units of UCUM are checked by the code's own grammar. */
void check_unit(struct profile_check *c, const struct profile_item *item)
{
    str code = json_get_str(item->v, STR("code"));
    if (fhir_is_a(item->type, FHIR_QUANTITY) && code.n && !ucum_valid(code) &&
        str_eq(json_get_str(item->v, STR("system")), STR("http://unitsofmeasure.org")))
        check_tell(c, SEVERITY_ERROR, AT(&item->frame, STR("ucum")),
                   "The code is no unit of UCUM; correct it or the system.");
}

/* A concept in words only is what an extensible or preferred binding allows when no code fits. */
static bool words_only(const struct profile_item *item)
{
    return item->type == FHIR_CODEABLE_CONCEPT && !JSON_GET(item->v, "coding") &&
           JSON_GET(item->v, "text");
}

static bool bindable(uint16_t type)
{
    return type == FHIR_CODE || type == FHIR_CODING || type == FHIR_CODEABLE_CONCEPT ||
           type == FHIR_STRING || type == FHIR_URI || fhir_is_a(type, FHIR_QUANTITY);
}

void check_binding(struct profile_check *c, const struct profile_item *item,
                   const struct profile_binding *b)
{
    static const enum severity wrong[] = {[BIND_REQUIRED] = SEVERITY_ERROR,
                                          [BIND_EXTENSIBLE] = SEVERITY_WARNING,
                                          [BIND_PREFERRED] = SEVERITY_INFORMATION};
    bool skip = !item->v || !bindable(item->type) ||
                (c->env->errors_only && b->strength != BIND_REQUIRED) ||
                (b->strength != BIND_REQUIRED && words_only(item));
    if (skip || !check_step(c))
        return;
    enum terms_answer answer = in_set(c, item, b);
    if (answer == TERMS_NO)
        check_tell(c, wrong[b->strength], AT(&item->frame, STR("binding")),
                   b->strength == BIND_REQUIRED
                       ? "The code must come from the value set %.*s."
                       : "The code should come from the value set %.*s where one there fits.",
                   STR_ARG(b->set));
    else if (answer == TERMS_UNKNOWN && b->strength != BIND_PREFERRED)
        check_tell(c, b->strength == BIND_REQUIRED ? SEVERITY_WARNING : SEVERITY_INFORMATION,
                   AT(&item->frame, STR("binding")),
                   "The code cannot be checked here: the value set %.*s is not loaded, or not "
                   "whole.",
                   STR_ARG(b->set));
}

/* ---- references ---- */

/* The type a target profile is of; 0 when it is not to be had. */
static uint16_t target_type(struct profile_check *c, str canonical)
{
    uint16_t type = profile_code_type(canonical);
    if (!str_starts(canonical, STR(CORE)))
        type = 0;
    if (type)
        return type;
    const struct fhir_profile *p = check_find(c, canonical);
    return p ? p->type : 0;
}

/* The resource a reference names, when it can be had. */
static struct json *target_of(struct profile_check *c, str reference)
{
    struct json *found = NULL;
    if (str_starts(reference, STR("#"))) {
        struct json *list = JSON_GET(c->outer, "contained");
        for (uint32_t i = 0; json_is(list, JSON_ARRAY) && i < list->n; i++)
            if (str_eq(json_get_str(&list->u.items[i], STR("id")),
                       str_sub(reference, 1, reference.n)))
                return &list->u.items[i];
        return NULL;
    }
    err e = resolve(c->op, c, reference, &found);
    if (e != OK)
        c->failed = e;
    return c->failed == OK ? found : NULL;
}

static bool target_fits(struct profile_check *c, const struct profile_type *t, uint16_t type,
                        bool *ret_known)
{
    bool known = true;
    for (size_t i = 0; i < t->n_targets; i++) {
        uint16_t wanted = target_type(c, t->targets[i]);
        if (wanted && fhir_is_a(type, wanted))
            return true;
        known &= wanted != 0;
    }
    *ret_known = known;
    return false;
}

/* Its content, where it can be had, against the profiles of its type; one reference deep. */
static void target_content(struct profile_check *c, const struct profile_item *item,
                           const struct profile_type *t, struct json *target)
{
    struct profile_item at = item_of(target);
    struct json *resource = c->resource, *outer = c->outer;
    bool known = true, any = false, ok = false;
    if (c->jumps >= 2)
        return;
    c->resource = c->outer = target;
    c->jumps += CHECK_JUMPS_MAX / 2; /* the target's own references stay unfollowed */
    for (size_t i = 0; i < t->n_targets && !ok; i++) {
        uint16_t wanted = target_type(c, t->targets[i]);
        if (!wanted || !fhir_is_a(at.type, wanted))
            continue;
        any = true;
        ok = check_conforms(c, &at, t->targets[i], &known);
    }
    c->jumps -= CHECK_JUMPS_MAX / 2;
    c->resource = resource;
    c->outer = outer;
    if (any && !ok && known)
        check_tell(c, SEVERITY_ERROR, AT(&item->frame, STR("targetProfile")),
                   "What the reference points at does not conform to the profile asked for.");
}

void check_reference(struct profile_check *c, const struct profile_item *item,
                     const struct profile_type *t)
{
    str text = json_get_str(item->v, STR("reference"));
    struct json *target = text.n ? target_of(c, text) : NULL;
    uint16_t type = fhir_type_of(target);
    bool known = true;
    if (!type)
        type = fhir_ref_parse(text).type;
    if (!type)
        type = fhir_type_parse(json_get_str(item->v, STR("type")));
    if (!type)
        return;
    if (target_fits(c, t, type, &known)) {
        if (target)
            target_content(c, item, t, target);
        return;
    }
    check_tell(c, known ? SEVERITY_ERROR : SEVERITY_WARNING, AT(&item->frame, STR("targetProfile")),
               known ? "The reference points at a type that the profile does not allow here."
                     : "The profile asked for of what the reference points at is not known here.");
}
