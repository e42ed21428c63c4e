/* Legal hours and the end of holds: all zones, all jurisdictions, weekends, holidays, caps. */
#include "base/test.h"
#include "policy/hours_int.h"

static int64_t at(const char *iso)
{
    struct time_span s;
    assert_true(time_parse(str_of(iso), &s));
    return s.lo;
}

static const str CHICAGO[] = {{"America/Chicago", 15}};
static const str FLORIDA[] = {{"America/New_York", 16}, {"America/Chicago", 15}};
static const str TX[] = {{"US-TX", 5}}, FL[] = {{"US-FL", 5}}, UT[] = {{"US-UT", 5}};
static const str LOUISIANA[] = {{"US-LA", 5}}, NOWHERE[] = {{"ZZ", 2}};

static struct hours_query care(const char *now)
{
    return (struct hours_query){.now = at(now), .zones = CHICAGO, .n_zones = 1};
}

static struct hours_query sales(const char *now, const str *where)
{
    struct hours_query q = care(now);
    q.solicitation = true;
    q.jurisdictions = where;
    q.n_jurisdictions = where ? 1 : 0;
    return q;
}

static bool rule_allows(struct op *op, const char *id, struct hours_query q)
{
    struct facts *f = facts_new(op);
    assert_int_equal(policy_hours_facts(op, NULL, &q, f), OK);
    facts_set_bool(f, FACT_IS_SOLICITATION, q.solicitation);
    facts_set_bool(f, FACT_EMERGENCY, false);
    facts_set_bool(f, FACT_REPLYING_TO_OWN_INQUIRY, false);
    facts_set_str(f, FACT_COUNTRY, STR("US"));
    return policy_rule_decide(NULL, policy_rule_find(str_of(id)), f, NULL) == DECISION_ALLOW;
}

static void care_window(void **state)
{
    (void)state;
    struct op op = test_op();
    const char *r = "TCPA-HRS-07";
    assert_true(rule_allows(&op, r, care("2026-11-20T15:00:00Z")));  /* Fri 09:00 */
    assert_false(rule_allows(&op, r, care("2026-11-20T13:59:00Z"))); /* 07:59 */
    assert_true(rule_allows(&op, r, care("2026-11-20T14:00:00Z")));
    assert_true(rule_allows(&op, r, care("2026-11-21T01:58:00Z")));
    assert_false(rule_allows(&op, r, care("2026-11-21T01:59:30Z"))); /* in the guard minute */
    assert_false(rule_allows(&op, r, care("2026-11-22T15:00:00Z"))); /* Sun 09:00 */
    assert_true(rule_allows(&op, r, care("2026-11-22T16:00:00Z")));  /* Sun 10:00 */
    assert_true(rule_allows(&op, r, care("2026-11-22T23:58:00Z")));
    assert_false(rule_allows(&op, r, care("2026-11-22T23:59:00Z"))); /* Sun 17:59, guard */
    struct hours_query q = care("2026-11-20T14:30:00Z");
    assert_true(rule_allows(&op, r, q)); /* 08:30 Chicago … */
    static const str both[] = {{"America/Chicago", 15}, {"America/Denver", 14}};
    q.zones = both;
    q.n_zones = 2;
    assert_false(rule_allows(&op, r, q)); /* … but 07:30 in Denver */
    q.n_zones = 0;
    assert_false(rule_allows(&op, r, q)); /* no zone, no answer */
    static const str wrong[] = {{"Mars/Olympus", 12}};
    q.zones = wrong;
    q.n_zones = 1;
    struct facts *f = facts_new(&op);
    assert_int_equal(policy_hours_facts(&op, NULL, &q, f), ERR_INVALID);
    test_op_done(&op);
}

