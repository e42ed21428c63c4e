/* The counts of a ring: how many are of it, when it halts, when the next opens. */
#include "fleet/firmware_int.h"

#include "base/test.h"

#define HOUR INT64_C(3600000)

static const struct firmware_ring row = {"first", 10, 48, 80, 5, "test"};

static void a_ring_is_never_empty(void **state)
{
    (void)state;
    assert_int_equal(ring_size(0, 1), 0);
    assert_int_equal(ring_size(1, 1), 1);
    assert_int_equal(ring_size(100, 1), 1);
    assert_int_equal(ring_size(101, 1), 2);
    assert_int_equal(ring_size(30, 10), 3);
    assert_int_equal(ring_size(7, 50), 4);
    assert_int_equal(ring_size(7, 100), 7);
}

static void it_halts_past_the_limit_only(void **state)
{
    (void)state;
    struct ring_count c = {.opened = 1, .asked = 100, .done = 90, .failed = 5};
    assert_false(ring_failed(&row, &c)); /* the limit itself is borne */
    c.failed = 6;
    assert_true(ring_failed(&row, &c));
    c.forgiven = 6; /* two people let it go on */
    assert_false(ring_failed(&row, &c));
    c.failed = 11;
    assert_false(ring_failed(&row, &c));
    c.failed = 12;
    assert_true(ring_failed(&row, &c));
    assert_true(ring_failed(&row, &(struct ring_count){.asked = 1, .failed = 1}));
    assert_false(ring_failed(&row, &(struct ring_count){.asked = 0}));
}

static void the_next_opens_when_enough_did_it_for_long_enough(void **state)
{
    (void)state;
    struct tally t = {.full = true, .rings = {{.opened = HOUR, .asked = 10, .done = 8}}};
    assert_false(ring_over(&row, &t, 0, 48 * HOUR));
    assert_true(ring_over(&row, &t, 0, 49 * HOUR));
    t.rings[0].done = 7;
    assert_false(ring_over(&row, &t, 0, 900 * HOUR));
    t.rings[0] = (struct ring_count){.opened = HOUR, .asked = 10, .done = 9, .failed = 1};
    assert_false(ring_over(&row, &t, 0, 49 * HOUR));
    t.rings[0] = (struct ring_count){.opened = HOUR}; /* all of them run it already */
    assert_true(ring_over(&row, &t, 0, HOUR));
    t.full = false;
    assert_false(ring_over(&row, &t, 0, HOUR));
}

static void a_reason_is_counted_by_its_name(void **state)
{
    (void)state;
    struct ring_count c = {0};
    ring_sign(&c, STR("silent"));
    ring_sign(&c, STR("failed"));
    ring_sign(&c, STR("silent"));
    assert_int_equal(c.n_signs, 2);
    assert_int_equal(c.sign[0].n, 2);
    for (unsigned i = 0; i < 20; i++) { /* more names than there is room for */
        static char name[20][2];
        name[i][0] = (char)('a' + i);
        ring_sign(&c, str_of(name[i]));
    }
    assert_int_equal(c.n_signs, FIRMWARE_SIGNS);
}

static void a_device_has_one_place(void **state)
{
    (void)state;
    size_t first = 0;
    for (unsigned i = 0; i < 10000; i++) {
        char id[16];
        snprintf(id, sizeof id, "kit-%u", i);
        assert_true(ring_place(str_of(id)) == ring_place(str_of(id)));
        first += ring_place(str_of(id)) < UINT64_MAX / 10;
    }
    assert_in_range(first, 850, 1150); /* even: a tenth, six deviations either way */
}

static void a_file_goes_when_nobody_is_asked_for_it_for_long(void **state)
{
    const int64_t now = INT64_C(2000) * 24 * HOUR, old = now - FIRMWARE_KEEP_REPLACED * 24 * HOUR;
    const int64_t halted = now - FIRMWARE_KEEP_HALTED * 24 * HOUR;
    (void)state;
    assert_true(image_is_over(FIRMWARE_DONE, old, now));
    assert_false(image_is_over(FIRMWARE_DONE, old + 1, now));
    assert_false(image_is_over(FIRMWARE_DONE, 0, now)); /* nothing came after it */
    assert_true(image_is_over(FIRMWARE_HALTED, halted, now));
    assert_true(image_is_over(FIRMWARE_RESUMING, halted, now));
    assert_false(image_is_over(FIRMWARE_HALTED, halted + 1, now));
    assert_false(image_is_over(FIRMWARE_WAITING, 1, now));
    assert_false(image_is_over(FIRMWARE_RUNNING, 1, now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_is_never_empty),
        cmocka_unit_test(it_halts_past_the_limit_only),
        cmocka_unit_test(the_next_opens_when_enough_did_it_for_long_enough),
        cmocka_unit_test(a_reason_is_counted_by_its_name),
        cmocka_unit_test(a_device_has_one_place),
        cmocka_unit_test(a_file_goes_when_nobody_is_asked_for_it_for_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
