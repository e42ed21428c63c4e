/* GET /fhir/{type}?… and POST /fhir/{type}/_search: the same search, parameters in the address, the
 * form body, or both. Unknown parameters are errors unless Prefer: handling=lenient. Invariant:
 * what may take long never runs on the server's own threads, and nothing runs longer than
 * http.search_s.
 */
#include "api/api_int.h"

static err search(struct call *c, const struct fhir_query *q)
{
    struct record_page page;
    c->op.deadline = time_now() + 1000 * config_int(c->api->config, "http.search_s");
    TRY(record_search(&c->op, c->api->rec, q, &page));
    struct buf b = answer_buf(c);
    bundle_search(c, &b, q, &page);
    return answer(c, 200, &b);
}

err search_begin(struct call *c, enum net_run *ret)
{
    TRY(fhir_query_read(&c->op, c->type, c->query, c->lenient, &c->q));
    *ret = record_search_short(c->api->rec, c->q) ? NET_INLINE : NET_SLOW;
    return OK;
}

err api_search(struct call *c)
{
    return search(c, c->q);
}

err api_search_post(struct call *c)
{
    str form = str_trim(c->rq->body), all = c->query.n ? c->query : form;
    const struct fhir_query *q;
    if (c->query.n && form.n)
        all = arena_printf(c->op.arena, "%.*s&%.*s", STR_ARG(c->query), STR_ARG(form));
    TRY(fhir_query_read(&c->op, c->type, all, c->lenient, &q));
    return search(c, q);
}
