/* Mail with a record, without a server: sums that only we can make, what campaigns' mail carries,
 * how often what came back goes again, who loses an address, what an answer's own words are. */
#include "outreach/fixture_int.h"
#include "outreach/mail_out_int.h"

#define ANA "ana@example.net"

static void put(struct room *r, const char *text)
{
    (void)room_put(r, str_of(text));
}

static int open_room(void **state)
{
    static const char *const settings[] = {"smtp.channel",
                                           "screen",
                                           "smtp.from",
                                           "care@example.org",
                                           "smtp.bounce",
                                           "bounce@mail.example.org",
                                           "public_url",
                                           "https://weft.example.org",
                                           NULL};
    struct room *r = room_new();
    room_outreach(r, settings);
    put(r,
        "{\"resourceType\":\"Patient\",\"id\":\"ana\",\"telecom\":[{\"system\":\"email\",\"value\":"
        "\"" ANA "\"},{\"system\":\"phone\",\"value\":\"+15035550101\"}]}");
    put(r,
        "{\"resourceType\":\"Patient\",\"id\":\"leo\",\"telecom\":[{\"system\":\"email\",\"value\":"
        "\"Ana@Example.Net\"}]}"); /* one mailbox */
    *state = r;
    return 0;
}

static void message(struct room *r, const char *id, const char *status)
{
    put(r,
        arena_printf(r->op.arena,
                     "{\"resourceType\":\"Communication\",\"id\":\"%s\",\"status\":\"%s\","
                     "\"medium\":[{\"coding\":[{\"system\":\"" CHANNEL_SYSTEM
                     "\",\"code\":\"email\"}]}],\"subject\":{\"reference\":\"Patient/ana\"},"
                     "\"sent\":\"2026-11-24T17:00:00Z\",\"payload\":[{\"contentString\":\"x\"}]}",
                     id, status)
            .p);
}

static struct json *get(struct room *r, const char *type, const char *id)
{
    struct record_doc doc;
    struct json *tree;
    assert_int_equal(record_read(&r->op, r->rec, fhir_type_parse(str_of(type)), str_of(id), &doc),
                     OK);
    assert_int_equal(record_parse(&r->op, &doc, &tree), OK);
    return tree;
}

static struct mail_token token_of(struct room *r, const char *id, unsigned attempt)
{
    struct mail_token t = {0};
    str text;
    bool ours = false;
    assert_int_equal(mail_token(&r->op, r->o, str_of(id), attempt, STR(ANA), &text), OK);
    str back = arena_printf(r->op.arena, "bounce+%.*s@mail.example.org", STR_ARG(text));
    assert_int_equal(mail_token_read(&r->op, r->o, back, &t, &ours), OK);
    assert_true(ours);
    return t;
}

static void only_our_own_sums_count(void **state)
{
    struct room *r = *state;
    struct mail_token t;
    str text, address;
    bool ours = true;
    assert_int_equal(mail_token(&r->op, r->o, STR("m1"), 2, STR(ANA), &text), OK);
    for (size_t i = 0; i < text.n; i++) { /* each character of it matters */
        char other[80];
        memcpy(other, text.p, text.n);
        other[i] = (char)(other[i] == '0' ? '1' : '0');
        assert_int_equal(mail_token_read(&r->op, r->o, str_make(other, text.n), &t, &ours), OK);
        assert_false(ours);
    }
    t = token_of(r, "m1", 2);
    assert_true(str_eq(t.communication, STR("m1")));
    assert_int_equal(2, t.attempt);
    assert_int_equal(mail_token_address(&r->op, r->o, &t, get(r, "Patient", "leo"), &address), OK);
    assert_true(str_eq(address, STR("Ana@Example.Net")));
    put(r,
        "{\"resourceType\":\"Patient\",\"id\":\"new\",\"telecom\":[{\"system\":\"email\",\"value\":"
        "\"new@example.net\"}]}");
    assert_int_equal(mail_token_address(&r->op, r->o, &t, get(r, "Patient", "new"), &address), OK);
    assert_true(str_empty(address));
}

static str composed(struct room *r, struct parcel p)
{
    str text, from;
    p.id = STR("m1");
    p.to = STR(ANA);
    p.patient = STR("ana");
    p.text = STR("Hello");
    p.subject = STR("Hello");
    assert_int_equal(mail_compose(&r->op, r->o, &p, &text, &from), OK);
    assert_true(str_starts(from, STR("bounce+m1-")));
    return text;
}

static bool holds(str text, const char *what)
{
    return str_find(text, str_of(what), 0) != SIZE_MAX;
}

