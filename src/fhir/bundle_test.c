/* Bundle plans at their edges; the usual ones are in tests/vectors (vectors_test.c). */
#include "base/test.h"
#include "fhir_int.h"

/* JSON with ' for ". */
static struct json *tree(struct op *op, const char *text)
{
    struct json *v = NULL;
    str in = arena_str(op->arena, str_of(text));
    char *copy = arena_alloc(op->arena, in.n + 1);
    assert_non_null(copy);
    for (size_t i = 0; i < in.n; i++)
        copy[i] = in.p[i] == '\'' ? '"' : in.p[i];
    assert_int_equal(json_read(op, str_make(copy, in.n), &JSON_LIMITS_DEFAULT, &v), OK);
    return v;
}

static void empty_bundles(void **state)
{
    (void)state;
    struct op op = test_op();
    struct fhir_plan plan;
    struct json *v = tree(&op, "{'resourceType':'Bundle','type':'transaction'}");
    assert_int_equal(fhir_bundle_plan(&op, v, false, &plan), OK);
    assert_true(plan.transaction && plan.n == 0);
    v = tree(&op, "{'resourceType':'Patient'}");
    assert_int_equal(fhir_bundle_plan(&op, v, false, &plan), ERR_INVALID);
    test_op_done(&op);
}

/* What validation would have stopped is stopped here too. */
static void unvalidated_bundles(void **state)
{
    (void)state;
    struct op op = test_op();
    struct fhir_plan plan;
    struct json *v = tree(&op, "{'resourceType':'Bundle','type':'transaction','entry':["
                               "{'fullUrl':'u','resource':{'resourceType':'Patient'},"
                               "'request':{'method':'POST','url':'Patient'}},"
                               "{'fullUrl':'u','resource':{'resourceType':'Patient'},"
                               "'request':{'method':'POST','url':'Patient'}},"
                               "{'resource':{'resourceType':'Patient'}},"
                               "{'request':{'method':'BREW','url':'x'}},{'request':5},7]}");
    assert_int_equal(fhir_bundle_plan(&op, v, false, &plan), ERR_INVALID);
    assert_int_equal(op.fault.n, 5);
    assert_str(op.fault.issues[0].expression, "Bundle.entry[1].fullUrl");
    assert_str(op.fault.issues[1].expression, "Bundle.entry[2].request");
    assert_str(op.fault.issues[4].expression, "Bundle.entry[5].request");
    test_op_done(&op);
}

static void collections_are_imported(void **state)
{
    (void)state;
    struct op op = test_op();
    struct fhir_plan plan;
    struct json *v =
        tree(&op, "{'resourceType':'Bundle','type':'collection','entry':["
                  "{'fullUrl':'http://x/Patient/1','resource':{'resourceType':'Patient','id':'1'}},"
                  "{'fullUrl':'urn:uuid:a','resource':{'resourceType':'Patient','id':'2'}},"
                  "{'resource':{'resourceType':'Patient'}}]}");
    assert_int_equal(fhir_bundle_plan(&op, v, true, &plan), OK);
    assert_true(plan.transaction);
    assert_int_equal(plan.entries[0].verb, VERB_PUT);
    assert_str(plan.entries[0].url, "Patient/1");
    assert_str(plan.entries[0].id, "1");
    assert_int_equal(plan.entries[1].verb, VERB_POST);
    assert_int_equal(plan.entries[2].verb, VERB_POST);
    test_op_done(&op);
}

static void a_batch_entry_fails_alone(void **state)
{
    (void)state;
    struct op op = test_op();
    struct fhir_plan plan;
    struct buf b;
    struct json *v = tree(&op, "{'resourceType':'Bundle','type':'batch','entry':["
                               "{'resource':{'resourceType':'Patient','gender':'x','zzz':1},"
                               "'request':{'method':'POST','url':'Patient'}},"
                               "{'resource':{'resourceType':'Patient','active':true},"
                               "'request':{'method':'POST','url':'Patient'}},"
                               "{'resource':{'resourceType':'Patient'},"
                               "'request':{'method':'PUT','url':'Patient'}},"
                               "{'resource':{'resourceType':'Nothing'},"
                               "'request':{'method':'POST','url':'Patient'}},"
                               "{'request':{'method':'GET','url':'Patient/1'}}]}");
    buf_init(&b, op.arena, 1u << 20);
    json_write(&b, v);
    assert_int_equal(fhir_bundle_read(&op, buf_str(&b), &plan), OK);
    assert_int_equal(op.fault.n, 0);
    assert_int_equal(plan.n, 5);
    assert_false(plan.transaction);
    const struct fhir_entry *e = plan.entries;
    assert_int_equal(e[0].code, ERR_UNPROCESSABLE);
    assert_int_equal(e[0].n_issues, 2);
    assert_str(e[0].issues[0].expression, "Patient.gender");
    assert_int_equal(e[1].code, OK);
    assert_int_equal(FHIR_TAG_TYPE(JSON_GET(e[1].resource, "active")->tag), FHIR_BOOLEAN);
    assert_int_equal(e[2].code, ERR_INVALID);
    assert_str(e[2].issues[0].expression, "Bundle.entry[2].request.url");
    assert_int_equal(e[3].code, ERR_INVALID);
    assert_int_equal(e[3].n_issues, 2);
    assert_int_equal(e[4].code, OK);
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_bundles),
        cmocka_unit_test(unvalidated_bundles),
        cmocka_unit_test(collections_are_imported),
        cmocka_unit_test(a_batch_entry_fails_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
