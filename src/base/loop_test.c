/* A loop's life: each step is taken whatever came of the other, a lost race is no failure, a
 * failure rests, nothing to do waits, and an end ends it. Waits are for states, never for times. */
#include "base/loop.h"

#include "base/test.h"

#include <unistd.h>

struct work {
    struct loop loop;
    _Atomic unsigned first, second, waits;
};

static err races_then_works(struct op *op, void *ctx, size_t *ret_n)
{
    struct work *w = ctx;
    unsigned n = atomic_fetch_add(&w->first, 1);
    if (n == 0)
        return fail(op, ERR_CONFLICT, "somebody was quicker");
    *ret_n = n == 1;
    return OK;
}

static err fails_once(struct op *op, void *ctx, size_t *ret_n)
{
    struct work *w = ctx;
    assert_int_equal(op->fault.code, OK); /* nothing is left of the other step */
    *ret_n = 0;
    return atomic_fetch_add(&w->second, 1) == 1 ? fail(op, ERR_UNAVAILABLE, "not yet") : OK;
}

static void count_wait(void *ctx)
{
    struct work *w = ctx;
    atomic_fetch_add(&w->waits, 1);
    usleep(1000);
}

static void steps_are_taken_until_the_end(void **state)
{
    struct work *w = calloc(1, sizeof *w);
    struct loop_plan plan = {
        .steps = {{"test.first", races_then_works}, {"test.second", fails_once}},
        .wait = count_wait,
        .rest_ms = 1,
        .ctx = w};
    struct arena *a = arena_new(0);
    struct op op;
    (void)state;
    op_init(&op, a, NULL, 0);
    loop_stop(&w->loop); /* one that does not run */
    assert_int_equal(loop_start(&op, &w->loop, &plan), OK);
    while (atomic_load(&w->waits) < 3)
        usleep(1000);
    loop_stop(&w->loop);
    unsigned taken = atomic_load(&w->first);
    assert_int_equal(taken, atomic_load(&w->second));
    assert_true(taken >= 5); /* a race, work, then three waits at least */
    assert_int_equal(loop_start(&op, &w->loop, &plan), OK); /* and again */
    while (atomic_load(&w->first) == taken)
        usleep(1000);
    loop_stop(&w->loop);
    arena_free(a);
    free(w);
}

static err takes_all(struct op *op, void *ctx, size_t *ret_n)
{
    (void)ctx;
    *ret_n = 0;
    (void)arena_alloc(op->arena, 2u << 20);
    return op_check(op);
}

static err has_memory(struct op *op, void *ctx, size_t *ret_n)
{
    struct work *w = ctx;
    *ret_n = 0;
    assert_false(arena_failed(op->arena));
    assert_non_null(arena_alloc(op->arena, 100u << 10));
    atomic_fetch_add(&w->second, 1);
    return op_check(op);
}

/* R516: what a step left of its memory was all that the next one had. */
static void r516_the_next_step_has_memory(void **state)
{
    struct work *w = calloc(1, sizeof *w);
    struct loop_plan plan = {.steps = {{"test.takes.all", takes_all}, {"test.memory", has_memory}},
                             .bytes = 1u << 20,
                             .rest_ms = 1,
                             .ctx = w};
    struct arena *a = arena_new(0);
    struct op op;
    (void)state;
    op_init(&op, a, NULL, 0);
    assert_int_equal(loop_start(&op, &w->loop, &plan), OK);
    while (atomic_load(&w->second) < 3)
        usleep(1000);
    loop_stop(&w->loop);
    arena_free(a);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps_are_taken_until_the_end),
                                       cmocka_unit_test(r516_the_next_step_has_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
