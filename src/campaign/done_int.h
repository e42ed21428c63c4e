/* Private to the campaign room: what is done already. A row of spec/campaign/chips.csv says by
 * which searches of the record it is known that somebody had a shot or a test; audiences leave them
 * out by it, and a plan that names the row ends for them by it. */
#ifndef WEFT_CAMPAIGN_DONE_INT_H
#define WEFT_CAMPAIGN_DONE_INT_H

#include "campaign/audience_int.h"
#include "campaign/run_int.h"
#include "record/cohort.h"

/* May a resource of the type be what ends the plan? */
bool done_concerns(const struct plan *p, fhir_type type);
/* Which of the plan's rows holds for the patient, as of the moment `at` of its season; NULL: none.
 * Of types that op->actor may not search nothing is asked. */
MUST err done_already(struct op *op, struct campaigns *c, const struct plan *p, uint64_t patient,
                      int64_t at, const struct chip_row **ret);
/* Is it this resource of theirs by which one holds? Nothing else of the record is looked at. */
struct done_change {
    uint64_t patient;
    int64_t at;
    const struct record_doc *doc;
};
MUST err done_by(struct op *op, struct campaigns *c, const struct plan *p,
                 const struct done_change *ch, const struct chip_row **ret);
/* May op->actor be told of it, person by person? */
bool done_may_tell(struct op *op, const struct campaigns *c, const struct plan *p);
/* Everybody for whom one holds as of `at`; what happened before `since` is left out, and what the
 * record has as it is only from `until` on; 0: nothing is. */
struct done_span {
    int64_t at, since, until;
};
MUST err done_cohort(struct op *op, struct campaigns *c, const struct plan *p,
                     const struct done_span *span, struct record_cohort *ret);
/* The query, of what was last changed before `until`. */
str done_known(struct op *op, str query, int64_t until);
MUST err done_add(struct op *op, struct record_cohort *to, const struct record_cohort *one);
/* The person leaves the plan with tx, by that row. */
MUST err done_leave(struct record_tx *tx, struct op *op, struct campaigns *c, struct enrolment *e,
                    const struct chip_row *row);
/* A plan of a programme that has rows names one, or has an exit of its own. */
MUST err done_named(struct op *op, const struct plan *p);
/* "endings": the rows that a plan may name. */
void done_rows(struct op *op, struct json *o);

#endif
