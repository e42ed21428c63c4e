/* "Text me about check-ups, mail me about visits": each message of a plan goes by what it is about
 * itself, in the run as in the simulation of it. */
#include "campaign/play_int.h"

#define CHECKUP "wellness_checkup"
#define VISIT "appointment_or_exam_confirm_remind"
#define EXT(name, value) "{\"url\":\"" PLAN_URL name "\"," value "}"
#define STEP(id, code, more)                                                                       \
    "{\"id\":\"" id "\",\"title\":\"" id                                                           \
    "\",\"code\":[{\"coding\":[{\"system\":\"" PLAN_STEP_SYSTEM "\",\"code\":\"" code              \
    "\"}]}]" more "}"
#define DAYS(n)                                                                                    \
    ",\"relatedAction\":[{\"actionId\":\"enrol\",\"relationship\":\"after-end\","                  \
    "\"offsetDuration\":"                                                                          \
    "{\"value\":" n ",\"system\":\"http://unitsofmeasure.org\",\"code\":\"d\"}}]"

#define ABOUT_VISIT ",\"extension\":[" EXT("purpose", "\"valueCode\":\"" VISIT "\"") "]"

/* A campaign about check-ups with these steps. */
static str outline(struct play *p, str group, const char *steps)
{
    struct json *plan, *o;
    str text = arena_printf(p->g->arena,
                            "{\"resourceType\":\"PlanDefinition\",\"status\":\"draft\",\"title\":"
                            "\"Two\",\"extension\":[%s,{\"url\":\"" PLAN_URL
                            "audience\",\"valueReference\":{\"reference\":\"Group/%.*s\"}}],"
                            "\"action\":[%s,%s]}",
                            EXT("kind", "\"valueCode\":\"campaign\"") "," EXT(
                                "purpose", "\"valueCode\":\"" CHECKUP
                                           "\"") "," EXT("programme", "\"valueCode\":\"two\""),
                            STR_ARG(group), STEP("enrol", "enrol", ""), steps);
    as(p, &p->author);
    ok(p, json_read(&p->g->op, text, &JSON_LIMITS_DEFAULT, &plan));
    ok(p, campaign_put(&p->g->op, p->c, STR_NONE, plan, &o));
    return json_get_str(o, STR("id"));
}

/* Day 0 speaks of a check-up, day 4 of a visit. */
static str two_purposes(struct play *p, str group)
{
    return outline(p, group,
                   STEP("day-0", "message",
                        ",\"textEquivalent\":\"A check-up is due. Call us.\"" DAYS(
                            "0")) "," STEP("day-4", "message",
                                           ",\"textEquivalent\":\"We have a time for you. Call "
                                           "us.\"" ABOUT_VISIT DAYS("4")));
}

static void change(struct play *p, const char *type, str id, str name, const char *value)
{
    struct record_doc doc;
    struct record_result r;
    struct json *o, *x;
    fhir_type t = fhir_type_parse(str_of(type));
    as(p, campaign_system());
    ok(p, record_read(&p->g->op, p->g->rec, t, id, &doc));
    o = tree(p, &doc);
    ok(p, json_read(&p->g->op, str_of(value), &JSON_LIMITS_DEFAULT, &x));
    json_set(p->g->arena, o, name, x);
    ok(p, record_update(&p->g->op, p->g->rec, t, id, o, STR_NONE, &r));
}

#define WISH(purpose, way)                                                                         \
    "{\"url\":\"channel\",\"extension\":[{\"url\":\"purpose\",\"valueCode\":\"" purpose            \
    "\"},{\"url\":\"by\",\"valueCode\":\"" way "\"}]}"
#define WISHES(list) "[{\"url\":\"" WISHES_URL "\",\"extension\":[" list "]}]"