static void state_windows(void **state)
{
    (void)state;
    struct op op = test_op();
    const char *r = "TCPA-HRS-02";
    assert_true(rule_allows(&op, r, sales("2026-11-20T15:30:00Z", TX)));  /* 09:30 */
    assert_false(rule_allows(&op, r, sales("2026-11-20T14:30:00Z", TX))); /* 08:30, Texas opens 9 */
    assert_false(rule_allows(&op, r, sales("2026-11-22T17:30:00Z", TX))); /* Sun 11:30 */
    assert_true(rule_allows(&op, r, sales("2026-11-22T18:30:00Z", TX)));  /* Sun 12:30 */
    struct hours_query q = sales("2026-11-21T00:30:00Z", FL);             /* 19:30 ET, 18:30 CT */
    q.zones = FLORIDA;
    q.n_zones = 2;
    assert_true(rule_allows(&op, r, q));
    q.now = at("2026-11-21T01:30:00Z"); /* 20:30 in one of its zones */
    assert_false(rule_allows(&op, r, q));
    q = sales("2026-11-22T19:00:00Z", UT);
    assert_false(rule_allows(&op, r, q)); /* Utah: no Sundays */
    q = sales("2026-11-26T18:00:00Z", LOUISIANA);
    assert_false(rule_allows(&op, r, q)); /* Thanksgiving */
    q = sales("2026-11-25T18:00:00Z", LOUISIANA);
    assert_true(rule_allows(&op, r, q));
    /* Unknown place: the strictest row, by its own rule. */
    r = "TCPA-HRS-03";
    assert_true(rule_allows(&op, r, sales("2026-11-20T17:00:00Z", NOWHERE)));  /* Fri 11:00 */
    assert_false(rule_allows(&op, r, sales("2026-11-20T15:30:00Z", NOWHERE))); /* 09:30 */
    assert_false(rule_allows(&op, r, sales("2026-11-21T23:30:00Z", NULL)));    /* Sat 17:30 */
    assert_false(rule_allows(&op, r, sales("2026-11-22T18:00:00Z", NULL)));    /* Sunday */
    str many[9];
    for (size_t i = 0; i < 9; i++)
        many[i] = TX[0];
    q = sales("2026-11-20T17:00:00Z", many);
    q.n_jurisdictions = 9;
    struct windows w;
    assert_int_equal(windows_of(&op, NULL, &q, &w), ERR_INVALID);
    test_op_done(&op);
}

/* A row that was replaced binds until its last day, the new one from its first. */
static void rows_change_with_the_law(void **state)
{
    (void)state;
    struct op op = test_op();
    static const str pa[] = {{"US-PA", 5}}, zone[] = {{"America/New_York", 16}};
    struct hours_query q = sales("2026-10-16T12:30:00Z", pa); /* Fri 08:30 */
    q.zones = zone;
    assert_true(rule_allows(&op, "TCPA-HRS-02", q));
    q.now = at("2026-10-19T12:30:00Z"); /* Mon 08:30, opens 9 now */
    assert_false(rule_allows(&op, "TCPA-HRS-02", q));
    q.now = at("2026-10-19T13:30:00Z");
    assert_true(rule_allows(&op, "TCPA-HRS-02", q));
    test_op_done(&op);
}

static void holidays(void **state)
{
    (void)state;
    static const struct {
        const char *day;
        bool closed;
    } days[] = {{"2026-01-01", true},
                {"2026-01-19", true},
                {"2026-02-16", true},
                {"2026-05-25", true},
                {"2026-05-18", false},
                {"2026-06-19", true},
                {"2026-07-03", true} /* for Saturday 4 July */,
                {"2026-09-07", true},
                {"2026-10-12", true},
                {"2026-11-11", true},
                {"2026-11-26", true},
                {"2026-11-27", false},
                {"2026-12-25", true},
                {"2027-07-05", true},
                {"2026-11-30", false}};
    struct op op = test_op();
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        str noon = arena_printf(op.arena, "%sT18:00:00Z", days[i].day);
        struct hours_query q = sales(str_z(op.arena, noon), LOUISIANA);
        if (rule_allows(&op, "TCPA-HRS-02", q) == days[i].closed)
            fail_msg("%s", days[i].day);
    }
    test_op_done(&op);
}

/* The next instant is never illegal, and a minute before it is not legal: random nows and places.
 */
static void next_instant_is_the_first_legal_one(void **state)
{
    (void)state;
    struct op op = test_op();
    static const str places[] = {{"US-TX", 5}, {"US-FL", 5}, {"US-UT", 5}, {"US-RI", 5}, {"FR", 2}};
    static const str zones[] = {{"America/Chicago", 15},
                                {"America/New_York", 16},
                                {"America/Denver", 14},
                                {"Europe/Paris", 12}};
    uint64_t seed = 99;
    for (int round = 0; round < 300; round++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        struct hours_query q = {.now = at("2026-01-01T00:00:00Z") +
                                       (int64_t)(seed >> 30) % 31536000000,
                                .zones = &zones[seed >> 40 & 1],
                                .n_zones = 1 + (seed >> 45 & 1),
                                .solicitation = seed >> 50 & 1,
                                .jurisdictions = &places[(seed >> 52) % 5],
                                .n_jurisdictions = 1};
        struct windows w;
        int64_t next, again;
        assert_int_equal(windows_of(&op, NULL, &q, &w), OK);
        if (!windows_next(&w, &q, q.now, &next))
            fail_msg("no window within a month, round %d", round);
        assert_true(next >= q.now);
        assert_true(windows_next(&w, &q, next, &again) && again == next);
        const char *rule = q.solicitation ? "TCPA-HRS-02" : "TCPA-HRS-07";
        int64_t now = q.now;
        q.now = next;
        assert_true(rule_allows(&op, rule, q));
        q.now = next - 60000;
        if (q.now >= now)
            assert_false(rule_allows(&op, rule, q));
    }
    test_op_done(&op);
}

