/* The monitor's threads: the follower (and the desk's clock) and the MQTT intake. A step that lost
 * a race is done again at once; one that failed for another reason waits a little and is logged
 * once a minute, and is never skipped: the cursor moves only with its work. */
#include "monitor/monitor_int.h"

#include "base/log.h"

#define WAKE_MS 5000

err monitor_new(struct op *op, struct record *rec, struct identity *id, const struct config *config,
                struct monitor **ret)
{
    struct monitor *m = calloc(1, sizeof *m);
    if (!m)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    m->rec = rec;
    m->id = id;
    m->config = config;
    *ret = m;
    return OK;
}

void monitor_free(struct monitor *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < TRACK_SLOTS; i++)
        free(m->slots[i]);
    free(m);
}

static void pause_after(struct monitor *m, struct op *op, err e, int64_t *last_said)
{
    if (e == ERR_CONFLICT || e == ERR_PRECONDITION) {
        m->cursor_known = false;
        return;
    }
    log_failed("monitor.step.failed", op, e, last_said);
    time_rest(&m->stop, 1000);
}

static void *follow(void *ctx)
{
    struct monitor *m = ctx;
    struct arena *a = arena_new(256u << 20);
    int64_t said = 0, woke = 0;
    while (a && !atomic_load(&m->stop)) {
        struct op op;
        size_t n = 0, woken;
        arena_reset(a);
        op_init(&op, a, identity_system(), time_now());
        err e = monitor_step(&op, m, &n);
        if (e != OK)
            pause_after(m, &op, e, &said);
        if (time_mono() - woke > WAKE_MS) {
            op_clear(&op);
            if (desk_wake(&op, m->rec, &woken) != OK)
                log_event(LOG_WARN, "desk.wake.failed", "error=%s", err_row(op.fault.code)->name);
            woke = time_mono();
        }
        if (e == OK && n == 0)
            record_feed_wait(m->rec, m->seen, 500);
    }
    arena_free(a);
    return NULL;
}

err monitor_start(struct op *op, struct monitor *m)
{
    atomic_store(&m->stop, false);
    if (pthread_create(&m->thread, NULL, follow, m) != 0)
        return fail(op, ERR_UNAVAILABLE, "no thread for the monitor");
    m->running = true;
    if (!str_empty(config_str(m->config, "mqtt.url")))
        return intake_mqtt_start(op, m, &m->mqtt);
    return OK;
}

void monitor_stop(struct monitor *m)
{
    atomic_store(&m->stop, true);
    intake_mqtt_stop(m->mqtt);
    m->mqtt = NULL;
    if (m->running)
        pthread_join(m->thread, NULL);
    m->running = false;
}

void monitor_stats(const struct monitor *m, struct monitor_stats *ret)
{
    *ret = m->stats;
}
