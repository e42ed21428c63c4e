/* Search parameters beside R4's own, made from SearchParameter resources (searchparameter.html).
 * Part of the fhir room's doors. Pure: the caller owns the set, keeps it as long as a query that
 * was read with it lives, and says when a parameter's keys are all made. */
#ifndef WEFT_FHIR_CUSTOM_H
#define WEFT_FHIR_CUSTOM_H

#include "fhir/fhir.h"

#include <stdatomic.h>

/* Numbers that spec/fhir never gives to a parameter. */
#define FHIR_CUSTOM_FIRST 0x7000u
#define FHIR_CUSTOM_LAST 0x7fffu
#define FHIR_CUSTOM_BASES_MAX 16u
#define FHIR_CUSTOM_EXPRESSION_MAX 4096u

/* What a SearchParameter says; slices point into its tree. */
struct fhir_custom_def {
    bool active; /* status active, and not one of R4's own definitions: it is to be searched by */
    str url, code, expression;
    uint8_t type; /* enum fhir_param_type */
    fhir_type bases[FHIR_CUSTOM_BASES_MAX];
    size_t n_bases;
    fhir_type targets[FHIR_CUSTOM_BASES_MAX]; /* none: of any type */
    size_t n_targets;
};
struct param_more;
/* One parameter of one type. param comes first: clauses and sort keys point at it. */
struct fhir_custom {
    struct fhir_param param;
    const struct param_more *more;
    const _Atomic unsigned *percent; /* of what is stored has keys; from 100 on it may be asked */
};
struct fhir_customs {
    const struct fhir_custom *rows;
    size_t n;
    bool unready; /* take those whose keys are not all made, too: to judge documents one by one */
};

/* ERR_UNPROCESSABLE naming every element that is wrong; only of an active one. Of another only
 * active is told. resource: a valid SearchParameter. */
MUST err fhir_custom_read(struct op *op, const struct json *resource, struct fhir_custom_def *ret);
/* The parameter of the i-th base; copies what it needs into op->arena. */
MUST err fhir_custom_make(struct op *op, const struct fhir_custom_def *def, size_t i,
                          uint16_t number, struct fhir_custom *ret);
bool fhir_param_custom(const struct fhir_param *p);
/* The keys of one such parameter. An expression that cannot be evaluated on this resource gives
 * none: it is not the resource's fault. */
MUST err fhir_custom_keys(struct op *op, const struct fhir_param *p, struct json *resource,
                          struct fhir_key **ret, size_t *ret_n);
/* fhir_query_read() that knows them (NULL: none) wherever a parameter is named. One that is not
 * ready is ERR_INVALID saying how far it is. */
MUST err fhir_query_read_with(struct op *op, const struct fhir_customs *customs, fhir_type type,
                              str query, bool lenient, const struct fhir_query **ret);
/* The parameter of a type by its code, ready or not; NULL when there is none (or no customs). */
const struct fhir_custom *fhir_custom_find(const struct fhir_customs *customs, fhir_type t,
                                           str code);

#endif
