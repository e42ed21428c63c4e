/* PATCH /fhir/{type}/{id} and PATCH /fhir/{type}?…: JSON Patch or FHIRPath Patch, by the type of
 * the body. What comes out is validated as any update. https://hl7.org/fhir/R4/http.html#patch */
#include "api/api_int.h"

err api_patch(struct call *c)
{
    struct op *op = &c->op;
    struct fhir_entry e = {.verb = VERB_PATCH};
    struct record_result r;
    struct json *parameters;
    if (c->json_patch) {
        TRY(fhir_patch_read(op, c->rq->body, &e.patch));
    } else {
        TRY(fhir_read(op, c->rq->body, fhir_type_parse(STR("Parameters")), &parameters));
        TRY(fhir_patch_of(op, parameters, &e.patch));
    }
    TRY(write_entry(c, &e, &r));
    return answer_result(c, &r);
}
