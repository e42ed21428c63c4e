/* Rules on trial, counted live: once an episode, over restarts, beside the cases that came anyway,
 * and without whom the asker may not see. */
#include "monitor/fixture_int.h"
#include "monitor/trial_int.h"

#define DAY (24 * 60)

static const struct actor NURSE = {.role = ROLE_NURSE,
                                   .purpose = PURPOSE_TREAT,
                                   .user = {"nurse.ada", 9},
                                   .session = {"s1", 2},
                                   .strong = true};

static void weight(struct house *h, const char *who, int minutes_ago, double kg)
{
    str at = time_format(h->op.arena, h->op.now - minutes_ago * MS_MINUTE);
    house_put(h,
              arena_printf(h->op.arena,
                           "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{"
                           "\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"29463-7\"}]},"
                           "\"subject\":{\"reference\":\"Patient/%s\"},\"effectiveDateTime\":"
                           "\"%.*s\",\"valueQuantity\":{\"value\":%.1f,\"unit\":\"kg\",\"system\":"
                           "\"http://unitsofmeasure.org\",\"code\":\"kg\"}}",
                           who, STR_ARG(at), kg)
                  .p);
}

/* Seven weeks of steady weights, charted only; then some pounds that no live rule minds. */
static void history(struct house *h, const char *who)
{
    for (int d = 60; d > 12; d--)
        weight(h, who, d * DAY + 60, d % 2 ? 80 : 80.2);
    for (int d = 12; d > 3; d--)
        weight(h, who, d * DAY + 60, 80.6);
}

static void in_programme(struct house *h, const char *who)
{
    house_put(h, arena_printf(h->op.arena,
                              "{\"resourceType\":\"CarePlan\",\"status\":\"active\",\"intent\":"
                              "\"plan\",\"subject\":{\"reference\":\"Patient/%s\"},"
                              "\"instantiatesCanonical\":[\"https://weft.health/fhir/"
                              "PlanDefinition/heart-failure\"]}",
                              who)
                     .p);
}

static void begin(struct house *h)
{
    house_begin(h, (const char *const[]){"p", "q", "out", NULL});
    in_programme(h, "p");
    in_programme(h, "q");
    history(h, "p");
    history(h, "q");
    history(h, "out");
    h->op.now -= 3 * MS_HOUR;
    assert_int_equal(trial_begin(&h->op, h->m), OK);
    h->op.now += 3 * MS_HOUR;
    house_follow(h);
}

/* The same record, later. */
static void again(struct house *h, const char *live)
{
    struct config *c = config_new(h->op.arena);
    op_clear(&h->op);
    h->op.actor = identity_system();
    assert_int_equal(config_set(&h->op, c, STR("monitor.rules_live"), str_of(live)), OK);
    monitor_free(h->m);
    assert_int_equal(monitor_new(&h->op, h->rec, NULL, c, &h->m), OK);
    assert_int_equal(trial_begin(&h->op, h->m), OK);
}

static const struct json *told(struct house *h, const struct actor *a, const char *rule)
{
    struct json *said = NULL;
    const struct json *one;
    op_clear(&h->op);
    h->op.actor = a;
    assert_int_equal(monitor_hits(&h->op, h->m, &said), OK);
    h->op.actor = identity_system();
    for (size_t i = 0; (one = json_at(JSON_GET(said, "rules"), i)); i++)
        if (str_eq(json_get_str(one, STR("id")), str_of(rule)))
            return one;
    fail_msg("no rule %s", rule);
    return NULL;
}

/* hits, people, cases, acted */
static void assert_trial(struct house *h, const struct actor *a, const int64_t want[4])
{
    static const char *const names[] = {"trial.hits", "trial.people", "trial.cases", "trial.acted"};
    const struct json *one = told(h, a, "HF-WT-EWMA");
    assert_true(json_bool(JSON_GET(one, "shadow"), false));
    for (int i = 0; i < 4; i++)
        assert_int_equal(house_int(one, names[i]), want[i]);
    assert_int_equal(house_int(one, "open") + house_int(one, "closed"), 0);
}

static size_t cases_of(struct house *h)
{
    struct record_page page;
    op_clear(&h->op);
    assert_int_equal(record_find(&h->op, h->rec, fhir_type_parse(STR("Task")),
                                 STR("code=" DESK_SYSTEM_CODE "|case"), &page),
                     OK);
    return page.n;
}

