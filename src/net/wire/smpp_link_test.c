/* The life of a connection, exactly: window, throttling, time limits, a peer that lies. */
#include "base/test.h"
#include "net/smpp.h"

struct house {
    struct arena *a;
    struct smpp_link *l;
    int64_t now;
    struct smpp_event events[64];
    char ids[64][16];
    size_t n;
};

static void heard(void *ctx, const struct smpp_event *e)
{
    struct house *h = ctx;
    assert_true(h->n < 64);
    h->events[h->n++] = *e;
}

static uint32_t sent(struct house *h, uint32_t command)
{
    str out = smpp_link_out(h->l);
    struct smpp_pdu p = {0};
    assert_int_equal(SMPP_TAKEN, smpp_take(&out, &p));
    assert_int_equal(command, p.command);
    smpp_link_wrote(h->l, smpp_link_out(h->l).n - out.n);
    return p.sequence;
}

static void say(struct house *h, uint32_t command, uint32_t status, uint32_t sequence)
{
    struct buf b;
    buf_init(&b, h->a, 64);
    smpp_write_id(&b,
                  &(struct smpp_pdu){.command = command, .status = status, .sequence = sequence},
                  STR("id"));
    for (size_t i = 0; i < b.n; i++) /* in pieces of one byte */
        smpp_link_feed(h->l, h->now, str_make(b.p + i, 1));
}

static void start(struct house *h, unsigned window)
{
    struct smpp_link_config c = {.bind = SMPP_BIND_TRANSCEIVER,
                                 .who = {.system_id = STR("weft")},
                                 .window = window,
                                 .enquire_ms = 30000,
                                 .answer_ms = 10000};
    *h = (struct house){.a = arena_new(0), .now = 1000000};
    h->l = smpp_link_new(h->a, &c, heard, h);
    assert_non_null(h->l);
    smpp_link_open(h->l, h->now);
    uint32_t bind = sent(h, SMPP_BIND_TRANSCEIVER);
    say(h, SMPP_BIND_TRANSCEIVER | SMPP_RESP, 0, bind);
    assert_int_equal(1, h->n);
    assert_int_equal(SMPP_EVENT_BOUND, h->events[0].kind);
    h->n = 0;
}

static bool submit(struct house *h, uint64_t token)
{
    struct smpp_message m = {.to = STR("13125550143"), .text = STR("Hi")};
    return smpp_link_submit(h->l, h->now, token, &m);
}

static void the_window_holds(void **state)
{
    struct house h;
    (void)state;
    start(&h, 2);
    assert_true(submit(&h, 1));
    assert_true(submit(&h, 2));
    assert_false(submit(&h, 3));
    uint32_t one = sent(&h, SMPP_SUBMIT_SM), two = sent(&h, SMPP_SUBMIT_SM);
    say(&h, SMPP_SUBMIT_SM | SMPP_RESP, 0, two);
    assert_int_equal(1, h.n);
    assert_int_equal(2, h.events[0].token);
    say(&h, SMPP_SUBMIT_SM | SMPP_RESP, 0, two);           /* again */
    say(&h, SMPP_SUBMIT_SM | SMPP_RESP, 0, one ^ 0x40000); /* never asked */
    assert_int_equal(1, h.n);
    assert_true(submit(&h, 3));
    assert_false(submit(&h, 4));
    assert_int_equal(2, smpp_link_waiting(h.l));
    arena_free(h.a);
}

static void throttling_backs_off(void **state)
{
    struct house h;
    int64_t waits[4];
    (void)state;
    start(&h, 10);
    for (int i = 0; i < 4; i++) {
        assert_true(submit(&h, 1));
        say(&h, SMPP_SUBMIT_SM | SMPP_RESP, i % 2 ? SMPP_QUEUE_FULL : SMPP_THROTTLED,
            sent(&h, SMPP_SUBMIT_SM));
        assert_false(submit(&h, 1));
        waits[i] = smpp_link_paused(h.l) - h.now;
        assert_true(i == 0 ? waits[i] > 0 : waits[i] == 2 * waits[i - 1]);
        h.now = smpp_link_paused(h.l);
    }
    assert_true(submit(&h, 1));
    say(&h, SMPP_SUBMIT_SM | SMPP_RESP, SMPP_OK, sent(&h, SMPP_SUBMIT_SM));
    assert_true(submit(&h, 2));
    say(&h, SMPP_SUBMIT_SM | SMPP_RESP, SMPP_THROTTLED, sent(&h, SMPP_SUBMIT_SM));
    assert_int_equal(waits[0], smpp_link_paused(h.l) - h.now); /* forgiven */
    arena_free(h.a);
}

/* Bytes keep their order: an answer to what we asked later shows that the centre has what we said
 * before. */
