/* Between sort.c, which knows what a document is ordered by, and sort_page.c, which cuts pages. */
#ifndef WEFT_RECORD_SORT_INT_H
#define WEFT_RECORD_SORT_INT_H

#include "record/record_int.h"

#define SORT_TEXT_MAX 2000u /* bytes of texts that count, of all sort keys together */

struct sort_value {
    bool has;
    str text;
    double number;
};
struct sort_row {
    uint64_t rid;
    size_t part; /* of the search */
    struct sort_value *values;
};
/* Does the store keep an order by the parameter's values? */
bool sort_keyed(const struct fhir_param *p);
MUST err sort_values(struct op *op, struct record *rec, const struct fhir_query *q,
                     const struct store_doc *doc, struct sort_value **ret);
int sort_compare_key(const struct fhir_sort_key *key, const struct sort_value *a,
                     const struct sort_value *b);
int sort_compare(const struct fhir_query *q, const struct sort_row *a, const struct sort_row *b);

#endif
