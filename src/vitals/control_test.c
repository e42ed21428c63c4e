/* The charts against published examples, the rules of Nelson each by a row that only it should
 * catch, and the methods over a patient's days. */
#include "base/test.h"

#include "vitals/control.h"

#define NEAR(a, b, by) assert_true(fabs((a) - (b)) < (by))

/* NIST/SEMATECH e-handbook 6.3.2.4: EWMA0 50, s 2.0539, lambda 0.3, k 3. */
static void ewma_is_that_of_the_handbook(void **state)
{
    (void)state;
    static const double x[] = {52.0, 47.0, 53.0, 49.3, 50.1, 47.0, 51.0, 50.1, 51.2, 50.5,
                               49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1};
    static const double z[] = {50.60, 49.52, 50.56, 50.18, 50.16, 49.21, 49.75,
                               49.85, 50.26, 50.33, 50.11, 49.36, 49.52, 50.05,
                               49.38, 49.92, 50.73, 51.23, 51.94, 51.99};
    double at = 50;
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++) {
        at = ewma_next(at, x[i], 0.3);
        NEAR(at, z[i], 0.0051);
    }
    NEAR(50 + ewma_limit(2.0539, 0.3, 3, 0), 52.5884, 0.0005);
    NEAR(50 - ewma_limit(2.0539, 0.3, 3, 0), 47.4115, 0.0005);
    NEAR(ewma_limit(2, 0.2, 2.7, 1), 2.7 * 2 * 0.2, 1e-9);
}

/* Montgomery and Runger, Applied Statistics and Probability for Engineers, table 16-8: target 99,
 * K 1. */
static void cusum_is_that_of_the_book(void **state)
{
    (void)state;
    static const double x[] = {102.0, 94.8, 98.3,  98.4, 102.0, 98.5, 99.0,  97.7,  100.0, 98.1,
                               101.3, 98.7, 101.1, 98.4, 97.0,  96.7, 100.3, 101.4, 97.2,  101.0};
    static const double high[] = {2.0, 0, 0,   0, 2.0, 0.5, 0,   0,   0, 0,
                                  1.3, 0, 1.1, 0, 0,   0,   0.3, 1.7, 0, 1.0};
    static const double low[] = {0, 3.2, 2.9, 2.5, 0,   0,   0, 0.3, 0,   0,
                                 0, 0,   0,   0,   1.0, 2.3, 0, 0,   0.8, 0};
    struct cusum s = {0};
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++) {
        s = cusum_next(s, x[i], 99, 1);
        NEAR(s.high, high[i], 1e-6);
        NEAR(s.low, low[i], 1e-6);
    }
}

/* An exponential mean follows a steady rise (n-1)/2 steps behind, so two spans lie (28-7)/2 apart.
 */
static void macd_is_the_distance_of_two_means(void **state)
{
    (void)state;
    double x[400];
    for (size_t i = 0; i < 400; i++)
        x[i] = (double)i * 0.1;
    NEAR(ema_of(x, 400, 28), x[399] - 13.5 * 0.1, 1e-6);
    NEAR(ema_of(x, 400, 7) - ema_of(x, 400, 28), 10.5 * 0.1, 1e-6);
    assert_true(isnan(ema_of(x, 0, 7)));
}

struct pattern {
    unsigned bits; /* all that hold at the end */
    double z[15];
    size_t n;
};

static void each_rule_of_nelson_catches_its_own(void **state)
{
    (void)state;
    static const struct pattern rows[] = {
        {0x01 | WESTERN_ELECTRIC, {0.1, 3.1}, 2},
        {0x01 | WESTERN_ELECTRIC, {0.1, -3.1}, 2},
        {0x02 | WESTERN_ELECTRIC, {.2, .9, .1, .8, .3, .7, .2, .9, .4}, 9},
        {WESTERN_ELECTRIC, {.9, .1, .8, .3, .7, .2, .9, .4}, 8},
        {0x04, {-.9, -.5, -.1, .2, .5, .9}, 6},
        {0x08, {.9, -.5, .4, -.3, .6, -.4, .5, -.1, .4, -.6, .7, -.3, .5, -.4}, 14},
        {0x10 | WESTERN_ELECTRIC, {2.1, 0.1, 2.2}, 3},
        {0, {2.1, 0.1, 0.2}, 3},
        {0x20 | WESTERN_ELECTRIC, {1.1, 1.4, -.2, 1.2, 1.3}, 5},
        {0x40, {.1, -.2, -.3, .4, .5, -.6, .7, .2, .3, -.4, -.5, .6, .7, -.8, -.2}, 15},
        {0x80, {1.2, -1.3, -1.4, 1.1, -1.2, 1.5, 1.3, -1.4}, 8},
        {0, {0}, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(spc_rules(rows[i].z, rows[i].n), rows[i].bits);
}

/* 35 quiet days around 80, then what is put on the last ones. */
static void days_of(double day[35], size_t last, double up)
{
    static const double wobble[] = {0, .4, -.3, .2, -.5, .1, .3, -.2};
    for (size_t i = 0; i < 35; i++)
        day[i] = 80 + wobble[i % 8] + (i + last >= 35 ? up : 0);
}

static void each_method_sees_a_change_and_is_quiet_without(void **state)
{
    (void)state;
    double day[35];
    for (int m = 0; m < CONTROL_METHODS; m++) {
        days_of(day, 0, 0);
        struct control c = control_judge((enum control_method)m, day, 35, NAN);
        assert_true(c.known);
        assert_false(c.above || c.below);
        days_of(day, 5, 2.5);
        c = control_judge((enum control_method)m, day, 35, NAN);
        assert_true(c.above && !c.below && c.score > 0);
        days_of(day, 5, -2.5);
        c = control_judge((enum control_method)m, day, 35, NAN);
        assert_true(c.below && !c.above && c.score < 0);
        assert_false(control_judge((enum control_method)m, day + 24, 11, NAN).known);
        day[34] = NAN;
        assert_false(control_judge((enum control_method)m, day, 35, NAN).known);
        assert_false(control_judge((enum control_method)m, day, 0, NAN).known);
    }
}

static void a_flat_line_is_judged_by_nobody(void **state)
{
    (void)state;
    double day[35];
    for (size_t i = 0; i < 35; i++)
        day[i] = 80;
    assert_false(control_judge(CONTROL_ROBUST_Z, day, 35, NAN).known);
    assert_false(control_judge(CONTROL_CUSUM, day, 35, NAN).known);
    assert_true(control_judge(CONTROL_MACD, day, 35, 0.5).known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ewma_is_that_of_the_handbook),
        cmocka_unit_test(cusum_is_that_of_the_book),
        cmocka_unit_test(macd_is_the_distance_of_two_means),
        cmocka_unit_test(each_rule_of_nelson_catches_its_own),
        cmocka_unit_test(each_method_sees_a_change_and_is_quiet_without),
        cmocka_unit_test(a_flat_line_is_judged_by_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
