/* Private to $match: what of a Patient is compared, and by what. match_find.c finds candidates,
 * match_score.c weighs them. */
#ifndef WEFT_RECORD_MATCH_INT_H
#define WEFT_RECORD_MATCH_INT_H

#include "record/operations.h"
#include "record/record_int.h"

#define MATCH_LIST 16u

struct match_list {
    str at[MATCH_LIST];
    size_t n;
};
/* A Patient, folded for comparison. Lists are cut at MATCH_LIST. */
struct features {
    struct match_list families, givens, phones, emails, postcodes, streets;
    struct match_list systems, values; /* of identifiers, side by side */
    str birthdate, gender;
    int64_t order; /* in a multiple birth; 0 unknown */
};
void features_of(struct op *op, const struct json *patient, struct features *ret);
/* Score, grade and reasons of b for a; into ret (doc untouched). */
void match_score(struct op *op, const struct features *a, const struct features *b,
                 struct record_matched *ret);
/* Other names that a folded given name may stand for. */
void match_nicknames_of(str name, struct match_list *ret);

#endif
