/* The worklist's first line: counted by the follower, true after a start, without whom the asker
 * may not see. */
#include "monitor/fixture_int.h"

#include <stdlib.h>

static const struct actor NURSE = {.role = ROLE_NURSE,
                                   .purpose = PURPOSE_TREAT,
                                   .user = {"nurse.ada", 9},
                                   .session = {"s1", 2},
                                   .strong = true};

static void begin(struct house *h)
{
    house_begin(h, (const char *const[]){"a", "b", "c", "d", NULL});
}

static void measure(struct house *h, const char *patient, int minutes_ago, const char *values)
{
    str at = time_format(h->op.arena, h->op.now - minutes_ago * MS_MINUTE);
    test_record_put(
        &h->op, h->rec,
        arena_printf(
            h->op.arena,
            "{\"resourceType\":\"Observation\",\"id\":\"%s-%d\",\"status\":\"final\","
            "\"subject\":{\"reference\":\"Patient/%s\"},\"effectiveDateTime\":\"%.*s\",%s}",
            patient, minutes_ago < 0 ? 0 : minutes_ago, patient, STR_ARG(at), values));
}

static void pulse(struct house *h, const char *patient, int minutes_ago, int value)
{
    measure(h, patient, minutes_ago,
            arena_printf(h->op.arena,
                         "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
                         "\"8867-4\"}]},\"valueQuantity\":{\"value\":%d,\"unit\":\"/min\","
                         "\"system\":\"http://unitsofmeasure.org\",\"code\":\"/min\"}",
                         value)
                .p);
}

#define PRESSURE(code, value)                                                                      \
    "{\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"" code                     \
    "\"}]},\"valueQuantity\":{\"value\":" value                                                    \
    ",\"unit\":\"mmHg\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"mm[Hg]\"}}"
#define BOTH_HIGH                                                                                  \
    "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"85354-9\"}]},"              \
    "\"component\":[" PRESSURE("8480-6", "215") "," PRESSURE("8462-4", "125") "]"

static void said(struct house *h, struct monitor *m, const int64_t want[5])
{
    static const char *const names[] = {"over", "cases", "inRange", "silent", "watched"};
    const struct actor *was = h->op.actor;
    struct json *o = NULL;
    op_clear(&h->op);
    h->op.actor = &NURSE;
    assert_int_equal(monitor_round(&h->op, m, &o), OK);
    h->op.actor = was;
    for (size_t i = 0; i < 5; i++) {
        if (house_int(o, names[i]) != want[i])
            print_error("%s\n", names[i]);
        assert_int_equal(house_int(o, names[i]), want[i]);
    }
}

static void load(struct house *h, struct monitor *m)
{
    for (bool more = true; more;)
        assert_int_equal(monitor_clock(&h->op, m, &more), OK);
}

static bool is_whole(struct house *h, struct monitor *m)
{
    struct json *o = NULL;
    assert_int_equal(monitor_round(&h->op, m, &o), OK);
    return json_bool(JSON_GET(o, "whole"), false);
}

/* Eleven readings of four people: a pair of pressures is one, an old one is charted only. */
static void readings_become_cases(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    for (int i = 0; i < 4; i++)
        pulse(&h, "a", 40 - 5 * i, 150 + i);
    for (int i = 0; i < 3; i++)
        pulse(&h, "b", 40 - 5 * i, 70 + i);
    measure(&h, "c", 30, BOTH_HIGH);
    measure(&h, "c", 20, BOTH_HIGH);
    pulse(&h, "d", 26 * 60, 155); /* of the day before, and late */
    house_follow(&h);
    said(&h, h.m, (const int64_t[]){6, 2, 1, 0, 0});
    pulse(&h, "a", 30, 75); /* it was written down wrong */
    house_follow(&h);
    said(&h, h.m, (const int64_t[]){5, 2, 1, 0, 0});
    assert_false(is_whole(&h, h.m));
    load(&h, h.m);
    assert_true(is_whole(&h, h.m));
    said(&h, h.m, (const int64_t[]){5, 2, 1, 0, 0});
    h.op.now += 25 * MS_HOUR; /* a day later nothing of it is left but the cases */
    said(&h, h.m, (const int64_t[]){0, 2, 0, 0, 0});
    house_end(&h);
}

static void a_start_counts_the_same(void **state)
{
    (void)state;
    struct house h;
    struct monitor *next;
    begin(&h);
    for (int i = 0; i < 30; i++) /* more than a track has points */
        pulse(&h, "a", 55 - i, 150);
    pulse(&h, "b", 9, 70);
    house_follow(&h);
    said(&h, h.m, (const int64_t[]){30, 1, 1, 0, 0});
    assert_int_equal(monitor_new(&h.op, h.rec, NULL, config_new(h.op.arena), &next), OK);
    load(&h, next);
    said(&h, next, (const int64_t[]){30, 1, 1, 0, 0});
    monitor_free(next);
    house_end(&h);
}

