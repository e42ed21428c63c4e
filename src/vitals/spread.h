/* How values lie: quantiles, robust spread, and the band of a patient's own usual values. Pure.
 * Missing values (NAN) are passed over; *x is never changed. */
#ifndef WEFT_VITALS_SPREAD_H
#define WEFT_VITALS_SPREAD_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#define SPREAD_MAX 512 /* values that one call looks at; of more, the last ones */

/* In rising order; no NAN among them. */
void spread_sort(double *x, size_t n);
/* p from 0 to 1 of rising values without NAN: linear between order statistics (type 7 of Hyndman
 * and Fan, American Statistician 1996;50:361, the default of R). NAN for none. */
double spread_quantile(const double *rising, size_t n, double p);
double spread_median(const double *x, size_t n);

struct spread {
    size_t n; /* values seen */
    double median, sigma;
};
/* sigma: 1.4826 times the median absolute deviation; where half the values are alike, 1.2533 times
 * the mean one (Iglewicz and Hoaglin 1993, ASQC basic references 16). NAN: fewer than two values,
 * or all alike. */
struct spread spread_robust(const double *x, size_t n);
/* The z of v against x; NAN when the spread is not known. */
double spread_z(const struct spread *s, double v);

struct spread_classic {
    size_t n;
    double mean, sigma; /* sample standard deviation (n - 1) */
};
struct spread_classic spread_mean(const double *x, size_t n);

/* The 10th to 90th percentile of a patient's own days -31 to -4: the last three days are left out,
 * or a slow decline becomes normal. */
#define BAND_FROM 31
#define BAND_TO 4
#define BAND_MIN 10
struct band {
    bool known; /* BAND_MIN values or more on seven days or more */
    size_t n;
    double low, high, median;
};
/* day[n - 1] is today, day[n - 2] yesterday, and so on; n may be less than BAND_FROM. */
struct band band_of(const double *day, size_t n);

#endif
