/* The ledger keeps attempts as long as the rules ask, and no longer; under a legal hold, longer. */
#include "outreach/ledger_int.h"
#include "outreach/retention_int.h"

#include "outreach/sender_fixture_int.h"

#define YEAR_MS (366 * DAY_MS)

static void attempt(struct room *r, const char *patient, uint64_t id, int64_t at)
{
    struct ledger_entry e = {
        .at = at, .id = id, .channel = LEDGER_SMS, .kind = LEDGER_CARE, .state = LEDGER_OUT};
    struct record_tx *tx = record_begin(&r->op, r->rec);
    assert_int_equal(ledger_add(tx, &r->op, str_of(patient), &e, STR("+15032000001")), OK);
    assert_int_equal(record_commit(tx), OK);
}

static size_t rows(struct room *r, const char *patient)
{
    struct ledger_entry *list;
    size_t n;
    assert_int_equal(ledger_list(&r->op, r->rec, str_of(patient), 2000, &list, &n), OK);
    return n;
}

static size_t purged(struct room *r, const char *patient)
{
    size_t n = 0;
    r->op.actor = outreach_system();
    assert_int_equal(retention_purge(&r->op, r->o, str_of(patient), &n), OK);
    return n;
}

static size_t of_number(struct room *r)
{
    struct ledger_page p;
    str bytes, key = ledger_number_key(&r->op, ledger_mark(STR("+15032000001")));
    assert_int_equal(record_kv_get(&r->op, r->rec, key, &bytes), OK);
    assert_true(ledger_unpack(bytes, &p));
    return p.n;
}

/* Ten years by the longest of the rules (Virginia's text opt-outs). */
static void what_is_past_its_time_goes(void **state)
{
    struct room *r = *state;
    int64_t before;
    r->op.now = NOW;
    assert_int_equal(retention_before(&r->op, r->o, &before), OK);
    assert_true(before == NOW - 10 * YEAR_MS);
    attempt(r, "b1", 1, NOW - 12 * YEAR_MS - DAY_MS);
    attempt(r, "b1", 2, NOW - 9 * YEAR_MS);
    attempt(r, "b1", 3, NOW - DAY_MS);
    attempt(r, "b2", 4, NOW - DAY_MS);
    assert_int_equal(of_number(r), 4);
    assert_int_equal(purged(r, "b1"), 1);
    assert_int_equal(rows(r, "b1"), 2);
    assert_int_equal(of_number(r), 3); /* nor is it in the number's pages */
    assert_int_equal(purged(r, "b1"), 0);
    assert_int_equal(purged(r, "b2"), 0);
    assert_int_equal(rows(r, "b2"), 1);
}

/* Pages behind keep their numbers; what is younger is still found past those that went. */
static void pages_behind_go_too(void **state)
{
    struct room *r = *state;
    r->op.now = NOW;
    for (unsigned i = 0; i < 300; i++) /* the first two hundred are past their time */
        attempt(r, "b3", 100 + i,
                i < 200 ? NOW - 13 * YEAR_MS + i * DAY_MS : NOW - YEAR_MS + i * DAY_MS / 4);
    assert_int_equal(rows(r, "b3"), 300);
    assert_int_equal(purged(r, "b3"), 200);
    assert_int_equal(rows(r, "b3"), 100);
    attempt(r, "b3", 999, NOW);
    assert_int_equal(rows(r, "b3"), 101);
}

static void a_legal_hold_keeps_all(void **state)
{
    struct room *r = *state;
    r->op.now = NOW;
    attempt(r, "b4", 1, NOW - 12 * YEAR_MS);
    room_put(r, STR("{\"resourceType\":\"Task\",\"id\":\"hold\",\"status\":\"in-progress\","
                    "\"intent\":\"order\",\"code\":{\"coding\":[{\"system\":"
                    "\"https://weft.health/fhir/task-code\",\"code\":\"legal-hold\"}]},\"for\":{"
                    "\"reference\":\"Patient/b4\"}}"));
    assert_int_equal(purged(r, "b4"), 0);
    assert_int_equal(rows(r, "b4"), 1);
    room_put(r, STR("{\"resourceType\":\"Task\",\"id\":\"hold\",\"status\":\"completed\","
                    "\"intent\":\"order\",\"code\":{\"coding\":[{\"system\":"
                    "\"https://weft.health/fhir/task-code\",\"code\":\"legal-hold\"}]},\"for\":{"
                    "\"reference\":\"Patient/b4\"}}"));
    assert_int_equal(purged(r, "b4"), 1);
}

static size_t round_steps(struct room *r)
{
    size_t n = 0, steps = 0;
    r->op.actor = outreach_system();
    for (; steps < 100; steps++) {
        assert_int_equal(retention_step(&r->op, r->o, &n), OK);
        if (n == 0)
            break;
        r->op.now += 2000;
    }
    return steps;
}

/* Everybody once a day, some at a time. */
static void a_round_a_day(void **state)
{
    struct room *r = *state;
    r->op.now = NOW;
    for (int i = 6; i < 60; i++)
        patient(r, i, 100 + i);
    attempt(r, "b0", 1, NOW - 12 * YEAR_MS);
    attempt(r, "b59", 2, NOW - 12 * YEAR_MS);
    assert_int_equal(round_steps(r), 2); /* sixty, by fifties */
    assert_int_equal(rows(r, "b0") + rows(r, "b59"), 0);
    assert_int_equal(round_steps(r), 0);
    attempt(r, "b5", 3, NOW - 12 * YEAR_MS);
    r->op.now += DAY_MS;
    assert_int_equal(round_steps(r), 2);
    assert_int_equal(rows(r, "b5"), 0);
}

int main(void)
{
#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, room_close)
    const struct CMUnitTest tests[] = {
        IN_ROOM(what_is_past_its_time_goes),
        IN_ROOM(pages_behind_go_too),
        IN_ROOM(a_legal_hold_keeps_all),
        IN_ROOM(a_round_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
