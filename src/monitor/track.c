/* A patient's track: the last points of each series, their days, answers, rule state and own
 * limits. Invariant: points of a series are ordered by time and hold no doubles, so a resent
 * reading changes nothing; a day's value is that of all its readings. How a track is kept:
 * track_pack.c. */
#include "monitor/monitor_int.h"

#define MS_DAY (24 * MS_HOUR)

void track_init(struct track *t, uint64_t patient)
{
    memset(t, 0, sizeof *t);
    t->patient = patient;
    t->dry = NAN;
    for (size_t s = 0; s < SERIES_COUNT; s++) {
        t->low[s] = t->high[s] = NAN;
        for (size_t d = 0; d < DAYS_KEPT; d++)
            t->days[s].value[d] = NAN;
    }
}

int32_t track_day(const struct track *t, int64_t at)
{
    struct time_local l;
    if (!t->zone[0] || !time_to_local(at, str_of(t->zone), &l))
        return (int32_t)(at / MS_DAY);
    return (int32_t)time_days_from_civil(l.year, (unsigned)l.month, (unsigned)l.day);
}

int64_t track_day_start(const struct track *t, int64_t at)
{
    struct time_local l;
    int64_t ms;
    if (!t->zone[0] || !time_to_local(at, str_of(t->zone), &l))
        return at - at % MS_DAY;
    l.hour = l.minute = l.second = 0;
    return time_from_local(&l, str_of(t->zone), &ms) ? ms : at - at % MS_DAY;
}

/* So that `day` has its place; false when it is older than all that are kept. */
static bool days_reach(struct day_row *row, int32_t day, size_t *ret)
{
    if (row->newest == 0)
        row->newest = day;
    int32_t by = day - row->newest;
    if (by <= -DAYS_KEPT)
        return false;
    for (size_t d = 0; by > 0 && d < DAYS_KEPT; d++) {
        size_t from = d + (size_t)by;
        row->n[d] = from < DAYS_KEPT ? row->n[from] : 0;
        row->value[d] = from < DAYS_KEPT ? row->value[from] : NAN;
    }
    if (by > 0)
        row->newest = day;
    *ret = (size_t)(DAYS_KEPT - 1 + (by < 0 ? by : 0));
    return true;
}

static void day_add(struct track *t, int series, const struct point *p)
{
    size_t d;
    struct day_row *row = &t->days[series];
    enum day_kind kind = MONITOR_SERIES[series].day;
    if (kind == DAY_NONE || p->at < MS_DAY || !days_reach(row, track_day(t, p->at), &d) ||
        row->n[d] == UINT8_MAX)
        return;
    double n = row->n[d]++;
    double had = n > 0 ? row->value[d] : 0;
    row->value[d] = kind == DAY_SUM ? had + p->value : (had * n + p->value) / (n + 1);
}

static void day_take_back(struct track *t, int series, const struct point *p)
{
    struct day_row *row = &t->days[series];
    int32_t back = row->newest - track_day(t, p->at);
    if (row->newest == 0 || back < 0 || back >= DAYS_KEPT)
        return;
    size_t d = (size_t)(DAYS_KEPT - 1 - back);
    if (row->n[d] == 0)
        return;
    double n = row->n[d]--;
    if (row->n[d] == 0)
        row->value[d] = NAN;
    else if (MONITOR_SERIES[series].day == DAY_SUM)
        row->value[d] -= p->value;
    else
        row->value[d] = (row->value[d] * n - p->value) / (n - 1);
}

static void cgm_add(struct track *t, const struct point *p)
{
    int32_t day = track_day(t, p->at);
    if (p->at < MS_DAY)
        return;
    size_t d = (size_t)day % CGM_DAYS;
    if (t->cgm_day[d] > day)
        return; /* older than the fortnight */
    if (t->cgm_day[d] < day) {
        t->cgm_day[d] = day;
        t->cgm[d] = (struct cgm_tally){0};
    }
    cgm_count(&t->cgm[d], p->value);
}

/* What was kept is rounded. */
static bool is_double(const struct track *t, int series, const struct point *p, int before)
{
    const struct point *at = t->points[series];
    for (int k = before - 1; k >= 0 && at[k].at == p->at; k--)
        if (fabs(at[k].value - p->value) < 1 / TRACK_SCALE)
            return true;
    return false;
}

