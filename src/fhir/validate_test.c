/* Validation at its limits; what it says of which document is in tests/vectors (vectors_test.c). */
#include "base/test.h"
#include "fhir/fhir.h"

static void too_many_problems_are_counted(void **state)
{
    (void)state;
    struct op op = test_op();
    struct buf b;
    struct json *v = NULL;
    buf_init(&b, op.arena, 1u << 20);
    buf_add(&b, STR("{\"resourceType\":\"Patient\",\"name\":["));
    for (int i = 0; i < 1000; i++)
        buf_add(&b, i ? STR(",{}") : STR("{}"));
    buf_add(&b, STR("]}"));
    assert_int_equal(fhir_read(&op, buf_str(&b), 0, &v), ERR_UNPROCESSABLE);
    assert_int_equal(op.fault.n, FAULT_ISSUES_MAX);
    assert_int_equal(op.fault.dropped, 800);
    assert_str(op.fault.issues[199].expression, "Patient.name[199]");
    test_op_done(&op);
}

static void values_are_never_quoted(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *v = NULL;
    str in =
        STR("{\"resourceType\":\"Patient\",\"id\":\"SECRET_1\",\"gender\":\"SECRET_2\","
            "\"birthDate\":\"SECRET_3\",\"SECRET 4\":1,\"managingOrganization\":{\"reference\":"
            "\"SECRET_5\"},\"text\":{\"status\":\"SECRET_6\",\"div\":\"SECRET_7\"}}");
    assert_int_equal(fhir_read(&op, in, 0, &v), ERR_UNPROCESSABLE);
    assert_int_equal(op.fault.n, 7);
    struct buf b;
    buf_init(&b, op.arena, 1u << 20);
    fhir_outcome_write(&b, &op);
    assert_int_equal(str_find(buf_str(&b), STR("SECRET"), 0), SIZE_MAX);
    test_op_done(&op);
}

static void broken_json_and_wrong_type(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *v = NULL;
    assert_int_equal(fhir_read(&op, STR("{\"resourceType\":"), 0, &v), ERR_INVALID);
    op_clear(&op);
    assert_int_equal(fhir_read(&op, STR("{\"resourceType\":\"Basic\"}"), 87, &v),
                     ERR_UNPROCESSABLE);
    op_clear(&op);
    str deep = STR("{\"resourceType\":\"Patient\",\"extension\":[{\"url\":\"u\",");
    struct buf b;
    buf_init(&b, op.arena, 1u << 20);
    buf_add(&b, deep);
    for (int i = 0; i < 10000; i++)
        buf_add(&b, STR("\"extension\":[{\"url\":\"u\","));
    assert_int_equal(fhir_read(&op, buf_str(&b), 0, &v), ERR_TOO_LARGE);
    assert_null(v);
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_many_problems_are_counted),
        cmocka_unit_test(values_are_never_quoted),
        cmocka_unit_test(broken_json_and_wrong_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
