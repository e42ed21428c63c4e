/* What an outpost puts into one row. */
#include "base/test.h"
#include "monitor/monitor_int.h"

/* R505: sixty-four of the largest readings at once took more memory than a row may, so they were
 * never put, and the outpost's session stood still for good. */
static void r505_large_readings_go_in_several_rows(void **state)
{
    static const char bytes[256u << 10];
    struct message at[2 * INTAKE_BATCH_MAX];
    size_t n = sizeof at / sizeof *at, from = 0, rows = 0;
    (void)state;
    for (size_t i = 0; i < n; i++)
        at[i] = (struct message){.device = STR("d"), .payload = {"{}", 2}};
    assert_int_equal(intake_nodes_part(at, n), INTAKE_BATCH_MAX);
    assert_int_equal(intake_nodes_part(at, 3), 3);
    for (size_t i = 0; i < n; i++)
        at[i].payload = str_make(bytes, sizeof bytes);
    for (size_t some; from < n; from += some, rows++) {
        some = intake_nodes_part(at + from, n - from);
        assert_in_range(some, 1, 16);
    }
    assert_int_equal(from, n);
    assert_in_range(rows, 8, 10);
    at[0].payload =
        (str){bytes, (size_t)16 << 20}; /* never read: one alone goes, whatever it has */
    assert_int_equal(intake_nodes_part(at, n), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(r505_large_readings_go_in_several_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
