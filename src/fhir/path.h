/* FHIRPath (http://hl7.org/fhirpath/N1, with what FHIR R4 adds) over trees of the fhir room:
 * compile once, evaluate often. Pure: what is elsewhere (references, codes, profiles) is asked of
 * the caller's surroundings. fhir.h includes this header. */
#ifndef WEFT_FHIR_PATH_H
#define WEFT_FHIR_PATH_H

#include "base/json.h"

struct fhir_path; /* compiled; immutable; may be shared by threads */
/* Lives in op->arena. ERR_INVALID names position and what was expected. */
MUST err fhir_path_compile(struct op *op, str expression, const struct fhir_path **ret);
struct fhir_path_items {
    struct json **at;      /* nodes of the tree or fresh ones; primitives as JSON scalars */
    const uint16_t *types; /* FHIR type of each item, see fhir_path_type_name */
    size_t n;
};
/* Evaluates against a tagged tree. Bounded steps and memory (ERR_TOO_COSTLY). */
MUST err fhir_path_eval(struct op *op, const struct fhir_path *p, struct json *focus,
                        struct fhir_path_items *ret);
MUST err fhir_path_bool(struct op *op, const struct fhir_path *p, struct json *focus, bool *ret);
str fhir_path_type_name(uint16_t type);
/* The same with surroundings: what %resource is, who resolves and who knows codes. env and every
 * member may be absent (NULL, empty): resolve() then gives contained resources and entries of a
 * root Bundle only, memberOf() and
 * subsumes() an empty answer. now() and its kin are op->now. A %name that neither the language nor
 * vars knows, and a profile that conforms does not know, are ERR_INVALID when they are met. */
struct fhir_terms;
struct fhir_path_var {
    str name;           /* without % */
    struct json *value; /* NULL: the variable is there and empty */
    uint16_t type;      /* FHIR type of it, or 0: as JSON says */
};
struct fhir_path_env {
    struct json *resource, *root; /* %resource, %rootResource; NULL: the focus */
    const struct fhir_terms *terms;
    /* A reference as written to a tagged tree; *ret stays NULL when it is not to be had. */
    err (*resolve)(struct op *op, void *ctx, str reference, struct json **ret);
    /* Does a node conform to a profile that is not a base type? *ret_known false: no such profile.
     */
    err (*conforms)(struct op *op, void *ctx, struct json *item, str profile, bool *ret_known,
                    bool *ret);
    /* Is a node in the slice of that name of a profile? False, too, when there is no such profile
     * or slice. */
    err (*slice)(struct op *op, void *ctx, struct json *item, str profile, str name, bool *ret);
    void *ctx;
    const struct fhir_path_var *vars;
    size_t n_vars;
};
MUST err fhir_path_run(struct op *op, const struct fhir_path *p, const struct fhir_path_env *env,
                       struct json *focus, struct fhir_path_items *ret);

#endif
