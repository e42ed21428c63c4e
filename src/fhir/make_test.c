/* In which language somebody is written to. */
#include "base/test.h"
#include "fhir/make.h"

#define SPEAKS(code) "{\"language\":{\"coding\":[{\"code\":\"" code "\"}]}}"
#define PREFERS(code) "{\"language\":{\"coding\":[{\"code\":\"" code "\"}]},\"preferred\":true}"

static void what_they_prefer_goes_before_what_they_speak(void **state)
{
    static const struct {
        const char *told;
        enum language told_as, used;
    } rows[] = {
        {"", LANGUAGE_COUNT, LANGUAGE_EN},
        {SPEAKS("es-MX"), LANGUAGE_ES, LANGUAGE_ES},
        {SPEAKS("es") "," PREFERS("ar"), LANGUAGE_AR, LANGUAGE_AR},
        {SPEAKS("fr") "," SPEAKS("es") "," SPEAKS("ar"), LANGUAGE_ES, LANGUAGE_ES},
        {PREFERS("fr") "," SPEAKS("ar"), LANGUAGE_AR, LANGUAGE_AR},
        {SPEAKS("est"), LANGUAGE_COUNT, LANGUAGE_EN},
    };
    (void)state;
    struct op op = test_op();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json *person;
        str text = arena_printf(op.arena, "{\"communication\":[%s]}", rows[i].told);
        assert_int_equal(json_read(&op, text, &JSON_LIMITS_DEFAULT, &person), OK);
        assert_int_equal(fhir_language_told(person), rows[i].told_as);
        assert_int_equal(fhir_language(person), rows[i].used);
    }
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_they_prefer_goes_before_what_they_speak)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
