/* The shot or the test that a campaign is about ends it for the person who had it: by the change
 * feed, and once more before each contact. What is no such thing, or somebody else's, ends nothing.
 */
#include "campaign/done_int.h"
#include "campaign/play_int.h"

#define CVX "\"vaccineCode\":{\"coding\":[{\"system\":\"http://hl7.org/fhir/sid/cvx\",\"code\":\""
#define SHOT(status, code, date)                                                                   \
    "{\"resourceType\":\"Immunization\",\"status\":\"" status "\"," CVX code                       \
    "\"}]},\"occurrenceDateTime\":\"" date "\",\"patient\":{\"reference\":\"Patient/%.*s\"}}"
#define CODED(system, code)                                                                        \
    "\"code\":{\"coding\":[{\"system\":\"" system "\",\"code\":\"" code "\"}]}"
#define LOINC "http://loinc.org"
#define SNOMED "http://snomed.info/sct"
#define OF ",\"subject\":{\"reference\":\"Patient/%.*s\"}}"
#define PROCEDURE(status, code, date)                                                              \
    "{\"resourceType\":\"Procedure\",\"status\":\"" status                                         \
    "\"," CODED(SNOMED, code) ",\"performedDateTime\":\"" date "\"" OF
#define RESULT(type, status, code, date)                                                           \
    "{\"resourceType\":\"" type "\",\"status\":\"" status                                          \
    "\"," CODED(LOINC, code) ",\"effectiveDateTime\":\"" date "\"" OF
#define FLU SHOT("completed", "150", "2026-11-25")

/* ends: what the outline does not name as it is shipped; or NULL. */
static str campaign_of(struct play *p, const char *code, const char *ends, const str *ids, size_t n)
{
    static const char kind[] = "{\"url\": \"" PLAN_URL "kind\"";
    char more[256];
    snprintf(more, sizeof more, "{\"url\":\"" PLAN_URL "done\",\"valueCode\":\"%s\"},%s",
             ends ? ends : "", kind);
    put_change names = {kind, more};
    return put_changed(p, code, &names, ends ? 1 : 0, group_of(p, ids, n));
}

static str record_it(struct play *p, const char *what, str who)
{
    str all = str_of(what);
    size_t at = str_find(all, STR("%.*s"), 0);
    str head = arena_cat(p->g->arena, str_sub(all, 0, at), who);
    str text = arena_cat(p->g->arena, head, str_sub(all, at + 4, all.n));
    as(p, campaign_system());
    return ground_make(p->g, "%.*s", STR_ARG(text));
}

static void days(struct play *p, int n)
{
    for (int i = 0; i < n; i++) {
        p->now += PLAN_DAY_MS;
        settle(p);
    }
}

static size_t said_to(struct play *p, str who)
{
    return found(p, "Communication", "_count=100", who).n;
}

static struct enrolment state_of(struct play *p, str plan, str who)
{
    struct enrolment e = {.plan = plan, .patient = ground_rid(p->g, "Patient", who)};
    as(p, campaign_system());
    ok(p, enrolment_load(&p->g->op, p->g->rec, &e));
    assert_false(str_empty(e.text));
    return e;
}

/* The day after the first message: no second one, and nobody is asked to call. */
static void the_shot_ends_it(void **state)
{
    struct play *p = *state;
    str who[] = {patient(p, 861, "en"), patient(p, 862, "en")};
    for (unsigned i = 0; i < 2; i++)
        has_email(p, who[i], arena_printf(p->g->arena, "p%u@example.org", i));
    str plan = campaign_of(p, "immunisation", NULL, who, 2);
    run_it(p, plan);
    days(p, 1);
    assert_has(last_words(p, who[0]), "yearly shot");
    size_t before = said_to(p, who[0]);
    (void)record_it(p, FLU, who[0]);
    settle(p);
    assert_str(state_of(p, plan, who[0]).done, "flu-vaccine");
    assert_str(state_of(p, plan, who[1]).done, "");
    days(p, 14);
    assert_int_equal(said_to(p, who[0]), before);
    assert_int_equal(found(p, "Task", "code=case", who[0]).n, 0);
    assert_true(said_to(p, who[1]) > before); /* somebody else's shot ends nothing */
    assert_int_equal(found(p, "Task", "code=case", who[1]).n, 1);
}

