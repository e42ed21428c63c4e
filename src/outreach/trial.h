/* What the rulebook would say of a contact with somebody of whom only columns are known: for
 * simulations over many. The same words, facts and rules as outreach_send(); nothing is read,
 * kept or sent. op->now is the instant tried. */
#ifndef WEFT_OUTREACH_TRIAL_H
#define WEFT_OUTREACH_TRIAL_H

#include "outreach/outreach.h"

struct outreach_trial_way {
    bool there, said, agrees, care, appointment, marketing, written;
};
struct outreach_trial {
    struct outreach_trial_way sms, email;
    str line_type; /* "wireless" …; empty unknown */
    str country, state, zones[4];
    size_t n_zones;
    bool reassigned, confidential, deceased;
    unsigned day, week; /* contacts so far */
};
/* d: channel, language, text, purpose. ERR_UNPROCESSABLE: no such way. */
MUST err outreach_try(struct op *op, struct outreach *o, const struct outreach_trial *t,
                      const struct outreach_draft *d, struct verdict *ret);

#endif
