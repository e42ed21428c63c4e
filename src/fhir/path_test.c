/* FHIRPath: a table of expressions over one patient and one observation with the results that the
 * specification gives, errors with their positions, and the bounds. */
#include "fhir/keys_dump.h"
#include "fhir/path_answer.h"
#include "fhir/path_int.h"

static const char patient_text[] =
    "{\"resourceType\":\"Patient\",\"id\":\"example\",\"active\":true,"
    "\"contained\":[{\"resourceType\":\"Organization\",\"id\":\"org\",\"name\":\"Clinic\"}],"
    "\"extension\":[{\"url\":\"http://example.org/e\",\"valueString\":\"x\"}],"
    "\"identifier\":[{\"system\":\"urn:a\",\"value\":\"1\"},{\"system\":\"urn:b\",\"value\":\"2\"}]"
    ","
    "\"name\":[{\"use\":\"official\",\"family\":\"Rivers\",\"given\":[\"Ana\",\"Mar\\u00eda\"]},"
    "{\"use\":\"usual\",\"given\":[\"Ana\"]}],"
    "\"telecom\":[{\"system\":\"phone\",\"value\":\"555\"},{\"system\":\"email\",\"value\":\"a@b."
    "c\"}],"
    "\"gender\":\"female\",\"birthDate\":\"1974-12-25\","
    "\"_birthDate\":{\"extension\":[{\"url\":\"http://example.org/time\","
    "\"valueDateTime\":\"1974-12-25T14:35:45-05:00\"}]},"
    "\"deceasedBoolean\":false,\"multipleBirthInteger\":2,"
    "\"managingOrganization\":{\"reference\":\"#org\"},"
    "\"generalPractitioner\":[{\"reference\":\"Practitioner/7\"},"
    "{\"reference\":\"http://other.example/fhir/Organization/9\"},{\"reference\":\"urn:uuid:1\","
    "\"type\":\"PractitionerRole\"}]}";

static const char observation_text[] =
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":"
    "\"http://loinc.org\",\"code\":\"29463-7\",\"display\":\"Body weight\"}],\"text\":\"Weight\"},"
    "\"subject\":{\"reference\":\"Patient/"
    "example\"},\"effectiveDateTime\":\"2024-03-01T08:00:00Z\","
    "\"valueQuantity\":{\"value\":185.50,\"unit\":\"lbs\",\"system\":\"http://unitsofmeasure.org\","
    "\"code\":\"[lb_av]\"},\"component\":[{\"code\":{\"text\":\"a\"},\"valueQuantity\":{\"value\":"
    "1}},"
    "{\"code\":{\"text\":\"b\"},\"valueString\":\"two\"},{\"code\":{\"text\":\"c\"}}]}";

struct row {
    const char *expression;
    const char *want; /* items joined by ';', objects as {} */
};

