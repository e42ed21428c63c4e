/* The trail as a stream: every decision there was, newest first, for those who ask what another
 * rule would have decided. Shows no patient data: numbers, accounts and rules. */
#ifndef WEFT_RECORD_LOOKS_H
#define WEFT_RECORD_LOOKS_H

#include "record/record.h"

struct record_look {
    uint64_t seq;
    int64_t time; /* ms */
    enum role role;
    enum action action;
    fhir_type type;
    bool refused;
    const uint64_t *patients; /* resource numbers */
    size_t n_patients;
    str user, code,
        detail; /* code: of a line that is not about a resource, e.g. "contact-decision" */
    str reference, session, rule; /* the looker's own resource; session or token; what decided */
    enum purpose purpose;
    uint64_t rid; /* of the resource, 0 none */
};
/* Lines since a moment, until fn says false. What a line points at lives until fn returns. Needs
 * the right to the audit. *ret_complete: false when op->deadline or fn ended it. */
MUST err record_looks(struct op *op, struct record *rec, int64_t since,
                      bool (*fn)(void *ctx, const struct record_look *look), void *ctx,
                      bool *ret_complete);

/* The lines after a line, oldest first, at most max: for followers, which are the system. All in
 * op->arena. after 0: from the first. */
MUST err record_looks_after(struct op *op, struct record *rec, uint64_t after, size_t max,
                            struct record_look **ret, size_t *ret_n);
/* One line; ERR_NOT_FOUND. Asks for the right to the audit. */
MUST err record_look_at(struct op *op, struct record *rec, uint64_t seq, struct record_look *ret);

/* For followers that ask why somebody looked; as the system, shows nothing. Is there a CareTeam,
 * Encounter, Task, Appointment or EpisodeOfCare of the patient's that names who, or a role of
 * theirs, and is not the work of `except` alone? */
struct record_relation {
    uint64_t patient, who; /* resource numbers; who: a Practitioner … */
    str except;            /* account */
};
MUST err record_related(struct op *op, struct record *rec, const struct record_relation *q,
                        bool *ret);
/* Until when an account has broken the glass for a patient; 0: not so. */
MUST err record_glass_until(struct op *op, struct record *rec, uint64_t patient, str user,
                            int64_t *ret);

/* Has somebody else than the account written any version of the resource? What came in bulk, and
 * what the trail does not know, is others' work. */
MUST err record_by_another(struct op *op, struct record *rec, uint64_t rid, str user, bool *ret);

/* Has the patient (a resource number) an Encounter or an Appointment within so many days of a
 * moment, before or after, that is not the work of `except` alone (empty: of whomever)? Asked as
 * the system; shows nothing. */
struct record_near {
    uint64_t patient;
    int64_t when; /* ms */
    int days;
    str except; /* account */
};
MUST err record_visit_near(struct op *op, struct record *rec, const struct record_near *q,
                           bool *ret);

#endif
