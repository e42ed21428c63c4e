/* Medicines that begin together, and visits of one day. Invariants: each order that begins is asked
 * about, also when another of the same plan is under way; those within three days of each other are
 * one journey, which ends with the last of them; and no words of a plan are said twice within three
 * days because there are two of what it is about. */
#include "campaign/run_int.h"

#include "base/time.h"

#define TOGETHER_MS (3 * PLAN_DAY_MS)
#define SAME_DAY_MS (PLAN_DAY_MS / 2)
#define REASONS_MAX 16
#define NEW_AGAIN_MS (365 * PLAN_DAY_MS) /* what was taken before that is new once more */

bool order_is(fhir_type type)
{
    return str_ends(fhir_type_name(type), STR("Request"));
}

static size_t reasons(const struct enrolment *e)
{
    str rest = e->reason, part;
    size_t n = 0;
    while (str_take_until(&rest, ' ', &part))
        n += part.n > 0;
    return n;
}

bool enrolment_for(const struct enrolment *e, str reason)
{
    str rest = e->reason, part;
    while (str_take_until(&rest, ' ', &part))
        if (str_eq(part, reason))
            return true;
    return false;
}

/* ---- is it new? ---- */
static bool same_coding(const struct json *a, const struct json *b)
{
    const struct json *x, *y;
    for (size_t i = 0; (x = json_at(JSON_GET(a, "coding"), i)); i++)
        for (size_t k = 0; (y = json_at(JSON_GET(b, "coding"), k)); k++)
            if (!str_empty(json_get_str(x, STR("code"))) &&
                str_eq(json_get_str(x, STR("code")), json_get_str(y, STR("code"))) &&
                str_eq(json_get_str(x, STR("system")), json_get_str(y, STR("system"))))
                return true;
    str text = json_get_str(a, STR("text"));
    return !str_empty(text) && str_eq(text, json_get_str(b, STR("text")));
}

static bool same_medicine(const struct json *a, const struct json *b)
{
    str ref = json_str(json_path(a, "medicationReference.reference"));
    bool stored =
        !str_empty(ref) && str_eq(ref, json_str(json_path(b, "medicationReference.reference")));
    return stored || same_coding(JSON_GET(a, "medicationCodeableConcept"),
                                 JSON_GET(b, "medicationCodeableConcept"));
}

static int64_t written(const struct json *order, int64_t otherwise)
{
    struct time_span at;
    return time_parse(json_get_str(order, STR("authoredOn")), &at) ? at.lo : otherwise;
}

static bool was_taken(const struct json *order)
{
    str status = json_get_str(order, STR("status"));
    return str_eq(json_get_str(order, STR("intent")), STR("order")) &&
           !str_eq(status, STR("entered-in-error")) && !str_eq(status, STR("cancelled")) &&
           !str_eq(status, STR("draft"));
}

err order_renews(struct op *op, struct campaigns *c, const struct record_doc *doc,
                 const struct json *tree, bool *ret)
{
    struct record_page page;
    fhir_type type, medicine = fhir_type_parse(STR("MedicationRequest"));
    str patient;
    *ret = false;
    if (doc->type != medicine)
        return OK;
    *ret = json_is(JSON_GET(tree, "priorPrescription"), JSON_OBJECT);
    TRY(record_name(op, c->rec, doc->patient, &type, &patient));
    str query = arena_printf(op->arena, "patient=Patient/%.*s&_count=200", STR_ARG(patient));
    TRY(record_find(op, c->rec, medicine, query, &page));
    int64_t now = written(tree, op->now);
    for (size_t i = 0; i < page.n && !*ret; i++) {
        struct json *o;
        if (page.docs[i].rid >= doc->rid)
            continue;
        TRY(record_parse(op, &page.docs[i], &o));
        *ret = was_taken(o) && same_medicine(o, tree) && written(o, now) > now - NEW_AGAIN_MS;
    }
    return OK;
}

