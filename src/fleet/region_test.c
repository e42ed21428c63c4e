/* Which region an address is of: by country, by what it says, however it is spelled. */
#include "fleet/storm_int.h"

#include "base/test.h"

static void is(const char *address, const char *house, const char *wanted)
{
    struct op op = test_op();
    struct json *patient;
    char text[500];
    op.now = INT64_C(1795554000000); /* 2026-11-24 */
    (void)snprintf(text, sizeof text, "{\"address\":[%s]}", address);
    assert_int_equal(json_read(&op, str_of(text), &JSON_LIMITS_DEFAULT, &patient), OK);
    str got = storm_region(&op, patient, str_of(house));
    if (!str_eq(got, str_of(wanted)))
        fail_msg("%s: %.*s, not %s", address, STR_ARG(got), wanted);
    test_op_done(&op);
}

static void by_the_state_where_addresses_have_one(void **state)
{
    (void)state;
    is("{\"state\":\"IL\",\"country\":\"US\"}", "US", "US-IL");
    is("{\"state\":\"IL\"}", "US", "US-IL");
    is("{\"state\":\" il \",\"country\":\"usa\"}", "DE", "US-IL");
    is("{\"state\":\"US-IL\",\"postalCode\":\"60601\"}", "US", "US-IL");
    is("{\"postalCode\":\"60601-1234\"}", "US", "US-606");
    is("{\"state\":\"MB\",\"country\":\"CAN\",\"postalCode\":\"R3C 4T3\"}", "US", "CA-MB");
    is("{\"country\":\"CA\",\"postalCode\":\"r3c 4t3\"}", "US", "CA-R");
    is("{\"country\":\"IT\",\"state\":\"MI\",\"postalCode\":\"20121\"}", "US", "IT-MI");
    is("{\"country\":\"IN\",\"state\":\"Tamil  Nadu\"}", "US", "IN-TAMIL NADU");
}

static void by_the_postal_code_elsewhere(void **state)
{
    (void)state;
    is("{\"country\":\"DE\",\"postalCode\":\"10115\",\"state\":\"Berlin\"}", "US", "DE-10");
    is("{\"country\":\"DEU\",\"postalCode\":\"10115\"}", "US", "DE-10");
    is("{\"postalCode\":\"10115\"}", "DE", "DE-10");
    is("{\"country\":\"DE\",\"state\":\"Berlin\"}", "US", "DE-BERLIN");
    is("{\"country\":\"FR\",\"postalCode\":\"75001\"}", "US", "FR-75");
    is("{\"country\":\"GB\",\"postalCode\":\"sw1a 1aa\"}", "US", "GB-SW");
    is("{\"country\":\"GB\",\"postalCode\":\"E1 6AN\"}", "US", "GB-E");
    is("{\"country\":\"IE\",\"postalCode\":\"D02 X285\"}", "US", "IE-D02");
    is("{\"country\":\"LU\",\"postalCode\":\"1009\"}", "US", "LU");
    is("{\"country\":\"PL\",\"postalCode\":\"0-0 950\"}", "US", "PL-00");
}

static void of_a_country_without_a_row(void **state)
{
    (void)state;
    is("{\"country\":\"JP\",\"postalCode\":\"100-0001\",\"state\":\"Tōkyō\"}", "US", "JP-TOKYO");
    is("{\"country\":\"JP\",\"postalCode\":\"100-0001\"}", "US", "JP-10");
    is("{\"country\":\"Kenya\",\"state\":\"Nairobi\"}", "US", "KENYA-NAIROBI");
    is("{\"state\":\"IL\"}", "", "IL");
}

static void an_address_that_says_too_little_has_none(void **state)
{
    (void)state;
    is("", "US", "");
    is("{\"country\":\"DE\"}", "US", "");
    is("{\"country\":\"DE\",\"postalCode\":\"1\"}", "US", "");
    is("{\"country\":\"GB\",\"postalCode\":\"123\"}", "US", "");
    is("{\"country\":\"JP\"}", "US", "");
    is("{\"text\":\"somewhere\"}", "US", "");
}

static void where_they_are_at_home_now(void **state)
{
    (void)state;
    is("{\"state\":\"TX\",\"use\":\"old\"},{\"state\":\"IL\"}", "US", "US-IL");
    is("{\"state\":\"TX\",\"use\":\"billing\"},{\"state\":\"IL\"}", "US", "US-IL");
    is("{\"state\":\"TX\",\"type\":\"postal\"},{\"state\":\"IL\"}", "US", "US-IL");
    is("{\"state\":\"TX\",\"period\":{\"end\":\"2026-10\"}},{\"state\":\"IL\"}", "US", "US-IL");
    is("{\"state\":\"TX\",\"period\":{\"end\":\"2027\"}},{\"state\":\"IL\"}", "US", "US-TX");
    is("{\"city\":\"Peoria\"},{\"state\":\"IL\"}", "US", "US-IL");
    is("{\"state\":\"TX\",\"use\":\"old\"}", "US", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_state_where_addresses_have_one),
        cmocka_unit_test(by_the_postal_code_elsewhere),
        cmocka_unit_test(of_a_country_without_a_row),
        cmocka_unit_test(an_address_that_says_too_little_has_none),
        cmocka_unit_test(where_they_are_at_home_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
