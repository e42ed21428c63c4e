/* A link that staff made takes away only: quiet hours get longer or stay, whatever was typed; more
 * refused topics than there is room for all count, and stay when something else is set. */
#include "outreach/fixture_int.h"

static int open_room(void **state)
{
    static const char *const settings[] = {NULL};
    struct room *r = room_new();
    room_outreach(r, settings);
    r->patient = room_put(r, STR("{\"resourceType\":\"Patient\",\"telecom\":[{\"system\":\"phone\","
                                 "\"value\":\"+12135550101\"}]}"));
    *state = r;
    return 0;
}

static err by_link_of(struct room *r, const struct actor *who, const struct outreach_wish *w)
{
    const struct actor *as = r->op.actor;
    str token;
    int64_t until;
    r->op.actor = who;
    assert_int_equal(outreach_wish_link(&r->op, r->o, r->patient, &token, &until), OK);
    r->op.actor = as;
    return outreach_wish_by_link(&r->op, r->o, token, w);
}

static err by_their_link(struct room *r, const struct outreach_wish *w)
{
    return by_link_of(r, r->op.actor, w);
}

static err by_staff_link(struct room *r, const struct outreach_wish *w)
{
    const struct actor nurse = {.role = ROLE_NURSE, .purpose = PURPOSE_TREAT};
    return by_link_of(r, &nurse, w);
}

static struct outreach_wish hours(const char *from, const char *until)
{
    return (struct outreach_wish){.quiet_from = str_of(from), .quiet_until = str_of(until)};
}

static str hours_now(struct room *r)
{
    const struct wishes w = room_seen(r).wishes;
    return w.quiet_from < 0
               ? STR("none")
               : arena_printf(r->op.arena, "%02d:%02d-%02d:%02d", w.quiet_from / 60,
                              w.quiet_from % 60, w.quiet_until / 60, w.quiet_until % 60);
}

