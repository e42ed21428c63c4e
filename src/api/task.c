/* The worklist's operations: claim, release, snooze, resolve. The answer is the Task as stored.
 * Input: a small JSON object, or FHIR Parameters with the same names. */
#include "api/api_int.h"
#include "desk/chain.h"
#include "desk/page.h"
#include "desk/roster.h"

/* Member of a plain object, or value[x] of the Parameters part of that name. */
static str input(const struct json *in, str name)
{
    if (!str_eq(json_get_str(in, STR("resourceType")), STR("Parameters")))
        return json_get_str(in, name);
    const struct json *parts = JSON_GET(in, "parameter");
    for (size_t i = 0; parts && i < parts->n; i++) {
        const struct json *part = json_at(parts, i);
        if (!str_eq(json_get_str(part, STR("name")), name))
            continue;
        for (size_t m = 0; m < part->n; m++)
            if (str_starts(part->u.members[m].name, STR("value")))
                return json_str(&part->u.members[m].value);
    }
    return STR_NONE;
}

static err in_object(struct call *c, struct json **ret)
{
    if (str_trim(c->rq->body).n)
        return body_object(c, ret);
    *ret = json_new(c->op.arena, JSON_OBJECT);
    return OK;
}

static err task_answer(struct call *c, const struct record_result *r)
{
    answer_version(c, r->vid, r->updated);
    return answer_doc(c, &r->doc);
}

err api_task_claim(struct call *c)
{
    struct record_result r;
    TRY(desk_claim(&c->op, c->api->rec, c->id, &r));
    return task_answer(c, &r);
}

err api_task_release(struct call *c)
{
    struct record_result r;
    TRY(desk_release(&c->op, c->api->rec, c->id, &r));
    return task_answer(c, &r);
}

err api_task_snooze(struct call *c)
{
    struct json *in;
    struct record_result r;
    struct time_span until;
    TRY(in_object(c, &in));
    if (!time_parse(input(in, STR("until")), &until) || until.precision < TIME_MINUTE)
        return fail(&c->op, ERR_INVALID,
                    "Say until when: {\"until\": \"2026-11-21T20:00:00Z\"}, date and time.");
    TRY(desk_snooze(&c->op, c->api->rec, c->id, until.lo, &r));
    return task_answer(c, &r);
}

err api_task_resolve(struct call *c)
{
    struct json *in;
    struct record_result r;
    TRY(in_object(c, &in));
    TRY(desk_resolve(&c->op, c->api->rec, c->id, input(in, STR("outcome")), input(in, STR("note")),
                     &r));
    return task_answer(c, &r);
}

err api_task_chain(struct call *c)
{
    struct json *o;
    TRY(desk_chain(&c->op, c->api->rec, c->api->config, c->id, &o));
    return answer_json(c, 200, o);
}

err api_team_roster(struct call *c)
{
    struct json *o;
    str days;
    int64_t n = 7;
    if (query_get(c->op.arena, c->query, STR("days"), &days) && !str_to_i64(days, &n))
        n = 0;
    TRY(desk_roster(&c->op, c->api->rec, c->api->config, c->op.now, n, &o));
    return answer_json(c, 200, o);
}

err api_task_seen(struct call *c)
{
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    bool seen;
    TRY(desk_page_seen(&c->op, c->api->rec, c->id, &seen));
    json_set(c->op.arena, o, STR("seen"), json_new_bool(c->op.arena, seen));
    return answer_json(c, 200, o);
}

/* The patient whom a portal is for; *ret NULL: it is a colleague. */
static err own_patient(struct call *c, struct json **ret)
{
    struct record_doc doc;
    *ret = NULL;
    if (!c->op.actor->patient)
        return OK;
    TRY(record_get(&c->op, c->api->rec, c->op.actor->patient, &doc));
    return record_parse(&c->op, &doc, ret);
}

err api_team_hours(struct call *c)
{
    struct json *list = json_new(c->op.arena, JSON_ARRAY), *patient;
    struct hours_all all;
    TRY(hours_load(&c->op, c->api->rec, c->api->config, &all));
    TRY(own_patient(c, &patient));
    for (size_t i = 0; i < all.n; i++) {
        struct json *one = hours_week(&c->op, &all.at[i]);
        if (patient) /* where they live, not where we are */
            json_set_str(c->op.arena, one, STR("emergency"),
                         desk_emergency(patient, all.at[i].country));
        json_push(c->op.arena, list, one);
    }
    return answer_json(c, 200, list);
}
