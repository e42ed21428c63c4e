/* Sign-in, sign-out, who am I. The token travels in the Authorization header only: never in a
 * cookie (no cross-site requests to fear) and never in an address (no logs to leak from). */
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
}

err api_sign_in(struct call *c)
{
    struct json *in;
    TRY(body_object(c, &in));
    str user = json_get_str(in, STR("user")), password = json_get_str(in, STR("password"));
    if (!user.n || !password.n)
        return fail(&c->op, ERR_INVALID, "Send {\"user\": …, \"password\": …}.");
    struct identity_session s;
    struct identity_try t = {.user = user,
                             .password = password,
                             .peer = net_peer(c->rq),
                             .code = json_get_str(in, STR("code"))};
    TRY(identity_sign_in(&c->op, c->api->id, &t, &s));
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    json_set_str(c->op.arena, o, STR("token"), s.token);
    json_set_str(c->op.arena, o, STR("expires"), time_format(c->op.arena, s.expires));
    account_members(c, o, &s.account);
    return answer_json(c, 200, o);
}

err api_sign_out(struct call *c)
{
    str token = str_trim(str_sub(net_header(c->rq, "Authorization"), 7, SIZE_MAX));
    TRY(identity_sign_out(&c->op, c->api->id, token));
    c->rq->answer.status = 204;
    return OK;
}

err api_me(struct call *c)
{
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    account_members(c, o, &c->account);
    return answer_json(c, 200, o);
}
