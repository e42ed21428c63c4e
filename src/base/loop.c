/* The thread of loop.h. Invariant: between two rounds nothing is held but the arena. */
#include "base/loop.h"

#include "base/log.h"
#include "base/time.h"

#include <unistd.h>

#define RACE_US 1000 /* whoever won is at work: a race that never ends is not chased */

/* The next step has memory, whatever became of that of the one before: nothing goes on in memory
 * that failed. */
static void anew(const struct loop *l, struct op *op)
{
    op_clear(op);
    if (!arena_failed(op->arena))
        return;
    arena_reset(op->arena);
    op_init(op, op->arena, l->plan.actor, time_now());
}

/* Takes each step; false when one failed. *ret_busy: one found something to do, or lost a race. */
static bool round_of(struct loop *l, struct op *op, int64_t *said, bool *ret_busy)
{
    bool failed = false;
    for (size_t i = 0; i < LOOP_STEPS && l->plan.steps[i].take; i++) {
        size_t n = 0;
        err e = l->plan.steps[i].take(op, l->plan.ctx, &n);
        bool race = e == ERR_CONFLICT || e == ERR_PRECONDITION;
        if (race) {
            usleep(RACE_US);
        } else if (e != OK) {
            log_failed(l->plan.steps[i].failed, op, e, &said[i]);
            failed = true;
        }
        *ret_busy |= n > 0 || race;
        anew(l, op);
    }
    return !failed;
}

static void *run(void *ctx)
{
    struct loop *l = ctx;
    struct arena *a = arena_new(l->plan.bytes);
    int64_t said[LOOP_STEPS] = {0};
    if (a && l->plan.keep)
        arena_keep(a, l->plan.keep);
    while (a && !atomic_load(&l->stop)) {
        struct op op;
        bool busy = false;
        arena_reset(a);
        op_init(&op, a, l->plan.actor, time_now());
        if (!round_of(l, &op, said, &busy))
            time_rest(&l->stop, l->plan.rest_ms);
        else if (!busy && l->plan.wait)
            l->plan.wait(l->plan.ctx);
    }
    arena_free(a);
    return NULL;
}

err loop_start(struct op *op, struct loop *l, const struct loop_plan *plan)
{
    l->plan = *plan;
    atomic_store(&l->stop, false);
    l->running = true; /* before the steps may look at it */
    if (pthread_create(&l->thread, NULL, run, l) == 0)
        return OK;
    l->running = false;
    return fail(op, ERR_UNAVAILABLE, "no thread for %s", plan->steps[0].failed);
}

void loop_end(struct loop *l)
{
    atomic_store(&l->stop, true);
}

void loop_stop(struct loop *l)
{
    loop_end(l);
    if (l->running)
        pthread_join(l->thread, NULL);
    l->running = false;
}
