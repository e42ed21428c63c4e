/* Shipped outlines walked as a patient would: two journeys that ask on two days, a question that
 * nobody hears of, an answer after which nobody is to call. */
#include "campaign/play_int.h"

static size_t cases(struct play *p, str who)
{
    return found(p, "Task", "code=case", who).n;
}

/* "1 I feel worse" yesterday, "1 Fine" today. */
static void a_number_of_two_questions_is_read_by_a_person(void **state)
{
    struct play *p = *state;
    str lee, may, kim;
    const int64_t home = DISCHARGE + 7 * PLAN_DAY_MS; /* no holiday in these days */
    p->now = home - 5 * PLAN_DAY_MS;
    lee = patient(p, 841, "en");
    may = patient(p, 842, "en");
    kim = patient(p, 849, "en");
    run_it(p, put(p, "post-discharge", STR_NONE));
    run_it(p, put(p, "new-medicine", STR_NONE));
    for (int i = 0; i < 3; i++) {
        str who = i == 2 ? kim : i ? may : lee;
        as(p, campaign_system());
        (void)ground_make(p->g,
                          "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\","
                          "\"intent\":\"order\",\"medicationCodeableConcept\":{\"text\":\"x\"},"
                          "\"authoredOn\":\"2026-11-26T21:00:00Z\",\"subject\":{\"reference\":"
                          "\"Patient/%.*s\"}}",
                          STR_ARG(who));
        settle(p);
    }
    p->now = home;
    discharge(p, lee);
    discharge(p, may);
    discharge(p, kim);
    settle(p);
    p->now = home + 19 * HOUR;
    settle(p);
    assert_has(last_words(p, lee), "1 I feel worse");
    says(p, 842, "3"); /* somebody looks after her, and what she is asked next is the newest */
    says(p, 849, "4"); /* "… or write 1 if you feel worse" */
    p->now = home + 43 * HOUR;
    settle(p);
    assert_has(last_words(p, lee), "1 Fine");
    assert_has(last_words(p, may), "1 Fine");
    says(p, 841, "1");
    assert_true(str_find(last_words(p, lee), STR("Good."), 0) == SIZE_MAX);
    assert_int_equal(cases(p, lee), 1);
    says(p, 842, "1");
    assert_has(last_words(p, may), "Good.");
    assert_int_equal(cases(p, may), 1); /* of the day before */
    says(p, 849, "1");
    assert_true(str_find(last_words(p, kim), STR("Good."), 0) == SIZE_MAX);
    assert_int_equal(cases(p, kim), 1);
}

/* Asked about a visit, then how they are: "4", and the answer says "write 1 if you feel worse". */
static void the_number_that_was_offered_last_is_it(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 850, "en");
    run_it(p, put(p, "pre-visit", STR_NONE));
    run_it(p, put(p, "post-discharge", STR_NONE));
    discharge(p, lee);
    (void)ground_make(p->g,
                      "{\"resourceType\":\"Appointment\",\"status\":\"booked\",\"start\":"
                      "\"2026-11-29T16:00:00Z\",\"end\":\"2026-11-29T17:00:00Z\",\"participant\":"
                      "[{\"status\":\"accepted\",\"actor\":{\"reference\":\"Patient/%.*s\"}}]}",
                      STR_ARG(lee));
    settle(p);
    assert_has(last_words(p, lee), "1 I will come");
    p->now = DISCHARGE + 21 * HOUR;
    settle(p);
    assert_has(last_words(p, lee), "1 I feel worse");
    says(p, 850, "4");
    assert_has(last_words(p, lee), "write 1 if you feel worse");
    p->now += HOUR;
    says(p, 850, "1");
    assert_has(last_words(p, lee), "A nurse will call by ");
    assert_int_equal(cases(p, lee), 1);
}

/* "2 A question", and then not which: somebody asks them. */
static void a_question_that_is_not_told_is_asked_about(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 843, "en");
    run_it(p, put(p, "post-discharge", STR_NONE));
    discharge(p, lee);
    settle(p);
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
    says(p, 843, "2");
    assert_has(last_words(p, lee), "What is it about?");
    assert_int_equal(cases(p, lee), 0);
    p->now += 5 * HOUR;
    settle(p);
    assert_int_equal(cases(p, lee), 1);
    says(p, 843, "1"); /* late, and heard */
    assert_has(last_words(p, lee), "will call by ");
    p->now = DISCHARGE + 67 * HOUR; /* and the plan goes on */
    settle(p);
    assert_has(last_words(p, lee), "1 I feel worse");
}

