/* Inside of helpers: what inviting and joining share. */
#ifndef WEFT_IDENTITY_HELPER_INT_H
#define WEFT_IDENTITY_HELPER_INT_H

#include "identity/helper.h"
#include "identity/identity_int.h"

/* The id of the patient who asks; ERR_FORBIDDEN for anybody else. */
MUST err patient_of(struct op *op, struct identity *id, str *ret);

/* join.c: ERR_CONFLICT when the name is taken, by a person or by a script's token. */
MUST err join_free_name(struct op *op, struct identity *id, str user, str peer);

#endif
