/* Validation by example: small documents, each with the FHIRPaths at which it must complain (and no
 * others). "" = nothing to complain about. */
#include "base/test.h"
#include "fhir/fhir.h"

struct example {
    const char *json, *paths; /* paths: sorted as found, separated by a space */
};

static str problems(struct op *op, enum severity severity)
{
    struct buf b;
    buf_init(&b, op->arena, 1u << 20);
    for (size_t i = 0; i < op->fault.n; i++) {
        if (op->fault.issues[i].severity != severity)
            continue;
        buf_add(&b, b.n ? STR(" ") : STR(""));
        buf_add(&b, op->fault.issues[i].expression);
        assert_true(op->fault.issues[i].message.n > 10);
    }
    return buf_str(&b);
}

static void each(const struct example *e, size_t n, enum severity severity)
{
    for (size_t i = 0; i < n; i++) {
        struct op op = test_op();
        struct json *v = NULL;
        err got = fhir_read(&op, str_of(e[i].json), 0, &v);
        str paths = problems(&op, severity);
        if (!str_eq(paths, str_of(e[i].paths)))
            fail_msg("%s\nwanted: %s\n   got: %.*s\n", e[i].json, e[i].paths, STR_ARG(paths));
        if (severity == SEVERITY_ERROR) {
            assert_int_equal(got, *e[i].paths ? ERR_UNPROCESSABLE : OK);
            assert_int_equal(v != NULL, got == OK);
        }
        test_op_done(&op);
    }
}

#define EACH(list, severity) each(list, sizeof(list) / sizeof *(list), severity)

static void shapes(void **state)
{
    (void)state;
    static const struct example list[] = {
        {"{\"resourceType\":\"Patient\"}", ""},
        {"{\"resourceType\":\"Patient\",\"active\":true,\"name\":[{\"family\":\"A\"}]}", ""},
        {"{\"resourceType\":\"Patient\",\"nickname\":\"x\"}", "Patient.nickname"},
        {"{\"resourceType\":\"Patient\",\"a b\":\"x\"}", "Patient.`?`"},
        {"{\"resourceType\":\"Patient\",\"contact\":[{\"name\":{\"family\":5}}]}",
         "Patient.contact[0].name.family"},
        {"{\"resourceType\":\"Patient\",\"contact\":[{\"name\":{\"famly\":\"x\"}}]}",
         "Patient.contact[0].name.famly"},
        {"{\"resourceType\":\"Patient\",\"name\":{\"family\":\"A\"}}", "Patient.name"},
        {"{\"resourceType\":\"Patient\",\"name\":[]}", "Patient.name"},
        {"{\"resourceType\":\"Patient\",\"name\":[{}]}", "Patient.name[0]"},
        {"{\"resourceType\":\"Patient\",\"name\":[\"A\"]}", "Patient.name[0]"},
        {"{\"resourceType\":\"Patient\",\"name\":[null]}", "Patient.name[0]"},
        {"{\"resourceType\":\"Patient\",\"birthDate\":[\"2000\"]}", "Patient.birthDate"},
        {"{\"resourceType\":\"Patient\",\"birthDate\":null}", "Patient.birthDate"},
        {"{\"resourceType\":\"Patient\",\"active\":\"true\"}", "Patient.active"},
        {"{\"resourceType\":\"Patient\",\"gender\":\"\"}", "Patient.gender"},
        {"{\"resourceType\":\"Patient\",\"gender\":\"woman\"}", "Patient.gender"},
        {"{\"resourceType\":\"Patient\",\"id\":\"a_b\"}", "Patient.id"},
        {"{\"resourceType\":\"Patient\",\"birthDate\":\"2000-02-30\",\"gender\":1,\"x\":1}",
         "Patient.birthDate Patient.gender Patient.x"},
        {"{\"resourceType\":\"Patient\",\"text\":{\"resourceType\":\"x\"}}",
         "Patient.text.resourceType Patient.text.status Patient.text.div"},
        {"{\"resourceType\":\"Nothing\"}", "Resource"},
        {"{\"name\":\"x\"}", "Resource"},
        {"[]", "Resource"},
        {"{\"resourceType\":5}", "Resource"},
    };
    EACH(list, SEVERITY_ERROR);
}

