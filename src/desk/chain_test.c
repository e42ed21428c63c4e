/* A case goes up by the rows of the chain, over a real record with a clock that moves: each step
 * once a wait, whoever asks how often; nothing is missed while the house was away. */
#include "base/time.h"
#include "desk/chain_int.h"
#include "desk/fixture_int.h"
#include "desk/page.h"
#include "desk/roster.h"

#define MINUTES INT64_C(60000)

static int64_t at(const char *text)
{
    struct time_span t;
    assert_true(time_parse(str_of(text), &t));
    return t.lo;
}

static str opened(struct room *r, enum desk_priority p)
{
    str id;
    bool fresh;
    as(r, &r->system);
    struct record_tx *tx = record_begin(&r->op, r->rec);
    struct desk_case c = {.patient = r->patient,
                          .programme = STR("vital-signs"),
                          .priority = p,
                          .why = {{STR("Finding.")}},
                          .evidence = &r->evidence[0],
                          .n_evidence = 1,
                          .rule = STR("R")};
    assert_int_equal(desk_open(tx, &r->op, r->rec, &c, &id, &fresh), OK);
    assert_int_equal(record_commit(tx), OK);
    return id;
}

/* All pages, twice: what is made is not made again. */
static struct chain_walk climbed(struct room *r)
{
    struct chain_walk w = {.at_n = 0};
    bool more = true;
    as(r, &r->system);
    for (int twice = 0; twice < 2; twice++)
        for (more = true; more;)
            assert_int_equal(desk_climb(&r->op, r->rec, NULL, &w, &more), OK);
    return w;
}

static struct json *chain(struct room *r, str id)
{
    struct json *o;
    as(r, &r->ada);
    assert_int_equal(desk_chain(&r->op, r->rec, NULL, id, &o), OK);
    return o;
}

static size_t texts(struct room *r)
{
    struct record_page page;
    as(r, &r->system);
    assert_int_equal(record_find(&r->op, r->rec, fhir_type_parse(STR("CommunicationRequest")),
                                 STR("_count=50"), &page),
                     OK);
    return page.n_match;
}

#define STEP(o, i, name) json_str(json_get(json_at(JSON_GET(o, "steps"), i), STR(name)))
#define NEXT(o, name) json_get_str(JSON_GET(o, "next"), STR(name))

static void unclaimed_goes_up_step_by_step(void **state)
{
    struct room *r = *state;
    r->op.now = at("2026-11-24T15:00:00Z"); /* a Tuesday; the table's hours, UTC */
    str id = opened(r, DESK_P1);
    assert_int_equal(climbed(r).steps, 0);
    assert_str(NEXT(chain(r, id), "to"), "second");
    assert_str(NEXT(chain(r, id), "due"), "2026-11-24T15:05:00.000Z");
    r->op.now += 5 * MINUTES - 1;
    assert_int_equal(climbed(r).steps, 0);
    r->op.now += 1;
    assert_int_equal(climbed(r).steps, 1);
    r->op.now += 6 * MINUTES;
    assert_int_equal(climbed(r).steps, 1);
    struct json *o = chain(r, id);
    assert_int_equal(JSON_GET(o, "steps")->n, 2);
    assert_str(STEP(o, 1, "to"), "lead");
    assert_str(STEP(o, 1, "due"), "2026-11-24T15:10:00.000Z");
    assert_str(STEP(o, 1, "at"), "2026-11-24T15:11:00.000Z");
    assert_str(NEXT(o, "to"), "on-call");
    assert_int_equal(texts(r), 0); /* the team is at work: the patient is told nothing */
}

static void nothing_is_missed_while_the_house_was_away(void **state)
{
    struct room *r = *state;
    r->op.now = at("2026-11-24T15:00:00Z");
    str id = opened(r, DESK_P1);
    r->op.now += 60 * MINUTES;
    struct chain_walk w = climbed(r);
    assert_int_equal(w.steps, 3);
    assert_int_equal(w.unnamed, 2); /* lead and on call: nobody is named */
    assert_str(NEXT(chain(r, id), "row"),
               "P1-CLOSED-5"); /* the patient is told when the team goes */
    assert_str(NEXT(chain(r, id), "due"), "2026-11-24T18:00:00.000Z");
}

