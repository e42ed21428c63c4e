/* What came of a campaign, over a real record: effect and harm, and to whom in tens. The clock is
 * ours; the store's is not. */
#include "campaign/done_int.h"
#include "campaign/play_int.h"

/* Of 80 people one side was under 30 in one draw of fifty; of 120, in one of ten million. */
#define REPORTED 120

/* Of those who were written to one comes in, whose number is told, and 29 are given the shot. */
static unsigned come(struct play *p, const str *ids, unsigned *ret_first)
{
    unsigned n = 0;
    for (unsigned i = 0; i < REPORTED; i++) {
        if (str_empty(last_words(p, ids[i])))
            continue;
        if (n == 0) {
            arrives(p, ids[i]);
            *ret_first = i;
        }
        if (++n < 30)
            ground_make(
                p->g,
                "{\"resourceType\":\"Immunization\",\"status\":\"completed\",\"vaccineCode\":"
                "{\"coding\":[{\"system\":\"http://hl7.org/fhir/sid/cvx\",\"code\":"
                "\"150\"}]},\"patient\":{\"reference\":\"Patient/%.*s\"},"
                "\"occurrenceDateTime\":\"2026-11-25\"}",
                STR_ARG(ids[i]));
    }
    return n;
}

static void the_report_tells_effect_and_harm(void **state)
{
    struct play *p = *state;
    str ids[REPORTED];
    struct json *o, *exact;
    p->now = DISCHARGE - 28 * PLAN_DAY_MS; /* what is written from now on is later */
    set(p, "campaign.holdout", "50");
    for (unsigned i = 0; i < REPORTED; i++)
        ids[i] = patient(p, 400 + i, i % 8 ? "en" : "es");
    str id = put(p, "immunisation", group_of(p, ids, REPORTED));
    run_it(p, id);
    p->now += 24 * HOUR;
    for (int i = 0; i < 4; i++)
        settle(p);
    int64_t wrote = time_now();
    unsigned stopper = 0, n = come(p, ids, &stopper);
    says(p, 400 + stopper, "STOP");
    as(p, campaign_system());
    ok(p, people_start(&p->g->op, p->c->people));
    ok(p, people_wait(&p->g->op, p->c->people, record_now_t(p->g->rec)));
    as(p, &p->author);
    size_t before = arena_used(p->g->arena);
    ok(p, campaign_report(&p->g->op, p->c, id, &o));
    /* the outline's and the answer's; people take none (a report of 350,000 had no memory left) */
    assert_true(arena_used(p->g->arena) - before < 140 * 1024);
    as(p, campaign_system());
    ok(p, campaign_report(&p->g->op, p->c, id, &exact));
    p->now = wrote; /* by which the store dates what it keeps */
    as(p, &p->author);
    ok(p, campaign_report(&p->g->op, p->c, id, &o));
    assert_int_equal(number_of(o, "done"), 0); /* R549: a ten that turns today is told tomorrow */
    p->now = time_now() + 24 * HOUR;
    as(p, &p->author);
    ok(p, campaign_report(&p->g->op, p->c, id, &o));
    people_stop(p->c->people);
    assert_int_equal(number_of(o, "people") + number_of(o, "heldOut"), REPORTED);
    assert_int_equal(number_of(o, "contacted"), n);
    assert_int_equal(number_of(o, "optOuts"), 1);
    /* R537: who may not search for vaccines is told it in tens, who may, as it is */
    assert_int_equal(number_of(o, "done"), audience_figure(29));
    assert_int_equal(number_of(exact, "done"), 29); /* it ended for them: what it was for */
    double low = -1, difference = 0, wide = 1;
    const struct json *uplift = JSON_GET(exact, "uplift"), *tens = JSON_GET(o, "uplift");
    assert_true(json_double(JSON_GET(uplift, "low"), &low) && low > 0);
    assert_true(json_double(JSON_GET(uplift, "difference"), &difference) && difference > 0.2);
    assert_true(json_double(JSON_GET(tens, "low"), &wide) && wide < low);
    assert_null(JSON_GET(tens, "difference"));
    const struct json *ages = json_path(o, "by.age"), *group;
    for (size_t i = 0; (group = json_at(ages, i)); i++) /* in tens of the whole alone */
        assert_null(JSON_GET(group, "done"));
    assert_int_equal(number_of(json_at(json_path(exact, "by.age"), 0), "done"), 29);
    const struct json *by = json_path(o, "by.language"), *row;
    for (size_t i = 0; (row = json_at(by, i)); i++) /* a handful of Spanish speakers: not told, */
        assert_true(json_bool(JSON_GET(row, "few"), false)); /* nor the others, by the difference */
}

/* R541: an outcome asked of another type by way of people is not counted exactly to who may not
 * search that type. */
static void who_may_ask_is_asked_of_every_type(void **state)
{
    static const char *const barred[] = {
        "Immunization?vaccine-code=150",
        "Patient?_has:Immunization:patient:vaccine-code=150",
        "Patient?gender=female&_has:Immunization:patient:_has:Provenance:target:agent=Device/1",
        "Group?member:Patient._has:Immunization:patient:status=completed",
        "Patient?no-such-parameter=1",
        "NoSuchType?status=done"};
    struct play *p = *state;
    as(p, &p->author);
    assert_true(chip_may_ask(&p->g->op, p->c, STR("Patient?gender=female")));
    for (size_t i = 0; i < sizeof barred / sizeof barred[0]; i++)
        assert_false(chip_may_ask(&p->g->op, p->c, str_of(barred[i])));
    assert_int_equal(p->g->op.fault.n, 0);
    as(p, campaign_system());
    assert_true(chip_may_ask(&p->g->op, p->c, str_of(barred[1])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_report_tells_effect_and_harm, open_play, close_play),
        cmocka_unit_test_setup_teardown(who_may_ask_is_asked_of_every_type, open_play, close_play),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