static void cardinality_and_choice(void **state)
{
    (void)state;
    static const struct example list[] = {
        {"{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"}}", ""},
        {"{\"resourceType\":\"Observation\"}", "Observation.status Observation.code"},
        {"{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
         "\"valueString\":\"a\",\"valueInteger\":1}",
         "Observation.value"},
        {"{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
         "\"valueQuantity\":{\"value\":\"1\"}}",
         "Observation.value.ofType(Quantity).value"},
        {"{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
         "\"valueMoney\":{}}",
         "Observation.valueMoney"},
        {"{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
         "\"value\":1}",
         "Observation.value"},
        {"{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
         "\"component\":[{\"valueString\":\"a\"}]}",
         "Observation.component[0].code"},
        {"{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"intent\":\"order\","
         "\"subject\":{\"reference\":\"Patient/1\"}}",
         "MedicationRequest.medication"},
    };
    EACH(list, SEVERITY_ERROR);
}

static void primitive_extensions(void **state)
{
    (void)state;
#define EXT "{\"extension\":[{\"url\":\"u\",\"valueCode\":\"x\"}]}"
    static const struct example list[] = {
        {"{\"resourceType\":\"Patient\",\"_birthDate\":" EXT "}", ""},
        {"{\"resourceType\":\"Patient\",\"birthDate\":\"2000\",\"_birthDate\":{\"id\":\"a\"}}", ""},
        {"{\"resourceType\":\"Patient\",\"_birthDate\":{}}", "Patient.birthDate"},
        {"{\"resourceType\":\"Patient\",\"_birthDate\":\"x\"}", "Patient.birthDate"},
        {"{\"resourceType\":\"Patient\",\"_birthDate\":[" EXT "]}", "Patient.birthDate"},
        {"{\"resourceType\":\"Patient\",\"_birthDate\":{\"value\":1}}", "Patient.birthDate.value"},
        {"{\"resourceType\":\"Patient\",\"_name\":[" EXT "]}", "Patient._name"},
        {"{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"A\",null],\"_given\":[null," EXT
         "]}]}",
         ""},
        {"{\"resourceType\":\"Patient\",\"name\":[{\"_given\":[" EXT "]}]}", ""},
        {"{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"A\",null],\"_given\":[" EXT
         ",null]}]}",
         "Patient.name[0].given[1] Patient.name[0].given[1]"},
        {"{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"A\",null]}]}",
         "Patient.name[0].given[1]"},
        {"{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"A\"],\"_given\":[null," EXT "]}]}",
         "Patient.name[0].given"},
        {"{\"resourceType\":\"Patient\",\"name\":[{\"_given\":[null," EXT "]}]}",
         "Patient.name[0].given[0]"},
        /* A value that is only an extension satisfies the cardinality. */
        {"{\"resourceType\":\"Observation\",\"_status\":" EXT ",\"code\":{\"text\":\"x\"}}", ""},
        {"{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
         "\"valueString\":\"a\",\"_valueString\":" EXT "}",
         ""},
        {"{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
         "\"valueString\":\"a\",\"_valueInteger\":" EXT "}",
         "Observation.value"},
        {"{\"resourceType\":\"Patient\",\"extension\":[{\"url\":\"u\"}]}", "Patient.extension[0]"},
        {"{\"resourceType\":\"Patient\",\"extension\":[{\"valueCode\":\"x\"}]}",
         "Patient.extension[0].url"},
        {"{\"resourceType\":\"Patient\",\"extension\":[{\"url\":\"u\",\"valueCode\":\"x\","
         "\"extension\":[{\"url\":\"v\",\"valueString\":\"y\"}]}]}",
         "Patient.extension[0]"},
        {"{\"resourceType\":\"Patient\",\"extension\":[{\"url\":\"u\",\"extension\":[{\"url\":"
         "\"v\","
         "\"valueDate\":\"y\"}]}]}",
         "Patient.extension[0].extension[0].value.ofType(date)"},
    };
    EACH(list, SEVERITY_ERROR);
}

