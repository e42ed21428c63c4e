/* POST /omh/dataPoints: Open mHealth and IEEE 1752.1 data points become Observations by the
 * monitor's intake, as if they had come as such. One is answered as a create is; a list as a batch
 * is, each point judged alone, a broken one spoils no other. POST /readings.csv: a clinic's table,
 * the same way; each bad line is told by number and reason, the good ones are kept. */
#include "api/api_int.h"

#define POINTS_MAX 10000u

/* What became of one point or line: an Observation, or why not. */
static void take_entry(struct op *op, size_t i, struct fhir_entry *e, err code)
{
    e->index = i;
    e->verb = VERB_POST;
    e->type = fhir_type_parse(STR("Observation"));
    e->url = STR("Observation");
    e->code = code;
    e->issues = op->fault.issues;
    e->n_issues = op->fault.n;
    op->fault = (struct fault){0};
}

static err plan_of(struct op *op, size_t n, struct fhir_plan *ret)
{
    if (n > POINTS_MAX)
        return fail(op, ERR_TOO_LARGE, "At most %u readings come in one request.", POINTS_MAX);
    *ret = (struct fhir_plan){.n = n};
    ret->entries = ARENA_ARRAY(op->arena, struct fhir_entry, n);
    ret->order = ARENA_ARRAY(op->arena, size_t, n);
    for (size_t i = 0; i < n && ret->order; i++)
        ret->order[i] = i;
    return op_check(op);
}

static err there(struct call *c)
{
    return c->api->monitor ? OK
                           : fail(&c->op, ERR_UNSUPPORTED, "This server runs without a monitor.");
}

static err keep(struct call *c, struct fhir_plan *plan, struct record_answer **ret)
{
    TRY(readings_take(c, plan));
    return record_transact(&c->op, c->api->rec, plan, ret);
}

static err take_list(struct call *c, const struct json *points)
{
    struct op *op = &c->op;
    struct fhir_plan plan;
    struct record_answer *answers;
    TRY(plan_of(op, points->n, &plan));
    for (size_t i = 0; i < plan.n; i++) {
        const struct json *point = json_at(points, i);
        struct fhir_entry *e = &plan.entries[i];
        err code = monitor_is_point(point)
                       ? monitor_point(op, point, &e->resource)
                       : fail(op, ERR_UNPROCESSABLE, "A data point has a header and a body.");
        take_entry(op, i, e, code);
    }
    TRY(keep(c, &plan, &answers));
    struct buf b = answer_buf(c);
    TRY(bundle_answers(c, &b, &plan, answers));
    return answer(c, 200, &b);
}

/* The first line names the columns; n: of the others. */
static size_t lines_of(str body)
{
    size_t n = 0;
    for (str line; str_take_until(&body, '\n', &line);)
        n++;
    return n > 0 ? n - 1 : 0;
}

static void tell_line(struct op *op, struct json *refused, size_t line, const struct issue *is,
                      size_t n)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    str why = STR("the line cannot be kept");
    for (size_t i = n; i-- > 0;)
        if (is[i].severity == SEVERITY_ERROR)
            why = is[i].message;
    json_set(op->arena, o, STR("line"), json_new_i64(op->arena, (int64_t)line));
    json_set_str(op->arena, o, STR("reason"), why);
    json_push(op->arena, refused, o);
}

err api_readings_csv(struct call *c)
{
    struct op *op = &c->op;
    str body = str_trim(c->rq->body), line;
    struct fhir_plan plan;
    struct record_answer *answers;
    struct json *told = json_new(op->arena, JSON_OBJECT);
    struct json *refused = json_new(op->arena, JSON_ARRAY);
    int64_t kept = 0, known = 0;
    TRY(there(c));
    if (str_starts(body, STR("\xEF\xBB\xBF"))) /* as spreadsheets write it */
        body = str_sub(body, 3, body.n);
    TRY(plan_of(op, lines_of(body), &plan));
    if (!str_take_until(&body, '\n', &line) ||
        !str_eq(str_trim(line), STR("patient,time,measure,value,unit")))
        return fail(op, ERR_INVALID, "The first line is patient,time,measure,value,unit.");
    for (size_t i = 0; i < plan.n && str_take_until(&body, '\n', &line); i++)
        take_entry(op, i, &plan.entries[i], monitor_csv_line(op, line, &plan.entries[i].resource));
    TRY(keep(c, &plan, &answers));
    for (size_t i = 0; i < plan.n; i++) {
        if (answers[i].code != OK)
            tell_line(op, refused, i + 2, answers[i].issues, answers[i].n_issues);
        else if (answers[i].result.created)
            kept++;
        else
            known++;
    }
    op_clear(op); /* what was said of one line is no fault of the whole */
    json_set(op->arena, told, STR("kept"), json_new_i64(op->arena, kept));
    json_set(op->arena, told, STR("known"), json_new_i64(op->arena, known));
    json_set(op->arena, told, STR("refused"), refused);
    return answer_json(c, 200, told);
}

err api_omh_points(struct call *c)
{
    struct op *op = &c->op;
    struct json *body, *observation;
    struct record_result r;
    TRY(there(c));
    TRY(json_read(op, c->rq->body, &JSON_LIMITS_DEFAULT, &body));
    if (json_is(body, JSON_ARRAY))
        return take_list(c, body);
    if (!monitor_is_point(body))
        return fail(op, ERR_UNPROCESSABLE, "A data point has a header and a body.");
    TRY(monitor_point(op, body, &observation));
    TRY(monitor_intake(op, c->api->monitor, observation, &r));
    return answer_result(c, &r);
}
