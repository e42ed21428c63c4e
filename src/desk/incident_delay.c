/* The police ask that notices of a breach wait (45 CFR 164.412; BRN-07): who asked, in writing or
 * not, until when. Invariant: a spoken wish holds for the rule's days at most, counted from when it
 * was first spoken; while one holds, no notice is asked for or marked as sent. */
#include "desk/incident_int.h"

#include "base/time.h"

#define DAY INT64_C(86400000)
#define TEXT_MAX 500u
#define WRITTEN_MAX                                                                                \
    (3 * 366 * DAY) /* longer than any such statement; a slip of the keys is not                   \
                     */

int64_t incident_delayed(const struct incident *i)
{
    struct time_span until;
    if (!i->delay || json_get_str(i->delay, STR("ended")).n ||
        !time_parse(json_get_str(i->delay, STR("until")), &until))
        return 0;
    return i->op->now < until.lo ? until.lo : 0;
}

/* When somebody first spoke of it: asking again begins no days anew. */
static int64_t asked_at(const struct incident *i)
{
    struct time_span asked;
    return i->delay && time_parse(json_get_str(i->delay, STR("asked")), &asked) ? asked.lo
                                                                                : i->op->now;
}

static err allowed(struct incident *i, bool written, int64_t until)
{
    struct facts *f = facts_new(i->op);
    TRY(op_check(i->op));
    facts_set_bool(f, FACT_LAW_ENFORCEMENT_DELAY, true);
    facts_set_bool(f, FACT_WRITTEN_STATEMENT, written);
    int64_t days = (until - asked_at(i) + DAY - 1) / DAY;
    facts_set_num(f, FACT_ORAL_DELAY_DAYS, (double)days);
    const struct rule *rule = policy_rule_find(STR("BRN-07"));
    bool applies = false;
    if (!rule)
        return fail(i->op, ERR_FAULT, "BRN-07 is not there.");
    if (policy_rule_decide(record_rulebook(i->rec), rule, f, &applies) != DECISION_ALLOW)
        return fail_at(i->op, ERR_UNPROCESSABLE, STR("until"),
                       "A spoken wish of the police holds notices for 30 days at most, counted "
                       "from when it was first spoken; get it in writing (45 CFR 164.412).");
    return OK;
}

static err set(struct incident *i, const struct json *in, int64_t *ret_until)
{
    struct arena *a = i->op->arena;
    struct time_span until;
    str by = str_trim(json_get_str(in, STR("by"))), note = str_trim(json_get_str(in, STR("note")));
    bool written = json_bool(JSON_GET(in, "written"), false);
    if (!by.n || by.n > TEXT_MAX || note.n > TEXT_MAX)
        return fail_at(i->op, ERR_UNPROCESSABLE, STR("by"),
                       "Say which official of which office asked, in at most %u characters.",
                       TEXT_MAX);
    if (!JSON_GET(in, "written"))
        return fail_at(i->op, ERR_UNPROCESSABLE, STR("written"), "Say whether it is in writing.");
    if (!time_parse(json_get_str(in, STR("until")), &until) || until.lo <= i->op->now ||
        until.lo - i->op->now > WRITTEN_MAX)
        return fail_at(i->op, ERR_UNPROCESSABLE, STR("until"), "Say until when, a day to come.");
    TRY(allowed(i, written, until.lo));
    struct json *o = json_new(a, JSON_OBJECT);
    json_set_str(a, o, STR("by"), by);
    json_set(a, o, STR("written"), json_new_bool(a, written));
    json_set_str(a, o, STR("asked"), time_format(a, asked_at(i)));
    json_set_str(a, o, STR("until"), time_format(a, until.lo));
    json_set_str(a, o, STR("note"), note);
    json_set_str(a, o, STR("noted"), i->person->user);
    i->delay = o;
    *ret_until = until.lo;
    return op_check(i->op);
}

static err delay(struct incident *i, const struct json *in, struct json **ret)
{
    struct arena *a = i->op->arena;
    int64_t until = 0;
    bool end = json_bool(JSON_GET(in, "end"), false);
    TRY(incident_judge(i));
    if (end && !incident_delayed(i))
        return fail(i->op, ERR_CONFLICT, "No wish of the police holds the notices.");
    if (end)
        json_set_str(a, i->delay, STR("ended"), time_format(a, i->op->now));
    else
        TRY(set(i, in, &until));
    json_unset(i->delay, STR("inForce"));
    TRY(incident_clocks(i));
    TRY(incident_clocks_move(i, until));
    TRY(incident_commit(i, end ? "incident-delay-ended" : "incident-delayed", i->delay));
    return incident_view(i, ret);
}

err incident_delay(struct op *op, struct record *rec, str id, const struct json *in,
                   struct json **ret)
{
    struct incident i;
    TRY(incident_begin(op, rec, id, &i));
    return incident_end(&i, delay(&i, in, ret));
}
