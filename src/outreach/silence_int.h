/* Private to outreach: the watch over what somebody wrote (silence.c). */
#ifndef WEFT_OUTREACH_SILENCE_INT_H
#define WEFT_OUTREACH_SILENCE_INT_H

#include "outreach/outreach_int.h"

struct silence_sent {
    const struct outreach_draft *draft;
    const struct message *message;
    str id;      /* its Communication */
    int64_t due; /* when it leaves */
};
/* With the message, in its transaction; of what nobody wrote by hand nothing is watched. */
MUST err silence_watch(struct record_tx *tx, struct op *op, const struct outreach *o,
                       const struct silence_sent *s);
/* Whoever wrote this Communication so has nothing for silence_follow() to find (own_commit()). */
bool silence_finds_nothing(const struct json *communication);
/* A Communication changed: one of ours that came back is answered now. */
MUST err silence_follow(struct op *op, struct outreach *o, const struct record_change *ch);
/* Those whose time has come; *ret_n: how many were looked at. */
MUST err silence_step(struct op *op, struct outreach *o, size_t *ret_n);

#endif
