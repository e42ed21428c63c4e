/* "Text me about check-ups, mail me about visits": each message of a plan goes by what it is about
 * itself, in the run as in the simulation of it. */
#include "base/bidi.h"
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

/* A campaign about that with these steps. */
static str outline_of(struct play *p, const char *purpose, str group, const char *steps)
{
    static const char form[] =
        "{\"resourceType\":\"PlanDefinition\",\"status\":\"draft\",\"title\":\"Two\",\"extension\":"
        "[{\"url\":\"" PLAN_URL "kind\",\"valueCode\":\"campaign\"},{\"url\":\"" PLAN_URL
        "programme\",\"valueCode\":\"two\"},{\"url\":\"" PLAN_URL
        "purpose\",\"valueCode\":\"%s\"},{\"url\":\"" PLAN_URL
        "audience\",\"valueReference\":{\"reference\":\"Group/%.*s\"}}],\"action\":[%s,%s]}";
    struct json *plan, *o;
    str text =
        arena_printf(p->g->arena, form, purpose, STR_ARG(group), STEP("enrol", "enrol", ""), steps);
    as(p, &p->author);
    ok(p, json_read(&p->g->op, text, &JSON_LIMITS_DEFAULT, &plan));
    ok(p, campaign_put(&p->g->op, p->c, STR_NONE, plan, &o));
    return json_get_str(o, STR("id"));
}

static str outline(struct play *p, str group, const char *steps)
{
    return outline_of(p, CHECKUP, group, steps);
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

#define ABOUT_SALE ",\"extension\":[" EXT("purpose", "\"valueCode\":\"marketing\"") "]"
#define NESTED(id, code)                                                                           \
    "{\"id\":\"" id "\",\"title\":\"" id                                                           \
    "\",\"code\":[{\"coding\":[{\"system\":\"" PLAN_STEP_SYSTEM "\",\"code\":\"" code "\"}]}]}"
/* One that is answered "1": by these words, then what comes of it. */
#define QUESTION(id, words, about, day, echo, then)                                                \
    STEP(id, "ask",                                                                                \
         ",\"textEquivalent\":\"" words "\"" about                                                 \
         ",\"action\":[{\"prefix\":\"1\",\"title\":\"One\",\"textEquivalent\":\"" echo             \
         "\",\"code\":[{\"coding\":[{\"system\":\"" PLAN_STEP_SYSTEM                               \
         "\",\"code\":\"path\"}]}],\"extension\":[" EXT(                                           \
             "answer", "\"valueCode\":\"worse\"") "]" then "}]" DAYS(day))
#define CASE ",\"action\":[" NESTED("looks", "case") "]"
#define SALE_CASE ",\"action\":[" NESTED("told", "case") "]"

/* What they are told in answer is about what they were asked, whatever came since. */
static void an_echo_is_about_its_question(void **state)
{
    struct play *p = *state;
    str lee = both_ways(p, 910, WISHES(WISH(VISIT, "email") "," WISH(CHECKUP, "sms")));
    run_it(p, outline(p, group_of(p, &lee, 1),
                      QUESTION("time", "Can you come? 1 No", ABOUT_VISIT, "0", "We will call.",
                               CASE) "," STEP("check", "message",
                                              ",\"textEquivalent\":\"A check-up is due. Call "
                                              "us.\"" DAYS("2"))));
    p->now = DISCHARGE + 20 * HOUR; /* Wednesday, in its hours */
    settle(p);
    assert_has(last_words(p, lee), "Can you come?");
    assert_way(p, lee, "email");
    for (int i = 0; i < 5; i++) {
        p->now += PLAN_DAY_MS;
        settle(p);
    }
    assert_has(last_words(p, lee), "A check-up is due.");
    assert_way(p, lee, "sms");
    says(p, 910, "1");
    assert_has(last_words(p, lee), "We will call.");
    assert_way(p, lee, "email");
}

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
    ok(p, json_read(&p->g->op,
                    STR("{\"MSG-12\":{\"params\":{\"allowed\":[\"wellness_checkup\",\"provision_of_"
                        "treatment\",\"marketing\"]},"
                        "\"reason\":\"classes\",\"approver\":\"board\"}}"),
                    &JSON_LIMITS_DEFAULT, &o));
    ok(p, rulebook_new(&p->g->op, o, &book));
    record_set_rules(p->g->rec, book, NULL);
}

