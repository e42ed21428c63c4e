/* Two threads send one channel's messages: while the first hands a batch over, the second decides
 * on the next one. */
#include "outreach/sender_fixture_int.h"

#include <unistd.h>

/* ---- the second thread ---- */

struct second {
    struct room *r;
    struct outreach_sent sent[2];
    pthread_t thread;
    int64_t now;
    size_t n;
    err code;
};

static void *step_beside(void *ctx)
{
    struct second *s = ctx;
    struct arena *a = arena_new(0);
    struct op op;
    op_init(&op, a, outreach_system(), s->now);
    s->code = sender_step(&op, s->r->o, CHANNEL_SMS, &s->n);
    arena_free(a);
    return NULL;
}

static bool submitting(struct op *op, struct outreach *o, str id)
{
    str gate = STR_NONE;
    assert_int_equal(message_gate_now(record_begin(op, o->rec), op, id, &gate), OK);
    return str_eq(gate, STR("out"));
}

/* ---- the provider: the second thread comes while it has the first batch ---- */

static struct second beside;
static int same, other; /* whose messages come meanwhile */
static char order[8];
static size_t handed, batches;

static void send_beside(struct op *op, struct room *r)
{
    struct outreach_draft d[2] = {
        draft(r, same, str_z(r->op.arena, arena_printf(r->op.arena, "key-turn-same-%d", same))),
        draft(r, other, str_z(r->op.arena, arena_printf(r->op.arena, "key-turn-%d", other)))};
    const struct actor *caller = op->actor;
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 2, beside.sent), OK);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(beside.sent[i].code, OK);
    r->op.actor = caller;
    assert_int_equal(pthread_create(&beside.thread, NULL, step_beside, &beside), 0);
    while (!submitting(op, r->o, beside.sent[1].communication)) /* decided, and on disk */
        usleep(1000);
}

static void send_noting(struct op *op, struct provider *via, struct parcel *const *parcels,
                        size_t n)
{
    (void)via;
    if (batches++ == 0)
        send_beside(op, beside.r);
    for (size_t i = 0; i < n; i++) {
        order[handed++] = parcels[i]->patient.p[1];
        parcels[i]->result = SENT_OK;
    }
}

/* The first one's message is with the provider when the others' come. */
static void meanwhile(struct room *r, int first, int64_t now, const char *order_then)
{
    static const struct channel noting = {
        .name = "noting", .kind = CHANNEL_SMS, .batch = 16, .send = send_noting};
    struct outreach_sent sent;
    struct outreach_draft d =
        draft(r, first, str_z(r->op.arena, arena_printf(r->op.arena, "key-turn-first-%d", first)));
    struct provider_list *l = &r->o->providers[CHANNEL_SMS];
    *l = (struct provider_list){.n = 1};
    l->at[0] = (struct provider){.channel = &noting, .o = r->o};
    memset(order, 0, sizeof order);
    handed = batches = 0;
    beside = (struct second){.r = r, .now = now};
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &sent), OK);
    assert_int_equal(step(r), 1);
    assert_int_equal(pthread_join(beside.thread, NULL), 0);
    assert_int_equal(beside.code, OK);
    assert_int_equal(beside.n, 2);
    assert_string_equal(order, order_then);
    assert_status(r, sent.communication, "in-progress");
    assert_status(r, beside.sent[0].communication, "preparation");
    assert_status(r, beside.sent[1].communication, "in-progress");
    size_t n = 0;
    r->op.now = now + 5000; /* the one before is written: now it goes */
    assert_int_equal(sender_step(&r->op, r->o, CHANNEL_SMS, &n), OK);
    assert_int_equal(handed, 3);
    assert_status(r, beside.sent[0].communication, "in-progress");
}

/* A patient's own second message would be another day's by the rules. */
static void nobody_overtakes_and_a_number_gets_one_at_a_time(void **state)
{
    patient(*state, 6, 0); /* another one, at the first one's number */
    same = 6;
    other = 1;
    meanwhile(*state, 0, NOW, "01");
}

/* A slow provider: the lease of the first one's job is over. It would be thought to have been found
 * after a crash, and told to be unknown. */
static void what_one_holds_no_other_takes(void **state)
{
    patient(*state, 7, 2);
    same = 7;
    other = 3;
    meanwhile(*state, 2, NOW + 2 * LEASE_MS, "23");
}

/* ---- what goes by the same lines without being a batch of the sender: a page to a colleague ----
 */

static atomic_int inside, most, began;

static void *send_page(void *ctx)
{
    struct room *r = ctx;
    struct arena *a = arena_new(0);
    struct op op;
    struct parcel p = {.result = SENT_LATER};
    op_init(&op, a, outreach_system(), NOW);
    atomic_store(&began, 1);
    provider_send(&op, r->o, CHANNEL_SMS, &p, 1);
    arena_free(a);
    return NULL;
}

static void send_alone(struct op *op, struct provider *via, struct parcel *const *parcels, size_t n)
{
    (void)op;
    (void)via;
    int now = atomic_fetch_add(&inside, 1) + 1;
    if (now > atomic_load(&most))
        atomic_store(&most, now);
    if (batches++ == 0) {
        assert_int_equal(pthread_create(&beside.thread, NULL, send_page, beside.r), 0);
        while (!atomic_load(&began))
            usleep(1000);
        usleep(50000); /* it may come in, if it may */
    }
    for (size_t i = 0; i < n; i++)
        parcels[i]->result = SENT_OK;
    atomic_fetch_sub(&inside, 1);
}

static void one_at_a_time_has_the_provider(void **state)
{
    static const struct channel alone = {
        .name = "alone", .kind = CHANNEL_SMS, .batch = 16, .send = send_alone};
    struct room *r = *state;
    struct parcel p = {.result = SENT_LATER};
    r->o->providers[CHANNEL_SMS] = (struct provider_list){.n = 1};
    r->o->providers[CHANNEL_SMS].at[0] = (struct provider){.channel = &alone, .o = r->o};
    batches = 0;
    beside = (struct second){.r = r};
    provider_send(&r->op, r->o, CHANNEL_SMS, &p, 1);
    assert_int_equal(pthread_join(beside.thread, NULL), 0);
    assert_int_equal(batches, 2);
    assert_int_equal(atomic_load(&most), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_overtakes_and_a_number_gets_one_at_a_time),
        cmocka_unit_test(what_one_holds_no_other_takes),
        cmocka_unit_test(one_at_a_time_has_the_provider)};
    return cmocka_run_group_tests(tests, open_room, room_close);
}
