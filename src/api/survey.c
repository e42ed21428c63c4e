/* Reports of what patients answered, on the screen and as a file. What may be told is the survey
 * room's to say (survey/survey.h). */
#include "api/op_int.h"

#define CSV_MAX ((size_t)1 << 20)

/* Not any number: 90 without 89 would be the answers of one day. */
static bool days_of(str text, unsigned *ret)
{
    uint64_t n = 90;
    if (text.n && !str_to_u64(text, 365, &n))
        return false;
    *ret = (unsigned)n;
    return n == 30 || n == 90 || n == 365;
}

static err report(struct call *c, struct json **ret)
{
    str name = STR("visit"), text = STR_NONE;
    unsigned days;
    if (!c->api->surveys)
        return fail(&c->op, ERR_UNSUPPORTED, "This server runs without surveys.");
    (void)query_get(c->op.arena, c->rq->query, STR("survey"), &name);
    const struct survey *of = survey_find(name);
    if (!of)
        return fail_at(&c->op, ERR_NOT_FOUND, STR("survey"), "There is no such survey.");
    (void)query_get(c->op.arena, c->rq->query, STR("days"), &text);
    if (!days_of(text, &days))
        return fail_at(&c->op, ERR_INVALID, STR("days"), "days is 30, 90 or 365.");
    op_deadline(c);
    return survey_report(&c->op, c->api->surveys, of, days, ret);
}

err api_survey_report(struct call *c)
{
    struct json *o;
    TRY(report(c, &o));
    return answer_json(c, 200, o);
}

/* A line for a figure with its interval, or for one that is not told. */
static void line(struct buf *b, const char *group, str code, const char *figure,
                 const struct json *f)
{
    static const char *const columns[] = {"n", "value", "low", "high"};
    if (!f)
        return;
    csv_cell(b, str_of(group), false);
    csv_cell(b, code, false);
    csv_cell(b, str_of(figure), false);
    for (size_t i = 0; i < 4; i++) /* numbers of ours: a minus is one */
        buf_printf(b, "%.*s,", STR_ARG(json_get_str(f, str_of(columns[i]))));
    csv_cell(b, json_bool(JSON_GET(f, "few"), false) ? STR("too few") : STR_NONE, true);
}

static void group(struct buf *b, const char *name, const struct json *o)
{
    str code = json_get_str(o, STR("code"));
    bool few = json_bool(JSON_GET(o, "few"), false);
    line(b, name, code, "rate", few ? o : JSON_GET(o, "rate"));
    line(b, name, code, "nps", JSON_GET(o, "nps"));
}

err api_survey_csv(struct call *c)
{
    static const char *const kinds[] = {"language", "age", "area"};
    const struct json *list, *row;
    struct json *o;
    struct buf b;
    if (!survey_may_export(c->op.actor))
        return fail(&c->op, ERR_FORBIDDEN, "Your role does not take this report away.");
    TRY(report(c, &o));
    buf_init(&b, c->op.arena, CSV_MAX);
    buf_add(&b, STR("group,code,figure,n,value,low,high,told\r\n"));
    group(&b, "all", o);
    list = JSON_GET(o, "items");
    for (size_t i = 0; (row = json_at(list, i)); i++)
        line(&b, "question", json_get_str(row, STR("link")), "mean", row);
    for (size_t k = 0; k < 3; k++) {
        list = json_get(JSON_GET(o, "by"), str_of(kinds[k]));
        for (size_t i = 0; (row = json_at(list, i)); i++)
            group(&b, kinds[k], row);
    }
    TRY(op_check(&c->op));
    TRY(record_audit_event(&c->op, c->api->rec, STR("survey-export"), true,
                           json_get_str(o, STR("survey"))));
    return answer_file(c, STR("text/csv; charset=utf-8"), "experience.csv", buf_str(&b));
}
