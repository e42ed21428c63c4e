/* What a glucose sensor's readings say together: times in ranges, mean, variation, the two indices,
 * episodes and the ambulatory profile. Ranges: international consensus on time in range (Battelino
 * 2019, Diabetes Care 42:1593). All values mg/dL. Pure. */
#ifndef WEFT_VITALS_CGM_H
#define WEFT_VITALS_CGM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cgm_range { /* < 54, 54 … < 70, 70 … 180, > 180 … 250, > 250 */
                 CGM_VERY_LOW,
                 CGM_LOW,
                 CGM_IN_RANGE,
                 CGM_HIGH,
                 CGM_VERY_HIGH,
                 CGM_RANGES
};
struct cgm_point {
    int64_t at; /* ms */
    double mg_dl;
};

/* Sums, so that days can be kept and added up without their readings. */
struct cgm_tally {
    uint32_t n[CGM_RANGES];
    double sum, squares;
};
enum cgm_range cgm_range_of(double mg_dl);
void cgm_count(struct cgm_tally *t, double mg_dl);
void cgm_merge(struct cgm_tally *t, const struct cgm_tally *more);

struct cgm_metrics {
    uint32_t n;
    double percent[CGM_RANGES]; /* of readings */
    double mean, sd;            /* sample (n - 1) */
    double cv;                  /* %; goal 36 or less */
    double gmi; /* %; 3.31 + 0.02392 mean (Bergenstal 2018, Diabetes Care 41:2275) */
    double gri; /* 0 … 100 (Klonoff 2023, J Diabetes Sci Technol 17:1226) */
    char zone;  /* of GRI: A 0-20, B -40, C -60, D -80, E */
};
/* n = 0: all else is NAN and zone '?'. */
struct cgm_metrics cgm_metrics_of(const struct cgm_tally *t);

#define CGM_EPISODE_MIN 15 /* minutes beyond to begin, and back to end */
#define CGM_PROLONGED_MIN 120
#define CGM_GAP_MIN 45 /* no readings for longer: nobody knows; an episode ends with its last */
struct cgm_episodes {
    uint32_t n, prolonged;
    double minutes; /* all together */
};
/* Episodes below (or above) limit: at least 15 minutes beyond it, ended by 15 minutes back
 * (consensus; the same as iglu's episode_calculation). points: rising in time. */
struct cgm_episodes cgm_episodes_of(const struct cgm_point *p, size_t n, double limit, bool above);

/* How much of [from, to) was captured, in %, for a sensor of one reading every interval_min. */
double cgm_captured(const struct cgm_point *p, size_t n, int64_t from, int64_t to,
                    double interval_min);

#define AGP_BINS 96 /* of 15 minutes */
#define AGP_LINES 5 /* 5th, 25th, 50th, 75th, 95th percentile */
struct agp_bin {
    uint32_t n;
    double line[AGP_LINES]; /* NAN when n = 0 */
};
/* Ambulatory glucose profile over the day; offset_min: local time less UTC. A bin looks at no more
 * than SPREAD_MAX readings (14 days at one a minute have 210). */
void agp_of(const struct cgm_point *p, size_t n, int offset_min, struct agp_bin ret[AGP_BINS]);

#endif
