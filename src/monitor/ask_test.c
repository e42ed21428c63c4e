/* What waits for a second reading, what never does, and how each ask ends. */
#include "base/test.h"

#include "monitor/monitor_int.h"

#define T0 1790000000000LL

static struct track new_track(void)
{
    struct track t;
    track_init(&t, 7);
    t.plan_known = true;
    t.programmes = 1;
    return t;
}

static struct findings feed(struct track *t, int series, int64_t at, double v)
{
    struct findings f = {0};
    int i = track_add(t, series, (struct point){at, v, (uint64_t)at});
    assert_true(i >= 0);
    monitor_eval(t, series, i, &f);
    return f;
}

static struct ask *ask_for(struct track *t, const struct finding *f, int64_t now)
{
    struct ask *a = &t->asks[t->n_asks++];
    *a = ask_new(f, now);
    memcpy(a->task, "abc", 4);
    return a;
}

static void only_one_mild_fresh_reading_without_symptoms_waits(void **state)
{
    (void)state;
    struct track t = new_track();
    struct findings f = feed(&t, SERIES_SYSTOLIC, T0, 190);
    assert_int_equal(f.n, 1);
    assert_true(ask_may_wait(&t, &f.at[0], T0 + MS_MINUTE));
    assert_false(ask_may_wait(&t, &f.at[0], T0 + 15 * MS_MINUTE));
    struct finding graver = f.at[0];
    graver.with_symptoms = true;
    assert_false(ask_may_wait(&t, &graver, T0));
    graver = f.at[0];
    graver.priority = 2;
    assert_false(ask_may_wait(&t, &graver, T0));
    (void)ask_for(&t, &f.at[0], T0);
    assert_false(ask_may_wait(&t, &f.at[0], T0));
    f = feed(&t, SERIES_SPO2, T0, 88);
    for (size_t i = 0; i < f.n; i++)
        assert_false(ask_may_wait(&t, &f.at[i], T0));
    t.high[SERIES_WEIGHT] = 90; /* a clinician's own limit is hard */
    f = feed(&t, SERIES_WEIGHT, T0, 91);
    assert_int_equal(f.n, 1);
    assert_false(ask_may_wait(&t, &f.at[0], T0));
}

/* A held weight is asked about, once in three days, and keeps its state over its bytes. */
static void somebody_on_the_scale_is_asked_about_once(void **state)
{
    (void)state;
    struct track t = new_track(), again;
    struct op op;
    struct arena *a = arena_new(1u << 20);
    struct finding f = {.rule = (int)RULE_WHO,
                        .series = SERIES_WEIGHT,
                        .symptom = -1,
                        .priority = 3,
                        .run = 1,
                        .value = 95,
                        .at = T0,
                        .rid = 9};
    assert_string_equal(finding_rule_id(&f), "DEV-WHO");
    assert_true(finding_is_technical(&f) && ask_minutes(&f) > 0);
    assert_true(ask_is_news(&t, &f) && ask_may_wait(&t, &f, T0 + MS_MINUTE));
    assert_true(monitor_news(&t, &f, false));
    op_init(&op, a, NULL, 0);
    assert_true(track_read(track_write(&op, &t), &again));
    f.at = T0 + 71 * MS_HOUR;
    assert_false(ask_is_news(&again, &f));
    f.at = T0 + 73 * MS_HOUR;
    assert_true(ask_is_news(&again, &f));
    arena_free(a);
}

/* R430: a reading of a clock that is ahead is younger than no minutes. */
static void a_clock_ahead_makes_nothing_wait_that_has_no_minutes(void **state)
{
    (void)state;
    struct track t = new_track();
    struct findings f = feed(&t, SERIES_TEMPERATURE, T0, 38.5);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.at[0].priority, 3);
    assert_false(ask_may_wait(&t, &f.at[0], T0 - 1000));
    f = feed(&t, SERIES_SYSTOLIC, T0, 190);
    assert_true(ask_may_wait(&t, &f.at[0], T0 - 1000));
}

/* R431 */
static void symptoms_that_come_later_end_the_waiting(void **state)
{
    (void)state;
    struct track t = new_track();
    t.programmes = 0;
    struct findings f = feed(&t, SERIES_DIASTOLIC, T0, 125);
    assert_int_equal(f.n, 1);
    const struct ask *a = ask_for(&t, &f.at[0], T0);
    f.n = 0;
    t.symptom_at[0] = T0 + MS_MINUTE;
    monitor_eval_symptom(&t, 0, T0 + MS_MINUTE, 5, &f);
    assert_string_equal(ask_outcome(&t, a, &f), "graver");
    bool kept = false;
    for (size_t i = 0; i < f.n; i++)
        kept |= f.at[i].rule == a->rule && f.at[i].rid == a->rid;
    assert_true(kept);
}

