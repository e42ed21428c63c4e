/* Private to the watch over looks: what is remembered of who looks, and how one look is judged. */
#ifndef WEFT_DESK_WATCH_INT_H
#define WEFT_DESK_WATCH_INT_H

#include "base/loop.h"
#include "desk/desk_int.h"
#include "desk/watch.h"
#include "record/looks.h"

#include "desk_gen.h"

#include <pthread.h>
#include <stdatomic.h>

#define WATCH_CURSOR "looks"
#define WATCH_RECENT 256u     /* patients remembered of one looker */
#define WATCH_CROWD 512u      /* bytes of the counter of who stood on lists */
#define WATCH_AGAIN_MIN 1440u /* the same looker and patient are judged anew after so long */
#define WATCH_LATE_DAYS 28u

struct look_row {
    const char *id, *group, *codes, *citation, *sentence;
    int priority, limit, window_min;
    unsigned explained_by; /* bits of enum look_why */
};
extern const struct look_row LOOK_ROW[LOOK_RULES];

/* ---- watch_state.c: kept in one sealed named value a looker ---- */
struct recent {
    uint64_t patient;
    uint32_t minute; /* since 1970 */
    bool strange;    /* nothing connected them */
};
struct looker {
    str user, reference;
    enum role role;
    struct recent recent[WATCH_RECENT]; /* newest last, a patient once */
    size_t n;
    uint32_t hours[24]; /* bit d: worked in that hour (of the house's clock) d days ago */
    uint32_t day;       /* that bit 0 stands for */
    uint32_t hour;      /* since 1970, that crowd and opened count */
    uint8_t crowd[WATCH_CROWD];
    uint32_t opened;           /* patients opened for the first time in this hour */
    uint32_t told[LOOK_RULES]; /* minute a rule of this looker's own last spoke */
};
/* What is usual in a role: means over hours worked, times 1000. */
struct habit {
    uint64_t n, opened, listed;
};
void looker_read(str bytes, struct looker *ret);
str looker_write(struct op *op, const struct looker *l);
void habit_read(str bytes, struct habit *ret);
str habit_write(struct op *op, const struct habit *h);
/* NULL when the looker has not opened the patient since WATCH_AGAIN_MIN. */
const struct recent *looker_knows(const struct looker *l, uint64_t patient, uint32_t minute);
void looker_opens(struct looker *l, uint64_t patient, uint32_t minute);
size_t looker_opened(const struct looker *l, uint32_t since, bool strange);
void looker_lists(struct looker *l, uint64_t patient);
unsigned looker_listed(const struct looker *l); /* about */
void looker_worked(struct looker *l, uint32_t day, unsigned hour);
/* Days of the last WATCH_LATE_DAYS, without today, on which the hour was worked. */
unsigned looker_usual(const struct looker *l, unsigned hour);

/* ---- watch_people.c: what two persons have in common ---- */
struct home {
    str area, street; /* folded */
    uint64_t number;  /* 0 unknown */
};
struct person {
    str families[8], given, birth;
    struct home homes[8];
    size_t n_families, n_homes;
    bool vip, works_here;
};
/* Adds what a Patient or Practitioner says; NULL allowed. */
void person_add(struct op *op, const struct json *tree, struct person *p);
bool person_same_family(const struct person *a, const struct person *b, str *ret_family);
/* Same area and street, at most limit numbers apart; *ret_apart 0: the same house. */
bool person_neighbours(const struct person *a, const struct person *b, uint64_t limit,
                       uint64_t *ret_apart);
bool person_code(str codes, str system, str code);

/* ---- watch.c: one look at one person ---- */
struct look {
    struct looker *who;
    uint64_t patient, who_rid, own; /* own: resource number of the looker's own Patient */
    str patient_id;
    uint64_t seq;
    int64_t time;
    enum purpose purpose;
    const struct person *looker;
    struct person person;
};
struct finding {
    enum look_rule rule;
    struct said why; /* half a sentence with the numbers */
};

/* ---- watch_pair.c, watch_known.c, watch_hours.c ---- */
/* Rules of group person that hold; at most LOOK_RULES. */
MUST err look_find(struct op *op, struct record *rec, const struct look *l, struct finding *ret,
                   size_t *ret_n);
/* The innocent explanations that hold, as bits of enum look_why. */
MUST err look_known(struct op *op, struct record *rec, const struct look *l, unsigned *ret);
/* Somebody's Patient through Person.link; 0 none. */
MUST err look_own_patient(struct op *op, struct record *rec, str practitioner, uint64_t *ret);
/* Is the moment in a shift of PractitionerRole.availableTime? *ret_known false: none is said. */
MUST err look_shift(struct op *op, struct record *rec, str practitioner, int64_t time, str zone,
                    bool *ret_known, bool *ret_in);

/* ---- watch_hours.c: of the looker alone; true: *ret speaks, and is not said again for a while
 * ---- */
struct desk_watch;
void watch_hour(struct looker *l, struct habit *h, uint32_t hour);
bool watch_bulk(struct op *op, struct looker *l, const struct habit *h, uint32_t minute,
                struct finding *ret);
bool watch_list(struct op *op, struct looker *l, const struct habit *h, uint32_t minute,
                struct finding *ret);
bool watch_relation(struct op *op, struct looker *l, uint32_t minute, struct finding *ret);
MUST err watch_night(struct op *op, struct desk_watch *w, struct look *l, bool *ret_raised,
                     struct finding *ret);

/* ---- small questions to the record, as the system ---- */
MUST err look_ask(struct op *op, struct record *rec, const char *type, str query,
                  struct record_page *ret);
/* &name=value, escaped. */
void look_value(struct buf *b, const char *name, str value);

/* A look was judged for so many ms: its thread rests a multiple of that. */
void watch_rest(struct desk_watch *w, int64_t ms);

struct desk_watch {
    struct record *rec;
    str zone;
    struct arena *look; /* what is asked about one look */
    uint64_t cursor;
    bool cursor_known, careful;
    struct desk_watch_stats stats;
    struct loop loop;
};

#endif
