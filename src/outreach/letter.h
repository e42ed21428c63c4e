/* Letters: for those whom no other way reaches. A letter that the rulebook let through waits here
 * for the staff: they take what waits as one print run, download it, and mark the run as posted;
 * one that cannot be posted is told, so that somebody calls. States move by the receipts machine
 * (spec/outreach/receipts.csv, "letter"). */
#ifndef WEFT_OUTREACH_LETTER_H
#define WEFT_OUTREACH_LETTER_H

#include "outreach/outreach.h"

#define LETTERS_MAX 200u /* of one run */

struct outreach_letter {
    str id; /* of the Communication */
    str patient, name, language;
    str to; /* lines of the address, as it is now; empty: there is none any more */
    str subject, text;
    str run;  /* empty: in none yet */
    str sent; /* when it was handed over */
};
struct letter_list {
    struct outreach_letter *at;
    size_t n;
    str next; /* where the next ones begin; empty: there are none */
};
/* Those that wait, oldest first, at most LETTERS_MAX after that place (empty: the first); of one
 * run, or (run empty) of none and of those that are not posted. Only what op->actor may see; for
 * staff who contact patients: ERR_FORBIDDEN. */
MUST err letter_list(struct op *op, struct outreach *o, str run, str after,
                     struct letter_list *ret);
/* What waits and is in no run becomes one, the oldest first; a letter is of one run at most.
 * ERR_CONFLICT: somebody was faster; ERR_UNPROCESSABLE: nothing waits. */
MUST err letter_run(struct op *op, struct outreach *o, str *ret_run, size_t *ret_n);
/* All of the run that still wait are posted, or one (its id) cannot be. A second time changes
 * nothing. *ret_n: how many were moved. */
MUST err letter_posted(struct op *op, struct outreach *o, str run, size_t *ret_n);
MUST err letter_failed(struct op *op, struct outreach *o, str id, size_t *ret_n);

#endif
