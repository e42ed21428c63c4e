/* What points at something that each patient shares or keeps (scope `shared` of access.csv: bills):
 * who may not know of it is not told by what names it either. */
#ifndef WEFT_RECORD_POINTS_INT_H
#define WEFT_RECORD_POINTS_INT_H

#include "record/redact_int.h"

/* A key of what names a type that some role has by share alone; see PARAM_STRAY. */
#define PARAM_POINTS 4u
bool points_any(const struct json *resource);
/* Could anything be hidden from the role for what it points at? */
bool points_asks(const struct actor *actor);
/* Does a stored body name such a type at all? Looks at the text alone. */
bool points_may(const struct actor *actor, str body);
/* Does the resource not exist for op->actor, for what it points at? d is a living version. */
bool points_hide(struct op *op, struct record *rec, const struct store_doc *d);
/* The items of a resource's tree that op->actor is not shown for what they name. */
MUST err points_items(struct op *op, struct record *rec, const struct store_doc *d,
                      const struct json *tree, redact_items *ret);
/* The condition that a document has the key. */
struct store_clause points_clause(struct op *op, struct record *rec);
/* May what the parameter reads be left out, and is there anything of the type (of one patient's;
 * 0: anybody's) where that could be? An order goes by extensions of other kinds: only those that
 * it could go by as references count for it. */
bool points_reads(const struct op *op, fhir_type type, const struct fhir_param *p, bool as_order);
MUST err points_there(struct op *op, struct record *rec, fhir_type type, uint64_t patient,
                      bool *ret);

/* consent_hide.c: what is hidden so, taken out of a plan that is otherwise done. */
MUST err points_leave(struct op *op, struct record *rec, struct plan *plan);

/* redact.c */
MUST err redact_add(struct op *op, redact_items *io, const redact_items *more); /* each once */
/* access.c: the document by itself, whatever it points at; as the role, whatever an app was given
 * (else the app's scopes would decide what is told). */
bool access_may_see_itself(struct op *op, struct record *rec, const struct store_doc *doc);

#endif
