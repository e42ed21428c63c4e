/* The life of a case over a real record: opened once, joined, claimed by one, snoozed, woken,
 * closed; and what a plain FHIR write may have done to it behind the desk's back. */
#include "desk/away.h"
#include "desk/fixture_int.h"

static err try_open(struct room *r, enum desk_priority p, size_t evidence, str *ret_id,
                    bool *ret_new)
{
    as(r, &r->system);
    struct record_tx *tx = record_begin(&r->op, r->rec);
    struct desk_case c = {.patient = r->patient,
                          .programme = STR("vital-signs"),
                          .priority = p,
                          .why = {{arena_printf(r->op.arena, "Finding %zu.", evidence)}},
                          .evidence = &r->evidence[evidence],
                          .n_evidence = 1,
                          .rule = STR("R")};
    TRY(desk_open(tx, &r->op, r->rec, &c, ret_id, ret_new));
    return record_commit(tx);
}

static str opened(struct room *r, enum desk_priority p, size_t evidence, bool *ret_new)
{
    str id;
    assert_int_equal(try_open(r, p, evidence, &id, ret_new), OK);
    return id;
}

static struct json *task(struct room *r, str id)
{
    struct record_doc doc;
    struct json *t;
    as(r, &r->system);
    assert_int_equal(record_read(&r->op, r->rec, fhir_type_parse(STR("Task")), id, &doc), OK);
    assert_int_equal(record_parse(&r->op, &doc, &t), OK);
    return t;
}

#define FIELD(r, id, name) json_get_str(task(r, id), STR(name))

static void one_case_a_patient_and_programme(void **state)
{
    struct room *r = *state;
    bool fresh, open;
    str id = opened(r, DESK_P3, 0, &fresh);
    assert_true(fresh);
    str again = opened(r, DESK_P2, 1, &fresh);
    assert_false(fresh);
    assert_true(str_eq(id, again));
    assert_str(FIELD(r, id, "priority"), "asap");
    assert_str(FIELD(r, id, "description"), "Finding 1.");
    opened(r, DESK_P4, 2, &fresh); /* lower: joins, changes neither level nor sentence */
    assert_str(FIELD(r, id, "priority"), "asap");
    assert_str(FIELD(r, id, "description"), "Finding 1.");
    opened(r, DESK_P4, 2, &fresh); /* the same evidence twice is once */
    assert_int_equal(JSON_GET(task(r, id), "input")->n, 3);
    assert_int_equal(desk_is_open(&r->op, r->rec, r->patient, STR("vital-signs"), &open), OK);
    assert_true(open);
    assert_int_equal(desk_is_open(&r->op, r->rec, r->patient, STR("other"), &open), OK);
    assert_false(open);
}

static str content(const struct json *task, size_t i)
{
    const struct json *one = json_at(json_path(task, "_description.extension"), i);
    return json_get_str(json_at(JSON_GET(one, "extension"), 1), STR("valueString"));
}

static void says_why_in_each_language(void **state)
{
    struct room *r = *state;
    str id, same;
    bool fresh;
    struct said english = {{STR("Old.")}}, who = desk_say_same(&r->op, STR("ada"));
    struct said n = desk_say_number(&r->op, 1, 97.65), both[] = {who, n};
    struct desk_case c = {.patient = r->patient,
                          .programme = STR("break-glass"),
                          .priority = DESK_P3,
                          .why = english,
                          .evidence = &r->evidence[0],
                          .n_evidence = 1,
                          .rule = STR("R"),
                          .privacy = true};
    assert_str(n.in[SAY_ES], "97,7");
    for (int i = 0; i < 2; i++) {
        as(r, &r->system);
        struct record_tx *tx = record_begin(&r->op, r->rec);
        assert_int_equal(desk_open(tx, &r->op, r->rec, &c, i ? &same : &id, &fresh), OK);
        assert_int_equal(record_commit(tx), OK);
        if (i == 0)
            assert_null(JSON_GET(task(r, id), "_description"));
        c.why = desk_say(&r->op, SAY_GLASS, both, 2);
    }
    assert_true(str_eq(id, same));
    struct json *t = task(r, id); /* the sentence that has no translation stays in English */
    assert_str(json_get_str(t, STR("description")), "Old.\nGlass broken by ada: 97.7");
    assert_str(content(t, 0), "Old.\nAcceso de emergencia de ada: 97,7");
    assert_true(str_eq(content(t, 1), STR("Old.\nدخول طارئ إلى السجل من \u2068ada\u2069: 97.7")));
    struct said back = desk_say_get(t);
    assert_true(str_eq(back.in[SAY_ES], content(t, 0)));
    assert_true(str_eq(back.in[SAY_AR], content(t, 1)));
}

