/* Scoring tables: scores reckoned by hand from a table made for this test (no weight here is the
 * instrument's), what a table may not say, what is kept of it, and the Observations it makes. */
#include "survey/fixture_int.h"
#include "survey/weights.h"

#include <math.h>

#define NONE_OF "\"3a\":0,\"3b\":0,\"4b\":0,\"5\":0,\"6c\":0,\"7\":0"
static const char good[] =
    "{\"vr-12\":{\"version\":\"made-up.1\",\"source\":\"made for a test\",\"scores\":{"
    "\"physical\":{\"intercept\":10,\"items\":{\"1\":{\"1\":0,\"2\":-1,\"3\":-2,\"4\":-3,\"5\":-4."
    "5},"
    "\"2a\":0.2,\"2b\":0.1,\"4a\":0,\"6a\":0,\"6b\":0," NONE_OF "}},"
    "\"mental\":{\"intercept\":20,\"items\":{\"1\":0,\"2a\":0,\"2b\":0,\"4a\":0.05,\"6a\":0.15,"
    "\"6b\":{\"1\":6,\"2\":5,\"3\":3.25,\"4\":2,\"5\":1,\"6\":0}," NONE_OF "}}}}}";
#define BEST "1=1;2a=3;2b=3;3a=1;3b=1;4a=1;4b=1;5=1;6a=1;6b=1;6c=6;7=5"
#define WORST "1=5;2a=1;2b=1;3a=5;3b=5;4a=5;4b=5;5=5;6a=6;6b=6;6c=1;7=1"
#define MIXED "1=5;2a=2;2b=1;3a=3;3b=2;4a=2;4b=1;5=4;6a=4;6b=3;6c=2;7=3"

static const struct survey *vr_12(void)
{
    return survey_find(STR("vr-12"));
}

/* `from` replaced by `to` where it first stands; the file is what survey.weights_file names. */
static void set_file(struct yard *y, const char *from, const char *to)
{
    str text = str_of(good);
    size_t at = str_find(text, str_of(from), 0);
    char path[96];
    snprintf(path, sizeof path, "%s/weights.json", y->dir);
    FILE *f = fopen(path, "we");
    assert_true(f && at != SIZE_MAX);
    fprintf(f, "%.*s%s%s", (int)at, text.p, to, text.p + at + strlen(from));
    assert_int_equal(fclose(f), 0);
    ok(y, config_set(&y->op, y->config, STR("survey.weights_file"), str_of(path)));
}

static void no_file(struct yard *y)
{
    ok(y, config_set(&y->op, y->config, STR("survey.weights_file"), STR_NONE));
}

static err start_again(struct yard *y)
{
    struct surveys *other = NULL;
    house(y);
    err e = surveys_new(&y->op, y->rec, y->outreach, y->campaigns, y->config, &other);
    if (e != OK)
        return e;
    surveys_free(y->s);
    y->s = other;
    outreach_on_words(y->outreach, survey_awaits, y->s);
    house(y);
    return weights_catch_up(&y->op, y->s);
}

static struct survey_weights *in_use(struct yard *y)
{
    struct survey_weights *w;
    house(y);
    ok(y, survey_weights_get(&y->op, y->rec, vr_12(), &w));
    return w;
}

static void assert_scores(struct yard *y, const char *answers, double physical, double mental)
{
    const double want[] = {physical, mental};
    static const char *const names[] = {"physical", "mental"};
    struct survey_weights *w = in_use(y);
    struct survey_given g;
    str all = str_of(answers), one, link;
    survey_given_new(vr_12(), &g);
    while (str_take_until(&all, ';', &one))
        if (str_take_until(&one, '=', &link))
            ok(y, survey_give(&y->op, &g, link, one));
    for (int i = 0; i < 2; i++) {
        double v = NAN;
        bool is = survey_weigh(w, &g, str_of(names[i]), &v);
        assert_int_equal(is, !isnan(want[i]));
        if (is && fabs(v - want[i]) > 1e-9)
            print_error("%s: %s is %.10f, not %.10f\n", answers, names[i], v, want[i]);
        assert_true(!is || fabs(v - want[i]) <= 1e-9);
        assert_false(survey_score(&g, str_of(names[i]), &v)); /* never without a table */
    }
}

