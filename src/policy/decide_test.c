/* Deciding: the 404 examples, nothing on no facts, precedence, the emergency path, and random facts
 * against laws that must always hold. */
#include "base/test.h"
#include "policy/policy_int.h"
#include "policy/why.h"

static struct facts *facts_of(struct op *op, const char *text)
{
    struct json *j = NULL;
    struct facts *f = NULL;
    assert_int_equal(json_read(op, str_of(text), &JSON_LIMITS_DEFAULT, &j), OK);
    assert_int_equal(facts_from_json(op, j, &f), OK);
    return f;
}

static struct verdict decide(struct op *op, uint64_t triggers, const struct facts *f)
{
    struct verdict v;
    assert_int_equal(policy_decide(op, NULL, triggers, f, &v), OK);
    return v;
}

static uint64_t bit(const char *trigger)
{
    enum trigger t;
    assert_true(trigger_parse(str_of(trigger), &t));
    return TRIGGER_BIT(t);
}

static bool fired(const struct verdict *v, const char *id)
{
    for (size_t i = 0; i < v->n_fired; i++)
        if (strcmp(v->fired[i].rule->id, id) == 0)
            return !v->fired[i].suspended;
    return false;
}

static void every_example_decides_as_written(void **state)
{
    (void)state;
    size_t examples = 0;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct rule *r = policy_rule_at(i);
        bool applied = false;
        assert_ptr_equal(policy_rule_find(str_of(r->id)), r);
        (void)policy_rule_decide(NULL, r, NULL, &applied);
        assert_true(applied); /* an unknown scope applies */
        for (size_t e = 0; e < r->n_examples; e++, examples++) {
            struct op op = test_op();
            struct facts *f = facts_of(&op, r->examples[e].facts);
            str got = decision_name(policy_rule_decide(NULL, r, f, NULL));
            if (!str_eq(got, str_of(r->examples[e].expect)))
                fail_msg("%s: %s", r->id, r->examples[e].name);
            test_op_done(&op);
        }
    }
    assert_int_equal(RULE_COUNT, 212);
    assert_int_equal(examples, 426);
    assert_null(policy_rule_at(RULE_COUNT));
    assert_null(policy_rule_find(STR("TCPA-HC-99")));
}

static void no_facts_never_allow(void **state)
{
    (void)state;
    struct op op = test_op();
    struct facts *f = facts_new(&op);
    for (size_t t = 0; t < TRIGGER_COUNT; t++) {
        struct verdict v = decide(&op, TRIGGER_BIT(t), f), w = decide(&op, TRIGGER_BIT(t), NULL);
        assert_int_not_equal(v.decision, DECISION_ALLOW);
        assert_int_equal(v.decision, w.decision);
        assert_true(v.n_fired > 0 && v.n_missing > 0 && v.n_obligations > 0);
    }
    for (size_t i = 0; i < RULE_COUNT; i++)
        assert_int_not_equal(policy_rule_decide(NULL, policy_rule_at(i), NULL, NULL),
                             DECISION_ALLOW);
    struct verdict v;
    assert_int_equal(policy_decide(&op, NULL, 0, f, &v), ERR_INVALID);
    assert_int_equal(policy_decide(&op, NULL, TRIGGER_BIT(63), f, &v), ERR_INVALID);
    test_op_done(&op);
}

