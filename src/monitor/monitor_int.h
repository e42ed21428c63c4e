/* Private to the monitor room: the compiled tables, a patient's track (recent points and rule
 * state) and the pure evaluation over it. */
#ifndef WEFT_MONITOR_INT_H
#define WEFT_MONITOR_INT_H

#include "base/loop.h"
#include "fhir/make.h"
#include "monitor/monitor.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#include "desk/away.h"
#include "desk/chain.h"
#include "desk/say.h"
#include "monitor_gen.h"
#include "vitals/cgm.h"
#include "vitals/control.h"
#include "vitals/news2.h"

#define MS_MINUTE 60000LL
#define MS_HOUR 3600000LL
#define MONITOR_FUTURE_MS (5 * MS_MINUTE) /* a clock this far ahead is wrong */
#define MONITOR_LATE_MS (24 * MS_HOUR)    /* older readings are charted, not paged */
#define MONITOR_JOIN_MS                                                                            \
    (15 * MS_MINUTE)          /* how often the same finding adds evidence to its case              \
                               */
#define MONITOR_HEARD_MS 3000 /* after a start: what the broker held meanwhile is no silence */
#define MONITOR_CURSOR "monitor"
#define MONITOR_TECHNICAL "technical" /* group of cases about a device */

/* ---- tables ---- */
enum rule_kind {
    RULE_LIMIT,     /* a reading beyond a limit, for_min minutes long */
    RULE_RISE,      /* by more than the lowest of window_h */
    RULE_FALL,      /* by more than the highest of window_h */
    RULE_ANSWER,    /* an answer of the symptoms' group */
    RULE_MEAN,      /* the mean of window_h beyond a limit */
    RULE_BASELINE,  /* by from the median of baseline_days before */
    RULE_METHOD,    /* a control chart over days */
    RULE_RATIO,     /* the mean of window_h at most by times the median of baseline_days before */
    RULE_RATE,      /* by a minute between two readings */
    RULE_REPEATS,   /* so many in window_h */
    RULE_STALE,     /* nothing of a sensor for for_min: told by the clock */
    RULE_MISSED,    /* nothing expected for so many days: told by the clock */
    RULE_ADHERENCE, /* days with data under by of baseline_days: told by the clock */
};
enum rule_side { SIDE_BOTH, SIDE_HIGH, SIDE_LOW };
enum day_kind { DAY_MEAN, DAY_SUM, DAY_NONE }; /* what a day's readings make; NONE: not kept */
enum symptom_group {
    SYMPTOM_NONE,
    SYMPTOM_ANY,
    SYMPTOM_AMBER,
    SYMPTOM_RED,
    SYMPTOM_EMERGENCY,
    SYMPTOM_OTHER /* grades what was measured; no finding alone */
};

struct series_row {
    const char *name, *shown[SAY_LANGS], *unit, *unit_text[SAY_LANGS];
    int decimals;
    double plausible_lo, plausible_hi, loosest_lo, loosest_hi; /* NAN = none */
    double molar_mass; /* g/mol, so that amounts of substance convert too; 0 = they do not */
    const char *system, *codes[8];
    struct {
        const char *code;
        double value;
    } answers[6]; /* coded values and what they count as */
    enum day_kind day;
    uint64_t rules; /* those that look at it, as bits */
};
struct symptom_row {
    const char *code, *words[SAY_LANGS];
    enum symptom_group group;
};
struct programme_row {
    const char *code, *display, *definition;
    uint32_t expects; /* series of which a day should have one, as bits */
};
/* Other resources that become points: value when where (FHIRPath) holds. */
struct signal_row {
    int series;
    const char *type, *where;
    double value;
};
/* value is inside (lo, hi), NAN = no bound; open tells whether the bound itself is outside. low:
 * what lies inside is too low; a band has both bounds. */
