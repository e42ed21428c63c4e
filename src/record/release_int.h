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
/* The wishes of a patient and the form that holds them (doc.rid 0, tree NULL: none yet). */
struct release_kept {
    struct record_release w;
    struct store_doc doc;
    struct json *tree;
    const struct guard *none; /* there is no other form, still at a commit */
};
MUST err release_load(struct op *op, struct record *rec, uint64_t patient,
                      struct release_kept *ret);
/* What the patient was told of stays told, whoever writes a newer version without the tag. */
MUST err release_keep(struct op *op, struct record *rec, struct staged *s);
/* What a clinician writes or tells the patient about a result that waits ends the wait, in the same
 * transaction. */
MUST err release_written(struct record_tx *tx);
/* Category and wish, when the result waits by one; false: it does not. */
bool release_wished(struct op *op, struct record *rec, const struct record_release *w,
                    const struct store_doc *d, struct release_wish *ret);
bool release_wishes(struct op *op, struct record *rec, uint64_t patient,
                    struct record_release *ret);
struct json *release_told(const struct json *tree);
void release_tag(struct op *op, struct json *tree, enum release_how how);
/* Is it withheld by an exception now? */
bool release_withheld(const struct op *op, const struct record_release *w, uint64_t rid);
bool release_by_exception(struct op *op, struct record *rec, const struct store_doc *d);
#define RELEASE_WITHHELD_ITEM "withheld"
/* release_set.c: the patient's one form anew, by the house, in tx: the wishes as they are in kept,
 * and as much as still holds of what is withheld, but not `but`, and `more` (may be NULL). */
struct release_form {
    const struct release_kept *kept;
    const struct json *more;
    str but;
    bool by_clinician;
};
MUST err release_form_put(struct record_tx *tx, str patient, const struct release_form *f);
const struct actor *release_house(void);
bool release_form(const struct json *resource);
/* Category and how long: is the document held by these wishes now? */
bool release_held(struct op *op, struct record *rec, const struct record_release *w,
                  const struct store_doc *d);

#endif
