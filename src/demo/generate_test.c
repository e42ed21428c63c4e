/* The same seed, number and day give the same people, byte for byte; another seed gives others. */
#include "base/test.h"
#include "demo/demo_int.h"

#include <sodium.h>

struct digest {
    crypto_generichash_state state;
    size_t bundles, bytes;
};

static err take(struct op *op, void *ctx, str bundle)
{
    (void)op;
    struct digest *d = ctx;
    d->bundles++;
    d->bytes += bundle.n;
    crypto_generichash_update(&d->state, (const unsigned char *)bundle.p, bundle.n);
    return OK;
}

static void run(uint64_t seed, size_t patients, unsigned char out[32], struct digest *d)
{
    struct op op = test_op();
    struct json *truth = NULL;
    struct demo_options o = {.seed = seed, .patients = patients, .now = 1795541400000LL};
    *d = (struct digest){0};
    crypto_generichash_init(&d->state, NULL, 0, 32);
    assert_int_equal(demo_generate(&op, &o, take, d, &truth), OK);
    assert_int_equal(JSON_GET(truth, "patients")->n, patients);
    struct buf b;
    buf_init(&b, op.arena, 64u << 20);
    json_write(&b, truth);
    crypto_generichash_update(&d->state, (const unsigned char *)buf_str(&b).p, buf_str(&b).n);
    crypto_generichash_final(&d->state, out, 32);
    test_op_done(&op);
}

static void same_seed_same_bytes(void **state)
{
    (void)state;
    struct digest d;
    unsigned char a[32], b[32], c[32];
    run(2026, 60, a, &d);
    assert_int_equal(d.bundles, 61);
    run(2026, 60, b, &d);
    run(2027, 60, c, &d);
    assert_memory_equal(a, b, 32);
    assert_memory_not_equal(a, c, 32);
}

static void the_live_patient_gets_worse(void **state)
{
    (void)state;
    struct op op = test_op();
    struct demo_device ill = {
        .user = STR("hub-p0003"), .patient = STR("p0003"), .planted = STR("live-oxygen")};
    double last = 100, v = 0;
    for (uint64_t round = 0; round < 4; round++) {
        struct json *o = NULL;
        str text = demo_reading(&op, &ill, round, 1795541400000LL);
        assert_int_equal(json_read(&op, text, &JSON_LIMITS_DEFAULT, &o), OK);
        assert_true(json_double(json_path(o, "valueQuantity.value"), &v));
        assert_true(v < last);
        last = v;
    }
    assert_true(v < 88);
    test_op_done(&op);
}

/* A lung patient's 90 does not become 97 because a device is live. */
static void others_stay_as_is_usual_for_them(void **state)
{
    (void)state;
    struct op op = test_op();
    struct demo_device lungs = {
        .user = STR("hub-p0004"), .patient = STR("p0004"), .pulse = 88, .oxygen = 90};
    for (uint64_t round = 0; round < 12; round++) {
        struct json *o = NULL;
        double v = 0, of = round % 2 ? lungs.pulse : lungs.oxygen;
        str text = demo_reading(&op, &lungs, round, 1795541400000LL);
        assert_int_equal(json_read(&op, text, &JSON_LIMITS_DEFAULT, &o), OK);
        assert_true(json_double(json_path(o, "valueQuantity.value"), &v));
        assert_true(v > of - 15 && v < of + 15);
        assert_true(round % 2 || (v >= 89 && v <= 91));
    }
    test_op_done(&op);
}

static void nothing_to_bound_is_refused_nowhere(void **state)
{
    (void)state;
    struct digest d;
    unsigned char a[32];
    run(1, 0, a, &d);
    assert_int_equal(d.bundles, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_seed_same_bytes),
                                       cmocka_unit_test(the_live_patient_gets_worse),
                                       cmocka_unit_test(others_stay_as_is_usual_for_them),
                                       cmocka_unit_test(nothing_to_bound_is_refused_nowhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
