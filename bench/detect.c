/* How well each method, and all rules together, find decompensations in invented home readings of
 * the published shape: sensitivity, predictive value, lead time, unexplained alarms a patient-year.
 * Seeded, so the same numbers each time; what made the shape is named row by row in
 * docs/monitoring-methods.md, which this program writes (standard output). A good score only shows
 * that the code does what the method says: it is no evidence of clinical value. */
#include "demo/demo_int.h"
#include "monitor/monitor_int.h"
#include "vitals/control.h"

#include <stdlib.h>

#define DAYS 327 /* Moazeni 2023 */
#define PATIENTS 400
#define SEEDS 4        /* held out: nothing was tuned on them, nor on others */
#define WINDOW 14      /* an alarm in the fortnight before an event is true */
#define EPISODE_DAYS 3 /* repeats within 72 hours are one (LINK-HF2) */
#define START 1700000000000LL
#define MS_DAY (24 * MS_HOUR)

enum { EVENT_NONE, EVENT_HF, EVENT_OTHER };

struct patient {
    double weight[DAYS], pulse[DAYS], spo2[DAYS], systolic[DAYS], steps[DAYS]; /* NAN: not sent */
    bool breathless[DAYS], dizzy[DAYS];
    int event[DAYS];
    int n_hf;
};

/* How much of the whole change is there `left` days before the admission: it begins thirty days
 * before and diverges in the last seven. */
static double shape(int left)
{
    if (left > 30 || left < 0)
        return 0;
    if (left > 14)
        return 0.15 * (30 - left) / 16.0;
    if (left > 7)
        return 0.15 + 0.25 * (14 - left) / 7.0;
    return 0.40 + 0.60 * (7 - left) / 7.0;
}

static void add_event(struct rng *r, struct patient *p, int day, int kind)
{
    bool hf = kind == EVENT_HF;
    double kg = hf ? 1.1 + 2.1 * rng_normal(r) : -0.2 + 1.1 * rng_normal(r);
    double beats = hf ? 9 + 7 * rng_normal(r) : 3 + 6 * rng_normal(r);
    double oxygen = hf ? -1.5 + 1.5 * rng_normal(r) : -0.5 + rng_normal(r);
    double fewer = hf ? 0.25 + 0.2 * rng_normal(r) : 0.2 + 0.2 * rng_normal(r);
    for (int left = 30; left >= 0; left--) {
        int d = day - left;
        if (d < 0)
            continue;
        p->weight[d] += kg * shape(left);
        p->pulse[d] += beats * shape(left);
        p->spo2[d] += oxygen * shape(left);
        p->steps[d] *= 1 - fmin(0.9, fmax(0, fewer)) * shape(left);
        if (left <= 7 && rng_unit(r) < (hf ? 0.17 : 0.04))
            p->breathless[d] = true;
        if (left <= 7 && rng_unit(r) < 0.06)
            p->dizzy[d] = true;
    }
    p->event[day] = kind;
    p->n_hf += hf;
    for (int d = day; d < DAYS && d < day + 14; d++) /* admitted, then dried out */
        p->weight[d] -= (hf ? fmax(0, kg) : 0) * (d - day < 5 ? 0.5 : 1);
}

/* 45 HF and 76 other admissions in 168 patients (TEN-HMS); some patients have several, most none.
 */
static void add_events(struct rng *r, struct patient *p)
{
    bool frail = rng_chance(r, 42);
    for (int d = 35; d < DAYS; d++) {
        double hf = frail ? 0.0030 : 0.0004, other = frail ? 0.0026 : 0.0012;
        int kind = rng_unit(r) < hf ? EVENT_HF : rng_unit(r) < other ? EVENT_OTHER : EVENT_NONE;
        if (kind == EVENT_NONE)
            continue;
        add_event(r, p, d, kind);
        d += 28;
    }
}

/* What does not arrive, and what arrives wrong. */
static void add_faults(struct rng *r, struct patient *p)
{
    double adherence = 0.55 + 0.43 * rng_unit(r), pounds = 2.20462;
    int flat = 0, after = 0;
    double held = 80;
    for (int d = 0; d < DAYS; d++) {
        after = p->event[d] ? 14 : after - (after > 0);
        bool sent = rng_unit(r) < adherence - (after ? 0.19 : 0);
        flat = flat ? flat - 1 : rng_unit(r) < 0.001 ? 7 : 0;
        if (flat)
            p->weight[d] = held;
        held = p->weight[d];
        if (rng_unit(r) < 0.002)
            p->weight[d] += rng_chance(r, 50) ? 14 : -19; /* somebody else on the scale */
        if (rng_unit(r) < 0.0005)
            p->weight[d] *= pounds;
        if (!sent)
            p->weight[d] = p->pulse[d] = p->spo2[d] = p->systolic[d] = p->steps[d] = NAN;
    }
}

