/* The monitor room: readings in, explained cases out.
 * Intake: Observations by FHIR or MQTT end as one record_create(); units are brought to the
 * metric's own (UCUM), resent readings are dropped by identifier, late and future-dated ones are
 * kept and said. The follower reads the change feed with a durable cursor, evaluates the compiled
 * rules of spec/monitor/rules.json over the patient's window (pure), and commits case, evidence,
 * rule state and cursor in one transaction: kill it anywhere, no case is lost and none is made
 * twice. */
#ifndef WEFT_MONITOR_H
#define WEFT_MONITOR_H

#include "base/config.h"
#include "desk/desk.h"
#include "identity/identity.h"

struct monitor;
MUST err monitor_new(struct op *op, struct record *rec, struct identity *id,
                     const struct config *config, struct monitor **ret);
void monitor_free(struct monitor *m);
/* Starts the follower and, when mqtt.url is set, the MQTT intake. */
MUST err monitor_start(struct op *op, struct monitor *m);
void monitor_stop(struct monitor *m);

/* A server that waits for the record takes its share of the readings all the same: with mqtt.share
 * and a store in PostgreSQL, what the broker sends it is on disk, for the server that has the
 * record, before it is acknowledged. *ret NULL: this server is not to. dir, database: as for
 * record_open_at(). */
struct intake_nodes;
MUST err monitor_outpost_start(struct op *op, const struct config *config, str dir, str database,
                               struct intake_nodes **ret);
void monitor_outpost_stop(struct intake_nodes *x); /* NULL allowed */

/* One reading as it came (op->actor is the device or person): normalises, then record_create().
 * resource: validated Observation. ERR_UNPROCESSABLE for readings without patient, time or value.
 */
MUST err monitor_intake(struct op *op, struct monitor *m, struct json *observation,
                        struct record_result *ret);

/* The first half of monitor_intake(), for a reading that is written with others: fills and marks
 * it; *ret_name is what a resend is known by (an If-None-Exist), empty when it cannot be. */
MUST err monitor_prepare(struct op *op, struct monitor *m, struct json *observation, str *ret_name);

/* Is it an Open mHealth or IEEE 1752.1 data point ({header, body})? */
bool monitor_is_point(const struct json *v);
/* A data point, checked against its published schema, as an Observation for monitor_prepare().
 * ERR_UNPROCESSABLE with the path of each fault, and for a valid document that is no measure of a
 * person. Whose it is says the actor's account, else header.user_id. */
MUST err monitor_point(struct op *op, const struct json *point, struct json **ret);

/* A line of a clinic's table (patient,time,measure,value,unit) as an Observation for
 * monitor_prepare(). ERR_UNPROCESSABLE with the reason. */
MUST err monitor_csv_line(struct op *op, str line, struct json **ret);

/* One step of the follower: takes the next changes, returns how many; 0 = up to date. */
MUST err monitor_step(struct op *op, struct monitor *m, size_t *ret_n);

/* Limits in force for a patient: hard limits and programme rules with the plan's changes. JSON
 * array of {metric, display, translation: {es, ar}, loinc, unit, low, high, rule, source: "default"
 * | CarePlan reference}. */
MUST err monitor_limits(struct op *op, struct monitor *m, str patient, struct json **ret);

/* What would have been: the last days (28 … 365) of a patient's readings under the limits in force
 * and under others of one metric. Nothing is changed. op->actor must see the patient; what they may
 * not see is not replayed. JSON {metric, low, high, days, whole, readings, before: {alerts, cases,
 * asked}, after: the same, events: {n, before, after, lost: [{at, what}]}}: before is as things
 * are, after with the limits tried, no looser than the table's loosest safe ones; alerts are of the
 * metric, cases of all metrics, alerts less than 72 h apart being one; asked: how often it would be
 * measured again first; an event is told of by an alert: a case that was acted on in the 72 h
 * before, an emergency or inpatient stay in the 14 days before. Of more than 30,000 readings the
 * newest days are replayed: days says how many, whole that it is not all. */
struct monitor_trial {
    str metric;
    double low, high; /* in the metric's unit; NAN: as it is */
    int days;
    str rule; /* a rule on trial (shadow), switched on instead of limits; empty: none */
};
MUST err monitor_what_if(struct op *op, struct monitor *m, str patient,
                         const struct monitor_trial *trial, struct json **ret);

