/* NEWS2 against the chart itself (RCP, NEWS2, December 2017, chart 1): every edge of every row, on
 * both scales; and what a score says when something was not measured. */
#include "base/test.h"

#include "vitals/news2.h"

static struct news2 one(enum news2_part part, double v, int scale, double oxygen)
{
    double in[NEWS2_PARTS];
    for (int p = 0; p < NEWS2_PARTS; p++)
        in[p] = NAN;
    in[NEWS2_OXYGEN] = oxygen;
    in[part] = v;
    return news2_of(in, scale);
}

struct edge {
    enum news2_part part;
    double from, to; /* both score alike */
    int score;
};

static void every_edge_of_the_chart_scores_as_printed(void **state)
{
    (void)state;
    static const struct edge rows[] = {
        {NEWS2_RESPIRATION, 4, 8, 3},
        {NEWS2_RESPIRATION, 9, 11, 1},
        {NEWS2_RESPIRATION, 12, 20, 0},
        {NEWS2_RESPIRATION, 21, 24, 2},
        {NEWS2_RESPIRATION, 25, 60, 3},
        {NEWS2_SPO2, 50, 91, 3},
        {NEWS2_SPO2, 92, 93, 2},
        {NEWS2_SPO2, 94, 95, 1},
        {NEWS2_SPO2, 96, 100, 0},
        {NEWS2_OXYGEN, 0, 0, 0},
        {NEWS2_OXYGEN, 0.5, 15, 2},
        {NEWS2_SYSTOLIC, 50, 90, 3},
        {NEWS2_SYSTOLIC, 91, 100, 2},
        {NEWS2_SYSTOLIC, 101, 110, 1},
        {NEWS2_SYSTOLIC, 111, 219, 0},
        {NEWS2_SYSTOLIC, 220, 280, 3},
        {NEWS2_PULSE, 20, 40, 3},
        {NEWS2_PULSE, 41, 50, 1},
        {NEWS2_PULSE, 51, 90, 0},
        {NEWS2_PULSE, 91, 110, 1},
        {NEWS2_PULSE, 111, 130, 2},
        {NEWS2_PULSE, 131, 250, 3},
        {NEWS2_CONSCIOUS, 0, 0, 0},
        {NEWS2_CONSCIOUS, 1, 1, 3},
        {NEWS2_TEMPERATURE, 30, 35.0, 3},
        {NEWS2_TEMPERATURE, 35.1, 36.0, 1},
        {NEWS2_TEMPERATURE, 36.1, 38.0, 0},
        {NEWS2_TEMPERATURE, 38.1, 39.0, 1},
        {NEWS2_TEMPERATURE, 39.1, 44, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(one(rows[i].part, rows[i].from, 1, NAN).part[rows[i].part], rows[i].score);
        assert_int_equal(one(rows[i].part, rows[i].to, 1, NAN).part[rows[i].part], rows[i].score);
    }
}

static void scale_two_depends_on_oxygen_from_93(void **state)
{
    (void)state;
    static const struct {
        double v, oxygen;
        int score;
    } rows[] = {
        {83, NAN, 3}, {84, NAN, 2}, {85, NAN, 2}, {86, NAN, 1},  {87, NAN, 1}, {88, NAN, 0},
        {92, NAN, 0}, {93, 0, 0},   {100, 0, 0},  {93, 2, 1},    {94, 2, 1},   {95, 2, 2},
        {96, 2, 2},   {97, 2, 3},   {100, 2, 3},  {93, NAN, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(one(NEWS2_SPO2, rows[i].v, 2, rows[i].oxygen).part[NEWS2_SPO2],
                         rows[i].score);
}

static void values_are_read_as_the_chart_is(void **state)
{
    (void)state;
    assert_int_equal(one(NEWS2_TEMPERATURE, 38.04, 1, NAN).total, 0);
    assert_int_equal(one(NEWS2_TEMPERATURE, 38.06, 1, NAN).total, 1);
    assert_int_equal(one(NEWS2_SPO2, 91.4, 1, NAN).total, 3);
}

/* The extremes of chart 1: 20 of 20, and nothing wrong. */
static void a_whole_score_has_its_risk(void **state)
{
    (void)state;
    const double worst[NEWS2_PARTS] = {25, 91, 1, 90, 131, 1, 35.0};
    struct news2 s = news2_of(worst, 1);
    assert_int_equal(s.total, 20);
    assert_int_equal(s.measured, NEWS2_PARTS);
    assert_int_equal(s.risk, NEWS2_HIGH);
    const double well[NEWS2_PARTS] = {16, 97, 0, 120, 70, 0, 37.0};
    s = news2_of(well, 1);
    assert_int_equal(s.total, 0);
    assert_int_equal(s.risk, NEWS2_LOW);
    const double red[NEWS2_PARTS] = {16, 97, 0, 120, 70, 1, 37.0};
    s = news2_of(red, 1);
    assert_int_equal(s.total, 3);
    assert_true(s.red);
    assert_int_equal(s.risk, NEWS2_LOW_MEDIUM);
    const double five[NEWS2_PARTS] = {21, 94, 1, 120, 70, 0, 37.0};
    assert_int_equal(news2_of(five, 1).total, 5);
    assert_int_equal(news2_of(five, 1).risk, NEWS2_MEDIUM);
}

static void what_is_missing_is_said_and_scores_nothing(void **state)
{
    (void)state;
    const double in[NEWS2_PARTS] = {NAN, 90, NAN, 95, 125, NAN, NAN};
    struct news2 s = news2_of(in, 1);
    assert_int_equal(s.total, 7);
    assert_int_equal(s.measured, 3);
    assert_int_equal(s.part[NEWS2_OXYGEN], -1);
    assert_int_equal(s.part[NEWS2_TEMPERATURE], -1);
    const double none[NEWS2_PARTS] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    s = news2_of(none, 1);
    assert_int_equal(s.measured, 0);
    assert_int_equal(s.total, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edge_of_the_chart_scores_as_printed),
        cmocka_unit_test(scale_two_depends_on_oxygen_from_93),
        cmocka_unit_test(values_are_read_as_the_chart_is),
        cmocka_unit_test(a_whole_score_has_its_risk),
        cmocka_unit_test(what_is_missing_is_said_and_scores_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
