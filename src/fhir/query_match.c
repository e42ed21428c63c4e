/* Does a resource match a query? In memory, over the same keys that the record stores. Chains
 * are not followed: they need other resources.
 * Invariant: match(extract(resource), clause) means what R4 search.html says of each type. */
#include "fhir/query_int.h"

#include <math.h>

static bool match_token(const struct fhir_key *k, const struct fhir_value *v)
{
    return (v->code.n == 0 || str_eq(k->code, v->code)) &&
           (!v->has_system || str_eq(k->system, v->system));
}

static bool match_string(struct arena *a, const struct fhir_clause *c, const struct fhir_key *k,
                         const struct fhir_value *v)
{
    if (c->modifier == MOD_EXACT)
        return str_eq(k->text, v->text);
    str have = fhir_fold(a, k->text), want = fhir_fold(a, v->text);
    if (c->modifier == MOD_CONTAINS)
        return str_find(have, want, 0) != SIZE_MAX;
    return c->modifier == MOD_TEXT ? query_words(have, want) : str_starts(have, want);
}

bool query_words(str have, str want)
{
    for (size_t at = 0; (at = str_find(have, want, at)) != SIZE_MAX; at++) {
        unsigned char before = at ? (unsigned char)have.p[at - 1] : ' ';
        bool word = (before >= '0' && before <= '9') || (before >= 'a' && before <= 'z');
        if (!word && before < 0x80)
            return true;
    }
    return false;
}

bool query_uri_under(str uri, str base)
{
    if (!str_starts(uri, base))
        return false;
    return uri.n == base.n || (base.n && base.p[base.n - 1] == '/') || uri.p[base.n] == '/' ||
           uri.p[base.n] == '|';
}

static bool match_uri(const struct fhir_clause *c, str have, str want)
{
    if (c->modifier == MOD_BELOW)
        return query_uri_under(have, want);
    return c->modifier == MOD_ABOVE ? query_uri_under(want, have) : str_eq(have, want);
}

static bool match_typed(const struct fhir_key *k, const struct fhir_value *v)
{
    return str_eq(k->code, v->code) && (!v->has_system || str_eq(k->system, v->system)) &&
           str_eq(k->text, v->text);
}

/* search.html#prefix: the range of the value against the range of the key. */
static bool match_date(const struct fhir_key *k, const struct fhir_value *v)
{
    bool within = k->lo >= v->lo && k->hi <= v->hi;
    switch (v->prefix) {
    case PREFIX_EQ:
        return within;
    case PREFIX_NE:
        return !within;
    case PREFIX_GT:
        return k->hi > v->hi;
    case PREFIX_LT:
        return k->lo < v->lo;
    case PREFIX_GE:
        return k->hi > v->hi || within;
    case PREFIX_LE:
        return k->lo < v->lo || within;
    case PREFIX_SA:
        return k->lo >= v->hi;
    case PREFIX_EB:
        return k->hi <= v->lo;
    case PREFIX_AP:
        return k->lo < v->hi && k->hi > v->lo;
    }
    return false;
}

static bool match_number(double k, const struct fhir_value *v)
{
    bool within = k >= v->num_lo && k < v->num_hi;
    switch (v->prefix) {
    case PREFIX_EQ:
        return within;
    case PREFIX_NE:
        return !within;
    case PREFIX_GT:
    case PREFIX_SA:
        return k > v->number;
    case PREFIX_LT:
    case PREFIX_EB:
        return k < v->number;
    case PREFIX_GE:
        return k >= v->number;
    case PREFIX_LE:
        return k <= v->number;
    case PREFIX_AP:
        return k >= v->num_lo && k <= v->num_hi;
    }
    return false;
}

