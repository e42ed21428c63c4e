/* GET /fhir/{type}/{id}: the resource as it is now, served from the stored text.
 * If-None-Match and If-Modified-Since make it conditional
 * (https://hl7.org/fhir/R4/http.html#cread). */
#include "api/api_int.h"

static bool none_match(str header, uint32_t vid)
{
    str one;
    while (str_take_until(&header, ',', &one)) {
        uint64_t n;
        one = str_trim(one);
        if (str_eq(one, STR("*")))
            return true;
        if (str_starts(one, STR("W/")))
            one = str_sub(one, 2, SIZE_MAX);
        if (one.n >= 2 && one.p[0] == '"' &&
            str_to_u64(str_sub(one, 1, one.n - 1), UINT32_MAX, &n) && n == vid)
            return true;
    }
    return false;
}

static int month_of(str name)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    size_t at = name.n == 3 ? str_find(str_of(months), name, 0) : SIZE_MAX;
    return at == SIZE_MAX || at % 3 ? 0 : (int)(at / 3) + 1;
}

/* "Sat, 21 Nov 2026 20:56:31 GMT" to the last ms of that second; false for anything else. */
static bool date_of(str s, int64_t *ret)
{
    uint64_t d, y, h, m, sec;
    int month = s.n == 29 ? month_of(str_sub(s, 8, 11)) : 0;
    if (!month || !str_to_u64(str_sub(s, 5, 7), 31, &d) ||
        !str_to_u64(str_sub(s, 12, 16), 9999, &y) || !str_to_u64(str_sub(s, 17, 19), 23, &h) ||
        !str_to_u64(str_sub(s, 20, 22), 59, &m) || !str_to_u64(str_sub(s, 23, 25), 60, &sec))
        return false;
    int64_t day = time_days_from_civil((int)y, (unsigned)month, (unsigned)d);
    *ret = ((day * 24 + (int64_t)h) * 60 + (int64_t)m) * 60000 + (int64_t)sec * 1000 + 999;
    return true;
}

bool answer_unmodified(str none, str since, const struct record_doc *doc)
{
    int64_t at;
    if (none.n)
        return none_match(none, doc->vid);
    struct time_span span;
    if (since.n && time_parse(since, &span) && span.precision >= TIME_SECOND)
        return doc->updated < span.hi;
    return date_of(since, &at) && doc->updated <= at;
}

err api_read(struct call *c)
{
    struct record_doc doc;
    TRY(record_read(&c->op, c->api->rec, c->type, c->id, &doc));
    answer_version(c, doc.vid, doc.updated);
    if (answer_unmodified(net_header(c->rq, "If-None-Match"),
                          net_header(c->rq, "If-Modified-Since"), &doc)) {
        c->rq->answer.status = 304;
        return OK;
    }
    return answer_doc(c, &doc);
}
