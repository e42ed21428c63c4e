/* Wishes about contact: what is set is what is read, quiet hours over midnight and in every zone, a
 * wish half there is quiet; links that fit and those that do not; consent as it was given. */
#include "outreach/capture.h"
#include "outreach/fixture_int.h"
#include "policy/scope.h"

static int open_room(void **state)
{
    static const char *const settings[] = {NULL};
    struct room *r = room_new();
    room_outreach(r, settings);
    r->patient =
        room_put(r, STR("{\"resourceType\":\"Patient\",\"telecom\":[{\"system\":\"phone\","
                        "\"value\":\"+12135550101\"}],\"address\":[{\"state\":\"IL\","
                        "\"country\":\"US\",\"extension\":[{\"url\":"
                        "\"http://hl7.org/fhir/StructureDefinition/timezone\",\"valueCode\":"
                        "\"America/Chicago\"}]}]}"));
    *state = r;
    return 0;
}

static err by_link(struct room *r, const struct outreach_wish *w)
{
    str token;
    int64_t until;
    assert_int_equal(outreach_wish_link(&r->op, r->o, r->patient, &token, &until), OK);
    return outreach_wish_by_link(&r->op, r->o, token, w);
}

static void what_is_set_is_what_is_read(void **state)
{
    struct room *r = *state;
    const str no[] = {STR("lab_results"), STR("heart")};
    struct outreach_wish w = {.pause = STR("2026-12-24"),
                              .quiet_from = STR("20:00"),
                              .quiet_until = STR("09:15"),
                              .zone = STR("America/New_York"),
                              .care_by = STR("email"),
                              .refused = no,
                              .n_refused = 2,
                              .topics_said = true};
    assert_int_equal(by_link(r, &w), OK);
    struct wishes s = room_seen(r).wishes;
    assert_true(s.paused_until > NOW);
    assert_int_equal(s.quiet_from, 20 * 60);
    assert_int_equal(s.quiet_until, 9 * 60 + 15);
    assert_str(s.zone, "America/New_York");
    assert_true(wishes_refuse(&s, STR("heart")) && !wishes_refuse(&s, STR("diet")));
    assert_false(wishes_refuse(&s, STR_NONE));
    assert_str(wishes_channel(&s, STR("home_healthcare_instructions")), "email");
    struct outreach_wish off = {.pause = STR("none"),
                                .quiet_from = STR("none"),
                                .zone = STR("none"),
                                .care_by = STR("none"),
                                .topics_said = true};
    assert_int_equal(by_link(r, &off), OK);
    s = room_seen(r).wishes;
    assert_true(s.paused_until == 0 && s.quiet_from == -1 && s.n_refused == 0 && !s.n_channels);
    assert_null(JSON_GET(room_seen(r).patient, "extension"));
}

static void what_cannot_be_is_refused(void **state)
{
    struct room *r = *state;
    const str bad[] = {STR("Not A Code")};
    const struct outreach_wish all[] = {{.pause = STR("2029-01-01")},
                                        {.pause = STR("soon")},
                                        {.quiet_from = STR("25:00"), .quiet_until = STR("09:00")},
                                        {.quiet_from = STR("21:00")},
                                        {.zone = STR("Mars/Crater")},
                                        {.care_by = STR("pigeon")},
                                        {.refused = bad, .n_refused = 1, .topics_said = true}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(by_link(r, &all[i]), ERR_INVALID);
        op_clear(&r->op);
    }
    assert_null(JSON_GET(room_seen(r).patient, "extension"));
}

static void quiet_hours_hold_in_every_zone(void **state)
{
    (void)state;
    const str zones[] = {STR("America/Chicago"), STR("America/Los_Angeles")};
    struct wishes w = {.quiet_from = 21 * 60, .quiet_until = 10 * 60};
    int64_t end;
    assert_false(wishes_quiet(&w, zones, 1, NOW, &end)); /* 11:30 */
    assert_true(wishes_quiet(&w, zones, 2, NOW, &end));  /* 09:30 further west */
    assert_true(end == NOW + 30 * 60000LL);
    assert_true(wishes_quiet(&w, zones, 0, NOW, &end)); /* nobody knows where they are */
    w = (struct wishes){.quiet_from = 12 * 60, .quiet_until = 14 * 60};
    assert_false(wishes_quiet(&w, zones, 2, NOW, &end));
    assert_true(wishes_quiet(&w, zones, 1, NOW + 40 * 60000LL, &end));
    w = (struct wishes){.quiet_from = -1, .quiet_until = -1, .damaged = true};
    assert_true(wishes_quiet(&w, zones, 2, NOW, &end));
}

static void the_number_adds_where_they_may_be(void **state)
{
    struct room *r = *state;
    struct recipient p = room_seen(r);
    assert_int_equal(p.n_zones, 2); /* Illinois by address, California by number */
    assert_str(p.zones[1], "America/Los_Angeles");
    assert_int_equal(p.n_places, 2);
    assert_str(p.places[0], "US-IL");
    assert_str(p.places[1], "US-CA");
    place_by_number(&p, STR("+442071234567"));
    assert_int_equal(p.n_zones, 2);
    for (size_t i = 0; i < PLACES_MAX; i++)
        place_by_address(&r->op, &p, arena_printf(r->op.arena, "X%zu", i), STR_NONE, STR_NONE);
    assert_true(p.lost); /* more than fit: nobody knows */
}

