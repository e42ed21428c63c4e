/* What the rules of contact ask to be done, and where it is done. A row says which file and which
 * of its functions carries an obligation out, or why nothing here does. Const tables. */
#ifndef WEFT_OUTREACH_OBLIGATION_H
#define WEFT_OUTREACH_OBLIGATION_H

#include <stddef.h>

struct obligation_row {
    const char *code;        /* row of spec/rules/obligations.csv */
    const char *file, *door; /* under src/; NULL: not carried out here */
    const char *reason;      /* then: why */
};
extern const struct obligation_row obligation_rows[];
extern const size_t obligation_count;

#endif
