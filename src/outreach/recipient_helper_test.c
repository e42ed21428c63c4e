/* Caregivers: whom the patient named gets the messages, and nobody gets them when that is over. */
#include "outreach/sender_fixture_int.h"

/* Mia gets b14's texts: her number, her language, and where she may be. until: of the Consent. */
static void names_a_helper(struct room *r, const char *number, const char *until)
{
    room_put(r, arena_printf(r->op.arena,
                             "{\"resourceType\":\"RelatedPerson\",\"id\":\"mia\",\"patient\":{"
                             "\"reference\":\"Patient/b14\"},\"name\":[{\"given\":[\"Mia\"],"
                             "\"family\":\"Cruz\"}],\"communication\":[{\"language\":{\"coding\":[{"
                             "\"code\":\"es\"}]}}],\"telecom\":[{\"system\":\"phone\",\"value\":"
                             "\"%s\",\"extension\":[{\"url\":\"" LINE_TYPE_URL
                             "\",\"valueCode\":\"wireless\"},{\"url\":\"" REASSIGNED_URL
                             "\",\"extension\":[{\"url\":\"result\",\"valueCode\":\"no\"},{"
                             "\"url\":\"date\",\"valueDateTime\":\"%.*s\"}]}]}]}",
                             number, STR_ARG(time_format(r->op.arena, NOW - 3600000))));
    room_put(r, arena_printf(r->op.arena,
                             "{\"resourceType\":\"Consent\",\"id\":\"cm\",\"status\":\"active\","
                             "\"scope\":{\"coding\":[{\"system\":"
                             "\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
                             "\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":"
                             "\"" CONSENT_CATEGORY "\",\"code\":\"contact\"}]}],\"patient\":{"
                             "\"reference\":\"Patient/b14\"},\"dateTime\":\"2026-01-17T10:00:00Z\","
                             "\"policyRule\":{\"coding\":[{\"system\":\"" CONSENT_FORM
                             "\",\"code\":\"written\"}]},\"provision\":{\"type\":\"permit\","
                             "\"period\":{\"end\":\"%s\"},\"actor\":[{\"role\":{\"coding\":[{"
                             "\"code\":\"PRCP\"}]},\"reference\":{\"reference\":"
                             "\"RelatedPerson/mia\"}}],\"code\":[{\"coding\":[{\"system\":"
                             "\"" CHANNEL_SYSTEM "\",\"code\":\"sms\"}]}],\"purpose\":[{"
                             "\"system\":\"" PURPOSE_SYSTEM "\",\"code\":\"care\"}]}}",
                             until));
}

/* The message goes to whom the patient named, in that person's words; it counts for
 * their number too; a STOP of theirs ends it, and nothing goes to the patient instead. */
static void the_helper_gets_it(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent;
    struct record_doc doc;
    struct ledger_counts now;
    struct json *c;
    struct outreach_draft d = draft(r, 14, "key-helper-0");
    struct ledger_question about = {.patient = STR("b14"), .address = STR("+15033000077")};
    patient(r, 14, 14);
    names_a_helper(r, "+15033000077", "2027-01-01");
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &sent), OK);
    assert_int_equal(sent.code, OK);
    assert_int_equal(record_read(&r->op, r->rec, fhir_type_parse(STR("Communication")),
                                 sent.communication, &doc),
                     OK);
    assert_int_equal(record_parse(&r->op, &doc, &c), OK);
    assert_str(json_str(json_path(c, "recipient.0.reference")), "RelatedPerson/mia");
    assert_str(json_str(json_path(c, "recipient.0.display")), "Mia Cruz");
    assert_str(json_str(json_path(c, "subject.reference")), "Patient/b14");
    assert_true(str_find(json_str(json_path(c, "payload.0.contentString")), STR("Llame hoy"), 0) !=
                SIZE_MAX); /* Mia's language */
    (void)step(r);
    assert_status(r, sent.communication, "in-progress");
    assert_int_equal(ledger_load(&r->op, r->rec, &about, &now), OK);
    assert_int_equal(now.number.day, 1);
    assert_int_equal(now.all.day, 1);
    struct outreach_inbound_result in;
    struct outreach_inbound stop = {.channel = STR("sms"),
                                    .from = STR("+15033000077"),
                                    .text = STR("STOP"),
                                    .provider_id = STR("helper-stop")};
    assert_int_equal(outreach_inbound(&r->op, r->o, &stop, &in), OK);
    assert_true(in.matched && in.stopped);
    nurse(r);
    d.key = STR("key-helper-1");
    r->op.now += 8 * DAY_MS;
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &sent), OK);
    assert_int_equal(sent.code, ERR_UNPROCESSABLE);
}

/* What was written for the helper goes to nobody else when the patient thinks better of it. */
static void a_helper_of_yesterday_gets_nothing(void **state)
{
    struct room *r = *state;
    struct outreach_sent sent;
    struct outreach_draft d = draft(r, 14, "key-helper-2");
    patient(r, 14, 15);
    names_a_helper(r, "+15033000078", "2027-01-01");
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &sent), OK);
    assert_int_equal(sent.code, OK);
    names_a_helper(r, "+15033000078", "2026-02-01"); /* over: the word of before holds */
    (void)step(r);
    assert_status(r, sent.communication, "not-done");
}