/* Reached by text and by mail; wishes: NULL, none. */
static str both_ways(struct play *p, unsigned n, const char *wishes)
{
    str who = patient(p, n, "en"), mail = arena_printf(p->g->arena, "p%u@example.org", n);
    struct record_page page = found(p, "Consent", "_count=20", who);
    assert_int_equal(page.n, 1);
    change(p, "Patient", who, STR("telecom"),
           (const char *)str_z(
               p->g->arena,
               arena_printf(
                   p->g->arena,
                   "[{\"system\":\"phone\",\"rank\":1,\"value\":\"+1312555%04u\",\"extension\":[{"
                   "\"url\":\"https://weft.health/fhir/StructureDefinition/line-type\","
                   "\"valueCode\":\"wireless\"},{\"url\":\"https://weft.health/fhir/"
                   "StructureDefinition/reassigned-check\",\"extension\":[{\"url\":\"result\","
                   "\"valueCode\":\"no\"},{\"url\":\"date\",\"valueDateTime\":\"%.*s\"}]}]},{"
                   "\"system\":\"email\",\"value\":\"%.*s\"}]",
                   n, STR_ARG(time_format(p->g->arena, p->now - 5 * PLAN_DAY_MS)), STR_ARG(mail))));
    permit(p, who, "email", "email", mail);
    if (wishes)
        change(p, "Patient", who, STR("extension"), wishes);
    return who;
}

/* All that they agreed to by text, from now on. */
static void purposes(struct play *p, str who, const char *list)
{
    struct record_page page = found(p, "Consent", "_count=20", who);
    for (size_t i = 0; i < page.n; i++) {
        struct json *o = tree(p, &page.docs[i]), *rule = JSON_GET(o, "provision"), *x;
        struct record_result r;
        if (!str_eq(json_str(json_path(rule, "code.0.coding.0.code")), STR("sms")))
            continue;
        ok(p, json_read(&p->g->op, str_of(list), &JSON_LIMITS_DEFAULT, &x));
        json_set(p->g->arena, rule, STR("purpose"), x);
        as(p, campaign_system());
        ok(p, record_update(&p->g->op, p->g->rec, page.docs[i].type, page.docs[i].id, o, STR_NONE,
                            &r));
    }
}

/* Mail is for visits alone: of that alone their consent is. */
static void mail_for_visits_alone(struct play *p, str who)
{
    struct record_page page = found(p, "Consent", "_count=20", who);
    for (size_t i = 0; i < page.n; i++) {
        struct json *o = tree(p, &page.docs[i]), *rule = JSON_GET(o, "provision");
        struct json *list = json_new(p->g->arena, JSON_ARRAY);
        struct record_result r;
        if (!str_eq(json_str(json_path(rule, "code.0.coding.0.code")), STR("email")))
            continue;
        json_push(p->g->arena, list, json_path(rule, "purpose.1"));
        json_set(p->g->arena, rule, STR("purpose"), list);
        as(p, campaign_system());
        ok(p, record_update(&p->g->op, p->g->rec, page.docs[i].type, page.docs[i].id, o, STR_NONE,
                            &r));
    }
}

static str last_way(struct play *p, str who)
{
    struct record_page page = found(p, "Communication", "_sort=-sent&_count=20", who);
    for (size_t i = 0; i < page.n; i++) {
        struct json *t = tree(p, &page.docs[i]);
        if (!str_starts(json_str(json_path(t, "sender.reference")), STR("Patient/")))
            return json_str(json_path(t, "medium.0.coding.0.code"));
    }
    return STR_NONE;
}

static void assert_way(struct play *p, str who, const char *way)
{
    str is = last_way(p, who);
    if (!str_eq(is, str_of(way)))
        print_error("by %.*s, not %s\n", STR_ARG(is), way);
    assert_true(str_eq(is, str_of(way)));
}

static int64_t planned(const struct json *o, unsigned day, const char *way)
{
    int64_t n = number_of(json_at(JSON_GET(o, "days"), day), way);
    return n < 0 ? 0 : n;
}

