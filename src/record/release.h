/* Results that a patient wished to hear of from the care team first (policy/release.h). The wish is
 * a QuestionnaireResponse of the patient to RECORD_RELEASE_FORM, written by record_release_set()
 * alone; that somebody told the patient is a tag of the result (meta.tag). access.c asks of every
 * own result. */
#ifndef WEFT_RECORD_RELEASE_H
#define WEFT_RECORD_RELEASE_H

#include "policy/release.h"
#include "record/record.h"

#define RECORD_RELEASE_FORM "https://weft.health/fhir/Questionnaire/result-release"
#define RECORD_RELEASE_TAG "https://weft.health/fhir/release"

struct record_release {
    struct release_wish wish[RELEASE_MAX];
    size_t waiting; /* results that wait; told to the patient alone, else 0 */
};
/* To whom may see the Patient. */
MUST err record_release_get(struct op *op, struct record *rec, str patient,
                            struct record_release *ret);
/* The patient's own choice, in force at once; how: one a category. */
MUST err record_release_set(struct op *op, struct record *rec, str patient,
                            const enum release_how *how);
/* A clinician told the patient of a result, in writing (text goes to the patient) or by phone: a
 * Communication about it, the tag, a line in the trail, in one transaction. */
struct record_told {
    enum release_how how;
    str text;
};
MUST err record_release_tell(struct op *op, struct record *rec, fhir_type type, str id,
                             const struct record_told *told, struct record_doc *ret);

#endif