struct rule_test {
    int series;
    double lo, hi;
    bool lo_open, hi_open, low;
};
struct monitor_rule {
    const char *id;
    uint32_t programmes; /* as bits */
    enum rule_kind kind;
    int series; /* of rules without tests; -1 none */
    struct rule_test tests[3], clear[3], raise_tests[3];
    int n_tests, n_clear, n_raise_tests;
    double window_h, by, clear_by, raise_window_h, raise_by;
    enum control_method method;
    enum rule_side side;
    enum symptom_group symptoms; /* needed for the rule to hold */
    bool shadow;                 /* on trial: raises nothing before the house says so */
    bool dry;      /* measured from the patient's dry weight where a clinician wrote one down */
    bool scale2;   /* only where the patient's own target is low (NEWS2 scale 2) */
    int priority;  /* 1 … 4; 0: a technical rule */
    int technical; /* 1 … 3; 3 is for the patient, not for a person here */
    /* with_symptoms: the level (0: no other) with symptoms, when raise_by, one of raise_tests, or a
     * rule of raise_series holds as well, or in the first raise_new_days of a plan. */
    int with_symptoms, raise_new_days;
    uint32_t raise_series;
    int readings, within_min, for_min, clear_min, days, baseline_days, min_readings, count;
    int dedupe_s;
    int remeasure_min; /* one reading alone is measured again first, within so many; 0: no */
    const char *source;
};
extern const struct series_row MONITOR_SERIES[SERIES_COUNT];
extern const struct symptom_row MONITOR_SYMPTOMS[SYMPTOM_COUNT];
extern const struct monitor_rule MONITOR_RULES[RULE_COUNT_MONITOR];
extern const struct programme_row MONITOR_PROGRAMMES[];
extern const size_t MONITOR_PROGRAMME_COUNT;
extern const struct signal_row MONITOR_SIGNALS[SIGNAL_COUNT];

/* After the table's rules come two rows a series for the patient's own limits: low, high; then one
 * a series for a value that is hardly possible, and one for a weight that may be another person's:
 * never a case, the patient is asked whether it was them. */
#define RULE_DOUBT (RULE_COUNT_MONITOR + 2 * SERIES_COUNT)
#define RULE_WHO (RULE_DOUBT + SERIES_COUNT)
#define RULE_STATES (RULE_WHO + 1)

/* ---- readings ---- */
struct reading {
    int series; /* or -1: an answer */
    int symptom;
    bool yes;
    double value; /* in the series' unit */
};
/* Values a minute or more apart that a device sends as one SampledData (a glucose sensor's day):
 * each is a reading at its own time. What is sampled faster counts as its mean. */
#define SAMPLES_MS MS_MINUTE
#define SAMPLES_MAX 4096u /* the newest; a fortnight at five minutes has 4032 */
#define SAMPLED_MAX 4u    /* in one Observation: its own and its components' */
struct samples {
    size_t n; /* that are left; 0: none */
    int series;
    int64_t at, step; /* of the next one */
    double origin, factor;
    double low, high; /* what L and U stand for; NAN: not said */
    str unit, left;
};
struct reading_set {
    int64_t at;  /* of samples: the last one's */
    bool usable; /* status says it counts, and nobody has to confirm it first */
    bool dry;    /* a dry weight: what others are measured from, and no reading */
    bool held;   /* it would count, but may be another person's */
    bool implausible, unit_unknown; /* a value that no living body has; a unit of another kind */
    struct reading doubt;           /* the implausible value */
    size_t n, n_sampled;
    struct reading at_most[8];
    struct samples samples[SAMPLED_MAX]; /* beside them; their text is the Observation's */
};
/* What a tagged Observation says to the rules; nothing understood gives n = 0. */
void reading_set_of(const struct json *observation, struct reading_set *ret);
/* Of the Observation or a component; false when it has none so slow, or SAMPLED_MAX are there. */
bool samples_of(const struct json *observation, const struct json *node, int series,
                struct reading_set *ret);
/* The next in time that says something (no error, nor what no body has); false at the end. */
bool samples_next(struct reading_set *set, struct reading *ret, int64_t *ret_at);
/* When a resource says it happened. */
bool reading_time(const struct json *resource, int64_t *ret);
/* Has a tag of READING_NOTE_SYSTEM. */
bool reading_has_note(const struct json *observation, str code);
/* Series of a code or -1. */
int monitor_series_of(str system, str code);
/* Series by the name of its row, or by LOINC; -1. */
int monitor_series_named(str name);
/* v in a UCUM unit in that of the series; false for a unit of another kind. */
bool monitor_convert(int series, str unit, double v, double *ret);

