/* What the patient has read (read.c): a mark on the message, once, by who looked at it. */
#ifndef WEFT_OUTREACH_READ_H
#define WEFT_OUTREACH_READ_H

#include "outreach/outreach.h"

/* Messages that came before somebody's eyes in the portal. */
#define OUTREACH_SEEN_MAX 200u
struct outreach_seen {
    const str *ids; /* of Communications */
    size_t n;
};
/* For the patient or a helper with consent, signed in themselves (ERR_FORBIDDEN). *ret: those of
 * them that bear the mark now; what has not left, is their own, or is not for them is left out. */
MUST err outreach_read(struct op *op, struct outreach *o, const struct outreach_seen *s,
                       struct json **ret);
/* The form of a secure link was sent that came with the message of this key. Asked as the system.
 * OK when there is none. */
MUST err outreach_read_link(struct op *op, struct outreach *o, str patient, str key);

#endif
