/* Notices on the patient's own devices: what the browser needs to turn them on, on, and off. */
#include "api/api_int.h"
#include "outreach/push.h"

static err outreach_there(struct call *c)
{
    return c->api->outreach ? OK
                            : fail(&c->op, ERR_UNSUPPORTED, "This server runs without outreach.");
}

err api_notices(struct call *c)
{
    struct json *o;
    TRY(outreach_there(c));
    TRY(push_state(&c->op, c->api->outreach, c->id, &o));
    return answer_json(c, 200, o);
}

err api_notices_set(struct call *c)
{
    struct json *in;
    TRY(outreach_there(c));
    TRY(body_object(c, &in));
    if (json_bool(JSON_GET(in, "on"), false))
        TRY(push_turn_on(&c->op, c->api->outreach, c->id, in));
    else
        TRY(push_turn_off(&c->op, c->api->outreach, c->id, json_get_str(in, STR("endpoint"))));
    c->rq->answer.status = 204;
    return OK;
}
