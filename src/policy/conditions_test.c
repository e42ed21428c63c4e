/* Every condition of every compound decision in the deciding code, shown to change its outcome
 * alone while the others stand still (MC/DC, DO-178C 6.4.4.2), as far as the tests beside the
 * single files leave one open. `make mcdc` measures it. */
#include "base/test.h"
#include "policy/hours_int.h"

static int64_t at(const char *iso)
{
    struct time_span s;
    assert_true(time_parse(str_of(iso), &s));
    return s.lo;
}

static struct access_verdict by_scope(enum access_scope scope, bool sensitive, enum action action)
{
    struct access_row row = {.id = "ROW",
                             .citation = "law",
                             .scope = scope,
                             .sensitive = sensitive,
                             .purposes = 1u << PURPOSE_TREAT,
                             .why = {"scope ROW", "purpose ROW", "label ROW"}};
    struct actor who = {.role = ROLE_PATIENT, .purpose = PURPOSE_TREAT, .patient = 7};
    struct access_request rq = {.action = action, .patient = 7, .is_own = true, .consented = true};
    struct access_verdict v;
    policy_access_by_row(&row, &who, &rq, &v);
    return v;
}

static void rows_narrow_by_their_scope(void **state)
{
    (void)state;
    static const struct {
        enum access_scope scope;
        bool compartment, own;
    } rows[] = {{SCOPE_ALL, false, false},      {SCOPE_OWN_PATIENT, true, false},
                {SCOPE_OWN, false, true},       {SCOPE_AUTHORED, true, true},
                {SCOPE_CONSENTED, true, false}, {SCOPE_ASSIGNED, false, true},
                {SCOPE_SHARED, false, false}};
    const enum action narrow[] = {ACTION_SEARCH, ACTION_EXPORT};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t k = 0; k < 2; k++) {
            struct access_verdict v = by_scope(rows[i].scope, false, narrow[k]);
            assert_true(v.allowed && v.hide_sensitive);
            assert_int_equal(v.compartment_only, rows[i].compartment);
            assert_int_equal(v.own_only, rows[i].own);
            assert_false(by_scope(rows[i].scope, true, narrow[k]).hide_sensitive);
        }
        struct access_verdict one = by_scope(rows[i].scope, false, ACTION_READ);
        assert_true(one.allowed && !one.compartment_only && !one.own_only && !one.hide_sensitive);
    }
}

/* A rule that is neither kept nor suspended by name gives way only to what nobody knows. */
static void emergency_suspends(void **state)
{
    (void)state;
    const enum tri n = TRI_NO, y = TRI_YES, u = TRI_UNKNOWN;
    static struct rule keeps, suspends, other;
    bool found = false;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct rule *r = policy_rule_at(i);
        if (r->emergency == EMERGENCY_KEEPS)
            keeps = *r;
        else if (r->emergency == EMERGENCY_SUSPENDS)
            suspends = *r;
        else {
            other = *r;
            found = true;
        }
    }
    assert_true(found);
    assert_false(policy_suspends(&suspends, (struct outcome){y, n}, false));
    assert_false(policy_suspends(&keeps, (struct outcome){u, u}, true));
    assert_true(policy_suspends(&suspends, (struct outcome){y, n}, true));
    assert_false(policy_suspends(&other, (struct outcome){y, n}, true));
    assert_true(policy_suspends(&other, (struct outcome){u, n}, true));
    assert_true(policy_suspends(&other, (struct outcome){y, u}, true));
}

/* What is written down of a fact is the number that it was, however large. */
static void numbers_are_told_as_they_are(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *told;
    } rows[] = {{7, "7"}, {7.5, "7.5"}, {1e10, "10000000000"}, {-1e10, "-10000000000"}};
    size_t id = 0;
    while (policy_facts[id].kind != VALUE_NUM)
        id++;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct op op = test_op();
        struct facts *f = facts_new(&op);
        facts_set_num(f, (enum fact)id, rows[i].number);
        const struct json *o = facts_to_json(&op, f);
        assert_int_equal(o->n, 1);
        assert_true(str_eq(o->u.members[0].value.u.s, str_of(rows[i].told)));
        test_op_done(&op);
    }
}

static void numbers_and_words_differ(void **state)
{
    (void)state;
    struct value one = {.kind = VALUE_NUM, .u.num = 1},
                 word = {.kind = VALUE_STR, .n = 1, .u.s = "1"};
    struct value yes = {.kind = VALUE_BOOL, .u.b = true};
    assert_int_equal(value_compare(OP_EQ, &one, &one), TRI_YES);
    assert_int_equal(value_compare(OP_EQ, &one, &word), TRI_NO);
    assert_int_equal(value_compare(OP_EQ, &word, &one), TRI_NO);
    assert_int_equal(value_compare(OP_NE, &one, &word), TRI_YES);
    assert_int_equal(value_compare(OP_EQ, &yes, &one), TRI_YES);
    assert_int_equal(value_compare(OP_GE, &one, &one), TRI_YES);
}

