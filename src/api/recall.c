/* Recalls of devices at the door (fleet/recall.h). */
#include "fleet/recall.h"
#include "api/api_int.h"

static err there(struct call *c)
{
    return c->api->fleet ? OK : fail(&c->op, ERR_UNSUPPORTED, "This server runs without a fleet.");
}

err api_recalls(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(recall_list(&c->op, c->api->fleet, &o));
    return answer_json(c, 200, o);
}

err api_recall_get(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(recall_get(&c->op, c->api->fleet, c->id, &o));
    return answer_json(c, 200, o);
}

err api_recalls_take(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(recall_take(&c->op, c->api->fleet, c->rq->body, &o));
    return answer_json(c, 201, o);
}

err api_recall_step(struct call *c)
{
    struct json *in, *o;
    str step = c->rq->path;
    size_t at;
    TRY(there(c));
    TRY(body_object(c, &in));
    while ((at = str_find_char(step, '/', 0)) != SIZE_MAX)
        step = str_sub(step, at + 1, step.n);
    TRY(recall_step(&c->op, c->api->fleet, c->id, step, in, &o));
    return answer_json(c, 200, o);
}
