/* POST /fhir/{type}: a new resource. If-None-Exist makes it conditional. A device's reading goes
 * through the monitor's intake, which brings units in order and drops what was sent twice. */
#include "api/api_int.h"

err api_create(struct call *c)
{
    struct op *op = &c->op;
    struct fhir_entry e = {.verb = VERB_POST};
    struct json *resource;
    struct record_result r;
    TRY(fhir_read(op, c->rq->body, c->type, &resource));
    TRY(partners_check(op, c->api->partners, resource));
    bool reading = op->actor->role == ROLE_DEVICE && c->api->monitor &&
                   str_eq(c->type_name, STR("Observation"));
    e.resource = resource;
    if (reading)
        TRY(monitor_intake(op, c->api->monitor, resource, &r));
    else
        TRY(write_entry(c, &e, &r));
    return answer_result(c, &r);
}