/* By hand. Best: 10 + 0 + 0.2 x 100 + 0.1 x 100; 20 + 0.05 x 100 + 0.15 x 100 + 6. Worst: 10 - 4.5;
 * 20. Mixed: 10 - 4.5 + 0.2 x 50; 20 + 0.05 x 75 + 0.15 x 40 + 3.25. */
static void scores_by_hand(void **state)
{
    struct yard *y = *state;
    set_file(y, "made-up.1", "made-up.1");
    ok(y, start_again(y));
    assert_str(survey_weights_version(in_use(y)), "made-up.1");
    assert_scores(y, BEST, 40, 46);
    assert_scores(y, WORST, 5.5, 20);
    assert_scores(y, MIXED, 15.5, 33);
    assert_scores(y, "1=1;2a=3;2b=3", NAN, NAN); /* not all were answered */
    struct survey_given g;
    double v;
    survey_given_new(survey_find(STR("kccq-12")), &g);
    assert_false(survey_weigh(in_use(y), &g, STR("physical"), &v));
    assert_false(survey_weigh(NULL, &g, STR("physical"), &v));
}

static void what_a_table_may_not_say(void **state)
{
    static const struct {
        const char *from, *to, *says;
    } rows[] = {
        {"{\"vr-12\"", "[\"vr-12\"", "line 1"},
        {"\"vr-12\":", "\"kccq-12\":", "kccq-12 is not scored by a table"},
        {"\"vr-12\":", "\"sf-12\":", "sf-12 is not scored by a table"},
        {"\"version\":\"made-up.1\",", "", "vr-12: the version"},
        {"made-up.1", "", "vr-12: the version"},
        {"made-up.1", "../1", "vr-12: the version"},
        {"\"made-up.1\"", "7", "vr-12: the version"},
        {"\"source\"", "\"sauce\"", "no member sauce"},
        {"\"scores\"", "\"score\"", "vr-12: its version and scores are missing"},
        {"\"physical\":", "\"bodily\":", "no score bodily"},
        {"\"intercept\":10", "\"intercept\":\"10\"", "physical: the intercept is no number"},
        {"\"intercept\":10", "\"intercept\":1e9", "physical: the intercept is no number"},
        {"\"intercept\":10,", "", "physical: the intercept is no number"},
        {"\"2a\":0.2,", "", "physical: 2a: a weight or the weights"},
        {"\"2a\":0.2", "\"2a\":\"0.2\"", "physical: 2a: a weight or the weights"},
        {"\"2a\":0.2", "\"2a\":-1001", "physical: 2a: the weight is no number"},
        {"\"2a\":0.2", "\"2a\":0.2,\"8\":1", "physical: there is no question 8"},
        {"\"3\":-2,", "", "physical: 1: no weight of answer 3"},
        {"\"3\":-2,", "\"3\":null,", "physical: 1: a weight is no number"},
        {"\"3\":-2,", "\"3\":-2,\"6\":1,", "physical: 1: there is no answer 6"},
    };
    struct yard *y = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        house(y);
        set_file(y, rows[i].from, rows[i].to);
        assert_int_equal(start_again(y), ERR_INVALID);
        bool said = y->op.fault.n && has(y->op.fault.issues[0].message, rows[i].says);
        if (!said)
            print_error("%s: %.*s\n", rows[i].to, STR_ARG(y->op.fault.issues[0].message));
        assert_true(said);
        assert_null(in_use(y));
    }
    house(y);
    ok(y, config_set(&y->op, y->config, STR("survey.weights_file"), STR("/nowhere/at-all")));
    assert_int_equal(start_again(y), ERR_INVALID);
}

static void a_version_is_one_table(void **state)
{
    struct yard *y = *state;
    set_file(y, "made-up.1", "made-up.1");
    ok(y, start_again(y));
    ok(y, start_again(y));
    set_file(y, "\"2a\":0.2", "\"2a\":0.3");
    assert_int_equal(start_again(y), ERR_INVALID);
    assert_true(
        has(y->op.fault.issues[0].message, "another table was loaded as version made-up.1"));
    assert_scores(y, BEST, 40, 46);
    no_file(y);
    ok(y, start_again(y));
    assert_null(in_use(y));
    assert_scores(y, BEST, NAN, NAN);
    set_file(y, "made-up.1", "made-up.2");
    ok(y, start_again(y));
    assert_str(survey_weights_version(in_use(y)), "made-up.2");
}

