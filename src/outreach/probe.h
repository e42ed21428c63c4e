/* "Test to me": words that are still being written go to their author's own number or address, by
 * the real channel, marked as a test. An address is the author's once a code sent there was typed
 * back. No patient is contacted: there is no Communication, nothing is counted in a ledger, and an
 * address that is in a patient's record takes none. For who works on outreach. */
#ifndef WEFT_OUTREACH_PROBE_H
#define WEFT_OUTREACH_PROBE_H

#include "outreach/outreach.h"

/* {"sms": {"to", "verified": bool}, "email": …, "last": {"channel", "at", "state": "waiting" |
 * "sent" | "failed", "screen": what the built-in screen would show}}: the actor's own. */
MUST err probe_addresses(struct op *op, struct outreach *o, struct json **ret);
/* Sends a code there; channel is sms or email. to empty: that address is forgotten. ERR_BUSY past
 * five codes an hour. */
MUST err probe_ask(struct op *op, struct outreach *o, str channel, str to);
/* ERR_UNPROCESSABLE: wrong, too late, or tried five times. */
MUST err probe_confirm(struct op *op, struct outreach *o, str channel, str code);
struct probe_words {
    str channel, language, text, subject; /* the words as one person would get them, masked */
};
/* *ret: {"to", "text", "subject"} as it goes. ERR_BUSY past ten tests an hour; ERR_UNPROCESSABLE
 * without an address of one's own. */
MUST err probe_send(struct op *op, struct outreach *o, const struct probe_words *w,
                    struct json **ret);

#endif
