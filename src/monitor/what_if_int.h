/* Private to what-if (what_if.c, what_if_many.c): one patient's readings of some days, replayed. */
#ifndef WEFT_MONITOR_WHAT_IF_INT_H
#define WEFT_MONITOR_WHAT_IF_INT_H

#include "monitor/trial_int.h"

#define MS_DAY (24 * MS_HOUR)

struct heard {
    int64_t at;
    uint64_t rid;
    bool fresh; /* one that came late raises nothing */
    struct reading r;
};
struct event {
    int64_t at, within; /* told of by an alert so long before */
    const char *what;
};
struct told {
    size_t alerts, cases;      /* alerts: of the metric */
    size_t asked;              /* to measure again, of the metric */
    VEC(int64_t) at;           /* all that would have been news */
    VEC(struct raise) by_rule; /* of those that look at the metric */
};
struct replay {
    struct arena *a;
    int series;
    int64_t since, now;
    int days;   /* that are replayed */
    bool whole; /* all that were asked for */
    VEC(struct heard) heard;
    VEC(struct event) events;
    struct told before, after; /* as things are; with the limits tried */
    double low, high;          /* those, no looser than the loosest safe ones */
};

/* The shadow rule that is tried; NULL: limits are. */
const struct monitor_rule *replay_rule(const struct monitor_trial *trial);
/* ERR_INVALID: no such rule or metric, number of days, or no limit at all. */
MUST err replay_check(struct op *op, const struct monitor_trial *trial, int *ret_series);
/* *ret: before and after filled, in op->arena. */
MUST err replay_patient(struct op *op, struct monitor *m, str patient,
                        const struct monitor_trial *trial, struct replay **ret);
/* Was there an alert in the time before? */
bool replay_was_told(const struct told *o, const struct event *e);

#endif
