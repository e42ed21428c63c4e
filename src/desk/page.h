/* Pages: whom a step of the chain calls to a case that nobody takes, and what came of it. A page is
 * a fact on the Task (extension DESK_PAGE_URL: number, row, of, who, n, at, way, state, answered,
 * how), made in one commit with the job that outreach carries out; who does not answer within the
 * row's minutes is paged again, then the next one on duty, at last the lead. */
#ifndef WEFT_DESK_PAGE_H
#define WEFT_DESK_PAGE_H

#include "desk/hours.h"

#define DESK_PAGE_URL "https://weft.health/fhir/StructureDefinition/case-page"
/* Jobs: {task, number, n, who, role: a PractitionerRole id}. */
#define DESK_PAGE_QUEUE "page"
#define DESK_PAGE_SENT "sent"
#define DESK_PAGE_UNKNOWN "unknown" /* it may have left */
#define DESK_PAGE_FAILED "failed"   /* it did not: the next one is asked at once */

MUST err desk_page_queue(struct record_tx *tx, struct op *op, const struct json *job);
/* What became of a page, by outreach; a state that is there stays. */
struct page_note {
    str task;
    int64_t number;
    str way;           /* a way_name(), or empty */
    const char *state; /* DESK_PAGE_… */
    const char *why;   /* never personal; NULL: nothing to tell */
};
MUST err desk_page_note(struct op *op, struct record *rec, const struct page_note *n);
/* Is it still open and unanswered to them? */
MUST err desk_page_waits(struct op *op, struct record *rec, str task, str who, bool *ret);
/* They saw it: how is "text" or "opened". *ret false: nothing of theirs was open, which is fine. */
MUST err desk_page_answer(struct op *op, struct record *rec, str task, str who, const char *how,
                          bool *ret);
/* The same by the person who asks. */
MUST err desk_page_seen(struct op *op, struct record *rec, str task, bool *ret);
/* The leads on duty of the house and of every team, once each: [{who, role}]. */
MUST err desk_page_leads(struct op *op, struct record *rec, const struct config *config,
                         struct json **ret);

#endif
