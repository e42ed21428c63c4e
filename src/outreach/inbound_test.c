/* What becomes of a patient's words: every one has a person behind it, and those from a number of
 * several patients belong to nobody until somebody says whose they are. */
#include "outreach/fixture_int.h"
#include "outreach/inbound_int.h"

#define MINUTE 60000LL
#define HOME "+13125550177"

static void patient(struct room *r, const char *id, const char *first, const char *phone)
{
    (void)room_put(
        r, arena_printf(r->op.arena,
                        "{\"resourceType\":\"Patient\",\"id\":\"%s\",\"name\":[{\"given\":[\"%s\"]}"
                        "],\"telecom\":[{\"system\":\"phone\",\"value\":\"%s\"}]}",
                        id, first, phone));
}

static void agrees(struct room *r, const char *id)
{
    (void)room_put(
        r,
        arena_printf(
            r->op.arena,
            "{\"resourceType\":\"Consent\",\"id\":\"c-%s\",\"status\":\"active\",\"scope\":{"
            "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\","
            "\"code\":\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":"
            "\"" CONSENT_CATEGORY
            "\",\"code\":\"contact\"}]}],\"patient\":{\"reference\":\"Patient/%s\"},\"dateTime\":"
            "\"2026-11-01T10:00:00Z\",\"policyRule\":{\"text\":\"spoken\"},\"provision\":{"
            "\"type\":\"permit\",\"code\":[{\"coding\":[{\"system\":\"" CHANNEL_SYSTEM
            "\",\"code\":\"sms\"}]}],\"purpose\":[{\"system\":\"" PURPOSE_SYSTEM
            "\",\"code\":\"care\"}]}}",
            id, id));
}

static int open_room(void **state)
{
    static const char *const settings[] = {"sms.channel", "screen", "outreach.clinic",
                                           "North Clinic", NULL};
    struct room *r = room_new();
    room_outreach(r, settings);
    patient(r, "ana", "Ana", HOME);
    patient(r, "lee", "Lee", HOME);
    patient(r, "shy", "Shy", HOME); /* said nothing to being written to: not named */
    patient(r, "one", "One", "+13125550178");
    agrees(r, "ana");
    agrees(r, "lee");
    *state = r;
    return 0;
}

static struct outreach_inbound_result say_as(struct room *r, const char *from, const char *words,
                                             const char *id)
{
    struct outreach_inbound_result ret;
    struct outreach_inbound in = {.channel = STR("sms"),
                                  .from = str_of(from),
                                  .text = str_of(words),
                                  .provider_id = str_of(id)};
    r->op.now += 1000;
    assert_int_equal(outreach_inbound(&r->op, r->o, &in, &ret), OK);
    r->op.actor = outreach_system();
    return ret;
}

static struct outreach_inbound_result say(struct room *r, const char *from, const char *words)
{
    static unsigned n;
    return say_as(r, from, words, str_z(r->op.arena, arena_printf(r->op.arena, "w-%u", ++n)));
}

static struct record_page found(struct room *r, const char *type, const char *query)
{
    struct record_page page;
    assert_int_equal(
        record_find(&r->op, r->rec, fhir_type_parse(str_of(type)), str_of(query), &page), OK);
    return page;
}

/* How many words of the patient are in the record. */
static size_t heard(struct room *r, const char *who)
{
    return found(r, "Communication",
                 str_z(r->op.arena, arena_printf(r->op.arena, "sender=Patient/%s", who)))
        .n;
}

static struct json *case_of(struct room *r, const char *who, const char *programme)
{
    struct json *t = NULL;
    struct record_page page =
        found(r, "Task", str_z(r->op.arena, arena_printf(r->op.arena, "patient=Patient/%s", who)));
    for (size_t i = 0; i < page.n; i++) {
        assert_int_equal(record_parse(&r->op, &page.docs[i], &t), OK);
        if (str_eq(json_str(json_path(t, "groupIdentifier.value")), str_of(programme)))
            return t;
    }
    return NULL;
}

static size_t tasks(struct room *r, const char *who, const char *code)
{
    return found(r, "Task",
                 str_z(r->op.arena,
                       arena_printf(r->op.arena, "patient=Patient/%s&code=%s", who, code)))
        .n;
}

static size_t told(struct room *r, const char *who, const char *words)
{
    struct json *t;
    size_t n = 0;
    struct record_page page =
        found(r, "Communication",
              str_z(r->op.arena,
                    arena_printf(r->op.arena, "subject=Patient/%s&_sort=-sent&_count=100", who)));
    for (size_t i = 0; i < page.n; i++) {
        assert_int_equal(record_parse(&r->op, &page.docs[i], &t), OK);
        str text = json_str(json_path(t, "payload.0.contentString"));
        n += !JSON_GET(t, "sender") && str_find(text, str_of(words), 0) != SIZE_MAX;
    }
    return n;
}

