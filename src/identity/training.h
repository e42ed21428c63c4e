/* What staff must have agreed to and understood before their role shows them patient data
 * (spec/identity/training.json; 45 CFR 164.530(b), rule PRIV-23). Until all of it holds the actor
 * is `untrained`, and policy refuses it everything but management. Thread-safe. */
#ifndef WEFT_IDENTITY_TRAINING_H
#define WEFT_IDENTITY_TRAINING_H

#include "identity/identity.h"

#define TRAINING_MAX 16u

struct identity_module {
    str id, text; /* text: JSON {kind, citation, title, text, quiz}, each by language */
    unsigned version;
    uint8_t order[8]; /* of question q the options stand turned by order[q] places */
    unsigned questions;
    int64_t until; /* ms; 0: never passed, or another version */
};
/* Of the account behind the token. */
MUST err identity_training(struct op *op, struct identity *id, str token,
                           struct identity_module ret[TRAINING_MAX], size_t *ret_n);
/* answers[q]: place of the chosen option as shown. *ret_wrong: bits of the wrong ones, 0 when
 * passed. Audited either way. */
MUST err identity_training_answer(struct op *op, struct identity *id, str token, str module,
                                  const unsigned *answers, size_t n, unsigned *ret_wrong);
/* Trained elsewhere, as somebody who may manage says: all modules of the role, from now. Audited.
 */
MUST err identity_training_note(struct op *op, struct identity *id, str user);

/* Until when all that the account's role asks for holds, ms; 0: something was never passed. As who
 * may see accounts. */
MUST err identity_trained_until(struct op *op, struct identity *id,
                                const struct identity_account *a, int64_t *ret);

#endif
