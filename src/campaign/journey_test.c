/* Answers are understood or left to a person; the hold-out is stable; the interval of the uplift is
 * the published one. */
#include "base/test.h"
#include "campaign/journey_int.h"
#include "campaign/run.h"
#include "policy/content.h"

#include <math.h>

static const struct plan_step *ask(struct op *op, const char *step, struct plan **ret)
{
    struct json *o;
    for (size_t i = 0; plan_shipped_at(i); i++)
        if (str_eq(str_of(plan_shipped_at(i)->code), STR("post-discharge"))) {
            assert_int_equal(fhir_read(op, str_of(plan_shipped_at(i)->plan), 0, &o), OK);
            assert_int_equal(plan_read(op, o, ret), OK);
        }
    for (size_t i = 0; i < (*ret)->n_steps; i++)
        if (str_eq((*ret)->steps[i].id, str_of(step)))
            return &(*ret)->steps[i];
    return NULL;
}

static void says(const char *step, const char *text, const char *code)
{
    struct op op = test_op();
    struct plan *p = NULL;
    const struct plan_step *s = ask(&op, step, &p);
    struct journey_answer a;
    assert_non_null(s);
    assert_true(journey_understand(&op, p, s, str_of(text), &a));
    str got = a.path < 0 ? STR("a person") : p->paths[a.path].code;
    if (!str_eq(got, str_of(code)))
        print_error("%s: %.*s (%d)\n", text, STR_ARG(got), a.confidence);
    assert_true(str_eq(got, str_of(code)));
    test_op_done(&op);
}

static void answers_take_their_path_or_go_to_a_person(void **state)
{
    (void)state;
    says("day-1", "2", "medicine");
    says("day-1", " 4. ", "ok");
    says("day-1", "\xd9\xa1", "worse"); /* Arabic-Indic one */
    says("day-1", "No. 3 please", "visit");
    says("day-1", "I feel worse today", "worse");
    says("day-1", "Tengo una pregunta de la medicina", "medicine");
    says("day-1", "Estoy bien, gracias", "ok");
    says("day-1", "أنا بخير", "ok");
    says("day-1", "ok but my pills make me worse", "a person"); /* three at once */
    says("day-1", "9", "a person");
    says("day-1", "12", "a person");
    says("day-1", "who is this", "a person");
    says("day-1", "", "a person");
    says("day-1-medicine", "can't afford it", "cannot-get");
    says("day-1-medicine", "It is too expensive", "cannot-get");
    says("day-1-medicine", "no puedo pagar", "cannot-get");
    says("day-1-medicine", "the rash is a side effect", "side-effect");
    says("day-1-medicine", "how do I take it", "how-to");
    says("day-1-medicine", "2 my side effects", "a person"); /* number and words disagree */
}

static void the_hold_out_is_stable(void **state)
{
    unsigned held = 0, both = 0;
    (void)state;
    for (uint64_t i = 1; i <= 20000; i++) {
        bool is = campaign_held_out(i, STR("flu"), STR("seed"), 10);
        held += is;
        both += is && campaign_held_out(i, STR("colon"), STR("seed"), 10);
        assert_true(is == campaign_held_out(i, STR("flu"), STR("seed"), 10));
        if (is) /* a larger share keeps whom the smaller one held */
            assert_true(campaign_held_out(i, STR("flu"), STR("seed"), 20));
    }
    assert_true(held > 1800 && held < 2200);
    assert_true(both > 130 && both < 280); /* another campaign holds others */
    assert_false(campaign_held_out(7, STR("flu"), STR("seed"), 0));
}

static bool near(double a, double b)
{
    return fabs(a - b) < 0.0005;
}

static void the_interval_is_newcombes(void **state)
{
    struct holdout_uplift u;
    (void)state;
    holdout_uplift(56, 70, 48, 80, &u); /* Newcombe 1998, table II, (a): method 10 */
    assert_true(near(u.difference, 0.2) && near(u.low, 0.0524) && near(u.high, 0.3339));
    holdout_uplift(10, 10, 0, 10, &u); /* (h) */
    assert_true(near(u.low, 0.6075) && near(u.high, 1.0));
    holdout_uplift(0, 0, 0, 0, &u);
    assert_true(u.low <= 0 && u.high >= 0);
}

/* ---- shipped words: what the rulebook will ask of them when they leave ---- */
static str filled(struct op *op, str text)
{
    static const char *const with[][2] = {
        {"{phone}", "312-555-0100"}, {"{due}", "4 pm Thursday"}, {"{first}", "Maria"}};
    struct buf b;
    buf_init(&b, op->arena, 4000);
    while (text.n) {
        size_t k = 0;
        while (k < 3 && !str_starts(text, str_of(with[k][0])))
            k++;
        buf_add(&b, k < 3 ? str_of(with[k][1]) : str_sub(text, 0, 1));
        text = str_sub(text, k < 3 ? strlen(with[k][0]) : 1, text.n);
    }
    return buf_str(&b);
}

static unsigned faults_of(struct op *op, const char *plan, str where, const struct plan_words *w)
{
    static const char *const ends[] = {" Reply STOP to end", " STOP para no recibir mas",
                                       " STOP للإيقاف"},
                             *const tags[] = {"en", "es", "ar"};
    unsigned bad = 0;
    for (int l = 0; l < 3 && !str_empty(w->text[0]); l++) {
        struct content_report r;
        struct sms_shape shape;
        struct grade g;
        str text = filled(op, w->text[l]);
        assert_true(content_scan(op, text, NULL, 0, &r));
        content_grade(text, str_of(tags[l]), &g);
        content_sms_shape(arena_printf(op->arena, "N Clinic: %.*s%s", STR_ARG(text), ends[l]),
                          &shape);
        bool phi = (r.classes & (1u << CONTENT_PHI | 1u << CONTENT_MARKETING)) != 0;
        bool hard = l < 2 && g.method != GRADE_NONE && g.years > 6;
        if (!phi && !hard && shape.segments == 1)
            continue;
        print_error("%s %.*s %s: %u parts, %u left, grade %.1f%s%.*s\n", plan, STR_ARG(where),
                    tags[l], (unsigned)shape.segments, (unsigned)shape.left, g.years,
                    phi ? ", says " : "", phi ? (int)r.hits[0].word.n : 0,
                    phi ? r.hits[0].word.p : "");
        bad++;
    }
    return bad;
}

static void shipped_words_are_short_plain_and_harmless(void **state)
{
    unsigned bad = 0;
    (void)state;
    for (size_t i = 0; plan_shipped_at(i); i++) {
        struct op op = test_op();
        struct json *o;
        struct plan *p;
        assert_int_equal(fhir_read(&op, str_of(plan_shipped_at(i)->plan), 0, &o), OK);
        assert_int_equal(plan_read(&op, o, &p), OK);
        for (size_t k = 0; k < p->n_steps; k++)
            bad += faults_of(&op, plan_shipped_at(i)->code, p->steps[k].id, &p->steps[k].words);
        for (size_t k = 0; k < p->n_paths; k++)
            bad += faults_of(&op, plan_shipped_at(i)->code, p->paths[k].title, &p->paths[k].echo);
        test_op_done(&op);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_take_their_path_or_go_to_a_person),
        cmocka_unit_test(the_hold_out_is_stable),
        cmocka_unit_test(the_interval_is_newcombes),
        cmocka_unit_test(shipped_words_are_short_plain_and_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
