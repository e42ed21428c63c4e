/* A clock that a rule row starts: when does it end? (spec/desk/clocks.csv) */
#ifndef WEFT_DESK_CLOCK_H
#define WEFT_DESK_CLOCK_H

#include "record/record.h"

/* The end, in ms, of the clock that the rule started at `from`, by the parameters in force; place:
 * of rules by place ("CO"). ERR_UNPROCESSABLE: the rule has no clock, or none for the place. */
MUST err desk_clock(struct op *op, const struct rulebook *book, str rule, int64_t from, str place,
                    int64_t *ret_end);

#endif
