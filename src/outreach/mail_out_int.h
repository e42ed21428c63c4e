/* Private to mail that goes out: the message as it is handed to the server, and its signature. */
#ifndef WEFT_OUTREACH_MAIL_OUT_INT_H
#define WEFT_OUTREACH_MAIL_OUT_INT_H

#include "outreach/mail_int.h"

bool mail_is_address(str a);
/* The whole message (RFC 5322), signed if there is a key; and the return address of its envelope.
 */
MUST err mail_compose(struct op *op, const struct outreach *o, const struct parcel *p,
                      str *ret_text, str *ret_from);

struct mail_dkim;
/* *ret stays NULL without smtp.dkim_key_file. */
MUST err dkim_open(struct op *op, const struct config *config, struct mail_dkim **ret);
void dkim_shut(struct mail_dkim *d);
/* "DKIM-Signature: …\r\n"; empty: it could not be signed. head: fields that end with CRLF and
 * are continued by a blank, each name once; body: ends with one CRLF. */
str dkim_field(struct op *op, const struct mail_dkim *d, str head, str body);

#endif
