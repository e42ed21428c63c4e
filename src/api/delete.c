/* DELETE /fhir/{type}/{id}: deleting what is not there is fine. */
#include "api/api_int.h"

err api_delete(struct call *c)
{
    struct record_result r;
    str if_match;
    TRY(version_tag(c, "If-Match", &if_match));
    TRY(record_delete(&c->op, c->api->rec, c->type, c->id, if_match, &r));
    if (r.vid)
        answer_version(c, r.vid, r.updated);
    c->rq->answer.status = 204;
    return OK;
}