/* What the screening names, by its code, its status and how long it counts. */
static const struct {
    const char *campaign, *ends, *what;
    bool ended;
} CASES[] = {
    {"immunisation", NULL, FLU, true},
    {"immunisation", NULL, SHOT("completed", "111", "2026-09-02"), true},
    {"immunisation", NULL, SHOT("entered-in-error", "150", "2026-11-25"), false},
    {"immunisation", NULL, SHOT("not-done", "150", "2026-11-25"), false},
    {"immunisation", NULL, SHOT("completed", "150", "2026-07-31"), false}, /* the season before */
    {"immunisation", NULL, SHOT("completed", "115", "2026-11-25"), false}, /* tetanus */
    {"screening", "breast-screening", PROCEDURE("completed", "24623002", "2026-11-25"), true},
    {"screening", "breast-screening", PROCEDURE("completed", "24623002", "2024-09-05"), true},
    {"screening", "breast-screening", PROCEDURE("completed", "24623002", "2024-07-31"), false},
    {"screening", "breast-screening", PROCEDURE("not-done", "24623002", "2026-11-25"), false},
    {"screening", "breast-screening", PROCEDURE("completed", "73761001", "2026-11-25"), false},
    {"screening", "breast-screening", RESULT("DiagnosticReport", "final", "24606-6", "2026-11-25"),
     true},
    {"screening", "colon-screening", RESULT("Observation", "final", "29771-3", "2026-11-25"), true},
    {"screening", "colon-screening", RESULT("Observation", "final", "29771-3", "2025-10-05"),
     false},
    {"screening", "colon-screening", RESULT("Observation", "cancelled", "29771-3", "2026-11-25"),
     false},
    {"screening", "colon-screening", PROCEDURE("completed", "73761001", "2017-02-01"), true},
    {"screening", "colon-screening",
     RESULT("DiagnosticReport", "appended", "18746-8", "2026-11-25"), true}, /* R536: addendum */
    {"screening", "cervix-screening", RESULT("Observation", "final", "82675-0", "2022-03-01"),
     true},
    {"screening", "cervix-screening", RESULT("Observation", "final", "10524-7", "2022-03-01"),
     false},
};
#define N_CASES (sizeof CASES / sizeof *CASES)

static void what_it_names_ends_it_and_nothing_else(void **state)
{
    struct play *p = *state;
    str plan = STR_NONE, who[N_CASES];
    for (size_t i = 0; i < N_CASES; i++)
        who[i] = patient(p, 900 + (unsigned)i, "en");
    for (size_t i = 0; i < N_CASES; i++) {
        bool same = i > 0 && CASES[i].ends == CASES[i - 1].ends;
        if (!same) {
            plan = campaign_of(p, CASES[i].campaign, CASES[i].ends, who, N_CASES);
            run_it(p, plan);
        }
        (void)record_it(p, CASES[i].what, who[i]);
        settle(p);
        bool ended = !str_empty(state_of(p, plan, who[i]).done);
        if (ended != CASES[i].ended)
            print_error("case %zu: %s\n", i, CASES[i].what);
        assert_int_equal(ended, CASES[i].ended);
    }
}

/* A message that waits for its sender does not go, in the commit in which they leave. */
static void what_waits_is_taken_back(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 863, "en"), plan = campaign_of(p, "immunisation", NULL, &lee, 1);
    run_it(p, plan);
    days(p, 1);
    assert_int_equal(found(p, "Communication", "status=preparation", lee).n, 1);
    (void)record_it(p, FLU, lee);
    settle(p);
    assert_int_equal(found(p, "Communication", "status=preparation", lee).n, 0);
    assert_int_equal(found(p, "Communication", "status=not-done", lee).n, 1);
}

