/* The bytes of keys: their order is the order of the values, lengths of dates are told apart, cut
 * prefixes end between characters. Pairs of values at and around every edge, and random ones. */
#include "record/fixture_int.h"

#include <float.h>

static int order(const struct kb *a, const struct kb *b)
{
    int c = str_cmp(str_make(a->p, a->n), str_make(b->p, b->n));
    return (c > 0) - (c < 0);
}

static void times_keep_their_order(void **state)
{
    /* Years 1 to 9999, and the open ends of periods. */
    static const int64_t at[] = {INT64_MIN,     -62135596800000, -1,       0, 1, 999, 1000,
                                 1763744505123, 253402300800000, INT64_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        for (size_t j = 0; j < sizeof at / sizeof *at; j++) {
            struct kb a = kb_param(77), b = kb_param(77);
            kb_time(&a, at[i]);
            kb_time(&b, at[j]);
            assert_int_equal(order(&a, &b), (i > j) - (i < j));
        }
}

static void numbers_keep_their_order(void **state)
{
    static const double at[] = {-DBL_MAX, -1e9, -1.5, -1,   -DBL_MIN, 0,      DBL_MIN,
                                0.1,      1,    1.5,  70.4, 70.45,    DBL_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        for (size_t j = 0; j < sizeof at / sizeof *at; j++) {
            struct kb a = kb_param(77), b = kb_param(77);
            kb_double(&a, at[i]);
            kb_double(&b, at[j]);
            assert_int_equal(order(&a, &b), (i > j) - (i < j));
        }
    struct kb zero = kb_param(77), minus = kb_param(77);
    kb_double(&zero, 0.0);
    kb_double(&minus, -0.0);
    assert_int_equal(order(&zero, &minus), 0);
}

static void lengths_have_classes(void **state)
{
    (void)state;
    for (uint8_t c = 0; c < SPAN_CLASSES; c++)
        assert_int_equal(span_class(5, 5 + span_ms[c]), c);
    assert_int_equal(span_class(5, 5 + 2 * span_ms[1]), SPAN_OTHER);
    assert_int_equal(span_class(INT64_MIN, 5), SPAN_OTHER);
    assert_int_equal(span_class(5, INT64_MAX), SPAN_OTHER);
}

static void prefixes_end_between_characters(void **state)
{
    str s = STR("a\xc3\xa9\xe2\x82\xac");
    (void)state;
    assert_int_equal(prefix_cut(s, 0), 0);
    assert_int_equal(prefix_cut(s, 2), 1);
    assert_int_equal(prefix_cut(s, 3), 3);
    assert_int_equal(prefix_cut(s, 5), 3);
    assert_int_equal(prefix_cut(s, 6), 6);
    assert_int_equal(prefix_cut(s, 99), 6);
}

/* A remembered hash is the hash. */
static void memory_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct blinder plain = {.store = f->store},
                   kept = {.store = f->store, .memo = blind_memo_new()};
    assert_non_null(kept.memo);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 20000; i++) {
            str t = arena_printf(f->arena, "text %d", i);
            enum blind_domain d = (enum blind_domain)(i % BLIND_COUNT);
            if (blind(&plain, d, t) != blind(&kept, d, t))
                assert_true(false);
        }
    free(kept.memo);
    assert_true(blind(&plain, BLIND_CODE, STR("x")) != blind(&plain, BLIND_SYSTEM, STR("x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_keep_their_order),
        cmocka_unit_test(numbers_keep_their_order),
        cmocka_unit_test(lengths_have_classes),
        cmocka_unit_test(prefixes_end_between_characters),
        cmocka_unit_test_setup_teardown(memory_changes_nothing, fixture_setup_memory,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests_name("record.pack", tests, NULL, NULL);
}
