/* The map against a plain list of what was put into it. */
#include "base/map.h"
#include "base/test.h"

#define KEYS 5000

static void holds_what_was_put(void **state)
{
    (void)state;
    struct op op = test_op();
    struct map m;
    map_init(&m, op.arena);
    static int values[KEYS];
    assert_null(map_get(&m, STR("absent")));
    for (int i = 0; i < KEYS; i++)
        assert_true(map_put(&m, arena_printf(op.arena, "key %d", i), &values[i]));
    assert_int_equal(m.n, KEYS);
    for (int i = 0; i < KEYS; i++)
        assert_ptr_equal(map_get(&m, arena_printf(op.arena, "key %d", i)), &values[i]);
    assert_null(map_get(&m, STR("key 5000")));
    assert_true(map_put(&m, STR("key 7"), &values[0]));
    assert_int_equal(m.n, KEYS);
    assert_ptr_equal(map_get(&m, STR("key 7")), &values[0]);
    assert_true(map_put(&m, STR_NONE, &values[1]));
    assert_ptr_equal(map_get(&m, STR("")), &values[1]);
    test_op_done(&op);
}

static void refused_memory_loses_nothing(void **state)
{
    (void)state;
    struct op op = test_op();
    struct map m;
    map_init(&m, op.arena);
    static char keys[400][8];
    size_t put = 0;
    arena_fail_at(4, true);
    for (; put < 400; put++) {
        int n = snprintf(keys[put], sizeof keys[put], "%zu", put);
        if (!map_put(&m, str_make(keys[put], (size_t)n), &keys[put]))
            break;
    }
    arena_fail_at(0, false);
    for (size_t i = 0; i < put; i++)
        assert_ptr_equal(map_get(&m, str_of(keys[i])), &keys[i]);
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(holds_what_was_put),
                                       cmocka_unit_test(refused_memory_loses_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
