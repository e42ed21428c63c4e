/* How a case goes up: the rows of spec/desk/chain.csv over the hours of its team. A step is a fact
 * on the Task (extension DESK_STEP_URL: row, of, due, at, to, who); of is the moment the wait began
 * that it counts from, so each row acts once a wait, whatever the clock did meanwhile. */
#ifndef WEFT_DESK_CHAIN_H
#define WEFT_DESK_CHAIN_H

#include "desk/hours.h"

#define DESK_STEP_URL "https://weft.health/fhir/StructureDefinition/case-step"
/* It waits since then (a rise or a waking after authoredOn); somebody has it since then. */
#define DESK_WAITS_URL "https://weft.health/fhir/StructureDefinition/case-waits-since"
#define DESK_SNOOZED_URL "https://weft.health/fhir/StructureDefinition/case-snoozed-at"
#define DESK_HELD_URL "https://weft.health/fhir/StructureDefinition/case-held-since"
/* valuePeriod: it came while nobody was at work, who come at the end of it. */
#define DESK_UNWATCHED_URL "https://weft.health/fhir/StructureDefinition/case-unwatched"
/* PractitionerRole.code: who is meant by a row's `to`. */
#define DESK_SYSTEM_TEAM_ROLE "https://weft.health/fhir/team-role"

struct chain_walk {
    char at[256]; /* where the walk over the open cases is */
    size_t at_n;
    uint64_t steps, told, unnamed; /* made so far; unnamed: nobody stands behind the step */
    uint64_t pages, unreached;     /* unreached: all were paged, nobody answered */
};
/* Makes what is due of the next page of open cases, each case in one commit
 * of its own; *ret_more: the walk goes on. A case that changed meanwhile is left to the next walk.
 */
MUST err desk_climb(struct op *op, struct record *rec, const struct config *config,
                    struct chain_walk *io, bool *ret_more);
/* Out of hours, and not yet told in this closed time: *ret_when says when somebody looks again, on
 * the clock of the zone, and tx notes that they are told now. False: somebody watches, or they
 * know.
 */
MUST err desk_nobody(struct record_tx *tx, struct op *op, const struct team_hours *h, str patient,
                     str zone, bool *ret, struct said *ret_when);
/* {steps: [{row, to, due, at, who, citation}], next: {row, to, due, citation}, watching, until,
 * name, phone}: of a case that op->actor may read. */
MUST err desk_chain(struct op *op, struct record *rec, const struct config *config, str task,
                    struct json **ret);

#endif
