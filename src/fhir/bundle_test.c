/* Bundle plans: verbs, order, what is refused and where; and the rewriting of links. */
#include "base/map.h"
#include "base/test.h"
#include "fhir_int.h"

#define TRANSACTION(entries)                                                                       \
    "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[" entries "]}"
#define BATCH(entries) "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[" entries "]}"
#define REQUEST(method, url) "\"request\":{\"method\":\"" method "\",\"url\":\"" url "\"}"
#define PATIENT(id) "\"resource\":{\"resourceType\":\"Patient\",\"id\":\"" id "\"}"

static struct json *tree(struct op *op, const char *text)
{
    struct json *v = NULL;
    err e = fhir_read(op, str_of(text), 0, &v);
    if (e != OK)
        fail_msg("%s\n%.*s: %.*s\n", text, STR_ARG(op->fault.issues[0].expression),
                 STR_ARG(op->fault.issues[0].message));
    return v;
}

static void verbs_and_order(void **state)
{
    (void)state;
    struct op op = test_op();
    struct fhir_plan plan;
    struct json *v =
        tree(
            &op,
            BATCH("{" REQUEST(
                "GET",
                "Patient?name=a") "},"
                                  "{" PATIENT("1") "," REQUEST(
                                      "PUT",
                                      "Patient/1") "},"
                                                   "{\"fullUrl\":\"urn:uuid:a\"," PATIENT("2") "," REQUEST(
                                                       "POST",
                                                       "/Patient") "},"
                                                                   "{" REQUEST(
                                                                       "DELETE",
                                                                       "Patient/3") "},"
                                                                                    "{\"resource\":"
                                                                                    "{\"resourceTyp"
                                                                                    "e\":"
                                                                                    "\"Patient\"},"
                                                                                    "\"request\":{"
                                                                                    "\"method\":"
                                                                                    "\"PUT\","
                                                                                    "\"url\":"
                                                                                    "\"Patient?"
                                                                                    "identifier="
                                                                                    "x\","
                                                                                    "\"ifMatch\":"
                                                                                    "\"W/"
                                                                                    "\\\"2\\\"\"}},"
                                                                                    "{" REQUEST(
                                                                                        "GET",
                                                                                        "Patient/1/"
                                                                                        "_history/"
                                                                                        "2") "},"
                                                                                             "{" REQUEST(
                                                                                                 "G"
                                                                                                 "E"
                                                                                                 "T",
                                                                                                 "m"
                                                                                                 "e"
                                                                                                 "t"
                                                                                                 "a"
                                                                                                 "d"
                                                                                                 "a"
                                                                                                 "t"
                                                                                                 "a") "},"
                                                                                                      "{\"resource\":{\"resourceType\":\"Patient\"},\"request\":{\"method\":\"POST\","
                                                                                                      "\"url\":\"Patient\",\"ifNoneExist\":\"identifier=y\"}}"));
    assert_int_equal(fhir_bundle_plan(&op, v, false, &plan), OK);
    assert_false(plan.transaction);
    assert_int_equal(plan.n, 8);
    static const size_t order[] = {3, 2, 7, 1, 4, 0, 5, 6};
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(plan.order[i], order[i]);
        assert_int_equal(plan.entries[i].index, i);
    }
    const struct fhir_entry *e = plan.entries;
    assert_int_equal(e[0].verb, VERB_GET);
    assert_int_equal(e[0].type, FHIR_PATIENT);
    assert_str(e[0].query, "name=a");
    assert_int_equal(e[1].verb, VERB_PUT);
    assert_str(e[1].id, "1");
    assert_int_equal(fhir_type_of(e[1].resource), FHIR_PATIENT);
    assert_int_equal(e[2].verb, VERB_POST);
    assert_str(e[2].full_url, "urn:uuid:a");
    assert_str(e[2].url, "Patient");
    assert_null(e[2].id.p);
    assert_null(e[3].resource);
    assert_str(e[4].query, "identifier=x");
    assert_str(e[4].if_match, "W/\"2\"");
    assert_str(e[5].id, "1");
    assert_str(e[5].url, "Patient/1/_history/2");
    assert_int_equal(e[6].type, 0);
    assert_str(e[7].if_none_exist, "identifier=y");
    test_op_done(&op);
}

