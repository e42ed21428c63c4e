/* DELETE /fhir/{type}/{id}: deleting what is not there is fine. DELETE /fhir/{type}?…: all that
 * matches, up to fhir.delete_max, or nothing; how many is told. */
#include "api/api_int.h"

err api_delete(struct call *c)
{
    struct fhir_entry e = {.verb = VERB_DELETE};
    struct record_result r;
    TRY(write_entry(c, &e, &r));
    if (r.vid && r.deleted < 2)
        answer_version(c, r.vid, r.updated);
    c->rq->answer.status = 204;
    if (c->prefer == RETURN_MINIMAL || (c->prefer != RETURN_OUTCOME && r.deleted < 2))
        return OK;
    struct buf b = answer_buf(c);
    op_note(&c->op, SEVERITY_INFORMATION, STR_NONE, "%u %s deleted.", r.deleted,
            r.deleted == 1 ? "resource is" : "resources are");
    fhir_outcome_write(&b, &c->op);
    return answer(c, 200, &b);
}
