/* What somebody who leaves a plan gets no more: all that waits of it is taken back, however long
 * the names in its key are, in the commit in which they leave; and what came back is known by its
 * key. */
#include "campaign/play_int.h"

#define LONG "the-question-that-asks-whether-they-will-come-to-us-on-that-day"
#define VISIT(id, status)                                                                          \
    "{\"resourceType\":\"Appointment\"" id ",\"status\":\"" status                                 \
    "\",\"start\":\"2026-12-10T16:00:00Z\",\"end\":\"2026-12-10T17:00:00Z\",\"participant\":[{"    \
    "\"status\":\"accepted\",\"actor\":{\"reference\":\"Patient/%.*s\"}}]}"

static struct json *last_of(struct play *p, str who, struct record_doc *doc)
{
    struct record_page page = found(p, "Communication", "_sort=-sent&_count=1", who);
    assert_int_equal(page.n, 1);
    *doc = page.docs[0];
    return tree(p, doc);
}

static void asked_about_a_visit(struct play *p, str who)
{
    struct record_doc doc;
    run_it(p, put_with(p, "pre-visit", "\"confirm\"", "\"" LONG "\""));
    as(p, campaign_system());
    (void)ground_make(p->g, VISIT("", "booked"), STR_ARG(who));
    settle(p);
    p->now = DISCHARGE + 12 * PLAN_DAY_MS; /* four days before */
    settle(p);
    struct json *o = last_of(p, who, &doc);
    assert_has(json_str(json_path(o, "payload.0.contentString")), "You have a visit with us soon");
    assert_true(outreach_sent_under(o).n <= 100);
}

/* The number of the commit in which it came to be as it is. */
static uint64_t commit_of(struct play *p, const char *type, str id)
{
    struct record_change *all;
    uint64_t rid = ground_rid(p->g, type, id), t = 0, last = 0;
    size_t n;
    as(p, campaign_system());
    do {
        ok(p, record_feed(&p->g->op, p->g->rec, t, 1000, &all, &n));
        for (size_t i = 0; i < n; i++)
            if (all[i].rid == rid)
                last = all[i].t;
        t = n ? all[n - 1].t : t;
    } while (n > 0);
    return last;
}

static void what_waits_is_taken_back_as_they_leave(void **state)
{
    struct play *p = *state;
    struct record_doc doc;
    struct json *o;
    str lee = patient(p, 821, "en");
    asked_about_a_visit(p, lee);
    str plan = found(p, "CarePlan", "status=active", lee).docs[0].id;
    as(p, &p->g->nurse);
    ok(p, journey_change(&p->g->op, p->c, plan, STR("exit"), 0, &o));
    assert_str(json_get_str(last_of(p, lee, &doc), STR("status")), "not-done");
    uint64_t t = commit_of(p, "Communication", doc.id);
    assert_true(t > 0);
    assert_int_equal(t, commit_of(p, "CarePlan", plan));
    settle(p); /* they were not asked: a number answers nothing */
    assert_int_equal(found(p, "Task", "code=case", lee).n, 0);
    says(p, 821, "2");
    assert_true(str_find(last_words(p, lee), STR("We will call you by"), 0) == SIZE_MAX);
}

/* It came back: a person calls, however long the step's name is. */
static void what_came_back_is_known(void **state)
{
    struct play *p = *state;
    struct record_doc doc;
    struct record_result r;
    str lee = patient(p, 822, "en");
    asked_about_a_visit(p, lee);
    struct json *o = last_of(p, lee, &doc);
    json_set_str(p->g->arena, o, STR("status"), STR("stopped"));
    ok(p, record_update(&p->g->op, p->g->rec, doc.type, doc.id, o, STR_NONE, &r));
    settle(p);
    assert_int_equal(found(p, "Task", "code=case", lee).n, 1);
}

/* The question did not arrive, and meanwhile they are out of it: nobody is asked once more, nor
 * called. */
static void what_came_back_after_they_left_is_not_said_again(void **state)
{
    struct play *p = *state;
    struct record_doc doc;
    struct record_result r;
    struct json *o;
    str lee = patient(p, 823, "en");
    asked_about_a_visit(p, lee);
    json_set_str(p->g->arena, (o = last_of(p, lee, &doc)), STR("status"), STR("completed"));
    ok(p, record_update(&p->g->op, p->g->rec, doc.type, doc.id, o, STR_NONE, &r));
    settle(p);
    str plan = found(p, "CarePlan", "status=active", lee).docs[0].id;
    as(p, &p->g->nurse);
    ok(p, journey_change(&p->g->op, p->c, plan, STR("exit"), 0, &o));
    json_set_str(p->g->arena, (o = last_of(p, lee, &doc)), STR("status"), STR("stopped"));
    ok(p, record_update(&p->g->op, p->g->rec, doc.type, doc.id, o, STR_NONE, &r));
    settle(p);
    assert_int_equal(found(p, "Task", "code=case", lee).n, 0);
    assert_int_equal(found(p, "Communication", "_count=10", lee).n, 1);
}

/* Every name as long as it may be. */
static void keys_are_told_apart_and_short_enough(void **state)
{
    struct play *p = *state;
    struct message_name m;
    char plan[65] = {0};
    memset(plan, 'p', 64);
    as(p, campaign_system());
    struct enrolment some[] = {{.plan = str_of(plan), .patient = UINT64_MAX, .trigger = UINT64_MAX},
                               {.plan = str_of(plan), .patient = UINT64_MAX, .trigger = 7},
                               {.plan = STR("p"), .patient = 1, .trigger = 0}};
    for (size_t i = 0; i < 3; i++) {
        str long_one = message_key(&p->g->op, &some[i], STR(LONG), STR("a255/1795554000"));
        str short_one = message_key(&p->g->op, &some[i], STR("day-1"), STR("0/1795554000"));
        assert_true(long_one.n <= 100 && short_one.n <= 100);
        assert_true(str_starts(long_one, message_prefix(&p->g->op, &some[i])));
        assert_true(str_starts(short_one, message_prefix(&p->g->op, &some[i])));
        assert_true(message_parse(&p->g->op, long_one, (struct enrolments){some, 3}, &m));
        assert_int_equal(m.of.trigger, some[i].trigger);
        assert_true(message_names(&p->g->op, m.step, STR(LONG)));
        assert_false(message_names(&p->g->op, m.step, STR("day-1")));
        assert_str(m.attempt, "a255");
        assert_true(message_parse(&p->g->op, short_one, (struct enrolments){some, 3}, &m));
        assert_str(m.step, "day-1");
        assert_str(m.attempt, "0");
    }
    str other = message_key(&p->g->op, &some[0], STR("day-1"), STR("0/1"));
    assert_false(message_parse(&p->g->op, other, (struct enrolments){some + 1, 2}, &m));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_play, close_play)
    const struct CMUnitTest tests[] = {
        TEST(what_waits_is_taken_back_as_they_leave),
        TEST(what_came_back_is_known),
        TEST(what_came_back_after_they_left_is_not_said_again),
        TEST(keys_are_told_apart_and_short_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
