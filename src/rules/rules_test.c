/* Changes of the rulebook over a real record: sentences read and said back, the override law, two
 * persons, a trial that ends by itself, versions that build on one another, and what a change would
 * have decided. */
#include "record/looks.h"
#include "record/test.h"
#include "rules/rules_int.h"

#define HOUR INT64_C(3600000)

struct room {
    char dir[TEST_FOLDER_MAX];
    struct record *rec;
    struct rules *rules;
    struct op op;
    struct actor system, ann, ben, nurse;
};

static void as(struct room *r, const struct actor *who)
{
    op_clear(&r->op);
    r->op.actor = who;
}

static int open_room(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    r->system =
        (struct actor){.role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT, .user = STR("system")};
    r->ann = r->ben =
        (struct actor){.role = ROLE_PRIVACY, .purpose = PURPOSE_HOPERAT, .user = STR("ann")};
    r->ben.user = STR("ben");
    r->nurse = (struct actor){.role = ROLE_NURSE, .purpose = PURPOSE_TREAT, .user = STR("nia")};
    r->rec = test_record(&r->op, r->dir, &r->system, 1795541400000LL);
    assert_int_equal(rules_new(&r->op, r->rec, &r->rules), OK);
    as(r, &r->ann);
    *state = r;
    return 0;
}

static int close_room(void **state)
{
    struct room *r = *state;
    rules_free(r->rules);
    test_record_done(&r->op, r->dir, r->rec);
    free(r);
    return 0;
}

static str drafted(struct room *r, const char *sentence)
{
    struct json *o = NULL;
    assert_int_equal(rules_draft(&r->op, r->rules, str_of(sentence), STR("because"), &o), OK);
    return json_get_str(o, STR("id"));
}

static err step(struct room *r, const struct actor *who, str id, enum rules_step which,
                struct rules_when when)
{
    struct json *o;
    as(r, who);
    return rules_step(&r->op, r->rules, id, which, &when, &o);
}

static void published(struct room *r, str id, struct rules_when when)
{
    assert_int_equal(step(r, &r->ann, id, RULES_SUBMIT, when), OK);
    assert_int_equal(step(r, &r->ben, id, RULES_APPROVE, when), OK);
    assert_int_equal(step(r, &r->ben, id, RULES_PUBLISH, when), OK);
    as(r, &r->ann);
}

static str texts_a_day(struct room *r)
{
    return rulebook_params(record_rulebook(r->rec), policy_rule_find(STR("MSG-09")));
}

static void a_sentence_is_said_back_as_it_is_read(void **state)
{
    static const char *const typed[][2] = {
        {"a person gets at most 2 texts a day", "A person gets at most 2 texts a day."},
        {"  A PERSON gets at  most 2 texts a day. ", "A person gets at most 2 texts a day."},
        {"care messages do not leave before 9:30", "Care messages do not leave before 09:30."},
        {"switch SEC-16 off", "Switch SEC-16 off (Asset inventory and network map (proposed))."},
        {"msg-10: per_week = 1", "MSG-10: per_week = 1 (Weekly contact cap, all channels)."},
        {"Nurses may see visits and addresses, not medicines, unless the patient has a visit in 14 "
         "days",
         "Nurses may see visits and addresses, not medicines, unless the patient has a visit in 14 "
         "days."},
        {"Clerks may not see visits", "Clerks may not see visits."},
    };
    struct room *r = *state;
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        struct json *first, *second;
        str back, again;
        assert_int_equal(sentence_parse(&r->op, str_of(typed[i][0]), &first, &back), OK);
        assert_true(str_eq(back, str_of(typed[i][1])));
        if (str_find(back, STR("("), 0) != SIZE_MAX)
            continue; /* said back with the rule's title, which nobody has to type */
        assert_int_equal(sentence_parse(&r->op, back, &second, &again), OK);
        assert_true(json_equal(first, second));
    }
}

