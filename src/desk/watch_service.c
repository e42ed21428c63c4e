/* The watch's thread: steps while there is something new in the trail, rests between, so that looks
 * share commits instead of being chased. A step that failed waits and is done again. Whoever looks
 * comes first: judging a look costs as much as ten reads, so a tenth of its time is spent on it. */
#include "desk/watch_int.h"

#include "base/time.h"

#define STEP_BYTES ((size_t)128 << 20)
#define REST_MS 2000
#define LOOK_BYTES ((size_t)64 << 20)
#define RESTS 9 /* times what was worked */

err desk_watch_new(struct op *op, struct record *rec, str zone, struct desk_watch **ret)
{
    struct time_local at;
    if (!time_to_local(op->now, zone, &at))
        return fail_at(op, ERR_INVALID, STR("house.zone"), "There is no such time zone.");
    struct desk_watch *w = calloc(1, sizeof *w);
    if (!w)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    w->rec = rec;
    w->zone = zone;
    w->look = arena_new(LOOK_BYTES);
    if (!w->look) {
        free(w);
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    }
    *ret = w;
    return OK;
}

void desk_watch_free(struct desk_watch *w)
{
    if (w)
        arena_free(w->look);
    free(w);
}

void watch_rest(struct desk_watch *w, int64_t ms)
{
    if (w->loop.running)
        time_rest(&w->loop.stop, ms * RESTS < REST_MS ? ms * RESTS : REST_MS);
}

static err step(struct op *op, void *ctx, size_t *ret_n)
{
    return desk_watch_step(op, ctx, ret_n);
}

static void rest(void *ctx)
{
    struct desk_watch *w = ctx;
    time_rest(&w->loop.stop, REST_MS);
}

err desk_watch_start(struct op *op, struct desk_watch *w)
{
    static const struct actor self = {
        .role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT, .user = {"system", 6}, .strong = true};
    struct loop_plan plan = {.steps = {{"looks.step.failed", step}},
                             .wait = rest,
                             .actor = &self,
                             .bytes = STEP_BYTES,
                             .rest_ms = REST_MS,
                             .ctx = w};
    return loop_start(op, &w->loop, &plan);
}

void desk_watch_stop(struct desk_watch *w)
{
    loop_stop(&w->loop);
}