static const struct row on_patient[] = {
    /* paths */
    {"Patient.name.given", "Ana;María;Ana"},
    {"name.given", "Ana;María;Ana"},
    {"Patient.name[0].given[1]", "María"},
    {"name[5]", ""},
    {"Resource.id", "example"},
    {"DomainResource.id | Patient.id", "example"},
    {"Observation.id", ""},
    {"`name`.family", "Rivers"},
    {"Patient.deceased", "false"},
    {"Patient.deceased.exists() and Patient.deceased != false", "false"},
    {"Patient.multipleBirth + 1", "3"},
    {"nothing", ""},
    {"name.$this.family", "Rivers"},
    {"%resource.id", "example"},
    {"%context.id", "example"},
    {"%loinc", "http://loinc.org"},
    {"%`vs-gender`", "http://hl7.org/fhir/ValueSet/gender"},
    /* existence */
    {"name.exists()", "true"},
    {"name.exists(use = 'usual')", "true"},
    {"name.exists(use = 'old')", "false"},
    {"photo.empty()", "true"},
    {"name.all(given.exists())", "true"},
    {"name.all(family.exists())", "false"},
    {"name.given.count()", "3"},
    {"name.given.distinct()", "Ana;María"},
    {"name.given.isDistinct()", "false"},
    {"name.select(given.count() > 1).allTrue()", "false"},
    {"name.select(given.count() > 1).anyTrue()", "true"},
    {"name.select(given.count() > 9).allFalse()", "true"},
    {"name.select(given.count() > 1).anyFalse()", "true"},
    {"name.given.first().subsetOf(name.given)", "true"},
    {"name.given.supersetOf('Ana')", "true"},
    {"active.not()", "false"},
    {"{}.not()", ""},
    /* filtering and projection */
    {"name.where(use = 'official').family", "Rivers"},
    {"telecom.where(system='email').value", "a@b.c"},
    {"name.select(given.first())", "Ana;Ana"},
    {"name.given.where($index = 1)", "María"},
    {"name.given.select($this + '!')", "Ana!;María!;Ana!"},
    {"(1 | 2 | 3).aggregate($this + $total, 0)", "6"},
    {"(1 | 2 | 3).aggregate(iif($total.empty() or $this > $total, $this, $total))", "3"},
    {"repeat(extension).count()", "1"},
    {"descendants().where($this is Extension).count()", "2"},
    {"children().count() > 10", "true"},
    /* subsetting */
    {"name.given.first()", "Ana"},
    {"name.given.last()", "Ana"},
    {"name.given.tail()", "María;Ana"},
    {"name.given.skip(2)", "Ana"},
    {"name.given.take(2)", "Ana;María"},
    {"name.given.take(0)", ""},
    {"identifier.where(value='1').single().system", "urn:a"},
    {"name.given.intersect('Ana')", "Ana"},
    {"name.given.exclude('Ana')", "María"},
    {"name.family.combine(name.given).count()", "4"},
    {"name.given.union(name.given).count()", "2"},
    {"name.given | name.family", "Ana;María;Rivers"},
    /* types */
    {"Patient is Patient", "true"},
    {"Patient is DomainResource", "true"},
    {"active is boolean", "true"},
    {"active.is(Boolean)", "false"},
    {"active.is(System.Boolean)", "false"},
    {"true is Boolean", "true"},
    {"gender is string", "true"},
    {"gender.is(FHIR.code)", "true"},
    {"deceased.ofType(boolean)", "false"},
    {"deceased.ofType(dateTime)", ""},
    {"(deceased as boolean)", "false"},
    {"deceased.as(dateTime)", ""},
    {"birthDate.type().name", "date"},
    {"birthDate.type().namespace", "FHIR"},
    {"1.type().name", "Integer"},
    /* extensions and references */
    {"extension('http://example.org/e').value", "x"},
    {"birthDate.extension('http://example.org/time').value", "1974-12-25T14:35:45-05:00"},
    {"birthDate.extension.value is dateTime", "true"},
    {"birthDate.hasValue()", "true"},
    {"name.hasValue()", "false"},
    {"managingOrganization.resolve().name", "Clinic"},
    {"generalPractitioner.where(resolve() is Practitioner).reference", "Practitioner/7"},
    {"generalPractitioner.where(resolve() is Organization).reference",
     "http://other.example/fhir/Organization/9"},
    {"generalPractitioner.where(resolve() is PractitionerRole).reference", ""},
    {"generalPractitioner.resolve().id", "7;9"},
    /* logic: three values */
    {"true and {}", ""},
    {"false and {}", "false"},
    {"{} or true", "true"},
    {"{} or false", ""},
    {"true xor {}", ""},
    {"true xor false", "true"},
    {"false implies {}", "true"},
    {"{} implies true", "true"},
    {"true implies {}", ""},
    {"name and true", "!"},
    {"gender and true", "true"},
    /* equality */
    {"gender = 'female'", "true"},
    {"gender != 'female'", "false"},
    {"name.given = name.given", "true"},
    {"name.given = ('Ana' | 'B')", "false"},
    {"{} = 1", ""},
    {"1 = 1.0", "true"},
    {"1 = '1'", "false"},
    {"'ABC  d' ~ 'abc D'", "true"},
    {"1.2 ~ 1.23", "true"},
    {"{} ~ {}", "true"},
    {"(1 | 2) ~ (2 | 1)", "true"},
    {"1 !~ 2", "true"},
    {"@2012 = @2012-01", ""},
    {"@2012-04-15 = @2012-04-15T10:00:00", ""},
    {"@2017-11-05T01:30:00.0-04:00 > @2017-11-05T01:15:00.0-05:00", "false"},
    {"@2018-03-01 > @2018-02-28", "true"},
    {"@T10:30 < @T10:31:00", "true"},
    {"birthDate < today()", "false"},
    {"birthDate <= @1974-12-25", "true"},
    {"1 > 2", "false"},
    {"'b' > 'a'", "true"},
    {"4 days = 4 'd'", "true"},
    {"5 'mg' > 4 'mg'", "true"},
    {"5 'mg' > 4 'g'", "false"},
    /* membership, precedence */
    {"'Ana' in name.given", "true"},
    {"name.given contains 'Zoe'", "false"},
    {"{} in name.given", ""},
    {"1 + 2 * 3 = 7 and true", "true"},
    {"(1 + 2) * 3", "9"},
    {"-1 + 2", "1"},
    {"2 - -1", "3"},
    {"7 div 2", "3"},
    {"7 mod 2", "1"},
    {"-7 mod 2", "-1"},
    {"1 / 4", "0.25"},
    {"1 / 0", ""},
    {"0.1 + 0.2 = 0.3", "true"},
    {"1.10 + 2", "3.10"},
    {"'a' & {} & 'b'", "ab"},
    {"'a' + {}", ""},
    {"'a' & birthDate", "a1974-12-25"},
    {"'a' & @2024", "!"},
    {"birthDate.substring(0, 4)", "1974"},
    {"'abc'.matches('')", "true"},
    {"'abc'.matchesFull('')", "false"},
    {"1 > 2 | true", "!"},
    {"2 > 1 is Boolean", "!"},
    {"1 | 1 is Integer", "1;true"},
    {"name.select(given | family).count()", "4"},
    {"name.select(given.distinct()).count()", "3"},
    {"7 days = 1 week", "true"},
    {"90 minutes > 1 'h'", "true"},
    {"1 year > 300 days", ""},
    {"1.2 / 1.8", "0.66666667"},
    {"@2012-04-15T15:00:00Z = @2012-04-15T10:00:00", ""},
    {"false implies false or true", "true"},
    /* dates */
    {"@2024-01-31 + 1 month", "2024-02-29"},
    {"@2024-02-29 + 1 year", "2025-02-28"},
    {"@2024-02-28 + 2 days", "2024-03-01"},
    {"@2024-03-01T00:30:00Z - 1 hour", "2024-02-29T23:30:00Z"},
    {"@2024-03-01T00:30:00.250Z + 0.75 seconds", "2024-03-01T00:30:01.000Z"},
    {"@T23:30 + 1 hour", "00:30"},
    {"@2024 + 24 months", "2026"},
    {"now() = now()", "true"},
    {"today().toString()", "1970-01-01"},
    /* strings */
    {"'abcdef'.indexOf('cd')", "2"},
    {"'abc'.indexOf('z')", "-1"},
    {"'María'.substring(3, 1)", "í"},
    {"'abc'.substring(5)", ""},
    {"'abc'.startsWith('ab')", "true"},
    {"'abc'.endsWith('bc')", "true"},
    {"'abc'.contains('b')", "true"},
    {"'María'.upper()", "MARÍA"},
    {"'ABC'.lower()", "abc"},
    {"'abcabc'.replace('b', 'X')", "aXcaXc"},
    {"'ab'.replace('', '-')", "-a-b-"},
    {"'123-45'.matches('^[0-9]+-[0-9]+$')", "true"},
    {"'11/30/1972'.replaceMatches('(\\\\d{2})/(\\\\d{2})/(\\\\d{4})', '$3-$1-$2')", "1972-11-30"},
    {"'María'.length()", "5"},
    {"'ab'.toChars()", "a;b"},
    {"' a '.trim()", "a"},
    {"'a,b'.split(',')", "a;b"},
    {"name.given.join('-')", "Ana-María-Ana"},
    {"'it\\'s \\u00e9'", "it's é"},
    /* math */
    {"(-5.5).abs()", "5.5"},
    {"1.1.ceiling()", "2"},
    {"(-1.1).floor()", "-2"},
    {"(-1.9).truncate()", "-1"},
    {"3.14159.round(3)", "3.142"},
    {"81.sqrt()", "9"},
    {"(-1).sqrt()", ""},
    {"2.power(10)", "1024"},
    {"16.log(2)", "4"},
    {"1.ln()", "0"},
    {"0.exp()", "1"},
    /* conversion */
    {"'1'.toInteger()", "1"},
    {"'1.5'.toInteger()", ""},
    {"'1.5'.toDecimal()", "1.5"},
    {"'yes'.toBoolean()", "true"},
    {"1.toString()", "1"},
    {"'2024-01'.toDate()", "2024-01"},
    {"'2024-01-01T10:00:00Z'.toDateTime()", "2024-01-01T10:00:00Z"},
    {"'10:30'.toTime()", "10:30"},
    {"'4 days'.toQuantity() = 4 'd'", "true"},
    {"'x'.convertsToInteger()", "false"},
    {"'2024-13-01'.convertsToDate()", "false"},
    {"iif(active, 'yes', 'no')", "yes"},
    {"iif({}, 'yes')", ""},
    {"name.trace('n').family", "Rivers"},
    /* surroundings */
    {"gender.memberOf('urn:set')", "true"},
    {"gender.memberOf('urn:none')", ""},
    {"name.family.memberOf('urn:set')", "false"},
    {"(1 | 2).memberOf('urn:set')", ""},
    {"%a.subsumes(%ab)", "true"},
    {"%ab.subsumes(%a)", "false"},
    {"%ab.subsumedBy(%a)", "true"},
    {"%ab.subsumedBy(%other)", ""},
    {"%other.subsumes(%other)", "true"},
    {"conformsTo('urn:profile')", "true"},
    {"name[0].conformsTo('urn:profile')", "false"},
    {"conformsTo('urn:nothing')", "!"},
    {"conformsTo('http://hl7.org/fhir/StructureDefinition/DomainResource')", "true"},
    {"conformsTo('http://hl7.org/fhir/StructureDefinition/Observation')", "false"},
    /* what elements are defined as */
    {"elementDefinition().path & birthDate.elementDefinition().path", "PatientPatient.birthDate"},
    {"name[0].family.elementDefinition().id", "HumanName.family"},
    {"name[0].elementDefinition().select(min.toString() & max)", "0*"},
    {"active.elementDefinition().isModifier", "true"},
    {"(1 | 'a').elementDefinition()", ""},
    {"name.slice('urn:profile', 'none')", ""},
    {"name[0].checkModifiers('urn:x').family", "Rivers"},
    {"name.checkModifiers({})", "!"},
    {"%text", "text"},
    {"%text is String", "true"},
    {"/* all */ name // rest\n .family", "Rivers"},
};

