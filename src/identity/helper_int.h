/* Inside of helpers: what inviting and joining share. */
#ifndef WEFT_IDENTITY_HELPER_INT_H
#define WEFT_IDENTITY_HELPER_INT_H

#include "identity/helper.h"
#include "identity/identity_int.h"

/* The id of the patient who asks; ERR_FORBIDDEN for anybody else. */
MUST err patient_of(struct op *op, struct identity *id, str *ret);

/* join.c: ERR_CONFLICT when the name is taken, by a person or by a script's token. */
MUST err join_free_name(struct op *op, struct identity *id, str user, str peer);

/* Given name only: enough to know whose record it is. */
str patient_given_name(struct op *op, struct identity *id, str patient);
/* Spends an invitation for an account that is there, and adds its share. */
MUST err join_spend(struct op *op, struct identity *id, str secret, str user, str *ret_patient,
                    str *ret_reference);
/* shares.c: into the account's list, in tx. */
MUST err share_add(struct op *op, struct identity *id, str user, str patient, str reference,
                   struct store_tx *tx);

#endif
