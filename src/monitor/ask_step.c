/* Asking a patient to measure again, kept: a Task of theirs, a text that outreach is asked for, and
 * the ask in the track, all in the step's transaction, so that a kill forgets none. What came of it
 * stands in the Task and in the trail. */
#include "monitor/monitor_int.h"

#include "fhir/make.h"

#include <limits.h>

#define TASK_SYSTEM "https://weft.health/fhir/task-code"
#define OUTCOME_SYSTEM "https://weft.health/fhir/measure-again"
#define TASK_CODE "measure-again"

static struct json *task_of(struct op *op, const struct seen *s, const struct finding *f,
                            str reading)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *period = json_new(a, JSON_OBJECT),
                *reason = json_new(a, JSON_OBJECT);
    struct findings one = {1, {*f}};
    one.at[0].unconfirmed = false; /* the sentence says itself that another is asked for */
    struct said parts[] = {monitor_why(op, s->track, &one), desk_say_number(op, 0, ask_minutes(f))},
                why = desk_say(op, SAY_ASKED, parts, 2);
    str patient = arena_cat(a, STR("Patient/"), s->id);
    json_set_str(a, o, STR("resourceType"), STR("Task"));
    json_set_str(a, o, STR("status"), STR("requested"));
    json_set_str(a, o, STR("intent"), STR("order"));
    json_set(a, o, STR("code"), fhir_concept(op, STR(TASK_SYSTEM), STR(TASK_CODE)));
    desk_say_set(op, o, &why);
    intake_reference(op, o, STR("focus"), reading);
    intake_reference(op, o, STR("for"), patient);
    intake_reference(op, o, STR("owner"), patient);
    json_set_str(a, period, STR("start"), time_format(a, op->now));
    json_set_str(a, period, STR("end"), time_format(a, op->now + ask_minutes(f) * MS_MINUTE));
    json_set(a, o, STR("executionPeriod"), period);
    json_set_str(a, o, STR("authoredOn"), time_format(a, op->now));
    json_set_str(a, reason, STR("text"), str_of(finding_rule_id(f)));
    json_set(a, o, STR("reasonCode"), reason);
    return o;
}

static struct json *detail(struct op *op, const struct ask *a, const char *outcome)
{
    struct finding f = ask_finding(a, ASKED_NOT);
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("rule"), str_of(finding_rule_id(&f)));
    json_set_str(op->arena, o, STR("outcome"), str_of(outcome));
    return o;
}

static void trail(struct record_tx *tx, struct op *op, const struct ask *a, const char *outcome)
{
    record_tx_trail(tx, STR(TASK_CODE), fhir_type_parse(STR("Task")),
                    arena_str(op->arena, str_of(a->task)), detail(op, a, outcome));
}

/* ---- what came of it ---- */
static void set_outcome(struct op *op, struct json *task, const char *outcome)
{
    struct arena *a = op->arena;
    struct json *one = json_new(a, JSON_OBJECT), *type = json_new(a, JSON_OBJECT),
                *list = json_new(a, JSON_ARRAY);
    json_set_str(a, type, STR("text"), STR("outcome"));
    json_set(a, one, STR("type"), type);
    json_set(a, one, STR("valueCodeableConcept"),
             fhir_concept(op, STR(OUTCOME_SYSTEM), str_of(outcome)));
    json_push(a, list, one);
    json_set(a, task, STR("output"), list);
    json_set_str(a, task, STR("status"), STR("completed"));
    json_set_str(a, task, STR("lastModified"), time_format(a, op->now));
}

/* A Task that was deleted meanwhile has nothing more to say. */
static err close_ask(struct step *st, struct record_tx *tx, const struct ask *a,
                     const char *outcome)
{
    struct record_doc doc;
    struct json *task;
    struct fault before = st->op->fault;
    err e = record_read(st->op, st->m->rec, fhir_type_parse(STR("Task")), str_of(a->task), &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        st->op->fault = before;
        return OK;
    }
    TRY(e);
    TRY(record_parse(st->op, &doc, &task));
    set_outcome(st->op, task, outcome);
    trail(tx, st->op, a, outcome);
    return record_tx_update(tx, doc.type, doc.id, task, doc.vid);
}

