/* Training opens a role, runs out, and counts at once; accounts that are pending or at their end;
 * roles that colleagues lend each other; what rule SEC-02 says of resting. */
#include "identity/fixture_test.h"
#include "identity/training.h"

static void put(struct fixture *f, const char *user, enum role role, bool pending, int64_t until)
{
    put_account(f, (struct identity_account){
                       .user = str_of(user), .role = role, .pending = pending, .until = until});
}

static int set_up_staff(void **state)
{
    set_up(state);
    put(*state, "agent.ada", ROLE_AGENT, false, 0);
    put(*state, "nurse.bea", ROLE_NURSE, false, 0);
    return 0;
}

static bool untrained(struct fixture *f, str token)
{
    struct identity_account who;
    as(f, NULL);
    assert_int_equal(identity_actor(&f->op, f->id, token, &who), OK);
    return f->op.actor->untrained;
}

/* Passes all modules of the session by trying what there is. */
static void pass_all(struct fixture *f, str token)
{
    struct identity_module m[TRAINING_MAX];
    size_t n;
    unsigned wrong = 1;
    assert_int_equal(identity_training(&f->op, f->id, token, m, &n), OK);
    assert_true(n >= 3);
    for (size_t i = 0; i < n; i++) {
        unsigned a[8] = {0};
        assert_true(untrained(f, token));
        for (unsigned tries = 0; tries < 3; tries++) {
            assert_int_equal(
                identity_training_answer(&f->op, f->id, token, m[i].id, a, m[i].questions, &wrong),
                OK);
            for (unsigned q = 0; q < m[i].questions; q++)
                a[q] += wrong >> q & 1;
        }
        assert_int_equal(wrong, 0);
    }
}

static void a_role_opens_with_its_training(void **state)
{
    struct fixture *f = *state;
    struct identity_session s;
    unsigned none[8] = {0}, wrong;
    assert_int_equal(try_in(f, "agent.ada", &s), OK);
    assert_true(untrained(f, s.token));
    assert_int_equal(
        identity_training_answer(&f->op, f->id, s.token, STR("privacy"), none, 2, &wrong),
        ERR_INVALID);
    as(f, NULL);
    assert_int_equal(
        identity_training_answer(&f->op, f->id, s.token, STR("nothing"), none, 0, &wrong),
        ERR_INVALID);
    as(f, NULL);
    pass_all(f, s.token);
    assert_false(untrained(f, s.token));
    f->op.now += INT64_C(366) * 24 * 3600 * 1000; /* it runs out, whatever was cached */
    assert_int_equal(try_in(f, "agent.ada", &s), OK);
    assert_true(untrained(f, s.token));
    as(f, identity_system());
    assert_int_equal(identity_training_note(&f->op, f->id, STR("agent.ada")), OK);
    assert_false(untrained(f, s.token));
    as(f, NULL);
    assert_int_equal(identity_training_note(&f->op, f->id, STR("agent.ada")), ERR_FORBIDDEN);
}

static void pending_and_ended_accounts_stay_shut(void **state)
{
    struct fixture *f = *state;
    struct identity_session s;
    struct identity_account who;
    put(f, "new.cy", ROLE_NURSE, true, 0);
    assert_int_equal(try_in(f, "new.cy", &s), ERR_UNAUTHENTICATED);
    put(f, "new.cy", ROLE_NURSE, false, f->op.now + 3600 * 1000);
    assert_int_equal(try_in(f, "new.cy", &s), OK);
    f->op.now += 10 * 60 * 1000;
    as(f, NULL);
    assert_int_equal(identity_actor(&f->op, f->id, s.token, &who), OK);
    put(f, "new.cy", ROLE_NURSE, true, 0);
    as(f, NULL);
    assert_int_equal(identity_actor(&f->op, f->id, s.token, &who), ERR_UNAUTHENTICATED);
    put(f, "new.cy", ROLE_NURSE, false, f->op.now + 60 * 1000);
    assert_int_equal(try_in(f, "new.cy", &s), OK);
    f->op.now += 60 * 1000;
    as(f, NULL);
    assert_int_equal(identity_actor(&f->op, f->id, s.token, &who), ERR_UNAUTHENTICATED);
    assert_int_equal(try_in(f, "new.cy", &s), ERR_UNAUTHENTICATED);
}

