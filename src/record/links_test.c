/* References at the moment of writing: missing, deleted, other patients', links of a transaction.
 */
#include "record/fixture_int.h"

static err try_observation(struct fixture *f, const char *members, struct record_result *ret)
{
    char text[2000];
    op_clear(&f->op);
    snprintf(text, sizeof text,
             "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},%s}",
             members);
    return fixture_try(f, str_z(f->keep, str_of(text)), ret);
}

static err run_bundle(struct fixture *f, const char *entries, struct record_answer **ret)
{
    struct fhir_plan plan;
    op_clear(&f->op);
    const char *text = fixture_text(
        f, "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[%s]}", entries);
    struct json *b = fixture_tree(f, text);
    assert_int_equal(fhir_bundle_plan(&f->op, b, false, &plan), OK);
    return record_transact(&f->op, f->rec, &plan, ret);
}

static void missing_is_named(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    assert_int_equal(try_observation(f,
                                     "\"subject\":{\"reference\":\"Patient/"
                                     "none\"},\"encounter\":{\"reference\":\"Encounter/none\"}",
                                     &r),
                     ERR_UNPROCESSABLE);
    assert_true(fixture_told(f, "Observation.subject"));
    assert_true(fixture_told(f, "Observation.encounter"));
    assert_int_equal(fixture_count(f, "Observation", "status=final"), 0);
    assert_int_equal(
        try_observation(
            f, "\"subject\":{\"reference\":\"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0\"}", &r),
        ERR_UNPROCESSABLE);
    assert_int_equal(try_observation(f, "\"subject\":{\"reference\":\"Patient?identifier=1\"}", &r),
                     ERR_UNPROCESSABLE);
    assert_int_equal(
        try_observation(f, "\"subject\":{\"reference\":\"http://elsewhere.example/Patient/1\"}",
                        &r),
        OK);
}

static void deleted_counts_as_missing(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    const char *p = fixture_patient(f, "Gone");
    assert_int_equal(
        record_delete(&f->op, f->rec, fhir_type_parse(STR("Patient")), fixture_id(p), STR_NONE, &r),
        OK);
    assert_int_equal(
        try_observation(f, fixture_text(f, "\"subject\":{\"reference\":\"%s\"}", p), &r),
        ERR_UNPROCESSABLE);
}

static void another_patient_is_refused(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    struct record_answer *a;
    fixture_as(f, &f->nurse);
    const char *x = fixture_patient(f, "X"), *y = fixture_patient(f, "Y");
    const char *of_y = fixture_weight(f, y, "80", "2026-01-02");
    uint64_t lines = fixture_lines(f);
    assert_int_equal(
        try_observation(
            f,
            fixture_text(
                f, "\"subject\":{\"reference\":\"%s\"},\"hasMember\":[{\"reference\":\"%s\"}]", x,
                of_y),
            &r),
        ERR_UNPROCESSABLE);
    assert_true(fixture_told(f, "Observation.hasMember"));
    assert_true(fixture_lines(f) > lines);
    /* In a transaction the path goes through the Bundle, and nothing of it is there. */
    assert_int_equal(
        run_bundle(f,
                   fixture_text(f,
                                "{\"fullUrl\":\"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0\","
                                "\"resource\":{\"resourceType\":"
                                "\"Encounter\",\"status\":\"finished\",\"class\":{\"code\":\"AMB\"}"
                                ",\"subject\":{\"reference\":\"%s\"}},"
                                "\"request\":{\"method\":\"POST\",\"url\":\"Encounter\"}},"
                                "{\"resource\":{\"resourceType\":\"Observation\",\"status\":"
                                "\"final\",\"code\":{\"text\":\"x\"},"
                                "\"subject\":{\"reference\":\"%s\"},\"encounter\":{\"reference\":"
                                "\"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0\"}},"
                                "\"request\":{\"method\":\"POST\",\"url\":\"Observation\"}}",
                                y, x),
                   &a),
        ERR_UNPROCESSABLE);
    assert_true(fixture_told(f, "Bundle.entry[1].resource.encounter"));
    assert_int_equal(fixture_count(f, "Encounter", "status=finished"), 0);
    /* A list of people may name several. */
    fixture_as(f, &f->system);
    fixture_make(
        f,
        fixture_text(f,
                     "{\"resourceType\":\"Group\",\"type\":\"person\",\"actual\":true,\"member\":[{"
                     "\"entity\":{\"reference\":\"%s\"}},{\"entity\":{\"reference\":\"%s\"}}]}",
                     x, y));
}

