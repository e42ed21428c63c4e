/* Scores that follow from readings, as points of series of their own, so that limits, persistence
 * and hysteresis hold for them too: NEWS2 of what was measured in the last twelve hours, and the
 * glycemia risk index of a fortnight. Only for patients for whom a rule asks. Pure. */
#include "monitor/monitor_int.h"

#define NEWS2_MIN 3     /* fewer parts are no score; their own limits watch them */
#define GRI_DAYS_MIN 10 /* 70 % of fourteen */

const int EVAL_NEWS2_SERIES[NEWS2_PARTS] = {[NEWS2_RESPIRATION] = SERIES_RESPIRATORY_RATE,
                                            [NEWS2_SPO2] = SERIES_SPO2,
                                            [NEWS2_OXYGEN] = SERIES_OXYGEN_FLOW,
                                            [NEWS2_SYSTOLIC] = SERIES_SYSTOLIC,
                                            [NEWS2_PULSE] = SERIES_HEART_RATE,
                                            [NEWS2_CONSCIOUS] = SERIES_CONSCIOUSNESS,
                                            [NEWS2_TEMPERATURE] = SERIES_TEMPERATURE};

bool eval_asked(const struct track *t, int series)
{
    for (uint64_t left = MONITOR_SERIES[series].rules; left; left &= left - 1)
        if (eval_is_for(&MONITOR_RULES[__builtin_ctzll(left)], t))
            return true;
    return false;
}

struct news2 eval_news2(const struct track *t, int64_t at, const struct point *ret[NEWS2_PARTS])
{
    double v[NEWS2_PARTS];
    for (int p = 0; p < NEWS2_PARTS; p++) {
        const struct point *of = t->points[EVAL_NEWS2_SERIES[p]];
        int i = t->n[EVAL_NEWS2_SERIES[p]] - 1;
        while (i >= 0 && of[i].at > at)
            i--;
        ret[p] = i >= 0 && at - of[i].at < EVAL_NEWS2_MS ? &of[i] : NULL;
        v[p] = ret[p] ? ret[p]->value : NAN;
    }
    return news2_of(v, eval_scale2(t) ? 2 : 1);
}

unsigned eval_news2_missing(const struct track *t, int64_t at)
{
    const struct point *of[NEWS2_PARTS];
    struct news2 s = eval_news2(t, at, of);
    unsigned bits = 0;
    for (int p = 0; p < NEWS2_PARTS; p++)
        bits |= s.part[p] < 0 ? 1u << p : 0;
    return bits;
}

/* Instead of the newest point when that is not older than `instead`. */
static void put(struct track *t, int series, struct point p, int64_t instead, struct findings *ret)
{
    int last = t->n[series] - 1;
    if (last >= 0 && t->points[series][last].at >= instead)
        t->n[series]--;
    int i = track_add(t, series, p);
    if (i >= 0)
        monitor_eval(t, series, i, ret);
}

static void put_news2(struct track *t, const struct point *p, struct findings *ret)
{
    const struct point *of[NEWS2_PARTS];
    struct news2 s = eval_news2(t, p->at, of);
    int most = 0;
    if (s.measured < NEWS2_MIN)
        return;
    for (int k = 0; k < NEWS2_PARTS; k++)
        most = s.part[k] > most ? s.part[k] : most;
    put(t, SERIES_NEWS2, (struct point){p->at, s.total, p->rid}, p->at, ret);
    put(t, SERIES_NEWS2_SINGLE, (struct point){p->at, most, p->rid}, p->at, ret);
}

static void put_gri(struct track *t, const struct point *p, struct findings *ret)
{
    struct cgm_tally all = {0};
    int32_t today = track_day(t, p->at);
    int days = 0;
    for (size_t d = 0; d < CGM_DAYS; d++)
        if (t->cgm_day[d] > today - CGM_DAYS && t->cgm_day[d] <= today) {
            cgm_merge(&all, &t->cgm[d]);
            days++;
        }
    if (days < GRI_DAYS_MIN)
        return;
    double gri = cgm_metrics_of(&all).gri;
    put(t, SERIES_GRI, (struct point){p->at, gri, p->rid}, track_day_start(t, p->at), ret);
}

void eval_derived(struct track *t, int series, int i, struct findings *ret)
{
    const struct point p = t->points[series][i];
    if (series == SERIES_CGM && eval_asked(t, SERIES_GRI))
        put_gri(t, &p, ret);
    for (int k = 0; k < NEWS2_PARTS; k++)
        if (EVAL_NEWS2_SERIES[k] == series && eval_asked(t, SERIES_NEWS2))
            put_news2(t, &p, ret);
}
