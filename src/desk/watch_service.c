/* The watch's thread: steps while there is something new in the trail, rests between, so that looks
 * share commits instead of being chased. A step that failed waits and is done again. */
#include "desk/watch_int.h"

#include "base/time.h"

#define STEP_BYTES ((size_t)128 << 20)
#define REST_MS 2000

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
    *ret = w;
    return OK;
}

void desk_watch_free(struct desk_watch *w)
{
    free(w);
}

static void *follow(void *ctx)
{
    static const struct actor self = {
        .role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT, .user = {"system", 6}, .strong = true};
    struct desk_watch *w = ctx;
    struct arena *a = arena_new(STEP_BYTES);
    int64_t said = 0;
    while (a && !atomic_load(&w->stop)) {
        struct op op;
        size_t n = 0;
        arena_reset(a);
        op_init(&op, a, &self, time_now());
        err e = desk_watch_step(&op, w, &n);
        if (e != OK && (said == 0 || time_mono() - said > 60000)) {
            w->failed(e);
            said = time_mono();
        }
        if (e != OK || n == 0)
            time_rest(&w->stop, REST_MS);
    }
    arena_free(a);
    return NULL;
}

err desk_watch_start(struct op *op, struct desk_watch *w, void (*failed)(err e))
{
    w->failed = failed;
    atomic_store(&w->stop, false);
    if (pthread_create(&w->thread, NULL, follow, w) != 0)
        return fail(op, ERR_UNAVAILABLE, "no thread for the watch over looks");
    w->running = true;
    return OK;
}

void desk_watch_stop(struct desk_watch *w)
{
    atomic_store(&w->stop, true);
    if (w->running)
        pthread_join(w->thread, NULL);
    w->running = false;
}