static struct verdict held_by(struct op *op, const char *id)
{
    struct verdict v = {.decision = DECISION_HOLD_UNTIL, .n_fired = 1};
    v.fired = ARENA_ARRAY(op->arena, struct fired, 1);
    v.fired[0] =
        (struct fired){.rule = policy_rule_find(str_of(id)), .decision = DECISION_HOLD_UNTIL};
    assert_non_null(v.fired[0].rule);
    return v;
}

/* The rule of the table that has a cap a day and one a week. */
static const char *two_caps(void)
{
    for (size_t i = 1; i < policy_cap_count; i++)
        if (policy_caps[i].rule == policy_caps[i - 1].rule)
            return policy_rule_at(policy_caps[i].rule)->id;
    fail_msg("no rule has two caps");
    return "";
}

static int64_t end_of(struct op *op, const int64_t *counted, size_t n)
{
    static const str zone[] = {{"America/Chicago", 15}};
    struct hours_query q = {.now = at("2026-11-20T18:00:00Z"),
                            .zones = zone,
                            .n_zones = 1,
                            .counted = counted,
                            .n_counted = n};
    struct verdict v = held_by(op, two_caps());
    assert_int_equal(policy_hold_until(op, NULL, &q, &v), OK);
    return v.held ? v.hold_until : 0;
}

static void of_two_caps_the_later_end_counts(void **state)
{
    (void)state;
    struct op op = test_op();
    int64_t lately[64];
    for (size_t i = 0; i < 64; i++) /* all within the hour: the week's cap ends later */
        lately[i] = at("2026-11-20T17:30:00Z") - (int64_t)i * 1000;
    int64_t week = end_of(&op, lately, 64);
    assert_true(week > at("2026-11-26T00:00:00Z"));
    for (size_t i = 0; i < 64; i++) /* one now, the rest almost a week ago */
        lately[i] = i < 1 ? at("2026-11-20T17:30:00Z") - (int64_t)i * 1000
                          : at("2026-11-13T18:00:01Z") + (int64_t)i;
    int64_t day = end_of(&op, lately, 64);
    assert_true(day > at("2026-11-20T18:00:00Z") && day < week);
    test_op_done(&op);
}

static void a_cap_of_nothing_never_ends(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *j = NULL;
    struct rulebook *book = NULL;
    static const str zone[] = {{"America/Chicago", 15}};
    const int64_t counted[] = {at("2026-11-19T18:00:00Z")};
    const char *text =
        "{\"MSG-10\":{\"params\":{\"per_week\":0},\"reason\":\"r\",\"approver\":\"a\"}}";
    assert_int_equal(json_read(&op, str_of(text), &JSON_LIMITS_DEFAULT, &j), OK);
    assert_int_equal(rulebook_new(&op, j, &book), OK);
    struct hours_query q = {.now = at("2026-11-20T18:00:00Z"),
                            .zones = zone,
                            .n_zones = 1,
                            .counted = counted,
                            .n_counted = 1};
    struct verdict v = held_by(&op, "MSG-10");
    assert_int_equal(policy_hold_until(&op, book, &q, &v), OK);
    assert_false(v.held);
    test_op_done(&op);
}

static bool closed_on(int month, int day)
{
    struct hours_row row = {.code = "FR",
                            .days = {{540, 1200}, {540, 1200}, {540, 1200}},
                            .holidays_closed = true,
                            .from_day = INT32_MIN,
                            .to_day = INT32_MAX};
    struct time_local t = {.year = 2026, .month = month, .day = day, .wday = 3};
    struct span s = window_span(&row, &t);
    return s.close <= s.open;
}

static void holidays_abroad(void **state)
{
    (void)state;
    assert_true(closed_on(1, 1));
    assert_false(closed_on(1, 2));
    assert_false(closed_on(2, 1));
    assert_true(closed_on(12, 25));
    assert_false(closed_on(12, 24));
    assert_false(closed_on(11, 25));
    assert_true(closed_on(7, 14)); /* R519: only New Year's Day and Christmas were closed abroad */
}

