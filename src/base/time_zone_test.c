/* Local time: both changes of the clock, zones that are odd, zones that are not there, threads. */
#include "base/test.h"
#include "base/time.h"

#include <pthread.h>

static int64_t instant(const char *text)
{
    struct time_span s;
    assert_true(time_parse(str_of(text), &s));
    return s.lo;
}

/* clock: hour * 100 + minute. */
static void local(const char *utc, const char *zone, int clock, int wday, int offset)
{
    struct time_local l;
    assert_true(time_to_local(instant(utc), str_of(zone), &l));
    assert_int_equal(l.hour * 100 + l.minute, clock);
    assert_int_equal(l.wday, wday);
    assert_int_equal(l.offset_min, offset);
}

static void to_local(void **state)
{
    (void)state;
    local("2026-07-01T12:00:00Z", "America/New_York", 800, 3, -240);
    local("2026-01-01T03:00:00Z", "America/New_York", 2200, 3, -300);
    local("2026-03-08T06:59:59Z", "America/New_York", 159, 0, -300);
    local("2026-03-08T07:00:00Z", "America/New_York", 300, 0, -240);
    local("2026-11-01T05:59:59Z", "America/New_York", 159, 0, -240);
    local("2026-11-01T06:00:00Z", "America/New_York", 100, 0, -300);
    local("2026-07-01T12:00:00Z", "America/Phoenix", 500, 3, -420);
    local("2026-07-01T12:00:00Z", "Asia/Kathmandu", 1745, 3, 345);
    local("2026-07-01T12:00:00Z", "UTC", 1200, 3, 0);
    local("1969-12-31T23:00:00Z", "Pacific/Honolulu", 1300, 3, -600);
    struct time_local l = {.year = 7};
    assert_false(time_to_local(0, STR("Mars/Olympus"), &l));
    assert_false(time_to_local(0, STR(""), &l));
    assert_false(time_to_local(0, STR("\xFF\xFE"), &l));
    assert_false(time_to_local(0, STR("GMT+05:00"), &l));
    assert_false(
        time_to_local(0, STR("A/name/that/is/longer/than/any/zone/name/has/ever/been/or/is"), &l));
    assert_int_equal(l.year, 7);
}

static void from(const char *zone, struct time_local at, const char *want)
{
    int64_t ms;
    assert_true(time_from_local(&at, str_of(zone), &ms));
    assert_int_equal(ms, instant(want));
}

static void from_local(void **state)
{
    (void)state;
    struct time_local noon = {.year = 2026, .month = 7, .day = 1, .hour = 12};
    from("America/New_York", noon, "2026-07-01T16:00:00Z");
    from("Asia/Kathmandu", noon, "2026-07-01T06:15:00Z");
    /* The hour that does not exist moves on to the change; the hour that comes twice is the first.
     */
    struct time_local gap = {.year = 2026, .month = 3, .day = 8, .hour = 2, .minute = 30};
    from("America/New_York", gap, "2026-03-08T07:00:00Z");
    struct time_local twice = {.year = 2026, .month = 11, .day = 1, .hour = 1, .minute = 30};
    from("America/New_York", twice, "2026-11-01T05:30:00Z");
    struct time_local southern = {.year = 2026, .month = 4, .day = 5, .hour = 2, .minute = 30};
    from("Australia/Sydney", southern, "2026-04-04T15:30:00Z");
    /* Samoa had no 30 December 2011. */
    struct time_local lost = {.year = 2011, .month = 12, .day = 30, .hour = 9};
    from("Pacific/Apia", lost, "2011-12-30T10:00:00Z");
    int64_t ms = 7;
    struct time_local nonsense = {.year = 2026, .month = 13, .day = 1};
    assert_false(time_from_local(&nonsense, STR("UTC"), &ms));
    assert_false(time_from_local(&noon, STR("Nowhere"), &ms));
    assert_int_equal(ms, 7);
}

static const char *const zones[] = {"America/New_York",    "America/Chicago", "America/Denver",
                                    "America/Los_Angeles", "America/Phoenix", "America/Anchorage",
                                    "Pacific/Honolulu",    "Europe/Berlin",   "Asia/Kolkata",
                                    "America/Puerto_Rico"};

/* There and back at many instants, over more zones than a thread keeps open. */
static void *round_trips(void *arg)
{
    size_t *bad = arg;
    for (int i = 0; i < 2000; i++) {
        str zone = str_of(zones[(size_t)i % (sizeof zones / sizeof zones[0])]);
        int64_t ms = 1700000000000 + i * 7919000LL, back;
        struct time_local l;
        if (!time_to_local(ms, zone, &l) || !time_from_local(&l, zone, &back)) {
            ++*bad;
            continue;
        }
        /* The second half of a doubled hour comes back an hour early; nothing else moves. */
        if (back != ms && back != ms - 3600000)
            ++*bad;
    }
    return NULL;
}

#define ASKED 600
#define N_ZONES (sizeof zones / sizeof zones[0])

static int32_t offset_of(size_t zone, int at)
{
    struct time_local l;
    int64_t ms = 1700000000000 + at * INT64_C(92221000); /* a day and a half hour on, each time */
    assert_true(time_to_local(ms, str_of(zones[zone]), &l));
    return l.offset_min;
}

/* Who stays in one zone is answered from what the rules said before; who goes over more zones than
 * are kept asks them anew each time. */
static void what_is_kept_is_what_the_rules_say(void **state)
{
    (void)state;
    static int32_t kept[N_ZONES][ASKED];
    for (size_t z = 0; z < N_ZONES; z++)
        for (int i = 0; i < ASKED; i++)
            kept[z][i] = offset_of(z, i);
    for (int i = ASKED - 1; i >= 0; i--)
        for (size_t z = 0; z < N_ZONES; z++)
            assert_int_equal(offset_of(z, i), kept[z][i]);
}

static void threads(void **state)
{
    (void)state;
    pthread_t t[4];
    size_t bad[4] = {0};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, round_trips, &bad[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(t[i], NULL), 0);
        assert_int_equal(bad[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(to_local), cmocka_unit_test(from_local),
                                       cmocka_unit_test(what_is_kept_is_what_the_rules_say),
                                       cmocka_unit_test(threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
