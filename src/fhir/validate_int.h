/* What the files of the validator share: the state of one walk over one tree. */
#ifndef WEFT_FHIR_VALIDATE_INT_H
#define WEFT_FHIR_VALIDATE_INT_H

#include "base/map.h"
#include "fhir_int.h"

struct contained {
    str id;
    bool used;   /* something points at it */
    bool refers; /* it points at its container ("#") */
};

/* The resource whose contained resources "#id" may mean. */
struct container {
    struct map ids;
    struct contained *items;
    size_t n;
    struct contained *current; /* the contained resource being walked, or NULL */
};

struct walk {
    struct op *op;
    bool check; /* false: only tag */
    bool batch; /* the root is a batch: its entries' resources are left for later */
    unsigned depth;
    size_t problems;
    struct container *container;
};

/* An object being walked. */
struct spot {
    const struct fhir_frame *frame;
    struct json *self;
    uint16_t row, type;
    uint64_t values, siblings; /* ordinals seen as "x" and as "_x" */
    uint16_t chosen[64];       /* row by ordinal, set for choices that were seen */
};

/* No more problems are written down, only counted: spares the making of their texts. */
static inline bool walk_full(const struct walk *w)
{
    return w->op->fault.n >= FAULT_ISSUES_MAX;
}
/* Adds an error (nothing when only tagging). The text never quotes a value. */
void walk_problem(struct walk *w, const struct fhir_frame *f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void walk_warning(struct walk *w, const struct fhir_frame *f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Rules between the members of one object, asked after they were walked (validate_rules.c). */
void walk_rules(struct walk *w, const struct spot *s);
/* Notes that text (a reference or canonical starting with '#') points into the container; false
 * when nothing there has that id. */
bool walk_points_at(struct walk *w, str text);
/* Sets up and judges the contained resources of v around the walk of it. */
void walk_contain(struct walk *w, const struct fhir_frame *f, const struct json *v,
                  struct container *c);
void walk_contained_done(struct walk *w, const struct fhir_frame *f, const struct container *c);
/* fhir_validate() of a batch, without the resources of its entries. */
MUST err fhir_validate_batch(struct op *op, struct json *bundle);

/* Rules of Bundle (validate_bundle.c). */
void walk_bundle(struct walk *w, const struct spot *s);

#endif
