/* Search keys of invented resources, one for each rule of R4 search; the trie and FHIRPath agree on
 * all of them. */
#include "fhir/keys_dump.h"

struct row {
    const char *json;
    const char *want; /* lines that must all be there */
};

static const struct row rows[] = {
    {"{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true,\"meta\":{\"profile\":[\"http://"
     "p|1\"],"
     "\"tag\":[{\"system\":\"s\",\"code\":\"t\"}],\"source\":\"urn:x\"},"
     "\"identifier\":[{\"system\":\"urn:mrn\",\"value\":\"1\"},{\"value\":\"2\"}],"
     "\"name\":[{\"family\":\"Rivers\",\"given\":[\"Ana\",null],\"prefix\":[\"Dr\"],\"text\":\"Dr "
     "Ana\"}],"
     "\"telecom\":[{\"system\":\"phone\",\"value\":\"555\"},{\"system\":\"email\",\"value\":\"a@"
     "b\"},"
     "{\"value\":\"7\"}],\"gender\":\"female\",\"birthDate\":\"1974-12\","
     "\"address\":[{\"line\":[\"1 Main\"],\"city\":\"Ghent\",\"country\":\"BE\",\"use\":\"home\"}],"
     "\"generalPractitioner\":[{\"reference\":\"Practitioner/7\"}],"
     "\"communication\":[{\"language\":{\"coding\":[{\"system\":\"urn:l\",\"code\":\"nl\"}]}}],"
     "\"deceasedDateTime\":\"2020-01-02\"}",
     "_profile=http://p|1\n_source=urn:x\n_tag=s|t\nactive=|true\naddress=1 Main\naddress=BE\n"
     "address=Ghent\naddress-city=Ghent\naddress-country=BE\naddress-use=|home\n"
     "birthdate=1974-12-01T00:00:00.000Z/1975-01-01T00:00:00.000Z\n"
     "death-date=2020-01-02T00:00:00.000Z/2020-01-03T00:00:00.000Z\ndeceased=|true\nemail=|a@b\n"
     "email=|mailto:a@b\n"
     "family=Rivers\ngender=|female\ngeneral-practitioner=Practitioner/7\ngiven=Ana\n"
     "identifier=urn:mrn|1\nidentifier=|2\nlanguage=urn:l|nl\nname=Ana\nname=Dr\nname=Dr Ana\n"
     "name=Rivers\nphone=|555\nphone=|tel:555\ntelecom=|555\ntelecom=|7\ntelecom=|a@b\n"
     "telecom=|mailto:a@b\ntelecom=|tel:555\n"},
    {"{\"resourceType\":\"Patient\",\"deceasedBoolean\":false}", "deceased=|false\n"},
    {"{\"resourceType\":\"Patient\"}", "deceased=|false\n"},
    {"{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":"
     "\"l\","
     "\"code\":\"85354-9\"}]},\"subject\":{\"reference\":\"Patient/1\"},"
     "\"effectivePeriod\":{\"start\":\"2024-01-01\"},\"component\":["
     "{\"code\":{\"coding\":[{\"system\":\"l\",\"code\":\"8480-6\"}]},\"valueQuantity\":{\"value\":"
     "140,"
     "\"unit\":\"mmHg\",\"system\":\"u\",\"code\":\"mm[Hg]\"}},"
     "{\"code\":{\"coding\":[{\"system\":\"l\",\"code\":\"8462-4\"}]},\"valueQuantity\":{\"value\":"
     "90}}]}",
     "code=l|85354-9\ncomponent-code=l|8462-4\ncomponent-code=l|8480-6\n"
     "component-code-value-quantity=l|8462-4$90|||\n"
     "component-code-value-quantity=l|8480-6$140|u|mm[Hg]|mmHg\n"
     "component-value-quantity=140|u|mm[Hg]|mmHg\ncomponent-value-quantity=90|||\n"
     "date=2024-01-01T00:00:00.000Z/-                       \nstatus=|final\nsubject=Patient/1\n"},
    {"{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"code\":\"a\"}"
     ","
     "{\"code\":\"b\"}]},\"valueCodeableConcept\":{\"coding\":[{\"code\":\"x\"}],\"text\":\"Ex\"},"
     "\"effectiveTiming\":{\"event\":[\"2024-02-01\",\"2024-01-01\"]},"
     "\"subject\":{\"identifier\":{\"system\":\"urn:mrn\",\"value\":\"9\"},\"display\":\"x\"},"
     "\"device\":{\"reference\":\"#d\"},\"performer\":[{\"display\":\"nobody\"}]}",
     "code=|a\ncode=|b\ncode-value-concept=|a$|x\ncode-value-concept=|b$|x\n"
     "date=2024-01-01T00:00:00.000Z/2024-02-02T00:00:00.000Z\ndevice=\"\"\nperformer=\"nobody\"\n"
     "status=|final\nsubject=(urn:mrn|9)\nvalue-concept=\"Ex\"\nvalue-concept=|x\nvalue-string="
     "Ex\n"},
    {"{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"t\"},"
     "\"valueSampledData\":{\"origin\":{\"value\":10,\"code\":\"mV\"},\"period\":1,\"factor\":0.5,"
     "\"dimensions\":1,\"data\":\"1 E -4 8\"}}",
     "code=\"t\"\nstatus=|final\nvalue-quantity=14||mV|\nvalue-quantity=8||mV|\n"},
    {"{\"resourceType\":\"RiskAssessment\",\"status\":\"final\",\"subject\":{\"reference\":"
     "\"urn:uuid:1\"},\"prediction\":[{\"probabilityDecimal\":0.25},{\"probabilityRange\":{\"low\":"
     "{\"value\":1},\"high\":{\"value\":3}}}]}",
     "probability=0.25\nprobability=1\nprobability=3\nsubject=urn:uuid:1\n"},
    {"{\"resourceType\":\"Invoice\",\"status\":\"issued\",\"totalNet\":{\"value\":12.5,"
     "\"currency\":"
     "\"EUR\"}}",
     "status=|issued\ntotalnet=12.5|urn:iso:std:iso:4217|EUR|EUR\n"},
    {"{\"resourceType\":\"QuestionnaireResponse\",\"status\":\"completed\",\"questionnaire\":"
     "\"http://q|2\",\"subject\":{\"reference\":\"Patient/1\"}}",
     "questionnaire=http://q\nquestionnaire=http://q|2\nstatus=|completed\nsubject=Patient/1\n"},
    {"{\"resourceType\":\"Library\",\"status\":\"draft\",\"url\":\"http://l\",\"type\":{},"
     "\"relatedArtifact\":[{\"type\":\"composed-of\",\"resource\":\"http://a\"},"
     "{\"type\":\"depends-on\",\"resource\":\"http://b\"}]}",
     "composed-of=http://a\ndepends-on=http://b\nstatus=|draft\nurl=http://l\n"},
    {"{\"resourceType\":\"Bundle\",\"type\":\"document\",\"entry\":[{\"resource\":{"
     "\"resourceType\":"
     "\"Composition\",\"id\":\"c\"}},{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\"}}]}",
     "composition=Composition/c\ntype=|document\n"},
    {"{\"resourceType\":\"MolecularSequence\",\"coordinateSystem\":0,\"referenceSeq\":{"
     "\"chromosome\":"
     "{\"coding\":[{\"code\":\"7\"}]},\"windowStart\":5,\"windowEnd\":9},\"variant\":[{\"start\":1,"
     "\"end\":2}]}",
     "chromosome=|7\nchromosome-variant-coordinate=|7$1$2\nchromosome-window-coordinate=|7$5$9\n"
     "variant-end=2\nvariant-start=1\nwindow-end=9\nwindow-start=5\n"},
    {"{\"resourceType\":\"Person\",\"link\":[{\"target\":{\"reference\":\"Patient/"
     "1\"}},{\"target\":"
     "{\"reference\":\"Practitioner/2\"}}]}",
     "link=Patient/1\nlink=Practitioner/2\n"},
    {"{\"resourceType\":\"AuditEvent\",\"agent\":[{\"requestor\":true,\"who\":{\"reference\":"
     "\"Patient/4\"}}],\"entity\":[{\"what\":{\"reference\":\"Patient/"
     "3\"}},{\"what\":{\"reference\":"
     "\"Observation/3\"}}]}",
     "agent=Patient/4\nentity=Observation/3\nentity=Patient/3\npatient=Patient/3\n"
     "patient=Patient/4\n"},
    {"{\"resourceType\":\"Medication\",\"ingredient\":[{\"itemCodeableConcept\":{\"coding\":[{"
     "\"code\":"
     "\"i\"}]}},{\"itemReference\":{\"reference\":\"Substance/1\"}}]}",
     "ingredient=Substance/1\ningredient-code=|i\n"},
};

