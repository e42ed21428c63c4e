/* FHIR XML: every element of every R4 type goes out and comes back; the spots where XML and JSON
 * differ; what is refused, with line and path. */
#include "base/test.h"
#include "fhir_int.h"
#include "xml.h"

#define DIV(text) "<div xmlns='http://www.w3.org/1999/xhtml'>" text "</div>"

#define P(inner) "<Patient xmlns='http://hl7.org/fhir'>" inner "</Patient>"

static str quoted(struct op *op, const char *text)
{
    char *copy = arena_alloc(op->arena, strlen(text) + 1);
    assert_non_null(copy);
    for (size_t i = 0; i <= strlen(text); i++)
        copy[i] = text[i] == '`' ? '"' : text[i];
    return str_of(copy);
}

static str xml_of(struct op *op, struct json *v, bool pretty)
{
    struct buf b;
    buf_init(&b, op->arena, 64u << 20);
    fhir_xml_write(&b, v, pretty);
    assert_true(buf_ok(&b));
    return buf_str(&b);
}

static str text_of(struct op *op, const struct json *v)
{
    struct buf b;
    buf_init(&b, op->arena, 64u << 20);
    json_write(&b, v);
    return buf_str(&b);
}

static void comes_back(struct op *op, struct json *v, bool pretty)
{
    struct json *again = NULL;
    str xml = xml_of(op, v, pretty);
    if (fhir_xml_read(op, xml, &again) != OK)
        fail_msg("%.*s: %.*s in %.*s", STR_ARG(op->fault.issues[0].expression),
                 STR_ARG(op->fault.issues[0].message), STR_ARG(str_sub(xml, 0, 3000)));
    if (!json_equal(v, again))
        fail_msg("%.*s\nis not\n%.*s\n%.*s", STR_ARG(text_of(op, v)), STR_ARG(text_of(op, again)),
                 STR_ARG(xml));
}

/* ---- a resource with something in every element ---- */
struct maker {
    struct op *op;
    unsigned count; /* turns choices and shapes */
};

static struct json *object_of(struct maker *m, uint16_t type, unsigned depth);

static struct json *scalar_of(struct maker *m, uint16_t type)
{
    struct arena *a = m->op->arena;
    switch (type) {
    case FHIR_BOOLEAN:
        return json_new_bool(a, m->count % 2);
    case FHIR_DECIMAL:
        return json_new_num(a, STR("-12.3400"));
    case FHIR_INTEGER:
    case FHIR_UNSIGNED_INT:
    case FHIR_POSITIVE_INT:
        return json_new_i64(a, m->count);
    case FHIR_XHTML:
        return json_new_str(a, quoted(m->op, "<div xmlns=`http://www.w3.org/1999/xhtml`>a &amp; "
                                             "<b class='x'>b</b>&#160;<br/><!-- c --></div>"));
    default:
        return json_new_str(a, arena_printf(a, "v%u <&> \"'\t\n é", m->count));
    }
}

static struct json *beside_of(struct maker *m)
{
    struct json *extension = json_new(m->op->arena, JSON_OBJECT);
    struct json *list = json_new(m->op->arena, JSON_ARRAY);
    struct json *o = json_new(m->op->arena, JSON_OBJECT);
    json_set_str(m->op->arena, extension, STR("url"), STR("http://e"));
    json_set(m->op->arena, extension, STR("valueCode"), json_new_str(m->op->arena, STR("c")));
    json_push(m->op->arena, list, extension);
    if (m->count % 2)
        json_set_str(m->op->arena, o, STR("id"), STR("i"));
    json_set(m->op->arena, o, STR("extension"), list);
    return o;
}

static struct json *item_of(struct maker *m, const struct fhir_row *r, unsigned depth)
{
    if (r->flags & ROW_PRIMITIVE)
        return scalar_of(m, r->type);
    return object_of(m, r->type == FHIR_RESOURCE ? (uint16_t)FHIR_BASIC : r->type, depth - 1);
}

static bool has_beside(const struct maker *m, uint16_t type, const struct fhir_row *r)
{
    str name = fhir_word(r->name);
    bool attribute = fhir_models[type].kind != KIND_RESOURCE &&
                     (str_eq(name, STR("id")) || str_eq(name, STR("url")));
    return (r->flags & ROW_PRIMITIVE) && r->type != FHIR_XHTML && !attribute && m->count % 3 == 0;
}

static void element_of(struct maker *m, struct json *o, uint16_t type, const struct fhir_row *r,
                       unsigned depth)
{
    struct arena *a = m->op->arena;
    static const struct json null = {.type = JSON_NULL};
    str name = fhir_word(r->name), twin = arena_cat(a, STR("_"), name);
    bool beside = has_beside(m, type, r);
    m->count++;
    if (!(r->flags & ROW_ARRAY)) {
        if (!beside || m->count % 2)
            json_set(a, o, name, item_of(m, r, depth));
        if (beside)
            json_set(a, o, twin, beside_of(m));
        return;
    }
    struct json *list = json_new(a, JSON_ARRAY), *twins = json_new(a, JSON_ARRAY);
    for (unsigned i = 0; i < 3; i++) {
        json_push(a, list, beside && i == 1 ? &null : item_of(m, r, depth));
        json_push(a, twins, i ? beside_of(m) : &null);
    }
    json_set(a, o, name, list);
    if (beside)
        json_set(a, o, twin, twins);
}

