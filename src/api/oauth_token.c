/* POST /oauth/token, /oauth/introspect, /oauth/revoke, /oauth/register: what apps say to the server
 * directly. Refusals as RFC 6749 5.2 has them. Invariant: a parameter that comes twice is refused.
 */
#include "api/oauth_api_int.h"

err oauth_error(struct call *c, err e)
{
    const struct issue *i = c->op.fault.n ? &c->op.fault.issues[0] : NULL;
    if (!i || !i->expression.n)
        return e;
    struct arena *a = c->op.arena;
    struct json *o = json_new(a, JSON_OBJECT);
    bool who = str_eq(i->expression, STR("invalid_client"));
    json_set_str(a, o, STR("error"), arena_str(a, i->expression));
    json_set_str(a, o, STR("error_description"), arena_str(a, i->message));
    if (who && net_header(c->rq, "Authorization").n)
        net_answer_header(c->rq, "WWW-Authenticate", "Basic realm=\"weft\"");
    op_clear(&c->op);
    return answer_json(c, who ? 401 : 400, o);
}

err oauth_form(struct call *c, struct form *ret)
{
    TRY(form_read(&c->op, str_trim(c->rq->body), ret));
    for (size_t i = 0; i < ret->n; i++)
        for (size_t j = 0; j < i; j++)
            if (str_eq(ret->names[i], ret->names[j]) && !str_eq(ret->names[i], STR("s")))
                return fail_at(&c->op, ERR_INVALID, STR("invalid_request"),
                               "A parameter came twice.");
    return OK;
}

static struct oauth_request request_of(struct call *c, const struct form *f)
{
    str base = base_url(c);
    return (struct oauth_request){.basic = net_header(c->rq, "Authorization"),
                                  .grant_type = form_field(f, STR("grant_type")),
                                  .code = form_field(f, STR("code")),
                                  .redirect = form_field(f, STR("redirect_uri")),
                                  .verifier = form_field(f, STR("code_verifier")),
                                  .client = form_field(f, STR("client_id")),
                                  .secret = form_field(f, STR("client_secret")),
                                  .assertion_type = form_field(f, STR("client_assertion_type")),
                                  .assertion = form_field(f, STR("client_assertion")),
                                  .refresh = form_field(f, STR("refresh_token")),
                                  .scope = form_field(f, STR("scope")),
                                  .base = base,
                                  .endpoint = arena_cat(c->op.arena, base, c->rq->path)};
}

err api_oauth_token(struct call *c)
{
    struct form f;
    struct json *o;
    net_answer_header(c->rq, "Pragma", "no-cache");
    err e = oauth_form(c, &f);
    struct oauth_request r = request_of(c, &f);
    if (e == OK)
        e = oauth_token(&c->op, c->api->id, &r, &o);
    return e == OK ? answer_json(c, 200, o) : oauth_error(c, e);
}

err api_oauth_introspect(struct call *c)
{
    struct form f;
    struct json *o;
    err e = oauth_form(c, &f);
    struct oauth_request r = request_of(c, &f);
    if (e == OK)
        e = oauth_introspect(&c->op, c->api->id, &r, form_field(&f, STR("token")), &o);
    return e == OK ? answer_json(c, 200, o) : oauth_error(c, e);
}

err api_oauth_revoke(struct call *c)
{
    struct form f;
    err e = oauth_form(c, &f);
    struct oauth_request r = request_of(c, &f);
    if (e == OK)
        e = oauth_revoke(&c->op, c->api->id, &r, form_field(&f, STR("token")));
    if (e != OK)
        return oauth_error(c, e);
    c->rq->answer.status = 200;
    return OK;
}

err api_oauth_userinfo(struct call *c)
{
    struct json *o;
    TRY(oauth_userinfo(&c->op, c->api->id, c->token, base_url(c), &o));
    return answer_json(c, 200, o);
}

err api_oauth_register(struct call *c)
{
    struct json *in, *o;
    TRY(body_object(c, &in));
    err e = oauth_client_register(&c->op, c->api->id, in, &o);
    return e == OK ? answer_json(c, 201, o) : oauth_error(c, e);
}
