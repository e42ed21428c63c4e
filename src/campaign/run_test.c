/* Lives over a real record and a real rulebook: the thirty days after discharge with their answers,
 * cases and outcomes; a campaign from draft to stop. The clock is ours. */
#include "campaign/audience.h"
#include "campaign/link.h"
#include "campaign/play_int.h"

/* Home from the hospital, and the first question the morning after. */
static void asked_next_day(struct play *p, str who)
{
    discharge(p, who);
    settle(p);
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
}

static void thirty_days_after_discharge(void **state)
{
    struct play *p = *state;
    str id = put(p, "post-discharge", STR_NONE);
    assert_int_equal(try_step(p, &p->author, id, CAMPAIGN_APPROVE), ERR_CONFLICT);
    run_it(p, id);
    str lee = patient(p, 101, "en");
    discharge(p, lee);
    settle(p);
    struct record_page plans = found(p, "CarePlan", "status=active", lee);
    assert_int_equal(plans.n, 1);
    p->now = DISCHARGE + 18 * HOUR + 10 * 60000; /* Wed 9:10: not yet */
    settle(p);
    assert_true(str_empty(last_words(p, lee)));
    p->now = DISCHARGE + 19 * HOUR; /* Wed 10:00 */
    settle(p);
    assert_has(last_words(p, lee), "1 I feel worse 2 A question 3 Need a visit 4 I'm OK");
    assert_has(last_words(p, lee), "North Clinic: ");
    p->now += HOUR;
    says(p, 101, "2");
    assert_has(last_words(p, lee), "1 Side effect 2 Can't get it");
    struct record_page said = found(p, "Communication", "sender:missing=false&_count=5", lee);
    assert_int_equal(said.n, 1);
    struct json *words = tree(p, &said.docs[0]); /* how it was understood stands with the words */
    assert_str(json_str(json_path(words, "extension.0.extension.0.valueCode")), "number");
    assert_str(json_str(json_path(words, "extension.0.extension.1.valueString")), "2");
    assert_str(json_str(json_path(words, "extension.0.extension.3.valueInteger")), "100");
    p->now += 60000;
    says(p, 101, "can't afford it");
    assert_has(last_words(p, lee), "Your nurse or a colleague will call by ");
    struct record_page cases = found(p, "Task", "status=requested", lee);
    assert_int_equal(cases.n, 1);
    struct json *task = tree(p, &cases.docs[0]);
    assert_has(json_get_str(task, STR("description")), "can't afford it");
    assert_str(json_get_str(task, STR("priority")), "urgent");
    assert_false(str_empty(json_str(json_path(task, "executionPeriod.end"))));

    struct record_result r;
    str nurse =
        ground_make(p->g, "{\"resourceType\":\"Practitioner\",\"name\":[{\"family\":\"A\"}]}");
    struct actor ana = p->g->nurse;
    ana.reference = arena_printf(p->g->arena, "Practitioner/%.*s", STR_ARG(nurse));
    as(p, &ana);
    ok(p, desk_claim(&p->g->op, p->g->rec, cases.docs[0].id, &r));
    ok(p, desk_resolve(&p->g->op, p->g->rec, cases.docs[0].id, STR("medication-changed"),
                       STR("Switched to a covered option"), &r));
    settle(p);
    assert_has(last_words(p, lee), "We sent your question to your doctor");

    says(p, 101, "por favor paren");
    assert_int_equal(found(p, "CarePlan", "status=active", lee).n, 0);
    assert_int_equal(found(p, "CarePlan", "status=revoked", lee).n, 1);
    size_t had = found(p, "Communication", "_count=50", lee).n;
    p->now = DISCHARGE + 4 * PLAN_DAY_MS;
    settle(p);
    assert_int_equal(found(p, "Communication", "_count=50", lee).n, had);
}

