/* Programmes of monitoring at home: who fits, who is in, what was done, what it counts for. The
 * rules are the programme room's (programme/programme.h). */
#include "programme/programme.h"
#include "api/op_int.h"

#define CSV_MAX ((size_t)64 << 20)

err api_programmes(struct call *c)
{
    return answer_json(c, 200, programme_catalogue(&c->op));
}

static err answer_version_of(struct call *c, int status, const struct record_result *r)
{
    answer_version(c, r->vid, r->updated);
    TRY(answer_doc(c, &r->doc));
    c->rq->answer.status = status;
    return OK;
}

err api_programme_check(struct call *c)
{
    struct json *in, *o;
    TRY(body_object(c, &in));
    TRY(programme_check(&c->op, c->api->programmes, c->id, json_get_str(in, STR("programme")),
                        JSON_GET(in, "answers"), &o));
    return answer_json(c, 200, o);
}

err api_programme_enrol(struct call *c)
{
    struct json *in;
    struct record_result r = {0};
    TRY(body_object(c, &in));
    TRY(programme_enrol(&c->op, c->api->programmes, c->id, json_get_str(in, STR("programme")),
                        JSON_GET(in, "answers"), &r));
    return answer_version_of(c, 201, &r);
}

err api_programme_step(struct call *c)
{
    struct json *in;
    struct record_result r = {0};
    TRY(body_object(c, &in));
    struct programme_done d = {.step = json_get_str(in, STR("step")),
                               .how = json_get_str(in, STR("how")),
                               .by = json_get_str(in, STR("by")),
                               .note = str_trim(json_get_str(in, STR("note")))};
    TRY(programme_step(&c->op, c->api->programmes, c->id, &d, &r));
    return answer_version_of(c, 200, &r);
}

err api_programme_move(struct call *c)
{
    struct json *in;
    struct record_result r = {0};
    TRY(body_object(c, &in));
    TRY(programme_move(&c->op, c->api->programmes, c->id, json_get_str(in, STR("to")),
                       str_trim(json_get_str(in, STR("reason"))), &r));
    return answer_version_of(c, 200, &r);
}

err api_programme_time(struct call *c)
{
    struct json *in;
    struct record_result r = {0};
    struct time_span from, to;
    TRY(body_object(c, &in));
    if (!time_parse(json_get_str(in, STR("from")), &from) || from.precision < TIME_MINUTE ||
        !time_parse(json_get_str(in, STR("to")), &to) || to.precision < TIME_MINUTE)
        return fail(&c->op, ERR_INVALID, "Say from when to when, date and time.");
    struct programme_spent s = {.patient = c->id,
                                .kind = json_get_str(in, STR("kind")),
                                .note = str_trim(json_get_str(in, STR("note"))),
                                .from = from.lo,
                                .to = to.lo};
    TRY(programme_time(&c->op, c->api->programmes, &s, &r));
    return answer_version_of(c, 201, &r);
}

err api_programme_list(struct call *c)
{
    str code = STR_NONE, patient = STR_NONE;
    struct json *o;
    (void)query_get(c->op.arena, c->rq->query, STR("programme"), &code);
    (void)query_get(c->op.arena, c->rq->query, STR("patient"), &patient);
    if (patient.n && !fhir_id_valid(patient))
        return fail_at(&c->op, ERR_INVALID, STR("patient"), "patient is an id.");
    op_deadline(c);
    TRY(programme_list(&c->op, c->api->programmes, code, patient, &o));
    return answer_json(c, 200, o);
}

/* ---- the month ---- */
static err bill(struct call *c, struct json **ret)
{
    str month = STR_NONE;
    struct time_span t;
    int y;
    unsigned m, d;
    (void)query_get(c->op.arena, c->rq->query, STR("month"), &month);
    if (!time_parse(month, &t) || t.precision != TIME_MONTH)
        return fail_at(&c->op, ERR_INVALID, STR("month"), "Say which month: 2026-11.");
    time_civil_from_days(t.lo / 86400000, &y, &m, &d);
    op_deadline(c);
    return programme_bill(&c->op, c->api->programmes, y, (int)m, ret);
}

err api_programme_bill(struct call *c)
{
    struct json *o;
    TRY(bill(c, &o));
    return answer_json(c, 200, o);
}

static str joined(struct call *c, const struct json *list)
{
    struct buf b;
    const struct json *one;
    buf_init(&b, c->op.arena, 4000);
    for (size_t i = 0; (one = json_at(list, i)); i++) {
        buf_add(&b, i ? STR(" ") : STR_NONE);
        buf_add(&b, json_str(one));
    }
    return buf_str(&b);
}

/* A line of the file: the row of billing, then one piece of what stands behind it. */
static void csv_line(struct call *c, struct buf *b, const struct json *row, const str evidence[4])
{
    static const char *const plain[] = {"patient", "episode", "code",    "from",
                                        "to",      "units",   "counted", "unit"};
    const struct json *lacks = JSON_GET(row, "lacks");
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        csv_cell(b, json_get_str(row, str_of(plain[i])), false);
    csv_cell(b, lacks->n ? joined(c, lacks) : STR("ready"), false);
    csv_cell(b, json_get_str(row, STR("consent")), false);
    csv_cell(b, json_get_str(row, STR("order")), false);
    for (size_t i = 0; i < 4; i++)
        csv_cell(b, evidence[i], i == 3);
}

