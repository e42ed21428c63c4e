/* Private to GraphQL: the parsed form. graphql_lex.c and graphql_parse.c make it, graphql_run.c and
 * graphql_out.c work on it. */
#ifndef WEFT_FHIR_GRAPHQL_INT_H
#define WEFT_FHIR_GRAPHQL_INT_H

#include "base/vec.h"
#include "fhir/fhir_int.h"
#include "fhir/graphql.h"
#include "fhir/path.h"

enum gql_kind {
    GQL_VARIABLE,
    GQL_NUMBER,
    GQL_STRING,
    GQL_TRUE,
    GQL_FALSE,
    GQL_NULL,
    GQL_ENUM,
    GQL_LIST
};
struct gql_value {
    enum gql_kind kind;
    str text; /* name, or value decoded */
    const struct gql_value *items;
    size_t n;
};
struct gql_arg {
    str name;
    struct gql_value value;
};
struct gql_args {
    const struct gql_arg *at;
    size_t n;
};
struct gql_directive {
    str name;
    struct gql_args args;
};
enum gql_what { GQL_FIELD, GQL_SPREAD, GQL_INLINE };
struct gql_selection {
    enum gql_what what;
    str alias, name; /* name of field or fragment */
    str on;          /* type condition of an inline fragment, or empty */
    struct gql_args args;
    const struct gql_directive *directives;
    size_t n_directives;
    const struct gql_selection *set;
    size_t n;
};
struct gql_variable {
    str name;
    bool required, defaulted;
    struct gql_value fallback;
};
struct gql_definition {
    bool fragment;
    str name, on;
    const struct gql_variable *variables;
    size_t n_variables;
    const struct gql_selection *set;
    size_t n;
};
struct fhir_graphql {
    const struct gql_definition *at;
    size_t n;
};

/* ---- lexer ---- */
enum gql_token {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_NUMBER,
    TOKEN_TEXT,
    TOKEN_SIGN /* one of !$():=@[]{|}& or "..." */
};
struct gql_lexer {
    struct op *op;
    str in;
    size_t at, start;
    enum gql_token token;
    str text; /* of the token, strings decoded */
};
MUST err gql_next(struct gql_lexer *l);
MUST err gql_expected(struct gql_lexer *l, const char *what);

/* ---- output: an object being made; under @flatten one name gets the values of many ---- */
struct gql_out {
    str name;
    VEC(struct json) values;
    bool list, single;
    bool empty; /* no values: [] and not null */
};
struct gql_outs {
    struct op *op;
    VEC(struct gql_out *) at;
    bool collate; /* what goes in comes from flattened elements */
};
/* All values of one selection. ERR_INVALID when another of that name has others. */
MUST err gql_put(struct gql_outs *o, const struct gql_out *v);
/* ERR_INVALID when a @singleton has several values. */
MUST err gql_object(const struct gql_outs *o, struct json *ret);

/* ---- a run ---- */
struct gql_run {
    struct op *op;
    const struct fhir_graphql *g;
    const struct fhir_graphql_env *env;
    const struct gql_definition *query;
    struct json *root; /* the resource that the node is in */
    size_t steps, reads;
    unsigned depth;
};
struct gql_node {
    struct json *v; /* NULL: system level */
    uint16_t type;
};
MUST err gql_select(struct gql_run *r, const struct gql_selection *set, size_t n,
                    struct gql_node node, struct gql_outs *out);
/* graphql_fetch.c: fields that fetch: Type(id:), TypeList, TypeConnection, Reference.resource. */
bool gql_fetches(const struct gql_node *node, str name);
MUST err gql_fetch(struct gql_run *r, const struct gql_selection *s, struct gql_node node,
                   struct gql_out *out);
/* graphql_value.c: arguments and directives, variables put in. */
typedef VEC(str) gql_texts;
MUST err gql_texts_of(struct gql_run *r, const struct gql_value *v, gql_texts *ret);
/* One value of the argument; empty when it is not given. */
MUST err gql_arg(struct gql_run *r, const struct gql_args *args, const char *name, str *ret);
const struct gql_directive *gql_directive(const struct gql_selection *s, const char *name);
/* @skip and @include; unknown directives are ERR_INVALID. */
MUST err gql_wanted(struct gql_run *r, const struct gql_selection *s, bool *ret);

#endif
