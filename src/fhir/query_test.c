/* Queries: reading of every parameter type, modifiers, chains, result parameters; errors that name
 * the parameter and never its value; lenient reading; matching against invented resources. */
#include "fhir/keys_dump.h"
#include "fhir/query_int.h"

static const struct fhir_query *reads(struct op *op, fhir_type t, const char *text)
{
    const struct fhir_query *q = NULL;
    op_clear(op);
    if (fhir_query_read(op, t, str_of(text), false, &q) != OK)
        fail_msg("%s: %.*s\n", text, STR_ARG(op->fault.issues[0].message));
    return q;
}

static const struct fhir_value *value(const struct fhir_query *q)
{
    assert_int_equal(q->n, 1);
    assert_true(q->clauses[0].n > 0);
    return &q->clauses[0].values[0];
}

static void tokens(void **state)
{
    (void)state;
    struct op op = test_op();
    const struct fhir_query *q = reads(&op, FHIR_OBSERVATION, "code=http%3A%2F%2Floinc.org|8480-6");
    assert_true(value(q)->has_system);
    assert_str(value(q)->system, "http://loinc.org");
    assert_str(value(q)->code, "8480-6");
    q = reads(&op, FHIR_OBSERVATION, "code=a,|b,c|,d\\,e\\|f");
    assert_int_equal(q->clauses[0].n, 4);
    assert_false(q->clauses[0].values[0].has_system);
    assert_true(q->clauses[0].values[1].has_system);
    assert_int_equal(q->clauses[0].values[1].system.n, 0);
    assert_str(q->clauses[0].values[2].system, "c");
    assert_int_equal(q->clauses[0].values[2].code.n, 0);
    assert_str(q->clauses[0].values[3].code, "d,e|f");
    /* the system of a code element is implied, and not stored */
    q = reads(&op, FHIR_PATIENT, "gender=http://hl7.org/fhir/administrative-gender|male");
    assert_false(value(q)->has_system);
    q = reads(&op, FHIR_OBSERVATION, "code:not=x&code=y");
    assert_int_equal(q->n, 2);
    assert_int_equal(q->clauses[0].modifier, MOD_NOT);
    test_op_done(&op);
}

static void dates(void **state)
{
    (void)state;
    struct op op = test_op();
    const struct fhir_query *q = reads(&op, FHIR_OBSERVATION, "date=ge2024-02&date=lt2024-03-01");
    assert_int_equal(q->n, 2);
    assert_int_equal(q->clauses[0].values[0].prefix, PREFIX_GE);
    assert_int_equal(q->clauses[0].values[0].lo, 1706745600000);
    assert_int_equal(q->clauses[0].values[0].hi, 1709251200000);
    assert_int_equal(q->clauses[1].values[0].prefix, PREFIX_LT);
    q = reads(&op, FHIR_OBSERVATION, "date=2024-01-01T10:00:00+02:00"); /* '+' not encoded */
    assert_int_equal(value(q)->lo, 1704096000000);
    op.now = 1704067200000; /* 2024-01-01 */
    q = reads(&op, FHIR_OBSERVATION, "date=ap2023-12-22");
    assert_int_equal(value(q)->lo, 1703203200000 - 86400000);
    test_op_done(&op);
}

static void near(double a, double b)
{
    assert_true(a - b < 1e-9 && b - a < 1e-9);
}

static void numbers(void **state)
{
    (void)state;
    struct op op = test_op();
    const struct fhir_query *q = reads(&op, FHIR_RISK_ASSESSMENT, "probability=100");
    near(value(q)->num_lo, 99.5);
    near(value(q)->num_hi, 100.5);
    q = reads(&op, FHIR_RISK_ASSESSMENT, "probability=100.00");
    near(value(q)->num_lo, 99.995);
    q = reads(&op, FHIR_RISK_ASSESSMENT, "probability=1e2");
    near(value(q)->num_lo, 50);
    near(value(q)->num_hi, 150);
    q = reads(&op, FHIR_RISK_ASSESSMENT, "probability=ap0.5");
    near(value(q)->num_lo, 0.45);
    q = reads(&op, FHIR_OBSERVATION, "value-quantity=gt5.4|http://unitsofmeasure.org|mg");
    assert_int_equal(value(q)->prefix, PREFIX_GT);
    assert_str(value(q)->system, "http://unitsofmeasure.org");
    assert_str(value(q)->code, "mg");
    q = reads(&op, FHIR_OBSERVATION, "value-quantity=5.4||mg");
    assert_false(value(q)->has_system);
    assert_str(value(q)->code, "mg");
    test_op_done(&op);
}

