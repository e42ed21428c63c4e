/* What one account alone may learn or set going: nothing of a veiled audience by a draft, nothing
 * of the record by its conditions; no approval of what one wrote, or what nobody read. */
#include "campaign/play_int.h"

/* What anybody with the role may do by FHIR's own ways. */
static void change_outside(struct play *p, const struct actor *who, str id, str title)
{
    struct record_result r;
    struct json *o, *plan;
    as(p, who);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    plan = json_dup(p->g->arena, JSON_GET(o, "plan"));
    json_set_str(p->g->arena, plan, STR("title"), title);
    ok(p, fhir_validate(&p->g->op, plan));
    ok(p, record_update(&p->g->op, p->g->rec, fhir_type_parse(STR("PlanDefinition")), id, plan,
                        STR_NONE, &r));
}

/* R224: what is approved is what was read; who wrote it does not approve it, by whatever way. */
static void what_was_changed_elsewhere_is_not_approved(void **state)
{
    struct play *p = *state;
    struct json *o;
    str one = patient(p, 701, "en"), id = put(p, "recall", group_of(p, &one, 1));
    assert_str(step(p, &p->author, id, CAMPAIGN_SUBMIT), "submitted");
    change_outside(p, &p->author, id, STR("Harmless"));
    assert_int_equal(try_step(p, &p->other, id, CAMPAIGN_APPROVE), ERR_CONFLICT);
    assert_str(step(p, &p->other, id, CAMPAIGN_REFUSE), "draft");
    /* nobody knows who wrote that */
    assert_int_equal(try_step(p, &p->third, id, CAMPAIGN_SUBMIT), ERR_CONFLICT);
    as(p, &p->other);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    ok(p, campaign_put(&p->g->op, p->c, id, json_dup(p->g->arena, JSON_GET(o, "plan")), &o));
    assert_str(step(p, &p->third, id, CAMPAIGN_SUBMIT), "submitted");
    /* the first author, the second, and who stands for it */
    assert_int_equal(try_step(p, &p->author, id, CAMPAIGN_APPROVE), ERR_FORBIDDEN);
    assert_int_equal(try_step(p, &p->other, id, CAMPAIGN_APPROVE), ERR_FORBIDDEN);
    assert_int_equal(try_step(p, &p->third, id, CAMPAIGN_APPROVE), ERR_FORBIDDEN);
    struct actor fourth = p->third;
    fourth.user = STR("dee");
    assert_str(step(p, &fourth, id, CAMPAIGN_APPROVE), "approved");
}

/* R237: two accounts of one person are one person, as author and as approver. */
static void two_accounts_of_one_person_are_one(void **state)
{
    struct play *p = *state;
    struct actor second;
    set(p, "campaign.two_over", "0");
    str one = patient(p, 711, "en"), id = put(p, "recall", group_of(p, &one, 1));
    assert_str(step(p, &p->author, id, CAMPAIGN_SUBMIT), "submitted");
    p->other.reference = STR("Practitioner/bob");
    assert_str(step(p, &p->other, id, CAMPAIGN_APPROVE), "submitted");
    second = p->other;
    second.user = STR("bob2");
    assert_int_equal(try_step(p, &second, id, CAMPAIGN_APPROVE), ERR_CONFLICT);
    assert_str(step(p, &p->third, id, CAMPAIGN_APPROVE), "approved");
    p->author.reference = STR("Practitioner/ann");
    id = put(p, "recall", group_of(p, &one, 1));
    assert_str(step(p, &p->author, id, CAMPAIGN_SUBMIT), "submitted");
    second = p->author;
    second.user = STR("ann2");
    assert_int_equal(try_step(p, &second, id, CAMPAIGN_APPROVE), ERR_FORBIDDEN);
}

/* Who approves is told for whom it is and how many that is; for nobody it is not asked. */
static void who_approves_is_told_for_whom(void **state)
{
    struct play *p = *state;
    struct json *o;
    int64_t asked = 0;
    str one = patient(p, 721, "en"), none = put(p, "recall", STR_NONE);
    assert_int_equal(try_step(p, &p->author, none, CAMPAIGN_SUBMIT), ERR_UNPROCESSABLE);
    as(p, &p->other);
    ok(p, campaign_get(&p->g->op, p->c, none, &o));
    assert_str(json_get_str(o, STR("state")), "draft");
    str id = put(p, "recall", group_of(p, &one, 1));
    assert_str(step(p, &p->author, id, CAMPAIGN_SUBMIT), "submitted");
    as(p, &p->other);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    assert_true(json_i64(JSON_GET(o, "asked"), &asked));
    assert_int_equal(asked, 1);
    assert_false(str_empty(json_get_str(o, STR("audience"))));
    /* a journey is for whoever comes into it */
    assert_str(step(p, &p->author, put(p, "post-discharge", STR_NONE), CAMPAIGN_SUBMIT),
               "submitted");
}