static void lent_roles_end(void **state)
{
    struct fixture *f = *state;
    struct identity_session bea, ada, acting;
    struct identity_account who;
    struct identity_lent *rows, l = {.to = STR("agent.ada"), .reason = STR("holiday")};
    size_t n;
    assert_int_equal(try_in(f, "agent.ada", &ada), OK);
    assert_int_equal(identity_act_for(&f->op, f->id, ada.token, STR("nurse.bea"), STR(""), &acting),
                     ERR_FORBIDDEN);
    assert_int_equal(try_in(f, "nurse.bea", &bea), OK);
    l.until = f->op.now + INT64_C(40) * 24 * 3600 * 1000;
    assert_int_equal(identity_lend(&f->op, f->id, bea.token, &l), ERR_INVALID);
    as(f, NULL);
    l.until = f->op.now + 3600 * 1000;
    assert_int_equal(identity_lend(&f->op, f->id, bea.token, &l), OK);
    assert_int_equal(identity_lent_list(&f->op, f->id, ada.token, &rows, &n), OK);
    assert_int_equal(n, 1);
    assert_str(rows[0].from, "nurse.bea");
    assert_int_equal(identity_act_for(&f->op, f->id, ada.token, STR("nurse.bea"), STR(""), &acting),
                     OK);
    as(f, NULL);
    assert_int_equal(identity_actor(&f->op, f->id, acting.token, &who), OK);
    assert_int_equal(f->op.actor->role, ROLE_NURSE);
    assert_str(f->op.actor->user, "agent.ada");
    assert_true(f->op.actor->untrained); /* a lent role asks the borrower for its training */
    l.to = STR("new.cy");
    put(f, "new.cy", ROLE_NURSE, false, 0);
    as(f, NULL);
    l.until = 0;
    l.to = STR("agent.ada");
    assert_int_equal(identity_lend(&f->op, f->id, bea.token, &l), OK);
    assert_int_equal(identity_actor(&f->op, f->id, acting.token, &who), ERR_UNAUTHENTICATED);
    as(f, NULL);
    assert_int_equal(identity_actor(&f->op, f->id, ada.token, &who), OK);
    l.until = f->op.now + 3600 * 1000;
    assert_int_equal(identity_lend(&f->op, f->id, bea.token, &l), OK);
    assert_int_equal(identity_act_for(&f->op, f->id, ada.token, STR("nurse.bea"), STR(""), &acting),
                     OK);
    as(f, NULL);
    assert_int_equal(identity_actor(&f->op, f->id, acting.token, &who), OK);
    put(f, "nurse.bea", ROLE_OUTREACH, false, 0); /* the lender has it no more */
    as(f, NULL);
    assert_int_equal(identity_actor(&f->op, f->id, acting.token, &who), ERR_UNAUTHENTICATED);
    assert_int_equal(try_in(f, "agent.ada", &ada), OK);
    assert_int_equal(identity_act_for(&f->op, f->id, ada.token, STR("nurse.bea"), STR(""), &acting),
                     ERR_FORBIDDEN);
}

/* Hostile review R129: taking up a lent role made a stale sign-in fresh again. */
static void r129_a_lent_role_is_no_fresher(void **state)
{
    struct fixture *f = *state;
    struct identity_session bea, ada, acting;
    struct identity_rest rest;
    struct identity_lent l = {.to = STR("agent.ada"), .reason = STR("holiday")};
    assert_int_equal(try_in(f, "nurse.bea", &bea), OK);
    l.until = f->op.now + 3600 * 1000;
    assert_int_equal(identity_lend(&f->op, f->id, bea.token, &l), OK);
    assert_int_equal(try_in(f, "agent.ada", &ada), OK);
    for (unsigned late = 0; late < 2; late++) {
        f->op.now += late * IDENTITY_FRESH_MS;
        as(f, NULL);
        assert_int_equal(
            identity_act_for(&f->op, f->id, ada.token, STR("nurse.bea"), STR(""), &acting), OK);
        assert_int_equal(identity_rest(&f->op, f->id, acting.token, &rest), OK);
        assert_true(rest.interactive);
        assert_int_equal(rest.fresh, !late);
    }
}

static void resting_is_as_the_rule_says(void **state)
{
    (void)state;
    str params = str_of(policy_rule_find(STR("SEC-02"))->params);
    assert_int_not_equal(str_find(params, STR("\"max_idle_s\":600"), 0), SIZE_MAX);
    assert_int_not_equal(str_find(params, STR("\"ceiling_s\":900"), 0), SIZE_MAX);
    assert_int_equal(token_idle_ms(ROLE_AGENT), 600 * 1000);
    assert_int_equal(token_idle_ms(ROLE_NURSE), 900 * 1000);
    assert_int_equal(token_idle_ms(ROLE_PATIENT), 1800 * 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_role_opens_with_its_training, set_up_staff, tear_down),
        cmocka_unit_test_setup_teardown(pending_and_ended_accounts_stay_shut, set_up_staff,
                                        tear_down),
        cmocka_unit_test_setup_teardown(lent_roles_end, set_up_staff, tear_down),
        cmocka_unit_test_setup_teardown(r129_a_lent_role_is_no_fresher, set_up_staff, tear_down),
        cmocka_unit_test(resting_is_as_the_rule_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
