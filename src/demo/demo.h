/* The demo room: an invented population for trying Weft out, testing and measuring. The same seed,
 * number and day give the same people, byte for byte. It writes FHIR transaction Bundles as text
 * and knows nothing of the record; whoever calls it loads them. Nothing here runs on real data. */
#ifndef WEFT_DEMO_H
#define WEFT_DEMO_H

#include "base/config.h"
#include "base/json.h"

struct demo_options {
    uint64_t seed;
    size_t patients;
    int64_t now; /* ms: readings end before it */
};

/* One call for the shared staff and places, then one a patient. Stops at the first error of sink.
 */
typedef err (*demo_sink)(struct op *op, void *ctx, str bundle);

/* What was planted: {seed, now, patients: [{patient, language, zone, monitored, sms, email,
 * planted, rule, pulse, oxygen}]}, for tests and the devices. planted "" = stable. */
MUST err demo_generate(struct op *op, const struct demo_options *o, demo_sink sink, void *ctx,
                       struct json **ret_truth);

/* Live readings: one Observation text for a patient's device at `now`. round counts up from 0; some
 * patients get worse with it, so that a case arises within the first minute. */
struct demo_device {
    str user, password, patient; /* account, broker password, Patient id */
    str planted;                 /* as in the truth */
    double pulse, oxygen;        /* what is usual for the patient */
};
str demo_reading(struct op *op, const struct demo_device *d, uint64_t round, int64_t now);

/* Publishes readings of all devices over MQTT every period_ms, until *stop. Blocks: for a thread.
 */
struct demo_simulator {
    const char *host;
    int port;
    const struct demo_device *devices;
    size_t n;
    int64_t period_ms;
    const _Atomic bool *stop;
};
MUST err demo_simulate(struct op *op, const struct demo_simulator *s);

#endif
