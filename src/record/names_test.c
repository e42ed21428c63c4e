/* Ids that the client chose: the same one in every answer, link and refusal, and no second name. */
#include "record/fixture_int.h"

static fhir_type type_of(const char *name)
{
    return fhir_type_parse(str_of(name));
}

static void put_patient(struct fixture *f, const char *id, struct record_result *ret)
{
    struct json *tree =
        fixture_tree(f, fixture_text(f, "{\"resourceType\":\"Patient\",\"id\":\"%s\"}", id));
    assert_int_equal(
        record_update(&f->op, f->rec, type_of("Patient"), str_of(id), tree, STR_NONE, ret), OK);
}

static void every_put_answers_with_the_clients_id(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    for (uint32_t vid = 1; vid <= 3; vid++) {
        put_patient(f, "p0001", &r);
        assert_int_equal(r.vid, vid);
        assert_true(str_eq(r.id, STR("p0001")));
        assert_true(str_eq(r.doc.id, STR("p0001")));
        assert_true(str_find(r.doc.head, STR("\"id\":\"p0001\""), 0) != SIZE_MAX);
    }
    assert_int_equal(record_delete(&f->op, f->rec, type_of("Patient"), STR("p0001"), STR_NONE, &r),
                     OK);
    assert_true(str_eq(r.id, STR("p0001")));
}

static void a_number_leads_to_the_clients_id(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    fhir_type type;
    str id;
    put_patient(f, "p0001", &r);
    assert_int_equal(record_name(&f->op, f->rec, r.doc.rid, &type, &id), OK);
    assert_int_equal(type, type_of("Patient"));
    assert_true(str_eq(id, STR("p0001")));
}

static void a_conditional_reference_is_kept_under_the_clients_id(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    struct fhir_plan plan;
    struct record_answer *a;
    struct json *tree, *b;
    put_patient(f, "p0001", &r);
    b = fixture_tree(
        f, "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"resource\":{"
           "\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
           "\"subject\":{\"reference\":\"Patient?_id=p0001\"}},\"request\":{\"method\":\"POST\","
           "\"url\":\"Observation\"}}]}");
    assert_int_equal(fhir_bundle_plan(&f->op, b, false, &plan), OK);
    assert_int_equal(record_transact(&f->op, f->rec, &plan, &a), OK);
    assert_int_equal(record_parse(&f->op, &a[0].result.doc, &tree), OK);
    assert_true(str_eq(json_str(json_path(tree, "subject.reference")), STR("Patient/p0001")));
}

static void links_of_a_transaction_use_the_clients_id(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    struct fhir_plan plan;
    struct record_answer *a;
    struct json *tree, *b;
    put_patient(f, "p0001", &r);
    b = fixture_tree(
        f,
        "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"fullUrl\":"
        "\"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0\",\"resource\":{\"resourceType\":"
        "\"Patient\",\"id\":\"p0001\",\"active\":true},\"request\":{\"method\":\"PUT\",\"url\":"
        "\"Patient/p0001\",\"ifMatch\":\"W/\\\"1\\\"\"}},{\"resource\":{\"resourceType\":"
        "\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":"
        "\"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0\"}},\"request\":{\"method\":\"POST\","
        "\"url\":\"Observation\"}}]}");
    assert_int_equal(fhir_bundle_plan(&f->op, b, false, &plan), OK);
    assert_int_equal(record_transact(&f->op, f->rec, &plan, &a), OK);
    assert_true(str_eq(a[0].result.id, STR("p0001")));
    assert_int_equal(a[0].result.vid, 2);
    assert_int_equal(record_parse(&f->op, &a[1].result.doc, &tree), OK);
    assert_true(str_eq(json_str(json_path(tree, "subject.reference")), STR("Patient/p0001")));
}

static void the_inner_name_is_nobodys(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    struct record_doc d;
    char inner[STORE_ID_LEN];
    put_patient(f, "p0001", &r);
    uint64_t rid = r.doc.rid, found;
    store_id_format(f->store, rid, inner);
    str id = arena_str(f->keep, str_make(inner, sizeof inner));
    assert_int_equal(record_resolve(&f->op, f->rec, type_of("Patient"), id, &found), ERR_NOT_FOUND);
    op_clear(&f->op);
    assert_int_equal(record_read(&f->op, f->rec, type_of("Patient"), id, &d), ERR_NOT_FOUND);
    op_clear(&f->op);
    assert_int_equal(
        fixture_try(f,
                    fixture_text(f,
                                 "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{"
                                 "\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/%.*s\"}}",
                                 STR_ARG(id)),
                    &r),
        ERR_UNPROCESSABLE);
    assert_true(fixture_told(f, "Observation.subject"));
    op_clear(&f->op);
    assert_int_equal(record_get(&f->op, f->rec, rid, &d), OK);
    assert_int_equal(d.vid, 1);
    assert_true(str_eq(d.id, STR("p0001")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(every_put_answers_with_the_clients_id),
        BOTH_BACKENDS(a_number_leads_to_the_clients_id),
        BOTH_BACKENDS(a_conditional_reference_is_kept_under_the_clients_id),
        BOTH_BACKENDS(links_of_a_transaction_use_the_clients_id),
        BOTH_BACKENDS(the_inner_name_is_nobodys),
    };
    return cmocka_run_group_tests_name("record.names", tests, NULL, NULL);
}