static void what_is_not_understood_to_the_last_word_changes_nothing(void **state)
{
    static const char *const typed[] = {"a person gets at most two hundred texts",
                                        "",
                                        "a person gets at most 2 texts a day please",
                                        "Nurses may see everything",
                                        "Nurses may not see medicines unless Tuesday",
                                        "Clerks may see medicines, not visits",
                                        "Clerks may not see medicines",
                                        "care messages do not leave before 25:00",
                                        "MSG-09 per_day 2",
                                        "MSG-09: per_day = \"many\"",
                                        "MSG-09: nothing = 1"};
    struct room *r = *state;
    struct json *o;
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        op_clear(&r->op);
        assert_int_not_equal(rules_draft(&r->op, r->rules, str_of(typed[i]), STR("because"), &o),
                             OK);
        assert_true(r->op.fault.n > 0);
    }
    op_clear(&r->op);
    assert_int_equal(rules_list(&r->op, r->rules, &o), OK);
    assert_null(json_at(JSON_GET(o, "changes"), 0));
}

static void the_override_law_is_kept(void **state)
{
    struct room *r = *state;
    struct json *o;
    assert_int_equal(rules_draft(&r->op, r->rules, STR("switch TCPA-HRS-01 off"), STR("x"), &o),
                     ERR_INVALID);
    op_clear(&r->op);
    assert_int_equal(rules_draft(&r->op, r->rules,
                                 STR("nobody is contacted before 07:00 local time"), STR("x"), &o),
                     ERR_INVALID);
    op_clear(&r->op);
    assert_int_equal(rules_draft(&r->op, r->rules,
                                 STR("nobody is contacted before 09:00 local time"), STR("x"), &o),
                     OK);
}

static void a_second_person_approves_and_a_trial_ends_by_itself(void **state)
{
    struct room *r = *state;
    str id = drafted(r, "a person gets at most 2 texts a day");
    struct rules_when trial = {.until = r->op.now + 24 * HOUR};
    assert_str(texts_a_day(r), "{\"per_day\":1}");
    assert_int_equal(step(r, &r->ben, id, RULES_APPROVE, trial), ERR_CONFLICT); /* not submitted */
    assert_int_equal(step(r, &r->ann, id, RULES_SUBMIT, trial), OK);
    assert_int_equal(step(r, &r->ann, id, RULES_APPROVE, trial), ERR_FORBIDDEN);
    assert_int_equal(step(r, &r->nurse, id, RULES_APPROVE, trial), ERR_FORBIDDEN);
    assert_int_equal(step(r, &r->ben, id, RULES_PUBLISH, trial), ERR_CONFLICT); /* not approved */
    assert_int_equal(step(r, &r->ben, id, RULES_APPROVE, trial), OK);
    assert_int_equal(step(r, &r->ben, id, RULES_PUBLISH, trial), OK);
    assert_str(texts_a_day(r), "{\"per_day\":2}");
    r->op.now += 25 * HOUR;
    as(r, &r->system);
    assert_int_equal(rules_tick(&r->op, r->rules), OK);
    assert_str(texts_a_day(r), "{\"per_day\":1}");
    assert_int_equal(step(r, &r->ben, id, RULES_KEEP, trial), ERR_CONFLICT); /* too late */
}

/* R138: one person alone ended a published change, or made a trial permanent. */
static void r138_two_people_end_or_keep_a_change(void **state)
{
    struct room *r = *state;
    str id = drafted(r, "a person gets at most 2 texts a day");
    struct rules_when trial = {.until = r->op.now + 24 * HOUR};
    published(r, id, trial);
    assert_int_equal(step(r, &r->ben, id, RULES_KEEP, trial), OK);
    assert_int_equal(step(r, &r->ben, id, RULES_KEEP, trial), ERR_FORBIDDEN);
    assert_int_equal(step(r, &r->ben, id, RULES_END, trial), OK); /* another wish, as alone */
    assert_int_equal(step(r, &r->ben, id, RULES_END, trial), ERR_FORBIDDEN);
    assert_str(texts_a_day(r), "{\"per_day\":2}");
    assert_int_equal(step(r, &r->ann, id, RULES_KEEP, trial), OK); /* not what was asked */
    assert_str(texts_a_day(r), "{\"per_day\":2}");
    assert_int_equal(step(r, &r->ben, id, RULES_KEEP, trial), OK);
    r->op.now += 25 * HOUR;
    as(r, &r->system);
    assert_int_equal(rules_tick(&r->op, r->rules), OK);
    assert_str(texts_a_day(r), "{\"per_day\":2}"); /* kept */
    assert_int_equal(step(r, &r->ann, id, RULES_END, trial), OK);
    assert_str(texts_a_day(r), "{\"per_day\":2}");
    assert_int_equal(step(r, &r->ben, id, RULES_END, trial), OK);
    assert_str(texts_a_day(r), "{\"per_day\":1}");
}