/* disclosure.attempt has deny and hold rules, call.record deny and require. */
static void precedence(void **state)
{
    (void)state;
    struct op op = test_op();
    const char *calm = "{\"recipient\":\"patient\",\"identity_known\":true,\"topic\":\"visit\","
                       "\"failed_verifications_24h\":0,\"patient_is_minor\":false,"
                       "\"authority\":\"self\",\"remuneration_for_phi\":false,"
                       "\"purpose_of_use\":\"treatment\",\"part2_record\":false}";
    struct facts *f = facts_of(&op, calm);
    uint64_t t = bit("disclosure.attempt");
    assert_int_equal(decide(&op, t, f).decision, DECISION_ALLOW);
    facts_set_num(f, FACT_FAILED_VERIFICATIONS_24H, 3);
    struct verdict hold = decide(&op, t, f);
    assert_int_equal(hold.decision, DECISION_HOLD_UNTIL);
    assert_true(fired(&hold, "PRIV-04"));
    facts_set_bool(f, FACT_REMUNERATION_FOR_PHI, true);
    struct verdict deny = decide(&op, t, f);
    assert_int_equal(deny.decision, DECISION_DENY);
    assert_int_equal(deny.n_fired, 2);
    assert_string_equal(deny.fired[0].rule->id, "PRIV-24"); /* strictest first */
    assert_true(verdict_obliges(&deny, STR("get_authorisation")));
    assert_true(verdict_obliges(&deny, STR("call_back_on_file"))); /* all united */
    assert_false(verdict_obliges(&deny, STR("stop_recording")));

    f = facts_of(&op, "{\"recording_purpose\":true,\"policy_allows_recording\":true,"
                      "\"consent_state\":\"affirmative\",\"consent_rank\":3,"
                      "\"required_rank_max\":2,\"all_legs_located\":true,\"recording_active\":true,"
                      "\"announcement_in_audio\":true,\"queue_class\":\"general\","
                      "\"card_entry_in_progress\":false}");
    t = bit("call.record");
    assert_int_equal(decide(&op, t, f).decision, DECISION_ALLOW);
    facts_set_bool(f, FACT_ANNOUNCEMENT_IN_AUDIO, false);
    assert_int_equal(decide(&op, t, f).decision, DECISION_REQUIRE);
    facts_set_str(f, FACT_QUEUE_CLASS, STR("sud"));
    assert_int_equal(decide(&op, t, f).decision, DECISION_DENY);
    test_op_done(&op);
}

static void emergency_path_goes_first(void **state)
{
    (void)state;
    struct op op = test_op();
    struct facts *f = facts_of(&op, "{\"emergency_path_started\":true,\"internal_dnc\":true,"
                                    "\"emergency\":false,\"message_kind\":\"care\"}");
    struct verdict v = decide(&op, bit("outbound.attempt") | bit("outbound.voice"), f);
    assert_int_equal(v.decision, DECISION_ALLOW);
    assert_true(v.emergency);
    assert_true(verdict_obliges(&v, STR("post_event_review")));
    assert_true(v.n_fired > 10); /* all told, none enforced */
    for (size_t i = 0; i < v.n_fired; i++)
        assert_true(v.fired[i].suspended);
    struct json *told = verdict_to_json(&op, &v);
    assert_int_equal(JSON_GET(told, "fired")->n + JSON_GET(told, "why")->n, 0);
    assert_int_equal(JSON_GET(told, "suspended")->n, v.n_fired);
    /* Whether it advertises nobody had the time to say: that does not hold up help either. */
    facts_set_bool(f, FACT_VALID_AUTHORIZATION, false);
    facts_set_str(f, FACT_MARKETING_EXCEPTION, STR("none"));
    assert_int_equal(decide(&op, bit("outbound.attempt"), f).decision, DECISION_ALLOW);
    /* Known advertising is not help. */
    facts_set_bool(f, FACT_CONTAINS_MARKETING, true);
    facts_set_bool(f, FACT_MARKETING_REVOKED, true);
    v = decide(&op, bit("outbound.attempt"), f);
    assert_int_equal(v.decision, DECISION_DENY);
    assert_true(fired(&v, "TCPA-REV-06") && !fired(&v, "TCPA-DNC-02"));
    /* Nor does the path open what help does not need. */
    const char *const closed[] = {"record.purge",   "vendor.connect", "record.export",
                                  "config.change",  "call.record",    "agent.say",
                                  "engine.override"};
    facts_clear(f);
    facts_set_bool(f, FACT_EMERGENCY_PATH_STARTED, true);
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        assert_int_not_equal(decide(&op, bit(closed[i]), f).decision, DECISION_ALLOW);
    facts_set_bool(f, FACT_EMERGENCY_PATH_STARTED, false);
    assert_int_equal(decide(&op, bit("outbound.attempt"), f).decision, DECISION_DENY);
    test_op_done(&op);
}