/* The feed is behind: it is asked once more before the words go, and before the call. */
static void it_is_asked_before_each_contact(void **state)
{
    struct play *p = *state;
    size_t n = 1;
    str lee = patient(p, 864, "en"), plan = campaign_of(p, "immunisation", NULL, &lee, 1);
    run_it(p, plan);
    size_t before = said_to(p, lee);
    (void)record_it(p, FLU, lee);
    for (int i = 0; i < 40 && str_empty(state_of(p, plan, lee).done); i++) {
        p->now += 6 * HOUR;
        as(p, campaign_system());
        ok(p, campaign_tick(&p->g->op, p->c, &n));
    }
    assert_str(state_of(p, plan, lee).done, "flu-vaccine");
    assert_int_equal(said_to(p, lee), before);
    settle(p); /* the feed comes after, and changes nothing */
    days(p, 12);
    assert_int_equal(said_to(p, lee), before);
    assert_int_equal(found(p, "Task", "code=case", lee).n, 0);
}

/* Only the clock goes on; the feed stays behind. */
static void ticks(struct play *p, int n)
{
    size_t moved;
    for (int i = 0; i < n; i++) {
        p->now += 6 * HOUR;
        as(p, campaign_system());
        ok(p, campaign_tick(&p->g->op, p->c, &moved));
    }
}

/* After the last message, before the call. */
static void R532_it_is_asked_before_the_call(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 867, "en"), may = patient(p, 868, "en"), all[] = {lee, may};
    has_email(p, lee, STR("p867@example.org"));
    has_email(p, may, STR("p868@example.org"));
    str plan = campaign_of(p, "immunisation", NULL, all, 2);
    run_it(p, plan);
    days(p, 8);
    assert_int_equal(said_to(p, lee), 2);
    (void)record_it(p, FLU, lee);
    ticks(p, 24);
    assert_str(state_of(p, plan, lee).done, "flu-vaccine");
    assert_int_equal(found(p, "Task", "code=case", lee).n, 0);
    assert_int_equal(found(p, "Task", "code=case", may).n, 1);
}

/* The mail bounced; before it is said by text, the shot is in the record. */
static void R528_it_is_asked_before_it_is_said_again(void **state)
{
    struct play *p = *state;
    struct record_result r;
    size_t n;
    str lee = patient(p, 869, "en");
    has_email(p, lee, STR("p869@example.org"));
    str plan = campaign_of(p, "immunisation", NULL, &lee, 1);
    run_it(p, plan);
    days(p, 1);
    struct record_page sent = found(p, "Communication", "status=preparation", lee);
    assert_int_equal(sent.n, 1);
    struct json *o = tree(p, &sent.docs[0]);
    json_set_str(p->g->arena, o, STR("status"), STR("stopped"));
    as(p, campaign_system());
    ok(p, record_update(&p->g->op, p->g->rec, sent.docs[0].type, sent.docs[0].id, o, STR_NONE, &r));
    as(p, campaign_system());
    ok(p, campaign_follow(&p->g->op, p->c, &n));
    assert_true(str_starts(state_of(p, plan, lee).tell, STR("again:")));
    (void)record_it(p, FLU, lee);
    ticks(p, 2);
    assert_str(state_of(p, plan, lee).done, "flu-vaccine");
    assert_str(state_of(p, plan, lee).tell, "");
    assert_int_equal(said_to(p, lee), 1);
    days(p, 14);
    assert_int_equal(said_to(p, lee), 1);
    assert_int_equal(found(p, "Task", "code=case", lee).n, 0);
}

