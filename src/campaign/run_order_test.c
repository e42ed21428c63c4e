/* Two medicines that begin, two visits: each is asked about and nothing is asked twice; what is
 * written again of what somebody has left brings nobody back. */
#include "campaign/play_int.h"

static str order(struct play *p, str who, const char *medicine)
{
    as(p, campaign_system());
    str id = ground_make(p->g,
                         "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"intent\":"
                         "\"order\",\"medicationCodeableConcept\":{\"text\":\"%s\"},\"authoredOn\":"
                         "\"%.*s\",\"subject\":{\"reference\":\"Patient/%.*s\"}}",
                         medicine, STR_ARG(time_format(p->g->arena, p->now)), STR_ARG(who));
    settle(p);
    return id;
}

static str visit(struct play *p, str who, const char *start)
{
    as(p, campaign_system());
    str id = ground_make(p->g,
                         "{\"resourceType\":\"Appointment\",\"status\":\"booked\",\"start\":\"%s\","
                         "\"end\":\"2026-12-20T17:00:00Z\",\"participant\":[{\"status\":"
                         "\"accepted\",\"actor\":{\"reference\":\"Patient/%.*s\"}}]}",
                         start, STR_ARG(who));
    settle(p);
    return id;
}

static void to_day(struct play *p, int day)
{
    while (p->now < DISCHARGE + day * PLAN_DAY_MS) {
        p->now = p->now - (p->now - DISCHARGE) % PLAN_DAY_MS + PLAN_DAY_MS;
        settle(p);
    }
}

static size_t asked(struct play *p, str who)
{
    struct record_page page = found(p, "Communication", "_count=100", who);
    size_t n = 0;
    for (size_t i = 0; i < page.n; i++) {
        struct json *o = tree(p, &page.docs[i]);
        str text = json_str(json_path(o, "payload.0.contentString"));
        n += str_find(text, STR("what you take now"), 0) != SIZE_MAX ||
             str_find(text, STR("You have a visit with us soon"), 0) != SIZE_MAX;
    }
    return n;
}

static size_t under_way(struct play *p, str who)
{
    return found(p, "CarePlan", "status=active", who).n;
}

/* Two on one day are one journey that names both; the one that is stopped leaves the other in it.
 */
static void what_begins_together_is_one_journey(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 831, "en");
    run_it(p, put(p, "new-medicine", STR_NONE));
    str a = order(p, lee, "a"), b = order(p, lee, "b");
    assert_int_equal(under_way(p, lee), 1);
    struct json *plan = tree(p, &found(p, "CarePlan", "status=active", lee).docs[0]);
    assert_true(str_ends(json_str(json_path(plan, "supportingInfo.0.reference")), a));
    assert_true(str_ends(json_str(json_path(plan, "supportingInfo.1.reference")), b));
    write_again(p, "MedicationRequest", a, "status", "stopped");
    assert_int_equal(under_way(p, lee), 1); /* the questions about b come */
    to_day(p, 8);
    assert_int_equal(asked(p, lee), 1);
    says(p, 831, "2");
    assert_has(last_words(p, lee), "A nurse will call by ");
    write_again(p, "MedicationRequest", b, "status", "stopped");
    assert_int_equal(under_way(p, lee), 0);
}

/* The second begins two weeks after the first: its first question would come on the day of the
 * last of the first. */
static void what_begins_later_is_asked_about_and_never_twice(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 832, "en"), may = patient(p, 833, "en");
    run_it(p, put(p, "new-medicine", STR_NONE));
    (void)order(p, lee, "a");
    (void)order(p, may, "a");
    to_day(p, 8);
    assert_int_equal(asked(p, lee), 1);
    says(p, 832, "1");
    says(p, 833, "1");
    to_day(p, 10);
    (void)order(p, may, "b");
    assert_int_equal(under_way(p, may), 2);
    to_day(p, 14);
    (void)order(p, lee, "b");
    to_day(p, 18);
    assert_int_equal(asked(p, may), 2); /* seven days after b began */
    says(p, 833, "1");
    to_day(p, 22);
    assert_int_equal(asked(p, lee), 2); /* once for both */
    says(p, 832, "1");
    to_day(p, 25);
    assert_int_equal(asked(p, lee), 2);
}

/* The next pack of what they take already is no new medicine. */
static void what_is_ordered_again_is_not_new(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 834, "en");
    run_it(p, put(p, "new-medicine", STR_NONE));
    (void)order(p, lee, "a");
    to_day(p, 8);
    says(p, 834, "1");
    (void)order(p, lee, "a");
    assert_int_equal(under_way(p, lee), 1);
    (void)order(p, lee, "b");
    assert_int_equal(under_way(p, lee), 2);
}

