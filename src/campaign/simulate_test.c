/* The days ahead: what is counted is what plan_next() would do to each person; the rulebook is
 * asked once a kind of contact, and its word is obeyed. */
#include "base/test.h"
#include "campaign/plan_int.h"
#include "campaign/simulate.h"
#include "policy/policy.h"

#define FROM 1795600800000LL /* 2026-11-25T10:00:00Z */
#define PEOPLE 3000

struct crowd {
    struct op op;
    struct plan *plan;
    struct plan_place place[2];
    struct simulate_person *people;
    struct simulate_input in;
};

static void crowd(struct crowd *c, const char *code)
{
    static const char *const zones[] = {"America/Chicago", "America/Los_Angeles"};
    struct json *o;
    c->op = test_op();
    for (size_t i = 0; plan_shipped_at(i); i++)
        if (strcmp(plan_shipped_at(i)->code, code) == 0) {
            assert_int_equal(fhir_read(&c->op, str_of(plan_shipped_at(i)->plan), 0, &o), OK);
            assert_int_equal(plan_read(&c->op, o, &c->plan), OK);
        }
    for (size_t i = 0; i < 2; i++) {
        str zone = str_of(zones[i]), state = STR("US-IL");
        struct plan_place_query q = {.zones = &zone,
                                     .n_zones = 1,
                                     .jurisdictions = &state,
                                     .n_jurisdictions = 1,
                                     .from = FROM,
                                     .days = 45};
        assert_int_equal(plan_place_new(&c->op, rulebook_default(), &q, &c->place[i]), OK);
    }
    c->people = ARENA_ARRAY(c->op.arena, struct simulate_person, PEOPLE);
    for (size_t i = 0; i < PEOPLE; i++)
        c->people[i] = (struct simulate_person){.rid = i + 1,
                                                .place = i % 2,
                                                .facts = (uint16_t)(i % 5),
                                                .may = {i % 3 ? 1u << PLAN_SMS : 3},
                                                .prefers = PLAN_SMS,
                                                .language = (uint8_t)(i % 3)};
    c->in = (struct simulate_input){.plan = c->plan,
                                    .people = c->people,
                                    .n = PEOPLE,
                                    .places = c->place,
                                    .n_places = 2,
                                    .from = FROM,
                                    .days = 30};
}

static void volume_is_by_day_and_channel(void **state)
{
    struct crowd c;
    struct simulate_result r, again;
    (void)state;
    crowd(&c, "immunisation");
    assert_int_equal(simulate_run(&c.op, &c.in, &r), OK);
    assert_int_equal(r.people_reached, PEOPLE);
    /* day 0 to all; after four days without a word, the second channel of those who have one, and a
     * call to the others; the call list on day 10 */
    uint64_t sms = 0, mail = 0;
    for (int d = 0; d < 30; d++) {
        sms += r.sent[d][PLAN_SMS];
        mail += r.sent[d][PLAN_EMAIL];
    }
    assert_int_equal(sms, PEOPLE);
    assert_int_equal(mail, PEOPLE / 3);
    assert_int_equal(r.calls, PEOPLE + PEOPLE * 2 / 3);
    assert_int_equal(r.contacts, sms + mail);
    assert_int_equal(r.sent[0][PLAN_SMS], PEOPLE); /* the Wednesday before Thanksgiving */
    assert_int_equal(r.sent[1][PLAN_SMS], 0);
    assert_int_equal(simulate_run(&c.op, &c.in, &again), OK);
    assert_memory_equal(&r, &again, sizeof r);
    test_op_done(&c.op);
}

static err no_mail_for_some(struct op *op, void *ctx, const struct simulate_ask *q,
                            enum simulate_answer *ret, const char **ret_rule)
{
    (void)op;
    (*(unsigned *)ctx)++;
    *ret = q->channel == PLAN_EMAIL || q->facts == 4 ? SIMULATE_NO : SIMULATE_GO;
    *ret_rule = *ret == SIMULATE_NO ? "X-01" : NULL;
    return OK;
}

static void the_rulebook_is_asked_once_and_obeyed(void **state)
{
    struct crowd c;
    struct simulate_result r;
    unsigned asked = 0;
    (void)state;
    crowd(&c, "immunisation");
    c.in.decide = no_mail_for_some;
    c.in.ctx = &asked;
    c.in.answers = 40;
    assert_int_equal(simulate_run(&c.op, &c.in, &r), OK);
    assert_int_equal(asked, r.asked);
    assert_true(r.asked < r.decisions);
    assert_int_equal(r.people_reached, PEOPLE * 4 / 5);
    assert_int_equal(r.n_refused, 1);
    for (int d = 0; d < 30; d++)
        assert_int_equal(r.sent[d][PLAN_EMAIL], 0);
    test_op_done(&c.op);
}

static void budget_clashes_languages_and_hold_out(void **state)
{
    struct crowd c;
    struct simulate_result r;
    (void)state;
    crowd(&c, "immunisation");
    uint64_t *busy = ARENA_ARRAY(c.op.arena, uint64_t, PEOPLE);
    for (size_t i = 0; i < PEOPLE; i++) {
        busy[i] = i < 7 ? 2 : 0; /* on day 1: the day after */
        c.people[i].week = i < 100 ? 3 : 0;
        c.people[i].held_out = i >= PEOPLE - 50;
    }
    struct simulate_other other = {.days = busy};
    c.in.others = &other;
    c.in.n_others = 1;
    for (size_t i = 0; i < c.plan->n_steps; i++)
        c.plan->steps[i].words.text[2] = STR_NONE;
    assert_int_equal(simulate_run(&c.op, &c.in, &r), OK);
    assert_int_equal(r.clashes[0], 7);
    assert_int_equal(r.held_out, 50);
    assert_int_equal(r.missing[0], 0);
    assert_true(r.missing[2] > 900);
    c.in.budget = 3;
    assert_int_equal(simulate_run(&c.op, &c.in, &r), OK);
    assert_true(r.over_budget >= 100);
    assert_int_equal(r.sent[0][PLAN_SMS], PEOPLE - 50 - 100);
    test_op_done(&c.op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(volume_is_by_day_and_channel),
        cmocka_unit_test(the_rulebook_is_asked_once_and_obeyed),
        cmocka_unit_test(budget_clashes_languages_and_hold_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
