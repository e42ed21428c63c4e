/* Search parameters: every published one is there for every type it is for, numbers are unique and
 * stable, renamings and unions are found, and the home of a type is the one expected. */
#include "base/test.h"
#include "fhir/fhir_int.h"
#include "fhir/keys_int.h"

static void all_there(void **state)
{
    (void)state;
    size_t n = 0;
    bool seen[65536] = {false};
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++) {
        const struct fhir_param *p;
        for (size_t i = 0; (p = fhir_param_at(t, i)); i++, n++) {
            assert_int_equal(p->base, t);
            assert_ptr_equal(fhir_param_find(t, str_of(p->code)), p);
            assert_ptr_equal(fhir_param_get(p->number), p);
            assert_false(seen[p->number]);
            seen[p->number] = true;
            assert_true(p->number >= 16);
        }
        assert_non_null(fhir_param_find(t, STR("_id")));
        assert_non_null(fhir_param_find(t, STR("_lastUpdated")));
        assert_non_null(fhir_param_find(t, STR("_tag")));
    }
    assert_int_equal(n, FHIR_PARAM_COUNT);
    assert_null(fhir_param_find(FHIR_PATIENT, STR("nosuch")));
    assert_null(fhir_param_find(0, STR("_id")));
    assert_null(fhir_param_find(60000, STR("_id")));
    assert_null(fhir_param_get(0));
    assert_null(fhir_param_get(65535));
}

/* What keys are stored under must never move. */
static void stable_numbers(void **state)
{
    (void)state;
    assert_int_equal(fhir_param_find(FHIR_ACCOUNT, STR("_id"))->number, 16);
    assert_int_equal(fhir_param_find(FHIR_OBSERVATION, STR("code"))->number, 1700);
    assert_int_equal(fhir_param_find(FHIR_PATIENT, STR("identifier"))->number, 1842);
    assert_int_equal(fhir_param_find(FHIR_VISION_PRESCRIPTION, STR("status"))->number, 2590);
}

static const struct fhir_param *part(const struct fhir_param *p, size_t i)
{
    assert_true(i < p->n_parts);
    return fhir_param_get(p->parts[i]);
}

static void aliases(void **state)
{
    (void)state;
    const struct fhir_param *p = fhir_param_find(FHIR_OBSERVATION, STR("patient"));
    assert_true(p->alias);
    assert_int_equal(p->n_parts, 1);
    assert_string_equal(part(p, 0)->code, "subject");
    assert_int_equal(fhir_param_more(p)->restrict_to, FHIR_PATIENT);
    p = fhir_param_find(FHIR_OBSERVATION, STR("combo-code"));
    assert_true(p->alias);
    assert_int_equal(p->n_parts, 2);
    assert_string_equal(part(p, 0)->code, "code");
    assert_string_equal(part(p, 1)->code, "component-code");
    p = fhir_param_find(FHIR_OBSERVATION, STR("combo-code-value-quantity"));
    assert_true(p->alias);
    assert_string_equal(part(p, 0)->code, "code-value-quantity");
    p = fhir_param_find(FHIR_OBSERVATION, STR("code-value-quantity"));
    assert_false(p->alias);
    assert_int_equal(p->type, PARAM_COMPOSITE);
    assert_string_equal(part(p, 0)->code, "code");
    assert_string_equal(part(p, 1)->code, "value-quantity");
    p = fhir_param_find(FHIR_ALLERGY_INTOLERANCE, STR("patient"));
    assert_false(p->alias);
    assert_false(fhir_param_find(FHIR_PATIENT, STR("phone"))->alias);
}

/* An alias stands for parameters that are stored, of its own type and kind. */
static void aliases_sound(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < FHIR_PARAM_COUNT; i++) {
        const struct fhir_param *p = &fhir_param_list[i];
        assert_true(!p->alias || p->n_parts > 0);
        assert_true(p->type != PARAM_COMPOSITE || p->n_parts > 0);
        for (size_t k = 0; k < p->n_parts; k++) {
            assert_int_equal(part(p, k)->base, p->base);
            if (p->alias) {
                assert_int_equal(part(p, k)->type, p->type);
                assert_false(part(p, k)->alias);
            }
        }
        assert_false(p->home && (p->alias || !p->single || p->type != PARAM_REFERENCE));
    }
}

static const char *home_of(fhir_type t)
{
    const struct fhir_param *p;
    const char *code = "";
    for (size_t i = 0; (p = fhir_param_at(t, i)); i++)
        if (p->home)
            code = p->code;
    return code;
}

static void homes(void **state)
{
    (void)state;
    assert_string_equal(home_of(FHIR_OBSERVATION), "subject");
    assert_string_equal(home_of(FHIR_ENCOUNTER), "subject");
    assert_string_equal(home_of(FHIR_ALLERGY_INTOLERANCE), "patient");
    assert_string_equal(home_of(FHIR_COVERAGE), "beneficiary");
    assert_string_equal(home_of(FHIR_COMMUNICATION), "subject");
    assert_string_equal(home_of(FHIR_RESEARCH_SUBJECT), "individual");
    assert_string_equal(home_of(FHIR_APPOINTMENT), "");
    assert_string_equal(home_of(FHIR_PATIENT), "");
    assert_string_equal(home_of(FHIR_MEDICATION), "");
}

static void details(void **state)
{
    (void)state;
    const struct fhir_param *p = fhir_param_find(FHIR_OBSERVATION, STR("subject"));
    assert_int_equal(p->type, PARAM_REFERENCE);
    assert_true(p->single);
    assert_int_equal(p->n_targets, 4);
    assert_int_equal(p->targets[3], FHIR_PATIENT);
    assert_true(fhir_param_find(FHIR_OBSERVATION, STR("value-quantity"))->single);
    assert_true(fhir_param_find(FHIR_OBSERVATION, STR("date"))->single);
    assert_false(fhir_param_find(FHIR_OBSERVATION, STR("performer"))->single);
    assert_false(fhir_param_find(FHIR_OBSERVATION, STR("combo-code"))->single);
    assert_false(fhir_param_find(FHIR_PATIENT, STR("family"))->single);
    assert_string_equal(fhir_param_more(fhir_param_find(FHIR_PATIENT, STR("gender")))->system,
                        "http://hl7.org/fhir/administrative-gender");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_there), cmocka_unit_test(stable_numbers),
        cmocka_unit_test(aliases),   cmocka_unit_test(aliases_sound),
        cmocka_unit_test(homes),     cmocka_unit_test(details),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