int track_add(struct track *t, int series, struct point p)
{
    struct point *at = t->points[series];
    int i = t->n[series];
    while (i > 0 && at[i - 1].at > p.at)
        i--;
    if (is_double(t, series, &p, i))
        return -1;
    day_add(t, series, &p);
    if (series == SERIES_CGM)
        cgm_add(t, &p);
    int n = t->n[series], old = 0;
    if (n > 0 && at[n - 1].at - p.at > POINTS_MS)
        return -1; /* its day is counted; the point is charted only */
    if (n == POINTS_MAX && i == 0)
        return -1;
    while (old < i && (p.at - at[old].at > POINTS_MS || n - old == POINTS_MAX))
        old++;
    if (old) {
        memmove(at, at + old, (size_t)(n - old) * sizeof *at);
        n -= old;
        i -= old;
    }
    memmove(at + i + 1, at + i, (size_t)(n - i) * sizeof *at);
    t->n[series] = (uint8_t)(n + 1);
    at[i] = p;
    return i;
}

void track_over(struct track *t, int64_t at, int by)
{
    struct over_row *row = &t->over;
    int32_t hour = (int32_t)(at / MS_HOUR), ahead = row->newest ? hour - row->newest : 0;
    if (at < MS_DAY || ahead <= -OVER_HOURS)
        return;
    if (!row->newest || ahead > 0) {
        size_t gone = ahead < OVER_HOURS ? (size_t)ahead : OVER_HOURS;
        memmove(row->n, row->n + gone, (OVER_HOURS - gone) * sizeof *row->n);
        memset(row->n + OVER_HOURS - gone, 0, gone * sizeof *row->n);
        row->newest = hour;
        ahead = 0;
    }
    uint16_t *n = &row->n[OVER_HOURS - 1 + ahead];
    if (by > 0 ? *n < UINT16_MAX : *n > 0)
        *n = (uint16_t)(*n + by);
}

size_t over_sum(const struct over_row *row, int64_t now)
{
    int32_t ago = row->newest ? (int32_t)(now / MS_HOUR) - row->newest : OVER_HOURS;
    size_t sum = 0;
    for (int32_t h = ago > 0 ? ago : 0; h < OVER_HOURS; h++)
        sum += row->n[h];
    return sum;
}

/* A pair of pressures is one reading. */
static bool over_before(const struct track *t, int series, const struct point *p)
{
    for (int s = 0; s < series; s++)
        for (uint8_t i = 0; i < t->n[s]; i++)
            if (t->points[s][i].rid == p->rid && t->points[s][i].at == p->at &&
                eval_beyond(t, s, t->points[s][i].value))
                return true;
    return false;
}

/* What was beyond a limit is over it no more. */
static void over_take_back(struct track *t, uint64_t rid)
{
    for (int s = 0; s < (int)SERIES_COUNT; s++)
        for (uint8_t i = 0; MONITOR_SERIES[s].codes[0] && i < t->n[s]; i++) {
            const struct point *p = &t->points[s][i];
            if (p->rid == rid && eval_beyond(t, s, p->value) && !over_before(t, s, p))
                track_over(t, p->at, -1);
        }
}

void track_forget(struct track *t, uint64_t rid)
{
    over_take_back(t, rid);
    for (int s = 0; s < (int)SERIES_COUNT; s++) {
        uint8_t kept = 0;
        for (uint8_t i = 0; i < t->n[s]; i++)
            if (t->points[s][i].rid != rid)
                t->points[s][kept++] = t->points[s][i];
            else
                day_take_back(t, s, &t->points[s][i]);
        t->n[s] = kept;
    }
}

void track_move(struct track *t, str zone)
{
    if (zone.n >= sizeof t->zone || str_eq(zone, str_of(t->zone)))
        return;
    for (int s = 0; s < (int)SERIES_COUNT; s++)
        for (uint8_t i = 0; i < t->n[s]; i++)
            day_take_back(t, s, &t->points[s][i]);
    memset(t->zone, 0, sizeof t->zone);
    if (zone.n)
        memcpy(t->zone, zone.p, zone.n);
    for (int s = 0; s < (int)SERIES_COUNT; s++)
        for (uint8_t i = 0; i < t->n[s]; i++)
            day_add(t, s, &t->points[s][i]);
}

const double *track_days(const struct track *t, int series, int64_t at, size_t *ret_n)
{
    const struct day_row *row = &t->days[series];
    int32_t back = row->newest - track_day(t, at);
    *ret_n = row->newest == 0 || back < 0 || back >= DAYS_KEPT ? 0 : (size_t)(DAYS_KEPT - back);
    return row->value;
}
