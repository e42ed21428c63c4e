/* Between redact*.c: what the rows of spec/rules/redact.csv take from one document for op->actor.
 */
#ifndef WEFT_RECORD_REDACT_INT_H
#define WEFT_RECORD_REDACT_INT_H

#include "policy/redact.h"
#include "record/consent_int.h"

struct redact_view {
    const struct redact_row *rows[REDACT_ROWS_MAX];  /* take elements */
    const struct redact_row *links[REDACT_ROWS_MAX]; /* take items that point to what is hidden */
    size_t n, n_links;
    bool quiet;    /* those links can only be another patient's: taken out, and nothing is marked */
    uint64_t mask; /* rows by number: what the mark stands for */
};
/* Can what a resource in this patient's record (0: nobody's) points at be hidden from who acts? It
 * is told by what the reader may know, that there are Consents or restrictions; never by what is
 * hidden. ANOTHERS: only if it is of another patient, whom such a type may name. */
enum redact_hope { HIDES_NOTHING, HIDES_ANOTHERS, HIDES_PERHAPS };
enum redact_hope redact_may_hide(struct op *op, struct record *rec, fhir_type type,
                                 uint64_t patient);
/* False: nothing is taken. d has its body. */
bool redact_view(struct op *op, struct record *rec, const struct store_doc *d,
                 struct redact_view *ret);
/* Is the member of the first level absent as a whole? */
bool redact_absent(const struct redact_view *v, str member);
/* The items of first-level members that point to what op->actor may not see. */
struct redact_item {
    str member;
    size_t at; /* SIZE_MAX: the member is no list */
};
typedef VEC(struct redact_item) redact_items;
MUST err redact_links(struct op *op, struct record *rec, const struct redact_view *v,
                      struct json *tree, redact_items *ret);
/* Takes REDACTED out of meta.security of a tree that was shown to somebody. */
void redact_unmark(struct json *tree);

#endif
