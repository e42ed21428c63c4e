/* Quantiles, robust spread and the personal band. Invariant: nothing is said of too few values. */
#include "vitals/spread.h"

#include <stdlib.h>

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void spread_sort(double *x, size_t n)
{
    if (n > 1)
        qsort(x, n, sizeof *x, rising);
}

/* The known values of x in rising order; of more than SPREAD_MAX, the last. */
static size_t sorted(const double *x, size_t n, double ret[SPREAD_MAX])
{
    size_t m = 0;
    for (size_t i = n; i-- > 0 && m < SPREAD_MAX;)
        if (!isnan(x[i]))
            ret[m++] = x[i];
    spread_sort(ret, m);
    return m;
}

double spread_quantile(const double *x, size_t n, double p)
{
    if (n == 0)
        return NAN;
    double at = (double)(n - 1) * p;
    size_t i = (size_t)at;
    if (i + 1 >= n)
        return x[n - 1];
    return x[i] + (at - (double)i) * (x[i + 1] - x[i]);
}

double spread_median(const double *x, size_t n)
{
    double in_order[SPREAD_MAX];
    return spread_quantile(in_order, sorted(x, n, in_order), 0.5);
}

struct spread spread_robust(const double *x, size_t n)
{
    double v[SPREAD_MAX], sum = 0;
    struct spread s = {.n = sorted(x, n, v), .sigma = NAN};
    s.median = spread_quantile(v, s.n, 0.5);
    if (s.n < 2)
        return s;
    for (size_t i = 0; i < s.n; i++) {
        v[i] = fabs(v[i] - s.median);
        sum += v[i];
    }
    spread_sort(v, s.n);
    double mad = spread_quantile(v, s.n, 0.5);
    s.sigma = mad > 0 ? 1.4826 * mad : 1.2533 * sum / (double)s.n;
    if (s.sigma <= 0)
        s.sigma = NAN;
    return s;
}

double spread_z(const struct spread *s, double v)
{
    return (v - s->median) / s->sigma;
}

struct spread_classic spread_mean(const double *x, size_t n)
{
    struct spread_classic s = {.sigma = NAN};
    double off = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]))
            continue;
        s.n++;
        off = x[i] - s.mean; /* Welford: no difference of large sums */
        s.mean += off / (double)s.n;
        squares += off * (x[i] - s.mean);
    }
    if (s.n == 0)
        s.mean = NAN;
    if (s.n > 1)
        s.sigma = sqrt(squares / (double)(s.n - 1));
    return s;
}

struct band band_of(const double *day, size_t n)
{
    double v[SPREAD_MAX];
    struct band b = {.low = NAN, .high = NAN, .median = NAN};
    size_t from = n > BAND_FROM ? n - 1 - BAND_FROM : 0, to = n > BAND_TO ? n - BAND_TO : 0;
    b.n = to > from ? sorted(day + from, to - from, v) : 0;
    b.known = b.n >= BAND_MIN;
    if (!b.known)
        return b;
    b.low = spread_quantile(v, b.n, 0.1);
    b.high = spread_quantile(v, b.n, 0.9);
    b.median = spread_quantile(v, b.n, 0.5);
    return b;
}
