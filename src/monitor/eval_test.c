/* The rules over a track: limits, changes, symptoms, persistence, hysteresis, own limits. */
#include "base/test.h"

#include "monitor/monitor_int.h"

#define T0 1790000000000LL

/* programme: a row, -1 none */
static struct track new_track(int programme)
{
    struct track t;
    track_init(&t, 7);
    t.plan_known = true;
    t.programmes = programme < 0 ? 0 : 1u << programme;
    return t;
}

static struct findings feed(struct track *t, int series, int64_t at, double v)
{
    struct findings f = {0};
    int i = track_add(t, series, (struct point){at, v, (uint64_t)at});
    if (i >= 0)
        monitor_eval(t, series, i, &f);
    return f;
}

static const struct finding *of_rule(const struct findings *f, const char *id)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(finding_rule_id(&f->at[i]), id) == 0)
            return &f->at[i];
    return NULL;
}

static void one_critical_reading_is_raised_one_level_lower_and_rises_when_confirmed(void **state)
{
    (void)state;
    struct track t = new_track(-1);
    struct findings f = feed(&t, SERIES_SPO2, T0, 88);
    assert_non_null(of_rule(&f, "SPO2-CRIT"));
    assert_int_equal(of_rule(&f, "SPO2-CRIT")->priority, 2);
    assert_true(of_rule(&f, "SPO2-CRIT")->unconfirmed);
    f = feed(&t, SERIES_SPO2, T0 + 5 * MS_MINUTE, 87);
    assert_int_equal(of_rule(&f, "SPO2-CRIT")->priority, 1);
    assert_false(of_rule(&f, "SPO2-CRIT")->unconfirmed);
}

/* A band has two bounds: of 21 to 24 breaths the patient breathes too fast, of 92 % has too little.
 */
