/* Ends a resource with an empty version; its history stays. Invariant: deleting what is not there
 * changes nothing and is no error. */
#include "record/record_int.h"

err record_delete(struct op *op, struct record *rec, fhir_type type, str id, str if_match,
                  struct record_result *ret)
{
    struct fhir_entry e = {.verb = VERB_DELETE, .type = type, .id = id, .if_match = if_match};
    struct record_answer a = {0};
    TRY(transact_one(op, rec, &e, ROAD_PLAIN, &a));
    *ret = a.result;
    return OK;
}
