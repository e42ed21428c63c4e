/* Between release.c, release_set.c and access.c. */
#ifndef WEFT_RECORD_RELEASE_INT_H
#define WEFT_RECORD_RELEASE_INT_H

#include "record/record_int.h"
#include "record/release.h"

MUST err releases_new(struct op *op, struct record *rec);
void releases_free(struct record *rec);
/* A resource of the type and patient was written. */
void release_stale(struct record *rec, fhir_type type, uint64_t patient);
/* Does this document wait for op->actor (a patient, or who acts for one)? */
bool release_hides(struct op *op, struct record *rec, const struct store_doc *d);
/* Could something of the type? */
bool release_binds(struct op *op, struct record *rec, fhir_type type);
/* The newest wish of a patient and the resource that holds it (rid 0: none yet). */
MUST err release_load(struct op *op, struct record *rec, uint64_t patient,
                      struct record_release *ret, struct store_doc *ret_doc);
/* What the patient was told of stays told, whoever writes a newer version without the tag. */
MUST err release_keep(struct op *op, struct record *rec, struct staged *s);
bool release_form(const struct json *resource);
/* Category and how long: is the document held by these wishes now? */
bool release_held(struct op *op, struct record *rec, const struct record_release *w,
                  const struct store_doc *d);

#endif
