/* What somebody answers when the plan has gone on, has ended, was left or was stopped: what a
 * person has to look after is looked after, and nothing else is taken for an answer. */
#include "campaign/play_int.h"

static struct json *only_case(struct play *p, str who)
{
    struct record_page cases = found(p, "Task", "code=case", who);
    assert_int_equal(cases.n, 1);
    return tree(p, &cases.docs[0]);
}

static size_t said_to(struct play *p, str who)
{
    return found(p, "Communication", "_count=100", who).n;
}

static void days(struct play *p, int n)
{
    for (int i = 0; i < n; i++) {
        p->now += PLAN_DAY_MS;
        settle(p);
    }
}

static str order(struct play *p, str who)
{
    as(p, campaign_system());
    str id = ground_make(p->g,
                         "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"intent\":"
                         "\"order\",\"medicationCodeableConcept\":{\"text\":\"x\"},\"authoredOn\":"
                         "\"%.*s\",\"subject\":{\"reference\":\"Patient/%.*s\"}}",
                         STR_ARG(time_format(p->g->arena, p->now)), STR_ARG(who));
    settle(p);
    return id;
}

/* Of a plan in which nothing comes after its last question: "2 Worse" was a message about nothing.
 */
static void an_answer_after_the_last_question_takes_its_path(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 811, "en");
    run_it(p, put_with(p, "chronic", "\"value\": 28", "\"value\": 4"));
    as(p, campaign_system());
    (void)ground_make(p->g,
                      "{\"resourceType\":\"MedicationStatement\",\"status\":\"not-taken\","
                      "\"medicationCodeableConcept\":{\"text\":\"x\"},\"subject\":{\"reference\":"
                      "\"Patient/%.*s\"}}",
                      STR_ARG(lee));
    settle(p);
    for (int asked = 0; asked < 3; asked++) {
        size_t before = said_to(p, lee);
        for (int i = 0; i < 40 && said_to(p, lee) == before; i++)
            days(p, 1);
        assert_has(last_words(p, lee), "How are you this week?");
        p->now += HOUR;
        says(p, 811, "1");
        assert_has(last_words(p, lee), "Keep going");
    }
    size_t before = said_to(p, lee);
    for (int i = 0; i < 40 && said_to(p, lee) == before; i++)
        days(p, 1);
    days(p, 4); /* three days are its own: the plan is over */
    assert_int_equal(found(p, "CarePlan", "status=completed", lee).n, 1);
    assert_int_equal(found(p, "Task", "code=case", lee).n, 0);
    says(p, 811, "2");
    assert_has(last_words(p, lee), "A nurse will call by ");
    assert_str(json_get_str(only_case(p, lee), STR("priority")), "asap");
    assert_int_equal(found(p, "CarePlan", "status=completed", lee).n, 1);
    size_t all = said_to(p, lee);
    days(p, 9); /* and no more comes of it */
    assert_int_equal(said_to(p, lee), all);
    assert_int_equal(found(p, "CarePlan", "status=completed", lee).n, 1);
}

/* The call was asked for since they were silent; their side effect is told all the same. */
static void an_answer_after_the_call_takes_its_path(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 812, "es");
    run_it(p, put(p, "new-medicine", STR_NONE));
    (void)order(p, lee);
    days(p, 13);
    assert_has(json_get_str(only_case(p, lee), STR("description")), "Call");
    says(p, 812, "2");
    assert_has(last_words(p, lee), "Una enfermera le llama antes de las ");
    struct json *c = only_case(p, lee); /* in the case that is there, now within two hours */
    assert_str(json_get_str(c, STR("priority")), "asap");
}

