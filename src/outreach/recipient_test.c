/* What a patient allows and what they got lately: the newest word decides, no wins a tie, a
 * permission ends; of two waiting messages only the one before counts. */
#include "outreach/fixture_int.h"
#include "outreach/ledger_int.h"

#define MINUTE 60000LL

static int open_room(void **state)
{
    struct room *r = room_new();
    r->patient = room_put(
        r, STR("{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"Ann\"]}],\"telecom\":[{"
               "\"system\":\"phone\",\"value\":\"(503) 555-0101\",\"rank\":2},{\"system\":"
               "\"phone\",\"use\":\"old\",\"value\":\"+15035550109\",\"rank\":1},{\"system\":"
               "\"email\",\"value\":\"ann@example.org\",\"rank\":1}],\"address\":[{\"state\":"
               "\"IL\",\"country\":\"US\",\"extension\":[{\"url\":"
               "\"http://hl7.org/fhir/StructureDefinition/timezone\",\"valueCode\":"
               "\"America/Chicago\"}]}]}"));
    *state = r;
    return 0;
}

/* more: further members of the provision, beginning with a comma. */
static void consent(struct room *r, const char *type, const char *channel, int64_t at,
                    const char *more)
{
    struct arena *a = r->op.arena;
    room_put(
        r, arena_printf(a,
                        "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":"
                        "[{\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\","
                        "\"code\":\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":"
                        "\"" CONSENT_CATEGORY "\",\"code\":\"contact\"}]}],\"patient\":{"
                        "\"reference\":\"Patient/%.*s\"},\"dateTime\":\"%.*s\",\"policyRule\":{"
                        "\"text\":\"spoken\"},\"provision\":{\"type\":\"%s\",\"code\":[{\"coding\":"
                        "[{\"system\":\"" CHANNEL_SYSTEM "\",\"code\":\"%s\"}]}],\"purpose\":[{"
                        "\"system\":\"" PURPOSE_SYSTEM "\",\"code\":\"care\"}]%s}}",
                        STR_ARG(r->patient), STR_ARG(time_format(a, at)), type, channel, more));
}

#define SMS(r) (room_seen(r).consent[CHANNEL_SMS])
#define ALLOWED(r) (SMS(r).any && SMS(r).permit)

static void addresses_and_places(void **state)
{
    struct room *r = *state;
    struct recipient p = room_seen(r);
    assert_str(p.address[CHANNEL_SMS], "+15035550101");
    assert_str(p.address[CHANNEL_EMAIL], "ann@example.org");
    assert_int_equal(p.preferred, CHANNEL_EMAIL);
    assert_int_equal(p.n_zones, 2); /* Chicago by address, Oregon by number */
    assert_str(p.zones[0], "America/Chicago");
    assert_str(p.state, "IL");
    assert_false(p.deceased);
    assert_true(str_empty(p.line_type));
}

/* Review R217: the rules of a state hold however it is written. */
static void r217_a_state_written_out(void **state)
{
    struct room *r = *state;
    static const char *const written[] = {"TX", "tx", "Texas", " texas "};
    for (size_t i = 0; i < 4; i++) {
        struct recipient p = {0};
        place_by_address(&r->op, &p, i & 1 ? STR("US") : STR_NONE, str_of(written[i]),
                         STR("America/Chicago"));
        assert_int_equal(p.n_places, 1);
        assert_str(p.places[0], "US-TX");
    }
}

static void no_word_is_no_permission(void **state)
{
    assert_false(SMS(*state).any);
}

static void the_newest_word_decides(void **state)
{
    struct room *r = *state;
    consent(r, "permit", "sms", NOW - 30 * MINUTE, "");
    assert_true(ALLOWED(r));
    assert_true(SMS(r).care);
    assert_false(SMS(r).marketing);
    consent(r, "deny", "sms", NOW - 20 * MINUTE, "");
    assert_false(ALLOWED(r));
    consent(r, "permit", "sms", NOW - 25 * MINUTE, ""); /* written down later, but said before */
    assert_false(ALLOWED(r));
    consent(r, "permit", "sms", NOW - 10 * MINUTE, "");
    assert_true(ALLOWED(r));
    assert_false(room_seen(r).consent[CHANNEL_EMAIL].any);
}

