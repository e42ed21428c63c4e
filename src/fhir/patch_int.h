/* What the files of the patches share: one operation, the places it names, editing of lists.
 * Nothing here checks content; the result of a whole patch is validated at its end. */
#ifndef WEFT_FHIR_PATCH_INT_H
#define WEFT_FHIR_PATCH_INT_H

#include "fhir_int.h"
#include "patch.h"

enum patch_verb { PATCH_ADD, PATCH_INSERT, PATCH_DELETE, PATCH_REPLACE, PATCH_MOVE };
struct patch_step {
    enum patch_verb verb;
    size_t at; /* in the patch, for messages */
    str path, name;
    const struct json *value; /* the part that holds it */
    int64_t index, source, destination;
};
struct fhir_patch {
    const struct json *json;        /* JSON Patch: its array; else NULL */
    const struct patch_step *steps; /* FHIRPath Patch */
    size_t n;
};

/* "operation 3 (path …)": the path as sent, cut and without control characters. */
str patch_name(struct op *op, size_t at, str path);
/* Number of values in a tree, counted up to max; depth of its nesting. */
size_t patch_count(const struct json *v, size_t max);
unsigned patch_depth(const struct json *v);
/* Makes *v the item at index (at most n) of a list. */
void patch_list_insert(struct arena *a, struct json *list, uint32_t index, const struct json *v);
void patch_list_remove(struct json *list, uint32_t index);

/* patch_json.c, patch_steps.c, patch_path.c */
MUST err patch_json_apply(struct op *op, const struct json *patch, struct json *root);
MUST err patch_path_read(struct op *op, const struct json *parameters, struct fhir_patch *ret);
MUST err patch_path_apply(struct op *op, const struct fhir_patch *p, struct json *root);

/* patch_value.c: what a part of name "value" means for an element of a type. */
struct patch_value {
    uint16_t row;         /* of the element it is for */
    struct json *value;   /* NULL: only what stands beside it */
    struct json *sibling; /* id and extensions of a primitive, or NULL */
};
MUST err patch_value_make(struct op *op, const struct patch_step *s, uint16_t type, str name,
                          struct patch_value *ret);

#endif
