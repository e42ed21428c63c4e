/* Questions about somebody's day, over a real record, rulebook and outreach: asked, told, kept as
 * Observations and MedicationStatements, warning signs raised. */
#include "survey/fixture_int.h"

static err told(struct yard *y, str who, const char *survey, const char *answers, str *ret)
{
    struct survey_asking a = {.of = survey_find(str_of(survey)), .patient = who};
    struct json *o;
    ok(y, json_read(&y->op, str_of(answers), &JSON_LIMITS_DEFAULT, &o));
    return survey_told(&y->op, y->s, &a, o, ret);
}

static size_t symptoms(struct yard *y, str who, const char *code, bool yes)
{
    struct record_page page =
        found(y, "Observation", who,
              str_z(y->arena,
                    arena_printf(y->arena, "code=https://weft.health/fhir/symptom%%7C%s", code)));
    size_t n = 0;
    for (size_t i = 0; i < page.n; i++) {
        struct json *t = tree(y, &page.docs[i]);
        assert_true(str_starts(json_str(json_path(t, "derivedFrom.0.reference")),
                               STR("QuestionnaireResponse/")));
        n += !str_eq(json_get_str(t, STR("status")), STR("entered-in-error")) &&
             json_bool(JSON_GET(t, "valueBoolean"), !yes) == yes;
    }
    return n;
}

static str order(struct yard *y, str who, const char *code)
{
    return make(y,
                "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"intent\":"
                "\"order\",\"subject\":{\"reference\":\"Patient/%.*s\"},"
                "\"medicationCodeableConcept\":{\"coding\":[{\"system\":\"http://www.nlm.nih.gov/"
                "research/umls/rxnorm\",\"code\":\"%s\"}]}}",
                STR_ARG(who), code);
}

static void what_is_told_of_a_day_becomes_observations(void **state)
{
    struct yard *y = *state;
    str ida = patient(y, 110, "en"), response, again;
    (void)order(y, ida, "4603");
    (void)order(y, ida, "29046");
    house(y);
    ok(y, told(y, ida, "heart-day",
               "{\"dizzy\":\"yes\",\"more-swelling\":\"no\",\"taken\":\"all\",\"water-tablet\":"
               "\"no\",\"missed\":\"It makes me run\"}",
               &response));
    settle(y);
    y->s->cursor_known = false; /* looked at twice */
    house(y);
    struct record_doc doc;
    ok(y,
       record_read(&y->op, y->rec, fhir_type_parse(STR("QuestionnaireResponse")), response, &doc));
    ok(y, response_observe(&y->op, y->s, &doc, tree(y, &doc)));
    assert_int_equal(symptoms(y, ida, "dizzy", true), 1);
    assert_int_equal(symptoms(y, ida, "more-swelling", false), 1);
    assert_int_equal(found(y, "MedicationStatement", ida, "status=completed").n, 1);
    struct record_page not = found(y, "MedicationStatement", ida, "status=not-taken");
    assert_int_equal(not .n, 1);
    struct json *t = tree(y, &not .docs[0]);
    assert_str(json_str(json_path(t, "medicationCodeableConcept.coding.0.code")), "4603");
    assert_str(json_str(json_path(t, "note.0.text")), "It makes me run");
    /* corrected: what the version before said is taken back */
    struct json *r = tree(y, &doc);
    struct record_result done;
    house(y);
    json_set_str(y->arena, r, STR("status"), STR("amended"));
    json_unset(r, STR("item"));
    ok(y, record_update(&y->op, y->rec, doc.type, response, r, STR_NONE, &done));
    settle(y);
    assert_int_equal(symptoms(y, ida, "dizzy", true), 0);
    assert_int_equal(found(y, "MedicationStatement", ida, "status=not-taken").n, 0);
    house(y);
    assert_int_equal(told(y, ida, "heart-day", "{\"nothing\":\"yes\"}", &again), ERR_INVALID);
    assert_int_equal(told(y, ida, "heart-day", "{}", &again), ERR_UNPROCESSABLE);
    assert_int_equal(told(y, ida, "visit", "{\"nps\":\"3\"}", &again), ERR_UNPROCESSABLE);
}