#define PLAN_STEP(id, code, more)                                                                  \
    "{\"id\": \"" id "\", \"title\": \"" id "\", \"code\": [{\"coding\": [{\"system\": "           \
    "\"" PLAN_STEP_SYSTEM "\", \"code\": \"" code "\"}]}]" more "}"
#define AFTER(id, n)                                                                               \
    ", \"relatedAction\": [{\"actionId\": \"" id "\", \"relationship\": \"after-end\", "           \
    "\"offsetDuration\": {\"value\": " n ", \"unit\": \"d\", \"system\": "                         \
    "\"http://unitsofmeasure.org\", \"code\": \"d\"}}]"

/* "3 Not now": a reminder in a week, a call in two. Then the shot: neither comes. */
static void R527_what_their_path_would_do_later_ends_with_it(void **state)
{
    static put_change later[] = {
        {"\"id\": \"declined\", \"title\": \"Leaves: not now\", \"code\": [{\"coding\": "
         "[{\"system\": "
         "\"" PLAN_STEP_SYSTEM "\", \"code\": \"end\"}]}]}",
         "\"id\": \"declined\", \"title\": \"Again\", \"textEquivalent\": \"Is it time now? Call "
         "us.\","
         " \"code\": [{\"coding\": [{\"system\": \"" PLAN_STEP_SYSTEM
         "\", \"code\": \"message\"}]}]" AFTER("day-0", "7") "}, " PLAN_STEP(
             "later-call", "call", AFTER("declined", "7"))}};
    struct play *p = *state;
    str who[] = {patient(p, 881, "en"), patient(p, 882, "en")};
    str plan = put_changed(p, "immunisation", later, 1, group_of(p, who, 2));
    run_it(p, plan);
    days(p, 1);
    arrives(p, who[0]);
    arrives(p, who[1]);
    says(p, 881, "3");
    says(p, 882, "3");
    days(p, 2);
    size_t all = said_to(p, who[0]);
    assert_int_equal(said_to(p, who[1]), all);
    (void)record_it(p, FLU, who[0]);
    days(p, 20);
    assert_str(state_of(p, plan, who[0]).done, "flu-vaccine");
    assert_int_equal(said_to(p, who[0]), all);
    assert_int_equal(found(p, "Task", "code=case", who[0]).n, 0);
    assert_true(said_to(p, who[1]) > all);
    assert_int_equal(found(p, "Task", "code=case", who[1]).n, 1);
}

/* "1 Please call me", and the shot: somebody calls, for they asked for it. */
static void what_they_asked_for_is_heard(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 865, "en"), plan = campaign_of(p, "immunisation", NULL, &lee, 1);
    run_it(p, plan);
    days(p, 1);
    struct record_page sent = found(p, "Communication", "status=preparation", lee);
    struct record_result r;
    struct json *o = tree(p, &sent.docs[0]);
    json_set_str(p->g->arena, o, STR("status"), STR("completed"));
    as(p, campaign_system());
    ok(p, record_update(&p->g->op, p->g->rec, sent.docs[0].type, sent.docs[0].id, o, STR_NONE, &r));
    writes(p, 865, "1");
    (void)record_it(p, FLU, lee);
    settle(p);
    assert_str(state_of(p, plan, lee).done, "flu-vaccine");
    assert_int_equal(found(p, "Task", "code=case", lee).n, 1);
}

/* A screening that names no test cannot be asked to be approved; a name that there is not is told.
 */