/* ---- together ---- */
static err name_too(struct record_tx *tx, struct op *op, struct campaigns *c, str plan, str reason)
{
    struct record_doc doc;
    struct json *o, *list = json_new(op->arena, JSON_ARRAY);
    const struct json *was;
    TRY(record_read(op, c->rec, fhir_type_parse(STR("CarePlan")), plan, &doc));
    TRY(record_parse(op, &doc, &o));
    for (size_t i = 0; (was = json_at(JSON_GET(o, "supportingInfo"), i)); i++)
        json_push(op->arena, list, was);
    json_push(op->arena, list, fhir_reference(op, reason));
    json_set(op->arena, o, STR("supportingInfo"), list);
    return record_tx_update(tx, doc.type, plan, o, doc.vid);
}

static err join(struct op *op, struct campaigns *c, struct enrolment *to, str reason)
{
    if (enrolment_for(to, reason) || reasons(to) == REASONS_MAX)
        return OK;
    struct record_tx *tx = record_begin(op, c->rec);
    to->reason = arena_printf(op->arena, "%.*s %.*s", STR_ARG(to->reason), STR_ARG(reason));
    enrolment_save(tx, op, to, op->now);
    err e = str_empty(to->care_plan) ? OK : name_too(tx, op, c, to->care_plan, reason);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        e = OK;
    }
    TRY(e);
    return record_commit(tx);
}

static bool near(int64_t a, int64_t b, int64_t within)
{
    return a - b < within && b - a < within;
}

err order_joins(struct op *op, struct campaigns *c, const struct enrolment *e, int64_t anchor,
                bool *ret)
{
    struct enrolment all[ENROLMENTS_MAX], *join_to = NULL;
    size_t n;
    str list;
    TRY(enrolments_of(op, c->rec, e->patient, all, &n, &list));
    *ret = false;
    for (size_t i = 0; i < n && !*ret; i++) {
        const struct plan_state *s = &all[i].state;
        bool begun = s->phase == PLAN_LEFT || s->out || s->words;
        if (!str_eq(all[i].plan, e->plan) || !all[i].trigger || all[i].trigger == e->trigger)
            continue;
        /* it is one of theirs already; at anchor 0 its order had ended */
        *ret = s->anchor && enrolment_for(&all[i], e->reason);
        if (!*ret && !begun && near(s->anchor, anchor, TOGETHER_MS))
            join_to = &all[i];
    }
    if (!*ret && join_to) {
        *ret = true;
        TRY(join(op, c, join_to, e->reason));
    }
    return OK;
}

err order_ends(struct op *op, struct campaigns *c, struct enrolment *e, str reason, bool *ret_last)
{
    str rest = e->reason, part;
    struct buf left;
    *ret_last = reasons(e) < 2;
    if (*ret_last)
        return OK;
    buf_init(&left, op->arena, 8192);
    while (str_take_until(&rest, ' ', &part))
        if (!str_eq(part, reason))
            buf_printf(&left, "%s%.*s", left.n ? " " : "", STR_ARG(part));
    struct record_tx *tx = record_begin(op, c->rec);
    e->reason = buf_str(&left);
    enrolment_save(tx, op, e, op->now);
    return record_commit(tx);
}

/* ---- said already ---- */
static bool same_words(const struct plan_words *a, const struct plan_words *b)
{
    bool same = str_eq(a->template, b->template);
    for (int l = 0; l < 3; l++)
        same = same && str_eq(a->text[l], b->text[l]);
    return same;
}

err order_said(struct op *op, struct campaigns *c, const struct enrolment *e,
               const struct plan_step *step, bool *ret)
{
    struct enrolment all[ENROLMENTS_MAX];
    size_t n;
    str list;
    *ret = false;
    if (!e->trigger || !step->from_anchor)
        return OK;
    bool visit = str_starts(e->reason, STR("Appointment/"));
    TRY(enrolments_of(op, c->rec, e->patient, all, &n, &list));
    for (size_t i = 0; i < n && !*ret; i++) {
        const struct plan_state *s = &all[i].state;
        struct loaded *l;
        if (!str_eq(all[i].plan, e->plan) || all[i].trigger == e->trigger || !s->words ||
            op->now - s->spoke >= TOGETHER_MS ||
            (!visit && s->phase == PLAN_LEFT) || /* its questions are over; these are not */
            (visit && !near(s->anchor, e->state.anchor, SAME_DAY_MS)))
            continue;
        TRY(plan_load(op, c, all[i].plan, all[i].vid, &l));
        *ret = l && s->words <= l->plan->n_steps &&
               same_words(&l->plan->steps[s->words - 1].words, &step->words);
    }
    return OK;
}
