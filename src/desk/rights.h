/* A patient's requests about their own record (45 CFR 164.522–164.528; GDPR Art. 15–20), each a
 * Task of the privacy office with the clock of the rule that sets it (spec/desk/rights.csv). Its
 * life: requested → ($claim) in-progress → ($decide) completed or rejected; erasure: accepted,
 * until the operator erases (record_erase). Once it may be given more time ($extend), with the
 * reason told to the patient. Every step is in the trail with the rule. What is granted happens in
 * the transaction that grants it. */
#ifndef WEFT_DESK_RIGHTS_H
#define WEFT_DESK_RIGHTS_H

#include "record/record.h"

#define RIGHT_TEXT_MAX 4000u
#define RIGHT_ABOUT_MAX 20u

struct right_request {
    str patient;      /* Patient id */
    str kind;         /* "access", "amendment" … as in rights.csv */
    str text;         /* the patient's words; may be empty where the kind says all */
    const str *about; /* references of the patient's record it is about (amendment, restriction) */
    size_t n_about;
    const str *types; /* restriction: resource types it hides */
    size_t n_types;
    str from; /* restriction: from whom; empty: from all who treat */
    str to;   /* confidential communications: the address or number, and nothing else */
};

/* By the patient, by a helper with whom the patient shares requests, or on their behalf by staff
 * who may see the Patient. ERR_FORBIDDEN for apps. The answer is the Task. */
MUST err rights_open(struct op *op, struct record *rec, const struct right_request *r,
                     struct record_result *ret);
/* The rest of the time that the rule allows; once, and before the clock has run out. */
MUST err rights_extend(struct op *op, struct record *rec, str task, str reason,
                       struct record_result *ret);
/* By the privacy officer who claimed it. A refusal needs its reason. */
struct right_decision {
    bool granted;
    str reason;
};
MUST err rights_decide(struct op *op, struct record *rec, str task, const struct right_decision *d,
                       struct record_result *ret);
/* A statement of disagreement with a denied amendment (45 CFR 164.526(d)(2)): kept with the
 * resource. */
MUST err rights_disagree(struct op *op, struct record *rec, str task, str text,
                         struct record_result *ret);
/* The patient takes an open request back. */
MUST err rights_withdraw(struct op *op, struct record *rec, str task, struct record_result *ret);

/* "access" … of a Task; empty when it is no such request. */
str rights_kind(const struct json *task);
/* May op->actor fetch what a granted request (access, portability, accounting) gives? The patient
 * alone. It leaves a line in the trail. *ret_patient: the id. */
MUST err rights_fetch(struct op *op, struct record *rec, str task, str *ret_kind, str *ret_patient);

#endif