static void an_outline_says_what_ends_it(void **state)
{
    struct play *p = *state;
    struct json *o, *plan;
    str lee = patient(p, 866, "en"), id = campaign_of(p, "screening", NULL, &lee, 1);
    assert_int_equal(try_step(p, &p->author, id, CAMPAIGN_SUBMIT), ERR_UNPROCESSABLE);
    assert_has(p->g->op.fault.issues[0].message, "which shot or test");
    as(p, &p->author);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    assert_int_equal(JSON_GET(o, "endings")->n, 4);
    plan = JSON_GET(o, "plan");
    json_set_str(p->g->arena, json_at(JSON_GET(plan, "extension"), 0), STR("url"),
                 STR(PLAN_URL "done"));
    json_set_str(p->g->arena, json_at(JSON_GET(plan, "extension"), 0), STR("valueCode"),
                 STR("diabetes")); /* an illness, nothing that is done */
    assert_int_equal(campaign_check(&p->g->op, plan), ERR_UNPROCESSABLE);
    assert_has(p->g->op.fault.issues[0].message, "no shot or test of that name");
}

/* Who had it gets nothing in the simulation and the preview of who may know it; of the others', it
 * tells nothing. */
static void simulation_and_preview_know_it(void **state)
{
    struct play *p = *state;
    struct campaign_days ahead = {.days = 30};
    struct json *o;
    str who[12];
    for (unsigned i = 0; i < 12; i++)
        who[i] = patient(p, 870 + i, "en");
    str plan = campaign_of(p, "immunisation", NULL, who, 12);
    for (unsigned i = 0; i < 11; i++)
        (void)record_it(p, FLU, who[i]);
    as(p, campaign_system());
    ok(p, people_start(&p->g->op, p->c->people));
    ok(p, people_wait(&p->g->op, p->c->people, record_now_t(p->g->rec)));
    as(p, campaign_system());
    ok(p, campaign_simulate(&p->g->op, p->c, plan, &ahead, &o));
    assert_int_equal(number_of(o, "done"), 11);
    assert_int_equal(number_of(o, "reached"), 1);
    as(p, &p->author);
    ok(p, campaign_simulate(&p->g->op, p->c, plan, &ahead, &o));
    assert_null(JSON_GET(o, "done")); /* of people whom they chose one by one it would tell who */
    assert_int_equal(number_of(o, "reached"), 12);
    as(p, campaign_system());
    ok(p, campaign_preview(&p->g->op, p->c, plan, who[0], &o));
    assert_has(json_str(json_path(o, "people.0.because.es")), "ya lo recibió");
    as(p, &p->author);
    ok(p, campaign_preview(&p->g->op, p->c, plan, who[0], &o));
    str because = json_str(json_path(o, "people.0.because.en"));
    assert_false(str_empty(because)); /* R538: nobody in the list said nothing either */
    assert_true(str_find(because, STR("already"), 0) == SIZE_MAX);
    people_stop(p->c->people);
}

/* R533: of every change it is asked whether it may end a plan; what for is read with the plan. */
static void r533_types_are_known_from_the_plan(void **state)
{
    struct play *p = *state;
    struct loaded *l;
    str lee = patient(p, 890, "en");
    str id = campaign_of(p, "screening", "colon-screening", &lee, 1);
    as(p, campaign_system());
    ok(p, plan_load(&p->g->op, p->c, id, 0, &l));
    assert_int_equal(l->plan->n_done_types, 3);
    size_t before = arena_used(p->g->arena);
    assert_true(done_concerns(l->plan, fhir_type_parse(STR("Procedure"))));
    assert_true(done_concerns(l->plan, fhir_type_parse(STR("DiagnosticReport"))));
    assert_true(done_concerns(l->plan, fhir_type_parse(STR("Observation"))));
    assert_false(done_concerns(l->plan, fhir_type_parse(STR("Immunization"))));
    assert_int_equal(arena_used(p->g->arena), before);
}

/* R534: the outline of one that runs is refused by a reader newer than it; who is in another leaves
 * that, and the log alone tells of it. */