static void generate(struct rng *r, struct patient *p)
{
    double dry = 82 + 15 * rng_normal(r), beat = 72 + 8 * rng_normal(r), walk = 0, wave = 0;
    *p = (struct patient){0};
    for (int d = 0; d < DAYS; d++) {
        walk += 0.16 * rng_normal(r); /* the week's mean wanders by more than 2 kg over months */
        wave = 0.8 * wave + 1.5 * rng_normal(r);
        p->weight[d] = dry + walk + 0.45 * rng_normal(r) + 2.0 * exp(-d / 14.0); /* discharge */
        p->pulse[d] = beat + wave + 2.5 * rng_normal(r);
        p->spo2[d] = fmin(100, round(96.5 + 0.8 * rng_normal(r)));
        p->systolic[d] = round(122 + 9 * rng_normal(r));
        p->steps[d] = fmax(200, 4500 + 900 * rng_normal(r));
        p->breathless[d] = rng_unit(r) < 0.02;
        p->dizzy[d] = rng_unit(r) < 0.015;
    }
    add_events(r, p);
    for (int d = 0; d < DAYS; d++) {
        p->weight[d] = round(p->weight[d] * 10) / 10;
        p->pulse[d] = round(p->pulse[d]);
        p->spo2[d] = fmin(100, round(p->spo2[d]));
    }
    add_faults(r, p);
}

/* ---- who alarms ---- */
enum watcher {
    W_THUMB,
    W_MACD,
    W_EWMA,
    W_CUSUM,
    W_Z,
    W_SPC,
    W_BAND,
    W_PULSE_Z,
    W_PULSE_EWMA,
    W_PULSE_CUSUM,
    W_SYMPTOM,
    W_RULES,
    W_URGENT,
    W_COMBINED,
    WATCHERS
};
static const char *const NAMES[WATCHERS] = {
    "weight: more than 1.36 kg in a day or 2 kg in 3",
    "weight: MACD",
    "weight: EWMA",
    "weight: CUSUM",
    "weight: robust z",
    "weight: SPC (Western Electric)",
    "weight: personal band, drift",
    "pulse: robust z, two days",
    "pulse: EWMA",
    "pulse: CUSUM",
    "questions: red, or more breathless",
    "all rules of the programme, any level",
    "all rules, urgent or above (P1, P2)",
    "combination: two of weight, pulse, questions in 7 days",
};

static bool up(enum control_method m, const double *x, int d)
{
    return control_judge(m, x, (size_t)d + 1, NAN).above;
}

static bool thumb(const struct patient *p, int d)
{
    for (int back = 1; back <= 3 && back <= d; back++)
        if (p->weight[d] - p->weight[d - back] >= (back == 1 ? 1.36 : 2.0))
            return true;
    return false;
}

static void by_method(const struct patient *p, bool alarm[WATCHERS][DAYS])
{
    static const enum control_method weight[] = {CONTROL_MACD,     CONTROL_EWMA, CONTROL_CUSUM,
                                                 CONTROL_ROBUST_Z, CONTROL_SPC,  CONTROL_BAND};
    for (int d = 0; d < DAYS; d++) {
        alarm[W_THUMB][d] = thumb(p, d);
        for (int k = 0; k < 6; k++)
            alarm[W_MACD + k][d] = up(weight[k], p->weight, d);
        alarm[W_PULSE_Z][d] = d > 0 && up(CONTROL_ROBUST_Z, p->pulse, d) &&
                              (isnan(p->pulse[d - 1]) || up(CONTROL_ROBUST_Z, p->pulse, d - 1));
        alarm[W_PULSE_EWMA][d] = up(CONTROL_EWMA, p->pulse, d);
        alarm[W_PULSE_CUSUM][d] = up(CONTROL_CUSUM, p->pulse, d);
        alarm[W_SYMPTOM][d] = p->breathless[d];
    }
}

static void put(struct track *t, int series, int64_t at, double v, struct findings *f)
{
    int i = isnan(v) ? -1 : track_add(t, series, (struct point){at, v, (uint64_t)at});
    if (i >= 0)
        monitor_eval(t, series, i, f);
}

static void answer(struct track *t, const char *code, int64_t at, struct findings *f)
{
    for (int s = 0; s < (int)SYMPTOM_COUNT; s++)
        if (strcmp(MONITOR_SYMPTOMS[s].code, code) == 0) {
            t->symptom_at[s] = at;
            monitor_eval_symptom(t, s, at, (uint64_t)at, f);
        }
}

