/* Glucose metrics against published values: the GMI table of Bergenstal 2018, the weights of the
 * GRI, and, where the shared data are, the thirty simulated patients whose times in ranges their
 * authors printed. */
#include "base/test.h"

#include "vitals/cgm.h"

#include <math.h>

#define NEAR(a, b, by) assert_true(fabs((a) - (b)) < (by))
#define MIN INT64_C(60000)

static struct cgm_metrics of(const uint32_t n[CGM_RANGES], double mean)
{
    struct cgm_tally t = {0};
    for (int r = 0; r < CGM_RANGES; r++)
        t.n[r] = n[r];
    double all = n[0] + n[1] + n[2] + n[3] + n[4];
    t.sum = mean * all;
    t.squares = mean * mean * all;
    return cgm_metrics_of(&t);
}

/* Bergenstal 2018, Diabetes Care 41:2275, table 1. */
static void gmi_is_the_published_table(void **state)
{
    (void)state;
    static const double rows[][2] = {{100, 5.7}, {125, 6.3}, {150, 6.9}, {175, 7.5},  {200, 8.1},
                                     {225, 8.7}, {250, 9.3}, {275, 9.9}, {300, 10.5}, {350, 11.7}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        NEAR(of((uint32_t[]){0, 0, 10, 0, 0}, rows[i][0]).gmi, rows[i][1], 0.05);
}

/* Klonoff 2023: (3.0 VLow) + (2.4 Low) + (1.6 VHigh) + (0.8 High), at most 100; zones of 20. */
static void gri_has_its_weights_and_zones(void **state)
{
    (void)state;
    static const struct {
        uint32_t n[CGM_RANGES];
        double gri;
        char zone;
    } rows[] = {
        {{0, 0, 100, 0, 0}, 0, 'A'},      {{1, 3, 71, 20, 5}, 34.2, 'B'},
        {{0, 0, 75, 25, 0}, 20, 'A'},     {{0, 0, 74, 26, 0}, 20.8, 'B'},
        {{0, 10, 65, 20, 5}, 48, 'C'},    {{2, 5, 43, 30, 20}, 74, 'D'},
        {{20, 10, 30, 20, 20}, 100, 'E'},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cgm_metrics m = of(rows[i].n, 150);
        NEAR(m.gri, rows[i].gri, 1e-9);
        assert_int_equal(m.zone, rows[i].zone);
    }
}

static void ranges_are_the_consensus(void **state)
{
    (void)state;
    assert_int_equal(cgm_range_of(53.9), CGM_VERY_LOW);
    assert_int_equal(cgm_range_of(54), CGM_LOW);
    assert_int_equal(cgm_range_of(69.9), CGM_LOW);
    assert_int_equal(cgm_range_of(70), CGM_IN_RANGE);
    assert_int_equal(cgm_range_of(180), CGM_IN_RANGE);
    assert_int_equal(cgm_range_of(180.1), CGM_HIGH);
    assert_int_equal(cgm_range_of(250), CGM_HIGH);
    assert_int_equal(cgm_range_of(250.1), CGM_VERY_HIGH);
}

/* 100, 150, 200: mean 150, sample deviation 50, so 33.3 %. Days add up to their readings. */
static void variation_is_that_of_the_sample(void **state)
{
    (void)state;
    struct cgm_tally one = {0}, two = {0};
    cgm_count(&one, 100);
    cgm_count(&two, 150);
    cgm_count(&two, 200);
    cgm_merge(&one, &two);
    struct cgm_metrics m = cgm_metrics_of(&one);
    assert_int_equal(m.n, 3);
    NEAR(m.sd, 50, 1e-9);
    NEAR(m.cv, 100.0 / 3, 1e-9);
    NEAR(m.percent[CGM_IN_RANGE], 200.0 / 3, 1e-9);
    struct cgm_tally none = {0};
    assert_true(isnan(cgm_metrics_of(&none).gri));
    assert_int_equal(cgm_metrics_of(&none).zone, '?');
}

static size_t line_of(struct cgm_point *p, const int *mg_dl, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (struct cgm_point){(int64_t)i * 5 * MIN, mg_dl[i]};
    return n;
}

static void an_episode_takes_fifteen_minutes_each_way(void **state)
{
    (void)state;
    struct cgm_point p[64];
    const int brief[] = {90, 65, 64, 66, 90, 90, 90, 90};
    assert_int_equal(cgm_episodes_of(p, line_of(p, brief, 8), 70, false).n, 0);
    const int one[] = {90, 65, 64, 66, 65, 90, 60, 62, 61, 64, 80, 90, 95, 96, 97};
    struct cgm_episodes e = cgm_episodes_of(p, line_of(p, one, 15), 70, false);
    assert_int_equal(e.n, 1); /* five minutes back do not end it */
    NEAR(e.minutes, 45, 1e-9);
    assert_int_equal(e.prolonged, 0);
    int high[40];
    for (int i = 0; i < 40; i++)
        high[i] = i < 30 ? 300 : 200;
    e = cgm_episodes_of(p, line_of(p, high, 40), 250, true);
    assert_int_equal(e.n, 1);
    assert_int_equal(e.prolonged, 1);
    NEAR(e.minutes, 150, 1e-9);
    line_of(p, high, 40);
    for (int i = 10; i < 40; i++)
        p[i].at += 3 * 60 * MIN; /* the sensor was off: nobody knows what was between */
    e = cgm_episodes_of(p, 40, 250, true);
    assert_int_equal(e.n, 2);
    NEAR(e.minutes, 45 + 100, 1e-9);
}

static void the_profile_has_a_line_a_quarter_of_an_hour(void **state)
{
    (void)state;
    enum { DAYS = 11 };
    struct cgm_point p[DAYS * 2];
    struct agp_bin bin[AGP_BINS];
    for (int d = 0; d < DAYS; d++) {
        p[2 * d] = (struct cgm_point){d * 1440 * MIN, 100 + 10 * d};
        p[2 * d + 1] = (struct cgm_point){d * 1440 * MIN + 20 * MIN, 50};
    }
    agp_of(p, 2 * DAYS, -60, bin);
    const struct agp_bin *b = &bin[23 * 4];
    assert_int_equal(b->n, DAYS);
    NEAR(b->line[0], 105, 1e-9);
    NEAR(b->line[1], 125, 1e-9);
    NEAR(b->line[2], 150, 1e-9);
    NEAR(b->line[3], 175, 1e-9);
    NEAR(b->line[4], 195, 1e-9);
    assert_int_equal(bin[23 * 4 + 1].n, DAYS);
    assert_int_equal(bin[0].n, 0);
    assert_true(isnan(bin[0].line[2]));
    NEAR(cgm_captured(p, 2 * DAYS, 0, 1440 * MIN, 720), 100, 1e-9);
    NEAR(cgm_captured(p, 2 * DAYS, 0, 1440 * MIN, 5), 100 * 2 / 288.0, 1e-9);
}

/* ---- simglucose: 30 patients, each a day at three minutes; performance_stats.csv has the authors'
 * own times in ranges ---- */
static FILE *member(const char *tar, const char *name)
{
    char command[1024];
    snprintf(command, sizeof command, "tar -xzOf '%s' 'examples/results/2017-12-31_17-46-32/%s'",
             tar, name);
    FILE *f = popen(command, "r"); // NOLINT(cert-env33-c): a fixed command over the tests' own data
    assert_non_null(f);
    return f;
}

/* Up to max numbers of a line after its first field; how many there were. */
static int numbers(const char *line, double *ret, int max)
{
    int n = 0;
    for (const char *at = strchr(line, ','); at && n < max; at = strchr(at + 1, ',')) {
        char *end;
        ret[n] = strtod(at + 1, &end);
        if (end == at + 1)
            break;
        n++;
    }
    return n;
}

static struct cgm_tally simulated(const char *tar, const char *who)
{
    char name[64], text[256];
    double bg;
    struct cgm_tally t = {0};
    snprintf(name, sizeof name, "%s.csv", who);
    FILE *f = member(tar, name);
    while (fgets(text, sizeof text, f))
        if (numbers(text, &bg, 1) == 1)
            cgm_count(&t, bg);
    assert_int_equal(pclose(f), 0);
    return t;
}

static void thirty_simulated_patients_have_their_authors_times(void **state)
{
    (void)state;
    const char *shared = getenv("WEFT_SHARED");
    char tar[512], text[256], who[32];
    double v[4];
    snprintf(tar, sizeof tar, "%s/data/cgm/simglucose-30-patients.tar.gz",
             shared ? shared : WEFT_SOURCE "/../shared");
    if (access(tar, R_OK) != 0) {
        print_message("SKIPPED: no %s\n", "shared/data/cgm/simglucose-30-patients.tar.gz");
        skip();
    }
    int patients = 0;
    FILE *f = member(tar, "performance_stats.csv");
    while (fgets(text, sizeof text, f)) {
        if (numbers(text, v, 4) != 4)
            continue;
        snprintf(who, sizeof who, "%.*s", (int)strcspn(text, ","), text);
        struct cgm_tally t = simulated(tar, who);
        struct cgm_metrics m = cgm_metrics_of(&t);
        NEAR(m.percent[CGM_IN_RANGE], v[0], 1e-6);
        NEAR(m.percent[CGM_HIGH] + m.percent[CGM_VERY_HIGH], v[1], 1e-6);
        NEAR(m.percent[CGM_LOW] + m.percent[CGM_VERY_LOW], v[2], 1e-6);
        NEAR(m.percent[CGM_VERY_HIGH], v[3], 1e-6);
        patients++;
    }
    assert_int_equal(pclose(f), 0);
    assert_int_equal(patients, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gmi_is_the_published_table),
        cmocka_unit_test(gri_has_its_weights_and_zones),
        cmocka_unit_test(ranges_are_the_consensus),
        cmocka_unit_test(variation_is_that_of_the_sample),
        cmocka_unit_test(an_episode_takes_fifteen_minutes_each_way),
        cmocka_unit_test(the_profile_has_a_line_a_quarter_of_an_hour),
        cmocka_unit_test(thirty_simulated_patients_have_their_authors_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
