/* Whether a document is what a published schema says: types, properties, words, forms, and the
 * schema's ways of joining them. Knows nothing of what the document means. Every fault is told with
 * its path; inside of alternatives only that none of them fits. Pure. */
#include "monitor/omh_int.h"
#include "omh_gen.h"

#include <ctype.h>

static const struct omh_node NODES[] = {OMH_NODE_ROWS};
static const uint16_t LISTS[] = {OMH_LIST_ROWS};
static const char *const WORDS[] = {OMH_WORD_ROWS};
static const struct omh_prop PROPS[] = {OMH_PROP_ROWS};
static const struct omh_schema SCHEMAS[] = {OMH_SCHEMA_ROWS};

struct place { /* the last step of the path */
    const struct place *up;
    str name;
};
struct walk {
    struct op *op; /* NULL: only whether, not why */
};

static bool check(const struct walk *w, uint16_t node, const struct json *v,
                  const struct place *at);

static void write_path(struct buf *b, const struct place *at)
{
    const struct place *steps[32]; /* deeper than any schema */
    size_t n = 0;
    for (; at && n < sizeof steps / sizeof steps[0]; at = at->up)
        steps[n++] = at;
    for (size_t i = n; i-- > 0;) {
        if (i + 1 < n)
            buf_char(b, '.');
        buf_add(b, steps[i]->name);
    }
}

static bool wrong(const struct walk *w, const struct place *at, const char *what)
{
    struct buf b;
    if (!w->op)
        return false;
    buf_init(&b, w->op->arena, 4096);
    write_path(&b, at);
    (void)fail_at(w->op, ERR_UNPROCESSABLE, buf_ok(&b) ? buf_str(&b) : STR_NONE, "%s", what);
    return false;
}

static unsigned type_bits(const struct json *v)
{
    double d;
    switch ((enum json_type)v->type) {
    case JSON_NULL:
        return OMH_TYPE_NULL;
    case JSON_FALSE:
    case JSON_TRUE:
        return OMH_TYPE_BOOLEAN;
    case JSON_NUMBER:
        return OMH_TYPE_NUMBER | (json_double(v, &d) && floor(d) >= d ? OMH_TYPE_INTEGER : 0);
    case JSON_STRING:
        return OMH_TYPE_STRING;
    case JSON_ARRAY:
        return OMH_TYPE_ARRAY;
    case JSON_OBJECT:
        return OMH_TYPE_OBJECT;
    }
    return 0;
}

/* like: 0 stands for a digit, x for a hexadecimal one, all else for itself. */
static bool is_like(str s, const char *like)
{
    size_t n = strlen(like);
    for (size_t i = 0; i < n && s.n == n; i++) {
        bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        if (like[i] == '0' ? !digit
                           : (like[i] == 'x' ? str_hex_digit(s.p[i]) < 0 : s.p[i] != like[i]))
            return false;
    }
    return s.n == n;
}

static bool is_clock(str s, bool seconds)
{
    if (!is_like(str_sub(s, 0, 5), "00:00") || s.p[0] > '2' || s.p[3] > '5' ||
        (s.p[0] == '2' && s.p[1] > '3'))
        return false;
    if (!seconds)
        return s.n == 5;
    if (!is_like(str_sub(s, 5, 8), ":00") || (s.p[6] > '5' && !str_eq(str_sub(s, 6, 8), STR("60"))))
        return false;
    str rest = str_sub(s, 8, s.n);
    return rest.n == 0 || is_like(rest, ".0") || is_like(rest, ".00") || is_like(rest, ".000");
}

static bool is_uri(str s)
{
    str scheme;
    if (!str_take_until(&s, ':', &scheme) || str_empty(scheme) || str_empty(s))
        return false;
    for (size_t i = 0; i < scheme.n; i++)
        if (!isalnum((unsigned char)scheme.p[i]) && !strchr("+-.", scheme.p[i]))
            return false;
    return str_find_char(s, ' ', 0) == SIZE_MAX;
}