bool fhir_value_base(struct arena *a, const struct fhir_value *v, struct fhir_value *ret)
{
    struct fhir_value w = *v;
    if (!v->has_system || !v->code.n ||
        !fhir_quantity_base(a, v->system, v->code, v->number, &w.number, &w.code) ||
        !fhir_quantity_base(a, v->system, v->code, v->num_lo, &w.num_lo, &w.code) ||
        !fhir_quantity_base(a, v->system, v->code, v->num_hi, &w.num_hi, &w.code))
        return false;
    w.num_hi = fmax(w.num_hi, nextafter(w.number, HUGE_VAL)); /* what is left of long decimals */
    *ret = w;
    return true;
}

static bool key_in_base(struct arena *a, const struct fhir_key *k, struct fhir_key *ret)
{
    *ret = *k;
    return fhir_quantity_base(a, k->system, k->code, k->number, &ret->number, &ret->code);
}

static bool match_quantity(struct arena *a, const struct fhir_key *k, const struct fhir_value *v)
{
    struct fhir_value w;
    struct fhir_key b;
    if (fhir_value_base(a, v, &w) && key_in_base(a, k, &b))
        return str_eq(b.code, w.code) && match_number(b.number, &w);
    bool unit =
        v->code.n == 0 || str_eq(k->code, v->code) || (!v->has_system && str_eq(k->text, v->code));
    return unit && (!v->has_system || str_eq(k->system, v->system)) && match_number(k->number, v);
}

static bool match_reference(const struct fhir_clause *c, const struct fhir_key *k,
                            const struct fhir_value *v)
{
    if (c->mod_type && k->ref.type && k->ref.type != c->mod_type)
        return false;
    if (c->modifier == MOD_IDENTIFIER)
        return (k->code.n || k->system.n) && match_token(k, v);
    if (v->ref.kind != REF_LOCAL)
        return k->ref.kind == v->ref.kind && str_eq(k->ref.text, v->ref.text);
    return k->ref.kind == REF_LOCAL && str_eq(k->ref.id, v->ref.id) &&
           (v->ref.type == 0 || k->ref.type == v->ref.type) &&
           (v->ref.version.n == 0 || str_eq(k->ref.version, v->ref.version));
}

static bool match_parts(struct arena *a, const struct fhir_key *k, const struct fhir_value *v)
{
    const struct fhir_clause plain = {0};
    for (size_t i = 0; i < k->n_parts && i < v->n_parts; i++)
        if (!match_value(a, &plain, &k->parts[i], &v->parts[i]))
            return false;
    return k->n_parts == v->n_parts;
}

bool match_value(struct arena *a, const struct fhir_clause *c, const struct fhir_key *k,
                 const struct fhir_value *v)
{
    switch ((enum fhir_key_kind)k->kind) {
    case KEY_TOKEN:
        return match_token(k, v);
    case KEY_STRING:
        return match_string(a, c, k, v);
    case KEY_DATE:
        return match_date(k, v);
    case KEY_NUMBER:
        return match_number(k->number, v);
    case KEY_QUANTITY:
        return match_quantity(a, k, v);
    case KEY_REFERENCE:
        return match_reference(c, k, v);
    case KEY_URI:
        return match_uri(c, k->text, v->text);
    case KEY_DISPLAY:
        return query_words(fhir_fold(a, k->text), fhir_fold(a, v->text));
    case KEY_TYPED:
        return match_typed(k, v);
    case KEY_COMPOSITE:
        return match_parts(a, k, v);
    case KEY_PLACE:
        return fhir_distance(v->lat, v->lon, (double)k->lo / 1e7, (double)k->hi / 1e7) <= v->metres;
    case KEY_WORDS: /* all of them together: match_words() */
        break;
    }
    return false;
}

/* Is the key one that the clause's parameter asks for? */
static bool asked(const struct fhir_param *p, uint16_t number)
{
    if (!p->alias)
        return p->number == number;
    for (size_t i = 0; i < p->n_parts; i++)
        if (p->parts[i] == number)
            return true;
    return false;
}

