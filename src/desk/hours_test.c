/* Opening hours by the calendar: weekends, holidays, nights, both changes of summer time; read from
 * a HealthcareService, and what cannot be read. */
#include "base/bidi.h"
#include "base/time.h"
#include "desk/chain_int.h"
#include "desk/fixture_int.h"

#define CHICAGO STR("America/Chicago")
#define HOUR_MS INT64_C(3600000)

static int64_t at(const char *text)
{
    struct time_span t;
    assert_true(time_parse(str_of(text), &t));
    return t.lo;
}

static const struct hours_opening WEEK[] = {{0x3e, 480, 1080}};
static const struct hours_opening NIGHTS[] = {{0x7f, 1320, 1440 + 360}};

static struct team_hours team(const struct hours_opening *openings)
{
    return (struct team_hours){.zone = CHICAGO, .openings = openings, .n_openings = 1};
}

static int64_t next(const struct team_hours *h, const char *from)
{
    int64_t ret = 0;
    assert_true(hours_change(h, at(from), &ret));
    return ret;
}

static void a_week_has_its_edges(void **state)
{
    (void)state;
    struct team_hours h = team(WEEK);
    assert_true(hours_open(&h, at("2026-11-20T08:00:00-06:00")));
    assert_false(hours_open(&h, at("2026-11-20T18:00:00-06:00")));
    assert_false(hours_open(&h, at("2026-11-20T07:59:59-06:00")));
    assert_true(next(&h, "2026-11-20T12:00:00-06:00") == at("2026-11-20T18:00:00-06:00"));
    /* over a weekend, from Friday's evening to Monday */
    assert_true(next(&h, "2026-11-20T18:00:00-06:00") == at("2026-11-23T08:00:00-06:00"));
    /* the clock goes back on 1 November: Monday's opening is an hour later in UTC */
    assert_true(next(&h, "2026-10-30T20:00:00-05:00") == at("2026-11-02T08:00:00-06:00"));
    /* and forward on 8 March */
    assert_true(next(&h, "2026-03-06T20:00:00-06:00") == at("2026-03-09T08:00:00-05:00"));
}

static void a_night_goes_past_midnight(void **state)
{
    (void)state;
    struct team_hours h = team(NIGHTS);
    int64_t end;
    assert_true(hours_open(&h, at("2026-11-20T02:00:00-06:00")));
    assert_false(hours_open(&h, at("2026-11-20T06:00:00-06:00")));
    assert_true(next(&h, "2026-11-20T23:00:00-06:00") == at("2026-11-21T06:00:00-06:00"));
    /* the night of 8 March lacks an hour: eight hours of work end in the second night */
    assert_true(hours_after(&h, at("2026-03-07T22:00:00-06:00"), 8 * HOUR_MS, &end));
    assert_true(end == at("2026-03-08T23:00:00-05:00"));
}

static void holidays_and_closed_times_count(void **state)
{
    (void)state;
    struct team_hours h = team(WEEK);
    int64_t end;
    h.federal = true; /* Thanksgiving, 26 November */
    assert_true(next(&h, "2026-11-25T18:00:00-06:00") == at("2026-11-27T08:00:00-06:00"));
    struct hours_closed closed[] = {
        {at("2026-11-23T12:00:00-06:00"), at("2026-11-23T13:00:00-06:00"), STR("Training")}};
    h.closed = closed;
    h.n_closed = 1;
    assert_false(hours_open(&h, at("2026-11-23T12:30:00-06:00")));
    /* four hours of the team's from Friday 17:00: one then, three on Monday */
    assert_true(hours_after(&h, at("2026-11-20T17:00:00-06:00"), 4 * HOUR_MS, &end));
    assert_true(end == at("2026-11-23T11:00:00-06:00"));
    assert_true(hours_after(&h, at("2026-11-20T17:00:00-06:00"), 6 * HOUR_MS, &end));
    assert_true(end == at("2026-11-23T14:00:00-06:00"));
}

/* R502: for a team that works day and night each open case was a walk over 400 days of midnights.
 * What is passed over now loses no closed time and no opening behind one. */
