/* The steps of a patient's request after it came in: more time, the decision, disagreement, taking
 * it back, fetching what it gave. Invariant: each step, its line in the trail (with the rule), what
 * it makes happen and what the patient is told are one transaction. */
#include "desk/rights_int.h"

#define REASON_MAX 2000u
#define MS_A_DAY 86400000.0

struct step {
    struct op *op;
    struct record *rec;
    struct desk_task t;
    struct record_tx *tx;
    str kind, patient;
};

static err read_step(struct op *op, struct record *rec, str task, struct step *ret)
{
    struct step s = {.op = op, .rec = rec};
    TRY(desk_read(op, rec, task, &s.t));
    s.kind = rights_kind(s.t.tree);
    s.patient = fhir_ref_parse(json_get_str(JSON_GET(s.t.tree, "for"), STR("reference"))).id;
    if (!s.kind.n)
        return fail_at(op, ERR_UNPROCESSABLE, STR("Task.code"), "This is no request of a patient.");
    *ret = s;
    return OK;
}

static err officer(struct op *op)
{
    bool is = op->actor && op->actor->role == ROLE_PRIVACY && !op->actor->scopes;
    return is ? OK : fail(op, ERR_FORBIDDEN, "The privacy office answers requests of patients.");
}

static int64_t instant(const struct json *task, const char *path)
{
    struct time_span at;
    return time_parse(json_str(json_path(task, path)), &at) ? at.lo : 0;
}

/* The kind as the rules call it: what an American amendment is, is a rectification in Europe; a
 * copy of the record has the clock of access wherever its row says so. */
static str kind_asked(const struct step *s, bool europe)
{
    if (europe && str_eq(s->kind, STR("amendment")))
        return STR("rectification");
    return !europe && str_eq(s->kind, STR("portability")) ? STR("access") : s->kind;
}

/* The rules of the clock (request.tick: PRIV-09, PRIV-11, PRIV-12, GDPR-12) asked as the step is
 * taken, the request not yet fulfilled: is it in its time? */
static err ask_clock(struct step *s, struct json *detail)
{
    struct op *op = s->op;
    struct facts *f = facts_new(op);
    struct verdict v;
    str where = json_get_str(right_input(s->t.tree, STR("jurisdiction")), STR("valueCode"));
    int64_t since = op->now - instant(s->t.tree, "restriction.period.start");
    facts_set_str(f, FACT_REQUEST_KIND, kind_asked(s, str_eq(where, STR("EU"))));
    facts_set_bool(f, FACT_GDPR_APPLIES, str_eq(where, STR("EU")));
    facts_set_bool(f, FACT_FULFILLED, false);
    facts_set_num(f, FACT_ELAPSED_DAYS, (double)since / MS_A_DAY);
    facts_set_bool(f, FACT_EXTENSION_NOTICE_SENT, right_input(s->t.tree, STR("extended")) != NULL);
    TRY(op_check(op));
    TRY(policy_decide(op, record_rulebook(s->rec), TRIGGER_BIT(TRIGGER_REQUEST_TICK), f, &v));
    struct json *verdict = verdict_to_json(op, &v);
    json_set(op->arena, verdict, STR("facts"), facts_to_json(op, f));
    json_set(op->arena, detail, STR("clock"), verdict);
    return op_check(op);
}

static err begin(struct step *s)
{
    s->tx = record_begin(s->op, s->rec);
    return op_check(s->op);
}

