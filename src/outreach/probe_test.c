/* Tests of words: only to an address that its owner proved and no patient has; so many an hour; the
 * ledger and the record hear of none. */
#include "outreach/probe.h"

#include "outreach/sender_fixture_int.h"

static void writer(struct room *r)
{
    static const struct actor a = {
        .role = ROLE_OUTREACH, .purpose = PURPOSE_HOPERAT, .user = {"writer", 6}, .strong = true};
    r->op.actor = &a;
    r->op.now = NOW;
    op_clear(&r->op);
}

static size_t leaves(struct room *r)
{
    size_t n = 0;
    const struct actor *before = r->op.actor;
    r->op.actor = outreach_system();
    assert_int_equal(probe_step(&r->op, r->o, CHANNEL_SMS, &n), OK);
    r->op.actor = before;
    return n;
}

static const struct json *last(struct room *r, const char *path)
{
    struct json *o;
    assert_int_equal(probe_addresses(&r->op, r->o, &o), OK);
    return json_path(o, path);
}

/* The built-in screen shows what was sent. */
static str code_shown(struct room *r)
{
    str text = json_str(last(r, "last.screen"));
    for (size_t i = 0; i + 6 <= text.n; i++) {
        size_t n = 0;
        while (n < 6 && text.p[i + n] >= '0' && text.p[i + n] <= '9')
            n++;
        if (n == 6)
            return str_sub(text, i, i + 6);
    }
    return STR_NONE;
}

static const struct probe_words hello = {{"sms", 3}, {"en", 2}, {"Hi M***, call us.", 17}, {0}};

static void an_address_is_proved_first(void **state)
{
    struct room *r = *state;
    struct json *o;
    writer(r);
    assert_int_equal(probe_send(&r->op, r->o, &hello, &o), ERR_UNPROCESSABLE);
    writer(r);
    assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("+1 312 555 0999")), OK);
    assert_int_equal(probe_send(&r->op, r->o, &hello, &o), ERR_UNPROCESSABLE);
    writer(r);
    assert_int_equal(leaves(r), 1);
    assert_int_equal(leaves(r), 0);
    str code = code_shown(r);
    assert_int_equal(code.n, 6);
    str wrong = str_eq(code, STR("123456")) ? STR("654321") : STR("123456");
    for (int i = 0; i < 4; i++) {
        writer(r);
        assert_int_equal(probe_confirm(&r->op, r->o, STR("sms"), wrong), ERR_UNPROCESSABLE);
    }
    writer(r);
    assert_int_equal(probe_confirm(&r->op, r->o, STR("sms"), code), OK);
    assert_int_equal(probe_send(&r->op, r->o, &hello, &o), OK);
    assert_true(str_starts(json_get_str(o, STR("text")), STR("TEST: ")));
    assert_int_equal(leaves(r), 1);
    assert_str(json_str(last(r, "last.state")), "sent");
    struct record_page page;
    r->op.actor = outreach_system();
    assert_int_equal(
        record_find(&r->op, r->rec, fhir_type_parse(STR("Communication")), STR_NONE, &page), OK);
    assert_int_equal(page.n_match, 0);
}

/* The channel's thread noted what came of it where the author's address stands: the code typed in
 * that instant was refused as changed by somebody else. */
static void what_is_noted_stops_no_act_of_the_author(void **state)
{
    struct room *r = *state;
    str before, after;
    writer(r);
    assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("+13125550999")), OK);
    assert_int_equal(record_kv_get(&r->op, r->rec, STR("own/writer"), &before), OK);
    assert_true(before.n > 0);
    assert_int_equal(leaves(r), 1);
    assert_str(json_str(last(r, "last.state")), "sent");
    assert_int_equal(record_kv_get(&r->op, r->rec, STR("own/writer"), &after), OK);
    assert_true(str_eq(before, after));
}

static void a_code_is_guessed_five_times_and_lasts_ten_minutes(void **state)
{
    struct room *r = *state;
    writer(r);
    assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("+13125550999")), OK);
    assert_int_equal(leaves(r), 1);
    str code = arena_str(r->op.arena, code_shown(r));
    r->op.now = NOW + 11 * 60000;
    assert_int_equal(probe_confirm(&r->op, r->o, STR("sms"), code), ERR_UNPROCESSABLE);
    for (int i = 0; i < 5; i++) {
        writer(r);
        assert_int_equal(probe_confirm(&r->op, r->o, STR("sms"), STR("x")), ERR_UNPROCESSABLE);
    }
    writer(r);
    assert_int_equal(probe_confirm(&r->op, r->o, STR("sms"), code), ERR_UNPROCESSABLE);
}

static void a_patients_number_and_a_nurse_get_none(void **state)
{
    struct room *r = *state;
    writer(r);
    assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("+15032000001")), ERR_UNPROCESSABLE);
    writer(r);
    assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("five")), ERR_INVALID);
    writer(r);
    assert_int_equal(probe_ask(&r->op, r->o, STR("letter"), STR("x")), ERR_INVALID);
    for (int i = 0; i < 4; i++) {
        writer(r);
        assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("+13125550999")), OK);
    }
    writer(r);
    assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("+13125550999")), ERR_BUSY);
    writer(r);
    r->op.now = NOW + 61 * 60000;
    assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("+13125550999")), OK);
}

/* R504: a refused address was not counted, so whose numbers were a patient's could be asked for as
 * many as one liked. */
static void r504_asking_whose_a_number_is_is_counted(void **state)
{
    struct room *r = *state;
    for (int i = 0; i < 5; i++) {
        writer(r);
        assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("+15032000001")),
                         ERR_UNPROCESSABLE);
    }
    writer(r);
    assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("+15032000001")), ERR_BUSY);
    writer(r);
    assert_int_equal(leaves(r), 0);
}

/* Each of the staff could have five codes an hour sent to one number, which may be a stranger's. */
static void a_number_gets_few_codes_a_day_whoever_asks(void **state)
{
    struct room *r = *state;
    struct actor other;
    for (int i = 0; i < 6; i++) {
        writer(r);
        other = *r->op.actor;
        other.user = i % 2 ? STR("another") : STR("writer");
        r->op.actor = &other;
        assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("+1 312 555 0999")),
                         i < 5 ? OK : ERR_BUSY);
    }
    writer(r);
    other = *r->op.actor;
    other.user = STR("another");
    r->op.actor = &other;
    assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("+13125550998")), OK);
    r->op.now = NOW + 23 * 3600000LL;
    assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("+13125550999")), ERR_BUSY);
    op_clear(&r->op);
    r->op.now = NOW + 25 * 3600000LL;
    assert_int_equal(probe_ask(&r->op, r->o, STR("sms"), STR("+13125550999")), OK);
}

int main(void)
{
#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, room_close)
    const struct CMUnitTest tests[] = {
        IN_ROOM(an_address_is_proved_first),
        IN_ROOM(what_is_noted_stops_no_act_of_the_author),
        IN_ROOM(a_code_is_guessed_five_times_and_lasts_ten_minutes),
        IN_ROOM(a_number_gets_few_codes_a_day_whoever_asks),
        IN_ROOM(a_patients_number_and_a_nurse_get_none),
        IN_ROOM(r504_asking_whose_a_number_is_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
