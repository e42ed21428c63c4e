/* A restriction is found by role and type alone, each once and in order; what is no type, or none
 * at all, finds nothing. */
#include "base/test.h"
#include "policy/restrict.h"

static void found_by_role_and_type(void **state)
{
    (void)state;
    int patient = policy_type_parse(STR("Patient")), visit = policy_type_parse(STR("Encounter"));
    struct restrictions r = {.n = 3};
    r.all[0].role = ROLE_NURSE;
    r.all[1].role = ROLE_AGENT;
    r.all[2].role = ROLE_NURSE;
    for (size_t i = 0; i < r.n; i++)
        r.all[i].types[visit / 64] |= UINT64_C(1) << (visit % 64);
    size_t at = 0;
    assert_ptr_equal(restrict_next(&r, ROLE_NURSE, visit, &at), &r.all[0]);
    assert_ptr_equal(restrict_next(&r, ROLE_NURSE, visit, &at), &r.all[2]);
    assert_null(restrict_next(&r, ROLE_NURSE, visit, &at));
    at = 0;
    assert_null(restrict_next(&r, ROLE_NURSE, patient, &at));
    at = 0;
    assert_null(restrict_next(&r, ROLE_PRIVACY, visit, &at));
    at = 0;
    assert_null(restrict_next(NULL, ROLE_NURSE, visit, &at));
    assert_null(restrict_next(&r, ROLE_NURSE, POLICY_TYPE_SYSTEM, &at));
    assert_null(restrict_next(&r, ROLE_NURSE, -1, &at));
    assert_null(restrict_next(&r, ROLE_NURSE, 100000, &at));
    assert_int_equal(at, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(found_by_role_and_type)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