static str why_of(const struct verdict *v, const char *id)
{
    for (size_t i = 0; i < v->n_fired; i++)
        if (strcmp(v->fired[i].rule->id, id) == 0)
            return v->fired[i].why;
    return STR_NONE;
}

/* A sentence never claims what nobody said. */
static void unknown_is_not_claimed(void **state)
{
    (void)state;
    struct op op = test_op();
    struct facts *f = facts_new(&op);
    uint64_t t = bit("outbound.attempt");
    struct verdict v = decide(&op, t, f);
    assert_str(why_of(&v, "TCPA-DNC-02"),
               "Find out first, this is not known yet: emergency, internal dnc, message kind. The "
               "rule: Internal do-not-call list beats every basis.");
    facts_set_bool(f, FACT_INTERNAL_DNC, true);
    facts_set_bool(f, FACT_EMERGENCY, false);
    v = decide(&op, t, f);
    assert_str(why_of(&v, "TCPA-DNC-02"),
               "Unless these facts show otherwise (message kind): The patient is on our own "
               "do-not-contact list. Do not send this.");
    facts_set_str(f, FACT_MESSAGE_KIND, STR("care"));
    v = decide(&op, t, f);
    assert_str(why_of(&v, "TCPA-DNC-02"),
               "The patient is on our own do-not-contact list. Do not send this.");
    assert_string_equal(v.fired[0].rule->id, "TCPA-DNC-02"); /* before all that is not known */
    assert_true(v.n_fired > 1 && v.fired[1].unknown.n > 0);
    facts_set_bool(f, FACT_EMERGENCY, true); /* out of scope */
    v = decide(&op, t, f);
    assert_int_equal(why_of(&v, "TCPA-DNC-02").n, 0);
    test_op_done(&op);
}

static void verdict_as_json(void **state)
{
    (void)state;
    struct op op = test_op();
    struct facts *f = facts_of(&op, "{\"topic\":\"test_result\",\"speaker_is_clinician\":false,"
                                    "\"utterance_acts\":[\"availability\",\"interpret\"]}");
    struct verdict v = decide(&op, bit("agent.say"), f);
    struct json *j = verdict_to_json(&op, &v);
    assert_str(json_get_str(j, STR("decision")), "deny");
    assert_str(json_str(json_path(j, "fired.0")), "CURES-04");
    assert_str(json_str(json_path(j, "obligations.0")), "clinician_callback");
    assert_true(json_str(json_path(j, "why.0")).n > 20);
    assert_true(json_is(JSON_GET(j, "missing"), JSON_ARRAY));
    assert_null(JSON_GET(j, "hold"));
    assert_null(JSON_GET(j, "suspended"));
    facts_clear(f);
    facts_set_num(f, FACT_FAILED_LOGINS_15M, 9);
    facts_set_bool(f, FACT_USER_ID_UNIQUE, true);
    facts_set_bool(f, FACT_SHARED_ACCOUNT, false);
    facts_set_bool(f, FACT_ROLE_SEES_PHI, false);
    v = decide(&op, bit("session.start"), f);
    assert_int_equal(v.decision, DECISION_HOLD_UNTIL);
    v.held = true;
    j = verdict_to_json(&op, &v);
    assert_str(json_str(json_path(j, "hold.kinds.0")), "fixed_delay");
    assert_str(json_str(json_path(j, "hold.until")), "1970-01-01T00:00:00.000Z");
    assert_true(obligation_text(STR("wait_lock")).n > 0);
    assert_int_equal(obligation_text(STR("nothing")).n, 0);
    test_op_done(&op);
}

static str in_language(struct op *op, const struct verdict *v, const char *rule, str lang)
{
    const struct json *list = json_get(verdict_translations(op, v), lang);
    assert_int_equal(list->n, v->n_fired);
    for (size_t i = 0; i < v->n_fired; i++)
        if (str_eq(str_of(v->fired[i].rule->id), str_of(rule)))
            return json_str(json_at(list, i));
    return STR_NONE;
}