static void no_wins_a_tie(void **state)
{
    struct room *r = *state;
    consent(r, "permit", "sms", NOW - MINUTE, "");
    consent(r, "deny", "sms", NOW - MINUTE, "");
    consent(r, "permit", "sms", NOW - MINUTE, "");
    assert_false(ALLOWED(r));
}

/* Bug: a permission dated tomorrow outlasted the stop of today. */
static void a_permission_of_tomorrow_is_none(void **state)
{
    struct room *r = *state;
    consent(r, "deny", "sms", NOW - MINUTE, "");
    consent(r, "permit", "sms", NOW + 24 * 60 * MINUTE, "");
    assert_false(ALLOWED(r));
}

static void a_permission_ends_with_its_period(void **state)
{
    struct room *r = *state;
    consent(r, "permit", "sms", NOW - MINUTE, ",\"period\":{\"end\":\"2026-11-23\"}");
    assert_false(SMS(r).any);
    consent(r, "permit", "sms", NOW - MINUTE, ",\"period\":{\"start\":\"2026-11-25\"}");
    assert_false(SMS(r).any);
    consent(r, "permit", "sms", NOW - MINUTE, ",\"period\":{\"end\":\"2026-11-24\"}");
    assert_true(ALLOWED(r));
}

static str message(struct room *r, const char *status, const char *kind, int64_t at, bool from_them)
{
    struct arena *a = r->op.arena;
    str patient = arena_printf(a, "Patient/%.*s", STR_ARG(r->patient));
    str sender = from_them
                     ? arena_printf(a, ",\"sender\":{\"reference\":\"%.*s\"}", STR_ARG(patient))
                     : STR_NONE;
    return room_put(
        r, arena_printf(a,
                        "{\"resourceType\":\"Communication\",\"status\":\"%s\",\"category\":[{"
                        "\"coding\":[{\"system\":\"" PURPOSE_SYSTEM "\",\"code\":\"%s\"}]}],"
                        "\"medium\":[{\"coding\":[{\"system\":\"" CHANNEL_SYSTEM "\",\"code\":"
                        "\"sms\"}]}],\"subject\":{\"reference\":\"%.*s\"},\"%s\":\"%.*s\"%.*s}",
                        status, kind, STR_ARG(patient), from_them ? "received" : "sent",
                        STR_ARG(time_format(a, at)), STR_ARG(sender)));
}

/* As the follower makes it of Communications that others wrote. */
static struct ledger_counts ledger(struct room *r, str self)
{
    struct recipient p = room_seen(r);
    struct outreach o = {.rec = r->rec};
    struct ledger_counts l;
    size_t n;
    do
        assert_int_equal(ledger_step(&r->op, &o, &n), OK);
    while (n);
    struct ledger_question q = {.patient = p.id,
                                .self = self,
                                .zones = p.zones,
                                .n_zones = p.n_zones,
                                .confirmed_since = p.permitted_at[CHANNEL_SMS]};
    assert_int_equal(ledger_load(&r->op, r->rec, &q, &l), OK);
    return l;
}

static void what_counts_as_contact(void **state)
{
    struct room *r = *state;
    const int64_t hour = 60 * MINUTE;
    message(r, "completed", "care", NOW - hour, false);
    message(r, "unknown", "care", NOW - 2 * hour, false); /* may have gone: counts */
    message(r, "not-done", "care", NOW - hour, false);
    message(r, "stopped", "care", NOW - hour, false);
    message(r, "completed", "help_reply", NOW - hour, false);
    message(r, "completed", "optin_confirmation", NOW - hour, false);
    message(r, "completed", "care", NOW - 13 * hour, false); /* yesterday in Chicago */
    message(r, "completed", "care", NOW - 8 * 24 * hour, false);
    struct ledger_counts l = ledger(r, STR_NONE);
    assert_int_equal(l.spoken.day, 2);
    assert_int_equal(l.all.week, 3);
    assert_false(l.wrote_first);
    message(r, "completed", "keyword", NOW - hour, true); /* STOP: asks nothing */
    assert_false(ledger(r, STR_NONE).wrote_first);
    message(r, "completed", "x", NOW - 23 * hour, true);
    assert_true(ledger(r, STR_NONE).wrote_first);
}

