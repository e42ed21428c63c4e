/* Private to the simulator: an audience as it lives it. */
#ifndef WEFT_CAMPAIGN_SIMULATE_INT_H
#define WEFT_CAMPAIGN_SIMULATE_INT_H

#include "base/map.h"
#include "campaign/people.h"
#include "campaign/simulate.h"
#include "outreach/trial.h"

#define SIMULATE_KINDS_MAX 20000u /* different places, and different sets of facts */

struct simulate_crowd {
    struct op *op;
    struct campaigns *c;
    const struct plan *plan;
    unsigned days;
    bool counts_done; /* who asks may know how many had it already, or it is told in tens */
    struct simulate_person *people;
    struct plan_place *places;
    struct outreach_trial *facts;
    size_t n, n_places, n_facts;
    struct map by_place, by_facts;
    struct arena *scratch; /* of one question */
};
/* Room for n people; set days before the first. simulate_crowd_done() in any case. */
MUST err simulate_crowd_new(struct op *op, struct campaigns *c, const struct plan *p, size_t n,
                            struct simulate_crowd *ret);
/* Between people_read() and people_done(). */
MUST err simulate_crowd_add(struct simulate_crowd *w, const struct person *row, bool held,
                            bool had);
void simulate_crowd_done(struct simulate_crowd *w);
/* What goes into simulate_input.wishes for a plan; NULL where nobody has any. */
MUST err simulate_wishes(const struct simulate_crowd *w, const struct plan *p, const uint8_t **ret);
/* A simulate_decide; ctx: the crowd. */
MUST err simulate_rulebook(struct op *op, void *ctx, const struct simulate_ask *q,
                           enum simulate_answer *ret, const char **ret_rule);

#endif