static void one_click_is_in_what_campaigns_send(void **state)
{
    struct room *r = *state;
    struct recipient who;
    bool agrees;
    str text = composed(r, (struct parcel){.human = true});
    assert_false(holds(text, "List-Unsubscribe"));
    assert_false(holds(text, "Auto-Submitted"));
    assert_true(holds(composed(r, (struct parcel){.kind = KIND_STOPPED, .campaign = STR("c1")}),
                      "Auto-Submitted: auto-replied\r\nFeedback-ID: c1:weft:example.org\r\nMIME"));
    text = composed(r, (struct parcel){.campaign = STR("c1")});
    assert_true(holds(text, "Auto-Submitted: auto-generated\r\n"));
    assert_true(holds(text, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    assert_true(holds(text, " <mailto:care@example.org?subject=STOP>\r\n"));
    size_t at = str_find(text, STR("/contact/"), 0), end = str_find_char(text, '>', at);
    str token = str_sub(text, at + 9, end), patient;
    r->op.now += 59 * DAY_MS; /* the page is closed by now, the click is not */
    assert_int_equal(outreach_wish_open(&r->op, r->o, token, &patient, &agrees), ERR_GONE);
    op_clear(&r->op);
    assert_int_equal(outreach_unsubscribe(&r->op, r->o, token), OK);
    assert_int_equal(recipient_load(&r->op, r->rec, STR("ana"), &who), OK);
    assert_true(who.consent[CHANNEL_EMAIL].any && !who.consent[CHANNEL_EMAIL].permit);
    assert_false(who.consent[CHANNEL_SMS].any);
    r->op.now += 2 * DAY_MS;
    assert_int_equal(outreach_unsubscribe(&r->op, r->o, token), ERR_GONE);
    op_clear(&r->op);
}

static void keep(struct room *r, const char *id, int tries)
{
    struct record_tx *tx = record_begin(&r->op, r->rec);
    record_tx_kv(tx, mail_again_key(&r->op, str_of(id)),
                 arena_printf(r->op.arena,
                              "{\"communication\":\"%s\",\"patient\":\"ana\",\"channel\":\"email\","
                              "\"expires\":%lld,\"tries\":%d}",
                              id, (long long)(NOW + DAY_MS), tries));
    assert_int_equal(record_commit(tx), OK);
}

static void what_came_back_for_now_goes_three_times_more(void **state)
{
    struct room *r = *state;
    for (unsigned i = 0; i < 3; i++) {
        struct mail_token t = token_of(r, "m2", i);
        message(r, "m2", "completed");
        keep(r, "m2", (int)i);
        for (int twice = 0; twice < 2; twice++) {
            assert_int_equal(mail_bounced(&r->op, r->o, &t, STR("4.2.2")), OK);
            assert_true(str_eq(room_status(r, STR("m2")), STR("preparation")));
        }
    }
    struct mail_token t = token_of(r, "m2", 3), early = token_of(r, "m3", 0);
    message(r, "m2", "completed");
    keep(r, "m2", 3);
    assert_int_equal(mail_bounced(&r->op, r->o, &t, STR("4.4.7")), OK);
    assert_true(str_eq(room_status(r, STR("m2")), STR("stopped")));
    message(r, "m3", "preparation"); /* its own result is not written yet: later */
    assert_int_equal(mail_bounced(&r->op, r->o, &early, STR("4.2.2")), ERR_UNAVAILABLE);
    op_clear(&r->op);
}

static void a_mark_is_everybodys_and_the_worse_stays(void **state)
{
    struct room *r = *state;
    struct recipient who;
    struct mail_token t = token_of(r, "m4", 0);
    message(r, "m4", "completed");
    assert_int_equal(mail_complained(&r->op, r->o, &t), OK);
    assert_int_equal(mail_bounced(&r->op, r->o, &t, STR("5.1.1")), OK);
    assert_int_equal(recipient_load(&r->op, r->rec, STR("leo"), &who), OK);
    assert_true(str_eq(who.suppressed, STR("complaint")));
    assert_true(who.consent[CHANNEL_EMAIL].any && !who.consent[CHANNEL_EMAIL].permit);
    assert_int_equal(recipient_load(&r->op, r->rec, STR("ana"), &who), OK);
    assert_true(str_eq(who.suppressed, STR("complaint")));
    assert_int_equal(CHANNEL_SMS, who.preferred);
    struct json *leo = get(r, "Patient", "leo");
    mail_lift(&r->op, leo);
    assert_true(str_empty(mail_suppressed(json_at(JSON_GET(leo, "telecom"), 0))));
}

static void statuses_mean_what_the_table_says(void **state)
{
    static const struct {
        const char *status, *row;
        enum receipt_means means;
    } all[] = {{"5.1.1", "5.1", MEANS_GONE},       {"5.1.10", "5.1", MEANS_GONE},
               {"5.1.0", "5.1.0", MEANS_RETURNED}, /* R252: Postfix says it of a sender, too */
               {"5.1.8", "5.1.8", MEANS_RETURNED}, {"5.2.2", "5.2.2", MEANS_AGAIN},
               {"5.2.20", "5", MEANS_RETURNED},    {"5.7.1", "5", MEANS_RETURNED},
               {"4.9.9", "4", MEANS_AGAIN},        {"", "", MEANS_NOTHING}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        str row;
        assert_int_equal(all[i].means, mail_means(str_of(all[i].status), &row));
        if (all[i].means != MEANS_NOTHING)
            assert_true(str_eq(row, str_of(all[i].row)));
    }
}

static void an_answer_is_what_stands_above_the_quotation(void **state)
{
    static const char *const all[][2] = {
        {"Yes\n\nOn Tue, 24 Nov 2026 at 09:30, Bright River <care@example.org> wrote:\n> reply "
         "STOP",
         "Yes"},
        {"Ja.\r\n\r\nAm 24. Nov 2026 schrieb Bright <\r\ncare@example.org>:\r\n\r\n> STOP", "Ja."},
        {"Gracias: 120\n90\n\n-----Original Message-----\nFrom: x\nSTOP", "Gracias: 120\n90"},
        {"Two lines\nof 2026 words\n\n________________________________\nFrom: STOP",
         "Two lines\nof 2026 words"},
        {"Hello\n-- \nAna\nSTOP Street", "Hello"},
        {"> STOP", ""},
        {"No quotation", "No quotation"}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        str got = mail_answer(str_of(all[i][0]), STR("care@example.org"));
        if (!str_eq(got, str_of(all[i][1])))
            fail_msg("%zu: %.*s", i, STR_ARG(got));
    }
}

static void add_times(struct buf *b, const char *what, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add(b, str_of(what));
}

/* Review R251: with many empty lines, or many ampersands, all of the rest was searched for each. */
static void r251_each_byte_is_looked_at_once(void **state)
{
    struct arena *a = arena_new(0);
    struct mail_read *m = ARENA_NEW(a, struct mail_read);
    struct mail_report report;
    struct buf b, html;
    (void)state;
    buf_init(&b, a, 1u << 20);
    buf_init(&html, a, 1u << 20);
    buf_add(&b, STR("Content-Type: message/delivery-status\n\n"));
    add_times(&b, "a\n\n", 80000);
    buf_add(&b, STR("Action: delayed\r\nStatus: 4.1.1\r\n\r\nAction: failed\r\nStatus: 5.1.1"));
    mail_read(a, buf_str(&b), m);
    mail_report(a, m, &report);
    assert_int_equal(MAIL_BOUNCE, report.kind);
    assert_true(str_eq(report.status, STR("5.1.1")));
    add_times(&html, "&", 200000);
    buf_add(&html, STR("lt;&#1234;&nothing & more; &amp;"));
    str text = mail_html_text(a, buf_str(&html));
    assert_true(str_ends(text, STR("&<\xd3\x92&nothing & more; &")));
    arena_free(a);
}

/* Review R253: whoever had a mail of ours could, with no address left on record, say START for
 * everybody else by the From of their answer. */
static void r253_start_is_only_for_oneself(void **state)
{
    struct room *r = *state;
    struct recipient who;
    enum outreach_mail_kind kind;
    str token;
    put(r, "{\"resourceType\":\"Patient\",\"id\":\"bob\",\"telecom\":[{\"system\":\"email\","
           "\"value\":\"bob@example.net\"}]}");
    message(r, "m5", "completed");
    assert_int_equal(mail_token(&r->op, r->o, STR("m5"), 0, STR(ANA), &token), OK);
    put(r, "{\"resourceType\":\"Patient\",\"id\":\"ana\"}"); /* the address is gone */
    struct outreach_mail in = {
        .recipient = STR("care@example.org"),
        .text = arena_printf(
            r->op.arena, "From: bob@example.net\r\nIn-Reply-To: <%.*s@example.org>\r\n\r\nSTART",
            STR_ARG(token))};
    assert_int_equal(outreach_mail(&r->op, r->o, &in, &kind), OK);
    assert_int_equal(MAIL_REPLY, kind);
    assert_int_equal(recipient_load(&r->op, r->rec, STR("bob"), &who), OK);
    assert_false(who.consent[CHANNEL_EMAIL].any);
}

/* Review R303: an answer of who gets the messages was the patient's, and so was what came of it: a
 * START, and the word that it was read. A complaint of theirs changed nothing. The link in their
 * mail could say yes for the patient. */
static void r303_a_helper_s_mail_is_the_helper_s(void **state)
{
    struct room *r = *state;
    struct recipient who;
    struct record_page page;
    struct mail_token t;
    enum outreach_mail_kind kind;
    bool ours, agrees;
    str token, patient, body;
    put(r, "{\"resourceType\":\"RelatedPerson\",\"id\":\"mia\",\"patient\":{\"reference\":"
           "\"Patient/ana\"},\"telecom\":[{\"system\":\"email\",\"value\":\"mia@example.net\"}]}");
    put(r,
        "{\"resourceType\":\"Consent\",\"id\":\"cm\",\"status\":\"active\",\"scope\":{\"coding\":[{"
        "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
        "\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":\"" CONSENT_CATEGORY
        "\",\"code\":\"contact\"}]}],\"patient\":{\"reference\":\"Patient/ana\"},\"dateTime\":"
        "\"2026-11-01T10:00:00Z\",\"policyRule\":{\"text\":\"spoken\"},\"provision\":{\"type\":"
        "\"permit\",\"actor\":[{\"role\":{\"coding\":[{\"code\":\"PRCP\"}]},\"reference\":{"
        "\"reference\":\"RelatedPerson/mia\"}}],\"code\":[{\"coding\":[{\"system\":"
        "\"" CHANNEL_SYSTEM "\",\"code\":\"email\"}]}]}}");
    message(r, "m6", "completed");
    assert_int_equal(mail_token(&r->op, r->o, STR("m6"), 0, STR("mia@example.net"), &token), OK);
    struct outreach_mail in = {
        .recipient = STR("care@example.org"),
        .text = arena_printf(
            r->op.arena, "From: mia@example.net\r\nIn-Reply-To: <%.*s@example.org>\r\n\r\nSTART",
            STR_ARG(token))};
    assert_int_equal(outreach_mail(&r->op, r->o, &in, &kind), OK);
    assert_int_equal(recipient_load(&r->op, r->rec, STR("ana"), &who), OK);
    assert_str(who.consent[CHANNEL_EMAIL].id, "cm");
    assert_int_equal(record_find(&r->op, r->rec, fhir_type_parse(STR("Communication")),
                                 STR("sender=RelatedPerson/mia"), &page),
                     OK);
    assert_int_equal(1, page.n_match);
    body = composed(r, (struct parcel){.campaign = STR("c1"), .helper = true});
    size_t at = str_find(body, STR("/contact/"), 0), end = str_find_char(body, '>', at);
    token = str_sub(body, at + 9, end);
    assert_int_equal(outreach_wish_open(&r->op, r->o, token, &patient, &agrees), OK);
    assert_false(agrees);
    assert_int_equal(mail_token(&r->op, r->o, STR("m6"), 0, STR("mia@example.net"), &token), OK);
    token = arena_printf(r->op.arena, "bounce+%.*s@mail.example.org", STR_ARG(token));
    assert_int_equal(mail_token_read(&r->op, r->o, token, &t, &ours), OK);
    assert_int_equal(mail_complained(&r->op, r->o, &t), OK);
    assert_str(mail_suppressed(json_at(JSON_GET(get(r, "RelatedPerson", "mia"), "telecom"), 0)),
               "complaint");
    assert_str(mail_suppressed(json_at(JSON_GET(get(r, "Patient", "ana"), "telecom"), 0)), "");
    assert_int_equal(recipient_load(&r->op, r->rec, STR("ana"), &who), OK);
    assert_true(who.consent[CHANNEL_EMAIL].permit); /* the patient said nothing */
    recipient_route(&who, CHANNEL_EMAIL);
    assert_str(who.suppressed, "complaint");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_our_own_sums_count, open_room, room_close),
        cmocka_unit_test_setup_teardown(one_click_is_in_what_campaigns_send, open_room, room_close),
        cmocka_unit_test_setup_teardown(what_came_back_for_now_goes_three_times_more, open_room,
                                        room_close),
        cmocka_unit_test_setup_teardown(a_mark_is_everybodys_and_the_worse_stays, open_room,
                                        room_close),
        cmocka_unit_test(statuses_mean_what_the_table_says),
        cmocka_unit_test(an_answer_is_what_stands_above_the_quotation),
        cmocka_unit_test(r251_each_byte_is_looked_at_once),
        cmocka_unit_test_setup_teardown(r253_start_is_only_for_oneself, open_room, room_close),
        cmocka_unit_test_setup_teardown(r303_a_helper_s_mail_is_the_helper_s, open_room,
                                        room_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
