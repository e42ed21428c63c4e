/* Between restrict.c and access.c: which restriction of the tenant refuses. */
#ifndef WEFT_RECORD_RESTRICT_INT_H
#define WEFT_RECORD_RESTRICT_INT_H

#include "policy/restrict.h"
#include "record/looks.h"
#include "record/record_int.h"

MUST err restrict_open(struct op *op, struct record *rec);
void restrict_close(struct record *rec);
/* The one that keeps op->actor from what lives in this patient's record (0: in nobody's); NULL
 * none. */
const struct restriction *restrict_binds(struct op *op, struct record *rec, fhir_type type,
                                         uint64_t patient);
/* The one that keeps op->actor from the whole type; NULL none, and then *ret_some: from some
 * patients'. */
const struct restriction *restrict_type(const struct op *op, struct record *rec, fhir_type type,
                                        bool *ret_some);

#endif
