/* Changes of the rulebook at the door: drafted as a sentence, tried, approved, published. What they
 * are is the rules room's. */
#include "api/api_int.h"
#include "base/time.h"

#define HOUR_MS INT64_C(3600000)
#define TRY_MS 60000

void rules_due(void *ctx)
{
    struct api *api = ctx;
    struct arena *a = api->rules ? arena_new(4u << 20) : NULL;
    struct op op;
    if (!a)
        return;
    op_init(&op, a, identity_system(), time_now());
    if (rules_tick(&op, api->rules) != OK)
        log_event(LOG_WARN, "rules.versions", "error=%s", err_row(op.fault.code)->name);
    arena_free(a);
}

static err there(struct call *c)
{
    return c->api->rules
               ? OK
               : fail(&c->op, ERR_UNSUPPORTED, "This server runs without changes of rules.");
}

static err input(struct call *c, struct json **ret)
{
    TRY(there(c));
    if (str_trim(c->rq->body).n)
        return body_object(c, ret);
    *ret = json_new(c->op.arena, JSON_OBJECT);
    return OK;
}

err api_rule_changes(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(rules_list(&c->op, c->api->rules, &o));
    return answer_json(c, 200, o);
}

err api_rule_change(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(rules_get(&c->op, c->api->rules, c->id, &o));
    return answer_json(c, 200, o);
}

err api_rule_draft(struct call *c)
{
    struct json *in, *o;
    TRY(input(c, &in));
    TRY(rules_draft(&c->op, c->api->rules, json_get_str(in, STR("sentence")),
                    json_get_str(in, STR("reason")), &o));
    return answer_json(c, 201, o);
}

err api_rule_try(struct call *c)
{
    struct json *in, *o;
    int64_t days = 90;
    TRY(input(c, &in));
    if (JSON_GET(in, "days") && (!json_i64(JSON_GET(in, "days"), &days) || days < 1 || days > 365))
        return fail_at(&c->op, ERR_INVALID, STR("days"), "days is a whole number from 1 to 365.");
    if (!c->op.deadline)
        c->op.deadline = time_now() + TRY_MS;
    TRY(rules_try(&c->op, c->api->rules, c->id, (unsigned)days, &o));
    return answer_json(c, 200, o);
}

static err instant(struct call *c, const struct json *in, str name, int64_t *ret)
{
    struct time_span t;
    str text = json_get_str(in, name);
    if (!text.n)
        return OK;
    if (!time_parse(text, &t) || !t.has_zone)
        return fail_at(&c->op, ERR_INVALID, name, "%.*s is an instant with its zone.",
                       STR_ARG(name));
    *ret = t.lo;
    return OK;
}

err api_rule_step(struct call *c)
{
    static const char *const names[RULES_STEPS] = {"submit",  "approve", "refuse",
                                                   "publish", "keep",    "end"};
    struct rules_when when = {0};
    struct json *in, *o;
    int64_t hours = 0;
    int step = 0;
    while (!str_ends(c->rq->path, str_of(names[step])))
        if (++step == RULES_STEPS)
            return fail(&c->op, ERR_NOT_FOUND, "There is no such step.");
    TRY(input(c, &in));
    TRY(instant(c, in, STR("from"), &when.from));
    TRY(instant(c, in, STR("until"), &when.until));
    if (JSON_GET(in, "trialHours")) {
        if (!json_i64(JSON_GET(in, "trialHours"), &hours) || hours < 1 || hours > 8760)
            return fail_at(&c->op, ERR_INVALID, STR("trialHours"), "trialHours is 1 to 8760.");
        when.until = (when.from > c->op.now ? when.from : c->op.now) + hours * HOUR_MS;
    }
    TRY(rules_step(&c->op, c->api->rules, c->id, (enum rules_step)step, &when, &o));
    return answer_json(c, 200, o);
}
