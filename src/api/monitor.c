/* What the monitor can be asked: the limits in force, what others would have told, a glucose
 * sensor's days, how its rules do. */
#include "api/op_int.h"

#include <math.h>

static err has_monitor(struct call *c)
{
    return c->api->monitor ? OK
                           : fail(&c->op, ERR_UNSUPPORTED, "This server runs without the monitor.");
}

/* Of a patient whom the actor may not see, nothing is said at all. */
static err may_see(struct call *c)
{
    struct record_doc who;
    TRY(has_monitor(c));
    return record_read(&c->op, c->api->rec, fhir_type_parse(STR("Patient")), c->id, &who);
}

err api_limits(struct call *c)
{
    struct json *limits;
    TRY(may_see(c));
    TRY(monitor_limits(&c->op, c->api->monitor, c->id, &limits));
    return answer_json(c, 200, limits);
}

/* A number of the address, as FHIR writes decimals; *io stays when it is not given. */
static err number_of(struct call *c, str name, double *io)
{
    str text = STR_NONE;
    (void)query_get(c->op.arena, c->rq->query, name, &text);
    if (text.n && !json_double(json_new_num(c->op.arena, text), io))
        return fail_at(&c->op, ERR_INVALID, name, "this is no number; write for example 92 or 1.5");
    return OK;
}

err api_what_if(struct call *c)
{
    struct json *said;
    struct monitor_trial trial = {.low = NAN, .high = NAN};
    double days = 28;
    (void)query_get(c->op.arena, c->rq->query, STR("metric"), &trial.metric);
    TRY(number_of(c, STR("low"), &trial.low));
    TRY(number_of(c, STR("high"), &trial.high));
    TRY(number_of(c, STR("days"), &days));
    trial.days = days >= 0 && days <= 1000 ? (int)days : 0;
    TRY(may_see(c));
    op_deadline(c);
    TRY(monitor_what_if(&c->op, c->api->monitor, c->id, &trial, &said));
    return answer_json(c, 200, said);
}

err api_glucose(struct call *c)
{
    struct json *said;
    double days = 14;
    TRY(number_of(c, STR("days"), &days));
    TRY(may_see(c));
    op_deadline(c);
    TRY(monitor_glucose(&c->op, c->api->monitor, c->id, days >= 0 && days <= 1000 ? (int)days : 0,
                        &said));
    return answer_json(c, 200, said);
}

err api_rule_hits(struct call *c)
{
    struct json *said;
    TRY(has_monitor(c));
    op_deadline(c);
    TRY(monitor_hits(&c->op, c->api->monitor, &said));
    return answer_json(c, 200, said);
}
