/* What the monitor can be asked: the limits in force, what others would have told, a glucose
 * sensor's days, how its rules do. */
#include "api/op_int.h"
#include "programme/programme.h"

#include <math.h>

#define STEP_MS 300 /* of a programme's what-if: an answer that far, then the next */
#define DAY_MS INT64_C(86400000)

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

static err trial_of(struct call *c, struct monitor_trial *ret)
{
    double days = 28;
    *ret = (struct monitor_trial){.low = NAN, .high = NAN};
    (void)query_get(c->op.arena, c->rq->query, STR("metric"), &ret->metric);
    (void)query_get(c->op.arena, c->rq->query, STR("rule"), &ret->rule);
    TRY(number_of(c, STR("low"), &ret->low));
    TRY(number_of(c, STR("high"), &ret->high));
    TRY(number_of(c, STR("days"), &days));
    ret->days = days >= 0 && days <= 1000 ? (int)days : 0;
    return OK;
}

err api_what_if(struct call *c)
{
    struct json *said;
    struct monitor_trial trial;
    TRY(trial_of(c, &trial));
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

err api_news2(struct call *c)
{
    struct json *said;
    TRY(may_see(c));
    TRY(monitor_news2(&c->op, c->api->monitor, c->id, &said));
    return answer_json(c, 200, said);
}

/* Of whom, from where the last answer stopped. */
static err crowd_of(struct call *c, const struct monitor_trial *trial, struct programme_people *all,
                    struct monitor_crowd *ret)
{
    str code = STR_NONE, after = STR_NONE;
    uint64_t place = 0;
    size_t first = 0;
    (void)query_get(c->op.arena, c->rq->query, STR("programme"), &code);
    (void)query_get(c->op.arena, c->rq->query, STR("after"), &after);
    if (after.n && !str_to_u64(after, UINT64_MAX, &place))
        return fail_at(&c->op, ERR_INVALID, STR("after"),
                       "after is what `next` of an answer says.");
    TRY(programme_people(&c->op, c->api->programmes, code, c->op.now - trial->days * DAY_MS, all));
    while (after.n && first < all->n && all->at[first].place <= place)
        first++;
    struct monitor_person *people = ARENA_ARRAY(c->op.arena, struct monitor_person, all->n + 1);
    TRY(op_check(&c->op));
    for (size_t i = first; i < all->n; i++)
        people[i - first] =
            (struct monitor_person){all->at[i].patient, all->at[i].from, all->at[i].to};
    *ret = (struct monitor_crowd){people, all->n - first, STEP_MS};
    return OK;
}

err api_what_if_programme(struct call *c)
{
    struct json *said;
    struct monitor_trial trial;
    struct programme_people all;
    struct monitor_crowd crowd;
    struct arena *a = c->op.arena;
    size_t done;
    TRY(has_monitor(c));
    TRY(trial_of(c, &trial));
    op_deadline(c);
    TRY(crowd_of(c, &trial, &all, &crowd));
    TRY(monitor_what_if_many(&c->op, c->api->monitor, &crowd, &trial, &done, &said));
    size_t past = all.n - crowd.n + done;
    json_set(a, said, STR("people"), json_new_i64(a, (int64_t)all.n));
    json_set(a, said, STR("done"), json_new_i64(a, (int64_t)past));
    if (past < all.n)
        json_set_str(a, said, STR("next"),
                     arena_printf(a, "%llu", (unsigned long long)all.at[past - 1].place));
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

err api_monitoring_round(struct call *c)
{
    struct json *said;
    TRY(has_monitor(c));
    op_deadline(c);
    TRY(monitor_round(&c->op, c->api->monitor, &said));
    return answer_json(c, 200, said);
}
