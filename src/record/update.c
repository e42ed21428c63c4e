/* A new version of a resource, or the first under an id of the client's choice. Invariant: with
 * if_match the version before is the one named, also when others write at the same moment. */
#include "record/record_int.h"

err record_update(struct op *op, struct record *rec, fhir_type type, str id, struct json *resource,
                  str if_match, struct record_result *ret)
{
    struct fhir_entry e = {
        .verb = VERB_PUT, .type = type, .id = id, .resource = resource, .if_match = if_match};
    struct record_answer a = {0};
    if (!fhir_id_valid(e.id) || fhir_type_of(resource) != type)
        return fail(op, ERR_INVALID,
                    "The id is none that FHIR allows, or the resource is of another type.");
    TRY(transact_one(op, rec, &e, ROAD_ROOM, &a));
    *ret = a.result;
    return OK;
}
