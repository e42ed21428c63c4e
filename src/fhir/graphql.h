/* GraphQL over FHIR resources, reading only (http://hl7.org/fhir/R4/graphql.html; grammar: GraphQL
 * June 2018): parsing, and evaluating a selection over trees. Where resources come from is the
 * caller's; everything else is pure. Values take the JSON names of elements (valueQuantity).
 * No introspection: __schema and __type are refused; __typename is there. */
#ifndef WEFT_FHIR_GRAPHQL_H
#define WEFT_FHIR_GRAPHQL_H

#include "fhir/fhir.h"

/* Ceilings: a query past them is ERR_TOO_COSTLY naming which. */
#define FHIR_GRAPHQL_BYTES 65536u
#define FHIR_GRAPHQL_NODES 5000u   /* of the parsed query */
#define FHIR_GRAPHQL_DEPTH 20u     /* of selections and values */
#define FHIR_GRAPHQL_READS 1000u   /* resources fetched */
#define FHIR_GRAPHQL_STEPS 500000u /* fields looked at */

struct fhir_graphql; /* parsed; in op->arena */
/* ERR_INVALID names line, column and what was expected; mutations and subscriptions are refused. */
MUST err fhir_graphql_parse(struct op *op, str text, const struct fhir_graphql **ret);

struct fhir_graphql_edge {
    struct json *resource; /* tagged */
    bool match;            /* else included */
};
struct fhir_graphql_page {
    const struct fhir_graphql_edge *edges;
    size_t n;
    bool has_total;
    uint64_t total;
    str next, previous; /* cursors, may be empty */
};
struct fhir_graphql_search {
    fhir_type type;
    str query;  /* search text: arguments as parameters */
    bool total; /* wanted */
    str cursor; /* of a former page, or empty */
};
struct fhir_graphql_env {
    const struct json *variables; /* object or NULL */
    str operation;                /* name of the one to run, or empty */
    struct json *focus;           /* tagged resource of instance level; NULL: system level */
    /* *ret NULL: not there, or not to be seen. */
    err (*read)(struct op *op, void *ctx, fhir_type type, str id, struct json **ret);
    err (*search)(struct op *op, void *ctx, const struct fhir_graphql_search *s,
                  struct fhir_graphql_page *ret);
    const struct fhir_customs *customs; /* posted search parameters (fhir/custom.h), or NULL */
    void *ctx;
};
/* The object "data". Any error (unknown field, missing reference that is not optional, …) fails the
 * whole. */
MUST err fhir_graphql_run(struct op *op, const struct fhir_graphql *g,
                          const struct fhir_graphql_env *env, struct json **ret_data);

#endif
