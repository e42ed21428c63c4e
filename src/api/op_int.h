/* What the handlers of operations share: parameters by GET, form or Parameters resource, and the
 * Bundle they answer with. */
#ifndef WEFT_API_OP_INT_H
#define WEFT_API_OP_INT_H

#include "api/api_int.h"
#include "base/vec.h"
#include "record/operations.h"

/* One parameter as sent; node is its part of a Parameters resource, NULL from an address. */
struct op_param {
    str name, value;
    const struct json *node;
};
#define OP_PARAMS_MAX 1000u
struct op_params {
    struct op_param *at;
    size_t n;
    str self; /* all of them as query text, without _page */
};
/* Every name must be one of the words of allowed ("start end _since"), ERR_INVALID naming it and
 * them; allowed "*" takes any. */
MUST err op_params(struct call *c, const char *allowed, struct op_params *ret);
/* The first of that name; empty when absent. A second one is ERR_INVALID. */
MUST err op_one(struct call *c, const struct op_params *p, const char *name, str *ret);
MUST err op_number(struct call *c, const struct op_params *p, const char *name, uint64_t max,
                   uint64_t *io);
MUST err op_bool(struct call *c, const struct op_params *p, const char *name, bool *io);
/* An instant: at least seconds and a zone when `exact`; else any date: the span it means. */
MUST err op_time(struct call *c, const struct op_params *p, const char *name, struct time_span *ret,
                 bool *ret_there);
/* Values of all of the name, each split at commas. */
MUST err op_list(struct call *c, const struct op_params *p, const char *name, str **ret,
                 size_t *ret_n);
/* Resource types of a list parameter. */
MUST err op_types(struct call *c, const struct op_params *p, const char *name, fhir_type **ret,
                  size_t *ret_n);
/* resource of a Parameters part, or NULL. */
const struct json *op_resource(const struct op_params *p, const char *name);
/* A searchset Bundle under path ("Patient/1/$everything"). */
MUST err op_bundle(struct call *c, str path, const struct op_params *p,
                   const struct record_page *page);
/* Deadline of a search. */
void op_deadline(struct call *c);

#endif
