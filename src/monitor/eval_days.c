/* Rules over a patient's days and over pairs of readings: means, changes from the usual, control
 * charts, ratios, rates and counts. Pure. Invariant: a reading is judged by days before its own,
 * and by none when too few are known. */
#include "monitor/monitor_int.h"
#include "vitals/spread.h"

#define USUAL_MIN 7              /* days without which nobody knows what is usual */
#define RATE_MS (15 * MS_MINUTE) /* readings further apart have no rate */

struct days {
    const double *at; /* [n - 1] is the day of the reading */
    size_t n;
};

static struct days days_of(const struct eval_ask *q)
{
    struct days d;
    d.at = track_days(q->t, q->series, q->t->points[q->series][q->i].at, &d.n);
    return d;
}

static size_t known(const double *x, size_t n)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        m += isnan(x[i]) ? 0 : 1;
    return m;
}

/* The median of `count` days that end before the last `skip`. */
static bool usual(const struct days *d, size_t skip, size_t count, double *ret)
{
    if (d->n <= skip)
        return false;
    size_t end = d->n - skip, from = end > count ? end - count : 0;
    if (known(d->at + from, end - from) < USUAL_MIN)
        return false;
    *ret = spread_median(d->at + from, end - from);
    return true;
}

/* The mean of all readings of the last `days` days; sums count a day once. */
static double mean_of(const struct track *t, int series, const struct days *d, size_t days,
                      size_t *ret_n)
{
    const uint8_t *n = t->days[series].n;
    bool sums = MONITOR_SERIES[series].day == DAY_SUM;
    double sum = 0;
    size_t count = 0;
    for (size_t k = d->n > days ? d->n - days : 0; k < d->n; k++)
        if (!isnan(d->at[k])) {
            size_t weight = sums ? 1 : n[k];
            sum += d->at[k] * (double)weight;
            count += weight;
        }
    *ret_n = count;
    return count ? sum / (double)count : NAN;
}

static bool mean_beyond(const struct eval_ask *q, struct finding *f)
{
    struct days d = days_of(q);
    size_t n;
    double mean = mean_of(q->t, q->series, &d, (size_t)(q->r->window_h / 24), &n);
    if (n < (size_t)q->r->min_readings)
        return false;
    for (int k = 0; q->clear && k < q->r->n_clear; k++)
        if (q->r->clear[k].series == q->series)
            return !eval_inside(&q->r->clear[k], mean);
    for (int k = 0; k < q->r->n_tests; k++) {
        const struct rule_test *test = &q->r->tests[k];
        if (test->series != q->series || !eval_inside(test, mean))
            continue;
        f->value = mean;
        f->above = !test->low;
        f->limit = f->above ? test->lo : test->hi;
        return true;
    }
    return false;
}

static bool is_past(double delta, double by)
{
    return by > 0 ? delta >= by - 1e-9 : delta <= by + 1e-9;
}

static double clear_by(const struct eval_ask *q)
{
    const struct monitor_rule *r = q->r;
    return q->clear && r->clear_by > 0 ? copysign(r->clear_by, r->by) : r->by;
}

/* Is the value beyond the usual, and were the days before, as many as the rule asks? */
static bool off_usual(const struct eval_ask *q, struct finding *f)
{
    const struct point *pts = q->t->points[q->series];
    struct days d = days_of(q);
    double by = clear_by(q);
    size_t days = q->r->days > 1 && !q->clear ? (size_t)q->r->days : 1, seen = 1;
    if (!isnan(q->r->by > 0 ? q->t->high[q->series] : q->t->low[q->series]))
        return false; /* the clinician's own limit of that side is what counts */
    bool dry = q->r->dry && !isnan(q->t->dry);
    if (dry)
        f->from = q->t->dry;
    if ((!dry && !usual(&d, days, (size_t)q->r->baseline_days, &f->from)) ||
        !is_past(pts[q->i].value - f->from, by))
        return false;
    for (size_t back = 2; seen < days && back <= days + 2 && back <= d.n; back++) {
        double v = d.at[d.n - back];
        if (isnan(v))
            continue; /* a day without a reading says nothing */
        if (!is_past(v - f->from, by))
            return false;
        seen++;
    }
    f->run = 0;
    while (q->i - f->run >= 0 && is_past(pts[q->i - f->run].value - f->from, by))
        f->run++;
    f->value = pts[q->i].value;
    f->limit = q->r->by;
    f->above = q->r->by > 0;
    return seen == days;
}

