/* The clocks of an incident: a Task for each rule row that applies to its facts, and one for each
 * state. Invariant: asking again makes none twice, and a clock that no longer applies is taken back
 * with the reason, never deleted. */
#include "desk/clock.h"
#include "desk/incident_int.h"

#include "base/time.h"
#include "base/vec.h"

struct clock {
    str id, rule, place, status;
    struct json *tree;
    uint32_t vid;
};
typedef VEC(struct clock) clocks;

static str input(const struct json *task, str name)
{
    return json_get_str(right_input(task, name), STR("valueString"));
}

static err load(struct incident *i, clocks *ret)
{
    struct record_page page;
    TRY(record_find(i->op, i->rec, fhir_type_parse(STR("Task")),
                    arena_printf(i->op->arena,
                                 "part-of=Task/%.*s&code=" DESK_SYSTEM_CODE
                                 "|clock&_security=" DESK_LABEL_OFFICER "&_count=200",
                                 STR_ARG(i->id)),
                    &page));
    for (size_t k = 0; k < page.n_match; k++) {
        struct clock c = {.id = page.docs[k].id, .vid = page.docs[k].vid};
        TRY(record_parse(i->op, &page.docs[k], &c.tree));
        c.rule = json_str(json_path(c.tree, "reasonCode.text"));
        c.place = input(c.tree, STR("place"));
        c.status = json_get_str(c.tree, STR("status"));
        VEC_PUSH(i->op->arena, ret, c);
    }
    return op_check(i->op);
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

static err open_one(struct incident *i, const struct clock_row *row, str place, int64_t end)
{
    struct arena *a = i->op->arena;
    const struct rule *rule = policy_rule_find(str_of(row->rule));
    struct json *task, *reason = json_new(a, JSON_OBJECT);
    struct buf b;
    str id;
    buf_init(&b, a, 8192);
    buf_printf(&b,
               "{\"resourceType\":\"Task\",\"meta\":{\"security\":[{\"system\":\"%s\",\"code\":"
               "\"%s\"}]},\"partOf\":[{\"reference\":\"Task/%.*s\"}],\"status\":\"requested\","
               "\"intent\":\"order\",\"priority\":\"asap\",\"code\":{\"coding\":[{\"system\":\"%s\""
               ",\"code\":\"clock\"},{\"system\":\"%s\",\"code\":\"%s\"}]},\"authoredOn\":\"%.*s\","
               "\"restriction\":{\"period\":{\"start\":\"%.*s\",\"end\":\"%.*s\"}}}",
               DESK_SYSTEM_LABEL, DESK_LABEL_OFFICER, STR_ARG(i->id), DESK_SYSTEM_CODE,
               DESK_SYSTEM_CODE, row->code, STR_ARG(time_format(a, i->op->now)),
               STR_ARG(time_format(a, i->discovered)), STR_ARG(time_format(a, end)));
    TRY(json_read(i->op, buf_str(&b), &JSON_LIMITS_DEFAULT, &task));
    json_set_str(a, reason, STR("text"), str_of(row->rule));
    json_set(a, task, STR("reasonCode"), reason);
    json_set_str(a, task, STR("description"),
                 arena_printf(a, "%s (%s)", row->title, rule ? rule->citation : row->rule));
    right_add(i->op, task, "input", STR("place"), STR("valueString"), place);
    return record_tx_create(i->tx, task, &id);
}

static err change(struct incident *i, struct clock *c, str status, str note)
{
    struct json *reason = json_new(i->op->arena, JSON_OBJECT);
    json_set_str(i->op->arena, reason, STR("text"), note);
    json_set(i->op->arena, c->tree, STR("statusReason"), reason);
    desk_set_status(i->op, c->tree, status);
    return record_tx_update(i->tx, fhir_type_parse(STR("Task")), c->id, c->tree, c->vid);
}

static bool there(const clocks *all, str rule, str place)
{
    for (size_t k = 0; k < all->n; k++)
        if (str_eq(all->at[k].rule, rule) && str_eq(all->at[k].place, place) &&
            !str_eq(all->at[k].status, STR("cancelled")))
            return true;
    return false;
}

/* By the state's own table, for each state somebody lives in that has a row. */
static err open_states(struct incident *i, const struct clock_row *row, const clocks *had)
{
    const struct json *places = JSON_GET(i->scope, "places"), *p;
    for (size_t k = 0; (p = json_at(places, k)); k++) {
        str place = json_get_str(p, STR("place"));
        struct fault before = i->op->fault;
        int64_t end;
        if (!str_starts(place, STR("US-")) || there(had, str_of(row->rule), place))
            continue;
        if (desk_clock(i->op, record_rulebook(i->rec), str_of(row->rule), i->discovered,
                       str_sub(place, 3, place.n), &end) != OK) {
            i->op->fault = before;
            continue;
        }
        TRY(open_one(i, row, place, end));
    }
    return OK;
}

static err sync(struct incident *i, const struct clock_row *row, bool applies, const clocks *had)
{
    str rule = str_of(row->rule);
    int64_t end;
    for (size_t k = 0; !applies && k < had->n; k++)
        if (str_eq(had->at[k].rule, rule) && str_eq(had->at[k].status, STR("requested")))
            TRY(change(i, &had->at[k], STR("cancelled"), STR("The rule applies no more.")));
    if (!applies)
        return OK;
    if (str_eq(rule, STR("BRN-08")))
        return open_states(i, row, had);
    if (there(had, rule, STR_NONE))
        return OK;
    if (str_eq(rule, STR("BRN-07")))
        return open_one(i, row, STR_NONE, incident_delayed(i));
    TRY(desk_clock(i->op, record_rulebook(i->rec), rule, i->discovered, STR_NONE, &end));
    return open_one(i, row, STR_NONE, end);
}

err incident_clocks(struct incident *i)
{
    clocks had = {.n = 0};
    struct facts *f = NULL;
    TRY(load(i, &had));
    TRY(facts_of(i, &f));
    for (size_t k = 0; k < CLOCK_COUNT; k++) {
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
    TRY(load(i, &all));
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
    struct arena *a = i->op->arena;
    struct json *list = json_new(a, JSON_ARRAY);
    clocks all = {.n = 0};
    *ret_open = false;
    TRY(load(i, &all));
    for (size_t k = 0; k < all.n; k++) {
        const struct clock *c = &all.at[k];
        struct json *o = json_new(a, JSON_OBJECT);
        str due = json_str(json_path(c->tree, "restriction.period.end"));
        bool open = str_eq(c->status, STR("requested"));
        struct time_span t;
        const struct clock_row *row = clock_row(c->rule);
        json_set_str(a, o, STR("id"), c->id);
        json_set_str(a, o, STR("rule"), c->rule);
        if (row)
            json_set_str(a, o, STR("kind"), str_of(row->code));
        json_set_str(a, o, STR("title"), json_get_str(c->tree, STR("description")));
        if (c->place.n)
            json_set_str(a, o, STR("place"), c->place);
        json_set_str(a, o, STR("due"), due);
        json_set(a, o, STR("late"),
                 json_new_bool(a, open && time_parse(due, &t) && t.hi < i->op->now));
        json_set_str(a, o, STR("status"), c->status);
        str note = json_str(json_path(c->tree, "statusReason.text"));
        if (note.n)
            json_set_str(a, o, STR("note"), note);
        json_push(a, list, o);
        *ret_open |= open;
    }
    *ret = list;
    return op_check(i->op);
}

static err done(struct incident *i, str clock, str note, struct json **ret)
{
    clocks all = {.n = 0};
    struct json *detail = json_new(i->op->arena, JSON_OBJECT);
    TRY(incident_judge(i));
    TRY(load(i, &all));
    for (size_t k = 0; k < all.n; k++) {
        if (!str_eq(all.at[k].id, clock))
            continue;
        if (!str_eq(all.at[k].status, STR("requested")))
            return fail(i->op, ERR_CONFLICT, "The clock does not run.");
        i->op->actor = i->person;
        TRY(change(
            i, &all.at[k], STR("completed"),
            arena_printf(i->op->arena, "%.*s: %.*s", STR_ARG(i->person->user), STR_ARG(note))));
        json_set_str(i->op->arena, detail, STR("rule"), all.at[k].rule);
        TRY(incident_commit(i, "incident-clock-met", detail));
        return incident_view(i, ret);
    }
    return fail(i->op, ERR_NOT_FOUND, "The incident has no such clock.");
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
