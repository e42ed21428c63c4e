/* Control charts over one patient's days. Invariant: a day is judged by days before it only, and by
 * none when there are too few. */
#include "vitals/control.h"

#include "vitals/spread.h"

const struct control_row CONTROL_ROWS[CONTROL_METHODS] = {
    [CONTROL_ROBUST_Z] = {"robust_z", 28, 1, 14, 3.0, 0,
                          "Iglewicz and Hoaglin 1993: beyond 3 to 3.5; 28 days: Moazeni 2023, "
                          "Eur Heart J Digit Health 4:455"},
    [CONTROL_EWMA] = {"ewma", 28, 7, 14, 0.2, 2.7,
                      "Roberts 1959, Lucas and Saccucci 1990: lambda 0.2, width 2.7"},
    [CONTROL_CUSUM] = {"cusum", 28, 7, 14, 0.5, 4, "Page 1954; Montgomery: k 0.5, h 4 sigma"},
    [CONTROL_MACD] = {"macd", 28, 7, 14, 0.75, 0,
                      "Zhang 2009, Eur J Heart Fail 11:420; spans 7 and 28 days and 0.75 kg are "
                      "design defaults: the published ones were not found"},
    [CONTROL_SPC] = {"spc", 28, 7, 14, 0, 0, "Western Electric 1956; Nelson 1984"},
    [CONTROL_BAND] = {"band", BAND_FROM - BAND_TO + 1, BAND_TO - 1, BAND_MIN, 0, 0,
                      "10th to 90th percentile of days -31 to -4"},
};

double ewma_next(double z, double x, double lambda)
{
    return lambda * x + (1 - lambda) * z;
}

double ewma_limit(double sigma, double lambda, double width, unsigned t)
{
    double settled = t ? 1 - pow(1 - lambda, 2.0 * t) : 1;
    return width * sigma * sqrt(lambda / (2 - lambda) * settled);
}

struct cusum cusum_next(struct cusum s, double x, double mean, double k)
{
    return (struct cusum){fmax(0, s.high + x - mean - k), fmax(0, s.low + mean - k - x)};
}

double ema_of(const double *x, size_t n, unsigned days)
{
    double alpha = 2.0 / (days + 1), z = NAN;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]))
            z = isnan(z) ? x[i] : ewma_next(z, x[i], alpha);
    return z;
}

/* Of the last `of` values, are at least `need` beyond `sigmas` on one side? */
static bool zone(const double *z, size_t n, size_t of, size_t need, double sigmas)
{
    size_t up = 0, down = 0;
    if (n < of)
        return false;
    for (size_t i = n - of; i < n; i++) {
        up += z[i] > sigmas;
        down += z[i] < -sigmas;
    }
    return (up >= need && z[n - 1] > sigmas) || (down >= need && z[n - 1] < -sigmas);
}

static bool all_within(const double *z, size_t n, size_t of, double sigmas, bool inside)
{
    if (n < of)
        return false;
    for (size_t i = n - of; i < n; i++)
        if ((fabs(z[i]) < sigmas) != inside)
            return false;
    return true;
}

/* Six in a row that rise (or fall) without a stop. */
static bool trend(const double *z, size_t n)
{
    size_t up = 0, down = 0;
    if (n < 6)
        return false;
    for (size_t i = n - 5; i < n; i++) {
        up += z[i] > z[i - 1];
        down += z[i] < z[i - 1];
    }
    return up == 5 || down == 5;
}

/* Fourteen in a row that go up and down by turns. */
static bool saw(const double *z, size_t n)
{
    if (n < 14)
        return false;
    for (size_t i = n - 12; i < n; i++)
        if ((z[i] - z[i - 1]) * (z[i - 1] - z[i - 2]) >= 0)
            return false;
    return true;
}

unsigned spc_rules(const double *z, size_t n)
{
    if (n == 0)
        return 0;
    const bool holds[] = {
        zone(z, n, 1, 1, 3),           /* 1: one beyond three sigmas */
        zone(z, n, 9, 9, 0),           /* 2: nine on one side */
        trend(z, n),                   /* 3 */
        saw(z, n),                     /* 4 */
        zone(z, n, 3, 2, 2),           /* 5: two of three beyond two */
        zone(z, n, 5, 4, 1),           /* 6: four of five beyond one */
        all_within(z, n, 15, 1, true), /* 7: fifteen within one */
        all_within(z, n, 8, 1, false), /* 8: eight beyond one, either side */
    };
    unsigned bits = 0;
    for (unsigned i = 0; i < sizeof holds / sizeof holds[0]; i++)
        bits |= holds[i] ? 1u << i : 0;
    if (holds[0] || holds[4] || holds[5] || zone(z, n, 8, 8, 0))
        bits |= WESTERN_ELECTRIC;
    return bits;
}

