/* Patches: tables of a patch and what the resource is afterwards, or what is said about it. JSON is
 * written with ' for " and ` for '. */
#include "base/test.h"
#include "fhir_int.h"
#include "patch.h"

static const char patient[] =
    "{'resourceType':'Patient','id':'p','meta':{'versionId':'3'},'active':true,"
    "'name':[{'family':'Rivers','given':['Ana','Mar','Lu']},{'use':'usual','text':'A'}],"
    "'birthDate':'1974-12-25','multipleBirthInteger':2,"
    "'telecom':[{'system':'phone','value':'1'},{'system':'phone','value':'2'},"
    "{'system':'phone','value':'3'}]}";

struct row {
    const char *patch;
    const char *path, *want; /* json_path() into the result and its text; "!" words of the error */
};

static str quoted(struct op *op, const char *text)
{
    char *copy = arena_alloc(op->arena, strlen(text) + 1);
    assert_non_null(copy);
    for (size_t i = 0; i <= strlen(text); i++)
        copy[i] = text[i] == '\'' ? '"' : text[i] == '`' ? '\'' : text[i];
    return str_of(copy);
}

static err patched(struct op *op, const char *patch, struct json **ret)
{
    const struct fhir_patch *p;
    str text = quoted(op, patch);
    struct json *parameters;
    assert_int_equal(fhir_read(op, quoted(op, patient), 0, ret), OK);
    if (text.p[0] == '[') {
        TRY(fhir_patch_read(op, text, &p));
    } else {
        TRY(fhir_read(op, text, 0, &parameters));
        TRY(fhir_patch_of(op, parameters, &p));
    }
    return fhir_patch_apply(op, p, *ret);
}

static void check(const struct row *row)
{
    struct op op = test_op();
    struct json *v = NULL;
    struct buf b;
    err e = patched(&op, row->patch, &v);
    buf_init(&b, op.arena, 1u << 16);
    if (!row->path) {
        assert_int_not_equal(e, OK);
        fhir_outcome_write(&b, &op);
        if (str_find(buf_str(&b), str_of(row->want), 0) == SIZE_MAX)
            fail_msg("%s: %.*s", row->patch, STR_ARG(buf_str(&b)));
        test_op_done(&op);
        return;
    }
    if (e != OK) {
        fhir_outcome_write(&b, &op);
        fail_msg("%s: %.*s", row->patch, STR_ARG(buf_str(&b)));
    }
    const struct json *at = json_path(v, row->path);
    if (at)
        json_write(&b, at);
    else
        buf_add(&b, STR("none"));
    str want = quoted(&op, row->want);
    if (!str_eq(buf_str(&b), want))
        fail_msg("%s: %.*s is %.*s", row->patch, (int)strlen(row->path), row->path,
                 STR_ARG(buf_str(&b)));
    test_op_done(&op);
}