static void no_emergency_has_a_second_reading_to_wait_for(void **state)
{
    (void)state;
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++)
        assert_true(MONITOR_RULES[r].remeasure_min == 0 || MONITOR_RULES[r].priority > 1);
}

static void a_normal_reading_ends_it_and_a_high_one_says_so(void **state)
{
    (void)state;
    struct track t = new_track();
    struct findings f = feed(&t, SERIES_SYSTOLIC, T0, 190);
    struct ask *a = ask_for(&t, &f.at[0], T0);
    assert_null(ask_outcome(&t, a, &f));
    assert_int_equal(f.n, 0); /* it only repeated what asked */
    struct track other = t;
    f = feed(&other, SERIES_SYSTOLIC, T0 + MS_MINUTE, 150);
    assert_string_equal(ask_outcome(&other, a, &f), "normal");
    f = feed(&t, SERIES_SYSTOLIC, T0 + MS_MINUTE, 192);
    assert_string_equal(ask_outcome(&t, a, &f), "again");
    assert_int_equal(f.at[0].asked, ASKED_AGAIN);
    a->gone = true;
    assert_string_equal(ask_outcome(&t, a, &f), "withdrawn");
}

static void silence_is_told_when_the_time_is_over(void **state)
{
    (void)state;
    struct track t = new_track();
    struct findings f = feed(&t, SERIES_SYSTOLIC, T0, 190);
    const struct ask *a = ask_for(&t, &f.at[0], T0);
    struct desk_away never = {0};
    int64_t next;
    f.n = 0;
    monitor_eval_time(&t, (struct listened){a->until - 1, &never}, &f, &next);
    assert_true(f.n == 0 && next == a->until);
    monitor_eval_time(&t, (struct listened){a->until, &never}, &f, &next);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.at[0].asked_min, 15);
    assert_string_equal(ask_outcome(&t, a, &f), "silent");
    assert_true(monitor_news(&t, &f.at[0], false));
    ask_drop(&t, 0);
    assert_int_equal(t.n_asks, 0);
}

static void asks_are_kept_and_a_track_without_them_is_as_before(void **state)
{
    (void)state;
    struct op op = test_op();
    struct track t = new_track(), back;
    struct findings f = feed(&t, SERIES_SYSTOLIC, T0, 190);
    str bare = track_write(&op, &t);
    (void)ask_for(&t, &f.at[0], T0 + 5);
    struct finding doubt = {.rule = (int)RULE_DOUBT + SERIES_WEIGHT,
                            .series = SERIES_WEIGHT,
                            .priority = 2,
                            .at = T0,
                            .rid = 9,
                            .value = 700};
    (void)ask_for(&t, &doubt, T0);
    str bytes = track_write(&op, &t);
    assert_true(bytes.n > bare.n && str_starts(bytes, bare));
    assert_true(track_read(bytes, &back));
    assert_int_equal(back.n_asks, 2);
    for (size_t k = 0; k < 2; k++) {
        const struct ask *a = &t.asks[k], *b = &back.asks[k];
        assert_true(a->rule == b->rule && a->series == b->series && a->priority == b->priority);
        assert_true(a->rid == b->rid && a->of == b->of && a->at == b->at && a->until == b->until);
        assert_true(a->above == b->above && fabs(a->value - b->value) < 1e-9);
        assert_string_equal(a->task, b->task);
    }
    for (size_t cut = bare.n + 1; cut < bytes.n; cut++)
        if (track_read(str_sub(bytes, 0, cut), &back))
            assert_int_equal(back.n_asks, 1); /* cut between the two */
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_one_mild_fresh_reading_without_symptoms_waits),
        cmocka_unit_test(somebody_on_the_scale_is_asked_about_once),
        cmocka_unit_test(a_clock_ahead_makes_nothing_wait_that_has_no_minutes),
        cmocka_unit_test(symptoms_that_come_later_end_the_waiting),
        cmocka_unit_test(no_emergency_has_a_second_reading_to_wait_for),
        cmocka_unit_test(a_normal_reading_ends_it_and_a_high_one_says_so),
        cmocka_unit_test(silence_is_told_when_the_time_is_over),
        cmocka_unit_test(asks_are_kept_and_a_track_without_them_is_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
