/* PUT /fhir/{type}/{id}: a new version, or a new resource under that id. PUT /fhir/{type}?…: the
 * one that matches, or a new one. If-Match guards against overwriting what somebody else changed
 * meanwhile; If-None-Match: * only creates. */
#include "api/api_int.h"

static err update(struct call *c, struct json *resource)
{
    struct fhir_entry e = {.verb = VERB_PUT, .resource = resource};
    struct record_result r;
    TRY(partners_check(&c->op, c->api->partners, resource));
    TRY(write_entry(c, &e, &r));
    return answer_result(c, &r);
}

err api_update(struct call *c)
{
    struct json *resource;
    TRY(fhir_read(&c->op, c->rq->body, c->type, &resource));
    if (!str_eq(json_get_str(resource, STR("id")), c->id))
        return fail_at(&c->op, ERR_INVALID, arena_cat(c->op.arena, c->type_name, STR(".id")),
                       "The id in the body must be the id of the address.");
    return update(c, resource);
}

err api_update_conditional(struct call *c)
{
    struct json *resource;
    TRY(fhir_read(&c->op, c->rq->body, c->type, &resource));
    return update(c, resource);
}
