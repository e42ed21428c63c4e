/* A call that a person is about to make: language help and relay are asked of the rulebook before
 * it (call.route: ACC-01), and what the patient said about being reached is told. It stops nobody
 * from calling: who decides is the person who calls. */
#ifndef WEFT_OUTREACH_CALL_H
#define WEFT_OUTREACH_CALL_H

#include "outreach/outreach.h"

struct outreach_call {
    struct verdict verdict;
    str language;         /* they speak; empty: nobody wrote it down */
    int earliest, latest; /* minutes of their day now, over every place they may be; -1 not known */
    bool paused, quiet;   /* they asked not to be contacted now */
    bool confidential;    /* they asked to be reached in one way only: */
    str confidential_to;  /* that number or address; may be empty */
};
/* offered: a free interpreter or relay help was offered. Asks for the right to read the patient;
 * question and answer are a line of the trail. */
MUST err outreach_call(struct op *op, struct outreach *o, str patient, bool offered,
                       struct outreach_call *ret);

#endif
