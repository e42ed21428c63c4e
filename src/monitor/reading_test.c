/* From Observations to what the rules read: codes of devices, sampled values, doubts. */
#include "base/test.h"

#include "monitor/monitor_int.h"

static struct arena *arena;
static struct op op;

static struct reading_set set_of(const char *text)
{
    struct json *o;
    struct reading_set set;
    op_init(&op, arena, NULL, 0);
    assert_int_equal(json_read(&op, str_of(text), &JSON_LIMITS_DEFAULT, &o), OK);
    reading_set_of(o, &set);
    return set;
}

#define MDC(code)                                                                                  \
    "\"code\":{\"coding\":[{\"system\":\"urn:iso:std:iso:11073:10101\",\"code\":\"" code "\"}]}"
#define HEAD "{\"status\":\"final\",\"effectiveDateTime\":\"2026-03-01T07:00:00Z\","

static void mdc_codes_are_known(void **state)
{
    (void)state;
    struct reading_set s = set_of(HEAD MDC("150020") ",\"component\":[{" MDC(
        "150021") ",\"valueQuantity\":{\"value\":16,"
                  "\"code\":\"kPa\"}},{" MDC("150022") ",\"valueQuantity\":{"
                                                       "\"value\":80,"
                                                       "\"code\":\"mm["
                                                       "Hg]\"}}]}");
    assert_int_equal(s.n, 2);
    assert_int_equal(s.at_most[0].series, SERIES_SYSTOLIC);
    assert_true(fabs(s.at_most[0].value - 120.0) < 0.1);
    assert_int_equal(s.at_most[1].series, SERIES_DIASTOLIC);
    s = set_of(HEAD MDC("149530") ",\"valueQuantity\":{\"value\":61,\"code\":\"{beat}/min\"}}");
    assert_int_equal(s.at_most[0].series, SERIES_HEART_RATE);
    s = set_of(HEAD MDC("1") ",\"valueQuantity\":{\"value\":61,\"code\":\"/min\"}}");
    assert_int_equal(s.n, 0);
    assert_true(
        str_eq(intake_loinc_of(STR("urn:iso:std:iso:11073:10101"), STR("160184"), STR("mmol/L")),
               STR("15074-8")));
    assert_true(str_empty(intake_loinc_of(STR("http://loinc.org"), STR("160184"), STR_NONE)));
}

#define SAMPLED(data)                                                                              \
    HEAD MDC("150456") ",\"valueSampledData\":{\"origin\":{\"value\":90,\"code\":\"%\"},"          \
                       "\"period\":1000,"                                                          \
                       "\"factor\":0.5,\"dimensions\":1,\"data\":\"" data "\"}}"

static void sampled_data_counts_as_its_mean(void **state)
{
    (void)state;
    struct reading_set s = set_of(SAMPLED("2 4 E 6 U L"));
    assert_int_equal(s.n, 1);
    assert_true(fabs(s.at_most[0].value - 92.0) < 1e-9);
    assert_int_equal(set_of(SAMPLED("E U")).n, 0);
    assert_int_equal(set_of(SAMPLED("")).n, 0);
    assert_true(set_of(SAMPLED("100")).implausible);
}

#define SENSOR(when, data)                                                                         \
    "{\"status\":\"final\"," when ",\"code\":{\"coding\":[{\"system\":\"http://loinc.org\","       \
    "\"code\":\"105272-9\"}]},\"valueSampledData\":{\"origin\":{\"value\":0,\"code\":\"mmol/L\"}," \
    "\"period\":300000,\"lowerLimit\":2.2,\"dimensions\":1,\"data\":\"" data "\"}}"
#define FROM_SEVEN "\"effectivePeriod\":{\"start\":\"2026-03-01T07:00:00Z\"}"
#define SEVEN INT64_C(1772348400000)

static void what_is_sampled_slowly_is_readings_at_their_times(void **state)
{
    (void)state;
    struct reading r;
    int64_t at;
    struct reading_set s = set_of(SENSOR(FROM_SEVEN, "10 E  8 L 99 5"));
    assert_int_equal(s.n, 0);
    assert_int_equal(s.samples[0].n, 6);
    assert_true(s.usable && !s.implausible);
    assert_int_equal(s.at, SEVEN + 5 * 5 * MS_MINUTE);
    const double want[] = {10 * 18.0156, 8 * 18.0156, 2.2 * 18.0156, 5 * 18.0156};
    const int minutes[] = {0, 10, 15, 25};
    for (size_t i = 0; i < 4; i++) {
        assert_true(samples_next(&s, &r, &at));
        assert_int_equal(r.series, SERIES_CGM);
        assert_true(fabs(r.value - want[i]) < 0.01);
        assert_int_equal(at, SEVEN + minutes[i] * MS_MINUTE);
    }
    assert_false(samples_next(&s, &r, &at));
}

#define SLEPT(code, unit, data)                                                                    \
    "{" MDC(code) ",\"valueSampledData\":{\"origin\":{\"value\":0,\"code\":\"" unit                \
                  "\"},\"period\":60000,\"dimensions\":1,\"data\":\"" data "\"}}"

