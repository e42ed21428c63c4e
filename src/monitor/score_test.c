/* NEWS2 by its parts: never whole when something is missing, of the last twelve hours alone, on the
 * scale that a clinician's limit asks for. */
#include "monitor/fixture_int.h"

static void begin(struct house *h)
{
    house_begin(h, (const char *const[]){"p", NULL});
}

static void sent(struct house *h, const char *code, int64_t minutes_ago, const char *value)
{
    str at = time_format(h->op.arena, h->op.now - minutes_ago * MS_MINUTE);
    house_put(h, arena_printf(h->op.arena,
                              "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{"
                              "\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"%s\"}]},"
                              "\"subject\":{\"reference\":\"Patient/p\"},\"effectiveDateTime\":"
                              "\"%.*s\",%s}",
                              code, STR_ARG(at), value)
                     .p);
}

static void measure(struct house *h, const char *code, int64_t minutes_ago, double v,
                    const char *unit)
{
    sent(h, code, minutes_ago,
         arena_printf(h->op.arena,
                      "\"valueQuantity\":{\"value\":%.1f,\"unit\":\"%s\",\"system\":"
                      "\"http://unitsofmeasure.org\",\"code\":\"%s\"}",
                      v, unit, unit)
             .p);
}

static void plan(struct house *h, const char *goal)
{
    house_put(h, arena_printf(h->op.arena,
                              "{\"resourceType\":\"CarePlan\",\"id\":\"plan\",\"status\":"
                              "\"active\",\"intent\":\"plan\",\"author\":{\"reference\":"
                              "\"Practitioner/x\"},\"subject\":{\"reference\":\"Patient/p\"},%s"
                              "\"instantiatesCanonical\":[\"https://weft.health/fhir/"
                              "PlanDefinition/acute-at-home\"]}",
                              goal)
                     .p);
}

static struct json *score(struct house *h)
{
    struct json *o = NULL;
    op_clear(&h->op);
    assert_int_equal(monitor_news2(&h->op, h->m, STR("p"), &o), OK);
    assert_int_equal(JSON_GET(o, "parts")->n, NEWS2_PARTS);
    return o;
}

static bool said(const struct json *o, const char *name)
{
    return json_bool(json_get(o, str_of(name)), false);
}

static void a_partial_score_says_so(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    house_put(&h, "{\"resourceType\":\"Practitioner\",\"id\":\"x\"}");
    assert_false(said(score(&h), "asked"));
    assert_null(JSON_GET(score(&h), "total"));
    plan(&h, "");
    measure(&h, "9279-1", 10, 22, "/min");     /* 2 */
    measure(&h, "8867-4", 10, 96, "/min");     /* 1 */
    measure(&h, "8480-6", 10, 142, "mm[Hg]");  /* 0 */
    measure(&h, "8310-5", 13 * 60, 40, "Cel"); /* too old */
    measure(&h, "59408-5", 10, 93, "%");       /* 2 */
    struct json *o = score(&h);
    assert_true(said(o, "asked"));
    assert_false(said(o, "whole"));
    assert_int_equal(house_int(o, "measured"), 4);
    assert_int_equal(house_int(o, "total"), 5);
    assert_int_equal(house_int(o, "parts.0.points"), 2);
    assert_null(json_path(o, "parts.6.value"));
    measure(&h, "8310-5", 5, 37.5, "Cel");
    measure(&h, "3151-8", 5, 0, "L/min");
    sent(&h, "67775-7", 5,
         "\"valueCodeableConcept\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
         "\"LA9340-6\"}]}");
    o = score(&h);
    assert_true(said(o, "whole"));
    assert_int_equal(house_int(o, "total"), 5);
    assert_true(str_eq(json_get_str(o, STR("risk")), STR("medium")));
    house_end(&h);
}

static void the_scale_is_that_of_the_plan(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    house_put(&h, "{\"resourceType\":\"Practitioner\",\"id\":\"x\"}");
    measure(&h, "59408-5", 10, 89, "%");
    plan(&h, "");
    struct json *o = score(&h);
    assert_int_equal(house_int(o, "scale"), 1);
    assert_int_equal(house_int(o, "parts.1.points"), 3);
    assert_true(said(o, "red"));
    plan(&h, "\"contained\":[{\"resourceType\":\"Goal\",\"id\":\"g\",\"lifecycleStatus\":"
             "\"active\",\"description\":{\"text\":\"own\"},\"subject\":{\"reference\":"
             "\"Patient/p\"},\"target\":[{\"measure\":{\"coding\":[{\"system\":"
             "\"http://loinc.org\",\"code\":\"59408-5\"}]},\"detailRange\":{\"low\":{\"value\":88,"
             "\"unit\":\"%\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"%\"}}}]}],"
             "\"goal\":[{\"reference\":\"#g\"}],");
    o = score(&h);
    assert_int_equal(house_int(o, "scale"), 2);
    assert_int_equal(house_int(o, "parts.1.points"), 0);
    house_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_partial_score_says_so),
                                       cmocka_unit_test(the_scale_is_that_of_the_plan)};
    return cmocka_run_group_tests_name("monitor.score", tests, NULL, NULL);
}
