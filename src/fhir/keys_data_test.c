/* Every resource of the shared bundles: making search keys never fails, and the trie gives the same
 * keys as the FHIRPath engine does for every parameter; samples are found by each of their keys.
 * Prints the rate; does not judge it. Skipped, loudly, where the data is absent. */
#include "fhir/fixture.h"
#include "fhir/keys_dump.h"

#include <time.h>

struct totals {
    struct op op;
    size_t bundles, resources, keys, observations, observation_keys, checked, asked;
    int64_t ns, observation_ns;
    struct arena *timed; /* reset for each resource, as a server's is */
};

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t timed(struct json *resource, struct totals *t)
{
    struct op op;
    struct fhir_key *keys;
    size_t n;
    op_init(&op, t->timed, NULL, 0);
    int64_t start = cpu_ns();
    assert_int_equal(fhir_keys(&op, resource, &keys, &n), OK);
    int64_t took = cpu_ns() - start;
    arena_reset(t->timed);
    return took;
}

static void one(struct op *op, struct json *resource, struct totals *t)
{
    struct fhir_key *keys = NULL;
    size_t n = 0;
    int64_t took = timed(resource, t);
    assert_int_equal(fhir_keys(op, resource, &keys, &n), OK);
    t->ns += took;
    t->resources++;
    t->keys += n;
    if (fhir_type_of(resource) == FHIR_OBSERVATION) {
        t->observations++;
        t->observation_keys += n;
        t->observation_ns += took;
    }
    t->checked++;
    str a = keys_dump(op, keys, n), b = keys_dump_by_path(op, resource);
    if (!str_eq(a, b))
        fail_msg("trie:\n%.*s\nFHIRPath:\n%.*s\n", STR_ARG(a), STR_ARG(b));
    if (t->resources % 31 == 0)
        t->asked += keys_find_it(op, resource);
}

static void bundle(void *ctx, str text)
{
    struct totals *t = ctx;
    op_clear(&t->op);
    arena_reset(t->op.arena);
    struct json *entries = JSON_GET(tree_of_text(&t->op, text), "entry"), *e;
    for (size_t i = 0; (e = json_at(entries, i)); i++)
        one(&t->op, JSON_GET(e, "resource"), t);
    t->bundles++;
}

static void shared_bundles(void **state)
{
    (void)state;
    struct totals t = {.op = test_op(), .timed = arena_new(0)};
    assert_non_null(t.timed);
    bool here = fixture_all_bundles(WEFT_SOURCE, bundle, &t);
    arena_free(t.timed);
    test_op_done(&t.op);
    if (!here)
        skip();
    assert_int_equal(t.resources, 55669);
    assert_int_equal(t.observations, 27161);
    print_message(
        "%zu resources, %zu keys, %zu checked against FHIRPath, %zu asked for; %.2f us a resource, "
        "%.2f us and %.1f keys an Observation\n",
        t.resources, t.keys, t.checked, t.asked, (double)t.ns / 1e3 / (double)t.resources,
        (double)t.observation_ns / 1e3 / (double)t.observations,
        (double)t.observation_keys / (double)t.observations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shared_bundles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
