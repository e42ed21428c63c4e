/* The thread's compiled outlines: one that is in use stays what it is, however many there are. */
#include "campaign/play_int.h"

/* R515: the outline after the hundred and twenty-eighth took the memory of those in use. */
static void r515_an_outline_in_use_is_not_forgotten(void **state)
{
    struct play *p = *state;
    struct loaded *first = NULL, *l = NULL, *again = NULL;
    str id = put(p, "post-discharge", STR_NONE), other = STR_NONE;
    as(p, campaign_system());
    plans_tidy(p->c->run);
    ok(p, plan_load(&p->g->op, p->c, id, 1, &first));
    size_t steps = first->plan->n_steps;
    for (unsigned i = 0; i <= PLANS_MAX; i++) {
        other = put(p, "recall", STR_NONE);
        as(p, campaign_system());
        ok(p, plan_load(&p->g->op, p->c, other, 1, &l));
        assert_true(str_eq(l->id, other));
    }
    assert_true(str_eq(first->id, id));
    assert_int_equal(first->vid, 1);
    assert_int_equal(first->plan->n_steps, steps);
    plans_tidy(p->c->run); /* between two rounds: there is room again */
    ok(p, plan_load(&p->g->op, p->c, other, 1, &l));
    ok(p, plan_load(&p->g->op, p->c, other, 1, &again));
    assert_ptr_equal(l, again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(r515_an_outline_in_use_is_not_forgotten, open_play,
                                        close_play),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
