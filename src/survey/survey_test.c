/* Over a real record, rulebook and outreach, with a clock of ours: asked once a visit, answered by
 * link and by text, low scores as cases, and what a report tells. */
#include "base/test.h"
#include "campaign/link.h"
#include "campaign/people.h"
#include "survey/survey_int.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW 1795554000000LL /* 2026-11-24T21:00:00Z: Tue 15:00 in Chicago */
#define PERSON "+1312555%04u"

struct yard {
    char dir[64];
    struct arena *arena;
    struct op op;
    struct record *rec;
    struct config *config;
    struct outreach *outreach;
    struct campaigns *campaigns;
    struct surveys *s;
    int64_t now;
    unsigned said;
};

static void house(struct yard *y)
{
    op_init(&y->op, y->arena, survey_system(), y->now);
}

static void ok_at(struct yard *y, err e, int line)
{
    for (size_t i = 0; e != OK && i < y->op.fault.n; i++)
        print_error("line %d: %.*s: %.*s\n", line, STR_ARG(y->op.fault.issues[i].expression),
                    STR_ARG(y->op.fault.issues[i].message));
    assert_int_equal(e, OK);
}
#define ok(y, e) ok_at((y), (e), __LINE__)

static int drop(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

static void settings(struct yard *y, const char *const (*rows)[2])
{
    for (; (*rows)[0]; rows++)
        ok(y, config_set(&y->op, y->config, str_of((*rows)[0]), str_of((*rows)[1])));
}

static int open_yard(void **state)
{
    static const char *const rows[][2] = {{"sms.channel", "screen"},
                                          {"smtp.channel", "screen"},
                                          {"sms.route", "us_10dlc"},
                                          {"sms.campaign_approved", "true"},
                                          {"outreach.clinic", "North Clinic"},
                                          {"outreach.phone", "+13125550100"},
                                          {"outreach.domain", "north.example"},
                                          {"public_url", "https://north.example"},
                                          {"house.zone", "America/Chicago"},
                                          {"survey.after_visit", "visit,phq-2"},
                                          {NULL, NULL}};
    struct yard *y = calloc(1, sizeof *y);
    snprintf(y->dir, sizeof y->dir, "/tmp/weft-survey-XXXXXX");
    assert_non_null(mkdtemp(y->dir));
    y->arena = arena_new(0);
    y->now = NOW;
    house(y);
    ok(y, record_init(&y->op, str_of(y->dir)));
    ok(y, record_open(&y->op, str_of(y->dir), 0, &y->rec));
    y->config = config_new(y->arena);
    settings(y, rows);
    ok(y, outreach_new(&y->op, y->rec, y->config, &y->outreach));
    ok(y, campaigns_new(&y->op, y->rec, y->outreach, y->config, &y->campaigns));
    ok(y, surveys_new(&y->op, y->rec, y->outreach, y->campaigns, y->config, &y->s));
    *state = y;
    return 0;
}

static int close_yard(void **state)
{
    struct yard *y = *state;
    surveys_free(y->s);
    campaigns_free(y->campaigns);
    outreach_free(y->outreach);
    record_close(y->rec);
    (void)nftw(y->dir, drop, 16, FTW_DEPTH | FTW_PHYS);
    arena_free(y->arena);
    free(y);
    return 0;
}

static str make(struct yard *y, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static str make(struct yard *y, const char *fmt, ...)
{
    struct record_result r = {0};
    struct json *t;
    va_list ap;
    va_start(ap, fmt);
    str text = arena_vprintf(y->arena, fmt, ap);
    va_end(ap);
    house(y);
    ok(y, fhir_read(&y->op, text, 0, &t));
    ok(y, record_create(&y->op, y->rec, t, STR_NONE, &r));
    return r.id;
}

static str patient(struct yard *y, unsigned n, const char *language)
{
    str then = time_format(y->arena, y->now - 5 * 24 * SURVEY_HOUR);
    str id = make(y,
                  "{\"resourceType\":\"Patient\",\"birthDate\":\"1950-03-02\",\"telecom\":[{"
                  "\"system\":\"phone\",\"rank\":1,\"value\":\"" PERSON
                  "\",\"extension\":[{\"url\":\"https://weft.health/fhir/StructureDefinition/"
                  "line-type\",\"valueCode\":\"wireless\"},{\"url\":\"https://weft.health/fhir/"
                  "StructureDefinition/reassigned-check\",\"extension\":[{\"url\":\"result\","
                  "\"valueCode\":\"no\"},{\"url\":\"date\",\"valueDateTime\":\"%.*s\"}]}]}],"
                  "\"address\":[{\"state\":\"IL\",\"country\":\"US\",\"postalCode\":\"60601\","
                  "\"extension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/timezone\","
                  "\"valueCode\":\"America/Chicago\"}]}],\"communication\":[{\"language\":{"
                  "\"coding\":[{\"code\":\"%s\"}]}}]}",
                  n, STR_ARG(then), language);
    make(y,
         "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"patient-privacy\"}]},"
         "\"category\":[{\"coding\":[{\"system\":\"https://weft.health/fhir/consent-category\","
         "\"code\":\"contact\"}]}],\"patient\":{\"reference\":\"Patient/%.*s\"},\"dateTime\":"
         "\"%.*s\",\"extension\":[{\"url\":\"https://weft.health/fhir/StructureDefinition/"
         "consent-contact-point\",\"valueContactPoint\":{\"system\":\"phone\",\"value\":\"" PERSON
         "\"}}],\"policyRule\":{\"coding\":[{\"system\":\"https://weft.health/fhir/consent-form\","
         "\"code\":\"written\"}]},\"provision\":{\"type\":\"permit\",\"code\":[{\"coding\":[{"
         "\"system\":\"https://weft.health/fhir/contact-channel\",\"code\":\"sms\"}]}],\"purpose\":"
         "[{\"system\":\"https://weft.health/fhir/contact-purpose\",\"code\":\"care\"}]}}",
         STR_ARG(id), STR_ARG(then), n);
    return id;
}

static str visit(struct yard *y, str who)
{
    return make(y,
                "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"system\":"
                "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"AMB\"},"
                "\"subject\":{\"reference\":\"Patient/%.*s\"},\"period\":{\"end\":\"%.*s\"}}",
                STR_ARG(who), STR_ARG(time_format(y->arena, y->now)));
}

static void settle(struct yard *y)
{
    size_t n = 1, m = 1;
    for (int i = 0; i < 20 && n + m > 0; i++) {
        house(y);
        ok(y, surveys_follow(&y->op, y->s, &n));
        ok(y, surveys_tick(&y->op, y->s, &m));
    }
}

static struct record_page found(struct yard *y, const char *type, str who, const char *query)
{
    struct record_page page;
    house(y);
    str q = arena_printf(y->arena, "patient=Patient/%.*s&%s", STR_ARG(who), query);
    ok(y, record_find(&y->op, y->rec, fhir_type_parse(str_of(type)), q, &page));
    return page;
}

static struct json *tree(struct yard *y, const struct record_doc *doc)
{
    struct json *t;
    ok(y, record_parse(&y->op, doc, &t));
    return t;
}

#define CASES "code=https://weft.health/fhir/task-code%7Ccase"
#define ASKED "code=complete-questionnaire"

static str task_of(struct yard *y, str who, const char *survey)
{
    struct record_page page = found(y, "Task", who, ASKED "&_sort=-_lastUpdated");
    for (size_t i = 0; i < page.n; i++)
        if (survey_of_task(tree(y, &page.docs[i])) == survey_find(str_of(survey)))
            return page.docs[i].id;
    fail_msg("no task of %s", survey);
    return STR_NONE;
}

static err answer(struct yard *y, str task, const char *survey, const char *answers)
{
    struct survey_given g;
    str all = str_of(answers), one, link;
    house(y);
    survey_given_new(survey_find(str_of(survey)), &g);
    while (str_take_until(&all, ';', &one))
        if (str_take_until(&one, '=', &link))
            ok(y, survey_give(&y->op, &g, link, one));
    return survey_put(&y->op, y->s, task, &g, false);
}

static str case_of(struct yard *y, str who)
{
    struct record_page page = found(y, "Task", who, CASES);
    assert_int_equal(page.n, 1);
    struct json *t = tree(y, &page.docs[0]);
    bool clock = !str_empty(json_str(json_path(t, "executionPeriod.end")));
    assert_int_equal(clock, !str_starts(json_str(json_path(t, "reasonCode.text")), STR("EMG")));
    return json_get_str(t, STR("description"));
}

static bool has(str text, const char *words)
{
    return str_find(text, str_of(words), 0) != SIZE_MAX;
}

static str sent_to(struct yard *y, str who, size_t *ret_n)
{
    struct record_page page = found(y, "Communication", who, "_sort=-sent&_count=50");
    *ret_n = page.n;
    return page.n ? json_str(json_path(tree(y, &page.docs[0]), "payload.0.contentString"))
                  : STR_NONE;
}

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
    ok(y, link_make(&y->op, y->campaigns, task, y->now + SURVEY_HOUR, &word));
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
    ok(y, link_make(&y->op, y->campaigns, task_of(y, who, "visit"), y->now + SURVEY_HOUR, &word));
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
    for (unsigned i = 0; i < 65; i++) { /* 31 English, 31 Spanish, 3 Arabic */
        str who = patient(y, 500 + i, i < 31 ? "en" : i < 62 ? "es" : "ar");
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
    assert_int_equal(few, 2); /* the three, and one that would give them away */
    assert_int_equal(told, 1);
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
        T(a_report_tells_no_group_of_a_few),
        T(licensed_words_come_from_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
