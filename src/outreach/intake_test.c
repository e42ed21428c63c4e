/* What a message centre brings: parts that never become a message, words that come again, numbers
 * spelled without a plus, receipts of a number given twice. With a record, without a connection. */
#include "outreach/channel_sms_smpp_int.h"
#include "outreach/fixture_int.h"

#define LONDON "+44 7700 900123"

static int open_room(void **state)
{
    static const char *const settings[] = {"sms.channel", "screen", NULL};
    struct room *r = room_new();
    room_outreach(r, settings);
    r->patient = room_put(r, STR("{\"resourceType\":\"Patient\",\"id\":\"mo\",\"telecom\":[{"
                                 "\"system\":\"phone\",\"value\":\"" LONDON "\"}]}"));
    *state = r;
    return 0;
}

/* In memory of its own, as each message has. */
static err take(struct room *r, const struct mo *m)
{
    struct smpp_client c = {.o = r->o};
    struct arena *rest = r->op.arena;
    r->op.arena = arena_new(0);
    err e = smpp_mo_take(&r->op, &c, m);
    op_clear(&r->op);
    arena_free(r->op.arena);
    r->op.arena = rest;
    return e;
}

static struct mo said(const char *from, str words)
{
    struct mo m = {.coding = 3, .n = words.n, .early = true};
    snprintf(m.from, sizeof m.from, "%s", from);
    snprintf(m.to, sizeof m.to, "15035550100");
    memcpy(m.text, words.p, words.n);
    return m;
}

static err part(struct room *r, const char *from, unsigned ref, unsigned number, unsigned total)
{
    char words[2000];
    memset(words, 'a' + (int)(ref % 20), sizeof words);
    struct mo m = said(from, str_make(words, sizeof words));
    m.sar_ref = (uint16_t)ref;
    m.sar_number = (uint8_t)number;
    m.sar_total = (uint8_t)total;
    err e = take(r, &m);
    op_clear(&r->op);
    r->op.actor = outreach_system();
    return e;
}

static size_t received(struct room *r)
{
    struct record_page page;
    assert_int_equal(record_find(&r->op, r->rec, fhir_type_parse(STR("Communication")),
                                 STR("sender=Patient/mo&_count=100"), &page),
                     OK);
    return page.n;
}

/* Review R200: one part without a sender at the head, and parts without end, stand in nobody's way;
 * a message longer than the record takes is cut. */
static void r200_parts_that_never_become_a_message(void **state)
{
    struct room *r = *state;
    assert_int_equal(part(r, "", 1, 1, 2), OK);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(part(r, "15035559999", 100 + i, 1, 3), OK);
    assert_int_equal(part(r, LONDON, 7, 2, 2), OK);
    assert_int_equal(part(r, LONDON, 7, 2, 2), OK); /* delivered again: once is enough */
    assert_int_equal(received(r), 0);
    assert_int_equal(part(r, LONDON, 7, 1, 2), OK);
    assert_int_equal(received(r), 1);
    for (unsigned i = 1; i <= 12; i++)
        assert_int_equal(part(r, LONDON, 8, i, 12), OK);
    assert_int_equal(received(r), 2);
}

/* Of two-byte characters after one of one byte, so that every even length ends inside of one. */
static void r200_what_came_of_a_long_message_is_told(void **state)
{
    struct room *r = *state;
    size_t before = received(r);
    char words[4000];
    memset(words, 0xe9, sizeof words);
    words[0] = 'a';
    struct mo m = said(LONDON, str_make(words, sizeof words));
    m.sar_ref = 9;
    m.sar_number = 1;
    m.sar_total = 2;
    assert_int_equal(take(r, &m), OK);
    for (unsigned i = 0; i < 60 && received(r) == before; i++)
        assert_int_equal(part(r, "15035559999", 300 + i, 1, 3), OK);
    assert_int_equal(received(r), before + 1);
}

static bool stopped(struct room *r)
{
    struct consent_state s = room_seen(r).consent[CHANNEL_SMS];
    return s.any && !s.permit;
}

static void say(struct room *r, const char *from, const char *words)
{
    struct mo m = said(from, str_of(words));
    r->op.now += 1000;
    assert_int_equal(take(r, &m), OK);
    op_clear(&r->op);
    r->op.actor = outreach_system();
}

