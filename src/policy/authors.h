/* One person, whatever the account: asked wherever what one did another has to judge. An act that
 * is kept names the account and the person behind it, so it is known without a second look-up. */
#ifndef WEFT_POLICY_AUTHORS_H
#define WEFT_POLICY_AUTHORS_H

#include "policy/policy.h"

#define AUTHORS_MAX 100u /* accounts and persons */

/* Is this name (account or reference of a person) theirs? */
bool authors_is(str name, const struct actor *who);
/* Of one act: op->actor's account as "by", the person as "person"; was it theirs? */
void authors_sign(struct op *op, struct json *act);
bool authors_signed(const struct json *act, const struct actor *who);
/* Of something that several write: "authors". authors_add() adds op->actor; ERR_UNPROCESSABLE when
 * there are too many. */
bool authors_have(const struct json *life, const struct actor *who);
MUST err authors_add(struct op *op, struct json *life);

#endif
