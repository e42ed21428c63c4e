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
        cmocka_unit_test(doubts_keep_a_value_from_the_rules),
    };
    arena = arena_new(1u << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    return failed;
}
