/* Whose question words answer, late or after something else was said; and what of a plan that
 * somebody left does not go any more. */
#include "campaign/play_int.h"

static void asked_next_day(struct play *p, str who)
{
    run_it(p, put(p, "post-discharge", STR_NONE));
    discharge(p, who);
    settle(p);
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
    assert_has(last_words(p, who), "1 I feel worse");
}

static struct json *only_case(struct play *p, str who)
{
    struct record_page cases = found(p, "Task", "code=case", who);
    assert_int_equal(cases.n, 1);
    return tree(p, &cases.docs[0]);
}

/* "1" a day later was a message that somebody reads within a day, about nothing. */
static void a_late_answer_is_an_answer(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 801, "en");
    asked_next_day(p, lee);
    p->now += 28 * HOUR; /* the question's day is over, the next has not come */
    settle(p);
    says(p, 801, "1");
    assert_has(last_words(p, lee), "A nurse will call by ");
    struct json *c = only_case(p, lee);
    assert_str(json_get_str(c, STR("priority")), "asap");
    says(p, 801, "1"); /* answered: now a person reads it, in the case that is there */
    assert_int_equal(found(p, "Task", "code=case", lee).n, 1);
    p->now = DISCHARGE + 2 * PLAN_DAY_MS + 20 * HOUR; /* and the plan goes on */
    settle(p);
    assert_has(last_words(p, lee), "1 I feel worse");
    p->now += 5 * HOUR;
    says(p, 801, "4");
    assert_has(last_words(p, lee), "Good to hear");
}

/* A month later a number answers nothing. */
static void what_comes_much_later_answers_nothing(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 802, "en");
    run_it(p, put(p, "chronic", STR_NONE));
    as(p, campaign_system());
    (void)ground_make(p->g,
                      "{\"resourceType\":\"MedicationStatement\",\"status\":\"not-taken\","
                      "\"medicationCodeableConcept\":{\"text\":\"x\"},\"subject\":{\"reference\":"
                      "\"Patient/%.*s\"}}",
                      STR_ARG(lee));
    settle(p);
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
    assert_has(last_words(p, lee), "How are you this week?");
    for (int i = 0; i < 12; i++, p->now += PLAN_DAY_MS)
        settle(p);
    says(p, 802, "1");
    assert_has(json_get_str(only_case(p, lee), STR("description")), "1");
    assert_int_equal(found(p, "Communication", "_count=50", lee).n, 3); /* no "Keep going" */
}

/* "ok" to what a nurse asked was "I am OK" to the plan. */
static void what_answers_a_nurse_answers_no_plan(void **state)
{
    struct play *p = *state;
    struct record_result r;
    str lee = patient(p, 803, "en");
    asked_next_day(p, lee);
    p->now += HOUR;
    as(p, &p->g->nurse);
    struct outreach_draft d = {.patient = lee,
                               .channel = STR("sms"),
                               .text = STR("Can you call us today?"),
                               .key = STR("nurse-803")};
    ok(p, outreach_send(&p->g->op, p->outreach, &d, &r));
    p->now += HOUR;
    says(p, 803, "ok");
    assert_true(str_find(last_words(p, lee), STR("Good to hear"), 0) == SIZE_MAX);
    (void)only_case(p, lee);
    assert_int_equal(found(p, "CarePlan", "status=active", lee).n, 1);
}

/* "We have had no reading" asks nothing: a number after it is still the plan's. */
static void a_notice_of_the_house_takes_no_answer_away(void **state)
{
    struct play *p = *state;
    struct record_result r;
    str lee = patient(p, 807, "en");
    asked_next_day(p, lee);
    p->now += HOUR;
    as(p, campaign_system());
    struct outreach_draft d = {.patient = lee,
                               .channel = STR("sms"),
                               .text = STR("We have had no reading today."),
                               .answers = true, /* the day's cap is no matter here */
                               .key = STR("request/807")};
    ok(p, outreach_send(&p->g->op, p->outreach, &d, &r));
    p->now += HOUR;
    says(p, 807, "1");
    assert_has(last_words(p, lee), "A nurse will call by ");
    assert_str(json_get_str(only_case(p, lee), STR("priority")), "asap");
}

/* The house is in New York, they are in Chicago: noon there is eleven here. */
static void a_promise_is_of_the_hour_where_they_live(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 808, "en");
    set(p, "house.zone", "America/New_York");
    asked_next_day(p, lee); /* Wed 10:00 in Chicago */
    says(p, 808, "1");
    assert_has(last_words(p, lee), "A nurse will call by 12 pm Wednesday");
    assert_has(json_get_str(only_case(p, lee), STR("description")),
               "1 pm Wednesday (12 pm Wednesday where they are, America/Chicago)");
}

/* By mail they were written to long ago, the question went by text: it is newer than what their
 * mail would answer. */
static void what_is_older_than_the_question_is_not_answered(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 809, "en");
    as(p, campaign_system());
    str old =
        ground_make(p->g,
                    "{\"resourceType\":\"Communication\",\"status\":\"completed\",\"subject\":{"
                    "\"reference\":\"Patient/%.*s\"},\"sent\":\"2026-10-01T10:00:00Z\"}",
                    STR_ARG(lee));
    asked_next_day(p, lee);
    struct outreach_words w = {.patient = lee, .answers = old, .text = STR("1")};
    bool awaited = false;
    as(p, campaign_system());
    ok(p, run_awaits(&p->g->op, p->c, &w, &awaited));
    assert_true(awaited);
}

