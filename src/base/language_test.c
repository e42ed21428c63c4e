/* Tags and the languages they mean. */
#include "base/language.h"
#include "base/test.h"

static void a_tag_means_a_language_or_none(void **state)
{
    (void)state;
    assert_int_equal(language_of(STR("en")), LANGUAGE_EN);
    assert_int_equal(language_of(STR("es-MX")), LANGUAGE_ES);
    assert_int_equal(language_of(STR("AR")), LANGUAGE_AR);
    const char *const none[] = {"", "e", "est", "fr", "arz", "de-AT"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_int_equal(language_of(str_of(none[i])), LANGUAGE_COUNT);
        assert_int_equal(language_or_english(str_of(none[i])), LANGUAGE_EN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_tag_means_a_language_or_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
