/* What brings somebody into a journey, as it comes through the change feed: a discharge, a visit,
 * an operation, a new medicine, an illness, a reading, a missed dose given or told, a result; and
 * what looks alike and does not. */
#include "campaign/play_int.h"
#include "desk/desk.h"

#define OF "\"subject\":{\"reference\":\"Patient/WHO\"}"
#define CODED(member, code) "\"" member "\":{\"coding\":[{\"code\":\"" code "\"}]}"
#define LISTED(member, code) "\"" member "\":[{\"coding\":[{\"code\":\"" code "\"}]}]"
#define READING(code)                                                                              \
    "{\"resourceType\":\"Observation\",\"status\":\"final\"," LISTED(                              \
        "category", "vital-signs") "," LISTED("interpretation",                                    \
                                              code) "," CODED("code", "8867-4") "," OF "}"
#define DOSE(type, status, more)                                                                   \
    "{\"resourceType\":\"" type "\",\"status\":\"" status                                          \
    "\"," CODED("medicationCodeableConcept", "x") more "," OF "}"
#define VISIT(status, type)                                                                        \
    "{\"resourceType\":\"Appointment\",\"status\":\"" status                                       \
    "\"," LISTED("serviceType",                                                                    \
                 type) ",\"start\":\"2026-12-10T16:00:00Z\",\"end\":\"2026-12-10T17:00:00Z\","     \
                       "\"participant\":[{\"status\":\"accepted\",\"actor\":{\"reference\":"       \
                       "\"Patient/WHO\"}}]}"

static const struct {
    const char *journey, *what;
    int enrolled; /* journeys the person is in then, of this one */
} CASES[] = {
    {"chronic", READING("HH"), 1},
    {"chronic", READING("N"), 0},
    {"chronic",
     DOSE("MedicationAdministration", "not-done", ",\"effectiveDateTime\":\"2026-11-24\""), 1},
    {"chronic",
     DOSE("MedicationAdministration", "completed", ",\"effectiveDateTime\":\"2026-11-24\""), 0},
    {"chronic", DOSE("MedicationStatement", "not-taken", ""), 1},
    {"chronic", DOSE("MedicationStatement", "active", ""), 0},
    {"new-medicine", DOSE("MedicationRequest", "active", ",\"intent\":\"order\""), 1},
    {"new-medicine", DOSE("MedicationRequest", "active", ",\"intent\":\"proposal\""), 0},
    {"pre-visit", VISIT("booked", "checkup"), 1},
    {"pre-visit", VISIT("proposed", "checkup"), 0},
    {"surgery", VISIT("booked", "surgery"), 1},
    {"surgery", VISIT("booked", "checkup"), 0},
};

/* The resource, about this person. */
static str happens(struct play *p, const char *what, str who)
{
    str all = str_of(what);
    size_t at = str_find(all, STR("WHO"), 0);
    str text = arena_cat(p->g->arena, arena_cat(p->g->arena, str_sub(all, 0, at), who),
                         str_sub(all, at + 3, all.n));
    as(p, campaign_system());
    return ground_make(p->g, "%.*s", STR_ARG(text));
}

static size_t plans_of(struct play *p, str who)
{
    settle(p);
    return found(p, "CarePlan", "status=active", who).n;
}

static void each_kind_of_data_enrols(void **state)
{
    struct play *p = *state;
    const char *running = "";
    str id = STR_NONE;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        str who = patient(p, 700 + (unsigned)i, "en");
        if (strcmp(running, CASES[i].journey) != 0) {
            if (!str_empty(id))
                (void)step(p, &p->author, id, CAMPAIGN_STOP);
            id = put(p, CASES[i].journey, STR_NONE);
            run_it(p, id);
            running = CASES[i].journey;
        }
        (void)happens(p, CASES[i].what, who);
        size_t n = plans_of(p, who);
        if ((int)n != CASES[i].enrolled)
            print_message("case %zu, %s: %zu\n", i, CASES[i].journey, n);
        assert_int_equal(n, CASES[i].enrolled);
    }
}