static void a_day_is_asked_once_and_sent_by_text(void **state)
{
    struct yard *y = *state;
    str noa = patient(y, 111, "es"), one, two;
    struct survey_asking a = {.of = survey_find(STR("lungs-day")), .patient = noa};
    house(y);
    ok(y, survey_ask(&y->op, y->s, &a, &one));
    a.by_text = true;
    house(y);
    ok(y, survey_ask(&y->op, y->s, &a, &two));
    assert_true(str_eq(one, two));
    settle(y);
    size_t n;
    assert_true(has(sent_to(y, noa, &n), "/go/"));
    assert_int_equal(n, 1);
    ok(y, answer(y, one, "lungs-day", "more-breathless=yes;more-phlegm=yes;phlegm-colour=no"));
    settle(y);
    assert_true(has(case_of(y, noa), "short of breath"));
    house(y);
    ok(y, survey_ask(&y->op, y->s, &a, &two));
    assert_false(str_eq(one, two)); /* answered: the next is a new one */
}

static void a_warning_sign_goes_to_a_person_at_once(void **state)
{
    struct yard *y = *state;
    str uma = patient(y, 112, "en"), response;
    house(y);
    ok(y, told(y, uma, "pressure-day", "{\"chest-pain\":\"yes\",\"weakness\":\"no\"}", &response));
    settle(y);
    str why = case_of(y, uma);
    assert_true(has(why, "chest hurt"));
    assert_false(has(why, "numb"));
    struct record_page page = found(y, "Task", uma, CASES);
    assert_str(json_get_str(tree(y, &page.docs[0]), STR("priority")), "stat");
}

/* R460: the second opening of one programme in a transaction was refused, or made a second case. */
static void words_of_danger_beside_a_warning_sign_are_one_case(void **state)
{
    struct yard *y = *state;
    str ann = patient(y, 115, "en"), response;
    for (size_t n = 1; n <= 2; n++) { /* the first opens the case, the second joins it */
        house(y);
        ok(y, told(y, ann, "heart-day",
                   "{\"chest-pain\":\"yes\",\"missed\":\"I want to kill myself\"}", &response));
        settle(y);
        struct record_page page = found(y, "Task", ann, CASES);
        assert_int_equal(page.n, 1);
        struct json *t = tree(y, &page.docs[0]);
        assert_true(has(json_get_str(t, STR("description")), "harming themselves"));
        assert_true(has(json_get_str(t, STR("description")), "chest hurt"));
        assert_str(json_str(json_path(t, "reasonCode.text")), "EMG-04");
        assert_int_equal(JSON_GET(t, "input")->n, n);
        assert_int_equal(symptoms(y, ann, "chest-pain", true), n);
    }
}

/* R461: what hides the order hides what was made of it. */
static void a_statement_has_the_labels_of_its_order(void **state)
{
    struct yard *y = *state;
    str ben = patient(y, 116, "en"), response;
    make(y,
         "{\"resourceType\":\"MedicationRequest\",\"meta\":{\"security\":[{\"system\":\"http://"
         "terminology.hl7.org/CodeSystem/v3-Confidentiality\",\"code\":\"R\"}]},\"status\":"
         "\"active\",\"intent\":\"order\",\"subject\":{\"reference\":\"Patient/%.*s\"},"
         "\"medicationCodeableConcept\":{\"text\":\"Private\"}}",
         STR_ARG(ben));
    (void)order(y, ben, "29046");
    house(y);
    ok(y, told(y, ben, "medicines-day", "{\"taken\":\"all\"}", &response));
    settle(y);
    struct record_page page = found(y, "MedicationStatement", ben, "status=completed");
    assert_int_equal(page.n, 2);
    for (size_t i = 0; i < page.n; i++) {
        struct json *t = tree(y, &page.docs[i]);
        bool private =
            str_eq(json_str(json_path(t, "medicationCodeableConcept.text")), STR("Private"));
        assert_int_equal(str_eq(json_str(json_path(t, "meta.security.0.code")), STR("R")), private);
    }
}

