/* "2 A question", "What is it about?", and then they leave: what they want to ask is asked about
 * by a person after the silence, as the plan would have done; who wrote STOP, whom a nurse took out
 * and whose need is met elsewhere are left in peace. */
#include "campaign/play_int.h"

static size_t cases(struct play *p, str who)
{
    return found(p, "Task", "code=case", who).n;
}

static size_t said_to(struct play *p, str who)
{
    return found(p, "Communication", "_count=100", who).n;
}

static void later(struct play *p, int64_t ms)
{
    p->now += ms;
    settle(p);
}

/* They said that they have a question, and were asked which; the words are with them. */
static void ask_which(struct play *p, unsigned n, str who)
{
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
    arrives(p, who);
    says(p, n, "2");
    assert_has(last_words(p, who), "What is it about?");
    assert_int_equal(cases(p, who), 0);
}

static str asked_which(struct play *p, unsigned n, str plan)
{
    str who = patient(p, n, "en");
    run_it(p, plan);
    discharge(p, who);
    settle(p);
    ask_which(p, n, who);
    arrives(p, who);
    return who;
}

/* Of nothing that the plan would do yet comes anything; but of what they asked one case. */
static void assert_called(struct play *p, str who, size_t n)
{
    size_t all = said_to(p, who);
    assert_int_equal(cases(p, who), 0); /* they may answer yet */
    later(p, 5 * HOUR);
    assert_int_equal(cases(p, who), n);
    for (int i = 0; i < 40; i++)
        later(p, PLAN_DAY_MS);
    assert_int_equal(cases(p, who), n);
    assert_int_equal(said_to(p, who), all);
}

static void is_back(struct play *p, str who)
{
    as(p, campaign_system());
    (void)ground_make(p->g,
                      "{\"resourceType\":\"Encounter\",\"status\":\"in-progress\",\"class\":{"
                      "\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":"
                      "\"IMP\"},\"subject\":{\"reference\":\"Patient/%.*s\"}}",
                      STR_ARG(who));
    settle(p);
}

static void a_question_outlives_an_exit(void **state)
{
    struct play *p = *state;
    str lee = asked_which(p, 871, put(p, "post-discharge", STR_NONE));
    is_back(p, lee);
    assert_int_equal(found(p, "CarePlan", "status=revoked", lee).n, 1);
    assert_called(p, lee, 1);
    struct json *o = tree(p, &found(p, "Task", "code=case", lee).docs[0]);
    assert_has(json_get_str(o, STR("description")), "Please call by");
    assert_int_equal(found(p, "CarePlan", "status=revoked", lee).n, 1);
}

/* They say it after they have left: that is looked after, and nobody is called for the silence. */
static void what_they_say_meanwhile_is_heard(void **state)
{
    struct play *p = *state;
    str lee = asked_which(p, 872, put(p, "post-discharge", STR_NONE));
    is_back(p, lee);
    p->now += HOUR;
    says(p, 872, "1");
    assert_has(last_words(p, lee), "will call by ");
    struct record_page all = found(p, "Task", "code=case", lee);
    assert_int_equal(all.n, 1);
    assert_str(json_get_str(tree(p, &all.docs[0]), STR("priority")), "asap");
    later(p, 9 * HOUR);
    assert_int_equal(cases(p, lee), 1);
}

/* The question waits at its sender yet, and does not go: there is no silence to wait for. */
static void a_question_that_was_taken_back_is_asked_by_a_person(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 873, "en");
    run_it(p, put(p, "post-discharge", STR_NONE));
    discharge(p, lee);
    settle(p);
    ask_which(p, 873, lee);
    is_back(p, lee);
    assert_int_equal(found(p, "Communication", "status=not-done", lee).n, 1);
    assert_int_equal(cases(p, lee), 1);
}

/* Between two tries: who has left is written to no more. */
static void a_second_try_does_not_go(void **state)
{
    static put_change twice[] = {{"plan-urgent\", \"valueBoolean\": true}",
                                  "plan-urgent\", \"valueBoolean\": true}, {\"url\": \"" PLAN_URL
                                  "tries\", "
                                  "\"valueInteger\": 2}"}};
    struct play *p = *state;
    str lee = asked_which(p, 874, put_changed(p, "post-discharge", twice, 1, STR_NONE));
    is_back(p, lee);
    assert_called(p, lee, 1);
}

static void who_wrote_stop_is_left_in_peace(void **state)
{
    struct play *p = *state;
    str lee = asked_which(p, 875, put(p, "post-discharge", STR_NONE));
    says(p, 875, "STOP");
    assert_called(p, lee, 0);
}

/* They had left, and then wrote STOP. */
static void who_wrote_stop_later_is_left_in_peace(void **state)
{
    struct play *p = *state;
    str lee = asked_which(p, 876, put(p, "post-discharge", STR_NONE));
    is_back(p, lee);
    p->now += HOUR;
    says(p, 876, "STOP");
    assert_called(p, lee, 0);
}

