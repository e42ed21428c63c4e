/* Every invariant of R4's own definitions (spec/fhir/invariants.tsv: path, key, severity,
 * expression) compiles; every rule of severity error holds, or is empty, for HL7's examples and for
 * a share of the resources handed to us (WEFT_SHARED; their absence is told). Empty is no
 * violation: ref-1 is, of a Reference that has a display only. */
#include "base/test.h"
#include "fhir/fhir_int.h"
#include "fhir/fixture.h"

#define INVARIANTS_MAX 4000
#define EACH_BUNDLE 15

struct invariant {
    str path, key;
    bool error;
    uint16_t type; /* the path is a type: every node of it */
    const struct fhir_path *rule, *at;
};
struct invariants {
    struct invariant all[INVARIANTS_MAX];
    const struct fhir_path *nodes;
    size_t n, checks, bad, bundles;
    struct op op; /* owns what is compiled */
};

static void add(struct invariants *v, str line)
{
    struct invariant *i = &v->all[v->n];
    str severity = STR_NONE, expression = STR_NONE;
    assert_true(str_take_until(&line, '\t', &i->path) && str_take_until(&line, '\t', &i->key) &&
                str_take_until(&line, '\t', &severity) && str_take_until(&line, '\t', &expression));
    i->error = str_eq(severity, STR("error"));
    i->type = fhir_model_find(i->path);
    if (fhir_path_compile(&v->op, expression, &i->rule) != OK)
        fail_msg("%.*s %.*s: %.*s\n", STR_ARG(i->path), STR_ARG(i->key),
                 STR_ARG(v->op.fault.issues[0].message));
    if (!i->type)
        assert_int_equal(fhir_path_compile(&v->op, i->path, &i->at), OK);
    assert_true(++v->n < INVARIANTS_MAX);
}

static void check(struct invariants *v, const struct invariant *i, struct op *op,
                  struct json *resource, struct json *focus)
{
    const struct fhir_path_env env = {.resource = resource, .root = resource};
    struct fhir_path_items got = {0};
    op_clear(op);
    err e = fhir_path_run(op, i->rule, &env, focus, &got);
    v->checks++;
    if (e == OK && (got.n == 0 || (got.n == 1 && got.at[0]->type == JSON_TRUE) || !i->error))
        return;
    v->bad++;
    print_message("%.*s %.*s of %.*s: %s\n", STR_ARG(i->path), STR_ARG(i->key),
                  STR_ARG(json_get_str(resource, STR("resourceType"))),
                  e == OK ? "false" : "cannot be evaluated");
}

static void check_all(struct invariants *v, struct op *op, struct json *resource)
{
    struct fhir_path_items nodes, at;
    str type = json_get_str(resource, STR("resourceType"));
    op_clear(op);
    assert_int_equal(fhir_path_run(op, v->nodes, NULL, resource, &nodes), OK);
    for (size_t i = 0; i < v->n; i++) {
        const struct invariant *one = &v->all[i];
        for (size_t k = 0; one->type && k < nodes.n; k++)
            if (fhir_is_a(nodes.types[k], one->type))
                check(v, one, op, resource, nodes.at[k]);
        if (one->type || !str_starts(one->path, type))
            continue;
        assert_int_equal(fhir_path_run(op, one->at, NULL, resource, &at), OK);
        for (size_t k = 0; k < at.n; k++)
            check(v, one, op, resource, at.at[k]);
    }
}

static void bundle(void *ctx, str text)
{
    struct invariants *v = ctx;
    struct json *tree = NULL, *entry;
    if (v->bundles++ % EACH_BUNDLE)
        return;
    struct op op = test_op();
    assert_int_equal(fhir_read(&op, text, FHIR_BUNDLE, &tree), OK);
    for (size_t k = 0; (entry = json_at(JSON_GET(tree, "entry"), k)) && k < 60; k++)
        check_all(v, &op, JSON_GET(entry, "resource"));
    test_op_done(&op);
}

/* HL7's examples; its CodeSystem has one code twice, which csd-1 finds. */
static void examples(struct invariants *v)
{
    struct op op = test_op();
    struct json *all = NULL;
    assert_int_equal(
        json_read(&op, fixture_file(op.arena, WEFT_SOURCE "/tests/vectors/fhirpath_suite.json"),
                  &JSON_LIMITS_DEFAULT, &all),
        OK);
    struct json *inputs = JSON_GET(all, "inputs");
    for (uint32_t i = 0; i < inputs->n; i++) {
        struct json *resource = &inputs->u.members[i].value;
        if (fhir_validate(&op, resource) == OK)
            check_all(v, &op, resource);
        op_clear(&op);
    }
    assert_int_equal(v->bad, 1);
    v->bad = 0;
    test_op_done(&op);
}

static void published(void **state)
{
    static struct invariants v;
    (void)state;
    v.op = test_op();
    str text = fixture_file(v.op.arena, WEFT_SOURCE "/spec/fhir/invariants.tsv"), line;
    assert_int_equal(fhir_path_compile(&v.op, STR("$this | descendants()"), &v.nodes), OK);
    while (str_take_until(&text, '\n', &line))
        if (line.n && line.p[0] != '#')
            add(&v, line);
    assert_true(v.n > 200);
    examples(&v);
    size_t before = v.checks;
    assert_true(before > 100);
    (void)fixture_all_bundles(WEFT_SOURCE, bundle, &v);
    print_message("%zu invariants, %zu checks\n", v.n, v.checks);
    test_op_done(&v.op);
    assert_int_equal(v.bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
