/* A verdict is good for a while, an answer for five minutes: what a slow provider holds up longer
 * is decided anew, wherever it is. */
#include "outreach/sender_fixture_int.h"

static size_t asked, late_after;

/* The first takes long: so long that the verdict of all is too old. */
static enum sent slowly(struct op *op, const struct outreach *o, struct parcel *p)
{
    (void)op;
    (void)o;
    (void)p;
    asked++;
    return SENT_OK;
}

static void send_slowly(struct op *op, struct provider *via, struct parcel *const *parcels,
                        size_t n)
{
    for (size_t i = late_after; i < n; i++) {
        assert_true(parcels[i]->until > time_mono());
        assert_true(parcels[i]->until <= time_mono() + 45000);
        parcels[i]->until = time_mono() - 1;
    }
    channel_each(op, via, parcels, n, slowly);
}

static const struct channel SLOW = {
    .name = "slow", .kind = CHANNEL_SMS, .batch = 16, .send = send_slowly};

/* R517: sixteen messages of fifteen seconds each were four minutes behind their verdict: past
 * closing time, and past what an answer is good for. */
static void r517_an_old_verdict_lets_nothing_go(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent[3];
    struct outreach_draft d[3] = {draft(r, 0, "key-late-0"), draft(r, 1, "key-late-1"),
                                  draft(r, 2, "key-late-2")};
    struct provider_list *l = &r->o->providers[CHANNEL_SMS];
    *l = (struct provider_list){.n = 2}; /* nor by the next of them */
    l->at[0] = l->at[1] = (struct provider){.channel = &SLOW, .o = r->o};
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 3, sent), OK);
    late_after = 1;
    r->op.actor = outreach_system();
    assert_int_equal(step(r), 3);
    assert_int_equal(asked, 1);
    size_t waiting = 0;
    for (size_t i = 0; i < 3; i++)
        waiting += str_eq(room_status(r, sent[i].communication), STR("preparation"));
    assert_int_equal(waiting, 2);
    late_after = 16;
    r->op.now = NOW + 5000;
    size_t n = 0;
    assert_int_equal(sender_step(&r->op, r->o, CHANNEL_SMS, &n), OK);
    assert_int_equal(n, 2);
    assert_int_equal(asked, 3);
    for (size_t i = 0; i < 3; i++)
        assert_status(r, sent[i].communication, "in-progress");
}

/* R521: until the ledger's follower had come to it, the next message was held for another day. */
static void r521_what_was_taken_back_counts_no_more(void **state)
{
    struct room *r = *state;
    struct outreach_sent first, next;
    struct record_result undone;
    struct outreach_draft d[2] = {draft(r, 30, "key-back-0"), draft(r, 30, "key-back-1")};
    patient(r, 30, 30);
    nurse(r);
    r->op.now = NOW + 60000;
    assert_int_equal(outreach_send_many(&r->op, r->o, &d[0], 1, &first), OK);
    assert_int_equal(outreach_undo(&r->op, r->o, first.communication, &undone), OK);
    assert_int_equal(outreach_undo(&r->op, r->o, first.communication, &undone), ERR_CONFLICT);
    op_clear(&r->op);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d[1], 1, &next), OK);
    assert_int_equal(next.code, OK);
    size_t n = 0;
    late_after = 16;
    assert_int_equal(sender_step(&r->op, r->o, CHANNEL_SMS, &n), OK);
    assert_status(r, first.communication, "not-done");
    assert_status(r, next.communication, "in-progress");
}

static struct ledger_entry row_of(struct room *r, str patient)
{
    struct ledger_entry *rows;
    size_t n;
    assert_int_equal(ledger_list(&r->op, r->rec, patient, 9, &rows, &n), OK);
    assert_int_equal(n, 1);
    return rows[0];
}

/* A text to a new patient, queued at NOW + ms. */
static struct outreach_sent queue_one(struct room *r, int who, int64_t ms)
{
    struct outreach_sent sent;
    struct outreach_draft d = draft(r, who, arena_printf(r->op.arena, "key-counts-%d", who).p);
    patient(r, who, who);
    nurse(r);
    r->op.now = NOW + ms;
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &sent), OK);
    assert_int_equal(row_of(r, d.patient).state, LEDGER_OUT);
    return sent;
}

