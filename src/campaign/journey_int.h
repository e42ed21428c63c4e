/* Private to the campaign room: answers to questions, statistics of reports. */
#ifndef WEFT_CAMPAIGN_JOURNEY_INT_H
#define WEFT_CAMPAIGN_JOURNEY_INT_H

#include "campaign/plan_int.h"

struct journey_answer {
    int path;       /* row of plan->paths; -1: a person reads it */
    int confidence; /* of the best, 0 … 100 */
    str matched;    /* the number or words that decided */
    bool number;    /* it was the number */
    str meaning;    /* the path's title; empty: a person reads it */
};
/* False only when memory is refused. */
bool journey_understand(struct op *op, const struct plan *p, const struct plan_step *s, str text,
                        struct journey_answer *ret);

/* Difference of two proportions with its 95 % interval: Newcombe's hybrid score method (method 10
 * of Newcombe RG, Stat Med 1998;17:873-890) from Wilson's intervals (JASA 1927;22:209-212). */
struct holdout_uplift {
    double rate, control, difference, low, high;
};
void holdout_uplift(uint64_t hit, uint64_t of, uint64_t control_hit, uint64_t control_of,
                    struct holdout_uplift *ret);
/* Its interval, of counts that are told in tens (audience_figure_of()): it holds those of every
 * count that the tens may stand for. No difference beside it: the middle of a ten may say that
 * messages helped where they did harm. */
struct holdout_interval {
    double low, high;
};
void holdout_uplift_tens(uint64_t hit, uint64_t of, uint64_t control_hit, uint64_t control_of,
                         struct holdout_interval *ret);
void holdout_wilson(uint64_t hit, uint64_t of, double *ret_low, double *ret_high);

#endif
