/* Every Bundle of the demonstration is a FHIR transaction without fault, and its plan holds all of
 * it. */
#include "base/test.h"
#include "demo/demo.h"
#include "fhir/fhir.h"

struct count {
    size_t bundles, entries;
};

static err valid(struct op *op, void *ctx, str bundle)
{
    struct count *c = ctx;
    struct json *tree = NULL;
    struct arena *a = arena_new(0);
    struct op own;
    op_init(&own, a, NULL, op->now);
    err e = fhir_read(&own, bundle, fhir_type_parse(STR("Bundle")), &tree);
    for (size_t i = 0; e != OK && i < own.fault.n && i < 5; i++)
        print_error("%.*s: %.*s\n", STR_ARG(own.fault.issues[i].expression),
                    STR_ARG(own.fault.issues[i].message));
    assert_int_equal(e, OK);
    c->bundles++;
    c->entries += JSON_GET(tree, "entry")->n;
    arena_free(a);
    return OK;
}

static void every_bundle_is_valid(void **state)
{
    (void)state;
    struct count c = {0};
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct op op = test_op();
        struct json *truth = NULL;
        struct demo_options o = {.seed = seed, .patients = 130, .now = 1795541400000LL};
        assert_int_equal(demo_generate(&op, &o, valid, &c, &truth), OK);
        test_op_done(&op);
    }
    assert_int_equal(c.bundles, 3 * 131);
    assert_true(c.entries > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_bundle_is_valid)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
