/* The ledger keeps attempts, and the record the words of consents, as long as the rules ask, and no
 * longer; under a legal hold, longer. */
#include "outreach/ledger_int.h"
#include "outreach/retention_int.h"

#include "outreach/sender_fixture_int.h"
#include "record/bulk.h"

#define YEAR_MS (366 * DAY_MS)

static void attempt(struct room *r, const char *patient, uint64_t id, int64_t at)
{
    struct ledger_entry e = {
        .at = at, .id = id, .channel = LEDGER_SMS, .kind = LEDGER_CARE, .state = LEDGER_OUT};
    struct record_tx *tx = record_begin(&r->op, r->rec);
    assert_int_equal(ledger_add(tx, &r->op, str_of(patient), &e, STR("+15032000001")), OK);
    assert_int_equal(record_commit(tx), OK);
}

static size_t rows(struct room *r, const char *patient)
{
    struct ledger_entry *list;
    size_t n;
    assert_int_equal(ledger_list(&r->op, r->rec, str_of(patient), 2000, &list, &n), OK);
    return n;
}

static size_t purged(struct room *r, const char *patient)
{
    size_t n = 0;
    r->op.actor = outreach_system();
    assert_int_equal(retention_purge(&r->op, r->o, str_of(patient), &n), OK);
    return n;
}

static size_t of_number(struct room *r)
{
    struct ledger_page p;
    str bytes, key = ledger_number_key(&r->op, ledger_mark(STR("+15032000001")));
    assert_int_equal(record_kv_get(&r->op, r->rec, key, &bytes), OK);
    assert_true(ledger_unpack(bytes, &p));
    return p.n;
}

/* Ten years by the longest of the rules (Virginia's text opt-outs). */
static void what_is_past_its_time_goes(void **state)
{
    struct room *r = *state;
    int64_t before;
    r->op.now = NOW;
    assert_int_equal(retention_before(&r->op, r->o, &before), OK);
    assert_true(before == NOW - 10 * YEAR_MS);
    attempt(r, "b1", 1, NOW - 12 * YEAR_MS - DAY_MS);
    attempt(r, "b1", 2, NOW - 9 * YEAR_MS);
    attempt(r, "b1", 3, NOW - DAY_MS);
    attempt(r, "b2", 4, NOW - DAY_MS);
    assert_int_equal(of_number(r), 4);
    assert_int_equal(purged(r, "b1"), 1);
    assert_int_equal(rows(r, "b1"), 2);
    assert_int_equal(of_number(r), 3); /* nor is it in the number's pages */
    assert_int_equal(purged(r, "b1"), 0);
    assert_int_equal(purged(r, "b2"), 0);
    assert_int_equal(rows(r, "b2"), 1);
}

/* Of a household one may be under a hold: their rows at the number that both have stay. */
static void a_purge_of_one_leaves_the_others_rows_at_their_number(void **state)
{
    struct room *r = *state;
    r->op.now = NOW;
    attempt(r, "b1", 1, NOW - 12 * YEAR_MS);
    attempt(r, "b2", 2, NOW - 12 * YEAR_MS);
    assert_int_equal(purged(r, "b1"), 1);
    assert_int_equal(of_number(r), 1);
    assert_int_equal(rows(r, "b2"), 1);
    assert_int_equal(purged(r, "b2"), 1);
    assert_int_equal(of_number(r), 0);
}

/* Pages behind keep their numbers; what is younger is still found past those that went. */
static void pages_behind_go_too(void **state)
{
    struct room *r = *state;
    r->op.now = NOW;
    for (unsigned i = 0; i < 300; i++) /* the first two hundred are past their time */
        attempt(r, "b3", 100 + i,
                i < 200 ? NOW - 13 * YEAR_MS + i * DAY_MS : NOW - YEAR_MS + i * DAY_MS / 4);
    assert_int_equal(rows(r, "b3"), 300);
    assert_int_equal(purged(r, "b3"), 200);
    assert_int_equal(rows(r, "b3"), 100);
    attempt(r, "b3", 999, NOW);
    assert_int_equal(rows(r, "b3"), 101);
}