static const struct row on_observation[] = {
    {"Observation.value", "{}"},
    {"Observation.value.value", "185.50"},
    {"value.value > 100", "true"},
    {"(Observation.value as Quantity).unit", "lbs"},
    {"Observation.value.ofType(Quantity).code", "[lb_av]"},
    {"value > 180 '[lb_av]'", "true"},
    {"value.unit", "lbs"},
    {"component.value.ofType(string)", "two"},
    {"component.where(value is Quantity).code.text", "a"},
    {"value.elementDefinition().path", "Observation.value[x]"},
    {"value.elementDefinition().type.count()", "11"},
    {"component[0].code.elementDefinition().path", "Observation.component.code"},
    {"subject.elementDefinition().type.targetProfile.where(endsWith('/Patient'))",
     "http://hl7.org/fhir/StructureDefinition/Patient"},
    {"component.where(value.exists().not()).code.text", "c"},
    {"effective.as(DateTime)", "2024-03-01T08:00:00Z"},
    {"effective.is(DateTime)", "false"},
    {"effective is dateTime", "true"},
    {"effective > @2024-02-29", "true"},
    {"code.coding.where(system = %loinc and code = '29463-7').exists()", "true"},
    {"code.memberOf('urn:set')", "true"},
    {"code.coding.memberOf('urn:set')", "true"},
    {"component[0].code.memberOf('urn:set')", "false"},
    {"component[0].code.memberOf('urn:none')", ""},
    {"subject.where(resolve() is Patient).reference", "Patient/example"},
    {"subject.resolve() is Patient", "true"},
};

