/* What a hostile review found in the doors of this room, one test a finding, over the memory store:
 * each does what the attacker did and wants it refused. */
#include "identity/fixture_test.h"
#include "identity/helper_int.h"
#include "identity/oauth_int.h"
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

/* R153, R408: the administrator who made an account vetted it alone, by that account or another. */
static void nobody_vets_an_account_they_made(void **state)
{
    struct fixture *f = *state;
    struct actor one = {.role = ROLE_ADMIN,
                        .purpose = PURPOSE_SYSADMIN,
                        .user = STR("admin.one"),
                        .reference = STR("Practitioner/one")};
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
    one.user = STR("admin.uno");
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

/* R162: each request with a strange Origin read every app. */
static void r162_a_strange_origin_reads_no_app(void **state)
{
    struct fixture *f = *state;
    struct json *in, *out;
    as(f, identity_system());
    static const char meta[] = "{\"client_name\":\"Chart\",\"scope\":\"patient/*.rs\","
                               "\"redirect_uris\":[\"https://app.example:8443/cb?x\"],"
                               "\"token_endpoint_auth_method\":\"none\"}";
    assert_int_equal(json_read(&f->op, str_of(meta), &JSON_LIMITS_DEFAULT, &in), OK);
    assert_int_equal(oauth_client_register(&f->op, f->id, in, &out), OK);
    str app = json_get_str(out, STR("client_id"));
    assert_false(oauth_origin(&f->op, f->id, STR("https://app.example:8443")));
    assert_int_equal(json_read(&f->op, STR("{\"status\":\"approved\",\"expires\":\"2040-01-01\"}"),
                               &JSON_LIMITS_DEFAULT, &in),
                     OK);
    f->op.now = INT64_C(1900000000000); /* 2030 */
    assert_int_equal(oauth_client_decide(&f->op, f->id, app, in, &out), OK);
    assert_true(oauth_origin(&f->op, f->id, STR("https://app.example:8443")));
    unsigned looked = f->id->oauth->origins_looked;
    for (int i = 0; i < 50; i++) {
        assert_false(oauth_origin(&f->op, f->id, arena_printf(f->arena, "https://x%d.example", i)));
        assert_false(oauth_origin(&f->op, f->id, STR("https://app.example")));
    }
    assert_int_equal(f->id->oauth->origins_looked, looked);
    f->op.now = INT64_C(2300000000000); /* its time is over, and nobody had to look */
    assert_false(oauth_origin(&f->op, f->id, STR("https://app.example:8443")));
    assert_int_equal(f->id->oauth->origins_looked, looked);
    f->op.now = INT64_C(1900000000000);
    assert_int_equal(json_read(&f->op, STR("{\"status\":\"refused\"}"), &JSON_LIMITS_DEFAULT, &in),
                     OK);
    assert_int_equal(oauth_client_decide(&f->op, f->id, app, in, &out), OK);
    assert_false(oauth_origin(&f->op, f->id, STR("https://app.example:8443")));
}

/* R165: a helper who joins under the name of a script's token ended that token. */
static void r165_a_scripts_name_is_taken(void **state)
{
    struct fixture *f = *state;
    struct identity_account who = {.user = STR("etl"), .role = ROLE_NURSE}, got;
    struct identity_session s;
    as(f, identity_system());
    assert_int_equal(identity_token_issue(&f->op, f->id, &who, STR(""), 3600, &s), OK);
    as(f, NULL);
    assert_int_equal(join_free_name(&f->op, f->id, STR("etl"), STR("::1")), ERR_CONFLICT);
    as(f, NULL);
    assert_int_equal(join_free_name(&f->op, f->id, STR("etl2"), STR("::1")), OK);
    as(f, NULL);
    assert_int_equal(identity_actor(&f->op, f->id, s.token, &got), OK);
}

/* R166: one account's answers filled what is remembered of spent challenges. */
static void r166_one_account_spends_its_share(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < SPENT_EACH; i++)
        assert_true(
            challenge_spend(&f->op, f->id, STR("eve"), challenge_make(&f->op, f->id, STR(""))));
    assert_false(
        challenge_spend(&f->op, f->id, STR("eve"), challenge_make(&f->op, f->id, STR(""))));
    assert_true(challenge_spend(&f->op, f->id, STR("ada"), challenge_make(&f->op, f->id, STR(""))));
}

/* R167: the list looked at the first 200 of all that was ever lent. */
static void r167_what_i_lent_is_listed(void **state)
{
    struct fixture *f = *state;
    struct identity_lent *all;
    size_t n;
    put(f, "nurse.ada", ROLE_NURSE);
    put(f, "zoe", ROLE_AGENT);
    struct identity_session ada = sign_in(f, "nurse.ada");
    as(f, identity_system());
    for (unsigned i = 0; i < 250; i++)
        assert_int_equal(kv_put(&f->op, f->id, arena_printf(f->arena, "dele/a%u/b%u", i, i),
                                STR("{\"role\":\"nurse\",\"until\":1,\"reason\":\"\"}")),
                         OK);
    struct identity_lent l = {.to = STR("zoe"), .until = f->op.now + 3600000};
    assert_int_equal(identity_lend(&f->op, f->id, ada.token, &l), OK);
    assert_int_equal(identity_lent_list(&f->op, f->id, ada.token, &all, &n), OK);
    assert_int_equal(n, 1);
    assert_str(all[0].to, "zoe");
    as(f, identity_system());
    assert_int_equal(identity_tick(&f->op, f->id), OK); /* what is over is swept */
    str *keys;
    assert_int_equal(store_kv_list(&f->op, f->store, STR("dele/"), 1000, &keys, &n), OK);
    assert_int_equal(n, 1);
    assert_int_equal(store_kv_list(&f->op, f->store, STR("lent/"), 1000, &keys, &n), OK);
    assert_int_equal(n, 1);
}

