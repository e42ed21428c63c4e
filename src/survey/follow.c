/* The follower: visits that ended are asked about, answers are judged, a number that answers our
 * text is an answer. Each change is a transaction of its own, guarded by named values; the cursor
 * moves behind them, so a change looked at twice changes nothing. */
#include "survey/survey_int.h"

#include "outreach/reach.h"

#define STEP_CHANGES 256
#define LATE_MS (7 * 24 * SURVEY_HOUR) /* older answers come from a move, not from a patient */
#define CURSOR_EVERY 4096              /* changes that concern nobody here are not written down */

struct follow {
    struct op *op;
    struct surveys *s;
    fhir_type encounter, response, communication, request;
    bool did; /* something was done: the cursor is worth a commit */
};

static err encounter_came(struct follow *f, const struct record_change *ch,
                          const struct record_doc *doc, const struct json *tree)
{
    struct time_span end;
    struct visit v = {.encounter = doc->id,
                      .patient_rid = ch->patient,
                      .encounter_rid = doc->rid,
                      .end = ch->time,
                      .tree = tree};
    if (!str_eq(json_get_str(tree, STR("status")), STR("finished")))
        return OK;
    if (time_parse(json_str(json_path(tree, "period.end")), &end))
        v.end = end.lo;
    if (f->op->now > v.end + SURVEY_WINDOW || v.end > f->op->now + SURVEY_HOUR)
        return OK;
    v.patient = fhir_ref_parse(json_str(json_path(tree, "subject.reference"))).id;
    f->did = true;
    return visit_ended(f->op, f->s, &v);
}

/* "9", "10.", "٣": a number from 0 to 10 and nothing else. */
static bool number_of(str text, char out[3])
{
    size_t n = 0, at = 0;
    while (at < text.n) {
        uint32_t c = str_utf8_next(text, &at);
        if (c >= 0x660 && c <= 0x669)
            c = '0' + (c - 0x660);
        if (c == ' ' || c == '.' || c == '\n' || c == '\r' || c == '!')
            continue;
        if (c < '0' || c > '9' || n == 2)
            return false;
        out[n++] = (char)c;
    }
    out[n] = 0;
    return n == 1 || (n == 2 && strcmp(out, "10") == 0);
}

static str sent_key(struct op *op, str communication)
{
    return arena_printf(op->arena, "survey/sent/%.*s", STR_ARG(communication));
}

/* With what was answered so far; false: without that question, a person reads the message. */
static err takes(struct op *op, struct surveys *s, str task, const char number[3],
                 struct survey_given *g, bool *ret)
{
    TRY(survey_begun(op, s, task, g));
    *ret = g->of && survey_give(op, g, STR("nps"), str_of(number)) == OK;
    op_clear(op);
    return OK;
}

err survey_awaits(struct op *op, void *surveys, const struct outreach_words *w, bool *ret)
{
    struct surveys *s = surveys;
    struct survey_given g;
    char number[3];
    str task = STR_NONE;
    *ret = false;
    if (number_of(w->text, number) && !str_empty(w->answers))
        TRY(record_kv_get(op, s->rec, sent_key(op, w->answers), &task));
    if (str_empty(task))
        return OK;
    err e = takes(op, s, task, number, &g, ret);
    if (e != ERR_NOT_FOUND && e != ERR_GONE)
        return e;
    op_clear(op); /* nothing asks any more */
    return OK;
}

/* Is the Task about the one who wrote? Whoever may write a Communication names any in it. */
static err about(struct follow *f, str task, uint64_t patient, bool *ret)
{
    struct record_doc doc;
    TRY(record_read(f->op, f->s->rec, fhir_type_parse(STR("Task")), task, &doc));
    *ret = doc.patient == patient;
    return OK;
}

