/* For the survey room's tests only: a record with outreach and campaigns, a clock of ours, people
 * and their visits. */
#ifndef WEFT_SURVEY_FIXTURE_INT_H
#define WEFT_SURVEY_FIXTURE_INT_H

#include "campaign/link.h"
#include "campaign/people.h"
#include "record/test.h"
#include "survey/survey_int.h"

#define NOW 1795554000000LL /* 2026-11-24T21:00:00Z: Tue 15:00 in Chicago */
#define PERSON "+1312555%04u"

struct yard {
    char dir[TEST_FOLDER_MAX];
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

static inline void house(struct yard *y)
{
    op_init(&y->op, y->arena, survey_system(), y->now);
}

static inline void ok_at(struct yard *y, err e, int line)
{
    for (size_t i = 0; e != OK && i < y->op.fault.n; i++)
        print_error("line %d: %.*s: %.*s\n", line, STR_ARG(y->op.fault.issues[i].expression),
                    STR_ARG(y->op.fault.issues[i].message));
    assert_int_equal(e, OK);
}
#define ok(y, e) ok_at((y), (e), __LINE__)

static inline void settings(struct yard *y, const char *const (*rows)[2])
{
    for (; (*rows)[0]; rows++)
        ok(y, config_set(&y->op, y->config, str_of((*rows)[0]), str_of((*rows)[1])));
}

static inline int open_yard(void **state)
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
    y->now = NOW;
    y->rec = test_record(&y->op, y->dir, survey_system(), NOW);
    y->arena = y->op.arena;
    y->config = config_new(y->arena);
    settings(y, rows);
    ok(y, outreach_new(&y->op, y->rec, y->config, &y->outreach));
    ok(y, campaigns_new(&y->op, y->rec, y->outreach, y->config, &y->campaigns));
    ok(y, surveys_new(&y->op, y->rec, y->outreach, y->campaigns, y->config, &y->s));
    *state = y;
    return 0;
}

static inline int close_yard(void **state)
{
    struct yard *y = *state;
    surveys_free(y->s);
    campaigns_free(y->campaigns);
    outreach_free(y->outreach);
    test_record_done(&y->op, y->dir, y->rec);
    free(y);
    return 0;
}

static inline str make(struct yard *y, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline str make(struct yard *y, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str text = arena_vprintf(y->arena, fmt, ap);
    va_end(ap);
    house(y);
    return test_record_put(&y->op, y->rec, text);
}

static inline str patient(struct yard *y, unsigned n, const char *language)
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

static inline str visit(struct yard *y, str who)
{
    return make(y,
                "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"system\":"
                "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"AMB\"},"
                "\"subject\":{\"reference\":\"Patient/%.*s\"},\"period\":{\"end\":\"%.*s\"}}",
                STR_ARG(who), STR_ARG(time_format(y->arena, y->now)));
}

static inline void settle(struct yard *y)
{
    size_t n = 1, m = 1;
    for (int i = 0; i < 20 && n + m > 0; i++) {
        house(y);
        ok(y, surveys_follow(&y->op, y->s, &n));
        ok(y, surveys_tick(&y->op, y->s, &m));
    }
}

static inline struct record_page found(struct yard *y, const char *type, str who, const char *query)
{
    struct record_page page;
    house(y);
    str q = arena_printf(y->arena, "patient=Patient/%.*s&%s", STR_ARG(who), query);
    ok(y, record_find(&y->op, y->rec, fhir_type_parse(str_of(type)), q, &page));
    return page;
}

static inline struct json *tree(struct yard *y, const struct record_doc *doc)
{
    struct json *t;
    ok(y, record_parse(&y->op, doc, &t));
    return t;
}

/* Words of theirs that no question asked for are a case of their own. */
#define CASES "code=https://weft.health/fhir/task-code%7Ccase&group-identifier:not=message"
#define ASKED "code=complete-questionnaire"

static inline str task_of(struct yard *y, str who, const char *survey)
{
    struct record_page page = found(y, "Task", who, ASKED "&_sort=-_lastUpdated");
    for (size_t i = 0; i < page.n; i++)
        if (survey_of_task(tree(y, &page.docs[i])) == survey_find(str_of(survey)))
            return page.docs[i].id;
    fail_msg("no task of %s", survey);
    return STR_NONE;
}

static inline err answer(struct yard *y, str task, const char *survey, const char *answers)
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

static inline str case_of(struct yard *y, str who)
{
    struct record_page page = found(y, "Task", who, CASES);
    assert_int_equal(page.n, 1);
    struct json *t = tree(y, &page.docs[0]);
    bool clock = !str_empty(json_str(json_path(t, "executionPeriod.end")));
    assert_int_equal(clock, !str_starts(json_str(json_path(t, "reasonCode.text")), STR("EMG")));
    return json_get_str(t, STR("description"));
}

static inline bool has(str text, const char *words)
{
    return str_find(text, str_of(words), 0) != SIZE_MAX;
}

static inline str sent_to(struct yard *y, str who, size_t *ret_n)
{
    struct record_page page = found(y, "Communication", who, "_sort=-sent&_count=50");
    *ret_n = page.n;
    return page.n ? json_str(json_path(tree(y, &page.docs[0]), "payload.0.contentString"))
                  : STR_NONE;
}

#endif