static void a_legal_hold_keeps_all(void **state)
{
    struct room *r = *state;
    r->op.now = NOW;
    attempt(r, "b4", 1, NOW - 12 * YEAR_MS);
    room_put(r, STR("{\"resourceType\":\"Task\",\"id\":\"hold\",\"status\":\"in-progress\","
                    "\"intent\":\"order\",\"code\":{\"coding\":[{\"system\":"
                    "\"https://weft.health/fhir/task-code\",\"code\":\"legal-hold\"}]},\"for\":{"
                    "\"reference\":\"Patient/b4\"}}"));
    assert_int_equal(purged(r, "b4"), 0);
    assert_int_equal(rows(r, "b4"), 1);
    room_put(r, STR("{\"resourceType\":\"Task\",\"id\":\"hold\",\"status\":\"completed\","
                    "\"intent\":\"order\",\"code\":{\"coding\":[{\"system\":"
                    "\"https://weft.health/fhir/task-code\",\"code\":\"legal-hold\"}]},\"for\":{"
                    "\"reference\":\"Patient/b4\"}}"));
    assert_int_equal(purged(r, "b4"), 1);
}

static size_t round_steps(struct room *r)
{
    size_t n = 0, steps = 0;
    r->op.actor = outreach_system();
    for (; steps < 100; steps++) {
        assert_int_equal(retention_step(&r->op, r->o, &n), OK);
        if (n == 0)
            break;
        r->op.now += 2000;
    }
    return steps;
}

/* ---- words of consents ---- */
#define WORDS "She said yes by telephone"

/* A word of so long ago, in two versions. */
static void word(struct room *r, const char *id, const char *type, int64_t at, const char *keep)
{
    str text = arena_printf(
        r->op.arena,
        "{\"resourceType\":\"Consent\",\"id\":\"%s\",\"status\":\"active\",\"scope\":{\"coding\":[{"
        "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
        "\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":\"" CONSENT_CATEGORY
        "\",\"code\":\"contact\"}]}],\"patient\":{\"reference\":\"Patient/b0\"},\"dateTime\":"
        "\"%.*s\",\"policyRule\":{\"coding\":[{\"system\":\"" CONSENT_FORM
        "\",\"code\":\"message\"}],\"text\":\"" WORDS "\"},\"extension\":[{\"url\":"
        "\"" EVIDENCE_URL "\",\"extension\":[{\"url\":\"how\",\"valueCode\":\"oral\"},{\"url\":"
        "\"words\",\"valueString\":\"" WORDS "\"},{\"url\":\"sha256\",\"valueString\":\"aa11\"},{"
        "\"url\":\"keepUntil\",\"valueDate\":\"%s\"}]}],\"provision\":{\"type\":\"%s\",\"code\":[{"
        "\"coding\":[{\"system\":\"" CHANNEL_SYSTEM "\",\"code\":\"sms\"}]}]}}",
        id, STR_ARG(time_format(r->op.arena, at)), keep, type);
    room_put(r, text);
    room_put(r, text);
}

static size_t words_purged(struct room *r)
{
    size_t n = 0;
    r->op.actor = outreach_system();
    assert_int_equal(evidence_purge(&r->op, r->o, STR("b0"), &n), OK);
    return n;
}

/* How many versions of it there are; none of them holds what. */
static size_t versions_without(struct room *r, const char *id, const char *what, bool without)
{
    struct record_doc *all;
    size_t n;
    r->op.actor = outreach_system();
    assert_int_equal(record_history(&r->op, r->rec, fhir_type_parse(STR("Consent")), str_of(id), 0,
                                    50, &all, &n),
                     OK);
    for (size_t i = 0; i < n; i++) {
        struct json *tree;
        struct buf b;
        buf_init(&b, r->op.arena, 65536);
        assert_int_equal(record_parse(&r->op, &all[i], &tree), OK);
        json_write(&b, tree);
        assert_int_equal(str_find(buf_str(&b), str_of(what), 0) == SIZE_MAX, without);
    }
    return n;
}

static bool trail_says(struct room *r, const char *what)
{
    struct record_page page;
    bool found = false;
    r->op.actor = outreach_system();
    assert_int_equal(record_audit_wait(&r->op, r->rec), OK);
    assert_int_equal(record_find(&r->op, r->rec, fhir_type_parse(STR("AuditEvent")),
                                 STR("patient=Patient/b0&_count=50"), &page),
                     OK);
    for (size_t i = 0; i < page.n; i++)
        found |= str_find(page.docs[i].body, str_of(what), 0) != SIZE_MAX;
    return found;
}

