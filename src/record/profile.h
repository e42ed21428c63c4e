/* Validation with what the record knows: the shipped profiles, StructureDefinitions that were
 * posted (by their url, the newest; a posted one comes before a shipped one), the terminology.
 * Compiled profiles are kept in memory of at most RECORD_PROFILES_BYTES, and made anew when a
 * StructureDefinition changes. Thread-safe as record.h. */
#ifndef WEFT_RECORD_PROFILE_H
#define WEFT_RECORD_PROFILE_H

#include "record/record.h"

#define RECORD_PROFILES_BYTES (32u << 20)

struct record_check {
    const str *profiles; /* canonicals that the resource must conform to, besides those it claims */
    size_t n;
    bool must_support; /* list absent must-support elements, as information */
};
/* Everything that is known about a tagged tree goes to op->fault: invariants, profiles, extensions,
 * bindings, references that op->actor may read. ERR_UNPROCESSABLE when there is an error. */
MUST err record_validate(struct op *op, struct record *rec, struct json *resource,
                         const struct record_check *check);
/* Types whose writes (imports too) must conform to profiles: "Type=url url, Type" by commas or
 * semicolons; * for all types. A write that does not is ERR_UNPROCESSABLE with all its problems. To
 * be called before the record is used. ERR_INVALID naming what is not understood. */
MUST err record_set_strict(struct op *op, struct record *rec, str text);

#endif