/* A night of an oximeter: oxygen and pulse side by side. A mean of 93 would hide the minute at 82.
 */
static void what_components_sample_slowly_is_too(void **state)
{
    (void)state;
    struct reading r;
    int64_t at;
    struct reading_set s = set_of(
        "{\"status\":\"final\"," FROM_SEVEN ",\"code\":{\"text\":\"night\"},\"component\":[" SLEPT(
            "150456", "%", "97 82 E 98") "," SLEPT("149530", "{beats}/min", "60 61 62 63 64") "]}");
    const struct {
        int minute;
        double value;
    } want[] = {{0, 97}, {0, 60}, {1, 82}, {1, 61}, {2, 62}, {3, 98}, {3, 63}, {4, 64}};
    assert_true(s.usable && s.n == 0 && s.n_sampled == 2);
    assert_int_equal(s.at, SEVEN + 4 * MS_MINUTE);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_true(samples_next(&s, &r, &at));
        assert_true(at == SEVEN + want[i].minute * MS_MINUTE &&
                    fabs(r.value - want[i].value) < 0.01);
    }
    assert_false(samples_next(&s, &r, &at));
}

static void samples_begin_where_their_time_says(void **state)
{
    (void)state;
    struct reading r;
    int64_t at;
    struct reading_set s =
        set_of(SENSOR("\"effectivePeriod\":{\"end\":\"2026-03-01T07:10:00Z\"}", "5 6 7"));
    assert_true(samples_next(&s, &r, &at) && at == SEVEN);
    assert_int_equal(s.at, SEVEN + 10 * MS_MINUTE);
    s = set_of(SENSOR("\"effectiveDateTime\":\"2026-03-01T07:00:00Z\"", "5 6 7"));
    assert_true(samples_next(&s, &r, &at) && at == SEVEN);
    assert_int_equal(s.at, SEVEN + 10 * MS_MINUTE);
    s = set_of(SENSOR(FROM_SEVEN, "900 901"));
    assert_true(s.implausible && !s.unit_unknown && fabs(s.doubt.value - 16214) < 1);
    assert_false(samples_next(&s, &r, &at));
    s = set_of(SENSOR(FROM_SEVEN, "E E U"));
    assert_false(s.implausible || s.unit_unknown || samples_next(&s, &r, &at));
    assert_int_equal(set_of(SENSOR(FROM_SEVEN, "")).n_sampled, 0);
}

static void of_too_many_samples_the_newest_count(void **state)
{
    (void)state;
    static char text[4 * (SAMPLES_MAX + 10) + 1000];
    size_t n = (size_t)snprintf(
        text, sizeof text, "%s",
        "{\"effectivePeriod\":{\"start\":\"2026-03-01T07:00:00Z\"},\"code\":{\"coding\":[{"
        "\"system\":"
        "\"http://"
        "loinc.org\",\"code\":\"99504-3\"}]},\"valueSampledData\":{\"origin\":{\"value\":0,"
        "\"code\":\"mg/dL\"},\"period\":60000,\"dimensions\":1,\"data\":\"");
    for (size_t i = 0; i < SAMPLES_MAX + 10; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s ", i < 10 ? "50" : "99");
    snprintf(text + n - 1, sizeof text - n + 1, "\"}}");
    struct reading r;
    int64_t at;
    struct reading_set s = set_of(text);
    assert_int_equal(s.samples[0].n, SAMPLES_MAX);
    assert_true(samples_next(&s, &r, &at));
    assert_true(at == SEVEN + 10 * MS_MINUTE && fabs(r.value - 99) < 1e-9);
    assert_int_equal(s.at, SEVEN + (int64_t)(SAMPLES_MAX + 9) * MS_MINUTE);
}

static void doubts_keep_a_value_from_the_rules(void **state)
{
    (void)state;
    struct reading_set s =
        set_of(HEAD MDC("188736") ",\"valueQuantity\":{\"value\":900,\"code\":\"kg\"}}");
    assert_true(s.n == 0 && s.implausible && !s.unit_unknown && s.usable);
    s = set_of(HEAD MDC("188736") ",\"valueQuantity\":{\"value\":90,\"code\":\"mm\"}}");
    assert_true(s.n == 0 && s.unit_unknown && !s.implausible);
    s = set_of(HEAD "\"meta\":{\"tag\":[{\"system\":\"" READING_NOTE_SYSTEM
                    "\",\"code\":\"other-person\"}]}," MDC(
                        "188736") ",\"valueQuantity\":{\"value\":60,\"code\":\"kg\"}}");
    assert_true(s.n == 1 && !s.usable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mdc_codes_are_known),
        cmocka_unit_test(sampled_data_counts_as_its_mean),
        cmocka_unit_test(what_is_sampled_slowly_is_readings_at_their_times),
        cmocka_unit_test(what_components_sample_slowly_is_too),
        cmocka_unit_test(samples_begin_where_their_time_says),
        cmocka_unit_test(of_too_many_samples_the_newest_count),
        cmocka_unit_test(doubts_keep_a_value_from_the_rules),
    };
    arena = arena_new(1u << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    return failed;
}