/* They agreed to what sells, too. */
static str buys(struct play *p, unsigned n)
{
    str who = both_ways(p, n, NULL);
    house_sells(p);
    purposes(p, who,
             "[{\"system\":\"https://weft.health/fhir/contact-purpose\",\"code\":\"care\"},"
             "{\"system\":\"https://weft.health/fhir/contact-purpose\",\"code\":\"marketing\"}]");
    return who;
}

/* And take it back. */
static void buys_no_more(struct play *p, str who)
{
    purposes(p, who,
             "[{\"system\":\"https://weft.health/fhir/contact-purpose\",\"code\":\"care\"}]");
    change(p, "Patient", who, STR("extension"),
           WISHES("{\"url\":\"refusedTopic\",\"valueCode\":\"marketing\"}"));
}

static size_t written(struct play *p, str who)
{
    return found(p, "Communication", "_count=50", who).n;
}

/* Asked on Wednesday how they are; two days later comes what sells. */
static str asked_twice(struct play *p, unsigned n, const char *steps)
{
    str lee = buys(p, n);
    run_it(p, outline(p, group_of(p, &lee, 1), steps));
    p->now = DISCHARGE + 20 * HOUR; /* Wednesday, in its hours */
    settle(p);
    assert_has(last_words(p, lee), "Is all well?");
    return lee;
}

static void offered(struct play *p, str who)
{
    for (int i = 0; i < 8 && str_find(last_words(p, who), STR("A class begins"), 0) == SIZE_MAX;
         i++) {
        p->now += PLAN_DAY_MS;
        settle(p);
    }
    assert_has(last_words(p, who), "A class begins");
}

#define WELL QUESTION("time", "Is all well? 1 No", "", "0", "We will call.", CASE)
#define CLASS QUESTION("offer", "A class begins. Come? 1 Yes", ABOUT_SALE, "2", "See you.", "")
#define ADVERT                                                                                     \
    STEP("offer", "message",                                                                       \
         ",\"textEquivalent\":\"A class begins. Call us.\"" ABOUT_SALE DAYS("2"))
#define CLASS_HELP                                                                                 \
    QUESTION("offer", "A class begins. 1 I need help", ABOUT_SALE, "2", "We will ring.", SALE_CASE)

/* They needed help; then came something that sells, and they want no more of that. What the nurse
 * did is told all the same. */
static void r531_what_a_person_did_is_no_marketing(void **state)
{
    struct play *p = *state;
    str lee = asked_twice(p, 920, WELL "," CLASS);
    says(p, 920, "1");
    assert_has(last_words(p, lee), "We will call.");
    offered(p, lee);
    buys_no_more(p, lee);
    size_t before = written(p, lee);
    case_is_closed(p, lee);
    assert_int_equal(written(p, lee), before + 1);
    assert_has(last_words(p, lee), "Thank you for talking with us");
}

/* What nobody understood, in answer to what sells: that a person reads it is told them. */
static void r531_what_a_person_reads_is_no_marketing(void **state)
{
    struct play *p = *state;
    str lee = asked_twice(p, 921, WELL "," CLASS);
    offered(p, lee);
    buys_no_more(p, lee);
    says(p, 921, "my leg is in plaster, who do I ask about it");
    assert_has(last_words(p, lee), "A person will");
    assert_int_equal(found(p, "Task", "code=case", lee).n, 1);
}

/* The question of care is open still as they take back what sells, of which they were told since.
 */
static void R545_an_open_answer_of_care_is_answered_as_care(void **state)
{
    struct play *p = *state;
    str lee = asked_twice(p, 922, WELL "," ADVERT);
    offered(p, lee);
    buys_no_more(p, lee);
    size_t before = written(p, lee);
    says(p, 922, "1");
    assert_has(last_words(p, lee), "We will call.");
    assert_int_equal(written(p, lee), before + 2); /* theirs, ours */
    assert_int_equal(found(p, "Task", "code=case", lee).n, 1);
    case_is_closed(p, lee);
    assert_has(last_words(p, lee), "Thank you for talking with us");
}

