/* What happens to an enrolment: its steps are done, it starts, rests, goes on, lasts longer, ends.
 * Episode and plan change in one transaction, each on top of the version it was made from. */
#include "programme/programme_int.h"

/* ---- steps ---- */
static err make(struct record_tx *tx, struct op *op, str text, str *ret)
{
    struct json *t;
    str id;
    TRY(fhir_read(op, text, 0, &t));
    TRY(record_tx_create(tx, t, &id));
    *ret =
        arena_printf(op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(fhir_type_of(t))), STR_ARG(id));
    return OK;
}

/* Treatment, so nobody's view of the record changes by it (record/consent_rule.c). */
static err consent(struct record_tx *tx, struct op *op, const struct enrolment *e,
                   const struct programme_done *d, str *ret)
{
    if (!str_eq(d->how, STR("verbal")) && !str_eq(d->how, STR("written")))
        return fail_at(op, ERR_INVALID, STR("how"), "A consent is verbal or written.");
    return make(tx, op,
                arena_printf(op->arena,
                             "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{"
                             "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
                             "consentscope\",\"code\":\"treatment\"}]},\"category\":[{\"coding\":[{"
                             "\"system\":\"https://weft.health/fhir/consent-category\",\"code\":"
                             "\"monitoring\"}]}],\"patient\":{\"reference\":\"Patient/%.*s\"},"
                             "\"dateTime\":\"%.*s\",\"policyRule\":{\"coding\":[{\"system\":"
                             "\"https://weft.health/fhir/consent-form\",\"code\":\"%.*s\"}]}}",
                             STR_ARG(e->patient), STR_ARG(time_format(op->arena, op->now)),
                             STR_ARG(d->how)),
                ret);
}

static err order(struct record_tx *tx, struct op *op, const struct enrolment *e,
                 const struct programme_done *d, str *ret)
{
    struct fhir_ref by = fhir_ref_parse(d->by);
    if (by.kind != REF_LOCAL || by.type != fhir_type_parse(STR("Practitioner")))
        return fail_at(op, ERR_INVALID, STR("by"), "Say who ordered it.");
    return make(tx, op,
                arena_printf(op->arena,
                             "{\"resourceType\":\"ServiceRequest\",\"status\":\"active\","
                             "\"intent\":\"order\",\"code\":{\"coding\":[{\"system\":"
                             "\"" PROGRAMME_SYSTEM "\",\"code\":\"%s\"}]},\"subject\":{"
                             "\"reference\":\"Patient/%.*s\"},\"requester\":{\"reference\":"
                             "\"Practitioner/%.*s\"},\"authoredOn\":\"%.*s\"}",
                             e->of->code, STR_ARG(e->patient), STR_ARG(by.id),
                             STR_ARG(time_format(op->arena, op->now))),
                ret);
}

static const struct programme_step *step_of(const struct programme *of, str code)
{
    for (size_t i = 0; i < of->n_steps; i++)
        if (str_eq(code, str_of(of->steps[i].code)))
            return &of->steps[i];
    return NULL;
}

static err refuse_over(struct op *op, const struct enrolment *e)
{
    if (str_eq(e->status, STR("finished")) || str_eq(e->status, STR("cancelled")))
        return fail(op, ERR_CONFLICT, "This time in the programme is over.");
    return OK;
}

static void done(struct op *op, struct json *activity, str made, str note)
{
    struct arena *a = op->arena;
    struct json *progress = json_new(a, JSON_ARRAY), *refs = json_new(a, JSON_ARRAY);
    struct json *ref = json_new(a, JSON_OBJECT);
    json_set_str(a, JSON_GET(activity, "detail"), STR("status"), STR("completed"));
    programme_note(op, progress, note.n ? note : STR("done"));
    json_set(a, activity, STR("progress"), progress);
    if (!made.n)
        return;
    json_set_str(a, ref, STR("reference"), made);
    json_push(a, refs, ref);
    json_set(a, activity, STR("outcomeReference"), refs);
}

