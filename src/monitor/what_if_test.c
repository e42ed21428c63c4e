/* What-if over a real record: what would have been measured again is no alert, and more readings
 * than are answered in time are the newest days of them. */
#include "monitor/fixture_int.h"

static void begin(struct house *h)
{
    house_begin(h, (const char *const[]){"p", NULL});
}

static void diastolic_of(struct house *h, const char *patient, int64_t minutes_ago, double value)
{
    str at = time_format(h->op.arena, h->op.now - minutes_ago * MS_MINUTE);
    test_record_put(
        &h->op, h->rec,
        arena_printf(h->op.arena,
                     "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":["
                     "{\"system\":\"http://loinc.org\",\"code\":\"8462-4\"}]},\"subject\":{"
                     "\"reference\":\"Patient/%s\"},\"effectiveDateTime\":\"%.*s\","
                     "\"valueQuantity\":{\"value\":%.0f,\"unit\":\"mm[Hg]\",\"system\":"
                     "\"http://unitsofmeasure.org\",\"code\":\"mm[Hg]\"}}",
                     patient, STR_ARG(at), value));
}

static void diastolic(struct house *h, int64_t minutes_ago, double value)
{
    diastolic_of(h, "p", minutes_ago, value);
}

static struct json *tried(struct house *h)
{
    struct json *said = NULL;
    struct monitor_trial trial = {.metric = STR("diastolic"), .low = 30, .high = NAN, .days = 28};
    op_clear(&h->op);
    assert_int_equal(monitor_what_if(&h->op, h->m, STR("p"), &trial, &said), OK);
    return said;
}

#define DAY (24 * 60)

/* The replay called for what the house first asks the patient about (ADR 44). */
static void a_slip_that_was_measured_again_is_no_alert(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    diastolic(&h, 9 * DAY, 125);
    diastolic(&h, 9 * DAY - 5, 80);
    struct json *said = tried(&h);
    assert_int_equal(house_int(said, "before.asked"), 1);
    assert_int_equal(house_int(said, "before.alerts"), 0);
    assert_int_equal(house_int(said, "before.cases"), 0);
    diastolic(&h, 2 * DAY, 126); /* nobody measured again */
    said = tried(&h);
    assert_int_equal(house_int(said, "before.asked"), 2);
    assert_int_equal(house_int(said, "before.alerts"), 1);
    assert_int_equal(house_int(said, "before.cases"), 1);
    house_end(&h);
}

static void a_second_reading_beyond_the_limit_is_an_alert(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    diastolic(&h, 9 * DAY, 125);
    diastolic(&h, 9 * DAY - 5, 127);
    struct json *said = tried(&h);
    assert_int_equal(house_int(said, "before.asked"), 1);
    assert_int_equal(house_int(said, "before.alerts"), 1);
    house_end(&h);
}

/* A patient with a year of a sensor's readings got no answer. */
static void more_readings_are_their_newest_days(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    h.m->replay_max = 12;
    for (int d = 0; d < 20; d++)
        diastolic(&h, d * DAY + 60, 80);
    struct json *said = tried(&h);
    assert_false(json_bool(json_path(said, "whole"), true));
    assert_int_equal(house_int(said, "days"), 12);
    assert_int_equal(house_int(said, "readings"), 12);
    h.m->replay_max = 20;
    said = tried(&h);
    assert_true(json_bool(json_path(said, "whole"), false));
    assert_int_equal(house_int(said, "days"), 28);
    assert_int_equal(house_int(said, "readings"), 20);
    for (int i = 0; i < 30; i++) /* one day alone is more: it is replayed */
        diastolic(&h, 120 + i, 80);
    said = tried(&h);
    assert_int_equal(house_int(said, "days"), 1);
    assert_int_equal(house_int(said, "readings"), 31);
    house_end(&h);
}

static struct json *tried_on(struct house *h, const struct monitor_crowd *crowd, size_t *ret_done)
{
    struct json *said = NULL;
    struct monitor_trial trial = {.metric = STR("diastolic"), .low = NAN, .high = 105, .days = 28};
    op_clear(&h->op);
    assert_int_equal(monitor_what_if_many(&h->op, h->m, crowd, &trial, ret_done, &said), OK);
    return said;
}

/* Sums are those of each alone; who has no reading, no event, or may not be seen is told apart. */
static void many_are_the_sum_of_each(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    house_put(&h, "{\"resourceType\":\"Patient\",\"id\":\"q\",\"name\":[{\"text\":\"Quin\"}]}");
    house_put(&h, "{\"resourceType\":\"Patient\",\"id\":\"quiet\"}");
    str at = time_format(h.op.arena, h.op.now - 8 * DAY * MS_MINUTE);
    test_record_put(
        &h.op, h.rec,
        arena_printf(
            h.op.arena,
            "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"system\":"
            "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"EMER\"},"
            "\"subject\":{\"reference\":\"Patient/q\"},\"period\":{\"start\":\"%.*s\"}}",
            STR_ARG(at)));
    for (int i = 0; i < 3; i++) {
        diastolic_of(&h, "p", 9 * DAY - 5 * i, 110); /* beyond the limit that is tried */
        diastolic_of(&h, "q", 9 * DAY - 5 * i, 126); /* beyond both */
    }
    const struct monitor_person people[] = {{STR("p"), 0, INT64_MAX},
                                            {STR("q"), 0, INT64_MAX},
                                            {STR("quiet"), 0, INT64_MAX},
                                            {STR("nobody"), 0, INT64_MAX}};
    size_t done;
    struct json *said = tried_on(&h, &(struct monitor_crowd){people, 4, 60 * MS_MINUTE}, &done);
    assert_int_equal(done, 4);
    assert_int_equal(house_int(said, "n"), 3);
    assert_int_equal(house_int(said, "unseen"), 1);
    assert_int_equal(house_int(said, "quiet"), 1);
    assert_int_equal(house_int(said, "eventless"), 2);
    assert_int_equal(house_int(said, "readings"), 6);
    assert_int_equal(house_int(said, "personDays"), 3 * 28);
    assert_int_equal(house_int(said, "before.cases"), 1);
    assert_int_equal(house_int(said, "after.cases"), 2);
    assert_int_equal(house_int(said, "events.n"), 1);
    assert_int_equal(house_int(said, "events.before"), 1);
    assert_int_equal(house_int(said, "events.after"), 1);
    assert_str(json_str(json_path(said, "events.list.0.name")), "Quin");
    assert_str(json_str(json_path(said, "changed.0.patient")), "p");
    assert_int_equal(JSON_GET(said, "changed")->n, 1);
    int64_t sum = 0;
    for (int i = 0; i < 28; i++)
        sum += house_int(said, arena_printf(h.op.arena, "daily.after.%d", i).p);
    assert_int_equal(sum, 2);
    assert_int_equal(house_int(said, "daily.before.19"),
                     1); /* told of by the second, less than nine days ago */
    house_end(&h);
}

/* With no time at all one of them is told, and the caller goes on behind it. */
static void as_many_as_there_is_time_for(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    house_put(&h, "{\"resourceType\":\"Patient\",\"id\":\"q\"}");
    const struct monitor_person people[] = {{STR("p"), 0, INT64_MAX}, {STR("q"), 0, INT64_MAX}};
    size_t done;
    struct json *said = tried_on(&h, &(struct monitor_crowd){people, 2, 0}, &done);
    assert_int_equal(done, 1);
    assert_int_equal(house_int(said, "n"), 1);
    said = tried_on(&h, &(struct monitor_crowd){people, 0, 0}, &done);
    assert_int_equal(done, 0);
    assert_int_equal(house_int(said, "n"), 0);
    house_end(&h);
}

/* What was before somebody was in it, or after, is none of the programme's cases. */
static void only_their_time_in_it_counts(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    for (int i = 0; i < 3; i++)
        diastolic(&h, 9 * DAY - 5 * i, 126);
    const struct monitor_person late = {STR("p"), h.op.now - 4 * DAY * MS_MINUTE, INT64_MAX};
    size_t done;
    struct json *said = tried_on(&h, &(struct monitor_crowd){&late, 1, 60 * MS_MINUTE}, &done);
    assert_int_equal(house_int(said, "before.cases"), 0);
    assert_int_equal(house_int(said, "personDays"), 4);
    house_end(&h);
}

static void weight(struct house *h, int days_ago, double kg)
{
    str at = time_format(h->op.arena, h->op.now - (days_ago * DAY + 60) * MS_MINUTE);
    house_put(h,
              arena_printf(h->op.arena,
                           "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{"
                           "\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"29463-7\"}]},"
                           "\"subject\":{\"reference\":\"Patient/p\"},\"effectiveDateTime\":"
                           "\"%.*s\",\"valueQuantity\":{\"value\":%.1f,\"unit\":\"kg\",\"system\":"
                           "\"http://unitsofmeasure.org\",\"code\":\"kg\"}}",
                           STR_ARG(at), kg)
                  .p);
}

static const struct json *of_rule(const struct json *said, const char *id)
{
    const struct json *one;
    for (size_t i = 0; (one = json_at(JSON_GET(said, "rules"), i)); i++)
        if (str_eq(json_get_str(one, STR("id")), str_of(id)))
            return one;
    return NULL;
}

/* Is there a case after the newest reading when the house made these live? The same record. */
static bool told_live(struct house *h, const char *rules)
{
    struct record_page page;
    struct config *c = config_new(h->op.arena);
    op_clear(&h->op);
    assert_int_equal(config_set(&h->op, c, STR("monitor.rules_live"), str_of(rules)), OK);
    monitor_free(h->m);
    assert_int_equal(monitor_new(&h->op, h->rec, NULL, c, &h->m), OK);
    weight(h, 0, *rules ? 81.2 : 81.1);
    house_follow(h);
    assert_int_equal(record_find(&h->op, h->rec, fhir_type_parse(STR("Task")),
                                 STR("code=" DESK_SYSTEM_CODE "|case"), &page),
                     OK);
    return page.n > 0;
}

/* A method that nobody is alarmed by is switched on: what it would have told, beside the rules that
 * are live, and how long before the stay. */
static void a_rule_on_trial_is_told_beside_the_live_ones(void **state)
{
    (void)state;
    struct house h;
    size_t done;
    struct json *said = NULL;
    begin(&h);
    house_put(&h, "{\"resourceType\":\"CarePlan\",\"status\":\"active\",\"intent\":\"plan\","
                  "\"subject\":{\"reference\":\"Patient/p\"},\"instantiatesCanonical\":["
                  "\"https://weft.health/fhir/PlanDefinition/heart-failure\"]}");
    for (int d = 60; d > 12; d--)
        weight(&h, d, d % 2 ? 80 : 80.2);
    for (int d = 12; d > 3; d--)
        weight(&h, d, 80.6); /* too little for any rule that is live */
    house_put(&h, arena_printf(h.op.arena,
                               "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{"
                               "\"code\":\"IMP\"},\"subject\":{\"reference\":\"Patient/p\"},"
                               "\"period\":{\"start\":\"%.*s\"}}",
                               STR_ARG(time_format(h.op.arena, h.op.now - 3 * DAY * MS_MINUTE)))
                      .p);
    struct monitor_trial trial = {.low = NAN, .high = NAN, .days = 90, .rule = STR("HF-WT-EWMA")};
    const struct monitor_person p = {STR("p"), INT64_MIN, INT64_MAX};
    const struct monitor_crowd crowd = {&p, 1, 60 * MS_MINUTE};
    assert_int_equal(monitor_what_if_many(&h.op, h.m, &crowd, &trial, &done, &said), OK);
    const struct json *tried = of_rule(said, "HF-WT-EWMA"), *live = of_rule(said, "HF-WT-3D");
    assert_true(json_bool(JSON_GET(tried, "tried"), false));
    assert_false(json_bool(JSON_GET(live, "tried"), true));
    assert_int_equal(house_int(tried, "cases"), 1);
    assert_int_equal(house_int(tried, "hit"), 1);
    assert_true(house_number(tried, "leads.0") > 3 && house_number(tried, "leads.0") < 10);
    assert_int_equal(house_int(live, "cases"), 0);
    assert_null(of_rule(said, "HF-WT-CUSUM")); /* only what was asked for is on */
    assert_int_equal(house_int(said, "events.before"), 0);
    assert_int_equal(house_int(said, "events.after"), 1);
    assert_false(told_live(&h, ""));
    assert_true(told_live(&h, "HF-WT-CUSUM, HF-WT-EWMA"));
    trial.rule = STR("HF-WT-3D"); /* it is live: there is nothing to try */
    op_clear(&h.op);
    assert_int_equal(monitor_what_if_many(&h.op, h.m, &crowd, &trial, &done, &said), ERR_INVALID);
    house_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slip_that_was_measured_again_is_no_alert),
        cmocka_unit_test(a_second_reading_beyond_the_limit_is_an_alert),
        cmocka_unit_test(more_readings_are_their_newest_days),
        cmocka_unit_test(many_are_the_sum_of_each),
        cmocka_unit_test(as_many_as_there_is_time_for),
        cmocka_unit_test(only_their_time_in_it_counts),
        cmocka_unit_test(a_rule_on_trial_is_told_beside_the_live_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