static void references(void **state)
{
    (void)state;
#define REF(text)                                                                                  \
    "{\"resourceType\":\"Patient\",\"managingOrganization\":{\"reference\":\"" text "\"}}"
#define AT "Patient.managingOrganization.reference"
    static const struct example list[] = {
        {REF("Organization/1"), ""},
        {REF("Organization/1/_history/2"), ""},
        {REF("http://example.org/fhir/Organization/1"), ""},
        {REF("urn:uuid:c757873d-ec9a-4326-a141-556f43239520"), ""},
        {REF("urn:oid:1.2.3"), ""},
        {REF("Organization?identifier=x"), ""},
        {REF("http://example.org/anything"), ""},
        {REF("Practitioner/1"), AT},
        {REF("http://example.org/fhir/Practitioner/1"), AT},
        {REF("Practitioner?identifier=x"), AT},
        {REF("Organization"), AT},
        {REF("Organization?"), AT},
        {REF("organization/1"), AT},
        {REF("Organization/a_b"), AT},
        {REF("Organization/1/2"), AT},
        {REF("Organization/1 "), AT},
        {REF("#o"), AT},
        {"{\"resourceType\":\"Patient\",\"managingOrganization\":{\"display\":\"x\"}}", ""},
        {"{\"resourceType\":\"Patient\",\"managingOrganization\":{\"type\":\"Patient\"}}",
         "Patient.managingOrganization.type"},
        {"{\"resourceType\":\"Patient\",\"generalPractitioner\":[{\"reference\":\"Practitioner/1\","
         "\"type\":\"Organization\"}]}",
         "Patient.generalPractitioner[0].type"},
        {"{\"resourceType\":\"Patient\",\"managingOrganization\":{\"reference\":5}}", AT},
    };
    EACH(list, SEVERITY_ERROR);
}

#define ORG(id) "{\"resourceType\":\"Organization\",\"id\":\"" id "\"}"

static void contained(void **state)
{
    (void)state;
    static const struct example list[] = {
        {"{\"resourceType\":\"Patient\",\"contained\":[" ORG(
             "o") "],"
                  "\"managingOrganization\":{\"reference\":\"#o\"}}",
         ""},
        {"{\"resourceType\":\"Patient\",\"contained\":[" ORG(
             "o") "],"
                  "\"managingOrganization\":{\"reference\":\"#p\"}}",
         AT},
        {"{\"resourceType\":\"Patient\",\"contained\":[" ORG("o") "," ORG("o") "]}",
         "Patient.contained[1]"},
        {"{\"resourceType\":\"Patient\",\"contained\":[{\"resourceType\":\"Group\","
         "\"contained\":[" ORG("o") "],\"type\":\"person\",\"actual\":true}]}",
         "Patient.contained[0].contained[0]"},
        {"{\"resourceType\":\"Patient\",\"contained\":[{\"resourceType\":\"Group\",\"id\":\"g\"}]}",
         "Patient.contained[0].type Patient.contained[0].actual"},
        {"{\"resourceType\":\"Patient\",\"contained\":[{\"id\":\"g\"}]}", "Patient.contained[0]"},
        {"{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"contained\":[]}",
         "Bundle.contained"},
        /* "#id" inside a contained resource means a sibling of it. */
        {"{\"resourceType\":\"Patient\",\"contained\":[{\"resourceType\":\"Organization\",\"id\":"
         "\"a\",\"partOf\":{\"reference\":\"#o\"}}," ORG(
             "o") "],"
                  "\"managingOrganization\":{\"reference\":\"#a\"}}",
         ""},
        {"{\"resourceType\":\"QuestionnaireResponse\",\"status\":\"completed\",\"contained\":[{"
         "\"resourceType\":\"Questionnaire\",\"id\":\"q\",\"status\":\"active\"}],"
         "\"questionnaire\":\"#q\"}",
         ""},
    };
    EACH(list, SEVERITY_ERROR);
    static const struct example warnings[] = {
        {"{\"resourceType\":\"Patient\",\"contained\":[" ORG("o") "]}", "Patient.contained[0]"},
        {"{\"resourceType\":\"Patient\",\"contained\":[{\"resourceType\":\"Provenance\",\"target\":"
         "[{"
         "\"reference\":\"#\"}],\"recorded\":\"2024-01-01T00:00:00Z\",\"agent\":[{\"who\":{"
         "\"display\":\"x\"}}]}]}",
         ""},
        {"{\"resourceType\":\"QuestionnaireResponse\",\"status\":\"completed\",\"contained\":[{"
         "\"resourceType\":\"Questionnaire\",\"id\":\"q\",\"status\":\"active\"}],"
         "\"questionnaire\":\"#q\"}",
         ""},
    };
    EACH(warnings, SEVERITY_WARNING);
}