/* What was owed has come, or never will. */
static void nothing_is_owed(struct room *r)
{
    r->op.now += 31 * DAY_MS;
}

/* Review R201: stop, start, stop soon after the centre connected; the last stop is no repetition.
 */
static void r201_a_second_stop_is_heard(void **state)
{
    struct room *r = *state;
    say(r, LONDON, "STOP");
    assert_true(stopped(r));
    size_t n = received(r);
    say(r, LONDON, "STOP"); /* the centre repeats it */
    assert_int_equal(received(r), n);
    say(r, LONDON, "START");
    assert_false(stopped(r));
    say(r, LONDON, "STOP");
    assert_true(stopped(r));
    say(r, LONDON, "START");
}

/* Found by the hostile run of 100,000: what a centre repeated hours later, since the house was
 * killed before it told that it has it, was answered again. What it was told of is new then. */
static void what_was_owed_an_answer_is_repeated_after_hours(void **state)
{
    struct room *r = *state;
    struct smpp_client c = {.o = r->o};
    struct mo first = said(LONDON, STR("I am in the garden")), other = said(LONDON, STR("START"));
    nothing_is_owed(r);
    size_t n = received(r);
    assert_int_equal(smpp_mo_take(&r->op, &c, &first), OK);
    r->op.now += 7 * 60 * 60000LL;
    say(r, LONDON, "I am in the garden");
    assert_int_equal(received(r), n + 1);
    smpp_mo_acked(&c);
    assert_int_equal(smpp_mo_take(&r->op, &c, &other), OK); /* is kept with that */
    r->op.now += 7 * 60 * 60000LL;
    say(r, LONDON, "START"); /* of this it was not told */
    assert_int_equal(received(r), n + 2);
    say(r, LONDON, "I am in the garden");
    assert_int_equal(received(r), n + 3);
}

/* Found by the hostile run: killed between keeping a message and noting that it came, the next
 * delivery of it was kept, too, and answered again. */
static void a_crash_in_between_neither_loses_nor_repeats(void **state)
{
    struct room *r = *state;
    size_t before = received(r);
    struct record_page page;
    struct json *c;
    say(r, LONDON, "I am at home again");
    assert_int_equal(received(r), before + 1);
    assert_int_equal(record_find(&r->op, r->rec, fhir_type_parse(STR("Communication")),
                                 STR("sender=Patient/mo&_sort=-_lastUpdated&_count=1"), &page),
                     OK);
    assert_int_equal(record_parse(&r->op, &page.docs[0], &c), OK);
    str id = json_str(json_path(c, "identifier.0.value"));
    struct record_tx *tx = record_begin(&r->op, r->rec); /* as if it was noted, and not yet kept */
    record_tx_kv(tx, arena_cat(r->op.arena, STR("inbound/sms/"), id), STR_NONE);
    assert_int_equal(record_commit(tx), OK);
    say(r, LONDON, "I am at home again");
    assert_int_equal(received(r), before + 2);
    say(r, LONDON, "I am at home again");
    assert_int_equal(received(r), before + 2);
}

static size_t answers(struct room *r)
{
    struct record_page page;
    assert_int_equal(record_find(&r->op, r->rec, fhir_type_parse(STR("Communication")),
                                 STR("recipient=Patient/mo&_count=100"), &page),
                     OK);
    return page.n;
}

/* The line broke, and nobody told the centre of any of them: all come again after hours. */
static void come_again(struct room *r, const char *first, const char *second)
{
    nothing_is_owed(r);
    say(r, LONDON, first);
    say(r, LONDON, second);
    size_t n = answers(r);
    r->op.now += 7 * 60 * 60000LL;
    say(r, LONDON, first);
    say(r, LONDON, second);
    assert_int_equal(answers(r), n);
}

/* R512, found by the hostile run: a START or STOP that was not the last of what the centre owed was
 * taken for said again, and answered again. */
