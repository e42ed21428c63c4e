/* A journey of one person, in the hands of who treats them: rest it, go on, end it. Whole or not at
 * all: what waits to be sent is taken back in the commit with which they leave. */
#include "campaign/run_int.h"

#define PAUSE_MAX_MS (180 * PLAN_DAY_MS)
#define TRIES 5 /* the plan's clock, or who sends, may write the same meanwhile */

struct change {
    str care_plan, what;
    int64_t until;
};

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
    return str_empty(ret->text) || ret->state.phase == PLAN_LEFT || ret->state.out
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
    else if (str_eq(what, STR("exit")))
        *ret = "revoked";
    else
        return fail_at(op, ERR_INVALID, STR("what"), "use pause, resume or exit");
    return OK;
}

static err change(struct op *op, struct campaigns *c, const struct change *x, const char **ret)
{
    struct enrolment e = {0};
    TRY(enrolment_of(op, c, x->care_plan, &e));
    TRY(apply(op, &e, x->what, x->until, ret));
    struct record_tx *tx = record_begin(op, c->rec);
    if (strcmp(*ret, "revoked") == 0)
        TRY(enrolment_leave(tx, op, c, &e, PLAN_LEAVES_IN_PEACE));
    else {
        enrolment_save(tx, op, &e, op->now);
        TRY(care_plan_status(tx, op, c->rec, x->care_plan, *ret));
    }
    return record_commit(tx);
}

err journey_change(struct op *op, struct campaigns *c, str care_plan, str what, int64_t until,
                   struct json **ret)
{
    const struct change x = {care_plan, what, until};
    const char *status = NULL;
    bool raced = true;
    err e = OK;
    if (op->actor->role != ROLE_NURSE && op->actor->role != ROLE_SYSTEM)
        return fail(op, ERR_FORBIDDEN, "a person's journey is in the hands of who treats them");
    for (int i = 0; raced && i < TRIES; i++) {
        op_clear(op);
        e = change(op, c, &x, &status);
        raced = (e == ERR_CONFLICT && op->fault.n == 0) || e == ERR_PRECONDITION;
    }
    TRY(e);
    *ret = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, *ret, STR("status"), str_of(status));
    return OK;
}
