/* FHIR's own writes do not go round the desk: a case gets no owner and no end by PUT, POST or
 * Bundle; what is no case, and what the desk's rooms write, goes on. */
#include "policy/scope.h"
#include "record/fixture_int.h"
#include "record/write.h"

#define CODED                                                                                      \
    "\"code\":{\"coding\":[{\"system\":\"https://weft.health/fhir/"                                \
    "task-code\",\"code\":\"case\"}]},"
#define NOTED "\"note\":[{\"text\":\"called\"}],"

static const char *task(struct fixture *f, const char *patient, const char *more,
                        const char *status)
{
    return fixture_text(f,
                        "{\"resourceType\":\"Task\",\"id\":\"t\",%s\"status\":\"%s\",\"intent\":"
                        "\"order\",\"for\":{\"reference\":\"%s\"}}",
                        more, status, patient);
}

static err put(struct fixture *f, const char *text, const char *if_match)
{
    struct record_result r;
    op_clear(&f->op);
    struct json *tree = fixture_tree(f, text);
    struct fhir_entry e = {.verb = VERB_PUT,
                           .type = fhir_type_of(tree),
                           .id = STR("t"),
                           .resource = tree,
                           .if_match = str_of(if_match)};
    return record_write(&f->op, f->rec, &e, &r);
}

static err bundle(struct fixture *f, const char *kind, const char *text, err *ret_entry)
{
    struct fhir_plan plan;
    struct record_answer *a;
    op_clear(&f->op);
    struct json *b = fixture_tree(
        f, fixture_text(f,
                        "{\"resourceType\":\"Bundle\",\"type\":\"%s\",\"entry\":[{\"resource\":%s,"
                        "\"request\":{\"method\":\"PUT\",\"url\":\"Task/t\",\"ifMatch\":"
                        "\"W/\\\"1\\\"\"}}]}",
                        kind, text));
    assert_int_equal(fhir_bundle_plan(&f->op, b, false, &plan), OK);
    err e = record_transact(&f->op, f->rec, &plan, &a);
    *ret_entry = e == OK ? a[0].code : e;
    return e;
}

static void a_case_is_not_taken_or_closed_by_put(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    const char *x = fixture_patient(f, "X");
    const char *owner = fixture_make(f, "{\"resourceType\":\"Practitioner\",\"active\":true}");
    const char *owned = fixture_text(f, CODED "\"owner\":{\"reference\":\"%s\"},", owner);
    const struct actor *people[] = {&f->nurse, &f->agent, &f->privacy};
    assert_int_equal(put(f, task(f, x, CODED, "requested"), ""), OK);
    for (size_t i = 0; i < 3; i++) {
        err entry;
        fixture_as(f, people[i]);
        assert_int_equal(put(f, task(f, x, CODED, "completed"), "1"), ERR_UNPROCESSABLE);
        assert_true(fixture_told(f, "Task.status"));
        assert_int_equal(put(f, task(f, x, owned, "requested"), "1"), ERR_UNPROCESSABLE);
        assert_true(fixture_told(f, "Task.owner"));
        assert_int_equal(put(f, task(f, x, "", "requested"), "1"), ERR_UNPROCESSABLE);
        assert_true(fixture_told(f, "Task.code"));
        assert_int_equal(bundle(f, "transaction", task(f, x, CODED, "completed"), &entry),
                         ERR_UNPROCESSABLE);
        assert_true(fixture_told(f, "Bundle.entry[0].resource.status"));
        assert_int_equal(bundle(f, "batch", task(f, x, owned, "in-progress"), &entry), OK);
        assert_int_equal(entry, ERR_UNPROCESSABLE);
    }
    fixture_as(f, &f->nurse);
    assert_int_equal(put(f, task(f, x, CODED NOTED, "requested"), ""), ERR_PRECONDITION);
    op_clear(&f->op);
    assert_int_equal(fixture_read(f, "Task/t", &d), OK);
    assert_int_equal(d.vid, 1);
    assert_int_equal(put(f, task(f, x, CODED NOTED, "requested"), "1"), OK);
}

static void a_case_is_not_born_closed(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    const char *x = fixture_patient(f, "X");
    fixture_as(f, &f->nurse);
    assert_int_equal(fixture_try(f, task(f, x, CODED, "completed"), &r), ERR_UNPROCESSABLE);
    op_clear(&f->op);
    assert_int_equal(put(f, task(f, x, CODED, "in-progress"), ""), ERR_UNPROCESSABLE);
    assert_int_equal(put(f, task(f, x, "", "in-progress"), ""), OK); /* no case */
    assert_int_equal(put(f, task(f, x, CODED, "in-progress"), "1"), ERR_UNPROCESSABLE);
    assert_int_equal(put(f, task(f, x, "", "completed"), ""), OK);
}

static void the_rooms_go_on(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    const char *x = fixture_patient(f, "X");
    assert_int_equal(put(f, task(f, x, CODED, "requested"), ""), OK);
    fixture_as(f, &f->nurse);
    struct json *tree = fixture_tree(f, task(f, x, CODED, "in-progress"));
    assert_int_equal(
        record_update(&f->op, f->rec, fhir_type_of(tree), STR("t"), tree, STR("1"), &r), OK);
    struct record_tx *tx = record_begin(&f->op, f->rec);
    tree = fixture_tree(f, task(f, x, CODED, "completed"));
    assert_int_equal(record_tx_update(tx, fhir_type_of(tree), STR("t"), tree, 2), OK);
    assert_int_equal(record_commit(tx), OK);
}

