/* Writing answers: headers every answer has, versions, documents, errors. An error is always an
 * OperationOutcome that says what is wrong, where, and what to do. */
#include "api/api_int.h"

#define BODY_OBJECT_MAX (256u << 10)

struct buf answer_buf(struct call *c)
{
    struct buf b;
    buf_init(&b, c->op.arena, ANSWER_MAX);
    return b;
}

void answer_header(struct call *c, const char *name, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str value = arena_vprintf(c->op.arena, fmt, ap);
    va_end(ap);
    if (value.n)
        net_answer_header(c->rq, name, value.p);
}

static bool as_xml(const struct call *c)
{
    return c->xml && (!c->route || c->route->kind == KIND_FHIR);
}

static str media(const struct call *c)
{
    enum kind kind = c->route ? c->route->kind : KIND_FHIR;
    if (kind == KIND_TEXT)
        return STR("text/plain; charset=utf-8");
    if (as_xml(c))
        return STR(FHIR_XML);
    return kind == KIND_JSON ? STR("application/json; charset=utf-8") : STR(FHIR_JSON);
}

static str prettied(struct call *c, str body)
{
    struct json *v;
    struct fault before = c->op.fault;
    struct buf b = answer_buf(c);
    if (json_read(&c->op, body, &JSON_LIMITS_DEFAULT, &v) != OK) {
        c->op.fault = before;
        return body;
    }
    json_write_pretty(&b, v);
    buf_char(&b, '\n');
    return buf_ok(&b) ? buf_str(&b) : body;
}

err answer(struct call *c, int status, struct buf *body)
{
    struct net_answer *a = &c->rq->answer;
    TRY(op_check(&c->op));
    if (!buf_ok(body))
        return fail(&c->op, ERR_TOO_COSTLY, "The answer is too large; ask for less at once.");
    str out = buf_str(body);
    if (as_xml(c))
        TRY(xml_out(c, out, &out));
    else if (c->pretty)
        out = prettied(c, out);
    a->status = status;
    a->body = out;
    if (out.n)
        a->type = media(c);
    return OK;
}

err answer_json(struct call *c, int status, const struct json *v)
{
    struct buf b = answer_buf(c);
    json_write(&b, v);
    return answer(c, status, &b);
}

/* A refusal may name another status than its category (406, 414). */
void answer_error(struct call *c, err e)
{
    struct net_answer *a = &c->rq->answer;
    const struct err_row *row = err_row(e);
    int status = a->status >= 400 ? a->status : row->http;
    if (!c->op.fault.n)
        (void)fail(&c->op, e, "The request could not be done.");
    if (e == ERR_UNAUTHENTICATED)
        net_answer_header(c->rq, "WWW-Authenticate", "Bearer realm=\"weft\"");
    if (row->retry)
        net_answer_header(c->rq, "Retry-After", "2");
    struct buf b;
    buf_init(&b, c->op.arena, 1u << 20);
    language_outcome(c, &b);
    a->status = status;
    a->type = STR(FHIR_JSON);
    a->encoding = NULL;
    if (as_xml(c) && xml_out(c, buf_str(&b), &a->body) == OK)
        a->type = STR(FHIR_XML);
    else
        a->body = c->pretty ? prettied(c, buf_str(&b)) : buf_str(&b);
    if (!a->body.n)
        a->body = STR("{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\","
                      "\"code\":\"transient\",\"diagnostics\":\"No memory for this request; try "
                      "again soon.\"}]}");
}

static char *digits(char *p, unsigned v, unsigned n)
{
    for (unsigned i = n; i-- > 0; v /= 10)
        p[i] = (char)('0' + v % 10);
    return p + n;
}

/* "Sat, 21 Nov 2026 20:56:31 GMT" (RFC 9110 5.6.7), by hand: every read has one. */
static const char *http_date(struct call *c, int64_t ms)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char *out = arena_alloc(c->op.arena, 30), *p = out;
    int64_t day = ms / 86400000;
    unsigned s = (unsigned)(ms / 1000 % 86400), m, d;
    int y;
    time_civil_from_days(day, &y, &m, &d);
    memcpy(p, days + (day + 4) % 7 * 3, 3);
    memcpy(p + 3, ", ", 2);
    p = digits(p + 5, d, 2);
    *p++ = ' ';
    memcpy(p, months + (size_t)(m - 1) * 3, 3);
    p[3] = ' ';
    p = digits(p + 4, (unsigned)y, 4);
    *p++ = ' ';
    p = digits(p, s / 3600, 2);
    *p++ = ':';
    p = digits(p, s / 60 % 60, 2);
    *p++ = ':';
    p = digits(p, s % 60, 2);
    memcpy(p, " GMT", 5);
    return out;
}

