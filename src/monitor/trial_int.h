/* Private to what is only tried: what-if (what_if.c) and rules on trial, counted live (trial.c). */
#ifndef WEFT_MONITOR_TRIAL_INT_H
#define WEFT_MONITOR_TRIAL_INT_H

#include "monitor/monitor_int.h"

#include "base/vec.h"

#define EPISODE_MS (72 * MS_HOUR) /* alerts nearer to each other are one case */

/* What one rule alone would have told, repeats of 72 hours as one. */
struct raise {
    int rule;
    int64_t at, last;
};
/* Since when each is on trial: once a start. */
MUST err trial_begin(struct op *op, struct monitor *m);
/* Those that hold at point i are noted, and kept with the step. */
void trial_hear(struct step *st, struct seen *s, int series, int i);
MUST err trial_keep(struct step *st, struct record_tx *tx, const struct seen *s);
/* eval.c: which of these rules hold there; they raise nothing, and t stays as it is. */
uint64_t monitor_eval_trial(const struct track *t, int series, int i, uint64_t rules);

struct trial_case { /* of monitoring, not of a device */
    uint64_t patient;
    int64_t from, to;
    bool acted;
};
struct trial_cases {
    VEC(struct trial_case) list;
};
struct trial_count {
    int64_t since;                     /* counted from then on, a year back at most */
    size_t hits, people, cases, acted; /* cases: hits where there was a case anyway */
};
struct trial_counts {
    bool known; /* false: op->actor may not ask about everybody */
    struct trial_count of[RULE_COUNT_MONITOR];
};
/* Of those whom op->actor is shown; sorts the cases. */
MUST err trial_count(struct op *op, struct monitor *m, struct trial_cases *cases,
                     struct trial_counts *ret);

#endif
