/* Over a real record, rulebook and outreach, with a clock of ours: asked once a visit, answered by
 * link and by text, low scores as cases, and what a report tells. */
#include "survey/fixture_int.h"

static void a_visit_is_asked_about_once(void **state)
{
    struct yard *y = *state;
    str lee = patient(y, 101, "en");
    size_t n;
    str stay = visit(y, lee);
    settle(y);
    assert_int_equal(found(y, "Task", lee, ASKED).n, 2); /* visit, phq-2 */
    (void)sent_to(y, lee, &n);
    assert_int_equal(n, 0); /* not before 24 hours */
    y->s->cursor_known = false;
    house(y);
    struct record_tx *tx = record_begin(&y->op, y->rec);
    uint64_t at;
    ok(y, record_cursor(&y->op, y->rec, STR(SURVEY_CURSOR), &at));
    record_tx_cursor(tx, STR(SURVEY_CURSOR), at, 1); /* killed before its cursor moved */
    ok(y, record_commit(tx));
    settle(y);
    assert_int_equal(found(y, "Task", lee, ASKED).n, 2);
    y->now += 24 * SURVEY_HOUR;
    settle(y);
    str text = sent_to(y, lee, &n);
    assert_true(n >= 1);
    assert_true(has(text, "https://north.example/go/"));
    assert_false(has(text, "PHQ"));
    y->now += 49 * SURVEY_HOUR;
    settle(y);
    str late = visit(y, lee);
    (void)late;
    (void)stay;
    (void)sent_to(y, lee, &n);
    y->now += 80 * SURVEY_HOUR; /* nobody follows for three days: too late to ask */
    settle(y);
    size_t after;
    (void)sent_to(y, lee, &after);
    assert_int_equal(after, n);
    assert_int_equal(found(y, "Task", lee, ASKED).n, 2);
}

static void says(struct yard *y, unsigned n, const char *text)
{
    struct outreach_inbound_result r;
    house(y);
    struct outreach_inbound in = {.channel = STR("sms"),
                                  .from = arena_printf(y->arena, PERSON, n),
                                  .to = STR("+13125550100"),
                                  .text = str_of(text),
                                  .provider_id = arena_printf(y->arena, "in-%u", ++y->said)};
    ok(y, outreach_inbound(&y->op, y->outreach, &in, &r));
    assert_true(r.matched);
    settle(y);
}

static void a_number_by_text_is_an_answer(void **state)
{
    struct yard *y = *state;
    str eva = patient(y, 102, "ar");
    ok(y, config_set(&y->op, y->config, STR("survey.after_visit"), STR("visit")));
    visit(y, eva);
    says(y, 102, "9"); /* nobody asked yet */
    assert_int_equal(found(y, "QuestionnaireResponse", eva, "_count=5").n, 0);
    y->now += 24 * SURVEY_HOUR;
    settle(y);
    size_t n;
    assert_false(has(sent_to(y, eva, &n), "/go/")); /* two parts with the link: without it */
    y->now += 60000;
    says(y, 102, "not yet 3");
    assert_int_equal(found(y, "QuestionnaireResponse", eva, "_count=5").n, 0);
    says(y, 102, "\xD9\xA3");
    struct record_page page = found(y, "QuestionnaireResponse", eva, "_count=5");
    assert_int_equal(page.n, 1);
    struct json *t = tree(y, &page.docs[0]);
    assert_str(json_get_str(t, STR("status")), "in-progress");
    assert_str(json_str(json_path(t, "item.0.answer.0.valueCoding.code")), "3");
    assert_int_equal(found(y, "Task", eva, CASES).n, 0); /* nobody said we may contact them */
    str task = task_of(y, eva, "visit");
    ok(y, answer(y, task, "visit", "nps=3;nps-contact=yes;nps-reason=The bill was wrong"));
    assert_int_equal(answer(y, task, "visit", "nps=10"), ERR_CONFLICT);
    settle(y);
    assert_true(has(case_of(y, eva), "3 of 10"));
    assert_true(has(case_of(y, eva), "The bill was wrong"));
    assert_int_equal(found(y, "QuestionnaireResponse", eva, "_count=5").n, 1);
}

