/* What was read: marked once, by who looks at it and by nobody else; it moves the one machine of
 * states on; what was read is not silent. */
#include "outreach/ledger_int.h"
#include "outreach/read.h"
#include "outreach/silence_int.h"
#include "policy/scope.h"

#include "outreach/sender_fixture_int.h"

#define HOUR_MS (3600 * 1000LL)
#define CALLS "patient=Patient/b1&group-identifier=message-silent"

static str said(struct room *r, const struct outreach_draft *d)
{
    struct outreach_sent s;
    nurse(r);
    assert_int_equal(outreach_send_many(&r->op, r->o, d, 1, &s), OK);
    assert_int_equal(s.code, OK);
    return s.communication;
}

static str sent(struct room *r, const char *key, bool asks)
{
    struct outreach_draft d = draft(r, 1, key);
    d.asks = asks;
    str id = said(r, &d);
    (void)step(r);
    assert_status(r, id, "in-progress");
    return id;
}

static const struct json *message(struct room *r, str id)
{
    struct record_doc doc;
    struct json *c;
    r->op.actor = outreach_system();
    assert_int_equal(record_read(&r->op, r->rec, fhir_type_parse(STR("Communication")), id, &doc),
                     OK);
    assert_int_equal(record_parse(&r->op, &doc, &c), OK);
    return c;
}

static size_t found(struct room *r, const char *type, const char *query)
{
    struct record_page page;
    r->op.actor = outreach_system();
    assert_int_equal(
        record_find(&r->op, r->rec, fhir_type_parse(str_of(type)), str_of(query), &page), OK);
    return page.n_match;
}

static struct actor person(struct room *r, enum role role, const char *reference)
{
    struct actor a = {.role = role,
                      .purpose = PURPOSE_PATRQT,
                      .user = STR("who"),
                      .reference = str_of(reference),
                      .strong = true};
    r->op.actor = outreach_system();
    assert_int_equal(
        record_resolve(&r->op, r->rec, fhir_type_parse(STR("Patient")), STR("b1"), &a.patient), OK);
    return a;
}

static err looks(struct room *r, const struct actor *who, str id, size_t *ret_n)
{
    struct json *marked = NULL;
    r->op.actor = who;
    op_clear(&r->op);
    err e = outreach_read(&r->op, r->o, &(struct outreach_seen){&id, 1}, &marked);
    *ret_n = e == OK ? marked->n : 0;
    op_clear(&r->op);
    return e;
}

static str part(const struct json *c, const char *url, const char *name)
{
    const struct json *mark = extension_at(c, STR(READ_URL));
    return json_str(json_path(extension_at(mark, str_of(url)), name));
}

static void the_patient_reads_it_once(void **state)
{
    struct room *r = *state;
    str id = sent(r, "key-read-1", false);
    struct actor self = person(r, ROLE_PATIENT, "Patient/b1");
    size_t n;
    r->op.now = NOW + HOUR_MS;
    assert_int_equal(looks(r, &self, id, &n), OK);
    assert_int_equal(n, 1);
    r->op.now = NOW + 2 * HOUR_MS;
    assert_int_equal(looks(r, &self, id, &n), OK);
    assert_int_equal(n, 1); /* it bears the mark: nothing new is written */
    const struct json *c = message(r, id);
    assert_str(json_get_str(c, STR("status")), "completed"); /* read: so it arrived */
    assert_str(part(c, "by", "valueReference.reference"), "Patient/b1");
    assert_str(part(c, "how", "valueCode"), "portal");
    struct read_mark mark;
    assert_true(read_find(c, &mark));
    assert_int_equal(mark.at, NOW + HOUR_MS);
}

