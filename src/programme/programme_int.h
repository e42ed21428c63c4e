/* Private to the programme room: the rows, an enrolment as read, a patient's days and times, and
 * the pure reckoning of a month. */
#ifndef WEFT_PROGRAMME_INT_H
#define WEFT_PROGRAMME_INT_H

#include "base/loop.h"
#include "base/map.h"
#include "base/time.h"
#include "base/vec.h"
#include "fhir/fhir.h"
#include "fhir/make.h"
#include "programme/programme.h"
#include "record/find_each.h"

#define PROGRAMME_SYSTEM "https://weft.health/fhir/programme"
#define PROGRAMME_STEP "https://weft.health/fhir/programme-step"
#define PROGRAMME_TIME "https://weft.health/fhir/programme-time"
#define PROGRAMME_EPISODE "https://weft.health/fhir/episode"
#define DAY_MS (24 * 3600000LL)
#define PERIOD 30 /* days of a period of supply */

/* ---- rows of spec/programme ---- */
struct programme_criterion {
    const char *code;
    bool bar;
    const char *group, *find, *text[LANGUAGE_COUNT], *citation;
};
enum step_kind { STEP_CONSENT, STEP_ORDER, STEP_KIT, STEP_TEACH };
struct programme_step {
    const char *code;
    enum step_kind kind;
    const char *text[LANGUAGE_COUNT];
};
struct programme_tip {
    const char *code, *text[LANGUAGE_COUNT];
};
struct programme {
    const char *code, *definition, *family;
    int least, most;
    const char *title[LANGUAGE_COUNT];
    const struct programme_criterion *criteria;
    size_t n_criteria;
    const struct programme_step *steps;
    size_t n_steps;
    const struct programme_tip *tips; /* for the patient, one a day */
    size_t n_tips;
};
const struct programme *programme_find(str code); /* NULL: none */
const struct programme *programme_row(size_t i);  /* NULL past the last */

enum code_kind { CODE_SETUP, CODE_SUPPLY, CODE_MANAGE, CODE_MORE };
enum code_clock { CLOCK_EPISODE, CLOCK_PERIOD, CLOCK_MONTH };
struct programme_code {
    const char *code, *family;
    enum code_kind kind;
    enum code_clock clock;
    unsigned least, most; /* days or minutes; most 0: none */
    bool contact;
    const char *after;
};
struct programme_exclusion {
    const char *a, *b;
    enum code_clock over;
};
const struct programme_code *programme_code_row(size_t i);
const struct programme_exclusion *programme_exclusion_row(size_t i);

/* kept.c: days with data of everybody who was ever enrolled. */
#define KEPT_ZONE 48
struct kept_all {
    struct arena *arena; /* NULL: nothing is kept */
    pthread_mutex_t lock;
    struct map people;     /* by number; added to by the loop alone */
    struct kept *spare;    /* in the arena; nobody's yet */
    uint64_t cursor;       /* as it is in the store */
    _Atomic uint64_t seen; /* all up to here is counted */
    bool loaded;
    struct loop loop;
};
struct programmes {
    struct record *rec;
    str zone;
    struct kept_all kept;
};

/* ---- bill.c ---- */
/* Who looks up claims; what it finds is told as sums, or as "claimed". */
const struct actor *programme_house(void);
/* ERR_FORBIDDEN for who does not treat, and for apps. */
MUST err programme_may_report(struct op *op);
/* All claims of the patient, as the house. */
MUST err programme_claims(struct op *op, struct programmes *p, str patient, record_each_fn *fn,
                          void *ctx);
/* Whom op->actor may not see, or who is gone, is left out of a report and does not end it: clears
 * that error. */
bool programme_unseen(struct op *op, err e);

/* ---- enrol.c ---- */
struct json *programme_texts(struct op *op, const char *const text[LANGUAGE_COUNT]);
str programme_open_key(struct op *op, str patient, str code);
/* {"coding": [{"system", "code"}]} */
void programme_note(struct op *op, struct json *list, str text);

/* ---- enrolment.c: an episode and its plan ---- */
struct enrolment {
    const struct programme *of;
    struct record_doc doc, plan_doc; /* plan_doc.id empty: it has none */
    struct json *tree, *plan;
    str patient, status;
};
/* NULL: an episode of something else, or of a programme that is no row. */
const struct programme *enrolment_programme(const struct json *episode);
MUST err enrolment_read(struct op *op, struct programmes *p, str id, struct enrolment *ret);
/* The episode alone, from what a search found. */
MUST err enrolment_of(struct op *op, struct programmes *p, const struct record_doc *doc,
                      struct enrolment *ret);