static void who_is_hidden_is_in_no_number(void **state)
{
    (void)state;
    struct house h;
    begin(&h);
    for (int i = 0; i < 3; i++)
        pulse(&h, "a", 40 - 5 * i, 150 + i);
    pulse(&h, "b", 9, 70);
    pulse(&h, "c", 9, 71);
    house_follow(&h);
    said(&h, h.m, (const int64_t[]){3, 1, 2, 0, 0});
    for (const char *who = "ab"; *who; who++)
        house_put(&h,
                  arena_printf(h.op.arena,
                               "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{"
                               "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
                               "consentscope\",\"code\":\"patient-privacy\"}]},\"category\":[{"
                               "\"text\":\"restriction\"}],\"patient\":{\"reference\":"
                               "\"Patient/%c\"},\"policyRule\":{\"text\":\"own\"},"
                               "\"provision\":{\"type\":\"deny\"}}",
                               *who)
                      .p);
    said(&h, h.m, (const int64_t[]){0, 0, 1, 0, 0});
    house_end(&h);
}

/* A row a patient, however many: they are found again and leave. */
static void a_crowd_is_counted_whole(void **state)
{
    enum { CROWD = 5000 };
    (void)state;
    struct house h;
    begin(&h);
    struct track *t = arena_alloc(h.op.arena, sizeof *t);
    size_t miss = 0;
    while (MONITOR_RULES[miss].kind != RULE_MISSED)
        miss++;
    for (uint64_t p = 1; p <= CROWD; p++) {
        track_init(t, p * 977);
        t->programmes = 1;
        t->rules[miss].raised = p % 5 == 0;
        (void)track_add(t, SERIES_WEIGHT, (struct point){h.op.now - MS_HOUR, 80, p});
        if (p % 5 == 1)
            track_over(t, h.op.now - MS_HOUR, 1);
        round_put(&h.m->round, t);
        round_put(&h.m->round, t);
    }
    said(&h, h.m, (const int64_t[]){CROWD / 5, 0, CROWD * 3 / 5, CROWD / 5, CROWD});
    for (uint64_t p = 1; p <= CROWD; p += 2)
        round_drop(&h.m->round, p * 977);
    said(&h, h.m, (const int64_t[]){CROWD / 10, 0, CROWD * 3 / 10, CROWD / 10, CROWD / 2});
    round_clear(&h.m->round);
    said(&h, h.m, (const int64_t[]){0, 0, 0, 0, 0});
    house_end(&h);
}

/* Of a full table only who is new has no place: the others go on being counted. */
static void who_has_a_row_needs_no_room(void **state)
{
    (void)state;
    struct op op = test_op();
    struct track *t = arena_alloc(op.arena, sizeof *t);
    struct round r;
    round_init(&r);
    r.rows = calloc(ROUND_MAX, sizeof *r.rows);
    assert_non_null(r.rows);
    r.slots = ROUND_MAX;
    track_init(t, 7);
    round_put(&r, t);
    assert_int_equal(r.used, 1);
    r.used = r.slots / 4 * 3;
    t->programmes = 1;
    round_put(&r, t);
    assert_false(r.lost);
    t->patient = 8;
    round_put(&r, t);
    assert_true(r.lost);
    size_t rows = 0, watched = 0;
    for (size_t i = 0; i < r.slots; i++) {
        rows += r.rows[i].patient != 0;
        watched += r.rows[i].watched;
    }
    assert_int_equal(rows, 1);
    assert_int_equal(watched, 1);
    round_free(&r);
    test_op_done(&op);
}

static void hours_pass(void **state)
{
    (void)state;
    struct op op = test_op();
    struct track *t = arena_alloc(op.arena, sizeof *t), *back = arena_alloc(op.arena, sizeof *back);
    int64_t now = INT64_C(1790000000000);
    track_init(t, 7);
    for (int h = 0; h < 30; h++)
        track_over(t, now - h * MS_HOUR, 1); /* the oldest six are not kept */
    assert_int_equal(over_sum(&t->over, now), OVER_HOURS);
    assert_int_equal(over_sum(&t->over, now + 10 * MS_HOUR), OVER_HOURS - 10);
    assert_int_equal(over_sum(&t->over, now + 40 * MS_HOUR), 0);
    track_over(t, now, -1);
    track_over(t, now, -1);
    assert_int_equal(over_sum(&t->over, now), OVER_HOURS - 1);
    assert_true(track_read(track_write(&op, t), back));
    assert_memory_equal(back->over.n, t->over.n, sizeof t->over.n);
    track_over(t, now + 100 * MS_HOUR, 1);
    assert_int_equal(over_sum(&t->over, now + 100 * MS_HOUR), 1);
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings_become_cases),         cmocka_unit_test(a_start_counts_the_same),
        cmocka_unit_test(who_is_hidden_is_in_no_number), cmocka_unit_test(a_crowd_is_counted_whole),
        cmocka_unit_test(who_has_a_row_needs_no_room),   cmocka_unit_test(hours_pass)};
    return cmocka_run_group_tests_name("monitor.round", tests, NULL, NULL);
}
