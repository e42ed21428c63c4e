/* Questions about somebody's day: which fit, asking them, and writing down what was said on a call.
 * What may be asked, and what is made of it, is the survey room's to say (survey/survey.h). */
#include "api/op_int.h"

static err surveys_here(struct call *c)
{
    return c->api->surveys ? OK
                           : fail(&c->op, ERR_UNSUPPORTED, "This server runs without surveys.");
}

err api_daily(struct call *c)
{
    struct json *o;
    TRY(surveys_here(c));
    op_deadline(c);
    TRY(survey_daily(&c->op, c->api->surveys, c->id, &o));
    return answer_json(c, 200, o);
}

/* The survey and whom it is about; *ret_in the body. */
static err asking(struct call *c, struct json **ret_in, struct survey_asking *ret)
{
    TRY(surveys_here(c));
    TRY(body_object(c, ret_in));
    *ret = (struct survey_asking){.of = survey_find(json_get_str(*ret_in, STR("survey"))),
                                  .patient = c->id};
    return ret->of ? OK : fail_at(&c->op, ERR_NOT_FOUND, STR("survey"), "There is no such survey.");
}

static err answer_one(struct call *c, const char *name, str value)
{
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    json_set_str(c->op.arena, o, str_of(name), value);
    return answer_json(c, 201, o);
}

err api_daily_ask(struct call *c)
{
    struct survey_asking a;
    struct json *in;
    str task;
    TRY(asking(c, &in, &a));
    const struct json *each = JSON_GET(in, "each");
    if (each) {
        TRY(survey_each_day(&c->op, c->api->surveys, &a, json_str(each), &task));
        return answer_one(c, "request", task);
    }
    str by = json_get_str(in, STR("by"));
    a.by_text = str_eq(by, STR("text"));
    if (!a.by_text && !str_eq(by, STR("portal")))
        return fail_at(&c->op, ERR_INVALID, STR("by"), "by is text or portal.");
    TRY(survey_ask(&c->op, c->api->surveys, &a, &task));
    return answer_one(c, "task", task);
}

err api_daily_said(struct call *c)
{
    struct survey_asking a;
    struct json *in;
    str response;
    TRY(asking(c, &in, &a));
    TRY(survey_told(&c->op, c->api->surveys, &a, JSON_GET(in, "answers"), &response));
    return answer_one(c, "response", response);
}
