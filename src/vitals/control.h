/* Named methods that watch one patient's days for a change: each judges the last day of a row of
 * days against the patient's own days before. Defaults are the published or textbook ones of the
 * row's source; the bounds of a clinician and the hard limits never depend on them. Pure. */
#ifndef WEFT_VITALS_CONTROL_H
#define WEFT_VITALS_CONTROL_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the formulas ---- */
/* z = lambda x + (1 - lambda) z before. */
double ewma_next(double z, double x, double lambda);
/* Half width of the limits after t values: width · sigma ·
 * sqrt(lambda/(2-lambda)·(1-(1-lambda)^2t)); t = 0: those it comes to. (Roberts 1959; NIST/SEMATECH
 * handbook 6.3.2.4) */
double ewma_limit(double sigma, double lambda, double width, unsigned t);

struct cusum {
    double high, low; /* in the unit of x */
};
/* Tabular sum of what is beyond the allowance k on either side of mean (Page 1954; handbook
 * 6.3.2.3). k in the unit of x. */
struct cusum cusum_next(struct cusum s, double x, double mean, double k);

/* The exponential mean of n days: alpha 2/(n+1), begun with the first value (Appel's). */
double ema_of(const double *x, size_t n, unsigned days);

/* Rules of Nelson 1984 (J Quality Technol 16:237) as bits 0 … 7 for tests 1 … 8, at the last of z
 * (in sigmas from the mean). Those of Western Electric (1956) are tests 1, 5, 6 and, with eight in
 * a row instead of nine, 2: WESTERN_ELECTRIC. */
#define NELSON_ALL 0xffu
#define WESTERN_ELECTRIC 0x100u /* bit 8: any of the four */
unsigned spc_rules(const double *z, size_t n);

/* ---- the methods ---- */
enum control_method {
    CONTROL_ROBUST_Z,
    CONTROL_EWMA,
    CONTROL_CUSUM,
    CONTROL_MACD,
    CONTROL_SPC,
    CONTROL_BAND,
    CONTROL_METHODS
};
struct control_row {
    const char *name;
    unsigned baseline_days, recent_days; /* judged: recent days; against: the days before these */
    size_t min_points;                   /* of the baseline */
    double a, b;                         /* lambda and width; k and h; spans; limit */
    const char *source;
};
extern const struct control_row CONTROL_ROWS[CONTROL_METHODS];

struct control {
    bool known; /* enough days */
    bool above, below;
    double score; /* the statistic, in sigmas (macd, band: in the unit of x) */
    double usual; /* what it was measured against */
};
/* day[n - 1] is the day judged (NAN: nothing to judge, known is false); days without a value are
 * NAN. limit: NAN for the row's own. */
struct control control_judge(enum control_method m, const double *day, size_t n, double limit);

#endif
