/* Private to the monitor room: the compiled tables, a patient's track (recent points and rule
 * state) and the pure evaluation over it. */
#ifndef WEFT_MONITOR_INT_H
#define WEFT_MONITOR_INT_H

#include "monitor/monitor.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#include "desk/say.h"
#include "monitor_gen.h"

#define MS_MINUTE 60000LL
#define MS_HOUR 3600000LL
#define MONITOR_FUTURE_MS (5 * MS_MINUTE) /* a clock this far ahead is wrong */
#define MONITOR_LATE_MS (24 * MS_HOUR)    /* older readings are charted, not paged */
#define MONITOR_JOIN_MS                                                                            \
    (15 * MS_MINUTE) /* how often the same finding adds evidence to its case                       \
                      */
#define MONITOR_CURSOR "monitor"

/* ---- tables ---- */
enum rule_kind { RULE_LIMIT, RULE_RISE, RULE_FALL, RULE_ANSWER };
enum symptom_group { SYMPTOM_NONE, SYMPTOM_ANY, SYMPTOM_AMBER, SYMPTOM_RED, SYMPTOM_EMERGENCY };

struct series_row {
    const char *name, *shown[SAY_LANGS], *unit, *unit_text[SAY_LANGS];
    int decimals;
    double plausible_lo, plausible_hi, loosest_lo, loosest_hi; /* NAN = none */
    double molar_mass; /* g/mol, so that amounts of substance convert too; 0 = they do not */
    const char *loinc[8];
};
struct symptom_row {
    const char *code, *words[SAY_LANGS];
    enum symptom_group group;
};
struct programme_row {
    const char *code, *display, *definition;
};
/* value is inside (lo, hi), NAN = no bound; open tells whether the bound itself is outside. */
struct rule_test {
    int series;
    double lo, hi;
    bool lo_open, hi_open;
};
struct monitor_rule {
    const char *id, *programme; /* "*" = everybody */
    enum rule_kind kind;
    int series; /* of rise and fall */
    struct rule_test tests[3];
    int n_tests;
    struct rule_test clear[3];
    int n_clear;
    double window_h, by, clear_by;
    enum symptom_group symptoms; /* needed for the rule to hold */
    int priority, with_symptoms; /* 1 … 4; with_symptoms 0 = no change */
    int readings, within_min;
    int dedupe_s;
    const char *source;
};
extern const struct series_row MONITOR_SERIES[SERIES_COUNT];
extern const struct symptom_row MONITOR_SYMPTOMS[SYMPTOM_COUNT];
extern const struct monitor_rule MONITOR_RULES[RULE_COUNT_MONITOR];
extern const struct programme_row MONITOR_PROGRAMMES[];
extern const size_t MONITOR_PROGRAMME_COUNT;

/* After the table's rules come two rows a series for the patient's own limits: low, high. */
#define RULE_STATES (RULE_COUNT_MONITOR + 2 * SERIES_COUNT)

/* ---- readings ---- */
struct reading {
    int series; /* or -1: an answer */
    int symptom;
    bool yes;
    double value; /* in the series' unit */
};
struct reading_set {
    int64_t at;
    bool usable; /* status says it counts */
    size_t n;
    struct reading at_most[8];
};
/* What a tagged Observation says to the rules; nothing understood gives n = 0. */
void reading_set_of(const struct json *observation, struct reading_set *ret);
/* Series of a LOINC code or -1. */
int monitor_series_of(str system, str code);
/* v in a UCUM unit in that of the series; false for a unit of another kind. */
bool monitor_convert(int series, str unit, double v, double *ret);

