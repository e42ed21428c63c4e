/* Closing a case with its outcome. Invariant: Task completed and the named value of the open case
 * removed in one transaction, so the next evidence opens a new case. */
#include "desk/desk_int.h"
#include "desk/rights.h"

static const struct desk_outcome *find_outcome(str code)
{
    for (size_t i = 0; i < DESK_OUTCOME_COUNT; i++)
        if (str_eq(code, str_of(DESK_OUTCOMES[i].code)))
            return &DESK_OUTCOMES[i];
    return NULL;
}

static bool fits(const struct desk_outcome *row, const struct json *task)
{
    bool officer = desk_has_label(task, STR(DESK_LABEL_OFFICER));
    return row->look ? officer || desk_has_label(task, STR(DESK_LABEL_PRIVACY)) : !officer;
}

static void set_outcome(struct op *op, struct json *task, const struct desk_outcome *outcome)
{
    struct arena *a = op->arena;
    struct json *coding = json_new(a, JSON_OBJECT);
    json_set_str(a, coding, STR("system"), STR(DESK_SYSTEM_OUTCOME));
    json_set_str(a, coding, STR("code"), str_of(outcome->code));
    json_set_str(a, coding, STR("display"), str_of(outcome->display));
    struct json *codings = json_new(a, JSON_ARRAY);
    json_push(a, codings, coding);
    struct json *value = json_new(a, JSON_OBJECT);
    json_set(a, value, STR("coding"), codings);
    struct json *type = json_new(a, JSON_OBJECT);
    json_set_str(a, type, STR("text"), STR("outcome"));
    struct json *output = json_new(a, JSON_OBJECT);
    json_set(a, output, STR("type"), type);
    json_set(a, output, STR("valueCodeableConcept"), value);
    struct json *outputs = json_new(a, JSON_ARRAY);
    json_push(a, outputs, output);
    json_set(a, task, STR("output"), outputs);
    struct json *business = json_new(a, JSON_OBJECT);
    json_set_str(a, business, STR("text"), str_of(outcome->display));
    json_set(a, task, STR("businessStatus"), business);
}

static err close_case(struct op *op, struct record *rec, struct desk_task *t)
{
    str programme = json_get_str(JSON_GET(t->tree, "groupIdentifier"), STR("value"));
    str reference = json_get_str(JSON_GET(t->tree, "for"), STR("reference"));
    str key = desk_open_key(op, fhir_ref_parse(reference).id, programme);
    str open = STR_NONE;
    TRY(record_kv_get(op, rec, key, &open));
    struct record_tx *tx = record_begin(op, rec);
    TRY(record_tx_update(tx, t->doc.type, t->doc.id, t->tree, t->doc.vid));
    if (str_eq(open, t->doc.id)) {
        record_tx_expect_kv(tx, key, open);
        record_tx_kv(tx, key, STR_NONE);
    }
    return record_commit(tx);
}

err desk_resolve(struct op *op, struct record *rec, str task, str outcome, str note,
                 struct record_result *ret)
{
    const struct desk_outcome *row = find_outcome(outcome);
    if (!row)
        return fail_at(op, ERR_UNPROCESSABLE, STR("outcome"),
                       "unknown outcome; use one of the codes of " DESK_SYSTEM_OUTCOME);
    struct desk_task t;
    TRY(desk_read(op, rec, task, &t));
    if (rights_kind(t.tree).n)
        return fail_at(op, ERR_UNPROCESSABLE, STR("Task.code"),
                       "a request of a patient is decided ($decide), not closed");
    if (!str_eq(t.status, STR("in-progress")) || !desk_is_owner(op, t.tree))
        return fail_at(op, ERR_CONFLICT, STR("Task.owner"), "claim the case before you close it");
    if (!fits(row, t.tree))
        return fail_at(op, ERR_UNPROCESSABLE, STR("outcome"),
                       "cases about looks end as explained, training or incident; others do not");
    if (desk_is_own_look(op, t.tree))
        return fail(op, ERR_FORBIDDEN,
                    "nobody judges their own look; a colleague closes this case");
    set_outcome(op, t.tree, row);
    if (!str_empty(note))
        desk_add_note(op, t.tree, note);
    desk_set_status(op, t.tree, STR("completed"));
    err e = close_case(op, rec, &t);
    if (e == ERR_PRECONDITION || e == ERR_CONFLICT) {
        op_clear(op);
        return fail(op, ERR_CONFLICT,
                    "the case changed while you worked on it; look again, then repeat");
    }
    TRY(e);
    struct record_result result = {.type = t.doc.type, .id = t.doc.id};
    TRY(record_read(op, rec, t.doc.type, t.doc.id, &result.doc));
    result.vid = result.doc.vid;
    result.updated = result.doc.updated;
    *ret = result;
    return OK;
}