static void each_message_goes_by_what_it_is_about(void **state)
{
    struct play *p = *state;
    static const struct {
        const char *wishes, *day_0, *day_4;
        bool narrow;
    } rows[] = {
        {WISHES(WISH(VISIT, "email") "," WISH(CHECKUP, "sms")), "sms", "email", false},
        {WISHES(WISH(VISIT, "sms") "," WISH(CHECKUP, "email")), "email", "sms", false},
        {WISHES(WISH(VISIT, "email")), "sms", "email", false},
        {WISHES(WISH(WISH_CARE, "email")), "email", "sms", false}, /* of all that is no visit */
        {NULL, "sms", "sms", false},
        {WISHES(WISH(CHECKUP, "email") "," WISH(VISIT, "email")), "sms", "email", true},
    };
    str who[6];
    struct json *o;
    struct campaign_days days = {.days = 30};
    for (unsigned i = 0; i < 6; i++) {
        who[i] = both_ways(p, 900 + i, rows[i].wishes);
        if (rows[i].narrow)
            mail_for_visits_alone(p, who[i]);
    }
    p->now = DISCHARGE + 7 * PLAN_DAY_MS - 9 * HOUR; /* a Tuesday, before its hours */
    str id = two_purposes(p, group_of(p, who, 6));
    as(p, campaign_system());
    ok(p, people_start(&p->g->op, p->c->people));
    ok(p, people_wait(&p->g->op, p->c->people, record_now_t(p->g->rec)));
    as(p, &p->author);
    ok(p, campaign_simulate(&p->g->op, p->c, id, &days, &o));
    people_stop(p->c->people);
    run_it(p, id);
    p->now += 10 * HOUR;
    settle(p);
    int64_t mails[2] = {0}, texts[2] = {0};
    for (unsigned i = 0; i < 6; i++) {
        assert_way(p, who[i], rows[i].day_0);
        mails[0] += strcmp(rows[i].day_0, "email") == 0;
        mails[1] += strcmp(rows[i].day_4, "email") == 0;
    }
    for (int i = 0; i < 5; i++) {
        p->now += PLAN_DAY_MS;
        settle(p);
    }
    for (unsigned i = 0; i < 6; i++) {
        assert_way(p, who[i], rows[i].day_4);
        assert_int_equal(found(p, "Communication", "_count=20", who[i]).n, 2);
    }
    int64_t sum[2] = {0};
    for (unsigned d = 0; d < 30; d++) {
        unsigned part = d > 2;
        sum[part] += planned(o, d, "email");
        texts[part] += planned(o, d, "sms");
    }
    for (unsigned k = 0; k < 2; k++) {
        assert_int_equal(sum[k], mails[k]);
        assert_int_equal(texts[k], 6 - mails[k]);
    }
}

/* What they are told in answer is about what they were asked. */
static void an_echo_is_about_its_question(void **state)
{
    struct play *p = *state;
    str lee = both_ways(p, 910, WISHES(WISH(VISIT, "email") "," WISH(CHECKUP, "sms")));
    run_it(p, outline(p, group_of(p, &lee, 1),
                      STEP("time", "ask",
                           ",\"textEquivalent\":\"Can you come? 1 Yes\"" ABOUT_VISIT
                           ",\"action\":[{\"prefix\":\"1\",\"title\":\"Yes\",\"textEquivalent\":"
                           "\"See you then.\",\"code\":[{\"coding\":[{\"system\":"
                           "\"" PLAN_STEP_SYSTEM "\",\"code\":\"path\"}]}],\"extension\":[" EXT(
                               "answer", "\"valueCode\":\"yes\"") "]}]")));
    p->now = DISCHARGE + 20 * HOUR; /* Wednesday, in its hours */
    settle(p);
    assert_has(last_words(p, lee), "Can you come?");
    assert_way(p, lee, "email");
    says(p, 910, "1");
    assert_has(last_words(p, lee), "See you then.");
    assert_way(p, lee, "email");
}

#define ABOUT_SALE ",\"extension\":[" EXT("purpose", "\"valueCode\":\"marketing\"") "]"
#define NESTED(id, code)                                                                           \
    "{\"id\":\"" id "\",\"title\":\"" id                                                           \
    "\",\"code\":[{\"coding\":[{\"system\":\"" PLAN_STEP_SYSTEM "\",\"code\":\"" code "\"}]}]}"