static void only_the_whole_token_opens(void **state)
{
    struct room *r = *state;
    str token, who;
    int64_t until;
    assert_int_equal(outreach_wish_link(&r->op, r->o, r->patient, &token, &until), OK);
    assert_int_equal(outreach_wish_open(&r->op, r->o, token, &who), OK);
    assert_true(str_eq(who, r->patient));
    for (size_t i = 0; i < token.n; i++) {
        char bent[64] = "";
        memcpy(bent, token.p, token.n);
        bent[i] = bent[i] == '0' ? '1' : '0';
        assert_int_equal(outreach_wish_open(&r->op, r->o, str_of(bent), &who), ERR_NOT_FOUND);
        op_clear(&r->op);
    }
    assert_int_equal(outreach_wish_open(&r->op, r->o, str_sub(token, 0, 20), &who), ERR_NOT_FOUND);
    op_clear(&r->op);
    r->op.now = until;
    assert_int_equal(outreach_wish_open(&r->op, r->o, token, &who), ERR_GONE);
}

static void a_consent_needs_its_elements(void **state)
{
    struct room *r = *state;
    const str care[] = {STR("care")};
    const str elements[] = {STR("signature"), STR("seller_name"), STR("phone_number"),
                            STR("automated_tech_authorisation"), STR("not_condition_of_purchase")};
    struct record_result out;
    struct outreach_capture c = {.patient = r->patient,
                                 .how = STR("written"),
                                 .type = STR("prior_express_written_consent"),
                                 .channel = STR("sms"),
                                 .purposes = care,
                                 .n_purposes = 1,
                                 .elements = elements,
                                 .n_elements = 4,
                                 .evidence = STR("Form 7, signed"),
                                 .affirmative = true};
    assert_int_equal(outreach_capture(&r->op, r->o, &c, &out), ERR_UNPROCESSABLE);
    assert_true(r->op.fault.n > 0);
    op_clear(&r->op);
    c.n_elements = 5;
    c.how = STR("oral");
    assert_int_equal(outreach_capture(&r->op, r->o, &c, &out), ERR_UNPROCESSABLE);
    op_clear(&r->op);
    assert_false(room_seen(r).consent[CHANNEL_SMS].any);
    c.how = STR("written");
    assert_int_equal(outreach_capture(&r->op, r->o, &c, &out), OK);
    struct consent_state s = room_seen(r).consent[CHANNEL_SMS];
    assert_true(s.any && s.permit && s.care && s.written && !s.marketing && !s.appointment);
    assert_str(s.number, "+12135550101");
    assert_true(str_find(out.doc.body, STR("sha256"), 0) != SIZE_MAX ||
                str_find(out.doc.head, STR("sha256"), 0) != SIZE_MAX);
    c.evidence = STR_NONE;
    assert_int_equal(outreach_capture(&r->op, r->o, &c, &out), ERR_INVALID);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_room, room_close)

/* Review R207: a link speaks as the patient; helpers and apps do not get one, and it is noted. */
static void r207_who_may_make_a_link(void **state)
{
    struct room *r = *state;
    struct record_doc doc;
    struct scopes app;
    struct actor who = {
        .role = ROLE_PATIENT, .purpose = PURPOSE_PATRQT, .user = {"p", 1}, .scopes = &app};
    str token;
    int64_t until;
    assert_int_equal(record_read(&r->op, r->rec, fhir_type_parse(STR("Patient")), r->patient, &doc),
                     OK);
    assert_true(scopes_parse(STR("patient/Patient.rs"), &app));
    app.patient = who.patient = doc.rid;
    r->op.actor = &who;
    assert_int_equal(outreach_wish_link(&r->op, r->o, r->patient, &token, &until), ERR_FORBIDDEN);
    op_clear(&r->op);
    who.scopes = NULL;
    assert_int_equal(outreach_wish_link(&r->op, r->o, r->patient, &token, &until), OK);
    r->op.actor = outreach_system();
}

/* Review R209: saving what a page shows does not make a pause longer. */
static void r209_a_pause_ends_on_the_day_set(void **state)
{
    struct room *r = *state;
    struct outreach_wish w = {.pause = STR("2026-12-24")};
    for (int i = 0; i < 3; i++) {
        struct json *shown;
        assert_int_equal(by_link(r, &w), OK);
        assert_int_equal(outreach_wishes(&r->op, r->o, r->patient, &shown), OK);
        w.pause = str_sub(json_get_str(shown, STR("pausedUntil")), 0, 10);
        assert_str(w.pause, "2026-12-24");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_set_is_what_is_read),
        TEST(what_cannot_be_is_refused),
        cmocka_unit_test(quiet_hours_hold_in_every_zone),
        TEST(the_number_adds_where_they_may_be),
        TEST(only_the_whole_token_opens),
        TEST(a_consent_needs_its_elements),
        TEST(r207_who_may_make_a_link),
        TEST(r209_a_pause_ends_on_the_day_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
