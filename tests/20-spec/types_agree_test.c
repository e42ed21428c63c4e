/* Two rooms number the resource types on their own; the record hands a number of one to the other.
 */
#include "base/test.h"
#include "fhir/fhir.h"
#include "policy/policy.h"

static void both_rooms_number_types_alike(void **state)
{
    (void)state;
    assert_int_equal(FHIR_TYPE_COUNT, POLICY_TYPE_COUNT);
    for (int t = 1; t <= POLICY_TYPE_COUNT; t++) {
        assert_true(str_eq(policy_type_name(t), fhir_type_name((fhir_type)t)));
        assert_int_equal(fhir_type_parse(policy_type_name(t)), t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_rooms_number_types_alike)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
