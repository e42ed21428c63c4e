/* The outline and its scheduler: what is shipped reads, faults name their step, the post-discharge
 * days come as written, and over invented people and answers: one contact at a time, inside the
 * windows, and an end. */
#include "base/test.h"
#include "campaign/plan_int.h"
#include "policy/policy.h"

#define DISCHARGE 1795554000000LL /* 2026-11-24T21:00:00Z: Tue 15:00 in Chicago */
#define HOUR 3600000LL
#define DAYS 60

static struct plan_place place_of(struct op *op, const char *zone, const char *state)
{
    struct plan_place place;
    str zones[] = {str_of(zone)}, where[] = {str_of(state)};
    struct plan_place_query q = {.zones = zones,
                                 .n_zones = 1,
                                 .jurisdictions = where,
                                 .n_jurisdictions = 1,
                                 .from = DISCHARGE - 10 * PLAN_DAY_MS,
                                 .days = DAYS};
    assert_int_equal(plan_place_new(op, rulebook_default(), &q, &place), OK);
    return place;
}

static struct plan *shipped(struct op *op, const char *code)
{
    struct plan *p = NULL;
    struct json *o;
    for (size_t i = 0; plan_shipped_at(i); i++)
        if (str_eq(str_of(plan_shipped_at(i)->code), str_of(code))) {
            err e = fhir_read(op, str_of(plan_shipped_at(i)->plan), 0, &o);
            if (e == OK)
                e = plan_read(op, o, &p);
            for (size_t k = 0; e != OK && k < op->fault.n; k++)
                print_error("%s: %.*s %.*s\n", code, STR_ARG(op->fault.issues[k].expression),
                            STR_ARG(op->fault.issues[k].message));
            assert_int_equal(e, OK);
        }
    assert_non_null(p);
    return p;
}

static void all_shipped_outlines_read(void **state)
{
    (void)state;
    size_t n = 0;
    for (; plan_shipped_at(n); n++) {
        struct op op = test_op();
        struct plan *p = shipped(&op, plan_shipped_at(n)->code);
        assert_true(p->n_steps > 0);
        assert_true(p->journey == str_eq(str_of(plan_shipped_at(n)->kind), STR("journey")));
        for (size_t i = 0; i < p->n_steps; i++) {
            assert_true(p->steps[i].next < 0 || p->steps[i].next > (int)i);
            bool speaks = p->steps[i].kind == PLAN_MESSAGE || p->steps[i].kind == PLAN_ASK;
            for (int l = 0; speaks && l < 3; l++)
                assert_false(str_empty(p->steps[i].words.text[l]));
        }
        test_op_done(&op);
    }
    assert_int_equal(n, 11);
}

/* ---- faults ---- */
#define HEAD                                                                                       \
    "{\"resourceType\":\"PlanDefinition\",\"status\":\"draft\",\"title\":\"T\",\"action\":["       \
    "{\"id\":\"enrol\",\"code\":[{\"coding\":[{\"system\":\"" PLAN_STEP_SYSTEM                     \
    "\",\"code\":\"enrol\"}]}]},"
#define CODE(k) "\"code\":[{\"coding\":[{\"system\":\"" PLAN_STEP_SYSTEM "\",\"code\":\"" k "\"}]}]"

static void fault(const char *steps, const char *at, const char *says)
{
    struct op op = test_op();
    struct json *o;
    struct plan *p = NULL;
    str text = arena_printf(op.arena, "%s%s]}", HEAD, steps);
    assert_int_equal(json_read(&op, text, &JSON_LIMITS_DEFAULT, &o), OK);
    assert_int_equal(plan_read(&op, o, &p), ERR_UNPROCESSABLE);
    assert_null(p);
    bool found = false;
    for (size_t i = 0; i < op.fault.n; i++)
        found |= str_eq(op.fault.issues[i].expression, str_of(at)) &&
                 str_find(op.fault.issues[i].message, str_of(says), 0) != SIZE_MAX;
    if (!found)
        print_error("%s: %.*s %.*s\n", says, STR_ARG(op.fault.issues[0].expression),
                    STR_ARG(op.fault.issues[0].message));
    assert_true(found);
    test_op_done(&op);
}

