/* A new version of a resource, or the first under an id of the client's choice. Invariant: with
 * if_match the version before is the one named, also when others write at the same moment. */
#include "record/record_int.h"

static err put(struct op *op, struct record *rec, struct fhir_entry *e, enum road road,
               struct record_result *ret)
{
    struct record_answer a = {0};
    if (!fhir_id_valid(e->id))
        return fail(op, ERR_INVALID,
                    "The id has characters that FHIR does not allow, or is too long.");
    if (fhir_type_of(e->resource) != e->type)
        return fail(op, ERR_INVALID, "The resource is not of the type that the address names.");
    TRY(transact_one(op, rec, e, road, &a));
    *ret = a.result;
    return OK;
}

err record_update(struct op *op, struct record *rec, fhir_type type, str id, struct json *resource,
                  str if_match, struct record_result *ret)
{
    struct fhir_entry e = {
        .verb = VERB_PUT, .type = type, .id = id, .resource = resource, .if_match = if_match};
    return put(op, rec, &e, ROAD_ROOM, ret);
}

err record_put(struct op *op, struct record *rec, fhir_type type, str id, struct json *resource,
               str if_match, struct record_result *ret)
{
    struct fhir_entry e = {
        .verb = VERB_PUT, .type = type, .id = id, .resource = resource, .if_match = if_match};
    return put(op, rec, &e, ROAD_PLAIN, ret);
}
