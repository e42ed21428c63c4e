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

/* ---- all orders of a path, an answer and the end ---- */
#define LASTS (10 * PLAN_DAY_MS)
#define END (DISCHARGE + LASTS)
#define PATH 3 /* steps in it */
#define DAYS 30

/* A question alone, of whose one answer these steps come. */
struct little {
    struct plan p;
    struct plan_step steps[PATH + 1];
    struct plan_path path;
    struct plan_day days[DAYS];
    struct plan_place place;
    struct plan_person who;
};

static void little(struct little *l)
{
    *l = (struct little){0};
    l->p = (struct plan){.steps = l->steps,
                         .paths = &l->path,
                         .n_steps = PATH + 1,
                         .n_paths = 1,
                         .lasts = LASTS,
                         .close_min = 24 * 60,
                         .silent_step = -1,
                         .purposes = {STR("care")},
                         .n_purposes = 1};
    l->path.first = 1;
    for (int i = 0; i <= PATH; i++)
        l->steps[i] = (struct plan_step){.kind = i ? PLAN_CASE : PLAN_ASK,
                                         .next = i && i < PATH ? i + 1 : -1,
                                         .n_paths = i ? 0 : 1,
                                         .inner = i > 0,
                                         .at_min = -1,
                                         .condition = -1,
                                         .channel = PLAN_SMS,
                                         .silence = 4 * HOUR,
                                         .tries = 1,
                                         .expires = PLAN_DAY_MS};
    for (int i = 0; i < DAYS; i++) {
        int64_t noon = DISCHARGE - 3 * HOUR + (i - 2) * PLAN_DAY_MS;
        l->days[i] = (struct plan_day){noon - 12 * HOUR, noon + 12 * HOUR, noon};
    }
    l->place = (struct plan_place){DISCHARGE / PLAN_DAY_MS - 2, DAYS, l->days};
    l->who.place = &l->place;
    l->who.by[0] = (struct plan_ways){1u << PLAN_SMS, PLAN_SMS, true};
}

static struct plan_state asked(int64_t at)
{
    return (struct plan_state){.anchor = DISCHARGE,
                               .since = at,
                               .asked = at,
                               .phase = PLAN_ASKED,
                               .last = 1,
                               .late = 24,
                               .tries = 1};
}

/* When each step of the path went, 0: it did not; until the plan is done. */
static void lived(struct little *l, struct plan_state *s, int64_t now, int64_t went[PATH + 1])
{
    struct plan_move m;
    int moves = 0;
    for (int i = 0; i <= PATH; i++)
        went[i] = 0;
    for (m.kind = PLAN_WAIT; m.kind != PLAN_DONE; moves++) {
        plan_next(&l->p, &l->who, s, now, &m);
        assert_true(moves < 40);
        if (m.kind == PLAN_SEND || m.kind == PLAN_DO)
            went[m.step] = now;
        assert_true(m.kind != PLAN_WAIT || m.at > now);
        now = m.kind == PLAN_WAIT ? m.at : now;
        *s = m.state;
    }
}

/* What is due before the end goes then; what is due after it, and within a day of the answer, all
 * waits in sum, goes as the plan ends; what is due later never, and nothing after that. */
static void expect_path(const struct little *l, int64_t said, const int64_t went[PATH + 1])
{
    int64_t due = said, last = END > said ? END : said;
    bool goes = true;
    for (int i = 1; i <= PATH; i++) {
        due += l->steps[i].delay;
        goes = goes && (due < END || due <= said + PLAN_DAY_MS);
        int64_t at = !goes ? 0 : due < last ? due : last;
        if (went[i] != at)
            print_error("step %d, answered %lld ms from the end: %lld, not %lld\n", i,
                        (long long)(said - END), (long long)(went[i] ? went[i] - END : 0),
                        (long long)(at ? at - END : 0));
        assert_true(went[i] == at);
    }
}

/* The end looked at first, or the answer: in one second they come in any order. */
static void one_order(struct little *l, int64_t said, bool end_first)
{
    struct plan_state s = asked(said - 5 * HOUR);
    struct plan_move m;
    int64_t went[PATH + 1];
    if (end_first) {
        plan_next(&l->p, &l->who, &s, said, &m);
        assert_int_equal(m.kind, PLAN_DONE);
        s = m.state;
    }
    plan_answer(&l->p, &s, 0, said, &s);
    lived(l, &s, said, went);
    expect_path(l, said, went);
}

