/* Days of rest, held against calendars as they were published. */
#include "base/test.h"
#include "policy/holiday.h"

static const char *on(const char *place, const char *date)
{
    struct time_span s;
    struct time_local at;
    assert_true(time_parse(str_of(date), &s));
    assert_true(time_to_local(s.lo, STR("UTC"), &at));
    return policy_holiday(str_of(place), &at);
}

static void is(const char *place, const char *date, const char *name)
{
    const char *got = on(place, date);
    if (!got || strcmp(got, name) != 0)
        fail_msg("%s %s: %s, not %s", place, date, got ? got : "none", name);
}

static void is_none(const char *place, const char *date)
{
    const char *got = on(place, date);
    if (got)
        fail_msg("%s %s: %s", place, date, got);
}

/* https://www.opm.gov/policy-data-oversight/pay-leave/federal-holidays/ */
static void federal(void **state)
{
    (void)state;
    is("US", "2026-07-03", "Independence Day"); /* for a Saturday */
    is("US", "2027-07-05", "Independence Day"); /* for a Sunday */
    is("US", "2027-12-31", "New Year's Day");   /* for the Saturday after */
    is_none("US", "2026-12-31");
    is_none("US", "2026-07-06");
    is("US-WA", "2026-11-26", "Thanksgiving Day");
    is("US", "2026-05-25", "Memorial Day");
    is_none("US", "2026-05-18");
    is("US", "2026-01-19", "Birthday of Martin Luther King Jr.");
    is_none("FR", "2026-11-26");
}

static void states(void **state)
{
    (void)state;
    is("US-LA", "2026-02-17", "Mardi Gras");
    is("US-LA", "2026-04-03", "Good Friday");
    is("US-RI", "2026-08-10", "Victory Day");
    is_none("US-WA", "2026-08-10");
    is_none("US", "2026-08-10");
    is("US-STRICTEST", "2026-08-10", "Victory Day"); /* it may be any of them */
    is("US-MS", "2026-04-27", "Confederate Memorial Day");
}

/* Easter Sunday of six years, by the days around it. */
static void easter_moves(void **state)
{
    (void)state;
    static const char *const monday[] = {"2000-04-24", "2024-04-01", "2025-04-21",
                                         "2026-04-06", "2027-03-29", "2038-04-26"};
    for (size_t i = 0; i < sizeof monday / sizeof *monday; i++)
        is("DE", monday[i], "Ostermontag");
    is("DE", "2026-05-14", "Christi Himmelfahrt");
    is("FR", "2027-05-17", "Lundi de Pentecôte");
    is_none("DE", "2026-04-05"); /* the Sunday is closed as one */
}

static void elsewhere(void **state)
{
    (void)state;
    is("FR", "2026-07-14", "Fête nationale");
    is_none("FR", "2026-07-15");
    is("CA", "2026-05-18", "Victoria Day");
    is_none("CA", "2026-05-25");
    is("CA-MB", "2026-05-18", "Victoria Day"); /* a region keeps those of its country */
    is_none("CA-MB", "2026-05-25");
    is_none("CANADA", "2026-05-18");
    is("GB", "2026-05-25", "Spring bank holiday");
    is("GB", "2026-12-28", "Boxing Day"); /* for a Saturday */
    is("GB", "2027-12-27", "Christmas Day");
    is("GB", "2027-12-28", "Boxing Day"); /* for a Sunday */
    is_none("GB", "2027-12-29");
    is_none("GB", "2026-12-29");
    is("ZA", "2026-08-10", "National Women's Day");
    is("NZ", "2026-07-10", "Te Rā Aro ki a Matariki");
    is_none("NZ", "2027-07-10");
    is_none("AE", "2026-12-25");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(federal),
        cmocka_unit_test(states),
        cmocka_unit_test(easter_moves),
        cmocka_unit_test(elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
