/* One new resource: a transaction of one entry. Invariant: with if_none_exist, two callers at once
 * make one resource. */
#include "record/record_int.h"

err record_create(struct op *op, struct record *rec, struct json *resource, str if_none_exist,
                  struct record_result *ret)
{
    struct fhir_entry e = {.verb = VERB_POST,
                           .type = fhir_type_of(resource),
                           .resource = resource,
                           .if_none_exist = if_none_exist};
    struct record_answer a = {0};
    TRY(transact_one(op, rec, &e, ROAD_PLAIN, &a));
    *ret = a.result;
    return OK;
}
