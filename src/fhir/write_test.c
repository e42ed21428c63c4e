/* The stored form, OperationOutcomes, and what happens when memory is refused. */
#include "base/test.h"
#include "fhir_int.h"

static str body(struct op *op, const char *text)
{
    struct json *v;
    struct buf b;
    assert_int_equal(fhir_read(op, str_of(text), 0, &v), OK);
    buf_init(&b, op->arena, 1u << 20);
    fhir_body_write(&b, v);
    return buf_str(&b);
}

static void bodies(void **state)
{
    (void)state;
    struct op op = test_op();
    assert_str(body(&op, "{\"resourceType\":\"Patient\"}"), "}}");
    assert_str(body(&op, "{\"id\":\"a\",\"active\":true,\"resourceType\":\"Patient\",\"meta\":{"
                         "\"versionId\":\"1\",\"profile\":[\"p\"],\"lastUpdated\":"
                         "\"2024-01-01T00:00:00Z\",\"source\":\"s\"}}"),
               ",\"profile\":[\"p\"],\"source\":\"s\"},\"active\":true}");
    /* Decimals stay as written. */
    assert_str(body(&op, "{\"resourceType\":\"Basic\",\"code\":{\"text\":\"\\u00e9\\n\"},"
                         "\"extension\":[{\"url\":\"u\",\"valueDecimal\":1.50e+1}]}"),
               "},\"code\":{\"text\":\"\xC3\xA9\\n\"},\"extension\":[{\"url\":\"u\","
               "\"valueDecimal\":1.50e+1}]}");
    test_op_done(&op);
}

static void heads(void **state)
{
    (void)state;
    struct op op = test_op();
    struct buf b;
    struct json *v;
    buf_init(&b, op.arena, 1u << 20);
    fhir_head_write(&b, FHIR_PATIENT, STR("x.1"), 12, 1700000000123);
    assert_str(buf_str(&b), "{\"resourceType\":\"Patient\",\"id\":\"x.1\",\"meta\":{\"versionId\":"
                            "\"12\",\"lastUpdated\":\"2023-11-14T22:13:20.123Z\"");
    buf_add(&b, STR("},\"active\":true}"));
    assert_int_equal(fhir_stored_read(&op, buf_str(&b), &v), OK);
    assert_int_equal(FHIR_TAG_TYPE(v->tag), FHIR_PATIENT);
    assert_int_equal(FHIR_TAG_TYPE(JSON_GET(v, "active")->tag), FHIR_BOOLEAN);
    assert_int_equal(fhir_stored_read(&op, STR("{"), &v), ERR_INVALID);
    test_op_done(&op);
}

static void tags(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *v;
    assert_int_equal(
        fhir_read(
            &op,
            STR("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":"
                "{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"A\",null],\"_given\":["
                "null,{\"id\":\"x\"}]}],\"deceasedBoolean\":true,\"contact\":[{\"gender\":"
                "\"male\"}]}}]}"),
            FHIR_BUNDLE, &v),
        OK);
    struct json *patient = json_path(v, "entry.0.resource");
    assert_int_equal(FHIR_TAG_TYPE(v->tag), FHIR_BUNDLE);
    assert_int_equal(FHIR_TAG_TYPE(patient->tag), FHIR_PATIENT);
    assert_str(fhir_word(fhir_rows[FHIR_TAG_ROW(patient->tag)].element), "resource");
    assert_int_equal(JSON_GET(patient, "resourceType")->tag, 0);
    struct json *given = json_path(patient, "name.0.given"),
                *twin = json_path(patient, "name.0._given");
    assert_int_equal(given->tag, FHIR_TAG(fhir_row_find(FHIR_HUMAN_NAME, STR("given")), 0));
    assert_int_equal(FHIR_TAG_TYPE(given->u.items[0].tag), FHIR_STRING);
    assert_int_equal(twin->tag, given->tag | FHIR_TAG_SIBLING);
    assert_int_equal(FHIR_TAG_TYPE(twin->u.items[1].tag), FHIR_ELEMENT);
    struct json *choice = JSON_GET(patient, "deceasedBoolean");
    assert_str(fhir_word(fhir_rows[FHIR_TAG_ROW(choice->tag)].element), "deceased");
    str backbone = fhir_word(fhir_models[FHIR_TAG_TYPE(json_path(patient, "contact.0")->tag)].name);
    assert_str(backbone, "Patient.contact");
    test_op_done(&op);
}

static str outcome(struct op *op)
{
    struct buf b;
    struct json *v;
    buf_init(&b, op->arena, 1u << 20);
    fhir_outcome_write(&b, op);
    struct op check;
    op_init(&check, op->arena, NULL, 0);
    assert_int_equal(fhir_read(&check, buf_str(&b), 0, &v), OK);
    return buf_str(&b);
}

static void outcomes(void **state)
{
    (void)state;
    struct op op = test_op();
#define ISSUE(severity, code, text)                                                                \
    "{\"severity\":\"" severity "\",\"code\":\"" code "\",\"details\":{\"text\":\"" text "\"}"
#define OUTCOME(issues) "{\"resourceType\":\"OperationOutcome\",\"issue\":[" issues "]}"
    assert_str(outcome(&op), OUTCOME(ISSUE("information", "informational", "All OK") "}"));
    op_note(&op, SEVERITY_WARNING, STR("Patient.x"), "Careful with \"%s\".", "it");
    assert_int_equal(fail_at(&op, ERR_UNPROCESSABLE, STR("Patient.y"), "Wrong."),
                     ERR_UNPROCESSABLE);
    assert_int_equal(fail(&op, ERR_NOT_FOUND, "Gone."), ERR_NOT_FOUND);
    assert_str(outcome(&op),
               OUTCOME(ISSUE("warning", "informational",
                             "Careful with \\\"it\\\".") ",\"expression\":"
                                                         "[\"Patient.x\"]}," ISSUE(
                                                             "error", "processing",
                                                             "Wrong.") ",\"expression\":["
                                                                       "\"Patient.y\"]}," ISSUE(
                                                                           "error", "not-found",
                                                                           "Gone.") "}"));
    op.fault.dropped = 5;
    assert_true(str_find(outcome(&op), STR("5 more problems"), 0) != SIZE_MAX);
    op_clear(&op);
    op.fault.code = ERR_TOO_LARGE;
    assert_str(outcome(&op), OUTCOME(ISSUE("error", "too-long", "The details are lost") "}"));
    test_op_done(&op);
}

/* Every request for memory refused in turn: an error comes back, nothing breaks. */
static void refused_memory(void **state)
{
    (void)state;
    static const char text[] =
        "{\"resourceType\":\"Patient\",\"contained\":[{\"resourceType\":\"Organization\",\"id\":"
        "\"o\"}]"
        ",\"managingOrganization\":{\"reference\":\"#o\"},\"gender\":\"x\",\"birthDate\":\"y\"}";
    bool done = false;
    for (uint64_t n = 1; !done && n < 1000; n++) {
        struct op op = test_op();
        struct json *v = NULL;
        arena_fail_at(n, true);
        err e = fhir_read(&op, str_of(text), 0, &v);
        done = arena_requests() < n || !arena_failed(op.arena);
        arena_fail_at(0, false);
        assert_true(e == ERR_TOO_LARGE || e == ERR_UNPROCESSABLE);
        assert_null(v);
        test_op_done(&op);
    }
    assert_true(done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies),   cmocka_unit_test(heads),          cmocka_unit_test(tags),
        cmocka_unit_test(outcomes), cmocka_unit_test(refused_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