static void a_date_ahead_is_waited_for_and_versions_build_on_one_another(void **state)
{
    struct room *r = *state;
    str first = drafted(r, "a person gets at most 2 texts a day");
    str second = drafted(r, "a person is contacted at most 1 times a week");
    published(r, first, (struct rules_when){.from = r->op.now + HOUR});
    assert_str(texts_a_day(r), "{\"per_day\":1}");
    assert_int_equal(step(r, &r->ann, second, RULES_SUBMIT, (struct rules_when){0}), OK);
    assert_int_equal(step(r, &r->ben, second, RULES_APPROVE, (struct rules_when){0}), OK);
    /* approved on what was in force, and the first one waits */
    assert_int_equal(step(r, &r->ben, second, RULES_PUBLISH, (struct rules_when){0}), ERR_CONFLICT);
    r->op.now += 2 * HOUR;
    as(r, &r->system);
    assert_int_equal(rules_tick(&r->op, r->rules), OK);
    assert_str(texts_a_day(r), "{\"per_day\":2}");
    as(r, &r->ann);
    published(r, drafted(r, "a person is contacted at most 1 times a week"),
              (struct rules_when){0});
    assert_str(texts_a_day(r), "{\"per_day\":2}");
    assert_int_equal(step(r, &r->ben, first, RULES_END, (struct rules_when){0}), ERR_CONFLICT);
    as(r, &r->ann);
    str back =
        drafted(r, str_z(r->op.arena, arena_printf(r->op.arena, "withdraw %.*s", STR_ARG(first))));
    published(r, back, (struct rules_when){0});
    assert_str(texts_a_day(r), "{\"per_day\":1}");
}

/* R133: withdrawing a mere draft took away what others had published about its rule. */
static void r133_a_draft_is_not_withdrawn(void **state)
{
    struct room *r = *state;
    struct json *o;
    published(r, drafted(r, "a person gets at most 2 texts a day"), (struct rules_when){0});
    str bait = drafted(r, "a person gets at most 3 texts a day");
    str words = arena_printf(r->op.arena, "withdraw %.*s", STR_ARG(bait));
    assert_int_equal(rules_draft(&r->op, r->rules, words, STR("x"), &o), ERR_UNPROCESSABLE);
    op_clear(&r->op);
    assert_str(texts_a_day(r), "{\"per_day\":2}");
}

/* R408: who wrote and who asked were known by account: one officer with two did it alone. */
static void r408_two_accounts_of_one_person_are_one(void **state)
{
    struct room *r = *state;
    const struct rules_when now = {0};
    r->ann.reference = STR("Practitioner/ann");
    struct actor again = r->ann;
    again.user = STR("ann.again");
    str id = drafted(r, "a person gets at most 2 texts a day");
    assert_int_equal(step(r, &r->ann, id, RULES_SUBMIT, now), OK);
    assert_int_equal(step(r, &again, id, RULES_APPROVE, now), ERR_FORBIDDEN);
    assert_int_equal(step(r, &r->ben, id, RULES_APPROVE, now), OK);
    assert_int_equal(step(r, &r->ben, id, RULES_PUBLISH, now), OK);
    assert_int_equal(step(r, &r->ann, id, RULES_END, now), OK);
    assert_int_equal(step(r, &again, id, RULES_END, now), ERR_FORBIDDEN);
    assert_int_equal(step(r, &r->ben, id, RULES_END, now), OK);
    assert_str(texts_a_day(r), "{\"per_day\":1}");
}

/* R503: a draft written before authors were kept named its author's account only, and who wrote it
 * approved it. */
