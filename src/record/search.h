/* Searching the record: pages of one type, of several, of a compartment. Comes with record.h, whose
 * contract holds here, too: policy is asked, the trail written, all results live in op->arena. */
#ifndef WEFT_RECORD_SEARCH_H
#define WEFT_RECORD_SEARCH_H

#include "fhir/fhir.h"
#include "policy/policy.h"

struct record;
struct record_doc;

/* ---- searching ---- */
struct record_page {
    struct record_doc *docs; /* matches first, then included ones */
    size_t n, n_match;
    bool has_total;
    uint64_t total;
    str next, prev;     /* _page positions of the pages around it, or empty */
    uint64_t t;         /* the moment shown */
    bool cut;           /* there is more to include than RECORD_INCLUDES_MAX */
    const str *explain; /* _explain: lines of how it was found; no values in them */
    size_t n_explain;
    const fhir_type *hidden; /* of which the patient keeps something, as far as that may be named */
    size_t n_hidden;
};
/* Filtered to what the actor may see: results, counts and includes. ERR_TIMEOUT past op->deadline.
 */
MUST err record_search(struct op *op, struct record *rec, const struct fhir_query *q,
                       struct record_page *ret);
/* The same of several types (fhir_query_read_types), one after the other or sorted together; all or
 * none may be a compartment's. AuditEvent only by itself. */
MUST err record_search_types(struct op *op, struct record *rec, const struct fhir_query *const *qs,
                             size_t n, struct record_page *ret);
/* May the actor search this type at all? Asked of policy only: nothing is read, nothing told. */
bool record_may_search(struct op *op, struct record *rec, fhir_type type);
/* And every type that its chains, _has and _list ask of? */
bool record_may_ask(struct op *op, struct record *rec, const struct fhir_query *q);
/* Does the patient share the type with the actor, where that is the patient's to say? Told by the
 * Consents alone, whether or not there is any such resource. */
MUST err record_shared(struct op *op, struct record *rec, uint64_t patient, fhir_type type,
                       bool *ret);
/* May the actor do this without naming a type (system-level search and history)? Refusals are told
 * in the trail. */
MUST err record_ask_system(struct op *op, struct record *rec, enum action action);
/* The parameters of a search that came in a body, as one word for the addresses of its pages, which
 * may not show them: sealed, for this actor and an hour. Empty when they are too long for that. */
str record_query_seal(struct op *op, struct record *rec, str query);
/* ERR_INVALID and ERR_GONE as with _page. */
MUST err record_query_open(struct op *op, struct record *rec, str sealed, str *ret);
/* Is it a short walk over the index, so that a thread that must not block may run it? */
bool record_search_short(const struct record *rec, const struct fhir_query *q);
/* The record is behind a network: any call that reads may wait for it. */
bool record_far(const struct record *rec);
/* The same from query text: for rooms that ask small questions. */
MUST err record_find(struct op *op, struct record *rec, fhir_type type, str query,
                     struct record_page *ret);
/* All of a patient's (resource number) of one type, the highest number first, each shown as by
 * record_get(): one that may not be seen is its error. ERR_TOO_COSTLY when there are more than max.
 */
MUST err record_of_patient(struct op *op, struct record *rec, fhir_type type, uint64_t patient,
                           size_t max, struct record_page *ret);

#endif