static void empty_bundles(void **state)
{
    (void)state;
    struct op op = test_op();
    struct fhir_plan plan;
    struct json *v = tree(&op, "{\"resourceType\":\"Bundle\",\"type\":\"transaction\"}");
    assert_int_equal(fhir_bundle_plan(&op, v, false, &plan), OK);
    assert_true(plan.transaction && plan.n == 0);
    test_op_done(&op);
}

static void faults_are_told_with_their_entry(void **state)
{
    (void)state;
    static const struct {
        const char *json, *path;
    } list[] = {
        {TRANSACTION("{" PATIENT("1") "," REQUEST("POST", "Patient/1") "}"),
         "Bundle.entry[0].request.url"},
        {TRANSACTION("{" PATIENT("1") "," REQUEST("POST", "Patient?a=b") "}"),
         "Bundle.entry[0].request.url"},
        {TRANSACTION("{" PATIENT("1") "," REQUEST("PUT", "Patient") "}"),
         "Bundle.entry[0].request.url"},
        {TRANSACTION("{" PATIENT("1") "," REQUEST("PUT", "Patient/1/x") "}"),
         "Bundle.entry[0].request.url"},
        {TRANSACTION("{" PATIENT("1") "," REQUEST("PUT", "http://x/Patient/1") "}"),
         "Bundle.entry[0].request.url"},
        {TRANSACTION("{" PATIENT("1") "," REQUEST("PUT", "Patient/2") "}"),
         "Bundle.entry[0].resource.id"},
        {TRANSACTION("{" PATIENT("1") "," REQUEST("PUT", "Group/1") "}"),
         "Bundle.entry[0].resource"},
        {TRANSACTION("{" PATIENT("1") "," REQUEST("POST", "Nothing") "}"),
         "Bundle.entry[0].request.url"},
        {TRANSACTION("{" REQUEST("POST", "Patient") "}"), "Bundle.entry[0].resource"},
        {TRANSACTION("{" REQUEST("PATCH", "Patient/1") "}"), "Bundle.entry[0].resource"},
        {TRANSACTION("{" REQUEST("DELETE", "Patient") "}"), "Bundle.entry[0].request.url"},
        {TRANSACTION("{" REQUEST("DELETE", "Patient/1") "},{" PATIENT("1") "," REQUEST(
             "PUT", "Patient/1") "}"),
         "Bundle.entry[1].request.url"},
        {"{\"resourceType\":\"Bundle\",\"type\":\"collection\"}", "Bundle.type"},
        {"{\"resourceType\":\"Patient\"}", ""},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct op op = test_op();
        struct fhir_plan plan;
        struct json *v = tree(&op, list[i].json);
        assert_int_equal(fhir_bundle_plan(&op, v, false, &plan), ERR_INVALID);
        if (op.fault.n != 1 || !str_eq(op.fault.issues[0].expression, str_of(list[i].path)))
            fail_msg("%s\nwanted: %s\n   got: %.*s (of %zu)\n", list[i].json, list[i].path,
                     STR_ARG(op.fault.issues[0].expression), op.fault.n);
        test_op_done(&op);
    }
}

/* What validation would have stopped is stopped here too. */
static void unvalidated_bundles(void **state)
{
    (void)state;
    struct op op = test_op();
    struct fhir_plan plan;
    struct json *v;
    str in = STR(TRANSACTION("{\"fullUrl\":\"u\"," PATIENT("1") "," REQUEST(
        "POST",
        "Patient") "},"
                   "{\"fullUrl\":\"u\"," PATIENT("2") "," REQUEST(
                       "POST",
                       "Patient") "},"
                                  "{" PATIENT(
                                      "3") "},{\"request\":{\"method\":\"BREW\",\"url\":\"x\"}},"
                                           "{\"request\":5},7"));
    assert_int_equal(json_read(&op, in, &JSON_LIMITS_DEFAULT, &v), OK);
    assert_int_equal(fhir_bundle_plan(&op, v, false, &plan), ERR_INVALID);
    assert_int_equal(op.fault.n, 5);
    assert_str(op.fault.issues[0].expression, "Bundle.entry[1].fullUrl");
    assert_str(op.fault.issues[1].expression, "Bundle.entry[2].request");
    test_op_done(&op);
}