static void references(void **state)
{
    (void)state;
    struct op op = test_op();
    const struct fhir_query *q = reads(&op, FHIR_OBSERVATION, "subject=Patient/1");
    assert_int_equal(value(q)->ref.type, FHIR_PATIENT);
    assert_str(value(q)->ref.id, "1");
    q = reads(&op, FHIR_OBSERVATION, "subject=1");
    assert_int_equal(value(q)->ref.kind, REF_LOCAL);
    assert_int_equal(value(q)->ref.type, 0);
    q = reads(&op, FHIR_OBSERVATION, "subject:Patient=1");
    assert_int_equal(q->clauses[0].modifier, MOD_TYPE);
    assert_int_equal(value(q)->ref.type, FHIR_PATIENT);
    q = reads(&op, FHIR_OBSERVATION, "patient=1"); /* rewritten */
    assert_string_equal(q->clauses[0].param->code, "subject");
    assert_int_equal(q->clauses[0].mod_type, FHIR_PATIENT);
    assert_int_equal(value(q)->ref.type, FHIR_PATIENT);
    q = reads(&op, FHIR_OBSERVATION, "encounter=7");
    assert_int_equal(value(q)->ref.type, FHIR_ENCOUNTER);
    q = reads(&op, FHIR_OBSERVATION, "subject=http://x.example/fhir/Patient/1");
    assert_int_equal(value(q)->ref.kind, REF_ABSOLUTE);
    q = reads(&op, FHIR_OBSERVATION, "subject:identifier=urn:mrn|9");
    assert_int_equal(q->clauses[0].modifier, MOD_IDENTIFIER);
    assert_str(value(q)->code, "9");
    test_op_done(&op);
}

static void chains(void **state)
{
    (void)state;
    struct op op = test_op();
    const struct fhir_query *q = reads(&op, FHIR_OBSERVATION, "subject:Patient.name:exact=Ana");
    assert_int_equal(q->clauses[0].mod_type, FHIR_PATIENT);
    q = q->clauses[0].chain;
    assert_int_equal(q->type, FHIR_PATIENT);
    assert_int_equal(q->clauses[0].modifier, MOD_EXACT);
    assert_str(value(q)->text, "Ana");
    q = reads(&op, FHIR_OBSERVATION, "patient.identifier=urn:mrn|1");
    assert_int_equal(q->clauses[0].chain->type, FHIR_PATIENT);
    q = reads(&op, FHIR_OBSERVATION, "encounter.patient.organization.name=x");
    q = q->clauses[0].chain->clauses[0].chain->clauses[0].chain;
    assert_int_equal(q->type, FHIR_ORGANIZATION);
    /* only one of the targets has a birthdate */
    q = reads(&op, FHIR_OBSERVATION, "subject.birthdate=2000");
    assert_int_equal(q->clauses[0].chain->type, FHIR_PATIENT);
    assert_int_equal(q->clauses[0].n_chain, 1);
    q = reads(&op, FHIR_OBSERVATION, "subject.name=x"); /* asked of both that have one */
    assert_int_equal(q->clauses[0].n_chain, 2);
    assert_int_equal(q->clauses[0].mod_type, 0);
    q = reads(&op, FHIR_PATIENT, "_has:Observation:patient:encounter.type=x");
    assert_true(q->clauses[0].reverse);
    assert_string_equal(q->clauses[0].param->code, "subject");
    assert_int_equal(q->clauses[0].chain->type, FHIR_OBSERVATION);
    assert_int_equal(q->clauses[0].chain->clauses[0].chain->type, FHIR_ENCOUNTER);
    q = reads(&op, FHIR_OBSERVATION, "subject:Patient._has:Group:member:_id=g");
    assert_true(q->clauses[0].chain->clauses[0].reverse);
    test_op_done(&op);
}

