/* Private to the demo room: the random source, one person, and the writer of a Bundle. */
#ifndef WEFT_DEMO_INT_H
#define WEFT_DEMO_INT_H

#include "base/time.h"
#include "demo/demo.h"

#include "demo_gen.h"

#define DAY_MS 86400000LL
#define HOUR_MS 3600000LL
#define VITALS_DAYS 42

struct rng {
    uint64_t state;
};
uint64_t rng_next(struct rng *r);
double rng_unit(struct rng *r);             /* [0, 1) */
int rng_int(struct rng *r, int lo, int hi); /* both included */
double rng_normal(struct rng *r);           /* mean 0, deviation 1 */
bool rng_chance(struct rng *r, int percent);
#define RNG_PICK(r, array, n) ((array)[rng_int((r), 0, (int)(n)-1)])

struct culture {
    const char *language;
    int share;
    int n_women;
    const char *women[24];
    int n_men;
    const char *men[24];
    int n_families;
    const char *families[24];
};
struct place {
    const char *city, *state, *zip, *zone, *area;
};
struct condition_row {
    const char *key, *snomed, *text;
    int n_medicines;
    struct {
        const char *rxnorm, *text, *dosage;
    } medicines[3];
};
extern const struct culture DEMO_CULTURES[];
extern const size_t DEMO_CULTURE_COUNT;
extern const struct place DEMO_PLACES[];
extern const size_t DEMO_PLACE_COUNT;
extern const char *const DEMO_STREETS[];
extern const size_t DEMO_STREET_COUNT;
extern const struct condition_row DEMO_CONDITIONS[CONDITION_COUNT];

/* What goes wrong, if anything; names stand in the truth. */
enum planted {
    PLANTED_NONE,
    PLANTED_FLUID,
    PLANTED_PRESSURE,
    PLANTED_OXYGEN,
    PLANTED_LOW_SUGAR,
    PLANTED_FAST_HEART,
    PLANTED_LIVE_OXYGEN,
    PLANTED_COUNT
};
const char *planted_name(enum planted p);

struct household {
    const struct culture *culture;
    const struct place *place;
    const char *family, *street;
    int number, members_left;
    str phone;
};

struct person {
    size_t number;
    str id;
    const struct household *home;
    const char *given;
    bool woman, monitored, sms_consent, email_consent, stopped;
    int age;
    int64_t born; /* days */
    bool has[CONDITION_COUNT];
    enum planted planted;
    double weight, systolic, diastolic, pulse, oxygen, sugar;
    str phone, email;
};

struct demo {
    struct op *op;
    struct rng rng;
    int64_t now;
    struct buf b;
    size_t entries;
};

void demo_person(struct demo *d, struct household *home, size_t number, struct person *ret);

/* The Bundle: begin, entries (PUT with own ids), end. */
void demo_bundle_begin(struct demo *d);
str demo_bundle_end(struct demo *d);
/* Opens {"resourceType":type,"id":…; the caller adds members beginning with a comma, then closes.
 */
void demo_entry(struct demo *d, const char *type, str id);
void demo_entry_end(struct demo *d);
/* ,"name":"text" with escapes. */
void demo_text(struct demo *d, const char *name, str text);
void demo_time(struct demo *d, const char *name, int64_t ms);
void demo_date(struct demo *d, const char *name, int64_t ms);
void demo_add(struct demo *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void demo_staff(struct demo *d);
/* Models and what is on the shelf. */
void demo_fleet(struct demo *d);
struct demo_kit {
    str id, user, patient; /* patient empty: with nobody */
    const char *life;      /* a row of spec/fleet/states.csv */
    size_t model, serial;
};
void demo_kit(struct demo *d, const struct demo_kit *kit);
void demo_patient(struct demo *d, const struct person *p);
void demo_clinical(struct demo *d, const struct person *p);
void demo_consents(struct demo *d, const struct person *p);
void demo_plan(struct demo *d, const struct person *p);
/* Bills: of one who shares them, and of who does not. */
void demo_claims(struct demo *d, const struct person *p);
void demo_vitals(struct demo *d, const struct person *p);
/* Members of one Observation after its id. */
enum demo_vital { VITAL_WEIGHT, VITAL_PRESSURE, VITAL_PULSE, VITAL_OXYGEN, VITAL_SUGAR };
void demo_vital(struct demo *d, enum demo_vital v, str patient, str device, int64_t at,
                const double *values);

#endif
