/* The clocks of a complaint by the rules that apply to what is known of it. Until somebody judged
 * it a serious injury is supposed, so that the clock of the report runs from the day the house
 * knew and not from the day it was judged. */
#include "desk/complaint_int.h"

#include "base/time.h"

struct clocks_of complaint_clocks_of(const struct complaint *c)
{
    return (struct clocks_of){.op = c->op,
                              .rec = c->rec,
                              .tx = c->tx,
                              .id = c->id,
                              .patient = c->patient,
                              .from = c->aware};
}

static bool flag(const struct json *o, const char *name)
{
    return json_bool(json_get(o, str_of(name)), false);
}

static err region(struct complaint *c, str *ret)
{
    struct record_doc doc;
    struct json *patient;
    *ret = STR_NONE;
    if (!c->patient.n)
        return OK;
    TRY(record_read(c->op, c->rec, fhir_type_parse(STR("Patient")), c->patient, &doc));
    TRY(record_parse(c->op, &doc, &patient));
    *ret = right_place(patient);
    return OK;
}

static err facts_of(struct complaint *c, struct facts **ret)
{
    struct facts *f = facts_new(c->op);
    str event = json_get_str(c->judgement, STR("event")), where;
    TRY(region(c, &where));
    if (!c->judgement)
        event = STR("serious_injury");
    facts_set_bool(f, FACT_COMPLAINT_OPEN, !c->judgement);
    facts_set_str(f, FACT_ORG_ROLE, json_get_str(c->facts, STR("role")));
    facts_set_str(f, FACT_EVENT_TYPE, event);
    facts_set_bool(f, FACT_FIVE_DAY_EVENT, flag(c->judgement, "fiveDay"));
    facts_set_bool(f, FACT_CYBER_ALLEGATION, flag(c->facts, "cyber"));
    facts_set_bool(f, FACT_CORRECTION_OR_REMOVAL_FOR_HEALTH_RISK, flag(c->judgement, "correction"));
    facts_set_str(f, FACT_REGION, where.n ? where : STR("unknown"));
    facts_set_bool(f, FACT_SERIOUS_INCIDENT, !str_eq(event, STR("none")));
    *ret = f;
    return op_check(c->op);
}

/* Which of the rule's numbers: a parameter's name, empty for rules that have but one. */
static str place_of(const struct complaint *c, str rule)
{
    str class = json_get_str(c->judgement, STR("euClass"));
    if (str_eq(rule, STR("DEV-03")))
        return flag(c->facts, "urgent") ? STR("urgent_h") : STR("max_h");
    if (str_eq(rule, STR("DEV-16")))
        return class.n ? class : STR("death");
    return STR_NONE;
}

/* Five days run from the need for action, a correction's ten from its start (803.53, 806.10). */
static int64_t from_of(const struct complaint *c, str rule)
{
    struct time_span t;
    bool own = str_eq(rule, STR("DEV-05")) || str_eq(rule, STR("DEV-15"));
    return own && time_parse(json_get_str(c->judgement, STR("needKnown")), &t) ? t.lo : c->aware;
}

/* That it was judged is what the first clock waits for. */
static err meet(const struct clocks_of *of, clocks *had, str who)
{
    for (size_t k = 0; k < had->n; k++)
        if (str_eq(had->at[k].rule, STR("DEV-03")) && str_eq(had->at[k].status, STR("requested")))
            TRY(clock_change(of, &had->at[k], STR("completed"), who));
    return OK;
}

/* What is known since makes it end earlier: it begins anew. */
static err end_earlier(const struct clocks_of *of, clocks *had, str rule, int64_t end)
{
    struct time_span t;
    for (size_t k = 0; k < had->n; k++)
        if (str_eq(had->at[k].rule, rule) && str_eq(had->at[k].status, STR("requested")) &&
            time_parse(json_str(json_path(had->at[k].tree, "restriction.period.end")), &t) &&
            t.lo > end)
            TRY(clock_change(of, &had->at[k], STR("cancelled"), STR("It ends earlier.")));
    return OK;
}

static err sync(struct complaint *c, const struct clock_row *row, bool applies, clocks *had)
{
    struct clocks_of of = complaint_clocks_of(c);
    str rule = str_of(row->rule), place = place_of(c, rule);
    int64_t end;
    of.from = from_of(c, rule);
    if (!applies && str_eq(rule, STR("DEV-03")))
        return meet(&of, had, c->person->user);
    TRY(clocks_take_back(&of, had, rule, applies ? &place : NULL));
    if (!applies)
        return OK;
    TRY(desk_clock(c->op, record_rulebook(c->rec), rule, of.from, place, &end));
    TRY(end_earlier(&of, had, rule, end));
    return clocks_have(had, rule, place) ? OK : clock_open(&of, row, place, end);
}

err complaint_clocks(struct complaint *c, int64_t *ret_due)
{
    const struct rulebook *book = record_rulebook(c->rec);
    struct clocks_of of = complaint_clocks_of(c);
    clocks had = {.n = 0};
    struct facts *f;
    if (c->vid) /* one that is made now has none */
        TRY(clocks_load(&of, &had));
    TRY(facts_of(c, &f));
    for (size_t k = 0; k < CLOCK_COUNT; k++) {
        const struct rule *rule = policy_rule_find(str_of(CLOCK_ROW[k].rule));
        bool applies = false;
        if (!rule || !str_starts(str_of(CLOCK_ROW[k].rule), STR("DEV-")))
            continue;
        (void)policy_rule_decide(book, rule, f, &applies);
        TRY(sync(c, &CLOCK_ROW[k], applies, &had));
    }
    return desk_clock(c->op, book, STR("DEV-03"), c->aware, place_of(c, STR("DEV-03")), ret_due);
}
