/* Folding: case, accents, spaces, scripts; twice is once; every single code point survives. */
#include "base/test.h"
#include "fhir/fhir.h"

static void examples(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"Ana", "ana"},
        {"  Ana \t\n Maria ", "ana maria"},
        {"Díaz", "diaz"},
        {"DÍAZ", "diaz"},
        {"Di\xcc\x81"
         "az",
         "diaz"},
        {"Straße", "strasse"},
        {"Łódź", "łodz"},
        {"Ångström", "angstrom"},
        {"ﬁne", "fine"},
        {"Ａｎａ", "ana"},
        {"Ana\xc2\xa0Maria", "ana maria"},
        {"مُحَمَّد", "محمد"},
        {"Ελλάδα", "ελλαδα"},
        {"Й", "и"},
        {"\xff", "\xef\xbf\xbd"},
    };
    (void)state;
    struct op op = test_op();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        str got = fhir_fold(op.arena, str_of(rows[i][0]));
        if (!str_eq(got, str_of(rows[i][1])))
            fail_msg("%s: %.*s\n", rows[i][0], STR_ARG(got));
    }
    /* a voiced kana is another letter, not an accent */
    assert_false(str_eq(fhir_fold(op.arena, STR("か")), fhir_fold(op.arena, STR("が"))));
    test_op_done(&op);
}

static size_t utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xf00 >> n & 0xff) | c);
    return n;
}

/* For every code point: folding twice is folding once, and the result is UTF-8. */
static void every_code_point(void **state)
{
    (void)state;
    struct op op = test_op();
    for (uint32_t c = 1; c < 0x110000; c += c < 0x30000 ? 1 : 977) {
        char text[6] = "a";
        if (c >= 0xd800 && c < 0xe000)
            continue;
        str s = str_make(text, 1 + utf8(text + 1, c));
        assert_true(str_utf8_valid(s));
        str once = fhir_fold(op.arena, s), twice = fhir_fold(op.arena, once);
        if (!str_utf8_valid(once) || !str_eq(once, twice))
            fail_msg("U+%04X\n", c);
        if (c % 256 == 0)
            arena_reset(op.arena);
    }
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(every_code_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