static void R542_R543_a_path_ends_a_day_after_the_answer_in_sum(void **state)
{
    static const enum plan_kind kinds[] = {PLAN_CASE, PLAN_CALL, PLAN_MESSAGE};
    static const int64_t hours[] = {0, 10, 14, 20, 24, 30};
    static const int64_t answers[] = {-30 * HOUR, -20 * HOUR, -HOUR, -1, 0, 1, HOUR, 5 * HOUR};
    struct little l;
    (void)state;
    little(&l);
    for (int k = 0; k < 27; k++)
        for (int h = 0; h < 6 * 6 * 6; h++)
            for (size_t a = 0; a < 2 * sizeof answers / sizeof *answers; a++) {
                for (int i = 1, kind = k, hour = h; i <= PATH; i++, kind /= 3, hour /= 6) {
                    l.steps[i].kind = kinds[kind % 3];
                    l.steps[i].delay = hours[hour % 6] * HOUR;
                }
                if (a % 2 == 0 || answers[a / 2] >= 0)
                    one_order(&l, END + answers[a / 2], a % 2);
            }
}

/* The plan had gone on when they answered: what that path would do long after the end does not wait
 * for another step of the plan to end it. */
static void R542_the_path_of_a_late_answer_ends_with_the_plan(void **state)
{
    struct little l;
    (void)state;
    for (int days = 0; days < 9; days++) {
        int64_t said = END - 3 * PLAN_DAY_MS, went[PATH + 1];
        little(&l);
        l.steps[1].delay = days * PLAN_DAY_MS;
        struct plan_state s = asked(said - HOUR);
        s.over = 1;
        s.back = 1; /* then the question once more */
        s.phase = PLAN_READY;
        s.tries = 0;
        s.step = 1;
        s.since = s.heard = said;
        lived(&l, &s, said, went);
        assert_int_equal(went[1] != 0, days < 3);
    }
}

/* "What is it about?" is asked at the end, once: after the silence a person asks. */
static void R543_a_question_of_the_path_is_asked_once(void **state)
{
    struct little l;
    int64_t went[PATH + 1];
    (void)state;
    for (int after = -12; after <= 12; after++)
        for (int tries = 1; tries <= 3; tries++)
            for (int most = 0; most < 3; most++) { /* silent ones until the plan gives up */
                int64_t said = END + after * HOUR, last = said > END ? said : END;
                struct plan_state s = asked(said - HOUR);
                little(&l);
                l.steps[1].kind = PLAN_ASK;
                l.steps[1].delay = 20 * HOUR;
                l.steps[1].tries = tries;
                l.p.silent_step = most ? 3 : -1;
                l.p.silent_max = most;
                plan_answer(&l.p, &s, 0, said, &s);
                lived(&l, &s, said, went);
                assert_true(went[1] == last + 4 * HOUR); /* by a person */
                assert_true(s.asked == last);
            }
}

/* The hours of the day are over: what they are told waits for the next morning, within the day;
 * else a person asks what would have been asked, and mere words are not said. */
static void R543_words_owed_wait_for_the_hours_alone(void **state)
{
    static const enum plan_kind kinds[] = {PLAN_MESSAGE, PLAN_ASK};
    (void)state;
    for (int closed = 0; closed < 2; closed++)
        for (int k = 0; k < 2; k++) {
            struct little l;
            struct plan_move m;
            int64_t said = END - HOUR, day = (END - DISCHARGE) / PLAN_DAY_MS + 2;
            struct plan_state s = asked(said - HOUR);
            little(&l);
            l.steps[1].kind = kinds[k];
            l.steps[1].delay = 3 * HOUR;
            l.steps[1].expires = 7 * PLAN_DAY_MS;
            l.days[day].close = END - HOUR / 2; /* five hours of the evening are none */
            if (closed)
                l.days[day + 1].open = l.days[day + 1].close; /* nor is the whole next day */
            plan_answer(&l.p, &s, 0, said, &s);
            plan_next(&l.p, &l.who, &s, said, &m);
            assert_int_equal(m.kind, PLAN_WAIT);
            assert_true(m.at == END);
            plan_next(&l.p, &l.who, &m.state, END, &m);
            assert_int_equal(m.kind, !closed ? PLAN_WAIT : k ? PLAN_DO : PLAN_DROP);
            if (closed)
                continue;
            assert_true(m.at == l.days[day + 1].open);
            plan_next(&l.p, &l.who, &m.state, m.at, &m);
            assert_int_equal(m.kind, PLAN_SEND);
        }
}

/* The same hour of the next day is a day after, where the clocks change meanwhile, and so are 24
 * hours in a night of 23. */