/* R168: a new password by an administrator left what an intruder had added. */
static void r168_a_new_password_voids_every_other_way(void **state)
{
    struct fixture *f = *state;
    struct identity_account a = put(f, "nurse.ada", ROLE_NURSE), got;
    str codes[IDENTITY_RECOVERY_CODES];
    struct actor one = {.role = ROLE_ADMIN, .purpose = PURPOSE_SYSADMIN, .user = STR("admin.one")};
    struct identity_session s = sign_in(f, "nurse.ada"), none;
    assert_int_equal(identity_recovery_new(&f->op, f->id, s.token, codes), OK);
    assert_int_equal(kv_put(&f->op, f->id, STR("pk/nurse.ada"),
                            STR("{\"handle\":\"h\",\"keys\":[{\"id\":\"AAAA\"}]}")),
                     OK);
    str raw = STR_NONE;
    assert_true(base64url_read(f->arena, STR("AAAA"), 100, &raw));
    assert_int_equal(kv_put(&f->op, f->id, passkey_index_key(&f->op, raw), a.user), OK);
    as(f, &one);
    a.totp = identity_totp_secret(f->arena);
    assert_int_equal(identity_account_put(&f->op, f->id, &a, STR("")), OK);
    a.totp = STR_NONE;
    a.pending = true;
    as(f, &one);
    assert_int_equal(identity_account_put(&f->op, f->id, &a, STR("quite another long phrase")), OK);
    struct passkeys p;
    bool found;
    str text;
    assert_int_equal(passkeys_load(&f->op, f->id, a.user, &p), OK);
    assert_null(json_at(p.list, 0));
    assert_int_equal(kv_get(&f->op, f->id, passkey_index_key(&f->op, raw), &found, &text), OK);
    assert_false(found);
    a.pending = false; /* nor does who set it vet it */
    as(f, &one);
    assert_int_equal(identity_account_put(&f->op, f->id, &a, STR("")), ERR_FORBIDDEN);
    as(f, identity_system());
    assert_int_equal(identity_account_put(&f->op, f->id, &a, STR("")), OK);
    assert_int_equal(identity_account_get(&f->op, f->id, a.user, &got), OK);
    assert_str(got.totp, "");
    struct identity_try t = {.user = a.user, .code = codes[0], .peer = STR("::1")};
    as(f, NULL);
    assert_int_equal(identity_recover(&f->op, f->id, &t, &none), ERR_UNAUTHENTICATED);
}

/* R169: wrong second steps were braked for each address alone. */
static void r169_wrong_codes_count_for_the_account(void **state)
{
    struct fixture *f = *state;
    struct identity_account a = put(f, "nurse.ada", ROLE_NURSE);
    str code, wrong;
    a.totp = identity_totp_secret(f->arena);
    as(f, identity_system());
    assert_int_equal(identity_account_put(&f->op, f->id, &a, STR("")), OK);
    assert_int_equal(identity_totp_show(&f->op, f->id, a.user, &code), OK);
    wrong = arena_printf(f->arena, "%06u", code.p[0] == '9' ? 100000u : 999999u);
    struct identity_try t = {.user = a.user, .password = str_of(GOOD), .code = wrong};
    struct identity_session s;
    for (unsigned i = 0; i < 5; i++) {
        t.peer = arena_printf(f->arena, "10.0.0.%u", i);
        as(f, NULL);
        assert_int_equal(identity_sign_in(&f->op, f->id, &t, &s), ERR_UNAUTHENTICATED);
    }
    t.peer = STR("10.0.1.1");
    as(f, NULL);
    assert_int_equal(identity_sign_in(&f->op, f->id, &t, &s), ERR_BUSY);
    f->op.now += 60000; /* the pause is over: the owner comes in, and all is forgotten */
    as(f, NULL);
    assert_int_equal(identity_totp_show(&f->op, f->id, a.user, &t.code), OK);
    assert_int_equal(identity_sign_in(&f->op, f->id, &t, &s), OK);
    bool found;
    str text;
    assert_int_equal(kv_get(&f->op, f->id, STR("totptry/nurse.ada"), &found, &text), OK);
    assert_false(found);
    assert_int_equal(kv_put(&f->op, f->id, STR("totptry/nurse.ada"), STR("100 0")), OK);
    as(f, NULL);
    assert_int_equal(identity_sign_in(&f->op, f->id, &t, &s), ERR_UNAUTHENTICATED);
}

/* R171: invitations that nobody took up, and tokens beyond the first 20,000, stayed for good. */
static void r171_what_is_over_is_swept(void **state)
{
    struct fixture *f = *state;
    static const char *const over[] = {"invite/00", "tok/00ff", "tok/ffff", "seen/7f00"};
    bool found;
    str text;
    as(f, identity_system());
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(kv_put(&f->op, f->id, str_of(over[i]), STR("{\"expires\":1}")), OK);
    for (unsigned i = 0; i < 60; i++)
        assert_int_equal(identity_tick(&f->op, f->id), OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(kv_get(&f->op, f->id, str_of(over[i]), &found, &text), OK);
        assert_false(found);
    }
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
        cmocka_unit_test_setup_teardown(r162_a_strange_origin_reads_no_app, set_up, tear_down),
        cmocka_unit_test_setup_teardown(r165_a_scripts_name_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(r166_one_account_spends_its_share, set_up, tear_down),
        cmocka_unit_test_setup_teardown(r167_what_i_lent_is_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(r168_a_new_password_voids_every_other_way, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(r169_wrong_codes_count_for_the_account, set_up, tear_down),
        cmocka_unit_test_setup_teardown(r171_what_is_over_is_swept, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
