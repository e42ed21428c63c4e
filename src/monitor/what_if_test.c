/* What-if over a real record: what would have been measured again is no alert, and more readings
 * than are answered in time are the newest days of them. */
#include "monitor/monitor_int.h"
#include "record/test.h"

struct house {
    struct op op;
    struct record *rec;
    struct monitor *m;
    char dir[TEST_FOLDER_MAX];
};

static void begin(struct house *h)
{
    h->rec = test_record(&h->op, h->dir, identity_system(), time_now());
    test_record_put(&h->op, h->rec, STR("{\"resourceType\":\"Patient\",\"id\":\"p\"}"));
    assert_int_equal(monitor_new(&h->op, h->rec, NULL, config_new(h->op.arena), &h->m), OK);
}

static void end(struct house *h)
{
    monitor_free(h->m);
    test_record_done(&h->op, h->dir, h->rec);
}

static void diastolic(struct house *h, int64_t minutes_ago, double value)
{
    str at = time_format(h->op.arena, h->op.now - minutes_ago * MS_MINUTE);
    test_record_put(
        &h->op, h->rec,
        arena_printf(h->op.arena,
                     "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":["
                     "{\"system\":\"http://loinc.org\",\"code\":\"8462-4\"}]},\"subject\":{"
                     "\"reference\":\"Patient/p\"},\"effectiveDateTime\":\"%.*s\","
                     "\"valueQuantity\":{\"value\":%.0f,\"unit\":\"mm[Hg]\",\"system\":"
                     "\"http://unitsofmeasure.org\",\"code\":\"mm[Hg]\"}}",
                     STR_ARG(at), value));
}

static struct json *tried(struct house *h)
{
    struct json *said = NULL;
    struct monitor_trial trial = {STR("diastolic"), 30, NAN, 28};
    op_clear(&h->op);
    assert_int_equal(monitor_what_if(&h->op, h->m, STR("p"), &trial, &said), OK);
    return said;
}

static int64_t number_at(const struct json *said, const char *path)
{
    int64_t n = -1;
    assert_true(json_i64(json_path(said, path), &n));
    return n;
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
    assert_int_equal(number_at(said, "before.asked"), 1);
    assert_int_equal(number_at(said, "before.alerts"), 0);
    assert_int_equal(number_at(said, "before.cases"), 0);
    diastolic(&h, 2 * DAY, 126); /* nobody measured again */
    said = tried(&h);
    assert_int_equal(number_at(said, "before.asked"), 2);
    assert_int_equal(number_at(said, "before.alerts"), 1);
    assert_int_equal(number_at(said, "before.cases"), 1);
    end(&h);
}

static void a_second_reading_beyond_the_limit_is_an_alert(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    diastolic(&h, 9 * DAY, 125);
    diastolic(&h, 9 * DAY - 5, 127);
    struct json *said = tried(&h);
    assert_int_equal(number_at(said, "before.asked"), 1);
    assert_int_equal(number_at(said, "before.alerts"), 1);
    end(&h);
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
    assert_int_equal(number_at(said, "days"), 12);
    assert_int_equal(number_at(said, "readings"), 12);
    h.m->replay_max = 20;
    said = tried(&h);
    assert_true(json_bool(json_path(said, "whole"), false));
    assert_int_equal(number_at(said, "days"), 28);
    assert_int_equal(number_at(said, "readings"), 20);
    for (int i = 0; i < 30; i++) /* one day alone is more: it is replayed */
        diastolic(&h, 120 + i, 80);
    said = tried(&h);
    assert_int_equal(number_at(said, "days"), 1);
    assert_int_equal(number_at(said, "readings"), 31);
    end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slip_that_was_measured_again_is_no_alert),
        cmocka_unit_test(a_second_reading_beyond_the_limit_is_an_alert),
        cmocka_unit_test(more_readings_are_their_newest_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