static void a_case(struct house *h, const char *who, int days_ago, const char *status,
                   const char *outcome)
{
    str from = time_format(h->op.arena, h->op.now - days_ago * DAY * MS_MINUTE);
    house_put(h, arena_printf(h->op.arena,
                              "{\"resourceType\":\"Task\",\"status\":\"%s\",\"intent\":\"order\","
                              "\"code\":{\"coding\":[{\"system\":\"" DESK_SYSTEM_CODE
                              "\",\"code\":\"case\"}]},\"for\":{\"reference\":\"Patient/%s\"},"
                              "\"authoredOn\":\"%.*s\",\"lastModified\":\"%.*s\",\"reasonCode\":{"
                              "\"text\":\"HF-WT-3D\"},\"output\":[{\"type\":{\"text\":\"outcome\"},"
                              "\"valueCodeableConcept\":{\"coding\":[{\"code\":\"%s\"}]}}]}",
                              status, who, STR_ARG(from), STR_ARG(from), outcome)
                     .p);
}

static void counted_and_silent(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    assert_trial(&h, &NURSE, (const int64_t[]){0, 0, 0, 0}); /* what was of before came late */
    weight(&h, "p", 120, 81.1);
    weight(&h, "out", 120, 81.1); /* in no programme */
    house_follow(&h);
    assert_trial(&h, &NURSE, (const int64_t[]){1, 1, 0, 0});
    assert_int_equal(cases_of(&h), 0);
    weight(&h, "p", 60, 81.2); /* within 72 hours */
    again(&h, "");
    house_follow(&h);
    assert_trial(&h, &NURSE, (const int64_t[]){1, 1, 0, 0});
    weight(&h, "q", 60, 81.2);
    house_follow(&h);
    assert_trial(&h, &NURSE, (const int64_t[]){2, 2, 0, 0});
    assert_int_equal(cases_of(&h), 0);
    house_end(&h);
}

static void beside_the_cases_that_came_anyway(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    weight(&h, "p", 120, 81.1);
    weight(&h, "q", 120, 81.1);
    house_follow(&h);
    a_case(&h, "p", 9, "completed", "advice-given"); /* long closed */
    assert_trial(&h, &NURSE, (const int64_t[]){2, 2, 0, 0});
    a_case(&h, "p", 2, "completed", "false-alarm");
    assert_trial(&h, &NURSE, (const int64_t[]){2, 2, 1, 0});
    a_case(&h, "q", 20, "requested", "none"); /* open all the while */
    assert_trial(&h, &NURSE, (const int64_t[]){2, 2, 2, 0});
    a_case(&h, "p", 1, "completed", "advice-given");
    assert_trial(&h, &NURSE, (const int64_t[]){2, 2, 2, 1});
    house_put(&h, "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{"
                  "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
                  "\"patient-privacy\"}]},\"category\":[{\"text\":\"restriction\"}],\"patient\":{"
                  "\"reference\":\"Patient/p\"},\"policyRule\":{\"text\":\"own\"},\"provision\":{"
                  "\"type\":\"deny\"}}");
    assert_trial(&h, &NURSE, (const int64_t[]){1, 1, 1, 0}); /* p's are not shown */
    house_end(&h);
}

/* Live it brings cases and is counted by them; on trial again it begins anew. */
static void a_trial_that_ended_begins_anew(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    str since = json_str(json_path(told(&h, &NURSE, "HF-WT-EWMA"), "trial.since"));
    assert_true(since.n > 0);
    weight(&h, "p", 120, 81.1);
    house_follow(&h);
    again(&h, ""); /* goes on */
    assert_trial(&h, &NURSE, (const int64_t[]){1, 1, 0, 0});
    assert_true(str_eq(json_str(json_path(told(&h, &NURSE, "HF-WT-EWMA"), "trial.since")), since));
    again(&h, "HF-WT-EWMA");
    const struct json *one = told(&h, &NURSE, "HF-WT-EWMA");
    assert_null(JSON_GET(one, "trial"));
    assert_null(JSON_GET(one, "shadow"));
    again(&h, ""); /* what was heard is of the trial before */
    assert_trial(&h, &NURSE, (const int64_t[]){0, 0, 0, 0});
    house_end(&h);
}

/* The rows that are on trial are of what is measured: what is reckoned from it is not heard here.
 */
static void every_row_on_trial_is_heard(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++) {
        const struct monitor_rule *row = &MONITOR_RULES[r];
        if (!row->shadow)
            continue;
        assert_int_equal(row->kind, RULE_METHOD);
        assert_non_null(MONITOR_SERIES[row->series].codes[0]);
        assert_true(MONITOR_SERIES[row->series].rules >> r & 1);
        n++;
    }
    assert_int_equal(n, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counted_and_silent),
        cmocka_unit_test(beside_the_cases_that_came_anyway),
        cmocka_unit_test(a_trial_that_ended_begins_anew),
        cmocka_unit_test(every_row_on_trial_is_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
