/* The model's judgement: does a resource meet a condition? See model.h.
 * Invariant: nothing here calls fhir_keys(), fhir_query_*() or the store. */
#include "model.h"

#include "fhir/ucum.h"

#include <math.h>

str model_kind(const struct fhir_path_items *items, size_t i)
{
    str name = fhir_path_type_name(items->types[i]);
    return str_starts(name, STR("System.")) ? str_sub(name, 7, name.n) : name;
}

static bool is(str kind, const char *names)
{
    str all = str_of(names), one;
    while (str_take_until(&all, ' ', &one))
        if (str_eq(kind, one))
            return true;
    return false;
}

struct model_resource *model_find(struct model *m, str ref)
{
    return map_get(&m->by_ref, ref);
}

void model_add(struct model *m, str text, str id)
{
    struct model_resource *to = &m->resources[m->n++];
    assert_true(m->n < MODEL_RESOURCES);
    assert_int_equal(fhir_read(&m->op, text, 0, &to->tree), OK);
    str type = fhir_type_name(to->type = fhir_type_of(to->tree));
    to->ref = arena_printf(m->op.arena, "%.*s/%.*s", STR_ARG(type), STR_ARG(id));
    if (!m->by_ref.arena)
        map_init(&m->by_ref, m->op.arena);
    assert_true(map_put(&m->by_ref, to->ref, to));
}

#define SLOTS 200u

static err resolve(struct op *op, void *ctx, str reference, struct json **ret)
{
    struct model_resource *r = model_find(ctx, reference);
    (void)op;
    *ret = r ? r->tree : NULL;
    return OK;
}

const struct fhir_path_items *model_items(struct model *m, struct model_resource *r,
                                          const struct model_param *p)
{
    size_t at = p->slot;
    if (!r->items)
        r->items = ARENA_ARRAY(m->op.arena, struct fhir_path_items *, SLOTS);
    assert_true(p->base == r->type && at < SLOTS);
    assert_non_null(r->items);
    if (!r->items[at]) {
        r->items[at] = ARENA_NEW(m->op.arena, struct fhir_path_items);
        struct fhir_path_env env = {.resolve = resolve, .ctx = m};
        if (fhir_path_run(&m->op, p->path, &env, r->tree, r->items[at]) != OK) {
            print_error("%s: %.*s\n", p->code, STR_ARG(m->op.fault.issues[0].message));
            assert_true(false);
        }
    }
    return r->items[at];
}

/* ---- texts ---- */