static str sorted(struct op *op, str text)
{
    str lines[64], line;
    size_t n = 0;
    struct buf b;
    while (n < 64 && str_take_until(&text, '\n', &line))
        if (line.n)
            lines[n++] = str_make(line.p, line.n + 1);
    qsort(lines, n, sizeof *lines, key_line_order);
    buf_init(&b, op->arena, 1u << 20);
    for (size_t i = 0; i < n; i++)
        buf_add(&b, lines[i]);
    return buf_str(&b);
}

static void by_rule(void **state)
{
    (void)state;
    struct op op = test_op();
    size_t bad = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fhir_key *keys = NULL;
        size_t n = 0;
        arena_reset(op.arena);
        struct json *v = tree_of_text(&op, str_of(rows[i].json));
        assert_int_equal(fhir_keys(&op, v, &keys, &n), OK);
        str got = keys_dump(&op, keys, n), by_path = keys_dump_by_path(&op, v);
        if (!str_eq(got, sorted(&op, str_of(rows[i].want)))) {
            print_error("%s\ngot:\n%.*swant:\n%s", rows[i].json, STR_ARG(got), rows[i].want);
            bad++;
        }
        if (!str_eq(got, by_path)) {
            print_error("%s\ntrie:\n%.*sFHIRPath:\n%.*s", rows[i].json, STR_ARG(got),
                        STR_ARG(by_path));
            bad++;
        }
    }
    test_op_done(&op);
    assert_int_equal(bad, 0);
}