/* Names and types of a token answer only those who ask for them, and nobody else does. */
static bool kind_asked(const struct fhir_clause *c, const struct fhir_key *k)
{
    bool display = c->modifier == MOD_TEXT && c->param->type == PARAM_TOKEN;
    return (k->kind == KEY_DISPLAY) == display &&
           (k->kind == KEY_TYPED) == (c->modifier == MOD_OF_TYPE);
}

static bool any_value(struct arena *a, const struct fhir_clause *c, const struct fhir_key *k)
{
    for (size_t i = 0; i < c->n; i++)
        if (match_value(a, c, k, &c->values[i]))
            return true;
    return false;
}

static bool match_words(struct arena *a, const struct fhir_clause *c, const struct fhir_key *keys,
                        size_t n)
{
    for (size_t i = 0; i < c->n; i++)
        if (query_words_hold(a, c->values[i].words, keys, n, c->param->number))
            return true;
    return false;
}

static bool match_clause(struct arena *a, const struct fhir_clause *c, const struct fhir_key *keys,
                         size_t n)
{
    bool there = false, hit = false;
    if (fhir_param_words(c->param) && c->modifier == MOD_NONE)
        return match_words(a, c, keys, n);
    for (size_t i = 0; i < n && !hit; i++) {
        const struct fhir_key *k = &keys[i];
        if (!asked(c->param, k->param))
            continue;
        there |= !c->mod_type || k->ref.type == c->mod_type;
        hit = c->modifier != MOD_MISSING && kind_asked(c, k) && any_value(a, c, k);
    }
    if (c->modifier == MOD_MISSING)
        return there != c->missing;
    return c->modifier == MOD_NOT ? !hit : hit;
}

/* Keys of what the server assigns; fhir_keys() leaves them to the record. */
static size_t own_keys(const struct json *resource, fhir_type type, struct fhir_key keys[2])
{
    size_t n = 0;
    struct time_span t;
    str id = json_str(JSON_GET(resource, "id"));
    if (id.n)
        keys[n++] = (struct fhir_key){
            .param = fhir_param_find(type, STR("_id"))->number, .kind = KEY_TOKEN, .code = id};
    if (time_parse(json_str(JSON_GET(JSON_GET(resource, "meta"), "lastUpdated")), &t))
        keys[n++] = (struct fhir_key){.param = fhir_param_find(type, STR("_lastUpdated"))->number,
                                      .kind = KEY_DATE,
                                      .lo = t.lo,
                                      .hi = t.hi};
    return n;
}

/* Needs other resources or a terminology. */
static bool beyond(const struct fhir_clause *c)
{
    bool tree = c->modifier == MOD_ABOVE || c->modifier == MOD_BELOW;
    return c->chain || c->modifier == MOD_LIST || c->modifier == MOD_IN ||
           c->modifier == MOD_NOT_IN || (tree && c->param->type != PARAM_URI);
}

err fhir_query_match(struct op *op, const struct fhir_query *q, struct json *resource, bool *ret)
{
    struct fhir_key own[2], *keys;
    size_t n;
    fhir_type type = fhir_type_of(resource);
    if (type != q->type) {
        *ret = false;
        return OK;
    }
    TRY(fhir_keys(op, resource, &keys, &n));
    size_t n_own = own_keys(resource, type, own);
    bool all = true;
    for (size_t i = 0; i < q->n && all; i++) {
        const struct fhir_clause *c = &q->clauses[i];
        if (beyond(c))
            return fail(op, ERR_UNSUPPORTED, "%s: this cannot be judged from one resource",
                        c->param->code);
        bool of_server = str_starts(str_of(c->param->code), STR("_id")) ||
                         str_eq(str_of(c->param->code), STR("_lastUpdated"));
        struct fhir_key *at = of_server ? own : keys;
        size_t n_at = of_server ? n_own : n;
        if (fhir_param_custom(c->param))
            TRY(fhir_custom_keys(op, c->param, resource, &at, &n_at));
        all = match_clause(op->arena, c, at, n_at);
    }
    *ret = all;
    return OK;
}
