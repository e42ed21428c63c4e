/* GET /fhir/{type}/{id}/_history: versions, newest first. _count 1 to 1000 a page, _since an
 * instant; the next link carries _page, the version to go on below. */
#include "api/api_int.h"

#define COUNT_DEFAULT 20u
#define COUNT_MAX 1000u

struct window {
    uint64_t count, before;
    int64_t since;
};

static err window_of(struct call *c, struct window *ret)
{
    struct window w = {.count = COUNT_DEFAULT};
    str rest = c->query, pair;
    struct time_span at;
    while (str_take_until(&rest, '&', &pair)) {
        size_t eq = str_find_char(pair, '=', 0);
        str name = str_sub(pair, 0, eq);
        str value =
            eq == SIZE_MAX ? STR_NONE : url_decode(c->op.arena, str_sub(pair, eq + 1, SIZE_MAX));
        if (str_eq(name, STR("_count"))) {
            if (!str_to_u64(value, COUNT_MAX, &w.count) || !w.count)
                return fail(&c->op, ERR_INVALID, "_count is a number from 1 to 1000.");
        } else if (str_eq(name, STR("_page"))) {
            if (!str_to_u64(value, UINT32_MAX, &w.before))
                return fail(&c->op, ERR_INVALID,
                            "_page comes from the next link; use it unchanged.");
        } else if (str_eq(name, STR("_since"))) {
            if (!time_parse(value, &at) || at.precision < TIME_SECOND)
                return fail(&c->op, ERR_INVALID,
                            "_since is an instant, e.g. 2026-11-21T08:00:00Z.");
            w.since = at.lo;
        } else if (name.n && !c->lenient) {
            return fail(&c->op, ERR_INVALID, "A history takes _count and _since, not \"%.*s\".",
                        STR_ARG(str_sub(name, 0, 64)));
        }
    }
    *ret = w;
    return OK;
}

err api_history(struct call *c)
{
    struct window w = {0};
    struct record_doc *docs;
    size_t n;
    TRY(window_of(c, &w));
    TRY(record_history(&c->op, c->api->rec, c->type, c->id, (uint32_t)w.before, (size_t)w.count + 1,
                       &docs, &n));
    bool more = n > w.count;
    if (more)
        n = (size_t)w.count;
    while (n && docs[n - 1].updated < w.since) {
        n--;
        more = false;
    }
    struct buf b = answer_buf(c);
    bundle_history(c, &b, docs, n, more);
    return answer(c, 200, &b);
}