static err message_came(struct follow *f, uint64_t patient, const struct json *tree)
{
    struct survey_given g;
    bool own;
    char number[3];
    str task;
    str text = json_str(json_path(tree, "payload.0.contentString"));
    str to = json_str(json_path(tree, "inResponseTo.0.reference"));
    if (!outreach_is_theirs(json_str(json_path(tree, "sender.reference"))) ||
        !number_of(text, number))
        return OK;
    TRY(record_kv_get(f->op, f->s->rec, sent_key(f->op, fhir_ref_parse(to).id), &task));
    if (str_empty(task))
        return OK;
    TRY(about(f, task, patient, &own));
    if (!own)
        return OK;
    f->did = true;
    TRY(takes(f->op, f->s, task, number, &g, &own));
    if (!own)
        return OK;
    err e = survey_put(f->op, f->s, task, &g, true);
    if (e == ERR_CONFLICT)
        op_clear(f->op); /* the form came first: it says more */
    return e == ERR_CONFLICT ? OK : e;
}

static err one_change(struct follow *f, const struct record_change *ch)
{
    struct record_doc doc;
    struct json *tree;
    bool ours = ch->type == f->encounter || ch->type == f->response || ch->type == f->request ||
                (ch->type == f->communication && ch->created);
    if (!ch->patient || ch->deleted || !ours)
        return OK;
    err e = record_get(f->op, f->s->rec, ch->rid, &doc);
    if (e == ERR_GONE || e == ERR_NOT_FOUND) {
        op_clear(f->op);
        return OK;
    }
    TRY(e);
    if (doc.deleted || (doc.vid != ch->vid && ch->type != f->communication))
        return OK; /* a later change of the same follows */
    TRY(record_parse(f->op, &doc, &tree));
    if (ch->type == f->encounter)
        return encounter_came(f, ch, &doc, tree);
    if (ch->time < f->op->now - LATE_MS)
        return OK;
    if (ch->type == f->communication)
        return message_came(f, ch->patient, tree);
    f->did = true;
    if (ch->type == f->request)
        return request_came(f->op, f->s, &doc);
    TRY(response_judge(f->op, f->s, &doc, tree)); /* what cannot be observed hides no danger */
    return response_observe(f->op, f->s, &doc, tree);
}

/* One bad change must not keep everybody waiting: it is passed over, and the trail says so. */
static err take(struct follow *f, const struct record_change *ch)
{
    err e = one_change(f, ch);
    if (e == ERR_CONFLICT || e == ERR_PRECONDITION) {
        op_clear(f->op); /* somebody was quicker: once more from what is there now */
        e = one_change(f, ch);
    }
    if (e == OK || err_passes(e))
        return e;
    op_clear(f->op);
    struct record_tx *tx = record_begin(f->op, f->s->rec);
    struct json *what = json_new(f->op->arena, JSON_OBJECT);
    json_set(f->op->arena, what, STR("t"), json_new_i64(f->op->arena, (int64_t)ch->t));
    record_tx_trail(tx, STR("survey-skipped"), ch->type, STR_NONE, what);
    return record_commit(tx);
}

static err move_cursor(struct follow *f, uint64_t to)
{
    struct surveys *s = f->s;
    s->seen = to;
    if (!f->did && to < s->cursor + CURSOR_EVERY)
        return OK;
    struct record_tx *tx = record_begin(f->op, s->rec);
    record_tx_cursor(tx, STR(SURVEY_CURSOR), s->cursor, to);
    TRY(record_commit(tx));
    s->cursor = to;
    return OK;
}

err surveys_follow(struct op *op, struct surveys *s, size_t *ret_n)
{
    struct record_change *changes;
    struct follow f = {.op = op,
                       .s = s,
                       .encounter = fhir_type_parse(STR("Encounter")),
                       .response = fhir_type_parse(STR("QuestionnaireResponse")),
                       .communication = fhir_type_parse(STR("Communication")),
                       .request = fhir_type_parse(STR("ServiceRequest"))};
    size_t n;
    *ret_n = 0;
    op->actor = survey_system();
    if (!s->cursor_known) {
        TRY(record_cursor(op, s->rec, STR(SURVEY_CURSOR), &s->cursor));
        s->seen = s->cursor;
        s->cursor_known = true;
    }
    TRY(record_feed(op, s->rec, s->seen, STEP_CHANGES, &changes, &n));
    for (size_t i = 0; i < n; i++)
        TRY(take(&f, &changes[i]));
    *ret_n = n;
    return n ? move_cursor(&f, changes[n - 1].t) : OK;
}
