/* Erasing for good: whose word counts as approval. What came in bulk under the hand of the system
 * is nobody's word, whoever wrote the version before it. */
#include "record/bulk.h"
#include "record/fixture_int.h"
#include "record/write.h"

static const char *approval(struct fixture *f, const char *patient, const char *status)
{
    return fixture_text(f,
                        "{\"resourceType\":\"Task\",\"id\":\"t\",\"status\":\"%s\",\"intent\":"
                        "\"order\",\"for\":{\"reference\":\"%s\"},\"code\":{\"coding\":[{"
                        "\"system\":\"" RECORD_TASK_CODE "\",\"code\":\"erase-record\"}]}}",
                        status, patient);
}

static err put(struct fixture *f, const char *text)
{
    struct record_result r;
    struct json *tree = fixture_tree(f, text);
    struct fhir_entry e = {
        .verb = VERB_PUT, .type = fhir_type_of(tree), .id = STR("t"), .resource = tree};
    return record_write(&f->op, f->rec, &e, &r);
}

static err erase(struct fixture *f, const char *patient)
{
    str by = STR_NONE;
    fixture_as(f, &f->system);
    return record_erase(&f->op, f->rec, fixture_id(patient), STR("asked for"), &by);
}

static void an_import_approves_nothing(void **state)
{
    struct fixture *f = *state;
    struct record_load load = {0};
    struct record_doc d;
    const char *x = fixture_patient(f, "X");
    fixture_as(f, &f->privacy);
    assert_int_equal(put(f, approval(f, x, "rejected")), OK);
    assert_int_equal(erase(f, x), ERR_FORBIDDEN);
    fixture_as(f, &f->system);
    assert_int_equal(record_load_begin(&f->op, f->rec, &load), OK);
    assert_int_equal(record_load_add(&f->op, &load, str_of(approval(f, x, "accepted"))), OK);
    assert_int_equal(record_load_end(&f->op, &load), OK);
    assert_int_equal(fixture_read(f, "Task/t", &d), OK);
    assert_int_equal(d.vid, 2);
    assert_int_equal(erase(f, x), ERR_FORBIDDEN);
    fixture_as(f, &f->privacy);
    assert_int_equal(put(f, approval(f, x, "rejected")), OK);
    assert_int_equal(put(f, approval(f, x, "accepted")), OK);
    assert_int_equal(erase(f, x), OK);
    fixture_as(f, &f->system);
    assert_int_equal(fixture_read(f, x, &d), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(an_import_approves_nothing),
    };
    return cmocka_run_group_tests_name("record.erase", tests, NULL, NULL);
}
