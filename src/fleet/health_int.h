/* Private to the fleet room: what is known of a device's health, and the judgement of it, which is
 * pure. */
#ifndef WEFT_FLEET_HEALTH_INT_H
#define WEFT_FLEET_HEALTH_INT_H

#include "desk/away.h"
#include "desk/complaint.h"
#include "desk/say.h"
#include "fleet/fleet_int.h"

#define HEALTH_BATTERIES 24u
#define HEALTH_ODD 8u /* impossible values remembered */
#define HEALTH_PEERS 200u
#define HEALTH_PEERS_MIN 5u
#define HEALTH_HOUR INT64_C(3600000)
#define HEALTH_DAY (24 * HEALTH_HOUR)

struct fleet_rule {
    const char *id;
    enum health_kind kind;
    double limit, clear;
    int priority;
    enum say_word say;
    bool complaint, cyber;         /* the device alleges it of itself (DEV-01, DEV-10) */
    bool update;                   /* counts against the firmware it was given (rings.csv) */
    const char *text[SAY_LANGS];   /* to the patient; "": none */
    const char *script[SAY_LANGS]; /* for the agent */
    const char *acts;              /* what the script does, by the names of DEV-08 */
};
extern const struct fleet_rule FLEET_RULE[FLEET_RULES];

struct health_point {
    int64_t at;
    double value;
};
struct health {
    int64_t heard;       /* anything at all; 0: never */
    int64_t away;        /* ms since then that nobody listened; not kept */
    int64_t broken;      /* since when its line is broken (MQTT's will); 0: it is not */
    int64_t away_broken; /* ms since then that nobody listened; not kept */
    int64_t stuck;       /* when it took an update that it is not done with; 0: none */
    str awaited;         /* the version of that update */
    int64_t look;        /* when it is looked at once more; 0: as usual */
    int64_t out;       /* since when it counts as silent among its like (storm.c); 0: it does not */
    str groups, storm; /* what it is counted in, a line each; the storm that it is part of */
    int64_t grouped;   /* when that was looked at last */
    int64_t stated;    /* the last state */
    str firmware, least;                           /* what it runs; the least that is approved */
    struct health_point battery[HEALTH_BATTERIES]; /* oldest first */
    size_t n_battery;
    int64_t odd[HEALTH_ODD]; /* when an impossible value came, newest last */
    size_t n_odd;
    double skew_s, retries, reference;
    bool has_reference, tamper, impostor, timed;
    int64_t count;               /* of its states: never goes back */
    int64_t raised[FLEET_RULES]; /* since when; 0: not */
    int64_t told[FLEET_RULES];   /* when last: once a day at most, however often it swings */
    int64_t noted;               /* when its firmware was last written into the Device */
    str said;                    /* of the last state, hashed: the broker may deliver it twice */
    const double *peers;         /* references of devices of the model */
    size_t n_peers;
};
/* It spoke at that time. */
void health_heard(struct health *h, int64_t at, int64_t now);
/* What the rule looks at, now; false: not known. */
bool health_value(const struct health *h, enum health_kind kind, int64_t now, double *ret);
/* Marks what holds by now and what is over; *ret_new: bit a rule that is to be told. */
void health_judge(struct health *h, int64_t now, uint32_t *ret_new);
void health_add_battery(struct health *h, int64_t at, double percent);
void health_add_odd(struct health *h, int64_t at);
/* "3.10.0" after "3.9"? Numbers between dots; what is none counts as 0. */
bool health_older(str version, str than);
/* Is a value of the code, in that unit, possible at all? True for what no row is about. */
bool health_possible(str loinc, str unit, double v);
/* May the words of a rule be said by somebody who is no clinician (DEV-08)? */
MUST err health_may_say(struct op *op, struct fleet *f, const char *words_acts, bool *ret);
/* It is looked at again by then. */
void health_look(struct op *op, struct record_tx *tx, str device, struct health *h, int64_t at);
/* It took an update: a day later it is looked whether it is done. now: at once. */
void health_update_taken(struct op *op, struct record_tx *tx, str command, bool now);

/* ---- health.c: kept as a named value a device ---- */
MUST err health_load(struct op *op, struct fleet *f, str device, struct health *ret, str *ret_text);
void health_keep(struct op *op, struct record_tx *tx, str device, const struct health *h, str was);
struct json *health_told(struct op *op, const struct health *h);

/* ---- state.c ---- */
/* The device said how it is. */
MUST err state_heard(struct op *op, struct fleet *f, const struct link_message *m);
struct heard {
    str device, patient;
    bool possible, future;
    int64_t at; /* when it came */
};
/* A reading of it came, with what was odd about it. One that somebody says is of a device of
 * another patient, or of none of ours, is not. */
MUST err reading_heard(struct op *op, struct fleet *f, const struct heard *r);
/* Judges, opens the case, asks for the text to the patient; all with what is kept of the device. */
MUST err health_settle(struct op *op, struct fleet *f, const struct fleet_device *d,
                       struct health *h, str was, struct record_tx *tx);
/* Devices that should have been heard by now; and the change feed. Steps of the room's loop. */
MUST err fleet_watch(struct op *op, void *fleet, size_t *ret_n);
MUST err fleet_follow(struct op *op, void *fleet, size_t *ret_n);

#endif