static void faults_name_the_step(void **state)
{
    (void)state;
    fault("{\"id\":\"a\"," CODE("message") ",\"textEquivalent\":\"Hi\"},{\"id\":\"b\"," CODE(
              "shout") "}",
          "PlanDefinition.action[2].code", "step 2 (b)");
    fault("{\"id\":\"a\"," CODE("message") "}", "PlanDefinition.action[1].textEquivalent",
          "step 1 (a): a step that speaks");
    fault("{\"id\":\"a\"," CODE("ask") ",\"textEquivalent\":\"Hi?\"}",
          "PlanDefinition.action[1].action", "step 1 (a): a question has numbered paths");
    fault("{\"id\":\"a\"," CODE(
              "call") ",\"condition\":[{\"kind\":\"applicability\",\"expression\":{"
                      "\"language\":\"text/fhirpath\",\"expression\":\"name.(\"}}]}",
          "PlanDefinition.action[1].condition.expression", "step 1 (a)");
    fault("{\"id\":\"a\"," CODE("call") "},{\"id\":\"a\"," CODE("call") "}",
          "PlanDefinition.action[2].id", "step 2 (a): every step needs an id of its own");
    fault("{\"id\":\"a\"," CODE(
              "call") ",\"relatedAction\":[{\"actionId\":\"enrol\",\"relationship\":"
                      "\"after-end\",\"offsetDuration\":{\"value\":3,\"code\":\"moon\"}}]}",
          "PlanDefinition.action[1].relatedAction.offsetDuration", "step 1 (a): give a duration");
    fault(
        "{\"id\":\"a\"," CODE(
            "ask") ",\"textEquivalent\":\"Hi?\",\"action\":[{\"prefix\":\"x\"," CODE("path") "}]}",
        "PlanDefinition.action[1].action[0].prefix", "step 1 (a) path 1: a path is a numbered");
}

/* ---- the days as written ---- */
struct run {
    struct op op;
    struct plan *p;
    struct plan_place place;
    struct plan_person who;
    struct plan_state s;
    int64_t now;
};

static void start(struct run *r, const char *code)
{
    r->op = test_op();
    r->p = shipped(&r->op, code);
    r->place = place_of(&r->op, "America/Chicago", "US-IL");
    r->who = (struct plan_person){
        .place = &r->place,
        .by = {{.may = 1u << PLAN_SMS | 1u << PLAN_EMAIL, .prefers = PLAN_SMS}},
        .holds = UINT64_MAX};
    r->now = DISCHARGE;
    plan_begin(r->p, DISCHARGE, r->now, &r->s);
}

/* Lets the clock run to the next thing that is done. */
static struct plan_move next(struct run *r)
{
    struct plan_move m;
    for (int i = 0; i < 1000; i++) {
        plan_next(r->p, &r->who, &r->s, r->now, &m);
        r->s = m.state;
        if (m.kind != PLAN_WAIT)
            break;
        assert_true(m.at > r->now);
        r->now = m.at;
    }
    assert_int_not_equal(m.kind, PLAN_WAIT);
    if (m.kind == PLAN_SEND)
        r->who.last_contact = r->now;
    return m;
}

static void expect(struct run *r, enum plan_move_kind kind, const char *step, const char *when,
                   enum plan_channel channel)
{
    struct plan_move m = next(r);
    assert_int_equal(m.kind, kind);
    assert_true(str_eq(r->p->steps[m.step].id, str_of(step)));
    str at = time_format(r->op.arena, m.at);
    if (!str_starts(at, str_of(when)))
        print_error("%s: at %.*s\n", step, STR_ARG(at));
    assert_true(str_starts(at, str_of(when)));
    assert_int_equal(m.channel, channel);
}

