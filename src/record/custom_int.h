/* Between custom.c, which keeps the set of posted search parameters, and custom_work.c, which
 * learns of them and makes their keys. */
#ifndef WEFT_RECORD_CUSTOM_INT_H
#define WEFT_RECORD_CUSTOM_INT_H

#include "record/custom.h"
#include "record/record_int.h"

#include <pthread.h>
#include <stdatomic.h>

/* One parameter of one type under one definition. Lives as long as the record. */
struct custom_state {
    struct fhir_custom row;
    str url;
    uint64_t rid;       /* of its SearchParameter */
    uint64_t hash;      /* of the definition */
    uint64_t at, until; /* resource numbers: keys are made up to, and must be (0: not known yet) */
    bool ready;
    _Atomic unsigned percent;
    struct custom_state *next;
};
/* What writers and readers are given; never changed once it is there, kept for ever. */
struct custom_set {
    struct fhir_customs all;
    struct custom_state **states;
    atomic_uint writers; /* transactions that make keys by it */
    struct custom_set *before;
};
struct customs {
    struct arena *arena;
    pthread_mutex_t lock; /* of the one who works */
    struct custom_set *_Atomic now;
    struct custom_state *known;
    atomic_bool stale; /* a SearchParameter was written */
    atomic_uint_fast64_t generation;
};
#define CUSTOM_BYTES (32u << 20)

/* custom_work.c: reads all SearchParameters and publishes what they say. */
MUST err custom_refresh(struct op *op, struct record *rec);

#endif
