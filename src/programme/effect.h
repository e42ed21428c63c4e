/* Differences with their 95 % intervals: of one group before and after, between two groups, of two
 * shares. Pure. Sources: Student's t by the incomplete beta function (Abramowitz and Stegun 26.7.1,
 * 26.5.8); Welch 1947; Newcombe 1998, method 10. */
#ifndef WEFT_PROGRAMME_EFFECT_H
#define WEFT_PROGRAMME_EFFECT_H

#include <stdbool.h>
#include <stddef.h>

struct effect {
    double value, low, high;
};
/* Mean of the differences; false: fewer than two. */
bool effect_mean(const double *d, size_t n, struct effect *ret);
/* Mean of a less mean of b, which may differ in spread; false: one has fewer than two, or neither
 * spreads. */
bool effect_between(const double *a, size_t n, const double *b, size_t m, struct effect *ret);
/* Share x of n less share y of m; false: one is empty. */
bool effect_share(size_t x, size_t n, size_t y, size_t m, struct effect *ret);
/* The point of Student's t with df degrees of freedom that 97.5 % lie under. */
double effect_t(double df);

#endif