/* A permission that a later word ended twelve years ago, and that later word, a no: the words go
 * from every version, what they were worth stays. */
static void words_past_their_time_go_for_good(void **state)
{
    struct room *r = *state;
    struct recipient before, after;
    r->op.now = NOW;
    word(r, "yes", "permit", NOW - 14 * YEAR_MS, "2018-01-01");
    word(r, "no", "deny", NOW - 12 * YEAR_MS, "2020-01-01");
    assert_int_equal(recipient_load(&r->op, r->rec, STR("b0"), &before), OK);
    assert_int_equal(versions_without(r, "yes", WORDS, false), 2);
    assert_int_equal(words_purged(r), 2);
    assert_int_equal(versions_without(r, "yes", WORDS, true), 1);
    assert_int_equal(versions_without(r, "no", WORDS, true), 1);
    assert_int_equal(versions_without(r, "yes", "\"aa11\"", false), 1);
    assert_int_equal(versions_without(r, "yes", "wordsRemoved", false), 1);
    assert_int_equal(versions_without(r, "no", "\"deny\"", false), 1);
    assert_true(trail_says(r, "evidence-purge") && trail_says(r, "aa11"));
    assert_false(trail_says(r, WORDS));
    assert_int_equal(recipient_load(&r->op, r->rec, STR("b0"), &after), OK);
    assert_memory_equal(before.said_at, after.said_at, sizeof before.said_at);
    assert_int_equal(words_purged(r), 0); /* once */
    struct record_audit_check check;
    assert_int_equal(record_audit_verify(&r->op, r->rec, &check), OK);
    assert_true(check.bad_seq == 0);
}

/* Who leans on a permission must be able to show it, however old it is. */
static void words_of_a_permission_in_force_stay(void **state)
{
    struct room *r = *state;
    r->op.now = NOW;
    room_put(r,
             STR("{\"resourceType\":\"Consent\",\"id\":\"c0\",\"status\":\"inactive\",\"scope\":{"
                 "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
                 "consentscope\",\"code\":\"patient-privacy\"}]},\"category\":[{\"coding\":[{"
                 "\"system\":\"" CONSENT_CATEGORY "\",\"code\":\"contact\"}]}],\"patient\":{"
                 "\"reference\":\"Patient/b0\"},\"policyRule\":{\"coding\":[{\"system\":"
                 "\"" CONSENT_FORM "\",\"code\":\"written\"}]}}"));
    word(r, "yes", "permit", NOW - 14 * YEAR_MS, "2018-01-01");
    assert_int_equal(words_purged(r), 0);
    word(r, "no", "deny", NOW - YEAR_MS, "2036-01-01"); /* what went before it is shown for years */
    assert_int_equal(words_purged(r), 0);
    assert_int_equal(versions_without(r, "yes", WORDS, false), 2);
}

static void part2(struct room *r, const char *status, const char *more)
{
    room_put(r, arena_printf(
                    r->op.arena,
                    "{\"resourceType\":\"Consent\",\"id\":\"p2\",\"status\":\"%s\",\"scope\":{"
                    "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
                    "consentscope\",\"code\":\"patient-privacy\"}]},\"category\":[{\"coding\":[{"
                    "\"system\":\"" CONSENT_CATEGORY
                    "\",\"code\":\"part2\"}]}],\"patient\":{\"reference\":\"Patient/b0\"},"
                    "\"dateTime\":\"2009-01-01T10:00:00Z\",\"policyRule\":{\"coding\":[{\"system\":"
                    "\"" CONSENT_FORM "\",\"code\":\"message\"}]},"
                    "\"extension\":[{\"url\":\"" EVIDENCE_URL
                    "\",\"extension\":[{\"url\":\"words\",\"valueString\":\"" WORDS
                    "\"},{\"url\":\"keepUntil\",\"valueDate\":\"2018-01-01\"}]}]%s}",
                    status, more));
}

/* A Part 2 form says neither yes nor no to contact, and was taken for a no, on which nobody leans.
 */
