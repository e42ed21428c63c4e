/* An enrolment from criteria to its end, in a record of its own: who fits, what is asked before the
 * start, days with data in the patient's own zone, and a month that names what it counted. */
#include "programme/fixture_int.h"

static struct json *answers(struct house *h, const char *proof)
{
    struct json *o;
    str text = arena_printf(h->op.arena,
                            "{\"symptom\":\"yes\",\"%s\":\"yes\",\"scale\":\"no\",\"cognition\":"
                            "\"no\",\"connection\":\"no\",\"lvad\":\"no\"}",
                            proof);
    assert_int_equal(json_read(&h->op, text, &JSON_LIMITS_DEFAULT, &o), OK);
    return o;
}

static void reading(struct house *h, const char *at, bool by_device)
{
    str device = arena_printf(h->op.arena, ",\"device\":{\"reference\":\"Device/%.*s\"}",
                              STR_ARG(h->device));
    made(h,
         "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":"
         "\"http://loinc.org\",\"code\":\"29463-7\"}]},\"subject\":{\"reference\":\"Patient/%.*s\"}"
         ",\"effectiveDateTime\":\"%s\"%.*s}",
         STR_ARG(h->patient), at, STR_ARG(by_device ? device : STR_NONE));
}

static str enrolled(struct house *h)
{
    struct record_result r;
    made(h,
         "{\"resourceType\":\"Condition\",\"clinicalStatus\":{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/condition-clinical\",\"code\":\"active\"}]},"
         "\"code\":{\"coding\":[{\"system\":\"http://snomed.info/sct\",\"code\":\"84114007\"}]},"
         "\"subject\":{\"reference\":\"Patient/%.*s\"}}",
         STR_ARG(h->patient));
    h->op.actor = &h->nurse;
    ok(h, programme_enrol(&h->op, &h->p, h->patient, STR("heart-failure"), answers(h, "lvef"), &r));
    return r.id;
}

static err step(struct house *h, str episode, const char *code, const char *how)
{
    struct record_result r;
    struct programme_done d = {
        .step = str_of(code), .how = str_of(how), .by = h->nurse.reference, .note = STR_NONE};
    return programme_step(&h->op, &h->p, episode, &d, &r);
}

static err moved(struct house *h, str episode, const char *to, const char *why)
{
    struct record_result r;
    return programme_move(&h->op, &h->p, episode, str_of(to), str_of(why), &r);
}

static str begun(struct house *h)
{
    static const char *const steps[] = {"order", "kit", "weigh", "measure", "call"};
    str episode = enrolled(h);
    ok(h, step(h, episode, "consent", "verbal"));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        ok(h, step(h, episode, steps[i], ""));
    ok(h, moved(h, episode, "active", ""));
    return episode;
}

static const struct json *row_of(struct house *h)
{
    struct json *list;
    ok(h, programme_list(&h->op, &h->p, STR_NONE, STR_NONE, &list));
    assert_int_equal(list->n, 1);
    return json_at(list, 0);
}

/* ---- */
static void who_fits(void **state)
{
    struct house *h = *state;
    struct json *check;
    struct record_result r;
    h->op.actor = &h->nurse;
    refused(h, ERR_NOT_FOUND,
            programme_check(&h->op, &h->p, h->patient, STR("none"), NULL, &check));
    refused(h, ERR_UNPROCESSABLE,
            programme_enrol(&h->op, &h->p, h->patient, STR("heart-failure"), answers(h, "lvef"),
                            &r)); /* no diagnosis in the record */
    h->op.actor = &h->system;
    made(
        h,
        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":"
        "\"http://loinc.org\",\"code\":\"33762-6\"}]},\"subject\":{\"reference\":\"Patient/%.*s\"}"
        ",\"effectiveDateTime\":\"2026-02-20\",\"valueQuantity\":{\"value\":1000,\"unit\":\"pg/mL\""
        ",\"system\":\"http://unitsofmeasure.org\",\"code\":\"pg/mL\"}}",
        STR_ARG(h->patient));
    str episode = enrolled(h);
    ok(h, programme_check(&h->op, &h->p, h->patient, STR("heart-failure"), NULL, &check));
    assert_false(json_bool(JSON_GET(check, "fits"), true)); /* nobody was asked */
    const struct json *list = JSON_GET(check, "criteria"), *c;
    size_t found = 0;
    for (size_t i = 0; (c = json_at(list, i)); i++)
        found += str_eq(json_get_str(c, STR("from")), STR("record"));
    assert_int_equal(found, 4); /* age, diagnosis, NT-proBNP, doctor */
    refused(
        h, ERR_CONFLICT,
        programme_enrol(&h->op, &h->p, h->patient, STR("heart-failure"), answers(h, "lvef"), &r));
    ok(h, moved(h, episode, "cancelled", "moved away"));
    ok(h, programme_enrol(&h->op, &h->p, h->patient, STR("heart-failure"), answers(h, "lvef"), &r));
}