/* The very rules of the server, over the very track of the server. */
static void by_rules(const struct patient *p, bool alarm[WATCHERS][DAYS])
{
    static struct track t;
    track_init(&t, 1);
    t.programmes = 1;
    for (int d = 0; d < DAYS; d++) {
        struct findings f = {0};
        struct desk_away none = {0};
        int64_t at = START + d * MS_DAY, next;
        if (p->breathless[d])
            answer(&t, "more-breathless", at, &f);
        if (p->dizzy[d])
            answer(&t, "dizzy", at, &f);
        put(&t, SERIES_WEIGHT, at + 1, p->weight[d], &f);
        put(&t, SERIES_HEART_RATE, at + 2, p->pulse[d], &f);
        put(&t, SERIES_SYSTOLIC, at + 3, p->systolic[d], &f);
        put(&t, SERIES_SPO2, at + 4, p->spo2[d], &f);
        put(&t, SERIES_STEPS, at + 5, p->steps[d], &f);
        monitor_eval_time(&t, (struct listened){at + 6, &none}, &f, &next);
        for (size_t i = 0; i < f.n; i++) {
            bool told = monitor_news(&t, &f.at[i], false);
            if (finding_is_technical(&f.at[i]))
                continue;
            alarm[W_RULES][d] |= told;
            alarm[W_URGENT][d] |= told && f.at[i].priority <= 2;
        }
    }
}

static bool lately(const bool *alarm, int d)
{
    for (int k = d; k >= 0 && k > d - 7; k--)
        if (alarm[k])
            return true;
    return false;
}

static void combine(bool alarm[WATCHERS][DAYS])
{
    for (int d = 0; d < DAYS; d++) {
        int weight = lately(alarm[W_EWMA], d) || lately(alarm[W_THUMB], d);
        int pulse = lately(alarm[W_PULSE_EWMA], d), said = lately(alarm[W_SYMPTOM], d);
        bool today =
            alarm[W_EWMA][d] || alarm[W_THUMB][d] || alarm[W_PULSE_EWMA][d] || alarm[W_SYMPTOM][d];
        alarm[W_COMBINED][d] = today && weight + pulse + said >= 2;
    }
}

/* ---- the score ---- */
struct score {
    int events, found, episodes, true_episodes, after_other, n_lead;
    int lead[4096];
    double years;
};

static bool event_within(const struct patient *p, int d, int kind, int *ret)
{
    for (int k = d; k < DAYS && k <= d + WINDOW; k++)
        if (p->event[k] == kind) {
            *ret = k;
            return true;
        }
    return false;
}

static void judge(const struct patient *p, const bool *alarm, struct score *s)
{
    bool found[DAYS] = {false};
    int last = -99, event;
    for (int d = 28; d < DAYS; d++) {
        s->events += p->event[d] == EVENT_HF;
        if (!alarm[d])
            continue;
        bool fresh = d - last > EPISODE_DAYS;
        last = d;
        if (!fresh)
            continue;
        s->episodes++;
        if (!event_within(p, d, EVENT_HF, &event)) {
            s->after_other += event_within(p, d, EVENT_OTHER, &event);
            continue;
        }
        s->true_episodes++;
        if (!found[event] && s->n_lead < 4096)
            s->lead[s->n_lead++] = event - d;
        s->found += !found[event];
        found[event] = true;
    }
    s->years += (DAYS - 28) / 365.25;
}