static bool judged(const struct monitor_rule *r, const struct days *d, double limit,
                   struct control *ret)
{
    *ret = control_judge(r->method, d->at, d->n, limit);
    return ret->known &&
           ((ret->above && r->side != SIDE_LOW) || (ret->below && r->side != SIDE_HIGH));
}

static bool chart_out(const struct eval_ask *q, struct finding *f)
{
    struct days d = days_of(q), before = d;
    struct control c, ignored;
    double limit = clear_by(q);
    if (!judged(q->r, &d, limit, &c))
        return false;
    for (int seen = 1; seen < q->r->days && !q->clear; seen++) {
        do {
            if (before.n < 2 || d.n - --before.n > (size_t)q->r->days + 1)
                return false;
        } while (isnan(before.at[before.n - 1]));
        if (!judged(q->r, &before, limit, &ignored))
            return false;
    }
    f->value = d.at[d.n - 1];
    f->from = c.usual;
    f->limit = q->r->by;
    f->above = c.above;
    return true;
}

/* Today is not over: the days before it are what is compared. */
static bool ratio_under(const struct eval_ask *q, struct finding *f)
{
    struct days d = days_of(q);
    size_t days = (size_t)(q->r->window_h / 24), n;
    if (d.n == 0 || !usual(&d, days + 1, (size_t)q->r->baseline_days, &f->from) || f->from <= 0)
        return false;
    struct days before = {d.at, d.n - 1};
    f->value = mean_of(q->t, q->series, &before, days, &n);
    f->limit = q->r->by;
    return n > 0 && f->value <= f->from * clear_by(q);
}

static bool rate_past(const struct eval_ask *q, struct finding *f)
{
    const struct point *pts = q->t->points[q->series];
    int64_t gap = q->i > 0 ? pts[q->i].at - pts[q->i - 1].at : 0;
    if (gap <= 0 || gap > RATE_MS)
        return false;
    f->from = pts[q->i - 1].value;
    f->value = pts[q->i].value;
    f->limit = q->r->by;
    f->above = q->r->by > 0;
    return is_past((f->value - f->from) / ((double)gap / (double)MS_MINUTE), q->r->by);
}

static bool count_reached(const struct eval_ask *q, struct finding *f)
{
    const struct point *pts = q->t->points[q->series];
    int64_t since = pts[q->i].at - (int64_t)(q->r->window_h * (double)MS_HOUR);
    int n = 0;
    while (n <= q->i && pts[q->i - n].at > since)
        n++;
    f->value = n;
    f->limit = q->r->count;
    return n >= q->r->count;
}

bool eval_is_days(const struct monitor_rule *r)
{
    return r->kind == RULE_MEAN || (r->kind >= RULE_BASELINE && r->kind <= RULE_REPEATS);
}

bool eval_days(const struct eval_ask *q, struct finding *ret)
{
    if (q->r->kind == RULE_MEAN)
        return mean_beyond(q, ret);
    if (q->r->kind == RULE_BASELINE)
        return off_usual(q, ret);
    if (q->r->kind == RULE_METHOD)
        return chart_out(q, ret);
    if (q->r->kind == RULE_RATIO)
        return ratio_under(q, ret);
    return q->r->kind == RULE_RATE ? rate_past(q, ret) : count_reached(q, ret);
}
