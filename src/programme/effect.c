/* The statistics of outcomes. */
#include "programme/effect.h"

#include <math.h>

#define Z 1.959963984540054
#define STEPS 200
#define TINY 1e-300

/* Continued fraction of the incomplete beta function, by Lentz. */
static double fraction(double x, double a, double b)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1), f;
    d = 1 / (fabs(d) < TINY ? TINY : d);
    f = d;
    for (int m = 1; m < STEPS; m++) {
        double k = m, odd, even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k));
        d = 1 / (1 + even * d);
        c = 1 + even / c;
        f *= d * c;
        odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        f *= d * c;
        if (fabs(d * c - 1) < 1e-14)
            break;
    }
    return f;
}

/* lgamma() keeps the sign in a global. */
static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* I_x(a, b). */
static double beta(double x, double a, double b)
{
    double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) +
                       b * log1p(-x)); /* 0 < x < 1 */
    if (x < (a + 1) / (a + b + 2))
        return front * fraction(x, a, b) / a;
    return 1 - front * fraction(1 - x, b, a) / b;
}

double effect_t(double df)
{
    double low = 0, high = 1000;
    for (int i = 0; i < STEPS; i++) {
        double t = (low + high) / 2;
        /* both tails beyond t */
        if (beta(df / (df + t * t), df / 2, 0.5) > 0.05)
            low = t;
        else
            high = t;
    }
    return (low + high) / 2;
}

static void moments(const double *d, size_t n, double *ret_mean, double *ret_var)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += d[i];
    *ret_mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (d[i] - *ret_mean) * (d[i] - *ret_mean);
    *ret_var = squares / (double)(n - 1);
}

static void around(double value, double half, struct effect *ret)
{
    *ret = (struct effect){value, value - half, value + half};
}

bool effect_mean(const double *d, size_t n, struct effect *ret)
{
    double mean, var;
    if (n < 2)
        return false;
    moments(d, n, &mean, &var);
    around(mean, effect_t((double)(n - 1)) * sqrt(var / (double)n), ret);
    return true;
}

bool effect_between(const double *a, size_t n, const double *b, size_t m, struct effect *ret)
{
    double mean_a, var_a, mean_b, var_b;
    if (n < 2 || m < 2)
        return false;
    moments(a, n, &mean_a, &var_a);
    moments(b, m, &mean_b, &var_b);
    double p = var_a / (double)n, q = var_b / (double)m;
    if (p + q <= 0)
        return false;
    double df =
        (p + q) * (p + q) / (p * p / (double)(n - 1) + q * q / (double)(m - 1)); /* Satterthwaite */
    around(mean_a - mean_b, effect_t(df) * sqrt(p + q), ret);
    return true;
}

/* Wilson 1927. */
static void wilson(double p, double n, double *ret_low, double *ret_high)
{
    double k = Z * Z / n, middle = (p + k / 2) / (1 + k);
    double half = Z * sqrt(p * (1 - p) / n + k / n / 4) / (1 + k);
    *ret_low = middle - half;
    *ret_high = middle + half;
}

bool effect_share(size_t x, size_t n, size_t y, size_t m, struct effect *ret)
{
    double l1, u1, l2, u2;
    if (n == 0 || m == 0)
        return false;
    double p = (double)x / (double)n, q = (double)y / (double)m;
    wilson(p, (double)n, &l1, &u1);
    wilson(q, (double)m, &l2, &u2);
    *ret = (struct effect){p - q, p - q - sqrt((p - l1) * (p - l1) + (u2 - q) * (u2 - q)),
                           p - q + sqrt((u1 - p) * (u1 - p) + (q - l2) * (q - l2))};
    return true;
}