/* The clinic is closed: who needs nobody is called by nobody, who changes their mind is. */
static void who_needs_nobody_is_not_called(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 844, "en"), may = patient(p, 845, "en"), all[] = {lee, may};
    run_it(p, put(p, "crisis", group_of(p, all, 2)));
    p->now += HOUR;
    settle(p);
    assert_has(last_words(p, lee), "2 No");
    says(p, 844, "2");
    assert_has(last_words(p, lee), "if this changes");
    for (int i = 0; i < 2; i++) {
        p->now += PLAN_DAY_MS;
        settle(p);
    }
    assert_int_equal(cases(p, lee), 0);
    assert_int_equal(cases(p, may), 1); /* who said nothing is called */
    says(p, 844, "1");
    assert_has(last_words(p, lee), "We will call by ");
    assert_int_equal(cases(p, lee), 1);
}

static void was_here(struct play *p, str who, const char *start)
{
    struct record_result r;
    struct json *o;
    static const char *const states[] = {"planned", "finished"};
    str id = STR_NONE;
    for (int i = 0; i < 2; i++) {
        as(p, campaign_system());
        str text = arena_printf(
            p->g->arena,
            "{\"resourceType\":\"Encounter\",%s%.*s%s\"status\":\"%s\",\"class\":{\"code\":\"AMB\"}"
            ",\"subject\":{\"reference\":\"Patient/%.*s\"},\"period\":{\"start\":\"%s\"}}",
            i ? "\"id\":\"" : "", STR_ARG(id), i ? "\"," : "", states[i], STR_ARG(who), start);
        if (i == 0)
            id = ground_make(p->g, "%.*s", STR_ARG(text));
        if (i == 0)
            continue;
        ok(p, fhir_read(&p->g->op, text, 0, &o));
        ok(p, record_update(&p->g->op, p->g->rec, fhir_type_parse(STR("Encounter")), id, o,
                            STR_NONE, &r));
    }
    settle(p);
}

/* "A visit is due" is over for who has booked one, or was here; a visit of last year that is
 * written again is none. */
static void who_has_booked_is_reminded_no_more(void **state)
{
    struct play *p = *state;
    str all[5];
    for (unsigned i = 0; i < 5; i++) {
        all[i] = patient(p, 860 + i, "en");
        permit(p, all[i], "email", "email", arena_printf(p->g->arena, "p%u@example.org", i));
    }
    run_it(p, put(p, "recall", group_of(p, all, 5)));
    p->now += 18 * HOUR;
    settle(p);
    assert_has(last_words(p, all[0]), "It is time for a visit");
    static const char *const starts[] = {"2026-12-20T16:00:00Z", "2025-11-20T16:00:00Z"};
    for (unsigned i = 0; i < 2; i++) {
        as(p, campaign_system());
        (void)ground_make(p->g,
                          "{\"resourceType\":\"Appointment\",\"status\":\"booked\",\"start\":"
                          "\"%s\",\"end\":\"2026-12-20T17:00:00Z\",\"participant\":[{\"status\":"
                          "\"accepted\",\"actor\":{\"reference\":\"Patient/%.*s\"}}]}",
                          starts[i], STR_ARG(all[i]));
    }
    was_here(p, all[3], "2026-12-01T16:00:00Z"); /* put down as planned, and then they came */
    was_here(p, all[4], "2025-12-01T16:00:00Z"); /* of another house, read in now */
    for (int i = 0; i < 12; i++) {
        p->now += PLAN_DAY_MS;
        settle(p);
    }
    assert_int_equal(cases(p, all[3]), 0);
    assert_int_equal(cases(p, all[4]), 1);
    assert_has(last_words(p, all[0]), "It is time for a visit");
    assert_int_equal(cases(p, all[0]), 0);
    assert_int_equal(cases(p, all[1]), 1); /* called on day 10 */
    assert_int_equal(cases(p, all[2]), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_play, close_play)
    const struct CMUnitTest tests[] = {
        TEST(a_number_of_two_questions_is_read_by_a_person),
        TEST(the_number_that_was_offered_last_is_it),
        TEST(a_question_that_is_not_told_is_asked_about),
        TEST(who_needs_nobody_is_not_called),
        TEST(who_has_booked_is_reminded_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
