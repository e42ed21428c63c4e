/* Rules that silence brings: a sensor that went quiet, days without what was expected. Pure: the
 * time is told. Invariant: silence begins with a reading; who never sent anything is not silent,
 * and while the house was away nobody was. Of rules of days, only the longest that holds speaks. */
#include "monitor/monitor_int.h"

#define MS_DAY (24 * MS_HOUR)
#define GRACE_MS (2 * MS_HOUR) /* after the usual hour */
#define STALE_ENDS_MS MS_DAY   /* a sensor quiet for longer is off, and days speak */
#define SILENT_DAYS 30         /* then it is for the programme to end it */

static uint32_t expected(const struct track *t)
{
    uint32_t series = 0;
    for (size_t p = 0; p < MONITOR_PROGRAMME_COUNT; p++)
        if (t->programmes >> p & 1)
            series |= MONITOR_PROGRAMMES[p].expects;
    return series;
}

/* The newest reading of any of the series; -1 for none. */
static int newest_of(const struct track *t, uint32_t series)
{
    int best = -1;
    for (int s = 0; s < (int)SERIES_COUNT; s++)
        if (series >> s & 1 && t->n[s] &&
            (best < 0 || t->points[s][t->n[s] - 1].at > t->points[best][t->n[best] - 1].at))
            best = s;
    return best;
}

/* Days of the last `days` with a reading of any of the series; false while fewer have passed since
 * the first. */
static bool days_with(const struct track *t, uint32_t series, int64_t now, int days, int *ret)
{
    int32_t today = track_day(t, now), first = today;
    uint64_t seen = 0;
    for (int s = 0; s < (int)SERIES_COUNT; s++)
        for (int d = 0; series >> s & 1 && d < DAYS_KEPT; d++) {
            int32_t day = t->days[s].newest - (DAYS_KEPT - 1 - d);
            if (t->days[s].n[d] == 0)
                continue;
            first = day < first ? day : first;
            if (day > today - days && day <= today)
                seen |= UINT64_C(1) << (today - day);
        }
    *ret = __builtin_popcountll(seen);
    return today - first >= days;
}

struct silence {
    int series;
    struct point last;
    int64_t now, away; /* away: ms since the last reading that nobody listened */
};

static int64_t due_of(const struct monitor_rule *r, const struct silence *s)
{
    int64_t heard = s->last.at + s->away;
    if (r->kind == RULE_STALE)
        return heard + r->for_min * MS_MINUTE;
    if (r->kind == RULE_MISSED)
        return heard + r->days * MS_DAY + GRACE_MS;
    int64_t days = (s->now - heard - GRACE_MS) / MS_DAY; /* a share can only fall by a day */
    return heard + (days > 1 ? days : 1) * MS_DAY + GRACE_MS;
}

static bool holds(const struct track *t, const struct monitor_rule *r, const struct silence *s,
                  struct finding *f)
{
    int days, listened = r->baseline_days - (int)(s->away / MS_DAY);
    int64_t whole = (s->now - s->last.at) / (r->kind == RULE_STALE ? MS_MINUTE : MS_DAY);
    f->value = (double)whole;
    f->limit = r->kind == RULE_STALE ? r->for_min : r->days;
    if (r->kind != RULE_ADHERENCE)
        return r->kind == RULE_MISSED || s->now - s->last.at - s->away < STALE_ENDS_MS;
    if (!days_with(t, expected(t), s->now, r->baseline_days, &days))
        return false;
    f->value = days;
    f->limit = r->baseline_days;
    return days < r->by * listened;
}

static bool silence_of(const struct track *t, const struct monitor_rule *r, struct listened at,
                       struct silence *ret)
{
    int series = newest_of(t, r->kind == RULE_STALE ? 1u << r->series : expected(t));
    if (series < 0)
        return false;
    struct point last = t->points[series][t->n[series] - 1];
    *ret = (struct silence){series, last, at.now, desk_away_in(at.away, last.at, at.now)};
    return at.now - last.at < SILENT_DAYS * MS_DAY;
}

void monitor_eval_time(struct track *t, struct listened at, struct findings *ret, int64_t *ret_next)
{
    int64_t now = at.now;
    struct finding missed = {.rule = -1};
    *ret_next = INT64_MAX;
    for (uint64_t left = RULES_TIMED; left; left &= left - 1) {
        int rule = __builtin_ctzll(left);
        const struct monitor_rule *r = &MONITOR_RULES[rule];
        struct silence s;
        if (!eval_is_for(r, t) || !silence_of(t, r, at, &s))
            continue;
        int64_t due = due_of(r, &s);
        int64_t again = due > now ? due : r->kind == RULE_ADHERENCE ? due + MS_DAY : INT64_MAX;
        *ret_next = again < *ret_next ? again : *ret_next;
        struct finding f = {.rule = rule,
                            .series = s.series,
                            .symptom = -1,
                            .run = 1,
                            .at = now,
                            .rid = s.last.rid};
        if (due > now)
            continue;
        if (r->kind == RULE_MISSED) /* rows are in the order of their days */
            missed.rule = -1;
        if (t->rules[rule].raised || !holds(t, r, &s, &f))
            continue;
        if (r->kind == RULE_MISSED)
            missed = f;
        else
            eval_push(t, &f, ret);
    }
    if (missed.rule >= 0)
        eval_push(t, &missed, ret);
    ask_eval_time(t, now, ret, ret_next);
}