/* What is queued to leave now counts as out from the start (ADR 81): its leaving within the second
 * writes no row again, its leaving later does. */
static void what_leaves_at_once_is_counted_once(void **state)
{
    struct room *r = *state;
    static const int64_t after[] = {400, 5000};
    late_after = 16;
    for (int i = 0; i < 2; i++) {
        struct outreach_sent sent = queue_one(r, 31 + i, 100000 * (i + 1));
        str who = arena_printf(r->op.arena, "b%d", 31 + i);
        int64_t queued = r->op.now;
        size_t n = 0;
        assert_int_equal(row_of(r, who).at, queued + 1000);
        r->op.now = queued + after[i];
        assert_int_equal(sender_step(&r->op, r->o, CHANNEL_SMS, &n), OK);
        assert_int_equal(n, 1);
        assert_status(r, sent.communication, "in-progress");
        assert_int_equal(row_of(r, who).state, LEDGER_OUT);
        int64_t at = row_of(r, who).at, left = queued + after[i];
        assert_true(at >= left && at <= left + 1100); /* handing over takes a moment */
        assert_true(i || at == queued + 1000);
    }
}

/* It did not leave after all: it waits, and is taken back like any other. */
static void what_must_wait_after_all_waits(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent = queue_one(r, 33, 400000);
    struct record_result undone;
    size_t n = 0;
    r->op.now = NOW + 12 * 3600000; /* night in Oregon */
    assert_int_equal(sender_step(&r->op, r->o, CHANNEL_SMS, &n), OK);
    assert_status(r, sent.communication, "preparation");
    assert_int_equal(row_of(r, STR("b33")).state, LEDGER_WAITING);
    nurse(r);
    assert_int_equal(outreach_undo(&r->op, r->o, sent.communication, &undone), OK);
    assert_int_equal(row_of(r, STR("b33")).state, LEDGER_TAKEN_BACK);
}

/* R524: found on its way after a crash, and held: perhaps it went, so it goes on counting as out.
 */
static void r524_what_perhaps_went_counts_as_out(void **state)
{
    struct room *r = *state;
    static const struct channel again = {
        .name = "again", .kind = CHANNEL_SMS, .batch = 16, .repeatable = true, .send = send_slowly};
    struct provider_list *l = &r->o->providers[CHANNEL_SMS], was = *l;
    struct outreach_sent sent = queue_one(r, 34, 500000);
    size_t n = 0;
    struct record_tx *tx = record_begin(&r->op, r->rec);
    message_gate_set(tx, &r->op, sent.communication, STR("out"));
    assert_int_equal(record_commit(tx), OK);
    *l = (struct provider_list){.n = 1};
    l->at[0] = (struct provider){.channel = &again, .o = r->o};
    r->op.now = NOW + 12 * 3600000;
    assert_int_equal(sender_step(&r->op, r->o, CHANNEL_SMS, &n), OK);
    assert_status(r, sent.communication, "preparation");
    assert_int_equal(row_of(r, STR("b34")).state, LEDGER_OUT);
    *l = was;
}

/* R525: somebody else wrote that it is not to go: it never left, and counts no more. */
static void r525_what_is_dropped_before_it_left_counts_no_more(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent = queue_one(r, 35, 600000);
    size_t n = 0;
    room_put(r, arena_printf(r->op.arena,
                             "{\"resourceType\":\"Communication\",\"id\":\"%.*s\",\"status\":"
                             "\"not-done\",\"subject\":{\"reference\":\"Patient/b35\"},\"sent\":"
                             "\"2026-11-24T17:40:00Z\"}",
                             STR_ARG(sent.communication)));
    assert_int_equal(sender_step(&r->op, r->o, CHANNEL_SMS, &n), OK);
    assert_int_equal(n, 1);
    assert_int_equal(row_of(r, STR("b35")).state, LEDGER_TAKEN_BACK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r517_an_old_verdict_lets_nothing_go),
        cmocka_unit_test(r521_what_was_taken_back_counts_no_more),
        cmocka_unit_test(what_leaves_at_once_is_counted_once),
        cmocka_unit_test(what_must_wait_after_all_waits),
        cmocka_unit_test(r524_what_perhaps_went_counts_as_out),
        cmocka_unit_test(r525_what_is_dropped_before_it_left_counts_no_more),
    };
    return cmocka_run_group_tests(tests, open_room, room_close);
}