/* ---- a patient's track ---- */
#define POINTS_MAX 24
#define TRACK_SCALE 10000.0          /* values are kept to the inverse of it */
#define POINTS_MS (8 * 24 * MS_HOUR) /* older than the newest by more: only its day is kept */
#define DAYS_KEPT 36
#define CGM_DAYS 14
struct point {
    int64_t at;
    double value;
    uint64_t rid;
};
#define ZONE_BYTES 48
#define OVER_HOURS 24
/* Readings over limits, an hour each; [OVER_HOURS - 1] is that of `newest`. */
struct over_row {
    int32_t newest; /* hours since 1970; 0 none yet */
    uint16_t n[OVER_HOURS];
};
struct rule_state {
    bool raised;
    uint8_t priority;  /* of the last finding that reached a case */
    uint8_t clear_run; /* readings in a row beyond the clear limit */
    int64_t case_at;   /* when a case was last opened or joined for it; 0 never */
};
/* A day's readings as one value; days are those of the patient's calendar. */
struct day_row {
    int32_t newest; /* number of the day at [DAYS_KEPT - 1]; 0 none yet */
    uint8_t n[DAYS_KEPT];
    double value[DAYS_KEPT]; /* NAN where n is 0 */
};
/* A reading that is measured again before anybody is called; its Task is the patient's. */
#define ASKS_MAX 4
struct ask {
    int rule, series, priority;
    uint64_t rid; /* of the reading */
    int64_t of;   /* when it was measured */
    int64_t at, until;
    double value, from, limit;
    bool above;
    char task[65];
    bool gone; /* of this step: the reading was taken back */
};
struct track {
    uint8_t n_asks;
    struct ask asks[ASKS_MAX];
    uint64_t patient;
    bool plan_known;
    char zone[ZONE_BYTES];                        /* IANA name; empty: UTC */
    uint32_t programmes;                          /* rows of MONITOR_PROGRAMMES, as bits */
    int64_t plan_since;                           /* when the first plan began; 0 not said */
    double low[SERIES_COUNT], high[SERIES_COUNT]; /* the patient's own limits, NAN = none */
    uint8_t n[SERIES_COUNT];
    struct point points[SERIES_COUNT][POINTS_MAX]; /* by time, newest last */
    struct day_row days[SERIES_COUNT];
    int32_t cgm_day[CGM_DAYS]; /* which day a tally is of; 0 none */
    struct cgm_tally cgm[CGM_DAYS];
    int64_t symptom_at[SYMPTOM_COUNT];
    struct rule_state rules[RULE_STATES];
    struct over_row over;
    uint64_t on; /* shadow rules that count, as bits: the house's, or a replay's; never kept */
    double dry;  /* the weight without water that a clinician wrote down, kg; NAN none */
};
void track_init(struct track *t, uint64_t patient);
/* Index of the new point, or -1 for a duplicate of what is there, or one too old to be kept. Its
 * day is counted in both cases but the first. */
int track_add(struct track *t, int series, struct point p);
void track_forget(struct track *t, uint64_t rid);
/* One more (or, by -1, less) reading over limits in the hour of `at`. */
void track_over(struct track *t, int64_t at, int by);
/* Of the OVER_HOURS that end with now. */
size_t over_sum(const struct over_row *row, int64_t now);
/* The patient's days are those of this zone from now on; what is held by its time is counted anew,
 * older days stay what they were called. */
void track_move(struct track *t, str zone);
/* Days since 1970-01-01 on the patient's calendar, and when that day began. */
int32_t track_day(const struct track *t, int64_t at);
int64_t track_day_start(const struct track *t, int64_t at);
/* Days before at's own, oldest first, then that day itself: n values, NAN where there were no
 * readings. */
const double *track_days(const struct track *t, int series, int64_t at, size_t *ret_n);
/* Versions 1 to 5 are read, 5 is written. */
str track_write(struct op *op, const struct track *t);
/* False for bytes that are not a track. */
bool track_read(str bytes, struct track *ret);
/* The bytes of version 1, which knew eight series and 24 rules. */
bool track_read_1(str bytes, struct track *ret);

