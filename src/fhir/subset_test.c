/* _summary and _elements on trees: what stays, what goes, and the mark. */
#include "fhir/fhir.h"

#include "base/test.h"

static const char patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"meta\":{\"versionId\":\"1\",\"tag\":[{\"code\":"
    "\"t\"}]},"
    "\"text\":{\"status\":\"generated\",\"div\":\"<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\">x"
    "</div>\"},\"modifierExtension\":[{\"url\":\"http://x.org\",\"valueBoolean\":true}],"
    "\"active\":true,\"name\":[{\"family\":\"F\",\"_family\":{\"extension\":[{\"url\":\"http://"
    "y.org\","
    "\"valueCode\":\"c\"}]}}],\"deceasedBoolean\":false,\"photo\":[{\"title\":\"p\"}],"
    "\"contact\":[{\"gender\":\"male\"}]}";

/* Names of the first level that are left, with spaces between. */
static str left(struct op *op, const char *resource, const char *query, struct json **ret)
{
    const struct fhir_query *q;
    str out = STR_NONE;
    assert_int_equal(fhir_read(op, arena_str(op->arena, str_of(resource)), 0, ret), OK);
    assert_int_equal(fhir_query_read(op, fhir_type_of(*ret), str_of(query), false, &q), OK);
    assert_int_equal(fhir_subset(op, q, *ret), OK);
    for (uint32_t i = 0; i < (*ret)->n; i++)
        out = arena_printf(op->arena, "%.*s%s%.*s", STR_ARG(out), i ? " " : "",
                           STR_ARG((*ret)->u.members[i].name));
    return out;
}

static void what_stays(void **state)
{
    static const struct {
        const char *query, *want;
    } rows[] = {
        {"_summary=true", "resourceType id meta modifierExtension active name deceasedBoolean"},
        {"_summary=text", "resourceType id meta text"},
        {"_summary=data",
         "resourceType id meta modifierExtension active name deceasedBoolean photo "
         "contact"},
        {"_summary=false",
         "resourceType id meta text modifierExtension active name deceasedBoolean photo contact"},
        {"_elements=photo", "resourceType id meta modifierExtension active deceasedBoolean photo"},
        {"_elements=Patient.name,deceased",
         "resourceType id meta modifierExtension active name deceasedBoolean"},
    };
    struct op op = test_op();
    struct json *tree;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(str_z(op.arena, left(&op, patient, rows[i].query, &tree)),
                            rows[i].want);
        const struct json *tags = json_path(tree, "meta.tag");
        bool marked = strcmp(rows[i].query, "_summary=false") != 0;
        assert_int_equal(tags->n, marked ? 2 : 1); /* beside the tag that was there */
        if (marked)
            assert_str(json_get_str(json_at(tags, 1), STR("code")), "SUBSETTED");
    }
    test_op_done(&op);
}

/* Inside an element, too, only what is of a summary; what has nothing left is gone. */
static void what_stays_inside(void **state)
{
    static const char only[] = "{\"resourceType\":\"Patient\",\"id\":\"p\",\"name\":[{"
                               "\"extension\":[{\"url\":\"http://x.org\","
                               "\"valueCode\":\"c\"}]}]}";
    struct op op = test_op();
    struct json *tree;
    (void)state;
    (void)left(&op, patient, "_summary=true", &tree);
    assert_null(json_path(tree, "name.0._family"));
    assert_str(json_str(json_path(tree, "name.0.family")), "F");
    assert_str(left(&op, only, "_summary=true", &tree), "resourceType id meta");
    assert_str(json_str(json_path(tree, "meta.tag.0.code")), "SUBSETTED");
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stays),
        cmocka_unit_test(what_stays_inside),
    };
    return cmocka_run_group_tests_name("fhir.subset", tests, NULL, NULL);
}
