/* Between the files of the record's validation: the compiled profiles that are at hand.
 * An epoch is one arena of them; it ends when a StructureDefinition is written or when it is full,
 * and is freed when the last check that began in it is over. */
#ifndef WEFT_RECORD_PROFILE_INT_H
#define WEFT_RECORD_PROFILE_INT_H

#include "fhir/profile.h"
#include "record/profile.h"
#include "record/record_int.h"

struct profile_epoch;
struct profile_strict {
    bool on;
    const str *urls;
    size_t n;
};
struct profile_shelf; /* struct record's */
MUST err profile_shelf_new(struct op *op, struct profile_shelf **ret);
void profile_shelf_free(struct profile_shelf *s);
const struct fhir_rules *profile_shelf_rules(const struct profile_shelf *s);
/* NULL: nothing is strict; else the row of the type, to be filled. */
struct profile_strict *profile_shelf_strict(struct profile_shelf *s, fhir_type type);
struct arena *profile_shelf_arena(struct profile_shelf *s);
/* Bytes of compiled profiles at hand. */
size_t profile_shelf_bytes(struct profile_shelf *s);
/* For a StructureDefinition that has been committed. */
void profile_shelf_stale(struct profile_shelf *s);

struct profile_look {
    struct record *rec;
    struct profile_epoch *epoch;
};
MUST err profile_look_begin(struct op *op, struct record *rec, struct profile_look *ret);
void profile_look_end(struct profile_look *l);
/* fhir_profile_env.profile; ctx is a struct profile_look. */
err profile_look(struct op *op, void *ctx, str canonical, const struct fhir_profile **ret);

#endif