/* Bug: two messages that both waited held each other up. */
static void of_two_waiting_messages_one_goes(void **state)
{
    struct room *r = *state;
    str first = message(r, "preparation", "care", NOW - 2 * MINUTE, false);
    str second = message(r, "preparation", "care", NOW - MINUTE, false);
    assert_int_equal(ledger(r, first).spoken.day, 0);
    assert_int_equal(ledger(r, second).spoken.day, 1);
    assert_int_equal(ledger(r, STR_NONE).spoken.day, 2);
}

/* Bug: a second stop, after a start, went unconfirmed. */
static void confirmations_are_counted_since_the_last_permission(void **state)
{
    struct room *r = *state;
    message(r, "completed", "optout_confirmation", NOW - 60 * MINUTE, false);
    assert_int_equal(ledger(r, STR_NONE).confirmations, 1);
    consent(r, "permit", "sms", NOW - 30 * MINUTE, "");
    assert_int_equal(ledger(r, STR_NONE).confirmations, 0);
    message(r, "completed", "optout_confirmation", NOW - 20 * MINUTE, false);
    assert_int_equal(ledger(r, STR_NONE).confirmations, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_room, room_close)

/* Review R12: a STOP that is committed between the last verdict and the hand-over holds. */
static void r12_stop_between_verdict_and_hand_over(void **state)
{
    struct room *r = *state;
    struct op *op = &r->op;
    struct recipient who;
    struct stop_word word = {.stop = true, .evidence = STR("stop")};
    str sms, mail;
    assert_int_equal(recipient_load(op, r->rec, r->patient, &who), OK);
    assert_int_equal(stop_mark(op, r->rec, r->patient, CHANNEL_SMS, &sms), OK);
    assert_int_equal(stop_mark(op, r->rec, r->patient, CHANNEL_EMAIL, &mail), OK);
    struct record_tx *tx = record_begin(op, r->rec);
    assert_int_equal(stop_record(tx, op, &who, CHANNEL_SMS, &word), OK);
    assert_int_equal(record_commit(tx), OK);

    tx = record_begin(op, r->rec);
    record_tx_kv(tx, STR("gate/x"), STR("out"));
    stop_guard(tx, op, r->patient, CHANNEL_SMS, sms);
    assert_int_equal(record_commit(tx), ERR_CONFLICT);
    op_clear(op);
    tx = record_begin(op, r->rec);
    record_tx_kv(tx, STR("gate/x"), STR("out"));
    stop_guard(tx, op, r->patient, CHANNEL_EMAIL, mail);
    assert_int_equal(record_commit(tx), OK);
    assert_int_equal(stop_mark(op, r->rec, r->patient, CHANNEL_SMS, &sms), OK);
    tx = record_begin(op, r->rec);
    record_tx_kv(tx, STR("gate/x"), STR("out"));
    stop_guard(tx, op, r->patient, CHANNEL_SMS, sms);
    assert_int_equal(record_commit(tx), OK);
}

/* Review R205: a number whose time is over is somebody else's by now. */
static void r205_a_number_that_is_over(void **state)
{
    struct room *r = *state;
    struct recipient p;
    str id = room_put(
        r, STR("{\"resourceType\":\"Patient\",\"telecom\":[{\"system\":\"phone\",\"rank\":1,"
               "\"value\":\"+15035550107\",\"period\":{\"end\":\"2026-01-01\"}},{"
               "\"system\":\"phone\",\"rank\":2,\"value\":\"+15035550108\",\"period\":{"
               "\"start\":\"2027-01-01\"}},{\"system\":\"phone\",\"rank\":3,\"value\":"
               "\"+15035550109\",\"period\":{\"start\":\"2020-01-01\"}}]}"));
    assert_int_equal(recipient_load(&r->op, r->rec, id, &p), OK);
    assert_str(p.address[CHANNEL_SMS], "+15035550109");
}

/* Review R210: two hundred words by a shared phone do not outlive the wish to be reached elsewhere.
 */
static void r210_a_confidential_wish_outlives_many_words(void **state)
{
    struct room *r = *state;
    room_put(r, arena_printf(
                    r->op.arena,
                    "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{"
                    "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
                    "\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":"
                    "\"" CONSENT_CATEGORY "\",\"code\":\"confidential-communication\"}]}],"
                    "\"patient\":{\"reference\":\"Patient/%.*s\"},\"dateTime\":"
                    "\"2026-01-05T10:00:00Z\",\"policyRule\":{\"text\":\"written\"},"
                    "\"extension\":[{\"url\":\"" CONTACT_POINT_URL "\",\"valueContactPoint\":{"
                    "\"system\":\"email\",\"value\":\"safe@example.org\"}}]}",
                    STR_ARG(r->patient)));
    assert_true(room_seen(r).confidential);
    for (int i = 0; i < 201; i++)
        consent(r, "permit", "sms", NOW - (i + 1) * MINUTE, "");
    assert_true(room_seen(r).confidential);
    assert_str(room_seen(r).confidential_to, "safe@example.org");
}

/* Review R217, and the state's own zones where the address says none. */
static void a_state_is_in_all_its_zones(void **state)
{
    struct room *r = *state;
    struct recipient p;
    static const struct {
        const char *state, *code;
        size_t zones;
    } rows[] = {
        {"HI", "US-HI", 2}, {"hawaii", "US-HI", 2}, {"TX", "US-TX", 3}, {"Ohio", "US-OH", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        str id = room_put(r, arena_printf(r->op.arena,
                                          "{\"resourceType\":\"Patient\",\"telecom\":[{\"system\":"
                                          "\"phone\",\"value\":\"+12125550101\"}],\"address\":[{"
                                          "\"state\":\"%s\",\"country\":\"US\"}]}",
                                          rows[i].state));
        assert_int_equal(recipient_load(&r->op, r->rec, id, &p), OK);
        assert_int_equal(p.n_zones, rows[i].zones); /* and New York's, by the number */
        assert_true(str_eq(p.places[0], str_of(rows[i].code)));
    }
}

/* A permission of three o'clock, the clock set back to two: the STOP of then outlasts it. */
static void a_stop_outlasts_a_clock_that_was_set_back(void **state)
{
    struct room *r = *state;
    struct recipient who;
    struct stop_word word = {.stop = true, .evidence = STR("stop")};
    consent(r, "permit", "sms", NOW + 60 * MINUTE, "");
    assert_int_equal(recipient_load(&r->op, r->rec, r->patient, &who), OK);
    struct record_tx *tx = record_begin(&r->op, r->rec);
    assert_int_equal(stop_record(tx, &r->op, &who, CHANNEL_SMS, &word), OK);
    assert_int_equal(record_commit(tx), OK);
    for (int64_t at = NOW; at < NOW + 120 * MINUTE; at += 20 * MINUTE) {
        r->op.now = at;
        assert_false(ALLOWED(r));
    }
    assert_int_equal(recipient_load(&r->op, r->rec, r->patient, &who), OK);
    word.stop = false;
    tx = record_begin(&r->op, r->rec);
    assert_int_equal(stop_record(tx, &r->op, &who, CHANNEL_SMS, &word), OK);
    assert_int_equal(record_commit(tx), OK);
    r->op.now += MINUTE;
    assert_true(ALLOWED(r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(addresses_and_places),
        TEST(r217_a_state_written_out),
        TEST(no_word_is_no_permission),
        TEST(the_newest_word_decides),
        TEST(no_wins_a_tie),
        TEST(a_permission_of_tomorrow_is_none),
        TEST(a_permission_ends_with_its_period),
        TEST(what_counts_as_contact),
        TEST(of_two_waiting_messages_one_goes),
        TEST(confirmations_are_counted_since_the_last_permission),
        TEST(r12_stop_between_verdict_and_hand_over),
        TEST(r205_a_number_that_is_over),
        TEST(r210_a_confidential_wish_outlives_many_words),
        TEST(a_state_is_in_all_its_zones),
        TEST(a_stop_outlasts_a_clock_that_was_set_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
