/* A person's own sessions over HTTP: the list, and ending them. What the
 * rules of all this are is identity's. */
#include "api/api_int.h"

err api_sessions(struct call *c)
{
    struct identity_session_row *rows;
    size_t n;
    struct arena *m = c->op.arena;
    TRY(identity_sessions(&c->op, c->api->id, c->token, &rows, &n));
    struct json *all = json_new(m, JSON_ARRAY), *o = json_new(m, JSON_OBJECT);
    for (size_t i = 0; i < n; i++) {
        struct json *row = json_new(m, JSON_OBJECT);
        json_set_str(m, row, STR("id"), rows[i].id);
        json_set_str(m, row, STR("device"), rows[i].device);
        json_set_str(m, row, STR("began"), time_format(m, rows[i].began));
        json_set_str(m, row, STR("last"), time_format(m, rows[i].last));
        json_set(m, row, STR("current"), json_new_bool(m, rows[i].current));
        json_push(m, all, row);
    }
    json_set(m, o, STR("sessions"), all);
    return answer_json(c, 200, o);
}

err api_session_end(struct call *c)
{
    TRY(identity_session_end(&c->op, c->api->id, c->token, c->id));
    c->rq->answer.status = 204;
    return OK;
}

err api_sign_out_everywhere(struct call *c)
{
    TRY(identity_sign_out_everywhere(&c->op, c->api->id, c->token));
    if (c->cookie)
        cookie_set(c, STR_NONE);
    c->rq->answer.status = 204;
    return OK;
}