static void bindings(void **state)
{
    (void)state;
#define COND(clinical)                                                                             \
    "{\"resourceType\":\"Condition\",\"subject\":{\"reference\":\"Patient/1\"},"                   \
    "\"clinicalStatus\":" clinical "}"
#define SYSTEM "http://terminology.hl7.org/CodeSystem/condition-clinical"
    static const struct example list[] = {
        {COND("{\"coding\":[{\"system\":\"" SYSTEM "\",\"code\":\"active\"}]}"), ""},
        {COND("{\"coding\":[{\"code\":\"x\"},{\"system\":\"" SYSTEM "\",\"code\":\"active\"}]}"),
         ""},
        {COND("{\"coding\":[{\"system\":\"" SYSTEM "\",\"code\":\"x\"}]}"),
         "Condition.clinicalStatus"},
        {COND("{\"coding\":[{\"system\":\"http://x\",\"code\":\"active\"}]}"),
         "Condition.clinicalStatus"},
        {COND("{\"text\":\"active\"}"), "Condition.clinicalStatus"},
        {COND("{\"extension\":[{\"url\":\"u\",\"valueCode\":\"unknown\"}]}"), ""},
        {"{\"resourceType\":\"Patient\",\"photo\":[{\"contentType\":\"image\"}]}",
         "Patient.photo[0].contentType"},
        {"{\"resourceType\":\"Patient\",\"language\":\"english_us\"}", "Patient.language"},
    };
    EACH(list, SEVERITY_ERROR);
}

#define DIV(inside)                                                                                \
    "{\"resourceType\":\"Basic\",\"code\":{\"text\":\"x\"},\"text\":{\"status\":"                  \
    "\"generated\",\"div\":\"" inside "\"}}"
#define X "<div xmlns='http://www.w3.org/1999/xhtml'>"