/* answers: "1=5;2a=2"; authored now. */
static str answered(struct yard *y, str who, const char *answers)
{
    struct buf b;
    str all = str_of(answers), one, link;
    bool first = true;
    buf_init(&b, y->arena, 8192);
    while (str_take_until(&all, ';', &one))
        if (str_take_until(&one, '=', &link)) {
            buf_printf(&b,
                       "%s{\"linkId\":\"%.*s\",\"answer\":[{\"valueCoding\":{\"code\":\"%.*s\"}}]}",
                       first ? "" : ",", STR_ARG(link), STR_ARG(one));
            first = false;
        }
    y->now += SURVEY_HOUR;
    return make(y,
                "{\"resourceType\":\"QuestionnaireResponse\",\"meta\":{\"security\":[{\"system\":"
                "\"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\",\"code\":\"R\"}]},"
                "\"status\":\"completed\",\"questionnaire\":\"" SURVEY_URL
                "vr-12|1\",\"subject\":{\"reference\":\"Patient/%.*s\"},\"authored\":\"%.*s\","
                "\"item\":[%.*s]}",
                STR_ARG(who), STR_ARG(time_format(y->arena, y->now)), STR_ARG(buf_str(&b)));
}

/* "physical value by version" of each final Observation from the answer, mental after it. */
static str told(struct yard *y, str who, str response)
{
    struct record_page page = found(y, "Observation", who, "status=final&_sort=_id&_count=50");
    struct buf b;
    buf_init(&b, y->arena, 4096);
    static const char *const codes[] = {"vr-12-physical", "vr-12-mental"};
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < page.n; i++) {
            struct json *o = tree(y, &page.docs[i]);
            str from = json_str(json_path(o, "derivedFrom.0.reference"));
            if (!has(from, str_z(y->arena, response)) ||
                !str_eq(json_str(json_path(o, "code.coding.0.code")), str_of(codes[k])))
                continue;
            assert_str(json_str(json_path(o, "code.coding.0.system")), SURVEY_SCORES);
            assert_str(json_str(json_path(o, "method.coding.0.system")), SURVEY_WEIGHTS "vr-12");
            assert_str(json_str(json_path(o, "meta.security.0.code")), "R");
            buf_printf(&b, "%.*s by %.*s;", STR_ARG(json_str(json_path(o, "valueQuantity.value"))),
                       STR_ARG(json_str(json_path(o, "method.coding.0.code"))));
        }
    return buf_str(&b);
}

static void answers_wait_for_a_table(void **state)
{
    struct yard *y = *state;
    struct record_doc doc;
    struct record_result r;
    str who = patient(y, 700, "en"), first = answered(y, who, MIXED);
    settle(y);
    assert_str(told(y, who, first), ""); /* kept, not scored */
    assert_int_equal(found(y, "QuestionnaireResponse", who, "_count=5").n, 1);
    set_file(y, "made-up.1", "made-up.1");
    ok(y, start_again(y));
    assert_str(told(y, who, first), "15.50 by made-up.1;33.00 by made-up.1;");
    settle(y);
    ok(y, start_again(y)); /* once */
    assert_str(told(y, who, first), "15.50 by made-up.1;33.00 by made-up.1;");
    no_file(y);
    ok(y, start_again(y));
    str between = answered(y, who, BEST), few = answered(y, who, "1=1;2a=3");
    settle(y);
    assert_str(told(y, who, between), "");
    set_file(y, "made-up.1", "made-up.2");
    ok(y, start_again(y));
    assert_str(told(y, who, first), "15.50 by made-up.1;33.00 by made-up.1;");
    assert_str(told(y, who, between), "40.00 by made-up.2;46.00 by made-up.2;");
    assert_str(told(y, who, few), "");
    house(y); /* corrected: what was said of it is taken back */
    ok(y, record_read(&y->op, y->rec, fhir_type_parse(STR("QuestionnaireResponse")), first, &doc));
    struct json *t = tree(y, &doc);
    json_set_str(y->arena, t, STR("status"), STR("amended"));
    ok(y, record_update(&y->op, y->rec, doc.type, first, t, STR_NONE, &r));
    settle(y);
    assert_str(told(y, who, first), "15.50 by made-up.2;33.00 by made-up.2;");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_yard, close_yard)
    const struct CMUnitTest tests[] = {
        T(scores_by_hand),
        T(what_a_table_may_not_say),
        T(a_version_is_one_table),
        T(answers_wait_for_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
