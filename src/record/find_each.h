/* Everything that a search finds, for sums over many: a page at a time, each in the memory of the
 * one before. Comes with record.h, whose contract holds here, too. */
#ifndef WEFT_RECORD_FIND_EACH_H
#define WEFT_RECORD_FIND_EACH_H

#include "record/record.h"

/* op, doc and tree end with the call; what is kept goes into memory of the caller's. */
typedef err record_each_fn(void *ctx, struct op *op, const struct record_doc *doc,
                           const struct json *tree);
struct record_each {
    const char *type;
    str query;  /* without _count and _page */
    size_t max; /* more: ERR_TOO_COSTLY */
    record_each_fn *fn;
    void *ctx;
    size_t n; /* out: how many there were */
};
MUST err record_find_each(struct op *op, struct record *rec, struct record_each *io);

#endif