static void composites(void **state)
{
    (void)state;
    struct op op = test_op();
    const struct fhir_query *q =
        reads(&op, FHIR_OBSERVATION, "component-code-value-quantity=l|8480-6$gt140,x\\$y$1||mg");
    assert_int_equal(q->clauses[0].n, 2);
    assert_int_equal(value(q)->n_parts, 2);
    assert_str(value(q)->parts[0].code, "8480-6");
    assert_int_equal(value(q)->parts[1].prefix, PREFIX_GT);
    assert_str(q->clauses[0].values[1].parts[0].code, "x$y");
    assert_str(q->clauses[0].values[1].parts[1].code, "mg");
    test_op_done(&op);
}

static void result_parameters(void **state)
{
    (void)state;
    struct op op = test_op();
    const struct fhir_query *q =
        reads(&op, FHIR_OBSERVATION,
              "_count=50&_sort=-date,_id&_include=Observation:patient&_include:iterate=Patient:"
              "organization&_revinclude=Provenance:target&_total=accurate&_summary=count&_page=abc"
              "&_format=json&_pretty=true&status=final");
    assert_int_equal(q->count, 50);
    assert_int_equal(q->n_sort, 2);
    assert_true(q->sort[0].descending);
    assert_string_equal(q->sort[0].param->code, "date");
    assert_string_equal(q->sort[1].param->code, "_id");
    assert_int_equal(q->n_includes, 3);
    assert_string_equal(q->includes[0].param->code, "subject");
    assert_int_equal(q->includes[0].target, FHIR_PATIENT);
    assert_true(q->includes[1].iterate);
    assert_true(q->includes[2].reverse);
    assert_int_equal(q->total, TOTAL_ACCURATE);
    assert_int_equal(q->summary, SUMMARY_COUNT);
    assert_str(q->page, "abc");
    assert_str(q->self, "_count=50&_sort=-date,_id&_include=Observation:patient&_include:iterate="
                        "Patient:organization&_revinclude=Provenance:target&_total=accurate"
                        "&_summary=count&status=final");
    q = reads(&op, FHIR_PATIENT, "");
    assert_int_equal(q->count, 20);
    assert_int_equal(q->n, 0);
    assert_int_equal(reads(&op, FHIR_PATIENT, "_count=100000")->count, 1000);
    assert_int_equal(reads(&op, FHIR_PATIENT, "_id=a,b&_lastUpdated=gt2024&_tag=x|y")->n, 3);
    test_op_done(&op);
}

struct bad {
    fhir_type type;
    const char *query;
    const char *part; /* of the message */
};

