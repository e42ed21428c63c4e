/* Slices: edges of every search, split and number reader. */
#include "base/test.h"

static void compares(void **state)
{
    (void)state;
    assert_true(str_eq(STR("ab"), STR("ab")));
    assert_true(str_eq(STR_NONE, STR("")));
    assert_false(str_eq(STR("ab"), STR("abc")));
    assert_true(str_eq_nocase(STR("aB-9"), STR("Ab-9")));
    assert_false(str_eq_nocase(STR("[a"), STR("{a")));
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("b"), STR("ab")) > 0);
    assert_true(str_cmp(STR("\xFF"), STR("a")) > 0);
    assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
    assert_true(str_starts(STR("abc"), STR("ab")) && str_starts(STR("abc"), STR_NONE));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_true(str_ends(STR("abc"), STR("bc")) && str_ends(STR_NONE, STR_NONE));
    assert_false(str_ends(STR("c"), STR("bc")));
    assert_true(str_empty(STR_NONE));
    assert_true(str_of(NULL).p == NULL);
}

static void searches(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("abcabc"), STR("ca"), 0), 2);
    assert_int_equal(str_find(STR("abcabc"), STR("abc"), 1), 3);
    assert_true(str_find(STR("abc"), STR("abcd"), 0) == SIZE_MAX);
    assert_true(str_find(STR("abc"), STR("c"), 4) == SIZE_MAX);
    assert_int_equal(str_find(STR("abc"), STR(""), 3), 3);
    assert_int_equal(str_find_char(STR("a,b"), ',', 1), 1);
    assert_true(str_find_char(STR("a,b"), ',', 2) == SIZE_MAX);
    assert_true(str_find_char(STR_NONE, ',', 0) == SIZE_MAX);
    assert_str(str_sub(STR("abcdef"), 2, 4), "cd");
    assert_str(str_sub(STR("abc"), 2, 99), "c");
    assert_str(str_sub(STR("abc"), 5, 99), "");
    assert_str(str_trim(STR(" \t\r\n a b \v\f")), "a b");
    assert_str(str_trim(STR("   ")), "");
}

static void splits(void **state)
{
    (void)state;
    str in = STR("a,,b,"), part;
    assert_true(str_take_until(&in, ',', &part));
    assert_str(part, "a");
    assert_true(str_take_until(&in, ',', &part));
    assert_str(part, "");
    assert_true(str_take_until(&in, ',', &part));
    assert_str(part, "b");
    assert_true(str_take_until(&in, ',', &part));
    assert_str(part, "");
    assert_false(str_take_until(&in, ',', &part));
    in = STR("");
    assert_true(str_take_until(&in, ',', &part));
    assert_false(str_take_until(&in, ',', &part));
}

static void reads_integers(void **state)
{
    (void)state;
    uint64_t u = 7;
    int64_t i = 7;
    str in = STR("12ab");
    assert_true(str_take_u64(&in, 12, &u));
    assert_int_equal(u, 12);
    assert_str(in, "ab");
    assert_false(str_take_u64(&in, 99, &u));
    assert_str(in, "ab");
    assert_true(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &u));
    assert_true(u == UINT64_MAX);
    assert_false(str_to_u64(STR("18446744073709551616"), UINT64_MAX, &u));
    assert_false(str_to_u64(STR("13"), 12, &u));
    assert_false(str_to_u64(STR(""), 12, &u));
    assert_false(str_to_u64(STR("5"), 4, &u));
    assert_true(str_to_i64(STR("-9223372036854775808"), &i) && i == INT64_MIN);
    assert_true(str_to_i64(STR("9223372036854775807"), &i) && i == INT64_MAX);
    assert_false(str_to_i64(STR("9223372036854775808"), &i));
    assert_false(str_to_i64(STR("-9223372036854775809"), &i));
    assert_false(str_to_i64(STR("-"), &i));
    assert_false(str_to_i64(STR("+1"), &i));
}

static void reads_doubles(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0},
                {"-0.5", -0.5},
                {"37.2", 37.2},
                {"1e3", 1000},
                {"1.7976931348623157e308", 1.7976931348623157e308},
                {"0.1", 0.1},
                {"123456789012345678", 123456789012345678.0},
                {"1E-2", 0.01},
                {"999999999999999", 999999999999999.0},
                {"2.5e+1", 25.0}};
    static const char *const bad[] = {"",    "-",   "01",    ".5",  "1.", "1e",  "1e+", "+1",
                                      "NaN", "inf", "1e999", "0x1", "1 ", "1,5", "--1", "1.2.3"};
    double d = 9;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(str_to_double(str_of(good[i].text), &d));
        assert_true(d == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(str_to_double(str_of(bad[i]), &d));
    char huge[2000];
    memset(huge, '1', sizeof huge);
    assert_false(str_to_double(str_make(huge, sizeof huge), &d));
}

static void knows_utf8(void **state)
{
    (void)state;
    assert_true(str_utf8_valid(STR("")));
    assert_true(str_utf8_valid(STR("plain text longer than eight")));
    assert_true(str_utf8_valid(STR("12345678\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80 end of text")));
    assert_true(str_utf8_valid(STR("\xF4\x8F\xBF\xBF\xED\x9F\xBF\xEE\x80\x80")));
    static const char *const bad[] = {"\x80",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xE0\x80\x80",
                                      "\xED\xA0\x80",
                                      "\xF0\x80\x80\x80",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xE2\x82",
                                      "\xC3",
                                      "12345678\xFF",
                                      "\xE2\x28\xA1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(str_utf8_valid(str_of(bad[i])));
    str s = STR("a\xC3\xA9\xFF\xF0\x9F\x98\x80");
    size_t at = 0;
    assert_int_equal(str_utf8_next(s, &at), 'a');
    assert_int_equal(str_utf8_next(s, &at), 0xE9);
    assert_int_equal(str_utf8_next(s, &at), 0xFFFD);
    assert_int_equal(str_utf8_next(s, &at), 0x1F600);
    assert_int_equal(at, s.n);
    assert_int_equal(str_utf8_next(s, &at), 0xFFFD);
    assert_int_equal(at, s.n);
}

static void hashes(void **state)
{
    (void)state;
    /* Known values of FNV-1a 64. */
    assert_true(str_hash(STR("")) == 0xcbf29ce484222325u);
    assert_true(str_hash(STR("foobar")) == 0x85944171f73967e8u);
}

static void reads_hex(void **state)
{
    static const char digits[] = "0123456789abcdef", upper[] = "ABCDEF";
    (void)state;
    for (int i = 0; i < 16; i++)
        assert_int_equal(str_hex_digit(digits[i]), i);
    for (int i = 0; i < 6; i++)
        assert_int_equal(str_hex_digit(upper[i]), 10 + i);
    for (int c = 0; c < 256; c++)
        assert_int_equal(str_hex_digit((char)c) >= 0, c && (strchr(digits, c) || strchr(upper, c)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),       cmocka_unit_test(reads_hex),
        cmocka_unit_test(searches),       cmocka_unit_test(splits),
        cmocka_unit_test(reads_integers), cmocka_unit_test(reads_doubles),
        cmocka_unit_test(knows_utf8),     cmocka_unit_test(hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