static void a_band_is_too_high_or_too_low(void **state)
{
    (void)state;
    static const struct {
        int series;
        double v, limit;
        const char *rule;
        bool above;
    } rows[] = {{SERIES_RESPIRATORY_RATE, 22, 21, "RR-HIGH", true},
                {SERIES_TEMPERATURE, 38.5, 38.1, "TEMP-FEVER", true},
                {SERIES_SPO2, 92, 93, "SPO2-92", false},
                {SERIES_GLUCOSE, 60, 70, "GLU-HYPO1", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct track t = new_track(-1);
        struct findings f = feed(&t, rows[i].series, T0, rows[i].v);
        f = feed(&t, rows[i].series, T0 + 10 * MS_MINUTE, rows[i].v);
        const struct finding *one = of_rule(&f, rows[i].rule);
        assert_non_null(one);
        assert_int_equal(one->above, rows[i].above);
        assert_true(fabs(one->limit - rows[i].limit) < 1e-9);
    }
    struct track t = new_track(-1); /* a clinician's lower limit says nothing of fast breathing */
    t.low[SERIES_RESPIRATORY_RATE] = 10;
    struct findings f = feed(&t, SERIES_RESPIRATORY_RATE, T0, 22);
    f = feed(&t, SERIES_RESPIRATORY_RATE, T0 + 10 * MS_MINUTE, 22);
    assert_non_null(of_rule(&f, "RR-HIGH"));
}

/* Known from the first day on, and told as what it is. */
static void a_gain_is_measured_from_the_dry_weight(void **state)
{
    (void)state;
    struct op op = test_op();
    struct track t = new_track(0);
    t.dry = 80;
    struct findings f = feed(&t, SERIES_WEIGHT, T0, 82.2);
    assert_null(of_rule(&f, "HF-WT-BASE"));
    f = feed(&t, SERIES_WEIGHT, T0 + 24 * MS_HOUR, 82.3);
    const struct finding *one = of_rule(&f, "HF-WT-BASE");
    assert_non_null(one);
    assert_true(fabs(one->from - 80) < 1e-9);
    struct findings only = {.n = 1, .at = {*one}};
    struct said why = monitor_why(&op, &t, &only);
    assert_true(str_find(why.in[SAY_EN], STR("2.3 above the dry weight (80.0)"), 0) <
                why.in[SAY_EN].n);
    t = new_track(0);
    (void)feed(&t, SERIES_WEIGHT, T0, 82.2);
    f = feed(&t, SERIES_WEIGHT, T0 + 24 * MS_HOUR, 82.3);
    assert_null(of_rule(&f, "HF-WT-BASE"));
    test_op_done(&op);
}

static void limits_are_exact_at_the_edge(void **state)
{
    (void)state;
    struct track t = new_track(-1);
    struct findings f = feed(&t, SERIES_SPO2, T0, 92);
    assert_null(of_rule(&f, "SPO2-CRIT"));
    assert_non_null(of_rule(&f, "SPO2-92"));
    f = feed(&t, SERIES_GLUCOSE, T0, 54);
    assert_null(of_rule(&f, "GLU-HYPO2"));
    assert_non_null(of_rule(&f, "GLU-HYPO1"));
    f = feed(&t, SERIES_GLUCOSE, T0 + 1, 53.9);
    assert_int_equal(of_rule(&f, "GLU-HYPO2")->priority, 1);
    f = feed(&t, SERIES_GLUCOSE, T0 + 2, 70);
    assert_int_equal(f.n, 0);
}

static void weight_gain_counts_from_the_lowest_of_the_window(void **state)
{
    (void)state;
    struct track t = new_track(0);
    feed(&t, SERIES_WEIGHT, T0, 80.0);
    feed(&t, SERIES_WEIGHT, T0 + 24 * MS_HOUR, 80.7);
    struct findings f = feed(&t, SERIES_WEIGHT, T0 + 48 * MS_HOUR, 81.4);
    assert_null(of_rule(&f, "HF-WT-3D"));
    f = feed(&t, SERIES_WEIGHT, T0 + 72 * MS_HOUR, 82.0);
    assert_non_null(of_rule(&f, "HF-WT-3D"));
    assert_true(fabs(of_rule(&f, "HF-WT-3D")->from - 80.0) < 1e-9);
}

static void programme_rules_are_only_for_those_enrolled(void **state)
{
    (void)state;
    struct track t = new_track(-1);
    feed(&t, SERIES_WEIGHT, T0, 80.0);
    struct findings f = feed(&t, SERIES_WEIGHT, T0 + 24 * MS_HOUR, 84.0);
    assert_int_equal(f.n, 0);
}

static void symptoms_regrade_what_was_measured_the_same_day(void **state)
{
    (void)state;
    struct track t = new_track(0);
    feed(&t, SERIES_WEIGHT, T0, 80.0);
    struct findings f = feed(&t, SERIES_WEIGHT, T0 + 24 * MS_HOUR, 81.5);
    assert_int_equal(of_rule(&f, "HF-WT-1D")->priority, 3);
    t.symptom_at[0] = T0 + 25 * MS_HOUR;
    struct findings g = {0};
    monitor_eval_symptom(&t, 0, T0 + 25 * MS_HOUR, 9, &g);
    assert_int_equal(of_rule(&g, "HF-WT-1D")->priority, 2);
    assert_non_null(of_rule(&g, "SYM-AMBER"));
}

static void with_symptoms_limits_need_symptoms(void **state)
{
    (void)state;
    struct track t = new_track(0);
    struct findings f = feed(&t, SERIES_SYSTOLIC, T0, 88);
    assert_null(of_rule(&f, "BP-LOW-SYM"));
    t.symptom_at[2] = T0;
    f = feed(&t, SERIES_SYSTOLIC, T0 + MS_HOUR, 88);
    assert_non_null(of_rule(&f, "BP-LOW-SYM"));
}

static void a_value_swinging_at_the_limit_is_one_finding(void **state)
{
    (void)state;
    struct track t = new_track(-1);
    int news = 0;
    for (int i = 0; i < 40; i++) {
        struct findings f = feed(&t, SERIES_SPO2, T0 + i * MS_MINUTE, i % 2 ? 93 : 91);
        for (size_t k = 0; k < f.n; k++)
            if (strcmp(finding_rule_id(&f.at[k]), "SPO2-CRIT") == 0)
                news += monitor_news(&t, &f.at[k], news > 0);
    }
    /* opened once; after that evidence joins at most every 15 minutes */
    assert_in_range(news, 1, 4);
}

static void clinicians_limits_loosen_but_never_past_the_safe_edge(void **state)
{
    (void)state;
    struct track t = new_track(-1);
    t.low[SERIES_SPO2] = 86;
    struct findings f = feed(&t, SERIES_SPO2, T0, 89);
    assert_int_equal(f.n, 0);
    f = feed(&t, SERIES_SPO2, T0 + MS_MINUTE, 85);
    assert_non_null(of_rule(&f, "PLAN-LOW"));
    feed(&t, SERIES_SPO2, T0 + 2 * MS_MINUTE, 82);
    f = feed(&t, SERIES_SPO2, T0 + 3 * MS_MINUTE, 82);
    assert_int_equal(of_rule(&f, "SPO2-CRIT")->priority, 1);
}

static void a_clinicians_limit_counts_instead_of_the_usual(void **state)
{
    (void)state;
    for (int own = 0; own < 2; own++) {
        struct track t = new_track(-1);
        t.low[SERIES_SPO2] = own ? 86 : NAN;
        for (int d = 14; d > 0; d--)
            feed(&t, SERIES_SPO2, T0 - d * 24 * MS_HOUR, 98);
        feed(&t, SERIES_SPO2, T0 - MS_HOUR, 95);
        struct findings f = feed(&t, SERIES_SPO2, T0, 95);
        assert_int_equal(of_rule(&f, "SPO2-DROP") != NULL, !own);
    }
}

static void tighter_limits_add_to_the_defaults(void **state)
{
    (void)state;
    struct track t = new_track(-1);
    t.high[SERIES_HEART_RATE] = 95;
    struct findings f = feed(&t, SERIES_HEART_RATE, T0, 97);
    assert_non_null(of_rule(&f, "PLAN-HIGH"));
    feed(&t, SERIES_HEART_RATE, T0 + 1, 140);
    f = feed(&t, SERIES_HEART_RATE, T0 + 2, 140);
    assert_int_equal(of_rule(&f, "HR-CRIT")->priority, 1);
}

static void doubles_are_no_points_and_late_ones_keep_order(void **state)
{
    (void)state;
    struct track t = new_track(-1);
    assert_int_equal(track_add(&t, 0, (struct point){T0, 80, 1}), 0);
    assert_int_equal(track_add(&t, 0, (struct point){T0, 80, 2}), -1);
    assert_int_equal(track_add(&t, 0, (struct point){T0 - 5, 79, 3}), 0);
    assert_int_equal(t.n[0], 2);
    track_forget(&t, 3);
    assert_int_equal(t.n[0], 1);
}

/* A value from another unit is rounded when it is kept; sent again it is still known. */
static void r366_a_rounded_value_is_known(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct op op;
    op_init(&op, a, NULL, T0);
    struct track t = new_track(-1), back;
    t.low[SERIES_STEPS] = 1e300;
    struct point pounds = {T0, 180 * 0.45359237, 1};
    assert_int_equal(track_add(&t, SERIES_WEIGHT, pounds), 0);
    assert_true(track_read(track_write(&op, &t), &back));
    assert_int_equal(track_add(&back, SERIES_WEIGHT, pounds), -1);
    assert_true(back.low[SERIES_STEPS] > 1e9); /* a limit beyond all numbers is one still */
    arena_free(a);
}

static void a_track_survives_its_bytes(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct op op;
    op_init(&op, a, NULL, T0);
    struct track t = new_track(0), back;
    for (int i = 0; i < POINTS_MAX + 5; i++)
        feed(&t, SERIES_SPO2, T0 + i * MS_HOUR, 80 + i % 20);
    t.low[3] = 55;
    struct finding f = {.rule = 2, .priority = 3, .at = T0};
    monitor_news(&t, &f, false);
    str bytes = track_write(&op, &t);
    assert_true(track_read(bytes, &back));
    assert_int_equal(back.n[SERIES_SPO2], POINTS_MAX);
    assert_memory_equal(back.points[SERIES_SPO2], t.points[SERIES_SPO2],
                        sizeof t.points[SERIES_SPO2]);
    assert_memory_equal(back.rules, t.rules, sizeof t.rules);
    for (size_t cut = 0; cut < bytes.n; cut++)
        assert_false(track_read(str_sub(bytes, 0, cut), &back));
    arena_free(a);
}

static void put_double(struct buf *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    buf_u64(b, bits);
}

/* As version 1 wrote it: one weight, an answer, and the state of rule 2 and of the own upper limit
 * of the heart rate. */
static void a_track_of_version_one_is_read(void **state)
{
    (void)state;
    struct op op = test_op();
    struct buf b;
    struct track t;
    buf_init(&b, op.arena, 4096);
    buf_u8(&b, 1);
    buf_u8(&b, 40);
    buf_u64(&b, 77);
    buf_u8(&b, 1);
    buf_u8(&b, 1);
    for (int s = 0; s < 8; s++) {
        put_double(&b, NAN);
        put_double(&b, s == SERIES_HEART_RATE ? 95 : NAN);
        buf_u8(&b, s == SERIES_WEIGHT);
        if (s == SERIES_WEIGHT) {
            buf_u64(&b, (uint64_t)T0);
            put_double(&b, 80.4);
            buf_u64(&b, 5);
        }
    }
    for (int s = 0; s < 11; s++)
        buf_u64(&b, s == 3 ? (uint64_t)T0 : 0);
    for (int k = 0; k < 2; k++) {
        buf_u8(&b, k ? 24 + 2 * SERIES_HEART_RATE + 1 : 2);
        buf_u8(&b, 1);
        buf_u8(&b, 3);
        buf_u8(&b, 0);
        buf_u64(&b, (uint64_t)T0);
    }
    buf_u8(&b, 255);
    str bytes = buf_str(&b);
    assert_true(track_read(bytes, &t));
    assert_int_equal(t.patient, 77);
    assert_int_equal(t.programmes, 1);
    assert_false(t.plan_known);
    assert_int_equal(t.n[SERIES_WEIGHT], 1);
    assert_true(fabs(t.points[SERIES_WEIGHT][0].value - 80.4) < 1e-9);
    assert_int_equal(t.symptom_at[3], T0);
    assert_true(t.rules[2].raised);
    assert_true(t.rules[RULE_COUNT_MONITOR + 2 * SERIES_HEART_RATE + 1].raised);
    assert_true(fabs(t.high[SERIES_HEART_RATE] - 95) < 1e-9);
    for (size_t cut = 0; cut < bytes.n; cut++)
        assert_false(track_read(str_sub(bytes, 0, cut), &t));
    test_op_done(&op);
}

/* A day's value is that of all its readings, and a reading that is taken back leaves it. */
static void days_follow_their_readings(void **state)
{
    (void)state;
    struct track t = new_track(-1);
    size_t n;
    int64_t noon = T0 - T0 % (24 * MS_HOUR) + 12 * MS_HOUR;
    track_add(&t, SERIES_WEIGHT, (struct point){noon, 80, 1});
    track_add(&t, SERIES_WEIGHT, (struct point){noon + MS_HOUR, 82, 2});
    const double *day = track_days(&t, SERIES_WEIGHT, noon, &n);
    assert_int_equal(n, DAYS_KEPT);
    assert_true(fabs(day[n - 1] - 81) < 1e-9);
    track_add(&t, SERIES_WEIGHT, (struct point){noon + 72 * MS_HOUR, 83, 3});
    day = track_days(&t, SERIES_WEIGHT, noon, &n);
    assert_int_equal(n, DAYS_KEPT - 3);
    assert_true(fabs(day[n - 1] - 81) < 1e-9);
    assert_true(isnan(day[n]));
    track_forget(&t, 2);
    assert_true(fabs(track_days(&t, SERIES_WEIGHT, noon, &n)[n - 1] - 80) < 1e-9);
    track_add(&t, SERIES_WEIGHT, (struct point){noon + 400 * 24 * MS_HOUR, 84, 4});
    (void)track_days(&t, SERIES_WEIGHT, noon, &n);
    assert_int_equal(n, 0);
    assert_int_equal(t.n[SERIES_WEIGHT], 1); /* what is older than eight days is charted only */
}

/* What a monitored patient weighs: 36 days of weight, pressure, pulse and oxygen. */
static void a_patient_is_small(void **state)
{
    (void)state;
    struct op op = test_op();
    struct track t = new_track(0);
    const int series[] = {SERIES_WEIGHT, SERIES_SYSTOLIC, SERIES_DIASTOLIC, SERIES_HEART_RATE,
                          SERIES_SPO2};
    for (int d = 0; d < 36; d++)
        for (int s = 0; s < 5; s++)
            feed(&t, series[s], T0 + d * 24 * MS_HOUR + s * 60000, 70.3 + d % 7);
    assert_in_range(track_write(&op, &t).n, 100, 1400);
    test_op_done(&op);
}

static void the_cache_holds_what_was_put_last(void **state)
{
    (void)state;
    struct cache c;
    uint64_t due[4];
    assert_true(track_cache_init(&c));
    for (uint64_t p = 1; p <= 100000; p++)
        track_cache_put(&c, p, STR("abc"), p == 7 ? 5 : INT64_MAX);
    assert_in_range(c.held, 99000, 100000);
    track_cache_put(&c, 7, STR("abcde"), 9);
    assert_str(track_cache_get(&c, 7), "abcde");
    assert_int_equal(track_cache_due(&c, 8, due, 4), 0);
    assert_int_equal(track_cache_due(&c, 9, due, 4), 1);
    assert_int_equal(due[0], 7);
    track_cache_drop(&c, 7);
    assert_true(str_empty(track_cache_get(&c, 7)));
    track_cache_clear(&c);
    assert_int_equal(c.held, 0);
    assert_int_equal(c.bytes, 0);
    track_cache_free(&c);
}

/* While the house was away nobody was silent: only the time it listened counts. */
static void a_house_that_was_away_calls_no_sensor_silent(void **state)
{
    (void)state;
    static const struct {
        int64_t from, until, now; /* minutes after the last reading */
        const char *rule;
    } rows[] = {{0, 0, 16, "CGM-STALE-WARN"},
                {1, 61, 61, NULL},
                {1, 61, 75, "CGM-STALE-WARN"},
                {-90, -30, 16, "CGM-STALE-WARN"},
                {-30, 10, 16, NULL},
                {1, 2881, 2900, "CGM-STALE-WARN"},
                {1, 2881, 2881 + 26 * 60, NULL},
                {0, 0, 26 * 60, "MISS-1"},
                {1, 2881, 2881 + 26 * 60, "MISS-1"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct track t = new_track(-1);
        t.programmes = (1u << MONITOR_PROGRAMME_COUNT) - 1;
        struct desk_away away = {
            1, 1, {{T0 + rows[i].from * MS_MINUTE, T0 + rows[i].until * MS_MINUTE}}};
        struct findings f = feed(&t, SERIES_CGM, T0, 120);
        int64_t now = T0 + rows[i].now * MS_MINUTE, next;
        f.n = 0;
        monitor_eval_time(&t, (struct listened){now, &away}, &f, &next);
        if (rows[i].rule)
            assert_non_null(of_rule(&f, rows[i].rule));
        else
            assert_null(of_rule(&f, "CGM-STALE-WARN"));
        if (!f.n)
            assert_true(next > now);
    }
}

/* Who has gone silent is never let go of for those who write. */
static void r365_the_silent_are_held(void **state)
{
    (void)state;
    struct cache c;
    uint64_t due[256];
    assert_true(track_cache_init(&c));
    for (uint64_t i = 1; i <= CACHE_SLOTS; i++)
        track_cache_put(&c, i * UINT64_C(6364136223846793005) >> 20, STR("abc"),
                        i <= 200 ? 5 : INT64_MAX);
    assert_int_equal(track_cache_due(&c, 5, due, 256), 200);
    assert_true(c.lost > 0);
    track_cache_free(&c);
}

static void the_sentence_has_the_numbers_and_the_limit(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct op op;
    op_init(&op, a, NULL, T0);
    struct track t = new_track(-1);
    struct findings f = feed(&t, SERIES_SPO2, T0, 88);
    struct said why = monitor_why(&op, &t, &f);
    assert_true(
        str_eq(why.in[SAY_EN],
               STR("Oxygen level 88 %, below the limit of 91 (one reading; ask for another).")));
    assert_true(str_eq(why.in[SAY_ES], STR("Nivel de oxígeno 88 %, por debajo del límite de 91 "
                                           "(una sola lectura; pida otra).")));
    assert_true(str_eq(why.in[SAY_AR],
                       STR("مستوى الأكسجين 88 %، تحت الحد 91 (قراءة واحدة؛ اطلب قراءة أخرى).")));
    arena_free(a);
}

/* Steps of a series of sums, at an instant; how many of that instant's day are known. */
static int steps_at(struct track *t, const char *when)
{
    struct time_span at;
    size_t n;
    assert_true(time_parse(str_of(when), &at));
    (void)track_add(t, SERIES_STEPS, (struct point){at.lo, 100, (uint64_t)at.lo});
    (void)track_days(t, SERIES_STEPS, at.lo, &n);
    assert_true(n > 0);
    return t->days[SERIES_STEPS].n[n - 1];
}

static void a_day_is_the_patients_own(void **state)
{
    (void)state;
    struct track t = new_track(-1), back;
    struct arena *a = arena_new(0);
    struct op op;
    op_init(&op, a, NULL, T0);
    track_move(&t, STR("America/New_York"));
    assert_int_equal(steps_at(&t, "2026-10-30T03:59:00Z"), 1); /* 23:59 of the 29th */
    assert_int_equal(steps_at(&t, "2026-10-30T04:00:00Z"), 1); /* midnight */
    assert_int_equal(steps_at(&t, "2026-10-31T03:59:00Z"), 2);
    assert_int_equal(steps_at(&t, "2026-11-01T04:00:00Z"), 1); /* the day of 25 hours */
    assert_int_equal(steps_at(&t, "2026-11-01T05:30:00Z"), 2); /* 01:30, and an hour later */
    assert_int_equal(steps_at(&t, "2026-11-01T06:30:00Z"), 3);
    assert_int_equal(steps_at(&t, "2026-11-02T04:59:00Z"), 4);
    assert_int_equal(steps_at(&t, "2026-11-02T05:00:00Z"), 1);
    assert_true(track_read(track_write(&op, &t), &back));
    assert_string_equal(back.zone, "America/New_York");
    assert_int_equal(steps_at(&back, "2026-11-02T05:01:00Z"), 2);
    track_move(&back, STR_NONE); /* days of UTC */
    assert_int_equal(steps_at(&back, "2026-11-02T23:59:00Z"), 4);
    track_move(&back, STR("No/Such_Zone")); /* likewise */
    assert_int_equal(steps_at(&back, "2026-11-02T23:58:00Z"), 5);
    arena_free(a);
}

static void days_around_the_lost_hour(void **state)
{
    (void)state;
    struct track t = new_track(-1);
    struct time_span at, midnight;
    track_move(&t, STR("America/New_York"));
    assert_int_equal(steps_at(&t, "2026-03-08T04:59:00Z"), 1); /* 23:59 of the 7th */
    assert_int_equal(steps_at(&t, "2026-03-08T05:00:00Z"), 1); /* the day of 23 hours */
    assert_int_equal(steps_at(&t, "2026-03-08T07:00:00Z"), 2); /* 03:00 */
    assert_int_equal(steps_at(&t, "2026-03-09T03:59:00Z"), 3);
    assert_int_equal(steps_at(&t, "2026-03-09T04:00:00Z"), 1);
    assert_true(time_parse(STR("2026-03-08T18:00:00Z"), &at));
    assert_true(time_parse(STR("2026-03-08T05:00:00Z"), &midnight));
    assert_int_equal(track_day_start(&t, at.lo), midnight.lo);
    assert_int_equal(track_day(&t, at.lo), track_day(&t, midnight.lo));
}

/* Version 4 had no dry weight; version 3 no readings over limits; version 2 no zone either: days of
 * UTC, until the patient's is asked for with the plan. */
static void tracks_of_older_versions_are_read(void **state)
{
    (void)state;
    struct track t = new_track(-1), back;
    struct arena *a = arena_new(0);
    struct op op;
    op_init(&op, a, NULL, T0);
    (void)track_add(&t, SERIES_WEIGHT, (struct point){T0, 80, 5});
    str now = track_write(&op, &t); /* version, patient, plan known, since, programmes, zone */
    char *old = arena_alloc(a, now.n);
    memcpy(old, now.p, now.n);
    assert_int_equal(old[5], 0);
    assert_int_equal(old[now.n - 1], 1); /* no dry weight */
    assert_int_equal(old[now.n - 2], 0); /* nothing over limits */
    old[0] = 4;
    assert_true(track_read(str_make(old, now.n - 1), &back));
    assert_true(isnan(back.dry));
    old[0] = 3;
    assert_true(track_read(str_make(old, now.n - 2), &back));
    assert_int_equal(back.n[SERIES_WEIGHT], 1);
    memmove(old + 5, old + 6, now.n - 6);
    old[0] = 2;
    assert_true(track_read(str_make(old, now.n - 3), &back));
    assert_false(back.plan_known);
    assert_int_equal(back.n[SERIES_WEIGHT], 1);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_is_the_patients_own),
        cmocka_unit_test(days_around_the_lost_hour),
        cmocka_unit_test(tracks_of_older_versions_are_read),
        cmocka_unit_test(one_critical_reading_is_raised_one_level_lower_and_rises_when_confirmed),
        cmocka_unit_test(limits_are_exact_at_the_edge),
        cmocka_unit_test(a_band_is_too_high_or_too_low),
        cmocka_unit_test(a_gain_is_measured_from_the_dry_weight),
        cmocka_unit_test(weight_gain_counts_from_the_lowest_of_the_window),
        cmocka_unit_test(programme_rules_are_only_for_those_enrolled),
        cmocka_unit_test(symptoms_regrade_what_was_measured_the_same_day),
        cmocka_unit_test(with_symptoms_limits_need_symptoms),
        cmocka_unit_test(a_value_swinging_at_the_limit_is_one_finding),
        cmocka_unit_test(clinicians_limits_loosen_but_never_past_the_safe_edge),
        cmocka_unit_test(a_clinicians_limit_counts_instead_of_the_usual),
        cmocka_unit_test(tighter_limits_add_to_the_defaults),
        cmocka_unit_test(doubles_are_no_points_and_late_ones_keep_order),
        cmocka_unit_test(a_track_survives_its_bytes),
        cmocka_unit_test(a_track_of_version_one_is_read),
        cmocka_unit_test(days_follow_their_readings),
        cmocka_unit_test(a_patient_is_small),
        cmocka_unit_test(the_cache_holds_what_was_put_last),
        cmocka_unit_test(a_house_that_was_away_calls_no_sensor_silent),
        cmocka_unit_test(r365_the_silent_are_held),
        cmocka_unit_test(r366_a_rounded_value_is_known),
        cmocka_unit_test(the_sentence_has_the_numbers_and_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