/* Of the plan that the house ships, with other words in its first step. */
static str put_words(struct play *p, const char *code, const char *words)
{
    struct json *plan = NULL, *o;
    as(p, &p->author);
    for (size_t i = 0; plan_shipped_at(i); i++)
        if (strcmp(plan_shipped_at(i)->code, code) == 0)
            ok(p,
               json_read(&p->g->op, str_of(plan_shipped_at(i)->plan), &JSON_LIMITS_DEFAULT, &plan));
    json_set_str(p->g->arena, json_path(plan, "action.1"), STR("textEquivalent"), str_of(words));
    ok(p, campaign_put(&p->g->op, p->c, STR_NONE, plan, &o));
    return json_get_str(o, STR("id"));
}

static void a_link_in_the_words_opens_what_was_asked(void **state)
{
    struct play *p = *state;
    struct link_task t;
    set(p, "outreach.domain", "north.example");
    set(p, "public_url", "https://north.example/");
    run_it(p, put_words(p, "post-discharge", "Please look at this: {link} Thank you."));
    str lee = patient(p, 150, "en");
    asked_next_day(p, lee);
    str said = last_words(p, lee);
    assert_has(said, "Please look at this: https://north.example/go/");
    size_t at = str_find(said, STR("/go/"), 0) + 4;
    assert_int_equal(found(p, "Task", "code=asked", lee).n, 1);
    as(p, campaign_system());
    struct link_use use = {.word = str_sub(said, at, at + 22), .done = true};
    ok(p, link_open(&p->g->op, p->c, &use, &t));
    assert_true(t.done);
    assert_str(t.text, "Please look at this:  Thank you.");
    assert_int_equal(found(p, "Task", "code=asked&status=completed", lee).n, 1);
}

/* R234: a step that fails again and again was a line in the trail, and silence for the person. */
static void what_fails_for_good_is_a_call(void **state)
{
    struct play *p = *state;
    struct json *o, *list = json_new(p->g->arena, JSON_ARRAY), *cond;
    str id = put_words(p, "post-discharge", "How are you?");
    as(p, &p->author);
    ok(p,
       json_read(&p->g->op,
                 STR("{\"kind\":\"applicability\",\"expression\":{\"language\":\"text/fhirpath\","
                     "\"expression\":\"(1 | 2).single() = 1\"}}"),
                 &JSON_LIMITS_DEFAULT, &cond));
    json_push(p->g->arena, list, cond);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    struct json *plan = json_dup(p->g->arena, JSON_GET(o, "plan"));
    json_set(p->g->arena, json_path(plan, "action.1"), STR("condition"), list);
    ok(p, campaign_put(&p->g->op, p->c, id, plan, &o));
    run_it(p, id);
    str lee = patient(p, 160, "en");
    discharge(p, lee);
    for (int i = 0; i < 8; i++, p->now += 61000) {
        size_t n;
        as(p, campaign_system());
        ok(p, campaign_follow(&p->g->op, p->c, &n));
        if (campaign_tick(&p->g->op, p->c, &n) != OK)
            op_clear(&p->g->op);
    }
    assert_int_equal(found(p, "Task", "code=case", lee).n, 1);
    assert_str(last_words(p, lee), "");
}

static void silence_ends_in_a_call(void **state)
{
    struct play *p = *state;
    run_it(p, put(p, "post-discharge", STR_NONE));
    str lee = patient(p, 102, "es");
    discharge(p, lee);
    settle(p);
    for (int day = 0; day < 16; day++) {
        p->now = DISCHARGE + day * PLAN_DAY_MS + 20 * HOUR;
        settle(p);
    }
    struct record_page sent = found(p, "Communication", "_count=50", lee);
    assert_int_equal(sent.n, 3); /* no other channel for the last check: a person */
    assert_has(last_words(p, lee), "Como esta en casa");
    struct record_page cases = found(p, "Task", "status=requested", lee);
    assert_int_equal(cases.n, 1);
    assert_has(json_get_str(tree(p, &cases.docs[0]), STR("description")), "Please call by");
}