/* The medicine is stopped because of what it did; or the visit is called off. */
static void who_has_left_is_heard(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 813, "en"), may = patient(p, 814, "en");
    run_it(p, put(p, "new-medicine", STR_NONE));
    str x = order(p, lee), y = order(p, may);
    days(p, 7);
    assert_has(last_words(p, lee), "what you take now");
    arrives(p, lee);
    arrives(p, may);
    write_status(p, "MedicationRequest", x, "stopped");
    write_status(p, "MedicationRequest", y, "stopped");
    assert_int_equal(found(p, "CarePlan", "status=revoked", lee).n, 1);
    p->now += HOUR;
    says(p, 813, "2");
    assert_has(last_words(p, lee), "A nurse will call by ");
    assert_str(json_get_str(only_case(p, lee), STR("priority")), "asap");
    says(p, 814, "1"); /* who is fine with what was stopped: a person reads it */
    assert_true(str_find(last_words(p, may), STR("Good."), 0) == SIZE_MAX);
    (void)only_case(p, may);
    days(p, 30);
    assert_int_equal(found(p, "CarePlan", "status=revoked", lee).n, 1);
}

/* "4 I'm OK", and in the evening "1 I feel worse". */
static void who_was_well_may_become_worse(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 815, "en");
    run_it(p, put(p, "post-discharge", STR_NONE));
    discharge(p, lee);
    settle(p);
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
    says(p, 815, "4");
    assert_has(last_words(p, lee), "Good to hear");
    p->now += 5 * HOUR;
    says(p, 815, "1");
    assert_has(last_words(p, lee), "A nurse will call by ");
    assert_str(json_get_str(only_case(p, lee), STR("priority")), "asap");
    p->now = DISCHARGE + 2 * PLAN_DAY_MS + 20 * HOUR; /* and the plan goes on where it was */
    settle(p);
    assert_has(last_words(p, lee), "1 I feel worse");
}

/* Staff stops the journey; who answers its question is heard, and nothing more is said. */
static void what_is_stopped_still_hears(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 816, "en"), may = patient(p, 817, "en"), plan;
    plan = put(p, "post-discharge", STR_NONE);
    run_it(p, plan);
    discharge(p, lee);
    discharge(p, may);
    settle(p);
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
    assert_str(step(p, &p->author, plan, CAMPAIGN_STOP), "stopped");
    settle(p);
    says(p, 816, "1");
    assert_str(json_get_str(only_case(p, lee), STR("priority")), "asap");
    assert_has(last_words(p, lee), "How are you since you got home?");
    says(p, 817, "I do not know what to do with my leg");
    assert_has(json_get_str(only_case(p, may), STR("description")), "my leg");
}

/* STOP ends the messages; "1" after it is a symptom still, and nothing is written back. */
static void who_said_stop_is_heard(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 818, "en");
    run_it(p, put(p, "post-discharge", STR_NONE));
    discharge(p, lee);
    settle(p);
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
    arrives(p, lee);
    says(p, 818, "STOP");
    str last = last_words(p, lee);
    p->now += HOUR;
    says(p, 818, "1");
    assert_str(json_get_str(only_case(p, lee), STR("priority")), "asap");
    assert_true(str_eq(last, last_words(p, lee)));
}

/* The day before the operation they were asked about a cough; they say so the next morning. */
static void a_cough_is_heard_the_next_morning(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 819, "en");
    run_it(p, put(p, "surgery", STR_NONE));
    as(p, campaign_system());
    (void)ground_make(p->g,
                      "{\"resourceType\":\"Appointment\",\"status\":\"booked\",\"serviceType\":[{"
                      "\"coding\":[{\"code\":\"surgery\"}]}],\"start\":\"2026-12-10T15:00:00Z\","
                      "\"end\":\"2026-12-10T17:00:00Z\",\"participant\":[{\"status\":\"accepted\","
                      "\"actor\":{\"reference\":\"Patient/%.*s\"}}]}",
                      STR_ARG(lee));
    settle(p);
    p->now = 1796832000000LL + HOUR; /* Wed 2026-12-09 10:00 in Chicago */
    settle(p);
    assert_has(last_words(p, lee), "2 Cough or fever");
    p->now += 13 * HOUR; /* "See you tomorrow" is over by then */
    settle(p);
    says(p, 819, "2");
    assert_has(last_words(p, lee), "We will call by ");
    struct record_page cases = found(p, "Task", "code=case", lee);
    assert_true(cases.n >= 1);
    assert_str(json_get_str(tree(p, &cases.docs[0]), STR("priority")), "asap");
}