/* A weight that rises and a pulse of the same minute: what is shown first is the rule's. */
static void the_focus_is_what_the_sentence_speaks_of(void **state)
{
    struct room *r = *state;
    bool fresh;
    str id;
    struct record_tx *tx = record_begin(&r->op, r->rec);
    struct desk_case c = {.patient = r->patient,
                          .programme = STR("vital-signs"),
                          .priority = DESK_P2,
                          .why = {{STR("Why.")}},
                          .evidence = r->evidence,
                          .n_evidence = 2,
                          .about = r->evidence[1],
                          .rule = STR("R")};
    assert_int_equal(desk_open(tx, &r->op, r->rec, &c, &id, &fresh), OK);
    assert_int_equal(record_commit(tx), OK);
    assert_true(str_eq(json_str(json_path(task(r, id), "focus.reference")), r->evidence[1]));
    (void)opened(r, DESK_P3, 2, &fresh); /* less: it joins, the sentence stays */
    assert_int_equal(JSON_GET(task(r, id), "input")->n, 3);
    assert_true(str_eq(json_str(json_path(task(r, id), "focus.reference")), r->evidence[1]));
    (void)opened(r, DESK_P1, 3, &fresh);
    assert_true(str_eq(json_str(json_path(task(r, id), "focus.reference")), r->evidence[3]));
}

static void evidence_keeps_the_newest_fifty(void **state)
{
    struct room *r = *state;
    bool fresh;
    str id = STR_NONE;
    for (size_t i = 0; i < 60; i++)
        id = opened(r, DESK_P3, i, &fresh);
    const struct json *in = JSON_GET(task(r, id), "input");
    assert_int_equal(in->n, DESK_EVIDENCE_MAX);
    assert_true(
        str_eq(json_str(json_path(json_at(in, 0), "valueReference.reference")), r->evidence[59]));
}

static void a_case_without_evidence_is_refused(void **state)
{
    struct room *r = *state;
    struct record_tx *tx = record_begin(&r->op, r->rec);
    struct desk_case c = {.patient = r->patient, .programme = STR("x"), .priority = DESK_P1};
    str id;
    bool fresh;
    assert_int_equal(desk_open(tx, &r->op, r->rec, &c, &id, &fresh), ERR_INVALID);
}

static void the_second_of_two_openings_fails(void **state)
{
    struct room *r = *state;
    struct record_tx *tx[2];
    str id;
    bool fresh;
    for (int i = 0; i < 2; i++) {
        struct desk_case c = {.patient = r->patient,
                              .programme = STR("vital-signs"),
                              .priority = DESK_P2,
                              .why = {{STR("Why.")}},
                              .evidence = r->evidence,
                              .n_evidence = 1,
                              .rule = STR("R")};
        tx[i] = record_begin(&r->op, r->rec);
        assert_int_equal(desk_open(tx[i], &r->op, r->rec, &c, &id, &fresh), OK);
        assert_true(fresh);
    }
    assert_int_equal(record_commit(tx[0]), OK);
    assert_int_equal(record_commit(tx[1]), ERR_CONFLICT);
}

static void claimed_by_one(void **state)
{
    struct room *r = *state;
    struct record_result res;
    bool fresh;
    str id = opened(r, DESK_P2, 0, &fresh);
    as(r, &r->ada);
    assert_int_equal(desk_claim(&r->op, r->rec, id, &res), OK);
    assert_int_equal(desk_claim(&r->op, r->rec, id, &res), OK); /* mine already */
    as(r, &r->bo);
    assert_int_equal(desk_claim(&r->op, r->rec, id, &res), ERR_CONFLICT);
    as(r, &r->bo);
    assert_int_equal(desk_release(&r->op, r->rec, id, &res), ERR_CONFLICT);
    as(r, &r->bo);
    assert_int_equal(desk_resolve(&r->op, r->rec, id, STR("contacted-ok"), STR_NONE, &res),
                     ERR_CONFLICT);
    as(r, &r->ada);
    assert_int_equal(desk_release(&r->op, r->rec, id, &res), OK);
    assert_null(JSON_GET(task(r, id), "owner"));
    as(r, &r->bo);
    assert_int_equal(desk_claim(&r->op, r->rec, id, &res), OK);
    as(r, &r->system);
    assert_int_equal(desk_claim(&r->op, r->rec, id, &res), ERR_CONFLICT);
}