#define COMPLAINT                                                                                  \
    "\"code\":{\"coding\":[{\"system\":\"https://weft.health/fhir/"                                \
    "task-code\",\"code\":\"complaint\"}]},"

/* R400: an agent could judge a complaint about a device, and a nurse close it, by a plain PUT. */
static void a_complaint_is_written_by_its_doors_only(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    const char *x = fixture_patient(f, "X");
    const struct actor *people[] = {&f->nurse, &f->agent, &f->privacy};
    assert_int_equal(put(f, task(f, x, COMPLAINT, "in-progress"), ""), OK); /* the house */
    for (size_t i = 0; i < 3; i++) {
        err entry;
        fixture_as(f, people[i]);
        assert_int_equal(put(f, task(f, x, COMPLAINT, "completed"), "1"), ERR_UNPROCESSABLE);
        assert_int_equal(put(f, task(f, x, COMPLAINT NOTED, "in-progress"), "1"),
                         ERR_UNPROCESSABLE);
        assert_int_equal(put(f, task(f, x, "", "in-progress"), "1"), ERR_UNPROCESSABLE);
        assert_int_equal(bundle(f, "transaction", task(f, x, COMPLAINT, "cancelled"), &entry),
                         ERR_UNPROCESSABLE);
        op_clear(&f->op);
        assert_int_equal(fixture_try(f, task(f, x, COMPLAINT, "in-progress"), &r),
                         ERR_UNPROCESSABLE);
    }
}

#define HOLD                                                                                       \
    "\"code\":{\"coding\":[{\"system\":\"https://weft.health/fhir/"                                \
    "task-code\",\"code\":\"legal-hold\"}]},"

/* R141: whoever works on Tasks could end or rename a hold, and let the record be erased. */
static void a_hold_is_ended_by_privacy_only(void **state)
{
    struct fixture *f = *state;
    const char *x = fixture_patient(f, "X");
    const struct actor *others[] = {&f->nurse, &f->agent};
    fixture_as(f, &f->privacy);
    assert_int_equal(put(f, task(f, x, HOLD, "in-progress"), ""), OK);
    for (size_t i = 0; i < 2; i++) {
        err entry;
        fixture_as(f, others[i]);
        assert_int_equal(put(f, task(f, x, HOLD, "completed"), ""), ERR_FORBIDDEN);
        assert_int_equal(put(f, task(f, x, "", "in-progress"), ""), ERR_FORBIDDEN);
        assert_int_equal(bundle(f, "transaction", task(f, x, HOLD, "cancelled"), &entry),
                         ERR_FORBIDDEN);
    }
    fixture_as(f, &f->privacy);
    assert_int_equal(put(f, task(f, x, HOLD, "completed"), ""), OK);
}

static err take_away(struct fixture *f)
{
    struct record_result r;
    struct fhir_entry e = {
        .verb = VERB_DELETE, .type = fhir_type_parse(STR("Task")), .id = STR("t")};
    op_clear(&f->op);
    return record_write(&f->op, f->rec, &e, &r);
}

/* An app with an account of its own may delete Tasks; not those whose life has doors. */
static void a_plain_delete_goes_past_no_door(void **state)
{
    static const char *const doors[] = {"firmware-release", "device-command", "complaint",
                                        "incident", "right-access"};
    struct fixture *f = *state;
    struct scopes scopes;
    struct actor app = f->system;
    const char *x = fixture_patient(f, "X");
    assert_true(scopes_parse(STR("system/Task.cruds"), &scopes));
    app.scopes = &scopes;
    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++) {
        const char *code = fixture_text(f,
                                        "\"code\":{\"coding\":[{\"system\":\"https://weft.health/"
                                        "fhir/task-code\",\"code\":\"%s\"}]},",
                                        doors[i]);
        fixture_as(f, &f->system);
        assert_int_equal(put(f, task(f, x, code, "requested"), ""), OK);
        fixture_as(f, &app);
        assert_int_equal(take_away(f), ERR_UNPROCESSABLE);
    }
    fixture_as(f, &f->system);
    assert_int_equal(put(f, task(f, x, HOLD, "in-progress"), ""), OK);
    fixture_as(f, &app);
    assert_int_equal(take_away(f), ERR_FORBIDDEN);
    fixture_as(f, &f->system);
    assert_int_equal(put(f, task(f, x, "", "requested"), ""), OK);
    fixture_as(f, &app);
    assert_int_equal(take_away(f), OK);
    assert_int_equal(take_away(f), OK); /* gone already */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(a_case_is_not_taken_or_closed_by_put),
        BOTH_BACKENDS(a_case_is_not_born_closed),
        BOTH_BACKENDS(a_complaint_is_written_by_its_doors_only),
        BOTH_BACKENDS(the_rooms_go_on),
        BOTH_BACKENDS(a_hold_is_ended_by_privacy_only),
        BOTH_BACKENDS(a_plain_delete_goes_past_no_door),
    };
    return cmocka_run_group_tests_name("record.plain", tests, NULL, NULL);
}