static void r503_a_draft_of_before_has_its_author(void **state)
{
    struct room *r = *state;
    const struct rules_when now = {0};
    struct json *meta;
    struct buf b;
    str text, id = drafted(r, "a person gets at most 2 texts a day");
    str key = arena_cat(r->op.arena, STR("rules/change/"), id);
    assert_int_equal(step(r, &r->ann, id, RULES_SUBMIT, now), OK);
    assert_int_equal(record_kv_get(&r->op, r->rec, key, &text), OK);
    assert_int_equal(json_read(&r->op, text, &JSON_LIMITS_DEFAULT, &meta), OK);
    assert_non_null(JSON_GET(meta, "authors"));
    json_unset(meta, STR("authors"));
    buf_init(&b, r->op.arena, 65536);
    json_write(&b, meta);
    struct record_tx *tx = record_begin(&r->op, r->rec);
    record_tx_kv(tx, key, buf_str(&b));
    assert_int_equal(record_commit(tx), OK);
    assert_int_equal(step(r, &r->ann, id, RULES_APPROVE, now), ERR_FORBIDDEN);
    assert_int_equal(step(r, &r->ben, id, RULES_APPROVE, now), OK);
}

static void a_version_outlives_the_process(void **state)
{
    struct room *r = *state;
    published(r, drafted(r, "a person gets at most 2 texts a day"), (struct rules_when){0});
    rules_free(r->rules);
    assert_str(texts_a_day(r), "{\"per_day\":1}");
    as(r, &r->system);
    assert_int_equal(rules_new(&r->op, r->rec, &r->rules), OK);
    assert_str(texts_a_day(r), "{\"per_day\":2}");
}

/* A decision as outreach leaves it. */
static void decided(struct room *r, unsigned texts_today)
{
    struct json *line;
    struct record_tx *tx;
    as(r, &r->system);
    str text = arena_printf(r->op.arena,
                            "{\"triggers\":[\"outbound.sms\"],\"facts\":{\"texts_today\":%u}}",
                            texts_today);
    assert_int_equal(json_read(&r->op, text, &JSON_LIMITS_DEFAULT, &line), OK);
    tx = record_begin(&r->op, r->rec);
    record_tx_trail(tx, STR("contact-decision"), 0, STR_NONE, line);
    assert_int_equal(record_commit(tx), OK);
    as(r, &r->ann);
}

static int64_t number(const struct json *o, str name)
{
    int64_t n = -1;
    (void)json_i64(json_get(o, name), &n);
    return n;
}

static void a_trial_run_counts_what_would_have_been_otherwise(void **state)
{
    struct room *r = *state;
    struct json *o;
    for (unsigned i = 0; i < 7; i++)
        decided(r, i % 2);
    str id = drafted(r, "a person gets at most 2 texts a day");
    assert_int_equal(rules_try(&r->op, r->rules, id, 90, &o), OK);
    assert_int_equal(number(o, STR("looked")), 7);
    /* every other rule of the trigger refuses for want of facts before and after: nothing turns */
    assert_int_equal(number(o, STR("refused")) + number(o, STR("allowed")), 0);
    assert_true(json_bool(JSON_GET(o, "complete"), false));
    r->op.deadline = 1;
    assert_int_equal(rules_try(&r->op, r->rules, id, 90, &o), OK);
    assert_false(json_bool(JSON_GET(o, "complete"), true));
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, open_room, close_room)
    const struct CMUnitTest tests[] = {
        T(a_sentence_is_said_back_as_it_is_read),
        T(what_is_not_understood_to_the_last_word_changes_nothing),
        T(the_override_law_is_kept),
        T(a_second_person_approves_and_a_trial_ends_by_itself),
        T(r138_two_people_end_or_keep_a_change),
        T(a_date_ahead_is_waited_for_and_versions_build_on_one_another),
        T(r133_a_draft_is_not_withdrawn),
        T(r408_two_accounts_of_one_person_are_one),
        T(r503_a_draft_of_before_has_its_author),
        T(a_version_outlives_the_process),
        T(a_trial_run_counts_what_would_have_been_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
