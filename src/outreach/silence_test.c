/* What somebody wrote and stays silent: by another way, at last a call; once, and not when it was
 * answered, taken back or its case is closed. */
#include "outreach/ledger_int.h"
#include "outreach/silence_int.h"

#include "outreach/sender_fixture_int.h"

#define HOUR_MS (3600 * 1000LL)

static int open_house(void **state)
{
    static const char *const settings[] = {"sms.channel",
                                           "screen",
                                           "sms.from",
                                           "+15035550100,+15035550101",
                                           "sms.campaign_approved",
                                           "true",
                                           "smtp.channel",
                                           "screen",
                                           "outreach.undo_seconds",
                                           "0",
                                           NULL};
    struct room *r = room_new();
    patient(r, 1, 1);
    room_outreach(r, settings);
    *state = r;
    return 0;
}

static str sent(struct room *r, const char *key, bool asks)
{
    struct outreach_sent s;
    struct outreach_draft d = draft(r, 1, key);
    d.asks = asks;
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &s), OK);
    assert_int_equal(s.code, OK);
    (void)step(r);
    assert_status(r, s.communication, "in-progress");
    return s.communication;
}

static void receipt(struct room *r, str id, const char *word)
{
    struct outreach_receipt x = {.vocabulary = STR("twilio"),
                                 .provider_id = STR("SM-of-the-test"),
                                 .communication = id,
                                 .word = str_of(word)};
    assert_int_equal(outreach_receipt(&r->op, r->o, &x), OK);
}

/* So long after. */
static size_t look(struct room *r, int64_t after)
{
    size_t n;
    r->op.now = NOW + after;
    r->op.actor = outreach_system();
    assert_int_equal(ledger_step(&r->op, r->o, &n), OK); /* what they wrote */
    assert_int_equal(silence_step(&r->op, r->o, &n), OK);
    return n;
}

static size_t found(struct room *r, const char *type, const char *query)
{
    struct record_page page;
    r->op.actor = outreach_system();
    assert_int_equal(
        record_find(&r->op, r->rec, fhir_type_parse(str_of(type)), str_of(query), &page), OK);
    return page.n_match;
}

static void mail_too(struct room *r)
{
    struct record_doc doc;
    struct json *tree, *t;
    r->op.actor = outreach_system();
    assert_int_equal(record_read(&r->op, r->rec, fhir_type_parse(STR("Patient")), STR("b1"), &doc),
                     OK);
    assert_int_equal(record_parse(&r->op, &doc, &tree), OK);
    t = json_new(r->op.arena, JSON_OBJECT);
    json_set_str(r->op.arena, t, STR("system"), STR("email"));
    json_set_str(r->op.arena, t, STR("value"), STR("ann@example.org"));
    json_push(r->op.arena, JSON_GET(tree, "telecom"), t);
    struct record_tx *tx = record_begin(&r->op, r->rec);
    assert_int_equal(record_tx_update(tx, doc.type, doc.id, tree, doc.vid), OK);
    assert_int_equal(record_commit(tx), OK);
    room_put(r,
             STR("{\"resourceType\":\"Consent\",\"id\":\"ce\",\"status\":\"active\",\"scope\":{"
                 "\"coding\":[{\"system\":"
                 "\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
                 "\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":"
                 "\"" CONSENT_CATEGORY "\",\"code\":\"contact\"}]}],\"patient\":{"
                 "\"reference\":\"Patient/b1\"},\"dateTime\":\"2025-01-17T10:00:00Z\","
                 "\"extension\":[{\"url\":\"" CONTACT_POINT_URL
                 "\",\"valueContactPoint\":{\"system\":\"email\",\"value\":\"ann@example.org\"}}],"
                 "\"policyRule\":{\"coding\":[{\"system\":\"" CONSENT_FORM
                 "\",\"code\":\"written\"}]},\"provision\":{\"type\":\"permit\",\"code\":[{"
                 "\"coding\":[{\"system\":\"" CHANNEL_SYSTEM
                 "\",\"code\":\"email\"}]}],\"purpose\":[{\"system\":\"" PURPOSE_SYSTEM
                 "\",\"code\":\"care\"}]}}"));
}

#define CALLS "patient=Patient/b1&group-identifier=message-silent"

static void what_arrived_is_left_alone(void **state)
{
    struct room *r = *state;
    str id = sent(r, "key-silence-1", false);
    receipt(r, id, "delivered");
    assert_int_equal(look(r, HOUR_MS), 0); /* not yet */
    assert_int_equal(look(r, 5 * HOUR_MS), 1);
    assert_int_equal(look(r, 50 * HOUR_MS), 0); /* no more */
    assert_int_equal(found(r, "Task", CALLS), 0);
    assert_int_equal(found(r, "Communication", "subject=Patient/b1"), 1);
}