static void nobody_answers_after_discharge(void **state)
{
    struct run r;
    (void)state;
    start(&r, "post-discharge");
    expect(&r, PLAN_SEND, "day-1", "2026-11-25T16:00", PLAN_SMS); /* Wed 10:00 */
    expect(&r, PLAN_SEND, "day-3", "2026-11-27T16:00", PLAN_SMS);
    expect(&r, PLAN_SEND, "day-7", "2026-12-01T16:00", PLAN_SMS);
    /* three messages without a word: one last check by another channel, then a person calls */
    expect(&r, PLAN_SEND, "last-check", "2026-12-03T16:0", PLAN_EMAIL);
    expect(&r, PLAN_DO, "phone", "2026-12-04T16:0", PLAN_PHONE);
    assert_int_equal(next(&r).kind, PLAN_DONE);
    test_op_done(&r.op);
}

static int path_of(const struct run *r, const char *code)
{
    const struct plan_step *s = &r->p->steps[r->s.step];
    for (int i = s->paths; i < s->paths + s->n_paths; i++)
        if (str_eq(r->p->paths[i].code, str_of(code)))
            return i;
    return -1;
}

static void an_answer_takes_its_path(void **state)
{
    struct run r;
    (void)state;
    start(&r, "post-discharge");
    expect(&r, PLAN_SEND, "day-1", "2026-11-25T16:00", PLAN_SMS);
    r.now += HOUR;
    plan_answer(r.p, &r.s, path_of(&r, "medicine"), r.now, &r.s);
    expect(&r, PLAN_SEND, "day-1-medicine", "2026-11-25T17:00", PLAN_SMS); /* at once: they wrote */
    r.now += 10 * 60000;
    plan_answer(r.p, &r.s, path_of(&r, "cannot-get"), r.now, &r.s);
    expect(&r, PLAN_DO, "medicine-get", "2026-11-25T17:10", PLAN_PHONE);
    assert_int_equal(r.s.silent, 0);
    expect(&r, PLAN_SEND, "day-3", "2026-11-27T16:00", PLAN_SMS); /* Thanksgiving is between */
    test_op_done(&r.op);
}

static bool works_on(const struct plan_place *p, const char *date)
{
    struct time_span s;
    assert_true(time_parse(str_of(date), &s));
    const struct plan_day *d = &p->days[s.lo / PLAN_DAY_MS - p->first];
    return d->open < d->close;
}

/* R519: campaigns kept the federal holidays of the US everywhere, and no others. */
static void r519_holidays_are_of_the_place(void **state)
{
    (void)state;
    struct op op = test_op();
    struct plan_place us = place_of(&op, "America/Chicago", "US-IL"),
                      de = place_of(&op, "Europe/Berlin", "DE"),
                      es = place_of(&op, "Europe/Madrid", "ES"),
                      mb = place_of(&op, "America/Winnipeg", "CA-MB");
    assert_false(works_on(&us, "2026-11-26")); /* Thanksgiving */
    assert_true(works_on(&de, "2026-11-26"));
    assert_true(works_on(&us, "2026-12-08"));
    assert_false(works_on(&es, "2026-12-08")); /* Inmaculada Concepción */
    assert_false(works_on(&de, "2026-12-25"));
    assert_false(works_on(&mb, "2026-12-25")); /* with the region, too */
    test_op_done(&op);
}

static void holidays_pauses_and_lateness(void **state)
{
    struct run r;
    struct plan_move m;
    (void)state;
    start(&r, "post-discharge");
    r.s.paused_until = DISCHARGE + 2 * PLAN_DAY_MS; /* over day 1: it is still sent, on day 3 */
    plan_next(r.p, &r.who, &r.s, r.now, &m);
    assert_int_equal(m.why, PLAN_WHY_PAUSED);
    r.now = DISCHARGE + 6 * PLAN_DAY_MS; /* down for days: too late, dropped and told, then on */
    plan_next(r.p, &r.who, &r.s, r.now, &m);
    assert_int_equal(m.kind, PLAN_DROP);
    assert_int_equal(m.why, PLAN_WHY_EXPIRED);
    r.now = DISCHARGE + 31 * PLAN_DAY_MS;
    assert_int_equal(next(&r).kind, PLAN_DONE);
    r.who.by[0].may = 0; /* nobody is left in silence: a person calls */
    r.now = DISCHARGE;
    plan_begin(r.p, DISCHARGE, r.now, &r.s);
    expect(&r, PLAN_DO, "day-1", "2026-11-25T16:00", PLAN_PHONE);
    test_op_done(&r.op);
}