/* Letters without case or accent; the invented data has few of these. */
str model_plain(struct model *m, str s)
{
    char *out = arena_alloc(m->op.arena, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == 0xc3 && i + 1 < s.n) { /* ü é, and the like */
            unsigned char d = (unsigned char)s.p[++i];
            out[n++] = d == 0xbc || d == 0x9c ? 'u' : 'e';
        } else {
            out[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
    }
    return str_make(out, n);
}

static bool alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool at_word(str have, str want)
{
    for (size_t i = 0; i + want.n <= have.n; i++)
        if (str_starts(str_sub(have, i, have.n), want) && (i == 0 || !alnum(have.p[i - 1])))
            return true;
    return false;
}

static bool text_fits(struct model *m, enum model_mod mod, str have, str want)
{
    if (mod == EXACT)
        return str_eq(have, want);
    str a = model_plain(m, have), b = model_plain(m, want);
    if (mod == CONTAINS)
        return str_find(a, b, 0) != SIZE_MAX;
    return mod == TEXT ? at_word(a, b) : str_starts(a, b);
}

static bool texts_fit(struct model *m, enum model_mod mod, const struct json *v, str want)
{
    if (v && v->type == JSON_STRING)
        return text_fits(m, mod, v->u.s, want);
    for (size_t i = 0; json_at(v, i); i++)
        if (texts_fit(m, mod, json_at(v, i), want))
            return true;
    return false;
}

static bool string_fits(struct model *m, enum model_mod mod, str kind, const struct json *v,
                        str want)
{
    static const char *const name[] = {"family", "given", "prefix", "suffix", "text", NULL};
    static const char *const address[] = {"line",       "city",    "district", "state",
                                          "postalCode", "country", "text",     NULL};
    const char *const *members = is(kind, "HumanName") ? name
                                 : is(kind, "Address") ? address
                                                       : NULL;
    if (is(kind, "CodeableConcept")) {
        const struct json *codings = JSON_GET(v, "coding");
        for (size_t i = 0; json_at(codings, i); i++)
            if (texts_fit(m, mod, JSON_GET(json_at(codings, i), "display"), want))
                return true;
        return texts_fit(m, mod, JSON_GET(v, "text"), want);
    }
    for (; members && *members; members++)
        if (texts_fit(m, mod, json_get(v, str_of(*members)), want))
            return true;
    return texts_fit(m, mod, v, want);
}

/* ---- tokens ---- */

static bool pair_fits(str system, str code, const struct model_value *v)
{
    return (v->code.n == 0 || str_eq(code, v->code)) &&
           (!v->has_system || str_eq(system, v->system));
}

static bool coding_fits(struct model *m, enum model_mod mod, const struct json *c,
                        const struct model_value *v)
{
    if (mod == TEXT)
        return texts_fit(m, TEXT, JSON_GET(c, "display"), v->text);
    str system = json_get_str(c, STR("system")), code = json_get_str(c, STR("code"));
    return (system.n || code.n) && pair_fits(system, code, v);
}

static bool identifier_fits(struct model *m, enum model_mod mod, const struct json *id,
                            const struct model_value *v)
{
    const struct json *type = JSON_GET(id, "type"), *codings = JSON_GET(type, "coding");
    str value = json_get_str(id, STR("value"));
    if (mod == TEXT)
        return texts_fit(m, TEXT, JSON_GET(type, "text"), v->text);
    for (size_t i = 0; mod == OF_TYPE && json_at(codings, i); i++)
        if (str_eq(value, v->text) && coding_fits(m, AS_IS, json_at(codings, i), v))
            return true;
    return mod != OF_TYPE && pair_fits(json_get_str(id, STR("system")), value, v);
}

static bool token_fits(struct model *m, enum model_mod mod, str kind, const struct json *v,
                       const struct model_value *want)
{
    if (is(kind, "Coding"))
        return mod != OF_TYPE && coding_fits(m, mod, v, want);
    if (is(kind, "Identifier"))
        return identifier_fits(m, mod, v, want);
    if (is(kind, "CodeableConcept")) {
        const struct json *codings = JSON_GET(v, "coding");
        for (size_t i = 0; mod != OF_TYPE && json_at(codings, i); i++)
            if (coding_fits(m, mod, json_at(codings, i), want))
                return true;
        return mod == TEXT && texts_fit(m, TEXT, JSON_GET(v, "text"), want->text);
    }
    if (mod == TEXT || mod == OF_TYPE)
        return false;
    if (is(kind, "ContactPoint"))
        return pair_fits(STR(""), json_get_str(v, STR("value")), want);
    if (json_is(v, JSON_TRUE) || json_is(v, JSON_FALSE))
        return pair_fits(STR(""), json_is(v, JSON_TRUE) ? STR("true") : STR("false"), want);
    return v->type == JSON_STRING && pair_fits(STR(""), v->u.s, want);
}

/* ---- times and numbers ---- */

static bool span_of(str kind, const struct json *v, struct time_span *ret)
{
    struct time_span a, b;
    if (v->type == JSON_STRING)
        return time_parse(v->u.s, ret);
    if (is(kind, "Timing")) {
        const struct json *events = JSON_GET(v, "event");
        *ret = (struct time_span){.lo = INT64_MAX, .hi = INT64_MIN};
        for (size_t i = 0; json_at(events, i); i++) {
            if (!time_parse(json_str(json_at(events, i)), &a))
                continue;
            ret->lo = a.lo < ret->lo ? a.lo : ret->lo;
            ret->hi = a.hi > ret->hi ? a.hi : ret->hi;
        }
        return ret->lo < ret->hi ||
               (json_path(v, "repeat.boundsPeriod") &&
                span_of(STR("Period"), json_path(v, "repeat.boundsPeriod"), ret));
    }
    bool start = time_parse(json_get_str(v, STR("start")), &a);
    bool end = time_parse(json_get_str(v, STR("end")), &b);
    ret->lo = start ? a.lo : INT64_MIN;
    ret->hi = end ? b.hi : INT64_MAX;
    return start || end;
}

static bool span_fits(const struct time_span *k, int prefix, const struct time_span *v)
{
    bool eq = v->lo <= k->lo && k->hi <= v->hi, above = k->hi > v->hi, below = k->lo < v->lo;
    switch (prefix) {
    case PREFIX_NE:
        return !eq;
    case PREFIX_GT:
        return above;
    case PREFIX_LT:
        return below;
    case PREFIX_GE:
        return above || eq;
    case PREFIX_LE:
        return below || eq;
    case PREFIX_SA:
        return k->lo >= v->hi;
    case PREFIX_EB:
        return k->hi <= v->lo;
    default:
        return eq;
    }
}

typedef __int128 exact;

/* In units of 10^-18, exactly. *ret_half: half of the last digit written. */
static bool exactly(str s, exact *ret, exact *ret_half)
{
    const exact one = (exact)1000000000 * 1000000000;
    bool minus = s.n && s.p[0] == '-', point = false;
    exact v = 0, unit = one;
    for (size_t i = minus; i < s.n; i++) {
        if (s.p[i] == '.')
            point = true;
        else if (s.p[i] < '0' || s.p[i] > '9' || s.n > 30)
            return false;
        else if (point && unit == 1)
            break; /* digits that no query has */
        else if (point)
            v += (s.p[i] - '0') * (unit /= 10);
        else
            v = v * 10 + (s.p[i] - '0') * one;
    }
    *ret = minus ? -v : v;
    *ret_half = unit / 2;
    return s.n > (size_t)minus;
}

static bool number_fits(const struct json *number, const struct model_value *v)
{
    exact k, want, half, unused;
    if (!number || number->type != JSON_NUMBER || !exactly(number->u.s, &k, &unused) ||
        !exactly(v->code, &want, &half))
        return false;
    bool eq = k >= want - half && k < want + half;
    switch (v->prefix) {
    case PREFIX_NE:
        return !eq;
    case PREFIX_GT:
    case PREFIX_SA:
        return k > want;
    case PREFIX_LT:
    case PREFIX_EB:
        return k < want;
    case PREFIX_GE:
        return k >= want;
    case PREFIX_LE:
        return k <= want;
    default:
        return eq;
    }
}

/* Other units of the same kind count, too: the stored value is told in the unit asked for. */
static bool ucum_fits(const struct json *q, const struct model_value *v)
{
    double have, want, half = 0.5, k;
    if (!json_double(JSON_GET(q, "value"), &have) || !str_to_double(v->code, &want) ||
        !ucum_convert_code(have, json_get_str(q, STR("code")), v->text, &k))
        return false;
    size_t point = str_find_char(v->code, '.', 0);
    for (size_t i = point; point != SIZE_MAX && i + 1 < v->code.n; i++)
        half /= 10;
    double near = 1e-11 * fabs(want);
    bool same = fabs(k - want) <= near;
    bool eq = same || (k - (want - half) >= -near && want + half - k > near);
    switch (v->prefix) {
    case PREFIX_NE:
        return !eq;
    case PREFIX_GT:
    case PREFIX_SA:
        return k > want && !same;
    case PREFIX_LT:
    case PREFIX_EB:
        return k < want && !same;
    case PREFIX_GE:
        return k > want || same;
    case PREFIX_LE:
        return k < want || same;
    default:
        return eq;
    }
}

static bool quantity_fits(const struct json *q, const struct model_value *v)
{
    if (str_eq(v->system, STR("http://unitsofmeasure.org")) && v->text.n && ucum_valid(v->text) &&
        str_eq(json_get_str(q, STR("system")), v->system) &&
        ucum_valid(json_get_str(q, STR("code"))))
        return ucum_fits(q, v);
    str system = json_get_str(q, STR("system")), code = json_get_str(q, STR("code"));
    str unit = json_get_str(q, STR("unit")), money = json_get_str(q, STR("currency"));
    if (money.n) {
        code = unit = money;
        system = STR("urn:iso:std:iso:4217");
    }
    bool named = v->text.n == 0 || str_eq(code, v->text) || (!v->system.n && str_eq(unit, v->text));
    return named && (!v->system.n || str_eq(system, v->system)) &&
           number_fits(JSON_GET(q, "value"), v);
}

static bool sampled_fits(const struct json *s, const struct model_value *v)
{
    /* The invented samples are all 1 2 E from 1 on. */
    struct json low = {.type = JSON_NUMBER, .u.s = STR("2")},
                high = {.type = JSON_NUMBER, .u.s = STR("3")};
    return !v->text.n && JSON_GET(s, "data") && (number_fits(&low, v) || number_fits(&high, v));
}

static bool measure_fits(str kind, const struct json *j, const struct model_value *v)
{
    if (j->type == JSON_NUMBER)
        return number_fits(j, v);
    if (is(kind, "Range"))
        return (JSON_GET(j, "low") && quantity_fits(JSON_GET(j, "low"), v)) ||
               (JSON_GET(j, "high") && quantity_fits(JSON_GET(j, "high"), v));
    return is(kind, "SampledData") ? sampled_fits(j, v) : quantity_fits(j, v);
}

/* ---- references and uris ---- */

static str id_of(str ref)
{
    size_t slash = str_find_char(ref, '/', 0);
    return slash == SIZE_MAX ? ref : str_sub(ref, slash + 1, ref.n);
}

static bool reference_fits(const struct model_cond *c, const struct json *v,
                           const struct model_value *want)
{
    str ref = v->type == JSON_STRING ? v->u.s : json_get_str(v, STR("reference"));
    if (c->mod == IDENTIFIER) {
        const struct json *id = JSON_GET(v, "identifier");
        return id &&
               pair_fits(json_get_str(id, STR("system")), json_get_str(id, STR("value")), want);
    }
    if (v->type == JSON_STRING) { /* a canonical, with or without its version */
        size_t bar = str_find_char(ref, '|', 0);
        return str_eq(ref, want->code) || str_eq(str_sub(ref, 0, bar), want->code);
    }
    if (c->target &&
        !str_eq(str_sub(ref, 0, str_find_char(ref, '/', 0)), fhir_type_name(c->target)))
        return false;
    if (str_find_char(want->code, '/', 0) != SIZE_MAX)
        return str_eq(ref, want->code);
    return ref.n && str_eq(id_of(ref), want->code);
}

static bool under(str uri, str base)
{
    if (!str_starts(uri, base))
        return false;
    char next = uri.n > base.n ? uri.p[base.n] : '/';
    return next == '/' || next == '|' || (base.n && base.p[base.n - 1] == '/');
}

static bool value_fits(struct model *m, const struct model_cond *c, str kind, struct json *v,
                       const struct model_value *want)
{
    struct time_span k, w;
    switch (c->param->type) {
    case PARAM_TOKEN:
        return token_fits(m, c->mod, kind, v, want);
    case PARAM_STRING:
        return string_fits(m, c->mod, kind, v, want->text);
    case PARAM_DATE:
        return span_of(kind, v, &k) && time_parse(want->code, &w) &&
               span_fits(&k, want->prefix, &w);
    case PARAM_NUMBER:
    case PARAM_QUANTITY:
        return measure_fits(kind, v, want);
    case PARAM_REFERENCE:
        return reference_fits(c, v, want);
    default:
        return v->type == JSON_STRING && (c->mod == BELOW   ? under(v->u.s, want->code)
                                          : c->mod == ABOVE ? under(want->code, v->u.s)
                                                            : str_eq(v->u.s, want->code));
    }
}

/* All components of one element. */
static bool composite_fits(struct model *m, const struct model_cond *c, struct model_resource *r,
                           struct json *element, const struct model_value *want)
{
    struct fhir_path_env env = {.resource = r->tree, .root = r->tree};
    for (size_t i = 0; i < c->param->n_parts; i++) {
        struct model_cond part = {.param = c->param->parts[i]};
        struct fhir_path_items items;
        bool any = false;
        assert_int_equal(fhir_path_run(&m->op, c->param->inner[i], &env, element, &items), OK);
        for (size_t k = 0; k < items.n && !any; k++)
            any = value_fits(m, &part, model_kind(&items, k), items.at[k], &want->parts[i]);
        if (!any)
            return false;
    }
    return true;
}

/* ---- conditions ---- */

static bool chain_holds(struct model *m, struct model_resource *r, const struct model_cond *c)
{
    const struct fhir_path_items *items = model_items(m, r, c->param);
    for (size_t i = 0; i < items->n; i++) {
        str ref = json_get_str(items->at[i], STR("reference"));
        struct model_resource *t = ref.n ? model_find(m, ref) : NULL;
        if (t && t->type == c->target && model_holds(m, t, c->chain))
            return true;
    }
    return false;
}

static bool points_at(struct model *m, struct model_resource *from, const struct model_param *p,
                      str ref)
{
    const struct fhir_path_items *items = model_items(m, from, p);
    for (size_t i = 0; i < items->n; i++)
        if (str_eq(json_get_str(items->at[i], STR("reference")), ref))
            return true;
    return false;
}

static bool has_holds(struct model *m, struct model_resource *r, const struct model_cond *c)
{
    for (size_t i = 0; i < m->n; i++) {
        struct model_resource *from = &m->resources[i];
        if (from->type == c->param->base && points_at(m, from, c->param, r->ref) &&
            model_holds(m, from, c->chain))
            return true;
    }
    return false;
}

static bool named(const struct json *v)
{
    return json_get_str(v, STR("value")).n || json_get_str(v, STR("code")).n ||
           json_get_str(v, STR("display")).n || json_get_str(v, STR("text")).n;
}

static bool token_there(str kind, const struct json *v)
{
    const struct json *codings = JSON_GET(v, "coding");
    bool any = v->type != JSON_OBJECT || named(v);
    for (size_t i = 0; json_at(codings, i); i++)
        any |= named(json_at(codings, i)) || json_get_str(json_at(codings, i), STR("system")).n;
    return any || (!is(kind, "ContactPoint") && json_get_str(v, STR("system")).n) ||
           json_path(v, "type.text") != NULL;
}

static bool pointing(const struct json *v)
{
    return json_get_str(v, STR("reference")).n || json_get_str(v, STR("display")).n ||
           json_path(v, "identifier.value");
}

/* No values: a text where a date was looked for (occurrenceString), an address of nothing but a
 * period. */
static bool any_of_type(struct model *m, const struct model_param *p,
                        const struct fhir_path_items *items)
{
    for (size_t i = 0; i < items->n; i++) {
        str kind = model_kind(items, i);
        bool text = is(kind, "string String");
        if (p->type == PARAM_TOKEN && !token_there(kind, items->at[i]))
            continue;
        if (p->type == PARAM_REFERENCE && kind.n && is(kind, "Reference") &&
            !pointing(items->at[i]))
            continue;
        if (p->type == PARAM_STRING ? string_fits(m, CONTAINS, kind, items->at[i], STR(""))
                                    : p->type != PARAM_DATE || !text)
            return true;
    }
    return false;
}

bool model_holds(struct model *m, struct model_resource *r, const struct model_cond *c)
{
    if (c->words)
        return model_words_hold(m, r, c->words);
    if (c->chain)
        return c->reverse ? has_holds(m, r, c) : chain_holds(m, r, c);
    const struct fhir_path_items *items = model_items(m, r, c->param);
    if (c->mod == IS_MISSING)
        return any_of_type(m, c->param, items) != c->missing;
    bool any = false;
    for (size_t i = 0; i < items->n && !any; i++)
        for (size_t k = 0; k < c->n && !any; k++)
            any = c->param->type == PARAM_COMPOSITE
                      ? composite_fits(m, c, r, items->at[i], &c->v[k])
                      : value_fits(m, c, model_kind(items, i), items->at[i], &c->v[k]);
    return any != (c->mod == NOT);
}
