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

static err by_staff_link(struct room *r, const struct outreach_wish *w)
{
    const struct actor *as = r->op.actor, nurse = {.role = ROLE_NURSE, .purpose = PURPOSE_TREAT};
    str token;
    int64_t until;
    r->op.actor = &nurse;
    assert_int_equal(outreach_wish_link(&r->op, r->o, r->patient, &token, &until), OK);
    r->op.actor = as;
    return outreach_wish_by_link(&r->op, r->o, token, w);
}

static void what_is_set_is_what_is_read(void **state)
{
    struct room *r = *state;
    const str no[] = {STR("lab_results"), STR("heart")};
    const struct wish_way ways[] = {{STR(WISH_CARE), STR("email")},
                                    {STR("lab_results"), STR("letter")}};
    const struct wish_way back[] = {{STR(WISH_CARE), STR("none")},
                                    {STR("lab_results"), STR("none")}};
    struct outreach_wish w = {.pause = STR("2026-12-24"),
                              .quiet_from = STR("20:00"),
                              .quiet_until = STR("09:15"),
                              .zone = STR("America/New_York"),
                              .ways = ways,
                              .n_ways = 2,
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
    assert_str(wishes_channel(&s, STR("lab_results")), "letter"); /* its own before the general */
    assert_str(wishes_channel(&s, STR("post_discharge_followup")), "email");
    assert_true(str_empty(wishes_channel(&s, STR("appointment_or_exam_confirm_remind"))));
    struct outreach_wish off = {.pause = STR("none"),
                                .quiet_from = STR("none"),
                                .zone = STR("none"),
                                .ways = back,
                                .n_ways = 2,
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
    const struct wish_way pigeon = {STR(WISH_CARE), STR("pigeon")}, shout = {bad[0], STR("sms")};
    const struct outreach_wish all[] = {{.pause = STR("2029-01-01")},
                                        {.pause = STR("soon")},
                                        {.quiet_from = STR("25:00"), .quiet_until = STR("09:00")},
                                        {.quiet_from = STR("21:00")},
                                        {.zone = STR("Mars/Crater")},
                                        {.ways = &pigeon, .n_ways = 1},
                                        {.ways = &shout, .n_ways = 1},
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
    place_by_number(&p, STR("+442071234567")); /* the country of a number counts, too */
    assert_int_equal(p.n_zones, 3);
    assert_str(p.zones[2], "Europe/London");
    assert_str(p.places[2], "GB");
    for (size_t i = 0; i < PLACES_MAX; i++)
        place_by_address(&r->op, &p, arena_printf(r->op.arena, "X%zu", i), STR_NONE, STR_NONE);
    assert_true(p.lost); /* more than fit: nobody knows */
}

/* "gdpr casl", each yes, no or unknown, of somebody at this address with this number. */
static str laws_for(struct room *r, const char *country, const char *state, const char *number)
{
    static const char *const words[] = {"no", "yes", "?"};
    struct recipient p = {.country = str_of(country)};
    struct facts *f = facts_new(&r->op);
    place_by_address(&r->op, &p, p.country, str_of(state), STR_NONE);
    place_by_number(&p, str_of(number));
    place_law_facts(r->o, &p, f);
    const struct json *said = facts_to_json(&r->op, f);
    const struct json *all[] = {JSON_GET(said, "gdpr_applies"), JSON_GET(said, "casl_applies")};
    int one[2];
    for (int i = 0; i < 2; i++)
        one[i] = all[i] ? json_bool(all[i], false) : 2;
    return arena_printf(r->op.arena, "%s %s", words[one[0]], words[one[1]]);
}

static void the_strictest_law_of_all_places_holds(void **state)
{
    struct room *r = *state;
    static const struct {
        const char *country, *state, *number, *laws;
    } rows[] = {
        {"US", "IL", "+13125550101", "no no"},
        {"US", "IL", "+442071234567", "yes no"},
        {"US", "IL", "+12045550101", "no yes"},
        {"GB", "", "+13125550101", "yes no"},
        {"CAN", "MB", "+12045550101", "no yes"},
        {"DE", "", "+12045550101", "yes yes"},
        {"US", "IL", "+8613800138000", "? ?"},
        {"JP", "", "+13125550101", "? ?"},
        {"", "", "", "? ?"},
        {"IE", "", "+8613800138000", "yes ?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_true(str_eq(laws_for(r, rows[i].country, rows[i].state, rows[i].number),
                           str_of(rows[i].laws)));
    static const char *const dublin[] = {"house.country", "IE", NULL};
    outreach_free(r->o);
    room_outreach(r, dublin);
    assert_str(laws_for(r, "US", "IL", "+13125550101"), "yes no"); /* Art. 3(1): where we are */
}

static void an_address_abroad_has_all_its_zones(void **state)
{
    struct room *r = *state;
    struct recipient p = {0};
    place_by_address(&r->op, &p, STR("CA"), STR("ON"), STR_NONE);
    assert_str(p.places[0], "CA-ON");
    bool east = false, west = false;
    for (size_t i = 0; i < p.n_zones; i++) {
        east |= str_eq(p.zones[i], STR("America/Toronto"));
        west |= str_eq(p.zones[i], STR("America/Winnipeg"));
    }
    assert_true(east && west);
    p = (struct recipient){0};
    place_by_address(&r->op, &p, STR("CA"), STR_NONE, STR_NONE);
    assert_int_equal(p.n_zones, 7);
    p = (struct recipient){0};
    place_by_address(&r->op, &p, STR("AUT"), STR_NONE, STR_NONE);
    assert_str(p.places[0], "AT");
    assert_str(p.zones[0], "Europe/Vienna");
}

static void only_the_whole_token_opens(void **state)
{
    bool agrees;
    struct room *r = *state;
    str token, who;
    int64_t until;
    assert_int_equal(outreach_wish_link(&r->op, r->o, r->patient, &token, &until), OK);
    assert_int_equal(outreach_wish_open(&r->op, r->o, token, &who, &agrees), OK);
    assert_true(str_eq(who, r->patient));
    for (size_t i = 0; i < token.n; i++) {
        char bent[64] = "";
        memcpy(bent, token.p, token.n);
        bent[i] = bent[i] == '0' ? '1' : '0';
        assert_int_equal(outreach_wish_open(&r->op, r->o, str_of(bent), &who, &agrees),
                         ERR_NOT_FOUND);
        op_clear(&r->op);
    }
    assert_int_equal(outreach_wish_open(&r->op, r->o, str_sub(token, 0, 20), &who, &agrees),
                     ERR_NOT_FOUND);
    op_clear(&r->op);
    r->op.now = until;
    assert_int_equal(outreach_wish_open(&r->op, r->o, token, &who, &agrees), ERR_GONE);
}

static str evidence_part(struct room *r, const struct record_result *out, const char *url,
                         const char *member)
{
    struct json *c;
    assert_int_equal(record_parse(&r->op, &out->doc, &c), OK);
    const struct json *e =
        extension_at(c, STR("https://weft.health/fhir/StructureDefinition/consent-evidence"));
    return json_get_str(extension_at(e, str_of(url)), str_of(member));
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
    assert_str(evidence_part(r, &out, "sha256", "valueString"),
               "5b9e27eead6e598376e6c552b4251ed4813db101ce10779518e35028becddc17");
    assert_str(evidence_part(r, &out, "keepUntil", "valueDate"), "2031-11-28");
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

/* Review R214: who made a link for somebody else says no yes by it. */
static void r214_a_link_of_staff_says_no_yes(void **state)
{
    struct room *r = *state;
    static const struct actor agent = {
        .role = ROLE_AGENT, .purpose = PURPOSE_TREAT, .user = {"a", 1}, .strong = true};
    struct outreach_wish yes = {.by = {[WAY_SMS] = WORD_YES}}, no = {.by = {[WAY_SMS] = WORD_NO}};
    str token;
    int64_t until;
    r->op.actor = &agent;
    assert_int_equal(outreach_wish_link(&r->op, r->o, r->patient, &token, &until), OK);
    r->op.actor = outreach_system();
    assert_int_equal(outreach_wish_by_link(&r->op, r->o, token, &no), OK);
    assert_int_equal(outreach_wish_by_link(&r->op, r->o, token, &yes), ERR_FORBIDDEN);
    op_clear(&r->op);
    assert_false(room_seen(r).consent[CHANNEL_SMS].permit);
    r->op.now += DAY_MS;
    assert_int_equal(by_link(r, &yes), OK); /* made by the house, sent by it */
    assert_true(room_seen(r).consent[CHANNEL_SMS].permit);
}

/* Review R219: a day ends where the patient is, not in Greenwich; hours without length are none. */
static void r219_a_pause_ends_at_their_midnight(void **state)
{
    struct room *r = *state;
    struct time_span end;
    struct outreach_wish w = {.pause = STR("2026-12-24")};
    struct outreach_wish none = {.quiet_from = STR("21:00"), .quiet_until = STR("21:00")};
    assert_int_equal(by_link(r, &w), OK);
    assert_true(time_parse(STR("2026-12-25T08:00:00Z"), &end)); /* Los Angeles, by the number */
    assert_true(room_seen(r).wishes.paused_until == end.lo);
    assert_int_equal(by_link(r, &none), ERR_INVALID);
    op_clear(&r->op);
}

static err captured(struct room *r, const struct outreach_capture *c)
{
    struct record_result ret;
    err e = outreach_capture(&r->op, r->o, c, &ret);
    op_clear(&r->op);
    return e;
}

/* Calls by a person: nobody was asked and they may come; a no ends them, a yes lifts it, and
 * neither says anything of texts. */
static void a_no_to_calls_is_of_calls_alone(void **state)
{
    struct room *r = *state;
    struct outreach_wish no = {.by = {[WISH_CALLS] = WORD_NO}},
                         yes = {.by = {[WISH_CALLS] = WORD_YES}};
    struct json *shown;
    assert_false(recipient_no_calls(&(struct recipient){.minor = false}, STR_NONE));
    assert_int_equal(outreach_wishes(&r->op, r->o, r->patient, &shown), OK);
    assert_null(JSON_GET(shown, "voice"));
    assert_int_equal(by_link(r, &no), OK);
    struct recipient p = room_seen(r);
    assert_true(recipient_no_calls(&p, STR_NONE));
    assert_false(p.consent[CHANNEL_SMS].any || p.consent[CHANNEL_LETTER].any);
    assert_true(recipient_allows(&p, CHANNEL_LETTER, STR("care"))); /* letters may come as before */
    assert_int_equal(outreach_wishes(&r->op, r->o, r->patient, &shown), OK);
    assert_false(json_bool(JSON_GET(shown, "voice"), true));
    r->op.now += 60000;
    assert_int_equal(by_link(r, &yes), OK);
    p = room_seen(r);
    assert_false(recipient_no_calls(&p, STR_NONE));
    assert_false(p.consent[CHANNEL_SMS].any);
}

static void a_no_that_staff_were_told_is_kept_as_it_was_said(void **state)
{
    struct room *r = *state;
    const str care = STR("care");
    struct outreach_capture no = {.patient = r->patient,
                                  .no = true,
                                  .how = STR("oral"),
                                  .channel = STR("voice"),
                                  .evidence = STR("Please do not ring me any more")};
    struct outreach_capture of = no, ends = no, whistle = no, unsaid = no;
    of.purposes = &care;
    of.n_purposes = 1;
    ends.until = NOW + DAY_MS;
    whistle.channel = STR("whistle");
    unsaid.evidence = STR_NONE;
    assert_int_equal(captured(r, &of), ERR_INVALID);
    assert_int_equal(captured(r, &ends), ERR_INVALID);
    assert_int_equal(captured(r, &whistle), ERR_INVALID);
    assert_int_equal(captured(r, &unsaid), ERR_INVALID);
    struct recipient p = room_seen(r);
    assert_false(recipient_no_calls(&p, STR_NONE));
    assert_int_equal(captured(r, &no), OK);
    p = room_seen(r);
    assert_true(recipient_no_calls(&p, STR_NONE) && !p.consent[CHANNEL_CALLS].changed);
    no.channel = STR("sms"); /* so for every channel; nothing of the rulebook is asked */
    assert_int_equal(captured(r, &no), OK);
    p = room_seen(r);
    assert_true(p.consent[CHANNEL_SMS].any && !p.consent[CHANNEL_SMS].permit);
    struct outreach_capture yes = {.patient = r->patient,
                                   .how = STR("oral"),
                                   .type = STR("prior_express_consent"),
                                   .channel = STR("voice"),
                                   .evidence = STR("You may ring me again"),
                                   .affirmative = true,
                                   .purposes = &care,
                                   .n_purposes = 1};
    r->op.now += 60000;
    assert_int_equal(captured(r, &yes), OK);
    p = room_seen(r);
    assert_false(recipient_no_calls(&p, STR_NONE));
    assert_true(str_empty(p.consent[CHANNEL_CALLS].number)); /* of any number of theirs */
}

/* Of one topic, as of texts: what prepares a visit is of visits, what follows a discharge of care
 * at home; what is of no topic, and every text, stay as they are. */
static void a_no_to_calls_is_of_the_topics_it_names(void **state)
{
    struct room *r = *state;
    const str visits = STR(WISH_VISITS), care = STR(WISH_CARE),
              drugs = STR("prescription_notification");
    const str some[] = {visits, drugs}, bad = STR("Not A Code");
    struct outreach_wish no = {.no_calls = some, .n_no_calls = 2, .calls_said = true},
                         less = {.no_calls = &drugs, .n_no_calls = 1, .calls_said = true},
                         none = {.no_calls = &bad, .n_no_calls = 1, .calls_said = true};
    assert_int_equal(by_link(r, &none), ERR_INVALID);
    op_clear(&r->op);
    assert_int_equal(by_link(r, &no), OK);
    struct recipient p = room_seen(r);
    assert_true(recipient_no_calls(&p, visits) && recipient_no_calls(&p, drugs));
    assert_true(recipient_no_calls(&p, STR("preoperative_instructions")));
    assert_false(recipient_no_calls(&p, care) || recipient_no_calls(&p, STR_NONE));
    assert_false(recipient_no_calls(&p, STR("post_discharge_followup")));
    assert_false(p.consent[CHANNEL_CALLS].any || p.consent[CHANNEL_SMS].any || p.wishes.n_refused);
    assert_int_equal(by_link(r, &no), OK); /* said again it is no new word */
    assert_true(room_seen(r).calls.said[0].at == p.calls.said[0].at);
    /* A link that staff made takes away only. */
    assert_int_equal(by_staff_link(r, &less), OK);
    p = room_seen(r);
    assert_true(recipient_no_calls(&p, visits));
    r->op.now -= 60000; /* with the clock set back the newer word is still the newer */
    assert_int_equal(by_link(r, &less), OK);
    p = room_seen(r);
    assert_false(recipient_no_calls(&p, visits));
    assert_true(recipient_no_calls(&p, drugs));
    r->op.now += 60000;
}

/* A refused topic bars calls, too: staff would open them by a link of their own. */
static void a_link_of_staff_lifts_no_topic_and_no_pause(void **state)
{
    struct room *r = *state;
    const str no[] = {STR("heart"), STR("heart"), STR("lab_results")}, more = STR("diet");
    struct outreach_wish w = {
        .pause = STR("2026-12-24"), .refused = no, .n_refused = 3, .topics_said = true};
    struct outreach_wish less = {
        .pause = STR("none"), .refused = &more, .n_refused = 1, .topics_said = true};
    assert_int_equal(by_link(r, &w), OK);
    const struct wishes was = room_seen(r).wishes;
    assert_int_equal(was.n_refused, 2); /* each once */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(by_staff_link(r, &less), OK);
        struct wishes s = room_seen(r).wishes;
        assert_true(s.paused_until == was.paused_until && s.n_refused == 3);
        assert_true(wishes_refuse(&s, no[0]) && wishes_refuse(&s, no[2]) &&
                    wishes_refuse(&s, more));
        less.pause = STR("2026-12-23");
    }
    less.pause = STR("2026-12-26"); /* it takes away */
    assert_int_equal(by_staff_link(r, &less), OK);
    assert_true(room_seen(r).wishes.paused_until == was.paused_until + 2 * DAY_MS);
    less.pause = STR("none");
    assert_int_equal(by_link(r, &less), OK);
    assert_true(!room_seen(r).wishes.paused_until && room_seen(r).wishes.n_refused == 1);
}

static void half_of_quiet_hours_stays_quiet(void **state)
{
    struct room *r = *state;
    const str no = STR("heart");
    struct outreach_wish topic = {.refused = &no, .n_refused = 1, .topics_said = true};
    struct outreach_wish hours = {.quiet_from = STR("21:00"), .quiet_until = STR("09:00")};
    r->patient =
        room_put(r, STR("{\"resourceType\":\"Patient\",\"extension\":[{\"url\":\"" WISHES_URL
                        "\",\"extension\":[{\"url\":\"quietUntil\",\"valueTime\":"
                        "\"09:00:00\"}]}]}"));
    assert_true(room_seen(r).wishes.damaged);
    assert_int_equal(by_link(r, &topic), OK);
    assert_true(room_seen(r).wishes.damaged && room_seen(r).wishes.n_refused == 1);
    assert_int_equal(by_link(r, &hours), OK);
    assert_true(!room_seen(r).wishes.damaged && room_seen(r).wishes.quiet_from == 21 * 60);
}

static void a_no_about_a_topic_is_kept_as_it_was_said(void **state)
{
    struct room *r = *state;
    const str labs = STR("lab_results"), bad = STR("Labs!"), care = STR("care");
    struct outreach_capture no = {.patient = r->patient,
                                  .no = true,
                                  .how = STR("oral"),
                                  .channel = STR("voice"),
                                  .topics = &labs,
                                  .n_topics = 1,
                                  .evidence = STR("Do not ring me about results, write")};
    struct outreach_capture text = no, code = no, both = no, yes = no;
    text.channel = STR("sms"); /* of texts a topic is refused as a wish */
    code.topics = &bad;
    both.purposes = &care;
    both.n_purposes = 1;
    assert_int_equal(captured(r, &text), ERR_INVALID);
    assert_int_equal(captured(r, &code), ERR_INVALID);
    assert_int_equal(captured(r, &both), ERR_INVALID);
    assert_int_equal(captured(r, &no), OK);
    struct recipient p = room_seen(r);
    assert_true(recipient_no_calls(&p, labs));
    assert_false(recipient_no_calls(&p, STR_NONE));
    yes.no = false;
    yes.type = STR("prior_express_consent");
    yes.affirmative = true;
    r->op.now += 60000;
    assert_int_equal(captured(r, &yes), OK);
    p = room_seen(r);
    assert_false(recipient_no_calls(&p, labs) || p.consent[CHANNEL_CALLS].any);
}

/* A topic of the preference centre holds for what it stands for there. */
static void a_topic_holds_for_what_is_of_it(void **state)
{
    (void)state;
    struct wishes w = {.refused = {STR(WISH_CARE)}, .n_refused = 1};
    assert_true(wishes_refuse(&w, STR("post_discharge_followup")));
    assert_false(wishes_refuse(&w, STR("preoperative_instructions")));
    w.refused[0] = STR(WISH_VISITS);
    assert_true(wishes_refuse(&w, STR("preoperative_instructions")));
    assert_true(wishes_refuse(&w, STR("hospital_preregistration")));
    assert_false(wishes_refuse(&w, STR("provision_of_treatment")));
    w.refused[0] = STR_NONE; /* half of a word refuses nothing */
    assert_false(wishes_refuse(&w, STR_NONE) || wishes_refuse(&w, STR("lab_results")));
}

/* More topics than there is room for: a no is not lost. */
static void too_many_topics_are_a_no_to_all(void **state)
{
    struct room *r = *state;
    struct calls_about c = {.n = 0};
    struct buf b;
    struct json *consent;
    buf_init(&b, r->op.arena, 8192);
    buf_printf(&b, "{\"provision\":{\"type\":\"deny\",\"purpose\":[");
    for (unsigned i = 0; i <= WISH_TOPICS; i++)
        buf_printf(&b, "%s{\"system\":\"" TOPIC_SYSTEM "\",\"code\":\"t%u\"}", i ? "," : "", i);
    buf_printf(&b, "]}}");
    assert_int_equal(json_read(&r->op, buf_str(&b), &JSON_LIMITS_DEFAULT, &consent), OK);
    calls_about_read(consent, NOW, true, &c);
    assert_true(c.n == WISH_TOPICS && calls_refuse(&c, STR("anything")));
}

static void a_topic_of_another_system_is_kept(void **state)
{
    struct room *r = *state;
    struct outreach_wish w = {.refused = (str[]){STR("D")}, .n_refused = 1, .topics_said = true};
    r->patient =
        room_put(r, STR("{\"resourceType\":\"Patient\",\"extension\":[{\"url\":\"" WISHES_URL
                        "\",\"extension\":[{\"url\":\"refusedTopic\",\"valueCode\":\"D\"}]}]}"));
    assert_int_equal(by_link(r, &w), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_set_is_what_is_read),
        TEST(what_cannot_be_is_refused),
        cmocka_unit_test(quiet_hours_hold_in_every_zone),
        TEST(the_number_adds_where_they_may_be),
        TEST(the_strictest_law_of_all_places_holds),
        TEST(an_address_abroad_has_all_its_zones),
        TEST(only_the_whole_token_opens),
        TEST(a_consent_needs_its_elements),
        TEST(r207_who_may_make_a_link),
        TEST(r209_a_pause_ends_on_the_day_set),
        TEST(r214_a_link_of_staff_says_no_yes),
        TEST(r219_a_pause_ends_at_their_midnight),
        TEST(a_no_to_calls_is_of_calls_alone),
        TEST(a_no_that_staff_were_told_is_kept_as_it_was_said),
        TEST(a_no_to_calls_is_of_the_topics_it_names),
        TEST(a_link_of_staff_lifts_no_topic_and_no_pause),
        TEST(half_of_quiet_hours_stays_quiet),
        TEST(a_no_about_a_topic_is_kept_as_it_was_said),
        TEST(a_topic_of_another_system_is_kept),
        cmocka_unit_test(a_topic_holds_for_what_is_of_it),
        TEST(too_many_topics_are_a_no_to_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