static void the_day_before_a_visit(void **state)
{
    struct run r;
    (void)state;
    start(&r, "pre-visit");
    plan_begin(r.p, DISCHARGE + 6 * PLAN_DAY_MS, r.now, &r.s); /* the visit: Mon 15:00 */
    expect(&r, PLAN_SEND, "confirm", "2026-11-25T16:00", PLAN_SMS);
    plan_answer(r.p, &r.s, path_of(&r, "yes"), r.now + HOUR, &r.s);
    expect(&r, PLAN_SEND, "ready", "2026-11-28T16:00", PLAN_SMS);
    expect(&r, PLAN_SEND, "tomorrow", "2026-11-29T16:00", PLAN_SMS);
    assert_int_equal(next(&r).kind, PLAN_DONE);
    test_op_done(&r.op);
}

/* The table of days begins with today: what counts from an earlier day stays where it was. */
static void days_count_from_before_the_table(void **state)
{
    struct run r;
    struct plan_move m;
    (void)state;
    start(&r, "post-discharge");
    r.place.first += 11;
    r.place.days += 11;
    r.place.n -= 11; /* from Wednesday on */
    plan_answer(r.p, &r.s, -1, r.now, &r.s);
    plan_next(r.p, &r.who, &r.s, DISCHARGE + 20 * HOUR, &m);
    assert_int_equal(m.kind, PLAN_SEND);
    assert_str(r.p->steps[m.step].id, "day-1");
    plan_answer(r.p, &m.state, -1, DISCHARGE + 21 * HOUR, &r.s);
    plan_next(r.p, &r.who, &r.s, DISCHARGE + 21 * HOUR, &m);
    assert_true(str_starts(time_format(r.op.arena, m.at), STR("2026-11-27T16:00")));
    test_op_done(&r.op);
}

/* ---- what they want to ask ---- */
/* Who leaves with it is called after the silence; by a campaign of marketing nobody is. */
static void what_nobody_knows_yet_is_asked_by_a_person(void **state)
{
    struct run r;
    struct plan_state s;
    struct plan_move m;
    int i = 0;
    (void)state;
    start(&r, "post-discharge");
    while (!str_eq(r.p->steps[i].id, STR("day-1-medicine")))
        i++;
    const struct plan_state asked = {.anchor = DISCHARGE,
                                     .asked = DISCHARGE + 20 * HOUR,
                                     .phase = PLAN_ASKED,
                                     .step = (int16_t)i,
                                     .last = (uint8_t)(i + 1),
                                     .tries = 1};
    assert_int_equal(plan_untold(r.p, &asked), i);
    s = asked;
    plan_leave(r.p, &s, PLAN_LEAVES, DISCHARGE + 21 * HOUR);
    plan_next(r.p, &r.who, &s, DISCHARGE + 21 * HOUR, &m);
    assert_int_equal(m.kind, PLAN_WAIT);
    assert_int_equal(m.at, DISCHARGE + 24 * HOUR);
    plan_next(r.p, &r.who, &m.state, m.at, &m);
    assert_int_equal(m.kind, PLAN_DO);
    assert_int_equal(m.state.phase, PLAN_LEFT);
    s = asked;
    plan_leave(r.p, &s, PLAN_LEAVES_IN_PEACE, DISCHARGE + 21 * HOUR);
    assert_int_equal(s.phase, PLAN_LEFT);
    r.p->marketing = true;
    s = asked;
    assert_int_equal(plan_untold(r.p, &s), -1);
    plan_leave(r.p, &s, PLAN_LEAVES, DISCHARGE + 21 * HOUR);
    assert_int_equal(s.phase, PLAN_LEFT);
    test_op_done(&r.op);
}