static void check(const struct row *rows, size_t n, const char *text)
{
    struct op op = test_op();
    size_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        op_clear(&op);
        arena_reset(op.arena);
        str got = answer(&op, rows[i].expression, tree_of_text(&op, str_of(text)));
        if (str_eq(got, str_of(rows[i].want)))
            continue;
        bad++;
        print_error("%s\n  want [%s]\n  got  [%.*s] %.*s\n", rows[i].expression, rows[i].want,
                    STR_ARG(got), STR_ARG(op.fault.n ? op.fault.issues[0].message : STR("")));
    }
    test_op_done(&op);
    assert_int_equal(bad, 0);
}

static void patient(void **state)
{
    (void)state;
    check(on_patient, sizeof on_patient / sizeof *on_patient, patient_text);
}

static void observation(void **state)
{
    (void)state;
    check(on_observation, sizeof on_observation / sizeof *on_observation, observation_text);
}

/* References within a Bundle lead to its entries. */
static void bundle(void **state)
{
    static const char text[] =
        "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"fullUrl\":"
        "\"urn:uuid:1\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"a\"}},{\"fullUrl\":"
        "\"http://example.org/fhir/Practitioner/9\",\"resource\":{\"resourceType\":"
        "\"Practitioner\",\"id\":\"9\"}},{\"fullUrl\":\"urn:uuid:2\",\"resource\":{"
        "\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
        "\"subject\":"
        "{\"reference\":\"urn:uuid:1\"},\"performer\":[{\"reference\":\"Practitioner/9\"},"
        "{\"reference\":\"urn:uuid:7\"}]}}]}";
    static const struct row rows[] = {
        {"entry.resource.subject.resolve().id", "a"},
        {"entry.resource.performer.resolve().id", "9"},
        {"entry.resource.ofType(Observation).subject.resolve() is Patient", "true"},
    };
    (void)state;
    check(rows, sizeof rows / sizeof *rows, text);
}