static void a_device_cannot_name_others(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    const char *mine = fixture_patient(f, "Mine"), *other = fixture_patient(f, "Other");
    const char *device = fixture_make(f, "{\"resourceType\":\"Device\",\"status\":\"active\"}");
    f->device.patient = fixture_rid(f, mine);
    f->device.user_rid = fixture_rid(f, device);
    f->device.reference = str_of(device);
    fixture_as(f, &f->device);
    assert_int_equal(
        try_observation(
            f,
            fixture_text(f, "\"subject\":{\"reference\":\"%s\"},\"device\":{\"reference\":\"%s\"}",
                         mine, device),
            &r),
        OK);
    assert_int_equal(
        try_observation(
            f,
            fixture_text(f, "\"subject\":{\"reference\":\"%s\"},\"device\":{\"reference\":\"%s\"}",
                         other, device),
            &r),
        ERR_UNPROCESSABLE);
    str hidden = arena_str(f->keep, f->op.fault.issues[0].message);
    assert_int_equal(
        try_observation(
            f,
            fixture_text(
                f, "\"subject\":{\"reference\":\"Patient/none\"},\"device\":{\"reference\":\"%s\"}",
                device),
            &r),
        ERR_UNPROCESSABLE);
    assert_true(str_eq(hidden, f->op.fault.issues[0].message));
    /* Not the author: not allowed even for its own patient. */
    assert_int_equal(
        try_observation(f, fixture_text(f, "\"subject\":{\"reference\":\"%s\"}", mine), &r),
        ERR_FORBIDDEN);
}

static void a_task_lives_with_its_patient(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    const char *x = fixture_patient(f, "X");
    const char *w = fixture_weight(f, x, "80", "2026-01-02");
    const char *t = fixture_make(
        f, fixture_text(f,
                        "{\"resourceType\":\"Task\",\"status\":\"requested\",\"intent\":\"order\","
                        "\"focus\":{\"reference\":\"%s\"},\"for\":{\"reference\":\"%s\"}}",
                        w, x));
    assert_int_equal(fixture_read(f, t, &d), OK);
    assert_int_equal(d.patient, fixture_rid(f, x));
}

/* What named a thing before it was deleted may go on naming it; nothing new may. */
static void what_is_deleted_freezes_nothing(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    struct record_doc d;
    fhir_type task = fhir_type_parse(STR("Task"));
    const char *x = fixture_patient(f, "X");
    const char *w = fixture_weight(f, x, "80", "2026-01-02");
    const char *v = fixture_weight(f, x, "81", "2026-01-03");
#define CASE(status, focus)                                                                        \
    fixture_text(f,                                                                                \
                 "{\"resourceType\":\"Task\",\"status\":\"%s\",\"intent\":\"order\",\"focus\":{"   \
                 "\"reference\":\"%s\"},\"for\":{\"reference\":\"%s\"}}",                          \
                 status, focus, x)
    const char *t = fixture_make(f, CASE("requested", w));
    const char *gone[] = {w, v};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(record_delete(&f->op, f->rec, fhir_type_parse(STR("Observation")),
                                       fixture_id(gone[i]), STR_NONE, &r),
                         OK);
    fixture_as(f, &f->nurse);
    struct json *next = fixture_tree(f, CASE("in-progress", w));
    assert_int_equal(record_update(&f->op, f->rec, task, fixture_id(t), next, STR_NONE, &r), OK);
    assert_int_equal(fixture_read(f, t, &d), OK);
    assert_int_equal(d.vid, 2);
    assert_int_equal(d.patient, fixture_rid(f, x));
    assert_int_equal(fixture_count(f, "Task", fixture_text(f, "focus=%s", w)), 1);
    next = fixture_tree(f, CASE("in-progress", v));
    assert_int_equal(record_update(&f->op, f->rec, task, fixture_id(t), next, STR_NONE, &r),
                     ERR_UNPROCESSABLE);
    assert_true(fixture_told(f, "Task.focus"));
}

static void records_do_not_move(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    const char *x = fixture_patient(f, "X"), *y = fixture_patient(f, "Y");
    const char *w = fixture_weight(f, x, "80", "2026-01-02");
    struct json *moved = fixture_tree(
        f, fixture_text(f,
                        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":"
                        "\"x\"},\"subject\":{\"reference\":\"%s\"}}",
                        y));
    assert_int_equal(record_update(&f->op, f->rec, fhir_type_parse(STR("Observation")),
                                   fixture_id(w), moved, STR_NONE, &r),
                     ERR_UNPROCESSABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(missing_is_named),
        BOTH_BACKENDS(deleted_counts_as_missing),
        BOTH_BACKENDS(another_patient_is_refused),
        BOTH_BACKENDS(a_device_cannot_name_others),
        BOTH_BACKENDS(a_task_lives_with_its_patient),
        BOTH_BACKENDS(what_is_deleted_freezes_nothing),
        BOTH_BACKENDS(records_do_not_move),
    };
    return cmocka_run_group_tests_name("record.links", tests, NULL, NULL);
}
