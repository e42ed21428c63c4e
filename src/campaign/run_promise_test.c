/* The hour that is told is one at which somebody works and they may be called. */
#include "base/bidi.h"
#include "campaign/play_int.h"

#define TEAM(days, hours)                                                                          \
    "{\"resourceType\":\"HealthcareService\",\"active\":true,\"type\":[{\"coding\":[{\"system\":"  \
    "\"https://weft.health/fhir/service-type\",\"code\":\"remote-monitoring\"}]}],"                \
    "\"availableTime\":[{\"daysOfWeek\":[" days "]," hours "}]}"
#define DAILY "\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\""
#define ALWAYS TEAM(DAILY, "\"allDay\":true")
#define HOURS(from, until)                                                                         \
    "\"availableStartTime\":\"" from ":00:00\",\"availableEndTime\":\"" until ":00:00\""

#define PROMISE "\"" PLAN_URL "promise\", \"valueDuration\": {\"value\": "

/* Asked of the outline, the day after. */
static str asked_of(struct play *p, str plan, unsigned number, const char *language)
{
    str who = patient(p, number, language);
    run_it(p, plan);
    discharge(p, who);
    settle(p);
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
    return who;
}

/* Worse, so many hours after the discharge (Tuesday 15:00 where they live). */
static struct json *worse_of(struct play *p, str who, unsigned number, int64_t ms, str *ret_told)
{
    p->now = DISCHARGE + ms;
    says(p, number, "1");
    struct record_page cases = found(p, "Task", "code=case", who);
    assert_int_equal(cases.n, 1);
    *ret_told = last_words(p, who);
    return tree(p, &cases.docs[0]);
}

static struct json *worse_at(struct play *p, unsigned number, const char *language, int64_t ms,
                             str *ret_told)
{
    str who = asked_of(p, put(p, "post-discharge", STR_NONE), number, language);
    return worse_of(p, who, number, ms, ret_told);
}

static int64_t due_of(const struct json *task)
{
    struct time_span at;
    assert_true(time_parse(json_str(json_path(task, "executionPeriod.end")), &at));
    return at.lo;
}

/* The house's clock is UTC's, they are in Chicago: its morning is their night. Wednesday 15:00, and
 * Thursday is a holiday: the two hours are over on Friday at 4 there. */
static void nobody_is_told_of_a_call_at_night(void **state)
{
    struct play *p = *state;
    str told;
    set(p, "house.zone", "UTC");
    struct json *c = worse_at(p, 861, "en", 24 * HOUR, &told);
    assert_has(told, "A nurse will call by 8:15 am Friday");
    assert_has(json_get_str(c, STR("description")),
               "2:15 pm Friday (8:15 am Friday where they are, America/Chicago)");
    assert_int_equal(due_of(c) / HOUR, (DISCHARGE + 61 * HOUR) / HOUR); /* Friday 10:00 UTC */
}

/* The team works day and night; after 19:45 nobody is called. Sooner keeps what was promised, and
 * so the case is due by then. */
static void what_would_be_too_late_is_told_sooner(void **state)
{
    struct play *p = *state;
    str told;
    (void)ground_make(p->g, ALWAYS);
    struct json *c = worse_at(p, 862, "en", 27 * HOUR + HOUR / 2, &told); /* 18:30 */
    assert_has(told, "A nurse will call by 7:45 pm Wednesday");
    assert_int_equal(due_of(c), DISCHARGE + 28 * HOUR + 45 * 60000);
}

/* At 21:30 there is nothing left of the evening: the morning is told, the clock stays. */
static void after_the_last_hour_the_next_one_is_told(void **state)
{
    struct play *p = *state;
    str told;
    (void)ground_make(p->g, ALWAYS);
    struct json *c = worse_at(p, 863, "es", 30 * HOUR + HOUR / 2, &told);
    assert_has(told, "8:15");
    assert_int_equal(due_of(c) / HOUR, (DISCHARGE + 32 * HOUR + HOUR / 2) / HOUR);
}