static err finish(struct step *s, const char *action, struct json *detail,
                  struct record_result *ret)
{
    struct op *op = s->op;
    const struct actor *person = op->actor;
    json_set_str(op->arena, detail, STR("request"), s->kind);
    json_set_str(op->arena, detail, STR("rule"),
                 json_get_str(JSON_GET(s->t.tree, "reasonCode"), STR("text")));
    TRY(ask_clock(s, detail));
    if (person->role != ROLE_PRIVACY) /* the patient's own step: the Task is the house's */
        op->actor = desk_house();
    err e = record_tx_update(s->tx, s->t.doc.type, s->t.doc.id, s->t.tree, s->t.doc.vid);
    op->actor = person;
    TRY(e);
    record_tx_trail(s->tx, str_of(action), s->t.doc.type, s->t.doc.id, detail);
    e = record_commit(s->tx);
    if (e == ERR_PRECONDITION || e == ERR_CONFLICT) {
        op_clear(op);
        return fail(op, ERR_CONFLICT,
                    "the case changed while you worked on it; look again, then repeat");
    }
    TRY(e);
    TRY(record_read(op, s->rec, s->t.doc.type, s->t.doc.id, &ret->doc));
    ret->type = s->t.doc.type;
    ret->id = s->t.doc.id;
    ret->vid = ret->doc.vid;
    ret->updated = ret->doc.updated;
    return OK;
}

static err has_reason(struct op *op, str *reason)
{
    *reason = str_trim(*reason);
    if (!reason->n || reason->n > REASON_MAX)
        return fail_at(op, ERR_UNPROCESSABLE, STR("reason"),
                       "Say why, in at most %u characters; the patient reads it.", REASON_MAX);
    return OK;
}

err rights_extend(struct op *op, struct record *rec, str task, str reason,
                  struct record_result *ret)
{
    struct step s;
    struct right_clock clock;
    TRY(officer(op));
    TRY(read_step(op, rec, task, &s));
    TRY(has_reason(op, &reason));
    TRY(right_clock_of(op, rec, s.t.tree, &clock));
    if (!str_eq(s.t.status, STR("in-progress")) || !desk_is_owner(op, s.t.tree))
        return fail_at(op, ERR_CONFLICT, STR("Task.owner"), "claim the request first");
    if (right_input(s.t.tree, STR("extended")))
        return fail(op, ERR_CONFLICT, "More time can be taken once only.");
    if (op->now > instant(s.t.tree, "restriction.period.end"))
        return fail(op, ERR_CONFLICT, "The time is over: answer it now.");
    struct right_notice n = {.step = RIGHT_EXTENDED,
                             .patient = s.patient,
                             .kind = s.kind,
                             .reason = reason,
                             .due = instant(s.t.tree, "restriction.period.start") + clock.extended};
    if (n.due <= instant(s.t.tree, "restriction.period.end"))
        return fail(op, ERR_CONFLICT, "The rule gives no more time.");
    str due = time_format(op->arena, n.due);
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, (struct json *)json_path(s.t.tree, "restriction.period"), STR("end"),
                 due);
    right_add(op, s.t.tree, "input", STR("extended"), STR("valueString"), reason);
    desk_set_status(op, s.t.tree, s.t.status);
    json_set_str(op->arena, detail, STR("due"), due);
    TRY(begin(&s));
    TRY(right_tell(s.tx, op, rec, &n));
    return finish(&s, "right-extended", detail, ret);
}

static void set_decision(struct op *op, struct json *task, bool granted, str reason)
{
    struct json *why = json_new(op->arena, JSON_OBJECT);
    right_add(op, task, "output", STR("decision"), STR("valueCode"),
              granted ? STR("granted") : STR("denied"));
    right_add(op, task, "output", STR("reason"), STR("valueString"), reason);
    right_add(op, task, "output", STR("answered"), STR("valueInstant"),
              time_format(op->arena, op->now));
    if (reason.n) {
        json_set_str(op->arena, why, STR("text"), reason);
        json_set(op->arena, task, STR("statusReason"), why);
    }
}

