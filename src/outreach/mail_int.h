/* Private to mail: a message read, what it reports, the sums that make a return address ours, the
 * state of an address. */
#ifndef WEFT_OUTREACH_MAIL_INT_H
#define WEFT_OUTREACH_MAIL_INT_H

#include "outreach/mail.h"
#include "outreach/outreach_int.h"

/* ---- mail_parse.c: pure ---- */
#define MAIL_PARTS 32u
#define MAIL_DEPTH 8u
struct mail_part {
    str head, body;
    str type; /* "text/plain", lower case */
};
struct mail_read {
    str head;                          /* of the message */
    struct mail_part part[MAIL_PARTS]; /* the leaves, in their order */
    size_t n, seen;
};
void mail_read(struct arena *a, str text, struct mail_read *ret);
/* A field's value, unfolded and trimmed; the first of that name; empty: there is none. */
str mail_field(struct arena *a, str head, str name);
/* name of "type/subtype; name=value"; empty: there is none. */
str mail_param(struct arena *a, str value, str name);
/* ---- mail_text.c: pure ---- */
#define MAIL_TEXT_MAX (256u << 10)
/* The body as UTF-8, its transfer encoding and character set undone; at most MAIL_TEXT_MAX. */
str mail_part_text(struct arena *a, const struct mail_part *p);
/* Encoded words of a field (RFC 2047) as UTF-8. */
str mail_words(struct arena *a, str value);
str mail_html_text(struct arena *a, str html);
/* What was written above the quoted message; ours: an address whose line begins a quotation. */
str mail_answer(str text, str ours);
/* "Ana <a@example.org>" → "a@example.org" */
str mail_address(str value);

/* ---- mail_report.c: pure ---- */
struct mail_report {
    enum outreach_mail_kind kind; /* MAIL_BOUNCE, MAIL_COMPLAINT, or MAIL_NOTHING */
    str status;                   /* RFC 3463, e.g. "5.1.1" */
    str names[3];                 /* where our token may stand */
};
void mail_report(struct arena *a, const struct mail_read *m, struct mail_report *ret);
/* RFC 3834 5, and what older software writes. */
bool mail_automatic(struct arena *a, const struct mail_read *m);

/* ---- mail_token.c ---- */
struct mail_token {
    str communication;
    unsigned attempt;
    char address[9]; /* hex of a sum over the address it went to */
};
/* "<id>-<attempt><sum over the address><sum over all>": local part of a return address, left side
 * of a Message-ID. */
MUST err mail_token(struct op *op, const struct outreach *o, str communication, unsigned attempt,
                    str address, str *ret);
/* Found in an address or Message-ID; *ret_ours false: it holds none of ours. */
MUST err mail_token_read(struct op *op, const struct outreach *o, str from, struct mail_token *ret,
                         bool *ret_ours);
/* Which of the patient's addresses it went to; empty: that one is no longer on record. */
MUST err mail_token_address(struct op *op, const struct outreach *o, const struct mail_token *t,
                            const struct json *patient, str *ret);

/* The provider's id of a mail: there is no provider, so it is ours. */
str mail_provider_id(struct op *op, str communication, unsigned attempt);

/* ---- mail_suppress.c: SUPPRESSED_URL at the contact point ---- */
/* Everybody who has the address. */
MUST err mail_holders(struct op *op, struct outreach *o, str address, struct record_page *ret);
MUST err mail_suppress(struct record_tx *tx, struct op *op, const struct record_page *holders,
                       str address, str reason, str code);

/* Before the mark: a case for each patient whose helper's address it is, if it was not marked yet.
 */
MUST err mail_tell_of_helpers(struct record_tx *tx, struct op *op, struct outreach *o,
                              const struct record_page *holders, str address);

/* ---- mail_bounce.c ---- */
/* What a status means (vocabulary "dsn"), by the row it belongs to: 5.1.1, else 5.1, else 5. */
enum receipt_means mail_means(str status, str *ret_row);
MUST err mail_bounced(struct op *op, struct outreach *o, const struct mail_token *t, str status);
MUST err mail_complained(struct op *op, struct outreach *o, const struct mail_token *t);
/* Whose message it was, and the address it went to: theirs, or that of whom they named; empty: it
 * is no longer on record. ret->suppressed is why no mail goes there. */
MUST err mail_sent_to(struct op *op, struct outreach *o, const struct mail_token *t,
                      struct recipient *ret, str *ret_address);

#endif