/* Of the newest message: as the sender writes it when the provider says that it did not arrive. */
static void comes_back(struct play *p, str who)
{
    struct record_result r;
    struct record_page sent = found(p, "Communication", "status=preparation&_sort=-sent", who);
    assert_true(sent.n > 0);
    struct json *c = tree(p, &sent.docs[0]);
    as(p, campaign_system());
    json_set_str(p->g->arena, c, STR("status"), STR("stopped"));
    ok(p, record_update(&p->g->op, p->g->rec, sent.docs[0].type, sent.docs[0].id, c, STR_NONE, &r));
    settle(p);
    settle(p);
}

static void consent_by_mail(struct play *p, str who)
{
    struct record_doc doc;
    struct record_result r;
    struct op *op = &p->g->op;
    as(p, campaign_system());
    ok(p, record_read(op, p->g->rec, fhir_type_parse(STR("Patient")), who, &doc));
    struct json *patient = tree(p, &doc), *mail = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, mail, STR("system"), STR("email"));
    json_set_str(op->arena, mail, STR("value"), STR("lee@example.org"));
    json_push(op->arena, JSON_GET(patient, "telecom"), mail);
    ok(p, record_update(op, p->g->rec, doc.type, who, patient, STR_NONE, &r));
    permit(p, who, "email", "email", STR("lee@example.org"));
}

static void what_does_not_arrive_is_said_another_way_then_a_person_calls(void **state)
{
    struct play *p = *state;
    run_it(p, put(p, "post-discharge", STR_NONE));
    str lee = patient(p, 104, "en");
    asked_next_day(p, lee);
    assert_has(last_words(p, lee), "1 I feel worse");
    consent_by_mail(p, lee);
    comes_back(p, lee);
    struct record_page sent = found(p, "Communication", "_sort=-_lastUpdated&_count=50", lee);
    assert_int_equal(sent.n, 2);
    struct json *second = tree(p, &sent.docs[0]);
    assert_str(json_str(json_path(second, "medium.0.coding.0.code")), "email");
    assert_has(last_words(p, lee), "1 I feel worse");
    assert_int_equal(found(p, "Task", "status=requested", lee).n, 0);
    comes_back(p, lee);
    assert_int_equal(found(p, "Communication", "_count=50", lee).n, 2);
    struct record_page cases = found(p, "Task", "status=requested", lee);
    assert_int_equal(cases.n, 1);
    assert_has(json_get_str(tree(p, &cases.docs[0]), STR("description")), "Please call by");
}

static void what_nobody_understands_goes_to_a_person(void **state)
{
    struct play *p = *state;
    run_it(p, put(p, "post-discharge", STR_NONE));
    str lee = patient(p, 103, "en");
    asked_next_day(p, lee);
    says(p, 103, "my neighbour took the blue ones");
    assert_has(last_words(p, lee), "A person will read this");
    assert_int_equal(found(p, "Task", "status=requested", lee).n, 1);
}