static void closed_with_an_outcome_of_the_table(void **state)
{
    struct room *r = *state;
    struct record_result res;
    bool fresh, open;
    str id = opened(r, DESK_P2, 0, &fresh);
    as(r, &r->ada);
    assert_int_equal(desk_claim(&r->op, r->rec, id, &res), OK);
    assert_int_equal(desk_resolve(&r->op, r->rec, id, STR("made-up"), STR_NONE, &res),
                     ERR_UNPROCESSABLE);
    as(r, &r->ada);
    assert_int_equal(desk_resolve(&r->op, r->rec, id, STR("advice-given"), STR("Rest."), &res), OK);
    assert_str(FIELD(r, id, "status"), "completed");
    assert_int_equal(desk_is_open(&r->op, r->rec, r->patient, STR("vital-signs"), &open), OK);
    assert_false(open);
    as(r, &r->bo);
    assert_int_equal(desk_claim(&r->op, r->rec, id, &res), ERR_CONFLICT);
    str next = opened(r, DESK_P3, 1, &fresh);
    assert_true(fresh);
    assert_false(str_eq(id, next));
}

static void snoozed_until_its_time(void **state)
{
    struct room *r = *state;
    struct record_result res;
    size_t woken;
    bool fresh;
    str id = opened(r, DESK_P3, 0, &fresh);
    int64_t now = r->op.now, hour = 3600 * 1000;
    as(r, &r->ada);
    assert_int_equal(desk_claim(&r->op, r->rec, id, &res), OK);
    assert_int_equal(desk_snooze(&r->op, r->rec, id, now - 1, &res), ERR_UNPROCESSABLE);
    as(r, &r->ada);
    assert_int_equal(desk_snooze(&r->op, r->rec, id, now + 15 * 24 * hour, &res),
                     ERR_UNPROCESSABLE);
    as(r, &r->ada);
    assert_int_equal(desk_snooze(&r->op, r->rec, id, now + hour, &res), OK);
    assert_str(FIELD(r, id, "status"), "on-hold");
    assert_null(JSON_GET(task(r, id), "owner")); /* bug: it kept an owner nobody worked as */
    assert_int_equal(desk_wake(&r->op, r->rec, &woken), OK);
    assert_int_equal(woken, 0);
    r->op.now = now + hour;
    assert_int_equal(desk_wake(&r->op, r->rec, &woken), OK);
    assert_int_equal(woken, 1);
    assert_str(FIELD(r, id, "status"), "requested");
    assert_null(JSON_GET(task(r, id), "restriction"));
}

static void a_rise_wakes_and_the_most_urgent_never_sleeps(void **state)
{
    struct room *r = *state;
    struct record_result res;
    bool fresh;
    str id = opened(r, DESK_P3, 0, &fresh);
    as(r, &r->ada);
    assert_int_equal(desk_snooze(&r->op, r->rec, id, r->op.now + 3600000, &res), OK);
    opened(r, DESK_P3, 1, &fresh);
    assert_str(FIELD(r, id, "status"), "on-hold");
    opened(r, DESK_P1, 2, &fresh);
    assert_str(FIELD(r, id, "status"), "requested");
    assert_str(FIELD(r, id, "description"),
               "Finding 2. Back before its snooze ended: it is more urgent now.");
    as(r, &r->ada);
    assert_int_equal(desk_snooze(&r->op, r->rec, id, r->op.now + 3600000, &res), ERR_UNPROCESSABLE);
}

static void a_reply_joins_the_newest_open_case(void **state)
{
    struct room *r = *state;
    bool fresh, joined;
    struct record_tx *tx = record_begin(&r->op, r->rec);
    assert_int_equal(desk_join(tx, &r->op, r->rec, r->patient, r->evidence[5], STR("n"), &joined),
                     OK);
    assert_false(joined);
    str id = opened(r, DESK_P3, 0, &fresh);
    tx = record_begin(&r->op, r->rec);
    assert_int_equal(desk_join(tx, &r->op, r->rec, r->patient, r->evidence[5], STR("n"), &joined),
                     OK);
    assert_int_equal(record_commit(tx), OK);
    assert_true(joined);
    assert_true(str_eq(json_str(json_path(task(r, id), "focus.reference")), r->evidence[5]));
    assert_int_equal(JSON_GET(task(r, id), "note")->n, 1);
}

/* Bug: a Task closed by a plain update swallowed all later evidence. */
static void a_case_closed_by_a_plain_write_hides_nothing(void **state)
{
    struct room *r = *state;
    struct record_result res;
    bool fresh;
    str id = opened(r, DESK_P3, 0, &fresh);
    struct json *t = task(r, id);
    json_set_str(r->op.arena, t, STR("status"), STR("completed"));
    assert_int_equal(
        record_update(&r->op, r->rec, fhir_type_parse(STR("Task")), id, t, STR_NONE, &res), OK);
    str next = opened(r, DESK_P2, 1, &fresh);
    assert_true(fresh);
    assert_false(str_eq(id, next));
}

