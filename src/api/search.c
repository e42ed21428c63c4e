/* GET /fhir/{type}?… and POST /fhir/{type}/_search: the same search, parameters in the address, the
 * form body, or both. Unknown parameters are errors unless Prefer: handling=lenient. */
#include "api/api_int.h"

static err search(struct call *c, str query)
{
    const struct fhir_query *q;
    struct record_page page;
    TRY(fhir_query_read(&c->op, c->type, query, c->lenient, &q));
    TRY(record_search(&c->op, c->api->rec, q, &page));
    struct buf b = answer_buf(c);
    bundle_search(c, &b, q, &page);
    return answer(c, 200, &b);
}

err api_search(struct call *c)
{
    return search(c, c->query);
}

err api_search_post(struct call *c)
{
    str form = str_trim(c->rq->body);
    if (!c->query.n || !form.n)
        return search(c, c->query.n ? c->query : form);
    return search(c, arena_printf(c->op.arena, "%.*s&%.*s", STR_ARG(c->query), STR_ARG(form)));
}
