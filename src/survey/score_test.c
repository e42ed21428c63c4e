/* Scores against golden values, and what fits a question. KCCQ-12 by "Scoring the KCCQ-12" (rev.
 * 2012), reckoned by hand; PHQ-2 by Kroenke 2003. */
#include "base/test.h"
#include "survey/survey_int.h"

#include <math.h>

struct play {
    struct arena *arena;
    struct op op;
};

static int open_play(void **state)
{
    static struct play p;
    p.arena = arena_new(0);
    op_init(&p.op, p.arena, NULL, 0);
    *state = &p;
    return 0;
}

static int close_play(void **state)
{
    arena_free(((struct play *)*state)->arena);
    return 0;
}

/* "1a=3 1b=4": what was given. */
static void give(struct play *p, const char *survey, const char *answers, struct survey_given *ret)
{
    str all = str_of(answers), one, link;
    survey_given_new(survey_find(str_of(survey)), ret);
    while (str_take_until(&all, ' ', &one)) {
        assert_true(str_take_until(&one, '=', &link));
        assert_int_equal(survey_give(&p->op, ret, link, one), OK);
    }
}

static void assert_score(struct play *p, const char *survey, const char *answers, const char *score,
                         double want)
{
    struct survey_given g;
    double v = -1;
    give(p, survey, answers, &g);
    bool is = survey_score(&g, str_of(score), &v);
    if (is != (want >= 0) || (is && fabs(v - want) > 1e-9))
        print_error("%s: %s: %s is %.10f, not %.10f\n", survey, answers, score, is ? v : -1, want);
    assert_int_equal(is, want >= 0);
    if (is)
        assert_true(fabs(v - want) <= 1e-9);
}
#define NONE (-1.0)

static void kccq_12(void **state)
{
    struct play *p = *state;
    const char *best = "1a=5 1b=5 1c=5 2=5 3=7 4=7 5=5 6=5 7=5 8a=5 8b=5 8c=5";
    const char *worst = "1a=1 1b=1 1c=1 2=1 3=1 4=1 5=1 6=1 7=1 8a=1 8b=1 8c=1";
    const char *mixed = "1a=3 1b=4 1c=6 2=4 3=5 4=6 5=3 6=3 7=2 8a=4 8b=6 8c=6";
    assert_score(p, "kccq-12", best, "summary", 100);
    assert_score(p, "kccq-12", worst, "summary", 0);
    assert_score(p, "kccq-12", mixed, "physical-limitation", 62.5);
    assert_score(p, "kccq-12", mixed, "symptom-frequency", (75 + 200.0 / 3 + 250.0 / 3 + 50) / 4);
    assert_score(p, "kccq-12", mixed, "quality-of-life", 37.5);
    assert_score(p, "kccq-12", mixed, "social-limitation", NONE); /* one of three is left */
    assert_score(p, "kccq-12", mixed, "summary", (62.5 + 68.75 + 37.5) / 3);
    assert_score(p, "kccq-12", "7=4", "quality-of-life", 75);
    assert_score(p, "kccq-12", "7=4", "summary", 75);
    assert_score(p, "kccq-12", "2=4", "symptom-frequency", NONE);
    assert_score(p, "kccq-12", "1a=2 2=3 8a=6 8b=6 8c=6", "summary", NONE);
}

static void phq_2_and_nps(void **state)
{
    struct play *p = *state;
    assert_score(p, "phq-2", "phq-interest=0 phq-down=0", "phq-2", 0);
    assert_score(p, "phq-2", "phq-interest=1 phq-down=2", "phq-2", 3);
    assert_score(p, "phq-2", "phq-interest=3 phq-down=3", "phq-2", 6);
    assert_score(p, "phq-2", "phq-down=3", "phq-2", NONE);
    assert_score(p, "nps", "nps=0", "nps", 0);
    assert_score(p, "visit", "nps=10 wait=1 time=5", "nps", 10);
    assert_score(p, "visit", "nps=10 wait=1 time=5", "lowest", 1);
    assert_score(p, "visit", "nps=10", "lowest", NONE);
    assert_score(p, "visit", "nps=10", "phq-2", NONE);
}

static void only_what_fits_its_question(void **state)
{
    struct play *p = *state;
    struct survey_given g;
    struct json *tree;
    static const char *const bad[][2] = {{"nps", "11"},
                                         {"nps", "-1"},
                                         {"nps", "ten"},
                                         {"wait", "6"},
                                         {"nps-contact", "maybe"},
                                         {"phq-down", "1"},
                                         {"", "1"},
                                         {"nps-reason", "\xff"}};
    survey_given_new(survey_find(STR("visit")), &g);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        op_clear(&p->op);
        assert_int_equal(survey_give(&p->op, &g, str_of(bad[i][0]), str_of(bad[i][1])),
                         ERR_INVALID);
    }
    op_clear(&p->op);
    assert_int_equal(survey_give(&p->op, &g, STR("nps"), STR(" 7 ")), OK);
    assert_int_equal(survey_give(&p->op, &g, STR("nps"), STR("")), OK);
    assert_int_equal(g.choice[9], -1); /* taken back */
    assert_int_equal(json_read(&p->op,
                               STR("{\"questionnaire\":\"" SURVEY_URL
                                   "visit|1\",\"item\":[{\"linkId\":\"wait\",\"answer\":[{"
                                   "\"valueCoding\":{\"code\":\"2\"}},{\"valueCoding\":{\"code\":"
                                   "\"3\"}}]}]}"),
                               &JSON_LIMITS_DEFAULT, &tree),
                     OK);
    assert_int_equal(survey_read(&p->op, tree, &g), ERR_INVALID); /* two answers to one question */
    assert_null(survey_of(STR("http://elsewhere/Questionnaire/visit")));
    assert_ptr_equal(survey_of(STR(SURVEY_URL "visit")), survey_find(STR("visit")));
}

static void licensed_words_are_not_here(void **state)
{
    const struct survey *of = survey_find(STR("kccq-12"));
    struct surveys s = {0};
    (void)state;
    assert_true(of->licensed && of->sensitive);
    assert_int_equal(of->n_items, 12);
    assert_false(survey_ready(&s, of));
    assert_true(survey_ready(&s, survey_find(STR("visit"))));
    assert_true(survey_ready(&s, survey_find(STR("phq-2"))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kccq_12, open_play, close_play),
        cmocka_unit_test_setup_teardown(phq_2_and_nps, open_play, close_play),
        cmocka_unit_test_setup_teardown(only_what_fits_its_question, open_play, close_play),
        cmocka_unit_test_setup_teardown(licensed_words_are_not_here, open_play, close_play),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