/* A verdict in which exactly these rules fired as holds. */
static struct verdict held_by(struct op *op, const char *const *ids, size_t n)
{
    struct verdict v = {.decision = DECISION_HOLD_UNTIL, .n_fired = n};
    v.fired = ARENA_ARRAY(op->arena, struct fired, n);
    for (size_t i = 0; i < n; i++)
        v.fired[i] = (struct fired){.rule = policy_rule_find(str_of(ids[i])),
                                    .decision = DECISION_HOLD_UNTIL};
    return v;
}

static void expect_until(struct op *op, const char *const *ids, size_t n, struct hours_query q,
                         const char *want)
{
    struct verdict v = held_by(op, ids, n);
    assert_int_equal(policy_hold_until(op, NULL, &q, &v), OK);
    assert_int_equal(v.held, want != NULL);
    if (want) {
        char got[24];
        time_format_to(got, v.hold_until);
        if (v.hold_until != at(want))
            fail_msg("%.24s, not %s", got, want);
    }
}

static void ends_of_holds(void **state)
{
    (void)state;
    struct op op = test_op();
    const char *const hours[] = {"TCPA-HRS-07"}, *const day[] = {"MSG-09"},
                      *const week[] = {"MSG-10"};
    const char *const all[] = {"TCPA-HRS-07", "MSG-09", "MSG-10"}, *const login[] = {"SEC-13"};
    const char *const verify[] = {"PRIV-04"}, *const check[] = {"TCPA-RND-01"};
    /* Friday 21:00 in Chicago: Saturday 08:00. Saturday night: Sunday 10:00. */
    expect_until(&op, hours, 1, care("2026-11-21T03:00:00Z"), "2026-11-21T14:00:00Z");
    expect_until(&op, hours, 1, care("2026-11-22T03:00:00Z"), "2026-11-22T16:00:00Z");
    expect_until(&op, hours, 1, care("2026-11-20T18:00:00Z"), "2026-11-20T18:00:00Z");
    expect_until(&op, day, 1, care("2026-11-20T18:00:00Z"), "2026-11-21T14:00:00Z");
    /* Cap of two in seven days: when the second newest is a week old, then inside the window. */
    const int64_t counted[] = {at("2026-11-13T20:00:00Z"), at("2026-11-19T02:00:00Z"),
                               at("2026-11-16T05:00:00Z"), at("2026-11-01T05:00:00Z")};
    struct hours_query q = care("2026-11-20T18:00:00Z");
    q.counted = counted;
    q.n_counted = 4;
    expect_until(&op, week, 1, q, "2026-11-23T14:00:00Z");
    expect_until(&op, all, 3, q, "2026-11-23T14:00:00Z"); /* the latest of all */
    q.n_counted = 1;
    expect_until(&op, week, 1, q, NULL); /* the counts do not explain the hold: no promise */
    q = care("2026-11-20T18:00:00Z");
    expect_until(&op, check, 1, q, NULL);
    q.ready_at = q.now;
    expect_until(&op, check, 1, q, NULL); /* already past, and still not done */
    q.ready_at = at("2026-11-20T19:00:00Z");
    expect_until(&op, check, 1, q, "2026-11-20T19:00:00Z");
    q = (struct hours_query){.now = at("2026-11-20T18:00:00Z")}; /* a sign-in has no hours */
    expect_until(&op, login, 1, q, "2026-11-20T18:15:00Z");
    q.ready_at = q.now;
    expect_until(&op, login, 1, q, NULL);
    q.ready_at = 0;
    expect_until(&op, verify, 1, q, "2026-11-21T18:00:00Z");
    expect_until(&op, hours, 1, q, NULL); /* no zone known */
    expect_until(&op, day, 1, q, NULL);
    test_op_done(&op);
}