static bool has_format(enum omh_format format, str s)
{
    struct time_span span;
    switch (format) {
    case OMH_ANY:
        return true;
    case OMH_DATE_TIME:
        return time_parse(s, &span) && span.has_zone && span.precision >= TIME_SECOND;
    case OMH_DATE:
        return is_like(s, "0000-00-00");
    case OMH_MONTH:
        return is_like(s, "0000-00");
    case OMH_YEAR:
        return is_like(s, "0000");
    case OMH_CLOCK:
        return is_clock(s, false);
    case OMH_CLOCK_SECONDS:
        return is_clock(s, true);
    case OMH_UUID:
        return is_like(s, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    case OMH_URI:
        return is_uri(s);
    }
    return false;
}

static bool check_words(const struct walk *w, const struct omh_node *n, const struct json *v,
                        const struct place *at)
{
    str s = json_str(v);
    bool is_text = json_is(v, JSON_STRING);
    if (n->format != OMH_ANY && is_text && !has_format((enum omh_format)n->format, s))
        return wrong(w, at, "the text has not the form that the schema asks for");
    for (size_t i = 0; i < n->n_words; i++)
        if (is_text && str_eq(s, str_of(WORDS[n->words + i])))
            return true;
    return n->n_words == 0 || wrong(w, at, "this is none of the words of the schema");
}

static bool is_property(const struct omh_node *n, str name)
{
    for (size_t i = 0; i < n->n_props; i++)
        if (str_eq(name, str_of(PROPS[n->props + i].name)))
            return true;
    return false;
}

static bool check_object(const struct walk *w, const struct omh_node *n, const struct json *v,
                         const struct place *at)
{
    bool ok = true;
    for (size_t i = 0; i < n->n_props; i++) {
        const struct omh_prop *p = &PROPS[n->props + i];
        const struct json *value = json_get(v, str_of(p->name));
        struct place here = {at, str_of(p->name)};
        if (value)
            ok &= check(w, p->node, value, &here);
        else if (p->required)
            ok &= wrong(w, &here, "the schema asks for this property");
    }
    for (size_t i = 0; n->closed && i < v->n; i++) {
        struct place here = {at, v->u.members[i].name};
        if (!is_property(n, here.name))
            ok &= wrong(w, &here, "the schema has no such property");
    }
    return ok;
}

static bool check_array(const struct walk *w, const struct omh_node *n, const struct json *v,
                        const struct place *at)
{
    bool ok = v->n >= n->least || wrong(w, at, "the schema asks for more items");
    for (size_t i = 0; n->items && i < v->n; i++)
        ok &= check(w, n->items, json_at(v, i), at);
    return ok;
}

static size_t how_many(uint16_t list, size_t n, const struct json *v)
{
    const struct walk only = {NULL};
    size_t fit = 0;
    for (size_t i = 0; i < n; i++)
        fit += check(&only, LISTS[list + i], v, NULL);
    return fit;
}

static bool check(const struct walk *w, uint16_t node, const struct json *v, const struct place *at)
{
    const struct omh_node *n = &NODES[node];
    if (n->types && !(type_bits(v) & n->types))
        return wrong(w, at, "the schema asks for another type of value here");
    bool ok = check_words(w, n, v, at);
    if (json_is(v, JSON_OBJECT))
        ok &= check_object(w, n, v, at);
    else if (json_is(v, JSON_ARRAY))
        ok &= check_array(w, n, v, at);
    for (size_t i = 0; i < n->n_all; i++)
        ok &= check(w, LISTS[n->all + i], v, at);
    if (n->n_any && how_many(n->any, n->n_any, v) == 0)
        ok &= wrong(w, at, "none of the ways fits that the schema allows");
    if (n->n_one && how_many(n->one, n->n_one, v) != 1)
        ok &= wrong(w, at, "exactly one of the ways has to fit that the schema allows");
    return ok;
}

const struct omh_schema *omh_schema_of(str space, str name, str version)
{
    const struct omh_schema *found = NULL;
    for (size_t i = 0; i < sizeof SCHEMAS / sizeof SCHEMAS[0]; i++) {
        const struct omh_schema *s = &SCHEMAS[i];
        if (str_eq(name, str_of(s->name)) && str_eq(space, str_of(s->space)) &&
            (str_empty(version) || str_eq(version, str_of(s->version))))
            found = s;
    }
    return found;
}

err omh_check(struct op *op, const struct omh_schema *schema, const struct json *v, str at)
{
    const struct walk w = {op};
    const struct place here = {NULL, at};
    return check(&w, schema->node, v, &here) ? op_check(op) : ERR_UNPROCESSABLE;
}