/* ---- a patient's track ---- */
#define POINTS_MAX 24
struct point {
    int64_t at;
    double value;
    uint64_t rid;
};
struct rule_state {
    bool raised;
    uint8_t priority;  /* of the last finding that reached a case */
    uint8_t clear_run; /* readings in a row beyond the clear limit */
    int64_t case_at;   /* when a case was last opened or joined for it; 0 never */
};
struct track {
    uint64_t patient;
    bool plan_known;
    int programme;                                /* row of MONITOR_PROGRAMMES, -1 = none */
    double low[SERIES_COUNT], high[SERIES_COUNT]; /* the patient's own limits, NAN = none */
    uint8_t n[SERIES_COUNT];
    struct point points[SERIES_COUNT][POINTS_MAX]; /* by time, newest last */
    int64_t symptom_at[SYMPTOM_COUNT];
    struct rule_state rules[RULE_STATES];
};
void track_init(struct track *t, uint64_t patient);
/* Index of the new point, or -1 for a duplicate of what is there. */
int track_add(struct track *t, int series, struct point p);
void track_forget(struct track *t, uint64_t rid);
str track_write(struct op *op, const struct track *t);
/* False for bytes that are not a track of this version. */
bool track_read(str bytes, struct track *ret);

/* ---- evaluation: pure ---- */
struct finding {
    int rule; /* index in the table, or RULE_COUNT_MONITOR + 2 * series (+ 1 = high) */
    int series, symptom;
    int priority; /* 1 … 4, graded for symptoms and persistence */
    bool unconfirmed;
    int run; /* readings in a row */
    double value, from, limit;
    bool above;
    bool with_symptoms;
    int64_t at;
    uint64_t rid;
};
#define FINDINGS_MAX 64
struct findings {
    size_t n;
    struct finding at[FINDINGS_MAX];
};
/* Rules that hold at point i of a series; those that ended are cleared in t. */
void monitor_eval(struct track *t, int series, int i, struct findings *ret);
/* Rules that an answer brings: its own, and those that symptoms re-grade. */
void monitor_eval_symptom(struct track *t, int symptom, int64_t at, uint64_t rid,
                          struct findings *ret);
/* Decides whether a finding is news (opens or joins a case) and notes it in the track. open: the
 * patient's case is open. */
bool monitor_news(struct track *t, const struct finding *f, bool open);
bool monitor_symptoms(const struct track *t, enum symptom_group group, int64_t at);
const char *finding_rule_id(const struct finding *f);
/* One plain sentence with the numbers: the worst finding first, at most two more. */
struct said monitor_why(struct op *op, const struct track *t, const struct findings *f);

/* ---- the patient's own limits ---- */
MUST err monitor_plan_load(struct op *op, struct record *rec, struct track *t, str patient);

/* ---- intake ---- */
/* Fills what a device may leave out (subject, device), marks late and future-dated readings, gives
 * it an identifier so that a resend is known. */
MUST err intake_prepare(struct op *op, const struct identity_account *account,
                        struct json *observation);
/* What a resend is known by, as a search; empty when it has no identifier. */
str intake_name(struct op *op, const struct json *observation);
MUST err intake_is_known(struct op *op, struct record *rec, const struct json *observation,
                         bool *ret);

struct intake_mqtt;
MUST err intake_mqtt_start(struct op *op, struct monitor *m, struct intake_mqtt **ret);
void intake_mqtt_stop(struct intake_mqtt *q);

#define TRACK_SLOTS 4096u
struct monitor {
    struct record *rec;
    struct identity *id;
    const struct config *config;
    uint64_t cursor; /* as it is in the store */
    uint64_t seen;   /* nothing up to here is left to do; not less than cursor */
    bool cursor_known;
    bool careful;                     /* the last step failed: one transaction at a time */
    struct track *slots[TRACK_SLOTS]; /* cache; the store has the truth */
    struct monitor_stats stats;
    struct intake_mqtt *mqtt;
    pthread_t thread;
    bool running;
    _Atomic bool stop;
};

/* topic.c: the device's name in weft/v1/{device}/observation; false for any other topic. */
bool intake_topic(str topic, str *ret_device);

#endif