/* Two visits of a day are asked about once; of another day, for itself. */
static void visits_of_a_day_are_asked_about_once(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 835, "en"), may = patient(p, 836, "en");
    run_it(p, put(p, "pre-visit", STR_NONE));
    (void)visit(p, lee, "2026-12-10T15:00:00Z");
    (void)visit(p, lee, "2026-12-10T20:00:00Z");
    (void)visit(p, may, "2026-12-10T15:00:00Z");
    (void)visit(p, may, "2026-12-11T15:00:00Z");
    to_day(p, 11);
    says(p, 836, "1");
    to_day(p, 12);
    assert_int_equal(asked(p, lee), 1);
    says(p, 835, "1");
    says(p, 836, "1");
    to_day(p, 13);
    assert_int_equal(asked(p, lee), 1);
    assert_int_equal(asked(p, may), 2);
}

/* They want another time, a person has it; the desk notes something at the visit. */
static void what_is_written_again_brings_nobody_back(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 837, "en");
    run_it(p, put(p, "pre-visit", STR_NONE));
    str id = visit(p, lee, "2026-12-10T15:00:00Z");
    to_day(p, 12);
    says(p, 837, "2");
    assert_int_equal(under_way(p, lee), 0);
    write_again(p, "Appointment", id, "comment", "calls back on Monday");
    to_day(p, 14);
    assert_int_equal(asked(p, lee), 1);
    write_again(p, "Appointment", id, "start", "2026-12-21T15:00:00Z"); /* the other time */
    assert_int_equal(under_way(p, lee), 1);
    to_day(p, 23);
    assert_int_equal(asked(p, lee), 2);
    write_again(p, "Appointment", id, "status", "cancelled");
    assert_int_equal(under_way(p, lee), 0);
    write_again(p, "Appointment", id, "status", "booked"); /* after all, at the same hour */
    assert_int_equal(under_way(p, lee), 1);
}

/* The first is stopped the day it was asked about; the other is asked about on the next. */
static void what_was_left_silences_nothing(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 839, "en");
    run_it(p, put(p, "new-medicine", STR_NONE));
    str a = order(p, lee, "a");
    to_day(p, 8);
    says(p, 839, "1");
    to_day(p, 15);
    (void)order(p, lee, "b");
    to_day(p, 21);
    assert_int_equal(asked(p, lee), 2);
    struct record_page page = found(p, "Communication", "status=preparation&_count=100", lee);
    for (size_t i = 0; i < page.n; i++) /* they have left: nothing is taken back */
        write_again(p, "Communication", page.docs[i].id, "status", "completed");
    write_again(p, "MedicationRequest", a, "status", "stopped");
    to_day(p, 23);
    assert_int_equal(asked(p, lee), 3);
}

/* Named in a journey that has begun, and written again: it gets no second one. */
static void what_is_in_a_journey_gets_no_other(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 840, "en");
    run_it(p, put_with(p, "new-medicine", "data-added", "data-changed"));
    (void)order(p, lee, "a");
    str b = order(p, lee, "b");
    to_day(p, 8);
    says(p, 840, "1");
    write_again(p, "MedicationRequest", b, "status", "on-hold");
    write_again(p, "MedicationRequest", b, "status", "active");
    assert_int_equal(under_way(p, lee), 1);
}

/* A nurse took them out of it; days later the hospital codes the stay. */
static void a_stay_written_again_brings_nobody_back(void **state)
{
    struct play *p = *state;
    struct json *o;
    str lee = patient(p, 838, "en");
    run_it(p, put(p, "post-discharge", STR_NONE));
    discharge(p, lee);
    settle(p);
    str plan = found(p, "CarePlan", "status=active", lee).docs[0].id;
    str stay = found(p, "Encounter", "_count=1", lee).docs[0].id;
    as(p, &p->g->nurse);
    ok(p, journey_change(&p->g->op, p->c, plan, STR("exit"), 0, &o));
    to_day(p, 5);
    write_again(p, "Encounter", stay, "implicitRules", "https://weft.health/fhir/coded");
    assert_int_equal(under_way(p, lee), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_play, close_play)
    const struct CMUnitTest tests[] = {
        TEST(what_begins_together_is_one_journey),
        TEST(what_begins_later_is_asked_about_and_never_twice),
        TEST(what_is_ordered_again_is_not_new),
        TEST(visits_of_a_day_are_asked_about_once),
        TEST(what_is_written_again_brings_nobody_back),
        TEST(what_was_left_silences_nothing),
        TEST(what_is_in_a_journey_gets_no_other),
        TEST(a_stay_written_again_brings_nobody_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
