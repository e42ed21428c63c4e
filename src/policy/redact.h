/* Redaction: which elements of a resource are absent for who may see the rest of it (minimum
 * necessary, 45 CFR 164.502(b); what the patient keeps, 164.522). Rows are spec/rules/redact.csv,
 * made into const tables by role, purpose and type when the server is built. Pure, thread-safe. A
 * row only ever takes away. */
#ifndef WEFT_POLICY_REDACT_H
#define WEFT_POLICY_REDACT_H

#include "policy/consent.h"

#define REDACT_ROWS_MAX 4u

struct redact_row {
    const char *id, *category, *citation;
    const char *const *elements; /* of the first level, "value[x]" all of a choice; "item.net": what
                                    is called net anywhere inside of item; NULL ends */
    label_set labels;            /* only where the resource has one of these; 0: always */
    int unless;                  /* not where this type is shared with the reader; 0: always */
    bool hidden;   /* of the elements, the items that point to what the reader may not see */
    bool unshared; /* of them, those that name what its patient shares or keeps */
    bool whole;    /* and the resource goes with the last of them */
};
struct redact_set {
    uint8_t n, at[REDACT_ROWS_MAX]; /* rows by number */
};

/* What the rows take from the type for this role and purpose; NULL nothing. A few loads. */
const struct redact_set *redact_find(const struct actor *actor, int type);
/* Row by number, as in redact_set; NULL past the last. */
const struct redact_row *redact_row(size_t i);
/* Does the row name the member ("reasonCode", "_status", "valueString") of the first level? */
bool redact_names(const struct redact_row *row, str member);
/* Does it name something inside of the member of the first level? With a name: that one. */
bool redact_inside(const struct redact_row *row, str member, str name);
/* Is what the row names taken out of a resource with these labels (closed)? shared: the type that
 * the row is about is shared with the reader. Not asked of rows `hidden` and `unshared`. */
bool redact_takes(const struct redact_row *row, label_set labels, bool shared);

/* redact_gen.c */
extern const struct redact_row redact_row_list[];
extern const size_t redact_n_rows;
extern const struct redact_set redact_sets[];
extern const uint8_t redact_cells[ROLE_COUNT][PURPOSE_COUNT][POLICY_TYPE_COUNT + 1];

#endif
