/* What the pure rooms and the record ask of a terminology: membership, subsumption, expansion. Who
 * answers is not said here; the room `terms` does, over R4's own systems and the loaded ones.
 * Where nobody answers (a NULL door) the asker says that it cannot know; it never guesses.
 * Source: FHIR R4 terminology service (http://hl7.org/fhir/R4/terminology-service.html).
 * Threads: the doors are called from any thread, each with its own op. Results live in op->arena.
 */
#ifndef WEFT_FHIR_TERMS_H
#define WEFT_FHIR_TERMS_H

#include "base/op.h"

/* UNKNOWN: the value set or code system is not here, or not whole. */
enum terms_answer { TERMS_NO, TERMS_YES, TERMS_UNKNOWN };
enum terms_relation { TERMS_EQUIVALENT, TERMS_SUBSUMES, TERMS_SUBSUMED_BY, TERMS_NOT_SUBSUMED };
struct terms_code {
    str system, code, display;
};
struct fhir_terms {
    void *ctx;
    /* Is the code (system may be empty: of any system of the set) in the value set, named by its
     * canonical url with or without |version? ret_display may be NULL. */
    err (*member)(struct op *op, void *ctx, str value_set, struct terms_code code,
                  enum terms_answer *ret, str *ret_display);
    /* a against b in one code system; *ret_known false: the system or a code of it is not here. */
    err (*relate)(struct op *op, void *ctx, str system, str a, str b, bool *ret_known,
                  enum terms_relation *ret);
    /* All codes of a value set; ERR_NOT_FOUND naming it, ERR_TOO_COSTLY past max. */
    err (*expand)(struct op *op, void *ctx, str value_set, size_t max, struct terms_code **ret,
                  size_t *ret_n);
    /* The code and all it subsumes (below) or is subsumed by (above); errors as expand. */
    err (*closure)(struct op *op, void *ctx, struct terms_code code, bool below, size_t max,
                   struct terms_code **ret, size_t *ret_n);
};

#endif