/* RFC 6902, with the examples of its appendix turned to a Patient. */
static const struct row json_rows[] = {
    {"[]", "active", "true"},
    {"[{'op':'add','path':'/gender','value':'female'}]", "gender", "'female'"},
    {"[{'op':'add','path':'/name/1','value':{'text':'B'}}]", "name.1.text", "'B'"},
    {"[{'op':'add','path':'/name/2','value':{'text':'B'}}]", "name.2.text", "'B'"},
    {"[{'op':'add','path':'/name/-','value':{'text':'B'}}]", "name.2.text", "'B'"},
    {"[{'op':'add','path':'/active','value':false}]", "active", "false"},
    {"[{'op':'remove','path':'/name/0/given/1'}]", "name.0.given", "['Ana','Lu']"},
    {"[{'op':'remove','path':'/birthDate'}]", "birthDate", "none"},
    {"[{'op':'remove','path':'/name/0'},{'op':'remove','path':'/name/0'}]", "name", "none"},
    {"[{'op':'remove','path':'/name/1/use'},{'op':'remove','path':'/name/1/text'}]", "name.1",
     "none"},
    {"[{'op':'replace','path':'/name/0/family','value':'Hill'}]", "name.0.family", "'Hill'"},
    {"[{'op':'move','from':'/name/0/given/2','path':'/name/0/given/0'}]", "name.0.given",
     "['Lu','Ana','Mar']"},
    {"[{'op':'move','from':'/name/0/family','path':'/name/1/family'}]", "name.1.family",
     "'Rivers'"},
    {"[{'op':'copy','from':'/name/0','path':'/name/-'}]", "name.2.given", "['Ana','Mar','Lu']"},
    {"[{'op':'test','path':'/name/0/given','value':['Ana','Mar','Lu']},"
     "{'op':'replace','path':'/active','value':false}]",
     "active", "false"},
    {"[{'op':'test','path':'/multipleBirthInteger','value':2.0}]", "active", "true"},
    {"[{'op':'test','path':'','value':1}]", NULL, "test does not hold"},
    {"[{'op':'test','path':'/active','value':'true'}]", NULL, "Operation 1 (path /active)"},
    {"[{'op':'add','path':'/name/7','value':{}}]", NULL, "(path /name/7): There is no such place"},
    {"[{'op':'add','path':'/contact/-','value':{}}]", NULL, "/contact/-): There is no such place"},
    {"[{'op':'add','path':'/name/01','value':{}}]", NULL, "/name/01): There is no such place"},
    {"[{'op':'remove','path':'/deceasedBoolean'}]", NULL, "/deceasedBoolean): Nothing stands"},
    {"[{'op':'replace','path':'/name/0/suffix','value':[]}]", NULL, "Nothing stands there"},
    {"[{'op':'replace','path':'/name/-','value':{}}]", NULL, "Nothing stands there"},
    {"[{'op':'copy','from':'/x','path':'/y'}]", NULL, "Nothing stands there"},
    {"[{'op':'move','from':'/name','path':'/name/0'}]", NULL, "into a part of itself"},
    {"[{'op':'remove','path':''}]", NULL, "cannot be taken away"},
    {"[{'op':'add','path':'/gender','value':'wrong'}]", NULL, "Patient.gender"},
    {"[{'op':'add','path':'/nonsense','value':1}]", NULL, "Patient.nonsense"},
    {"[{'op':'replace','path':'/id','value':'q'}]", NULL, "type or the id"},
    {"[{'op':'replace','path':'/resourceType','value':'Group'}]", NULL, "type or the id"},
    {"[{'op':'replace','path':'','value':[]}]", NULL, "type or the id"},
    {"[{'op':'frob','path':'/id'}]", NULL, "must be add, remove"},
    {"[{'op':'add','path':'gender','value':1}]", NULL, "JSON Pointer"},
    {"[{'op':'add','path':'/a~2','value':1}]", NULL, "After ~"},
    {"[{'op':'add','path':'/gender'}]", NULL, "needs a \\\"value\\\""},
    {"[7]", NULL, "must be add, remove"},
};

static void json_patch(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof json_rows / sizeof *json_rows; i++)
        check(&json_rows[i]);
}

#define STEP(...)                                                                                  \
    "{'resourceType':'Parameters','parameter':[{'name':'operation','part':[" __VA_ARGS__ "]}]}"
#define TYPE(t) "{'name':'type','valueCode':'" t "'}"
#define PATH(p) ",{'name':'path','valueString':'" p "'}"
#define NAME(n) ",{'name':'name','valueString':'" n "'}"
#define INT(n, v) ",{'name':'" n "','valueInteger':" v "}"
#define VALUE(v) ",{'name':'value'," v "}"

