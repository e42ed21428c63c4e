/* The monitor's threads: the follower (and the desk's clock) and the MQTT intake. What failed is
 * never skipped: the cursor moves only with its work. */
#include "monitor/trial_int.h"

#define WAKE_MS 5000

/* Rules on trial that the house made live; the others are on trial. */
static err live_rules(struct op *op, const struct config *config, struct monitor *m)
{
    str names = config_str(config, "monitor.rules_live"), name;
    uint64_t *ret = &m->live;
    while (str_take_until(&names, ',', &name)) {
        uint64_t had = *ret;
        name = str_trim(name);
        for (size_t r = 0; r < RULE_COUNT_MONITOR; r++)
            if (MONITOR_RULES[r].shadow && str_eq(name, str_of(MONITOR_RULES[r].id)))
                *ret |= UINT64_C(1) << r;
        if (*ret == had && name.n)
            return fail(op, ERR_INVALID,
                        "monitor.rules_live: no rule on trial is called %.*s, or it stands twice",
                        STR_ARG(name));
    }
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++)
        m->trial |= (uint64_t)MONITOR_RULES[r].shadow << r;
    m->trial &= ~m->live;
    return OK;
}

err monitor_new(struct op *op, struct record *rec, struct identity *id, const struct config *config,
                struct monitor **ret)
{
    struct monitor *m = calloc(1, sizeof *m);
    if (!m)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    m->rec = rec;
    m->id = id;
    m->config = config;
    m->replay_max = REPLAY_MAX;
    m->arena = arena_new(1u << 20);
    pthread_mutex_init(&m->intake, NULL);
    round_init(&m->round);
    err e = m->arena && track_cache_init(&m->cache) ? signals_compile(op, m)
                                                    : fail(op, ERR_UNAVAILABLE, "out of memory");
    if (e == OK)
        e = live_rules(op, config, m);
    if (e != OK) {
        monitor_free(m);
        return e;
    }
    *ret = m;
    return OK;
}

void monitor_free(struct monitor *m)
{
    if (!m)
        return;
    track_cache_free(&m->cache);
    round_free(&m->round);
    arena_free(m->arena);
    pthread_mutex_destroy(&m->intake);
    free(m);
}

static err follow(struct op *op, void *ctx, size_t *ret_n)
{
    return monitor_step(op, ctx, ret_n);
}

static err listen_for_silence(struct op *op, void *ctx, size_t *ret_n)
{
    struct monitor *m = ctx;
    bool more = false;
    *ret_n = 0;
    int64_t now = time_mono();
    if (m->loaded && (now - m->looked < WAKE_MS || now - m->since < MONITOR_HEARD_MS))
        return OK;
    TRY(monitor_clock(op, m, &more));
    m->looked = more ? 0 : time_mono();
    *ret_n = more;
    return OK;
}

static err wake(struct op *op, void *ctx, size_t *ret_n)
{
    struct monitor *m = ctx;
    *ret_n = 0;
    bool more = false;
    if (!m->chain.at_n) {
        size_t woken;
        if (time_mono() - m->woke < WAKE_MS)
            return OK;
        m->woke = time_mono();
        TRY(desk_wake(op, m->rec, &woken));
    }
    TRY(desk_climb(op, m->rec, m->config, &m->chain, &more));
    *ret_n = more;
    m->stats.steps = m->chain.steps;
    m->stats.told = m->chain.told;
    m->stats.unnamed = m->chain.unnamed;
    m->stats.pages = m->chain.pages;
    m->stats.unreached = m->chain.unreached;
    return OK;
}

static void wait_for_more(void *ctx)
{
    struct monitor *m = ctx;
    record_feed_wait(m->rec, m->seen, 500);
}

err monitor_start(struct op *op, struct monitor *m)
{
    struct loop_plan plan = {.steps = {{"monitor.step.failed", follow},
                                       {"monitor.clock.failed", listen_for_silence},
                                       {"desk.wake.failed", wake}},
                             .wait = wait_for_more,
                             .actor = identity_system(),
                             .bytes = 256u << 20,
                             .rest_ms = 1000,
                             .ctx = m};
    m->since = time_mono();
    TRY(trial_begin(op, m));
    TRY(intake_nodes_start(op, m, &m->nodes));
    bool shared = m->nodes && !str_empty(config_str(m->config, "mqtt.share"));
    struct intake_line line = {.config = m->config, .m = m, .nodes = shared ? m->nodes : NULL};
    if (!str_empty(config_str(m->config, "mqtt.url")))
        TRY(intake_mqtt_start(op, &line, &m->mqtt));
    if (m->nodes)
        TRY(intake_nodes_take(op, m->nodes, m->mqtt));
    return loop_start(op, &m->loop, &plan); /* last: it asks whether the broker is heard */
}

void monitor_stop(struct monitor *m)
{
    loop_stop(&m->loop); /* first: it asks whether the broker is heard */
    intake_nodes_end(m->nodes);
    intake_mqtt_stop(m->mqtt);
    m->mqtt = NULL;
    intake_nodes_stop(m->nodes);
    m->nodes = NULL;
}

void monitor_stats(const struct monitor *m, struct monitor_stats *ret)
{
    *ret = m->stats;
}