static void r502_day_and_night_ends_where_something_is_closed(void **state)
{
    (void)state;
    static const struct hours_opening always[] = {{0x7f, 0, 1440}};
    struct team_hours h = team(always), nights = team(NIGHTS);
    struct hours_closed closed[] = {
        {at("2027-10-01T12:00:00-05:00"), at("2027-10-01T13:00:00-05:00"), STR("Move")},
        {at("2027-01-01T00:00:00-06:00"), at("2027-03-20T12:00:00-05:00"), STR("Refit")}};
    int64_t ret;
    assert_false(hours_change(&h, at("2026-11-20T12:00:00-06:00"), &ret));
    h.closed = nights.closed = closed;
    h.n_closed = nights.n_closed = 2;
    assert_true(next(&h, "2026-11-20T12:00:00-06:00") == at("2027-01-01T00:00:00-06:00"));
    assert_true(next(&h, "2027-01-01T00:00:00-06:00") == at("2027-03-20T12:00:00-05:00"));
    assert_true(next(&h, "2027-03-20T12:00:00-05:00") == at("2027-10-01T12:00:00-05:00"));
    assert_false(hours_change(&h, at("2027-10-01T13:00:00-05:00"), &ret));
    /* closed for weeks until noon: the next night opens */
    assert_true(next(&nights, "2027-01-02T00:00:00-06:00") == at("2027-03-20T22:00:00-05:00"));
}

static void who_never_works_never_comes(void **state)
{
    (void)state;
    static const struct hours_opening always[] = {{0x7f, 0, 1440}};
    struct team_hours none = {.zone = CHICAGO}, all = team(always), lost = team(WEEK);
    int64_t when;
    lost.zone = STR("Mars/Olympus");
    assert_false(hours_change(&none, at("2026-11-20T17:00:00Z"), &when));
    assert_false(hours_open(&none, at("2026-11-20T17:00:00Z")));
    assert_false(hours_after(&none, at("2026-11-20T17:00:00Z"), 1, &when));
    assert_true(hours_open(&all, at("2026-03-08T02:30:00-06:00")));
    assert_false(hours_change(&all, at("2026-11-20T17:00:00Z"), &when));
    assert_false(hours_open(&lost, at("2026-11-20T17:00:00Z")));
}

#define SERVICE                                                                                    \
    "{\"resourceType\":\"HealthcareService\",\"active\":true,\"name\":\"Heart team\",\"type\":[{"  \
    "\"coding\":[{\"system\":\"" DESK_SYSTEM_SERVICE "\",\"code\":\"" DESK_SERVICE_CODE            \
    "\"}]}],\"extension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/timezone\","         \
    "\"valueCode\":\"America/Chicago\"}],"
#define PROGRAM(code) "\"program\":[{\"coding\":[{\"code\":\"" code "\"}]}],"

static void a_service_says_its_hours(void **state)
{
    struct room *r = *state;
    struct hours_all all;
    as(r, &r->system);
    made(r, SERVICE PROGRAM(
                "heart-failure") "\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"},{\"system\":"
                                 "\"phone\",\"value\":"
                                 "\"555\",\"extension\":[{\"url\":\"" DESK_OUT_OF_HOURS_URL
                                 "\",\"valueBoolean\":true}]}],"
                                 "\"availableTime\":[{\"daysOfWeek\":[\"mon\",\"fri\"],"
                                 "\"availableStartTime\":\"22:00:00\","
                                 "\"availableEndTime\":\"06:00:00\"}],\"notAvailable\":[{"
                                 "\"description\":\"Moving\","
                                 "\"during\":{\"start\":\"2026-12-24\",\"end\":\"2026-12-26\"}}]}");
    assert_int_equal(hours_load(&r->op, r->rec, NULL, &all), OK);
    assert_int_equal(all.n, 2);
    const struct team_hours *h = hours_of(&all, STR("heart-failure"));
    assert_str(h->name, "Heart team");
    assert_str(h->phone, "555");
    assert_true(hours_open(h, at("2026-11-24T05:00:00-06:00"))); /* of Monday */
    assert_false(hours_open(h, at("2026-11-25T05:00:00-06:00")));
    assert_true(h->closed[0].from == at("2026-12-24T00:00:00-06:00"));
    assert_true(h->closed[0].until == at("2026-12-27T00:00:00-06:00"));
    assert_int_equal(hours_of(&all, STR("copd"))->service.n, 0); /* the table's */
    made(r, SERVICE "\"availableTime\":[{\"allDay\":true}]}");
    assert_int_equal(hours_load(&r->op, r->rec, NULL, &all), OK);
    assert_true(hours_open(hours_of(&all, STR("copd")), at("2026-11-22T03:00:00Z")));
}