static struct json *object_of(struct maker *m, uint16_t type, unsigned depth)
{
    const struct fhir_model *model = &fhir_models[type];
    struct json *o = json_new(m->op->arena, JSON_OBJECT);
    uint8_t before = UINT8_MAX;
    if (model->kind == KIND_RESOURCE)
        json_set_str(m->op->arena, o, STR("resourceType"), fhir_word(model->name));
    for (uint16_t i = 0; i < model->n_rows; i++) {
        uint16_t at = fhir_lists[model->list + i];
        const struct fhir_row *r = &fhir_rows[at];
        bool skip = (r->flags & ROW_CHOICE) &&
                    (r->ordinal == before || (m->count + i) % 3); /* one of them, any */
        if (skip || (depth == 0 && !(r->flags & ROW_PRIMITIVE)))
            continue;
        before = r->ordinal;
        element_of(m, o, type, r, depth);
    }
    if (!o->n)
        json_set_str(m->op->arena, o, STR("id"), STR("x"));
    return o;
}

static void every_type_comes_back(void **state)
{
    (void)state;
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++)
        for (unsigned turn = 0; turn < 2; turn++) {
            struct op op = test_op();
            struct maker m = {.op = &op, .count = turn * 7};
            struct json *v = object_of(&m, t, 2);
            assert_int_equal(op_check(&op), OK);
            fhir_tag(v);
            comes_back(&op, v, turn == 1);
            test_op_done(&op);
        }
}

static const char patient_json[] =
    "{`name`:[{`given`:[`A`,null],`_given`:[null,{`id`:`g`}],`family`:`Ré`}],`birthDate`:"
    "`1970-01-01`,`_birthDate`:{`extension`:[{`url`:`u`,`valueDecimal`:1.50}]},`id`:`p`,"
    "`resourceType`:`Patient`,`contained`:[{`resourceType`:`Organization`,`id`:`o`,`name`:`O & "
    "Co`}],`text`:{`status`:`generated`,`div`:`<div xmlns=\\`http://www.w3.org/1999/xhtml\\`>x "
    "&nbsp;&lt;</div>`},`deceasedBoolean`:false}";
static const char patient_xml[] =
    "<Patient xmlns=`http://hl7.org/fhir`><id value=`p`/><text><status value=`generated`/><div "
    "xmlns=`http://www.w3.org/1999/xhtml`>x &#160;&lt;</div></text><contained><Organization><id "
    "value=`o`/><name value=`O &amp; Co`/></Organization></contained><name><family value=`Ré`/>"
    "<given value=`A`/><given id=`g`/></name><birthDate value=`1970-01-01`><extension url=`u`>"
    "<valueDecimal value=`1.50`/></extension></birthDate><deceasedBoolean "
    "value=`false`/></Patient>";

static void order_is_the_schema_s(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *v;
    assert_int_equal(fhir_stored_read(&op, quoted(&op, patient_json), &v), OK);
    assert_true(str_eq(xml_of(&op, v, false), quoted(&op, patient_xml)));
    str pretty = xml_of(&op, v, true);
    assert_true(str_find(pretty, STR("\n  <id value=\"p\"/>\n"), 0) != SIZE_MAX);
    test_op_done(&op);
}

/* Prefixes, comments, CDATA in a narrative, character references, a sign before a whole number. */
static void what_others_write(void **state)
{
    (void)state;
    static const char xml[] =
        "\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?><!-- hi --><?xml-stylesheet href='x'?>"
        "<f:Patient xmlns:f='http://hl7.org/fhir' xmlns:xsi="
        "'http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='a b'>\r\n"
        "<f:text><f:status value='generated'/>" DIV(
            "<![CDATA[a]]><!-- k -->&#xe9;") "</f:text>"
                                             "<f:multipleBirthInteger value='+2'/><!-- x -->"
                                             "<f:photo><f:title value='a&#10;b &#x26; c'/>"
                                             "</f:photo></f:Patient> ";
    struct op op = test_op();
    struct json *v;
    assert_int_equal(fhir_xml_read(&op, STR(xml), &v), OK);
    assert_str(json_str(json_path(v, "multipleBirthInteger")), "2");
    assert_str(json_str(json_path(v, "photo.0.title")), "a\nb & c");
    assert_str(json_str(json_path(v, "text.div")), DIV("<![CDATA[a]]><!-- k -->&#xe9;"));
    test_op_done(&op);
    op = test_op();
    static const char prefixed[] =
        P("<text><status value='generated'/><h:div xmlns:h='http://www.w3.org/1999/xhtml'>a<h:br/>"
          "<h:p class='&quot;' xml:lang='en'>b &lt; &#xe9;</h:p><!-- c --></h:div></text>");
    assert_int_equal(fhir_xml_read(&op, STR(prefixed), &v), OK);
    assert_str(json_str(json_path(v, "text.div")),
               "<div xmlns=\"http://www.w3.org/1999/xhtml\">a<br/><p class=\"&quot;\" "
               "xml:lang=\"en\">b &lt; é</p></div>");
    test_op_done(&op);
    op = test_op();
    static const char outer[] =
        "<Patient xmlns='http://hl7.org/fhir'><text><status value='generated'/><div xmlns='"
        "http://www.w3.org/1999/xhtml'>a<p>b</p></div></text></Patient>";
    assert_int_equal(fhir_xml_read(&op, STR(outer), &v), OK);
    assert_str(json_str(json_path(v, "text.div")), DIV("a<p>b</p>"));
    test_op_done(&op);
}