static void csv_row(struct call *c, struct buf *b, const struct json *row)
{
    const struct json *list = JSON_GET(row, "days"), *one;
    for (size_t i = 0; (one = json_at(list, i)); i++) {
        str e[4] = {STR("day"), json_get_str(one, STR("date")), json_get_str(one, STR("count")),
                    joined(c, JSON_GET(one, "readings"))};
        csv_line(c, b, row, e);
    }
    list = JSON_GET(row, "times");
    for (size_t i = 0; (one = json_at(list, i)); i++) {
        str when = arena_printf(c->op.arena, "%.*s/%.*s", STR_ARG(json_get_str(one, STR("from"))),
                                STR_ARG(json_get_str(one, STR("to"))));
        str what =
            arena_printf(c->op.arena, "%.*s %.*s", STR_ARG(json_get_str(one, STR("reference"))),
                         STR_ARG(json_get_str(one, STR("who"))));
        str e[4] = {json_get_str(one, STR("kind")), when, STR_NONE, what};
        csv_line(c, b, row, e);
    }
}

err api_programme_bill_csv(struct call *c)
{
    const struct json *rows, *row;
    struct json *o;
    struct buf b;
    TRY(bill(c, &o));
    buf_init(&b, c->op.arena, CSV_MAX);
    buf_add(&b, STR("patient,episode,code,from,to,units,counted,unit,lacks,consent,order,evidence,"
                    "when,readings,references\r\n"));
    rows = JSON_GET(o, "rows");
    for (size_t i = 0; (row = json_at(rows, i)); i++)
        csv_row(c, &b, row);
    TRY(op_check(&c->op));
    TRY(record_audit_event(&c->op, c->api->rec, STR("programme-bill"), true,
                           json_get_str(o, STR("month"))));
    return answer_file(c, STR("text/csv; charset=utf-8"), "monitoring.csv", buf_str(&b));
}

/* ---- what came of it ---- */
static err outcomes(struct call *c, struct json **ret)
{
    str code = STR_NONE;
    (void)query_get(c->op.arena, c->rq->query, STR("programme"), &code);
    op_deadline(c);
    return programme_outcomes(&c->op, c->api->programmes, code, ret);
}

err api_programme_outcomes(struct call *c)
{
    struct json *o;
    TRY(outcomes(c, &o));
    return answer_json(c, 200, o);
}

/* Numbers of ours, in which a minus is one: no cell that a spreadsheet would reckon with. */
static void numbers(struct buf *b, const struct json *o, const char *const *columns)
{
    for (size_t i = 0; columns[i]; i++)
        buf_printf(b, "%.*s,", STR_ARG(json_get_str(o, str_of(columns[i]))));
}

/* The last cell: which table scored it, or that none did. */
static void scored_by(struct buf *b, const struct json *o, str measure)
{
    const struct json *table = json_path(o, "tables.0");
    str version = json_get_str(table, STR("version"));
    if (str_starts(measure, STR("vr12-")) && version.n)
        buf_printf(b, "\"table %.*s\"", STR_ARG(version)); /* letters, digits, dots, dashes */
    else if (str_starts(measure, STR("vr12-")))
        buf_printf(b, "\"no scoring table; answers kept: %.*s\"",
                   STR_ARG(json_get_str(table, STR("answers"))));
    buf_add(b, STR("\r\n"));
}

err api_programme_outcomes_csv(struct call *c)
{
    static const char *const side[] = {"n", "before", "after", NULL};
    static const char *const effect[] = {"value", "low", "high", NULL};
    const struct json *list, *m;
    struct json *o;
    struct buf b;
    TRY(outcomes(c, &o));
    buf_init(&b, c->op.arena, CSV_MAX);
    buf_add(&b,
            STR("measure,n,before,after,change,low,high,compared n,before,after,change,low,high,"
                "effect,low,high,scored by\r\n"));
    list = JSON_GET(o, "measures");
    for (size_t i = 0; (m = json_at(list, i)); i++) {
        csv_cell(&b, json_get_str(m, STR("code")), false);
        numbers(&b, JSON_GET(m, "programme"), side);
        numbers(&b, json_path(m, "programme.change"), effect);
        numbers(&b, JSON_GET(m, "compared"), side);
        numbers(&b, json_path(m, "compared.change"), effect);
        numbers(&b, JSON_GET(m, "effect"), effect);
        scored_by(&b, o, json_get_str(m, STR("code")));
    }
    m = JSON_GET(o, "deaths");
    buf_printf(&b, "\"deaths\",%.*s,,%.*s,,,,%.*s,,%.*s,,,,", STR_ARG(json_get_str(o, STR("n"))),
               STR_ARG(json_get_str(m, STR("programme"))),
               STR_ARG(json_get_str(o, STR("compared"))),
               STR_ARG(json_get_str(m, STR("compared"))));
    numbers(&b, JSON_GET(m, "effect"), effect);
    buf_add(&b, STR("\r\n"));
    TRY(op_check(&c->op));
    TRY(record_audit_event(&c->op, c->api->rec, STR("programme-outcomes"), true,
                           json_get_str(o, STR("programme"))));
    return answer_file(c, STR("text/csv; charset=utf-8"), "outcomes.csv", buf_str(&b));
}