static void case_is_closed(struct play *p, str who)
{
    struct record_page cases = found(p, "Task", "code=case", who);
    assert_int_equal(cases.n, 1);
    change(p, "Task", cases.docs[0].id, STR("output"),
           "[{\"type\":{\"text\":\"outcome\"},\"valueCodeableConcept\":{\"coding\":[{\"code\":"
           "\"advice-given\"}]}}]");
    write_status(p, "Task", cases.docs[0].id, "completed");
}

/* A house that sells: its list of purposes (MSG-12) is its own to extend. */
static void house_sells(struct play *p)
{
    struct rulebook *book;
    struct json *o;
    as(p, campaign_system());
    ok(p,
       json_read(&p->g->op,
                 STR("{\"MSG-12\":{\"params\":{\"allowed\":[\"wellness_checkup\",\"marketing\"]},"
                     "\"reason\":\"classes\",\"approver\":\"board\"}}"),
                 &JSON_LIMITS_DEFAULT, &o));
    ok(p, rulebook_new(&p->g->op, o, &book));
    record_set_rules(p->g->rec, book, NULL);
}

/* They needed help; then came something that sells, and they want no more of that. What the
 * nurse did, and that a person reads what nobody understood, is told all the same. */
static void r531_an_answer_to_a_person_is_no_marketing(void **state)
{
    struct play *p = *state;
    str lee = both_ways(p, 920, NULL);
    static const char sold[] =
        "[{\"system\":\"https://weft.health/fhir/contact-purpose\",\"code\":\"care\"},"
        "{\"system\":\"https://weft.health/fhir/contact-purpose\",\"code\":\"marketing\"}]";
    static const char care[] =
        "[{\"system\":\"https://weft.health/fhir/contact-purpose\",\"code\":\"care\"}]";
    house_sells(p);
    purposes(p, lee, sold);
    run_it(
        p,
        outline(
            p, group_of(p, &lee, 1),
            STEP(
                "time", "ask",
                ",\"textEquivalent\":\"Is all well? 1 No\",\"action\":[{\"prefix\":\"1\","
                "\"title\":\"No\",\"textEquivalent\":\"We will call.\",\"code\":[{"
                "\"coding\":[{\"system\":\"" PLAN_STEP_SYSTEM
                "\",\"code\":\"path\"}]}],\"extension\":[" EXT("answer", "\"valueCode\":\"worse\"") "],\"action\":[" NESTED(
                    "looks",
                    "case") "]}]" DAYS("0")) "," STEP("offer", "ask",
                                                      ",\"textEquivalent\":\"A class begins. Come? "
                                                      "1 Yes\"" ABOUT_SALE
                                                      ",\"action\":[{\"prefix\":\"1\",\"title\":"
                                                      "\"Yes\",\"textEquivalent\":\"See "
                                                      "you.\",\"code\":[{"
                                                      "\"coding\":[{\"system\":\"" PLAN_STEP_SYSTEM
                                                      "\",\"code\":\"path\"}]}],\"extension\":"
                                                      "[" EXT(
                                                          "answer",
                                                          "\"valueCode\":\"yes\"") "]}]" DAYS("2"))));
    p->now = DISCHARGE + 20 * HOUR; /* Wednesday, in its hours */
    settle(p);
    says(p, 920, "1");
    assert_has(last_words(p, lee), "We will call.");
    for (int i = 0; i < 4; i++) {
        p->now += PLAN_DAY_MS;
        settle(p);
    }
    assert_has(last_words(p, lee), "A class begins");
    purposes(p, lee, care);
    change(p, "Patient", lee, STR("extension"),
           WISHES("{\"url\":\"refusedTopic\",\"valueCode\":\"marketing\"}"));
    case_is_closed(p, lee);
    assert_true(str_find(last_words(p, lee), STR("A class begins"), 0) == SIZE_MAX);
    size_t told = found(p, "Communication", "_count=50", lee).n;
    says(p, 920, "my leg is in plaster, who do I ask about it");
    assert_int_equal(found(p, "Communication", "_count=50", lee).n, told + 2); /* theirs, ours */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_message_goes_by_what_it_is_about, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(r531_an_answer_to_a_person_is_no_marketing, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(an_echo_is_about_its_question, open_play, close_play),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