/* The words of the only case that came of it. */
static str said_in_case(struct room *r)
{
    struct record_page page;
    struct json *task;
    r->op.actor = outreach_system();
    assert_int_equal(record_find(&r->op, r->rec, fhir_type_parse(STR("Task")), STR(CALLS), &page),
                     OK);
    assert_int_equal(page.n_match, 1);
    assert_int_equal(record_parse(&r->op, &page.docs[0], &task), OK);
    return json_get_str(task, STR("description"));
}

/* Nobody said that it arrived: a call, since there is no other way. Once. */
static void without_another_way_a_person_calls(void **state)
{
    struct room *r = *state;
    str id = sent(r, "key-silence-2", false);
    assert_int_equal(look(r, 5 * HOUR_MS), 1);
    assert_int_equal(found(r, "Task", CALLS), 1);
    assert_true(str_find(said_in_case(r), STR("Call them. It said: "), 0) != SIZE_MAX);
    receipt(r, id, "undelivered");
    assert_int_equal(look(r, 50 * HOUR_MS), 0);
    assert_int_equal(found(r, "Task", CALLS), 1);
    assert_int_equal(found(r, "Communication", "subject=Patient/b1"), 1);
}

static void who_wants_no_calls_is_a_task_that_says_so(void **state)
{
    struct room *r = *state;
    const struct outreach_wish no = {.by = {[WISH_CALLS] = WORD_NO}};
    str token;
    int64_t until;
    (void)sent(r, "key-silence-no-calls", false);
    r->op.actor = outreach_system();
    assert_int_equal(outreach_wish_link(&r->op, r->o, STR("b1"), &token, &until), OK);
    assert_int_equal(outreach_wish_by_link(&r->op, r->o, token, &no), OK);
    assert_int_equal(look(r, 5 * HOUR_MS), 1);
    str said = said_in_case(r);
    assert_true(str_find(said, STR("They want no phone calls"), 0) != SIZE_MAX);
    assert_true(str_find(said, STR("Call them"), 0) == SIZE_MAX);
}

static void what_came_back_goes_by_the_next_way_at_once(void **state)
{
    struct room *r = *state;
    struct record_change ch = {.type = fhir_type_parse(STR("Communication")), .vid = 2};
    struct record_page page;
    struct json *c;
    mail_too(r);
    str id = sent(r, "key-silence-3", false);
    receipt(r, id, "undelivered");
    assert_status(r, id, "stopped");
    assert_int_equal(record_resolve(&r->op, r->rec, ch.type, id, &ch.rid), OK);
    r->op.now = NOW + 60000;
    assert_int_equal(silence_follow(&r->op, r->o, &ch), OK);
    assert_int_equal(silence_follow(&r->op, r->o, &ch), OK); /* seen twice: the same */
    str query = arena_printf(r->op.arena, "part-of=Communication/%.*s", STR_ARG(id));
    assert_int_equal(record_find(&r->op, r->rec, ch.type, query, &page), OK);
    assert_int_equal(page.n_match, 1);
    assert_int_equal(record_parse(&r->op, &page.docs[0], &c), OK);
    assert_str(json_str(json_path(c, "medium.0.coding.0.code")), "email");
    str text = json_str(json_path(c, "payload.0.contentString"));
    assert_false(str_starts(text, STR("Your clinic:"))); /* words of a mail, not of a text */
    assert_int_equal(found(r, "Task", CALLS), 0);
    assert_int_equal(look(r, 5 * HOUR_MS), 2); /* the first is over; the mail waits to leave */
    assert_int_equal(found(r, "Communication", "subject=Patient/b1"), 2);
}

static void an_answer_that_does_not_come_is_a_silence(void **state)
{
    struct room *r = *state;
    str id = sent(r, "key-silence-4", true);
    receipt(r, id, "delivered");
    assert_int_equal(look(r, 5 * HOUR_MS), 1); /* it arrived: the answer has its own time */
    assert_int_equal(found(r, "Task", CALLS), 0);
    assert_int_equal(look(r, 25 * HOUR_MS), 1);
    assert_int_equal(found(r, "Task", CALLS), 1);
}

static void an_answer_ends_it(void **state)
{
    struct room *r = *state;
    struct outreach_inbound_result ret;
    struct outreach_inbound in = {.channel = STR("sms"),
                                  .from = STR("+15032000001"),
                                  .text = STR("I will call at noon"),
                                  .provider_id = STR("answer-1")};
    str id = sent(r, "key-silence-5", true);
    receipt(r, id, "delivered");
    r->op.now = NOW + 60000;
    assert_int_equal(outreach_inbound(&r->op, r->o, &in, &ret), OK);
    assert_true(ret.matched);
    assert_int_equal(look(r, 5 * HOUR_MS), 1);
    assert_int_equal(look(r, 50 * HOUR_MS), 0);
    assert_int_equal(found(r, "Task", CALLS), 0);
}