static void before_the_start(void **state)
{
    struct house *h = *state;
    str episode = enrolled(h);
    refused(h, ERR_UNPROCESSABLE, moved(h, episode, "active", ""));
    refused(h, ERR_INVALID, step(h, episode, "consent", "by nodding"));
    refused(h, ERR_INVALID, step(h, episode, "dance", ""));
    ok(h, step(h, episode, "consent", "written"));
    refused(h, ERR_CONFLICT, step(h, episode, "consent", "written"));
    ok(h, step(h, episode, "kit", ""));
    ok(h, step(h, episode, "weigh", ""));
    ok(h, step(h, episode, "measure", ""));
    refused(h, ERR_UNPROCESSABLE, moved(h, episode, "active", ""));
    ok(h, step(h, episode, "call", ""));
    ok(h, moved(h, episode, "active", ""));
    refused(h, ERR_CONFLICT, moved(h, episode, "active", ""));
}

static void sixty_days(void **state)
{
    struct house *h = *state;
    str episode = begun(h);
    refused(h, ERR_UNPROCESSABLE, moved(h, episode, "onhold", ""));
    refused(h, ERR_UNPROCESSABLE, moved(h, episode, "finished", ""));
    h->op.now = NOW + 10 * DAY_MS;
    ok(h, moved(h, episode, "onhold", "in hospital"));
    h->op.now = NOW + 15 * DAY_MS;
    ok(h, moved(h, episode, "active", ""));
    ok(h, moved(h, episode, "longer", ""));
    h->op.now = NOW + 60 * DAY_MS;
    const struct json *row = row_of(h);
    assert_int_equal(number_of(row, "enrolled"),
                     11 + 45); /* to the day it rested, from the day on */
    assert_true(str_starts(json_get_str(row, STR("due")), STR("2026-06-03"))); /* 90 days */
    ok(h, moved(h, episode, "finished", ""));
    refused(h, ERR_CONFLICT, moved(h, episode, "active", ""));
    refused(h, ERR_CONFLICT, step(h, episode, "kit", ""));
}

static void days_of_their_own_calendar(void **state)
{
    struct house *h = *state;
    begun(h);
    h->op.actor = &h->system;
    reading(h, "2026-03-06T05:30:00Z", true);      /* 5 March, 23:30 in Chicago */
    reading(h, "2026-03-06T05:30:00Z", true);      /* sent again */
    reading(h, "2026-03-08T06:30:00Z", true);      /* 8 March, 0:30: summer time begins at 2 */
    reading(h, "2026-03-09T04:30:00Z", true);      /* the same day, 23:30 by summer time */
    reading(h, "2026-03-09T23:30:00-05:00", true); /* the next */
    reading(h, "2026-03-07T12:00:00Z", false);     /* typed in */
    reading(h, "2026-03-01T12:00:00Z", true);      /* before the start */
    h->op.actor = &h->nurse;
    h->op.now = NOW + 10 * DAY_MS;
    const struct json *row = row_of(h);
    assert_int_equal(number_of(row, "enrolled"), 10);
    assert_int_equal(number_of(row, "withData"), 3);
    assert_true(str_eq(json_get_str(row, STR("last")), STR("2026-03-09")));
}