static void what_opens_a_case(void **state)
{
    static const struct {
        const char *survey, *answers, *says;
    } rows[] = {
        {"visit", "nps=6;nps-contact=yes", "6 of 10"},
        {"visit", "nps=6;nps-contact=no", NULL},
        {"visit", "nps=6", NULL},
        {"visit", "nps=7;nps-contact=yes;wait=2", NULL},
        {"visit", "nps=10;wait=1", "How long you had to wait"},
        {"visit", "nps=0;nps-contact=yes;time=1", "0 of 10"},
        {"visit", "nps-reason=I want to kill myself", "harming themselves"},
        {"phq-2", "phq-interest=1;phq-down=1", NULL},
        {"phq-2", "phq-interest=0;phq-down=3", "look by a clinician"},
    };
    struct yard *y = *state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        str who = patient(y, 200 + i, "en");
        visit(y, who);
        settle(y);
        ok(y, answer(y, task_of(y, who, rows[i].survey), rows[i].survey, rows[i].answers));
        settle(y);
        size_t n = found(y, "Task", who, CASES).n;
        if (n != (rows[i].says != NULL))
            print_error("%s: %zu cases\n", rows[i].answers, n);
        assert_int_equal(n, rows[i].says != NULL);
        if (!rows[i].says)
            continue;
        str said = case_of(y, who);
        assert_true(has(said, rows[i].says));
        if (strcmp(rows[i].survey, "phq-2") == 0)
            for (size_t k = 0; k < said.n; k++)
                assert_true(said.p[k] < '0' || said.p[k] > '9');
    }
}

static str kccq(struct yard *y, str who, int each)
{
    struct buf b;
    buf_init(&b, y->arena, 4096);
    static const char *const links[] = {"1a", "1b", "1c", "6", "7", "8a", "8b", "8c"};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        buf_printf(&b, "%s{\"linkId\":\"%s\",\"answer\":[{\"valueCoding\":{\"code\":\"%d\"}}]}",
                   i ? "," : "", links[i], each);
    y->now += SURVEY_HOUR;
    return make(y,
                "{\"resourceType\":\"QuestionnaireResponse\",\"status\":\"completed\","
                "\"questionnaire\":\"" SURVEY_URL
                "kccq-12|1\",\"subject\":{\"reference\":\"Patient/%.*s\"},\"authored\":\"%.*s\","
                "\"item\":[%.*s]}",
                STR_ARG(who), STR_ARG(time_format(y->arena, y->now)), STR_ARG(buf_str(&b)));
}

static void kccq_that_falls_opens_a_case_once(void **state)
{
    struct yard *y = *state;
    str who = patient(y, 301, "en");
    kccq(y, who, 5);
    settle(y);
    assert_int_equal(found(y, "Task", who, CASES).n, 0);
    str id = kccq(y, who, 4); /* 100, then 75 */
    settle(y);
    assert_true(has(case_of(y, who), "75.0, down from 100.0"));
    str open = found(y, "Task", who, CASES).docs[0].id;
    struct record_doc doc;
    struct record_result r;
    house(y);
    ok(y, record_read(&y->op, y->rec, fhir_type_parse(STR("QuestionnaireResponse")), id, &doc));
    struct json *t = tree(y, &doc);
    json_set_str(y->arena, t, STR("status"), STR("amended"));
    ok(y, record_update(&y->op, y->rec, doc.type, id, t, STR_NONE, &r));
    uint32_t vid = found(y, "Task", who, CASES).docs[0].vid;
    settle(y);
    assert_int_equal(found(y, "Task", who, CASES).docs[0].vid, vid); /* once */
    kccq(y, who, 2); /* 25: under 50, and a fall again */
    settle(y);
    struct record_page cases = found(y, "Task", who, CASES); /* the same case, added to */
    assert_int_equal(cases.n, 1);
    assert_true(str_eq(cases.docs[0].id, open) && cases.docs[0].vid > vid);
    assert_true(has(case_of(y, who), "25.0, under 50"));
}

