/* The thread: what is scheduled begins, audiences are enrolled batch by batch, the feed is
 * followed, due people move on. A step that lost a race is done again; one that failed is logged
 * once a minute and tried again, never skipped. */
#include "campaign/run_int.h"

#include "base/log.h"

#include <stdlib.h>

err run_new(struct op *op, struct campaigns *c)
{
    c->run = calloc(1, sizeof *c->run);
    if (c->run)
        c->run->plans = arena_new(128u << 20);
    if (!c->run || !c->run->plans)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    return OK;
}

void run_free(struct campaigns *c)
{
    if (c->run)
        arena_free(c->run->plans);
    free(c->run);
    c->run = NULL;
}

#define VERSIONS_MAX 20 /* newest, that people may still be under way in */

static void add_version(struct op *op, struct life *l, int64_t vid)
{
    const struct json *had = JSON_GET(l->o, "versions"), *v;
    struct json *all = json_new(op->arena, JSON_ARRAY);
    size_t n = had ? had->n : 0;
    for (size_t i = n < VERSIONS_MAX ? 0 : n - VERSIONS_MAX + 1; (v = json_at(had, i)); i++) {
        int64_t one = 0;
        if (json_i64(v, &one) && one != vid)
            json_push(op->arena, all, v);
    }
    json_push(op->arena, all, json_new_i64(op->arena, vid));
    json_set(op->arena, l->o, STR("versions"), all);
}

static err begin(struct op *op, struct campaigns *c, struct life *l)
{
    int64_t vid = 0;
    struct record_tx *tx = record_begin(op, c->rec);
    (void)json_i64(JSON_GET(l->o, "version"), &vid);
    l->state = STR("running");
    json_set(op->arena, l->o, STR("live"), json_new_bool(op->arena, true));
    json_set(op->arena, l->o, STR("liveVersion"), json_new_i64(op->arena, vid));
    add_version(op, l, vid);
    life_set_time(op, l, "started", op->now);
    TRY(life_save(tx, op, l, "start"));
    TRY(record_commit(tx));
    return life_load(op, c->rec, l->id, l);
}

/* A campaign whose people are all through it, or whose days are over, is done. */
static err end_when_over(struct op *op, struct campaigns *c, struct life *l)
{
    struct loaded *p;
    int64_t vid = 0;
    (void)json_i64(JSON_GET(l->o, "liveVersion"), &vid);
    TRY(plan_load(op, c, l->id, (uint32_t)vid, &p));
    int64_t lasts = p && p->plan->lasts ? p->plan->lasts : 90 * PLAN_DAY_MS;
    if (!p || p->journey || op->now < life_time(l, "started") + lasts + PLAN_DAY_MS)
        return OK;
    struct record_tx *tx = record_begin(op, c->rec);
    l->state = STR("done");
    json_unset(l->o, STR("live"));
    TRY(live_change(tx, op, c->rec, l->id, false));
    TRY(life_save(tx, op, l, "done"));
    return record_commit(tx);
}

static err one_campaign(struct op *op, struct campaigns *c, str id, bool *ret_more)
{
    struct life l;
    TRY(life_load(op, c->rec, id, &l));
    *ret_more = false;
    if (str_eq(l.state, STR("scheduled")) && life_time(&l, "start") <= op->now)
        TRY(begin(op, c, &l));
    if (!life_live(&l) || !str_eq(l.state, STR("running")))
        return OK;
    if (!json_bool(JSON_GET(l.o, "journey"), false))
        TRY(people_launch(op, c, &l, ret_more));
    return *ret_more ? OK : end_when_over(op, c, &l);
}

err campaign_tick(struct op *op, struct campaigns *c, size_t *ret_n)
{
    str *ids, broken = STR_NONE;
    size_t n, jobs = 0, more = 0;
    err first = OK;
    op->actor = campaign_system();
    plans_tidy(c->run);
    TRY(live_list(op, c->rec, &ids, &n));
    for (size_t i = 0; i < n; i++) {
        bool again = false;
        err e = one_campaign(op, c, ids[i], &again);
        if (e == ERR_CONFLICT || e == ERR_PRECONDITION)
            op_clear(op); /* somebody took a step of it: next time */
        else if (e != OK) {
            op_clear(op); /* one that cannot go on keeps no other waiting, and nobody's journey */
            first = e;
            broken = ids[i];
        }
        more += again;
    }
    TRY(run_tick(op, c, &jobs));
    *ret_n = jobs + more;
    return first == OK ? OK : fail(op, first, "campaign %.*s cannot go on", STR_ARG(broken));
}

err campaign_follow(struct op *op, struct campaigns *c, size_t *ret_n)
{
    op->actor = campaign_system();
    plans_tidy(c->run);
    return run_follow(op, c, ret_n);
}

static err follow(struct op *op, void *ctx, size_t *ret_n)
{
    struct campaigns *c = ctx;
    err e = campaign_follow(op, c, ret_n);
    if (e == ERR_CONFLICT || e == ERR_PRECONDITION)
        c->run->cursor_known = false;
    return e;
}

static err tick(struct op *op, void *ctx, size_t *ret_n)
{
    return campaign_tick(op, ctx, ret_n);
}

static void wait_for_more(void *ctx)
{
    struct campaigns *c = ctx;
    struct campaign_run *r = c->run;
    record_feed_wait(c->rec, r->seen > r->cursor ? r->seen : r->cursor, 250);
}

err run_start(struct op *op, struct campaigns *c)
{
    struct loop_plan plan = {
        .steps = {{"campaign.follow.failed", follow}, {"campaign.tick.failed", tick}},
        .wait = wait_for_more,
        .actor = campaign_system(),
        .bytes = 256u << 20,
        .keep = OUTREACH_KEEP,
        .rest_ms = 200,
        .ctx = c};
    return loop_start(op, &c->run->loop, &plan);
}

void run_stop(struct campaigns *c)
{
    if (c->run)
        loop_stop(&c->run->loop);
}
