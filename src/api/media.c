/* Media types: which of FHIR's formats a client names, in Accept with its weights (RFC
 * 9110 12.5.1), in _format and in Content-Type. https://hl7.org/fhir/R4/http.html#mime-type */
#include "api/api_int.h"

#define WEIGHT_MAX 1000u

static const struct {
    const char *name;
    enum format format;
} names[] = {
    {"application/fhir+json", FORMAT_JSON},
    {"application/json", FORMAT_JSON},
    {"text/json", FORMAT_JSON},
    {"json", FORMAT_JSON},
    {"application/json+fhir", FORMAT_JSON},
    {"application/fhir+xml", FORMAT_XML},
    {"application/xml", FORMAT_XML},
    {"text/xml", FORMAT_XML},
    {"xml", FORMAT_XML},
    {"application/xml+fhir", FORMAT_XML},
    {"*/*", FORMAT_ANY},
    {"application/*", FORMAT_ANY},
};

/* "0.85" to 850. */
static unsigned weight_of(str s)
{
    unsigned w = 0, unit = WEIGHT_MAX;
    for (size_t i = 0; i < s.n && unit; i++) {
        if (s.p[i] == '.')
            continue;
        if (s.p[i] < '0' || s.p[i] > '9')
            return 0;
        w += unit * (unsigned)(s.p[i] - '0');
        unit /= 10;
    }
    return w < WEIGHT_MAX ? w : WEIGHT_MAX;
}

enum format media_read(str value, struct media *ret)
{
    str name = STR_NONE, parameter;
    struct media m = {.weight = WEIGHT_MAX};
    str_take_until(&value, ';', &name);
    m.name = str_trim(name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq_nocase(m.name, str_of(names[i].name)))
            m.format = names[i].format;
    while (str_take_until(&value, ';', &parameter)) {
        size_t eq = str_find_char(parameter, '=', 0);
        str key = str_trim(str_sub(parameter, 0, eq));
        str is = eq == SIZE_MAX ? STR_NONE : str_trim(str_sub(parameter, eq + 1, SIZE_MAX));
        if (is.n > 1 && is.p[0] == '"' && is.p[is.n - 1] == '"')
            is = str_sub(is, 1, is.n - 1);
        if (str_eq_nocase(key, STR("q")))
            m.weight = weight_of(is);
        else if (str_eq_nocase(key, STR("charset")))
            m.other_charset = !str_eq_nocase(is, STR("utf-8"));
        else if (str_eq_nocase(key, STR("fhirVersion")) && !str_starts(is, STR("4.0")))
            m.format = FORMAT_NONE;
    }
    if (ret)
        *ret = m;
    return m.format;
}

/* The named one of the greatest weight; among equals a name goes before a star, then the first. */
static enum format accepted(str accept)
{
    enum format best = FORMAT_NONE;
    unsigned weight = 0;
    str one;
    if (!str_trim(accept).n)
        return FORMAT_ANY;
    while (str_take_until(&accept, ',', &one)) {
        struct media m;
        enum format f = media_read(one, &m);
        bool better = m.weight > weight || (m.weight == weight && best == FORMAT_ANY);
        if (f == FORMAT_NONE || m.weight == 0 || !better)
            continue;
        best = f;
        weight = m.weight;
    }
    return best;
}

enum format media_wanted(struct call *c)
{
    str value;
    if (!query_get(c->op.arena, c->rq->query, STR("_format"), &value))
        return accepted(net_header(c->rq, "Accept"));
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] == ' ') /* a plus that was not escaped */
            value = arena_cat(c->op.arena, str_sub(value, 0, i),
                              arena_cat(c->op.arena, STR("+"), str_sub(value, i + 1, value.n)));
    return media_read(value, NULL);
}
