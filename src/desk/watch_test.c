/* The watch over looks, on a real record and trail: what is raised, what is explained, what is said
 * once; nobody judges their own look; a step thrown away leaves nothing. */
#include "desk/fixture_int.h"
#include "desk/watch_int.h"

#define NURSE_HOME                                                                                 \
    "\"name\":[{\"family\":\"Ash\",\"given\":[\"Ada\"]}],\"birthDate\":\"1980-02-03\","            \
    "\"address\":[{\"line\":[\"12 Elm Street\"],\"postalCode\":\"02139-1234\"}]"

static struct actor looker(struct room *r, const char *user, const char *practitioner)
{
    struct actor who = r->ada;
    str id = made(r, practitioner);
    who.user = str_of(user);
    who.reference = arena_printf(r->op.arena, "Practitioner/%.*s", STR_ARG(id));
    assert_int_equal(
        record_resolve(&r->op, r->rec, fhir_type_parse(STR("Practitioner")), id, &who.user_rid),
        OK);
    return who;
}

static void opens(struct room *r, const struct actor *who, str patient)
{
    struct record_doc doc;
    as(r, who);
    assert_int_equal(record_read(&r->op, r->rec, fhir_type_parse(STR("Patient")), patient, &doc),
                     OK);
    assert_int_equal(record_audit_wait(&r->op, r->rec), OK);
    as(r, &r->system);
}

static struct desk_watch *watch_in(struct room *r, str zone)
{
    struct desk_watch *w;
    as(r, &r->system);
    assert_int_equal(desk_watch_new(&r->op, r->rec, zone, &w), OK);
    return w;
}

/* Where it is about noon: the trail's lines bear the wall's time, and a look by night is a finding
 * of its own (between 22:00 and 6:00 UTC this suite failed). */
static struct desk_watch *watch(struct room *r)
{
    int hour = (int)(time_now() / 3600000 % 24);
    return watch_in(r, arena_printf(r->op.arena, "Etc/GMT%+d", hour - 12));
}

static void steps(struct room *r, struct desk_watch *w)
{
    size_t n = 1;
    as(r, &r->system);
    while (n)
        assert_int_equal(desk_watch_step(&r->op, w, &n), OK);
}

/* The text of the case of a programme, or nothing. */
static str case_of(struct room *r, str patient, const char *programme, str *ret_id)
{
    struct record_doc doc;
    struct json *tree;
    str id = STR_NONE;
    as(r, &r->system);
    assert_int_equal(
        record_kv_get(&r->op, r->rec, desk_open_key(&r->op, patient, str_of(programme)), &id), OK);
    if (!id.n)
        return STR_NONE;
    assert_int_equal(record_read(&r->op, r->rec, fhir_type_parse(STR("Task")), id, &doc), OK);
    assert_int_equal(record_parse(&r->op, &doc, &tree), OK);
    assert_true(desk_has_label(tree, STR(DESK_LABEL_OFFICER)));
    if (ret_id)
        *ret_id = id;
    return json_get_str(tree, STR("description"));
}

#define HAS(text, part) assert_true(str_find(text, STR(part), 0) != SIZE_MAX)
#define LACKS(text, part) assert_true(str_find(text, STR(part), 0) == SIZE_MAX)

static void a_neighbour_and_a_namesake(void **state)
{
    struct room *r = *state;
    struct actor ada = looker(r, "ada", "{\"resourceType\":\"Practitioner\"," NURSE_HOME "}");
    str near = made(r, "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Oak\"}],\"address\":"
                       "[{\"line\":[\"18 ELM street, Apt 4\"],\"postalCode\":\"02139\"}]}");
    str far = made(r, "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Oak\"}],\"address\":"
                      "[{\"line\":[\"98 Elm Street\"],\"postalCode\":\"02139\"}]}");
    str same = made(r, "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"ash\"}]}");
    struct desk_watch *w = watch(r);
    opens(r, &ada, near);
    opens(r, &ada, far);
    opens(r, &ada, same);
    steps(r, w);
    str why = case_of(r, near, "look-person/ada", NULL);
    HAS(why, "LOOK-NEIGHBOUR: they live in the same street, house numbers 6 apart.");
    HAS(why, "ada (nurse, for TREAT)");
    LACKS(why, "Elm");
    HAS(case_of(r, same, "look-person/ada", NULL), "LOOK-SURNAME: they have the same surname");
    assert_int_equal(case_of(r, far, "look-person/ada", NULL).n, 0);
    opens(r, &ada, near); /* the same day: said already */
    steps(r, w);
    assert_true(str_eq(why, case_of(r, near, "look-person/ada", NULL)));
    assert_int_equal(w->stats.judged, 3);
    r->op.now += 2 * (int64_t)WATCH_AGAIN_MIN * 60000;
    desk_watch_free(w);
}