static void what_is_sensitive_asks_who_it_is(void **state)
{
    struct yard *y = *state;
    struct link_task t;
    str who = patient(y, 401, "es"), word;
    visit(y, who);
    settle(y);
    str task = task_of(y, who, "phq-2");
    house(y);
    ok(y, link_make(&y->op, y->campaigns,
                    &(struct link_for){.task = task, .expires = y->now + SURVEY_HOUR}, &word));
    ok(y, link_open(&y->op, y->campaigns, &(struct link_use){.word = word}, &t));
    assert_true(t.ask && str_empty(t.text) && str_empty(t.task));
    ok(y, link_open(&y->op, y->campaigns,
                    &(struct link_use){.word = word, .born = STR("1950-03-02")}, &t));
    assert_false(t.ask);
    ok(y, answer(y, t.task, "phq-2", "phq-interest=0;phq-down=0"));
    struct record_page page = found(y, "QuestionnaireResponse", who, "_count=5");
    assert_str(json_str(json_path(tree(y, &page.docs[0]), "meta.security.0.code")), "R");
    house(y);
    assert_int_equal(link_open(&y->op, y->campaigns,
                               &(struct link_use){.word = word, .born = STR("1950-03-02")}, &t),
                     ERR_GONE);
    struct actor self = {.role = ROLE_PATIENT,
                         .purpose = role_purpose(ROLE_PATIENT),
                         .user = STR("p"),
                         .session = STR("s"),
                         .strong = true};
    ok(y, record_resolve(&y->op, y->rec, fhir_type_parse(STR("Patient")), who, &self.patient));
    op_init(&y->op, y->arena, &self, y->now);
    ok(y, link_make(
              &y->op, y->campaigns,
              &(struct link_for){.task = task_of(y, who, "visit"), .expires = y->now + SURVEY_HOUR},
              &word));
}

/* The one answer of the patient, with an element of it changed by somebody who may. */
static void change_answer(struct yard *y, str who, const char *name, const char *value)
{
    struct record_page page = found(y, "QuestionnaireResponse", who, "_count=5");
    struct record_result r;
    assert_int_equal(page.n, 1);
    struct json *t = tree(y, &page.docs[0]);
    json_set_str(y->arena, t, str_of(name), str_of(value));
    ok(y, record_update(&y->op, y->rec, page.docs[0].type, page.docs[0].id, t, STR_NONE, &r));
}

static str begun_by_text(struct yard *y, unsigned n)
{
    str who = patient(y, n, "ar");
    visit(y, who);
    settle(y);
    y->now += 24 * SURVEY_HOUR;
    settle(y);
    y->now += 60000;
    says(y, n, "9");
    return who;
}

/* Review R272: what a Task names as its answer was shown and written over whatever it was; of
 * another form it had no survey, and the next answer ended the server. */
static void r272_a_link_shows_and_changes_its_own_answer_alone(void **state)
{
    struct yard *y = *state;
    struct survey_given g;
    ok(y, config_set(&y->op, y->config, STR("survey.after_visit"), STR("visit")));
    str who = begun_by_text(y, 110), task = task_of(y, who, "visit");
    house(y);
    ok(y, survey_begun(&y->op, y->s, task, &g));
    size_t at = 0;
    while (strcmp(g.of->items[at].link, "nps") != 0)
        at++;
    assert_int_equal(g.choice[at], 9);
    change_answer(y, who, "questionnaire", "http://example.org/Questionnaire/other|1");
    house(y);
    ok(y, survey_begun(&y->op, y->s, task, &g));
    assert_true(g.of == survey_find(STR("visit")) && g.choice[at] < 0);
    change_answer(y, who, "questionnaire", SURVEY_URL "visit|1");
    change_answer(y, who, "status", "completed");
    ok(y, answer(y, task, "visit", "nps=1"));
    assert_int_equal(found(y, "QuestionnaireResponse", who, "_count=5").n, 2);
}

/* Review R273: a message in answer to somebody else's text answered their survey. */
static void r273_a_number_answers_ones_own_text(void **state)
{
    struct yard *y = *state;
    ok(y, config_set(&y->op, y->config, STR("survey.after_visit"), STR("visit")));
    str who = patient(y, 111, "ar"), other = patient(y, 112, "ar");
    visit(y, who);
    settle(y);
    y->now += 24 * SURVEY_HOUR;
    settle(y);
    struct record_page sent = found(y, "Communication", who, "_count=5");
    assert_int_equal(sent.n, 1);
    const str from[] = {other, who};
    for (int i = 0; i < 2; i++) {
        make(y,
             "{\"resourceType\":\"Communication\",\"status\":\"completed\",\"subject\":{"
             "\"reference\":\"Patient/%.*s\"},\"sender\":{\"reference\":\"Patient/%.*s\"},"
             "\"inResponseTo\":[{\"reference\":\"Communication/%.*s\"}],\"payload\":[{"
             "\"contentString\":\"0\"}]}",
             STR_ARG(from[i]), STR_ARG(from[i]), STR_ARG(sent.docs[0].id));
        settle(y);
        assert_int_equal(found(y, "QuestionnaireResponse", who, "_count=5").n, i);
    }
}

