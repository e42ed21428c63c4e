/* The follower's memory: a race with a nurse costs one step and no track; another node that
 * followed costs what is held, and neither doubles nor loses a case. */
#include "monitor/monitor_int.h"
#include "record/test.h"

#define PATIENTS 3

struct nodes {
    struct op op;
    struct record *rec;
    struct monitor *at[2];
    char dir[TEST_FOLDER_MAX];
};

static void put_coded(struct nodes *n, int patient, int minutes_ago, double value,
                      const char *const code[2])
{
    str at = time_format(n->op.arena, n->op.now - minutes_ago * MS_MINUTE);
    test_record_put(
        &n->op, n->rec,
        arena_printf(
            n->op.arena,
            "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
            "\"system\":\"http://loinc.org\",\"code\":\"%s\"}]},\"subject\":{"
            "\"reference\":\"Patient/p%d\"},\"effectiveDateTime\":\"%.*s\","
            "\"valueQuantity\":{\"value\":%.0f,\"unit\":\"%s\",\"system\":"
            "\"http://unitsofmeasure.org\",\"code\":\"%s\"}}",
            code[0], patient, STR_ARG(at), value, code[1], code[1]));
}

static void put_reading(struct nodes *n, int patient, int minutes_ago, double value)
{
    static const char *const heart_rate[2] = {"8867-4", "/min"};
    put_coded(n, patient, minutes_ago, value, heart_rate);
}

