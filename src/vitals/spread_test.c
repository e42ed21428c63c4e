/* Quantiles and robust spread against published values; the personal band's window. */
#include "base/test.h"

#include "vitals/spread.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-6)

/* R's own: quantile(1:10, c(.05, .1, .25, .9)) with its default type 7. */
static void quantiles_are_those_of_r(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    NEAR(spread_quantile(x, 10, 0.05), 1.45);
    NEAR(spread_quantile(x, 10, 0.1), 1.9);
    NEAR(spread_quantile(x, 10, 0.25), 3.25);
    NEAR(spread_quantile(x, 10, 0.9), 9.1);
    NEAR(spread_quantile(x, 10, 1), 10);
    assert_true(isnan(spread_quantile(x, 0, 0.5)));
}

/* 1 1 2 2 4 6 9: median 2, median absolute deviation 1 (the usual example of the MAD). */
static void robust_spread_and_its_fallback(void **state)
{
    (void)state;
    const double x[] = {4, 1, NAN, 9, 2, 1, 6, 2};
    struct spread s = spread_robust(x, 8);
    assert_int_equal(s.n, 7);
    NEAR(s.median, 2);
    NEAR(s.sigma, 1.4826);
    NEAR(spread_z(&s, 9), 7 / 1.4826);
    const double alike[] = {70, 70, 70, 70, 72};
    NEAR(spread_robust(alike, 5).sigma, 1.2533 * 0.4);
    const double flat[] = {70, 70, 70};
    assert_true(isnan(spread_robust(flat, 3).sigma));
    assert_true(isnan(spread_robust(flat, 1).sigma));
}

/* NIST statistical reference datasets, NumAcc3: mean 1000000.2, standard deviation 0.1. */
static void the_plain_spread_keeps_its_digits(void **state)
{
    (void)state;
    double x[201];
    x[0] = 1000000.2;
    for (size_t i = 1; i < 201; i++)
        x[i] = i % 2 ? 1000000.1 : 1000000.3;
    struct spread_classic s = spread_mean(x, 201);
    NEAR(s.mean, 1000000.2);
    NEAR(s.sigma, 0.1);
    x[0] = NAN;
    assert_int_equal(spread_mean(x, 1).n, 0);
    assert_true(isnan(spread_mean(x, 1).mean));
}

static void the_band_leaves_the_last_three_days_out(void **state)
{
    (void)state;
    double day[40];
    for (size_t i = 0; i < 40; i++)
        day[i] = i >= 36 ? 200 : (double)(60 + i % 11);
    struct band b = band_of(day, 40);
    assert_true(b.known);
    assert_int_equal(b.n, 28);
    assert_true(b.high <= 70 && b.low >= 60);
    for (size_t i = 0; i < 36; i++)
        day[i] = i < 27 ? NAN : 60;
    b = band_of(day, 40);
    assert_false(b.known);
    assert_int_equal(b.n, 9);
    day[26] = 61;
    assert_true(band_of(day, 40).known);
    assert_int_equal(band_of(day, 3).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_those_of_r),
        cmocka_unit_test(robust_spread_and_its_fallback),
        cmocka_unit_test(the_plain_spread_keeps_its_digits),
        cmocka_unit_test(the_band_leaves_the_last_three_days_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
