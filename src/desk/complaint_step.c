/* A complaint is judged, its clocks met, and it is closed. Invariants: an agent judges none
 * (DEV-03); who judged it does not close it; it closes judged, with no clock running, and never
 * without either an investigation or the reason why there was none (DEV-17). */
#include "desk/complaint_int.h"

#include "policy/authors.h"

#define TASK fhir_type_parse(STR("Task"))
#define LIST_MAX 200

#define ROLE_BIT(r) (1u << (r))
#define READERS (ROLE_BIT(ROLE_NURSE) | ROLE_BIT(ROLE_AGENT) | ROLE_BIT(ROLE_PRIVACY))
#define JUDGES ROLE_BIT(ROLE_NURSE)
#define CLOSERS (ROLE_BIT(ROLE_NURSE) | ROLE_BIT(ROLE_PRIVACY))

static err may(struct op *op, uint32_t roles, const char *why)
{
    const struct actor *a = op->actor;
    if (!a || a->scopes || !(roles >> a->role & 1u) || str_empty(a->user))
        return fail(op, ERR_FORBIDDEN, "%s", why);
    return OK;
}

static err begin(struct op *op, struct record *rec, str id, struct complaint *ret)
{
    *ret = (struct complaint){.op = op, .rec = rec, .person = op->actor, .id = id};
    TRY(complaint_load(ret));
    op->actor = desk_house();
    ret->tx = record_begin(op, rec);
    return op_check(op);
}

static err end(struct complaint *c, err e)
{
    c->op->actor = c->person;
    if (e != ERR_PRECONDITION)
        return e;
    op_clear(c->op);
    return fail(c->op, ERR_CONFLICT, "Somebody changed the complaint meanwhile; look again.");
}

static err commit(struct complaint *c, const char *what, const struct json *detail)
{
    TRY(complaint_keep(c));
    c->op->actor = c->person; /* whose act it is */
    TRY(record_tx_update(c->tx, TASK, c->id, c->task, c->vid));
    record_tx_trail(c->tx, str_of(what), TASK, c->id, detail);
    TRY(op_check(c->op));
    return record_commit(c->tx);
}

static err still_open(const struct complaint *c)
{
    if (!str_eq(json_get_str(c->task, STR("status")), STR("in-progress")))
        return fail(c->op, ERR_CONFLICT, "The complaint is closed.");
    return OK;
}

/* ---- showing ---- */

static err view(struct complaint *c, struct json **ret)
{
    c->op->actor = c->person;
    return complaint_view(c, ret);
}

err complaint_get(struct op *op, struct record *rec, str id, struct json **ret)
{
    struct complaint c = {.op = op, .rec = rec, .person = op->actor, .id = id};
    TRY(may(op, READERS, "Complaints are for nurses, agents and the privacy office."));
    return end(&c, complaint_view(&c, ret));
}

err complaint_list(struct op *op, struct record *rec, struct json **ret)
{
    struct record_page page;
    struct json *list = json_new(op->arena, JSON_ARRAY), *o = json_new(op->arena, JSON_OBJECT);
    TRY(may(op, READERS, "Complaints are for nurses, agents and the privacy office."));
    TRY(record_find(op, rec, TASK,
                    arena_printf(op->arena,
                                 "code=" DESK_SYSTEM_CODE "|complaint&_sort=-authored-on&_count=%d",
                                 LIST_MAX),
                    &page));
    for (size_t k = 0; k < page.n_match; k++) {
        struct complaint c = {.op = op, .rec = rec, .id = page.docs[k].id};
        err e = complaint_load(&c);
        if (e == ERR_FAULT || e == ERR_NOT_FOUND) { /* one that is broken hides no other */
            op_clear(op);
            continue;
        }
        TRY(e);
        json_push(op->arena, list, complaint_brief(&c));
    }
    json_set(op->arena, o, STR("complaints"), list);
    *ret = o;
    return op_check(op);
}