static void r512_what_is_owed_is_not_answered_again(void **state)
{
    struct room *r = *state;
    come_again(r, "START", "my words after it");
    assert_false(stopped(r));
    come_again(r, "STOP", "HELP");
    assert_true(stopped(r));
    come_again(r, "alto", "START"); /* what they said last holds */
    assert_false(stopped(r));
    come_again(r, "START", "alto");
    assert_true(stopped(r));
    size_t n = answers(r);
    struct mo late = said(LONDON, STR("alto")); /* it is obeyed, whenever it comes */
    late.early = false;
    size_t heard = received(r);
    assert_int_equal(take(r, &late), OK);
    r->op.actor = outreach_system();
    assert_int_equal(received(r), heard + 1);
    assert_int_equal(answers(r), n);
    nothing_is_owed(r);
    say(r, LONDON, "START"); /* it is said anew */
    assert_false(stopped(r));
    assert_int_equal(answers(r), n + 1);
    nothing_is_owed(r);
}

static void others_say(struct room *r, unsigned n)
{
    struct smpp_client c = {.o = r->o};
    for (unsigned i = 0; i < n; i++) {
        struct mo m = said(LONDON, arena_printf(r->op.arena, "others %u", i));
        snprintf(m.from, sizeof m.from, "+1503555%04u", i % 10000);
        assert_int_equal(smpp_mo_take(&r->op, &c, &m), OK);
        r->op.actor = outreach_system();
        op_clear(&r->op);
        smpp_mo_acked(&c);
    }
}

/* R514, found by the hostile run of a million: what others said since put it out of mind. */
static void r514_what_is_owed_is_not_put_out_of_mind(void **state)
{
    struct room *r = *state;
    nothing_is_owed(r);
    say(r, LONDON, "put out of mind");
    others_say(r, 300);
    size_t n = received(r);
    r->op.now += 6 * DAY_MS;
    say(r, LONDON, "put out of mind");
    assert_int_equal(received(r), n);
}

/* R523, found by the hostile run: the centre owed a STOP, was told of the START after it, and
 * others spoke, until the START was out of mind and the STOP was not: the next STOP was taken for
 * the one that was owed, and texts went on. */
static void r523_a_stop_after_a_start_that_is_out_of_mind(void **state)
{
    struct room *r = *state;
    struct smpp_client c = {.o = r->o};
    struct mo start = said(LONDON, STR("START"));
    nothing_is_owed(r);
    say(r, LONDON, "STOP");
    assert_true(stopped(r));
    r->op.now += 1000;
    assert_int_equal(smpp_mo_take(&r->op, &c, &start), OK);
    r->op.actor = outreach_system();
    smpp_mo_acked(&c);
    others_say(r, 1); /* what the centre knows is noted with it */
    struct mo other = said(LONDON, STR("nothing"));
    assert_int_equal(smpp_mo_take(&r->op, &c, &other), OK);
    r->op.actor = outreach_system();
    others_say(r, 300);
    assert_false(stopped(r));
    size_t n = answers(r);
    say(r, LONDON, "STOP");
    assert_true(stopped(r));
    assert_int_equal(answers(r), n);
    size_t heard = received(r);
    say(r, LONDON, "STOP");
    assert_int_equal(received(r), heard);
}

/* As above, with the clock set back behind the START: what does not hold yet holds tomorrow. */
static void r523_nor_one_that_does_not_hold_yet(void **state)
{
    struct room *r = *state;
    nothing_is_owed(r);
    say(r, LONDON, "STOP");
    room_put(r, arena_printf(
                    r->op.arena,
                    "{\"resourceType\":\"Consent\",\"id\":\"ahead\",\"status\":\"active\","
                    "\"scope\":{\"coding\":[{\"code\":\"patient-privacy\"}]},\"category\":[{"
                    "\"coding\":[{\"system\":\"" CONSENT_CATEGORY "\",\"code\":\"contact\"}]}],"
                    "\"patient\":{\"reference\":\"Patient/mo\"},\"dateTime\":\"%.*s\","
                    "\"policyRule\":{\"text\":\"signed\"},\"provision\":{\"type\":\"permit\","
                    "\"code\":[{\"coding\":[{\"system\":\"" CHANNEL_SYSTEM "\",\"code\":\"sms\"}"
                    "]}]}}",
                    STR_ARG(time_format(r->op.arena, r->op.now + DAY_MS))));
    say(r, LONDON, "STOP");
    r->op.now += 2 * DAY_MS;
    assert_true(stopped(r));
    nothing_is_owed(r);
    say(r, LONDON, "START");
    nothing_is_owed(r);
}

