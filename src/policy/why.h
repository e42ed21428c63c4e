/* The sentences of a verdict in the languages of spec/rules/why.<language>.csv. */
#ifndef WEFT_POLICY_WHY_H
#define WEFT_POLICY_WHY_H

#include "policy/policy.h"

/* {"es": […], "ar": […]}, in the order of "why" of verdict_to_json(); a sentence that has no
 * translation stays in English. */
struct json *verdict_translations(struct op *op, const struct verdict *v);

#endif
