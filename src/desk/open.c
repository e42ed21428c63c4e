/* Opens a case or adds to the open one. Invariant: the named value case/<patient>/<programme> holds
 * the id of the only open case; it changes in the transaction that opens or closes it, so two
 * followers racing cannot open two. */
#include "desk/chain_int.h"

#define SENTENCES_MAX 8000u /* bytes; the next opens a case of its own */

static str patient_name(struct op *op, struct record *rec, str patient)
{
    struct record_doc doc;
    struct json *tree;
    if (record_read(op, rec, fhir_type_parse(STR("Patient")), patient, &doc) != OK ||
        record_parse(op, &doc, &tree) != OK) {
        op_clear(op); /* a case without a name is better than no case */
        return STR_NONE;
    }
    return fhir_name_shown(op, tree); /* nothing is shown for a patient without a name */
}

static void set_reason(struct op *op, struct json *task, const struct desk_case *c)
{
    struct arena *a = op->arena;
    json_set_str(a, task, STR("priority"), desk_priority_code(c->priority));
    desk_say_set(op, task, &c->why);
    struct json *reason = json_new(a, JSON_OBJECT);
    json_set_str(a, reason, STR("text"), c->rule);
    json_set(a, task, STR("reasonCode"), reason);
}

/* The earliest promise stands. */
static void set_due(struct op *op, struct json *task, const struct desk_case *c)
{
    struct json *period = json_new(op->arena, JSON_OBJECT);
    struct time_span had;
    str now = json_str(json_path(task, "executionPeriod.end"));
    if (!c->due || (time_parse(now, &had) && had.lo <= c->due))
        return;
    json_set_str(op->arena, period, STR("end"), time_format(op->arena, c->due));
    json_set(op->arena, task, STR("executionPeriod"), period);
}

static void set_label(struct op *op, struct json *task, const struct desk_case *c)
{
    if (c->privacy)
        desk_set_label(op, task, DESK_SYSTEM_LABEL, STR(DESK_LABEL_PRIVACY));
    if (c->officer)
        desk_set_label(op, task, DESK_SYSTEM_LABEL, STR(DESK_LABEL_OFFICER));
    if (c->restricted)
        desk_set_label(op, task, DESK_SYSTEM_HL7, STR("R"));
}

/* Whoever has no resource of their own is named by the account. */
static struct json *who_looked(struct op *op, str looker)
{
    struct json *who = json_new(op->arena, JSON_OBJECT);
    if (str_find_char(looker, '/', 0) < looker.n)
        return desk_reference(op, looker, STR_NONE);
    json_set_str(op->arena, who, STR("display"), looker);
    return who;
}

/* What the case is first about is what its sentence speaks of. */
static void set_focus(struct op *op, struct json *task, str ref)
{
    if (ref.n)
        json_set(op->arena, task, STR("focus"), desk_reference(op, ref, STR_NONE));
}

static struct json *new_case(struct op *op, struct record *rec, const struct desk_case *c)
{
    struct arena *a = op->arena;
    struct json *task = json_new(a, JSON_OBJECT);
    json_set_str(a, task, STR("resourceType"), STR("Task"));
    struct json *group = json_new(a, JSON_OBJECT);
    json_set_str(a, group, STR("system"), STR(DESK_SYSTEM_PROGRAMME));
    json_set_str(a, group, STR("value"), c->programme);
    json_set(a, task, STR("groupIdentifier"), group);
    desk_set_status(op, task, STR("requested"));
    json_set_str(a, task, STR("intent"), STR("order"));
    json_set(a, task, STR("code"), fhir_concept(op, STR(DESK_SYSTEM_CODE), STR("case")));
    if (c->technical)
        json_push(a, JSON_GET(JSON_GET(task, "code"), "coding"),
                  json_path(fhir_concept(op, STR(DESK_SYSTEM_CODE), STR("technical")), "coding.0"));
    set_reason(op, task, c);
    if (c->patient.n) {
        str ref = arena_printf(a, "Patient/%.*s", STR_ARG(c->patient));
        json_set(a, task, STR("for"), desk_reference(op, ref, patient_name(op, rec, c->patient)));
    }
    if (c->looker.n)
        json_set(a, task, STR("reasonReference"), who_looked(op, c->looker));
    json_set_str(a, task, STR("authoredOn"), time_format(a, op->now));
    desk_add_evidence(op, task, c->evidence, c->n_evidence);
    set_focus(op, task, c->about);
    set_due(op, task, c);
    set_label(op, task, c);
    return task;
}

/* One person's reason does not cover another's. */
static void add_sentence(struct op *op, struct json *task, const struct desk_case *c)
{
    struct said had = desk_say_get(task), both = desk_say_lines(op, &had, &c->why);
    desk_say_set(op, task, &both);
}

static bool all_stays(const struct desk_case *c)
{
    return c->privacy || c->officer;
}

static bool is_full(const struct json *task, const struct desk_case *c)
{
    return all_stays(c) &&
           json_get_str(task, STR("description")).n + c->why.in[SAY_EN].n >= SENTENCES_MAX;
}

/* A rise wakes a snoozed case, and so does a worse value of its own level: neither is ever hidden
 * (remote-monitoring: snooze). The sentence says which. */
