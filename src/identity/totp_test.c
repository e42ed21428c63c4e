/* The second step against RFC 6238's own vectors (appendix B, SHA-1, last six digits). */
#include "base/test.h"

#include "identity/identity_int.h"

#define SECRET STR("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") /* "12345678901234567890" */

static void rfc_6238_vectors(void **state)
{
    (void)state;
    static const struct {
        int64_t s;
        const char *code;
    } rows[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t step = 0;
        assert_true(totp_matches(SECRET, str_of(rows[i].code), rows[i].s * 1000, &step));
        assert_int_equal(step, rows[i].s / 30);
    }
}

static void a_neighbouring_step_is_accepted_and_no_further(void **state)
{
    (void)state;
    uint64_t step = 0;
    assert_true(totp_matches(SECRET, STR("287082"), (59 + 30) * 1000, &step));
    assert_true(totp_matches(SECRET, STR("287082"), (59 - 30) * 1000, &step));
    assert_false(totp_matches(SECRET, STR("287082"), (59 + 62) * 1000, &step));
}

static void what_is_no_code_or_no_secret_never_matches(void **state)
{
    (void)state;
    uint64_t step = 0;
    assert_false(totp_matches(SECRET, STR("28708"), 59000, &step));
    assert_false(totp_matches(SECRET, STR(""), 59000, &step));
    assert_false(totp_matches(STR("short"), STR("287082"), 59000, &step));
    assert_false(
        totp_matches(STR("1EZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), STR("287082"), 59000, &step));
}

static void secrets_are_base32_and_differ(void **state)
{
    (void)state;
    struct op op = test_op();
    str a = identity_totp_secret(op.arena), b = identity_totp_secret(op.arena);
    assert_int_equal(a.n, 32);
    assert_false(str_eq(a, b));
    for (size_t i = 0; i < a.n; i++)
        assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", a.p[i]));
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_6238_vectors),
        cmocka_unit_test(a_neighbouring_step_is_accepted_and_no_further),
        cmocka_unit_test(what_is_no_code_or_no_secret_never_matches),
        cmocka_unit_test(secrets_are_base32_and_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