/* ---- judging ---- */

static const char *const TEXTS[] = {"reason", "noInvestigation", "which", "complainant",
                                    "nature", "corrective",      "reply"};

static bool one_of(str value, const char *const *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(value, str_of(all[i])))
            return true;
    return false;
}

static err read_judgement(struct op *op, const struct json *in, struct json **ret)
{
    static const char *const events[] = {"none", "death", "serious_injury",
                                         "reportable_malfunction"};
    static const char *const classes[] = {"", "threat", "death", "other"};
    static const char *const flags[] = {"fiveDay", "correction", "investigated"};
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    str event = json_get_str(in, STR("event")), class = json_get_str(in, STR("euClass"));
    int64_t need;
    if (!one_of(event, events, 4) || !one_of(class, classes, 4))
        return fail_at(op, ERR_INVALID, STR("event"), "There is no such kind of event.");
    json_set_str(a, o, STR("event"), event);
    if (class.n)
        json_set_str(a, o, STR("euClass"), class);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        json_set(a, o, str_of(flags[i]),
                 json_new_bool(a, json_bool(json_get(in, str_of(flags[i])), false)));
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        str text = str_trim(json_get_str(in, str_of(TEXTS[i])));
        if (text.n > COMPLAINT_TEXT_MAX)
            return fail_at(op, ERR_INVALID, str_of(TEXTS[i]), "A text has at most 4,000 letters.");
        if (text.n)
            json_set_str(a, o, str_of(TEXTS[i]), text);
    }
    TRY(desk_instant(op, in, "needKnown", op->now, &need));
    json_set_str(a, o, STR("needKnown"), time_format(a, need < op->now ? need : op->now));
    authors_sign(op, o);
    json_set_str(a, o, STR("at"), time_format(a, op->now));
    if (!json_get(o, STR("reason")))
        return fail_at(op, ERR_UNPROCESSABLE, STR("reason"),
                       "Say on what it is founded; the basis is filed (21 CFR 803.18).");
    *ret = o;
    return OK;
}

static err ask(struct complaint *c, enum trigger trigger, const struct facts *f)
{
    struct verdict v;
    TRY(policy_decide(c->op, record_rulebook(c->rec), TRIGGER_BIT(trigger), f, &v));
    if (v.decision == DECISION_ALLOW || !v.n_fired)
        return OK;
    return fail_at(c->op, ERR_UNPROCESSABLE, str_of(v.fired[0].rule->id), "%.*s",
                   STR_ARG(v.fired[0].why));
}

/* What the file of one that is reported or investigated holds (DEV-02). */
static err is_whole(struct complaint *c, const struct json *judgement)
{
    static const char *const asked[][2] = {{"complainant", "complainant_contact"},
                                           {"nature", "nature_details"},
                                           {"corrective", "corrective_action"},
                                           {"reply", "reply"}};
    struct facts *f = facts_new(c->op);
    str have[7] = {STR("date_received")};
    size_t n = 1;
    bool which = json_get_str(judgement, STR("which")).n > 0;
    if (which || json_get_str(c->facts, STR("deviceName")).n)
        have[n++] = STR("device_name");
    if (which || json_bool(JSON_GET(c->facts, "identified"), false))
        have[n++] = STR("udi_or_id");
    for (size_t i = 0; i < 4; i++)
        if (json_get_str(judgement, str_of(asked[i][0])).n)
            have[n++] = str_of(asked[i][1]);
    bool reported = !str_eq(json_get_str(judgement, STR("event")), STR("none"));
    facts_set_bool(f, FACT_COMPLAINT_REPORTABLE_OR_INVESTIGATED,
                   reported || json_bool(JSON_GET(judgement, "investigated"), false));
    facts_set_list(f, FACT_COMPLAINT_FIELDS, have, n);
    return ask(c, TRIGGER_COMPLAINT_SAVE, f);
}

