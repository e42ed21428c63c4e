/* Patches: JSON Patch (RFC 6902) and FHIRPath Patch (https://hl7.org/fhir/R4/fhirpatch.html). Reads
 * what is to be changed, changes a tree. A patch is immutable and may be applied to several trees,
 * one after the other. Lives in op->arena. Malformed: ERR_INVALID; a path that names nothing, or a
 * `test` that does not hold: ERR_UNPROCESSABLE naming operation and path. */
#ifndef WEFT_FHIR_PATCH_H
#define WEFT_FHIR_PATCH_H

#include "fhir/fhir.h"

#define FHIR_PATCH_JSON_MAX 10000u      /* operations */
#define FHIR_PATCH_PATH_MAX 100u        /* operations; each may cost a whole evaluation */
#define FHIR_PATCH_NODES_MAX (1u << 20) /* values that one patch may write, copies included */

struct fhir_patch;

/* The text of a JSON Patch document. */
MUST err fhir_patch_read(struct op *op, str text, const struct fhir_patch **ret);
/* A validated Parameters (FHIRPath Patch), or a Binary holding a JSON Patch as Bundles carry it. */
MUST err fhir_patch_of(struct op *op, const struct json *resource, const struct fhir_patch **ret);
/* Changes the tagged tree in place; type and id stay what they are, and the result is validated
 * (and tagged) as any content. After an error the tree is spoiled. */
MUST err fhir_patch_apply(struct op *op, const struct fhir_patch *p, struct json *resource);

#endif