static void what_the_centre_has_is_shown(void **state)
{
    struct house h;
    (void)state;
    start(&h, 2);
    assert_true(submit(&h, 1));
    uint32_t before = sent(&h, SMPP_SUBMIT_SM);
    uint64_t asked = smpp_link_asked(h.l);
    smpp_link_delivered(h.l, 9, SMPP_OK);
    (void)sent(&h, SMPP_DELIVER_SM | SMPP_RESP);
    say(&h, SMPP_SUBMIT_SM | SMPP_RESP, SMPP_OK, before);
    assert_false(smpp_link_shown(h.l) > asked); /* it may be from before */
    smpp_link_ask(h.l, h.now);
    uint32_t enquiry = sent(&h, SMPP_ENQUIRE_LINK);
    smpp_link_ask(h.l, h.now); /* one at a time */
    assert_int_equal(smpp_link_out(h.l).n, 0);
    assert_false(smpp_link_shown(h.l) > asked);
    say(&h, SMPP_ENQUIRE_LINK | SMPP_RESP, SMPP_OK, enquiry);
    assert_true(smpp_link_shown(h.l) > asked);
    asked = smpp_link_asked(h.l);
    assert_true(submit(&h, 2));
    say(&h, SMPP_SUBMIT_SM | SMPP_RESP, SMPP_OK, sent(&h, SMPP_SUBMIT_SM));
    assert_true(smpp_link_shown(h.l) > asked);
    asked = smpp_link_asked(h.l);
    smpp_link_unbind(h.l, h.now);
    say(&h, SMPP_UNBIND | SMPP_RESP, SMPP_OK, sent(&h, SMPP_UNBIND));
    assert_true(smpp_link_shown(h.l) > asked);
    arena_free(h.a);
}

static void no_answer_is_told_once(void **state)
{
    struct house h;
    (void)state;
    start(&h, 2);
    assert_true(submit(&h, 7));
    uint32_t late = sent(&h, SMPP_SUBMIT_SM);
    h.now += 10001;
    smpp_link_tick(h.l, h.now);
    assert_int_equal(1, h.n);
    assert_int_equal(SMPP_EVENT_UNKNOWN, h.events[0].kind);
    assert_int_equal(7, h.events[0].token);
    say(&h, SMPP_SUBMIT_SM | SMPP_RESP, 0, late);
    assert_int_equal(1, h.n);
    assert_true(submit(&h, 8));
    smpp_link_lost(h.l);
    assert_int_equal(3, h.n);
    assert_int_equal(8, h.events[1].token);
    assert_int_equal(SMPP_EVENT_END, h.events[2].kind);
    smpp_link_lost(h.l);
    assert_int_equal(3, h.n);
    assert_false(submit(&h, 9));
    arena_free(h.a);
}

static void enquiries_both_ways(void **state)
{
    struct house h;
    (void)state;
    start(&h, 2);
    say(&h, SMPP_ENQUIRE_LINK, 0, 77);
    assert_int_equal(77, sent(&h, SMPP_ENQUIRE_LINK | SMPP_RESP));
    h.now += 30000;
    smpp_link_tick(h.l, h.now);
    uint32_t mine = sent(&h, SMPP_ENQUIRE_LINK);
    say(&h, SMPP_ENQUIRE_LINK | SMPP_RESP, 0, mine);
    h.now += 11000;
    smpp_link_tick(h.l, h.now);
    assert_false(smpp_link_over(h.l));
    h.now += 30000;
    smpp_link_tick(h.l, h.now);
    (void)sent(&h, SMPP_ENQUIRE_LINK);
    h.now += 10001;
    smpp_link_tick(h.l, h.now);
    assert_true(smpp_link_over(h.l));
    arena_free(h.a);
}

static void a_peer_that_lies(void **state)
{
    struct house h;
    (void)state;
    start(&h, 2);
    say(&h, 0x777, 0, 5); /* no such command */
    assert_int_equal(5, sent(&h, SMPP_RESP));
    say(&h, SMPP_DELIVER_SM, 0, 6); /* not a message */
    assert_int_equal(6, sent(&h, SMPP_DELIVER_SM | SMPP_RESP));
    assert_int_equal(0, h.n);
    for (int i = 0; i < 40000 && !smpp_link_over(h.l); i++) /* asks and never reads */
        say(&h, SMPP_ENQUIRE_LINK, 0, 1);
    assert_true(smpp_link_over(h.l));
    arena_free(h.a);
    start(&h, 2);
    smpp_link_feed(h.l, h.now, str_make("\xff\xff\xff\xff", 4));
    assert_true(smpp_link_over(h.l));
    arena_free(h.a);
}

static void unbinding(void **state)
{
    struct house h;
    (void)state;
    start(&h, 2);
    assert_true(submit(&h, 1));
    uint32_t one = sent(&h, SMPP_SUBMIT_SM);
    smpp_link_unbind(h.l, h.now);
    assert_false(submit(&h, 2));
    say(&h, SMPP_SUBMIT_SM | SMPP_RESP, 0, one);
    assert_int_equal(SMPP_EVENT_ANSWER, h.events[0].kind);
    say(&h, SMPP_UNBIND | SMPP_RESP, 0, sent(&h, SMPP_UNBIND));
    assert_true(smpp_link_over(h.l));
    arena_free(h.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_holds),
        cmocka_unit_test(throttling_backs_off),
        cmocka_unit_test(what_the_centre_has_is_shown),
        cmocka_unit_test(no_answer_is_told_once),
        cmocka_unit_test(enquiries_both_ways),
        cmocka_unit_test(a_peer_that_lies),
        cmocka_unit_test(unbinding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
