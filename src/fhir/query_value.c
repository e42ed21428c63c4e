/* The values of a clause: separators and escapes, prefixes, and the form of each parameter type (R4
 * search.html §3.1.1.4). Dates and numbers get the range that their written precision implies.
 * Invariant: a value is refused, by its place in the list, when it is not of the parameter's form;
 * its text never gets into the message. */
#include "fhir/query_int.h"

#include <math.h>

bool query_take(str *in, char sep, str *ret_part)
{
    if (!in->p)
        return false;
    size_t i = 0;
    while (i < in->n && in->p[i] != sep)
        i += in->p[i] == '\\' && i + 1 < in->n ? 2 : 1;
    *ret_part = str_make(in->p, i);
    *in = i < in->n ? str_make(in->p + i + 1, in->n - i - 1) : STR_NONE;
    return true;
}

str query_unescape(struct arena *a, str s)
{
    if (str_find_char(s, '\\', 0) == SIZE_MAX)
        return s;
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;
    if (!out)
        return STR_NONE;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n && memchr(",|$\\", s.p[i + 1], 4))
            i++;
        out[n++] = s.p[i];
    }
    return str_make(out, n);
}

static enum fhir_prefix take_prefix(str *s)
{
    static const char names[][3] = {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_starts(*s, str_of(names[i]))) {
            *s = str_sub(*s, 2, s->n);
            return (enum fhir_prefix)i;
        }
    }
    return PREFIX_EQ;
}

/* A '+' of a zone that the client did not encode arrives as a space. */
static str mend_zone(struct arena *a, str s)
{
    size_t space = str_find_char(s, ' ', 0);
    if (space == SIZE_MAX)
        return s;
    return arena_printf(a, "%.*s+%.*s", (int)space, s.p, (int)(s.n - space - 1), s.p + space + 1);
}

static err read_date(struct query_read *r, struct fhir_value *v, str s)
{
    struct time_span t;
    v->prefix = take_prefix(&s);
    if (!time_parse(mend_zone(r->op->arena, s), &t))
        return REFUSE(r, "not a date: give [eq|ne|gt|lt|ge|le|sa|eb|ap] and YYYY, YYYY-MM, "
                         "YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss][Z|±hh:mm]");
    v->lo = t.lo;
    v->hi = t.hi;
    if (v->prefix == PREFIX_AP) { /* a tenth of the distance from now, as R4 suggests */
        int64_t slack = (t.lo > r->op->now ? t.lo - r->op->now : r->op->now - t.lo) / 10;
        v->lo -= slack;
        v->hi += slack;
    }
    return OK;
}

/* Half of the last written digit's weight: 100 → 0.5, 1.20 → 0.005, 1e2 → 50. */
static double half_step(str s)
{
    int places = 0;
    bool point = false;
    int64_t exponent = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == 'e' || c == 'E') {
            str rest = str_sub(s, i + 1, s.n);
            if (rest.n && rest.p[0] == '+')
                rest = str_sub(rest, 1, rest.n);
            if (!str_to_i64(rest, &exponent) || exponent > 400 || exponent < -400)
                exponent = 0;
            break;
        }
        places += point && c >= '0' && c <= '9';
        point |= c == '.';
    }
    return 0.5 * pow(10, (double)exponent - places);
}

static err read_number(struct query_read *r, struct fhir_value *v, str s)
{
    v->prefix = take_prefix(&s);
    if (!str_to_double(s, &v->number))
        return REFUSE(r, "not a number: give [eq|ne|gt|lt|ge|le|sa|eb|ap] and a decimal");
    double half = v->prefix == PREFIX_AP ? fabs(v->number) / 10 : half_step(s);
    v->num_lo = v->number - half;
    v->num_hi = fmax(v->number + half, nextafter(v->number, HUGE_VAL)); /* never nothing */
    return OK;
}

/* number, number|system|code, number||code */
static err read_quantity(struct query_read *r, struct fhir_value *v, str s)
{
    str number, system = STR_NONE, code = STR_NONE;
    if (!query_take(&s, '|', &number))
        return REFUSE(r, "empty value");
    bool more = query_take(&s, '|', &system);
    if (more && (!query_take(&s, '|', &code) || s.p))
        return REFUSE(r, "give number, number|system|code or number||code");
    TRY(read_number(r, v, number));
    v->system = query_unescape(r->op->arena, system);
    v->code = query_unescape(r->op->arena, code);
    v->has_system = v->system.n > 0;
    return OK;
}

