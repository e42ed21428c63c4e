/* Private to the desk: incidents between the files of incident_*.c. */
#ifndef WEFT_DESK_INCIDENT_INT_H
#define WEFT_DESK_INCIDENT_INT_H

#include "desk/incident.h"
#include "desk/rights_int.h"

#include "desk_gen.h"

/* A notice asked for: CommunicationRequest.groupIdentifier is this and the incident's id. */
#define DESK_NOTICE_GROUP "https://weft.health/fhir/incident"
#define DESK_CHANNEL_SYSTEM "https://weft.health/fhir/contact-channel"

/* An incident read for a change, by a privacy officer. All but the reading is the house's:
 * op->actor is put back by incident_end(). */
struct incident {
    struct op *op;
    struct record *rec;
    const struct actor *person;
    struct record_tx *tx;
    str id;
    uint32_t vid;
    struct json *task, *criteria, *scope, *assessment; /* the last two NULL while there is none */
    struct json *delay;                                /* that the police asked for; NULL: never */
    int64_t discovered;
};
MUST err incident_begin(struct op *op, struct record *rec, str id, struct incident *ret);
/* Writes the Task back with scope and assessment, the line in the trail, and commits. */
MUST err incident_commit(struct incident *i, const char *what, const struct json *detail);
err incident_end(struct incident *i, err e);
MUST err incident_view(struct incident *i, struct json **ret);
/* May i->person judge it: it is open, and not about their own looks? */
MUST err incident_judge(const struct incident *i);
/* Is op->actor a privacy officer? */
MUST err incident_officer(struct op *op);

/* ---- incident_carry.c: the Communication of a request; the request is through, joins tx ---- */
struct json *incident_notice(struct op *op, const struct json *request, str id, const char *status);
MUST err incident_carried(struct record_tx *tx, struct op *op, const struct record_doc *asked,
                          struct json *request);

/* ---- incident_scope.c: numbers of the people affected, kept in one sealed named value ---- */
MUST err incident_count(struct incident *i);
MUST err incident_people(struct incident *i, uint64_t **ret, size_t *ret_n);

/* ---- incident_clock.c ---- */
/* Opens the clocks of the rules that apply now, takes back those that apply no more. */
MUST err incident_clocks(struct incident *i);
/* Notices that wait for the police end with the wait when they would have ended before. until 0:
 * as they were. */
MUST err incident_clocks_move(struct incident *i, int64_t until);
/* incident_delay.c: does a wish of the police hold notices now, and until when (0: none)? */
int64_t incident_delayed(const struct incident *i);
MUST err incident_clock_list(struct incident *i, struct json **ret, bool *ret_open);

#endif
