/* The facts an ordinary consented care message needs (spec/policy/ordinary.json): with all of them
 * it may go; without any one of them it may not. Facts files and their errors too. */
#include "base/test.h"
#include "policy/policy.h"

#include <math.h>

static const char *read_ordinary(struct op *op)
{
    FILE *file = fopen(WEFT_SOURCE "/spec/policy/ordinary.json", "rb");
    assert_non_null(file);
    char *text = arena_calloc(op->arena, 1, 1u << 16);
    size_t n = fread(text, 1, (1u << 16) - 1, file);
    assert_true(n > 0 && n < (1u << 16) - 1);
    assert_int_equal(fclose(file), 0);
    return text;
}

static enum decision decide(struct op *op, const struct json *channel, const struct facts *f)
{
    const struct json *names = JSON_GET(channel, "triggers");
    uint64_t triggers = 0;
    for (uint32_t i = 0; i < names->n; i++) {
        enum trigger t;
        assert_true(trigger_parse(names->u.items[i].u.s, &t));
        triggers |= TRIGGER_BIT(t);
    }
    struct verdict v;
    assert_int_equal(policy_decide(op, NULL, triggers, f, &v), OK);
    return v.decision;
}

static void check_channel(struct op *op, const struct json *all, str name)
{
    const struct json *channel = json_get(all, name), *needed = JSON_GET(channel, "needed");
    const struct json *also = JSON_GET(channel, "also");
    struct facts *f = NULL;
    assert_int_equal(facts_from_json(op, needed, &f), OK);
    assert_int_equal(decide(op, channel, f), DECISION_ALLOW);
    for (uint32_t i = 0; i < needed->n; i++) {
        enum fact id;
        struct facts *less = NULL;
        assert_true(fact_parse(needed->u.members[i].name, &id));
        assert_int_equal(facts_from_json(op, needed, &less), OK);
        facts_unset(less, id);
        str fact = fact_name(id);
        if (decide(op, channel, less) == DECISION_ALLOW)
            fail_msg("%.*s: allowed without %.*s", STR_ARG(name), STR_ARG(fact));
    }
    struct json *full = json_dup(op->arena, needed);
    for (uint32_t i = 0; i < also->n; i++)
        json_set(op->arena, full, also->u.members[i].name, &also->u.members[i].value);
    assert_int_equal(facts_from_json(op, full, &f), OK);
    assert_int_equal(decide(op, channel, f), DECISION_ALLOW);
    /* One change of mind and it stops. */
    facts_set_bool(f, FACT_INTERNAL_DNC, true);
    assert_int_equal(decide(op, channel, f), DECISION_DENY);
    facts_set_bool(f, FACT_INTERNAL_DNC, false);
    facts_set_num(f, FACT_LOCAL_MIN_EARLIEST, 7 * 60);
    assert_int_equal(decide(op, channel, f), DECISION_HOLD_UNTIL);
}

static void ordinary_messages(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *all = NULL;
    assert_int_equal(json_read(&op, str_of(read_ordinary(&op)), &JSON_LIMITS_DEFAULT, &all), OK);
    check_channel(&op, all, STR("sms"));
    check_channel(&op, all, STR("email"));
    test_op_done(&op);
}

static err from_text(struct op *op, const char *text, struct facts **ret)
{
    struct json *j = NULL;
    op_clear(op);
    assert_int_equal(json_read(op, str_of(text), &JSON_LIMITS_DEFAULT, &j), OK);
    return facts_from_json(op, j, ret);
}

static void facts_files(void **state)
{
    (void)state;
    struct op op = test_op();
    struct facts *f = NULL;
    const char *text = "{\"contacts_7d\":2.5,\"emergency\":false,\"phi_fields\":[\"a\",\"b\"],"
                       "\"purpose\":\"lab_results\",\"texts_today\":null}";
    assert_int_equal(from_text(&op, text, &f), OK);
    struct json *back = facts_to_json(&op, f), *again = NULL;
    struct buf b;
    buf_init(&b, op.arena, 4096);
    json_write(&b, back);
    assert_str(buf_str(&b), "{\"contacts_7d\":2.5,\"emergency\":false,\"phi_fields\":[\"a\",\"b\"],"
                            "\"purpose\":\"lab_results\"}");
    assert_int_equal(json_read(&op, buf_str(&b), &JSON_LIMITS_DEFAULT, &again), OK);
    assert_true(json_equal(back, again));
    assert_false(facts_known(f, FACT_TEXTS_TODAY));
    f = NULL;
    assert_int_equal(from_text(&op,
                               "{\"nonsense\":1,\"emergency\":\"yes\",\"purpose\":3,"
                               "\"phi_fields\":[1],\"more_nonsense\":{}}",
                               &f),
                     ERR_INVALID);
    assert_null(f);
    assert_int_equal(op.fault.n, 5); /* every problem, not only the first */
    assert_str(op.fault.issues[0].message, "no rule knows a fact named \"nonsense\"");
    assert_str(op.fault.issues[1].message, "fact \"emergency\" must be true or false");
    assert_int_equal(from_text(&op, "{\"nonsense\":1}", &f), ERR_INVALID);
    assert_int_equal(from_text(&op, "{\"emergency\":1}", &f), ERR_INVALID);
    assert_int_equal(from_text(&op, "[1]", &f), ERR_INVALID);
    test_op_done(&op);
}

static void wrong_kinds_stay_unknown(void **state)
{
    (void)state;
    struct op op = test_op();
    struct facts *f = facts_new(&op);
    facts_set_bool(f, FACT_PURPOSE, true);
    facts_set_num(f, FACT_EMERGENCY, 0);
    facts_set_str(f, FACT_CONTACTS_7D, STR("0"));
    facts_set_num(f, FACT_TEXTS_TODAY, NAN);
    facts_set_str(f, FACT_CHANNEL, STR_NONE);
    facts_set_list(f, FACT_PHI_FIELDS, NULL, 3);
    const enum fact ids[] = {FACT_PURPOSE,     FACT_EMERGENCY, FACT_CONTACTS_7D,
                             FACT_TEXTS_TODAY, FACT_CHANNEL,   FACT_PHI_FIELDS};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        assert_false(facts_known(f, ids[i]));
    facts_set_bool(f, FACT_EMERGENCY, false);
    assert_true(facts_known(f, FACT_EMERGENCY));
    facts_unset(f, FACT_EMERGENCY);
    assert_false(facts_known(f, FACT_EMERGENCY));
    facts_set_bool(NULL, FACT_EMERGENCY, true);
    facts_set_bool(f, FACT_COUNT, true);
    facts_clear(NULL);
    assert_false(facts_known(NULL, FACT_EMERGENCY) || facts_known(f, FACT_COUNT));
    assert_int_equal(fact_name(FACT_COUNT).n, 0);
    for (int i = 0; i < FACT_COUNT; i++) {
        enum fact id = FACT_COUNT;
        assert_true(fact_parse(fact_name((enum fact)i), &id) && (int)id == i);
    }
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_messages),
        cmocka_unit_test(facts_files),
        cmocka_unit_test(wrong_kinds_stay_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