static const struct row path_rows[] = {
    {STEP(TYPE("add") PATH("Patient") NAME("gender") VALUE("'valueCode':'male'")), "gender",
     "'male'"},
    {STEP(TYPE("add") PATH("Patient") NAME("contact")
              VALUE("'part':[{'name':'name','valueHumanName':{'text':'C'}},"
                    "{'name':'telecom','valueContactPoint':{'system':'url','value':'u'}}]")),
     "contact", "[{'name':{'text':'C'},'telecom':[{'system':'url','value':'u'}]}]"},
    {STEP(TYPE("add") PATH("Patient.name[0]") NAME("given") VALUE("'valueString':'Zo'")),
     "name.0.given", "['Ana','Mar','Lu','Zo']"},
    {STEP(TYPE("add") PATH("Patient.birthDate") NAME("extension") VALUE(
         "'part':[{'name':'url','valueUri':'http://e'},{'name':'value','valueString':'x'}]")),
     "_birthDate", "{'extension':[{'url':'http://e','valueString':'x'}]}"},
    {STEP(TYPE("add") PATH("Patient.name[0].given[1]") NAME("extension") VALUE(
         "'part':[{'name':'url','valueUri':'http://e'},{'name':'value','valueString':'x'}]")),
     "name.0._given", "[null,{'extension':[{'url':'http://e','valueString':'x'}]},null]"},
    {STEP(TYPE("add") PATH("Patient") NAME("deceased") VALUE("'valueBoolean':true")),
     "deceasedBoolean", "true"},
    {STEP(TYPE("replace") PATH("Patient.multipleBirth") VALUE("'valueBoolean':true")),
     "multipleBirthBoolean", "true"},
    {STEP(TYPE("replace") PATH("Patient.multipleBirth") VALUE("'valueBoolean':true")),
     "multipleBirthInteger", "none"},
    {STEP(TYPE("replace") PATH("Patient.birthDate") VALUE("'valueDate':'1930-01-01'")), "birthDate",
     "'1930-01-01'"},
    {STEP(TYPE("replace") PATH("Patient.name.where(use = `usual`).text")
              VALUE("'valueString':'New'")),
     "name.1.text", "'New'"},
    {STEP(TYPE("insert") PATH("Patient.telecom") INT("index", "1")
              VALUE("'valueContactPoint':{'system':'sms','value':'9'}")),
     "telecom.1.value", "'9'"},
    {STEP(TYPE("insert") PATH("Patient.identifier") INT("index", "0")
              VALUE("'valueIdentifier':{'value':'n'}")),
     "identifier.0.value", "'n'"},
    {STEP(TYPE("delete") PATH("Patient.birthDate")), "birthDate", "none"},
    {STEP(TYPE("delete") PATH("Patient.deceased")), "active", "true"},
    {STEP(TYPE("delete") PATH("Patient.telecom[1]")), "telecom.1.value", "'3'"},
    {STEP(TYPE("move") PATH("Patient.telecom") INT("source", "2") INT("destination", "0")),
     "telecom.0.value", "'3'"},
    {STEP(TYPE("move") PATH("Patient.name[0].given") INT("source", "0") INT("destination", "2")),
     "name.0.given", "['Mar','Lu','Ana']"},
    {STEP(TYPE("delete") PATH("Patient.telecom")), NULL, "several elements"},
    {STEP(TYPE("delete") PATH("Patient")), NULL, "does not give an element"},
    {STEP(TYPE("add") PATH("Patient.contact[4]") NAME("gender") VALUE("'valueCode':'male'")), NULL,
     "(path Patient.contact[4]): Nothing stands there"},
    {STEP(TYPE("add") PATH("Patient") NAME("birthDate") VALUE("'valueDate':'1930-01-01'")), NULL,
     "is there already"},
    {STEP(TYPE("add") PATH("Patient") NAME("frob") VALUE("'valueDate':'1930-01-01'")), NULL,
     "no element \\\"frob\\\""},
    {STEP(TYPE("add") PATH("Patient") NAME("gender") VALUE("'valueCode':'wrong'")), NULL,
     "Patient.gender"},
    {STEP(TYPE("replace") PATH("Patient.gender") VALUE("'valueCode':'male'")), NULL,
     "(path Patient.gender): Nothing stands there"},
    {STEP(TYPE("replace") PATH("`x` + `y`") VALUE("'valueCode':'male'")), NULL,
     "does not give an element"},
    {STEP(TYPE("insert") PATH("Patient.telecom") INT("index", "4")
              VALUE("'valueContactPoint':{'system':'sms','value':'9'}")),
     NULL, "past the end"},
    {STEP(TYPE("insert") PATH("Patient.gender") INT("index", "0") VALUE("'valueCode':'male'")),
     NULL, "does not repeat"},
    {STEP(TYPE("move") PATH("Patient.telecom") INT("source", "3") INT("destination", "0")), NULL,
     "past the end"},
    {STEP(TYPE("move") PATH("Patient.photo") INT("source", "0") INT("destination", "0")), NULL,
     "No list stands there"},
    {STEP(TYPE("add") PATH("Patient") VALUE("'valueCode':'male'")), NULL, "needs the name"},
    {STEP(TYPE("frob") PATH("Patient")), NULL, "Parameters.parameter[0]"},
    {STEP(TYPE("add") ",{'name':'frob','valueString':'x'}"), NULL, "The parts of an operation"},
    {STEP(TYPE("delete") PATH("Patient..")), NULL, "FHIRPath"},
    {"{'resourceType':'Basic','code':{'text':'x'}}", NULL, "A patch is a Parameters"},
    {"{'resourceType':'Binary','contentType':'application/json-patch+json','data':'W10='}",
     "active", "true"},
    {"{'resourceType':'Binary','contentType':'text/plain','data':'W10='}", NULL,
     "Binary.contentType"},
};

static void fhirpath_patch(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof path_rows / sizeof *path_rows; i++)
        check(&path_rows[i]);
}

/* Copies of copies double at every step; they end at the ceiling, not in memory. */
static void copies_are_bounded(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *v;
    struct buf b;
    buf_init(&b, op.arena, 1u << 20);
    buf_add(&b, STR("["));
    for (unsigned i = 0; i < 200; i++)
        buf_printf(&b, "%s{'op':'copy','from':'','path':'/x%u'}", i ? "," : "", i);
    buf_add(&b, STR("]"));
    assert_int_equal(patched(&op, str_z(op.arena, buf_str(&b)), &v), ERR_TOO_LARGE);
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_patch),
        cmocka_unit_test(fhirpath_patch),
        cmocka_unit_test(copies_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