static err read_token(struct query_read *r, struct fhir_value *v, str s, const struct fhir_param *p)
{
    str first, code;
    if (!query_take(&s, '|', &first))
        return REFUSE(r, "empty value");
    v->has_system = query_take(&s, '|', &code);
    if (s.p)
        return REFUSE(r, "give code, system|code, |code or system|");
    v->system = v->has_system ? query_unescape(r->op->arena, first) : STR_NONE;
    v->code = query_unescape(r->op->arena, v->has_system ? code : first);
    if (v->code.n == 0 && v->system.n == 0)
        return REFUSE(r, "empty value: give code, system|code, |code or system|");
    /* A code element has its system by its value set; it is not stored with the key. */
    str implied = p ? str_of(fhir_param_more(p)->system) : STR_NONE;
    if (implied.n && v->code.n && str_eq(v->system, implied)) {
        v->has_system = false;
        v->system = STR_NONE;
    }
    return OK;
}

/* system|code|value: the type of an identifier, and the identifier. */
static err read_typed(struct query_read *r, struct fhir_value *v, str s)
{
    str system, code, value;
    if (!query_take(&s, '|', &system) || !query_take(&s, '|', &code) ||
        !query_take(&s, '|', &value) || s.p || !code.n || !value.n)
        return REFUSE(r, "give system|code|value: the identifier's type and its value");
    v->system = query_unescape(r->op->arena, system);
    v->has_system = v->system.n > 0;
    v->code = query_unescape(r->op->arena, code);
    v->text = query_unescape(r->op->arena, value);
    return OK;
}

static err read_reference(struct query_read *r, struct fhir_value *v, str s,
                          const struct fhir_clause *c)
{
    str text = query_unescape(r->op->arena, s);
    v->ref = fhir_ref_parse(text);
    if (v->ref.kind == REF_NONE && fhir_id_valid(text)) {
        v->ref.kind = REF_LOCAL;
        v->ref.id = text;
        v->ref.type = c->mod_type                ? c->mod_type
                      : c->param->n_targets == 1 ? c->param->targets[0]
                                                 : 0;
    }
    if (v->ref.kind != REF_LOCAL && v->ref.kind != REF_ABSOLUTE && v->ref.kind != REF_URN)
        return REFUSE(r, "not a reference: give id, Type/id or an absolute url");
    if ((c->modifier == MOD_ABOVE || c->modifier == MOD_BELOW) &&
        (v->ref.kind != REF_LOCAL || !fhir_param_parent(v->ref.type)))
        return REFUSE(r, "give Type/id of what is part of others, such as Location/id");
    return OK;
}

static err read_composite(struct query_read *r, struct fhir_value *v, str s,
                          const struct fhir_param *p);

static err read_text(struct query_read *r, struct fhir_value *v, str s)
{
    v->text = query_unescape(r->op->arena, s);
    return v->text.n ? OK : REFUSE(r, "empty value");
}

static err read_token_as(struct query_read *r, struct fhir_value *v, str s, struct fhir_clause *c)
{
    enum fhir_modifier m = c->modifier;
    if (m == MOD_TEXT || m == MOD_IN || m == MOD_NOT_IN)
        return read_text(r, v, s);
    if (m == MOD_OF_TYPE)
        return read_typed(r, v, s);
    bool tree = m == MOD_ABOVE || m == MOD_BELOW;
    TRY(read_token(r, v, s, tree ? NULL : c->param));
    if (tree && (!v->system.n || !v->code.n))
        return REFUSE(r, "give system|code");
    return OK;
}

