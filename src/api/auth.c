/* Sign-in, sign-out, who am I. The token of a script travels in the Authorization header, that of a
 * browser in a cookie (cookie.c); never in an address (no logs to leak from). */
#include "api/api_int.h"

static void account_members(struct call *c, struct json *o, const struct identity_account *a)
{
    struct arena *m = c->op.arena;
    json_set_str(m, o, STR("user"), a->user);
    json_set_str(m, o, STR("name"), a->name.n ? a->name : a->user);
    json_set_str(m, o, STR("role"), role_name(a->role));
    json_set_str(m, o, STR("language"), a->language.n ? a->language : STR("en"));
    json_set_str(m, o, STR("reference"), a->reference);
    json_set_str(m, o, STR("patient"), a->patient);
    if (c->op.actor && c->op.actor->untrained)
        json_set(m, o, STR("untrained"), json_new_bool(m, true));
    if (c->api->outreach && outreach_screen_there(c->api->outreach))
        json_set(m, o, STR("screen"), json_new_bool(m, true));
}

/* What a page needs to know of its session. */
static void session_members(struct call *c, struct json *o, str token, int64_t rest_ms)
{
    struct arena *m = c->op.arena;
    json_set_str(m, o, STR("csrf"), identity_proof(m, token));
    if (rest_ms)
        json_set(m, o, STR("rest"), json_new_i64(m, rest_ms / 1000));
}

err session_answer(struct call *c, const struct identity_session *s, bool cookie)
{
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    if (cookie) {
        cookie_set(c, s->token);
        session_members(c, o, s->token, s->rest_ms);
    } else {
        json_set_str(c->op.arena, o, STR("token"), s->token);
    }
    json_set_str(c->op.arena, o, STR("expires"), time_format(c->op.arena, s->expires));
    account_members(c, o, &s->account);
    if (s->renew)
        json_set(c->op.arena, o, STR("renew"), json_new_bool(c->op.arena, true));
    return answer_json(c, 200, o);
}

err session_wanted(struct call *c, const struct json *in, bool *ret_cookie)
{
    str kind = json_get_str(in, STR("session"));
    *ret_cookie = str_eq(kind, STR("cookie"));
    if (kind.n && !*ret_cookie && !str_eq(kind, STR("token")))
        return fail(&c->op, ERR_INVALID, "session is token or cookie.");
    if (*ret_cookie && !same_origin(c))
        return fail(&c->op, ERR_FORBIDDEN, "Sign in from this server's own pages.");
    return OK;
}

err session_asked(struct call *c, struct json **ret_in, bool *ret_cookie, struct identity_try *ret)
{
    TRY(body_object(c, ret_in));
    TRY(session_wanted(c, *ret_in, ret_cookie));
    *ret = (struct identity_try){.user = json_get_str(*ret_in, STR("user")),
                                 .password = json_get_str(*ret_in, STR("password")),
                                 .code = json_get_str(*ret_in, STR("code")),
                                 .peer = net_peer(c->rq),
                                 .device = device_label(c)};
    return OK;
}

str device_label(struct call *c)
{
    static const char *const browsers[][2] = {{"Edg/", "Edge"},
                                              {"OPR/", "Opera"},
                                              {"Firefox/", "Firefox"},
                                              {"Chrome/", "Chrome"},
                                              {"Safari/", "Safari"}};
    static const char *const systems[][2] = {
        {"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"},
        {"Mac OS X", "macOS"},  {"CrOS", "ChromeOS"},   {"Linux", "Linux"}};
    str agent = net_header(c->rq, "User-Agent");
    const char *browser = NULL, *system = NULL;
    for (size_t i = 0; !browser && i < sizeof browsers / sizeof *browsers; i++)
        browser = str_find(agent, str_of(browsers[i][0]), 0) == SIZE_MAX ? NULL : browsers[i][1];
    for (size_t i = 0; !system && i < sizeof systems / sizeof *systems; i++)
        system = str_find(agent, str_of(systems[i][0]), 0) == SIZE_MAX ? NULL : systems[i][1];
    return browser ? arena_printf(c->op.arena, "%s%s%s", browser, system ? ", " : "",
                                  system ? system : "")
                   : STR_NONE;
}

err api_sign_in(struct call *c)
{
    struct json *in;
    bool cookie;
    struct identity_try t;
    struct identity_session s;
    TRY(session_asked(c, &in, &cookie, &t));
    if (!t.user.n || !t.password.n)
        return fail(&c->op, ERR_INVALID, "Send {\"user\": …, \"password\": …}.");
    TRY(identity_sign_in(&c->op, c->api->id, &t, &s));
    return session_answer(c, &s, cookie);
}

err api_sign_out(struct call *c)
{
    TRY(identity_sign_out(&c->op, c->api->id, c->token));
    if (c->cookie)
        cookie_set(c, STR_NONE);
    c->rq->answer.status = 204;
    return OK;
}

err api_me(struct call *c)
{
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    struct identity_rest rest;
    account_members(c, o, &c->account);
    TRY(identity_rest(&c->op, c->api->id, c->token, &rest));
    if (c->cookie)
        session_members(c, o, c->token, rest.rest_ms);
    if (rest.rest_ms)
        json_set(c->op.arena, o, STR("left"), json_new_i64(c->op.arena, rest.left_ms / 1000));
    return answer_json(c, 200, o);
}