/* Review R306: what a patient wrote themselves was answered to whom they had named for messages. */
static void r306_an_answer_to_the_patient_is_the_patients(void **state)
{
    struct play *p = *state;
    run_it(p, put(p, "post-discharge", STR_NONE));
    str lee = patient(p, 107, "en");
    asked_next_day(p, lee);
    as(p, campaign_system());
    str then = time_format(p->g->arena, p->now - PLAN_DAY_MS);
    str mia = ground_make(
        p->g,
        "{\"resourceType\":\"RelatedPerson\",\"patient\":{\"reference\":\"Patient/%.*s\"},"
        "\"telecom\":[{\"system\":\"phone\",\"value\":\"+13125550977\",\"extension\":[{\"url\":"
        "\"https://weft.health/fhir/StructureDefinition/line-type\",\"valueCode\":\"wireless\"},{"
        "\"url\":\"https://weft.health/fhir/StructureDefinition/reassigned-check\",\"extension\":[{"
        "\"url\":\"result\",\"valueCode\":\"no\"},{\"url\":\"date\",\"valueDateTime\":\"%.*s\"}]}"
        "]}]}",
        STR_ARG(lee), STR_ARG(then));
    ground_make(
        p->g,
        "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"patient-privacy\"}]},"
        "\"category\":[{\"coding\":[{\"system\":\"https://weft.health/fhir/consent-category\","
        "\"code\":\"contact\"}]}],\"patient\":{\"reference\":\"Patient/"
        "%.*s\"},\"dateTime\":\"%.*s\","
        "\"policyRule\":{\"text\":\"paper\"},\"provision\":{\"type\":\"permit\",\"actor\":[{"
        "\"role\":{"
        "\"coding\":[{\"code\":\"PRCP\"}]},\"reference\":{\"reference\":\"RelatedPerson/%.*s\"}}],"
        "\"code\":[{\"coding\":[{\"system\":\"https://weft.health/fhir/contact-channel\",\"code\":"
        "\"sms\"}]}],\"purpose\":[{\"system\":\"https://weft.health/fhir/"
        "contact-purpose\",\"code\":"
        "\"care\"}]}}",
        STR_ARG(lee), STR_ARG(then), STR_ARG(mia));
    p->now += HOUR;
    says(p, 107, "my neighbour took the blue ones");
    str theirs = arena_printf(p->g->arena, "recipient=RelatedPerson/%.*s", STR_ARG(mia));
    assert_int_equal(found(p, "Communication", theirs.p, lee).n, 0);
    assert_int_equal(found(p, "Task", "status=requested", lee).n, 1);
}

static void an_edit_leaves_people_on_their_version(void **state)
{
    struct play *p = *state;
    struct json *o;
    str id = put(p, "post-discharge", STR_NONE);
    run_it(p, id);
    str lee = patient(p, 104, "en");
    discharge(p, lee);
    settle(p);
    as(p, &p->author);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    struct json *plan = JSON_GET(o, "plan"), *first = json_at(JSON_GET(plan, "action"), 1);
    json_set_str(p->g->arena, first, STR("textEquivalent"), STR("New words. 1 Yes"));
    ok(p, campaign_put(&p->g->op, p->c, id, json_dup(p->g->arena, plan), &o));
    assert_str(json_get_str(o, STR("state")), "draft");
    run_it(p, id);
    str ann = patient(p, 105, "en");
    asked_next_day(p, ann);
    assert_has(last_words(p, lee), "1 I feel worse");
    assert_has(last_words(p, ann), "New words.");
    as(p, &p->author);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    const struct json *ways = JSON_GET(o, "underWay");
    assert_int_equal(ways->n, 2); /* each version, and no figure of one person */
    assert_int_equal(number_of(json_at(ways, 0), "version"), 1);
    assert_int_equal(number_of(json_at(ways, 0), "people"), 0);
    assert_int_equal(number_of(json_at(ways, 1), "version"), 2);
    says(p, 104, "STOP");
    as(p, &p->author);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    assert_int_equal(JSON_GET(o, "underWay")->n, 1);
}

static void a_check_names_the_step_and_keeps_nothing(void **state)
{
    struct play *p = *state;
    struct json *plan, *o;
    as(p, &p->author);
    ok(p, json_read(&p->g->op, str_of(plan_shipped_at(0)->plan), &JSON_LIMITS_DEFAULT, &plan));
    ok(p, campaign_check(&p->g->op, json_dup(p->g->arena, plan)));
    json_unset((struct json *)json_at(JSON_GET(plan, "action"), 1), STR("textEquivalent"));
    assert_int_equal(campaign_check(&p->g->op, plan), ERR_UNPROCESSABLE);
    assert_str(p->g->op.fault.issues[0].expression, "PlanDefinition.action[1].textEquivalent");
    as(p, &p->author);
    ok(p, campaign_list(&p->g->op, p->c, &o));
    assert_int_equal(JSON_GET(o, "campaigns")->n, 0);
    as(p, &p->g->nurse);
    assert_int_equal(campaign_check(&p->g->op, plan), ERR_FORBIDDEN);
}

