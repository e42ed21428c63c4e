/* Private to the desk: requests of patients between the files of rights_*.c. */
#ifndef WEFT_DESK_RIGHTS_INT_H
#define WEFT_DESK_RIGHTS_INT_H

#include "desk/desk_int.h"
#include "desk/rights.h"

/* Where outreach looks (outreach_int.h). */
#define DESK_CONSENT_CATEGORY "https://weft.health/fhir/consent-category"
#define DESK_CONTACT_POINT "https://weft.health/fhir/StructureDefinition/consent-contact-point"

struct right_row {
    const char *kind, *jurisdiction, *rule;
    int days, more;
    const char *citation;
};
struct right_clock {
    const struct right_row *row;
    int64_t base, extended; /* ms after receipt */
};
/* The clock of a kind where the patient lives. ERR_UNPROCESSABLE: no such kind. */
MUST err right_clock(struct op *op, struct record *rec, str kind, const struct json *patient,
                     struct right_clock *ret);
/* The same, of the jurisdiction that the request was received under. */
MUST err right_clock_of(struct op *op, struct record *rec, const struct json *task,
                        struct right_clock *ret);
/* "US", "EU" … of spec/desk/places.csv; empty when it is not known. */
str right_place(const struct json *patient);
str right_rule(const struct right_row *row);

const struct actor *desk_house(void);
/* The house's own act within the transaction of a person's. */
MUST err right_create(struct record_tx *tx, struct op *op, str json, str *ret_id);
/* The value of an input of the Task: text of its type. */
const struct json *right_input(const struct json *task, str name);
void right_add(struct op *op, struct json *task, const char *list, str name, str member, str value);
/* part.c: JSON in the Task's list ("input", "output") under a name; *ret NULL when there is none.
 */
MUST err desk_part(struct op *op, const struct json *task, const char *list, const char *name,
                   struct json **ret);
MUST err desk_part_keep(struct op *op, struct json *task, const char *list, const char *name,
                        const struct json *v);
/* A member with a date or an instant. ERR_INVALID: it is none. */
MUST err desk_instant(struct op *op, const struct json *in, const char *name, int64_t fallback,
                      int64_t *ret);

enum right_step { RIGHT_RECEIVED, RIGHT_EXTENDED, RIGHT_GRANTED, RIGHT_DENIED };
struct right_notice {
    enum right_step step;
    str patient, kind, reason;
    int64_t due;
};
/* A Communication to the patient, in their language. Joins tx. */
MUST err right_tell(struct record_tx *tx, struct op *op, struct record *rec,
                    const struct right_notice *n);
/* What a grant makes happen. Joins tx. */
MUST err right_grant(struct record_tx *tx, struct op *op, struct record *rec, struct json *task);
/* A text kept with the resource that the request is about: code amendment or disagreement. */
MUST err right_append(struct record_tx *tx, struct op *op, const struct json *task,
                      const char *code, str text);

#endif