/* They were asked how they are at home, and the words are with them. */
static str asked_at_home(struct play *p, unsigned n, str *ret_plan)
{
    str who = patient(p, n, "en");
    has_email(p, who, arena_printf(p->g->arena, "p%u@example.org", n));
    *ret_plan = put(p, "post-discharge", STR_NONE);
    run_it(p, *ret_plan);
    discharge(p, who);
    settle(p);
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
    assert_has(last_words(p, who), "How are you since you got home?");
    arrives(p, who);
    return who;
}

static void look(struct play *p, bool tick)
{
    size_t n;
    as(p, campaign_system());
    ok(p, campaign_follow(&p->g->op, p->c, &n));
    p->now += 1100;
    as(p, campaign_system());
    if (tick)
        ok(p, campaign_tick(&p->g->op, p->c, &n));
}

static void leaves(struct play *p, str who)
{
    struct json *o;
    str plan = found(p, "CarePlan", "status=active", who).docs[0].id;
    as(p, &p->g->nurse);
    ok(p, journey_change(&p->g->op, p->c, plan, STR("exit"), 0, &o));
}

static void assert_worse(struct play *p, str who)
{
    struct json *c = only_case(p, who);
    assert_str(json_get_str(c, STR("priority")), "asap");
    assert_has(json_get_str(c, STR("description")), "Feels worse");
}

/* "1 I feel worse", and at once STOP. */
static void what_was_said_before_stop_is_heard(void **state)
{
    struct play *p = *state;
    str plan, lee = asked_at_home(p, 851, &plan);
    writes(p, 851, "1");
    writes(p, 851, "STOP");
    settle(p);
    assert_worse(p, lee);
    assert_int_equal(found(p, "CarePlan", "status=revoked", lee).n, 1);
    assert_true(str_find(last_words(p, lee), STR("A nurse will call"), 0) == SIZE_MAX);
    days(p, 9);
    assert_worse(p, lee);
}

static void what_nobody_understood_before_stop_is_read(void **state)
{
    struct play *p = *state;
    str plan, lee = asked_at_home(p, 852, &plan);
    writes(p, 852, "I do not know what to do with my leg");
    writes(p, 852, "STOP");
    settle(p);
    assert_has(json_get_str(only_case(p, lee), STR("description")), "my leg");
}

/* A nurse takes them out before their answer was looked at. */
static void what_was_said_before_they_left_is_heard(void **state)
{
    struct play *p = *state;
    str plan, lee = asked_at_home(p, 853, &plan);
    writes(p, 853, "1");
    look(p, false);
    leaves(p, lee);
    settle(p);
    assert_worse(p, lee);
    assert_has(last_words(p, lee), "A nurse will call by ");
    assert_int_equal(found(p, "CarePlan", "status=revoked", lee).n, 1);
    size_t all = said_to(p, lee);
    days(p, 9);
    assert_int_equal(said_to(p, lee), all);
}

/* After STOP the journey itself is stopped. */
static void what_is_said_after_both_stops_is_heard(void **state)
{
    struct play *p = *state;
    str plan, lee = asked_at_home(p, 854, &plan);
    says(p, 854, "STOP");
    assert_str(step(p, &p->author, plan, CAMPAIGN_STOP), "stopped");
    settle(p);
    says(p, 854, "1");
    assert_worse(p, lee);
}

/* "A nurse will call" is written, and the journey is stopped before the case is there. */
static void what_was_promised_is_kept(void **state)
{
    struct play *p = *state;
    str plan, lee = asked_at_home(p, 855, &plan);
    writes(p, 855, "1");
    look(p, true);
    assert_has(last_words(p, lee), "A nurse will call by ");
    assert_int_equal(found(p, "Task", "code=case", lee).n, 0);
    assert_str(step(p, &p->author, plan, CAMPAIGN_STOP), "stopped");
    settle(p);
    assert_worse(p, lee);
}