static err spend(struct house *h, const char *kind, int64_t from, int64_t minutes)
{
    struct record_result r;
    struct programme_spent s = {.patient = h->patient,
                                .kind = str_of(kind),
                                .note = STR("weight is up"),
                                .from = from,
                                .to = from + minutes * 60000};
    return programme_time(&h->op, &h->p, &s, &r);
}

static void a_month_names_what_it_counts(void **state)
{
    struct house *h = *state;
    struct json *o;
    begun(h);
    h->op.actor = &h->system;
    for (int d = 6; d <= 21; d++)
        reading(h, str_z(h->op.arena, arena_printf(h->op.arena, "2026-03-%02dT15:00:00Z", d)),
                true);
    h->op.actor = &h->nurse;
    h->op.now = NOW + 20 * DAY_MS;
    refused(h, ERR_UNPROCESSABLE, spend(h, "call", h->op.now, 5));
    refused(h, ERR_INVALID, spend(h, "walk", NOW, 5));
    ok(h, spend(h, "call", NOW + DAY_MS, 12));
    ok(h, spend(h, "review", NOW + 2 * DAY_MS, 9));
    h->op.now = NOW + 40 * DAY_MS;
    ok(h, programme_bill(&h->op, &h->p, 2026, 3, &o));
    const struct json *rows = JSON_GET(o, "rows");
    assert_int_equal(rows->n, 2); /* set-up, first 20 minutes; the 30 days end on 4 April */
    assert_true(str_eq(json_get_str(json_at(rows, 1), STR("code")), STR("99457")));
    assert_int_equal(number_of(json_at(rows, 1), "counted"), 21);
    assert_int_equal(JSON_GET(json_at(rows, 1), "lacks")->n, 0);
    assert_int_equal(JSON_GET(json_at(rows, 1), "times")->n, 2);
    assert_true(str_starts(json_get_str(json_at(rows, 0), STR("consent")), STR("Consent/")));
    ok(h, programme_bill(&h->op, &h->p, 2026, 4, &o));
    const struct json *row = json_at(JSON_GET(o, "rows"), 0);
    assert_true(str_eq(json_get_str(row, STR("code")), STR("99454")));
    assert_true(str_eq(json_get_str(row, STR("from")), STR("2026-03-06")));
    assert_int_equal(JSON_GET(row, "days")->n, 16);
    assert_true(str_starts(json_str(json_path(row, "days.0.readings.0")), STR("Observation/")));
    assert_int_equal(JSON_GET(json_at(JSON_GET(o, "without"), 0), "kinds")->n, 1); /* management */
    h->op.actor = &h->system;
    made(h,
         "{\"resourceType\":\"Claim\",\"status\":\"active\",\"use\":\"claim\",\"type\":{\"text\":"
         "\"professional\"},\"priority\":{\"text\":\"normal\"},\"created\":\"2026-04-05\","
         "\"provider\":{\"reference\":\"Practitioner/%.*s\"},\"patient\":{\"reference\":"
         "\"Patient/%.*s\"},\"insurance\":[{\"sequence\":1,\"focal\":true,\"coverage\":{"
         "\"display\":\"x\"}}],\"item\":[{\"sequence\":1,\"servicedDate\":\"2026-04-04\","
         "\"productOrService\":{\"coding\":[{\"code\":\"99454\"}]}}]}",
         STR_ARG(h->doctor), STR_ARG(h->patient));
    h->op.actor = &h->nurse;
    ok(h, programme_bill(&h->op, &h->p, 2026, 4, &o));
    assert_true(str_eq(json_str(json_path(o, "rows.0.lacks.0")), STR("claimed")));
}

