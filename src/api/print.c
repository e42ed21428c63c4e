/* Patient/[id]/$print: a page about the patient was printed or saved. Paper is out of reach of
 * every rule, so that it exists stands in the trail (45 CFR 164.312(b)), where the patient finds it
 * among who looked. Invariant: only who may read the patient can say so. */
#include "api/op_int.h"

err api_patient_print(struct call *c)
{
    struct record_doc doc;
    fhir_type patient = fhir_type_parse(STR("Patient"));
    TRY(record_read(&c->op, c->api->rec, patient, c->id, &doc));
    struct record_tx *tx = record_begin(&c->op, c->api->rec);
    TRY(op_check(&c->op));
    record_tx_trail(tx, STR("print"), patient, c->id, NULL);
    TRY(record_commit(tx));
    c->rq->answer.status = 204;
    return OK;
}
