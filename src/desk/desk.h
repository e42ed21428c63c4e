/* The desk room: worklists made of FHIR Task. A case is a Task (intent order, code system
 * https://weft.health/fhir/task-code) with focus on what lies behind it; its life:
 *   requested → (claim) in-progress → (resolve) completed;  requested ⇄ on-hold (snooze until);
 *   in-progress → (release) requested.
 * Priority is Task.priority (stat = P1, asap = P2, urgent = P3, routine = P4); the worklist is
 * ordered by priority, then by how long it has waited (authoredOn). One open case a patient and
 * programme (Task.groupIdentifier). Two people cannot claim one case: claims are version-checked
 * commits. Every door is audited by the record. */
#ifndef WEFT_DESK_H
#define WEFT_DESK_H

#include "desk/say.h"
#include "record/record.h"

#define DESK_SYSTEM_CODE "https://weft.health/fhir/task-code"
/* spec/rules/labels.csv: cases about looks at the record; who they are about must not read them */
#define DESK_LABEL_PRIVACY "PRIVACYCASE"
/* the same, and the patient does not read them either: they say things about who looked */
#define DESK_LABEL_OFFICER "OFFICERCASE"

enum desk_priority { DESK_P1 = 1, DESK_P2, DESK_P3, DESK_P4 };

struct desk_case {
    str id;
    str patient;   /* Patient id; empty: about no patient (an officer's, or a technical one) */
    str programme; /* e.g. "heart-failure", "hard-limits" */
    enum desk_priority priority;
    struct said why; /* one plain sentence with the numbers, in each language */
    const str
        *evidence; /* references behind it, newest first, e.g. "Observation/…"; at least one */
    size_t n_evidence;
    str about;    /* which of it the rule speaks of: Task.focus; empty: the first */
    str rule;     /* id of the rule that decided the priority */
    int64_t due;  /* ms; what was promised to the patient: Task.executionPeriod.end; 0 none */
    bool privacy; /* for the privacy office only (label DESK_LABEL_PRIVACY): every sentence stays */
    bool officer; /* the same with DESK_LABEL_OFFICER */
    bool technical;  /* about a thing, for support: never a nurse's; second code "technical" */
    bool worse;      /* than when the case was snoozed: it is back at once, and why says so */
    bool restricted; /* what it is about is: labelled R, as long as it lives */
    /* of an officer's case: who looked (reference; the account when there is none), whose programme
     * ends with "/" and the account, and who neither claims nor closes it */
    str looker;
};

/* Opens the case, or adds the evidence to the open one of the same patient and programme: raises
 * the priority when the new one is higher (never lowers), replaces the sentence when the new
 * evidence is at least as severe, and with it the focus. Joins tx; *ret_id is the Task. *ret_new
 * tells which. */
MUST err desk_open(struct record_tx *tx, struct op *op, struct record *rec,
                   const struct desk_case *c, str *ret_id, bool *ret_new);

/* Whether the patient has an open case of that programme. */
MUST err desk_is_open(struct op *op, struct record *rec, str patient, str programme, bool *ret);

/* The open case while it is snoozed. */
struct desk_snoozed {
    int64_t at; /* when it was put aside; 0: it is not */
    enum desk_priority priority;
    str evidence[50]; /* references, newest first */
    size_t n_evidence;
};
MUST err desk_snoozed(struct op *op, struct record *rec, str patient, str programme,
                      struct desk_snoozed *ret);

/* Doors for people (op->actor): the answer is the Task as stored.
 * ERR_CONFLICT names that another has it (no name is told to those who may not see it). */
MUST err desk_claim(struct op *op, struct record *rec, str task, struct record_result *ret);
MUST err desk_release(struct op *op, struct record *rec, str task, struct record_result *ret);
/* until: ms, must be in the future, at most 14 days; a P1 cannot be snoozed. Broken by a
 * higher level, and by a worse value of the same one. */
MUST err desk_snooze(struct op *op, struct record *rec, str task, int64_t until,
                     struct record_result *ret);
/* outcome: a code of spec/desk/outcomes.csv; those of looks are for an officer's cases, which have
 * no others; note: free text. */
MUST err desk_resolve(struct op *op, struct record *rec, str task, str outcome, str note,
                      struct record_result *ret);
/* A case about a thing. */
bool desk_is_technical(const struct json *task);
/* A case as it was closed: was something changed by it (spec/desk/outcomes.csv, acted)? False for
 * one that is open. */
bool desk_was_acted_on(const struct json *task);
/* Adds a message or reading to the open case of a patient (any programme), if there is one. */
MUST err desk_join(struct record_tx *tx, struct op *op, struct record *rec, str patient, str focus,
                   str note, bool *ret_joined);
/* The USPS code of a state of the US as people write it; empty for what is none. */
str desk_state_code(str said);
/* The zone of the patient's address, or the house's. */
str desk_zone(const struct json *patient, str house);
/* A text to the patient that outreach is asked for, in their language: a CommunicationRequest of a
 * kind, in the caller's transaction. Which way it goes, and whether it may, is outreach's. */
struct desk_text {
    str patient;      /* Patient id */
    const char *kind; /* code of DESK_TEXT_SYSTEM; the ledger counts it as a programme */
    const char *rule; /* what asked */
    const str *about; /* references */
    size_t n_about;
    struct said words;
    int64_t until; /* ms; later it is of no use: what cannot go by then is revoked. 0: a day */
};
#define DESK_TEXT_SYSTEM "https://weft.health/fhir/request-kind"
MUST err desk_text_ask(struct record_tx *tx, struct op *op, struct record *rec,
                       const struct desk_text *t, str *ret_id);
/* Wakes snoozed cases whose time has come; called by the follower's clock. */
MUST err desk_wake(struct op *op, struct record *rec, size_t *ret_n);

#endif