/* Bug: a deleted Task stopped the follower for ever. */
static void a_deleted_case_stops_nobody(void **state)
{
    struct room *r = *state;
    struct record_result res;
    bool fresh;
    str id = opened(r, DESK_P3, 0, &fresh);
    assert_int_equal(
        record_delete(&r->op, r->rec, fhir_type_parse(STR("Task")), id, STR_NONE, &res), OK);
    opened(r, DESK_P3, 1, &fresh);
    assert_true(fresh);
}

static void only_cases_can_be_claimed(void **state)
{
    struct room *r = *state;
    struct record_result res;
    str id = made(r, "{\"resourceType\":\"Task\",\"status\":\"requested\",\"intent\":\"order\"}");
    as(r, &r->ada);
    assert_int_equal(desk_claim(&r->op, r->rec, id, &res), ERR_UNPROCESSABLE);
    as(r, &r->ada);
    assert_int_equal(desk_claim(&r->op, r->rec, STR("nothing"), &res), ERR_NOT_FOUND);
}

#define MINUTE INT64_C(60000)

static struct desk_away beaten(struct room *r, int64_t after, bool hears)
{
    struct desk_away a;
    as(r, &r->system);
    r->op.now += after;
    assert_int_equal(desk_away_beat(&r->op, r->rec, hears, &a), OK);
    return a;
}

/* R406: only the last of several times away was remembered. */
static void r406_every_time_away_counts(void **state)
{
    struct room *r = *state;
    int64_t began = r->op.now;
    beaten(r, 0, true);
    beaten(r, 30 * MINUTE, true);
    beaten(r, MINUTE, true);
    struct desk_away a = beaten(r, 10 * MINUTE, true), read;
    assert_int_equal(desk_away_in(&a, began, r->op.now), 40 * MINUTE);
    assert_int_equal(desk_away_in(&a, began + 20 * MINUTE, r->op.now), 20 * MINUTE);
    assert_int_equal(desk_away_in(&a, began + 31 * MINUTE, began + 35 * MINUTE), 4 * MINUTE);
    for (size_t i = 0; i < 2 * (size_t)AWAY_SPANS; i++) /* the newest ones are kept */
        a = beaten(r, 5 * MINUTE, true);
    assert_int_equal(a.n, AWAY_SPANS);
    assert_int_equal(desk_away_in(&a, r->op.now - 60 * MINUTE, r->op.now), 60 * MINUTE);
    r->op.now += AWAY_KEPT_MS + MINUTE; /* nobody asks so far back */
    assert_int_equal(desk_away_read(&r->op, r->rec, &read), OK);
    assert_int_equal(read.n, 1);
}

/* R406: a house whose line to the broker is down gave signs of life. */
static void r406_who_hears_nothing_is_away(void **state)
{
    struct room *r = *state;
    int64_t began = r->op.now;
    beaten(r, 0, true);
    for (int i = 0; i < 20; i++)
        beaten(r, MINUTE, false);
    struct desk_away a = beaten(r, 0, false);
    assert_int_equal(desk_away_in(&a, began, r->op.now), 20 * MINUTE);
    beaten(r, 0, true);
    a = beaten(r, MINUTE, true);
    assert_int_equal(desk_away_in(&a, began, r->op.now), 20 * MINUTE);
}

/* What was kept before there were several. */
static void a_time_away_of_before_is_read(void **state)
{
    struct room *r = *state;
    struct desk_away a;
    struct record_tx *tx = record_begin(&r->op, r->rec);
    record_tx_kv(tx, STR("house/alive"),
                 arena_printf(r->op.arena, "{\"alive\":%lld,\"from\":%lld,\"until\":%lld}",
                              (long long)r->op.now, (long long)(r->op.now - 9 * MINUTE),
                              (long long)(r->op.now - 2 * MINUTE)));
    assert_int_equal(record_commit(tx), OK);
    assert_int_equal(desk_away_read(&r->op, r->rec, &a), OK);
    assert_int_equal(desk_away_in(&a, 0, r->op.now), 7 * MINUTE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_case_a_patient_and_programme),
        TEST(says_why_in_each_language),
        TEST(the_focus_is_what_the_sentence_speaks_of),
        TEST(evidence_keeps_the_newest_fifty),
        TEST(a_case_without_evidence_is_refused),
        TEST(the_second_of_two_openings_fails),
        TEST(claimed_by_one),
        TEST(closed_with_an_outcome_of_the_table),
        TEST(snoozed_until_its_time),
        TEST(a_rise_wakes_and_the_most_urgent_never_sleeps),
        TEST(a_reply_joins_the_newest_open_case),
        TEST(a_case_closed_by_a_plain_write_hides_nothing),
        TEST(a_deleted_case_stops_nobody),
        TEST(only_cases_can_be_claimed),
        TEST(r406_every_time_away_counts),
        TEST(r406_who_hears_nothing_is_away),
        TEST(a_time_away_of_before_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