/* ---- channel ---- */
static void the_channel_is_chosen_by_reasons(void **state)
{
    (void)state;
    struct plan_step any = {.channel = PLAN_PREFERRED}, other = {.channel = PLAN_OTHER},
                     fast = {.channel = PLAN_PREFERRED, .urgent = true},
                     letter = {.channel = PLAN_LETTER};
    struct plan_person who = {.by = {{.may = 1u << PLAN_SMS | 1u << PLAN_EMAIL | 1u << PLAN_LETTER,
                                      .prefers = PLAN_SMS}}};
    enum way_by by;
    assert_int_equal(plan_choose(&who, &any, 0, &by), PLAN_SMS);
    assert_int_equal(by, WAY_BY_PREFERENCE);
    who.failing = 1u << PLAN_SMS;
    assert_int_equal(plan_choose(&who, &any, 0, &by), PLAN_EMAIL);
    assert_int_equal(by, WAY_BY_DELIVERY);
    who.failing = 0;
    assert_int_equal(plan_choose(&who, &other, 1u << PLAN_SMS, &by), PLAN_EMAIL);
    assert_int_equal(plan_choose(&who, &other, 1u << PLAN_SMS | 1u << PLAN_EMAIL, &by),
                     PLAN_LETTER);
    assert_int_equal(plan_choose(&who, &other, 0xf, &by), PLAN_PHONE);
    who.by[0].prefers = PLAN_PREFERRED;
    assert_int_equal(plan_choose(&who, &any, 0, &by), PLAN_EMAIL);
    assert_int_equal(by, WAY_BY_COST);
    assert_int_equal(plan_choose(&who, &fast, 0, &by), PLAN_SMS);
    assert_int_equal(plan_choose(&who, &letter, 0, &by), PLAN_LETTER);
    who.by[0].may = 1u << PLAN_EMAIL;
    assert_int_equal(plan_choose(&who, &any, 0, &by), PLAN_EMAIL);
    assert_int_equal(by, WAY_BY_ONLY_ONE);
    assert_int_equal(plan_choose(&who, &letter, 0, &by), PLAN_PHONE);
}

#define VISITS "appointment_or_exam_confirm_remind"
#define PURPOSE(code)                                                                              \
    ",\"extension\":[{\"url\":\"" PLAN_URL "purpose\",\"valueCode\":\"" code "\"}]"
#define SAYS(id, more) "{\"id\":\"" id "\"," CODE("message") ",\"textEquivalent\":\"Hi\"" more "}"

/* Of an outline of care: one step about a visit, one that sells. */
static void each_step_has_the_ways_of_its_purpose(void **state)
{
    struct op op = test_op();
    struct json *o;
    struct plan *p = NULL;
    struct plan_state s;
    struct plan_move m;
    (void)state;
    str text = STR(
        HEAD SAYS("a", "") "," SAYS("b", PURPOSE(VISITS)) "," SAYS("c", PURPOSE("marketing")) "]}");
    assert_int_equal(json_read(&op, text, &JSON_LIMITS_DEFAULT, &o), OK);
    assert_int_equal(plan_read(&op, o, &p), OK);
    assert_int_equal(p->n_purposes, 3);
    assert_int_equal(p->steps[0].about, 0);
    assert_int_equal(p->steps[1].about, 1);
    assert_int_equal(plan_consent(p, p->purposes[0]), PLAN_CARE);
    assert_int_equal(plan_consent(p, p->purposes[1]), PLAN_VISIT);
    assert_true(plan_sells(p, 2) && !plan_sells(p, 1) && !plan_sells(p, 0));
    struct plan_place place = place_of(&op, "America/Chicago", "US-IL");
    const unsigned both = 1u << PLAN_SMS | 1u << PLAN_EMAIL;
    struct plan_person who = {.place = &place,
                              .by = {{.may = both, .prefers = PLAN_SMS},
                                     {.may = both, .prefers = PLAN_EMAIL, .said = true}}};
    enum way_by by;
    assert_int_equal(plan_choose(&who, &p->steps[0], 0, &by), PLAN_SMS);
    assert_int_equal(by, WAY_BY_PREFERENCE);
    assert_int_equal(plan_choose(&who, &p->steps[1], 0, &by), PLAN_EMAIL);
    assert_int_equal(by, WAY_BY_PURPOSE);
    plan_begin(p, DISCHARGE, DISCHARGE, &s);
    s.step = 2; /* nobody calls to sell */
    plan_next(p, &who, &s, DISCHARGE, &m);
    assert_int_equal(m.kind, PLAN_DROP);
    s.step = 1;
    who.by[1].may = 0;
    plan_next(p, &who, &s, DISCHARGE, &m);
    assert_int_equal(m.kind, PLAN_DO);
    test_op_done(&op);
}

