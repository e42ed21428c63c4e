/* Which way is chosen, and the reason that is told, case by case. */
#include "base/test.h"
#include "outreach/choose.h"
#include "outreach/prefer.h"

#define BIT(k) (1u << (k))

static void a_way_and_its_reason(void **state)
{
    (void)state;
    const unsigned all = BIT(WAY_SMS) | BIT(WAY_EMAIL) | BIT(WAY_LETTER);
    static const struct {
        struct way_ask q;
        enum way k;
        enum way_by by;
    } rows[] = {
        {{.may = 0, .prefers = WAY_SMS}, WAY_COUNT, WAY_BY_NONE},
        {{.may = BIT(WAY_EMAIL), .prefers = WAY_COUNT}, WAY_EMAIL, WAY_BY_ONLY_ONE},
        {{.may = BIT(WAY_EMAIL), .failing = BIT(WAY_EMAIL), .prefers = WAY_COUNT},
         WAY_EMAIL,
         WAY_BY_ONLY_ONE},
        {{.may = all, .prefers = WAY_SMS}, WAY_SMS, WAY_BY_PREFERENCE},
        {{.may = all, .prefers = WAY_LETTER, .for_purpose = true}, WAY_LETTER, WAY_BY_PURPOSE},
        {{.may = all, .prefers = WAY_SMS, .failing = BIT(WAY_SMS)}, WAY_EMAIL, WAY_BY_DELIVERY},
        {{.may = all, .prefers = WAY_COUNT}, WAY_EMAIL, WAY_BY_COST},
        {{.may = all, .prefers = WAY_COUNT, .failing = BIT(WAY_EMAIL)}, WAY_SMS, WAY_BY_DELIVERY},
        {{.may = all, .prefers = WAY_COUNT, .urgent = true}, WAY_SMS, WAY_BY_URGENCY},
        {{.may = all, .prefers = WAY_LETTER, .urgent = true}, WAY_SMS, WAY_BY_URGENCY},
        {{.may = BIT(WAY_LETTER), .prefers = WAY_COUNT, .urgent = true}, WAY_COUNT, WAY_BY_NONE},
        {{.may = all, .prefers = WAY_SMS, .used = BIT(WAY_SMS) | BIT(WAY_EMAIL), .another = true},
         WAY_LETTER,
         WAY_BY_OTHER},
        {{.may = all, .prefers = WAY_SMS, .used = all, .another = true}, WAY_COUNT, WAY_BY_OTHER},
        {{.may = all, .prefers = WAY_SMS, .used = all}, WAY_SMS, WAY_BY_PREFERENCE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum way_by by;
        enum way k = way_choose(&rows[i].q, &by);
        if (k != rows[i].k || by != rows[i].by)
            print_error("row %zu: way %d by %d\n", i, k, by);
        assert_int_equal(k, rows[i].k);
        assert_int_equal(by, rows[i].by);
    }
}

/* Whatever is asked: never a way that is not theirs, and a reason in every language. */
static void never_another_than_allowed(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 1u << 14; n++) {
        struct way_ask q = {.may = n & 15,
                            .failing = n >> 4 & 15,
                            .used = n >> 8 & 15,
                            .another = n >> 12 & 1,
                            .urgent = n >> 13 & 1,
                            .prefers = n % (WAY_COUNT + 1)};
        enum way_by by = WAY_BYS;
        enum way k = way_choose(&q, &by);
        assert_true(k == WAY_COUNT || q.may & BIT(k));
        assert_true(k == WAY_COUNT || !q.another || !(q.used & BIT(k)));
        for (unsigned l = 0; l < 3; l++)
            assert_false(str_empty(way_reason(by, l)) || str_empty(way_word(k, l)));
    }
}

static void names_are_read_back(void **state)
{
    (void)state;
    enum way k;
    for (unsigned i = 0; i < WAY_COUNT; i++) {
        assert_true(way_parse(way_name((enum way)i), &k));
        assert_int_equal(k, i);
    }
    assert_false(way_parse(way_name(WAY_COUNT), &k));
}

/* What prepares a visit goes by the way for visits, what follows a stay by that for care at home.
 */
static void a_way_for_a_topic_is_for_all_of_it(void **state)
{
    const struct wishes w = {.channels = {{STR(WISH_VISITS), STR("email")},
                                          {STR(WISH_CARE), STR("letter")},
                                          {STR("lab_results"), STR("sms")}},
                             .n_channels = 3};
    (void)state;
    assert_str(wishes_channel(&w, STR(WISH_VISITS)), "email");
    assert_str(wishes_channel(&w, STR("preoperative_instructions")), "email");
    assert_str(wishes_channel(&w, STR("hospital_preregistration")), "email");
    assert_str(wishes_channel(&w, STR("post_discharge_followup")), "letter");
    assert_str(wishes_channel(&w, STR("wellness_checkup")), "letter");
    assert_str(wishes_channel(&w, STR("lab_results")), "sms");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_way_and_its_reason),
                                       cmocka_unit_test(never_another_than_allowed),
                                       cmocka_unit_test(names_are_read_back),
                                       cmocka_unit_test(a_way_for_a_topic_is_for_all_of_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
