/* The clocks of an incident: a Task for each rule row that applies to its facts, and one for each
 * state. Invariant: asking again makes none twice, and a clock that no longer applies is taken back
 * with the reason, never deleted. */
#include "desk/clock_int.h"
#include "desk/incident_int.h"

#include "base/time.h"

static str input(const struct json *task, str name)
{
    return json_get_str(right_input(task, name), STR("valueString"));
}

static struct clocks_of of(const struct incident *i)
{
    return (struct clocks_of){.op = i->op,
                              .rec = i->rec,
                              .tx = i->tx,
                              .id = i->id,
                              .officer = true,
                              .from = i->discovered};
}

static err facts_of(struct incident *i, struct facts **ret)
{
    struct facts *f = facts_new(i->op);
    int64_t people = 0, most = 0, n;
    bool low = json_bool(JSON_GET(i->assessment, "lowProbability"), false), eu = false;
    const struct json *places = JSON_GET(i->scope, "places"), *p;
    (void)json_i64(JSON_GET(i->scope, "people"), &people);
    for (size_t k = 0; (p = json_at(places, k)); k++) {
        if (!json_i64(JSON_GET(p, "people"), &n))
            continue;
        eu |= str_eq(json_get_str(p, STR("place")), STR("EU")) && n > 0;
        if (str_starts(json_get_str(p, STR("place")), STR("US-")) && n > most)
            most = n;
    }
    facts_set_bool(f, FACT_IMPERMISSIBLE_USE_OR_DISCLOSURE, !i->assessment);
    facts_set_bool(f, FACT_BREACH_UNSECURED_PHI, !low && people > 0);
    facts_set_num(f, FACT_INDIVIDUALS, (double)people);
    facts_set_num(f, FACT_MAX_RESIDENTS_ONE_STATE, (double)most);
    facts_set_bool(f, FACT_GDPR_APPLIES, eu);
    facts_set_bool(f, FACT_PERSONAL_DATA_BREACH, eu);
    facts_set_bool(f, FACT_RISK_NOT_UNLIKELY, !low);
    facts_set_bool(f, FACT_HIGH_RISK, !low); /* health data: GDPR Art. 9 */
    facts_set_str(f, FACT_OUR_ROLE, STR("covered_entity"));
    facts_set_bool(f, FACT_PHR_VENDOR, false);
    facts_set_bool(f, FACT_HIPAA_COVERED, true);
    facts_set_bool(f, FACT_LAW_ENFORCEMENT_DELAY,
                   i->delay && !json_get_str(i->delay, STR("ended")).n);
    facts_set_bool(f, FACT_STATE_CLOCK_KNOWN, !low && people > 0);
    *ret = f;
    return op_check(i->op);
}

/* By the state's own table, for each state somebody lives in that has a row. */
static err open_states(struct incident *i, const struct clocks_of *whose,
                       const struct clock_row *row, const clocks *had)
{
    const struct json *places = JSON_GET(i->scope, "places"), *p;
    for (size_t k = 0; (p = json_at(places, k)); k++) {
        str place = json_get_str(p, STR("place"));
        struct fault before = i->op->fault;
        int64_t end;
        if (!str_starts(place, STR("US-")) || clocks_have(had, str_of(row->rule), place))
            continue;
        if (desk_clock(i->op, record_rulebook(i->rec), str_of(row->rule), i->discovered,
                       str_sub(place, 3, place.n), &end) != OK) {
            i->op->fault = before;
            continue;
        }
        TRY(clock_open(whose, row, place, end));
    }
    return OK;
}

