/* One helper's account, several patients: whose record, and one more invitation. */
#include "identity/helper.h"

#include "api/api_int.h"

err api_helping(struct call *c)
{
    struct identity_helped *all;
    size_t n;
    struct arena *m = c->op.arena;
    struct json *list = json_new(m, JSON_ARRAY), *o = json_new(m, JSON_OBJECT);
    TRY(identity_helping(&c->op, c->api->id, c->token, &all, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_new(m, JSON_OBJECT);
        json_set_str(m, one, STR("reference"), all[i].reference);
        json_set_str(m, one, STR("name"), all[i].name);
        json_set(m, one, STR("current"), json_new_bool(m, all[i].current));
        json_push(m, list, one);
    }
    json_set(m, o, STR("helping"), list);
    return answer_json(c, 200, o);
}

err api_help_choose(struct call *c)
{
    struct json *in;
    struct identity_session s;
    TRY(body_object(c, &in));
    TRY(identity_help_choose(&c->op, c->api->id, c->token, json_get_str(in, STR("reference")), &s));
    return session_answer(c, &s, c->cookie);
}

err api_join_more(struct call *c)
{
    struct json *in;
    struct identity_session s;
    TRY(body_object(c, &in));
    TRY(identity_join_more(&c->op, c->api->id, c->token, json_get_str(in, STR("secret")), &s));
    return session_answer(c, &s, c->cookie);
}
