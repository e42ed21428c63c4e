/* What came of a programme, reckoned by hand: visits, scores and cost before and after, beside
 * those who were not in it. */
#include "programme/fixture_int.h"

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

/* All twelve questions; physical: answer of 2a (1 to 3), mental: of 6b (1 to 6). */
static void vr_12(struct house *h, str who, double at, const char *status, const int each[2])
{
    static const char *const links[] = {"1",  "2a", "2b", "3a", "3b", "4a",
                                        "4b", "5",  "6a", "6b", "6c", "7"};
    struct buf b;
    buf_init(&b, h->op.arena, 4000);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        buf_printf(&b, "%s{\"linkId\":\"%s\",\"answer\":[{\"valueCoding\":{\"code\":\"%d\"}}]}",
                   i ? "," : "", links[i],
                   i == 1   ? each[0]
                   : i == 9 ? each[1]
                            : 1);
    made(h,
         "{\"resourceType\":\"QuestionnaireResponse\",\"status\":\"%s\",\"questionnaire\":"
         "\"" SURVEY_URL "vr-12|1\",\"subject\":{\"reference\":"
         "\"Patient/%.*s\"},\"authored\":\"%.*s\",\"item\":[%.*s]}",
         status, STR_ARG(who),
         STR_ARG(time_format(h->op.arena, NOW + (int64_t)(at * (double)DAY_MS))),
         STR_ARG(buf_str(&b)));
}

/* A table as the survey room keeps it: 10 and 5 a step of 2a; 20 and 4 a step of 6b. */
static void table(struct house *h)
{
    static const char rest[] = "\"1\":0,\"2b\":0,\"3a\":0,\"3b\":0,\"4a\":0,\"4b\":0,\"5\":0,"
                               "\"6a\":0,\"6c\":0,\"7\":0";
    struct record_tx *tx = record_begin(&h->op, h->rec);
    record_tx_kv(tx, STR("survey/weights/vr-12"), STR("t1"));
    record_tx_kv(tx, STR("survey/weights/vr-12/t1"),
                 arena_printf(h->op.arena,
                              "{\"version\":\"t1\",\"scores\":{\"physical\":{\"intercept\":10,"
                              "\"items\":{\"2a\":{\"1\":0,\"2\":5,\"3\":10},\"6b\":0,%s}},"
                              "\"mental\":{\"intercept\":20,\"items\":{\"2a\":0,\"6b\":{\"1\":20,"
                              "\"2\":16,\"3\":12,\"4\":8,\"5\":4,\"6\":0},%s}}}}",
                              rest, rest));
    ok(h, record_commit(tx));
}

static const struct json *measure(const struct json *o, const char *code)
{
    const struct json *m, *all = JSON_GET(o, "measures");
    for (size_t i = 0; (m = json_at(all, i)); i++)
        if (str_eq(json_get_str(m, STR("code")), str_of(code)))
            return m;
    fail_msg("no measure %s", code);
    return NULL;
}

/* Three in it: 15 -> 20, 10 -> 20, 15 -> 15 (a mean of +5); 24 -> 32 each. Three compared,
 * unchanged. What was entered in error counts nothing. By hand: t(2) = 4.3027, sd 5: 5 -+ 4.3027 x
 * 5 / sqrt 3. */
static void vr_12_beside_them(void **state)
{
    static const int before[3][2] = {{2, 5}, {1, 5}, {2, 5}},
                     after[3][2] = {{3, 3}, {3, 3}, {2, 3}};
    struct house *h = *state;
    struct json *o;
    for (int i = 0; i < 3; i++) {
        str in = person(h, ""), out = person(h, "");
        in_programme(h, in, NOW);
        vr_12(h, in, -20, "completed", before[i]);
        vr_12(h, in, 80, "amended", after[i]);
        vr_12(h, in, 85, "entered-in-error", before[1]);
        vr_12(h, out, -20, "completed", before[0]);
        vr_12(h, out, 80, "completed", before[0]);
    }
    for (int with = 0; with < 2; with++) {
        h->op.actor = &h->system;
        h->op.now = NOW;
        if (with)
            table(h);
        h->op.actor = &h->nurse;
        h->op.now = NOW + 110 * DAY_MS;
        ok(h, programme_outcomes(&h->op, &h->p, STR("heart-failure"), &o));
        const struct json *physical = measure(o, "vr12-physical"), *t = json_path(o, "tables.0");
        assert_true(str_eq(json_get_str(t, STR("version")), with ? STR("t1") : STR_NONE));
        assert_int_equal(number_of(t, "answers"), 12);
        assert_int_equal(number_of(JSON_GET(physical, "programme"), "n"), with ? 3 : 0);
        if (!with)
            continue;
        assert_int_equal(number_of(JSON_GET(physical, "compared"), "n"), 3);
        assert_true(fabs(figure(physical, "programme.before") - 40.0 / 3) < 1e-3);
        assert_true(fabs(figure(physical, "programme.after") - 55.0 / 3) < 1e-3);
        assert_true(fabs(figure(physical, "programme.change.low") - (5 - 12.4208)) < 1e-2);
        assert_true(fabs(figure(physical, "compared.change.value")) < 1e-9);
        assert_true(fabs(figure(physical, "effect.value") - 5) < 1e-3);
        const struct json *mental = measure(o, "vr12-mental");
        assert_true(fabs(figure(mental, "programme.before") - 24) < 1e-3);
        assert_true(fabs(figure(mental, "programme.after") - 32) < 1e-3);
    }
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
    const struct json *costs = measure(o, "cost");
    assert_int_equal(number_of(JSON_GET(costs, "programme"), "n"), 11);
    assert_true(fabs(figure(costs, "programme.after") - 100) < 1e-3);
}
int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        T(outcomes),
        T(r363_a_score_stands_on_one_side),
        T(vr_12_beside_them),
        T(r364_one_more_tells_no_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