static err judge(struct complaint *c, struct json *judgement, struct json **ret)
{
    struct json *detail = json_new(c->op->arena, JSON_OBJECT);
    int64_t due;
    TRY(still_open(c));
    TRY(is_whole(c, judgement));
    c->judgement = judgement;
    json_set(c->op->arena, detail, STR("event"), JSON_GET(judgement, "event"));
    TRY(complaint_clocks(c, &due));
    TRY(commit(c, "complaint-judged", detail));
    return view(c, ret);
}

err complaint_judge(struct op *op, struct record *rec, str id, const struct json *in,
                    struct json **ret)
{
    struct complaint c;
    struct json *judgement = NULL;
    TRY(may(op, JUDGES, "Whether it is reported is a nurse's to judge (21 CFR 803.20(c)(2))."));
    TRY(read_judgement(op, in, &judgement));
    TRY(begin(op, rec, id, &c));
    return end(&c, judge(&c, judgement, ret));
}

/* ---- its end ---- */

static err done(struct complaint *c, str clock, str note, struct json **ret)
{
    struct clocks_of of = complaint_clocks_of(c);
    struct json *detail = json_new(c->op->arena, JSON_OBJECT);
    str rule;
    TRY(still_open(c));
    if (!c->judgement)
        return fail(c->op, ERR_CONFLICT, "First it is judged.");
    TRY(clock_meet(&of, c->person, clock, note, &rule));
    json_set_str(c->op->arena, detail, STR("rule"), rule);
    TRY(commit(c, "complaint-clock-met", detail));
    return view(c, ret);
}

static err note_is(struct op *op, str note)
{
    return str_trim(note).n && note.n <= COMPLAINT_TEXT_MAX
               ? OK
               : fail_at(op, ERR_INVALID, STR("note"),
                         "Say what was done, in at most 4,000 letters.");
}

err complaint_done(struct op *op, struct record *rec, str id, str clock, str note,
                   struct json **ret)
{
    struct complaint c;
    TRY(may(op, CLOSERS, "A nurse or the privacy office does this."));
    TRY(note_is(op, note));
    TRY(begin(op, rec, id, &c));
    return end(&c, done(&c, clock, note, ret));
}

static err close_it(struct complaint *c, str note, struct json **ret)
{
    struct clocks_of of = complaint_clocks_of(c);
    struct facts *f = facts_new(c->op);
    struct json *running;
    bool open;
    TRY(still_open(c));
    TRY(clocks_tell(&of, &running, &open));
    if (!c->judgement || open)
        return fail(c->op, ERR_CONFLICT,
                    "A complaint is closed when it is judged and none of its clocks runs.");
    if (authors_signed(c->judgement, c->person))
        return fail(c->op, ERR_FORBIDDEN, "Somebody else closes it than who judged it.");
    facts_set_bool(f, FACT_INVESTIGATED, json_bool(JSON_GET(c->judgement, "investigated"), false));
    facts_set_bool(f, FACT_NO_INVESTIGATION_REASON,
                   json_get_str(c->judgement, STR("noInvestigation")).n > 0);
    facts_set_bool(f, FACT_RESPONSIBLE_PERSON, true);
    TRY(ask(c, TRIGGER_COMPLAINT_CLOSE, f));
    desk_add_note(
        c->op, c->task,
        arena_printf(c->op->arena, "%.*s: %.*s", STR_ARG(c->person->user), STR_ARG(note)));
    desk_set_status(c->op, c->task, STR("completed"));
    TRY(commit(c, "complaint-closed", NULL));
    return view(c, ret);
}

err complaint_close(struct op *op, struct record *rec, str id, str note, struct json **ret)
{
    struct complaint c;
    TRY(may(op, CLOSERS, "A nurse or the privacy office does this."));
    TRY(note_is(op, note));
    TRY(begin(op, rec, id, &c));
    return end(&c, close_it(&c, note, ret));
}