static const struct bad bad_rows[] = {
    {FHIR_PATIENT, "nosuch=1",
     "'nosuch': Patient cannot be searched by it; it can by: _content, _id, "},
    {FHIR_PATIENT, "birthdate=soon", "'birthdate': not a date: give"},
    {FHIR_PATIENT, "birthdate=2024-13", "'birthdate': not a date"},
    {FHIR_PATIENT, "birthdate:exact=2024",
     "'birthdate:exact': the modifier is not supported "
     "here; supported: :missing"},
    {FHIR_PATIENT, "name:above=x", "supported: :missing, :exact, :contains, :text"},
    {FHIR_PATIENT, "name=", "'name': empty value"},
    {FHIR_PATIENT, "name=a,,b", "'name': empty value"},
    {FHIR_PATIENT, "name", "'name': empty value"},
    {FHIR_PATIENT, "name:missing=maybe", "'name:missing': give true or false"},
    {FHIR_RISK_ASSESSMENT, "probability=x", "'probability': not a number"},
    {FHIR_OBSERVATION, "code=a|b|c", "'code': give code, system|code, |code or system|"},
    {FHIR_OBSERVATION, "code=|", "'code': empty value"},
    {FHIR_OBSERVATION, "value-quantity=1|2", "give number, number|system|code or number||code"},
    {FHIR_OBSERVATION, "subject=a b", "'subject': not a reference"},
    {FHIR_LIST, "item.identifier=x", "say which is meant, as in item:Patient."},
    {FHIR_OBSERVATION, "subject.nosuch=x", "nothing that it refers to can be searched"},
    {FHIR_OBSERVATION, "subject:Patient.nosuch=x", "Patient cannot be searched by it"},
    {FHIR_OBSERVATION, "code.text=x", "only a reference can be followed"},
    {FHIR_OBSERVATION,
     "encounter.patient.organization.partof.partof.partof.partof.partof.partof.name=x",
     "at most 8 references"},
    {FHIR_PATIENT, "identifier:of-type=a|b", "give system|code|value"},
    {FHIR_OBSERVATION, "code:below=x", "give system|code"},
    {FHIR_OBSERVATION, "subject:below=Patient/1", "give Type/id of what is part of others"},
    {FHIR_OBSERVATION, "encounter.patient:below=1", "the modifier is not supported here"},
    {FHIR_PATIENT, "_list=$current-problems", "functional lists"},
    {FHIR_PATIENT, "_list:not=1", "it takes no modifier"},
    {FHIR_PATIENT, "_has=1", "'_has': Patient cannot be searched by it"},
    {FHIR_PATIENT, "_has:Observation:patient=1", "give _has:Type:reference:parameter"},
    {FHIR_PATIENT, "_has:Observation:code:status=final", "no such reference of Observation"},
    {FHIR_PATIENT, "_has:Foo:patient:status=final", "after _has: comes a resource type"},
    {FHIR_PATIENT, "_has:Observation:patient:nosuch=1", "Observation cannot be searched by it"},
    {FHIR_OBSERVATION, "code-value-quantity=a", "'code-value-quantity': give 2 parts joined by"},
    {FHIR_OBSERVATION, "code-value-quantity=a$1$2", "give 2 parts"},
    {FHIR_OBSERVATION, "_count=many", "'_count': give a whole number, 0 to 1000"},
    {FHIR_OBSERVATION, "_sort=nosuch", "'_sort': sort by search parameters"},
    {FHIR_OBSERVATION, "_sort=code-value-quantity",
     "sort by search parameters that are not composite"},
    {FHIR_OBSERVATION, "_include=**", "'_include': give Type:parameter"},
    {FHIR_OBSERVATION, "_include=Patient:*", "the first type must be the one"},
    {FHIR_OBSERVATION, "_include=Observation:code",
     "no such reference parameter of "
     "Observation; there are: based-on"},
    {FHIR_OBSERVATION, "_include=Patient:organization", "the first type must be the one"},
    {FHIR_OBSERVATION, "_revinclude=Patient:organization", "does not refer to the type"},
    {FHIR_OBSERVATION, "_total=some", "'_total': give none, estimate or accurate"},
    {FHIR_OBSERVATION, "_summary=x", "'_summary': give false, true, text, data or count"},
    {FHIR_OBSERVATION, "_elements=code,x", "'_elements': give at most 64 elements of the first"},
    {FHIR_OBSERVATION, "_elements=code.coding", "'_elements': give at most 64 elements of the"},
    {FHIR_OBSERVATION, "_elements=code&_summary=true", "give _elements or _summary, not both"},
    {FHIR_OBSERVATION, "_summary=text&_include=*", "text does not go with _include"},
    {FHIR_OBSERVATION, "_type=Patient", "the address names the type already"},
    {FHIR_OBSERVATION, "_explain=x", "'_explain': give 1 or 0"},
    {FHIR_OBSERVATION, "_score=1", "'_score': not supported; supported beside"},
    {FHIR_LOCATION, "near=1", "give latitude|longitude|distance|units"},
    {FHIR_LOCATION, "near=91|2|3", "give latitude|longitude|distance|units"},
    {FHIR_LOCATION, "near=1|2|3|parsec", "units are km"},
    {FHIR_PATIENT, "_content=(a", "a ')' is missing"},
    {FHIR_PATIENT, "_content=a)", "a '(' is missing"},
    {FHIR_PATIENT, "_content=a AND", "no word in a part"},
    {FHIR_PATIENT, "_content=\"a", "a '\"' is missing"},
    {FHIR_PATIENT, "_content=((((((((((a))))))))))", "within one another"},
    {FHIR_PATIENT, "_text:exact=a", "the modifier is not supported here; supported: :missing"},
    {FHIR_OBSERVATION, "code=%zz", "not percent-encoded UTF-8"},
    {FHIR_OBSERVATION, "code=%", "not percent-encoded UTF-8"},
    {FHIR_OBSERVATION, "code=%ff", "not percent-encoded UTF-8"},
    {FHIR_OBSERVATION, "code=a%00b", "not percent-encoded UTF-8"},
};