static const char *label_of_case(struct yard *y, str who)
{
    struct record_page page = found(y, "Task", who, CASES);
    assert_int_equal(page.n, 1);
    return str_z(y->arena, json_str(json_path(tree(y, &page.docs[0]), "meta.security.0.code")));
}

/* Review R277: what was answered in confidence stood in a case that everybody at the desk reads. */
static void r277_the_case_of_a_restricted_answer_is_restricted(void **state)
{
    struct yard *y = *state;
    str low = patient(y, 113, "en"), mood = patient(y, 114, "en"), heart = patient(y, 115, "en");
    visit(y, low);
    visit(y, mood);
    settle(y);
    ok(y, answer(y, task_of(y, low, "visit"), "visit", "wait=1"));
    ok(y, answer(y, task_of(y, mood, "phq-2"), "phq-2", "phq-interest=0;phq-down=3"));
    kccq(y, heart, 2);
    settle(y);
    assert_string_equal(label_of_case(y, low), "");
    assert_string_equal(label_of_case(y, mood), "R");
    assert_string_equal(label_of_case(y, heart), "R");
    make(y, /* joins the open case: so is that one now */
         "{\"resourceType\":\"QuestionnaireResponse\",\"meta\":{\"security\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\",\"code\":\"R\"}]},"
         "\"status\":\"completed\",\"questionnaire\":\"" SURVEY_URL
         "visit|1\",\"subject\":{\"reference\":\"Patient/%.*s\"},\"authored\":\"%.*s\","
         "\"item\":[{\"linkId\":\"wait\",\"answer\":[{\"valueCoding\":{\"code\":\"1\"}}]}]}",
         STR_ARG(low), STR_ARG(time_format(y->arena, y->now)));
    settle(y);
    assert_string_equal(label_of_case(y, low), "R");
}

/* 365 days less 90 were the answers of a few, when only they were so old. */
static void a_longer_report_tells_no_few(struct yard *y, const struct actor *out)
{
    struct json *o;
    house(y);
    for (unsigned i = 0; i < 4; i++)
        make(y,
             "{\"resourceType\":\"QuestionnaireResponse\",\"status\":\"completed\","
             "\"questionnaire\":\"" SURVEY_URL
             "visit|1\",\"subject\":{\"reference\":\"Patient/%.*s\"},\"authored\":\"%.*s\","
             "\"item\":[{\"linkId\":\"nps\",\"answer\":[{\"valueCoding\":{\"code\":\"0\"}}]}]}",
             STR_ARG(patient(y, 600 + i, "en")),
             STR_ARG(time_format(y->arena, y->now - 200 * 24 * SURVEY_HOUR)));
    op_init(&y->op, y->arena, out, y->now);
    ok(y, survey_report(&y->op, y->s, survey_find(STR("visit")), 365, &o));
    assert_true(json_bool(JSON_GET(o, "few"), false));
    assert_null(JSON_GET(o, "nps"));
    ok(y, survey_report(&y->op, y->s, survey_find(STR("visit")), 90, &o));
    assert_non_null(JSON_GET(o, "nps"));
}