/* ---- properties ---- */
static uint32_t dice(uint64_t *x)
{
    *x = *x * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*x >> 33);
}

static void inside(const struct run *r, const struct plan_move *m, int64_t last)
{
    const struct plan_day *d = NULL;
    for (size_t i = 0; i < r->place.n; i++)
        if (m->at >= r->place.days[i].open && m->at < r->place.days[i].close)
            d = &r->place.days[i];
    assert_non_null(d); /* the window of a day */
    if (!r->p->steps[m->step].urgent && last)
        assert_true(m->at >= last + r->p->gap);
    assert_true((r->who.by[0].may & (1u << m->channel)) != 0);
}

static void one_life(struct run *r, uint64_t *x)
{
    struct plan_move m;
    int moves = 0, contacts = 0;
    r->who.by[0].may = (uint8_t)(dice(x) & 0xf);
    r->who.by[0].prefers = (uint8_t)(dice(x) % (PLAN_CHANNELS + 1));
    r->who.failing = (uint8_t)(dice(x) & 0x3);
    r->who.holds = dice(x);
    r->who.seed = dice(x);
    r->who.last_contact = dice(x) % 2 ? DISCHARGE - dice(x) % PLAN_DAY_MS : 0;
    r->now = DISCHARGE + dice(x) % PLAN_DAY_MS;
    plan_begin(r->p, r->now, r->now, &r->s);
    do {
        plan_next(r->p, &r->who, &r->s, r->now, &m);
        if (m.kind == PLAN_SEND) {
            inside(r, &m, r->who.last_contact);
            assert_int_equal(m.at, r->now);
            r->who.last_contact = r->now;
            contacts++;
        }
        r->s = m.state;
        if (m.kind == PLAN_WAIT && r->s.phase == PLAN_ASKED && dice(x) % 3 == 0)
            plan_answer(r->p, &r->s, dice(x) % 2 ? r->p->steps[r->s.step].paths : -1,
                        r->now + dice(x) % HOUR, &r->s);
        else if (m.kind == PLAN_WAIT) {
            assert_true(m.at > r->now);
            r->now = m.at + (dice(x) % 4 ? 0 : dice(x) % PLAN_DAY_MS); /* the server was down */
        }
        if (dice(x) % 40 == 0)
            r->s.paused_until = r->now + dice(x) % (3 * PLAN_DAY_MS);
    } while (m.kind != PLAN_DONE && ++moves < 2000);
    assert_int_equal(m.kind, PLAN_DONE);
    assert_true(contacts <= 3 * (int)r->p->n_steps);
}

static void every_life_keeps_the_laws(void **state)
{
    uint64_t x = 20261122;
    (void)state;
    for (size_t i = 0; plan_shipped_at(i); i++) {
        struct run r;
        start(&r, plan_shipped_at(i)->code);
        for (int k = 0; k < 400; k++)
            one_life(&r, &x);
        test_op_done(&r.op);
    }
}

static void clock_changes_keep_local_hours(void **state)
{
    struct op op = test_op();
    struct plan_place place;
    str zones[] = {STR("America/New_York"), STR("America/Chicago")}, where[] = {STR("US-FL")};
    struct plan_place_query q = {.zones = zones,
                                 .n_zones = 2,
                                 .jurisdictions = where,
                                 .n_jurisdictions = 1,
                                 .from = 1793232000000LL, /* 2026-10-29 */
                                 .days = 10};
    (void)state;
    assert_int_equal(plan_place_new(&op, rulebook_default(), &q, &place), OK);
    for (size_t i = 0; i < place.n; i++) { /* the clocks go back on 1 November */
        struct time_local east, central;
        const struct plan_day *d = &place.days[i];
        assert_true(time_to_local(d->open, STR("America/Chicago"), &central));
        assert_true(time_to_local(d->close, STR("America/New_York"), &east));
        assert_true(central.hour == (central.wday == 0 ? 10 : 8) && central.minute == 0);
        assert_true(east.hour == (east.wday == 0 ? 17 : 19) && east.minute == 45);
    }
    test_op_done(&op);
}

