/* What may not be done by plain FHIR writes because it has doors of its own: the life of a case
 * (claim, release, snooze, resolve). Care rooms, which keep those rules, write through
 * record_update() and record_commit() and are not asked. Invariants: no person's create, PUT or
 * Bundle gives a case an owner, ends it, or takes it out of the worklist; none makes a patient's
 * request, an incident, its clocks or notices; none makes or changes a device's command, a firmware
 * release or a complaint about a device; a legal hold is changed and ended by privacy officers
 * only; none of these is deleted past its doors. */
#include "record/bulk.h"
#include "record/record_int.h"
#include "record/release_int.h"

/* Task elements (http://hl7.org/fhir/R4/task.html) that the desk's doors keep. */
static const char *const kept[] = {"status", "owner",  "output",          "restriction",
                                   "code",   "intent", "groupIdentifier", "extension"};
static const char *const absent_at_first[] = {"owner", "output", "restriction", "extension"};
/* And of what only its own door makes: who opened an incident, what a patient asked for. */
static const char *const sealed[] = {"for",        "input",     "partOf",
                                     "reasonCode", "requester", "authoredOn"};

bool task_is(const struct json *task, const char *code)
{
    const struct json *codings = json_path(task, "code.coding"), *c;
    for (size_t i = 0; (c = json_at(codings, i)); i++)
        if (str_eq(json_get_str(c, STR("system")), STR(RECORD_TASK_CODE)) &&
            str_eq(json_get_str(c, STR("code")), str_of(code)))
            return true;
    return false;
}

/* The house itself; an app of somebody's with an account of its own is none. */
static bool is_house(const struct op *op)
{
    return op->actor && op->actor->role == ROLE_SYSTEM && !op->actor->scopes;
}

static bool is_case(const struct json *task)
{
    return task_is(task, "case") || task_is(task, "incident") || task_is(task, "clock");
}

/* A patient's request, an incident and its clocks: never made by a plain write. */
static bool is_sealed(const struct json *task)
{
    const struct json *codings = json_path(task, "code.coding"), *c;
    for (size_t i = 0; (c = json_at(codings, i)); i++)
        if (str_eq(json_get_str(c, STR("system")), STR(RECORD_TASK_CODE)) &&
            str_starts(json_get_str(c, STR("code")), STR("right-")))
            return true;
    return task_is(task, "incident") || task_is(task, "clock");
}

/* Its doors alone write it: what a device is asked to do (fleet/command.h), a complaint about one
 * (desk/complaint.h). */
static bool has_doors(const struct json *task)
{
    return task_is(task, "device-command") || task_is(task, "firmware-release") ||
           task_is(task, "complaint");
}

static err refused(struct record_tx *tx, const struct staged *s, const char *element)
{
    str path = arena_cat(tx->op->arena, STR("Task."), str_of(element));
    return fail_at(tx->op, ERR_UNPROCESSABLE, links_path(tx, s, path),
                   "A case changes hands and ends by its own operations only: $claim, $release, "
                   "$snooze and $resolve of the Task, an incident and its clocks by /incidents, "
                   "a patient's request by Patient/[id]/$request, a "
                   "device's command by /fleet, a complaint about one by /complaints. "
                   "Leave this element as it is.");
}

static err fresh(struct record_tx *tx, const struct staged *s)
{
    if (is_sealed(s->resource) || has_doors(s->resource))
        return refused(tx, s, "code");
    if (!is_case(s->resource))
        return OK;
    if (!str_eq(json_get_str(s->resource, STR("status")), STR("requested")))
        return refused(tx, s, "status");
    for (size_t i = 0; i < sizeof absent_at_first / sizeof *absent_at_first; i++)
        if (json_get(s->resource, str_of(absent_at_first[i])))
            return refused(tx, s, absent_at_first[i]);
    return OK;
}

static bool same(const struct json *a, const struct json *b)
{
    return a && b ? json_equal(a, b) : a == b;
}

static err unchanged(struct record_tx *tx, const struct staged *s, const struct json *before,
                     const char *const *elements, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!same(json_get(before, str_of(elements[i])),
                  json_get(s->resource, str_of(elements[i]))))
            return refused(tx, s, elements[i]);
    return OK;
}

static err held(struct record_tx *tx, const struct staged *s)
{
    struct audit a = {.action = s->action,
                      .type = s->type,
                      .rid = s->rid,
                      .patients = &s->comp,
                      .n_patients = s->comp != 0};
    return audit_refuse(tx->op, tx->rec, a,
                        STR("A legal hold is changed and ended by a privacy officer only."));
}

