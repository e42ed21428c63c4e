/* The roster: who stands behind the steps of the chain in the days to come, where nobody does, and
 * when it changes hands. It is what PractitionerRoles say (code DESK_SYSTEM_TEAM_ROLE, their own
 * availableTime, notAvailable and period), on the clock of their team. */
#ifndef WEFT_DESK_ROSTER_H
#define WEFT_DESK_ROSTER_H

#include "desk/hours.h"

#define ROSTER_DAYS_MAX 31
#define ROSTER_SHIFTS_MAX 200 /* of one person in the time that is asked for */

/* [{service, name, zone, from, until, shifts: [{role, to, who, from, until, always}], gaps: [{from,
 * until}]: nobody is on call, handover: the next moment at which who is on call changes}] of each
 * team. ERR_INVALID: days from 1 to ROSTER_DAYS_MAX. */
MUST err desk_roster(struct op *op, struct record *rec, const struct config *config, int64_t from,
                     int64_t days, struct json **ret);

#endif
