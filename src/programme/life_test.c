/* An enrolment from criteria to its end, in a record of its own: who fits, what is asked before the
 * start, days with data in the patient's own zone, and a month that names what it counted. */
#include "programme/programme_int.h"
#include "record/test.h"
#include "survey/survey.h"

#include <math.h>

#define NOW                                                                                        \
    1772730000000LL /* 2026-03-05T17:00:00Z: 11:00 in Chicago, 3 days before summer time           \
                     */

struct house {
    char dir[TEST_FOLDER_MAX];
    struct record *rec;
    struct op op;
    struct actor system, nurse;
    struct programmes p;
    str patient, device, doctor;
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

static int open_house(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    h->system = (struct actor){
        .role = ROLE_SYSTEM, .purpose = PURPOSE_TREAT, .user = STR("system"), .strong = true};
    h->rec = test_record(&h->op, h->dir, &h->system, NOW);
    h->p = (struct programmes){.rec = h->rec, .zone = STR("UTC")};
    h->doctor = made(h, "{\"resourceType\":\"Practitioner\",\"name\":[{\"family\":\"Roe\"}]}");
    h->patient = made(
        h,
        "{\"resourceType\":\"Patient\",\"birthDate\":\"1950-03-02\",\"name\":[{\"family\":\"Elm\"}]"
        ",\"generalPractitioner\":[{\"reference\":\"Practitioner/%.*s\"}],\"address\":[{"
        "\"extension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/timezone\","
        "\"valueCode\":\"America/Chicago\"}]}]}",
        STR_ARG(h->doctor));
    h->device =
        made(h, "{\"resourceType\":\"Device\",\"patient\":{\"reference\":\"Patient/%.*s\"}}",
             STR_ARG(h->patient));
    h->nurse = h->system;
    h->nurse.role = ROLE_NURSE;
    h->nurse.reference = arena_printf(h->op.arena, "Practitioner/%.*s", STR_ARG(h->doctor));
    *state = h;
    return 0;
}

static int close_house(void **state)
{
    struct house *h = *state;
    test_record_done(&h->op, h->dir, h->rec);
    free(h);
    return 0;
}

static void failure(struct house *h, int line)
{
    for (size_t i = 0; i < h->op.fault.n; i++)
        print_error("line %d: %.*s: %.*s\n", line, STR_ARG(h->op.fault.issues[i].expression),
                    STR_ARG(h->op.fault.issues[i].message));
}
#define ok(h, e)                                                                                   \
    do {                                                                                           \
        err ok_e_ = (e);                                                                           \
        failure((h), __LINE__);                                                                    \
        assert_int_equal(ok_e_, OK);                                                               \
    } while (0)
#define refused(h, want, e)                                                                        \
    do {                                                                                           \
        assert_int_equal((e), (want));                                                             \
        op_clear(&(h)->op);                                                                        \
    } while (0)

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

static int64_t number_of(const struct json *o, const char *name)
{
    int64_t v = -1;
    assert_true(json_i64(json_get(o, str_of(name)), &v));
    return v;
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
static str person(struct house *h, const char *died)
{
    str id = made(h, "{\"resourceType\":\"Patient\"%s}", died);
    made(h,
         "{\"resourceType\":\"Condition\",\"clinicalStatus\":{\"coding\":[{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/condition-clinical\",\"code\":\"active\"}]},"
         "\"code\":{\"coding\":[{\"system\":\"http://snomed.info/sct\",\"code\":\"84114007\"}]},"
         "\"subject\":{\"reference\":\"Patient/%.*s\"}}",
         STR_ARG(id));
    return id;
}

/* at, days: from the start, which is NOW. */
static void stay(struct house *h, str who, const char *class, double at, double days)
{
    int64_t from = NOW + (int64_t)(at * (double)DAY_MS);
    made(h,
         "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"%s\"},\"subject\":{"
         "\"reference\":\"Patient/%.*s\"},\"period\":{\"start\":\"%.*s\",\"end\":\"%.*s\"}}",
         class, STR_ARG(who), STR_ARG(time_format(h->op.arena, from)),
         STR_ARG(time_format(h->op.arena, from + (int64_t)(days * (double)DAY_MS))));
}

static void in_programme(struct house *h, str who, int64_t start)
{
    str at = time_format(h->op.arena, start);
    made(h,
         "{\"resourceType\":\"EpisodeOfCare\",\"status\":\"active\",\"statusHistory\":[{\"status\":"
         "\"active\",\"period\":{\"start\":\"%.*s\"}}],\"type\":[{\"coding\":[{\"system\":"
         "\"https://weft.health/fhir/programme\",\"code\":\"heart-failure\"}]}],\"patient\":{"
         "\"reference\":\"Patient/%.*s\"},\"period\":{\"start\":\"%.*s\"}}",
         STR_ARG(at), STR_ARG(who), STR_ARG(at));
}

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

static double figure(const struct json *o, const char *path)
{
    double v = -99;
    assert_true(json_double(json_path(o, path), &v));
    return v;
}

/* Three in it, each with two emergency visits before and one after; compared: as ill before, one
 * unchanged with a death, two with one less. By hand: -1 - (-2/3). */
static void outcomes(void **state)
{
    struct house *h = *state;
    struct json *o;
    for (int i = 0; i < 3; i++) {
        str in = person(h, "");
        in_programme(h, in, NOW);
        stay(h, in, "EMER", -40, 0.2);
        stay(h, in, "EMER", -10, 0.2);
        stay(h, in, "EMER", 30, 0.2);
        stay(h, in, "EMER", 91, 0.2); /* after the 90 days */
        stay(h, in, "IMP", 40, 4);
        stay(h, in, "IMP", 60, 2); /* again within 30 days */
        str out = person(h, i ? "" : ",\"deceasedDateTime\":\"2026-04-01\"");
        stay(h, out, "EMER", -50, 0.2);
        stay(h, out, "EMER", -20, 0.2);
        stay(h, out, "EMER", 20, 0.2);
        if (i == 0)
            stay(h, out, "EMER", 50, 0.2);
        person(h, ""); /* not ill at all: not compared */
    }
    in_programme(h, person(h, ""), NOW + 60 * DAY_MS);
    h->op.actor = &h->nurse;
    h->op.now = NOW + 100 * DAY_MS;
    refused(h, ERR_NOT_FOUND, programme_outcomes(&h->op, &h->p, STR("none"), &o));
    ok(h, programme_outcomes(&h->op, &h->p, STR("heart-failure"), &o));
    assert_int_equal(number_of(o, "n"), 3);
    assert_int_equal(number_of(o, "compared"), 3);
    assert_int_equal(number_of(o, "recent"), 1);
    const struct json *ed = json_at(JSON_GET(o, "measures"), 0);
    assert_true(fabs(figure(ed, "programme.before") - 2) < 1e-3);
    assert_true(fabs(figure(ed, "programme.after") - 1) < 1e-3);
    assert_true(fabs(figure(ed, "compared.before") - 2) < 1e-3);
    assert_true(fabs(figure(ed, "effect.value") + 1.0 / 3) < 1e-3);
    assert_true(figure(ed, "effect.low") < -1 && figure(ed, "effect.high") > 1);
    const struct json *days = json_at(JSON_GET(o, "measures"), 2);
    assert_true(fabs(figure(days, "programme.after") - 6) < 1e-3);
    assert_true(fabs(figure(json_at(JSON_GET(o, "measures"), 3), "programme.after") - 1) < 1e-3);
    assert_int_equal(number_of(JSON_GET(o, "deaths"), "compared"), 1);
    struct actor outreach = h->nurse;
    outreach.role = ROLE_OUTREACH;
    h->op.actor = &outreach;
    refused(h, ERR_FORBIDDEN, programme_outcomes(&h->op, &h->p, STR("heart-failure"), &o));
    refused(h, ERR_FORBIDDEN, programme_bill(&h->op, &h->p, 2026, 3, &o));
}

/* Eight of the twelve questions with one answer, from 1 to 5. */
static void kccq(struct house *h, str who, double at, int each)
{
    static const char *const links[] = {"1a", "1b", "1c", "6", "7", "8a", "8b", "8c"};
    struct buf b;
    buf_init(&b, h->op.arena, 4000);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        buf_printf(&b, "%s{\"linkId\":\"%s\",\"answer\":[{\"valueCoding\":{\"code\":\"%d\"}}]}",
                   i ? "," : "", links[i], each);
    int64_t ms = NOW + (int64_t)(at * (double)DAY_MS);
    made(h,
         "{\"resourceType\":\"QuestionnaireResponse\",\"status\":\"completed\",\"questionnaire\":"
         "\"" SURVEY_URL "kccq-12|1\",\"subject\":{\"reference\":"
         "\"Patient/%.*s\"},\"authored\":\"%.*s\",\"item\":[%.*s]}",
         STR_ARG(who), STR_ARG(time_format(h->op.arena, ms)), STR_ARG(buf_str(&b)));
}

/* A score of the first days is the one before; nobody's one answer is before and after. */
static void r363_a_score_stands_on_one_side(void **state)
{
    struct house *h = *state;
    struct json *o;
    str one = person(h, ""), both = person(h, "");
    in_programme(h, one, NOW);
    in_programme(h, both, NOW);
    kccq(h, one, 3, 2);
    kccq(h, both, 3, 2);
    kccq(h, both, 95, 4);
    h->op.actor = &h->nurse;
    h->op.now = NOW + 110 * DAY_MS;
    ok(h, programme_outcomes(&h->op, &h->p, STR("heart-failure"), &o));
    const struct json *scores = json_at(JSON_GET(o, "measures"), 4);
    assert_true(str_eq(json_get_str(scores, STR("code")), STR("kccq")));
    assert_int_equal(number_of(JSON_GET(scores, "programme"), "n"), 1);
    assert_true(figure(scores, "programme.after") > figure(scores, "programme.before") + 20);
}

static void cost(struct house *h, str who, int value)
{
    made(h,
         "{\"resourceType\":\"Claim\",\"status\":\"active\",\"use\":\"claim\",\"type\":{\"text\":"
         "\"professional\"},\"priority\":{\"text\":\"normal\"},\"created\":\"2026-04-05\","
         "\"provider\":{\"reference\":\"Practitioner/%.*s\"},\"patient\":{\"reference\":"
         "\"Patient/%.*s\"},\"insurance\":[{\"sequence\":1,\"focal\":true,\"coverage\":{"
         "\"display\":\"x\"}}],\"total\":{\"value\":%d}}",
         STR_ARG(h->doctor), STR_ARG(who), value);
}

/* The twelfth person's cost is not the difference of two reports. */
static void r364_one_more_tells_no_cost(void **state)
{
    struct house *h = *state;
    struct json *o;
    for (int i = 0; i < 12; i++) {
        str in = person(h, "");
        in_programme(h, in, NOW + i * 60000);
        cost(h, in, i == 11 ? 90000 : 100);
        cost(h, person(h, ""), 100);
    }
    h->op.actor = &h->nurse;
    h->op.now = NOW + 100 * DAY_MS;
    ok(h, programme_outcomes(&h->op, &h->p, STR("heart-failure"), &o));
    assert_int_equal(number_of(o, "n"), 12);
    const struct json *costs = json_at(JSON_GET(o, "measures"), 5);
    assert_int_equal(number_of(JSON_GET(costs, "programme"), "n"), 11);
    assert_true(fabs(figure(costs, "programme.after") - 100) < 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_fits, open_house, close_house),
        cmocka_unit_test_setup_teardown(before_the_start, open_house, close_house),
        cmocka_unit_test_setup_teardown(sixty_days, open_house, close_house),
        cmocka_unit_test_setup_teardown(days_of_their_own_calendar, open_house, close_house),
        cmocka_unit_test_setup_teardown(a_month_names_what_it_counts, open_house, close_house),
        cmocka_unit_test_setup_teardown(outcomes, open_house, close_house),
        cmocka_unit_test_setup_teardown(r360_an_episode_without_a_period_ends, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(r361_one_left_out_ends_no_report, open_house, close_house),
        cmocka_unit_test_setup_teardown(r362_periods_run_on_for_years, open_house, close_house),
        cmocka_unit_test_setup_teardown(r363_a_score_stands_on_one_side, open_house, close_house),
        cmocka_unit_test_setup_teardown(r364_one_more_tells_no_cost, open_house, close_house),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
