/* The life of a campaign and of journeys: who may take which step, and what happens by the clock
 * and by the change feed. A campaign is a PlanDefinition; its life is a named value beside it:
 *   draft → submitted → approved → scheduled → running → done;  submitted → draft (refused);
 *   scheduled|running → draft by undo (campaign.undo_minutes from scheduling);
 *   anything scheduled or running → stopped.
 * Each step is a line in the trail. Approval is another account's (role outreach or privacy), two
 * over campaign.two_over people. The audience is frozen at approval and compared at sending.
 * Nobody is contacted but through outreach.h. Thread-safe; results in op->arena. */
#ifndef WEFT_CAMPAIGN_RUN_H
#define WEFT_CAMPAIGN_RUN_H

#include "campaign/campaign.h"
#include "campaign/plan.h"

/* All: JSON as told in docs/flows/campaign.md. list: {"campaigns": [{id, title, kind, state,
 * people, author, …}]} newest first. */
MUST err campaign_list(struct op *op, struct campaigns *c, struct json **ret);
/* Also its outline and {"underWay": [{version, people}]}: journeys that began and have not ended,
 * by version, as figures of a veiled audience (audience.h). */
MUST err campaign_get(struct op *op, struct campaigns *c, str id, struct json **ret);
/* As campaign_put() would judge it; nothing is kept. Every fault of an outline at once, each with
 * its element. Completes the outline. */
MUST err campaign_check(struct op *op, struct json *outline);
/* outline: a PlanDefinition; it is compiled first, so that errors name the step. empty id: new. A
 * change of what is not a draft makes a draft of it again; people under way keep their version. */
MUST err campaign_put(struct op *op, struct campaigns *c, str id, struct json *outline,
                      struct json **ret);
/* The outlines shipped in spec/campaign/journeys: {"outlines": [{code, title, kind, plan}]}. */
MUST err campaign_shipped(struct op *op, struct json **ret);

enum campaign_step {
    CAMPAIGN_SUBMIT,
    CAMPAIGN_APPROVE,
    CAMPAIGN_REFUSE,
    CAMPAIGN_SCHEDULE,
    CAMPAIGN_UNDO,
    CAMPAIGN_STOP, /* nothing of it leaves after 5 s, also what is at a worker */
    CAMPAIGN_STEPS
};
bool campaign_step_parse(str name, enum campaign_step *ret);
/* at: ms of the start, 0 now. ERR_CONFLICT: not from this state; ERR_FORBIDDEN: one's own. */
MUST err campaign_do(struct op *op, struct campaigns *c, str id, enum campaign_step step,
                     int64_t at, struct json **ret);
/* Three people (or one by id) as they would be contacted: time, channel, language, words, why. */
MUST err campaign_preview(struct op *op, struct campaigns *c, str id, str patient,
                          struct json **ret);
/* Funnel, uplift against the hold-out, harm; see report in run. */
MUST err campaign_report(struct op *op, struct campaigns *c, str id, struct json **ret);

/* {"people", "contacts", "days": [{"day", "sent", "sms" …}], "refused": [{"rule", "title",
 * "contacts"}], "clashes": [{"campaign", "people"}], "missing": {"ar": n}, "first", "last", "ms"
 * …}; resolved: over the contact budget people wait. */
struct campaign_days {
    unsigned days; /* 1 … SIMULATE_DAYS_MAX; 0: 30 */
    bool resolved;
};
MUST err campaign_simulate(struct op *op, struct campaigns *c, str id,
                           const struct campaign_days *days, struct json **ret);

/* A journey of one person: {"state": "active"|"paused"|"ended", …}; what: "pause" (until: ms),
 * "resume", "exit". care_plan: its CarePlan. */
MUST err journey_change(struct op *op, struct campaigns *c, str care_plan, str what, int64_t until,
                        struct json **ret);

/* One step of the follower (enrolments, answers) and of the clock; *ret_n handled. For tests and
 * the room's own thread, as the system. */
MUST err campaign_follow(struct op *op, struct campaigns *c, size_t *ret_n);
MUST err campaign_tick(struct op *op, struct campaigns *c, size_t *ret_n);

/* Is a person of this number in the hold-out of a campaign? Stable; share in percent. */
bool campaign_held_out(uint64_t patient, str campaign, str seed, unsigned percent);

#endif
