/* GET /fhir/{type}/{id}/_history/{vid}: one version as it was. */
#include "api/api_int.h"

err api_vread(struct call *c)
{
    struct record_doc doc;
    TRY(record_vread(&c->op, c->api->rec, c->type, c->id, c->vid, &doc));
    answer_version(c, doc.vid, doc.updated);
    if (doc.deleted)
        return fail(&c->op, ERR_GONE, "With this version the resource was deleted.");
    if (answer_unmodified(net_header(c->rq, "If-None-Match"),
                          net_header(c->rq, "If-Modified-Since"), &doc)) {
        c->rq->answer.status = 304;
        return OK;
    }
    return answer_doc(c, &doc);
}