static void syntax_errors(void **state)
{
    static const struct row rows[] = {
        {"name.", "FHIRPath, position 6: expected a name"},
        {"name where", "FHIRPath, position 6: expected an operator or the end"},
        {"(1 + 2", "FHIRPath, position 7: expected ')'"},
        {"name.nosuch()", "FHIRPath, position 6: no function nosuch()"},
        {"name.where()", "FHIRPath, position 6: where() takes 1 to 1 arguments"},
        {"name is Nosuch", "FHIRPath, position 9: no type Nosuch"},
        {"'open", "FHIRPath, position 2: expected a closing quote"},
        {"'\\x'",
         "FHIRPath, position 4: expected an escape: \\' \\\" \\` \\\\ \\/ \\r \\n \\t \\f or "
         "\\uXXXX"},
        {"@2024-13-01",
         "FHIRPath, position 1: expected a date @YYYY-MM-DD, @YYYY-MM-DDThh:mm:ss or "
         "@Thh:mm"},
        {"1 + ", "FHIRPath, position 5: expected an expression"},
        {"a[1", "FHIRPath, position 4: expected ']'"},
        {"a # b", "FHIRPath, position 3: expected a name, a value or an operator"},
        {"", "FHIRPath, position 1: expected an expression"},
    };
    (void)state;
    struct op op = test_op();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct fhir_path *p = NULL;
        op_clear(&op);
        assert_int_equal(fhir_path_compile(&op, str_of(rows[i].expression), &p), ERR_INVALID);
        assert_null(p);
        if (!str_eq(op.fault.issues[0].message, str_of(rows[i].want)))
            fail_msg("%s: %.*s\n", rows[i].expression, STR_ARG(op.fault.issues[0].message));
    }
    test_op_done(&op);
}