#define QUESTION "Who is this about? Reply 1 Ana, 2 Lee, 9 someone else."

static size_t asked(struct room *r)
{
    return told(r, "ana", QUESTION) + told(r, "lee", QUESTION) + told(r, "shy", QUESTION);
}

static void words_that_nobody_awaits_are_a_case(void **state)
{
    struct room *r = *state;
    say(r, "+13125550178", "my foot is itching");
    struct json *c = case_of(r, "one", "message");
    assert_non_null(c);
    assert_str(json_get_str(c, STR("priority")), "routine");
    assert_false(str_empty(json_str(json_path(c, "executionPeriod.end")))); /* the clock */
    assert_true(str_find(json_get_str(c, STR("description")), STR("my foot is itching"), 0) !=
                SIZE_MAX);
    assert_int_equal(told(r, "one", "A nurse will read this"), 1);
    say(r, "+13125550178", "and my hand"); /* joins it; one helpful answer is enough */
    assert_int_equal(found(r, "Task", "patient=Patient/one").n, 1);
    assert_int_equal(told(r, "one", "A nurse will read this"), 1);
}

/* Saturday: they are told when somebody looks again, once until then; on Monday the usual answer.
 */
static void out_of_hours_they_are_told_when(void **state)
{
    struct room *r = *state;
    r->op.now = NOW + 4 * DAY_MS;
    say(r, "+13125550178", "my foot is itching");
    assert_int_equal(told(r, "one", "Nobody is watching now. We look again Monday 8 am."), 1);
    assert_int_equal(told(r, "one", "A nurse will read this"), 1); /* of before */
    r->op.now += 5000;
    say(r, "+13125550178", "and my hand");
    assert_int_equal(told(r, "one", "Nobody is watching now"), 1);
    assert_int_equal(told(r, "one", "Call 911."), 1);
}

/* 911 rings nowhere in London, and a wrong number is worse than none. */
static void the_number_in_danger_is_that_of_where_they_live(void **state)
{
    static const struct {
        const char *id, *phone, *country, *words;
    } all[] = {{"lon", "+13125550191", "GB", "Call 999."},
               {"par", "+13125550192", "FRA", "Call 112."},
               {"atl", "+13125550193", "Atlantis", "Call your local emergency number."}};
    struct room *r = *state;
    r->op.now = NOW + 4 * DAY_MS;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        (void)room_put(
            r, arena_printf(r->op.arena,
                            "{\"resourceType\":\"Patient\",\"id\":\"%s\",\"address\":[{"
                            "\"country\":\"%s\"}],\"telecom\":[{\"system\":\"phone\",\"value\":"
                            "\"%s\"}]}",
                            all[i].id, all[i].country, all[i].phone));
        say(r, all[i].phone, "my foot is itching");
        assert_int_equal(told(r, all[i].id, all[i].words), 1);
        assert_int_equal(told(r, all[i].id, "911"), 0);
    }
}

static void a_family_is_asked_who(void **state)
{
    struct room *r = *state;
    assert_true(say_as(r, HOME, "the cough is worse", "twice").matched);
    assert_true(say_as(r, HOME, "the cough is worse", "twice").duplicate);
    say(r, HOME, "since Monday");
    assert_int_equal(asked(r), 1); /* one question, first names of those who agreed */
    assert_int_equal(heard(r, "ana") + heard(r, "lee") + heard(r, "shy"), 0); /* the words wait */
    say(r, HOME, " 2. ");
    assert_int_equal(heard(r, "lee"), 2);
    assert_int_equal(heard(r, "ana") + heard(r, "shy"), 0);
    assert_non_null(case_of(r, "lee", "message"));
    assert_null(case_of(r, "ana", "message"));
    say(r, HOME, "and it hurts at night"); /* within the hour it is still them */
    assert_int_equal(heard(r, "lee"), 3);
    r->op.now += 61 * MINUTE;
    say(r, HOME, "good day");
    assert_int_equal(heard(r, "lee"), 3);
    assert_int_equal(asked(r), 2);
    say(r, HOME, "Ana");
    assert_int_equal(heard(r, "ana"), 1);
}

static void step_all(struct room *r)
{
    for (size_t n = 1, i = 0; n && i < 10; i++) {
        r->op.now += 1000;
        assert_int_equal(who_step(&r->op, r->o, &n), OK);
    }
}

