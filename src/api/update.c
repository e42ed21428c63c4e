/* PUT /fhir/{type}/{id}: a new version, or a new resource under that id. If-Match guards against
 * overwriting what somebody else changed meanwhile. */
#include "api/api_int.h"

err api_update(struct call *c)
{
    struct json *resource;
    struct record_result r;
    str if_match;
    TRY(version_tag(c, "If-Match", &if_match));
    TRY(fhir_read(&c->op, c->rq->body, c->type, &resource));
    if (!str_eq(json_get_str(resource, STR("id")), c->id))
        return fail_at(&c->op, ERR_INVALID, arena_cat(c->op.arena, c->type_name, STR(".id")),
                       "The id in the body must be the id of the address.");
    TRY(partners_check(&c->op, c->api->partners, resource));
    TRY(record_put(&c->op, c->api->rec, c->type, c->id, resource, if_match, &r));
    return answer_result(c, &r);
}
