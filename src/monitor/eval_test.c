/* The rules over a track: limits, changes, symptoms, persistence, hysteresis, own limits. */
#include "base/test.h"

#include "monitor/monitor_int.h"

#define T0 1790000000000LL

static struct track new_track(int programme)
{
    struct track t;
    track_init(&t, 7);
    t.plan_known = true;
    t.programme = programme;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_critical_reading_is_raised_one_level_lower_and_rises_when_confirmed),
        cmocka_unit_test(limits_are_exact_at_the_edge),
        cmocka_unit_test(weight_gain_counts_from_the_lowest_of_the_window),
        cmocka_unit_test(programme_rules_are_only_for_those_enrolled),
        cmocka_unit_test(symptoms_regrade_what_was_measured_the_same_day),
        cmocka_unit_test(with_symptoms_limits_need_symptoms),
        cmocka_unit_test(a_value_swinging_at_the_limit_is_one_finding),
        cmocka_unit_test(clinicians_limits_loosen_but_never_past_the_safe_edge),
        cmocka_unit_test(tighter_limits_add_to_the_defaults),
        cmocka_unit_test(doubles_are_no_points_and_late_ones_keep_order),
        cmocka_unit_test(a_track_survives_its_bytes),
        cmocka_unit_test(the_sentence_has_the_numbers_and_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