static void refusals(void **state)
{
    (void)state;
    struct op op = test_op();
    for (size_t i = 0; i < sizeof bad_rows / sizeof *bad_rows; i++) {
        const struct fhir_query *q = NULL;
        op_clear(&op);
        err e = fhir_query_read(&op, bad_rows[i].type, str_of(bad_rows[i].query), false, &q);
        if (e != ERR_INVALID || op.fault.n != 1)
            fail_msg("%s: accepted\n", bad_rows[i].query);
        assert_null(q);
        str got = op.fault.issues[0].message;
        if (str_find(got, str_of(bad_rows[i].part), 0) == SIZE_MAX)
            fail_msg("%s: %.*s\n", bad_rows[i].query, STR_ARG(got));
    }
    test_op_done(&op);
}

/* Values may be personal: they stay out of messages. */
static void no_values_told(void **state)
{
    static const char *const queries[] = {"birthdate=SECRET",
                                          "name:missing=SECRET",
                                          "identifier=SECRET|SECRET|SECRET",
                                          "nosuch=SECRET",
                                          "general-practitioner=SECRET SECRET",
                                          "_count=SECRET"};
    (void)state;
    struct op op = test_op();
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        const struct fhir_query *q;
        op_clear(&op);
        assert_int_equal(fhir_query_read(&op, FHIR_PATIENT, str_of(queries[i]), false, &q),
                         ERR_INVALID);
        assert_int_equal(str_find(op.fault.issues[0].message, STR("SECRET"), 0), SIZE_MAX);
    }
    test_op_done(&op);
}

static void lenient(void **state)
{
    (void)state;
    struct op op = test_op();
    const struct fhir_query *q = NULL;
    assert_int_equal(fhir_query_read(&op, FHIR_PATIENT,
                                     STR("nosuch=1&name=ana&birthdate=x&_sort=zz&gender:foo=y"
                                         "&general-practitioner.nosuch=1"),
                                     true, &q),
                     OK);
    assert_int_equal(op.fault.code, OK);
    assert_int_equal(op.fault.n, 5);
    assert_int_equal(op.fault.issues[0].severity, SEVERITY_WARNING);
    assert_int_equal(q->n, 1);
    assert_int_equal(q->n_sort, 0);
    assert_str(q->self, "name=ana");
    test_op_done(&op);
}

static void ceilings(void **state)
{
    (void)state;
    struct op op = test_op();
    const struct fhir_query *q = NULL;
    struct buf b;
    buf_init(&b, op.arena, 1u << 20);
    for (int i = 0; i < 70; i++)
        buf_add(&b, STR("name=a&"));
    assert_int_equal(fhir_query_read(&op, FHIR_PATIENT, buf_str(&b), false, &q), ERR_TOO_COSTLY);
    buf_clear(&b);
    op_clear(&op);
    buf_add(&b, STR("name=a"));
    for (int i = 0; i < 1000; i++)
        buf_add(&b, STR(",a"));
    assert_int_equal(fhir_query_read(&op, FHIR_PATIENT, buf_str(&b), true, &q), ERR_TOO_COSTLY);
    op_clear(&op);
    while (b.n < 300000)
        buf_add(&b, STR(",aaaaaaaaaaaaaa"));
    assert_int_equal(fhir_query_read(&op, FHIR_PATIENT, buf_str(&b), true, &q), ERR_TOO_LARGE);
    test_op_done(&op);
}

/* ---- matching ---- */