static void what_was_taken_back_is_no_silence(void **state)
{
    struct room *r = *state;
    struct outreach_sent s;
    struct record_result undone;
    struct outreach_draft d = draft(r, 1, "key-silence-6");
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &s), OK);
    assert_int_equal(outreach_undo(&r->op, r->o, s.communication, &undone), OK);
    assert_int_equal(look(r, 5 * HOUR_MS), 1);
    assert_int_equal(look(r, 50 * HOUR_MS), 0);
    assert_int_equal(found(r, "Task", CALLS), 0);
}

/* What leaves says that there is something; what is kept is what was written. */
static void the_words_stay_in_the_portal(void **state)
{
    struct room *r = *state;
    struct outreach_sent s;
    struct record_doc doc;
    struct json *c;
    struct outreach_draft d = draft(r, 1, "key-portal-1");
    d.portal = true;
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &s), OK);
    assert_int_equal(s.code, OK);
    (void)step(r);
    assert_int_equal(
        record_read(&r->op, r->rec, fhir_type_parse(STR("Communication")), s.communication, &doc),
        OK);
    assert_int_equal(record_parse(&r->op, &doc, &c), OK);
    str out = message_out(c), kept = json_str(json_path(c, "payload.0.contentString"));
    assert_true(str_find(out, STR("You have a message in our patient portal."), 0) != SIZE_MAX);
    assert_true(str_find(out, STR("STOP"), 0) != SIZE_MAX);
    assert_true(str_find(kept, STR("portal"), 0) == SIZE_MAX);
    assert_true(str_find(kept, STR("call"), 0) != SIZE_MAX);
}

/* A note that cannot be read stops neither the feed nor the clock. */
static void a_damaged_note_holds_up_nobody(void **state)
{
    struct room *r = *state;
    struct record_change ch = {.type = fhir_type_parse(STR("Communication")), .vid = 2};
    str id = sent(r, "key-silence-8", false);
    struct record_tx *tx = record_begin(&r->op, r->rec);
    record_tx_kv(tx, arena_cat(r->op.arena, STR("silence@/"), id), STR("{"));
    assert_int_equal(record_commit(tx), OK);
    assert_int_equal(record_resolve(&r->op, r->rec, ch.type, id, &ch.rid), OK);
    assert_int_equal(silence_follow(&r->op, r->o, &ch), OK);
    assert_int_equal(look(r, 5 * HOUR_MS), 1);
    assert_int_equal(look(r, 5 * HOUR_MS + 1000), 0); /* not at once again */
}

/* What cannot go for now is tried again, and then left to its time; those behind it go on. */
static void one_that_cannot_go_now_holds_up_nobody(void **state)
{
    struct room *r = *state;
    struct record_change ch = {.type = fhir_type_parse(STR("Communication")), .vid = 2};
    mail_too(r);
    str id = sent(r, "key-silence-9", false);
    receipt(r, id, "undelivered");
    assert_int_equal(record_resolve(&r->op, r->rec, ch.type, id, &ch.rid), OK);
    r->op.now = NOW + 60000;
    uint64_t from = r->o->ledger_from;
    r->o->ledger_from = UINT64_MAX; /* nobody knows the counts */
    for (int i = 0; i < 2; i++) {
        assert_int_not_equal(silence_follow(&r->op, r->o, &ch), OK);
        op_clear(&r->op);
    }
    assert_int_equal(silence_follow(&r->op, r->o, &ch), OK);
    r->o->ledger_from = from;
    assert_int_equal(look(r, 5 * HOUR_MS), 1);
    assert_int_equal(found(r, "Communication", "part-of:missing=false"), 1); /* by the next way */
}

/* Plans of contacts have steps of their own for it. */
static void a_campaigns_message_is_its_own_affair(void **state)
{
    struct room *r = *state;
    struct outreach_sent s;
    struct outreach_draft d = draft(r, 1, "key-silence-7");
    d.programme = STR("recall");
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, &d, 1, &s), OK);
    assert_int_equal(s.code, OK);
    assert_int_equal(look(r, 50 * HOUR_MS), 0);
}

int main(void)
{
#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, open_house, room_close)
    const struct CMUnitTest tests[] = {
        IN_ROOM(what_arrived_is_left_alone),
        IN_ROOM(without_another_way_a_person_calls),
        IN_ROOM(who_wants_no_calls_is_a_task_that_says_so),
        IN_ROOM(what_came_back_goes_by_the_next_way_at_once),
        IN_ROOM(an_answer_that_does_not_come_is_a_silence),
        IN_ROOM(an_answer_ends_it),
        IN_ROOM(what_was_taken_back_is_no_silence),
        IN_ROOM(the_words_stay_in_the_portal),
        IN_ROOM(a_damaged_note_holds_up_nobody),
        IN_ROOM(one_that_cannot_go_now_holds_up_nobody),
        IN_ROOM(a_campaigns_message_is_its_own_affair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
