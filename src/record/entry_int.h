/* What the files share that turn the entries of a plan into staged writes: the plan's work, the
 * matches of a condition. */
#ifndef WEFT_RECORD_ENTRY_INT_H
#define WEFT_RECORD_ENTRY_INT_H

#include "record/record_int.h"
#include "record/write.h"

struct work {
    struct record_tx *tx;
    const struct fhir_plan *plan;
    struct record_answer *answers;
    struct staged **by_entry; /* of a DELETE of several: the first */
    struct map conditions;    /* "type?condition" to its first entry */
    struct map links;         /* fullUrl and former names to str * "Type/id" */
};

/* The resources that a condition matches, at most max + 1 of them, without bodies. */
struct matches {
    struct store_doc *docs;
    size_t n;
    const struct guard *guard; /* nothing else matches; NULL when nothing ever can */
};
MUST err match_some(struct op *op, struct record *rec, fhir_type type, str query, size_t max,
                    struct matches *ret);
/* "Bundle.entry[3]", or empty outside of a Bundle. */
str entry_where(const struct work *w, const struct fhir_entry *e);
MUST err entry_stage(struct work *w, const struct fhir_entry *e);

#endif
