/* What a request is for, HL7 v3 PurposeOfUse: said by the request or carried by its token, within
 * what the role may say (spec/rules/role-purposes.csv). Part of policy.h. Pure, thread-safe. */
#ifndef WEFT_POLICY_PURPOSE_H
#define WEFT_POLICY_PURPOSE_H

#include "policy/policy.h"

/* What the role may state (spec/rules/role-purposes.csv), by enum purpose. */
unsigned role_purposes(enum role role);
/* A token whose scopes have purpose/CODE words is for those alone: a->purposes comes down to them,
 * and so does a->purpose. A service's token without any is for its role's default alone (R196): who
 * registered it has not said that it may be for anything else. Call with a->scopes set. */
void purposes_carried(str scope, struct actor *a);
/* A request states what it is for: "TREAT", or with its system before, "…/v3-ActReason|TREAT". */
enum purpose_said { PURPOSE_TAKEN, PURPOSE_UNKNOWN, PURPOSE_REFUSED };
enum purpose_said purpose_state(struct actor *a, str said);

#endif