/* R223: a group that went away stops its campaign, and nobody's journey. */
static void a_broken_campaign_stops_no_other(void **state)
{
    struct play *p = *state;
    struct record_result r;
    size_t n;
    run_it(p, put(p, "post-discharge", STR_NONE));
    str one = patient(p, 702, "en"), group = group_of(p, &one, 1), id = put(p, "recall", group);
    assert_str(step(p, &p->author, id, CAMPAIGN_SUBMIT), "submitted");
    assert_str(step(p, &p->other, id, CAMPAIGN_APPROVE), "approved");
    assert_str(step(p, &p->author, id, CAMPAIGN_SCHEDULE), "scheduled");
    as(p, campaign_system());
    ok(p, record_delete(&p->g->op, p->g->rec, fhir_type_parse(STR("Group")), group, STR_NONE, &r));
    str lee = patient(p, 703, "en");
    discharge(p, lee);
    for (int i = 0; i < 2; i++) {
        p->now = DISCHARGE + (i ? 19 : 1) * HOUR;
        for (int k = 0; k < 5; k++, p->now += 1100) {
            as(p, campaign_system());
            ok(p, campaign_follow(&p->g->op, p->c, &n));
            (void)!campaign_tick(&p->g->op, p->c, &n);
        }
    }
    assert_has(last_words(p, lee), "1 I feel worse");
    assert_true(str_empty(last_words(p, one)));
}

static str veiled_group(struct play *p)
{
    return ground_make(
        p->g, "{\"resourceType\":\"Group\",\"type\":\"person\",\"actual\":false,\"name\":\"x\","
              "\"extension\":[{\"url\":\"https://weft.health/fhir/StructureDefinition/"
              "audience-hold-out\",\"valueUnsignedInt\":0}],"
              "\"characteristic\":[{\"code\":{\"text\":\"x\"},\"valueBoolean\":true,\"exclude\":"
              "false,\"extension\":[{\"url\":\"https://weft.health/fhir/StructureDefinition/"
              "audience-group\",\"valueUnsignedInt\":0},{\"url\":\"https://weft.health/fhir/"
              "StructureDefinition/audience-chip\",\"valueString\":\"chronic-lung\"}]}]}");
}

static void has_lungs(struct play *p, str who)
{
    as(p, campaign_system());
    ground_make(p->g,
                "{\"resourceType\":\"Condition\",\"code\":{\"coding\":[{\"system\":"
                "\"http://snomed.info/sct\",\"code\":\"13645005\"}]},\"subject\":{\"reference\":"
                "\"Patient/%.*s\"}}",
                STR_ARG(who));
}

/* R222: one account alone, with a draft, learned by name who has an illness, and exact numbers. */
static void a_draft_tells_nothing_of_a_veiled_audience(void **state)
{
    struct play *p = *state;
    struct campaign_days days = {.days = 5};
    struct json *o;
    unsigned well = 0;
    set(p, "campaign.holdout", "0");
    for (unsigned i = 0; i < 36; i++) {
        str who = patient(p, 720 + i, i % 2 ? "en" : "es");
        if (i % 3 == 2) /* 12 people */
            has_lungs(p, who);
    }
    as(p, campaign_system());
    str id = put(p, "recall", veiled_group(p));
    as(p, campaign_system());
    ok(p, people_start(&p->g->op, p->c->people));
    ok(p, people_wait(&p->g->op, p->c->people, record_now_t(p->g->rec)));
    as(p, &p->author);
    ok(p, campaign_simulate(&p->g->op, p->c, id, &days, &o));
    assert_int_equal(number_of(o, "people"), 10);
    as(p, &p->author);
    ok(p, campaign_preview(&p->g->op, p->c, id, STR_NONE, &o));
    const struct json *list = JSON_GET(o, "people"), *row;
    assert_true(list->n > 1);
    for (size_t i = 0; (row = json_at(list, i)); i++)
        well += found(p, "Condition", "_count=1", json_get_str(row, STR("id"))).n == 0;
    assert_true(well > 0);
    assert_str(step(p, &p->author, id, CAMPAIGN_SUBMIT), "submitted");
    assert_str(step(p, &p->other, id, CAMPAIGN_APPROVE), "approved");
    as(p, &p->author);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    assert_int_equal(number_of(o, "people"), 10);
    people_stop(p->c->people);
}

