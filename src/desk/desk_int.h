/* Private to the desk room: the shape of a case Task. */
#ifndef WEFT_DESK_INT_H
#define WEFT_DESK_INT_H

#include "desk/desk.h"
#include "fhir/make.h"

#define DESK_SYSTEM_PROGRAMME "https://weft.health/fhir/programme"
#define DESK_SYSTEM_OUTCOME "https://weft.health/fhir/case-outcome"
#define DESK_SYSTEM_LABEL "https://weft.health/fhir/label"
#define DESK_SYSTEM_HL7 "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
#define DESK_EVIDENCE_MAX 50

enum desk_acted { DESK_ACTED_NO, DESK_ACTED_YES, DESK_ACTED_TECHNICAL };
struct desk_outcome {
    const char *code, *display;
    bool look; /* of cases about looks */
    enum desk_acted acted;
};
extern const struct desk_outcome DESK_OUTCOMES[];
extern const size_t DESK_OUTCOME_COUNT;

/* Named value that holds the id of the open case of a patient and programme. */
str desk_open_key(struct op *op, str patient, str programme);

/* A case read for a change: the Task's tree and the version it was read at. */
struct desk_task {
    struct record_doc doc;
    struct json *tree;
    str status;
};
MUST err desk_read(struct op *op, struct record *rec, str task, struct desk_task *ret);
/* Writes a change back; a race becomes ERR_CONFLICT in plain words. */
MUST err desk_write(struct op *op, struct record *rec, struct desk_task *task,
                    struct record_result *ret);

str desk_priority_code(enum desk_priority p);
enum desk_priority desk_priority_of(const struct json *task);
void desk_set_status(struct op *op, struct json *task, str status);
struct json *desk_reference(struct op *op, str reference, str display);
/* Adds references to Task.input as evidence; those already there are not repeated, the oldest go
 * past DESK_EVIDENCE_MAX. */
void desk_add_evidence(struct op *op, struct json *task, const str *refs, size_t n);
void desk_add_note(struct op *op, struct json *task, str text);
bool desk_is_owner(const struct op *op, const struct json *task);
bool desk_has_label(const struct json *task, str label);
void desk_set_label(struct op *op, struct json *task, const char *system, str label);
/* A CodeableConcept of one coding. */
/* Is the case about a look of op->actor's own? */
bool desk_is_own_look(const struct op *op, const struct json *task);

#endif
