/* Private to the store room: what leaves the database while others stay (drop.c). */
#ifndef WEFT_STORE_DROP_INT_H
#define WEFT_STORE_DROP_INT_H

#include "store/store_int.h"

/* Lines of the log: all of a compartment, or of one resource. */
struct log_lines {
    uint64_t comp; /* 0: of rid */
    uint64_t rid;
};
/* The row of the log without them; *ret_any when it had some. */
MUST err log_without(struct op *op, str row, const struct log_lines *of, struct buf *b,
                     bool *ret_any);
MUST err log_drop(struct op *op, struct store *s, uint64_t t, const struct log_lines *of);
/* The versions of rid before vid, with their lines of the log. */
MUST err drop_before(struct op *op, struct store *s, uint64_t rid, uint32_t vid);

#endif
