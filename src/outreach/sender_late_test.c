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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r517_an_old_verdict_lets_nothing_go),
        cmocka_unit_test(r521_what_was_taken_back_counts_no_more),
    };
    return cmocka_run_group_tests(tests, open_room, room_close);
}