err rights_decide(struct op *op, struct record *rec, str task, const struct right_decision *d,
                  struct record_result *ret)
{
    struct step s;
    str reason = str_trim(d->reason);
    TRY(officer(op));
    TRY(read_step(op, rec, task, &s));
    if (!d->granted || reason.n)
        TRY(has_reason(op, &reason));
    if (!str_eq(s.t.status, STR("in-progress")) || !desk_is_owner(op, s.t.tree))
        return fail_at(op, ERR_CONFLICT, STR("Task.owner"), "claim the request first");
    bool erase = d->granted && str_eq(s.kind, STR("erasure"));
    struct right_notice n = {.step = d->granted ? RIGHT_GRANTED : RIGHT_DENIED,
                             .patient = s.patient,
                             .kind = s.kind,
                             .reason = reason};
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, detail, STR("decision"), d->granted ? STR("granted") : STR("denied"));
    json_set(op->arena, detail, STR("late"),
             json_new_bool(op->arena, op->now > instant(s.t.tree, "restriction.period.end")));
    set_decision(op, s.t.tree, d->granted, reason);
    desk_set_status(op, s.t.tree,
                    erase        ? STR("accepted")
                    : d->granted ? STR("completed")
                                 : STR("rejected"));
    TRY(begin(&s));
    if (d->granted)
        TRY(right_grant(s.tx, op, rec, s.t.tree));
    TRY(right_tell(s.tx, op, rec, &n));
    return finish(&s, "right-decided", detail, ret);
}

static err asker(struct op *op)
{
    enum role r = op->actor ? op->actor->role : ROLE_NONE;
    return (r == ROLE_PATIENT || r == ROLE_HELPER) && !op->actor->scopes
               ? OK
               : fail(op, ERR_FORBIDDEN, "This is for the patient to say.");
}

err rights_disagree(struct op *op, struct record *rec, str task, str text,
                    struct record_result *ret)
{
    struct step s;
    TRY(asker(op));
    TRY(read_step(op, rec, task, &s));
    text = str_trim(text);
    if (!text.n || text.n > RIGHT_TEXT_MAX)
        return fail_at(op, ERR_UNPROCESSABLE, STR("text"), "Say it in at most %u characters.",
                       RIGHT_TEXT_MAX);
    if (!str_eq(s.kind, STR("amendment")) || !str_eq(s.t.status, STR("rejected")))
        return fail(op, ERR_CONFLICT, "Only with a change that was denied can one disagree.");
    if (right_input(s.t.tree, STR("disagreement")))
        return fail(op, ERR_CONFLICT, "What you say is with the entry already.");
    right_add(op, s.t.tree, "input", STR("disagreement"), STR("valueString"), text);
    desk_set_status(op, s.t.tree, s.t.status);
    TRY(begin(&s));
    TRY(right_append(s.tx, op, s.t.tree, "disagreement", text));
    return finish(&s, "right-disagreed", json_new(op->arena, JSON_OBJECT), ret);
}

err rights_withdraw(struct op *op, struct record *rec, str task, struct record_result *ret)
{
    struct step s;
    TRY(asker(op));
    TRY(read_step(op, rec, task, &s));
    if (!str_eq(s.t.status, STR("requested")) && !str_eq(s.t.status, STR("in-progress")))
        return fail(op, ERR_CONFLICT, "It is answered already.");
    desk_set_status(op, s.t.tree, STR("cancelled"));
    TRY(begin(&s));
    return finish(&s, "right-withdrawn", json_new(op->arena, JSON_OBJECT), ret);
}

err rights_fetch(struct op *op, struct record *rec, str task, str *ret_kind, str *ret_patient)
{
    struct step s;
    if (!op->actor || op->actor->role != ROLE_PATIENT || op->actor->scopes)
        return fail(op, ERR_FORBIDDEN, "Only the patient fetches this.");
    TRY(read_step(op, rec, task, &s));
    if (!str_eq(s.t.status, STR("completed")) ||
        (!str_eq(s.kind, STR("access")) && !str_eq(s.kind, STR("portability")) &&
         !str_eq(s.kind, STR("accounting"))))
        return fail(op, ERR_CONFLICT, "There is nothing to fetch (yet).");
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, detail, STR("request"), s.kind);
    TRY(begin(&s));
    record_tx_trail(s.tx, STR("right-fetched"), s.t.doc.type, s.t.doc.id, detail);
    TRY(record_commit(s.tx));
    *ret_kind = s.kind;
    *ret_patient = s.patient;
    return OK;
}
