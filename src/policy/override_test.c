/* The override law: a floor never moves, stricter_only moves one way, yes needs a name and a
 * reason. */
#include "base/test.h"
#include "policy/policy_int.h"

static err try_book(struct op *op, const char *text, struct rulebook **ret)
{
    struct json *j = NULL;
    assert_int_equal(json_read(op, str_of(text), &JSON_LIMITS_DEFAULT, &j), OK);
    op_clear(op);
    return rulebook_new(op, j, ret);
}

static void refused(struct op *op, const char *text, const char *part)
{
    struct rulebook *book = NULL;
    assert_int_equal(try_book(op, text, &book), ERR_INVALID);
    assert_null(book);
    assert_true(op->fault.n > 0);
    str said = op->fault.issues[0].message;
    if (str_find(said, str_of(part), 0) == SIZE_MAX)
        fail_msg("%.*s", STR_ARG(said));
}

static const struct rulebook *accepted(struct op *op, const char *text)
{
    struct rulebook *book = NULL;
    err e = try_book(op, text, &book);
    if (e != OK)
        fail_msg("refused: %s", text);
    return book;
}

#define SIGNED "\"reason\":\"pilot\",\"approver\":\"Dr. Ada\""

static void floors_do_not_move(void **state)
{
    (void)state;
    struct op op = test_op();
    size_t floors = 0;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct rule *r = policy_rule_at(i);
        if (r->override != OVERRIDE_NO)
            continue;
        str off = arena_printf(op.arena, "{\"%s\":{\"enabled\":false," SIGNED "}}", r->id);
        refused(&op, str_z(op.arena, off), "legal floor");
        floors++;
    }
    assert_true(floors > 90);
    refused(&op, "{\"TCPA-HC-04\":{\"params\":{\"default_free_to_end_user\":true}," SIGNED "}}",
            "legal floor");
    test_op_done(&op);
}

static void stricter_only(void **state)
{
    (void)state;
    struct op op = test_op();
    (void)accepted(&op, "{\"TCPA-HC-09\":{\"params\":{\"max_chars\":140}}}");
    (void)accepted(&op, "{\"TCPA-HC-09\":{\"params\":{\"max_chars\":160}}}");
    refused(&op, "{\"TCPA-HC-09\":{\"params\":{\"max_chars\":161}}}", "only be made stricter");
    (void)accepted(&op, "{\"TCPA-HRS-01\":{\"params\":{\"open_min\":540,\"guard_s\":120}}}");
    refused(&op, "{\"TCPA-HRS-01\":{\"params\":{\"open_min\":420}}}", "only be made stricter");
    refused(&op, "{\"TCPA-HRS-01\":{\"params\":{\"guard_s\":0}}}", "only be made stricter");
    (void)accepted(&op, "{\"TCPA-HC-02\":{\"params\":{\"purposes\":[\"lab_results\"]}}}");
    refused(&op, "{\"TCPA-HC-02\":{\"params\":{\"purposes\":[\"sales\"]}}}", "stricter");
    (void)accepted(
        &op, "{\"TCPA-HRS-04\":{\"params\":{\"states\":[\"FL\",\"OK\",\"MD\",\"OR\",\"CA\"]}}}");
    refused(&op, "{\"TCPA-HRS-04\":{\"params\":{\"states\":[\"FL\"]}}}", "stricter");
    refused(&op, "{\"SEC-07\":{\"params\":{\"min_tls\":\"1.3\"}}}", "stricter"); /* not shown */
    refused(&op, "{\"TCPA-HC-09\":{\"enabled\":false}}", "not switched off");
    (void)accepted(&op, "{\"TCPA-HC-09\":{\"enabled\":true}}");
    test_op_done(&op);
}

/* R413: asked alone, a rule that the book switches off still said no. */
static void r413_a_rule_that_is_off_never_applies(void **state)
{
    (void)state;
    struct op op = test_op();
    const struct rulebook *book = accepted(&op, "{\"MSG-09\":{\"enabled\":false," SIGNED "}}");
    const struct rule *rule = policy_rule_find(STR("MSG-09"));
    struct facts *f = facts_new(&op);
    bool applied = false;
    facts_set_bool(f, FACT_EMERGENCY, false);
    facts_set_bool(f, FACT_REPLYING_TO_OWN_INQUIRY, false);
    facts_set_str(f, FACT_MESSAGE_KIND, STR("care"));
    facts_set_num(f, FACT_TEXTS_TODAY, 2);
    assert_int_equal(policy_rule_decide(NULL, rule, f, &applied), DECISION_HOLD_UNTIL);
    assert_true(applied);
    assert_int_equal(policy_rule_decide(book, rule, f, &applied), DECISION_ALLOW);
    assert_false(applied);
    test_op_done(&op);
}

