/* Tallies of glucose readings and what follows from them. Invariant: a tally of days is the tally
 * of all their readings. */
#include "vitals/cgm.h"

#include "vitals/spread.h"

enum cgm_range cgm_range_of(double v)
{
    if (v < 54)
        return CGM_VERY_LOW;
    if (v < 70)
        return CGM_LOW;
    if (v <= 180)
        return CGM_IN_RANGE;
    return v <= 250 ? CGM_HIGH : CGM_VERY_HIGH;
}

void cgm_count(struct cgm_tally *t, double v)
{
    t->n[cgm_range_of(v)]++;
    t->sum += v;
    t->squares += v * v;
}

void cgm_merge(struct cgm_tally *t, const struct cgm_tally *more)
{
    for (int r = 0; r < CGM_RANGES; r++)
        t->n[r] += more->n[r];
    t->sum += more->sum;
    t->squares += more->squares;
}

static char zone_of(double gri)
{
    int past = gri <= 20 ? 0 : (int)ceil(gri / 20) - 1;
    return (char)('A' + (past > 4 ? 4 : past));
}

struct cgm_metrics cgm_metrics_of(const struct cgm_tally *t)
{
    struct cgm_metrics m = {.mean = NAN, .sd = NAN, .cv = NAN, .gmi = NAN, .gri = NAN, .zone = '?'};
    for (int r = 0; r < CGM_RANGES; r++)
        m.n += t->n[r];
    double n = m.n;
    for (int r = 0; r < CGM_RANGES; r++)
        m.percent[r] = m.n ? 100.0 * t->n[r] / n : NAN;
    if (m.n == 0)
        return m;
    m.mean = t->sum / n;
    if (m.n > 1)
        m.sd = sqrt(fmax(0, (t->squares - n * m.mean * m.mean) / (n - 1)));
    m.cv = 100 * m.sd / m.mean;
    m.gmi = 3.31 + 0.02392 * m.mean;
    m.gri = fmin(100, 3.0 * m.percent[CGM_VERY_LOW] + 2.4 * m.percent[CGM_LOW] +
                          1.6 * m.percent[CGM_VERY_HIGH] + 0.8 * m.percent[CGM_HIGH]);
    m.zone = zone_of(m.gri);
    return m;
}

struct episode { /* at: where the stretch beyond, or back, began; -1 none */
    int64_t beyond, back, last;
    bool open;
};

static void end_episode(struct cgm_episodes *ret, struct episode *e, int64_t at)
{
    if (e->open) {
        double minutes = (double)(at - e->beyond) / 60000.0;
        ret->n++;
        ret->minutes += minutes;
        ret->prolonged += minutes >= CGM_PROLONGED_MIN;
    }
    *e = (struct episode){.beyond = -1, .back = -1, .last = e->last};
}

struct cgm_episodes cgm_episodes_of(const struct cgm_point *p, size_t n, double limit, bool above)
{
    const int64_t need = CGM_EPISODE_MIN * INT64_C(60000), gap = CGM_GAP_MIN * INT64_C(60000);
    struct cgm_episodes ret = {0};
    struct episode e = {.beyond = -1, .back = -1};
    for (size_t i = 0; i < n; i++) {
        if (i && p[i].at - e.last > gap)
            end_episode(&ret, &e, e.back >= 0 ? e.back : e.last);
        e.last = p[i].at;
        if (above ? p[i].mg_dl > limit : p[i].mg_dl < limit) {
            e.beyond = e.beyond < 0 ? p[i].at : e.beyond;
            e.back = -1;
            e.open |= p[i].at - e.beyond >= need;
            continue;
        }
        e.back = e.back < 0 ? p[i].at : e.back;
        if (!e.open)
            e.beyond = -1;
        else if (p[i].at - e.back >= need)
            end_episode(&ret, &e, e.back);
    }
    end_episode(&ret, &e, e.back >= 0 ? e.back : e.last);
    return ret;
}

double cgm_captured(const struct cgm_point *p, size_t n, int64_t from, int64_t to,
                    double interval_min)
{
    size_t seen = 0;
    for (size_t i = 0; i < n; i++)
        seen += p[i].at >= from && p[i].at < to;
    double due = (double)(to - from) / 60000.0 / interval_min;
    return due > 0 ? fmin(100, 100.0 * (double)seen / due) : NAN;
}

static size_t bin_of(int64_t at, int offset_min)
{
    const int64_t day = 24 * 60;
    int64_t minute = (at / 60000 + offset_min) % day;
    return (size_t)((minute < 0 ? minute + day : minute) / (day / AGP_BINS));
}

void agp_of(const struct cgm_point *p, size_t n, int offset_min, struct agp_bin ret[AGP_BINS])
{
    static const double line[AGP_LINES] = {0.05, 0.25, 0.5, 0.75, 0.95};
    for (size_t b = 0; b < AGP_BINS; b++) {
        double v[SPREAD_MAX];
        size_t m = 0;
        for (size_t i = 0; i < n && m < SPREAD_MAX; i++)
            if (bin_of(p[i].at, offset_min) == b)
                v[m++] = p[i].mg_dl;
        spread_sort(v, m);
        ret[b].n = (uint32_t)m;
        for (int k = 0; k < AGP_LINES; k++)
            ret[b].line[k] = spread_quantile(v, m, line[k]);
    }
}