static void without_an_answer_a_person_asks(void **state)
{
    struct room *r = *state;
    r->op.now += 2 * 60 * MINUTE;
    step_all(r); /* the answer of before is forgotten */
    size_t before = heard(r, "ana") + heard(r, "lee") + heard(r, "shy");
    say(r, HOME, "can somebody call");
    r->op.now += 9 * MINUTE;
    step_all(r);
    assert_int_equal(heard(r, "ana") + heard(r, "lee") + heard(r, "shy"), before);
    r->op.now += MINUTE;
    step_all(r);
    assert_int_equal(heard(r, "ana") + heard(r, "lee") + heard(r, "shy"), before + 1);
    assert_true(case_of(r, "ana", "message-who") || case_of(r, "lee", "message-who") ||
                case_of(r, "shy", "message-who"));
}

static void someone_else_is_for_a_person(void **state)
{
    struct room *r = *state;
    patient(r, "pa", "Pa", "+13125550179");
    patient(r, "ma", "Ma", "+13125550179");
    agrees(r, "pa");
    say(r, "+13125550179", "the baby has a rash");
    assert_int_equal(told(r, "pa", "1 Pa, 9 someone else") + told(r, "ma", "1 Pa, 9 someone else"),
                     1);
    say(r, "+13125550179", "9");
    assert_int_equal(heard(r, "pa") + heard(r, "ma"), 1);
    assert_true(case_of(r, "pa", "message-who") || case_of(r, "ma", "message-who"));
}

static void danger_and_stop_are_for_all(void **state)
{
    struct room *r = *state;
    size_t ana = heard(r, "ana"), lee = heard(r, "lee"), shy = heard(r, "shy");
    say(r, HOME, "chest pain and I cannot breathe");
    assert_int_equal(heard(r, "ana"), ana + 1);
    assert_int_equal(heard(r, "lee"), lee + 1);
    assert_int_equal(heard(r, "shy"), shy + 1);
    assert_non_null(case_of(r, "ana", "message-danger"));
    assert_non_null(case_of(r, "lee", "message-danger"));
    assert_non_null(case_of(r, "shy", "message-danger"));
    say(r, HOME, "the pump stopped working, the alarm does not go off");
    assert_non_null(case_of(r, "lee", "device-complaint"));
    assert_int_equal(tasks(r, "lee", "complaint"), 1);
    assert_int_equal(tasks(r, "lee", "clock"), 2); /* to be judged, and to be reported */
    say(r, HOME, "the pump is still not working"); /* joins it */
    assert_int_equal(tasks(r, "lee", "complaint"), 1);
    assert_true(say(r, HOME, "por favor paren").stopped);
    const char *all[] = {"ana", "lee", "shy"};
    for (size_t i = 0; i < 3; i++) {
        struct recipient who;
        assert_int_equal(recipient_load(&r->op, r->rec, str_of(all[i]), &who), OK);
        assert_true(who.consent[CHANNEL_SMS].any && !who.consent[CHANNEL_SMS].permit);
    }
    size_t n = asked(r);
    r->op.now += 120 * MINUTE;
    say(r, HOME, "one more thing"); /* who stopped is not written to: a person asks */
    assert_int_equal(asked(r), n);
    assert_true(case_of(r, "ana", "message-who") || case_of(r, "lee", "message-who"));
}

static size_t consents(struct room *r, const char *who)
{
    return found(r, "Consent",
                 str_z(r->op.arena, arena_printf(r->op.arena, "patient=Patient/%s", who)))
        .n;
}

/* Anybody can write a sender of a mail: its START is no START, also after it waited. */
static void an_unproven_start_that_waited_is_words(void **state)
{
    struct room *r = *state;
    struct outreach_inbound_result ret;
    struct outreach_inbound in = {.channel = STR("sms"),
                                  .from = STR("+13125550181"),
                                  .text = STR("START"),
                                  .provider_id = STR("unproven"),
                                  .unproven = true};
    patient(r, "mum", "Mum", "+13125550181");
    patient(r, "dad", "Dad", "+13125550181");
    agrees(r, "mum");
    agrees(r, "dad");
    assert_int_equal(outreach_inbound(&r->op, r->o, &in, &ret), OK);
    r->op.actor = outreach_system();
    assert_int_equal(heard(r, "mum") + heard(r, "dad"), 0);
    say(r, "+13125550181", "1");
    assert_int_equal(heard(r, "mum") + heard(r, "dad"), 1);
    assert_int_equal(consents(r, "mum") + consents(r, "dad"), 2);
}

/* What waits has an end in bytes, too: long words are kept at once then, for a person. */
static void long_words_do_not_pile_up(void **state)
{
    struct room *r = *state;
    char words[TEXT_MAX * 4] = "";
    patient(r, "eva", "Eva", "+13125550182");
    patient(r, "tom", "Tom", "+13125550182");
    agrees(r, "eva");
    memset(words, 'a', sizeof words - 1);
    for (size_t i = 0; i < 12; i++)
        assert_true(say(r, "+13125550182", words).matched);
    assert_in_range(heard(r, "eva") + heard(r, "tom"), 1, 11);
}

