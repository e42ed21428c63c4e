/* How rules do, over real cases: flagged from twenty closed cases on when fewer than one in five
 * were acted on; unexplained ones count a year of those in a programme. */
#include "monitor/fixture_int.h"

static void begin(struct house *h)
{
    house_begin(h, (const char *const[]){"in", "out", NULL});
}

static str days_ago(struct house *h, int64_t n)
{
    return time_format(h->op.arena, h->op.now - n * 24 * MS_HOUR);
}

static void cases(struct house *h, int n, const char *patient, const char *status,
                  const char *outcome)
{
    for (int i = 0; i < n; i++)
        test_record_put(
            &h->op, h->rec,
            arena_printf(h->op.arena,
                         "{\"resourceType\":\"Task\",\"status\":\"%s\",\"intent\":\"order\","
                         "\"code\":{\"coding\":[{\"system\":\"" DESK_SYSTEM_CODE
                         "\",\"code\":\"case\"}]},\"for\":{\"reference\":\"Patient/%s\"},"
                         "\"authoredOn\":\"%.*s\",\"reasonCode\":{\"text\":\"TEMP-HIGH\"},"
                         "\"output\":[{\"type\":{\"text\":\"outcome\"},\"valueCodeableConcept\":"
                         "{\"coding\":[{\"code\":\"%s\"}]}}]}",
                         status, patient, STR_ARG(days_ago(h, 10)), outcome));
}

static const struct json *hit(struct house *h)
{
    struct json *said = NULL;
    op_clear(&h->op);
    assert_int_equal(monitor_hits(&h->op, h->m, &said), OK);
    const struct json *rules = JSON_GET(said, "rules");
    for (size_t i = 0; i < rules->n; i++)
        if (str_eq(json_get_str(json_at(rules, i), STR("id")), STR("TEMP-HIGH")))
            return json_at(rules, i);
    fail_msg("no such rule");
    return NULL;
}

static bool flagged(struct house *h)
{
    return json_bool(JSON_GET(hit(h), "flagged"), false);
}

static void under_one_in_five_of_twenty_is_flagged(void **state)
{
    struct house h;
    (void)state;
    begin(&h);
    cases(&h, 16, "out", "completed", "false-alarm");
    cases(&h, 3, "out", "completed", "advice-given");
    cases(&h, 5, "out", "requested", "no-answer"); /* not yet known */
    assert_false(flagged(&h));                     /* 3 of 19: too few to say */
    cases(&h, 1, "out", "completed", "false-alarm");
    assert_true(flagged(&h)); /* 3 of 20 */
    const struct json *one = hit(&h);
    assert_true(house_number(one, "closed") == 20 && house_number(one, "open") == 5);
    assert_true(fabs(house_number(one, "rate") - 0.15) < 1e-9);
    cases(&h, 1, "out", "completed", "advice-given");
    assert_true(flagged(&h)); /* 4 of 21 */
    cases(&h, 1, "out", "completed", "visit-arranged");
    assert_false(flagged(&h)); /* 5 of 22 */
    house_end(&h);
}

static void unexplained_cases_are_those_of_people_in_a_programme(void **state)
{
    struct house h;
    (void)state;
    begin(&h);
    test_record_put(
        &h.op, h.rec,
        arena_printf(h.op.arena,
                     "{\"resourceType\":\"CarePlan\",\"status\":\"active\",\"intent\":\"plan\","
                     "\"subject\":{\"reference\":\"Patient/in\"},\"period\":{\"start\":\"%.*s\"},"
                     "\"instantiatesCanonical\":[\"https://weft.health/fhir/PlanDefinition/"
                     "heart-failure\"]}",
                     STR_ARG(days_ago(&h, 73)))); /* a fifth of a year */
    cases(&h, 2, "in", "completed", "false-alarm");
    cases(&h, 1, "in", "completed", "advice-given");
    cases(&h, 4, "out", "completed", "false-alarm");
    const struct json *one = hit(&h);
    assert_true(house_number(one, "unexplained") == 6);
    assert_true(fabs(house_number(one, "unexplainedYear") - 2 / (73 / 365.25)) < 0.02);
    house_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(under_one_in_five_of_twenty_is_flagged),
        cmocka_unit_test(unexplained_cases_are_those_of_people_in_a_programme),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
