/* Incidents: a wrong use or disclosure from the first report to the last notice (45 CFR
 * 164.308(a)(6), 164.400-414; GDPR Art. 33, 34). An incident is a Task (code incident) of the
 * privacy office with criteria: whose looks, by which session, when, whose records, or everybody's
 * (a lost backup). Its scope is what the trail says by them, made again whenever somebody asks; its
 * clocks are Tasks (code clock) part of it, whose ends come from the rule rows that apply.
 *
 * Every door is for privacy officers, leaves its line in the trail, and answers the incident as
 * JSON
 * {"id", "status", "what", "discovered", "opened", "openedBy", "criteria", "scope", "assessment",
 * "clocks": [{"id", "rule", "kind", "title", "place", "due", "late", "status", "note"}],
 * "letters"}. Thread-safe; results live in op->arena. */
#ifndef WEFT_DESK_INCIDENT_H
#define WEFT_DESK_INCIDENT_H

#include "desk/desk.h"

#define INCIDENT_PEOPLE_MAX 30000u

/* in: {"what", "discovered", "user", "session", "from", "until", "patients": [id …],
 * "everybody": true, "case": Task}. ERR_UNPROCESSABLE without a criterion. Counts at once. */
MUST err incident_open(struct op *op, struct record *rec, const struct json *in, struct json **ret);
/* Newest first, at most 200: {"incidents": […]}, each without clocks but with "next":
 * {"due", "late"} of the one that ends first. */
MUST err incident_list(struct op *op, struct record *rec, struct json **ret);
/* Of its Task, for the evidence pack: {"id", "status", "opened", "discovered", "people",
 * "lowProbability"}; names nobody. */
MUST err incident_brief(struct op *op, const struct record_doc *doc, struct json **ret);
MUST err incident_get(struct op *op, struct record *rec, str id, struct json **ret);
/* Counts again and sets the clocks. Stops at op->deadline (then "complete" is false). */
MUST err incident_scope(struct op *op, struct record *rec, str id, struct json **ret);
/* The assessment by four factors (164.402(2)): {"nature", "recipient", "acquired", "mitigation",
 * "lowProbability", "reason", "notice": {"happened", "steps", "doing", "contact"}}; all four and a
 * reason are asked for. Clocks follow. */
MUST err incident_assess(struct op *op, struct record *rec, str id, const struct json *in,
                         struct json **ret);
/* A clock is met: by whom, when and how (note) is kept. */
MUST err incident_done(struct op *op, struct record *rec, str id, str clock, str note,
                       struct json **ret);
/* People affected from number `after` on, at most max: {"letters": [{"patient", "name", "language",
 * "channel", "to", "place", "status"}], "next", "total", "returned", "substitute"}. with_text adds
 * the letter itself. */
struct incident_page {
    size_t after, max;
    bool with_text;
};
MUST err incident_letters(struct op *op, struct record *rec, str id,
                          const struct incident_page *page, struct json **ret);
/* state: "sent": a letter that was asked for has left; it is kept in the patient's record as a
 * Communication. "returned" marks it. */
MUST err incident_mark(struct op *op, struct record *rec, str id, str patient, str state,
                       struct json **ret);
/* The police ask that notices wait (45 CFR 164.412, BRN-07): {"by", "until", "written": true or
 * false, "note"}; spoken, 30 days at most. {"end": true} ends it. The clocks of HIPAA's notices end
 * with it, and until then no notice is queued or marked as sent. */
MUST err incident_delay(struct op *op, struct record *rec, str id, const struct json *in,
                        struct json **ret);
/* Asks for the notices (a CommunicationRequest each, with the letter in it): of one patient, or of
 * those from number `after` on that have none yet: {"queued", "next"}. */
MUST err incident_queue(struct op *op, struct record *rec, str id, str patient, size_t after,
                        struct json **ret);

/* ---- for the room that carries notices by a way of its own ---- */
/* Those asked for by a channel that nobody carried out yet, oldest first, at most max. For a room,
 * not for a person: op->actor sees all of them. */
MUST err incident_asked(struct op *op, struct record *rec, const char *channel, unsigned max,
                        struct record_page *ret);
/* Makes a Communication the notice that was asked for: what it is part of, who may read it. */
void incident_bind(struct op *op, const struct json *request, str id, struct json *communication);
/* A request is carried out; refused: by nobody, and why: that is kept as its Communication, so that
 * the office sees it as come back. */
MUST err incident_carry(struct op *op, struct record *rec, const struct record_doc *request,
                        str refused);

/* By somebody else than who opened it, when it is assessed and no clock is open. */
MUST err incident_close(struct op *op, struct record *rec, str id, str note, struct json **ret);

#endif