static err keep(struct record_tx *tx, struct op *op, const struct record_doc *doc,
                struct json *tree)
{
    TRY(fhir_validate(op, tree));
    return record_tx_update(tx, doc->type, doc->id, tree, doc->vid);
}

static err finish(struct record_tx *tx, struct op *op, struct programmes *p,
                  const struct record_doc *doc, struct record_result *ret)
{
    struct record_doc now;
    err e = record_commit(tx);
    if (e == ERR_PRECONDITION) {
        op_clear(op);
        return fail(op, ERR_CONFLICT,
                    "Somebody else changed this meanwhile; look again, then repeat.");
    }
    TRY(e);
    TRY(record_read(op, p->rec, doc->type, doc->id, &now));
    *ret = (struct record_result){
        .type = now.type, .id = now.id, .vid = now.vid, .updated = now.updated, .doc = now};
    return OK;
}

err programme_step(struct op *op, struct programmes *p, str episode, const struct programme_done *d,
                   struct record_result *ret)
{
    struct enrolment e;
    str made = STR_NONE;
    TRY(enrolment_read(op, p, episode, &e));
    TRY(refuse_over(op, &e));
    const struct programme_step *s = step_of(e.of, d->step);
    struct json *activity = enrolment_activity(&e, d->step);
    if (!s || !activity)
        return fail_at(op, ERR_INVALID, STR("step"), "The programme has no such step.");
    if (activity_done(activity))
        return fail(op, ERR_CONFLICT, "This step is done already.");
    if (d->note.n > PROGRAMME_NOTE_MAX)
        return fail_at(op, ERR_INVALID, STR("note"), "The note is too long.");
    struct record_tx *tx = record_begin(op, p->rec);
    if (s->kind == STEP_CONSENT)
        TRY(consent(tx, op, &e, d, &made));
    if (s->kind == STEP_ORDER)
        TRY(order(tx, op, &e, d, &made));
    done(op, activity, made, d->note);
    TRY(keep(tx, op, &e.plan_doc, e.plan));
    return finish(tx, op, p, &e.plan_doc, ret);
}

/* ---- states ---- */
static const struct move {
    const char *to, *from, *plan; /* plan: status of the CarePlan */
    bool reason;
} moves[] = {{"active", "planned onhold", "active", false},
             {"onhold", "active", "on-hold", true},
             {"finished", "active onhold", "completed", false},
             {"cancelled", "planned active onhold", "revoked", true}};

static const struct move *move_to(str to)
{
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (str_eq(to, str_of(moves[i].to)))
            return &moves[i];
    return NULL;
}

static bool has_word(const char *words, str word)
{
    str all = str_of(words), one;
    while (str_take_until(&all, ' ', &one))
        if (str_eq(one, word))
            return true;
    return str_eq(all, word);
}

static err may_start(struct op *op, const struct enrolment *e)
{
    for (size_t i = 0; i < e->of->n_steps; i++)
        if (e->of->steps[i].kind != STEP_ORDER &&
            !activity_done(enrolment_activity(e, str_of(e->of->steps[i].code))))
            return fail(op, ERR_UNPROCESSABLE,
                        "Before the start come consent, kit and all that is taught.");
    return OK;
}

static err may_graduate(struct op *op, const struct enrolment *e)
{
    struct time_span start;
    if (!time_parse(json_str(json_path(e->plan, "period.start")), &start) ||
        op->now < start.lo + e->of->least * DAY_MS)
        return fail(op, ERR_UNPROCESSABLE,
                    "It is too early to graduate; who leaves earlier leaves with a reason.");
    return OK;
}

/* The last entry of the history ends, the next begins. */
static void history(struct op *op, struct json *episode, str status)
{
    struct arena *a = op->arena;
    struct json *all = JSON_GET(episode, "statusHistory"), *last;
    struct json *next = json_new(a, JSON_OBJECT), *period = json_new(a, JSON_OBJECT);
    str now = time_format(a, op->now);
    last = all && all->n ? json_at(all, all->n - 1) : NULL;
    if (last)
        json_set_str(a, JSON_GET(last, "period"), STR("end"), now);
    json_set_str(a, period, STR("start"), now);
    json_set_str(a, next, STR("status"), status);
    json_set(a, next, STR("period"), period);
    if (all)
        json_push(a, all, next);
    json_set_str(a, episode, STR("status"), status);
}

