/* The demonstration's authenticator: shows the code of the second step, as the phone in a nurse's
 * pocket would. Only where demo.codes is set, which weft demo does and nothing else should. */
#include "api/api_int.h"

err api_demo_code(struct call *c)
{
    str user = STR_NONE, part, query = c->rq->query, code;
    if (!config_bool(c->api->config, "demo.codes"))
        return fail(&c->op, ERR_NOT_FOUND, "Only the demonstration shows codes.");
    while (str_take_until(&query, '&', &part))
        if (str_starts(part, STR("user=")))
            user = str_sub(part, 5, part.n);
    TRY(identity_totp_show(&c->op, c->api->id, user, &code));
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    json_set_str(c->op.arena, o, STR("code"), code);
    return answer_json(c, 200, o);
}
