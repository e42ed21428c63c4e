/* The shared bundles of 149 synthetic people: every resource is valid, and the stored form gives
 * back what was read, decimals as written. Skipped, loudly, where the data is absent. */
#include "fhir/fixture.h"
#include "fhir_int.h"

struct totals {
    struct op op;
    size_t bundles, resources;
};

static struct json *without_server_part(struct op *op, const struct json *resource)
{
    struct json *v = json_dup(op->arena, resource);
    json_unset(v, STR("id"));
    struct json *meta = JSON_GET(v, "meta");
    json_unset(meta, STR("versionId"));
    json_unset(meta, STR("lastUpdated"));
    if (json_is(meta, JSON_OBJECT) && meta->n == 0)
        json_unset(v, STR("meta"));
    return v;
}

static void same_tags(const struct json *a, const struct json *b, unsigned depth)
{
    assert_true(depth < 200);
    for (uint32_t i = 0; a->type == JSON_ARRAY && i < a->n; i++)
        same_tags(&a->u.items[i], &b->u.items[i], depth + 1);
    for (uint32_t i = 0; a->type == JSON_OBJECT && i < a->n; i++) {
        const struct json *other = json_get(b, a->u.members[i].name);
        if (!other)
            continue;
        assert_int_equal(a->u.members[i].value.tag, other->tag);
        same_tags(&a->u.members[i].value, other, depth + 1);
    }
}

static void comes_back(struct op *op, const struct json *resource)
{
    struct buf b;
    struct json *again = NULL;
    buf_init(&b, op->arena, FIXTURE_LINE_MAX);
    fhir_head_write(&b, fhir_type_of(resource), STR("x-1"), 7, 1700000000000);
    fhir_body_write(&b, resource);
    assert_true(buf_ok(&b));
    assert_int_equal(fhir_stored_read(op, buf_str(&b), &again), OK);
    assert_str(json_get_str(again, STR("id")), "x-1");
    assert_str(json_get_str(JSON_GET(again, "meta"), STR("versionId")), "7");
    assert_true(json_equal(without_server_part(op, resource), without_server_part(op, again)));
    same_tags(resource, again, 0);
    assert_int_equal(fhir_validate(op, again), OK);
}

static void bundle(void *ctx, str line)
{
    struct totals *t = ctx;
    struct op *op = &t->op;
    struct json *v = NULL;
    struct fhir_plan plan;
    op_clear(op);
    arena_reset(op->arena);
    if (fhir_read(op, line, FHIR_BUNDLE, &v) != OK)
        fail_msg("bundle %zu: %.*s: %.*s\n", t->bundles, STR_ARG(op->fault.issues[0].expression),
                 STR_ARG(op->fault.issues[0].message));
    assert_int_equal(op->fault.n, 0);
    assert_int_equal(fhir_bundle_plan(op, v, false, &plan), OK);
    assert_int_equal(plan.n, JSON_GET(v, "entry")->n);
    for (size_t i = 0; i < plan.n; i++) {
        assert_int_equal(plan.entries[i].verb, VERB_POST);
        assert_int_equal(plan.entries[i].type, fhir_type_of(plan.entries[i].resource));
        if (t->bundles % 8 == 0)
            comes_back(op, plan.entries[i].resource);
        t->resources++;
    }
    t->bundles++;
}

static void shared_bundles(void **state)
{
    (void)state;
    struct totals t = {.op = test_op()};
    bool here = fixture_all_bundles(WEFT_SOURCE, bundle, &t);
    test_op_done(&t.op);
    if (!here)
        skip();
    assert_int_equal(t.bundles, 149);
    assert_int_equal(t.resources, 55669);
    print_message("%zu bundles, %zu resources valid\n", t.bundles, t.resources);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shared_bundles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