/* R462: a text that nobody answered was the last one; R464: a number is no answer to it. */
static void an_unanswered_text_is_sent_again_when_asked(void **state)
{
    struct yard *y = *state;
    str eli = patient(y, 117, "en"), task;
    struct survey_asking a = {.of = survey_find(STR("lungs-day")), .patient = eli, .by_text = true};
    size_t n, sent[] = {1, 1, 2};
    for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
        y->now += i == 2 ? 24 * SURVEY_HOUR : 1000;
        house(y);
        ok(y, survey_ask(&y->op, y->s, &a, &task));
        settle(y);
        (void)sent_to(y, eli, &n);
        assert_int_equal(n, sent[i]);
    }
    struct record_page page = found(y, "Communication", eli, "_count=5");
    for (size_t i = 0; i < page.n; i++) {
        struct outreach_words w = {.patient = eli, .answers = page.docs[i].id, .text = STR("7")};
        bool awaited = true;
        house(y);
        ok(y, survey_awaits(&y->op, y->s, &w, &awaited));
        assert_false(awaited);
    }
}

static int64_t hours(struct yard *y, str who, int64_t n)
{
    size_t sent;
    for (; n; n--) {
        y->now += SURVEY_HOUR;
        settle(y);
    }
    (void)sent_to(y, who, &sent);
    return (int64_t)sent;
}

/* From 15:00 in Chicago on: at 9:00 each day, not on one that was answered or while the plan rests,
 * until it is stopped. */
static void a_day_is_asked_each_day_until_it_is_stopped(void **state)
{
    struct yard *y = *state;
    str eve = patient(y, 120, "en"), request, same, response;
    struct survey_asking a = {.of = survey_find(STR("heart-day")), .patient = eve};
    struct json *all;
    house(y);
    assert_int_equal(survey_each_day(&y->op, y->s, &a, STR("24:00"), &request), ERR_INVALID);
    house(y);
    ok(y, survey_each_day(&y->op, y->s, &a, STR("11:00"), &request));
    ok(y,
       survey_each_day(&y->op, y->s, &a, STR("09:00"), &same)); /* another hour, the same request */
    assert_true(str_eq(request, same));
    settle(y);
    assert_int_equal(hours(y, eve, 17), 0);
    assert_int_equal(hours(y, eve, 2), 1); /* 10:00 */
    y->s->cursor_known = false;            /* looked at twice */
    assert_int_equal(hours(y, eve, 20), 1);
    assert_int_equal(hours(y, eve, 4), 2);
    assert_int_equal(hours(y, eve, 17), 2);
    house(y); /* 3:00: answered before the hour */
    ok(y, told(y, eve, "heart-day", "{\"dizzy\":\"no\"}", &response));
    assert_int_equal(hours(y, eve, 12), 2);
    str plan = make(y,
                    "{\"resourceType\":\"CarePlan\",\"status\":\"on-hold\",\"intent\":\"plan\","
                    "\"subject\":{\"reference\":\"Patient/%.*s\"}}",
                    STR_ARG(eve));
    assert_true(plan.n > 0);
    assert_int_equal(hours(y, eve, 24), 2);
    (void)make(y,
               "{\"resourceType\":\"CarePlan\",\"status\":\"active\",\"intent\":\"plan\","
               "\"subject\":{\"reference\":\"Patient/%.*s\"}}",
               STR_ARG(eve));
    assert_int_equal(hours(y, eve, 24), 3);
    (void)order(y, eve, "4603");
    ok(y, survey_daily(&y->op, y->s, eve, &all));
    for (size_t i = 0; i < all->n; i++)
        assert_int_equal(str_eq(json_str(json_path(json_at(all, i), "each.at")), STR("09:00")),
                         str_eq(json_str(json_path(json_at(all, i), "survey")), STR("heart-day")));
    house(y);
    ok(y, survey_each_day(&y->op, y->s, &a, STR_NONE, &same));
    assert_true(str_eq(request, same));
    assert_int_equal(hours(y, eve, 48), 3);
    house(y);
    ok(y, survey_each_day(&y->op, y->s, &a, STR_NONE, &same));
    assert_true(str_empty(same));
}

