/* A journey of one person, in the hands of who treats them: rest it, go on, end it. */
#include "campaign/run_int.h"

#define PAUSE_MAX_MS (180 * PLAN_DAY_MS)

static err enrolment_of(struct op *op, struct campaigns *c, str care_plan, struct enrolment *ret)
{
    struct record_doc doc;
    struct json *tree;
    const struct json *id;
    TRY(record_read(op, c->rec, fhir_type_parse(STR("CarePlan")), care_plan, &doc));
    TRY(record_parse(op, &doc, &tree));
    for (size_t i = 0; (id = json_at(JSON_GET(tree, "identifier"), i)); i++)
        if (str_eq(json_get_str(id, STR("system")), STR(CARE_PLAN_ID)) &&
            enrolment_parse(json_get_str(id, STR("value")), ret))
            break;
    if (!id)
        return fail(op, ERR_UNPROCESSABLE, "this care plan is no journey");
    TRY(enrolment_load(op, c->rec, ret));
    return str_empty(ret->text) || ret->state.phase == PLAN_LEFT
               ? fail(op, ERR_CONFLICT, "this journey has ended")
               : OK;
}

static err apply(struct op *op, struct enrolment *e, str what, int64_t until, const char **ret)
{
    *ret = "active";
    if (str_eq(what, STR("pause"))) {
        if (until <= op->now || until > op->now + PAUSE_MAX_MS)
            return fail_at(op, ERR_INVALID, STR("until"), "a pause ends within 180 days");
        e->state.paused_until = until;
        *ret = "on-hold";
    } else if (str_eq(what, STR("resume")))
        e->state.paused_until = 0;
    else if (str_eq(what, STR("exit"))) {
        e->state.phase = PLAN_LEFT;
        e->state.since = op->now;
        *ret = "revoked";
    } else
        return fail_at(op, ERR_INVALID, STR("what"), "use pause, resume or exit");
    return OK;
}

err journey_change(struct op *op, struct campaigns *c, str care_plan, str what, int64_t until,
                   struct json **ret)
{
    struct enrolment e = {0};
    const char *status;
    if (op->actor->role != ROLE_NURSE && op->actor->role != ROLE_SYSTEM)
        return fail(op, ERR_FORBIDDEN, "a person's journey is in the hands of who treats them");
    TRY(enrolment_of(op, c, care_plan, &e));
    TRY(apply(op, &e, what, until, &status));
    if (strcmp(status, "revoked") == 0)
        TRY(enrolment_take_back(op, c, &e));
    struct record_tx *tx = record_begin(op, c->rec);
    enrolment_save(tx, op, &e, strcmp(status, "revoked") == 0 ? 0 : op->now);
    if (strcmp(status, "revoked") == 0)
        TRY(enrolments_change(tx, op, &e, false));
    TRY(care_plan_status(tx, op, c->rec, care_plan, status));
    TRY(record_commit(tx));
    *ret = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, *ret, STR("status"), str_of(status));
    return OK;
}