static const char patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"meta\":{\"lastUpdated\":\"2024-05-01T10:00:"
    "00Z\","
    "\"tag\":[{\"system\":\"s\",\"code\":\"t\"}]},\"active\":true,\"identifier\":[{\"system\":"
    "\"urn:mrn\",\"value\":\"1\"}],\"name\":[{\"family\":\"D\\u00edaz  "
    "Rivers\",\"given\":[\"Ana\"]}],"
    "\"gender\":\"female\",\"birthDate\":\"1974-12-25\"}";
static const char observation[] =
    "{\"resourceType\":\"Observation\",\"id\":\"o1\",\"status\":\"final\",\"code\":{\"coding\":[{"
    "\"system\":\"l\",\"code\":\"85354-9\"}]},\"subject\":{\"reference\":\"Patient/"
    "p1\",\"identifier\":"
    "{\"system\":\"urn:mrn\",\"value\":\"1\"}},\"effectivePeriod\":{\"start\":\"2024-01-01\","
    "\"end\":"
    "\"2024-01-31\"},\"valueQuantity\":{\"value\":100.2,\"unit\":\"kilo\",\"system\":\"u\","
    "\"code\":"
    "\"kg\"},\"component\":[{\"code\":{\"coding\":[{\"system\":\"l\",\"code\":\"8480-6\"}]},"
    "\"valueQuantity\":{\"value\":140,\"system\":\"u\",\"code\":\"mm[Hg]\"}},{\"code\":{\"coding\":"
    "[{"
    "\"system\":\"l\",\"code\":\"8462-4\"}]},\"valueQuantity\":{\"value\":90,\"system\":\"u\","
    "\"code\":"
    "\"mm[Hg]\"}}],\"device\":{\"reference\":\"http://x.example/Device/1\"}}";

struct hit {
    const char *query;
    bool want;
};

static const struct hit patient_hits[] = {
    {"", true},
    {"_id=p1", true},
    {"_id=p2,p3", false},
    {"_lastUpdated=2024-05-01", true},
    {"_lastUpdated=lt2024-05-01", false},
    {"_tag=s|t", true},
    {"name=diaz", true},
    {"name=DIAZ RIV", true},
    {"name=rivers", false},
    {"name:contains=rivers", true},
    {"name:exact=Ana", true},
    {"name:exact=ana", false},
    {"family=d%C3%ADaz", true},
    {"phonetic=ana", true},
    {"gender=female", true},
    {"gender=http://hl7.org/fhir/administrative-gender|female", true},
    {"gender=urn:x|female", false},
    {"gender:not=male", true},
    {"gender:not=female", false},
    {"identifier=urn:mrn|1", true},
    {"identifier=|1", false},
    {"identifier=1", true},
    {"identifier=urn:mrn|", true},
    {"birthdate=1974", true},
    {"birthdate=1974-12-25", true},
    {"birthdate=ne1974-12-25", false},
    {"birthdate=gt1974-12-25", false},
    {"birthdate=ge1974-12-25", true},
    {"birthdate=lt1975", true},
    {"birthdate=sa1974-12-24", true},
    {"birthdate=eb1974-12-26", true},
    {"deceased=false", true},
    {"address:missing=true", true},
    {"address:missing=false", false},
    {"name=zoe,ana", true},
    {"name=zoe&name=ana", false},
    {"active=true&gender=female", true},
};
static const struct hit observation_hits[] = {
    {"subject=Patient/p1", true},
    {"subject=p1", true},
    {"subject=Group/p1", false},
    {"subject:Patient=p1", true},
    {"subject:Group=p1", false},
    {"patient=p1", true},
    {"patient=p2", false},
    {"patient:missing=false", true},
    {"subject:identifier=urn:mrn|1", true},
    {"subject:identifier=2", false},
    {"device=http://x.example/Device/1", true},
    {"device=http://y.example/Device/1", false},
    {"date=2024", true},
    {"date=2024-01", true},
    {"date=2024-01-15", false},
    {"date=gt2024-01-15", true},
    {"date=lt2024-01-15", true},
    {"date=sa2023-12-31", true},
    {"date=eb2024-01-20", false},
    {"date=ge2024-02", false},
    {"value-quantity=100", true},
    {"value-quantity=100.0", false},
    {"value-quantity=100.2|u|kg", true},
    {"value-quantity=100.2||kg", true},
    {"value-quantity=100.2||kilo", true},
    {"value-quantity=100.2|v|kg", false},
    {"value-quantity=gt100", true},
    {"value-quantity=gt100.2", false},
    {"value-quantity=ge100.2", true},
    {"value-quantity=ap105", true},
    {"value-quantity=ne100", false},
    {"combo-code=8480-6", true},
    {"combo-code=l|85354-9", true},
    {"combo-code=zz", false},
    {"combo-value-quantity=90", true},
    {"component-code-value-quantity=l|8480-6$gt130", true},
    {"component-code-value-quantity=l|8462-4$gt130", false},
    {"component-code-value-quantity=8462-4$90||mm[Hg]", true},
    {"combo-code-value-quantity=8480-6$140", true},
    {"combo-code-value-quantity=85354-9$100", true},
    {"combo-code-value-quantity=85354-9$140", false},
    {"encounter:missing=true", true},
};