static void a_link_of_staff_makes_no_quiet_hour_loud(void **state)
{
    struct room *r = *state;
    static const struct {
        const char *theirs, *until, *said, *said_until, *then;
    } rows[] = {
        {"21:00", "09:00", "none", "", "21:00-09:00"},
        {"21:00", "09:00", "22:00", "08:00", "21:00-09:00"},
        {"21:00", "09:00", "20:00", "08:00", "20:00-09:00"},
        {"21:00", "09:00", "22:00", "10:00", "21:00-10:00"},
        {"21:00", "09:00", "20:00", "10:00", "20:00-10:00"},
        {"21:00", "09:00", "09:00", "10:00", "21:00-10:00"},
        {"21:00", "09:00", "21:00", "09:00", "21:00-09:00"},
        {"21:00", "09:00", "12:00", "14:00", "21:00-09:00"}, /* both cannot be written */
        {"21:00", "09:00", "08:00", "22:00", "21:00-09:00"}, /* a whole day neither */
        {"12:00", "14:00", "13:00", "11:00", "12:00-11:00"},
        {"12:00", "14:00", "00:00", "12:30", "00:00-14:00"},
        {"none", "", "21:00", "09:00", "21:00-09:00"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct outreach_wish theirs = hours(rows[i].theirs, rows[i].until),
                             said = hours(rows[i].said, rows[i].said_until);
        assert_int_equal(by_their_link(r, &theirs), OK);
        assert_int_equal(by_staff_link(r, &said), OK);
        assert_true(str_eq(hours_now(r), str_of(rows[i].then)));
    }
    struct outreach_wish bad = hours("25:00", "09:00"), back = hours("none", "");
    assert_int_equal(by_staff_link(r, &bad), ERR_INVALID);
    op_clear(&r->op);
    assert_int_equal(by_their_link(r, &back), OK);
    assert_true(str_eq(hours_now(r), STR("none")));
}

static void a_link_of_staff_moves_no_quiet_hour_elsewhere(void **state)
{
    struct room *r = *state;
    struct outreach_wish theirs = hours("21:00", "09:00"), said = {.zone = STR("Asia/Tokyo")};
    theirs.zone = STR("America/Chicago");
    assert_int_equal(by_their_link(r, &theirs), OK);
    assert_int_equal(by_staff_link(r, &said), OK);
    assert_true(str_eq(room_seen(r).wishes.zone, STR("America/Chicago")));
    assert_int_equal(by_their_link(r, &said), OK);
    assert_true(str_eq(room_seen(r).wishes.zone, STR("Asia/Tokyo")));
}

static void a_link_of_staff_leaves_half_of_quiet_hours_quiet(void **state)
{
    struct room *r = *state;
    struct outreach_wish said = hours("21:00", "09:00");
    r->patient =
        room_put(r, STR("{\"resourceType\":\"Patient\",\"extension\":[{\"url\":\"" WISHES_URL
                        "\",\"extension\":[{\"url\":\"quietUntil\",\"valueTime\":"
                        "\"09:00:00\"}]}]}"));
    assert_int_equal(by_staff_link(r, &said), OK);
    assert_true(room_seen(r).wishes.damaged);
}

/* By which way is an order among those they agreed to: the word for one opens none. */
static void a_way_by_a_link_of_staff_is_no_yes(void **state)
{
    struct room *r = *state;
    const struct wish_way mail = {STR(WISH_CARE), STR("email")};
    struct outreach_wish said = {.ways = &mail, .n_ways = 1},
                         yes = {.by = {[WAY_EMAIL] = WORD_YES}};
    r->patient = room_put(r, STR("{\"resourceType\":\"Patient\",\"telecom\":[{\"system\":\"email\","
                                 "\"value\":\"lee@example.org\"}]}"));
    assert_int_equal(by_staff_link(r, &said), OK);
    struct recipient p = room_seen(r);
    assert_str(wishes_channel(&p.wishes, STR(WISH_CARE)), "email");
    assert_false(p.consent[CHANNEL_EMAIL].any);
    assert_false(recipient_allows(&p, CHANNEL_EMAIL, STR(WISH_CARE)));
    assert_int_equal(by_staff_link(r, &yes), ERR_FORBIDDEN);
    op_clear(&r->op);
    assert_int_equal(by_their_link(r, &yes), OK);
    p = room_seen(r);
    assert_true(recipient_allows(&p, CHANNEL_EMAIL, STR(WISH_CARE)));
}

/* A patient who refused n topics, t0 and so on. */
static void refuse(struct room *r, unsigned n)
{
    struct buf b;
    buf_init(&b, r->op.arena, 8192);
    buf_printf(&b, "{\"resourceType\":\"Patient\",\"extension\":[{\"url\":\"" WISHES_URL
                   "\",\"extension\":[");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "%s{\"url\":\"refusedTopic\",\"valueCode\":\"t%u\"}", i ? "," : "", i);
    buf_printf(&b, "]}]}");
    r->patient = room_put(r, buf_str(&b));
}

static bool refused(struct room *r, unsigned i)
{
    const struct wishes w = room_seen(r).wishes;
    return wishes_refuse(&w, arena_printf(r->op.arena, "t%u", i));
}

static void more_topics_than_the_page_has_are_held(void **state)
{
    struct room *r = *state;
    str all[20];
    struct outreach_wish w = {.refused = all, .n_refused = 20, .topics_said = true};
    for (unsigned i = 0; i < 20; i++)
        all[i] = arena_printf(r->op.arena, "t%u", i);
    assert_int_equal(by_their_link(r, &w), OK);
    assert_true(room_seen(r).wishes.n_refused == 20 && refused(r, 19));
    w.n_refused = 17;
    assert_int_equal(by_their_link(r, &w), OK);
    assert_true(room_seen(r).wishes.n_refused == 17 && !refused(r, 17));
    struct outreach_wish calls = {.no_calls = all, .n_no_calls = 20, .calls_said = true};
    assert_int_equal(by_their_link(r, &calls), OK);
    assert_true(room_seen(r).calls.n == 20 && !room_seen(r).calls.lost);
}