static int by_days(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void report(struct score *s)
{
    printf("| method | found | of | sensitivity | alarms a patient-year | true | unexplained a "
           "patient-year | lead, median days |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | "
           "---: |\n");
    for (int w = 0; w < WATCHERS; w++, s++) {
        qsort(s->lead, (size_t)s->n_lead, sizeof s->lead[0], by_days);
        printf("| %s | %d | %d | %.0f %% | %.1f | %.0f %% | %.1f | %d |\n", NAMES[w], s->found,
               s->events, 100.0 * s->found / s->events, s->episodes / s->years,
               s->episodes ? 100.0 * s->true_episodes / s->episodes : 0,
               (s->episodes - s->true_episodes - s->after_other) / s->years,
               s->n_lead ? s->lead[s->n_lead / 2] : 0);
    }
}

/* ---- data of others: no labels, so only what is raised is counted ---- */
struct counted {
    struct track t;
    size_t readings, people, by_rule[RULE_COUNT_MONITOR];
};

static void next_person(struct counted *c)
{
    track_init(&c->t, ++c->people);
    c->t.programmes = (1u << MONITOR_PROGRAMME_COUNT) - 1;
}

static void one(struct counted *c, int series, int64_t at, double v)
{
    struct findings f = {0};
    if (isnan(v) || v < MONITOR_SERIES[series].plausible_lo ||
        v > MONITOR_SERIES[series].plausible_hi)
        return;
    c->readings++;
    put(&c->t, series, at, v, &f);
    for (size_t i = 0; i < f.n; i++) {
        bool had = c->t.rules[f.at[i].rule].raised; /* until its clear limit it is one */
        (void)monitor_news(&c->t, &f.at[i], false);
        if (!had && f.at[i].rule < (int)RULE_COUNT_MONITOR)
            c->by_rule[f.at[i].rule]++;
    }
}

/* The nth field of a line; NAN when it is empty or no number. */
static double field(const char *line, char between, int n)
{
    char *end;
    for (; n > 0 && line; n--) {
        line = strchr(line, between);
        line = line ? line + 1 : NULL;
    }
    double v = line ? strtod(line, &end) : NAN;
    return !line || end == line ? NAN : v;
}

static void tell(const char *what, const struct counted *c)
{
    printf("\n%s: %zu people, %zu readings.", what, c->people, c->readings);
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++)
        if (c->by_rule[r])
            printf(" `%s` %zu,", MONITOR_RULES[r].id, c->by_rule[r]);
    printf(" nothing else.\n");
}

static void over_vitals(const char *folder)
{
    static struct counted c;
    static const int series[] = {
        SERIES_HEART_RATE, SERIES_RESPIRATORY_RATE, SERIES_TEMPERATURE, SERIES_WEIGHT, -1, -1,
        SERIES_SYSTOLIC,   SERIES_DIASTOLIC,        SERIES_SPO2};
    char path[512], line[1024], stamp[32];
    double person = 0;
    snprintf(path, sizeof path, "%s/data/vitals/vitals.txt", folder);
    FILE *f = fopen(path, "r");
    if (!f)
        return;
    while (fgets(line, sizeof line, f)) {
        struct time_span at;
        const char *when = strchr(line, '\t');
        when = when ? strchr(when + 1, '\t') : NULL;
        snprintf(stamp, sizeof stamp, "%.*s", when ? (int)strcspn(when + 1, "\t") : 0,
                 when ? when + 1 : "");
        if (!time_parse(str_of(stamp), &at))
            continue;
        if (fabs(field(line, '\t', 1) - person) > 0.5)
            next_person(&c);
        person = field(line, '\t', 1);
        for (int k = 0; k < 9; k++)
            if (series[k] >= 0)
                one(&c, series[k], at.lo, field(line, '\t', 6 + k));
    }
    fclose(f);
    tell("`vitals`, visits over years", &c);
}

/* 30 simulated days at three minutes, the sensor's column. */
static void over_cgm(const char *folder)
{
    static struct counted c;
    static const char *const kinds[] = {"adolescent", "adult", "child"};
    char command[1024], line[512];
    for (int p = 0; p < 30; p++) {
        snprintf(command, sizeof command,
                 "tar -xzOf '%s/data/cgm/simglucose-30-patients.tar.gz' "
                 "'examples/results/2017-12-31_17-46-32/%s#%03d.csv' 2>/dev/null",
                 folder, kinds[p / 10], p % 10 + 1);
        FILE *f = popen(command, "r");
        if (!f)
            return;
        int64_t at = START;
        next_person(&c);
        for (; fgets(line, sizeof line, f); at += 3 * MS_MINUTE)
            one(&c, SERIES_CGM, at, field(line, ',', 2));
        (void)pclose(f);
    }
    tell("`cgm`, thirty simulated days of a sensor", &c);
}

int main(int argc, char **argv)
{
    static struct score scores[WATCHERS];
    static struct patient p;
    int hf = 0, with = 0, other = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rng r = {.state = 0x6006 + seed};
        for (int i = 0; i < PATIENTS; i++) {
            bool alarm[WATCHERS][DAYS] = {{false}};
            generate(&r, &p);
            by_method(&p, alarm);
            by_rules(&p, alarm);
            combine(alarm);
            for (int w = 0; w < WATCHERS; w++)
                judge(&p, alarm[w], &scores[w]);
            hf += p.n_hf;
            with += p.n_hf > 0;
            for (int d = 0; d < DAYS; d++)
                other += p.event[d] == EVENT_OTHER;
        }
    }
    printf("%d patients, %d days each, seeds 1 to %d: %d decompensations in %d of them, %d other "
           "admissions.\n\n",
           PATIENTS * SEEDS, DAYS, SEEDS, hf, with, other);
    report(scores);
    if (argc > 1) {
        over_vitals(argv[1]);
        over_cgm(argv[1]);
    }
    return 0;
}