static void come(struct room *r, const char *from, const char *words, const char *id)
{
    struct outreach_inbound_result ret;
    struct outreach_inbound in = {.channel = STR("sms"),
                                  .from = str_of(from),
                                  .text = str_of(words),
                                  .provider_id = str_of(id)};
    assert_int_equal(outreach_inbound(&r->op, r->o, &in, &ret), OK);
    assert_true(ret.matched);
}

static struct recipient seen(struct room *r)
{
    r->patient = STR("b14");
    return room_seen(r);
}

/* Review R300 (45 CFR 164.404(d)(1), 164.522(b)): the notice of an incident, and an answer to what
 * the patient wrote, went to whom the patient named for other messages. */
static void r300_the_patients_own_goes_to_nobody_else(void **state)
{
    struct room *r = *state;
    struct outreach_preview p;
    struct outreach_sent sent;
    struct json *notice = json_new(r->op.arena, JSON_OBJECT);
    struct outreach_draft d = draft(r, 14, "key-helper-3");
    patient(r, 14, 16);
    names_a_helper(r, "+15033000079", "2027-01-01");
    nurse(r);
    assert_int_equal(outreach_check(&r->op, r->o, &d, &p), OK);
    assert_str(p.recipient, "Mia Cruz");
    json_set_str(r->op.arena, notice, STR("id"), STR("asked"));
    for (int i = 0; i < 2; i++) {
        d.own = i == 0;
        d.asked = i == 0 ? NULL : notice;
        assert_int_equal(outreach_check(&r->op, r->o, &d, &p), OK);
        assert_str(p.recipient, "");
        assert_str(p.to_masked, "••• ••• 0016");
        assert_true(p.verdict.decision != DECISION_ALLOW); /* they agreed to texts to Mia */
    }
    /* agreed to when it was written, and another named before it leaves: to nobody */
    names_a_helper(r, "+15033000079", "2026-02-01");
    d.asked = NULL;
    d.own = true;
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &sent), OK);
    assert_int_equal(sent.code, OK);
    names_a_helper(r, "+15033000079", "2027-01-01");
    (void)step(r);
    assert_status(r, sent.communication, "not-done");
}

/* Review R301: a START of the helper's put the patient's own number in the place of the helper's,
 * without end and without the helper. */
static void r301_a_helper_does_not_say_yes(void **state)
{
    struct room *r = *state;
    patient(r, 14, 17);
    names_a_helper(r, "+15033000080", "2027-01-01");
    r->op.now = NOW;
    come(r, "+15033000080", "START", "helper-start-1");
    struct recipient who = seen(r);
    assert_str(who.consent[CHANNEL_SMS].id, "cm");
    assert_str(who.helper, "RelatedPerson/mia");
}

/* Review R302: who had said stop was nobody any more: their words of danger were no case, and the
 * patient's own yes is theirs alone. */
static void r302_a_helper_who_said_stop_is_still_heard(void **state)
{
    struct room *r = *state;
    struct record_page page;
    patient(r, 14, 18);
    names_a_helper(r, "+15033000081", "2027-01-01");
    r->op.now = NOW;
    come(r, "+15033000081", "STOP", "helper-stop-2");
    struct recipient who = seen(r);
    assert_true(who.consent[CHANNEL_SMS].any && !who.consent[CHANNEL_SMS].permit);
    assert_str(who.helper, "");
    r->op.now += 1000;
    come(r, "+15033000081", "START", "helper-start-2");
    who = seen(r);
    assert_false(who.consent[CHANNEL_SMS].permit);
    r->op.now += 1000;
    come(r, "+15033000081", "She has chest pain", "helper-pain");
    r->op.actor = outreach_system();
    assert_int_equal(record_find(&r->op, r->rec, fhir_type_parse(STR("Task")),
                                 STR("subject=Patient/b14&group-identifier=message-danger"), &page),
                     OK);
    assert_int_equal(1, page.n_match);
    r->op.now += 1000;
    come(r, "+15032000018", "START", "own-start");
    who = seen(r);
    assert_true(who.consent[CHANNEL_SMS].permit);
    assert_str(who.consent[CHANNEL_SMS].helper, "");
    assert_str(recipient_address(&who, CHANNEL_SMS), "+15032000018");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_helper_of_yesterday_gets_nothing),
        cmocka_unit_test(the_helper_gets_it),
        cmocka_unit_test_setup_teardown(r300_the_patients_own_goes_to_nobody_else, open_room,
                                        room_close),
        cmocka_unit_test_setup_teardown(r301_a_helper_does_not_say_yes, open_room, room_close),
        cmocka_unit_test_setup_teardown(r302_a_helper_who_said_stop_is_still_heard, open_room,
                                        room_close),
    };
    return cmocka_run_group_tests(tests, open_room, room_close);
}