static void words_of_a_part2_form_stay_while_it_stands(void **state)
{
    struct room *r = *state;
    r->op.now = NOW;
    part2(r, "active", "");
    assert_int_equal(words_purged(r), 0);
    r->op.now = NOW + 12 * YEAR_MS;
    assert_int_equal(words_purged(r), 0);
    r->op.now = NOW;
    part2(r, "inactive", ""); /* revoked */
    assert_int_equal(words_purged(r), 0);
    r->op.now = NOW + 12 * YEAR_MS;
    assert_int_equal(words_purged(r), 1);
    assert_int_equal(versions_without(r, "p2", WORDS, true), 1);
}

static void words_of_a_part2_form_go_after_its_end(void **state)
{
    struct room *r = *state;
    r->op.now = NOW;
    part2(r, "active", ",\"provision\":{\"period\":{\"end\":\"2099-01-01\"}}");
    assert_int_equal(words_purged(r), 0);
    part2(r, "active", ",\"provision\":{\"period\":{\"end\":\"2012-01-01\"}}");
    assert_int_equal(words_purged(r), 1);
}

static void words_are_kept_until_their_day_and_under_a_hold(void **state)
{
    struct room *r = *state;
    r->op.now = NOW;
    word(r, "no", "deny", NOW - 12 * YEAR_MS, "2099-01-01");
    assert_int_equal(words_purged(r), 0);
    word(r, "no", "deny", NOW - 12 * YEAR_MS, "2020-01-01");
    room_put(r, STR("{\"resourceType\":\"Task\",\"id\":\"hold0\",\"status\":\"in-progress\","
                    "\"intent\":\"order\",\"code\":{\"coding\":[{\"system\":"
                    "\"https://weft.health/fhir/task-code\",\"code\":\"legal-hold\"}]},\"for\":{"
                    "\"reference\":\"Patient/b0\"}}"));
    assert_int_equal(words_purged(r), 0);
    assert_int_equal(versions_without(r, "no", WORDS, false), 4);
}

/* By the day's round, and by nobody but the house. */
static void the_round_takes_words_too(void **state)
{
    struct room *r = *state;
    struct record_doc doc;
    struct json *tree;
    r->op.now = NOW;
    word(r, "no", "deny", NOW - 12 * YEAR_MS, "2020-01-01");
    nurse(r);
    assert_int_equal(record_read(&r->op, r->rec, fhir_type_parse(STR("Consent")), STR("no"), &doc),
                     OK);
    assert_int_equal(record_parse(&r->op, &doc, &tree), OK);
    struct record_tx *tx = record_begin(&r->op, r->rec);
    assert_int_equal(record_tx_replace(tx, doc.type, doc.id, tree, doc.vid), ERR_FORBIDDEN);
    op_clear(&r->op);
    assert_true(round_steps(r) > 0);
    assert_int_equal(versions_without(r, "no", WORDS, true), 1);
}

/* Everybody once a day, some at a time. */
static void a_round_a_day(void **state)
{
    struct room *r = *state;
    r->op.now = NOW;
    for (int i = 6; i < 60; i++)
        patient(r, i, 100 + i);
    attempt(r, "b0", 1, NOW - 12 * YEAR_MS);
    attempt(r, "b59", 2, NOW - 12 * YEAR_MS);
    assert_int_equal(round_steps(r), 2); /* sixty, by fifties */
    assert_int_equal(rows(r, "b0") + rows(r, "b59"), 0);
    assert_int_equal(round_steps(r), 0);
    attempt(r, "b5", 3, NOW - 12 * YEAR_MS);
    r->op.now += DAY_MS;
    assert_int_equal(round_steps(r), 2);
    assert_int_equal(rows(r, "b5"), 0);
}

int main(void)
{
#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, room_close)
    const struct CMUnitTest tests[] = {
        IN_ROOM(what_is_past_its_time_goes),
        IN_ROOM(a_purge_of_one_leaves_the_others_rows_at_their_number),
        IN_ROOM(pages_behind_go_too),
        IN_ROOM(a_legal_hold_keeps_all),
        IN_ROOM(a_round_a_day),
        IN_ROOM(words_past_their_time_go_for_good),
        IN_ROOM(words_of_a_permission_in_force_stay),
        IN_ROOM(words_of_a_part2_form_stay_while_it_stands),
        IN_ROOM(words_of_a_part2_form_go_after_its_end),
        IN_ROOM(words_are_kept_until_their_day_and_under_a_hold),
        IN_ROOM(the_round_takes_words_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