void answer_version(struct call *c, uint32_t vid, int64_t updated)
{
    answer_header(c, "ETag", "W/\"%u\"", vid);
    if (updated > 0)
        net_answer_header(c->rq, "Last-Modified", http_date(c, updated));
}

err answer_doc(struct call *c, const struct record_doc *doc)
{
    struct buf b;
    const struct fhir_query *less = NULL;
    if (c->query.n)
        TRY(subset_read(c, &less));
    buf_init(&b, c->op.arena, less ? ANSWER_MAX : doc->head.n + doc->body.n + 1);
    if (less) {
        TRY(doc_subset(c, less, doc, &b));
    } else {
        buf_add(&b, doc->head);
        buf_add(&b, doc->body);
    }
    return answer(c, 200, &b);
}

static bool host_valid(str host)
{
    for (size_t i = 0; i < host.n; i++) {
        char ch = host.p[i];
        bool ok = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                  (ch >= '0' && ch <= '9') || strchr(".-:[]_", ch);
        if (!ok || !ch)
            return false;
    }
    return host.n > 0 && host.n < 256;
}

str base_url(struct call *c)
{
    if (c->base.n)
        return c->base;
    str host = net_header(c->rq, "Host");
    c->base = c->api->fixed_url || !host_valid(host)
                  ? c->api->url
                  : arena_cat(c->op.arena, c->api->tls ? STR("https://") : STR("http://"), host);
    return c->base;
}

bool host_known(struct call *c)
{
    static const char *const here[] = {"localhost", "127.0.0.1", "[::1]"};
    str host = net_header(c->rq, "Host");
    if (c->api->fixed_url || str_eq_nocase(base_url(c), c->api->url))
        return true;
    for (size_t i = 0; i < 3; i++) {
        str rest = str_sub(host, strlen(here[i]), SIZE_MAX);
        if (str_starts(host, str_of(here[i])) && (!rest.n || rest.p[0] == ':'))
            return true;
    }
    return false;
}

err answer_result(struct call *c, const struct record_result *r)
{
    str type = fhir_type_name(r->type);
    int status = r->created ? 201 : 200;
    answer_version(c, r->vid, r->updated);
    answer_header(c, "Location", "%.*s/fhir/%.*s/%.*s/_history/%u", STR_ARG(base_url(c)),
                  STR_ARG(type), STR_ARG(r->id), r->vid);
    struct buf b = answer_buf(c);
    if (c->prefer == RETURN_OUTCOME) {
        if (!c->op.fault.n)
            op_note(&c->op, SEVERITY_INFORMATION, STR_NONE, "%.*s/%.*s is %s.", STR_ARG(type),
                    STR_ARG(r->id),
                    r->created     ? "created"
                    : r->unchanged ? "there already"
                                   : "updated");
        fhir_outcome_write(&b, &c->op);
    } else if (c->prefer != RETURN_MINIMAL) {
        buf_add(&b, r->doc.head);
        buf_add(&b, r->doc.body);
    }
    return answer(c, status, &b);
}

err version_tag(struct call *c, const char *header, str *ret)
{
    str text = str_trim(net_header(c->rq, header));
    str tag = text;
    uint64_t vid;
    if (!text.n) {
        *ret = STR_NONE;
        return OK;
    }
    if (str_starts(tag, STR("W/")))
        tag = str_sub(tag, 2, SIZE_MAX);
    if (tag.n >= 2 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"')
        tag = str_sub(tag, 1, tag.n - 1);
    if (!str_to_u64(tag, UINT32_MAX, &vid) || !vid)
        return fail(&c->op, ERR_INVALID, "%s names a version as the ETag did, e.g. W/\"3\".",
                    header);
    *ret = tag;
    return OK;
}

err body_object(struct call *c, struct json **ret)
{
    struct json_limits limits = {.bytes = BODY_OBJECT_MAX, .depth = 32, .nodes = 10000};
    struct json *v;
    TRY(json_read(&c->op, c->rq->body, &limits, &v));
    if (!json_is(v, JSON_OBJECT))
        return fail(&c->op, ERR_INVALID, "The body is a JSON object.");
    *ret = v;
    return OK;
}

err answer_file(struct call *c, str type, const char *name, str body)
{
    answer_header(c, "Content-Disposition", "attachment; filename=\"%s\"", name);
    answer_header(c, "Cache-Control", "no-store");
    c->rq->answer.status = 200;
    c->rq->answer.type = type;
    c->rq->answer.body = body;
    return OK;
}