static str team(struct room *r, str patient, const struct actor *of)
{
    return made(r, str_z(r->op.arena,
                         arena_printf(r->op.arena,
                                      "{\"resourceType\":\"CareTeam\",\"subject\":{\"reference\":"
                                      "\"Patient/%.*s\"},\"participant\":[{\"member\":{"
                                      "\"reference\":\"%.*s\"}}]}",
                                      STR_ARG(patient), STR_ARG(of->reference))));
}

/* Review of rights (B, 2): a team of one's own making explained one's look. */
static void a_team_of_ones_own_explains_nothing(void **state)
{
    struct room *r = *state;
    struct actor ada = looker(r, "ada7", "{\"resourceType\":\"Practitioner\"," NURSE_HOME "}");
    str patient = made(r, "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Ash\"}]}");
    as(r, &ada);
    team(r, patient, &ada);
    struct desk_watch *w = watch(r);
    opens(r, &ada, patient);
    steps(r, w);
    HAS(case_of(r, patient, "look-person/ada7", NULL), "LOOK-SURNAME");
    desk_watch_free(w);
}

static void explanations_come_first(void **state)
{
    struct room *r = *state;
    struct actor ada = looker(r, "ada2", "{\"resourceType\":\"Practitioner\"," NURSE_HOME "}");
    str patient = made(r, "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Ash\"}]}");
    team(r, patient, &ada);
    struct desk_watch *w = watch(r);
    opens(r, &ada, patient);
    steps(r, w);
    assert_int_equal(case_of(r, patient, "look-person/ada2", NULL).n, 0);
    assert_true(w->stats.explained > 0);
    desk_watch_free(w);
}

static void a_colleague_and_the_widely_known(void **state)
{
    struct room *r = *state;
    struct actor bo = looker(r, "bo2",
                             "{\"resourceType\":\"Practitioner\",\"name\":[{\"family\":"
                             "\"Birch\",\"given\":[\"Bo\"]}]}");
    made(r, "{\"resourceType\":\"Practitioner\",\"birthDate\":\"1970-01-02\",\"name\":[{\"family\":"
            "\"Rowan\",\"given\":[\"Cy\"]}]}");
    str works = made(r, "{\"resourceType\":\"Patient\",\"birthDate\":\"1970-01-02\",\"name\":[{"
                        "\"family\":\"Rowan\",\"given\":[\"Cy\"]}]}");
    str known = made(r, "{\"resourceType\":\"Patient\",\"meta\":{\"security\":[{\"system\":\"http:"
                        "//terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"CEL\"}]}}");
    struct desk_watch *w = watch(r);
    opens(r, &bo, works);
    opens(r, &bo, known);
    steps(r, w);
    HAS(case_of(r, works, "look-person/bo2", NULL), "LOOK-COLLEAGUE: the patient works here too.");
    HAS(case_of(r, known, "look-person/bo2", NULL), "LOOK-VIP");
    desk_watch_free(w);
}

static void many_in_a_short_time_and_nobody_judges_their_own(void **state)
{
    struct room *r = *state;
    struct actor bo = looker(r, "bo3",
                             "{\"resourceType\":\"Practitioner\",\"name\":[{\"family\":"
                             "\"Bay\"}]}");
    struct desk_watch *w = watch(r);
    struct record_result res;
    str id = STR_NONE;
    for (int i = 0; i < LOOK_ROW[LOOK_BULK].limit; i++)
        opens(r, &bo, made(r, "{\"resourceType\":\"Patient\"}"));
    as(r, &r->system);
    size_t before = arena_used(r->op.arena), n;
    assert_int_equal(desk_watch_step(&r->op, w, &n), OK);
    assert_true(arena_used(r->op.arena) - before < n * 8192); /* what was asked of each is gone */
    steps(r, w);
    HAS(case_of(r, STR_NONE, "look-bulk/bo3", &id), "LOOK-BULK: 40 patients opened in 60 minutes");
    HAS(case_of(r, STR_NONE, "look-relation/bo3", NULL), "LOOK-RELATION: 10 patients in 7 days");
    bo.role = ROLE_PRIVACY;
    bo.purpose = PURPOSE_HOPERAT;
    as(r, &bo);
    assert_int_equal(desk_claim(&r->op, r->rec, id, &res), ERR_FORBIDDEN);
    struct actor officer = r->bo;
    officer.role = ROLE_PRIVACY;
    officer.purpose = PURPOSE_HOPERAT;
    as(r, &officer);
    assert_int_equal(desk_claim(&r->op, r->rec, id, &res), OK);
    assert_int_equal(desk_resolve(&r->op, r->rec, id, STR("advice-given"), STR_NONE, &res),
                     ERR_UNPROCESSABLE);
    as(r, &officer);
    assert_int_equal(desk_resolve(&r->op, r->rec, id, STR("training"), STR_NONE, &res), OK);
    as(r, &r->ada);
    struct record_doc doc;
    assert_int_equal(record_read(&r->op, r->rec, fhir_type_parse(STR("Task")), id, &doc),
                     ERR_NOT_FOUND);
    desk_watch_free(w);
}