static void topics_beyond_all_room_count_and_stay(void **state)
{
    struct room *r = *state;
    const unsigned last = WISH_TOPICS + 5;
    struct outreach_wish quiet = hours("21:00", "09:00");
    str more = STR("heart"), first = STR("t0");
    struct json *shown;
    struct outreach_wish one = {.refused = &more, .n_refused = 1, .topics_said = true};
    struct outreach_wish less = {.refused = &first, .n_refused = 1, .topics_said = true};
    refuse(r, last + 1);
    assert_true(refused(r, last) && !refused(r, last + 1));
    assert_int_equal(by_their_link(r, &quiet), OK);
    assert_true(refused(r, 0) && refused(r, last) && str_eq(hours_now(r), STR("21:00-09:00")));
    assert_int_equal(by_staff_link(r, &one), OK); /* behind the others, and it counts */
    assert_int_equal(by_staff_link(r, &one), OK);
    const struct recipient p = room_seen(r);
    assert_true(wishes_refuse(&p.wishes, more) && refused(r, last));
    assert_int_equal(outreach_wishes(&r->op, r->o, r->patient, &shown), OK);
    assert_int_equal(JSON_GET(shown, "refused")->n, last + 2);
    assert_int_equal(by_their_link(r, &less), OK); /* of those that are shown the others go */
    assert_true(refused(r, 0) && !refused(r, 1) && refused(r, last));
    assert_int_equal(room_seen(r).wishes.n_refused, 1 + last + 2 - WISH_TOPICS);
}

/* A no to so many calls that one found no room: nobody calls, and what is shown says so. */
static void calls_that_nobody_makes_are_not_shown_as_wanted(void **state)
{
    struct room *r = *state;
    struct json *shown;
    struct buf b;
    buf_init(&b, r->op.arena, 16384);
    buf_printf(&b,
               "{\"resourceType\":\"Consent\",\"status\":\"active\",\"dateTime\":"
               "\"2026-11-24T10:00:00Z\",\"scope\":{\"coding\":[{\"code\":\"patient-privacy\"}]},"
               "\"category\":[{\"coding\":[{\"system\":\"" CONSENT_CATEGORY
               "\",\"code\":\"" TOPIC_CATEGORY "\"}]}],\"policyRule\":{\"text\":\"x\"},"
               "\"patient\":{\"reference\":\"Patient/%.*s\"},\"provision\":{\"type\":\"deny\","
               "\"code\":[{\"coding\":[{\"system\":\"%s\",\"code\":\"voice\"}]}],\"purpose\":[",
               STR_ARG(r->patient), "https://weft.health/fhir/contact-channel");
    for (unsigned i = 0; i <= WISH_TOPICS; i++)
        buf_printf(&b, "%s{\"system\":\"" TOPIC_SYSTEM "\",\"code\":\"t%u\"}", i ? "," : "", i);
    buf_printf(&b, "]}}");
    assert_int_equal(outreach_wishes(&r->op, r->o, r->patient, &shown), OK);
    assert_true(json_bool(JSON_GET(shown, "voice"), true) && !JSON_GET(shown, "callsFull"));
    (void)room_put(r, buf_str(&b));
    const struct recipient p = room_seen(r);
    assert_true(p.calls.lost && recipient_no_calls(&p, STR("anything")));
    assert_int_equal(outreach_wishes(&r->op, r->o, r->patient, &shown), OK);
    assert_false(json_bool(JSON_GET(shown, "voice"), true));
    assert_true(json_bool(JSON_GET(shown, "callsFull"), false));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_room, room_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_link_of_staff_makes_no_quiet_hour_loud),
        TEST(a_link_of_staff_moves_no_quiet_hour_elsewhere),
        TEST(a_link_of_staff_leaves_half_of_quiet_hours_quiet),
        TEST(a_way_by_a_link_of_staff_is_no_yes),
        TEST(more_topics_than_the_page_has_are_held),
        TEST(topics_beyond_all_room_count_and_stay),
        TEST(calls_that_nobody_makes_are_not_shown_as_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
