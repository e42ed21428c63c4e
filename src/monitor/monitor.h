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

/* One reading as it came (op->actor is the device or person): normalises, then record_create().
 * resource: validated Observation. ERR_UNPROCESSABLE for readings without patient, time or value.
 */
MUST err monitor_intake(struct op *op, struct monitor *m, struct json *observation,
                        struct record_result *ret);

/* The first half of monitor_intake(), for a reading that is written with others: fills and marks
 * it; *ret_name is what a resend is known by (an If-None-Exist), empty when it cannot be. */
MUST err monitor_prepare(struct op *op, struct monitor *m, struct json *observation, str *ret_name);

/* One step of the follower: takes the next changes, returns how many; 0 = up to date. */
MUST err monitor_step(struct op *op, struct monitor *m, size_t *ret_n);

/* Limits in force for a patient: hard limits and programme rules with the plan's changes. JSON
 * array of {metric, display, translation: {es, ar}, loinc, unit, low, high, rule, source: "default"
 * | CarePlan reference}. */
MUST err monitor_limits(struct op *op, struct monitor *m, str patient, struct json **ret);

struct monitor_stats {
    uint64_t cursor, readings, cases_opened, evidence_joined, behind;
    uint64_t skipped; /* transactions that could not be understood; each is in the trail */
};
void monitor_stats(const struct monitor *m, struct monitor_stats *ret);

#endif
