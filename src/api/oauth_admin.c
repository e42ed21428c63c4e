/* The administrator's side of apps, and an EHR's launch of one. Nothing is decided here. */
#include "api/api_int.h"

err api_apps(struct call *c)
{
    struct json *o;
    TRY(oauth_client_list(&c->op, c->api->id, &o));
    return answer_json(c, 200, o);
}

err api_app_decide(struct call *c)
{
    struct json *in, *o;
    TRY(body_object(c, &in));
    TRY(oauth_client_decide(&c->op, c->api->id, c->id, in, &o));
    return answer_json(c, 200, o);
}

err api_launches(struct call *c)
{
    struct json *o;
    TRY(oauth_steps(&c->op, c->api->id, &o));
    return answer_json(c, 200, o);
}

err api_launch_apps(struct call *c)
{
    struct json *o;
    TRY(oauth_client_launchable(&c->op, c->api->id, &o));
    return answer_json(c, 200, o);
}

err api_launch(struct call *c)
{
    struct json *in, *o = json_new(c->op.arena, JSON_OBJECT);
    str launch, url;
    struct buf b;
    TRY(body_object(c, &in));
    TRY(oauth_launch_new(&c->op, c->api->id, json_get_str(in, STR("app")),
                         json_get_str(in, STR("patient")), json_get_str(in, STR("encounter")),
                         &launch, &url));
    buf_init(&b, c->op.arena, 4096);
    buf_add(&b, url);
    buf_add(&b, str_find_char(url, '?', 0) == SIZE_MAX ? STR("?iss=") : STR("&iss="));
    buf_url(&b, arena_cat(c->op.arena, base_url(c), STR("/fhir")));
    buf_add(&b, STR("&launch="));
    buf_url(&b, launch);
    json_set_str(c->op.arena, o, STR("launch"), launch);
    json_set_str(c->op.arena, o, STR("url"), buf_str(&b));
    return answer_json(c, 201, o);
}

err api_oauth_rotate(struct call *c)
{
    TRY(oauth_rotate(&c->op, c->api->id));
    c->rq->answer.status = 204;
    return OK;
}

err api_subject(struct call *c)
{
    struct json *in;
    TRY(body_object(c, &in));
    TRY(oauth_subject_put(&c->op, c->api->id, json_get_str(in, STR("issuer")),
                          json_get_str(in, STR("subject")), json_get_str(in, STR("user"))));
    c->rq->answer.status = 204;
    return OK;
}
