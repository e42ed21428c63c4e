/* Private to the fleet room: which bill of materials is of which firmware, and what runs. */
#ifndef WEFT_FLEET_BOM_INT_H
#define WEFT_FLEET_BOM_INT_H

#include "fleet/parts_kept_int.h"

#define BOMS_MAX 100u /* of a model */
#define BOM_VERSION_MAX 40u

struct bom_range {
    str from, to; /* both belong to it; empty: open on that side */
    bool old;     /* taken in before there were ranges */
};
struct bom_list {
    struct bom_range *all;
    size_t n;
};
struct bom_new {
    str model, text;
    struct bom_range range;
};
struct bom {
    size_t i; /* among the ranges */
    struct bom_range range;
    struct parts parts;
    struct json *kept;
    struct findings found;
};

/* ---- bom.c ---- */
bool bom_version_valid(str s);
str bom_key(struct op *op, str model, const struct bom_range *r);
MUST err bom_ranges(struct op *op, struct fleet *f, str model, struct bom_list *ret);
/* Joins tx. ERR_TOO_LARGE: there are too many of the model. */
MUST err bom_keep(struct op *op, struct fleet *f, struct record_tx *tx, const struct bom_new *b);
/* Which one a device of that version is made of; SIZE_MAX: nobody knows. */
size_t bom_of(const struct bom_list *all, str version);
/* op and bom end with the call; what is kept goes into memory of the caller's. */
typedef err bom_fn(void *ctx, struct op *op, const struct bom *b);
struct bom_each {
    str model;
    bom_fn *fn;
    void *ctx;
    struct bom_list ranges; /* of bom_ranges() */
};
/* Each with what is known of its parts, in the memory of the one before. */
MUST err bom_each(struct op *op, struct fleet *f, const struct bom_each *e);

/* ---- running.c ---- */
struct running {
    str model, firmware; /* empty: it has not said */
    size_t n;            /* devices in use */
};
struct running_list {
    struct running *all; /* by model, then version */
    size_t n;
};
/* All devices in use by what they run: read once. */
MUST err running_read(struct op *op, struct fleet *f, struct running_list *ret);

#endif