static void held_and_untouched_goes_up_touched_waits(void **state)
{
    struct room *r = *state;
    struct record_result res;
    r->op.now = at("2026-11-24T15:00:00Z");
    str id = opened(r, DESK_P2);
    as(r, &r->ada);
    assert_int_equal(desk_claim(&r->op, r->rec, id, &res), OK);
    r->op.now += 45 * MINUTES; /* P2-30 is of cases that nobody has */
    assert_int_equal(climbed(r).steps, 0);
    as(r, &r->ada);
    made(r, str_z(r->op.arena,
                  arena_printf(r->op.arena,
                               "{\"resourceType\":\"Task\",\"status\":\"completed\",\"intent\":"
                               "\"order\",\"authoredOn\":\"2026-11-24T15:45:00Z\",\"partOf\":[{"
                               "\"reference\":\"Task/%.*s\"}]}",
                               STR_ARG(id))));
    r->op.now += 45 * MINUTES; /* a call of theirs counts as something done */
    assert_int_equal(climbed(r).steps, 0);
    r->op.now += 15 * MINUTES;
    assert_int_equal(climbed(r).steps, 1);
    assert_str(STEP(chain(r, id), 0, "row"), "P2-HELD");
    as(r, &r->ada);
    assert_int_equal(desk_release(&r->op, r->rec, id, &res), OK);
    assert_int_equal(climbed(r).steps, 2); /* it waits as long as it did: P2-30 and P2-60 */
}

static void out_of_hours_goes_its_own_way(void **state)
{
    struct room *r = *state;
    r->op.now = at("2026-11-21T15:00:00Z"); /* Saturday */
    str id = opened(r, DESK_P2);
    struct chain_walk w = climbed(r);
    assert_int_equal(w.steps, 1);
    assert_int_equal(w.told, 0); /* somebody who is there may take it */
    r->op.now += 5 * MINUTES;
    w = climbed(r);
    assert_int_equal(w.steps, 1);
    assert_int_equal(w.told, 1);
    struct json *o = chain(r, id);
    assert_str(STEP(o, 0, "row"), "P2-CLOSED");
    assert_str(STEP(o, 0, "to"), "on-call");
    assert_false(json_bool(JSON_GET(o, "watching"), true));
    assert_str(json_get_str(o, STR("until")), "2026-11-23T08:00:00.000Z");
    assert_int_equal(texts(r), 1);
    r->op.now += 120 * MINUTES;
    w = climbed(r);
    assert_int_equal(w.steps, 2); /* the usual steps go on */
    assert_int_equal(w.told, 0);  /* the patient knows */
    assert_int_equal(texts(r), 1);
}

static void the_less_urgent_waits_for_the_opening(void **state)
{
    struct room *r = *state;
    r->op.now = at("2026-11-20T17:00:00Z"); /* Friday, an hour before the end */
    str id = opened(r, DESK_P3);
    assert_int_equal(climbed(r).steps, 0);
    r->op.now = at("2026-11-20T18:00:00Z");
    assert_int_equal(climbed(r).steps, 2); /* the patient is told */
    struct json *o = chain(r, id);
    assert_str(STEP(o, 0, "to"), "wait");
    assert_str(NEXT(o, "due"), "2026-11-23T11:00:00.000Z"); /* three hours into Monday */
    r->op.now = at("2026-11-23T10:59:00Z");
    assert_int_equal(climbed(r).steps, 0);
    r->op.now = at("2026-11-23T11:00:00Z");
    assert_int_equal(climbed(r).steps, 1);
}

static void a_new_wait_begins_the_chain_again(void **state)
{
    struct room *r = *state;
    struct record_result res;
    size_t woken;
    r->op.now = at("2026-11-24T10:00:00Z");
    str id = opened(r, DESK_P2);
    r->op.now += 30 * MINUTES;
    assert_int_equal(climbed(r).steps, 1);
    as(r, &r->ada);
    assert_int_equal(desk_snooze(&r->op, r->rec, id, r->op.now + 60 * MINUTES, &res), OK);
    r->op.now += 60 * MINUTES;
    assert_int_equal(climbed(r).steps, 0); /* what is put aside waits for nobody */
    assert_int_equal(desk_wake(&r->op, r->rec, &woken), OK);
    assert_int_equal(climbed(r).steps, 0);
    r->op.now += 30 * MINUTES;
    assert_int_equal(climbed(r).steps, 1);
    assert_int_equal(JSON_GET(chain(r, id), "steps")->n, 2);
}

static void a_clock_put_back_forgets_nobody(void **state)
{
    struct room *r = *state;
    r->op.now = at("2026-11-24T15:00:00Z");
    (void)opened(r, DESK_P1);
    r->op.now -= 90 * MINUTES; /* the house starts again with its clock put right */
    assert_int_equal(climbed(r).steps, 3);
    r->op.now += 90 * MINUTES;
    assert_int_equal(climbed(r).steps, 0);
}

