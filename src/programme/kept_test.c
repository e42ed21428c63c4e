/* What is kept of days with data is what reading them all would say: after new readings, ones that
 * were taken back or have a label, a move, and a start anew. */
#include "policy/scope.h"
#include "programme/programme_int.h"
#include "record/test.h"

#define NOW 1772730000000LL /* 2026-03-05T17:00:00Z */

struct house {
    char dir[TEST_FOLDER_MAX];
    struct record *rec;
    struct op op;
    struct actor system;
    struct programmes p;
    str patient, device;
};

static str made(struct house *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static str made(struct house *h, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str text = arena_vprintf(h->op.arena, fmt, ap);
    va_end(ap);
    return test_record_put(&h->op, h->rec, text);
}

#define PATIENT                                                                                    \
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"address\":[{\"extension\":[{\"url\":"            \
    "\"http://hl7.org/fhir/StructureDefinition/timezone\",\"valueCode\":\"%s\"}]}]}"

static int open_house(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    h->system = (struct actor){
        .role = ROLE_SYSTEM, .purpose = PURPOSE_TREAT, .user = STR("system"), .strong = true};
    h->rec = test_record(&h->op, h->dir, &h->system, NOW);
    h->p = (struct programmes){.rec = h->rec, .zone = STR("UTC")};
    assert_int_equal(kept_open(&h->op, &h->p), OK);
    h->patient = made(h, PATIENT, "America/Chicago");
    h->device = made(h, "{\"resourceType\":\"Device\"}");
    h->op.now = NOW + 20 * DAY_MS;
    *state = h;
    return 0;
}

static int close_house(void **state)
{
    struct house *h = *state;
    kept_close(&h->p);
    test_record_done(&h->op, h->dir, h->rec);
    free(h);
    return 0;
}

static void enrolled(struct house *h)
{
    made(h,
         "{\"resourceType\":\"EpisodeOfCare\",\"status\":\"active\",\"statusHistory\":[{\"status\":"
         "\"active\",\"period\":{\"start\":\"2026-03-01\"}}],\"type\":[{\"coding\":[{\"system\":"
         "\"" PROGRAMME_SYSTEM "\",\"code\":\"heart-failure\"}]}],\"patient\":{\"reference\":"
         "\"Patient/%.*s\"},\"period\":{\"start\":\"2026-03-01\"}}",
         STR_ARG(h->patient));
}

static str reading(struct house *h, const char *at, const char *more)
{
    return made(h,
                "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
                "\"system\":\"http://loinc.org\",\"code\":\"29463-7\"}]},\"subject\":{"
                "\"reference\":\"Patient/%.*s\"},\"device\":{\"reference\":\"Device/%.*s\"},"
                "\"effectiveDateTime\":\"%s\"%s}",
                STR_ARG(h->patient), STR_ARG(h->device), at, more);
}

static void follow(struct house *h)
{
    size_t n = 1;
    while (n) {
        op_clear(&h->op);
        assert_int_equal(kept_step(&h->op, &h->p, &n), OK);
    }
    op_clear(&h->op);
    h->op.actor = &h->system;
}

static int64_t days_listed(struct house *h)
{
    struct json *list;
    int64_t n = -1;
    op_clear(&h->op);
    h->op.actor = &h->system;
    assert_int_equal(programme_list(&h->op, &h->p, STR_NONE, STR_NONE, &list), OK);
    assert_int_equal(list->n, 1);
    assert_true(json_i64(JSON_GET(json_at(list, 0), "withData"), &n));
    return n;
}

/* From what is kept, and by reading all of them. */
static void both_say(struct house *h, int64_t days, const char *zone, bool kept)
{
    uint64_t rid;
    struct data_days data = {0};
    struct day_span over = {day_of(NOW, STR("UTC")) - 10, day_of(NOW, STR("UTC")) + 30};
    struct arena *of = h->p.kept.arena;
    follow(h);
    assert_int_equal(
        record_resolve(&h->op, h->rec, fhir_type_parse(STR("Patient")), h->patient, &rid), OK);
    assert_int_equal(kept_days(&h->op, &h->p, rid, str_of(zone), &over, &data), kept);
    if (kept)
        assert_int_equal(data.list.n, days);
    assert_int_equal(days_listed(h), days);
    h->p.kept.arena = NULL; /* as if nothing were kept */
    assert_int_equal(days_listed(h), days);
    h->p.kept.arena = of;
}

static void kept_days_are_those_of_the_readings(void **state)
{
    struct house *h = *state;
    struct record_result r;
    reading(h, "2026-03-06T05:30:00Z", ""); /* 5 March, 23:30 in Chicago */
    enrolled(h);
    both_say(h, 1, "America/Chicago", true);
    reading(h, "2026-03-05T20:00:00Z", ""); /* the same day */
    str other = reading(h, "2026-03-07T20:00:00Z", "");
    reading(h, "2026-03-04T20:00:00Z", "");
    both_say(h, 3, "America/Chicago", true);
    assert_int_equal(
        record_delete(&h->op, h->rec, fhir_type_parse(STR("Observation")), other, STR_NONE, &r),
        OK);
    both_say(h, 2, "America/Chicago", true);
}

static void who_moves_is_counted_anew(void **state)
{
    struct house *h = *state;
    struct record_result r;
    struct json *tree;
    enrolled(h);
    reading(h, "2026-03-06T05:30:00Z", "");
    reading(h, "2026-03-06T20:00:00Z", "");
    both_say(h, 2, "America/Chicago", true);
    str text = arena_printf(h->op.arena, PATIENT, "Europe/Madrid");
    assert_int_equal(fhir_read(&h->op, text, 0, &tree), OK);
    json_set_str(h->op.arena, tree, STR("id"), h->patient);
    assert_int_equal(record_update(&h->op, h->rec, fhir_type_parse(STR("Patient")), h->patient,
                                   tree, STR_NONE, &r),
                     OK);
    both_say(h, 1, "Europe/Madrid", true); /* 6 March, 6:30 and 21:00 */
}

/* What not everybody may see is not counted for everybody. */
static void a_label_is_asked_about_each_time(void **state)
{
    struct house *h = *state;
    enrolled(h);
    reading(h, "2026-03-06T20:00:00Z", "");
    both_say(h, 1, "America/Chicago", true);
    reading(h, "2026-03-07T20:00:00Z",
            ",\"meta\":{\"security\":[{\"system\":"
            "\"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\",\"code\":\"R\"}]}");
    both_say(h, 2, "America/Chicago", false);
}

/* R506: an app without a word about Observations was told on how many days there were some. */
static void r506_an_app_is_not_told_of_readings_it_may_not_see(void **state)
{
    struct house *h = *state;
    struct json *list;
    struct scopes some, all;
    int64_t n = -1;
    enrolled(h);
    reading(h, "2026-03-06T20:00:00Z", "");
    both_say(h, 1, "America/Chicago", true);
    assert_true(
        scopes_parse(STR("system/EpisodeOfCare.rs system/CarePlan.rs system/Patient.rs"), &some));
    assert_true(scopes_parse(STR("system/*.rs"), &all));
    struct actor app = h->system;
    app.user = STR("app");
    app.scopes = &some;
    h->op.actor = &app;
    assert_int_equal(programme_list(&h->op, &h->p, STR_NONE, STR_NONE, &list), ERR_FORBIDDEN);
    op_clear(&h->op);
    app.scopes = &all;
    assert_int_equal(programme_list(&h->op, &h->p, STR_NONE, STR_NONE, &list), OK);
    assert_true(json_i64(JSON_GET(json_at(list, 0), "withData"), &n));
    assert_int_equal(n, 1);
}

static void kept_over_a_start(void **state)
{
    struct house *h = *state;
    enrolled(h);
    reading(h, "2026-03-06T20:00:00Z", "");
    both_say(h, 1, "America/Chicago", true);
    kept_close(&h->p);
    reading(h, "2026-03-07T20:00:00Z", ""); /* while nobody followed */
    h->p.kept = (struct kept_all){.arena = NULL};
    assert_int_equal(kept_open(&h->op, &h->p), OK);
    both_say(h, 2, "America/Chicago", true);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_house, close_house)

/* A round that fails over and over takes memory once. */
static void who_cannot_be_counted_takes_no_room(void **state)
{
    struct house *h = *state;
    size_t n, had = 0;
    follow(h);
    (void)reading(h, "2026-03-05T08:00:00-06:00", "");
    enrolled(h);
    for (int i = 0; i < 20; i++) {
        op_clear(&h->op);
        h->op.deadline = 1; /* long ago */
        assert_int_not_equal(kept_step(&h->op, &h->p, &n), OK);
        if (i == 0)
            had = arena_used(h->p.kept.arena);
        assert_int_equal(arena_used(h->p.kept.arena), had);
    }
    h->op.deadline = 0;
    both_say(h, 1, "America/Chicago", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(kept_days_are_those_of_the_readings),
        TEST(who_moves_is_counted_anew),
        TEST(a_label_is_asked_about_each_time),
        TEST(r506_an_app_is_not_told_of_readings_it_may_not_see),
        TEST(kept_over_a_start),
        TEST(who_cannot_be_counted_takes_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
