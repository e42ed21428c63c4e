/* Private to the record room: what named values tell of patients whom the store has erased. */
#ifndef WEFT_RECORD_FORGET_INT_H
#define WEFT_RECORD_FORGET_INT_H

#include "record/record_int.h"

/* Of this one, just erased. */
MUST err forget_named(struct op *op, struct record *rec, uint64_t rid, str id);
/* Of all of them, when it was not done for each. */
MUST err forget_rest(struct op *op, struct record *rec);

#endif
