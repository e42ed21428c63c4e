/* Receipts in any order, as often as they like: a message never moves backwards. */
#include "base/test.h"
#include "outreach/outreach_int.h"

static void words_of_all_providers(void **state)
{
    (void)state;
    assert_int_equal(MEANS_DELIVERED, receipt_means(STR("twilio"), STR("delivered")));
    assert_int_equal(MEANS_FAILED, receipt_means(STR("smpp"), STR("undeliv")));
    assert_int_equal(MEANS_TAKEN, receipt_means(STR("kannel"), STR("8")));
    assert_int_equal(MEANS_NOTHING, receipt_means(STR("smpp"), STR("delivered")));
    assert_int_equal(MEANS_NOTHING, receipt_means(STR("nobody"), STR("1")));
}

static unsigned rank(const char *status)
{
    static const char *const order[] = {"unknown", "in-progress", "stopped", "completed"};
    for (unsigned i = 0; i < 4; i++)
        if (str_eq(str_of(order[i]), str_of(status)))
            return i < 3 ? i : 2; /* stopped and completed are both the end */
    assert_true(false);
    return 0;
}

/* Every order of up to six words from every state. */
static void never_backwards(void **state)
{
    static const char *const starts[] = {"unknown", "in-progress"};
    (void)state;
    for (size_t s = 0; s < 2; s++)
        for (unsigned order = 0; order < 4096; order++) {
            const char *now = starts[s], *final = NULL;
            for (unsigned i = 0, o = order; i < 6; i++, o /= 4) {
                const char *next = receipt_move(str_of(now), (enum receipt_means)(o % 4));
                assert_false(next && final); /* the end is the end */
                assert_true(!next || rank(next) > rank(now));
                now = next ? next : now;
                final = rank(now) == 2 ? now : NULL;
            }
        }
}

/* Who reads it has it, whatever nobody said; what is final stays final. */
static void reading_is_an_arrival(void **state)
{
    static const char *const others[] = {"preparation", "not-done", "completed", "stopped",
                                         "entered-in-error"};
    (void)state;
    assert_int_equal(MEANS_READ, receipt_means(STR("twilio"), STR("read")));
    assert_string_equal("completed", receipt_move(STR("in-progress"), MEANS_READ));
    assert_string_equal("completed", receipt_move(STR("unknown"), MEANS_READ));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_null(receipt_move(str_of(others[i]), MEANS_READ));
}

static void not_sent_stays_so(void **state)
{
    static const char *const others[] = {"preparation", "not-done", "completed", "stopped",
                                         "entered-in-error"};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        for (int m = 0; m < 4; m++)
            assert_null(receipt_move(str_of(others[i]), (enum receipt_means)m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_all_providers),
        cmocka_unit_test(never_backwards),
        cmocka_unit_test(reading_is_an_arrival),
        cmocka_unit_test(not_sent_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