/* Silence is only silence when nothing waits to be read. */
static void not_yet(struct findings *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].asked != ASKED_SILENT)
            f->at[n++] = f->at[i];
    f->n = n;
}

static err answer(struct step *st, struct record_tx *tx, struct seen *s)
{
    if (st->m->stats.behind)
        not_yet(s->findings);
    for (size_t k = s->track->n_asks; k-- > 0;) {
        const struct ask *a = &s->track->asks[k];
        const char *outcome = ask_outcome(s->track, a, s->findings);
        if (!outcome)
            continue;
        TRY(close_ask(st, tx, a, outcome));
        ask_drop(s->track, k);
    }
    return OK;
}

/* ---- asking ---- */
static int64_t newest_at(const struct track *t, int series)
{
    return t->n[series] ? t->points[series][t->n[series] - 1].at : 0;
}

/* *ret_task stays empty when the reading was deleted since, or when the next one came with it: that
 * is normal, else neither would wait. */
static err ask_one(struct step *st, struct record_tx *tx, struct seen *s, const struct finding *f,
                   str *ret_task)
{
    struct record_doc doc;
    bool there;
    str id;
    struct ask of = ask_new(f, st->op->now);
    TRY(step_get(st, f->rid, &doc, &there));
    if (!there)
        return OK;
    if (ask_measured_since(s->track, &of) && newest_at(s->track, f->series) <= st->op->now) {
        record_tx_trail(tx, STR(TASK_CODE), doc.type, doc.id, detail(st->op, &of, "normal"));
        return OK;
    }
    str reading = arena_printf(st->op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(doc.type)),
                               STR_ARG(doc.id));
    struct json *task = task_of(st->op, s, f, reading);
    TRY(fhir_validate(st->op, task));
    TRY(record_tx_create(tx, task, &id));
    struct ask *a = &s->track->asks[s->track->n_asks++];
    *a = of;
    snprintf(a->task, sizeof a->task, "%.*s", STR_ARG(id));
    trail(tx, st->op, a, "asked");
    *ret_task = arena_cat(st->op->arena, STR("Task/"), id);
    return OK;
}

/* One text for all that one step found. */
static err ask_all(struct step *st, struct record_tx *tx, struct seen *s, bool doubts)
{
    str tasks[ASKS_MAX] = {STR_NONE}, id;
    size_t n = 0, kept = 0;
    int minutes = INT_MAX;
    const char *rule = "";
    bool who = false;
    for (size_t i = 0; i < s->findings->n; i++) {
        struct finding f = s->findings->at[i];
        bool other = doubts ? f.rule < (int)RULE_DOUBT : finding_is_technical(&f);
        if (ask_repeats(s->track, &f))
            continue;
        if (other || !ask_is_news(s->track, &f) || !ask_may_wait(s->track, &f, st->op->now)) {
            s->findings->at[kept++] = f;
            continue;
        }
        TRY(ask_one(st, tx, s, &f, &tasks[n]));
        if (f.rule == (int)RULE_WHO) /* not with each step of the house on the scale */
            (void)monitor_news(s->track, &f, false);
        who |= f.rule == (int)RULE_WHO;
        n += tasks[n].n > 0;
        rule = finding_rule_id(&f);
        minutes = ask_minutes(&f) < minutes ? ask_minutes(&f) : minutes;
    }
    s->findings->n = kept;
    struct said within = desk_say_number(st->op, 0, minutes);
    struct desk_text t = {.patient = s->id,
                          .kind = TASK_CODE,
                          .rule = rule,
                          .about = tasks,
                          .n_about = n,
                          .words = desk_say(st->op, who ? SAY_ASK_WHO : SAY_ASK_AGAIN, &within, 1),
                          .until = st->op->now + minutes * MS_MINUTE};
    return n ? desk_text_ask(tx, st->op, st->m->rec, &t, &id) : OK;
}

