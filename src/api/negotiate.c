/* What the client can read, what it sends, what it prefers. JSON and XML are the formats; anything
 * else is refused with the reason. https://hl7.org/fhir/R4/http.html#mime-type, #return, #general
 */
#include "api/api_int.h"

str url_decode(struct arena *a, str s)
{
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0;
    if (!p)
        return STR_NONE;
    for (size_t i = 0; i < s.n; i++) {
        int hi = s.p[i] == '%' && i + 2 < s.n ? str_hex_digit(s.p[i + 1]) : -1;
        int lo = hi >= 0 ? str_hex_digit(s.p[i + 2]) : -1;
        if (lo >= 0) {
            p[n++] = (char)(hi << 4 | lo);
            i += 2;
        } else {
            p[n++] = s.p[i] == '+' ? ' ' : s.p[i];
        }
    }
    return str_make(p, n);
}

bool query_get(struct arena *a, str query, str name, str *ret)
{
    str pair, key;
    while (str_take_until(&query, '&', &pair)) {
        size_t eq = str_find_char(pair, '=', 0);
        key = str_sub(pair, 0, eq);
        if (!str_eq(key, name))
            continue;
        *ret = eq == SIZE_MAX ? STR_NONE : url_decode(a, str_sub(pair, eq + 1, SIZE_MAX));
        return true;
    }
    return false;
}

static err not_acceptable(struct call *c)
{
    c->rq->answer.status = 406;
    return fail(
        &c->op, ERR_MEDIA_TYPE,
        "This server answers in FHIR JSON and FHIR XML of R4; ask for application/fhir+json "
        "or application/fhir+xml (Accept, or _format=json or xml).");
}

/* Takes _format and _pretty out of the query: they are about the answer, not the search. */
static err take_format(struct call *c)
{
    str all = c->rq->query, pair, value = STR_NONE;
    c->query = all;
    bool format = query_get(c->op.arena, all, STR("_format"), &value);
    if (c->wanted == FORMAT_NONE)
        return not_acceptable(c);
    str pretty;
    if (query_get(c->op.arena, all, STR("_pretty"), &pretty))
        c->pretty = str_eq(pretty, STR("true"));
    else if (!format)
        return OK;
    struct buf b;
    buf_init(&b, c->op.arena, all.n + 1);
    while (str_take_until(&all, '&', &pair))
        if (!str_starts(pair, STR("_format=")) && !str_starts(pair, STR("_pretty=")))
            buf_printf(&b, "%s%.*s", b.n ? "&" : "", STR_ARG(pair));
    c->query = buf_str(&b);
    return OK;
}

static err check_patch(struct call *c, const struct media *m)
{
    c->json_patch = str_eq_nocase(m->name, STR("application/json-patch+json"));
    if (c->json_patch || m->format == FORMAT_JSON || m->format == FORMAT_XML)
        return OK;
    net_answer_header(c->rq, "Accept-Patch",
                      "application/json-patch+json, application/fhir+json, application/fhir+xml");
    return fail(&c->op, ERR_MEDIA_TYPE,
                "A PATCH is a JSON Patch (Content-Type: application/json-patch+json) or a FHIRPath "
                "Patch, a Parameters (application/fhir+json or application/fhir+xml).");
}

static err check_body(struct call *c)
{
    struct media m;
    enum format format = media_read(net_header(c->rq, "Content-Type"), &m);
    c->xml_body = format == FORMAT_XML;
    if (m.name.n && m.other_charset)
        return fail(&c->op, ERR_MEDIA_TYPE, "Bodies are taken in UTF-8 only.");
    if (c->rq->method == NET_PATCH)
        return check_patch(c, &m);
    if (!m.name.n || strstr(c->route->path, "$") != NULL)
        return OK;
    if (str_ends(str_of(c->route->path), STR("/_search"))) {
        if (str_eq_nocase(m.name, STR("application/x-www-form-urlencoded")))
            return OK;
        return fail(
            &c->op, ERR_MEDIA_TYPE,
            "A search by POST carries its parameters as application/x-www-form-urlencoded.");
    }
    if (format != FORMAT_JSON && format != FORMAT_XML)
        return fail(&c->op, ERR_MEDIA_TYPE,
                    "This server reads FHIR JSON and FHIR XML of R4; send Content-Type: "
                    "application/fhir+json or application/fhir+xml.");
    return OK;
}

/* Prefer: return=minimal, handling=strict (RFC 7240). Unknown preferences are ignored, as it says.
 */
static void take_prefer(struct call *c)
{
    str list = net_header(c->rq, "Prefer"), one;
    while (str_take_until(&list, ',', &one)) {
        str part;
        while (str_take_until(&one, ';', &part)) {
            part = str_trim(part);
            if (str_eq_nocase(part, STR("handling=lenient")))
                c->lenient = true;
            else if (str_eq_nocase(part, STR("return=minimal")))
                c->prefer = RETURN_MINIMAL;
            else if (str_eq_nocase(part, STR("return=representation")))
                c->prefer = RETURN_REPRESENTATION;
            else if (str_eq_nocase(part, STR("return=OperationOutcome")))
                c->prefer = RETURN_OUTCOME;
        }
    }
}

void negotiate_format(struct call *c)
{
    bool fhir = str_eq(c->rq->path, STR("/fhir")) || str_starts(c->rq->path, STR("/fhir/"));
    c->wanted = fhir ? media_wanted(c) : FORMAT_ANY;
    c->xml = c->wanted == FORMAT_XML;
}

err negotiate(struct call *c)
{
    c->query = c->rq->query;
    c->prefer = RETURN_DEFAULT;
    if (c->route->kind != KIND_FHIR)
        return OK;
    TRY(take_format(c));
    take_prefer(c);
    bool carries =
        c->rq->method == NET_POST || c->rq->method == NET_PUT || c->rq->method == NET_PATCH;
    if (carries)
        TRY(check_body(c));
    c->xml = c->wanted == FORMAT_XML || (c->xml_body && c->wanted == FORMAT_ANY);
    return OK;
}
