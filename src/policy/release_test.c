/* What waits and what does not: each condition alone turns the answer, and one wish more never
 * shows more. */
#include "base/test.h"
#include "policy/release.h"

#define DAY INT64_C(86400000)

static size_t category(const char *name)
{
    for (size_t i = 0; i < release_count(); i++)
        if (str_eq(release_category(i), str_of(name)))
            return i;
    return RELEASE_NONE;
}

static size_t of(const char *type, const char *code, bool restricted)
{
    str s = str_of(code);
    return release_of(str_of(type), &s, code[0] ? 1 : 0, restricted);
}

static void a_result_has_a_category(void **state)
{
    (void)state;
    assert_int_equal(of("Observation", "laboratory", false), category("lab"));
    assert_int_equal(of("Observation", "imaging", false), category("imaging"));
    assert_int_equal(of("Observation", "vital-signs", false), RELEASE_NONE);
    assert_int_equal(of("Observation", "", false), RELEASE_NONE);
    assert_int_equal(of("Observation", "laboratory", true), category("sensitive"));
    assert_int_equal(of("DiagnosticReport", "RAD", false), category("imaging"));
    assert_int_equal(of("DiagnosticReport", "OSL", false), category("lab"));
    assert_int_equal(of("DiagnosticReport", "", false), category("lab"));
    assert_int_equal(of("ImagingStudy", "", false), category("imaging"));
    assert_int_equal(of("DocumentReference", "", false), category("notes"));
    assert_int_equal(of("Condition", "laboratory", true), RELEASE_NONE);
    assert_false(release_type(STR("Condition")));
    assert_true(release_type(STR("ImagingStudy")));
    assert_int_equal(release_category(release_count()).n, 0);
    assert_int_equal(release_days(release_count()), 0);
}

static bool waits(const struct release_wish *w, size_t category, int64_t when, int64_t now,
                  bool told)
{
    struct release_result r = {.category = category, .when = when, .first = when, .told = told};
    return release_waits(w, &r, now);
}

static void each_condition_turns_it(void **state)
{
    (void)state;
    size_t lab = category("lab");
    int64_t days = release_days(lab) * DAY;
    struct release_wish w = {RELEASE_PHONE, 1000}, now = {RELEASE_NOW, 1000};
    assert_true(waits(&w, lab, 1000, 2000, false));
    assert_false(waits(&w, lab, 1000, 2000, true));
    assert_false(waits(&w, RELEASE_NONE, 1000, 2000, false));
    assert_false(waits(&now, lab, 1000, 2000, false));
    assert_false(waits(&w, lab, 999, 2000, false));
    assert_true(waits(&w, lab, 1000, 1000 + days - 1, false));
    assert_false(waits(&w, lab, 1000, 1000 + days, false));
    struct release_result newer = {.category = lab, .when = 5000, .first = 1000};
    assert_true(release_waits(&w, &newer, 1000 + days - 1));
    assert_false(release_waits(&w, &newer, 1000 + days)); /* a new version begins no days anew */
}

static void a_wish_more_never_shows_more(void **state)
{
    (void)state;
    for (size_t c = 0; c < release_count(); c++)
        for (int64_t when = 0; when < 40 * DAY; when += DAY / 2)
            for (int told = 0; told < 2; told++)
                for (int how = RELEASE_WRITTEN; how < RELEASE_HOW_COUNT; how++) {
                    struct release_wish without = {RELEASE_NOW, 0};
                    struct release_wish with = {(enum release_how)how, 20 * DAY};
                    bool hidden = waits(&without, c, when, 40 * DAY, told);
                    assert_true(!hidden || waits(&with, c, when, 40 * DAY, told));
                }
}

static void what_ends_a_wait_and_what_holds_back(void **state)
{
    (void)state;
    assert_true(release_answered(RELEASE_WRITTEN, false));
    assert_true(release_answered(RELEASE_WRITTEN, true));
    assert_true(release_answered(RELEASE_PHONE, true));
    assert_false(release_answered(RELEASE_PHONE, false));
    assert_null(release_exception_of(STR("clinician_review")));
    assert_null(release_exception_of(STR_NONE));
    const struct release_exception *harm = release_exception_of(STR("preventing_harm_individual"));
    assert_non_null(harm);
    assert_string_equal(harm->citation, "45 CFR 171.201");
    assert_true(harm->days > 0);
}

static void words_are_read_back(void **state)
{
    (void)state;
    enum release_how how = RELEASE_NOW;
    for (int i = 0; i < RELEASE_HOW_COUNT; i++) {
        assert_true(release_how_parse(release_how_name((enum release_how)i), &how));
        assert_int_equal(how, i);
    }
    assert_false(release_how_parse(STR("never"), &how));
    assert_int_equal(release_how_name(RELEASE_HOW_COUNT).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_has_a_category), cmocka_unit_test(each_condition_turns_it),
        cmocka_unit_test(a_wish_more_never_shows_more), cmocka_unit_test(words_are_read_back),
        cmocka_unit_test(what_ends_a_wait_and_what_holds_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