static void collections_are_imported(void **state)
{
    (void)state;
    struct op op = test_op();
    struct fhir_plan plan;
    struct json *v = tree(&op, "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":["
                               "{\"fullUrl\":\"http://x/Patient/1\"," PATIENT(
                                   "1") "},"
                                        "{\"fullUrl\":\"urn:uuid:a\"," PATIENT(
                                            "2") "},"
                                                 "{\"resource\":{\"resourceType\":\"Patient\"}}]}");
    assert_int_equal(fhir_bundle_plan(&op, v, true, &plan), OK);
    assert_true(plan.transaction);
    assert_int_equal(plan.entries[0].verb, VERB_PUT);
    assert_str(plan.entries[0].url, "Patient/1");
    assert_str(plan.entries[0].id, "1");
    assert_int_equal(plan.entries[1].verb, VERB_POST);
    assert_int_equal(plan.entries[2].verb, VERB_POST);
    test_op_done(&op);
}

#define A "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
#define B "http://example.org/fhir/Organization/7"

static void links_are_rewritten(void **state)
{
    (void)state;
    struct op op = test_op();
    struct map links;
    static const str patient = {"Patient/p", 9}, organization = {"Organization/o", 14};
    struct buf b;
    struct json *v = tree(
        &op, "{\"resourceType\":\"Basic\",\"id\":\"b\",\"contained\":[{\"resourceType\":\"Basic\","
             "\"id\":\"c\",\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"" A "\"}}],"
             "\"text\":{\"status\":\"generated\",\"div\":\"<div "
             "xmlns=\\\"http://www.w3.org/1999/xhtml"
             "\\\"><a href='" A "'>" A "</a><a href = \\\"" B "\\\">x</a></div>\"},"
             "\"extension\":[{\"url\":\"x\",\"valueString\":\"" A "\"},{\"url\":\"x\",\"valueUri\":"
             "\"" A "\"},{\"url\":\"x\",\"valueCanonical\":\"" B "\"},{\"url\":\"x\",\"valueUri\":"
             "\"" A "0\"}],\"code\":{\"text\":\"" A "\"},\"subject\":{\"reference\":\"" A "\","
             "\"display\":\"" A "\"}}");
    map_init(&links, op.arena);
    union {
        const str *in;
        void *out;
    } to = {.in = &patient}, other = {.in = &organization};
    assert_true(map_put(&links, STR(A), to.out));
    assert_true(map_put(&links, STR(B), other.out));
    assert_int_equal(fhir_links_rewrite(&op, v, &links), OK);
    buf_init(&b, op.arena, 1u << 20);
    json_write(&b, v);
    assert_str(
        buf_str(&b),
        "{\"resourceType\":\"Basic\",\"id\":\"b\",\"contained\":[{\"resourceType\":\"Basic\","
        "\"id\":\"c\",\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/p\"}}],"
        "\"text\":{\"status\":\"generated\",\"div\":\"<div "
        "xmlns=\\\"http://www.w3.org/1999/xhtml"
        "\\\"><a href='Patient/p'>" A "</a><a href = \\\"Organization/o\\\">x</a></div>\"},"
        "\"extension\":[{\"url\":\"x\",\"valueString\":\"" A "\"},{\"url\":\"x\","
        "\"valueUri\":\"Patient/p\"},{\"url\":\"x\",\"valueCanonical\":\"Organization/o\"},"
        "{\"url\":\"x\",\"valueUri\":\"" A "0\"}],\"code\":{\"text\":\"" A "\"},\"subject\":"
        "{\"reference\":\"Patient/p\",\"display\":\"" A "\"}}");
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verbs_and_order),
        cmocka_unit_test(empty_bundles),
        cmocka_unit_test(faults_are_told_with_their_entry),
        cmocka_unit_test(unvalidated_bundles),
        cmocka_unit_test(collections_are_imported),
        cmocka_unit_test(links_are_rewritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