/* Staff who look, apps, other patients, and what the message itself does not allow. */
static void nobody_else_marks_it(void **state)
{
    static const struct actor agent = {
        .role = ROLE_AGENT, .purpose = PURPOSE_TREAT, .user = {"a", 1}, .strong = true};
    struct room *r = *state;
    struct record_result kept;
    struct json *c;
    struct outreach_draft d = draft(r, 1, "key-read-2");
    str id = sent(r, "key-read-2a", false);
    struct actor self = person(r, ROLE_PATIENT, "Patient/b1"), app = self, other = self;
    struct scopes scopes;
    size_t n;
    nurse(r);
    const struct actor *staff[] = {r->op.actor, &agent, outreach_system()};
    for (size_t i = 0; i < sizeof staff / sizeof *staff; i++)
        assert_int_equal(looks(r, staff[i], id, &n), ERR_FORBIDDEN);
    assert_true(scopes_parse(STR("patient/*.cruds"), &scopes));
    app.scopes = &scopes;
    assert_int_equal(looks(r, &app, id, &n), ERR_FORBIDDEN);
    assert_int_equal(
        record_resolve(&r->op, r->rec, fhir_type_parse(STR("Patient")), STR("b2"), &other.patient),
        OK);
    assert_int_equal(looks(r, &other, id, &n), OK);
    assert_int_equal(n, 0);
    assert_null(extension_at(message(r, id), STR(READ_URL)));
    d.key = STR("key-read-2b"); /* it may still be taken back: nobody has it yet */
    str waits = said(r, &d);
    assert_int_equal(looks(r, &self, waits, &n), OK);
    assert_int_equal(n, 0);
    assert_int_equal(json_read(&r->op,
                               STR("{\"resourceType\":\"Communication\",\"status\":\"completed\","
                                   "\"subject\":{\"reference\":\"Patient/b1\"},\"sender\":{"
                                   "\"reference\":\"Patient/b1\"}}"),
                               &JSON_LIMITS_DEFAULT, &c),
                     OK);
    r->op.actor = outreach_system();
    assert_int_equal(record_create(&r->op, r->rec, c, STR_NONE, &kept), OK);
    assert_int_equal(looks(r, &self, kept.id, &n), OK);
    assert_int_equal(n, 0); /* their own words */
}

/* With the patient's consent, and the nurse is told who. */
static void a_helper_is_named(void **state)
{
    struct room *r = *state;
    str id = sent(r, "key-read-3", false);
    size_t n;
    r->op.actor = outreach_system();
    room_put(r, STR("{\"resourceType\":\"RelatedPerson\",\"id\":\"bea\",\"patient\":{"
                    "\"reference\":\"Patient/b1\"},\"name\":[{\"given\":[\"Bea\"],\"family\":"
                    "\"Silva\"}]}"));
    struct actor bea = person(r, ROLE_HELPER, "RelatedPerson/bea");
    assert_int_equal(record_resolve(&r->op, r->rec, fhir_type_parse(STR("RelatedPerson")),
                                    STR("bea"), &bea.user_rid),
                     OK);
    assert_int_equal(looks(r, &bea, id, &n), OK);
    assert_int_equal(n, 0); /* not shared */
    r->op.actor = outreach_system();
    room_put(r,
             STR("{\"resourceType\":\"Consent\",\"id\":\"sh\",\"status\":\"active\",\"scope\":{"
                 "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\""
                 ",\"code\":\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"code\":"
                 "\"59284-0\",\"system\":\"http://loinc.org\"}]}],\"patient\":{\"reference\":"
                 "\"Patient/b1\"},\"policyRule\":{\"coding\":[{\"code\":\"OPTIN\"}]},"
                 "\"provision\":{\"type\":\"permit\",\"period\":{\"start\":\"2026-01-01\",\"end\":"
                 "\"2027-01-01\"},\"actor\":[{\"role\":{\"coding\":[{\"code\":\"IRCP\"}]},"
                 "\"reference\":{\"reference\":\"RelatedPerson/bea\"}}],\"class\":[{\"system\":"
                 "\"http://hl7.org/fhir/resource-types\",\"code\":\"Communication\"}]}}"));
    assert_int_equal(looks(r, &bea, id, &n), OK);
    assert_int_equal(n, 1);
    const struct json *c = message(r, id);
    assert_str(part(c, "by", "valueReference.reference"), "RelatedPerson/bea");
    assert_str(part(c, "by", "valueReference.display"), "Bea Silva");
}

/* Receipts in any order after it: never backwards, marked once. */
static void told(struct room *r, str id)
{
    static const char *const words[] = {"read", "delivered", "undelivered", "read"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct outreach_receipt x = {.vocabulary = STR("twilio"),
                                     .provider_id = STR("SM-of-the-test"),
                                     .communication = id,
                                     .word = str_of(words[i])};
        r->op.actor = outreach_system();
        assert_int_equal(outreach_receipt(&r->op, r->o, &x), OK);
        assert_status(r, id, "completed");
    }
    assert_int_equal(JSON_GET(message(r, id), "extension")->n, 1);
}

static void their_app_may_say_it_first(void **state)
{
    struct room *r = *state;
    str id = sent(r, "key-read-4", false);
    told(r, id);
    assert_str(part(message(r, id), "how", "valueCode"), "receipt");
}