/* GDPR Art. 35: a large campaign that reaches people abroad needs an assessment first. */
static void what_is_published_is_asked_of_the_rules(void **state)
{
    struct play *p = *state;
    str ids[3] = {patient(p, 610, "en"), patient(p, 611, "en"),
                  ground_make(p->g,
                              "{\"resourceType\":\"Patient\",\"address\":[{\"country\":\"GB\","
                              "\"postalCode\":\"SW1A 1AA\"}]}")};
    set(p, "campaign.two_over", "2");
    as(p, campaign_system());
    ok(p, people_start(&p->g->op, p->c->people));
    ok(p, people_wait(&p->g->op, p->c->people, record_now_t(p->g->rec)));
    for (unsigned n = 2; n <= 3; n++) {
        str id = put(p, "immunisation", group_of(p, ids, n));
        assert_str(step(p, &p->author, id, CAMPAIGN_SUBMIT), "submitted");
        assert_true(!str_empty(step(p, &p->other, id, CAMPAIGN_APPROVE)));
        if (n > 2)
            assert_str(step(p, &p->third, id, CAMPAIGN_APPROVE), "approved");
        err e = try_step(p, &p->author, id, CAMPAIGN_SCHEDULE);
        assert_int_equal(e, n > 2 ? ERR_UNPROCESSABLE : OK);
        if (n > 2) {
            assert_str(p->g->op.fault.issues[0].expression, "GDPR-35");
            set(p, "campaign.impact_assessed", "true");
            assert_str(step(p, &p->author, id, CAMPAIGN_SCHEDULE), "scheduled");
        }
    }
    people_stop(p->c->people);
}

static void a_campaign_from_draft_to_stop(void **state)
{
    struct play *p = *state;
    str ids[30];
    struct json *o;
    set(p, "campaign.holdout", "20");
    set(p, "campaign.two_over", "20");
    set(p, "campaign.undo_minutes", "10");
    for (unsigned i = 0; i < 30; i++)
        ids[i] = patient(p, 200 + i, i % 2 ? "es" : "en");
    str id = put(p, "immunisation", group_of(p, ids, 30));
    assert_int_equal(try_step(p, &p->author, id, CAMPAIGN_SCHEDULE), ERR_CONFLICT);
    assert_str(step(p, &p->author, id, CAMPAIGN_SUBMIT), "submitted");
    assert_int_equal(try_step(p, &p->author, id, CAMPAIGN_APPROVE), ERR_FORBIDDEN);
    assert_str(step(p, &p->other, id, CAMPAIGN_APPROVE), "submitted"); /* 30 people: two */
    assert_int_equal(try_step(p, &p->other, id, CAMPAIGN_APPROVE), ERR_CONFLICT);
    assert_str(step(p, &p->third, id, CAMPAIGN_APPROVE), "approved");
    set(p, "campaign.holdout", "0"); /* review R236: the share is the one that was approved */
    assert_str(step(p, &p->author, id, CAMPAIGN_SCHEDULE), "scheduled");
    settle(p);
    assert_str(step(p, &p->author, id, CAMPAIGN_UNDO), "approved");
    p->now += HOUR;
    settle(p);
    for (unsigned i = 0; i < 30; i++)
        assert_true(str_empty(last_words(p, ids[i])));
    assert_str(step(p, &p->author, id, CAMPAIGN_SCHEDULE), "scheduled");
    p->now = DISCHARGE + 24 * HOUR; /* Wed 15:00: the spread has passed for all */
    settle(p);
    settle(p);
    unsigned reached = 0;
    for (unsigned i = 0; i < 30; i++)
        reached += !str_empty(last_words(p, ids[i]));
    as(p, &p->author);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    int64_t held = 0;
    assert_true(json_i64(JSON_GET(o, "held"), &held) && held > 0);
    assert_int_equal(reached, 30 - held);
    assert_str(step(p, &p->third, id, CAMPAIGN_STOP), "stopped");
    p->now = DISCHARGE + 10 * PLAN_DAY_MS;
    settle(p);
    for (unsigned i = 0; i < 30; i++)
        assert_true(found(p, "Communication", "_count=5", ids[i]).n <= 1);
}

