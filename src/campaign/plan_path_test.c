/* The path of an answer: what of it waits for somebody when the plan is over, and what of it sells.
 */
#include "base/test.h"
#include "campaign/plan_int.h"

#define DISCHARGE 1795554000000LL /* 2026-11-24T21:00:00Z: Tue 15:00 in Chicago */
#define HOUR 3600000LL

struct run {
    struct op op;
    struct plan *p;
    struct plan_person who;
};

static struct run discharged(void)
{
    struct run r = {.op = test_op()};
    struct json *o;
    size_t i = 0;
    while (!str_eq(str_of(plan_shipped_at(i)->code), STR("post-discharge")))
        i++;
    assert_int_equal(fhir_read(&r.op, str_of(plan_shipped_at(i)->plan), 0, &o), OK);
    assert_int_equal(plan_read(&r.op, o, &r.p), OK);
    return r;
}

/* Nobody calls since a question that sells stays silent; the plan goes on. */
static void R530_nobody_calls_for_the_silence_of_what_sells(void **state)
{
    struct run r = discharged();
    struct plan_move m;
    int i = 0;
    (void)state;
    while (!str_eq(r.p->steps[i].id, STR("day-1-medicine")))
        i++;
    const struct plan_state asked = {.anchor = DISCHARGE,
                                     .asked = DISCHARGE + 20 * HOUR,
                                     .phase = PLAN_ASKED,
                                     .step = (int16_t)i,
                                     .last = (uint8_t)(i + 1),
                                     .tries = 1};
    plan_next(r.p, &r.who, &asked, DISCHARGE + 25 * HOUR, &m);
    assert_int_equal(m.kind, PLAN_DO);
    r.p->marketing = true;
    plan_next(r.p, &r.who, &asked, DISCHARGE + 25 * HOUR, &m);
    assert_int_equal(m.kind, PLAN_DROP);
    assert_int_equal(m.why, PLAN_WHY_SILENCE);
    assert_int_equal(m.state.phase, PLAN_READY);
    assert_true(m.state.step > i);
    test_op_done(&r.op);
}

/* What their path does within a day waits for them; a call in two weeks is of the plan, and ends
 * with it. */
static void R527_what_is_due_much_later_ends_with_the_plan(void **state)
{
    struct run r = discharged();
    struct plan_move m;
    int path = 0;
    (void)state;
    while (r.p->steps[r.p->paths[path].first].kind != PLAN_CASE)
        path++;
    struct plan_step *step = &r.p->steps[r.p->paths[path].first];
    const struct plan_state answered = {.anchor = DISCHARGE,
                                        .since = DISCHARGE + r.p->lasts - 2 * PLAN_DAY_MS,
                                        .step = (int16_t)r.p->paths[path].first};
    step->delay = PLAN_DAY_MS;
    assert_true(plan_waits(r.p, &answered));
    plan_next(r.p, &r.who, &answered, DISCHARGE + r.p->lasts, &m);
    assert_int_equal(m.kind, PLAN_DO);
    step->delay = 14 * PLAN_DAY_MS;
    assert_false(plan_waits(r.p, &answered));
    assert_int_equal(plan_unheard(r.p, &answered), answered.step);
    plan_next(r.p, &r.who, &answered, DISCHARGE + r.p->lasts, &m);
    assert_int_equal(m.kind, PLAN_DONE);
    test_op_done(&r.op);
}

/* An answer of the last day, or after it: what is owed for it goes, a reminder two weeks on does
 * not; of a plan that is under way still it does. */
static void an_answer_of_the_last_day_goes_no_further_than_a_day(void **state)
{
    static const enum plan_kind kinds[] = {PLAN_CASE, PLAN_CALL, PLAN_MESSAGE};
    static const int after[] = {-2 * 24, -12, 0, 12, 72};
    (void)state;
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < sizeof after / sizeof *after; i++)
            for (int days = 0; days <= 14; days++) {
                struct run r = discharged();
                int path = 0;
                while (r.p->steps[r.p->paths[path].first].kind != PLAN_CASE)
                    path++;
                struct plan_step *step = &r.p->steps[r.p->paths[path].first];
                int64_t end = DISCHARGE + r.p->lasts, now = end + after[i] * HOUR;
                struct plan_state s = {.anchor = DISCHARGE,
                                       .since = now - HOUR,
                                       .asked = now - HOUR,
                                       .step = 0,
                                       .phase = after[i] > 0 ? PLAN_LEFT : PLAN_ASKED,
                                       .last = 1,
                                       .late = 24,
                                       .tries = 1};
                struct plan_move m;
                step->kind = kinds[k];
                step->delay = days * PLAN_DAY_MS;
                plan_answer(r.p, &s, path, now, &s);
                plan_next(r.p, &r.who, &s, now, &m);
                bool goes = days <= 1 || after[i] < -24; /* R527 ends those then */
                assert_int_equal(m.kind == PLAN_DONE, !goes);
                test_op_done(&r.op);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R530_nobody_calls_for_the_silence_of_what_sells),
        cmocka_unit_test(an_answer_of_the_last_day_goes_no_further_than_a_day),
        cmocka_unit_test(R527_what_is_due_much_later_ends_with_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
