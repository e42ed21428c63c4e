/* The predicate machine: truth tables of three values, every operator with known and unknown sides,
 * and each condition of and/or/not shown to flip the outcome alone (MC/DC). */
#include "base/test.h"
#include "policy/policy_int.h"

#define A FACT_INTERNAL_DNC
#define B FACT_EMERGENCY
#define C FACT_REVOCATION_ON_FILE

static const struct value yes = {.kind = VALUE_BOOL, .u.b = true};

static void set(struct facts *f, enum fact id, enum tri t)
{
    if (t == TRI_UNKNOWN)
        facts_unset(f, id);
    else
        facts_set_bool(f, id, t == TRI_YES);
}

/* fact == true, with true as parameter 0. */
static struct insn is_true(enum fact id)
{
    return (struct insn){OP_EQ, ARG_PARAM, (uint16_t)id, 0};
}

static enum tri both(struct facts *f, enum op_code code, enum tri a, enum tri b)
{
    set(f, A, a);
    set(f, B, b);
    struct insn program[] = {is_true(A), is_true(B), {(uint8_t)code, 0, 0, 2}};
    return policy_eval(program, 3, &yes, f);
}

static void truth_tables(void **state)
{
    (void)state;
    struct op op = test_op();
    struct facts *f = facts_new(&op);
    const enum tri n = TRI_NO, y = TRI_YES, u = TRI_UNKNOWN;
    const enum tri in[3] = {n, y, u};
    const enum tri and_table[3][3] = {{n, n, n}, {n, y, u}, {n, u, u}};
    const enum tri or_table[3][3] = {{n, y, u}, {y, y, y}, {u, y, u}};
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(both(f, OP_AND, in[i], in[k]), and_table[i][k]);
            assert_int_equal(both(f, OP_OR, in[i], in[k]), or_table[i][k]);
        }
    const enum tri not_table[3] = {y, n, u};
    for (size_t i = 0; i < 3; i++) {
        set(f, A, in[i]);
        struct insn program[] = {is_true(A), {OP_NOT, 0, 0, 1}};
        assert_int_equal(policy_eval(program, 2, &yes, f), not_table[i]);
    }
    struct insn always[] = {{OP_TRUE, 0, 0, 0}};
    assert_int_equal(policy_eval(always, 1, &yes, f), TRI_YES);
    test_op_done(&op);
}

/* (a and b) or not c: each condition flips the outcome while the others stand still. */
static void each_condition_counts(void **state)
{
    (void)state;
    struct op op = test_op();
    struct facts *f = facts_new(&op);
    const struct insn program[] = {is_true(A), is_true(B),        {OP_AND, 0, 0, 2},
                                   is_true(C), {OP_NOT, 0, 0, 1}, {OP_OR, 0, 0, 2}};
    const struct {
        bool a, b, c;
        enum tri out;
    } rows[] = {{1, 1, 1, TRI_YES}, {0, 1, 1, TRI_NO}, {1, 0, 1, TRI_NO}, {0, 1, 0, TRI_YES}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        facts_set_bool(f, A, rows[i].a);
        facts_set_bool(f, B, rows[i].b);
        facts_set_bool(f, C, rows[i].c);
        assert_int_equal(policy_eval(program, 6, &yes, f), rows[i].out);
    }
    test_op_done(&op);
}

static struct value num(double x)
{
    return (struct value){.kind = VALUE_NUM, .u.num = x};
}

static struct value text(const char *s)
{
    return (struct value){.kind = VALUE_STR, .n = (uint32_t)strlen(s), .u.s = s};
}

static struct value list(const str *items, uint32_t n)
{
    return (struct value){.kind = VALUE_LIST, .n = n, .u.items = items};
}

static void expect(enum op_code code, struct value a, struct value b, enum tri want)
{
    assert_int_equal(value_compare(code, &a, &b), want);
}

static void order_and_equality(void **state)
{
    (void)state;
    const struct value none = {.kind = VALUE_NONE}, no = {.kind = VALUE_BOOL};
    for (int code = OP_EQ; code <= OP_SUBSET; code++) { /* nothing known, nothing said */
        expect((enum op_code)code, none, num(1), TRI_UNKNOWN);
        expect((enum op_code)code, num(1), none, TRI_UNKNOWN);
    }
    static const enum tri table[6][3] = {/* 1 against 1, 2, 0 */
                                         {TRI_YES, TRI_NO, TRI_NO}, {TRI_NO, TRI_YES, TRI_YES},
                                         {TRI_NO, TRI_YES, TRI_NO}, {TRI_YES, TRI_YES, TRI_NO},
                                         {TRI_NO, TRI_NO, TRI_YES}, {TRI_YES, TRI_NO, TRI_YES}};
    const double other[3] = {1, 2, 0};
    for (int code = OP_EQ; code <= OP_GE; code++)
        for (size_t k = 0; k < 3; k++)
            expect((enum op_code)code, num(1), num(other[k]), table[code - OP_EQ][k]);
    expect(OP_EQ, yes, num(1), TRI_YES); /* as in the reference evaluator */
    expect(OP_EQ, no, num(1), TRI_NO);
    expect(OP_LT, text("a"), num(1), TRI_UNKNOWN);
    expect(OP_GE, num(1), text("a"), TRI_UNKNOWN);
    expect(OP_EQ, text("a"), text("a"), TRI_YES);
    expect(OP_EQ, text("a"), text("ab"), TRI_NO);
    expect(OP_EQ, text("1"), num(1), TRI_NO);
    expect(OP_NE, text("1"), num(1), TRI_YES);
}