/* Review R235: a launch of many batches reads and writes down each but once. */
static void r235_a_long_launch(void **state)
{
    struct play *p = *state;
    static str ids[610];
    struct json *o;
    struct life l;
    bool more = true;
    size_t batches = 0;
    as(p, campaign_system());
    for (unsigned i = 0; i < 610; i++)
        ids[i] = ground_patient(p->g, "1950-03-02", "");
    str id = put(p, "immunisation", group_of(p, ids, 610));
    assert_str(step(p, &p->author, id, CAMPAIGN_SUBMIT), "submitted");
    assert_str(step(p, &p->other, id, CAMPAIGN_APPROVE), "approved");
    as(p, campaign_system());
    for (; more; batches++) {
        ok(p, life_load(&p->g->op, p->g->rec, id, &l));
        ok(p, people_launch(&p->g->op, p->c, &l, &more));
    }
    assert_int_equal(batches, 4);
    ok(p, life_load(&p->g->op, p->g->rec, id, &l));
    assert_int_equal(number_of(l.o, "next"), 610);
    for (unsigned i = 0; i < 610; i++) {
        struct enrolment e = {.plan = id, .patient = ground_rid(p->g, "Patient", ids[i])};
        ok(p, enrolment_load(&p->g->op, p->g->rec, &e));
        assert_false(str_empty(e.text));
    }
    as(p, &p->author);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    assert_int_equal(JSON_GET(o, "log")->n, 5); /* saved, submitted, approved, and two of these */
}

static void the_simulator_says_what_the_run_does(void **state)
{
    struct play *p = *state;
    str ids[40];
    struct json *o;
    struct campaign_days days = {.days = 30};
    set(p, "campaign.holdout", "50"); /* with 20, two or fewer were held in one run of 120 */
    for (unsigned i = 0; i < 40; i++)
        ids[i] = patient(p, 300 + i, i % 2 ? "es" : "en");
    for (unsigned i = 0; i < 5; i++) /* five with nothing but a phone that may be called */
        ids[i] = ground_patient(p->g, "1950-03-02",
                                ",\"telecom\":[{\"system\":\"phone\",\"value\":\"+13125559999\"}]");
    str id = put(p, "immunisation", group_of(p, ids, 40));
    as(p, campaign_system());
    ok(p, people_start(&p->g->op, p->c->people));
    ok(p, people_wait(&p->g->op, p->c->people, record_now_t(p->g->rec)));
    p->now = DISCHARGE + 15 * HOUR; /* before Wednesday's hours */
    as(p, &p->author);
    ok(p, campaign_simulate(&p->g->op, p->c, id, &days, &o));
    people_stop(p->c->people);
    int64_t held = number_of(o, "heldOut"), sent = number_of(o, "reached");
    assert_int_equal(number_of(o, "people"), 40);
    assert_true(held > 2 && sent > 2);
    assert_int_equal(number_of(json_at(JSON_GET(o, "days"), 0), "sent"), sent);
    assert_int_equal(JSON_GET(o, "refused")->n, 0);
    run_it(p, id);
    p->now = DISCHARGE + 24 * HOUR;
    settle(p);
    int64_t real = 0;
    for (unsigned i = 0; i < 40; i++)
        real += !str_empty(last_words(p, ids[i]));
    assert_int_equal(real, sent);
    as(p, &p->author);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    assert_int_equal(number_of(o, "held"), held);
    days.days = 91;
    as(p, &p->author);
    assert_int_equal(campaign_simulate(&p->g->op, p->c, id, &days, &o), ERR_INVALID);
    as(p, &p->g->nurse);
    assert_int_equal(campaign_simulate(&p->g->op, p->c, id, &days, &o), ERR_FORBIDDEN);
}

