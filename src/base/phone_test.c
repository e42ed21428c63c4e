/* One spelling for a number, however it was written (review R6). */
#include "base/test.h"

#include "base/phone.h"

static void every_spelling_of_a_number_is_one(void **state)
{
    (void)state;
    static const char *const same[] = {"+13125550143",   "13125550143",     "312-555-0143",
                                       "(312) 555-0143", "+1(312)555-0143", " 312.555.0143 "};
    struct op op = test_op();
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_str(phone_plain_number(op.arena, str_of(same[i])), "+13125550143");
    assert_str(phone_plain_number(op.arena, STR("+44 20 7946 0958")), "+442079460958");
    test_op_done(&op);
}

/* Review R218: of another country, with and without a plus: one household. */
static void r218_another_country_without_a_plus(void **state)
{
    (void)state;
    static const char *const same[] = {"+44 7700 900123", "447700900123", "0044 7700 900123",
                                       "+0044 7700 900123", "011 44 7700 900123"};
    struct op op = test_op();
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_str(phone_plain_number(op.arena, str_of(same[i])), "+447700900123");
    test_op_done(&op);
}

static void what_is_no_number_stays(void **state)
{
    (void)state;
    struct op op = test_op();
    assert_str(phone_plain_number(op.arena, STR("ask at the door")), "ask at the door");
    assert_str(phone_plain_number(op.arena, STR("12345")), "12345");
    assert_str(phone_plain_number(op.arena, STR("1234567890123456")), "1234567890123456");
    assert_str(phone_plain_number(op.arena, STR_NONE), "");
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_of_a_number_is_one),
        cmocka_unit_test(r218_another_country_without_a_plus),
        cmocka_unit_test(what_is_no_number_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
