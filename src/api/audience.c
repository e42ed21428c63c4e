/* Audiences at the door: counted while they are put together, saved as Groups, people listed with a
 * sentence each. What may be told is the campaign room's to know. */
#include "campaign/audience.h"
#include "api/api_int.h"
#include "base/time.h"

#define COUNT_MS 30000

static err there(struct call *c)
{
    if (!c->op.deadline)
        c->op.deadline = time_now() + COUNT_MS;
    return c->api->campaigns ? OK
                             : fail(&c->op, ERR_UNSUPPORTED, "This server runs without campaigns.");
}

/* What somebody may ask of patients by a search of their own (ACCESS rows): told before they try.
 */
static struct json *searches(struct call *c)
{
    struct json *list = json_new(c->op.arena, JSON_ARRAY);
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++)
        if (fhir_in_patient_compartment(t) && record_may_search(&c->op, c->api->rec, t))
            json_push(c->op.arena, list, json_new_str(c->op.arena, fhir_type_name(t)));
    return list;
}

err api_audience_chips(struct call *c)
{
    struct json *o;
    str language = STR_NONE;
    TRY(there(c));
    (void)query_get(c->op.arena, c->rq->query, STR("language"), &language);
    TRY(audience_chips(&c->op, c->api->campaigns, language, &o));
    json_set(c->op.arena, o, STR("searches"), searches(c));
    return answer_json(c, 200, o);
}

err api_audiences(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(audience_all(&c->op, c->api->campaigns, &o));
    return answer_json(c, 200, o);
}

err api_audience(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(audience_get(&c->op, c->api->campaigns, c->id, &o));
    return answer_json(c, 200, o);
}

err api_audience_put(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(audience_put(&c->op, c->api->campaigns, c->id, in, &o));
    return answer_json(c, c->id.n ? 200 : 201, o);
}

err api_audience_count(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(audience_count(&c->op, c->api->campaigns, in, &o));
    return answer_json(c, 200, o);
}

err api_audience_equity(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(audience_equity(&c->op, c->api->campaigns, in, &o));
    return answer_json(c, 200, o);
}

err api_audience_people(struct call *c)
{
    struct json *in, *o;
    struct audience_page page = {.reason = LEFT_IN};
    int64_t after = 0;
    TRY(there(c));
    TRY(body_object(c, &in));
    str reason = json_get_str(in, STR("reason"));
    if (reason.n && !audience_left_parse(reason, &page.reason))
        return fail_at(&c->op, ERR_INVALID, STR("reason"), "There is no such reason.");
    if (JSON_GET(in, "after") && (!json_i64(JSON_GET(in, "after"), &after) || after < 0))
        return fail_at(&c->op, ERR_INVALID, STR("after"), "after is the next of a page before.");
    page.after = (uint64_t)after;
    page.language = json_get_str(in, STR("language"));
    TRY(audience_list(&c->op, c->api->campaigns, JSON_GET(in, "audience"), &page, &o));
    return answer_json(c, 200, o);
}