static void verdict_in_other_languages(void **state)
{
    (void)state;
    struct op op = test_op();
    struct facts *f = facts_of(&op, "{\"internal_dnc\":true,\"texts_today\":1}");
    struct verdict v = decide(&op, bit("outbound.attempt") | bit("outbound.sms"), f);
    assert_true(str_starts(in_language(&op, &v, "MSG-01", STR("es")),
                           STR("A menos que estos datos indiquen lo contrario (")));
    assert_true(
        str_starts(in_language(&op, &v, "MSG-01", STR("ar")), STR("ما لم تبيّن هذه المعلومات")));
    /* the facts are named in their language, and those without a word there once */
    for (size_t i = 0; i < v.n_fired; i++)
        if (str_eq(str_of(v.fired[i].rule->id), STR("MSG-01")))
            v.fired[i].unknown = STR("called state, abandon rate 30d, line type, no such fact");
    assert_true(
        str_starts(in_language(&op, &v, "MSG-01", STR("es")),
                   STR("A menos que estos datos indiquen lo contrario (el estado donde vive, "
                       "el tipo de línea, otros datos): ")));
    str arabic = in_language(&op, &v, "MSG-01", STR("ar"));
    assert_true(str_find(arabic, STR("الولاية التي يسكنها، نوع الخط، معلومات أخرى"), 0) !=
                SIZE_MAX);
    for (size_t i = 0; i < arabic.n; i++)
        assert_false(arabic.p[i] >= 'a' && arabic.p[i] <= 'z');
    /* as with the facts known, and with other parameters */
    for (size_t i = 0; i < v.n_fired; i++) {
        v.fired[i].unknown = STR_NONE;
        if (str_eq(str_of(v.fired[i].rule->id), STR("MSG-05")))
            v.fired[i].params = STR("{\"max_segments\":3,\"max_segments_beyond_gsm7\":4}");
    }
    assert_str(in_language(&op, &v, "MSG-05", STR("es")),
               "El mensaje ocupa más de 3 parte(s) (4 en un idioma como el árabe). Acórtelo; en "
               "inglés o español, cambie las comillas curvas y los emojis por letras simples.");
    assert_true(str_eq(
        in_language(&op, &v, "MSG-06", STR("ar")),
        STR("يجب ألا تحمل الرسالة النصية العادية معلومات صحية. احذفها وأرشد المريض إلى البوابة.")));
    test_op_done(&op);
}

/* Refused memory ends in an error or in the same answer, never in a looser one. */
static void refused_memory_is_an_error(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t cap = 1u << 10; cap < 1u << 21; cap += cap / 4) {
        struct arena *arena = arena_new(cap);
        if (!arena)
            continue;
        struct op op;
        struct verdict v = {.decision = DECISION_COUNT};
        struct rulebook *book = NULL;
        op_init(&op, arena, NULL, 0);
        struct facts *f = facts_new(&op);
        err e = policy_decide(&op, NULL, bit("outbound.attempt"), f, &v);
        assert_true(e == OK ? v.decision == DECISION_DENY : (int)v.decision == DECISION_COUNT);
        failed += e != OK;
        if (e == OK)
            (void)verdict_to_json(&op, &v);
        e = rulebook_new(&op, NULL, &book);
        assert_int_equal(e == OK, book != NULL);
        failed += e != OK;
        arena_free(arena);
    }
    assert_true(failed > 0);
}

/* ---- random facts ---- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Mixes the examples of the rules of a trigger: values that matter, in combinations nobody wrote.
 */