static void begin(struct nodes *n)
{
    n->rec = test_record(&n->op, n->dir, identity_system(), time_now());
    for (int i = 0; i < PATIENTS; i++) {
        test_record_put(
            &n->op, n->rec,
            arena_printf(n->op.arena, "{\"resourceType\":\"Patient\",\"id\":\"p%d\"}", i));
        put_reading(n, i, 90, 70);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(monitor_new(&n->op, n->rec, NULL, config_new(n->op.arena), &n->at[i]), OK);
}

static void end(struct nodes *n)
{
    monitor_free(n->at[0]);
    monitor_free(n->at[1]);
    test_record_done(&n->op, n->dir, n->rec);
}

static void follow(struct nodes *n, int node)
{
    for (size_t more = 1; more;)
        assert_int_equal(monitor_step(&n->op, n->at[node], &more), OK);
}

static size_t cases(struct nodes *n)
{
    struct record_page page;
    assert_int_equal(
        record_find(&n->op, n->rec, fhir_type_parse(STR("Task")), STR("_count=50"), &page), OK);
    return page.n;
}

/* Where the track of p0 lies: read again, it would lie elsewhere. */
static const char *held(struct nodes *n, int node)
{
    uint64_t rid = 0;
    assert_int_equal(
        record_resolve(&n->op, n->rec, fhir_type_parse(STR("Patient")), STR("p0"), &rid), OK);
    return track_cache_get(&n->at[node]->cache, rid).p;
}

static void a_lost_race_forgets_no_track(void **state)
{
    (void)state;
    struct nodes n;
    begin(&n);
    follow(&n, 0);
    assert_int_equal(n.at[0]->cache.held, PATIENTS);
    const char *before = held(&n, 0);
    n.at[0]->cursor_known = false; /* as after a commit that a nurse's change spoiled */
    put_reading(&n, 1, 5, 150);
    follow(&n, 0);
    assert_int_equal(n.at[0]->cache.held, PATIENTS);
    assert_ptr_equal(held(&n, 0), before);
    assert_int_equal(cases(&n), 1);
    end(&n);
}

static void live_at(struct nodes *n, const char *zone)
{
    test_record_put(
        &n->op, n->rec,
        arena_printf(
            n->op.arena,
            "{\"resourceType\":\"Patient\",\"id\":\"p0\",\"address\":[{\"extension\":[{\"url\":"
            "\"http://hl7.org/fhir/StructureDefinition/timezone\",\"valueCode\":\"%s\"}]}]}",
            zone));
}

static void days_are_those_of_the_address(void **state)
{
    (void)state;
    struct nodes n;
    struct track *t;
    static const char *const zones[] = {"Asia/Tokyo", "America/Los_Angeles"};
    begin(&n);
    t = arena_alloc(n.op.arena, sizeof *t);
    for (size_t i = 0; i < 2; i++) {
        live_at(&n, zones[i]);
        follow(&n, 0);
        uint64_t rid = 0;
        assert_int_equal(
            record_resolve(&n.op, n.rec, fhir_type_parse(STR("Patient")), STR("p0"), &rid), OK);
        assert_true(track_read(track_cache_get(&n.at[0]->cache, rid), t));
        assert_string_equal(t->zone, zones[i]);
    }
    assert_int_equal(n.at[0]->cache.held, PATIENTS);
    end(&n);
}

static void another_node_followed(void **state)
{
    (void)state;
    struct nodes n;
    size_t got;
    begin(&n);
    follow(&n, 0);
    follow(&n, 1);
    put_reading(&n, 0, 5, 150);
    follow(&n, 0); /* the case is there, and the other node knows nothing of it */
    put_reading(&n, 0, 4, 151);
    assert_int_equal(monitor_step(&n.op, n.at[1], &got), ERR_CONFLICT);
    op_clear(&n.op);
    assert_false(n.at[1]->cursor_known);
    follow(&n, 1);
    assert_int_equal(cases(&n), 1);
    assert_int_equal(n.at[1]->stats.cases_opened, 0);
    assert_int_equal(monitor_step(&n.op, n.at[0], &got), ERR_CONFLICT);
    op_clear(&n.op);
    follow(&n, 0);
    assert_int_equal(cases(&n), 1);
    end(&n);
}

/* R432: readings that came together end as they would have one by one. */
static void a_normal_reading_that_came_with_it_asks_nobody(void **state)
{
    (void)state;
    static const char *const systolic[2] = {"8480-6", "mm[Hg]"};
    struct nodes n;
    begin(&n);
    follow(&n, 0);
    put_coded(&n, 0, 4, 190, systolic);
    put_coded(&n, 0, 2, 140, systolic);
    follow(&n, 0);
    assert_int_equal(cases(&n), 0); /* nor a Task of the patient */
    put_coded(&n, 1, 4, 190, systolic);
    follow(&n, 0);
    assert_int_equal(cases(&n), 1); /* to measure again */
    put_coded(&n, 2, 4, 190, systolic);
    put_coded(&n, 2, 2, 191, systolic);
    follow(&n, 0);
    assert_int_equal(cases(&n), 2);
    assert_int_equal(n.at[0]->stats.cases_opened, 1);
    end(&n);
}

/* R433 */
static void one_reading_beyond_two_limits_of_a_rule_is_asked_about_once(void **state)
{
    (void)state;
    struct nodes n;
    begin(&n);
    follow(&n, 0);
    test_record_put(
        &n.op, n.rec,
        arena_printf(
            n.op.arena,
            "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
            "\"system\":\"http://loinc.org\",\"code\":\"85354-9\"}]},\"subject\":{"
            "\"reference\":\"Patient/p0\"},\"effectiveDateTime\":\"%.*s\",\"component\":["
            "{\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"8480-6\"}]},"
            "\"valueQuantity\":{\"value\":190,\"unit\":\"mm[Hg]\"}},"
            "{\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"8462-4\"}]},"
            "\"valueQuantity\":{\"value\":125,\"unit\":\"mm[Hg]\"}}]}",
            STR_ARG(time_format(n.op.arena, n.op.now - MS_MINUTE))));
    follow(&n, 0);
    assert_int_equal(cases(&n), 1); /* the patient's Task */
    assert_int_equal(n.at[0]->stats.cases_opened, 0);
    end(&n);
}

/* R434: a pressure that a nurse takes at a visit is a case at once; nobody at home is asked. */
static void what_was_charted_at_a_visit_is_not_measured_again(void **state)
{
    static const char *const by[] = {"\"performer\":[{\"reference\":\"Practitioner/d0\"}]",
                                     "\"encounter\":{\"reference\":\"Encounter/e0\"}"};
    (void)state;
    struct nodes n;
    begin(&n);
    follow(&n, 0);
    test_record_put(&n.op, n.rec, STR("{\"resourceType\":\"Practitioner\",\"id\":\"d0\"}"));
    test_record_put(
        &n.op, n.rec,
        STR("{\"resourceType\":\"Encounter\",\"id\":\"e0\",\"status\":\"in-progress\","
            "\"class\":{\"code\":\"AMB\"},\"subject\":{\"reference\":\"Patient/p1\"}}"));
    for (size_t i = 0; i < 2; i++) {
        test_record_put(
            &n.op, n.rec,
            arena_printf(n.op.arena,
                         "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{"
                         "\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"8480-6\"}]},"
                         "\"subject\":{\"reference\":\"Patient/p%zu\"},\"effectiveDateTime\":"
                         "\"%.*s\",\"valueQuantity\":{\"value\":190,\"unit\":\"mm[Hg]\"},%s}",
                         i, STR_ARG(time_format(n.op.arena, n.op.now - MS_MINUTE)), by[i]));
        follow(&n, 0);
        assert_int_equal(n.at[0]->stats.cases_opened, i + 1);
        assert_int_equal(cases(&n), i + 1); /* and no Task of the patient */
    }
    end(&n);
}

static struct json *only_case(struct nodes *n, struct record_doc *ret)
{
    struct record_page page;
    struct json *task;
    assert_int_equal(
        record_find(&n->op, n->rec, fhir_type_parse(STR("Task")), STR("_count=50"), &page), OK);
    assert_int_equal(page.n, 1);
    assert_int_equal(
        record_read(&n->op, n->rec, fhir_type_parse(STR("Task")), page.docs[0].id, ret), OK);
    assert_int_equal(record_parse(&n->op, ret, &task), OK);
    return task;
}

static str case_field(struct nodes *n, const char *name)
{
    struct record_doc doc;
    return json_get_str(only_case(n, &doc), str_of(name));
}

static void put_aside(struct nodes *n, str id)
{
    struct record_result res;
    assert_int_equal(desk_snooze(&n->op, n->rec, id, n->op.now + 90 * MS_MINUTE, &res), OK);
}

static void is_back(struct nodes *n, str words)
{
    str why = case_field(n, "description");
    assert_true(str_eq(case_field(n, "status"), STR("requested")));
    assert_true(str_find(why, STR("Back before its snooze ended"), 0) < why.n);
    assert_true(str_find(why, words, 0) < why.n);
}

/* Issue 6: snooze until a time or a worse value. */
static void a_snoozed_case_is_back_with_a_worse_value(void **state)
{
    static const char *const systolic[2] = {"8480-6", "mm[Hg]"};
    static const char *const heart_rate[2] = {"8867-4", "/min"};
    struct record_doc doc;
    struct nodes n;
    (void)state;
    begin(&n);
    follow(&n, 0);
    put_coded(&n, 0, 40, 190, systolic);
    put_coded(&n, 0, 38, 192, systolic);
    follow(&n, 0);
    only_case(&n, &doc);
    put_aside(&n, doc.id);
    str level = case_field(&n, "priority");
    put_coded(&n, 0, 35, 195, systolic); /* late, and within what is noise, as those after it */
    put_coded(&n, 0, -1, 200, systolic);
    put_coded(&n, 0, -1, 70, heart_rate); /* in range */
    follow(&n, 0);
    assert_true(str_eq(case_field(&n, "status"), STR("on-hold")));
    put_coded(&n, 0, 36, 215, systolic); /* late, and nobody knew */
    follow(&n, 0);
    is_back(&n, STR("(195 mmHg then, 215 now)"));
    only_case(&n, &doc);
    put_aside(&n, doc.id);
    put_coded(&n, 0, -2, 220, systolic);
    follow(&n, 0);
    assert_true(str_eq(case_field(&n, "status"), STR("on-hold")));
    put_coded(&n, 0, -3, 231, systolic); /* the same rule joined a minute ago */
    follow(&n, 0);
    is_back(&n, STR("(215 mmHg then, 231 now)"));
    assert_true(str_eq(case_field(&n, "priority"), level));
    assert_null(JSON_GET(only_case(&n, &doc), "restriction"));
    end(&n);
}

/* Two rules at once: the case opens on what its first sentence speaks of, though the other reading
 * is newer; what joins later and is less changes nothing of it. */
static void a_case_is_about_its_gravest_finding(void **state)
{
    static const char *const systolic[2] = {"8480-6", "mm[Hg]"};
    static const char *const oxygen[2] = {"59408-5", "%"};
    struct record_doc doc;
    struct nodes n;
    (void)state;
    begin(&n);
    follow(&n, 0);
    put_coded(&n, 0, 9, 86, oxygen);
    put_coded(&n, 0, 8, 85, oxygen);
    put_coded(&n, 0, 7, 190, systolic);
    put_coded(&n, 0, 6, 192, systolic);
    follow(&n, 0);
    for (int i = 0; i < 2; i++) {
        struct json *task = only_case(&n, &doc), *reading;
        str about = fhir_ref_parse(json_str(json_path(task, "focus.reference"))).id;
        assert_true(JSON_GET(task, "input")->n > 1);
        assert_int_equal(
            record_read(&n.op, n.rec, fhir_type_parse(STR("Observation")), about, &doc), OK);
        assert_int_equal(record_parse(&n.op, &doc, &reading), OK);
        assert_true(str_eq(json_str(json_path(reading, "code.coding.0.code")), STR("59408-5")));
        n.op.now += 30 * MS_MINUTE;
        put_coded(&n, 0, 1, 194, systolic);
        follow(&n, 0);
    }
    end(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_is_about_its_gravest_finding),
        cmocka_unit_test(a_lost_race_forgets_no_track),
        cmocka_unit_test(days_are_those_of_the_address),
        cmocka_unit_test(another_node_followed),
        cmocka_unit_test(a_normal_reading_that_came_with_it_asks_nobody),
        cmocka_unit_test(one_reading_beyond_two_limits_of_a_rule_is_asked_about_once),
        cmocka_unit_test(a_snoozed_case_is_back_with_a_worse_value),
        cmocka_unit_test(what_was_charted_at_a_visit_is_not_measured_again)};
    return cmocka_run_group_tests_name("monitor.follow", tests, NULL, NULL);
}
