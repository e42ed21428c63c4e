/* What subscribers ask: $status and $events of the R5 back-port, and the key that notifications are
 * signed with. The live channel is in subscription_live.c. */
#include "api/api_int.h"

static err there(struct call *c)
{
    if (c->api->partners)
        return OK;
    return fail(&c->op, ERR_UNSUPPORTED, "This server runs without subscriptions.");
}

err api_subscription_status(struct call *c)
{
    struct json *bundle;
    TRY(there(c));
    TRY(partners_status(&c->op, c->api->partners, &c->id, c->id.n ? 1 : 0, &bundle));
    return answer_json(c, 200, bundle);
}

static err number(struct call *c, const char *name, uint64_t *ret)
{
    str text;
    if (!query_get(c->op.arena, c->rq->query, str_of(name), &text))
        return OK;
    if (str_to_u64(text, UINT64_MAX, ret))
        return OK;
    return fail(&c->op, ERR_INVALID, "%s is the number of an event.", name);
}

err api_subscription_events(struct call *c)
{
    struct json *bundle;
    struct partners_span span = {.type = STR("query-event")};
    uint64_t last;
    TRY(there(c));
    TRY(number(c, "eventsSinceNumber", &span.since));
    TRY(number(c, "eventsUntilNumber", &span.until));
    if (!query_get(c->op.arena, c->rq->query, STR("content"), &span.content))
        span.content = STR_NONE;
    TRY(partners_events(&c->op, c->api->partners, c->id, &span, &bundle, &last));
    return answer_json(c, 200, bundle);
}

err api_webhook_key(struct call *c)
{
    struct buf b = answer_buf(c);
    TRY(there(c));
    buf_add(&b, STR("{\"signature\":\"v1a\",\"algorithm\":\"Ed25519\",\"key\":"));
    buf_json_string(&b, partners_key(c->api->partners));
    buf_add(&b, STR(",\"signed\":\"webhook-id.webhook-timestamp.body\","
                    "\"specification\":\"https://www.standardwebhooks.com\"}"));
    return answer(c, 200, &b);
}