static const struct {
    const char *xml, *path, *words;
} refused[] = {
    {"", "", "empty"},
    {"<Patient xmlns='http://hl7.org/fhir'", "", "XML line 1"},
    {"<Patient xmlns='http://hl7.org/fhir'>\n <name>\n</Patient>", "Patient.name[0]",
     "it ends too early. (XML line 3"},
    {"<Nothing xmlns='http://hl7.org/fhir'/>", "", "resource type"},
    {"<Patient/>", "Patient", "name space"},
    {P("<name xmlns='urn:x'/>"), "Patient.name[0]", "name space"},
    {P("<frob value='1'/>"), "Patient.frob", "no such element"},
    {P("<name><id value='1'/></name>"), "Patient.name[0].id", "no such element"},
    {P("<birthDate value='1'/><birthDate value='2'/>"), "Patient.birthDate", "does not repeat"},
    {P("<birthDate/>"), "Patient.birthDate", "neither"},
    {P("<birthDate val='1'/>"), "Patient.birthDate", "attribute"},
    {P("<birthDate value='1' value='2'/>"), "Patient", "stands twice"},
    {P("<name value='1'/>"), "Patient.name[0]", "attribute"},
    {P("<name/>"), "Patient.name[0]", "empty"},
    {P("<name>text</name>"), "Patient.name[0]", "Text may not"},
    {P("<active value='yes'/>"), "Patient.active", "true or false"},
    {P("<multipleBirthInteger value='x'/>"), "Patient.multipleBirth.ofType(integer)", "number"},
    {P("<multipleBirthInteger value='01'/>"), "Patient.multipleBirth.ofType(integer)", "number"},
    {P("<contained/>"), "Patient.contained[0]", "A resource is expected"},
    {P("<contained><Group/><Group/></contained>"), "Patient.contained[0]", "Only one"},
    {P("<text><div>x</div></text>"), "Patient.text.div", "name space"},
    {P("<text>" DIV("&nbsp;") "</text>"), "Patient.text.div", "entity"},
    {"<!DOCTYPE Patient><Patient xmlns='http://hl7.org/fhir'/>", "", "document type"},
    {"<!DOCTYPE p [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>" P("<id value='&b;'/>"), "",
     "document type"},
    {"<!DOCTYPE p SYSTEM 'file:///etc/passwd'>" P(""), "", "document type"},
    {"<?xml version='1.0' encoding='UTF-16'?>" P("<active value='true'/>"), "", "UTF-8"},
    {"<?xml version='1.0' encoding=\"latin1\"?>" P("<active value='true'/>"), "", "UTF-8"},
    {P("<id value='\xff'/>"), "", "UTF-8"},
    {P("<active value='true'/>") "<x/>", "", "at, the end"},
};

static void refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct op op = test_op();
        struct json *v;
        err e = fhir_xml_read(&op, str_of(refused[i].xml), &v);
        str told = op.fault.n ? op.fault.issues[0].message : STR_NONE;
        str path = op.fault.n ? op.fault.issues[0].expression : STR_NONE;
        if (e != ERR_INVALID || !str_eq(path, str_of(refused[i].path)) ||
            str_find(told, str_of(refused[i].words), 0) == SIZE_MAX)
            fail_msg("%s: %d, %.*s: %.*s", refused[i].xml, (int)e, STR_ARG(path), STR_ARG(told));
        test_op_done(&op);
    }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *v;
    struct buf b;
    buf_init(&b, op.arena, 1u << 20);
    buf_add(&b, STR("<Basic xmlns='http://hl7.org/fhir'>"));
    for (unsigned i = 0; i < 5000; i++)
        buf_add(&b, STR("<extension url='u'>"));
    assert_int_equal(fhir_xml_read(&op, buf_str(&b), &v), ERR_INVALID);
    assert_true(str_find(op.fault.issues[0].message, STR("too deeply"), 0) != SIZE_MAX);
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back), cmocka_unit_test(order_is_the_schema_s),
        cmocka_unit_test(what_others_write),     cmocka_unit_test(refusals),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