static void a_report_tells_no_group_of_a_few(void **state)
{
    struct yard *y = *state;
    struct json *o;
    struct actor out = {.role = ROLE_OUTREACH,
                        .purpose = role_purpose(ROLE_OUTREACH),
                        .user = STR("out"),
                        .session = STR("s")};
    ok(y, config_set(&y->op, y->config, STR("survey.after_visit"), STR("visit")));
    house(y);
    ok(y, campaigns_start(&y->op, y->campaigns));
    for (unsigned i = 0; i < 65; i++) { /* 31 English, 31 Spanish, 2 Arabic, 1 French */
        str who = patient(y, 500 + i, i < 31 ? "en" : i < 62 ? "es" : i < 64 ? "ar" : "fr");
        visit(y, who);
        settle(y);
        if (i == 29) {
            op_init(&y->op, y->arena, &out, y->now);
            ok(y, survey_report(&y->op, y->s, survey_find(STR("visit")), 90, &o));
            assert_true(json_bool(JSON_GET(o, "few"), false));
        }
        ok(y, answer(y, task_of(y, who, "visit"), "visit",
                     i < 31   ? "nps=10;wait=5"
                     : i < 62 ? "nps=0;wait=3"
                              : "nps=8;wait=4"));
    }
    str often = patient(y, 599, "ar");
    for (int i = 0; i < 30; i++) /* one person is one, however often they answer */
        make(y,
             "{\"resourceType\":\"QuestionnaireResponse\",\"status\":\"completed\","
             "\"questionnaire\":\"" SURVEY_URL
             "visit|1\",\"subject\":{\"reference\":\"Patient/%.*s\"},\"authored\":\"%.*s\","
             "\"item\":[{\"linkId\":\"nps\",\"answer\":[{\"valueCoding\":{\"code\":\"8\"}}]}]}",
             STR_ARG(often), STR_ARG(time_format(y->arena, y->now)));
    house(y);
    ok(y, people_wait(&y->op, campaigns_people(y->campaigns), record_now_t(y->rec)));
    op_init(&y->op, y->arena, &out, y->now);
    ok(y, survey_report(&y->op, y->s, survey_find(STR("visit")), 90, &o));
    campaigns_stop(y->campaigns);
    double v;
    assert_true(json_double(json_path(o, "nps.value"), &v));
    assert_int_equal((int)v, 0);
    assert_true(json_double(json_path(o, "rate.value"), &v) && v > 0.999);
    int few = 0, told = 0;
    const struct json *by = json_path(o, "by.language"), *row;
    for (size_t i = 0; (row = json_at(by, i)); i++) {
        bool hidden = json_bool(JSON_GET(row, "few"), false);
        few += hidden;
        told += !hidden;
        assert_int_equal(hidden, JSON_GET(row, "nps") == NULL);
    }
    /* R275: two small groups hid no third, and the whole without the others was those few. */
    assert_int_equal(few, 3);
    assert_int_equal(told, 1);
    a_longer_report_tells_no_few(y, &out);
    struct actor agent = out;
    agent.role = ROLE_AGENT;
    op_init(&y->op, y->arena, &agent, y->now);
    assert_int_equal(survey_report(&y->op, y->s, survey_find(STR("visit")), 90, &o), ERR_FORBIDDEN);
}

static void licensed_words_come_from_a_file(void **state)
{
    struct yard *y = *state;
    struct surveys *other = NULL;
    char path[96];
    house(y);
    ok(y, config_set(&y->op, y->config, STR("survey.after_visit"), STR("kccq-12")));
    assert_int_equal(surveys_new(&y->op, y->rec, y->outreach, y->campaigns, y->config, &other),
                     ERR_INVALID);
    snprintf(path, sizeof path, "%s/words.json", y->dir);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    const struct survey *of = survey_find(STR("kccq-12"));
    fprintf(f, "{\"kccq-12\":{\"en\":{");
    for (size_t i = 0; i < of->n_items; i++) {
        fprintf(f, "%s\"%s\":\"Q%zu\"", i ? "," : "", of->items[i].link, i);
        for (size_t k = 0; k < of->items[i].n_options; k++)
            fprintf(f, ",\"%s/%s\":\"A%zu\"", of->items[i].link, of->items[i].options[k].code, k);
    }
    fprintf(f, "}}}");
    assert_int_equal(fclose(f), 0);
    house(y);
    ok(y, config_set(&y->op, y->config, STR("survey.texts_file"), str_of(path)));
    ok(y, surveys_new(&y->op, y->rec, y->outreach, y->campaigns, y->config, &other));
    assert_str(survey_item_text(other, of, 11, 2), "Q11"); /* English where a language lacks */
    assert_str(survey_option_text(other, of, 0, 5, 0), "A5");
    surveys_free(other);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_yard, close_yard)
    const struct CMUnitTest tests[] = {
        T(a_visit_is_asked_about_once),
        T(a_number_by_text_is_an_answer),
        T(what_opens_a_case),
        T(kccq_that_falls_opens_a_case_once),
        T(what_is_sensitive_asks_who_it_is),
        T(r272_a_link_shows_and_changes_its_own_answer_alone),
        T(r273_a_number_answers_ones_own_text),
        T(r277_the_case_of_a_restricted_answer_is_restricted),
        T(a_report_tells_no_group_of_a_few),
        T(licensed_words_come_from_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