static bool wakes(struct op *op, const struct json *task, struct desk_case *c)
{
    bool rises = c->priority < desk_priority_of(task);
    bool back = str_eq(json_get_str(task, STR("status")), STR("on-hold")) && (rises || c->worse);
    if (back && rises && !c->worse)
        c->why = desk_say(op, SAY_BACK_LEVEL, &c->why, 1);
    return back;
}

static void add_to_case(struct op *op, struct json *task, const struct desk_case *added)
{
    struct desk_case copy = *added, *c = &copy;
    enum desk_priority had = desk_priority_of(task);
    str about = c->priority <= had ? c->about : json_str(json_path(task, "focus.reference"));
    bool rises = c->priority < had, back = wakes(op, task, c);
    if (all_stays(c))
        add_sentence(op, task, c);
    else if (c->priority <= had)
        set_reason(op, task, c);
    set_label(op, task, c);
    desk_add_evidence(op, task, c->evidence, c->n_evidence);
    set_focus(op, task, about);
    set_due(op, task, c);
    str status = json_get_str(task, STR("status"));
    if (back) {
        status = STR("requested");
        json_unset(task, STR("owner"));
        json_unset(task, STR("restriction"));
    }
    if (rises || back)
        desk_mark_set(op, task, DESK_WAITS_URL, op->now);
    desk_set_status(op, task, status);
}

/* The case that the named value stands for. A Task that somebody closed, deleted or made something
 * else by a plain FHIR write is no open case, whatever the value says: *ret_open is false then, so
 * that evidence is never hidden in it. *ret_id: the value. */
static err find_open(struct op *op, struct record *rec, str key, struct desk_task *ret,
                     bool *ret_open, str *ret_id)
{
    str id = STR_NONE;
    TRY(record_kv_get(op, rec, key, &id));
    *ret_id = id;
    *ret_open = false;
    if (str_empty(id))
        return OK;
    struct fault before = op->fault;
    err e = desk_read(op, rec, id, ret);
    if (e == ERR_NOT_FOUND || e == ERR_GONE || e == ERR_UNPROCESSABLE) {
        op->fault = before;
        return OK;
    }
    TRY(e);
    *ret_open = str_eq(ret->status, STR("requested")) || str_eq(ret->status, STR("in-progress")) ||
                str_eq(ret->status, STR("on-hold"));
    return OK;
}

err desk_is_open(struct op *op, struct record *rec, str patient, str programme, bool *ret)
{
    struct desk_task task;
    str id;
    return find_open(op, rec, desk_open_key(op, patient, programme), &task, ret, &id);
}

static size_t evidence_of(const struct json *task, str *ret, size_t max)
{
    const struct json *input;
    size_t n = 0;
    for (size_t i = 0; n < max && (input = json_at(JSON_GET(task, "input"), i)); i++)
        ret[n++] = json_str(json_path(input, "valueReference.reference"));
    return n;
}

err desk_snoozed(struct op *op, struct record *rec, str patient, str programme,
                 struct desk_snoozed *ret)
{
    struct desk_task task;
    struct time_span changed;
    bool open;
    str id;
    ret->at = 0;
    ret->n_evidence = 0;
    TRY(find_open(op, rec, desk_open_key(op, patient, programme), &task, &open, &id));
    if (!open || !str_eq(task.status, STR("on-hold")))
        return OK;
    ret->at = desk_mark_get(task.tree, DESK_SNOOZED_URL);
    if (!ret->at && time_parse(json_get_str(task.tree, STR("lastModified")), &changed))
        ret->at = changed.lo; /* put aside before the mark was there */
    ret->priority = desk_priority_of(task.tree);
    ret->n_evidence =
        evidence_of(task.tree, ret->evidence, sizeof ret->evidence / sizeof ret->evidence[0]);
    return OK;
}

static err open_new(struct record_tx *tx, struct op *op, struct record *rec,
                    const struct desk_case *c, str stale, str *ret_id)
{
    struct json *task = new_case(op, rec, c);
    TRY(record_tx_create(tx, task, ret_id));
    str key = desk_open_key(op, c->patient, c->programme);
    record_tx_expect_kv(tx, key, stale);
    record_tx_kv(tx, key, *ret_id);
    return OK;
}

err desk_open(struct record_tx *tx, struct op *op, struct record *rec, const struct desk_case *c,
              str *ret_id, bool *ret_new)
{
    if ((c->n_evidence == 0 && !c->officer) ||
        (c->patient.n == 0 && !c->officer && !c->technical) || c->priority < DESK_P1 ||
        c->priority > DESK_P4)
        return fail(op, ERR_INVALID, "a case needs evidence and a priority from 1 to 4");
    str key = desk_open_key(op, c->patient, c->programme);
    struct desk_task task;
    bool open;
    str id;
    TRY(find_open(op, rec, key, &task, &open, &id));
    if (!open || is_full(task.tree, c)) {
        TRY(open_new(tx, op, rec, c, id, ret_id));
        *ret_new = true;
        return OK;
    }
    add_to_case(op, task.tree, c);
    TRY(record_tx_update(tx, task.doc.type, id, task.tree, task.doc.vid));
    record_tx_expect_kv(tx, key, id);
    *ret_id = id;
    *ret_new = false;
    return OK;
}