/* The activity of that step in the plan, or NULL. */
struct json *enrolment_activity(const struct enrolment *e, str step);
bool activity_done(const struct json *activity);
/* Day on which the last step of that kind was done; DAY_NEVER: one is not. */
int64_t enrolment_done(const struct enrolment *e, enum step_kind kind, str zone);

/* ---- days.c: a patient's calendar ---- */
#define DAY_NEVER INT64_MAX
struct day_span {
    int64_t from, to; /* days since 1970-01-01, both in it */
};
/* The patient's own zone, else the house's; *ret_name: Patient.name, or NULL. */
MUST err patient_zone(struct op *op, struct programmes *p, str patient, str *ret_zone,
                      const struct json **ret_name);
int64_t day_of(int64_t ms, str zone);
/* The first instant of the day. */
int64_t day_start(int64_t day, str zone);
str day_text(struct op *op, int64_t day);
/* Days of the episode's statusHistory in which it was active, by start; an open one ends today. */
MUST err enrolment_active(struct op *op, const struct enrolment *e, str zone, struct day_span **ret,
                          size_t *ret_n);

struct data_day {
    int64_t day;
    uint32_t n;
    struct json *readings; /* versioned references; NULL unless asked for */
};
struct data_days {
    VEC(struct data_day) list; /* by day, each once */
    bool named;                /* readings are asked for */
    bool labelled;             /* out: one has a label, so not everybody sees it */
};
/* Days in [from, to] with a reading that a device sent. What somebody typed in does not count. */
MUST err data_days(struct op *op, struct programmes *p, str patient, str zone,
                   const struct day_span *over, struct data_days *io);

/* Which day a reading that a device sent is of; false: it is none. */
bool reading_day(const struct json *observation, str zone, int64_t *ret);
bool reading_labelled(const struct json *observation);

/* ---- kept.c ---- */
MUST err kept_open(struct op *op, struct programmes *p);
void kept_close(struct programmes *p);
/* One step of the follower, for its loop and for tests. */
MUST err kept_step(struct op *op, void *ctx, size_t *ret_n);
/* Is all counted that was committed before? Waits a moment for it. */
bool kept_is_current(struct programmes *p);
/* As data_days(), each day once, without reading anything; false: that has to be asked, since it is
 * not kept, or op->actor may not see all of it. */
bool kept_days(struct op *op, struct programmes *p, uint64_t patient, str zone,
               const struct day_span *over, struct data_days *io);

/* ---- times.c ---- */
struct spent {
    int64_t from, to, day; /* ms; day of from */
    bool contact;
    str reference, kind, who;
};
struct spent_list {
    int64_t from, to;
    VEC(struct spent) list;
};
/* Of the patient, begun or ended in io's [from, to) ms. */
MUST err spent_times(struct op *op, struct programmes *p, str patient, str zone,
                     struct spent_list *io);

/* ---- month.c: pure ---- */
enum bill_lack {
    LACK_CONSENT = 1,
    LACK_ORDER = 2,
    LACK_TEACHING = 4,
    LACK_CONTACT = 8,
    LACK_OPEN = 16,   /* the time is not over */
    LACK_CLAIMED = 32 /* the same, or what excludes it, was claimed for that time */
};
struct bill_claim {
    str code;
    struct day_span over;
};
struct bill_input {
    const char *family;
    const struct day_span *enrolled; /* by start */
    const int64_t *taught;           /* of each: the day, or DAY_NEVER */
    size_t n_enrolled;
    const struct data_day *days;
    size_t n_days;
    const struct spent *times;
    size_t n_times;
    const struct bill_claim *claims;
    size_t n_claims;
    int64_t consent, order; /* days; what was before them does not count */
    int64_t today;
    struct day_span month;
    int64_t month_from, month_to; /* the same, [ms) */
};
struct bill_line {
    const struct programme_code *code;
    struct day_span over;
    unsigned units, counted; /* counted: days or minutes */
    unsigned lacks;
};
MUST err bill_month(struct op *op, const struct bill_input *in, struct bill_line **ret,
                    size_t *ret_n);

#endif