static void r534_an_unreadable_outline_stops_nobody_else(void **state)
{
    struct play *p = *state;
    struct record_doc doc;
    struct record_result r;
    struct life life;
    size_t n = 1;
    str lee = patient(p, 891, "en"), broken = put(p, "post-discharge", STR_NONE);
    str plan = campaign_of(p, "immunisation", NULL, &lee, 1);
    run_it(p, broken);
    discharge(p, lee); /* in both */
    settle(p);
    run_it(p, plan);
    fhir_type type = fhir_type_parse(STR("PlanDefinition"));
    as(p, campaign_system());
    ok(p, record_read(&p->g->op, p->g->rec, type, broken, &doc));
    struct json *o = tree(p, &doc);
    json_unset(o, STR("action"));
    ok(p, record_update(&p->g->op, p->g->rec, type, broken, o, STR_NONE, &r));
    ok(p, life_load(&p->g->op, p->g->rec, broken, &life));
    json_set(p->g->arena, life.o, STR("liveVersion"), json_new_i64(p->g->arena, r.vid));
    struct record_tx *tx = record_begin(&p->g->op, p->g->rec);
    ok(p, life_save(tx, &p->g->op, &life, "broken"));
    ok(p, record_commit(tx));
    struct enrolment e = state_of(p, broken, lee);
    e.vid = (uint32_t)r.vid;
    tx = record_begin(&p->g->op, p->g->rec);
    enrolment_save(tx, &p->g->op, &e, 0);
    ok(p, record_commit(tx));
    struct loaded *l;
    assert_int_equal(plan_load(&p->g->op, p->c, broken, e.vid, &l), ERR_UNPROCESSABLE);
    (void)record_it(p, FLU, lee);
    while (n > 0) {
        as(p, campaign_system());
        ok(p, campaign_follow(&p->g->op, p->c, &n));
    }
    assert_str(state_of(p, plan, lee).done, "flu-vaccine");
}

/* R535: of a change it is asked whether that resource ends it, and no other search of the row; what
 * else the record has is for the check before a contact. */
static void r535_a_change_is_asked_of_alone(void **state)
{
    struct play *p = *state;
    struct record_doc doc;
    const struct chip_row *row;
    struct loaded *l;
    str lee = patient(p, 892, "en"), none = patient(p, 893, "en");
    str id = campaign_of(p, "screening", "colon-screening", &none, 1);
    str had = record_it(p, PROCEDURE("completed", "73761001", "2026-11-25"), lee);
    str other = record_it(p, RESULT("Observation", "final", "8480-6", "2026-11-25"), lee);
    as(p, campaign_system());
    ok(p, plan_load(&p->g->op, p->c, id, 0, &l));
    uint64_t who = ground_rid(p->g, "Patient", lee);
    struct done_change ch = {who, p->now, &doc};
    ok(p, record_read(&p->g->op, p->g->rec, fhir_type_parse(STR("Observation")), other, &doc));
    ok(p, done_by(&p->g->op, p->c, l->plan, &ch, &row));
    assert_null(row);
    ok(p, record_read(&p->g->op, p->g->rec, fhir_type_parse(STR("Procedure")), had, &doc));
    ok(p, done_by(&p->g->op, p->c, l->plan, &ch, &row));
    assert_non_null(row);
    ok(p, done_already(&p->g->op, p->c, l->plan, who, p->now, &row));
    assert_non_null(row); /* before a contact: whatever it was */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_play, close_play)
    const struct CMUnitTest tests[] = {
        TEST(the_shot_ends_it),
        TEST(what_it_names_ends_it_and_nothing_else),
        TEST(what_waits_is_taken_back),
        TEST(it_is_asked_before_each_contact),
        TEST(R532_it_is_asked_before_the_call),
        TEST(R528_it_is_asked_before_it_is_said_again),
        TEST(R527_what_their_path_would_do_later_ends_with_it),
        TEST(what_they_asked_for_is_heard),
        TEST(an_outline_says_what_ends_it),
        TEST(simulation_and_preview_know_it),
        TEST(r533_types_are_known_from_the_plan),
        TEST(r534_an_unreadable_outline_stops_nobody_else),
        TEST(r535_a_change_is_asked_of_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
