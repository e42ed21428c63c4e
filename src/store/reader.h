/* Many documents of one moment: one view held over many reads, of a whole record or the whole
 * store. A reader lives in op->arena, belongs to one thread and must be closed; hold it for one
 * answer only, since the log cannot be cut back meanwhile. t = 0 below: the moment it was opened.
 * Errors as store_get(); "not there" is no error. */
#ifndef WEFT_STORE_READER_H
#define WEFT_STORE_READER_H

#include "store/store.h"

struct store_reader;
MUST err store_reader_open(struct op *op, struct store *s, struct store_reader **ret);
void store_reader_close(struct store_reader *r); /* NULL allowed */
uint64_t store_reader_t(const struct store_reader *r);
/* The version current at t, without its body; *ret_there false when there was none. Asking in
 * ascending order is cheapest. */
MUST err store_reader_get(struct op *op, struct store_reader *r, uint64_t rid, uint64_t t,
                          struct store_doc *ret, bool *ret_there);
/* The same for the first resource with a number of rid or more; *ret_there false at the end. */
MUST err store_reader_next(struct op *op, struct store_reader *r, uint64_t rid, uint64_t t,
                           struct store_doc *ret, bool *ret_there);
/* Of what was got last: its bytes on disk; all of it, opened into op->arena. */
size_t store_reader_size(const struct store_reader *r);
MUST err store_reader_body(struct op *op, struct store_reader *r, struct store_doc *ret);
struct store_member {
    uint64_t rid;
    uint16_t type;
};
/* Living resources of a compartment by type and number, at most 100,000 (ERR_TOO_COSTLY). */
MUST err store_reader_members(struct op *op, struct store_reader *r, uint64_t comp,
                              struct store_member **ret, size_t *ret_n);
/* Resources of the type that hold exactly this key (param + value), ascending, the first max. */
MUST err store_reader_holders(struct op *op, struct store_reader *r, uint16_t type, str key,
                              size_t max, uint64_t **ret, size_t *ret_n);
/* The first key of the type under prefix (a param's 2 bytes, or more) behind `after` (empty: the
 * first of all); *ret empty past the last. */
MUST err store_reader_key(struct op *op, struct store_reader *r, uint16_t type, str prefix,
                          str after, str *ret);

#endif