/* Values of the wrong shape (an unvalidated tree) make no keys and do no harm. */
static void wrong_shapes(void **state)
{
    static const char *const texts[] = {
        "{\"resourceType\":\"Patient\",\"name\":5,\"identifier\":\"x\",\"birthDate\":[],\"active\":"
        "{}}",
        "{\"resourceType\":\"Observation\",\"code\":[[{}]],\"valueQuantity\":{\"value\":\"1\"},"
        "\"effectivePeriod\":{\"start\":3},\"component\":{\"code\":null}}",
        "{\"resourceType\":\"Bundle\",\"entry\":[]}",
        "{\"resourceType\":\"Nosuch\",\"a\":1}",
        "{}",
        "[]",
    };
    (void)state;
    struct op op = test_op();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct fhir_key *keys = NULL;
        size_t n = 0;
        struct json *v = tree_of_text(&op, str_of(texts[i]));
        assert_int_equal(fhir_keys(&op, v, &keys, &n), OK);
        for (size_t k = 0; k < n; k++)
            assert_string_equal(fhir_param_get(keys[k].param)->code, "deceased");
    }
    test_op_done(&op);
}

/* A resource whose composites multiply is refused, not computed for ever. */
static void too_many(void **state)
{
    (void)state;
    struct op op = test_op();
    struct buf b;
    struct fhir_key *keys = NULL;
    size_t n = 77;
    buf_init(&b, op.arena, 1u << 20);
    buf_add(&b, STR("{\"resourceType\":\"Observation\",\"code\":{\"coding\":["));
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%s{\"code\":\"c%d\"}", i ? "," : "", i);
    buf_add(&b, STR("]},\"valueCodeableConcept\":{\"coding\":["));
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%s{\"code\":\"v%d\"}", i ? "," : "", i);
    buf_add(&b, STR("]}}"));
    struct json *v = tree_of_text(&op, buf_str(&b));
    assert_int_equal(fhir_keys(&op, v, &keys, &n), ERR_TOO_COSTLY);
    assert_null(keys);
    assert_int_equal(n, 77);
    test_op_done(&op);
}

/* Every n-th allocation refused: an error comes back, nothing breaks. */
static void out_of_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 40; nth++) {
        struct op op = test_op();
        struct fhir_key *keys = NULL;
        size_t n = 0;
        struct json *v = tree_of_text(&op, str_of(rows[0].json));
        arena_fail_at(nth, true);
        err e = fhir_keys(&op, v, &keys, &n);
        arena_fail_at(0, false);
        assert_true(e == OK || e == ERR_TOO_LARGE);
        test_op_done(&op);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_rule),
        cmocka_unit_test(wrong_shapes),
        cmocka_unit_test(too_many),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
