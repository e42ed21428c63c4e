/* What a hostile review found in the doors of this room, one test a finding, over the memory store:
 * each does what the attacker did and wants it refused. */
#include "identity/fixture_test.h"
#include "identity/passkey.h"
#include "identity/webauthn_int.h"

#include <unistd.h>

static struct identity_account put(struct fixture *f, const char *user, enum role role)
{
    struct identity_account a = {.user = str_of(user), .role = role};
    as(f, identity_system());
    assert_int_equal(identity_account_put(&f->op, f->id, &a, str_of(GOOD)), OK);
    return a;
}

static struct identity_session sign_in(struct fixture *f, const char *user)
{
    struct identity_session s;
    assert_int_equal(try_in(f, user, &s), OK);
    return s;
}

/* R150: a machine stood in the cache under the hash of "device/<user>", so that text was a token.
 */
static void a_machines_name_is_no_token(void **state)
{
    struct fixture *f = *state;
    struct identity_account who;
    static const char name[] = "scale-0f6e1c1e-2b5c-4a8e-9a51-0b5c";
    put(f, name, ROLE_DEVICE);
    as(f, NULL);
    assert_int_equal(identity_actor_device(&f->op, f->id, str_of(name)), OK);
    as(f, NULL);
    assert_int_equal(identity_actor(&f->op, f->id, arena_printf(f->arena, "device/%s", name), &who),
                     ERR_UNAUTHENTICATED);
    assert_null(f->op.actor);
    as(f, NULL);
    assert_int_equal(identity_actor(&f->op, f->id, str_of(name), &who), ERR_UNAUTHENTICATED);
}

/* R151: slots were found by a hash that anybody can reckon: names that share the victim's slot
 * wore its count off, so that guessing went on at the pace of the address. */
static void names_cannot_be_aimed_at_a_slot(void **state)
{
    struct fixture *f = *state;
    struct throttle *t = &f->id->throttle;
    str ada = STR("ada"), here = STR("10.0.0.1");
    int64_t now = 1000000000;
    memset(t->key, 7, sizeof t->key); /* chance is no part of a test */
    uint64_t slot = (str_hash(ada) * 31 + str_hash(here) + 1) % THROTTLE_SLOTS;
    for (int i = 0; i < 8; i++)
        throttle_fail(t, ada, here, now);
    int worn = 0;
    for (unsigned i = 0; worn < 7; i++) {
        str name = arena_printf(f->arena, "x%u", i);
        if ((str_hash(name) * 31 + str_hash(here) + 1) % THROTTLE_SLOTS != slot)
            continue;
        worn++;
        throttle_fail(t, name, here, now);
    }
    assert_int_equal(throttle_wait(t, ada, here, now), 8000);
}

/* R152: recovery codes were hashed beside the places that sign-ins have to share. */
static void recovery_has_no_lane_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct identity_try t = {
        .user = STR("nurse.ada"), .code = STR("aaaa-bbbb-cccc-dddd"), .peer = STR("::1")};
    struct identity_session s;
    put(f, "nurse.ada", ROLE_NURSE);
    s = sign_in(f, "nurse.ada");
    identity_sign_ins_max(f->id, 1);
    as(f, NULL);
    assert_int_equal(signing_enter(&f->op, f->id), OK);
    struct identity_session none;
    assert_int_equal(identity_recover(&f->op, f->id, &t, &none), ERR_UNAVAILABLE);
    as(f, NULL);
    assert_int_equal(
        identity_password_change(&f->op, f->id, s.token, STR("ten other plain words"), &none),
        ERR_UNAVAILABLE);
    signing_leave(f->id);
    as(f, NULL);
    assert_int_equal(identity_recover(&f->op, f->id, &t, &none), ERR_UNAUTHENTICATED);
    assert_int_equal(atomic_load(&f->id->signing), 0);
}

