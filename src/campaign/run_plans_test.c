/* The thread's memory: an outline that is in use stays what it is, however many there are; a round
 * ends before its memory does. */
#include "campaign/play_int.h"
#include "campaign/step_int.h"

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

static size_t told(struct play *p, str who)
{
    struct record_page page;
    str query = arena_printf(p->g->arena, "recipient=Patient/%.*s", STR_ARG(who));
    as(p, campaign_system());
    ok(p, record_find(&p->g->op, p->g->rec, fhir_type_parse(STR("Communication")), query, &page));
    return page.n;
}

/* R516, found by the hostile run of a million: a round whose memory was over went on in it, over
 * what was in use, and the server fell over. What it had no room for comes again. */
static void r516_a_round_ends_before_its_memory(void **state)
{
    struct play *p = *state;
    struct op op;
    struct arena *own = arena_new(256u << 20);
    size_t n = 0;
    run_it(p, put(p, "post-discharge", STR_NONE));
    str lee = patient(p, 160, "en"), ann = patient(p, 161, "en");
    discharge(p, lee);
    discharge(p, ann);
    settle(p);
    p->now = DISCHARGE + 19 * HOUR;
    op_init(&op, own, campaign_system(), p->now);
    assert_non_null(arena_alloc(own, ROUND_GATHER + 1));
    ok(p, campaign_tick(&op, p->c, &n));
    assert_int_equal(told(p, lee) + told(p, ann), 0);
    arena_reset(own);
    assert_null(arena_alloc(own, 300u << 20)); /* it failed: nothing is done in it */
    op_init(&op, own, campaign_system(), p->now + 1000);
    assert_int_not_equal(campaign_tick(&op, p->c, &n), OK);
    assert_int_equal(told(p, lee) + told(p, ann), 0);
    arena_free(own);
    p->now += 2 * 60000; /* and the lease is over */
    settle(p);
    assert_int_equal(told(p, lee), 1);
    assert_int_equal(told(p, ann), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(r515_an_outline_in_use_is_not_forgotten, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(r516_a_round_ends_before_its_memory, open_play, close_play),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
