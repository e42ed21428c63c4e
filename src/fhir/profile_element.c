/* What one ElementDefinition of a profile says, read into its node: cardinality, types, values,
 * binding, slicing, constraints. Texts are copied into the profile's arena. Invariant: a value that
 * cannot be understood is an error that names the element. */
#include "fhir/profile_int.h"

#define CORE "http://hl7.org/fhir/StructureDefinition/"

static err bad(struct profile_compile *c, const char *what)
{
    return fail_at(c->op, ERR_UNPROCESSABLE, c->at, "The profile's %s is not understood.", what);
}

static err limit(struct profile_compile *c, str text, const char *what, uint32_t *ret)
{
    uint64_t v;
    if (str_eq(text, STR("*")))
        *ret = MAX_UNBOUNDED;
    else if (str_to_u64(text, MAX_UNBOUNDED - 1, &v))
        *ret = (uint32_t)v;
    else if (text.p)
        return bad(c, what);
    return OK;
}

static str kept_str(struct profile_compile *c, str s)
{
    return s.n ? arena_str(c->keep, s) : STR("");
}

static const str *canonicals(struct profile_compile *c, const struct json *list, size_t *ret_n)
{
    if (!json_is(list, JSON_ARRAY) || list->n == 0)
        return NULL;
    str *out = ARENA_ARRAY(c->keep, str, list->n);
    if (!out)
        return NULL;
    for (uint32_t i = 0; i < list->n; i++)
        out[i] = kept_str(c, json_str(&list->u.items[i]));
    *ret_n = list->n;
    return out;
}

uint16_t profile_code_type(str code)
{
    return fhir_model_find(str_starts(code, STR(CORE)) ? str_sub(code, sizeof CORE - 1, code.n)
                                                       : code);
}

/* System types (of ids and urls) say nothing that the model does not. */
static err types(struct profile_compile *c, const struct json *list, struct profile_node *n)
{
    if (!json_is(list, JSON_ARRAY))
        return OK;
    if (str_starts(json_get_str(json_at(list, 0), STR("code")),
                   STR("http://hl7.org/fhirpath/System.")))
        return OK;
    struct profile_type *out = ARENA_ARRAY(c->keep, struct profile_type, list->n);
    for (uint32_t i = 0; out && i < list->n; i++) {
        const struct json *t = &list->u.items[i];
        out[i].type = profile_code_type(json_get_str(t, STR("code")));
        if (!out[i].type)
            return bad(c, "type code");
        out[i].profiles = canonicals(c, JSON_GET(t, "profile"), &out[i].n_profiles);
        out[i].targets = canonicals(c, JSON_GET(t, "targetProfile"), &out[i].n_targets);
    }
    n->types = out;
    n->n_types = out ? list->n : 0;
    if (list->n == 1 && out && out[0].type != FHIR_BACKBONE_ELEMENT && out[0].type != FHIR_ELEMENT)
        n->type = out[0].type;
    return OK;
}

static err rule(struct profile_compile *c, struct profile_node *n, str key, str human, bool error)
{
    struct profile_rule *r = ARENA_NEW(c->keep, struct profile_rule), **at = &n->constraints;
    *r =
        (struct profile_rule){.key = kept_str(c, key), .human = kept_str(c, human), .error = error};
    while (*at && !str_eq((*at)->key, r->key))
        at = &(*at)->next;
    if (*at)
        r->next = (*at)->next; /* the later one counts */
    *at = r;
    return OK;
}

/* An expression that this engine does not take stays a rule without path: it is told as not
 * checked whenever it would be. */
static void expression(struct profile_compile *c, struct profile_node *n, str key, str text)
{
    struct profile_rule *r = n->constraints;
    struct op inner;
    while (r && !str_eq(r->key, key))
        r = r->next;
    op_init(&inner, c->keep, c->op->actor, c->op->now);
    if (r &&
        (str_empty(text) || fhir_path_compile(&inner, arena_str(c->keep, text), &r->path) != OK))
        r->path = NULL;
}

/* Constraints of the base types stand in every snapshot; the base rules see to them. */
static bool of_base(str key, const struct json *constraint)
{
    str text = json_get_str(constraint, STR("expression"));
    str source = json_get_str(constraint, STR("source"));
    bool core = str_starts(source, STR(CORE)) &&
                fhir_model_find(str_sub(source, sizeof CORE - 1, source.n)) != 0;
    for (size_t i = 0; i < FHIR_RULE_ROWS; i++)
        if (str_eq(key, str_of(fhir_rule_rows[i].key)) &&
            (core || str_eq(text, str_of(fhir_rule_rows[i].expression))))
            return true;
    return false;
}

static err constraints(struct profile_compile *c, const struct json *list, struct profile_node *n)
{
    for (uint32_t i = 0; json_is(list, JSON_ARRAY) && i < list->n; i++) {
        const struct json *one = &list->u.items[i];
        str key = json_get_str(one, STR("key"));
        if (str_empty(key))
            return bad(c, "constraint without a key");
        if (of_base(key, one))
            continue;
        TRY(rule(c, n, key, json_get_str(one, STR("human")),
                 !str_eq(json_get_str(one, STR("severity")), STR("warning"))));
        expression(c, n, key, json_get_str(one, STR("expression")));
    }
    return OK;
}