static void close_case(struct play *p, const struct record_doc *doc)
{
    struct record_result r;
    struct json *o = tree(p, doc), *output;
    as(p, campaign_system());
    ok(p, json_read(&p->g->op,
                    STR("[{\"type\":{\"text\":\"outcome\"},\"valueCodeableConcept\":{\"coding\":[{"
                        "\"code\":\"advice-given\"}]}}]"),
                    &JSON_LIMITS_DEFAULT, &output));
    json_set_str(p->g->arena, o, STR("status"), STR("completed"));
    json_set(p->g->arena, o, STR("output"), output);
    ok(p, record_update(&p->g->op, p->g->rec, doc->type, doc->id, o, STR_NONE, &r));
    settle(p);
}

static void case_is_closed(struct play *p, str who)
{
    close_case(p, &found(p, "Task", "code=case", who).docs[0]);
}

/* E-mail is still allowed them; neither the next question nor what came of it goes there. */
static void after_stop_nothing_is_written(void **state)
{
    struct play *p = *state;
    str plan, lee = asked_at_home(p, 856, &plan);
    says(p, 856, "STOP");
    str last = last_words(p, lee);
    p->now += HOUR;
    says(p, 856, "2"); /* "What is it about?" */
    assert_true(str_eq(last, last_words(p, lee)));
    (void)only_case(p, lee);
    case_is_closed(p, lee);
    assert_true(str_eq(last, last_words(p, lee)));
}

/* Who had left it, and then wrote STOP. */
static void after_a_late_stop_nothing_is_written(void **state)
{
    struct play *p = *state;
    str plan, lee = asked_at_home(p, 857, &plan);
    leaves(p, lee);
    settle(p);
    says(p, 857, "STOP");
    str last = last_words(p, lee);
    p->now += HOUR;
    says(p, 857, "1");
    assert_worse(p, lee);
    assert_true(str_eq(last, last_words(p, lee)));
}

/* "4 I'm OK"; the thanks wait still as a nurse takes them out: they were asked all the same. */
static void what_was_asked_stays_asked(void **state)
{
    struct play *p = *state;
    str plan, lee = asked_at_home(p, 858, &plan);
    says(p, 858, "4");
    leaves(p, lee);
    settle(p);
    p->now += HOUR;
    says(p, 858, "1");
    assert_worse(p, lee);
}

static void rests(struct play *p, str who, int64_t ms)
{
    struct json *o;
    str plan = found(p, "CarePlan", "status=active", who).docs[0].id;
    as(p, &p->g->nurse);
    ok(p, journey_change(&p->g->op, p->c, plan, STR("pause"), p->now + ms, &o));
}

/* "A nurse will call" was written, and the case waited until the pause was over. */
static void R547_who_rests_is_heard(void **state)
{
    struct play *p = *state;
    str plan, lee = asked_at_home(p, 859, &plan);
    rests(p, lee, 10 * PLAN_DAY_MS);
    says(p, 859, "1");
    assert_worse(p, lee);
    assert_has(last_words(p, lee), "A nurse will call by ");
    size_t all = said_to(p, lee);
    days(p, 8); /* and the plan rests */
    assert_int_equal(said_to(p, lee), all);
    days(p, 12);
    assert_true(said_to(p, lee) > all);
}

/* Which question they have, a person asks: nothing is written to who rests. */
static void R547_who_rests_with_a_question_is_called(void **state)
{
    struct play *p = *state;
    str plan, lee = asked_at_home(p, 860, &plan);
    rests(p, lee, 10 * PLAN_DAY_MS);
    says(p, 860, "2");
    (void)only_case(p, lee);
    assert_true(str_find(last_words(p, lee), STR("What is it about?"), 0) == SIZE_MAX);
}

