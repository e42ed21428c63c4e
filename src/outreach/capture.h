/* Consent as it was given, to be contacted or of Part 2 (42 CFR 2.31: a form that is kept, and
 * permits no contact and no sharing by itself): in writing, spoken, on the web, by a key on the
 * phone. The rulebook (consent.capture: TCPA-CON-03, GDPR-07, P2-02) is asked with the elements
 * that were there; what lacks one is refused and named. */
#ifndef WEFT_OUTREACH_CAPTURE_H
#define WEFT_OUTREACH_CAPTURE_H

#include "outreach/outreach.h"

struct outreach_capture {
    str patient;
    str how;      /* "written" | "oral" | "web" | "keypad" */
    bool no;      /* they said no: kept as it was said, and the rulebook has nothing to ask */
    str type;     /* "prior_express_consent" | "prior_express_written_consent" | "part2_tpo" */
    str channel;  /* "sms" | "email" | "push" | "letter" | "voice" (calls by a person) */
    str number;   /* number or address it is given for; empty: the one on record */
    str language; /* of the words the patient was shown or told */
    const str *purposes; /* "care", "appointment", "marketing"; at least one; none of Part 2
                            or of a no, which is to all */
    size_t n_purposes;
    const str *topics; /* of calls (voice) alone: the word is about these and no other */
    size_t n_topics;
    const str *elements; /* codes of the rule's parameter "elements" that are there */
    size_t n_elements;
    str evidence; /* the words, the form's text, the key that was pressed, where the recording is */
    bool affirmative, granular, separate; /* GDPR Art. 7: an act, each purpose its own, unbundled */
    int64_t until;                        /* ms; 0 no end */
    str ends; /* of Part 2: the event with which it ends (42 CFR 2.31(a)(7)); may be empty */
};
/* op->actor must be one who may write the patient's Consent. ERR_UNPROCESSABLE with one issue a
 * refusing rule. *ret is the Consent; its evidence is hashed (SHA-256) there and in the trail, with
 * the day until which it is kept at least (TCPA-CON-09: retain_years_after_last_call). */
MUST err outreach_capture(struct op *op, struct outreach *o, const struct outreach_capture *c,
                          struct record_result *ret);

#endif
