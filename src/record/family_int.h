/* Private to the record room: the names under which the store keeps the rooms' named values. */
#ifndef WEFT_RECORD_FAMILY_INT_H
#define WEFT_RECORD_FAMILY_INT_H

#include "record/record_int.h"

/* As many characters stand before every such name. */
#define FAMILY_SPACE 5u

/* What the rooms call key. */
str family_name(struct arena *a, str key);
/* The beginning of all names of the i-th group; empty behind the last. */
str family_group(struct op *op, size_t i);
/* Is there a group of just these? Else a walk would go through everybody's. */
bool family_listed(str prefix);
/* Names of a folder from before their family had its group go there, once. */
MUST err family_open(struct op *op, struct record *rec);

/* Each page of a group of names, in memory of its own; page() may change them. */
struct family_walk {
    str group;
    const char *failed; /* told instead of what went wrong, which may name somebody */
    err (*page)(struct op *op, struct record *rec, const void *ctx, const struct store_named *rows,
                size_t n);
    const void *ctx;
};
MUST err family_each(struct op *op, struct record *rec, const struct family_walk *w);

#endif