static err sync(struct incident *i, const struct clock_row *row, bool applies, clocks *had)
{
    str rule = str_of(row->rule);
    struct clocks_of all = of(i), *whose = &all;
    int64_t end;
    if (!applies)
        return clocks_take_back(whose, had, rule, NULL);
    if (str_eq(rule, STR("BRN-08")))
        return open_states(i, whose, row, had);
    if (clocks_have(had, rule, STR_NONE))
        return OK;
    if (str_eq(rule, STR("BRN-07")))
        return clock_open(whose, row, STR_NONE, incident_delayed(i));
    TRY(desk_clock(i->op, record_rulebook(i->rec), rule, i->discovered, STR_NONE, &end));
    return clock_open(whose, row, STR_NONE, end);
}

err incident_clocks(struct incident *i)
{
    clocks had = {.n = 0};
    struct facts *f = NULL;
    struct clocks_of whose = of(i);
    TRY(clocks_load(&whose, &had));
    TRY(facts_of(i, &f));
    for (size_t k = 0; k < CLOCK_COUNT; k++) {
        if (str_starts(str_of(CLOCK_ROW[k].rule), STR("DEV-")))
            continue; /* a complaint's (complaint_clock.c) */
        const struct rule *rule = policy_rule_find(str_of(CLOCK_ROW[k].rule));
        bool applies = false;
        if (rule)
            (void)policy_rule_decide(record_rulebook(i->rec), rule, f, &applies);
        TRY(sync(i, &CLOCK_ROW[k], applies, &had));
    }
    return op_check(i->op);
}

/* 45 CFR 164.412 speaks of the notices of 164.404, 164.406 and 164.408; a state's clock is the
 * state's. What the end was before stands beside it. */
err incident_clocks_move(struct incident *i, int64_t until)
{
    static const char *const held[] = {"BRN-02", "BRN-03", "BRN-04"};
    clocks all = {.n = 0};
    struct clocks_of whose = of(i);
    TRY(clocks_load(&whose, &all));
    for (size_t k = 0; k < all.n; k++) {
        struct json *task = all.at[k].tree, *period;
        struct time_span was;
        bool mine = false, wish = until && str_eq(all.at[k].rule, STR("BRN-07"));
        for (size_t r = 0; r < sizeof held / sizeof *held; r++)
            mine |= str_eq(all.at[k].rule, str_of(held[r]));
        str before = input(task, STR("due-before"));
        str now = json_str(json_path(task, "restriction.period.end"));
        if ((!mine && !wish) || !str_eq(all.at[k].status, STR("requested")) ||
            !time_parse(before.n ? before : now, &was))
            continue;
        if (!before.n && mine)
            right_add(i->op, task, "input", STR("due-before"), STR("valueString"), now);
        period = JSON_GET(JSON_GET(task, "restriction"), "period");
        json_set_str(i->op->arena, period, STR("end"),
                     time_format(i->op->arena, wish || until > was.lo ? until : was.lo));
        TRY(record_tx_update(i->tx, fhir_type_parse(STR("Task")), all.at[k].id, task,
                             all.at[k].vid));
    }
    return op_check(i->op);
}

err incident_clock_list(struct incident *i, struct json **ret, bool *ret_open)
{
    struct clocks_of whose = of(i);
    return clocks_tell(&whose, ret, ret_open);
}

static err done(struct incident *i, str clock, str note, struct json **ret)
{
    struct clocks_of whose = of(i);
    struct json *detail = json_new(i->op->arena, JSON_OBJECT);
    str rule;
    TRY(incident_judge(i));
    TRY(clock_meet(&whose, i->person, clock, note, &rule));
    json_set_str(i->op->arena, detail, STR("rule"), rule);
    TRY(incident_commit(i, "incident-clock-met", detail));
    return incident_view(i, ret);
}

err incident_done(struct op *op, struct record *rec, str id, str clock, str note, struct json **ret)
{
    struct incident i;
    if (!str_trim(note).n || note.n > 4000)
        return fail_at(op, ERR_INVALID, STR("note"),
                       "Say what was done, in at most 4,000 letters.");
    TRY(incident_begin(op, rec, id, &i));
    return incident_end(&i, done(&i, clock, note, ret));
}
