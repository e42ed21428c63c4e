/* Identifiers: their form, and that no two are the same. */
#include "base/map.h"
#include "base/test.h"
#include "base/uuid.h"

static bool in_set(str s, const char *set)
{
    for (size_t i = 0; i < s.n; i++)
        if (!strchr(set, s.p[i]))
            return false;
    return true;
}

static void uuids(void **state)
{
    (void)state;
    struct op op = test_op();
    struct map seen;
    map_init(&seen, op.arena);
    for (int i = 0; i < 1000; i++) {
        str u = uuid_new(op.arena);
        assert_int_equal(u.n, 36);
        assert_true(in_set(u, "0123456789abcdef-"));
        assert_int_equal(u.p[14], '4');
        assert_non_null(strchr("89ab", u.p[19]));
        assert_true(u.p[8] == '-' && u.p[13] == '-' && u.p[18] == '-' && u.p[23] == '-');
        assert_null(map_get(&seen, u));
        assert_true(map_put(&seen, u, &seen));
    }
    test_op_done(&op);
}

static void tokens(void **state)
{
    (void)state;
    struct op op = test_op();
    str t = random_token(op.arena, 16);
    assert_int_equal(t.n, 26);
    assert_true(in_set(t, "0123456789abcdefghjkmnpqrstvwxyz"));
    assert_false(str_eq(t, random_token(op.arena, 16)));
    assert_int_equal(random_token(op.arena, 1).n, 2);
    assert_int_equal(random_token(op.arena, 5).n, 8);
    assert_true(random_u64() != random_u64());
    /* Every digit turns up: no bits are lost on the way. */
    str wide = random_token(op.arena, 4000);
    for (const char *d = "0123456789abcdefghjkmnpqrstvwxyz"; *d; d++)
        assert_true(str_find_char(wide, *d, 0) != SIZE_MAX);
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(uuids), cmocka_unit_test(tokens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
