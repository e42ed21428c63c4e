/* Dates and clocks: FHIR's forms, the calendar against libc's, and the guard against jumps. */
#include "base/test.h"
#include "base/time_int.h"

#include <time.h>

static const struct {
    const char *text;
    int64_t lo, width;
    enum time_precision precision;
} good[] = {
    {"1970", 0, 31536000000, TIME_YEAR},
    {"2024-02", 1706745600000, 29 * 86400000LL, TIME_MONTH},
    {"2023-12", 1701388800000, 31 * 86400000LL, TIME_MONTH},
    {"2024-02-29", 1709164800000, 86400000, TIME_DAY},
    {"1970-01-01T00:00Z", 0, 60000, TIME_MINUTE},
    {"1970-01-01T00:00:01Z", 1000, 1000, TIME_SECOND},
    {"1970-01-01T00:00:01", 1000, 1000, TIME_SECOND},
    {"1970-01-01T01:00:00+01:00", 0, 1000, TIME_SECOND},
    {"1969-12-31T18:30:00.5-05:30", 500, 100, TIME_FRACTION},
    {"1970-01-01T00:00:00.123456Z", 123, 1, TIME_FRACTION},
    {"1970-01-01T00:00:00.1234Z", 123, 1, TIME_FRACTION},
    {"1970-01-01T23:59:60Z", 86400000, 1000, TIME_SECOND},
    {"1970-01-01T14:00:00+14:00", 0, 1000, TIME_SECOND},
    {"0001-01-01", -62135596800000, 86400000, TIME_DAY},
    {"9999-12-31T23:59:59.999Z", 253402300799999, 1, TIME_FRACTION},
};

static const char *const bad[] = {
    "",
    "197",
    "0000",
    "19700",
    "1970-",
    "1970-00",
    "1970-13",
    "1970-1",
    "1970-01-32",
    "2023-02-29",
    "1900-02-29",
    "1970-01-01T",
    "1970-01-01T00",
    "1970-01-01T00:00:",
    "1970-01-01T24:00:00Z",
    "1970-01-01T00:60:00Z",
    "1970-01-01T00:00:61Z",
    "1970-01-01T00:00:00.Z",
    "1970-01-01T00:00:00z",
    "1970-01-01T00:00:00+1:00",
    "1970-01-01T00:00:00+14:01",
    "1970-01-01T00:00:00+15:00",
    "1970-01-01T00:00:00+0100",
    "1970-01-01T00:00:00Z ",
    " 1970",
    "1970-01-01 00:00:00Z",
    "1970-01Z",
    "+1970",
    "1970/01/01",
};

static void parses(void **state)
{
    (void)state;
    struct time_span s;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!time_parse(str_of(good[i].text), &s))
            fail_msg("refused: %s", good[i].text);
        assert_int_equal(s.lo, good[i].lo);
        assert_int_equal(s.hi - s.lo, good[i].width);
        assert_int_equal(s.precision, good[i].precision);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (time_parse(str_of(bad[i]), &s))
            fail_msg("accepted: %s", bad[i]);
    assert_true(time_parse(STR("2026-11-21T20:44:05-05:30"), &s));
    assert_true(s.has_zone);
    assert_int_equal(s.offset_min, -330);
    assert_true(time_parse(STR("2026-11-21"), &s) && !s.has_zone);
}

static void formats(void **state)
{
    (void)state;
    struct op op = test_op();
    assert_str(time_format(op.arena, 0), "1970-01-01T00:00:00.000Z");
    assert_str(time_format(op.arena, -1), "1969-12-31T23:59:59.999Z");
    assert_str(time_format(op.arena, 1795293845123), "2026-11-21T20:44:05.123Z");
    assert_str(time_format(op.arena, INT64_MAX), "9999-12-31T23:59:59.999Z");
    assert_str(time_format(op.arena, INT64_MIN), "0001-01-01T00:00:00.000Z");
    for (int64_t ms = -62135596800000; ms < 253402300800000; ms += 86399999 * 400LL) {
        struct time_span s;
        str text = time_format(op.arena, ms);
        assert_true(time_parse(text, &s));
        assert_int_equal(s.lo, ms);
        arena_reset(op.arena);
    }
    test_op_done(&op);
}

static void calendar_agrees_with_libc(void **state)
{
    (void)state;
    for (int64_t day = -719162; day < 2932896; day += 13) {
        time_t t = (time_t)(day * 86400);
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        int y;
        unsigned m, d;
        time_civil_from_days(day, &y, &m, &d);
        assert_int_equal(y, tm.tm_year + 1900);
        assert_int_equal(m, tm.tm_mon + 1);
        assert_int_equal(d, tm.tm_mday);
        assert_int_equal(time_days_from_civil(y, m, d), day);
    }
}

static void guard_never_goes_back(void **state)
{
    (void)state;
    struct time_guard g = {0};
    bool followed;
    assert_int_equal(time_guard_next(&g, 5000, 1, &followed), 5000);
    assert_int_equal(time_guard_next(&g, 6000, 2, &followed), 6000);
    /* Back by half a minute: it stands still, then runs on. */
    assert_int_equal(time_guard_next(&g, 3000, 100, &followed), 6000);
    assert_int_equal(time_guard_next(&g, 5999, 3000, &followed), 6000);
    assert_int_equal(time_guard_next(&g, 6001, 3002, &followed), 6001);
    assert_false(followed);
    /* Back by years: it stands still for an hour, follows once, and says so once. */
    assert_int_equal(time_guard_next(&g, 10, 10000, &followed), 6001);
    assert_int_equal(time_guard_next(&g, 3000, 10000 + TIME_STILL_MAX_MS - 1, &followed), 6001);
    assert_false(followed);
    assert_int_equal(time_guard_next(&g, 4000, 10000 + TIME_STILL_MAX_MS, &followed), 4000);
    assert_true(followed);
    assert_int_equal(time_guard_next(&g, 4001, 10001 + TIME_STILL_MAX_MS, &followed), 4001);
    assert_false(followed);
}

static void clocks_run(void **state)
{
    (void)state;
    int64_t last = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t now = time_now();
        assert_true(now >= last);
        last = now;
    }
    assert_true(last > 1700000000000);
    int64_t mono = time_mono_ns();
    assert_true(time_mono_ns() >= mono && time_mono() >= mono / 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(formats),
        cmocka_unit_test(calendar_agrees_with_libc),
        cmocka_unit_test(guard_never_goes_back),
        cmocka_unit_test(clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
