/* N days of a campaign or journey over its real audience, by the scheduler and the rulebook that
 * also run it; nothing is sent and nothing is kept. */
#ifndef WEFT_CAMPAIGN_SIMULATE_H
#define WEFT_CAMPAIGN_SIMULATE_H

#include "campaign/plan.h"

#define SIMULATE_DAYS_MAX 90
#define SIMULATE_OTHERS_MAX 8

/* One person as the simulation sees them: made from the people columns. */
struct simulate_person {
    uint64_t rid;
    uint16_t place; /* row of simulate_input.places */
    uint16_t facts; /* row of what the rulebook is told (consents, line, language …) */
    uint8_t may[PLAN_CONSENTS]; /* bit a channel, by enum plan_consent */
    uint8_t failing, prefers, language;
    uint8_t week;       /* contacts of the last 7 days, all campaigns */
    uint16_t wishes;    /* row of simulate_input.wishes */
    bool held_out, had; /* had: done already, nothing is said */
    int64_t last_contact;
    uint64_t household;
};

/* The verdict of the rulebook over one contact; called once for each that is different.
 * *ret_rule: id of the strictest rule that refuses, or NULL. Refusals are counted by it. */
struct simulate_ask {
    uint16_t facts, place;
    enum plan_channel channel;
    uint8_t language, day_count, week_count;
    int step;
    int64_t at;
};
enum simulate_answer { SIMULATE_GO, SIMULATE_HOLD, SIMULATE_NO };
typedef err simulate_decide(struct op *op, void *ctx, const struct simulate_ask *ask,
                            enum simulate_answer *ret, const char **ret_rule);

/* Another campaign over the same people, in the same order: bit a day of `from` on, the last of all
 * later ones. */
struct simulate_other {
    const uint64_t *days;
};

struct simulate_input {
    const struct plan *plan;
    const struct simulate_person *people;
    size_t n;
    const struct plan_place *places;
    size_t n_places;
    /* NULL, or of each row what they prefer for each of plan->purposes: PLAN_PREFERRED, no word */
    const uint8_t *wishes;
    int64_t from;
    unsigned days;
    unsigned answers;        /* percent of questions that are answered, the rest is silence */
    unsigned budget;         /* contacts a person in 7 days */
    simulate_decide *decide; /* NULL: everything goes */
    void *ctx;
    const struct simulate_other *others;
    size_t n_others;
    uint64_t *ret_days; /* NULL, or a row a person: the same of this run */
};

struct simulate_count {
    const char *rule;
    uint64_t n;
};
struct simulate_result {
    unsigned days;
    uint64_t sent[SIMULATE_DAYS_MAX][PLAN_CHANNELS]; /* by day from `from` and channel */
    uint64_t contacts, people_reached, held_out, silent, calls, cases, dropped, done, waiting;
    uint64_t had;                           /* people who had it already */
    uint64_t over_budget, decisions, asked; /* asked: how many went to the rulebook */
    uint64_t missing[3];                    /* people whose language has no words */
    struct simulate_count refused[64];      /* by rule, most first */
    size_t n_refused;
    /* people whom another campaign reaches on the same day or the next */
    uint64_t clashes[SIMULATE_OTHERS_MAX];
    int64_t first, last; /* of the contacts */
};
MUST err simulate_run(struct op *op, const struct simulate_input *in, struct simulate_result *ret);

#endif
