/* Results that a patient wished to hear of from the care team first (policy/release.h). The wish is
 * a QuestionnaireResponse of the patient to RECORD_RELEASE_FORM, written by record_release_set()
 * alone; that somebody told the patient is a tag of the result (meta.tag), put by $told or in the
 * transaction of a clinician's own Communication to the patient about it. access.c asks of every
 * own result. */
#ifndef WEFT_RECORD_RELEASE_H
#define WEFT_RECORD_RELEASE_H

#include "policy/release.h"
#include "record/record.h"

#define RECORD_RELEASE_FORM "https://weft.health/fhir/Questionnaire/result-release"
#define RECORD_RELEASE_TAG "https://weft.health/fhir/release"

#define RECORD_WITHHELD_MAX 8u /* at once, of one patient: no broader than is needed */
struct record_release {
    struct release_wish wish[RELEASE_MAX];
    struct {
        uint64_t rid;
        int64_t until;
    } withheld[RECORD_WITHHELD_MAX]; /* by an exception that a clinician named */
    size_t n_withheld;
    size_t waiting;          /* results that wait; told to the patient alone, else 0 */
    const struct json *said; /* by record_release_get(): the items of what is withheld now */
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

/* A clinician holds one result back from its patient by a named exception (45 CFR 171.201), its
 * conditions checked for this person and this result, the reason written down, until a day; or ends
 * that (until 0). The patient is told that, by which exception, by whom and until when; the reason
 * is in the trail. ERR_UNPROCESSABLE, ERR_FORBIDDEN by rule. */
struct record_withhold {
    str exception, reason;
    str tell; /* what the patient reads beside; may be empty */
    bool checked;
    int64_t until;
};
MUST err record_release_withhold(struct op *op, struct record *rec, fhir_type type, str id,
                                 const struct record_withhold *w);

#endif