static void runtime_errors(void **state)
{
    static const struct row rows[] = {
        {"name.single()", "FHIRPath, position 6: single() found more than one item"},
        {"name.given > 'a'",
         "FHIRPath, position 12: an operator wants one value on each side, not a list"},
        {"%nosuch", "FHIRPath, position 1: no such variable"},
        {"1 > 'a'", "FHIRPath, position 3: values of these types have no order"},
        {"1 + 'a'", "FHIRPath, position 3: the operator does not go with values of these types"},
    };
    (void)state;
    struct op op = test_op();
    struct json *focus = tree_of_text(&op, str_of(patient_text));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        op_clear(&op);
        assert_str(answer(&op, rows[i].expression, focus), "!");
        assert_int_equal(op.fault.code, ERR_INVALID);
        if (!str_eq(op.fault.issues[0].message, str_of(rows[i].want)))
            fail_msg("%s: %.*s\n", rows[i].expression, STR_ARG(op.fault.issues[0].message));
    }
    test_op_done(&op);
}

/* Deep nesting is refused when compiled, runaway evaluation while it runs. */
static void bounds(void **state)
{
    static const char costly[] =
        "(0|1|2|3|4|5|6|7|8|9).select($this.combine(1|2|3|4|5|6|7|8|9)).repeat($this + 1)";
    (void)state;
    struct op op = test_op();
    const struct fhir_path *p = NULL;
    struct fhir_path_items items;
    struct json *focus = tree_of_text(&op, str_of(patient_text));
    struct buf b;
    buf_init(&b, op.arena, 1u << 20);
    for (int i = 0; i < 5000; i++)
        buf_char(&b, '(');
    assert_int_equal(fhir_path_compile(&op, buf_str(&b), &p), ERR_INVALID);
    buf_clear(&b);
    op_clear(&op);
    for (int i = 0; i < 5000; i++)
        buf_add(&b, STR("a."));
    buf_char(&b, 'a');
    assert_int_equal(fhir_path_compile(&op, buf_str(&b), &p), ERR_INVALID);
    op_clear(&op);
    buf_clear(&b);
    for (int i = 0; i < 40000; i++)
        buf_add(&b, STR("a "));
    assert_int_equal(fhir_path_compile(&op, buf_str(&b), &p), ERR_TOO_LARGE);
    op_clear(&op);
    assert_int_equal(fhir_path_compile(&op, str_of(costly), &p), OK);
    assert_int_equal(fhir_path_eval(&op, p, focus, &items), ERR_TOO_COSTLY);
    op_clear(&op);
    assert_int_equal(fhir_path_compile(&op,
                                       STR("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches("
                                           "'^(a+)+$')"),
                                       &p),
                     OK);
    assert_int_equal(fhir_path_eval(&op, p, focus, &items), ERR_TOO_COSTLY);
    test_op_done(&op);
}

