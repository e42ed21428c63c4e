/* A person's own sessions against the clock: fresh for five minutes, resting, ended one by one and
 * all at once; proofs; challenges that are good once, for one session and for five minutes. */
#include "identity/fixture_test.h"
#include "identity/webauthn_int.h"

static int set_up_nurse(void **state)
{
    set_up(state);
    put_account(*state, (struct identity_account){.user = STR("nurse.ada"), .role = ROLE_NURSE});
    return 0;
}

static str begin(struct fixture *f)
{
    struct identity_session s;
    struct identity_try t = {.user = STR("nurse.ada"),
                             .password = str_of(GOOD),
                             .peer = STR("::1"),
                             .device = STR("Firefox, Linux")};
    as(f, NULL);
    assert_int_equal(identity_sign_in(&f->op, f->id, &t, &s), OK);
    assert_int_equal(s.rest_ms, 15 * 60 * 1000);
    return s.token;
}

static void fresh_for_five_minutes(void **state)
{
    struct fixture *f = *state;
    struct identity_rest r;
    struct identity_try t = {.user = STR("somebody.else"), .peer = STR("::1")};
    str token = begin(f);
    assert_int_equal(identity_rest(&f->op, f->id, token, &r), OK);
    assert_true(r.interactive && r.fresh);
    f->op.now += IDENTITY_FRESH_MS;
    assert_int_equal(identity_rest(&f->op, f->id, token, &r), OK);
    assert_false(r.fresh);
    assert_int_equal(r.left_ms, 10 * 60 * 1000);
    t.password = STR("not the password");
    assert_int_equal(identity_step_up(&f->op, f->id, token, &t), ERR_UNAUTHENTICATED);
    as(f, NULL);
    assert_int_equal(identity_rest(&f->op, f->id, token, &r), OK);
    assert_false(r.fresh);
    t.password = str_of(GOOD); /* whoever is named, it is the session's own person */
    assert_int_equal(identity_step_up(&f->op, f->id, token, &t), OK);
    assert_int_equal(identity_rest(&f->op, f->id, token, &r), OK);
    assert_true(r.fresh);
}

static void what_no_hand_asked_for_keeps_no_session(void **state)
{
    struct fixture *f = *state;
    struct identity_account who;
    str token = begin(f);
    f->op.now += 14 * 60 * 1000;
    assert_int_equal(identity_actor_at_rest(&f->op, f->id, token, &who), OK);
    f->op.now += 61 * 1000;
    assert_int_equal(identity_actor_at_rest(&f->op, f->id, token, &who), ERR_UNAUTHENTICATED);
    as(f, NULL);
    token = begin(f);
    f->op.now += 14 * 60 * 1000;
    assert_int_equal(identity_actor(&f->op, f->id, token, &who), OK);
    f->op.now += 14 * 60 * 1000;
    assert_int_equal(identity_actor(&f->op, f->id, token, &who), OK);
}

static void own_sessions(void **state)
{
    struct fixture *f = *state;
    struct identity_session_row *rows;
    size_t n;
    struct identity_account who;
    str one = begin(f), two = begin(f), three = begin(f);
    assert_int_equal(identity_sessions(&f->op, f->id, one, &rows, &n), OK);
    assert_int_equal(n, 3);
    assert_str(rows[0].device, "Firefox, Linux");
    for (size_t i = 0; i < n; i++) {
        if (rows[i].current)
            continue;
        assert_int_equal(identity_session_end(&f->op, f->id, one, rows[i].id), OK);
        break;
    }
    int alive = identity_alive(&f->op, f->id, two) + identity_alive(&f->op, f->id, three);
    assert_int_equal(alive, 1);
    as(f, NULL);
    assert_int_equal(identity_session_end(&f->op, f->id, one, STR("0123456789abcdef")),
                     ERR_NOT_FOUND);
    as(f, NULL);
    assert_int_equal(identity_sign_out_everywhere(&f->op, f->id, one), OK);
    assert_int_equal(identity_actor(&f->op, f->id, one, &who), ERR_UNAUTHENTICATED);
    as(f, NULL);
    two = begin(f);
    assert_int_equal(identity_sessions(&f->op, f->id, two, &rows, &n), OK);
}

static void proofs_belong_to_their_token(void **state)
{
    struct fixture *f = *state;
    str a = begin(f), b = begin(f), proof = identity_proof(f->arena, a);
    assert_true(identity_proof_holds(a, proof));
    assert_false(identity_proof_holds(b, proof));
    assert_false(identity_proof_holds(a, STR_NONE));
    assert_false(identity_proof_holds(a, str_sub(proof, 1, SIZE_MAX)));
    assert_int_equal(str_find(a, proof, 0), SIZE_MAX);
}

static void challenges(void **state)
{
    struct fixture *f = *state;
    str c = challenge_make(&f->op, f->id, STR("s1")), any = challenge_make(&f->op, f->id, STR(""));
    assert_true(challenge_holds(&f->op, f->id, STR("s1"), c));
    assert_false(challenge_holds(&f->op, f->id, STR("s2"), c));
    assert_false(challenge_holds(&f->op, f->id, STR(""), c));
    assert_false(challenge_holds(&f->op, f->id, STR("s1"), any));
    for (size_t i = 0; i < c.n; i++) { /* no bit of it may differ */
        char copy[128];
        memcpy(copy, c.p, c.n);
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        if (copy[i] != c.p[i])
            assert_false(challenge_holds(&f->op, f->id, STR("s1"), str_make(copy, c.n)) &&
                         i + 1 < c.n);
    }
    assert_true(challenge_spend(&f->op, f->id, STR("ada"), c));
    assert_false(challenge_spend(&f->op, f->id, STR("ada"), c));
    f->op.now += 5 * 60 * 1000 - 1;
    assert_true(challenge_holds(&f->op, f->id, STR(""), any));
    assert_false(challenge_spend(&f->op, f->id, STR("ada"), c));
    f->op.now += 1;
    assert_false(challenge_holds(&f->op, f->id, STR(""), any));
    for (unsigned i = 0; i < SPENT_CHALLENGES; i++)
        f->id->challenges.spent[i] = (struct spent_challenge){.end = f->op.now + 1000, .whose = i};
    assert_false(
        challenge_spend(&f->op, f->id, STR("ada"), challenge_make(&f->op, f->id, STR(""))));
    f->op.now += 5 * 60 * 1000;
    assert_true(challenge_spend(&f->op, f->id, STR("ada"), challenge_make(&f->op, f->id, STR(""))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fresh_for_five_minutes, set_up_nurse, tear_down),
        cmocka_unit_test_setup_teardown(what_no_hand_asked_for_keeps_no_session, set_up_nurse,
                                        tear_down),
        cmocka_unit_test_setup_teardown(own_sessions, set_up_nurse, tear_down),
        cmocka_unit_test_setup_teardown(proofs_belong_to_their_token, set_up_nurse, tear_down),
        cmocka_unit_test_setup_teardown(challenges, set_up_nurse, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
