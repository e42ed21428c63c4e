/* Private to cohort*.c: a crowd being found, and what is kept of it between questions. */
#ifndef WEFT_RECORD_COHORT_INT_H
#define WEFT_RECORD_COHORT_INT_H

#include "record/cohort.h"
#include "record/consent_int.h"

typedef VEC(uint64_t) numbers;

struct crowd {
    struct op *op;
    struct record *rec;
    const struct fhir_query *q;
    struct plan plan;
    bool veiled, bound_all, some; /* some: the organisation keeps some patients' from the actor */
    numbers bound;                /* patients with a Consent that may deny */
    numbers found;                /* patients; ascending, each once, after cohort_settle() */
    uint64_t t;
    bool filtered;
    struct arena *page;
};

/* ---- cohort_walk.c ---- */
const struct actor *cohort_house(void);
void cohort_settle(numbers *v);
/* An operation in c->page, and its error told by the crowd's own. */
void cohort_op(const struct crowd *c, struct op *ret);
MUST err cohort_fault(struct crowd *c, err e, const struct op *from);
bool cohort_bound(const struct crowd *c, uint64_t patient);
/* Adds to c->found whoever has a hit that is shown. */
MUST err cohort_walk(struct crowd *c);
/* The same in one patient's record: is there one? */
MUST err cohort_holds(const struct crowd *c, uint64_t patient, bool *ret);

/* ---- cohort_kept.c ---- */
MUST err cohort_kept_new(struct op *op, struct cohort_kept **ret);
void cohort_kept_free(struct cohort_kept *k);
/* What the log does not tell was changed: patients erased, keys made anew. */
void cohort_kept_forget(struct record *rec);
/* c->found: whoever has a hit, shown or not; settled. For plans whose keys decide. */
MUST err cohort_kept_ask(struct crowd *c);

#endif
