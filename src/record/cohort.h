/* Crowds: which patients match a search, all of them at once, by number. Comes with record.h, whose
 * contract holds here, too: policy is asked, all results live in op->arena. For rooms that plan for
 * many; nothing of a resource is shown. */
#ifndef WEFT_RECORD_COHORT_H
#define WEFT_RECORD_COHORT_H

#include "record/record.h"

#define RECORD_COHORT_MAX 4000000u /* matching resources; ERR_TOO_COSTLY past it */

struct record_cohort {
    uint64_t *patients; /* resource numbers, ascending, each once */
    size_t n;
    uint64_t t;    /* the moment shown */
    bool filtered; /* something was looked at one by one: it took its time */
};
/* The patients in whose records (compartments) a resource of the type matches the search; for
 * Patient: they themselves. Filtered to what the actor may see, patient by patient and resource by
 * resource, before anything is counted. One line in the trail: type and parameters.
 * ERR_FORBIDDEN to who may not search the type or is bound to one patient. ERR_TIMEOUT past
 * op->deadline. */
MUST err record_cohort(struct op *op, struct record *rec, fhir_type type, str query,
                       struct record_cohort *ret);
/* Is this resource number in it? */
bool record_cohort_has(const struct record_cohort *c, uint64_t patient);
/* A question of the house's own, asked for somebody who may not search the type (minimum necessary,
 * 45 CFR 164.514(d)): who is shown the answer must not learn of whom it holds. Restricted labels
 * are left out, and what a patient's Consents or the organisation keep from op->actor. */
MUST err record_cohort_veiled(struct op *op, struct record *rec, fhir_type type, str query,
                              struct record_cohort *ret);

/* Makes the answer of such a question, or brings it up to date, so that who asks it next need not
 * wait; shows it to nobody. System actors. */
MUST err record_cohort_ready(struct op *op, struct record *rec, fhir_type type, str query);

/* The other way round, for who holds everybody in memory: the patients whom op->actor is not shown
 * (Consents, labels, the organisation's narrowings), ascending; all others are. One line in the
 * trail; refusals as record_cohort(). */
MUST err record_cohort_hidden(struct op *op, struct record *rec, struct record_cohort *ret);

/* The data folder, for files that can be made anew and are in no backup; empty: none. */
str record_dir(const struct record *rec);

#endif
