/* Private to the campaign room: what the files of plan.h share. */
#ifndef WEFT_CAMPAIGN_PLAN_INT_H
#define WEFT_CAMPAIGN_PLAN_INT_H

#include "base/language.h"
#include "campaign/plan.h"

/* Names of channels that carry words: not the phone. */
bool plan_channel_parse(str name, enum plan_channel *ret);

struct plan_shipped {
    const char *code, *kind, *plan; /* a PlanDefinition as JSON text */
};
const struct plan_shipped *plan_shipped_at(size_t i); /* NULL past the last */

#endif
