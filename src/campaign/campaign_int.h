/* Private to the campaign room. */
#ifndef WEFT_CAMPAIGN_INT_H
#define WEFT_CAMPAIGN_INT_H

#include "campaign/campaign.h"
#include "campaign/people.h"
#include "record/record.h"

struct campaigns {
    struct record *rec;
    struct outreach *outreach;
    const struct config *config;
    struct campaign_run *run; /* run_int.h */
    struct people *people;
    struct told *told; /* audience_told.c */
};

/* ---- authors.c: who wrote what others approve, in "authors" of a life ---- */
#define AUTHORS_MAX 100u /* accounts and persons */
/* Is this name (account or reference of a person) theirs? */
bool authors_is(str name, const struct actor *who);
bool authors_have(const struct json *life, const struct actor *who);
/* Adds op->actor. ERR_UNPROCESSABLE when there are too many. */
MUST err authors_add(struct op *op, struct json *life);

#endif
