/* The generated tables hang together, and every lookup finds what is in them. */
#include "base/test.h"
#include "fhir_int.h"

static void counts(void **state)
{
    (void)state;
    /* R4 names 148 resource types; Resource and DomainResource are abstract. */
    assert_int_equal(FHIR_TYPE_COUNT, 146);
    size_t primitives = 0, data_types = 0;
    for (uint16_t t = 1; t <= FHIR_MODEL_COUNT; t++) {
        primitives += fhir_models[t].kind == KIND_PRIMITIVE;
        data_types += fhir_models[t].kind == KIND_COMPLEX;
    }
    assert_int_equal(primitives, 20);
    assert_int_equal(data_types, 39);
}

static void types_are_found(void **state)
{
    (void)state;
    for (uint16_t t = 1; t <= FHIR_MODEL_COUNT; t++) {
        str name = fhir_word(fhir_models[t].name);
        bool backbone = fhir_models[t].kind == KIND_BACKBONE;
        assert_int_equal(fhir_model_find(name), backbone ? 0 : t);
        assert_int_equal(fhir_type_parse(name), t <= FHIR_TYPE_COUNT ? t : 0);
        if (t > 1 && t <= FHIR_TYPE_COUNT)
            assert_true(str_cmp(fhir_type_name((fhir_type)(t - 1)), name) < 0);
    }
    assert_int_equal(fhir_type_parse(STR("Patient")), FHIR_PATIENT);
    static const char *const none[] = {"",          "patient",  "Patien",
                                       "Patients",  "Resource", "DomainResource",
                                       "HumanName", "string",   "SubscriptionStatus"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(fhir_type_parse(str_of(none[i])), 0);
    assert_int_equal(fhir_type_parse(STR_NONE), 0);
    assert_int_equal(fhir_type_name(0).n, 0);
    assert_int_equal(fhir_type_name(60000).n, 0);
}

static void members_are_found(void **state)
{
    (void)state;
    size_t seen = 0;
    for (uint16_t t = 1; t <= FHIR_MODEL_COUNT; t++) {
        const struct fhir_model *m = &fhir_models[t];
        assert_true(m->n <= 64);
        for (uint16_t i = 0; i < m->n_rows; i++, seen++) {
            uint16_t row = fhir_lists[m->list + i];
            const struct fhir_row *r = &fhir_rows[row];
            assert_true(row >= 1 && row <= FHIR_ROW_COUNT);
            assert_int_equal(fhir_row_find(t, fhir_word(r->name)), row);
            assert_true(r->type >= 1 && r->type <= FHIR_MODEL_COUNT);
            assert_true(r->ordinal < m->n);
            assert_true(
                str_eq(fhir_word(fhir_word_find(fhir_word(r->element))), fhir_word(r->element)));
            assert_int_equal(fhir_word_find(fhir_word(r->element)), r->element);
        }
        assert_int_equal(fhir_row_find(t, STR("")), 0);
        assert_int_equal(fhir_row_find(t, STR("noSuchElement")), 0);
        if (m->kind == KIND_RESOURCE)
            assert_int_equal(fhir_row_find(t, STR("resourceType")), 0);
    }
    assert_true(seen > 5000);
    assert_int_equal(fhir_word_find(STR("noSuchElement")), 0);
}

static void rows_say_what_r4_says(void **state)
{
    (void)state;
    const struct fhir_row *r = &fhir_rows[fhir_row_find(FHIR_OBSERVATION, STR("valueQuantity"))];
    assert_true(str_eq(fhir_word(r->element), STR("value")));
    assert_int_equal(r->type, FHIR_QUANTITY);
    assert_int_equal(r->flags & (ROW_CHOICE | ROW_ARRAY | ROW_REQUIRED), ROW_CHOICE);
    r = &fhir_rows[fhir_row_find(FHIR_OBSERVATION, STR("status"))];
    assert_true(r->flags & ROW_REQUIRED && r->flags & ROW_PRIMITIVE && r->flags & ROW_MODIFIER);
    assert_true(str_eq(str_of(fhir_pool + fhir_sets[r->set].url),
                       STR("http://hl7.org/fhir/ValueSet/observation-status")));
    r = &fhir_rows[fhir_row_find(FHIR_PATIENT, STR("contact"))];
    assert_true(str_eq(fhir_word(fhir_models[r->type].name), STR("Patient.contact")));
    assert_true(fhir_is_a(r->type, FHIR_BACKBONE_ELEMENT));
    assert_true(fhir_is_a(FHIR_PATIENT, FHIR_DOMAIN_RESOURCE));
    assert_true(fhir_is_a(FHIR_BUNDLE, FHIR_RESOURCE));
    assert_false(fhir_is_a(FHIR_BUNDLE, FHIR_DOMAIN_RESOURCE));
    assert_true(fhir_is_a(FHIR_AGE, FHIR_QUANTITY));
    assert_false(fhir_is_a(0, FHIR_RESOURCE));
    /* Elements that the package's maker added are gone, those he took out are back. */
    assert_int_equal(fhir_row_find(FHIR_META, STR("project")), 0);
    assert_int_equal(fhir_row_find(FHIR_RESEARCH_STUDY, STR("label")), 0);
    assert_true(fhir_row_find(FHIR_AGE, STR("unit")) > 0);
    r = &fhir_rows[fhir_row_find(FHIR_DETECTED_ISSUE, STR("status"))];
    assert_true(fhir_set_has(r->set, STR_NONE, STR("registered"), NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(types_are_found),
        cmocka_unit_test(members_are_found),
        cmocka_unit_test(rows_say_what_r4_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