static void an_officers_case_does_not_go_up(void **state)
{
    struct room *r = *state;
    str id;
    bool fresh;
    r->op.now = at("2026-11-21T15:00:00Z");
    as(r, &r->system);
    struct record_tx *tx = record_begin(&r->op, r->rec);
    struct desk_case c = {.patient = r->patient,
                          .programme = STR("break-glass"),
                          .priority = DESK_P1,
                          .why = {{STR("Finding.")}},
                          .evidence = &r->evidence[0],
                          .n_evidence = 1,
                          .rule = STR("R"),
                          .privacy = true};
    assert_int_equal(desk_open(tx, &r->op, r->rec, &c, &id, &fresh), OK);
    assert_int_equal(record_commit(tx), OK);
    r->op.now += 60 * MINUTES;
    assert_int_equal(climbed(r).steps, 0);
    assert_int_equal(texts(r), 0);
}

/* A complaint's clock that ran out goes to quality, once; one that was met in time to nobody. */
static void a_clock_that_ran_out_goes_up(void **state)
{
    struct room *r = *state;
    r->op.now = at("2026-11-21T15:00:00Z");
    as(r, &r->system);
#define CLOCK(status)                                                                              \
    "{\"resourceType\":\"Task\",\"status\":\"" status "\",\"intent\":\"order\",\"priority\":"      \
    "\"asap\",\"code\":{\"coding\":[{\"system\":\"" DESK_SYSTEM_CODE "\",\"code\":\"clock\"}]},"   \
    "\"authoredOn\":\"2026-11-20T10:00:00Z\",\"restriction\":{\"period\":{\"end\":"                \
    "\"2026-11-21T16:00:00Z\"}}}"
    str late = made(r, CLOCK("requested"));
    made(r, CLOCK("completed"));
    assert_int_equal(climbed(r).steps, 0);
    r->op.now = at("2026-11-21T16:00:00Z");
    assert_int_equal(climbed(r).steps, 1);
    r->op.now += 600 * MINUTES;
    assert_int_equal(climbed(r).steps, 0);
    struct record_doc doc;
    struct json *t;
    as(r, &r->system);
    assert_int_equal(record_read(&r->op, r->rec, fhir_type_parse(STR("Task")), late, &doc), OK);
    assert_int_equal(record_parse(&r->op, &doc, &t), OK);
    t = json_at(chain_steps(&r->op, t), 0);
    assert_str(json_get_str(t, STR("to")), "quality");
    assert_str(json_get_str(t, STR("row")), "CLOCK-LATE");
}

static void who_is_on_duty_stands_behind_the_step(void **state)
{
    struct room *r = *state;
    r->op.now = at("2026-11-21T15:00:00Z"); /* Saturday */
    as(r, &r->system);
#define ROLE(who, days)                                                                            \
    str_z(r->op.arena,                                                                             \
          arena_printf(                                                                            \
              r->op.arena,                                                                         \
              "{\"resourceType\":\"PractitionerRole\",\"active\":true,\"practitioner\":{"          \
              "\"reference\":\"%.*s\",\"display\":\"D\"},\"code\":[{\"coding\":[{\"system\":\"%s"  \
              "\",\"code\":\"on-call\"}]}],\"availableTime\":[{\"daysOfWeek\":[%s],\"allDay\":"    \
              "true}]}",                                                                           \
              STR_ARG(who), DESK_SYSTEM_TEAM_ROLE, days))
    made(r, ROLE(r->ada.reference, "\"mon\""));
    made(r, ROLE(r->bo.reference, "\"sat\",\"sun\""));
    str id = opened(r, DESK_P1);
    assert_int_equal(climbed(r).unnamed, 0);
    struct json *o = chain(r, id);
    assert_true(
        str_eq(json_str(json_path(JSON_GET(o, "steps"), "0.who.reference")), r->bo.reference));
}

/* "row who n" of each page, by commas; who by the first letter of the family. */
static str paged(struct room *r, str id)
{
    const struct json *all = JSON_GET(chain(r, id), "pages");
    str out = STR_NONE;
    for (size_t i = 0; i < all->n; i++) {
        const struct json *one = json_at(all, i);
        str who = json_str(json_path(one, "who.display"));
        int64_t n = 0;
        json_i64(JSON_GET(one, "n"), &n);
        out = arena_printf(r->op.arena, "%.*s%.*s %.*s %d,", STR_ARG(out),
                           STR_ARG(json_get_str(one, STR("row"))), STR_ARG(who), (int)n);
    }
    return out;
}
#define PAGED(id, text) assert_true(str_eq(paged(r, id), STR(text)))