static void R547_a_day_of_25_hours_is_a_day(void **state)
{
    static const int at[] = {17 * 60, 17 * 60 + 1, -1}; /* tomorrow at five, or in 24 hours */
    (void)state;
    for (int shift = -1; shift <= 1; shift++)
        for (int i = 0; i < 3; i++) {
            struct little l;
            int64_t said = END + 2 * HOUR, went[PATH + 1]; /* 17:00 */
            int day = (int)((END - DISCHARGE) / PLAN_DAY_MS) + 2;
            struct plan_state s = asked(said - HOUR);
            little(&l);
            for (int k = day + 1; k < DAYS; k++)
                l.days[k].noon += shift * HOUR;
            l.steps[1].at_min = at[i];
            l.steps[1].delay = PLAN_DAY_MS;
            l.steps[2].delay = PLAN_DAY_MS;
            plan_answer(&l.p, &s, 0, said, &s);
            lived(&l, &s, said, went);
            assert_true(went[1] == (i == 1 && shift >= 0 ? 0 : said));
            assert_true(went[2] == 0);
        }
}

/* A pause rests the plan, and not who says that they feel worse: nobody may come to them for half a
 * year. */
static void R547_a_pause_rests_the_plan_and_not_the_answer(void **state)
{
    static const int64_t hours[] = {0, 20, 48};
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct little l;
        struct plan_move m;
        int64_t said = DISCHARGE + PLAN_DAY_MS;
        struct plan_state s = asked(said - HOUR);
        little(&l);
        l.steps[1].delay = hours[i] * HOUR;
        plan_answer(&l.p, &s, 0, said, &s);
        s.paused_until = said + 5 * PLAN_DAY_MS;
        plan_next(&l.p, &l.who, &s, said + hours[i] * HOUR, &m);
        assert_int_equal(m.kind, hours[i] < 48 ? PLAN_DO : PLAN_WAIT);
        assert_true(m.kind == PLAN_DO || m.at == s.paused_until);
    }
}

/* The case of the path is for some alone. Whose it is not goes back to the plan, which rests: its
 * next question is no call, and its words are not dropped. */
static void a_path_that_is_passed_over_moves_no_resting_plan(void **state)
{
    static const enum plan_kind kinds[] = {PLAN_MESSAGE, PLAN_ASK, PLAN_CALL};
    (void)state;
    for (int k = 0; k < 3; k++) {
        struct little l;
        struct plan_move m;
        int64_t said = DISCHARGE + PLAN_DAY_MS;
        struct plan_state s = asked(said - HOUR);
        little(&l);
        l.steps[0].next = 2;
        l.steps[1].next = 2;
        l.steps[1].condition = 0;
        l.steps[2].inner = false;
        l.steps[2].expires = 7 * PLAN_DAY_MS;
        l.steps[2].kind = kinds[k];
        plan_answer(&l.p, &s, 0, said, &s);
        s.paused_until = said + 5 * PLAN_DAY_MS;
        plan_next(&l.p, &l.who, &s, said, &m);
        assert_int_equal(m.kind, PLAN_WAIT);
        assert_int_equal(m.why, PLAN_WHY_PAUSED);
        assert_true(m.at == s.paused_until);
        assert_int_equal(m.state.step, 2);
        plan_next(&l.p, &l.who, &m.state, m.at, &m);
        assert_int_equal(m.kind, kinds[k] == PLAN_CALL ? PLAN_DO : PLAN_SEND);
        l.who.holds = 1;
        plan_next(&l.p, &l.who, &s, said, &m);
        assert_int_equal(m.kind, PLAN_DO);
        assert_int_equal(m.step, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R530_nobody_calls_for_the_silence_of_what_sells),
        cmocka_unit_test(an_answer_of_the_last_day_goes_no_further_than_a_day),
        cmocka_unit_test(R542_R543_a_path_ends_a_day_after_the_answer_in_sum),
        cmocka_unit_test(R542_the_path_of_a_late_answer_ends_with_the_plan),
        cmocka_unit_test(R543_a_question_of_the_path_is_asked_once),
        cmocka_unit_test(R543_words_owed_wait_for_the_hours_alone),
        cmocka_unit_test(R547_a_day_of_25_hours_is_a_day),
        cmocka_unit_test(R547_a_pause_rests_the_plan_and_not_the_answer),
        cmocka_unit_test(a_path_that_is_passed_over_moves_no_resting_plan),
        cmocka_unit_test(R527_what_is_due_much_later_ends_with_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
