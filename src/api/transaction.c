/* POST /fhir: a Bundle of type transaction (all or nothing, one commit) or batch (each
 * entry on its own, a broken one fails alone). */
#include "api/api_int.h"

err api_transaction(struct call *c)
{
    struct op *op = &c->op;
    struct fhir_plan plan;
    struct record_answer *answers;
    TRY(fhir_bundle_read(op, c->rq->body, &plan));
    TRY(record_transact(op, c->api->rec, &plan, &answers));
    struct buf b = answer_buf(c);
    bundle_answers(c, &b, &plan, answers);
    return answer(c, 200, &b);
}
