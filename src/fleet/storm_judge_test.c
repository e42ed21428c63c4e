/* When silences are an outage of what devices share, and when it is over. */
#include "fleet/storm_int.h"

#include "base/test.h"

#define NOW INT64_C(1795554000000)
#define MINUTE INT64_C(60000)

static const char *const names[] = {
    "d00", "d01", "d02", "d03", "d04", "d05", "d06", "d07", "d08", "d09", "d10", "d11",
    "d12", "d13", "d14", "d15", "d16", "d17", "d18", "d19", "d20", "d21", "d22", "d23",
};

static struct storm silent(size_t n, int64_t of)
{
    struct storm s = {.of = of};
    for (size_t i = 0; i < n; i++)
        storm_add(&s, str_of(names[i]), NOW);
    return s;
}

/* Twenty are one however many there are; of fewer, one in twenty, when they are five at least. */
static void how_many_are_an_outage(void **state)
{
    (void)state;
    struct storm s = {.of = 100000};
    assert_true(storm_is(&s, 20));
    assert_false(storm_is(&s, 19));
    s.of = 100;
    assert_true(storm_is(&s, 5));
    s.of = 101;
    assert_false(storm_is(&s, 5));
    assert_true(storm_is(&s, 6));
    s.of = 4;
    assert_false(storm_is(&s, 4)); /* all of them, and still each a matter of its own */
    s.of = 0;                      /* nobody is known to share it */
    assert_false(storm_is(&s, 19));
}

static void within_ten_minutes(void **state)
{
    (void)state;
    struct storm s = silent(3, 10);
    storm_add(&s, STR("early"), NOW - 10 * MINUTE);
    storm_add(&s, STR("late"), NOW + 10 * MINUTE);
    storm_add(&s, STR("before"), NOW - 10 * MINUTE - 1);
    storm_add(&s, STR("after"), NOW + 10 * MINUTE + 1);
    assert_int_equal(storm_near(&s, NOW), 5);
    storm_keep_near(&s, NOW);
    assert_int_equal(s.n_out, 5);
    assert_false(storm_remove(&s, STR("before")));
    assert_true(storm_remove(&s, STR("late")));
}

static void one_is_counted_once(void **state)
{
    (void)state;
    struct storm s = silent(2, 10);
    storm_add(&s, STR("d00"), NOW + MINUTE);
    assert_int_equal(s.n_out, 2);
    assert_true(storm_remove(&s, STR("d00")));
    assert_false(storm_remove(&s, STR("d00")));
    assert_int_equal(s.n_out, 1);
    for (int i = 0; i < 3; i++) /* more than are remembered: the oldest makes room */
        for (size_t k = 0; k < 24; k++)
            storm_add(&s, arena_printf((struct arena *)*state, "%d-%zu", i, k), NOW);
    assert_int_equal(s.n_out, STORM_OUT);
    assert_false(storm_remove(&s, STR("d01")));
    assert_true(storm_remove(&s, STR("2-23")));
}

/* A tenth of what it was, four at most; of a small one all are back. */
static void when_it_is_over(void **state)
{
    (void)state;
    struct storm s = {.joined = 5, .most = 5};
    assert_false(storm_over(&s));
    s.joined = 1;
    assert_false(storm_over(&s));
    s.joined = 0;
    assert_true(storm_over(&s));
    s = silent(1, 20);
    s.most = 20;
    s.joined = 2;
    assert_int_equal(storm_left(&s), 3);
    assert_false(storm_over(&s));
    s.joined = 1;
    assert_true(storm_over(&s));
    s = (struct storm){.joined = 5, .most = 1000};
    assert_false(storm_over(&s));
    s.joined = 4;
    assert_true(storm_over(&s));
}

static int arena_for(void **state)
{
    *state = arena_new(1u << 20);
    return *state ? 0 : -1;
}

static int arena_over(void **state)
{
    arena_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_many_are_an_outage),
        cmocka_unit_test(within_ten_minutes),
        cmocka_unit_test_setup_teardown(one_is_counted_once, arena_for, arena_over),
        cmocka_unit_test(when_it_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