static void check_hits(const char *text, const struct hit *rows, size_t n)
{
    struct op op = test_op();
    struct json *v = tree_of_text(&op, str_of(text));
    for (size_t i = 0; i < n; i++) {
        bool hit = !rows[i].want;
        const struct fhir_query *q = reads(&op, fhir_type_of(v), rows[i].query);
        assert_int_equal(fhir_query_match(&op, q, v, &hit), OK);
        if (hit != rows[i].want)
            fail_msg("%s: want %d\n", rows[i].query, rows[i].want);
    }
    test_op_done(&op);
}

static void matching(void **state)
{
    (void)state;
    check_hits(patient, patient_hits, sizeof patient_hits / sizeof *patient_hits);
    check_hits(observation, observation_hits, sizeof observation_hits / sizeof *observation_hits);
    struct op op = test_op();
    bool hit = true;
    struct json *v = tree_of_text(&op, str_of(patient));
    assert_int_equal(fhir_query_match(&op, reads(&op, FHIR_OBSERVATION, ""), v, &hit), OK);
    assert_false(hit);
    v = tree_of_text(&op, str_of(observation));
    assert_int_equal(
        fhir_query_match(&op, reads(&op, FHIR_OBSERVATION, "patient.name=ana"), v, &hit),
        ERR_UNSUPPORTED);
    test_op_done(&op);
}

/* Property: a resource is found by the text of each of its own keys. */
static void finds_own_keys(void **state)
{
    (void)state;
    struct op op = test_op();
    const char *texts[] = {patient, observation};
    for (size_t i = 0; i < 2; i++)
        assert_true(keys_find_it(&op, tree_of_text(&op, str_of(texts[i]))) > 5);
    test_op_done(&op);
}

/* Every n-th request for memory refused, while reading and while matching. */
static void out_of_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 30; nth++) {
        struct op op = test_op();
        const struct fhir_query *q = NULL;
        bool hit;
        struct json *v = tree_of_text(&op, str_of(observation));
        arena_fail_at(nth, true);
        err e = fhir_query_read(&op, FHIR_OBSERVATION,
                                STR("combo-code-value-quantity=a$1,b\\$c$2&subject:Patient.name=x,y"
                                    "&date=ge2024&_include=Observation:subject&nosuch=1"),
                                true, &q);
        assert_true(e == OK || e == ERR_TOO_LARGE);
        op_clear(&op);
        if (fhir_query_read(&op, FHIR_OBSERVATION, STR("combo-code=a&status=final"), false, &q) ==
            OK)
            e = fhir_query_match(&op, q, v, &hit);
        assert_true(e == OK || e == ERR_TOO_LARGE);
        arena_fail_at(0, false);
        test_op_done(&op);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),
        cmocka_unit_test(dates),
        cmocka_unit_test(numbers),
        cmocka_unit_test(references),
        cmocka_unit_test(chains),
        cmocka_unit_test(composites),
        cmocka_unit_test(result_parameters),
        cmocka_unit_test(refusals),
        cmocka_unit_test(no_values_told),
        cmocka_unit_test(lenient),
        cmocka_unit_test(ceilings),
        cmocka_unit_test(matching),
        cmocka_unit_test(finds_own_keys),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
