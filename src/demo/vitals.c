/* Six weeks of home readings. Stable people wander slowly (remote-monitoring facts: a stable 7-day
 * mean moves by kilos over months); planted people get worse over the last days the way the
 * literature tells: fluid gains show in the last week, the rest in the last hours. */
#include "demo/demo_int.h"

struct vital_row {
    const char *loinc, *text, *ucum, *unit;
    int decimals;
};

static const struct vital_row VITALS[] = {
    [VITAL_WEIGHT] = {"29463-7", "Body weight", "kg", "kg", 1},
    [VITAL_PRESSURE] = {"85354-9", "Blood pressure panel", "mm[Hg]", "mmHg", 0},
    [VITAL_PULSE] = {"8867-4", "Heart rate", "/min", "beats/minute", 0},
    [VITAL_OXYGEN] = {"59408-5", "Oxygen saturation", "%", "%", 0},
    [VITAL_SUGAR] = {"41653-7", "Glucose", "mg/dL", "mg/dL", 0},
};

static void coding(struct demo *d, const char *loinc, const char *text)
{
    demo_add(d,
             "\"code\":{\"coding\":[{\"system\":\"http://"
             "loinc.org\",\"code\":\"%s\",\"display\":\"%s\"}],\"text\":\"%s\"}",
             loinc, text, text);
}

static void quantity(struct demo *d, const struct vital_row *v, double value)
{
    demo_add(d,
             "\"valueQuantity\":{\"value\":%.*f,\"unit\":\"%s\",\"system\":\"http://"
             "unitsofmeasure.org\",\"code\":\"%s\"}",
             v->decimals, value, v->unit, v->ucum);
}

void demo_vital(struct demo *d, enum demo_vital which, str patient, str device, int64_t at,
                const double *values)
{
    const struct vital_row *v = &VITALS[which];
    demo_add(d,
             ",\"status\":\"final\",\"category\":[{\"coding\":[{\"system\":"
             "\"http://terminology.hl7.org/CodeSystem/observation-category\",\"code\":\"%s\"}]}],",
             which == VITAL_SUGAR ? "laboratory" : "vital-signs");
    coding(d, v->loinc, v->text);
    demo_add(
        d,
        ",\"subject\":{\"reference\":\"Patient/%.*s\"},\"device\":{\"reference\":\"Device/%.*s\"}",
        STR_ARG(patient), STR_ARG(device));
    demo_time(d, "effectiveDateTime", at);
    if (which != VITAL_PRESSURE) {
        demo_add(d, ",");
        quantity(d, v, values[0]);
        return;
    }
    demo_add(d, ",\"component\":[{");
    coding(d, "8480-6", "Systolic blood pressure");
    demo_add(d, ",");
    quantity(d, v, values[0]);
    demo_add(d, "},{");
    coding(d, "8462-4", "Diastolic blood pressure");
    demo_add(d, ",");
    quantity(d, v, values[1]);
    demo_add(d, "}]");
}

struct day {
    int left; /* days before the last one: 0 = today */
    int64_t at;
    double weight, systolic, diastolic, pulse, oxygen, sugar;
};

static void worsen(const struct person *p, struct day *day)
{
    int left = day->left;
    switch (p->planted) {
    case PLANTED_FLUID:
        if (left < 6) {
            day->weight += 0.3 * (6 - left) + (left < 3 ? 0.5 * (3 - left) : 0);
            day->pulse += 2.5 * (6 - left);
        }
        break;
    case PLANTED_PRESSURE:
        if (left < 2) {
            day->systolic = 188 + 4 * (1 - left);
            day->diastolic = 118 + 4 * (1 - left);
        }
        break;
    case PLANTED_OXYGEN:
        if (left < 2)
            day->oxygen = left ? 93 : 89;
        break;
    case PLANTED_LOW_SUGAR:
        if (left == 0)
            day->sugar = 51;
        break;
    case PLANTED_FAST_HEART:
        if (left < 2)
            day->pulse = 114 + 22 * (1 - left);
        break;
    case PLANTED_NONE:
    case PLANTED_LIVE_OXYGEN:
    case PLANTED_COUNT:
        break;
    }
}

static void one_vital(struct demo *d, const struct person *p, enum demo_vital v,
                      const struct day *day, double x, double y)
{
    static const char *const tags[] = {"w", "bp", "hr", "ox", "gl"};
    str id = arena_printf(d->op->arena, "%.*s-%s-%02d", STR_ARG(p->id), tags[v],
                          VITALS_DAYS - day->left);
    double values[2] = {x, y};
    demo_entry(d, "Observation", id);
    demo_vital(d, v, p->id, arena_printf(d->op->arena, "%.*s-hub", STR_ARG(p->id)),
               day->at + (int64_t)v * 60000, values);
    demo_entry_end(d);
}

static double bounded(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static void one_day(struct demo *d, const struct person *p, struct day *day)
{
    struct rng *r = &d->rng;
    day->systolic = bounded(p->systolic + 4 * rng_normal(r), 98, 150);
    day->diastolic = bounded(p->diastolic + 3 * rng_normal(r), 55, 95);
    day->pulse = bounded(p->pulse + 3 * rng_normal(r), 54, 98);
    day->oxygen = p->has[CONDITION_COPD] ? bounded(p->oxygen + rng_normal(r), 87, 93)
                                         : bounded(97 + rng_normal(r), 95, 99);
    day->sugar = bounded(p->sugar + 14 * rng_normal(r), 82, 220);
    worsen(p, day);
    one_vital(d, p, VITAL_WEIGHT, day, day->weight, 0);
    one_vital(d, p, VITAL_PRESSURE, day, day->systolic, day->diastolic);
    one_vital(d, p, VITAL_PULSE, day, day->pulse, 0);
    one_vital(d, p, VITAL_OXYGEN, day, day->oxygen, 0);
    if (p->has[CONDITION_T2D])
        one_vital(d, p, VITAL_SUGAR, day, day->sugar, 0);
}

void demo_vitals(struct demo *d, const struct person *p)
{
    if (!p->monitored)
        return;
    double wander = 0;
    int64_t last = d->now - (int64_t)rng_int(&d->rng, 40, 170) * 60000;
    for (int left = VITALS_DAYS - 1; left >= 0; left--) {
        struct day day = {.left = left,
                          .at =
                              last - (int64_t)left * DAY_MS + rng_int(&d->rng, -25, 25) * 60000LL};
        wander = bounded(wander * 0.9 + 0.12 * rng_normal(&d->rng), -0.6, 0.6);
        day.weight = p->weight + wander;
        bool missed = p->planted == PLANTED_NONE && rng_chance(&d->rng, 7);
        if (!missed)
            one_day(d, p, &day);
    }
}