static void whom_a_nurse_took_out_is_left_to_them(void **state)
{
    struct play *p = *state;
    struct json *o;
    str lee = asked_which(p, 877, put(p, "post-discharge", STR_NONE));
    str plan = found(p, "CarePlan", "status=active", lee).docs[0].id;
    as(p, &p->g->nurse);
    ok(p, journey_change(&p->g->op, p->c, plan, STR("exit"), 0, &o));
    settle(p);
    assert_called(p, lee, 0);
}

/* Of a campaign an exit is what it was for. */
static void whose_need_is_met_is_left_in_peace(void **state)
{
    static put_change campaign[] = {{"\"valueCode\": \"journey\"", "\"valueCode\": \"campaign\""}};
    struct play *p = *state;
    str lee = patient(p, 878, "en"), may = patient(p, 879, "en"), all[] = {lee, may};
    run_it(p, put_changed(p, "post-discharge", campaign, 1, group_of(p, all, 2)));
    ask_which(p, 878, lee);
    says(p, 879, "2");
    is_back(p, lee);
    later(p, 5 * HOUR);
    assert_int_equal(cases(p, lee), 0);
    assert_int_equal(cases(p, may), 1); /* the plan's own */
}

/* At a visit they could ask. */
static void who_was_seen_is_left_in_peace(void **state)
{
    static put_change seen[] = {{"status = 'in-progress' and class.code in ('IMP' | 'ACUTE')",
                                 "status = 'finished' and class.code = 'AMB'"}};
    struct play *p = *state;
    str lee = asked_which(p, 880, put_changed(p, "post-discharge", seen, 1, STR_NONE));
    as(p, campaign_system());
    (void)ground_make(p->g,
                      "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"code\":"
                      "\"AMB\"},\"subject\":{\"reference\":\"Patient/%.*s\"}}",
                      STR_ARG(lee));
    settle(p);
    assert_int_equal(found(p, "CarePlan", "status=revoked", lee).n, 1);
    assert_called(p, lee, 0);
}

/* Nothing more is written, and who has asked is called. */
static void a_question_outlives_a_plan_that_is_stopped(void **state)
{
    struct play *p = *state;
    str plan = put(p, "post-discharge", STR_NONE), lee = asked_which(p, 881, plan);
    assert_str(step(p, &p->author, plan, CAMPAIGN_STOP), "stopped");
    settle(p);
    assert_called(p, lee, 1);
    assert_int_equal(found(p, "CarePlan", "status=revoked", lee).n, 1);
}

static void nobody_calls_the_dead(void **state)
{
    struct play *p = *state;
    struct record_doc doc;
    struct record_result r;
    str plan = put(p, "post-discharge", STR_NONE), lee = asked_which(p, 882, plan);
    fhir_type type = fhir_type_parse(STR("Patient"));
    assert_str(step(p, &p->author, plan, CAMPAIGN_STOP), "stopped");
    as(p, campaign_system());
    ok(p, record_read(&p->g->op, p->g->rec, type, lee, &doc));
    struct json *o = tree(p, &doc);
    json_set(p->g->arena, o, STR("deceasedBoolean"), json_new_bool(p->g->arena, true));
    ok(p, record_update(&p->g->op, p->g->rec, type, lee, o, STR_NONE, &r));
    assert_called(p, lee, 0);
}

/* The plan's days are over before the silence is. */
static void a_question_outlives_the_plan(void **state)
{
    static put_change brief[] = {
        {"plan-lasts\", \"valueDuration\": {\"value\": 30,",
         "plan-lasts\", \"valueDuration\": {\"value\": 2,"},
        {"\"valueDuration\": {\"value\": 4, \"unit\": \"h\", \"system\": "
         "\"http://unitsofmeasure.org\", \"code\": \"h\"}}], \"title\": \"Which question\"",
         "\"valueDuration\": {\"value\": 40, \"unit\": \"h\", \"system\": "
         "\"http://unitsofmeasure.org\", \"code\": \"h\"}}], \"title\": \"Which question\""}};
    struct play *p = *state;
    str lee = asked_which(p, 883, put_changed(p, "post-discharge", brief, 2, STR_NONE));
    size_t all = said_to(p, lee);
    later(p, 39 * HOUR);
    assert_int_equal(cases(p, lee), 0);
    later(p, 2 * HOUR);
    assert_int_equal(cases(p, lee), 1);
    for (int i = 0; i < 12; i++)
        later(p, PLAN_DAY_MS);
    assert_int_equal(cases(p, lee), 1);
    assert_int_equal(said_to(p, lee), all);
}

static void visit(struct play *p, str who, const char *start, str *io_id)
{
    struct record_result r;
    struct json *o;
    as(p, campaign_system());
    str text = arena_printf(
        p->g->arena,
        "{\"resourceType\":\"Appointment\",%s%.*s%s\"status\":\"booked\",\"start\":\"%s\","
        "\"end\":\"2026-11-24T23:30:00Z\",\"participant\":[{\"status\":\"accepted\",\"actor\":{"
        "\"reference\":\"Patient/%.*s\"}}]}",
        str_empty(*io_id) ? "" : "\"id\":\"", STR_ARG(*io_id), str_empty(*io_id) ? "" : "\",",
        start, STR_ARG(who));
    if (str_empty(*io_id)) {
        *io_id = ground_make(p->g, "%.*s", STR_ARG(text));
    } else {
        ok(p, fhir_read(&p->g->op, text, 0, &o));
        ok(p, record_update(&p->g->op, p->g->rec, fhir_type_parse(STR("Appointment")), *io_id, o,
                            STR_NONE, &r));
    }
    settle(p);
}