static size_t windows(struct op *op, const str *places, size_t n, bool automated)
{
    static const str zone[] = {{"America/Chicago", 15}};
    struct hours_query q = {.now = at("2026-11-20T18:00:00Z"),
                            .zones = zone,
                            .n_zones = 1,
                            .solicitation = true,
                            .automated = automated,
                            .jurisdictions = places,
                            .n_jurisdictions = n};
    struct windows w;
    assert_int_equal(windows_of(op, NULL, &q, &w), OK);
    return w.n;
}

/* An automated call has rows of its own; the federal ones bind wherever one place is in the US. */
static void places_and_automats(void **state)
{
    (void)state;
    struct op op = test_op();
    static const str ca[] = {{"US-CA", 5}}, tx[] = {{"US-TX", 5}}, fr[] = {{"FR", 2}},
                     mixed[] = {{"US-TX", 5}, {"FR", 2}};
    assert_true(windows(&op, ca, 1, true) > windows(&op, ca, 1, false));
    assert_int_equal(windows(&op, mixed, 2, false),
                     windows(&op, tx, 1, false) + windows(&op, fr, 1, false));
    test_op_done(&op);
}

static void facts_that_cannot_be(void **state)
{
    (void)state;
    struct op op = test_op();
    struct facts *f = facts_new(&op);
    enum fact text, list;
    const str items[] = {{"a", 1}};
    assert_true(fact_parse(STR("country"), &text));
    for (list = (enum fact)0; policy_facts[list].kind != VALUE_LIST; list = (enum fact)(list + 1))
        assert_true(list + 1 < FACT_COUNT);
    facts_set_str(f, text, STR("US"));
    assert_true(facts_known(f, text));
    facts_set_str(f, text, str_make("US", (size_t)UINT32_MAX + 1));
    assert_false(facts_known(f, text));
    facts_set_list(f, list, items, 1);
    assert_true(facts_known(f, list));
    facts_set_list(f, list, NULL, 1);
    assert_false(facts_known(f, list));
    facts_set_list(f, list, NULL, 0);
    assert_true(facts_known(f, list));
    facts_set_list(f, list, items, (size_t)UINT32_MAX + 1);
    assert_false(facts_known(f, list));
    facts_set_str(f, text, STR("US"));
    facts_unset(NULL, text);
    facts_unset(f, (enum fact)FACT_COUNT);
    assert_true(facts_known(f, text));
    assert_int_equal(facts_to_json(&op, NULL)->n, 0);
    assert_int_equal(facts_to_json(&op, f)->n, 1);
    test_op_done(&op);
}

static void values_that_cannot_be(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json huge = {.type = JSON_STRING, .u.s = str_make("x", (size_t)UINT32_MAX + 1)};
    struct json number = {.type = JSON_NUMBER, .u.s = STR("1e999")};
    assert_int_equal(value_from_json(op.arena, &huge).kind, VALUE_NONE);
    assert_int_equal(value_from_json(op.arena, &number).kind, VALUE_NONE);
    struct json *many = json_new(op.arena, JSON_ARRAY);
    for (int i = 0; i < 2000; i++)
        json_push(op.arena, many, json_new_str(op.arena, STR("x")));
    struct arena *small = arena_new(8192);
    assert_int_equal(value_from_json(small, many).kind, VALUE_NONE); /* no memory for it */
    assert_int_equal(value_from_json(op.arena, many).kind, VALUE_LIST);
    arena_free(small);
    test_op_done(&op);
}

static void a_book_needs_memory_and_kinds(void **state)
{
    (void)state;
    struct op op = test_op(), poor;
    struct rulebook *book = NULL;
    struct json *j = NULL;
    const char *null = "{\"TCPA-HC-09\":{\"params\":{\"max_chars\":null}}}";
    assert_int_equal(json_read(&op, str_of(null), &JSON_LIMITS_DEFAULT, &j), OK);
    assert_int_equal(rulebook_new(&op, j, &book), ERR_INVALID);
    op_clear(&op);
    struct arena *small = arena_new(4096);
    op_init(&poor, small, NULL, 0);
    assert_int_equal(rulebook_new(&poor, NULL, &book), ERR_TOO_LARGE);
    assert_null(book);
    arena_free(small);
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_narrow_by_their_scope),
        cmocka_unit_test(emergency_suspends),
        cmocka_unit_test(numbers_are_told_as_they_are),
        cmocka_unit_test(numbers_and_words_differ),
        cmocka_unit_test(of_two_caps_the_later_end_counts),
        cmocka_unit_test(a_cap_of_nothing_never_ends),
        cmocka_unit_test(holidays_abroad),
        cmocka_unit_test(places_and_automats),
        cmocka_unit_test(facts_that_cannot_be),
        cmocka_unit_test(values_that_cannot_be),
        cmocka_unit_test(a_book_needs_memory_and_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