static struct facts *mixed_facts(struct op *op, size_t trigger, uint64_t *seed)
{
    struct facts *f = facts_new(op);
    for (size_t i = policy_trigger_start[trigger]; i < policy_trigger_start[trigger + 1]; i++) {
        const struct rule *r = policy_rule_at(policy_trigger_rules[i]);
        const struct facts *e = facts_of(op, r->examples[next_random(seed) % r->n_examples].facts);
        for (size_t k = 0; k < FACT_COUNT; k++)
            if (e->at[k].kind != VALUE_NONE && next_random(seed) % 8)
                f->at[k] = e->at[k];
    }
    return f;
}

static void forgetting_a_fact_never_loosens(void **state)
{
    (void)state;
    uint64_t seed = 0x5eed;
    size_t tightened = 0;
    for (size_t round = 0; round < 40; round++)
        for (size_t t = 0; t < TRIGGER_COUNT; t++) {
            struct op op = test_op();
            struct facts *f = mixed_facts(&op, t, &seed);
            facts_unset(f, FACT_EMERGENCY_PATH_STARTED);
            struct verdict before = decide(&op, TRIGGER_BIT(t), f);
            size_t id = next_random(&seed) % FACT_COUNT;
            while (f->at[id].kind == VALUE_NONE && id + 1 < FACT_COUNT)
                id++;
            facts_unset(f, (enum fact)id);
            struct verdict after = decide(&op, TRIGGER_BIT(t), f);
            assert_true(after.decision >= before.decision);
            assert_true(after.n_fired >= before.n_fired);
            tightened += after.decision > before.decision;
            test_op_done(&op);
        }
    assert_true(tightened > 0); /* else the property was never tried */
}

static void more_triggers_never_loosen(void **state)
{
    (void)state;
    uint64_t seed = 0xabcdef;
    for (size_t round = 0; round < 2000; round++) {
        struct op op = test_op();
        size_t a = next_random(&seed) % TRIGGER_COUNT, b = next_random(&seed) % TRIGGER_COUNT;
        struct facts *f = mixed_facts(&op, a, &seed);
        facts_unset(f, FACT_EMERGENCY_PATH_STARTED);
        struct verdict x = decide(&op, TRIGGER_BIT(a), f), y = decide(&op, TRIGGER_BIT(b), f);
        struct verdict both = decide(&op, TRIGGER_BIT(a) | TRIGGER_BIT(b), f);
        assert_int_equal(both.decision, x.decision > y.decision ? x.decision : y.decision);
        if (a != b)
            assert_int_equal(both.n_fired, x.n_fired + y.n_fired);
        test_op_done(&op);
    }
}

/* The decision is the strictest of the rules one by one: no rule hides another. */
static void decision_is_the_strictest_rule(void **state)
{
    (void)state;
    uint64_t seed = 77;
    for (size_t round = 0; round < 1500; round++) {
        struct op op = test_op();
        size_t t = next_random(&seed) % TRIGGER_COUNT;
        struct facts *f = mixed_facts(&op, t, &seed);
        facts_unset(f, FACT_EMERGENCY_PATH_STARTED);
        enum decision strictest = DECISION_ALLOW;
        size_t n = 0;
        for (size_t i = 0; i < RULE_COUNT; i++) {
            const struct rule *r = policy_rule_at(i);
            enum decision d = policy_rule_decide(NULL, r, f, NULL);
            if (r->trigger == t && d != DECISION_ALLOW) {
                strictest = d > strictest ? d : strictest;
                n++;
            }
        }
        struct verdict v = decide(&op, TRIGGER_BIT(t), f);
        assert_int_equal(v.decision, strictest);
        assert_int_equal(v.n_fired, n);
        test_op_done(&op);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_decides_as_written),
        cmocka_unit_test(no_facts_never_allow),
        cmocka_unit_test(precedence),
        cmocka_unit_test(emergency_path_goes_first),
        cmocka_unit_test(unknown_is_not_claimed),
        cmocka_unit_test(verdict_as_json),
        cmocka_unit_test(verdict_in_other_languages),
        cmocka_unit_test(refused_memory_is_an_error),
        cmocka_unit_test(forgetting_a_fact_never_loosens),
        cmocka_unit_test(more_triggers_never_loosen),
        cmocka_unit_test(decision_is_the_strictest_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