/* R153: the administrator who made an account vetted it alone. */
static void nobody_vets_an_account_they_made(void **state)
{
    struct fixture *f = *state;
    struct actor one = {.role = ROLE_ADMIN, .purpose = PURPOSE_SYSADMIN, .user = STR("admin.one")};
    struct actor two = {.role = ROLE_ADMIN, .purpose = PURPOSE_SYSADMIN, .user = STR("admin.two")};
    struct identity_account got,
        a = {.user = STR("nurse.new"), .role = ROLE_NURSE, .pending = true};
    as(f, &one);
    assert_int_equal(identity_account_put(&f->op, f->id, &a, str_of(GOOD)), OK);
    a.name = STR("New"); /* touching it again makes nobody else its maker */
    as(f, &two);
    assert_int_equal(identity_account_put(&f->op, f->id, &a, STR("")), OK);
    a.pending = false;
    as(f, &one);
    assert_int_equal(identity_account_put(&f->op, f->id, &a, STR("")), ERR_FORBIDDEN);
    as(f, &two);
    assert_int_equal(identity_account_put(&f->op, f->id, &a, STR("")), OK);
    as(f, &two);
    assert_int_equal(identity_account_get(&f->op, f->id, a.user, &got), OK);
    assert_str(got.by, "admin.one");
    assert_false(got.pending);
}

/* R154: a lent role began a session that counted as just shown, from one that was not. */
static void acting_for_somebody_proves_nothing(void **state)
{
    struct fixture *f = *state;
    struct identity_session ada, bea, acting;
    struct identity_rest rest;
    put(f, "nurse.ada", ROLE_NURSE);
    put(f, "agent.bea", ROLE_AGENT);
    ada = sign_in(f, "nurse.ada");
    struct identity_lent l = {.to = STR("agent.bea"), .until = f->op.now + 3600000};
    assert_int_equal(identity_lend(&f->op, f->id, ada.token, &l), OK);
    bea = sign_in(f, "agent.bea");
    f->op.now += IDENTITY_FRESH_MS + 1000;
    as(f, NULL);
    assert_int_equal(identity_act_for(&f->op, f->id, bea.token, STR("nurse.ada"), STR(""), &acting),
                     OK);
    as(f, NULL);
    assert_int_equal(identity_rest(&f->op, f->id, acting.token, &rest), OK);
    assert_true(rest.interactive);
    assert_false(rest.fresh);
}

/* R155: what a person changes of their own account is written over what was read before; an
 * administrator's "disabled" in between was undone. */
static void a_change_of_ones_own_undoes_no_lock(void **state)
{
    struct fixture *f = *state;
    struct identity_account a = put(f, "nurse.ada", ROLE_NURSE), read, got;
    struct account_secret secret;
    as(f, NULL);
    assert_int_equal(account_load(&f->op, f->id, a.user, &read, &secret), OK);
    a.disabled = true;
    as(f, identity_system());
    assert_int_equal(identity_account_put(&f->op, f->id, &a, STR("")), OK);
    as(f, NULL);
    assert_int_equal(account_keep(&f->op, f->id, &read, &secret), ERR_CONFLICT);
    as(f, identity_system());
    assert_int_equal(identity_account_get(&f->op, f->id, a.user, &got), OK);
    assert_true(got.disabled);
}

/* R156: of two who joined at once under one name, the later took over the account of the first. */
static void a_name_is_taken_once(void **state)
{
    struct fixture *f = *state;
    struct identity_account a = put(f, "nurse.ada", ROLE_NURSE), got;
    struct identity_account helper = {.user = a.user,
                                      .role = ROLE_HELPER,
                                      .patient = STR("p1"),
                                      .reference = STR("RelatedPerson/r1")};
    as(f, identity_system());
    assert_int_equal(account_put_new(&f->op, f->id, &helper, STR("")), ERR_CONFLICT);
    as(f, identity_system());
    assert_int_equal(identity_account_get(&f->op, f->id, a.user, &got), OK);
    assert_int_equal(got.role, ROLE_NURSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_machines_name_is_no_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_cannot_be_aimed_at_a_slot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(recovery_has_no_lane_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_vets_an_account_they_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(acting_for_somebody_proves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_of_ones_own_undoes_no_lock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_is_taken_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