/* R225: a condition of a draft, and an outcome, were questions about anybody's diagnosis. */
static void a_draft_asks_nothing_of_the_record(void **state)
{
    struct play *p = *state;
    struct json *o, *plan;
    str ids[2] = {patient(p, 761, "en"), patient(p, 762, "en")};
    str id = put(p, "recall", group_of(p, ids, 2));
    has_lungs(p, ids[0]);
    as(p, &p->author);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    plan = json_dup(p->g->arena, JSON_GET(o, "plan"));
    struct json *first = json_at(JSON_GET(plan, "action"), 1), *condition;
    ok(p, json_read(&p->g->op,
                    STR("[{\"kind\":\"applicability\",\"expression\":{\"language\":"
                        "\"text/fhirpath\",\"expression\":\"%record.entry.resource.ofType("
                        "Condition).exists()\"}}]"),
                    &JSON_LIMITS_DEFAULT, &condition));
    json_set(p->g->arena, first, STR("condition"), condition);
    ok(p, campaign_put(&p->g->op, p->c, id, plan, &o));
    str said[2];
    for (int i = 0; i < 2; i++) {
        as(p, &p->author);
        ok(p, campaign_preview(&p->g->op, p->c, id, ids[i], &o));
        struct json *row = json_at(JSON_GET(o, "people"), 0);
        said[i] = arena_printf(p->g->arena, "%.*s|%.*s", STR_ARG(json_get_str(row, STR("text"))),
                               STR_ARG(json_str(json_path(row, "because.en"))));
    }
    assert_true(str_eq(said[0], said[1]));
}

/* R228: outreach takes nothing of a stopped campaign ever again; begun anew it would end in a call
 * for each of its people. */
static void what_was_stopped_is_not_begun_again(void **state)
{
    struct play *p = *state;
    struct json *o;
    str one = patient(p, 771, "en"), id = put(p, "recall", group_of(p, &one, 1));
    run_it(p, id);
    assert_str(step(p, &p->other, id, CAMPAIGN_STOP), "stopped");
    as(p, &p->author);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    assert_int_equal(
        campaign_put(&p->g->op, p->c, id, json_dup(p->g->arena, JSON_GET(o, "plan")), &o),
        ERR_CONFLICT);
}

static bool offered(struct play *p, const struct actor *who, str id, const char *name)
{
    struct json *o;
    bool found = false;
    as(p, who);
    ok(p, campaign_get(&p->g->op, p->c, id, &o));
    const struct json *list = JSON_GET(o, "steps"), *one;
    for (size_t i = 0; (one = json_at(list, i)); i++)
        found |= str_eq(json_str(one), str_of(name));
    return found;
}

/* What would be refused is not offered: to its author no approval, to the privacy office no plan.
 */
static void what_is_refused_is_not_offered(void **state)
{
    struct play *p = *state;
    struct actor privacy = p->other;
    privacy.role = ROLE_PRIVACY;
    privacy.user = STR("pam");
    set(p, "campaign.two_over", "0");
    str one = patient(p, 731, "en"), id = put(p, "recall", group_of(p, &one, 1));
    assert_true(offered(p, &p->author, id, "submit") && !offered(p, &privacy, id, "submit"));
    assert_false(offered(p, &p->author, id, "approve") || offered(p, &p->author, id, "stop"));
    assert_str(step(p, &p->author, id, CAMPAIGN_SUBMIT), "submitted");
    assert_true(offered(p, &p->author, id, "refuse") && !offered(p, &p->author, id, "approve"));
    assert_true(offered(p, &p->other, id, "approve") && offered(p, &privacy, id, "approve"));
    assert_str(step(p, &p->other, id, CAMPAIGN_APPROVE), "submitted"); /* two are needed */
    assert_false(offered(p, &p->other, id, "approve"));
    assert_true(offered(p, &p->third, id, "approve"));
    assert_str(step(p, &privacy, id, CAMPAIGN_APPROVE), "approved");
    assert_true(offered(p, &p->author, id, "schedule") && !offered(p, &privacy, id, "schedule"));
    assert_str(step(p, &p->author, id, CAMPAIGN_SCHEDULE), "scheduled");
    assert_true(offered(p, &p->author, id, "undo") && offered(p, &privacy, id, "stop"));
    p->now += 11 * 60000LL; /* too late for an undo, not for a stop */
    assert_true(!offered(p, &p->author, id, "undo") && offered(p, &p->author, id, "stop"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_refused_is_not_offered, open_play, close_play),
        cmocka_unit_test_setup_teardown(what_was_changed_elsewhere_is_not_approved, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(two_accounts_of_one_person_are_one, open_play, close_play),
        cmocka_unit_test_setup_teardown(who_approves_is_told_for_whom, open_play, close_play),
        cmocka_unit_test_setup_teardown(a_broken_campaign_stops_no_other, open_play, close_play),
        cmocka_unit_test_setup_teardown(a_draft_tells_nothing_of_a_veiled_audience, open_play,
                                        close_play),
        cmocka_unit_test_setup_teardown(a_draft_asks_nothing_of_the_record, open_play, close_play),
        cmocka_unit_test_setup_teardown(what_was_stopped_is_not_begun_again, open_play, close_play),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