/* Hours of the team's own are the clock of its cases, too. */
static void the_teams_hours_are_the_clock(void **state)
{
    struct play *p = *state;
    str told;
    (void)ground_make(p->g, TEAM(DAILY, HOURS("12", "16")));
    struct json *c = worse_at(p, 864, "en", 20 * HOUR, &told); /* 11:00 */
    assert_has(told, "A nurse will call by 2 pm Wednesday");
    assert_has(json_get_str(c, STR("description")), "Promised by 2 pm Wednesday.");
}

/* An hour of Wednesdays is all there is of the team: two hours are over in a week. */
static void what_is_a_week_away_is_told_by_its_date(void **state)
{
    struct play *p = *state;
    str told;
    (void)ground_make(p->g, TEAM("\"wed\"", HOURS("12", "13")));
    struct json *c = worse_at(p, 867, "en", 20 * HOUR, &told); /* Wednesday 11:00 */
    assert_has(told, "A nurse will call by 1 pm 2026-12-02");
    assert_has(json_get_str(c, STR("description")), "Promised by 1 pm 2026-12-02.");
    as(p, campaign_system());
    int64_t in_six = p->now + 6 * PLAN_DAY_MS + 60000;
    str zone = STR("America/Chicago"), due = due_words(&p->g->op, zone, in_six, LANGUAGE_EN);
    assert_has(due, "2026-12-01"); /* the quarter after */
    due = due_words(&p->g->op, zone, in_six - HOUR, LANGUAGE_EN);
    assert_has(due, "Tuesday");
    due = due_words(&p->g->op, zone, p->now + 7 * PLAN_DAY_MS + HOUR, LANGUAGE_ES);
    assert_has(due, " (2026-12-02)");
    due = due_words(&p->g->op, zone, p->now + 7 * PLAN_DAY_MS + HOUR, LANGUAGE_AR);
    assert_has(due, " (" BIDI_LRM "2026-12-02" BIDI_RLM ")");
    assert_true(str_eq(bidi_value(&p->g->op, LANGUAGE_AR, due), due)); /* not twice */
}

/* The last evening hour is told two seconds before the case is made, which would be told the
 * morning: the case says what they were told. */
static void the_case_says_what_they_were_told(void **state)
{
    struct play *p = *state;
    str told;
    (void)ground_make(p->g, ALWAYS);
    struct json *c =
        worse_at(p, 868, "en", 28 * HOUR + HOUR / 2 - 1000, &told); /* Wednesday 19:29:59 */
    assert_has(told, "A nurse will call by 7:45 pm Wednesday");
    assert_has(json_get_str(c, STR("description")), "Promised by 7:45 pm Wednesday.");
    assert_int_equal(due_of(c), DISCHARGE + 28 * HOUR + 45 * 60000);
}

/* A promise of no hours is of now, or of the next moment when they may be called. */
static void at_once_is_an_hour_too(void **state)
{
    struct play *p = *state;
    str told, who;
    (void)ground_make(p->g, ALWAYS);
    str plan = put_with(p, "post-discharge", PROMISE "2,", PROMISE "0,");
    who = asked_of(p, plan, 866, "en");
    struct json *c = worse_of(p, who, 866, 20 * HOUR, &told); /* 11:00 */
    assert_has(told, "A nurse will call by 11:15 am Wednesday");
    assert_has(json_get_str(c, STR("description")), "Promised by 11:15 am Wednesday.");
    assert_int_equal(due_of(c) / 60000, (DISCHARGE + 20 * HOUR) / 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_is_told_of_a_call_at_night, open_play, close_play),
        cmocka_unit_test_setup_teardown(what_would_be_too_late_is_told_sooner, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(after_the_last_hour_the_next_one_is_told, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(the_teams_hours_are_the_clock, open_play, close_play),
        cmocka_unit_test_setup_teardown(what_is_a_week_away_is_told_by_its_date, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(the_case_says_what_they_were_told, open_play, close_play),
        cmocka_unit_test_setup_teardown(at_once_is_an_hour_too, open_play, close_play),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
