/* The examples in tests/vectors: documents with the FHIRPaths at which validation, or the making of
 * a bundle plan, must complain, and no others; a plan; links before and after rewriting. */
#include "base/map.h"
#include "base/test.h"
#include "fhir/fixture.h"
#include "fhir_int.h"

static str file(struct op *op, const char *name)
{
    return fixture_file(op->arena,
                        arena_printf(op->arena, WEFT_SOURCE "/tests/vectors/%s", name).p);
}

static str problems(struct op *op, enum severity severity)
{
    struct buf b;
    buf_init(&b, op->arena, 1u << 20);
    for (size_t i = 0; i < op->fault.n; i++) {
        if (op->fault.issues[i].severity != severity)
            continue;
        buf_char(&b, ' ');
        buf_add(&b, op->fault.issues[i].expression);
        assert_true(op->fault.issues[i].message.n > 10);
    }
    return str_trim(buf_str(&b));
}

/* What is done with each document; its error. */
typedef err (*deed)(struct op *op, str document);

static err validate(struct op *op, str document)
{
    struct json *v = NULL;
    err e = fhir_read(op, document, 0, &v);
    assert_int_equal(v != NULL, e == OK);
    return e;
}

static err plan(struct op *op, str document)
{
    struct json *v = NULL;
    struct fhir_plan ret;
    assert_int_equal(fhir_read(op, document, 0, &v), OK);
    return fhir_bundle_plan(op, v, false, &ret);
}

static void judge(str document, str verdict, deed fn)
{
    struct op op = test_op();
    str kind, wanted = verdict;
    assert_true(str_take_until(&wanted, ':', &kind));
    bool warning = str_eq(kind, STR("warning"));
    err e = fn(&op, document);
    wanted = str_trim(wanted);
    str got = problems(&op, warning ? SEVERITY_WARNING : SEVERITY_ERROR);
    if (!str_eq(got, wanted))
        fail_msg("%.*s\nwanted: %.*s\n   got: %.*s\n", STR_ARG(document), STR_ARG(wanted),
                 STR_ARG(got));
    assert_true(warning || (e == OK) == str_empty(wanted));
    test_op_done(&op);
}

static size_t each(const char *name, deed fn)
{
    struct op op = test_op();
    str text = file(&op, name), line, document = STR_NONE;
    size_t n = 0;
    while (str_take_until(&text, '\n', &line)) {
        if (str_starts(line, STR("error:")) || str_starts(line, STR("warning:"))) {
            assert_false(str_empty(document));
            judge(document, line, fn);
            n++;
        } else if (!str_empty(line) && line.p[0] != '#') {
            document = line;
        }
    }
    test_op_done(&op);
    return n;
}

static void documents(void **state)
{
    (void)state;
    assert_true(each("fhir_validate.txt", validate) > 140);
}

static void plans_that_cannot_be(void **state)
{
    (void)state;
    assert_int_equal(each("fhir_plan.txt", plan), 13);
}

static void a_plan(void **state)
{
    (void)state;
    struct op op = test_op();
    struct fhir_plan plan;
    struct json *v;
    assert_int_equal(fhir_read(&op, file(&op, "fhir_plan_order.json"), 0, &v), OK);
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

static void links_are_rewritten(void **state)
{
    (void)state;
    struct op op = test_op();
    struct map links;
    struct buf b;
    struct json *v;
    str patient = STR("Patient/p"), organization = STR("Organization/o");
    str before = file(&op, "fhir_links.json"), after = file(&op, "fhir_links_rewritten.json");
    assert_int_equal(fhir_read(&op, before, 0, &v), OK);
    map_init(&links, op.arena);
    assert_int_equal(fhir_links_rewrite(&op, v, &links), OK);
    buf_init(&b, op.arena, 1u << 20);
    json_write(&b, v);
    assert_true(str_eq(buf_str(&b), str_trim(before)));
    assert_true(map_put(&links, STR("urn:uuid:c757873d-ec9a-4326-a141-556f43239520"), &patient));
    assert_true(map_put(&links, STR("http://example.org/fhir/Organization/7"), &organization));
    assert_int_equal(fhir_links_rewrite(&op, v, &links), OK);
    buf_clear(&b);
    json_write(&b, v);
    if (!str_eq(buf_str(&b), str_trim(after)))
        fail_msg("got %.*s\n", STR_ARG(buf_str(&b)));
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents),
        cmocka_unit_test(plans_that_cannot_be),
        cmocka_unit_test(a_plan),
        cmocka_unit_test(links_are_rewritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
