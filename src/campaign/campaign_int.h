/* Private to the campaign room. */
#ifndef WEFT_CAMPAIGN_INT_H
#define WEFT_CAMPAIGN_INT_H

#include "base/language.h"
#include "base/loop.h"
#include "campaign/campaign.h"
#include "campaign/people.h"
#include "policy/authors.h"
#include "record/record.h"

struct campaigns {
    struct record *rec;
    struct outreach *outreach;
    const struct config *config;
    struct campaign_run *run; /* run_int.h */
    struct people *people;
    struct told *told; /* audience_told.c */
    struct loop ready; /* audience_ready.c */
};

#endif