/* An outline of the house's own: a report that is final. The same person comes in once. */
static void a_result_enrols_once(void **state)
{
    struct play *p = *state;
    struct json *o, *plan = NULL;
    as(p, &p->author);
    for (size_t i = 0; plan_shipped_at(i); i++)
        if (strcmp(plan_shipped_at(i)->code, "new-medicine") == 0)
            ok(p,
               json_read(&p->g->op, str_of(plan_shipped_at(i)->plan), &JSON_LIMITS_DEFAULT, &plan));
    const struct json *trigger = json_at(json_path(plan, "action.0.trigger"), 0);
    json_set_str(p->g->arena, json_at(JSON_GET(trigger, "data"), 0), STR("type"),
                 STR("DiagnosticReport"));
    json_set_str(p->g->arena, (struct json *)JSON_GET(trigger, "condition"), STR("expression"),
                 STR("status = 'final'"));
    ok(p, campaign_put(&p->g->op, p->c, STR_NONE, plan, &o));
    run_it(p, json_get_str(o, STR("id")));
    str who = patient(p, 760, "en");
#define REPORT(status)                                                                             \
    "{\"resourceType\":\"DiagnosticReport\",\"status\":\"" status                                  \
    "\"," CODED("code", "58410-2") "," OF "}"
    (void)happens(p, REPORT("preliminary"), who);
    assert_int_equal(plans_of(p, who), 0);
    for (int i = 0; i < 2; i++) {
        (void)happens(p, REPORT("final"), who);
        assert_int_equal(plans_of(p, who), 1);
    }
}

/* What the monitor does with a reading over a limit: a case, with the reading and the rule. */
static void judged(struct play *p, str who, const char *programme, const char *type, str it)
{
    str ref = arena_printf(p->g->arena, "%s/%.*s", type, STR_ARG(it)), id;
    bool fresh;
    struct desk_case c = {.patient = who,
                          .programme = str_of(programme),
                          .priority = DESK_P2,
                          .why = {.in = {STR("High."), STR("Alto."), STR("مرتفع.")}},
                          .evidence = &ref,
                          .n_evidence = 1,
                          .rule = STR("HR-HIGH")};
    as(p, campaign_system());
    struct record_tx *tx = record_begin(&p->g->op, p->g->rec);
    ok(p, desk_open(tx, &p->g->op, p->g->rec, &c, &id, &fresh));
    ok(p, record_commit(tx));
}

/* A house's own device says a number and no interpretation: the monitor's verdict brings them in,
 * once, whatever comes after it; a case about words they wrote does not. */
static void a_reading_over_a_limit_enrols_once(void **state)
{
    struct play *p = *state;
    str id = put(p, "chronic", STR_NONE), who = patient(p, 770, "en"), calm = patient(p, 771, "en");
    run_it(p, id);
#define BARE                                                                                       \
    "{\"resourceType\":\"Observation\",\"status\":\"final\"," LISTED(                              \
        "category", "vital-signs") "," CODED("code", "8867-4") "," OF "}"
#define WORDS "{\"resourceType\":\"Communication\",\"status\":\"completed\"," OF "}"
    str first = happens(p, BARE, who), second = happens(p, BARE, who);
    assert_int_equal(plans_of(p, who), 0); /* a number alone is no reason */
    judged(p, who, "heart-failure", "Observation", first);
    assert_int_equal(plans_of(p, who), 1);
    judged(p, who, "heart-failure", "Observation", second); /* the same case, again */
    judged(p, who, "hard-limits", "Observation", second);   /* another one */
    assert_int_equal(plans_of(p, who), 1);
    str late = patient(p, 772, "en"); /* changed again before anybody looked: seen all the same */
    judged(p, late, "heart-failure", "Observation", happens(p, BARE, late));
    judged(p, late, "heart-failure", "Observation", happens(p, BARE, late));
    assert_int_equal(plans_of(p, late), 1);
    judged(p, calm, "messages", "Communication", happens(p, WORDS, calm));
    assert_int_equal(plans_of(p, calm), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_kind_of_data_enrols, open_play, close_play),
        cmocka_unit_test_setup_teardown(a_result_enrols_once, open_play, close_play),
        cmocka_unit_test_setup_teardown(a_reading_over_a_limit_enrols_once, open_play, close_play),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