/* Two watches over one trail (as after a kill between commit and answer): one case, once. */
static void done_once(void **state)
{
    struct room *r = *state;
    struct actor ada = looker(r, "ada4", "{\"resourceType\":\"Practitioner\"," NURSE_HOME "}");
    str same = made(r, "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Ash\"}]}");
    struct desk_watch *w = watch(r), *late = watch(r);
    size_t n;
    opens(r, &ada, same);
    assert_int_equal(desk_watch_step(&r->op, late, &n), OK); /* knows its cursor … */
    late->cursor = 0;                                        /* … of before */
    assert_int_equal(desk_watch_step(&r->op, late, &n), ERR_CONFLICT);
    as(r, &r->system);
    steps(r, w);
    steps(r, late);
    str why = case_of(r, same, "look-person/ada4", NULL);
    size_t first = str_find(why, STR("LOOK-SURNAME"), 0);
    assert_true(first != SIZE_MAX && str_find(why, STR("LOOK-SURNAME"), first + 1) == SIZE_MAX);
    assert_int_equal(w->stats.cases + late->stats.cases, 1);
    desk_watch_free(w);
    desk_watch_free(late);
}

static void night_is_outside_of_shift_and_habit(void **state)
{
    struct room *r = *state;
    struct actor ada = looker(r, "ada5", "{\"resourceType\":\"Practitioner\"}");
    struct desk_watch *w = watch_in(r, STR("UTC"));
    struct looker l = {.user = ada.user, .reference = ada.reference};
    struct look look = {.who = &l, .who_rid = ada.user_rid};
    struct finding f;
    bool late;
    int64_t day = 1795478400000LL; /* a Tuesday's midnight, UTC */
    look.time = day + 10 * 3600000;
    assert_int_equal(watch_night(&r->op, w, &look, &late, &f), OK);
    assert_false(late);
    look.time = day + 23 * 3600000;
    assert_int_equal(watch_night(&r->op, w, &look, &late, &f), OK);
    assert_true(late);
    for (int i = 1; i < 4; i++) {
        look.time = day + 23 * 3600000 + i * INT64_C(86400000);
        assert_int_equal(watch_night(&r->op, w, &look, &late, &f), OK);
        assert_int_equal(late, i < 3); /* three nights are a habit */
    }
    memset(&l.hours, 0, sizeof l.hours);
    memset(&l.told, 0, sizeof l.told);
    made(r, str_z(r->op.arena,
                  arena_printf(r->op.arena,
                               "{\"resourceType\":\"PractitionerRole\",\"practitioner\":{"
                               "\"reference\":\"%.*s\"},\"availableTime\":[{\"daysOfWeek\":["
                               "\"tue\"],\"availableStartTime\":\"22:00:00\","
                               "\"availableEndTime\":\"06:00:00\"}]}",
                               STR_ARG(ada.reference))));
    look.time = day + 29 * 3600000; /* Wednesday 5:00, the shift of Tuesday */
    assert_int_equal(watch_night(&r->op, w, &look, &late, &f), OK);
    assert_false(late);
    look.time = day + 53 * 3600000; /* Thursday 5:00 */
    assert_int_equal(watch_night(&r->op, w, &look, &late, &f), OK);
    assert_true(late);
    HAS(f.why.in[SAY_EN], "outside the shifts that their role names");
    desk_watch_free(w);
}

static void memory_is_bounded_and_comes_back(void **state)
{
    struct room *r = *state;
    struct looker *l = calloc(2, sizeof *l);
    for (uint64_t p = 1; p <= WATCH_RECENT + 10; p++)
        looker_opens(&l[0], p, (uint32_t)(1000 + p));
    looker_opens(&l[0], 20, 5000);
    for (uint64_t p = 0; p < 900; p++)
        looker_lists(&l[0], p * 7);
    looker_worked(&l[0], 20000, 5);
    looker_worked(&l[0], 20002, 5);
    assert_int_equal(looker_usual(&l[0], 5), 1); /* without today */
    looker_read(looker_write(&r->op, &l[0]), &l[1]);
    assert_int_equal(l[1].n, WATCH_RECENT);
    assert_null(looker_knows(&l[1], 5, 1100));
    assert_non_null(looker_knows(&l[1], 20, 5001));
    assert_null(looker_knows(&l[1], 20, 5000 + WATCH_AGAIN_MIN));
    assert_in_range(looker_listed(&l[1]), 850, 950);
    assert_int_equal(looker_opened(&l[1], 5000, false), 1);
    str bytes = looker_write(&r->op, &l[0]);
    for (size_t n = 0; n < bytes.n; n += 7) /* cut anywhere: empty, never wild */
        looker_read(str_sub(bytes, 0, n), &l[1]);
    assert_int_equal(l[1].n, 0);
    free(l);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_neighbour_and_a_namesake),
        TEST(explanations_come_first),
        TEST(a_team_of_ones_own_explains_nothing),
        TEST(a_colleague_and_the_widely_known),
        TEST(many_in_a_short_time_and_nobody_judges_their_own),
        TEST(done_once),
        TEST(night_is_outside_of_shift_and_habit),
        TEST(memory_is_bounded_and_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