static void a_move_says_why(void **state)
{
    struct op op = test_op();
    (void)state;
    struct plan_move m = {.kind = PLAN_WAIT,
                          .at = DISCHARGE,
                          .channel = PLAN_SMS,
                          .by = WAY_BY_PREFERENCE,
                          .why = PLAN_WHY_HOURS};
    assert_str(plan_explain(&op, NULL, &m, STR("America/Chicago"), 0),
               "Tue 3 pm, text message, because they prefer it; before that it is outside their "
               "hours.");
    assert_false(str_empty(plan_explain(&op, NULL, &m, STR("America/Chicago"), 2)));
    test_op_done(&op);
}

/* "A nurse will call" was said, and the plan's last day was over before the case was there. */
static void an_answer_of_the_last_day_is_followed(void **state)
{
    (void)state;
    struct run r;
    struct plan_move m;
    start(&r, "new-medicine");
    int of = -1;
    for (int i = 0; i < (int)r.p->n_steps; i++)
        of = str_eq(r.p->steps[i].id, STR("week-3")) ? i : of;
    assert_true(of > 0);
    int64_t end = DISCHARGE + 28 * PLAN_DAY_MS;
    r.s.step = (int16_t)of;
    r.s.phase = PLAN_ASKED;
    r.s.asked = end - PLAN_DAY_MS;
    r.s.tries = 1;
    plan_answer(r.p, &r.s, path_of(&r, "side-effect"), end - 1000, &r.s);
    plan_next(r.p, &r.who, &r.s, end + HOUR, &m);
    assert_int_equal(m.kind, PLAN_DO);
    plan_next(r.p, &r.who, &m.state, end + HOUR, &m);
    assert_int_equal(m.kind, PLAN_DONE);
    test_op_done(&r.op);
}

/* The first try is answered while the second waits for its hours: it is not asked again. */
static void an_answer_before_the_next_try_is_the_answer(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct run r;
        start(&r, "pre-visit");
        r.s.phase = PLAN_READY; /* at "confirm", tried once */
        r.s.tries = 1;
        r.s.last = 1;
        r.s.late = 7 * 24;
        r.s.stale = late == 1;
        r.s.asked = r.now - 2 * PLAN_DAY_MS;
        assert_int_equal(plan_awaits(&r.s, r.now), 0);
        plan_answer(r.p, &r.s, path_of(&r, "yes"), r.now, &r.s);
        assert_int_equal(r.s.step, r.p->steps[0].next);
        test_op_done(&r.op);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_shipped_outlines_read),
        cmocka_unit_test(faults_name_the_step),
        cmocka_unit_test(nobody_answers_after_discharge),
        cmocka_unit_test(an_answer_takes_its_path),
        cmocka_unit_test(r519_holidays_are_of_the_place),
        cmocka_unit_test(holidays_pauses_and_lateness),
        cmocka_unit_test(the_day_before_a_visit),
        cmocka_unit_test(days_count_from_before_the_table),
        cmocka_unit_test(what_nobody_knows_yet_is_asked_by_a_person),
        cmocka_unit_test(the_channel_is_chosen_by_reasons),
        cmocka_unit_test(each_step_has_the_ways_of_its_purpose),
        cmocka_unit_test(every_life_keeps_the_laws),
        cmocka_unit_test(clock_changes_keep_local_hours),
        cmocka_unit_test(a_move_says_why),
        cmocka_unit_test(an_answer_before_the_next_try_is_the_answer),
        cmocka_unit_test(an_answer_of_the_last_day_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
