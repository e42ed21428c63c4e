/* Private to outreach: how long the contact ledger (retention.c) and the evidence of consents
 * (evidence.c) are kept. */
#ifndef WEFT_OUTREACH_RETENTION_INT_H
#define WEFT_OUTREACH_RETENTION_INT_H

#include "outreach/outreach_int.h"

/* What is older than this may go. */
MUST err retention_before(struct op *op, const struct outreach *o, int64_t *ret);
/* Of one patient; *ret_rows: how many went. */
MUST err retention_purge(struct op *op, struct outreach *o, str patient, size_t *ret_rows);
/* Is the patient under a legal hold? */
MUST err retention_held(struct op *op, struct outreach *o, str patient, bool *ret);
/* evidence.c: the words of one patient's Consents that need not be kept any more; *ret_n: of how
 * many they went. */
MUST err evidence_purge(struct op *op, struct outreach *o, str patient, size_t *ret_n);
/* The next patients of the day's round; *ret_n 0: there is nothing to do. */
MUST err retention_step(struct op *op, struct outreach *o, size_t *ret_n);

#endif