/* Review R202: a number of another country without its plus. */
static void r202_a_stop_from_abroad(void **state)
{
    struct room *r = *state;
    assert_false(stopped(r));
    say(r, "447700900123", "STOP");
    assert_true(stopped(r));
    say(r, "00447700900123", "START");
    assert_false(stopped(r));
    say(r, "0044 7700 900123", "Stop");
    assert_true(stopped(r));
}

/* Review R250: no resource may hold a control character, so that the message was refused for ever.
 */
static void r250_a_form_feed_loses_no_stop(void **state)
{
    struct room *r = *state;
    say(r, LONDON, "START");
    assert_false(stopped(r));
    say(r, LONDON, "\x01STOP\f");
    assert_true(stopped(r));
    size_t n = received(r);
    say(r, LONDON, "\f");
    assert_int_equal(received(r), n + 1);
}

static void sent(struct room *r, const char *id, const char *when)
{
    room_put(r, arena_printf(r->op.arena,
                             "{\"resourceType\":\"Communication\",\"id\":\"%s\",\"status\":"
                             "\"in-progress\",\"identifier\":[{\"system\":\"" PROVIDER_SYSTEM
                             "\",\"value\":\"17\"}],\"subject\":{\"reference\":\"Patient/mo\"},"
                             "\"sent\":\"%s\"}",
                             id, when));
}

/* Review R208: a centre that counts from the beginning again. */
static void r208_a_receipt_is_of_the_newest(void **state)
{
    struct room *r = *state;
    struct outreach_receipt word = {
        .vocabulary = STR("smpp"), .provider_id = STR("17"), .word = STR("DELIVRD")};
    sent(r, "new", "2026-11-24T17:00:00Z");
    sent(r, "old", "2026-10-24T17:00:00Z");
    assert_int_equal(outreach_receipt(&r->op, r->o, &word), OK);
    assert_str(room_status(r, STR("new")), "completed");
    assert_str(room_status(r, STR("old")), "in-progress");
}

/* Review R216: a centre that tells of messages nobody sent has so many places and no more; a note
 * in somebody else's place is not taken for its own. */
static void r216_receipts_of_nobody_have_an_end(void **state)
{
    struct room *r = *state;
    str first = STR_NONE, id = STR_NONE;
    struct outreach_receipt word = {.vocabulary = STR("smpp"), .word = STR("DELIVRD")};
    for (unsigned i = 0; i < 200000 && str_empty(id); i++) { /* another id in the place of "x" */
        str other = arena_printf(r->op.arena, "y%u", i);
        if (str_hash(other) % 65536 == str_hash(STR("x")) % 65536)
            id = other;
    }
    assert_false(str_empty(id));
    str place = arena_printf(r->op.arena, "receipt/%u", (unsigned)(str_hash(STR("x")) % 65536));
    word.provider_id = STR("x");
    assert_int_equal(outreach_receipt(&r->op, r->o, &word), OK);
    assert_int_equal(record_kv_get(&r->op, r->rec, place, &first), OK);
    assert_str(first, "smpp DELIVRD x ");
    word.provider_id = id;
    assert_int_equal(outreach_receipt(&r->op, r->o, &word), OK);
    assert_int_equal(record_kv_get(&r->op, r->rec, place, &first), OK);
    assert_true(str_find(first, id, 0) != SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r200_parts_that_never_become_a_message),
        cmocka_unit_test(r200_what_came_of_a_long_message_is_told),
        cmocka_unit_test(r201_a_second_stop_is_heard),
        cmocka_unit_test(what_was_owed_an_answer_is_repeated_after_hours),
        cmocka_unit_test(a_crash_in_between_neither_loses_nor_repeats),
        cmocka_unit_test(r512_what_is_owed_is_not_answered_again),
        cmocka_unit_test(r514_what_is_owed_is_not_put_out_of_mind),
        cmocka_unit_test(r523_a_stop_after_a_start_that_is_out_of_mind),
        cmocka_unit_test(r523_nor_one_that_does_not_hold_yet),
        cmocka_unit_test(r202_a_stop_from_abroad),
        cmocka_unit_test(r250_a_form_feed_loses_no_stop),
        cmocka_unit_test(r208_a_receipt_is_of_the_newest),
        cmocka_unit_test(r216_receipts_of_nobody_have_an_end),
    };
    return cmocka_run_group_tests(tests, open_room, room_close);
}