/* The visit gets another hour, and its plan begins anew. */
static void a_question_outlives_a_new_beginning(void **state)
{
    static put_change visits[] = {
        {"\"type\": \"Encounter\"", "\"type\": \"Appointment\""},
        {"status = 'finished' and class.code in ('IMP' | 'ACUTE' | 'NONAC' | 'OBSENC')",
         "status = 'booked'"},
        {"status = 'in-progress' and class.code in ('IMP' | 'ACUTE')", "status = 'cancelled'"},
        {"period.end", "start"}};
    struct play *p = *state;
    str lee = patient(p, 884, "en"), id = STR_NONE;
    run_it(p, put_changed(p, "post-discharge", visits, 4, STR_NONE));
    visit(p, lee, "2026-11-24T21:00:00Z", &id);
    ask_which(p, 884, lee);
    arrives(p, lee);
    visit(p, lee, "2026-11-24T22:00:00Z", &id);
    assert_int_equal(cases(p, lee), 1);
    assert_has(
        json_get_str(tree(p, &found(p, "Task", "code=case", lee).docs[0]), STR("description")),
        "only a person can read");
}

/* At night they write "2"; "What is it about?" waits for the morning, and before it they are back
 * in hospital, or a nurse takes them out. */
static void R526_who_has_left_is_asked_nothing_more(void **state)
{
    struct play *p = *state;
    struct json *o;
    str who[] = {patient(p, 885, "en"), patient(p, 886, "en")};
    run_it(p, put(p, "post-discharge", STR_NONE));
    for (unsigned i = 0; i < 2; i++)
        discharge(p, who[i]);
    settle(p);
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
    for (unsigned i = 0; i < 2; i++)
        arrives(p, who[i]);
    p->now = DISCHARGE + 31 * HOUR; /* ten in the evening */
    says(p, 885, "2");
    says(p, 886, "2");
    is_back(p, who[0]);
    as(p, &p->g->nurse);
    ok(p, journey_change(&p->g->op, p->c, found(p, "CarePlan", "status=active", who[1]).docs[0].id,
                         STR("exit"), 0, &o));
    settle(p);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(cases(p, who[i]), 1);
        assert_has(last_words(p, who[i]), "How are you since you got home?");
    }
    for (int i = 0; i < 20; i++)
        later(p, PLAN_DAY_MS / 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(cases(p, who[i]), 1);
        assert_has(last_words(p, who[i]), "How are you since you got home?");
        assert_int_equal(found(p, "CarePlan", "status=revoked", who[i]).n, 1);
    }
}

/* A shot is recorded: a journey of care has their question all the same. */
static void R529_a_question_of_care_outlives_what_is_done(void **state)
{
    static put_change ends[] = {{"{\"url\": \"" PLAN_URL "kind\"",
                                 "{\"url\":\"" PLAN_URL "done\",\"valueCode\":\"flu-vaccine\"},"
                                 "{\"url\": \"" PLAN_URL "kind\""}};
    struct play *p = *state;
    str lee = asked_which(p, 887, put_changed(p, "post-discharge", ends, 1, STR_NONE));
    as(p, campaign_system());
    (void)ground_make(
        p->g,
        "{\"resourceType\":\"Immunization\",\"status\":\"completed\",\"vaccineCode\":{"
        "\"coding\":[{\"system\":\"http://hl7.org/fhir/sid/cvx\",\"code\":\"150\"}]},"
        "\"occurrenceDateTime\":\"2026-11-25\",\"patient\":{\"reference\":"
        "\"Patient/%.*s\"}}",
        STR_ARG(lee));
    settle(p);
    assert_int_equal(found(p, "CarePlan", "status=completed", lee).n, 1);
    assert_called(p, lee, 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_play, close_play)
    const struct CMUnitTest tests[] = {
        TEST(a_question_outlives_an_exit),
        TEST(what_they_say_meanwhile_is_heard),
        TEST(a_question_that_was_taken_back_is_asked_by_a_person),
        TEST(a_second_try_does_not_go),
        TEST(who_wrote_stop_is_left_in_peace),
        TEST(who_wrote_stop_later_is_left_in_peace),
        TEST(whom_a_nurse_took_out_is_left_to_them),
        TEST(whose_need_is_met_is_left_in_peace),
        TEST(who_was_seen_is_left_in_peace),
        TEST(a_question_outlives_a_plan_that_is_stopped),
        TEST(nobody_calls_the_dead),
        TEST(a_question_outlives_the_plan),
        TEST(a_question_outlives_a_new_beginning),
        TEST(R526_who_has_left_is_asked_nothing_more),
        TEST(R529_a_question_of_care_outlives_what_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