/* A nurse's words that wait for the morning, or were taken back, are not what they answer. */
static void what_they_did_not_get_is_not_answered(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 810, "en");
    asked_next_day(p, lee);
    as(p, campaign_system());
    str question = found(p, "Communication", "_sort=-sent&_count=1", lee).docs[0].id;
    struct json *o = tree(p, &found(p, "Communication", "_sort=-sent&_count=1", lee).docs[0]);
    struct record_result r;
    json_set_str(p->g->arena, o, STR("status"), STR("completed"));
    ok(p, record_update(&p->g->op, p->g->rec, fhir_type_parse(STR("Communication")), question, o,
                        STR_NONE, &r));
    p->now += HOUR;
    as(p, &p->g->nurse);
    struct outreach_draft d = {.patient = lee,
                               .channel = STR("sms"),
                               .text = STR("Can you call us today?"),
                               .key = STR("nurse-810")};
    ok(p, outreach_send(&p->g->op, p->outreach, &d, &r));
    p->now += HOUR;
    says(p, 810, "1");
    assert_has(last_words(p, lee), "A nurse will call by ");
}

static struct json *last_of(struct play *p, str who)
{
    struct record_page page = found(p, "Communication", "_sort=-sent&_count=1", who);
    assert_int_equal(page.n, 1);
    return tree(p, &page.docs[0]);
}

/* The visit is called off while the words wait for the morning. */
static void what_waits_goes_no_more(void **state)
{
    struct play *p = *state;
    struct json *o;
    struct record_result r;
    str lee = patient(p, 804, "en"), may = patient(p, 805, "en");
    run_it(p, put(p, "pre-visit", STR_NONE));
#define VISIT(id, status)                                                                          \
    "{\"resourceType\":\"Appointment\"" id ",\"status\":\"" status                                 \
    "\",\"start\":\"2026-12-10T16:00:00Z\",\"end\":\"2026-12-10T17:00:00Z\",\"participant\":[{"    \
    "\"status\":\"accepted\",\"actor\":{\"reference\":\"Patient/%.*s\"}}]}"
    str visit = ground_make(p->g, VISIT("", "booked"), STR_ARG(lee));
    (void)ground_make(p->g, VISIT("", "booked"), STR_ARG(may));
    settle(p);
    p->now = DISCHARGE + 12 * PLAN_DAY_MS; /* four days before */
    settle(p);
    assert_has(last_words(p, lee), "You have a visit with us soon");
    as(p, campaign_system());
    str text = arena_printf(p->g->arena, VISIT(",\"id\":\"%.*s\"", "cancelled"), STR_ARG(visit),
                            STR_ARG(lee));
    ok(p, fhir_read(&p->g->op, text, 0, &o));
    ok(p, record_update(&p->g->op, p->g->rec, fhir_type_parse(STR("Appointment")), visit, o,
                        STR_NONE, &r));
    settle(p);
    assert_str(json_get_str(last_of(p, lee), STR("status")), "not-done");
    assert_int_equal(found(p, "Task", "code=case", lee).n, 0); /* nobody calls for it either */
    assert_str(json_get_str(last_of(p, may), STR("status")), "preparation"); /* another's stays */
    str plan = found(p, "CarePlan", "status=active", may).docs[0].id;
    as(p, &p->g->nurse);
    ok(p, journey_change(&p->g->op, p->c, plan, STR("exit"), 0, &o));
    assert_str(json_get_str(last_of(p, may), STR("status")), "not-done");
}

#define MEDICINE(id, name, status)                                                                 \
    "{\"resourceType\":\"MedicationRequest\"" id ",\"status\":\"" status                           \
    "\",\"intent\":\"order\",\"medicationCodeableConcept\":{\"text\":\"" name "\"},\"subject\":{"  \
    "\"reference\":\"Patient/%.*s\"}}"

static void stopped(struct play *p, str medicine, str who)
{
    struct json *o;
    struct record_result r;
    as(p, campaign_system());
    str text = arena_printf(p->g->arena, MEDICINE(",\"id\":\"%.*s\"", "x", "stopped"),
                            STR_ARG(medicine), STR_ARG(who));
    ok(p, fhir_read(&p->g->op, text, 0, &o));
    ok(p, record_update(&p->g->op, p->g->rec, fhir_type_parse(STR("MedicationRequest")), medicine,
                        o, STR_NONE, &r));
    settle(p);
}

/* The old one is stopped because there is a new one. */
static void an_old_medicine_that_ends_ends_no_new_one(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 806, "en");
    str old = ground_make(p->g, MEDICINE("", "x", "active"), STR_ARG(lee));
    settle(p);
    run_it(p, put(p, "new-medicine", STR_NONE));
    as(p, campaign_system());
    str new = ground_make(p->g, MEDICINE("", "y", "active"), STR_ARG(lee));
    settle(p);
    assert_int_equal(found(p, "CarePlan", "status=active", lee).n, 1);
    stopped(p, old, lee);
    assert_int_equal(found(p, "CarePlan", "status=active", lee).n, 1);
    stopped(p, new, lee);
    assert_int_equal(found(p, "CarePlan", "status=active", lee).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_late_answer_is_an_answer, open_play, close_play),
        cmocka_unit_test_setup_teardown(what_comes_much_later_answers_nothing, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(what_answers_a_nurse_answers_no_plan, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(a_notice_of_the_house_takes_no_answer_away, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(a_promise_is_of_the_hour_where_they_live, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(what_waits_goes_no_more, open_play, close_play),
        cmocka_unit_test_setup_teardown(what_is_older_than_the_question_is_not_answered, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(what_they_did_not_get_is_not_answered, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(an_old_medicine_that_ends_ends_no_new_one, open_play,
                                        close_play),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
