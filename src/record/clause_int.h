/* Between plan.c and clause.c only: one parameter's values as ranges. */
#ifndef WEFT_RECORD_CLAUSE_INT_H
#define WEFT_RECORD_CLAUSE_INT_H

#include "record/record_int.h"

#define BOTH_SETS (IN_OR | IN_AND)

/* The clause's values asked of the keys stored under number. */
MUST err clause_values(struct range_set *s, uint16_t number, const struct fhir_clause *c);
/* Any value at all. */
void clause_present(struct range_set *s, uint16_t number);
/* A reference to any of rids. */
void clause_targets(struct range_set *s, uint16_t number, const uint64_t *rids, size_t n);
/* The i-th trigram of a folded text; returns the number of ranges. */
size_t clause_grams(struct op *op, struct record *rec, uint16_t number, str folded, size_t i,
                    struct store_range ret[2]);

#endif
