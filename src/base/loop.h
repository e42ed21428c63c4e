/* A thread that takes one round of steps after the other until it is told to stop: what every room
 * does that follows the record or sends what is due. A step that lost a race is taken again in
 * a moment; one that failed for another reason is logged once a minute, rests, and is taken again:
 * the steps see to it that nothing is skipped. */
#ifndef WEFT_LOOP_H
#define WEFT_LOOP_H

#include "base/op.h"

#include <pthread.h>
#include <stdatomic.h>

#define LOOP_STEPS 6

struct loop_step {
    const char *failed; /* the event of its failure in the log */
    /* *ret_n: 0 = there was nothing to do. op is fresh (op_clear()) for each step. */
    err (*take)(struct op *op, void *ctx, size_t *ret_n);
};
struct loop_plan {
    struct loop_step steps[LOOP_STEPS]; /* each is taken whatever came of the other */
    void (*wait)(void *ctx); /* after a round without anything to do; NULL: the next one at once */
    const struct actor *actor;
    size_t bytes;    /* the arena of a round at most; 0 = the arena's own limit */
    size_t keep;     /* of it, over its resets (arena_keep()); 0 = the arena's own */
    int64_t rest_ms; /* after a failure */
    void *ctx;
};
struct loop {
    struct loop_plan plan;
    pthread_t thread;
    bool running;      /* may be read by the steps, */
    _Atomic bool stop; /* and so may this by long ones */
};
/* ERR_UNAVAILABLE when there is no thread to be had. */
MUST err loop_start(struct op *op, struct loop *l, const struct loop_plan *plan);
/* Tells it to end, and does not wait; several are ended together so. Any thread. */
void loop_end(struct loop *l);
/* Tells it to end and waits for it; harmless when it does not run. */
void loop_stop(struct loop *l);

#endif