static void plan_period(struct op *op, const struct enrolment *e, int days)
{
    struct arena *a = op->arena;
    struct time_span start = {.lo = op->now};
    struct json *period = json_new(a, JSON_OBJECT);
    (void)time_parse(json_str(json_path(e->plan, "period.start")), &start);
    json_set_str(a, period, STR("start"), time_format(a, start.lo));
    json_set_str(a, period, STR("end"), time_format(a, start.lo + days * DAY_MS));
    json_set(a, e->plan, STR("period"), period);
}

static void add_reason(struct op *op, struct json *plan, str reason)
{
    struct json *notes = JSON_GET(plan, "note");
    if (!notes) {
        json_set(op->arena, plan, STR("note"), json_new(op->arena, JSON_ARRAY));
        notes = JSON_GET(plan, "note");
    }
    programme_note(op, notes, reason);
}

static err longer(struct op *op, struct programmes *p, struct enrolment *e,
                  struct record_result *ret)
{
    struct record_tx *tx = record_begin(op, p->rec);
    if (!str_eq(e->status, STR("active")))
        return fail(op, ERR_CONFLICT, "It can last longer only while it runs.");
    plan_period(op, e, e->of->most);
    TRY(keep(tx, op, &e->plan_doc, e->plan));
    return finish(tx, op, p, &e->doc, ret);
}

static err allowed(struct op *op, const struct enrolment *e, const struct move *m, str reason)
{
    if (!has_word(m->from, e->status))
        return fail(op, ERR_CONFLICT, "It cannot go there from the state it is in.");
    if (reason.n > PROGRAMME_NOTE_MAX || (m->reason && !reason.n))
        return fail_at(op, ERR_UNPROCESSABLE, STR("reason"), "Say why, in some words.");
    if (str_eq(e->status, STR("planned")) && str_eq(str_of(m->to), STR("active")))
        return may_start(op, e);
    return str_eq(str_of(m->to), STR("finished")) ? may_graduate(op, e) : OK;
}

err programme_move(struct op *op, struct programmes *p, str episode, str to, str reason,
                   struct record_result *ret)
{
    struct enrolment e;
    const struct move *m = move_to(to);
    TRY(enrolment_read(op, p, episode, &e));
    TRY(refuse_over(op, &e));
    if (str_eq(to, STR("longer")))
        return longer(op, p, &e, ret);
    if (!m)
        return fail_at(op, ERR_INVALID, STR("to"),
                       "to is active, onhold, finished, cancelled or longer.");
    TRY(allowed(op, &e, m, reason));
    if (str_eq(e.status, STR("planned")) && str_eq(to, STR("active")))
        plan_period(op, &e, e.of->least);
    history(op, e.tree, str_of(m->to));
    json_set_str(op->arena, e.plan, STR("status"), str_of(m->plan));
    if (reason.n)
        add_reason(op, e.plan, reason);
    struct record_tx *tx = record_begin(op, p->rec);
    if (str_eq(to, STR("finished")) || str_eq(to, STR("cancelled"))) {
        if (!JSON_GET(e.tree, "period")) /* brought in from elsewhere */
            json_set(op->arena, e.tree, STR("period"), json_new(op->arena, JSON_OBJECT));
        json_set_str(op->arena, JSON_GET(e.tree, "period"), STR("end"),
                     time_format(op->arena, op->now));
        record_tx_kv(tx, programme_open_key(op, e.patient, str_of(e.of->code)), STR_NONE);
    }
    TRY(keep(tx, op, &e.doc, e.tree));
    TRY(keep(tx, op, &e.plan_doc, e.plan));
    return finish(tx, op, p, &e.doc, ret);
}
