/* A purpose is what the role's rows let it say, less what its token carries. */
#include "base/test.h"
#include "policy/purpose.h"
#include "policy/scope.h"

static struct actor of(enum role role)
{
    return (struct actor){
        .role = role, .purpose = role_purpose(role), .purposes = role_purposes(role)};
}

static void every_role_has_a_default_that_it_may_say(void **state)
{
    (void)state;
    for (enum role r = ROLE_NURSE; r < ROLE_COUNT; r++)
        assert_true(role_purposes(r) >> role_purpose(r) & 1);
    assert_int_equal(role_purpose(ROLE_NONE), PURPOSE_NONE);
    assert_int_equal(role_purpose(ROLE_COUNT), PURPOSE_NONE);
    assert_int_equal(role_purposes(ROLE_COUNT), 0);
    assert_int_equal(role_purpose(ROLE_NURSE), PURPOSE_TREAT);
    for (enum role r = ROLE_NONE; r < ROLE_COUNT; r++) /* a glass is broken, not said */
        assert_false(role_purposes(r) & (1u << PURPOSE_BTG | 1u << PURPOSE_ETREAT));
}

static void said(void **state)
{
    (void)state;
    struct actor a = of(ROLE_NURSE);
    assert_int_equal(purpose_state(&a, STR("HOPERAT")), PURPOSE_TAKEN);
    assert_int_equal(a.purpose, PURPOSE_HOPERAT);
    assert_int_equal(
        purpose_state(&a, STR("http://terminology.hl7.org/CodeSystem/v3-ActReason|TREAT")),
        PURPOSE_TAKEN);
    assert_int_equal(a.purpose, PURPOSE_TREAT);
    static const char *const refused[] = {"HPAYMT", "BTG", "ETREAT", "PATRQT"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(purpose_state(&a, str_of(refused[i])), PURPOSE_REFUSED);
    static const char *const unknown[] = {"treat", "", "X", "http://x|TREAT", "|TREAT"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_int_equal(purpose_state(&a, str_of(unknown[i])), PURPOSE_UNKNOWN);
    assert_int_equal(a.purpose, PURPOSE_TREAT);
}

static void carried(void **state)
{
    (void)state;
    struct actor a = of(ROLE_NURSE);
    purposes_carried(STR("user/*.rs openid"), &a);
    assert_int_equal(a.purposes, role_purposes(ROLE_NURSE));
    purposes_carried(STR("user/*.rs purpose/TREAT purpose/HOPERAT"), &a);
    assert_int_equal(a.purpose, PURPOSE_TREAT);
    purposes_carried(STR("purpose/HOPERAT user/*.rs"), &a);
    assert_int_equal(a.purpose, PURPOSE_HOPERAT);
    assert_int_equal(purpose_state(&a, STR("TREAT")), PURPOSE_REFUSED);
    a = of(ROLE_NURSE);
    purposes_carried(STR("purpose/HPAYMT purpose/nonsense"), &a);
    assert_int_equal(a.purpose, PURPOSE_NONE); /* in no row: it sees nothing */
    assert_int_equal(a.purposes, 0);
}

/* R196: a service registered without a purpose stated any of its role's. */
static void r196_a_service_without_a_word_has_the_default(void **state)
{
    (void)state;
    struct scopes some = {0};
    struct actor a = of(ROLE_SYSTEM);
    purposes_carried(STR("system/*.rs"), &a); /* a script of the house: not a service's token */
    assert_int_equal(purpose_state(&a, STR("TREAT")), PURPOSE_TAKEN);
    a = of(ROLE_SYSTEM);
    a.scopes = &some;
    purposes_carried(STR("system/*.rs"), &a);
    assert_int_equal(a.purposes, 1u << PURPOSE_HOPERAT);
    assert_int_equal(purpose_state(&a, STR("TREAT")), PURPOSE_REFUSED);
    a = of(ROLE_SYSTEM);
    a.scopes = &some;
    purposes_carried(STR("system/*.rs purpose/TREAT"), &a);
    assert_int_equal(a.purpose, PURPOSE_TREAT);
    a = of(ROLE_NURSE); /* a person behind an app says what it is for as on a screen */
    a.scopes = &some;
    purposes_carried(STR("user/*.rs"), &a);
    assert_int_equal(purpose_state(&a, STR("HOPERAT")), PURPOSE_TAKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_role_has_a_default_that_it_may_say), cmocka_unit_test(said),
        cmocka_unit_test(carried), cmocka_unit_test(r196_a_service_without_a_word_has_the_default)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
