/* One write of FHIR's own interactions: a transaction of one entry. Invariant: with a condition,
 * two callers at once do not do what one after the other would not have done. */
#include "record/write.h"
#include "record/record_int.h"

err record_write(struct op *op, struct record *rec, const struct fhir_entry *entry,
                 struct record_result *ret)
{
    struct record_answer a = {0};
    bool reading = entry->verb == VERB_GET || entry->verb == VERB_HEAD;
    if (reading || (entry->resource && fhir_type_of(entry->resource) != entry->type))
        return fail(op, ERR_INVALID, "The resource is not of the type that the address names.");
    if (entry->id.p && !fhir_id_valid(entry->id))
        return fail(op, ERR_INVALID,
                    "The id has characters that FHIR does not allow, or is too long.");
    TRY(transact_one(op, rec, entry, ROAD_PLAIN, &a));
    *ret = a.result;
    return OK;
}

err record_put(struct op *op, struct record *rec, fhir_type type, str id, struct json *resource,
               str if_match, struct record_result *ret)
{
    struct fhir_entry e = {
        .verb = VERB_PUT, .type = type, .id = id, .resource = resource, .if_match = if_match};
    return record_write(op, rec, &e, ret);
}
