/* The dry weight: a clinician's, of the plan before one that stands by itself; it comes and goes
 * with what says it. */
#include "monitor/fixture_int.h"

static void enrolled(struct house *h, const char *status)
{
    house_put(h, arena_printf(h->op.arena,
                              "{\"resourceType\":\"CarePlan\",\"id\":\"hf\",\"status\":\"%s\","
                              "\"intent\":\"plan\",\"subject\":{\"reference\":\"Patient/p\"},"
                              "\"instantiatesCanonical\":[\"https://weft.health/fhir/"
                              "PlanDefinition/heart-failure\"]}",
                              status)
                     .p);
}

static void begin(struct house *h)
{
    house_begin(h, (const char *const[]){"p", NULL});
    house_put(h, "{\"resourceType\":\"Practitioner\",\"id\":\"x\"}");
    enrolled(h, "active");
}

static double dry(struct house *h)
{
    uint64_t rid = 0;
    struct track *t = arena_alloc(h->op.arena, sizeof *t);
    house_follow(h);
    assert_int_equal(
        record_resolve(&h->op, h->rec, fhir_type_parse(STR("Patient")), STR("p"), &rid), OK);
    assert_true(track_read(track_cache_get(&h->m->cache, rid), t));
    return t->dry;
}

static void noted(struct house *h, const char *id, double kg, const char *performer,
                  const char *status)
{
    str at = time_format(h->op.arena, h->op.now - MS_HOUR);
    house_put(h, arena_printf(h->op.arena,
                              "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":"
                              "\"%s\",\"code\":{\"coding\":[{\"system\":\"" DRY_WEIGHT_SYSTEM
                              "\",\"code\":\"" DRY_WEIGHT_CODE "\"}]},\"subject\":{"
                              "\"reference\":\"Patient/p\"},\"performer\":[{\"reference\":"
                              "\"%s\"}],\"effectiveDateTime\":\"%.*s\",\"valueQuantity\":{"
                              "\"value\":%.1f,\"unit\":\"kg\",\"system\":"
                              "\"http://unitsofmeasure.org\",\"code\":\"kg\"}}",
                              id, status, performer, STR_ARG(at), kg)
                     .p);
}

static void plan(struct house *h, const char *status)
{
    house_put(
        h,
        arena_printf(
            h->op.arena,
            "{\"resourceType\":\"CarePlan\",\"id\":\"plan\",\"status\":\"%s\",\"intent\":\"plan\","
            "\"author\":{\"reference\":\"Practitioner/x\"},\"subject\":{\"reference\":"
            "\"Patient/p\"},\"contained\":[{\"resourceType\":\"Goal\",\"id\":\"g\","
            "\"lifecycleStatus\":\"active\",\"description\":{\"text\":\"dry\"},\"subject\":{"
            "\"reference\":\"Patient/p\"},\"target\":[{\"measure\":{\"coding\":[{\"system\":"
            "\"" DRY_WEIGHT_SYSTEM "\",\"code\":\"" DRY_WEIGHT_CODE "\"}]},\"detailQuantity\":{"
            "\"value\":172,\"unit\":\"lb\",\"system\":\"http://unitsofmeasure.org\",\"code\":"
            "\"[lb_av]\"}}]}],\"goal\":[{\"reference\":\"#g\"}]}",
            status)
            .p);
}

static void the_dry_weight_is_a_clinicians(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    noted(&h, "own", 70, "Patient/p", "final");
    assert_true(isnan(dry(&h)));
    noted(&h, "theirs", 80, "Practitioner/x", "final");
    assert_true(fabs(dry(&h) - 80) < 1e-9);
    noted(&h, "theirs", 81.5, "Practitioner/x", "amended");
    assert_true(fabs(dry(&h) - 81.5) < 1e-9);
    plan(&h, "active");
    assert_true(fabs(dry(&h) - 78.0179) < 1e-3);
    plan(&h, "completed");
    assert_true(fabs(dry(&h) - 81.5) < 1e-9);
    noted(&h, "theirs", 81.5, "Practitioner/x", "entered-in-error");
    assert_true(isnan(dry(&h)));
    noted(&h, "none", 8, "Practitioner/x", "final"); /* nobody weighs that */
    assert_true(isnan(dry(&h)));
    noted(&h, "theirs", 80, "Practitioner/x", "final");
    assert_true(fabs(dry(&h) - 80) < 1e-9);
    enrolled(&h, "completed"); /* no rule measures from it any more */
    assert_true(isnan(dry(&h)));
    enrolled(&h, "active");
    assert_true(fabs(dry(&h) - 80) < 1e-9);
    house_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_dry_weight_is_a_clinicians)};
    return cmocka_run_group_tests_name("monitor.plan", tests, NULL, NULL);
}