static void receipts_take_nothing_back(void **state)
{
    struct room *r = *state;
    str id = sent(r, "key-read-5", false);
    struct actor self = person(r, ROLE_PATIENT, "Patient/b1");
    size_t n;
    assert_int_equal(looks(r, &self, id, &n), OK);
    told(r, id);
    assert_str(part(message(r, id), "how", "valueCode"), "portal");
}

/* By the key of the message that brought the link; whose it is not stays as it is. */
static void a_links_form_marks_its_message(void **state)
{
    struct room *r = *state;
    str id = sent(r, "key-read-6", false);
    r->op.actor = outreach_system();
    assert_int_equal(outreach_read_link(&r->op, r->o, STR("b1"), STR("key-of-none")), OK);
    assert_int_equal(outreach_read_link(&r->op, r->o, STR("b2"), STR("key-read-6")), OK);
    assert_null(extension_at(message(r, id), STR(READ_URL)));
    assert_int_equal(outreach_read_link(&r->op, r->o, STR("b1"), STR("key-read-6")), OK);
    const struct json *c = message(r, id);
    assert_str(part(c, "how", "valueCode"), "link");
    assert_str(part(c, "by", "valueReference.reference"), "Patient/b1");
}

static size_t later(struct room *r, int64_t after)
{
    size_t n;
    r->op.now = NOW + after;
    r->op.actor = outreach_system();
    assert_int_equal(ledger_step(&r->op, r->o, &n), OK);
    assert_int_equal(silence_step(&r->op, r->o, &n), OK);
    return n;
}

/* No receipt ever came, and they have read it: that is an arrival. */
static void what_was_read_is_not_silent(void **state)
{
    struct room *r = *state;
    struct record_change ch = {.type = fhir_type_parse(STR("Communication")), .vid = 3};
    str kept, id = sent(r, "key-read-9", false);
    struct actor self = person(r, ROLE_PATIENT, "Patient/b1");
    size_t n;
    r->op.now = NOW + HOUR_MS;
    assert_int_equal(looks(r, &self, id, &n), OK);
    r->op.actor = outreach_system();
    assert_int_equal(record_resolve(&r->op, r->rec, ch.type, id, &ch.rid), OK);
    assert_int_equal(silence_follow(&r->op, r->o, &ch), OK);
    assert_int_equal(
        record_kv_get(&r->op, r->rec, arena_cat(r->op.arena, STR("silence@/"), id), &kept), OK);
    assert_true(str_empty(kept)); /* watched no more */
    (void)later(r, 5 * HOUR_MS);
    (void)later(r, 50 * HOUR_MS);
    assert_int_equal(found(r, "Task", CALLS), 0);
    assert_int_equal(found(r, "Communication", "subject=Patient/b1"), 1);
}

/* They know what it says: nobody sends it again. The answer that was asked for is still missing. */
static void read_and_not_answered_is_a_call_and_no_second_message(void **state)
{
    struct room *r = *state;
    struct record_page page;
    str id = sent(r, "key-read-7", true);
    struct actor self = person(r, ROLE_PATIENT, "Patient/b1");
    size_t n;
    r->op.now = NOW + 3 * HOUR_MS;
    assert_int_equal(looks(r, &self, id, &n), OK);
    assert_int_equal(later(r, 5 * HOUR_MS), 1);  /* it arrived; the answer has its own time, */
    assert_int_equal(later(r, 25 * HOUR_MS), 0); /* from when it was read */
    assert_int_equal(found(r, "Task", CALLS), 0);
    assert_int_equal(later(r, 28 * HOUR_MS), 1);
    assert_int_equal(record_find(&r->op, r->rec, fhir_type_parse(STR("Task")), STR(CALLS), &page),
                     OK);
    assert_int_equal(page.n, 1);
    assert_true(str_find(page.docs[0].body, STR("did not answer, though"), 0) != SIZE_MAX);
    assert_int_equal(found(r, "Communication", "subject=Patient/b1"), 1);
}

int main(void)
{
#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, room_close)
    const struct CMUnitTest tests[] = {
        IN_ROOM(the_patient_reads_it_once),
        IN_ROOM(nobody_else_marks_it),
        IN_ROOM(a_helper_is_named),
        IN_ROOM(their_app_may_say_it_first),
        IN_ROOM(receipts_take_nothing_back),
        IN_ROOM(a_links_form_marks_its_message),
        IN_ROOM(what_was_read_is_not_silent),
        IN_ROOM(read_and_not_answered_is_a_call_and_no_second_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