static void a_nurse_rests_and_ends_a_journey(void **state)
{
    struct play *p = *state;
    struct json *o;
    run_it(p, put(p, "post-discharge", STR_NONE));
    str lee = patient(p, 106, "en");
    discharge(p, lee);
    settle(p);
    str plan = found(p, "CarePlan", "status=active", lee).docs[0].id;
    as(p, &p->g->nurse);
    ok(p, journey_change(&p->g->op, p->c, plan, STR("pause"), p->now + 3 * PLAN_DAY_MS, &o));
    assert_str(json_get_str(o, STR("status")), "on-hold");
    p->now = DISCHARGE + 19 * HOUR;
    settle(p);
    assert_true(str_empty(last_words(p, lee)));
    as(p, &p->g->nurse);
    ok(p, journey_change(&p->g->op, p->c, plan, STR("resume"), 0, &o));
    settle(p);
    assert_has(last_words(p, lee), "1 I feel worse");
    as(p, &p->author);
    assert_int_equal(journey_change(&p->g->op, p->c, plan, STR("exit"), 0, &o), ERR_FORBIDDEN);
    as(p, &p->g->nurse);
    ok(p, journey_change(&p->g->op, p->c, plan, STR("exit"), 0, &o));
    assert_int_equal(found(p, "CarePlan", "status=revoked", lee).n, 1);
    as(p, &p->g->nurse);
    assert_int_equal(journey_change(&p->g->op, p->c, plan, STR("exit"), 0, &o), ERR_CONFLICT);
}

static void a_preview_says_when_how_and_why(void **state)
{
    struct play *p = *state;
    struct json *o;
    str ids[2] = {patient(p, 601, "es"), patient(p, 602, "en")};
    str id = put(p, "recall", group_of(p, ids, 2));
    as(p, &p->author);
    ok(p, campaign_preview(&p->g->op, p->c, id, ids[0], &o));
    const struct json *row = json_at(JSON_GET(o, "people"), 0);
    assert_str(json_get_str(row, STR("language")), "es");
    assert_str(json_get_str(row, STR("channel")), "sms");
    assert_has(json_str(json_path(row, "because.en")), "because");
    assert_has(json_get_str(row, STR("text")), "Le toca una cita");
    as(p, &p->author);
    ok(p, campaign_preview(&p->g->op, p->c, id, STR_NONE, &o));
    assert_int_equal(JSON_GET(o, "people")->n, 2);
    as(p, campaign_system());
    str amina = ground_make(p->g, "{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"أمينة\"],"
                                  "\"family\":\"منصور\"}]}");
    as(p, &p->author);
    ok(p, campaign_preview(&p->g->op, p->c, id, amina, &o));
    assert_str(json_get_str(json_at(JSON_GET(o, "people"), 0), STR("name")), "أمينة م.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(thirty_days_after_discharge, open_play, close_play),
        cmocka_unit_test_setup_teardown(what_fails_for_good_is_a_call, open_play, close_play),
        cmocka_unit_test_setup_teardown(silence_ends_in_a_call, open_play, close_play),
        cmocka_unit_test_setup_teardown(a_link_in_the_words_opens_what_was_asked, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(
            what_does_not_arrive_is_said_another_way_then_a_person_calls, open_play, close_play),
        cmocka_unit_test_setup_teardown(what_nobody_understands_goes_to_a_person, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(r306_an_answer_to_the_patient_is_the_patients, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(an_edit_leaves_people_on_their_version, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(a_check_names_the_step_and_keeps_nothing, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(what_is_published_is_asked_of_the_rules, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(a_campaign_from_draft_to_stop, open_play, close_play),
        cmocka_unit_test_setup_teardown(a_nurse_rests_and_ends_a_journey, open_play, close_play),
        cmocka_unit_test_setup_teardown(a_preview_says_when_how_and_why, open_play, close_play),
        cmocka_unit_test_setup_teardown(r235_a_long_launch, open_play, close_play),
        cmocka_unit_test_setup_teardown(the_simulator_says_what_the_run_does, open_play,
                                        close_play),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
