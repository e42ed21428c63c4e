/* The campaign room: plans of contacts with many people. Its further nouns have headers of their
 * own in this folder. Nobody is contacted from here but by outreach.h. All results live in
 * op->arena. */
#ifndef WEFT_CAMPAIGN_H
#define WEFT_CAMPAIGN_H

#include "base/config.h"
#include "outreach/outreach.h"

struct campaigns;
/* The rooms and the configuration outlive it. */
MUST err campaigns_new(struct op *op, struct record *rec, struct outreach *outreach,
                       const struct config *config, struct campaigns **ret);
void campaigns_free(struct campaigns *c);
/* Starts and stops what follows the record and the clock. */
MUST err campaigns_start(struct op *op, struct campaigns *c);
void campaigns_stop(struct campaigns *c);
/* Everybody who could be contacted (people.h). */
struct people *campaigns_people(struct campaigns *c);

#endif