/* An evening is too late for the morning's question; past its 90 days nothing is asked. */
static void a_day_that_went_by_is_not_asked(void **state)
{
    struct yard *y = *state;
    str kai = patient(y, 121, "en"), request;
    struct survey_asking a = {.of = survey_find(STR("heart-day")), .patient = kai};
    size_t n;
    house(y);
    ok(y, survey_each_day(&y->op, y->s, &a, STR("09:00"), &request));
    settle(y);
    y->now += 24 * SURVEY_HOUR;
    settle(y); /* the house was away until 15:00 */
    (void)sent_to(y, kai, &n);
    assert_int_equal(n, 0);
    assert_int_equal(hours(y, kai, 19), 1);
    y->now += 90 * 24 * SURVEY_HOUR;
    settle(y);
    assert_int_equal(hours(y, kai, 30), 1);
}

/* R501: an order about somebody whose record was deleted failed for ever, and with it every
 * question that was taken behind it. */
static void r501_an_order_about_nobody_holds_up_no_other(void **state)
{
    struct yard *y = *state;
    struct record_result done;
    str gone = patient(y, 122, "en"), there = patient(y, 123, "en"), request;
    str who[] = {gone, there};
    for (size_t i = 0; i < 2; i++) {
        struct survey_asking a = {.of = survey_find(STR("heart-day")), .patient = who[i]};
        house(y);
        ok(y, survey_each_day(&y->op, y->s, &a, STR("09:00"), &request));
        settle(y);
    }
    house(y);
    ok(y, record_delete(&y->op, y->rec, fhir_type_parse(STR("Patient")), gone, STR_NONE, &done));
    assert_int_equal(hours(y, there, 20), 1);
    assert_int_equal(hours(y, there, 24), 2);
}

static void who_may_ask_of_a_day(void **state)
{
    struct yard *y = *state;
    str zoe = patient(y, 113, "en"), other = patient(y, 114, "en"), task;
    struct record_doc doc;
    struct json *all;
    house(y);
    ok(y, record_read(&y->op, y->rec, fhir_type_parse(STR("Patient")), zoe, &doc));
    struct actor self = {.role = ROLE_PATIENT,
                         .purpose = PURPOSE_PATRQT,
                         .user = STR("zoe"),
                         .reference = arena_printf(y->arena, "Patient/%.*s", STR_ARG(zoe)),
                         .patient = doc.rid,
                         .user_rid = doc.rid};
    struct survey_asking a = {.of = survey_find(STR("sugar-day")), .patient = zoe};
    y->op.actor = &self;
    ok(y, survey_ask(&y->op, y->s, &a, &task));
    a.by_text = true;
    assert_int_equal(survey_ask(&y->op, y->s, &a, &task), ERR_FORBIDDEN);
    op_clear(&y->op);
    assert_int_equal(survey_each_day(&y->op, y->s, &a, STR("09:00"), &task), ERR_FORBIDDEN);
    op_clear(&y->op);
    a = (struct survey_asking){.of = a.of, .patient = other};
    assert_int_equal(survey_ask(&y->op, y->s, &a, &task), ERR_NOT_FOUND);
    op_clear(&y->op);
    assert_int_equal(told(y, zoe, "sugar-day", "{\"shaky\":\"yes\"}", &task), ERR_FORBIDDEN);
    op_clear(&y->op);
    ok(y, survey_daily(&y->op, y->s, zoe, &all));
    assert_int_equal(all->n, 0); /* nothing is known that any of them would fit */
    (void)order(y, zoe, "4603");
    y->op.actor = &self;
    ok(y, survey_daily(&y->op, y->s, zoe, &all));
    assert_int_equal(all->n, 1);
    assert_str(json_str(json_path(all, "0.survey")), "medicines-day");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_yard, close_yard)
    const struct CMUnitTest tests[] = {
        T(what_is_told_of_a_day_becomes_observations),
        T(a_day_is_asked_once_and_sent_by_text),
        T(a_warning_sign_goes_to_a_person_at_once),
        T(words_of_danger_beside_a_warning_sign_are_one_case),
        T(a_statement_has_the_labels_of_its_order),
        T(an_unanswered_text_is_sent_again_when_asked),
        T(a_day_is_asked_each_day_until_it_is_stopped),
        T(a_day_that_went_by_is_not_asked),
        T(r501_an_order_about_nobody_holds_up_no_other),
        T(who_may_ask_of_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
