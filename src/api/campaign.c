/* Campaigns and journeys at the door. What they are is the campaign room's (campaign/run.h). */
#include "campaign/run.h"

#include "api/op_int.h"
#include "base/time.h"

#define SIMULATE_MS 30000

static err input(struct call *c, struct json **ret)
{
    if (str_trim(c->rq->body).n)
        return body_object(c, ret);
    *ret = json_new(c->op.arena, JSON_OBJECT);
    return OK;
}

static err when(struct call *c, const struct json *in, const char *name, int64_t *ret)
{
    struct time_span at;
    str text = json_get_str(in, str_of(name));
    *ret = 0;
    if (str_empty(text))
        return OK;
    if (!time_parse(text, &at))
        return fail_at(&c->op, ERR_INVALID, str_of(name),
                       "give an instant such as "
                       "2026-11-24T09:00:00-06:00");
    *ret = at.lo;
    return OK;
}

err api_campaigns(struct call *c)
{
    struct json *o;
    TRY(campaign_list(&c->op, c->api->campaigns, &o));
    return answer_json(c, 200, o);
}

err api_campaign_outlines(struct call *c)
{
    struct json *o;
    TRY(campaign_shipped(&c->op, &o));
    return answer_json(c, 200, o);
}

err api_campaign(struct call *c)
{
    struct json *o;
    TRY(campaign_get(&c->op, c->api->campaigns, c->id, &o));
    return answer_json(c, 200, o);
}

/* What is wrong with an outline is the answer, not a failure: it is asked while somebody types. */
err api_campaign_check(struct call *c)
{
    struct arena *a = c->op.arena;
    struct json *in, *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    enum language l = language_wanted(c);
    TRY(body_object(c, &in));
    err e = campaign_check(&c->op, in);
    if (e != OK && e != ERR_UNPROCESSABLE && e != ERR_INVALID)
        return e;
    for (size_t i = 0; i < c->op.fault.n; i++) {
        const struct issue *x = &c->op.fault.issues[i];
        struct json *one = json_new(a, JSON_OBJECT);
        if (x->severity != SEVERITY_ERROR)
            continue;
        json_set_str(a, one, STR("at"), x->expression);
        json_set_str(a, one, STR("text"), language_say(&c->op, l, x->message));
        json_push(a, list, one);
    }
    op_clear(&c->op);
    json_set(a, o, STR("faults"), list);
    return answer_json(c, 200, o);
}

err api_campaign_new(struct call *c)
{
    struct json *in, *o;
    TRY(body_object(c, &in));
    TRY(campaign_put(&c->op, c->api->campaigns, STR_NONE, in, &o));
    return answer_json(c, 201, o);
}

err api_campaign_put(struct call *c)
{
    struct json *in, *o;
    TRY(body_object(c, &in));
    TRY(campaign_put(&c->op, c->api->campaigns, c->id, in, &o));
    return answer_json(c, 200, o);
}

err api_campaign_step(struct call *c)
{
    struct json *in, *o;
    enum campaign_step step;
    int64_t at;
    TRY(input(c, &in));
    if (!campaign_step_parse(json_get_str(in, STR("step")), &step))
        return fail_at(&c->op, ERR_INVALID, STR("step"),
                       "step is submit, approve, refuse, schedule, undo or stop");
    TRY(when(c, in, "at", &at));
    TRY(campaign_do(&c->op, c->api->campaigns, c->id, step, at, &o));
    return answer_json(c, 200, o);
}

err api_campaign_preview(struct call *c)
{
    struct json *o;
    str patient = STR_NONE;
    (void)query_get(c->op.arena, c->rq->query, STR("patient"), &patient);
    TRY(campaign_preview(&c->op, c->api->campaigns, c->id, patient, &o));
    return answer_json(c, 200, o);
}

err api_campaign_simulate(struct call *c)
{
    struct json *in, *o;
    int64_t days = 30;
    TRY(input(c, &in));
    if (JSON_GET(in, "days") && (!json_i64(JSON_GET(in, "days"), &days) || days < 1 || days > 90))
        return fail_at(&c->op, ERR_INVALID, STR("days"), "days is a number from 1 to 90");
    struct campaign_days d = {.days = (unsigned)days,
                              .resolved = json_bool(JSON_GET(in, "resolved"), false)};
    if (!c->op.deadline)
        c->op.deadline = time_now() + SIMULATE_MS;
    TRY(campaign_simulate(&c->op, c->api->campaigns, c->id, &d, &o));
    return answer_json(c, 200, o);
}

err api_campaign_report(struct call *c)
{
    struct json *o;
    TRY(campaign_report(&c->op, c->api->campaigns, c->id, &o));
    return answer_json(c, 200, o);
}

err api_journey_change(struct call *c)
{
    struct json *in, *o;
    int64_t until;
    TRY(input(c, &in));
    TRY(when(c, in, "until", &until));
    TRY(journey_change(&c->op, c->api->campaigns, c->id, json_get_str(in, STR("what")), until, &o));
    return answer_json(c, 200, o);
}