/* A limit as FHIRPath: 5, @2020-01-01, 5 'mg'. */
static str literal(struct profile_compile *c, str member, const struct json *v)
{
    struct arena *a = c->op->arena;
    str text = json_str(v), code = json_get_str(v, STR("code")), number;
    if (str_ends(member, STR("Quantity"))) {
        number = json_get_str(v, STR("value"));
        if (str_empty(number) || str_find_char(code, '\'', 0) < code.n ||
            str_find_char(code, '\\', 0) < code.n)
            return STR_NONE;
        return str_empty(code) ? number
                               : arena_printf(a, "%.*s '%.*s'", STR_ARG(number), STR_ARG(code));
    }
    if (json_is(v, JSON_NUMBER))
        return text;
    for (size_t i = 0; i < text.n; i++)
        if (!memchr("0123456789-:.+TZ", text.p[i], 16))
            return STR_NONE;
    bool time = str_ends(member, STR("Time")) && !str_ends(member, STR("DateTime"));
    return text.n ? arena_printf(a, time ? "@T%.*s" : "@%.*s", STR_ARG(text)) : STR_NONE;
}

static err bound(struct profile_compile *c, struct profile_node *n, str member,
                 const struct json *v)
{
    bool low = str_starts(member, STR("minValue"));
    str key = low ? STR("minValue") : STR("maxValue"), text = literal(c, member, v);
    if (str_empty(text))
        return bad(c, "smallest or largest value");
    TRY(rule(c, n, key,
             arena_printf(c->op->arena, "The value must be %s %.*s.", low ? "at least" : "at most",
                          STR_ARG(text)),
             true));
    bool quantity = str_ends(member, STR("Quantity"));
    expression(c, n, key,
               arena_printf(c->op->arena, "%s %s %.*s",
                            quantity && json_is(v, JSON_OBJECT) && !JSON_GET(v, "code") ? "value"
                                                                                        : "$this",
                            low ? ">=" : "<=", STR_ARG(text)));
    return OK;
}

static err slicing(struct profile_compile *c, const struct json *s, struct profile_node *n)
{
    static const struct {
        const char *name;
        enum by_kind kind;
    } kinds[] = {{"value", BY_VALUE},
                 {"pattern", BY_VALUE},
                 {"exists", BY_EXISTS},
                 {"type", BY_TYPE},
                 {"profile", BY_PROFILE}};
    const struct json *list = JSON_GET(s, "discriminator");
    struct profile_by **at = &n->by;
    if (!s)
        return OK;
    str rules = json_get_str(s, STR("rules"));
    n->ordered = json_bool(JSON_GET(s, "ordered"), false);
    n->rules = str_eq(rules, STR("closed"))      ? SLICES_CLOSED
               : str_eq(rules, STR("openAtEnd")) ? SLICES_AT_END
                                                 : SLICES_OPEN;
    n->by = NULL;
    for (uint32_t i = 0; json_is(list, JSON_ARRAY) && i < list->n; i++) {
        const struct json *d = &list->u.items[i];
        struct profile_by *by = ARENA_NEW(c->keep, struct profile_by);
        size_t k = 0, n_kinds = sizeof kinds / sizeof *kinds;
        while (k < n_kinds && !str_eq(json_get_str(d, STR("type")), str_of(kinds[k].name)))
            k++;
        by->path = kept_str(c, json_get_str(d, STR("path")));
        if (k == n_kinds || str_empty(by->path))
            return bad(c, "slicing discriminator");
        by->kind = kinds[k].kind;
        *at = by;
        at = &by->next;
    }
    return OK;
}

uint16_t profile_set_find(str canonical)
{
    str url = str_sub(canonical, 0, str_find_char(canonical, '|', 0));
    for (uint16_t i = 1; i <= FHIR_SET_COUNT; i++)
        if (str_eq(url, str_of(fhir_pool + fhir_sets[i].url)))
            return i;
    return 0;
}

static void binding(struct profile_compile *c, const struct json *b, struct profile_node *n)
{
    str strength = json_get_str(b, STR("strength")), set = json_get_str(b, STR("valueSet"));
    if (!b || str_empty(set))
        return;
    n->binding =
        (struct profile_binding){.strength = str_eq(strength, STR("required"))     ? BIND_REQUIRED
                                             : str_eq(strength, STR("extensible")) ? BIND_EXTENSIBLE
                                             : str_eq(strength, STR("preferred"))  ? BIND_PREFERRED
                                                                                   : BIND_NONE,
                                 .known = profile_set_find(set),
                                 .set = kept_str(c, set)};
}

/* fixed[x], pattern[x], minValue[x], maxValue[x]. */
static err values(struct profile_compile *c, const struct json *e, struct profile_node *n)
{
    for (uint32_t i = 0; i < e->n; i++) {
        str name = e->u.members[i].name;
        const struct json *v = &e->u.members[i].value;
        if (str_starts(name, STR("fixed")))
            n->fixed = json_dup(c->keep, v);
        else if (str_starts(name, STR("pattern")))
            n->pattern = json_dup(c->keep, v);
        else if (str_starts(name, STR("minValue")) || str_starts(name, STR("maxValue")))
            TRY(bound(c, n, name, v));
    }
    return OK;
}

err profile_element(struct profile_compile *c, const struct json *e, struct profile_node *n)
{
    bool root = n == c->profile->root;
    if (!json_is(e, JSON_OBJECT))
        return bad(c, "element");
    if (!root) {
        TRY(limit(c, json_str(JSON_GET(e, "min")), "min", &n->min));
        TRY(limit(c, json_str(JSON_GET(e, "max")), "max", &n->max));
        TRY(types(c, JSON_GET(e, "type"), n));
        TRY(slicing(c, JSON_GET(e, "slicing"), n));
    }
    if (n->max != MAX_UNBOUNDED && n->min > n->max)
        return bad(c, "cardinality (min is more than max)");
    TRY(limit(c, json_str(JSON_GET(e, "maxLength")), "maxLength", &n->max_length));
    n->must_support |= json_bool(JSON_GET(e, "mustSupport"), false);
    TRY(values(c, e, n));
    binding(c, JSON_GET(e, "binding"), n);
    TRY(constraints(c, JSON_GET(e, "constraint"), n));
    return OK;
}
