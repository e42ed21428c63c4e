/* The room's life and its thread: the feed is followed, due messages are sent. A step that failed
 * is logged once a minute and tried again. No answer is ever in a line of the log. */
#include "survey/survey_int.h"

#include "base/log.h"

#include <stdlib.h>

const struct actor *survey_system(void)
{
    static const struct actor actor = {
        .role = ROLE_SYSTEM, .purpose = PURPOSE_TREAT, .user = {"weft-survey", 11}};
    return &actor;
}

err surveys_new(struct op *op, struct record *rec, struct outreach *outreach,
                struct campaigns *campaigns, const struct config *config, struct surveys **ret)
{
    struct surveys *s = calloc(1, sizeof *s);
    if (!s)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    *s = (struct surveys){
        .rec = rec, .outreach = outreach, .campaigns = campaigns, .config = config};
    s->arena = arena_new(8u << 20);
    err e = s->arena ? texts_load(op, s) : fail(op, ERR_UNAVAILABLE, "out of memory");
    if (e == OK)
        e = survey_check_settings(op, s);
    if (e != OK) {
        surveys_free(s);
        return e;
    }
    *ret = s;
    return OK;
}

void surveys_free(struct surveys *s)
{
    if (!s)
        return;
    arena_free(s->arena);
    free(s);
}

static void *thread(void *ctx)
{
    struct surveys *s = ctx;
    struct arena *a = arena_new(256u << 20);
    int64_t said = 0;
    while (a && !atomic_load(&s->stop)) {
        struct op op;
        size_t followed = 0, sent = 0;
        arena_reset(a);
        op_init(&op, a, survey_system(), time_now());
        err e = surveys_follow(&op, s, &followed);
        if (e != OK)
            log_failed("survey.follow.failed", &op, e, &said);
        if (e == ERR_CONFLICT || e == ERR_PRECONDITION)
            s->cursor_known = false;
        op_clear(&op);
        err t = surveys_tick(&op, s, &sent);
        if (t != OK)
            log_failed("survey.tick.failed", &op, t, &said);
        if (e != OK || t != OK)
            time_rest(&s->stop, 200);
        else if (followed == 0 && sent == 0)
            record_feed_wait(s->rec, s->seen, 500);
    }
    arena_free(a);
    return NULL;
}

err surveys_start(struct op *op, struct surveys *s)
{
    atomic_store(&s->stop, false);
    if (pthread_create(&s->thread, NULL, thread, s) != 0)
        return fail(op, ERR_UNAVAILABLE, "no thread for surveys");
    s->running = true;
    return OK;
}

void surveys_stop(struct surveys *s)
{
    atomic_store(&s->stop, true);
    if (s->running)
        pthread_join(s->thread, NULL);
    s->running = false;
}