/* A value that is hardly possible is nobody's case by itself: it is asked about, or only marked;
 * nor is a weight of somebody else's, whatever came of the question. */
static void leave_doubts(struct findings *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].rule < (int)RULE_DOUBT || (f->at[i].asked && f->at[i].rule != (int)RULE_WHO))
            f->at[n++] = f->at[i];
    f->n = n;
}

/* Measured at a visit, or by somebody of the house: they have the patient before them, and the
 * patient at home is not asked about it. */
static err was_charted(struct step *st, uint64_t rid, bool *ret)
{
    struct record_doc doc;
    struct json *o;
    bool there;
    *ret = false;
    TRY(step_get(st, rid, &doc, &there));
    if (!there)
        return OK;
    TRY(record_parse(st->op, &doc, &o));
    str by = json_str(json_path(o, "performer.0.reference"));
    *ret = JSON_GET(o, "encounter") || str_starts(by, STR("Practitioner")) ||
           str_starts(by, STR("CareTeam/")) || str_starts(by, STR("Organization/"));
    return OK;
}

static err any_charted(struct step *st, const struct seen *s, bool *ret)
{
    *ret = false;
    for (size_t i = 0; i < s->findings->n && !*ret; i++)
        TRY(was_charted(st, s->findings->at[i].rid, ret));
    return OK;
}

static err ask_instead(struct step *st, struct record_tx *tx, struct seen *s, bool doubts)
{
    bool open = false;
    if (!ask_all_wait(s->track, s->findings, st->op->now, doubts))
        return OK;
    TRY(any_charted(st, s, &open));
    if (open)
        return OK;
    TRY(desk_is_open(st->op, st->m->rec, s->id,
                     doubts ? STR(MONITOR_TECHNICAL) : track_programme(s->track), &open));
    return open ? OK : ask_all(st, tx, s, doubts);
}

err ask_step(struct step *st, struct record_tx *tx, struct seen *s)
{
    TRY(answer(st, tx, s));
    TRY(ask_instead(st, tx, s, false));
    TRY(ask_instead(st, tx, s, true));
    leave_doubts(s->findings);
    return OK;
}

/* ---- what outreach says, and what is missing ---- */
err ask_refused(struct step *st, const struct record_change *c)
{
    struct record_doc doc;
    struct json *o;
    struct seen *s;
    bool there;
    TRY(step_get(st, c->rid, &doc, &there));
    if (!there)
        return OK;
    TRY(record_parse(st->op, &doc, &o));
    if (!str_eq(json_get_str(o, STR("status")), STR("revoked")) ||
        !str_eq(json_str(json_path(o, "category.0.coding.0.code")), STR(TASK_CODE)))
        return OK;
    TRY(step_seen(st, c->patient, &s));
    for (size_t k = 0; s && k < s->track->n_asks; k++) {
        const struct ask *a = &s->track->asks[k];
        const struct json *about = JSON_GET(o, "about"), *one;
        for (size_t i = 0; (one = json_at(about, i)) && s->findings->n < FINDINGS_MAX; i++)
            if (str_eq(fhir_ref_parse(json_get_str(one, STR("reference"))).id, str_of(a->task)))
                s->findings->at[s->findings->n++] = ask_finding(a, ASKED_UNREACHED);
    }
    return OK;
}

err ask_missing(struct step *st, struct record_tx *tx, struct seen *s, const struct finding *f)
{
    str id, about = arena_cat(st->op->arena, STR("Patient/"), s->id);
    struct desk_text t = {.patient = s->id,
                          .kind = "readings-missing",
                          .rule = finding_rule_id(f),
                          .about = &about,
                          .n_about = 1,
                          .words = desk_say(st->op, SAY_ASK_MISSING, NULL, 0),
                          .until = st->op->now + 24 * MS_HOUR};
    return desk_text_ask(tx, st->op, st->m->rec, &t, &id);
}