static void lists(void **state)
{
    (void)state;
    static const str ab[] = {{"a", 1}, {"b", 1}}, abc[] = {{"a", 1}, {"b", 1}, {"c", 1}};
    static const str words[] = {{"b", 1}, {"a", 1}};
    const struct value two = list(ab, 2), three = list(abc, 3), empty = list(NULL, 0);
    const struct value fixed = {.kind = VALUE_LIST, .n = 2, .u.items = words};
    expect(OP_IN, text("c"), three, TRI_YES);
    expect(OP_IN, text("c"), two, TRI_NO);
    expect(OP_IN, num(1), two, TRI_UNKNOWN);
    expect(OP_IN, text("c"), text("abc"), TRI_UNKNOWN);
    expect(OP_CONTAINS, two, text("b"), TRI_YES);
    expect(OP_CONTAINS, two, text("c"), TRI_NO);
    expect(OP_CONTAINS, text("abc"), text("c"), TRI_UNKNOWN);
    expect(OP_CONTAINS_ALL, three, two, TRI_YES);
    expect(OP_CONTAINS_ALL, two, three, TRI_NO);
    expect(OP_CONTAINS_ALL, two, text("a"), TRI_UNKNOWN);
    expect(OP_SUBSET, two, three, TRI_YES);
    expect(OP_SUBSET, three, two, TRI_NO);
    expect(OP_SUBSET, empty, two, TRI_YES);
    expect(OP_SUBSET, text("a"), two, TRI_UNKNOWN);
    expect(OP_SUBSET, fixed, two, TRI_YES);
    expect(OP_EQ, two, two, TRI_YES);
    expect(OP_EQ, two, fixed, TRI_NO); /* order counts in equality */
    expect(OP_EQ, two, three, TRI_NO);
}

/* A predicate with the truth of its comparisons given: bit i of mask is the i-th. */
static bool run_with(const struct insn *code, size_t n, unsigned mask)
{
    bool stack[POLICY_STACK] = {false};
    size_t top = 0, leaf = 0;
    for (size_t i = 0; i < n; i++) {
        if (code[i].code == OP_NOT) {
            stack[top - 1] = !stack[top - 1];
        } else if (code[i].code == OP_AND || code[i].code == OP_OR) {
            bool is_and = code[i].code == OP_AND, all = true, any = false;
            for (size_t k = 0; k < code[i].arg; k++) {
                top--;
                all = all && stack[top];
                any = any || stack[top];
            }
            stack[top++] = is_and ? all : any;
        } else {
            stack[top++] = code[i].code == OP_TRUE || (mask >> leaf++ & 1);
        }
    }
    return stack[0];
}

static size_t count_leaves(const struct insn *code, size_t n)
{
    size_t leaves = 0;
    for (size_t i = 0; i < n; i++)
        leaves += code[i].code >= OP_EQ;
    return leaves;
}

static bool can_flip(const struct insn *code, size_t n, size_t leaf)
{
    for (unsigned mask = 0; mask < 1u << count_leaves(code, n); mask++)
        if (run_with(code, n, mask) != run_with(code, n, mask ^ 1u << leaf))
            return true;
    return false;
}

/* No rule holds a condition that can never matter. */
static void every_condition_of_every_rule_can_flip_it(void **state)
{
    (void)state;
    size_t conditions = 0;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct rule_place *p = &policy_places[i];
        const struct insn *parts[2] = {&policy_code[p->scope], &policy_code[p->require]};
        const size_t sizes[2] = {p->scope_n, p->require_n};
        for (size_t k = 0; k < 2; k++)
            for (size_t leaf = 0; leaf < count_leaves(parts[k], sizes[k]); leaf++, conditions++)
                if (!can_flip(parts[k], sizes[k], leaf))
                    fail_msg("%s: condition %zu never matters", policy_rule_at(i)->id, leaf);
    }
    assert_true(conditions > 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truth_tables),
        cmocka_unit_test(each_condition_counts),
        cmocka_unit_test(order_and_equality),
        cmocka_unit_test(lists),
        cmocka_unit_test(every_condition_of_every_rule_can_flip_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