/* The patient's own choice has its own door (release_set.c). */
static err wished(struct record_tx *tx, const struct staged *s)
{
    struct store_doc old = {.deleted = true};
    struct json *before = NULL;
    if (s->type != tx->rec->t_form || is_house(tx->op))
        return OK;
    if (s->action != ACTION_CREATE && s->rid)
        TRY(store_get(tx->op, tx->rec->store, s->rid, &old));
    if (!old.deleted)
        TRY(tree_of(tx->op, tx->rec, &old, &before));
    if (!release_form(s->resource) && !release_form(before))
        return OK;
    return fail_at(tx->op, ERR_UNPROCESSABLE,
                   links_path(tx, s, STR("QuestionnaireResponse.questionnaire")),
                   "When results are shown is for the patient to say: Patient/[id]/$release.");
}

static bool is_notice(const struct json *resource)
{
    const struct json *all = JSON_GET(resource, "category"), *one, *c;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        for (size_t k = 0; (c = json_at(JSON_GET(one, "coding"), k)); k++)
            if (str_eq(json_get_str(c, STR("system")), STR(RECORD_TASK_CODE)) &&
                str_eq(json_get_str(c, STR("code")), STR("breach-notice")))
                return true;
    return false;
}

/* What the patients of an incident are told is the incident's; what carries a notice says only that
 * it left, in a Communication. */
static err noticed(struct record_tx *tx, const struct staged *s)
{
    bool note = s->type == tx->rec->t_note, ask = s->type == tx->rec->t_note_request;
    struct store_doc old = {.deleted = true};
    struct json *before = NULL;
    if ((!note && !ask) || is_house(tx->op) ||
        (note && tx->op->actor && tx->op->actor->role == ROLE_SYSTEM))
        return OK;
    if (s->action != ACTION_CREATE && s->rid)
        TRY(store_get(tx->op, tx->rec->store, s->rid, &old));
    if (!old.deleted)
        TRY(tree_of(tx->op, tx->rec, &old, &before));
    if (!is_notice(s->resource) && !is_notice(before))
        return OK;
    return fail_at(tx->op, ERR_UNPROCESSABLE, links_path(tx, s, STR("category")),
                   "The notices of an incident are asked for and marked by /incidents only.");
}

/* What has doors of its own is not taken away past them. */
static err taken_away(struct record_tx *tx, const struct staged *s)
{
    struct store_doc old = {.deleted = true};
    struct json *before;
    TRY(store_get(tx->op, tx->rec->store, s->rid, &old));
    if (old.deleted)
        return OK;
    TRY(tree_of(tx->op, tx->rec, &old, &before));
    if (task_is(before, "legal-hold") && (!tx->op->actor || tx->op->actor->role != ROLE_PRIVACY))
        return held(tx, s);
    return is_sealed(before) || has_doors(before) ? refused(tx, s, "code") : OK;
}

err plain_check(struct record_tx *tx, struct staged *s)
{
    struct op *op = tx->op;
    struct store_doc old = {.deleted = true};
    struct json *before;
    TRY(wished(tx, s));
    TRY(noticed(tx, s));
    if (s->type != tx->rec->t_task || is_house(op))
        return OK;
    if (!s->resource)
        return s->rid ? taken_away(tx, s) : OK;
    if (s->action == ACTION_UPDATE)
        TRY(store_get(op, tx->rec->store, s->rid, &old));
    if (old.deleted)
        return fresh(tx, s);
    TRY(tree_of(op, tx->rec, &old, &before));
    if (task_is(before, "legal-hold") && (!op->actor || op->actor->role != ROLE_PRIVACY))
        return held(tx, s);
    if (has_doors(before) || has_doors(s->resource))
        return refused(tx, s, "code");
    bool shut = is_sealed(before) || is_sealed(s->resource);
    if (!shut && !is_case(before) && !is_case(s->resource))
        return OK;
    TRY(unchanged(tx, s, before, kept, sizeof kept / sizeof *kept));
    if (shut)
        TRY(unchanged(tx, s, before, sealed, sizeof sealed / sizeof *sealed));
    if (!s->versioned)
        return fail_at(
            op, ERR_PRECONDITION, s->where,
            "A case is changed by several people and by new readings; send If-Match with "
            "the version that you changed.");
    return OK;
}
