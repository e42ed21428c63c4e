/* The room's life and its thread: the feed is followed, due messages are sent. No answer is ever in
 * a line of the log. */
#include "survey/survey_int.h"

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
        e = weights_load(op, s);
    if (e == OK)
        e = survey_check_settings(op, s);
    if (e != OK) {
        surveys_free(s);
        return e;
    }
    outreach_on_words(outreach, survey_awaits, s);
    *ret = s;
    return OK;
}

void surveys_free(struct surveys *s)
{
    if (!s)
        return;
    outreach_off_words(s->outreach, s);
    arena_free(s->arena);
    free(s);
}

static err follow(struct op *op, void *ctx, size_t *ret_n)
{
    struct surveys *s = ctx;
    err e = surveys_follow(op, s, ret_n);
    if (e == ERR_CONFLICT || e == ERR_PRECONDITION)
        s->cursor_known = false;
    return e;
}

static err tick(struct op *op, void *ctx, size_t *ret_n)
{
    return surveys_tick(op, ctx, ret_n);
}

static err scores(struct op *op, void *ctx, size_t *ret_n)
{
    *ret_n = 0;
    return weights_catch_up(op, ctx);
}

static void wait_for_more(void *ctx)
{
    struct surveys *s = ctx;
    record_feed_wait(s->rec, s->seen, 500);
}

err surveys_start(struct op *op, struct surveys *s)
{
    struct loop_plan plan = {.steps = {{"survey.follow.failed", follow},
                                       {"survey.tick.failed", tick},
                                       {"survey.scores.failed", scores}},
                             .wait = wait_for_more,
                             .actor = survey_system(),
                             .bytes = 256u << 20,
                             .rest_ms = 200,
                             .ctx = s};
    return loop_start(op, &s->loop, &plan);
}

void surveys_stop(struct surveys *s)
{
    loop_stop(&s->loop);
}