static void hours_nobody_understands_are_gone_by_nowhere(void **state)
{
    struct room *r = *state;
    struct hours_all all;
    static const char *const wrong[] = {
        SERVICE PROGRAM("a") "\"availableTime\":[{\"daysOfWeek\":[\"mon\"]}]}",
        SERVICE PROGRAM("a") "\"notAvailable\":[{\"description\":\"?\"}]}",
        SERVICE PROGRAM("a") "\"notAvailable\":[{\"description\":\"?\",\"during\":{\"start\":"
                             "\"2026-12-24\"}}]}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        as(r, &r->system);
        made(r, wrong[i]);
        assert_int_equal(hours_load(&r->op, r->rec, NULL, &all), OK);
        assert_int_equal(all.n, i + 2);
        for (size_t k = 0; k <= i; k++)
            assert_true(all.at[k].wrong.n > 0);
        assert_int_equal(hours_of(&all, STR("a"))->service.n, 0);
    }
}

static void the_time_is_said_in_each_language(void **state)
{
    struct room *r = *state;
    r->op.now = at("2026-11-21T12:00:00Z");
    struct said s = hours_say(&r->op, at("2026-11-23T08:00:00-06:00"), CHICAGO);
    assert_str(s.in[SAY_EN], "Monday 8 am");
    assert_str(s.in[SAY_ES], "lunes 8:00");
    assert_str(s.in[SAY_AR], "الاثنين 8:00");
    s = hours_say(&r->op, at("2026-12-01T08:00:00-06:00"), CHICAGO);
    assert_str(s.in[SAY_EN], "2026-12-01 8 am");
    assert_str(s.in[SAY_ES], "2026-12-01 8:00");
    assert_str(s.in[SAY_AR], BIDI_LRM "2026-12-01 8:00" BIDI_RLM);
    assert_true(str_eq(bidi_value(&r->op, LANGUAGE_AR, s.in[SAY_AR]), s.in[SAY_AR]));
}

/* The number of the place where they live; without a place the house's; never a wrong one. */
static void danger_has_a_number_where_they_live(void **state)
{
    struct room *r = *state;
    static const struct {
        const char *addresses, *house, *number;
    } all[] = {
        {"[]", "US", "911"},
        {"[{\"country\":\"US\"}]", "IE", "911"},
        {"[{\"country\":\"GBR\"}]", "US", "999"},
        {"[{\"country\":\"mx\"}]", "US", "911"},
        {"[{\"country\":\"DE\"},{\"city\":\"Springfield\"}]", "US", "112"},
        {"[{\"country\":\"US\",\"use\":\"old\"},{\"country\":\"FR\"}]", "US", "112"},
        {"[{\"country\":\"US\"},{\"country\":\"CA\"}]", "US", "911"},
        {"[{\"country\":\"US\"},{\"country\":\"DE\"}]", "US", ""},
        {"[{\"country\":\"Atlantis\"}]", "US", ""},
        {"[{\"country\":\"Atlantis\"},{\"country\":\"US\"}]", "US", ""},
        {"[]", "", ""},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        str text = arena_printf(r->op.arena, "{\"resourceType\":\"Patient\",\"address\":%s}",
                                all[i].addresses);
        struct json *patient;
        assert_int_equal(json_read(&r->op, text, &JSON_LIMITS_DEFAULT, &patient), OK);
        str number = desk_emergency(patient, str_of(all[i].house));
        assert_true(str_eq(number, str_of(all[i].number)));
    }
    assert_str(desk_emergency(NULL, STR("GB")), "999");
    assert_str(desk_emergency_say(&r->op, STR("112")).in[SAY_ES], "112");
    assert_str(desk_emergency_say(&r->op, STR_NONE).in[SAY_EN], "your local emergency number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_week_has_its_edges),
        cmocka_unit_test(a_night_goes_past_midnight),
        cmocka_unit_test(holidays_and_closed_times_count),
        cmocka_unit_test(r502_day_and_night_ends_where_something_is_closed),
        cmocka_unit_test(who_never_works_never_comes),
        cmocka_unit_test_setup_teardown(danger_has_a_number_where_they_live, open_room, close_room),
        cmocka_unit_test_setup_teardown(a_service_says_its_hours, open_room, close_room),
        cmocka_unit_test_setup_teardown(hours_nobody_understands_are_gone_by_nowhere, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(the_time_is_said_in_each_language, open_room, close_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