/* A glucose sensor's last 1 … 90 days of the patient's calendar, by the formulas of vitals/cgm.h:
 * JSON {days, from, to, intervalMinutes, captured, readings, percent: {veryLow, low, inRange, high,
 * veryHigh}, mean, sd, cv, gmi, gri, zone, episodes: {veryLow, low, high, veryHigh: {n, prolonged,
 * minutes}}, profile: [96 of [5th, 25th, 50th, 75th, 95th percentile] or null], daily: [{day,
 * percent, readings, mean, line: [96 means or null]}]}; mg/dL. op->actor must see the patient; what
 * they may not see is not counted. */
MUST err monitor_glucose(struct op *op, struct monitor *m, str patient, int days,
                         struct json **ret);

/* NEWS2 as it stands: JSON {asked: a rule of their programmes looks at it, hours, scale, measured,
 * whole, total (a lower bound while not whole), red, risk (low, low-medium, medium, high), parts:
 * [{metric, display, translation, unit, value, at, points}]}: seven in the chart's order; without
 * value: not measured in these hours; with a value and no points: cannot be scored without another
 * part. op->actor must see the patient; what they may not see is missing. */
MUST err monitor_news2(struct op *op, struct monitor *m, str patient, struct json **ret);

/* The same as monitor_what_if() for many people, so many of them as there is time for, at least
 * one; *ret_done: how many of the list. Each is replayed in the memory of the one before. Whom
 * op->actor may not see is counted and left out. Cases count while the person was in it (from …
 * to). JSON {metric, low, high, days, n, unseen, quiet (without a reading), eventless, part (not
 * all their days), readings, personDays, before: {alerts, cases, asked}, after, daily: {before:
 * [cases by day, oldest first], after}, events: {n, before, after, list: [{patient, name, at, what,
 * was, is}]}, changed:
 * [{patient, name, before, after}], with a rule on trial rules: [{id, tried, cases, hit, leads}]}:
 * of each rule of the metric alone, how often it would have told (repeats of 72 h once), after how
 * many of these an event came, and days from alert to stay. A list ends at MONITOR_CROWD_LIST,
 * `more` says what it left out. */
#define MONITOR_CROWD_LIST 200u
struct monitor_person {
    str patient;
    int64_t from, to;
};
struct monitor_crowd {
    const struct monitor_person *people;
    size_t n;
    int64_t budget_ms;
};
MUST err monitor_what_if_many(struct op *op, struct monitor *m, const struct monitor_crowd *crowd,
                              const struct monitor_trial *trial, size_t *ret_done,
                              struct json **ret);

/* How each rule does: JSON {days, patients, years, rules: [{id, priority | technical, source,
 * metric, shadow (on trial: it opens none), trial: {since, hits, people, cases, acted}, open,
 * closed, acted, rate, unexplained, unexplainedYear, flagged}], metrics: the limits that everybody
 * has} of the cases of the last 365 days that the rule opened and op->actor may see; rules of the
 * fleet and PLAN-LOW, PLAN-HIGH once they have opened one. acted: closed with an outcome that
 * changed something; unexplained: closed without; a year: of a patient in a programme (CarePlan),
 * cases of others not counted; trial: what it would have told since it is counted, repeats of 72
 * hours as one, for how many of these a case of any rule was open or came within 72 hours, and how
 * many of those were acted on; flagged: fewer than one in five of twenty or more were
 * acted on. */
MUST err monitor_hits(struct op *op, struct monitor *m, struct json **ret);

/* What the readings of the last 24 hours came to: JSON {hours, over: readings over limits, cases:
 * people with an open case of monitoring, inRange: people heard from, nothing over and no case,
 * silent: people of whom what is expected did not come (and no case), watched: people in a
 * programme, whole: everybody is counted}. Counted in memory, as the follower keeps it; whom
 * op->actor may not see is in no number. */
MUST err monitor_round(struct op *op, struct monitor *m, struct json **ret);

struct monitor_stats {
    uint64_t cursor, readings, cases_opened, evidence_joined, behind;
    uint64_t skipped; /* transactions that could not be understood; each is in the trail */
    uint64_t steps, told, unnamed, pages, unreached; /* of desk/chain.h, made by this process */
};
void monitor_stats(const struct monitor *m, struct monitor_stats *ret);

#endif
