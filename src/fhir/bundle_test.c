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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_bundles),
        cmocka_unit_test(unvalidated_bundles),
        cmocka_unit_test(collections_are_imported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
