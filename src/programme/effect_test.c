/* Golden values: R's t.test() on Student's sleep data (1908), tables of t, Newcombe 1998. */
#include "base/test.h"
#include "programme/effect.h"

#include <math.h>

static const double first[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
static const double second[] = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

static void near_to(double want, double got, double by)
{
    if (fabs(want - got) > by)
        print_error("%.10f, not %.10f\n", got, want);
    assert_true(fabs(want - got) <= by);
}

static void points_of_t(void **state)
{
    (void)state;
    near_to(12.7062047364, effect_t(1), 1e-7);
    near_to(2.2281388520, effect_t(10), 1e-9);
    near_to(2.0422724563, effect_t(30), 1e-9);
    near_to(1.9799304051, effect_t(120), 1e-9);
    near_to(1.9599639845, effect_t(1e9), 1e-6);
}

static void before_and_after(void **state)
{
    struct effect e;
    double d[10];
    (void)state;
    for (size_t i = 0; i < 10; i++)
        d[i] = first[i] - second[i];
    assert_true(effect_mean(d, 10, &e)); /* t.test(paired = TRUE) */
    near_to(-1.58, e.value, 1e-12);
    near_to(-2.4598858, e.low, 5e-8);
    near_to(-0.7001142, e.high, 5e-8);
    assert_false(effect_mean(d, 1, &e));
}

static void two_groups(void **state)
{
    struct effect e;
    (void)state;
    assert_true(effect_between(first, 10, second, 10, &e)); /* t.test(): Welch, df 17.776 */
    near_to(-1.58, e.value, 1e-12);
    near_to(-3.3654832, e.low, 5e-8);
    near_to(0.2054832, e.high, 5e-8);
    assert_false(effect_between(first, 1, second, 10, &e));
}

static void two_shares(void **state)
{
    struct effect e;
    (void)state;
    assert_true(effect_share(56, 70, 48, 80, &e)); /* Newcombe's example (a), method 10 */
    near_to(0.2, e.value, 1e-12);
    near_to(0.0524, e.low, 5e-5);
    near_to(0.3339, e.high, 5e-5);
    assert_false(effect_share(0, 0, 1, 2, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_of_t),
        cmocka_unit_test(before_and_after),
        cmocka_unit_test(two_groups),
        cmocka_unit_test(two_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
