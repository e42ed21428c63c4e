/* What comes in by mail: bounces, complaints and what patients answer. The house's mail server
 * hands each message over with the address it was delivered to (docs/adr/0030-mail.md). Nothing in
 * it is believed about a message of ours but what carries our own sum (mail_token.c). */
#ifndef WEFT_OUTREACH_MAIL_H
#define WEFT_OUTREACH_MAIL_H

#include "outreach/outreach.h"

#define OUTREACH_MAIL_MAX (32u << 20) /* bytes of one message */

struct outreach_mail {
    str recipient; /* of the envelope */
    str text;      /* RFC 5322, as it came */
};
enum outreach_mail_kind {
    MAIL_NOTHING, /* an automatic answer, a notice of delay, a report that names nothing of ours */
    MAIL_BOUNCE,  /* RFC 3464: the address is suppressed, or the message tried again, or told */
    MAIL_COMPLAINT, /* RFC 5965: the address is suppressed, e-mail ends, a case is open */
    MAIL_REPLY      /* words of a patient, in their thread */
};
/* The same message twice changes nothing the second time. ERR_TOO_LARGE over OUTREACH_MAIL_MAX;
 * ERR_UNAVAILABLE when our own note of the message is not written yet: hand it in again. */
MUST err outreach_mail(struct op *op, struct outreach *o, const struct outreach_mail *in,
                       enum outreach_mail_kind *ret);
/* Is it the key of smtp.intake_key_file? Without one nobody hands in anything. Constant time. */
bool outreach_mail_key_ok(const struct outreach *o, str key);

#endif
