/* What all desk verbs share: reading a case, its parts, and writing a change back under a version
 * check. Invariant: every change sets Task.lastModified and is committed only on top of the version
 * it was made from. */
#include "desk/desk_int.h"

str desk_open_key(struct op *op, str patient, str programme)
{
    return arena_printf(op->arena, "case/%.*s/%.*s", STR_ARG(patient), STR_ARG(programme));
}

str desk_priority_code(enum desk_priority p)
{
    static const char *const codes[] = {"routine", "stat", "asap", "urgent", "routine"};
    return str_of(codes[p <= DESK_P4 ? p : 0]);
}

enum desk_priority desk_priority_of(const struct json *task)
{
    str code = json_get_str(task, STR("priority"));
    for (enum desk_priority p = DESK_P1; p <= DESK_P4; p++)
        if (str_eq(code, desk_priority_code(p)))
            return p;
    return DESK_P4;
}

void desk_set_status(struct op *op, struct json *task, str status)
{
    json_set_str(op->arena, task, STR("status"), status);
    json_set_str(op->arena, task, STR("lastModified"), time_format(op->arena, op->now));
}

struct json *desk_reference(struct op *op, str reference, str display)
{
    struct json *ref = fhir_reference(op, reference);
    if (!str_empty(display))
        json_set_str(op->arena, ref, STR("display"), display);
    return ref;
}

bool desk_is_owner(const struct op *op, const struct json *task)
{
    str owner = json_get_str(JSON_GET(task, "owner"), STR("reference"));
    return op->actor && !str_empty(owner) && str_eq(owner, op->actor->reference);
}

bool desk_has_label(const struct json *task, str label)
{
    const struct json *all = json_path(task, "meta.security"), *one;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        if (str_eq(json_get_str(one, STR("code")), label))
            return true;
    return false;
}

/* No label of the case's own is lost. */
void desk_set_label(struct op *op, struct json *task, const char *system, str code)
{
    struct arena *a = op->arena;
    if (desk_has_label(task, code))
        return;
    if (!JSON_GET(task, "meta"))
        json_set(a, task, STR("meta"), json_new(a, JSON_OBJECT));
    struct json *meta = JSON_GET(task, "meta"), *label = json_new(a, JSON_OBJECT);
    if (!JSON_GET(meta, "security"))
        json_set(a, meta, STR("security"), json_new(a, JSON_ARRAY));
    json_set_str(a, label, STR("system"), str_of(system));
    json_set_str(a, label, STR("code"), code);
    json_push(a, JSON_GET(meta, "security"), label);
}

bool desk_is_own_look(const struct op *op, const struct json *task)
{
    str programme = json_get_str(JSON_GET(task, "groupIdentifier"), STR("value"));
    str looker = json_get_str(JSON_GET(task, "reasonReference"), STR("reference"));
    if (!op->actor || !desk_has_label(task, STR(DESK_LABEL_OFFICER)))
        return false;
    size_t slash = str_find_char(programme, '/', 0);
    str user = slash < programme.n ? str_sub(programme, slash + 1, programme.n) : STR_NONE;
    return (!str_empty(user) && str_eq(user, op->actor->user)) ||
           (!str_empty(looker) && str_eq(looker, op->actor->reference));
}

static bool has_evidence(const struct json *inputs, str ref)
{
    for (size_t i = 0; inputs && i < inputs->n; i++) {
        str have = json_get_str(JSON_GET(json_at(inputs, i), "valueReference"), STR("reference"));
        if (str_eq(have, ref))
            return true;
    }
    return false;
}

static struct json *evidence_input(struct op *op, str ref)
{
    struct arena *a = op->arena;
    struct json *type = json_new(a, JSON_OBJECT);
    json_set_str(a, type, STR("text"), STR("evidence"));
    struct json *input = json_new(a, JSON_OBJECT);
    json_set(a, input, STR("type"), type);
    json_set(a, input, STR("valueReference"), desk_reference(op, ref, STR_NONE));
    return input;
}

void desk_add_evidence(struct op *op, struct json *task, const str *refs, size_t n)
{
    struct arena *a = op->arena;
    const struct json *old = JSON_GET(task, "input");
    struct json *fresh = json_new(a, JSON_ARRAY);
    for (size_t i = 0; i < n && fresh->n < DESK_EVIDENCE_MAX; i++)
        if (!has_evidence(fresh, refs[i]))
            json_push(a, fresh, evidence_input(op, refs[i]));
    for (size_t i = 0; old && i < old->n && fresh->n < DESK_EVIDENCE_MAX; i++) {
        const struct json *input = json_at(old, i);
        str ref = json_get_str(JSON_GET(input, "valueReference"), STR("reference"));
        if (!has_evidence(fresh, ref))
            json_push(a, fresh, input);
    }
    if (fresh->n)
        json_set(a, task, STR("input"), fresh);
    if (n)
        json_set(a, task, STR("focus"), desk_reference(op, refs[0], STR_NONE));
}

void desk_add_note(struct op *op, struct json *task, str text)
{
    struct arena *a = op->arena;
    struct json *note = json_new(a, JSON_OBJECT);
    if (op->actor && !str_empty(op->actor->reference))
        json_set(a, note, STR("authorReference"),
                 desk_reference(op, op->actor->reference, STR_NONE));
    json_set_str(a, note, STR("time"), time_format(a, op->now));
    json_set_str(a, note, STR("text"), text);
    struct json *notes = JSON_GET(task, "note");
    if (!json_is(notes, JSON_ARRAY)) {
        json_set(a, task, STR("note"), json_new(a, JSON_ARRAY));
        notes = JSON_GET(task, "note");
    }
    json_push(a, notes, note);
}

static bool is_case(const struct json *task)
{
    const struct json *codings = json_path(task, "code.coding");
    for (size_t i = 0; codings && i < codings->n; i++) {
        const struct json *c = json_at(codings, i);
        if (str_eq(json_get_str(c, STR("system")), STR(DESK_SYSTEM_CODE)) &&
            str_eq(json_get_str(c, STR("code")), STR("case")))
            return true;
    }
    return false;
}

err desk_read(struct op *op, struct record *rec, str task, struct desk_task *ret)
{
    struct desk_task t = {0};
    TRY(record_read(op, rec, fhir_type_parse(STR("Task")), task, &t.doc));
    TRY(record_parse(op, &t.doc, &t.tree));
    if (!is_case(t.tree))
        return fail_at(op, ERR_UNPROCESSABLE, STR("Task.code"),
                       "this Task is not a case; only cases can be claimed or closed");
    t.status = json_get_str(t.tree, STR("status"));
    *ret = t;
    return OK;
}

err desk_write(struct op *op, struct record *rec, struct desk_task *task, struct record_result *ret)
{
    TRY(fhir_validate(op, task->tree));
    str version = arena_printf(op->arena, "%u", task->doc.vid);
    err e = record_update(op, rec, task->doc.type, task->doc.id, task->tree, version, ret);
    if (e != ERR_PRECONDITION)
        return e;
    op_clear(op);
    return fail(op, ERR_CONFLICT,
                "the case changed while you worked on it; look again, then repeat");
}