/* "I need help" is care, whatever it was an answer to. */
static void R545_who_needs_help_is_told_so(void **state)
{
    struct play *p = *state;
    str lee = asked_twice(p, 923, WELL "," CLASS_HELP);
    offered(p, lee);
    buys_no_more(p, lee);
    says(p, 923, "1");
    assert_has(last_words(p, lee), "We will ring.");
    assert_int_equal(found(p, "Task", "code=case", lee).n, 1);
}

/* So it is where the whole campaign sells. */
static void R545_help_asked_of_what_sells_is_care(void **state)
{
    struct play *p = *state;
    str lee = buys(p, 927);
    run_it(p, outline_of(p, "marketing", group_of(p, &lee, 1),
                         QUESTION("offer", "A class begins. 1 I need help", "", "0",
                                  "We will ring.", SALE_CASE)));
    p->now = DISCHARGE + 20 * HOUR;
    settle(p);
    offered(p, lee);
    buys_no_more(p, lee);
    says(p, 927, "1");
    assert_has(last_words(p, lee), "We will ring.");
    case_is_closed(p, lee);
    assert_has(last_words(p, lee), "Thank you for talking with us");
}

/* And what sells does not come to them, nor does anybody call for want of a way to say it. */
static void R545_nothing_that_sells_goes_to_them(void **state)
{
    struct play *p = *state;
    str lee = asked_twice(p, 924, WELL "," CLASS);
    buys_no_more(p, lee);
    size_t before = written(p, lee);
    for (int i = 0; i < 12; i++) {
        p->now += PLAN_DAY_MS;
        settle(p);
    }
    assert_int_equal(written(p, lee), before);
    assert_int_equal(found(p, "Task", "code=case", lee).n, 0);
}

/* Nor the words that answer what sells: nobody looks after "yes" to a class. */
static void R545_no_echo_sells(void **state)
{
    struct play *p = *state;
    str lee = asked_twice(p, 925, WELL "," CLASS);
    offered(p, lee);
    writes(p, 925, "1"); /* and take it back before it is looked at */
    buys_no_more(p, lee);
    size_t before = written(p, lee);
    settle(p);
    assert_int_equal(written(p, lee), before);
    assert_int_equal(found(p, "Task", "code=case", lee).n, 0);
}

static void who_still_wants_it_is_told(void **state)
{
    struct play *p = *state;
    str lee = asked_twice(p, 926, WELL "," CLASS);
    offered(p, lee);
    says(p, 926, "1");
    assert_has(last_words(p, lee), "See you");
}

/* Bug: phones turned the groups of the number round. */
static void a_number_in_arabic_is_marked(void **state)
{
    struct play *p = *state;
    struct json *o;
    str who = patient(p, 603, "ar"), id = put(p, "recall", group_of(p, &who, 1));
    as(p, &p->author);
    ok(p, campaign_preview(&p->g->op, p->c, id, who, &o));
    assert_has(json_get_str(json_at(JSON_GET(o, "people"), 0), STR("text")),
               "أو اتصل على " BIDI_LRM "+13125550100" BIDI_RLM ".");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_number_in_arabic_is_marked, open_play, close_play),
        cmocka_unit_test_setup_teardown(each_message_goes_by_what_it_is_about, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(r531_what_a_person_did_is_no_marketing, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(r531_what_a_person_reads_is_no_marketing, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(R545_an_open_answer_of_care_is_answered_as_care, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(R545_who_needs_help_is_told_so, open_play, close_play),
        cmocka_unit_test_setup_teardown(R545_nothing_that_sells_goes_to_them, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(R545_help_asked_of_what_sells_is_care, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(R545_no_echo_sells, open_play, close_play),
        cmocka_unit_test_setup_teardown(who_still_wants_it_is_told, open_play, close_play),
        cmocka_unit_test_setup_teardown(an_echo_is_about_its_question, open_play, close_play),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