/* The periods of somebody who stays for longer than a year run on from their first day. */
static void r362_periods_run_on_for_years(void **state)
{
    struct house *h = *state;
    struct json *o;
    begun(h);
    h->op.actor = &h->system;
    reading(h, "2026-03-06T15:00:00Z", true);
    for (int d = 1; d <= 16; d++)
        reading(h, str_z(h->op.arena, arena_printf(h->op.arena, "2027-06-%02dT15:00:00Z", d)),
                true);
    h->op.actor = &h->nurse;
    h->op.now = NOW + 500 * DAY_MS;
    ok(h, programme_bill(&h->op, &h->p, 2027, 6, &o)); /* 450 days from the first, then 30 */
    assert_true(str_eq(json_str(json_path(o, "rows.0.from")), STR("2027-05-30")));
    assert_true(str_eq(json_str(json_path(o, "rows.0.to")), STR("2027-06-28")));
}

/* ---- outcomes ---- */
/* An episode that names no period has one when it ends. */
static void r360_an_episode_without_a_period_ends(void **state)
{
    struct house *h = *state;
    struct record_doc doc;
    struct json *tree;
    str id =
        made(h,
             "{\"resourceType\":\"EpisodeOfCare\",\"status\":\"active\",\"type\":[{\"coding\":[{"
             "\"system\":\"" PROGRAMME_SYSTEM "\",\"code\":\"heart-failure\"}]}],\"patient\":{"
             "\"reference\":\"Patient/%.*s\"}}",
             STR_ARG(h->patient));
    made(h,
         "{\"resourceType\":\"CarePlan\",\"identifier\":[{\"system\":\"" PROGRAMME_EPISODE
         "\",\"value\":\"%.*s\"}],\"status\":\"active\",\"intent\":\"plan\",\"subject\":{"
         "\"reference\":\"Patient/%.*s\"}}",
         STR_ARG(id), STR_ARG(h->patient));
    h->op.actor = &h->nurse;
    ok(h, moved(h, id, "cancelled", "moved away"));
    ok(h, record_read(&h->op, h->rec, fhir_type_parse(STR("EpisodeOfCare")), id, &doc));
    ok(h, record_parse(&h->op, &doc, &tree));
    assert_true(json_str(json_path(tree, "period.end")).n > 0);
}

/* One who is gone, or whose episode is of a programme that is no row, ends nobody's report. */
static void r361_one_left_out_ends_no_report(void **state)
{
    struct house *h = *state;
    struct json *o;
    struct record_result r;
    begun(h);
    h->op.actor = &h->system;
    str gone = person(h, ""), out = person(h, "");
    in_programme(h, gone, NOW);
    in_programme(h, person(h, ""), NOW);
    made(h,
         "{\"resourceType\":\"EpisodeOfCare\",\"status\":\"active\",\"statusHistory\":[{\"status\":"
         "\"active\",\"period\":{\"start\":\"2026-03-01\"}}],\"type\":[{\"coding\":[{\"system\":"
         "\"" PROGRAMME_SYSTEM "\",\"code\":\"of-old\"}]}],\"patient\":{\"reference\":"
         "\"Patient/%.*s\"}}",
         STR_ARG(h->patient));
    ok(h, record_delete(&h->op, h->rec, fhir_type_parse(STR("Patient")), gone, STR_NONE, &r));
    ok(h, record_delete(&h->op, h->rec, fhir_type_parse(STR("Patient")), out, STR_NONE, &r));
    h->op.actor = &h->nurse;
    h->op.now = NOW + 100 * DAY_MS;
    ok(h, programme_list(&h->op, &h->p, STR_NONE, STR_NONE, &o));
    assert_int_equal(o->n, 2);
    ok(h, programme_bill(&h->op, &h->p, 2026, 4, &o));
    assert_int_equal(JSON_GET(o, "without")->n, 2);
    ok(h, programme_outcomes(&h->op, &h->p, STR("heart-failure"), &o));
    assert_int_equal(number_of(o, "n"), 2);
}
int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        T(who_fits),
        T(before_the_start),
        T(sixty_days),
        T(days_of_their_own_calendar),
        T(a_month_names_what_it_counts),
        T(r360_an_episode_without_a_period_ends),
        T(r361_one_left_out_ends_no_report),
        T(r362_periods_run_on_for_years),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