/* What was on its way when they said stop is not told any more. */
static void after_a_stop_nothing_helpful_goes(void **state)
{
    struct room *r = *state;
    struct record_page page;
    struct json *t;
    size_t n = 1, helpful = 0;
    patient(r, "two", "Two", "+13125550183");
    say(r, "+13125550183", "thank you");
    assert_true(say(r, "+13125550183", "STOP").stopped);
    for (size_t i = 0; n && i < 10; i++)
        assert_int_equal(sender_step(&r->op, r->o, CHANNEL_SMS, &n), OK);
    page = found(r, "Communication", "recipient=Patient/two");
    for (size_t i = 0; i < page.n; i++) {
        assert_int_equal(record_parse(&r->op, &page.docs[i], &t), OK);
        bool help = str_eq(json_str(json_path(t, "category.0.coding.0.code")), STR("help_reply"));
        helpful += help;
        str why = json_str(json_path(t, "statusReason.text"));
        assert_true(str_eq(why, STR("they said stop meanwhile")) == help);
    }
    assert_int_equal(helpful, 1);
    assert_int_equal(page.n, 2);
}

/* Confirmations of a stop that hinder another one to them. */
static unsigned confirmed(struct room *r, const char *who, const char *number)
{
    struct recipient p;
    struct ledger_counts c;
    assert_int_equal(recipient_load(&r->op, r->rec, str_of(who), &p), OK);
    struct ledger_question q = {
        .patient = p.id, .address = str_of(number), .confirmed_since = p.permitted_at[CHANNEL_SMS]};
    assert_int_equal(ledger_load(&r->op, r->rec, &q, &c), OK);
    return c.confirmations;
}

/* Bug: a permission dated before the clock was set back was newer than the confirmation. */
static void one_confirmation_though_the_clock_was_set_back(void **state)
{
    struct room *r = *state;
    int64_t now = r->op.now;
    patient(r, "bob", "Bob", "+13125550184");
    r->op.now = now + 6 * 60 * MINUTE;
    assert_true(say(r, "+13125550184", "START").matched);
    patient(r, "ali", "Ali", "+13125550184");
    r->op.now += 60 * MINUTE;
    (void)room_put(r,
                   STR("{\"resourceType\":\"Communication\",\"status\":\"completed\",\"medium\":[{"
                       "\"coding\":[{\"system\":\"" CHANNEL_SYSTEM "\",\"code\":\"sms\"}]}],"
                       "\"subject\":{\"reference\":\"Patient/ali\"},\"recipient\":[{"
                       "\"reference\":\"Patient/ali\"}],\"sent\":\"2027-11-24T10:00:00Z\"}"));
    r->op.now = now; /* who was written to last is told, and permitted nothing */
    assert_true(say(r, "+13125550184", "STOP").stopped);
    assert_int_equal(told(r, "ali", "no more"), 1);
    r->op.now = now + 7 * 60 * MINUTE;
    assert_int_equal(confirmed(r, "ali", "+13125550184"), 1);
    assert_int_equal(confirmed(r, "bob", "+13125550184"), 1);
}

/* Bug: the second stop of a family was confirmed by the name of another. */
static void one_confirmation_a_family(void **state)
{
    struct room *r = *state;
    patient(r, "cat", "Cat", "+13125550185");
    patient(r, "dov", "Dov", "+13125550185");
    assert_true(say(r, "+13125550185", "STOP").stopped);
    assert_int_equal(confirmed(r, "cat", "+13125550185"), 1);
    assert_int_equal(confirmed(r, "dov", "+13125550185"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_that_nobody_awaits_are_a_case),
        cmocka_unit_test(out_of_hours_they_are_told_when),
        cmocka_unit_test(the_number_in_danger_is_that_of_where_they_live),
        cmocka_unit_test(a_family_is_asked_who),
        cmocka_unit_test(without_an_answer_a_person_asks),
        cmocka_unit_test(someone_else_is_for_a_person),
        cmocka_unit_test(danger_and_stop_are_for_all),
        cmocka_unit_test(an_unproven_start_that_waited_is_words),
        cmocka_unit_test(long_words_do_not_pile_up),
        cmocka_unit_test(after_a_stop_nothing_helpful_goes),
        cmocka_unit_test(one_confirmation_though_the_clock_was_set_back),
        cmocka_unit_test(one_confirmation_a_family),
    };
    return cmocka_run_group_tests(tests, open_room, room_close);
}