/* latitude|longitude[|distance[|units]] */
static err read_near(struct query_read *r, struct fhir_value *v, str s)
{
    static const struct {
        const char *unit;
        double metres;
    } units[] = {{"km", 1000},          {"m", 1},           {"mi", 1609.344}, {"[mi_i]", 1609.344},
                 {"[mi_us]", 1609.347}, {"[ft_i]", 0.3048}, {"ft", 0.3048},   {"[nmi_i]", 1852}};
    str lat, lon = STR_NONE, far = STR("50"), unit = STR("km");
    double distance;
    if (!query_take(&s, '|', &lat) || !query_take(&s, '|', &lon) ||
        (s.p && !query_take(&s, '|', &far)) || (s.p && !query_take(&s, '|', &unit)) || s.p ||
        !str_to_double(lat, &v->lat) || !str_to_double(lon, &v->lon) ||
        !str_to_double(far.n ? far : STR("50"), &distance) || !(fabs(v->lat) <= 90) ||
        !(fabs(v->lon) <= 180) || !(distance >= 0))
        return REFUSE(r, "give latitude|longitude|distance|units in degrees; without a distance it "
                         "is 50 km");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (str_eq(unit.n ? unit : STR("km"), str_of(units[i].unit))) {
            v->metres = distance * units[i].metres;
            return OK;
        }
    return REFUSE(r, "units are km, m, mi, ft, [mi_i], [mi_us], [ft_i] or [nmi_i]");
}

static err read_plain(struct query_read *r, struct fhir_value *v, str s, struct fhir_clause *c)
{
    const struct fhir_param *p = c->param;
    switch ((enum fhir_param_type)p->type) {
    case PARAM_NUMBER:
        return read_number(r, v, s);
    case PARAM_DATE:
        return read_date(r, v, s);
    case PARAM_QUANTITY:
        return read_quantity(r, v, s);
    case PARAM_TOKEN:
        return read_token_as(r, v, s, c);
    case PARAM_REFERENCE:
        return c->modifier == MOD_IDENTIFIER ? read_token(r, v, s, NULL)
                                             : read_reference(r, v, s, c);
    case PARAM_COMPOSITE:
        return read_composite(r, v, s, p);
    case PARAM_SPECIAL:
        return read_near(r, v, s);
    case PARAM_STRING:
    case PARAM_URI:
        break;
    }
    TRY(read_text(r, v, s));
    return fhir_param_words(p) ? query_words_read(r, v) : OK;
}

/* A union of composites has the parts of any of them. */
static const struct fhir_param *with_parts(const struct fhir_param *p)
{
    while (p->alias)
        p = fhir_param_get(p->parts[0]);
    return p;
}

static err read_composite(struct query_read *r, struct fhir_value *v, str s,
                          const struct fhir_param *p)
{
    const struct fhir_param *of = with_parts(p);
    struct fhir_value *parts = ARENA_ARRAY(r->op->arena, struct fhir_value, of->n_parts);
    str part;
    size_t n = 0;
    while (query_take(&s, '$', &part)) {
        if (n == of->n_parts || !parts)
            return REFUSE(r, "give %u parts joined by '$'", of->n_parts);
        struct fhir_clause c = {.param = fhir_param_get(of->parts[n])};
        TRY(read_plain(r, &parts[n++], part, &c));
    }
    if (n != of->n_parts)
        return REFUSE(r, "give %u parts joined by '$'", of->n_parts);
    v->parts = parts;
    v->n_parts = n;
    return OK;
}

static err read_missing(struct query_read *r, struct fhir_clause *c, str text)
{
    if (!str_eq(text, STR("true")) && !str_eq(text, STR("false")))
        return REFUSE(r, "give true or false");
    c->missing = str_eq(text, STR("true"));
    return OK;
}

err query_values(struct query_read *r, struct fhir_clause *c, str text)
{
    if (c->modifier == MOD_MISSING)
        return read_missing(r, c, text);
    VEC(struct fhir_value) values = {0};
    str one;
    while (query_take(&text, ',', &one)) {
        struct fhir_value v = {0};
        if (values.n >= QUERY_VALUES_MAX)
            return fail(r->op, ERR_TOO_COSTLY, "a search parameter may have at most %u values",
                        QUERY_VALUES_MAX);
        if (one.n == 0)
            return REFUSE(r, "empty value");
        TRY(read_plain(r, &v, one, c));
        VEC_PUSH(r->op->arena, &values, v);
    }
    if (values.n == 0)
        return REFUSE(r, "empty value");
    c->values = values.at;
    c->n = values.n;
    return OK;
}
