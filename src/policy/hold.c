/* When a hold ends: the latest of its rules, moved into hours that are legal everywhere. Works on
 * instants the caller gives, never on a clock. Invariant: an end that cannot be shown is not given.
 */
#include "policy/hours_int.h"

#define STEPS_MAX 1000

/* The moment a local day of zone starts, days after the day of t. */
static bool day_start(int64_t t, str zone, int64_t days, int minute, int64_t *ret)
{
    struct time_local at;
    if (!time_to_local(t, zone, &at))
        return false;
    int y;
    unsigned m, d;
    int64_t day = time_days_from_civil(at.year, (unsigned)at.month, (unsigned)at.day) + days +
                  minute / (24 * 60);
    time_civil_from_days(day, &y, &m, &d);
    struct time_local to = {
        .year = y, .month = (int)m, .day = (int)d, .wday = (int)((day + 4) % 7)};
    to.hour = minute / 60 % 24;
    to.minute = minute % 60;
    return time_from_local(&to, zone, ret);
}

/* First instant from t on inside row in this zone. */
static bool next_open(const struct hours_row *row, str zone, int64_t guard, int64_t t, int64_t *ret)
{
    for (int64_t day = 0; day < 32; day++) {
        int64_t noon, open, close;
        struct time_local at;
        if (!day_start(t, zone, day, 12 * 60, &noon))
            return false;
        if (!time_to_local(noon, zone, &at))
            return false;
        struct span s = window_span(row, &at);
        if (s.close <= s.open)
            continue;
        if (!day_start(t, zone, day, s.open, &open))
            return false;
        if (!day_start(t, zone, day, s.close, &close))
            return false;
        if (s.close < 24 * 60)
            close -= guard;
        if (t < close) {
            *ret = t > open ? t : open;
            return true;
        }
    }
    return false;
}

bool windows_next(const struct windows *w, const struct hours_query *q, int64_t t, int64_t *ret)
{
    for (int step = 0; step < STEPS_MAX; step++) {
        int64_t before = t;
        for (size_t z = 0; z < q->n_zones; z++)
            for (size_t i = 0; i < w->n; i++)
                if (!next_open(&w->at[i], q->zones[z], w->guard, t, &t))
                    return false;
        if (t == before) {
            *ret = t;
            return true;
        }
    }
    return false;
}

static int newest_first(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x < *y) - (*x > *y);
}

/* When at most cap - 1 of the counted contacts are left in the window of that many ms. */
static bool cap_ends(const struct hours_query *q, const int64_t *newest, double cap, int64_t window,
                     int64_t *ret)
{
    if (!(cap >= 1) || cap > (double)q->n_counted)
        return false;
    int64_t end = newest[(size_t)cap - 1] + window;
    if (end <= q->now)
        return false;
    *ret = end;
    return true;
}

static bool caps_end(struct op *op, const struct rulebook *book, const struct hours_query *q,
                     size_t rule, int64_t *ret)
{
    int64_t *newest = ARENA_ARRAY(op->arena, int64_t, q->n_counted);
    if (!newest)
        return false;
    if (q->n_counted > 0) {
        memcpy(newest, q->counted, q->n_counted * sizeof *newest);
        qsort(newest, q->n_counted, sizeof *newest, newest_first);
    }
    bool any = false;
    for (size_t i = 0; i < policy_cap_count; i++) {
        const struct hold_cap *c = &policy_caps[i];
        int64_t end = 0;
        if (c->rule != rule)
            continue;
        if (cap_ends(q, newest, book->params[c->param].u.num, c->seconds * 1000, &end)) {
            *ret = any && *ret > end ? *ret : end;
            any = true;
        }
    }
    return any;
}

static bool delay_ends(const struct rulebook *book, const struct hours_query *q, size_t rule,
                       int64_t *ret)
{
    *ret = q->ready_at;
    for (size_t i = 0; i < policy_cap_count && q->ready_at == 0; i++)
        if (policy_caps[i].rule == rule) {
            double units = value_clamp(&book->params[policy_caps[i].param], 0, 1e6);
            *ret = q->now + (int64_t)units * policy_caps[i].seconds * 1000;
        }
    return *ret > q->now;
}

static bool next_day(const struct hours_query *q, int64_t *ret)
{
    *ret = q->now;
    for (size_t i = 0; i < q->n_zones; i++) {
        int64_t start;
        if (!day_start(q->now, q->zones[i], 1, 0, &start))
            return false;
        *ret = start > *ret ? start : *ret;
    }
    return q->n_zones > 0;
}

static bool rule_ends(struct op *op, const struct rulebook *book, const struct hours_query *q,
                      const struct rule *rule, int64_t *ret)
{
    size_t at = (size_t)(rule - policy_rules);
    switch (rule->hold) {
    case HOLD_NEXT_INSTANT_LEGAL_IN_ALL_ZONES:
        *ret = q->now;
        return q->n_zones > 0;
    case HOLD_NEXT_LOCAL_DAY_WINDOW_OPEN:
        return next_day(q, ret);
    case HOLD_OLDEST_COUNTED_LEAVES_WINDOW:
        return caps_end(op, book, q, at, ret);
    case HOLD_FIXED_DELAY:
    case HOLD_FIXED_DELAY_OR_SUPERVISOR:
        return delay_ends(book, q, at, ret);
    case HOLD_EXTERNAL_CHECK_DONE:
    case HOLD_METRIC_BELOW_TARGET:
    case HOLD_NAMED_REVIEWER_DECIDES:
    case HOLD_RESTRICTION_LIFTED:
        *ret = q->ready_at;
        return q->ready_at > q->now;
    case HOLD_NONE:
    case HOLD_COUNT:
        break;
    }
    return false;
}

err policy_hold_until(struct op *op, const struct rulebook *book, const struct hours_query *q,
                      struct verdict *v)
{
    v->held = false;
    if (v->decision != DECISION_HOLD_UNTIL)
        return OK;
    const struct rulebook *from = book ? book : rulebook_default();
    struct windows w;
    TRY(windows_of(op, from, q, &w));
    int64_t until = q->now, end = 0;
    for (size_t i = 0; i < v->n_fired; i++) {
        if (v->fired[i].suspended)
            continue;
        if (!rule_ends(op, from, q, v->fired[i].rule, &end))
            return op_check(op);
        until = end > until ? end : until;
    }
    if (q->n_zones > 0 && !windows_next(&w, q, until, &until))
        return op_check(op);
    v->held = true;
    v->hold_until = until;
    return OK;
}
