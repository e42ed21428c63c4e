/* What only the clock can tell: who has gone silent. After a start the kept tracks are read into
 * the cache, a slice at a time between steps, so that silence of before is heard as well.
 * Invariant: a finding of silence moves with its track and case in one transaction, like any other.
 */
#include "monitor/monitor_int.h"

#include "base/log.h"
#include "record/jobs.h"

#define SLICE 2000 /* kept values looked at in one call */
#define DUE_MAX 256
#define WALK_MS MS_HOUR /* how often those whom the cache let go of are looked after */

static err load_slice(struct op *op, struct monitor *m)
{
    struct record_named *rows;
    size_t n;
    str at = str_make(m->load_at, m->load_n);
    TRY(record_kv_page(op, m->rec, STR("mon/"), &at, SLICE, &rows, &n));
    struct track *t = arena_alloc(op->arena, sizeof *t);
    if (!t)
        return op_check(op);
    for (size_t i = 0; i < n; i++) {
        struct findings none = {0};
        int64_t due;
        if (!track_read(rows[i].value, t) || !str_empty(track_cache_get(&m->cache, t->patient)))
            continue;
        monitor_eval_time(t, (struct listened){op->now, &m->away}, &none, &due);
        track_cache_put(&m->cache, t->patient, rows[i].value, none.n ? op->now : due);
        round_put(&m->round, t);
    }
    m->load_n = at.n < sizeof m->load_at ? at.n : 0;
    if (m->load_n)
        memcpy(m->load_at, at.p, m->load_n);
    m->loaded = m->load_n == 0;
    if (m->loaded)
        round_loaded(&m->round);
    return OK;
}

static err look(struct op *op, struct monitor *m, bool *ret_more)
{
    uint64_t due[DUE_MAX];
    struct step st = {.op = op, .m = m};
    size_t n = track_cache_due(&m->cache, op->now, due, DUE_MAX);
    *ret_more = n == DUE_MAX;
    for (size_t i = 0; i < n; i++) {
        struct seen *s;
        int64_t next;
        TRY(step_seen(&st, due[i], &s));
        if (s)
            monitor_eval_time(s->track, (struct listened){op->now, &m->away}, s->findings, &next);
        else { /* there is nobody any more */
            track_cache_drop(&m->cache, due[i]);
            round_drop(&m->round, due[i]);
        }
    }
    return n ? step_commit(&st, m->cursor) : OK;
}

/* A start is a sign of life, whether the broker is there or not. */
static bool hears(const struct monitor *m)
{
    return !m->mqtt || time_mono() - m->since < MONITOR_HEARD_MS || intake_mqtt_hears(m->mqtt);
}

err monitor_clock(struct op *op, struct monitor *m, bool *ret_more)
{
    op->actor = identity_system();
    *ret_more = false;
    TRY(desk_away_beat(op, m->rec, hears(m), &m->away));
    if (m->loaded && m->cache.lost && time_mono() - m->walked >= WALK_MS)
        m->loaded = false;
    if (m->loaded) /* before the first step there is nobody to look after */
        return m->cursor_known && m->cursor ? look(op, m, ret_more) : OK;
    if (m->load_n == 0)
        m->cache.lost = 0;
    TRY(load_slice(op, m));
    *ret_more = true;
    m->walked = time_mono();
    if (m->loaded)
        log_event(LOG_INFO, "monitor.loaded", "patients=%zu bytes=%zu", m->cache.held,
                  m->cache.bytes);
    return OK;
}
