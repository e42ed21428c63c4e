/* Search parameters that were posted: active SearchParameter resources. What is written carries
 * their keys from the moment they are known; what was stored before gets them in slices, in the
 * background, and goes on after a crash where it stopped. Until then a search by one is ERR_INVALID
 * saying how far it is. Thread-safe as record.h. */
#ifndef WEFT_RECORD_CUSTOM_H
#define WEFT_RECORD_CUSTOM_H

#include "fhir/custom.h"
#include "record/record.h"

#define RECORD_CUSTOM_MAX 64u /* parameters, counted by type */

/* fhir_query_read() that knows them; the query is good as long as the record. */
MUST err record_query_read(struct op *op, struct record *rec, fhir_type type, str query,
                           bool lenient, const struct fhir_query **ret);
/* Of several types; see fhir_query_read_types(). */
MUST err record_queries_read(struct op *op, struct record *rec, const struct fhir_types *types,
                             str query, bool lenient, const struct fhir_query *const **ret);
/* For judging documents one by one as they come (fhir_query_match): a parameter counts before all
 * its keys are made. Not lenient. */
MUST err record_criteria_read(struct op *op, struct record *rec, fhir_type type, str query,
                              const struct fhir_query **ret);
/* Those known now, for fhir's doors. */
const struct fhir_customs *record_customs(const struct record *rec);
/* Grows whenever what is known becomes other: who keeps queries reads them again. */
uint64_t record_custom_generation(const struct record *rec);
struct record_custom {
    const struct fhir_param *param;
    str url;
    uint64_t rid;     /* of the SearchParameter */
    unsigned percent; /* 100: ready */
};
/* Those known now; at most RECORD_CUSTOM_MAX, by resource number. */
MUST err record_custom_list(struct op *op, struct record *rec, struct record_custom **ret,
                            size_t *ret_n);
/* Takes note of what was posted, changed or taken away; makes keys for about max resources. For one
 * house-keeping thread. *ret_more: call again at once. */
MUST err record_custom_work(struct op *op, struct record *rec, size_t max, bool *ret_more);

#endif