/* What comes of a second case is told, too, though they wrote nothing since the first. */
static void R548_each_case_has_its_outcome_told(void **state)
{
    struct play *p = *state;
    str plan, lee = asked_at_home(p, 861, &plan);
    says(p, 861, "1");
    case_is_closed(p, lee);
    assert_has(last_words(p, lee), "Thank you for talking with us");
    struct record_page open = found(p, "Task", "code=case&status=requested", lee);
    for (int i = 0; i < 30 && open.n == 0; i++) { /* silent, until they are to be called */
        days(p, 1);
        open = found(p, "Task", "code=case&status=requested", lee);
    }
    assert_int_equal(open.n, 1);
    assert_true(str_find(last_words(p, lee), STR("Thank you for talking"), 0) == SIZE_MAX);
    close_case(p, &open.docs[0]);
    assert_has(last_words(p, lee), "Thank you for talking with us");
}

/* It came back while they rest: nothing is written to them, and a person calls. */
static void R548_what_comes_back_to_who_rests_is_called(void **state)
{
    struct play *p = *state;
    str plan, lee = asked_at_home(p, 862, &plan);
    struct record_doc doc = found(p, "Communication", "_sort=-sent&_count=1", lee).docs[0];
    rests(p, lee, 10 * PLAN_DAY_MS);
    size_t all = said_to(p, lee);
    write_status(p, "Communication", doc.id, "stopped");
    assert_int_equal(said_to(p, lee), all);
    assert_has(json_get_str(only_case(p, lee), STR("description")), "Please call by");
}

/* All that the clock needs of a person is there after a restart. */
static void a_state_is_kept_whole(void **state)
{
    struct play *p = *state;
    struct enrolment e = {.plan = STR("p"), .patient = 7, .trigger = 8}, is = e;
    memset(&e.state, 0x11, sizeof e.state);
    as(p, campaign_system());
    struct record_tx *tx = record_begin(&p->g->op, p->g->rec);
    enrolment_save(tx, &p->g->op, &e, 0);
    ok(p, record_commit(tx));
    ok(p, enrolment_load(&p->g->op, p->g->rec, &is));
    const struct plan_state *a = &e.state, *b = &is.state;
    assert_true(a->anchor == b->anchor && a->since == b->since && a->asked == b->asked);
    assert_true(a->paused_until == b->paused_until && a->spoke == b->spoke && a->heard == b->heard);
    assert_true(a->step == b->step && a->phase == b->phase && a->tries == b->tries);
    assert_true(a->silent == b->silent && a->used == b->used && a->last == b->last);
    assert_true(a->late == b->late && a->stale == b->stale && a->over == b->over);
    assert_true(a->words == b->words && a->out == b->out && a->stopped == b->stopped);
    assert_true(a->back == b->back);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_play, close_play)
    const struct CMUnitTest tests[] = {
        TEST(an_answer_after_the_last_question_takes_its_path),
        TEST(an_answer_after_the_call_takes_its_path),
        TEST(who_has_left_is_heard),
        TEST(who_was_well_may_become_worse),
        TEST(what_is_stopped_still_hears),
        TEST(who_said_stop_is_heard),
        TEST(a_cough_is_heard_the_next_morning),
        TEST(what_was_said_before_stop_is_heard),
        TEST(what_nobody_understood_before_stop_is_read),
        TEST(what_was_said_before_they_left_is_heard),
        TEST(what_is_said_after_both_stops_is_heard),
        TEST(what_was_promised_is_kept),
        TEST(after_stop_nothing_is_written),
        TEST(what_was_asked_stays_asked),
        TEST(after_a_late_stop_nothing_is_written),
        TEST(R547_who_rests_is_heard),
        TEST(R547_who_rests_with_a_question_is_called),
        TEST(R548_each_case_has_its_outcome_told),
        TEST(R548_what_comes_back_to_who_rests_is_called),
        TEST(a_state_is_kept_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