/* Long lists are compared by hash: 5,000 different strings are no square of them. */
static void long_lists(void **state)
{
    static const char *const tails[][2] = {
        {"').split(',').distinct().count()", "5000"},
        {"').split(',').isDistinct()", "true"},
        {"').split(',').select(toInteger()).distinct().count()", "5000"},
        {"').split(',').intersect('7' | '8').count()", "2"},
        {"').split(',').exclude('7' | '8').count()", "4998"},
        {"').split(',').select(toInteger()).subsetOf(1 | 2)", "false"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof tails / sizeof *tails; k++) {
        struct op op = test_op();
        struct buf b;
        buf_init(&b, op.arena, PATH_TEXT_MAX);
        buf_add(&b, STR("('0"));
        for (int i = 1; i < 5000; i++)
            buf_printf(&b, ",%d", i);
        buf_add(&b, str_of(tails[k][0]));
        buf_char(&b, '\0');
        str got = answer(&op, b.p, tree_of_text(&op, str_of(patient_text)));
        if (!str_eq(got, str_of(tails[k][1])))
            fail_msg("%s: %.*s\n", tails[k][0], STR_ARG(got));
        test_op_done(&op);
    }
}

/* Strings cannot grow without end, nor can many long ones be made. */
static void long_strings(void **state)
{
    static const char *const texts[] = {
        "'0123456789'.repeatAll($this & $this)",
        "'0123456789'.repeatAll($this + $this)",
        "('0123456789' | 'a').repeatAll(replace('0', '00000'))",
        "'0123456789'.repeatAll(encode('hex'))",
        "1.repeatAll(now() + 1 day)",
        "(1 'kg').repeatAll($this + 1 'g')",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct op op = test_op();
        assert_str(answer(&op, texts[i], tree_of_text(&op, str_of(patient_text))), "!");
        assert_int_equal(op.fault.code, ERR_TOO_COSTLY);
        assert_true(arena_used(op.arena) < 80u << 20);
        test_op_done(&op);
    }
}

static void booleans(void **state)
{
    (void)state;
    struct op op = test_op();
    const struct fhir_path *p = NULL;
    bool b = false;
    struct json *focus = tree_of_text(&op, str_of(patient_text));
    assert_int_equal(fhir_path_compile(&op, STR("name.family = 'Rivers'"), &p), OK);
    assert_int_equal(fhir_path_bool(&op, p, focus, &b), OK);
    assert_true(b);
    assert_int_equal(fhir_path_compile(&op, STR("photo.url = 'x'"), &p), OK);
    assert_int_equal(fhir_path_bool(&op, p, focus, &b), OK);
    assert_false(b);
    assert_int_equal(fhir_path_compile(&op, STR("name"), &p), OK);
    assert_int_equal(fhir_path_bool(&op, p, focus, &b), ERR_INVALID);
    test_op_done(&op);
}

/* A compiled path is not tied to the tree it is first used on; a node within a tree may be focus.
 */
static void inner_focus(void **state)
{
    (void)state;
    struct op op = test_op();
    const struct fhir_path *p = NULL;
    struct fhir_path_items items;
    struct json *focus = tree_of_text(&op, str_of(patient_text));
    assert_int_equal(fhir_path_compile(&op, STR("given.first()"), &p), OK);
    assert_int_equal(fhir_path_eval(&op, p, json_path(focus, "name.0"), &items), OK);
    assert_int_equal(items.n, 1);
    assert_str(json_str(items.at[0]), "Ana");
    assert_str(fhir_path_type_name(items.types[0]), "string");
    assert_int_equal(fhir_path_eval(&op, p, json_path(focus, "telecom.0"), &items), OK);
    assert_int_equal(items.n, 0);
    test_op_done(&op);
}

/* Every n-th request for memory refused, while compiling and while evaluating. */
static void out_of_memory(void **state)
{
    static const char *const texts[] = {
        "name.given.select($this & 'x').join(',').upper()", "descendants().count() + 1.5",
        "'a'.replaceMatches('a','b')", "repeat(extension).type().name | name.family.toChars()"};
    (void)state;
    for (uint64_t nth = 1; nth < 60; nth++) {
        struct op op = test_op();
        const struct fhir_path *p = NULL;
        struct fhir_path_items items;
        struct json *focus = tree_of_text(&op, str_of(patient_text));
        str text = str_of(texts[nth % 4]);
        arena_fail_at(nth / 4, true);
        err e = fhir_path_compile(&op, text, &p);
        if (e == OK)
            e = fhir_path_eval(&op, p, focus, &items);
        arena_fail_at(0, false);
        assert_true(e == OK || e == ERR_TOO_LARGE);
        test_op_done(&op);
    }
}

/* Every published expression compiles. */
static void published(void **state)
{
    (void)state;
    struct op op = test_op();
    for (uint16_t i = 0; i < FHIR_PARAM_COUNT; i++) {
        const struct param_more *more = &fhir_param_mores[i];
        const struct fhir_path *p = NULL;
        arena_reset(op.arena);
        if (!*more->expression) /* full text */
            continue;
        assert_int_equal(fhir_path_compile(&op, str_of(more->expression), &p), OK);
        for (size_t k = 0; k < KEY_PARTS_MAX && more->inner[k]; k++)
            assert_int_equal(fhir_path_compile(&op, str_of(more->inner[k]), &p), OK);
    }
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patient),       cmocka_unit_test(observation),
        cmocka_unit_test(syntax_errors), cmocka_unit_test(runtime_errors),
        cmocka_unit_test(bounds),        cmocka_unit_test(booleans),
        cmocka_unit_test(inner_focus),   cmocka_unit_test(out_of_memory),
        cmocka_unit_test(published),     cmocka_unit_test(long_lists),
        cmocka_unit_test(long_strings),  cmocka_unit_test(bundle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