static void narratives(void **state)
{
    (void)state;
    static const char *const good[] = {
        DIV(X "a</div>"),
        DIV(" " X "<p class='a'>a<br/>b &amp; &#169; &nbsp;</p></div> "),
        DIV(X "<a href='Patient/1'>a</a><a href=\\\"#b\\\">c</a><a "
              "href='https://x/?a:b'>d</a></div>"),
        DIV(X "<img src='#i' alt='x'/></div>"),
        DIV(X "<!-- c --><table><tr><td>1</td></tr></table></div>"),
        DIV(X "<span style='color: red'>a</span></div>"),
        DIV(X "<img src='data:image/png;base64,AA==' /></div>"),
    };
    static const char *const bad[] = {
        DIV("a"),
        DIV("<p xmlns='http://www.w3.org/1999/xhtml'>a</p>"),
        DIV("<div>a</div>"),
        DIV(X "a"),
        DIV(X "</div>"),
        DIV(X "  </div>"),
        DIV(X "<b>a</div></b>"),
        DIV(X "a</div>b"),
        DIV(X "a</div>" X "b</div>"),
        DIV(X "<script>a</script></div>"),
        DIV(X "<p onclick='x()'>a</p></div>"),
        DIV(X "<a href='javascript:x()'>a</a></div>"),
        DIV(X "<a href='JavaScript:x()'>a</a></div>"),
        DIV(X "<a href=' java&#115;cript:x()'>a</a></div>"),
        DIV(X "<a href='vbscript:x'>a</a></div>"),
        DIV(X "<iframe src='x'></iframe></div>"),
        DIV(X "<form><input/></form></div>"),
        DIV(X "a & b</div>"),
        DIV(X "a < b</div>"),
        DIV(X "<p class=a>a</p></div>"),
        DIV(X "<p class>a</p></div>"),
        DIV(X "<![CDATA[a]]></div>"),
        DIV(X "<?php a ?></div>"),
        DIV(X "<!-- a </div>"),
        DIV(X "<p class='a'id='b'>a</p></div>"),
        DIV(X "<span style='background: url(x)'>a</span></div>"),
        DIV(X "<img src='data:image/svg+xml,x'/></div>"),
        DIV(X "<p"),
        DIV(X "<p class='"),
        DIV("<div xmlns='http://www.w3.org/2000/svg'>a</div>"),
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        each(&(struct example){good[i], ""}, 1, SEVERITY_ERROR);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        each(&(struct example){bad[i], "Basic.text.div"}, 1, SEVERITY_ERROR);
}

static void bundles(void **state)
{
    (void)state;
#define BUNDLE(type, entry)                                                                        \
    "{\"resourceType\":\"Bundle\",\"type\":\"" type "\",\"entry\":[" entry "]}"
#define PATIENT "\"resource\":{\"resourceType\":\"Patient\"}"
#define POST "\"request\":{\"method\":\"POST\",\"url\":\"Patient\"}"
    static const struct example list[] = {
        {BUNDLE("transaction", "{" PATIENT "," POST "}"), ""},
        {BUNDLE("transaction", "{" PATIENT "}"), "Bundle.entry[0].request"},
        {BUNDLE("collection", "{" PATIENT "," POST "}"), "Bundle.entry[0].request"},
        {BUNDLE("collection", "{\"fullUrl\":\"urn:x\"}"), "Bundle.entry[0]"},
        {BUNDLE("collection", "{" PATIENT ",\"search\":{\"mode\":\"match\"}}"),
         "Bundle.entry[0].search"},
        {BUNDLE("searchset", "{" PATIENT ",\"search\":{\"mode\":\"match\"}}"), ""},
        {BUNDLE("batch-response", "{" PATIENT "}"), "Bundle.entry[0].response"},
        {BUNDLE("collection", "{\"fullUrl\":\"http://x/Patient/1/_history/2\"," PATIENT "}"),
         "Bundle.entry[0].fullUrl"},
        {BUNDLE("collection",
                "{\"fullUrl\":\"urn:x\"," PATIENT "},{\"fullUrl\":\"urn:x\"," PATIENT "}"),
         "Bundle.entry[1].fullUrl"},
        {BUNDLE("transaction",
                "{\"resource\":{\"resourceType\":\"Patient\",\"gender\":\"x\"}," POST "}"),
         "Bundle.entry[0].resource.gender"},
        {BUNDLE("document", "{" PATIENT "}"), "Bundle.identifier Bundle.timestamp Bundle.entry"},
        {BUNDLE("message", "{" PATIENT "}"), "Bundle.entry"},
        {BUNDLE("nothing", "{" PATIENT "}"), "Bundle.type"},
        {BUNDLE("transaction", "5"), "Bundle.entry[0]"},
        {"{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"total\":1}", "Bundle.total"},
    };
    EACH(list, SEVERITY_ERROR);
}

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
        cmocka_unit_test(shapes),
        cmocka_unit_test(cardinality_and_choice),
        cmocka_unit_test(primitive_extensions),
        cmocka_unit_test(references),
        cmocka_unit_test(contained),
        cmocka_unit_test(bindings),
        cmocka_unit_test(narratives),
        cmocka_unit_test(bundles),
        cmocka_unit_test(too_many_problems_are_counted),
        cmocka_unit_test(values_are_never_quoted),
        cmocka_unit_test(broken_json_and_wrong_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
