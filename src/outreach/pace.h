/* Questions to the rulebook that are no message: may the dialler go on, may it hang up, may a
 * campaign be published. What the asker does not know is left out, and
 * unknown never allows. Each answer leaves a line in the trail. */
#ifndef WEFT_OUTREACH_PACE_H
#define WEFT_OUTREACH_PACE_H

#include "record/record.h"

/* dialer.pace and dialer.hangup (TCPA-ABN-01, TCPA-ABN-02); facts by name, as in docs/facts.md. */
enum pace_step { PACE_DIAL, PACE_HANG_UP };
MUST err pace_ask(struct op *op, struct record *rec, enum pace_step step, const struct json *facts,
                  struct verdict *ret);

/* campaign.publish (GDPR-35, TCPA-CON-06). */
struct publish_facts {
    bool abroad;          /* people outside the United States are, or may be, among its audience */
    bool large_scale;     /* of health data, recordings or decided by a machine */
    bool assessed;        /* an impact assessment was done */
    bool generated_voice; /* a machine speaks */
    bool flagged;         /* and it is marked as such */
};
MUST err publish_ask(struct op *op, struct record *rec, const struct publish_facts *p,
                     struct verdict *ret);

#endif