struct ask {
    const struct control_row *row;
    const double *base, *recent;
    size_t n_base, n_recent;
    double limit;
};

static struct control judge_z(const struct ask *q)
{
    struct spread s = spread_robust(q->base, q->n_base);
    double z = spread_z(&s, q->recent[0]), limit = isnan(q->limit) ? q->row->a : q->limit;
    return (struct control){!isnan(z), z > limit, z < -limit, z, s.median};
}

static struct control judge_ewma(const struct ask *q, const struct spread_classic *s)
{
    double z = s->mean, width = isnan(q->limit) ? q->row->b : q->limit;
    unsigned t = 0;
    for (size_t i = 0; i < q->n_recent; i++)
        if (!isnan(q->recent[i])) {
            z = ewma_next(z, q->recent[i], q->row->a);
            t++;
        }
    double half = ewma_limit(s->sigma, q->row->a, width, t);
    return (struct control){true, z > s->mean + half, z < s->mean - half,
                            (z - s->mean) / (half / width), s->mean};
}

static struct control judge_cusum(const struct ask *q, const struct spread_classic *s)
{
    struct cusum sum = {0};
    double h = isnan(q->limit) ? q->row->b : q->limit;
    for (size_t i = 0; i < q->n_recent; i++)
        if (!isnan(q->recent[i]))
            sum = cusum_next(sum, q->recent[i], s->mean, q->row->a * s->sigma);
    double high = sum.high / s->sigma, low = sum.low / s->sigma;
    return (struct control){true, high > h, low > h, high > low ? high : -low, s->mean};
}

static struct control judge_spc(const struct ask *q, const struct spread_classic *s)
{
    double z[64], last = NAN;
    size_t n = 0;
    for (size_t i = 0; i < q->n_recent && n < sizeof z / sizeof z[0]; i++)
        if (!isnan(q->recent[i]))
            z[n++] = last = (q->recent[i] - s->mean) / s->sigma;
    bool out = (spc_rules(z, n) & WESTERN_ELECTRIC) != 0;
    return (struct control){true, out && last > 0, out && last < 0, last, s->mean};
}

/* A drift: the median of the recent days outside the band, as far as the unit of x goes. */
static struct control judge_band(const double *day, size_t n)
{
    struct band b = band_of(day, n);
    double now = spread_median(day + (n > 7 ? n - 7 : 0), n > 7 ? 7 : n);
    if (!b.known || isnan(now))
        return (struct control){0};
    double off = now > b.high ? now - b.high : now < b.low ? now - b.low : 0;
    return (struct control){true, off > 0, off < 0, off, b.median};
}

static struct control judge_macd(const double *day, size_t n, double limit)
{
    const struct control_row *row = &CONTROL_ROWS[CONTROL_MACD];
    double slow = ema_of(day, n, row->baseline_days);
    double score = ema_of(day, n, row->recent_days) - slow;
    double at = isnan(limit) ? row->a : limit;
    return (struct control){true, score > at, score < -at, score, slow};
}

static size_t known(const double *x, size_t n)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        m += isnan(x[i]) ? 0 : 1;
    return m;
}

struct control control_judge(enum control_method m, const double *day, size_t n, double limit)
{
    struct control none = {0};
    const struct control_row *row = &CONTROL_ROWS[m];
    if (n == 0 || isnan(day[n - 1]))
        return none;
    size_t recent = row->recent_days < n ? row->recent_days : n;
    size_t base = row->baseline_days < n - recent ? row->baseline_days : n - recent;
    struct ask q = {row, day + n - recent - base, day + n - recent, base, recent, limit};
    if (known(q.base, q.n_base) < row->min_points)
        return none;
    if (m == CONTROL_MACD)
        return judge_macd(q.base, base + recent, limit);
    if (m == CONTROL_BAND)
        return judge_band(day, n);
    if (m == CONTROL_ROBUST_Z)
        return judge_z(&q);
    struct spread_classic s = spread_mean(q.base, q.n_base);
    if (!(s.sigma > 0))
        return none;
    if (m == CONTROL_EWMA)
        return judge_ewma(&q, &s);
    return m == CONTROL_CUSUM ? judge_cusum(&q, &s) : judge_spc(&q, &s);
}