static void hold_asks_the_book_and_only_holds(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *j = NULL;
    struct rulebook *book = NULL;
    const char *text =
        "{\"TCPA-HRS-07\":{\"params\":{\"open\":600},\"reason\":\"r\",\"approver\":\"a\"}}";
    assert_int_equal(json_read(&op, str_of(text), &JSON_LIMITS_DEFAULT, &j), OK);
    assert_int_equal(rulebook_new(&op, j, &book), OK);
    const char *const hours[] = {"TCPA-HRS-07"};
    struct verdict v = held_by(&op, hours, 1);
    struct hours_query q = care("2026-11-20T10:00:00Z");
    assert_int_equal(policy_hold_until(&op, book, &q, &v), OK);
    assert_int_equal(v.hold_until, at("2026-11-20T16:00:00Z"));
    v.decision = DECISION_DENY;
    assert_int_equal(policy_hold_until(&op, book, &q, &v), OK);
    assert_false(v.held);
    v = held_by(&op, hours, 1);
    v.fired[0].suspended = true;
    assert_int_equal(policy_hold_until(&op, book, &q, &v), OK);
    assert_int_equal(v.hold_until, at("2026-11-20T16:00:00Z"));
    test_op_done(&op);
}

/* Rather no promise than a wrong one. */
static void no_window_no_promise(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *j = NULL;
    struct rulebook *shut = NULL;
    const char *text = "{\"TCPA-HRS-07\":{\"params\":{\"open\":600,\"close\":600,\"sun_open\":600,"
                       "\"sun_close\":600},\"reason\":\"r\",\"approver\":\"a\"},"
                       "\"SEC-13\":{\"params\":{\"lock_min\":1e300},\"reason\":\"r\","
                       "\"approver\":\"a\"}}";
    assert_int_equal(json_read(&op, str_of(text), &JSON_LIMITS_DEFAULT, &j), OK);
    assert_int_equal(rulebook_new(&op, j, &shut), OK);
    const char *const hours[] = {"TCPA-HRS-07"}, *const day[] = {"MSG-09"},
                      *const login[] = {"SEC-13"};
    struct hours_query q = care("2026-11-20T18:00:00Z");
    struct verdict v = held_by(&op, hours, 1);
    assert_int_equal(policy_hold_until(&op, shut, &q, &v), OK);
    assert_false(v.held);
    static const str wrong[] = {{"Mars/Olympus", 12}};
    q.zones = wrong;
    expect_until(&op, hours, 1, q, NULL);
    expect_until(&op, day, 1, q, NULL);
    q.n_zones = 0;
    v = held_by(&op, login, 1);
    assert_int_equal(policy_hold_until(&op, shut, &q, &v), OK);
    assert_true(v.held && v.hold_until > q.now); /* a mad parameter is clamped, not overflowed */
    /* Opposite sides of the world still share minutes of the day. */
    static const str far[] = {{"Pacific/Auckland", 16}, {"America/Puerto_Rico", 19}};
    q = care("2026-06-15T00:00:00Z");
    q.zones = far;
    q.n_zones = 2;
    v = held_by(&op, hours, 1);
    assert_int_equal(policy_hold_until(&op, NULL, &q, &v), OK);
    assert_true(v.held);
    test_op_done(&op);
}

/* Spring forward: 02:30 does not exist, the window still opens at 08:00 local. */
static void clocks_change(void **state)
{
    (void)state;
    struct op op = test_op();
    const char *const hours[] = {"TCPA-HRS-07"};
    expect_until(&op, hours, 1, care("2027-03-13T08:00:00Z"), "2027-03-13T14:00:00Z");
    expect_until(&op, hours, 1, care("2027-03-14T08:30:00Z"),
                 "2027-03-14T15:00:00Z"); /* Sun 10 CDT */
    expect_until(&op, hours, 1, care("2026-11-01T06:30:00Z"),
                 "2026-11-01T16:00:00Z"); /* Sun 10 CST */
    test_op_done(&op);
}

static void recording_rank(void **state)
{
    (void)state;
    assert_int_equal(policy_recording_rank(STR("US-FED")), 2);
    assert_int_equal(policy_recording_rank(STR("DK")), 3);
    assert_int_equal(policy_recording_rank(STR("nowhere")), 3);
}

static void zones_of_a_place(void **state)
{
    (void)state;
    assert_str(policy_zones(STR("US-TX")), "America/Chicago;America/Denver");
    assert_true(str_empty(policy_zones(STR("POLICY-CARE"))));
    assert_true(str_empty(policy_zones(STR("nowhere"))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(care_window),
        cmocka_unit_test(zones_of_a_place),
        cmocka_unit_test(state_windows),
        cmocka_unit_test(rows_change_with_the_law),
        cmocka_unit_test(holidays),
        cmocka_unit_test(next_instant_is_the_first_legal_one),
        cmocka_unit_test(ends_of_holds),
        cmocka_unit_test(hold_asks_the_book_and_only_holds),
        cmocka_unit_test(no_window_no_promise),
        cmocka_unit_test(clocks_change),
        cmocka_unit_test(recording_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
