/* Private header of query reading and matching. */
#ifndef WEFT_FHIR_QUERY_INT_H
#define WEFT_FHIR_QUERY_INT_H

#include "base/buf.h"
#include "base/vec.h"
#include "fhir/custom.h"
#include "fhir/keys_int.h"

#define QUERY_BYTES_MAX (256u << 10)
#define QUERY_CLAUSES_MAX 64u
#define QUERY_VALUES_MAX 1000u
#define QUERY_CHAIN_MAX 8u     /* references followed, one after the other */
#define QUERY_BRANCHES_MAX 64u /* of one chain over references to several types */
#define QUERY_COUNT_MAX 1000u
#define QUERY_COUNT_DEFAULT 20u

/* One query being read. name: of the parameter at hand, for messages. */
struct query_read {
    struct op *op;
    fhir_type type;
    bool lenient;
    const struct fhir_customs *customs; /* or NULL */
    unsigned depth;                     /* of chains */
    unsigned *branches;                 /* what a chain has spread to so far */
    str name;
    bool many; /* one of several types */
    str shown; /* what self says instead of the value as sent; or STR_NONE */
    struct fhir_query q;
    VEC(struct fhir_clause) clauses;
    VEC(struct fhir_include) includes;
    VEC(struct fhir_sort_key) sort;
    VEC(str) elements;
    struct buf self;
};

/* The parameter at hand cannot be taken: a fault, or in lenient mode a warning. Never put the value
 * into the message: it may be personal. */
void query_tell(const struct query_read *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
#define REFUSE(r, ...) (query_tell((r), __VA_ARGS__), (err)ERR_INVALID)
/* "name:modifier" = value as a clause; chains included. */
MUST err query_clause(struct query_read *r, str name, str value);
/* What stands after the dot (query_chain.c), and after "_has:". */
MUST err query_chain(struct query_read *r, struct fhir_clause *c, str rest, str value);
MUST err query_has(struct query_read *r, struct fhir_clause *c, str name, str value);
/* Parameters that start with '_' and are not searched for: _sort, _count … False when not one. */
bool query_is_result(str name);
MUST err query_result(struct query_read *r, str name, str value);
/* What goes together and what does not, once all is read. */
MUST err query_result_done(struct query_read *r);
/* The values of one clause. */
MUST err query_values(struct query_read *r, struct fhir_clause *c, str text);
/* The parameter under which keys are stored when p only renames or narrows another; else p.
 * *ret_target: the target type it narrows to, or 0. */
const struct fhir_param *query_unalias(const struct fhir_param *p, fhir_type *ret_target);
/* The parameter of a type by its code, of R4 or posted and ready; NULL when there is none. */
const struct fhir_param *query_param(const struct query_read *r, fhir_type t, str code);
/* ERR_INVALID saying how far it is when it is a posted one whose keys are not all made. */
MUST err query_param_made(const struct query_read *r, fhir_type t, str code);
/* "a, b, c" of the codes of a type's parameters, only of references when reference_only. */
str query_codes(const struct query_read *r, fhir_type t, bool reference_only);

/* Takes what stands before the next sep that no backslash escapes; escapes stay. */
bool query_take(str *in, char sep, str *ret_part);
/* Without escapes (\, \| \$ \\). */
str query_unescape(struct arena *a, str s);

/* v->text as an expression over words, into v->words. */
MUST err query_words_read(struct query_read *r, struct fhir_value *v);
/* Do the texts of a resource (keys of param) meet the expression? */
bool query_words_hold(struct arena *a, const struct fhir_words *w, const struct fhir_key *keys,
                      size_t n, uint16_t param);
/* Does folded text hold want from the start of a word on? */
bool query_words(str have, str want);
/* Is uri base, or below it by the steps of a path or as a version of it? */
bool query_uri_under(str uri, str base);
/* Does one key answer one value? */
bool match_value(struct arena *a, const struct fhir_clause *c, const struct fhir_key *k,
                 const struct fhir_value *v);

#endif
