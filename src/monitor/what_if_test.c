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
    struct monitor_trial trial = {STR("diastolic"), 30, NAN, 28};
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
    struct monitor_trial trial = {STR("diastolic"), NAN, 105, 28};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slip_that_was_measured_again_is_no_alert),
        cmocka_unit_test(a_second_reading_beyond_the_limit_is_an_alert),
        cmocka_unit_test(more_readings_are_their_newest_days),
        cmocka_unit_test(many_are_the_sum_of_each),
        cmocka_unit_test(as_many_as_there_is_time_for),
        cmocka_unit_test(only_their_time_in_it_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
