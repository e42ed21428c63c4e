/* What a condition, a refusal or its order may tell: nothing that a search would not have told, and
 * nothing without a line in the trail. */
#include "record/fixture_int.h"

static err run(struct fixture *f, const char *entry)
{
    struct fhir_plan plan;
    struct record_answer *a;
    op_clear(&f->op);
    struct json *b = fixture_tree(
        f, fixture_text(f, "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[%s]}",
                        entry));
    assert_int_equal(fhir_bundle_plan(&f->op, b, false, &plan), OK);
    return record_transact(&f->op, f->rec, &plan, &a);
}

static str told(struct fixture *f)
{
    return arena_str(f->keep, f->op.fault.n ? f->op.fault.issues[0].message : STR_NONE);
}

static const char *about(struct fixture *f, const char *condition)
{
    return fixture_text(
        f,
        "{\"resource\":{\"resourceType\":\"Communication\",\"status\":\"completed\",\"about\":[{"
        "\"reference\":\"%s\"}]},\"request\":{\"method\":\"POST\",\"url\":\"Communication\"}}",
        condition);
}

/* The agent may not search Conditions: there or not, the answer is one. */
static void conditional_references_are_no_oracle(void **state)
{
    struct fixture *f = *state;
    const char *x = fixture_patient(f, "X");
    fixture_make(f, fixture_text(f,
                                 "{\"resourceType\":\"Condition\",\"subject\":{\"reference\":"
                                 "\"%s\"},\"code\":{\"coding\":[{\"system\":\"urn:c\",\"code\":"
                                 "\"38341003\"}]}}",
                                 x));
    struct actor device = f->device;
    device.patient = fixture_rid(f, x);
    const struct actor *askers[] = {&f->agent, &device};
    for (size_t i = 0; i < 2; i++) {
        fixture_as(f, askers[i]);
        uint64_t t = record_now_t(f->rec);
        err there = run(f, about(f, fixture_text(f, "Condition?patient=%s&code=38341003", x)));
        str said = told(f);
        err absent = run(f, about(f, fixture_text(f, "Condition?patient=%s&code=84114007", x)));
        assert_int_equal(there, ERR_PRECONDITION);
        assert_int_equal(absent, ERR_PRECONDITION);
        assert_true(str_eq(said, told(f)));
        assert_int_equal(record_now_t(f->rec), t);
    }
    fixture_as(f, &f->nurse); /* who may look may name it so */
    assert_int_equal(run(f, about(f, fixture_text(f, "Condition?patient=%s&code=38341003", x))),
                     OK);
}

/* Labelled ones are not found by who may not see labels. */
static void conditions_do_not_find_what_is_labelled(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    fixture_make(f, "{\"resourceType\":\"Patient\",\"meta\":{\"security\":[{\"system\":"
                    "\"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\",\"code\":\"V\"}]"
                    "},\"identifier\":[{\"system\":\"urn:mrn\",\"value\":\"7\"}]}");
    struct json *tree = fixture_tree(
        f,
        "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"urn:mrn\",\"value\":\"7\"}]}");
    fixture_as(f, &f->agent);
    assert_int_equal(record_create(&f->op, f->rec, tree, STR("identifier=urn:mrn|7"), &r), OK);
    assert_true(r.created);
    fixture_as(f, &f->nurse);
    assert_int_equal(record_create(&f->op, f->rec, tree, STR("identifier=urn:mrn|7"), &r),
                     ERR_PRECONDITION); /* several */
}

/* A matching If-None-Exist shows the resource: as a search and a read it is in the trail. */
static void a_conditional_create_that_shows_is_told(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    struct store_trail_entry *e;
    struct audit_line line;
    size_t n;
    const char *x = fixture_patient(f, "X");
    uint64_t rid = fixture_rid(f, x);
    struct json *tree = fixture_tree(f, "{\"resourceType\":\"Patient\",\"active\":true}");
    fixture_as(f, &f->nurse);
    uint64_t before = fixture_lines(f);
    assert_int_equal(
        record_create(&f->op, f->rec, tree, arena_cat(f->arena, STR("_id="), fixture_id(x)), &r),
        OK);
    assert_true(r.unchanged);
    assert_true(r.doc.body.n > 0);
    assert_int_equal(fixture_lines(f), before + 2);
    assert_int_equal(store_trail_find(&f->op, f->store, NULL, UINT64_MAX, 2, &e, &n), OK);
    assert_true(audit_decode(e[0].entry, &line));
    assert_int_equal(line.action, ACTION_READ);
    assert_int_equal(line.rid, rid);
    assert_true(audit_decode(e[1].entry, &line));
    assert_int_equal(line.action, ACTION_SEARCH);
    assert_int_equal(line.patients[0], rid);
}

static err put(struct fixture *f, const char *id, const char *subject, const char *if_match)
{
    struct record_result r;
    op_clear(&f->op);
    struct json *tree = fixture_tree(
        f, fixture_text(f,
                        "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"final\","
                        "\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"%s\"},"
                        "\"performer\":[{\"reference\":\"%s\"}]}",
                        id, subject, subject));
    return record_update(&f->op, f->rec, fhir_type_of(tree), str_of(id), tree, str_of(if_match),
                         &r);
}

/* To a patient, what is another's is as what is not there, whatever version is named. */
static void others_and_absent_are_one(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    fhir_type type = fhir_type_parse(STR("Observation"));
    const char *mine = fixture_patient(f, "Mine"), *other = fixture_patient(f, "Other");
    assert_int_equal(put(f, "theirs", other, ""), OK);
    f->patient.patient = f->patient.user_rid = fixture_rid(f, mine);
    f->patient.reference = str_of(mine);
    static const char *const ids[] = {"theirs", "nobodys"}, *const tags[] = {"", "1", "7"};
    str said = STR_NONE;
    fixture_as(f, &f->patient);
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 3; j++) {
            uint64_t lines = fixture_lines(f);
            assert_int_equal(put(f, ids[i], mine, tags[j]), ERR_NOT_FOUND);
            assert_true(str_empty(said) || str_eq(said, told(f)));
            said = told(f);
            op_clear(&f->op);
            assert_int_equal(
                record_delete(&f->op, f->rec, type, str_of(ids[i]), str_of(tags[j]), &r),
                ERR_NOT_FOUND);
            assert_true(str_eq(said, told(f)));
            assert_int_equal(fixture_lines(f), lines + 2);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(conditional_references_are_no_oracle),
        BOTH_BACKENDS(conditions_do_not_find_what_is_labelled),
        BOTH_BACKENDS(a_conditional_create_that_shows_is_told),
        BOTH_BACKENDS(others_and_absent_are_one),
    };
    return cmocka_run_group_tests_name("record.conditions", tests, NULL, NULL);
}