static void yes_with_name_and_reason(void **state)
{
    (void)state;
    struct op op = test_op();
    refused(&op, "{\"MSG-09\":{\"params\":{\"per_day\":3}}}", "reason and a named approver");
    refused(&op, "{\"MSG-09\":{\"params\":{\"per_day\":3},\"reason\":\"  \",\"approver\":\"x\"}}",
            "reason and a named approver");
    refused(&op, "{\"MSG-09\":{\"params\":{\"per_day\":3},\"reason\":\"pilot\"}}", "approver");
    const struct rulebook *book =
        accepted(&op, "{\"MSG-09\":{\"params\":{\"per_day\":3}," SIGNED "},"
                      "\"MSG-12\":{\"enabled\":false," SIGNED "}}");
    struct facts *f = facts_new(&op);
    facts_set_bool(f, FACT_EMERGENCY, false);
    facts_set_bool(f, FACT_REPLYING_TO_OWN_INQUIRY, false);
    facts_set_str(f, FACT_MESSAGE_KIND, STR("care"));
    facts_set_num(f, FACT_TEXTS_TODAY, 2);
    const struct rule *rule = policy_rule_find(STR("MSG-09"));
    assert_int_equal(policy_rule_decide(NULL, rule, f, NULL), DECISION_HOLD_UNTIL);
    assert_int_equal(policy_rule_decide(book, rule, f, NULL), DECISION_ALLOW);
    facts_set_num(f, FACT_TEXTS_TODAY, 3);
    struct verdict v, w;
    assert_int_equal(policy_decide(&op, book, TRIGGER_BIT(TRIGGER_OUTBOUND_SMS), f, &v), OK);
    for (size_t i = 0; i < v.n_fired; i++)
        if (v.fired[i].rule == rule) {
            assert_str(v.fired[i].why,
                       "The patient already got 3 text or call today. Wait until tomorrow.");
            assert_str(v.fired[i].params, "{\"per_day\":3}");
        }
    facts_set_str(f, FACT_PURPOSE, STR("birthday_greeting"));
    assert_int_equal(policy_decide(&op, book, TRIGGER_BIT(TRIGGER_OUTBOUND_ATTEMPT), f, &v), OK);
    assert_int_equal(policy_decide(&op, NULL, TRIGGER_BIT(TRIGGER_OUTBOUND_ATTEMPT), f, &w), OK);
    assert_int_equal(v.n_fired + 1, w.n_fired); /* MSG-12 is off */
    test_op_done(&op);
}

static void wrong_changes_are_all_named(void **state)
{
    (void)state;
    struct op op = test_op();
    refused(&op, "[]", "one JSON object");
    refused(&op, "{\"NIX-1\":{}}", "there is no rule \"NIX-1\"");
    refused(&op, "{\"MSG-09\":7}", "the change is an object");
    refused(&op, "{\"MSG-09\":{\"params\":[]," SIGNED "}}", "params is an object");
    refused(&op, "{\"MSG-09\":{\"parms\":{}," SIGNED "}}", "a change holds");
    refused(&op, "{\"MSG-09\":{\"params\":{\"legal_max_exempt\":3}," SIGNED "}}", "no parameter");
    refused(&op, "{\"MSG-09\":{\"params\":{\"per_day\":\"3\"}," SIGNED "}}", "same kind");
    refused(&op, "{\"NIX-1\":{},\"MSG-09\":{\"params\":{\"a\":1,\"b\":2}," SIGNED "}}", "NIX-1");
    assert_int_equal(op.fault.n, 3);
    test_op_done(&op);
}

static void without_changes_it_is_the_catalogue(void **state)
{
    (void)state;
    struct op op = test_op();
    struct rulebook *book = NULL;
    assert_int_equal(rulebook_new(&op, NULL, &book), OK);
    const struct rulebook *same = rulebook_default();
    for (size_t i = 0; i < policy_param_count; i++)
        assert_memory_equal(&book->params[i], &same->params[i], sizeof(struct value));
    for (size_t i = 0; i < RULE_COUNT; i++) {
        assert_true(str_eq(book->why[i], str_of(policy_rule_at(i)->why)));
        struct json *a = NULL, *b = NULL;
        assert_int_equal(json_read(&op, book->params_json[i], &JSON_LIMITS_DEFAULT, &a), OK);
        assert_int_equal(
            json_read(&op, str_of(policy_rule_at(i)->params), &JSON_LIMITS_DEFAULT, &b), OK);
        assert_true(json_equal(a, b));
    }
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floors_do_not_move),
        cmocka_unit_test(stricter_only),
        cmocka_unit_test(r413_a_rule_that_is_off_never_applies),
        cmocka_unit_test(yes_with_name_and_reason),
        cmocka_unit_test(wrong_changes_are_all_named),
        cmocka_unit_test(without_changes_it_is_the_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