static void on_duty(struct room *r, const char *who, str person, const char *code)
{
    str o = arena_printf(r->op.arena,
                         "{\"resourceType\":\"PractitionerRole\",\"active\":true,\"practitioner\":{"
                         "\"reference\":\"%.*s\",\"display\":\"%s\"},\"code\":[{\"coding\":[{"
                         "\"system\":\"" DESK_SYSTEM_TEAM_ROLE "\",\"code\":\"%s\"}]}]}",
                         STR_ARG(person), who, code);
    made(r, str_z(r->op.arena, o));
}

static size_t jobs(struct room *r)
{
    struct record_job *all;
    size_t n;
    as(r, &r->system);
    assert_int_equal(
        record_outbox_take(&r->op, r->rec, STR(DESK_PAGE_QUEUE), 86400000, 64, &all, &n), OK);
    return n;
}

static void who_does_not_answer_is_paged_again_then_the_next(void **state)
{
    struct room *r = *state;
    bool done;
    r->op.now = at("2026-11-21T15:00:00Z"); /* Saturday */
    as(r, &r->system);
    on_duty(r, "Ada", r->ada.reference, "on-call");
    on_duty(r, "Bo", r->bo.reference, "lead");
    str id = opened(r, DESK_P2);
    assert_int_equal(climbed(r).pages, 1);
    PAGED(id, "P2-CLOSED Ada 1,");
    r->op.now += 15 * MINUTES - 1;
    assert_int_equal(climbed(r).pages, 0);
    r->op.now += 1;
    assert_int_equal(climbed(r).pages, 1);
    /* it certainly did not leave: nobody waits for an answer that cannot come */
    as(r, &r->system);
    struct page_note note = {
        .task = id, .number = 2, .way = STR("sms"), .state = DESK_PAGE_FAILED, .why = "no-way"};
    assert_int_equal(desk_page_note(&r->op, r->rec, &note), OK);
    assert_int_equal(climbed(r).pages, 1);
    PAGED(id, "P2-CLOSED Ada 1,P2-CLOSED Ada 2,P2-CLOSED Bo 1,");
    as(r, &r->bo);
    assert_int_equal(desk_page_seen(&r->op, r->rec, id, &done), OK);
    assert_true(done);
    assert_int_equal(desk_page_seen(&r->op, r->rec, id, &done), OK);
    assert_false(done); /* once */
    r->op.now += 29 * MINUTES;
    assert_int_equal(climbed(r).pages, 0);
    r->op.now += 16 * MINUTES; /* P2-60: it is nobody's still, and begins with Ada again */
    assert_int_equal(climbed(r).pages, 1);
    PAGED(id, "P2-CLOSED Ada 1,P2-CLOSED Ada 2,P2-CLOSED Bo 1,P2-60 Ada 1,");
    struct record_result res;
    as(r, &r->ada);
    assert_int_equal(desk_claim(&r->op, r->rec, id, &res), OK);
    assert_str(json_str(json_path(chain(r, id), "pages.3.how")), "claimed");
    r->op.now += 60 * MINUTES;
    assert_int_equal(climbed(r).pages, 0);
    assert_int_equal(jobs(r), 4);
}

#define SPAN(o, list, i, name) json_get_str(json_at(JSON_GET(o, list), i), STR(name))

/* A week: nights by Bo, Monday's day by Ada, nothing said of the rest. */
static void the_roster_shows_where_nobody_is(void **state)
{
    struct room *r = *state;
    struct json *all, *o;
    r->op.now = at("2026-11-22T12:00:00Z"); /* Sunday */
    as(r, &r->system);
#define SHIFT(who, day, from, until)                                                               \
    made(r, str_z(r->op.arena,                                                                     \
                  arena_printf(r->op.arena,                                                        \
                               "{\"resourceType\":\"PractitionerRole\",\"active\":true,"           \
                               "\"practitioner\":{\"reference\":\"%.*s\"},\"code\":[{\"coding\":[" \
                               "{\"system\":\"" DESK_SYSTEM_TEAM_ROLE                              \
                               "\",\"code\":\"on-call\"}]}],\"availableTime\":[{\"daysOfWeek\":"   \
                               "[\"" day "\"],\"availableStartTime\":\"" from                      \
                               "\",\"availableEndTime\":\"" until "\"}]}",                         \
                               STR_ARG(who))))
    SHIFT(r->ada.reference, "mon", "08:00:00", "18:00:00");
    SHIFT(r->bo.reference, "sun", "18:00:00", "08:00:00");
    assert_int_equal(desk_roster(&r->op, r->rec, NULL, r->op.now, 7, &all), OK);
    o = json_at(all, 0);
    assert_int_equal(JSON_GET(o, "shifts")->n, 2);
    assert_str(json_get_str(o, STR("handover")), "2026-11-22T18:00:00.000Z");
    assert_int_equal(JSON_GET(o, "gaps")->n, 2);
    assert_str(SPAN(o, "gaps", 0, "from"), "2026-11-22T12:00:00.000Z");
    assert_str(SPAN(o, "gaps", 0, "until"), "2026-11-22T18:00:00.000Z");
    assert_str(SPAN(o, "gaps", 1, "from"), "2026-11-23T18:00:00.000Z");
    assert_str(SPAN(o, "gaps", 1, "until"), "2026-11-29T12:00:00.000Z");
    assert_int_equal(desk_roster(&r->op, r->rec, NULL, r->op.now, 32, &all), ERR_INVALID);
}

