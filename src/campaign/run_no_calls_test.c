/* Somebody who wants no calls by a person: a journey's last resort is a task that says so and names
 * the ways that are left, and no answer of theirs is echoed with the promise of a call. */
#include "campaign/play_int.h"
#include "outreach/outreach.h"

static void no_calls(struct play *p, str who)
{
    const struct outreach_wish no = {.by = {[WISH_CALLS] = WORD_NO}};
    str token;
    int64_t until;
    as(p, campaign_system());
    ok(p, outreach_wish_link(&p->g->op, p->outreach, who, &token, &until));
    ok(p, outreach_wish_by_link(&p->g->op, p->outreach, token, &no));
}

static void none_about(struct play *p, str who, str topic)
{
    const struct outreach_wish no = {.no_calls = &topic, .n_no_calls = 1, .calls_said = true};
    str token;
    int64_t until;
    as(p, campaign_system());
    ok(p, outreach_wish_link(&p->g->op, p->outreach, who, &token, &until));
    ok(p, outreach_wish_by_link(&p->g->op, p->outreach, token, &no));
}

static str said_in_case(struct play *p, str who)
{
    struct record_page cases = found(p, "Task", "status=requested", who);
    assert_int_equal(cases.n, 1);
    return json_get_str(tree(p, &cases.docs[0]), STR("description"));
}

static void silence_ends_in_a_task_that_says_so(void **state)
{
    struct play *p = *state;
    run_it(p, put(p, "post-discharge", STR_NONE));
    str lee = patient(p, 780, "en");
    no_calls(p, lee);
    discharge(p, lee);
    settle(p);
    for (int day = 0; day < 16; day++) {
        p->now = DISCHARGE + day * PLAN_DAY_MS + 20 * HOUR;
        settle(p);
    }
    assert_int_equal(found(p, "Communication", "_count=50", lee).n, 3); /* the same as of others */
    str said = said_in_case(p, lee);
    assert_has(said, "They want no phone calls: reach them by letter or in the portal by ");
    assert_true(str_find(said, STR("Please call"), 0) == SIZE_MAX);
}

static void an_answer_is_promised_no_call(void **state)
{
    static const char *const answers[] = {"1", "my neighbour took the blue ones"};
    struct play *p = *state;
    run_it(p, put(p, "post-discharge", STR_NONE));
    for (unsigned i = 0; i < 2; i++) {
        str lee = patient(p, 781 + i, "en");
        p->now = DISCHARGE;
        no_calls(p, lee);
        discharge(p, lee);
        settle(p);
        p->now = DISCHARGE + 19 * HOUR;
        settle(p);
        says(p, 781 + i, answers[i]);
        assert_has(last_words(p, lee), "A person will write to you by ");
        assert_has(said_in_case(p, lee), " They want no phone calls.");
    }
    str ann = patient(p, 783, "en"); /* what promises nobody is said as it stands */
    p->now = DISCHARGE;
    no_calls(p, ann);
    discharge(p, ann);
    settle(p);
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
    says(p, 783, "4");
    assert_has(last_words(p, ann), "Good to hear");
}

/* What follows a discharge is care at home; a no to calls about medicines is none about that. */
static void a_no_about_its_topic_counts_and_no_other(void **state)
{
    static const char *const topics[] = {"home_healthcare_instructions",
                                         "prescription_notification"};
    static const char *const told[] = {"A person will write to you by ", "call you by "};
    struct play *p = *state;
    run_it(p, put(p, "post-discharge", STR_NONE));
    for (unsigned i = 0; i < 2; i++) {
        str lee = patient(p, 785 + i, "en");
        p->now = DISCHARGE;
        none_about(p, lee, str_of(topics[i]));
        discharge(p, lee);
        settle(p);
        p->now = DISCHARGE + 19 * HOUR;
        settle(p);
        says(p, 785 + i, "my neighbour took the blue ones");
        assert_has(last_words(p, lee), told[i]);
    }
}

/* A case that is about another thing than its plan is called for, or not, by what it is about. */
static void a_step_goes_by_what_it_is_about(void **state)
{
    static const char *const topics[] = {"home_healthcare_instructions",
                                         "prescription_notification"};
    static const char *const told[] = {"A nurse will call by ", "A person will write to you by "};
    struct play *p = *state;
    run_it(p, put_with(p, "post-discharge", "\"day-1-worse\", \"extension\": [",
                       "\"day-1-worse\", \"extension\": [{\"url\": \"" PLAN_URL
                       "purpose\", \"valueCode\": \"prescription_notification\"}, "));
    for (unsigned i = 0; i < 2; i++) {
        str lee = patient(p, 788 + i, "en");
        p->now = DISCHARGE;
        none_about(p, lee, str_of(topics[i]));
        discharge(p, lee);
        settle(p);
        p->now = DISCHARGE + 19 * HOUR;
        settle(p);
        says(p, 788 + i, "1");
        assert_has(last_words(p, lee), told[i]);
        bool says_so = str_find(said_in_case(p, lee), STR("no phone calls"), 0) != SIZE_MAX;
        assert_true(says_so == (i == 1));
    }
}

/* Nobody looks after "Already done": there is no promise that could be of writing. */
static void what_promises_nobody_is_said_as_it_stands(void **state)
{
    struct play *p = *state;
    str lee = patient(p, 790, "en");
    no_calls(p, lee);
    run_it(p, put(p, "immunisation", group_of(p, &lee, 1)));
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
    assert_has(last_words(p, lee), "2 Already done");
    says(p, 790, "2");
    assert_has(last_words(p, lee), "We will note that");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(silence_ends_in_a_task_that_says_so, open_play, close_play),
        cmocka_unit_test_setup_teardown(an_answer_is_promised_no_call, open_play, close_play),
        cmocka_unit_test_setup_teardown(a_no_about_its_topic_counts_and_no_other, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(a_step_goes_by_what_it_is_about, open_play, close_play),
        cmocka_unit_test_setup_teardown(what_promises_nobody_is_said_as_it_stands, open_play,
                                        close_play),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