/* ---- evaluation: pure ---- */
enum asked { ASKED_NOT, ASKED_AGAIN, ASKED_SILENT, ASKED_UNREACHED };
struct finding {
    int rule; /* index in the table, RULE_COUNT_MONITOR + 2 * series (+ 1 = high), RULE_DOUBT +
                 series */
    enum asked asked; /* to measure again, and what came of it */
    int asked_min;
    int series, symptom;
    int priority; /* 1 … 4, graded for symptoms and persistence; of technical rules their level */
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
/* Beyond a limit of everybody's or of the patient's own, however long it has lasted. */
bool eval_beyond(const struct track *t, int series, double v);
/* Rules that an answer brings: its own, and those that symptoms re-grade. */
void monitor_eval_symptom(struct track *t, int symptom, int64_t at, uint64_t rid,
                          struct findings *ret);
/* Rules that silence brings; *ret_next: when to ask again, INT64_MAX never. */
struct listened {
    int64_t now;
    const struct desk_away *away; /* when nobody listened */
};
void monitor_eval_time(struct track *t, struct listened at, struct findings *ret,
                       int64_t *ret_next);
/* Decides whether a finding is news (opens or joins a case) and notes it in the track. open: the
 * patient's case is open. */
bool monitor_news(struct track *t, const struct finding *f, bool open);
bool monitor_symptoms(const struct track *t, enum symptom_group group, int64_t at);
const char *finding_rule_id(const struct finding *f);
bool finding_is_technical(const struct finding *f);
/* The first programme of the patient; "vital-signs" for none. */
str track_programme(const struct track *t);
/* One plain sentence with the numbers: the worst finding first, at most two more. */
struct said monitor_why(struct op *op, const struct track *t, const struct findings *f);

/* What eval.c and its parts share. */
/* NEWS2 scale 2: a target of 88 to 92 %, a clinician's decision that the own lower limit tells. */
bool eval_scale2(const struct track *t);
bool eval_inside(const struct rule_test *t, double v);
bool eval_is_for(const struct monitor_rule *r, const struct track *t);
bool eval_changed(const struct track *t, const struct monitor_rule *r, int i, double by,
                  double *ret_from);
void eval_push(const struct track *t, struct finding *f, struct findings *out);
/* eval_days.c: does a rule over days hold at point i of a series? clear: is it still beyond its
 * clear limit? What was found goes to *ret. */
struct eval_ask {
    const struct track *t;
    const struct monitor_rule *r;
    int series, i;
    bool clear;
};
bool eval_days(const struct eval_ask *q, struct finding *ret);
bool eval_is_days(const struct monitor_rule *r);
/* derive.c: points of the scores that follow from a reading; what they bring is added to ret. */
void eval_derived(struct track *t, int series, int i, struct findings *ret);
/* Does a rule of the patient's programmes look at this series? */
bool eval_asked(const struct track *t, int series);
/* NEWS2 of what was measured in the time before `at`, and of which readings; NULL: missing. */
#define EVAL_NEWS2_MS (12 * MS_HOUR) /* the longest interval the chart knows */
extern const int EVAL_NEWS2_SERIES[NEWS2_PARTS];
struct news2 eval_news2(const struct track *t, int64_t at, const struct point *ret[NEWS2_PARTS]);
/* What a NEWS2 at that time would say is missing; bits of enum news2_part. */
unsigned eval_news2_missing(const struct track *t, int64_t at);

/* ---- the patient's own limits, and what is said of limits and rules ---- */
/* Nothing for NAN. */
void monitor_set_number(struct op *op, struct json *o, const char *name, double v, int decimals);
/* The limits that everybody has, a row a metric as of monitor_limits(). */
struct json *monitor_defaults(struct op *op);
/* {es, ar} of words in each language. */
struct json *monitor_translation(struct op *op, const char *const words[SAY_LANGS]);
/* A clinician's limit as it counts: at most as loose as the table allows. */
double monitor_own_low(int series, double v);
double monitor_own_high(int series, double v);
/* Dry body weight, SNOMED CT. */
#define DRY_WEIGHT_SYSTEM "http://snomed.info/sct"
#define DRY_WEIGHT_CODE "445541000"
/* Does it say a dry weight? It is no reading: the plan is to be asked for again. */
bool plan_is_dry(const struct json *observation);
/* Rows of MONITOR_PROGRAMMES that a CarePlan names, as bits. */
uint32_t monitor_programmes_of(const struct json *plan);
MUST err monitor_zone_load(struct op *op, const struct monitor *m, struct track *t, str patient);
MUST err monitor_plan_load(struct op *op, struct record *rec, struct track *t, str patient);

/* ---- intake ---- */
/* Fills what a device may leave out (subject, device, time, LOINC's codes), gives it an identifier
 * so that a resend is known, and marks what is strange about it (READING_NOTES). */
MUST err intake_prepare(struct op *op, struct monitor *m, const struct identity_account *account,
                        struct json *observation);
/* LOINC's code for one of MDC; empty when there is none, or the code is of another system. */
str intake_loinc_of(str system, str code, str unit);
void intake_add_codes(struct op *op, struct json *observation);
#define READING_NOTE_SYSTEM "https://weft.health/fhir/reading-note"
/* meta.tag of READING_NOTE_SYSTEM: late, future-dated, time-of-receipt, soft-confirm, unit-unknown,
 * self-reported, interval-turned, and the one that keeps a reading from the rules: */
#define READING_OTHER_PERSON "other-person"
void intake_reference(struct op *op, struct json *o, str name, str reference);
/* Notes something about a reading (meta.tag) that its chart shows. */
void intake_tag(struct op *op, struct json *observation, str code);
/* What a resend is known by, as a search; empty when it has no identifier. */
str intake_name(struct op *op, const struct json *observation);
MUST err intake_is_known(struct op *op, struct record *rec, const struct json *observation,
                         bool *ret);

/* ---- readings from a broker ---- */
#define INTAKE_BATCH_MAX 64 /* in a transaction; what an MQTT 5 broker sends unanswered */
struct intake_mqtt;
struct intake_nodes;
struct message {
    str device, payload, correlation;
    bool settled; /* refused and told so */
};
/* intake_batch.c */
struct batch {
    struct monitor *m;
    struct arena *work;         /* of one try at committing it */
    struct intake_mqtt *broker; /* where the refused are told; NULL: only the log */
    int64_t received;           /* by another server; 0: now */
    struct message *at;
    size_t n;
};
/* False: nothing may be acknowledged. */
bool intake_commit(struct batch *b);

/* intake_mqtt.c: whose session at the broker it is, and where readings go. */
struct intake_line {
    const struct config *config;
    struct monitor *m;          /* NULL: to the server that has the record */
    struct intake_nodes *nodes; /* NULL: there is no other server */
    str session; /* of a server that is gone, to be emptied and left; empty: one's own */
};
MUST err intake_mqtt_start(struct op *op, const struct intake_line *line, struct intake_mqtt **ret);
void intake_mqtt_stop(struct intake_mqtt *q);
/* The line is up, and has been for long enough that what waited has come. */
bool intake_mqtt_hears(const struct intake_mqtt *q);
/* Of another's session: nothing is left in it; or its connection ended before. */
bool intake_mqtt_emptied(const struct intake_mqtt *q);
bool intake_mqtt_lost(const struct intake_mqtt *q);
/* Answers on the device's topic; any thread. */
void intake_refuse(struct intake_mqtt *q, struct op *op, struct message *msg);

/* intake_nodes.c: several servers on one feed. */
/* How many of them go into one row: what memory there is holds its bytes several times. */
size_t intake_nodes_part(const struct message *at, size_t n);
/* The readings are on disk where the server that has the record finds them. */
bool intake_nodes_keep(struct intake_nodes *x, struct arena *work, const struct message *at,
                       size_t n);
/* This server's name is its own, so its session at the broker is. */
bool intake_nodes_join(struct intake_nodes *x);
/* Of the server that has the record; *ret NULL where nobody else can reach it. */
MUST err intake_nodes_start(struct op *op, struct monitor *m, struct intake_nodes **ret);
/* Nothing is taken or taken over any more; then, the line to the broker being down, it is freed.
 * NULL allowed. */
void intake_nodes_end(struct intake_nodes *x);
void intake_nodes_stop(struct intake_nodes *x);
/* Who tells devices what was refused; from then on what others took in is taken. */
MUST err intake_nodes_take(struct op *op, struct intake_nodes *x, struct intake_mqtt *broker);

/* track_cache.c: tracks as bytes, those of the store being the truth; and when the clock has
 * something to say of each. CACHE_SLOTS patients or fewer; beyond, some are read from the store
 * each time. */
#define CACHE_SLOTS 131072u
struct cache_slot {
    uint64_t patient; /* 0 free */
    int64_t due;      /* of monitor_eval_time(); INT64_MAX never */
    char *bytes;
    size_t n;
};
struct cache {
    struct cache_slot *slots;
    size_t held, bytes;
    size_t lost; /* let go of for others: nobody hears their silence until they are read again */
};
bool track_cache_init(struct cache *c);
void track_cache_free(struct cache *c);
/* Empty when it is not held. Valid until the next track_cache_put(). */
str track_cache_get(const struct cache *c, uint64_t patient);
void track_cache_put(struct cache *c, uint64_t patient, str bytes, int64_t due);
/* Patients due by now, at most max. */
size_t track_cache_due(const struct cache *c, int64_t now, uint64_t *ret, size_t max);
void track_cache_drop(struct cache *c, uint64_t patient);
void track_cache_clear(struct cache *c);

/* round.c: of everybody who is followed what the worklist's first line counts, beside the cache,
 * since it may let go of somebody. ROUND_MAX patients or fewer. */
#define ROUND_MAX (UINT32_C(1) << 22)
struct round_row {
    uint64_t patient; /* 0 free, ROUND_GONE left free */
    int64_t heard;    /* the newest reading; 0 none */
    struct over_row over;
    bool watched, silent; /* in a programme; what is expected did not come */
};
struct round {
    pthread_mutex_t lock;
    struct round_row *rows;
    size_t slots, used; /* used: with those left free */
    bool loaded, lost;  /* everybody is there; somebody had no place */
};
void round_init(struct round *r);
void round_free(struct round *r);
void round_put(struct round *r, const struct track *t);
void round_drop(struct round *r, uint64_t patient);
/* All who are kept were read. */
void round_loaded(struct round *r);
void round_clear(struct round *r);

#define REPLAY_MAX 30000u /* answered within 500 ms; a hundred days of a sensor's */

/* ask.c: one reading alone, measured again before anybody is called. Pure. */
int ask_minutes(const struct finding *f);
/* Is it such a finding? Never an emergency, with symptoms, confirmed, or of a reading too old. */
bool ask_may_wait(const struct track *t, const struct finding *f, int64_t now);
/* Of a reading that was asked about by that rule: the other limit that it crossed. */
bool ask_repeats(const struct track *t, const struct finding *f);
/* Would monitor_news() say so? t stays as it is. */
bool ask_is_news(struct track *t, const struct finding *f);
/* Is there anything that may wait, and nothing that may not? What is hardly possible (doubts) waits
 * alone. */
bool ask_all_wait(struct track *t, const struct findings *all, int64_t now, bool doubts);
struct ask ask_new(const struct finding *f, int64_t now);
struct finding ask_finding(const struct ask *a, enum asked how);
/* Is a newer reading there already? */
bool ask_measured_since(const struct track *t, const struct ask *a);
/* Those whose time is over without a reading; *ret_next as of monitor_eval_time(). */
void ask_eval_time(const struct track *t, int64_t now, struct findings *ret, int64_t *ret_next);
/* What came of it: "again", "silent", "unreached", "graver", "normal", "withdrawn"; NULL: it waits.
 * Findings that only repeat the reading that asked are taken out; the others say what was asked. */
const char *ask_outcome(const struct track *t, const struct ask *a, struct findings *f);
void ask_drop(struct track *t, size_t k);

/* follow.c, for clock.c: patients touched in one transaction. */
struct seen { /* a patient touched in this step */
    uint64_t rid;
    struct track *track;
    struct findings *findings;
    struct raises *trial; /* what rules on trial would have told (trial.c) */
    str id;
    struct seen *next, *alike;
};
#define SEEN_LISTS 256u
struct step {
    struct op *op;
    struct monitor *m;
    struct seen *first, *by_rid[SEEN_LISTS]; /* all of them; those with like numbers */
    fhir_type observation, care_plan, goal, patient, request;
};
/* *ret_there: it was not deleted since. */
MUST err step_get(struct step *st, uint64_t rid, struct record_doc *ret, bool *ret_there);
/* *ret is NULL when the patient is gone: there is nobody to watch over. */
MUST err step_seen(struct step *st, uint64_t patient, struct seen **ret);
/* worse.c: a value that brings a snoozed case back at its own level. */
struct worse {
    const struct finding *of; /* NULL: there is none */
    double then;              /* the worst that was known when the case was put aside */
    int64_t since;            /* when that was */
};
/* Pure: the worst known at that time by the track, at least the limit itself. */
double worse_then(const struct track *t, const struct finding *f, int64_t at);
bool worse_is(const struct finding *f, double then);
MUST err worse_find(struct step *st, const struct seen *s, str programme,
                    const struct findings *all, struct worse *ret);
/* The case's sentence, and why it is back. */
struct said worse_why(struct op *op, const struct worse *w, struct said why);

/* ask_step.c: asks are answered, and findings that may wait become asks. Before a case is thought
 * of. */
MUST err ask_step(struct step *st, struct record_tx *tx, struct seen *s);
/* The text of ask_step() could not go (a CommunicationRequest that was revoked). */
MUST err ask_refused(struct step *st, const struct record_change *c);
/* What was expected did not come: the patient is asked for it. */
MUST err ask_missing(struct step *st, struct record_tx *tx, struct seen *s,
                     const struct finding *f);
/* Tracks, cases and the cursor together. */
MUST err step_commit(struct step *st, uint64_t to);

/* clock.c: reads kept tracks into the cache, a slice a call, then looks for silence. *ret_more:
 * there is more to do at once. */
MUST err monitor_clock(struct op *op, struct monitor *m, bool *ret_more);

/* signals.c: the compiled signals of the table, and the point one makes of a resource. */
MUST err signals_compile(struct op *op, struct monitor *m);
/* *ret: of a type with signals. */
bool signals_watch(fhir_type type);
MUST err signals_of(struct op *op, const struct monitor *m, struct json *resource,
                    struct reading_set *ret);

struct monitor {
    struct record *rec;
    struct identity *id;
    const struct config *config;
    uint64_t cursor; /* as it is in the store */
    uint64_t seen;   /* nothing up to here is left to do; not less than cursor */
    bool cursor_known;
    bool careful;         /* the last step failed: one transaction at a time */
    uint64_t live, trial; /* shadow rules: live by monitor.rules_live; on trial, all others */
    size_t replay_max;    /* readings of one what-if, see what_if.c; tests make it small */
    struct cache cache;
    struct round round;
    char load_at[32]; /* how far the walk over kept tracks has come, see record_kv_page() */
    size_t load_n;
    bool loaded;         /* all of them: the clock knows everybody */
    int64_t walked;      /* ms, monotonic: when that was */
    struct arena *arena; /* what lives as long as the monitor */
    const struct fhir_path *signals[SIGNAL_COUNT];
    struct monitor_stats stats;
    struct intake_mqtt *mqtt;
    struct intake_nodes *nodes;
    pthread_mutex_t intake; /* one batch of readings at a time */
    int64_t since;          /* ms, monotonic: it listens from then on */
    int64_t woke, looked;   /* ms, monotonic: when the desk, and those gone silent, were */
    struct desk_away away;
    struct chain_walk chain; /* cases that nobody takes go up */
    struct loop loop;
};

/* topic.c: the device's name in weft/v1/{device}/observation; false for any other topic. */
bool intake_topic(str topic, str *ret_device);

#endif