static void nobody_left_is_said_once(void **state)
{
    struct room *r = *state;
    r->op.now = at("2026-11-21T15:00:00Z");
    str id = opened(r, DESK_P1); /* nobody is on duty */
    assert_int_equal(climbed(r).unreached, 1);
    assert_str(json_str(json_path(chain(r, id), "pages.0.state")), "nobody");
    r->op.now += 5 * MINUTES;
    assert_int_equal(climbed(r).unreached, 0);
    as(r, &r->system);
    on_duty(r, "Ada", r->ada.reference, "on-call");
    r->op.now -= 90 * MINUTES; /* the clock was wrong: P1-15 is due at once, and finds somebody */
    assert_int_equal(climbed(r).pages, 1);
    assert_int_equal(climbed(r).pages, 0);
    r->op.now -= 90 * MINUTES; /* a page of the time to come is over */
    assert_int_equal(climbed(r).pages, 1);
    assert_int_equal(climbed(r).pages, 0);
    PAGED(id, "P1-CLOSED  0,P1-15 Ada 1,P1-15 Ada 2,");
}

/* R500: of a patient whose record was deleted nobody can be told, and the walk ended there: the
 * cases behind it went up no more. */
static void r500_a_patient_who_is_gone_holds_up_no_other_case(void **state)
{
    struct room *r = *state;
    struct record_result res;
    str all[3], patient[3], first = r->patient;
    r->op.now = at("2026-11-21T15:00:00Z"); /* Saturday: the patient is to be told */
    for (size_t i = 0; i < 3; i++) {
        as(r, &r->system);
        r->patient = patient[i] =
            made(r, "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Ash\"}]}");
        str o = arena_printf(r->op.arena,
                             "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{"
                             "\"text\":\"n\"},\"subject\":{\"reference\":\"Patient/%.*s\"}}",
                             STR_ARG(patient[i]));
        r->evidence[0] =
            arena_printf(r->op.arena, "Observation/%.*s", STR_ARG(made(r, str_z(r->op.arena, o))));
        all[i] = opened(r, DESK_P2);
    }
    r->patient = first;
    as(r, &r->system);
    assert_int_equal(
        record_delete(&r->op, r->rec, fhir_type_parse(STR("Patient")), patient[1], STR_NONE, &res),
        OK);
    (void)climbed(r);
    r->op.now += 5 * MINUTES;
    (void)climbed(r);
    assert_str(STEP(chain(r, all[0]), 1, "row"), "P2-CLOSED-5");
    assert_str(STEP(chain(r, all[2]), 1, "row"), "P2-CLOSED-5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unclaimed_goes_up_step_by_step, open_room, close_room),
        cmocka_unit_test_setup_teardown(nothing_is_missed_while_the_house_was_away, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(held_and_untouched_goes_up_touched_waits, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(out_of_hours_goes_its_own_way, open_room, close_room),
        cmocka_unit_test_setup_teardown(the_less_urgent_waits_for_the_opening, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(a_new_wait_begins_the_chain_again, open_room, close_room),
        cmocka_unit_test_setup_teardown(a_clock_put_back_forgets_nobody, open_room, close_room),
        cmocka_unit_test_setup_teardown(an_officers_case_does_not_go_up, open_room, close_room),
        cmocka_unit_test_setup_teardown(a_clock_that_ran_out_goes_up, open_room, close_room),
        cmocka_unit_test_setup_teardown(who_is_on_duty_stands_behind_the_step, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(who_does_not_answer_is_paged_again_then_the_next, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(the_roster_shows_where_nobody_is, open_room, close_room),
        cmocka_unit_test_setup_teardown(nobody_left_is_said_once, open_room, close_room),
        cmocka_unit_test_setup_teardown(r500_a_patient_who_is_gone_holds_up_no_other_case,
                                        open_room, close_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
