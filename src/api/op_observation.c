/* Observation/$lastn and Observation/$stats.
 * http://hl7.org/fhir/R4/observation-operations.html */
#include "api/op_int.h"

#define LASTN_MAX 1000u
#define HOUR_MS 3600000.0

/* Search parameters of Observation pass; what shapes a search's answer does not. */
static err lastn_query(struct call *c, const struct op_params *p, str *ret)
{
    static const char *const not_here[] = {"_sort",    "_count",    "_page",  "_include",
                                           "_summary", "_elements", "_total", "_revinclude"};
    struct buf b;
    bool subject = false;
    buf_init(&b, c->op.arena, 64u << 10);
    for (size_t i = 0; i < p->n; i++) {
        str name = p->at[i].name, head = str_sub(name, 0, str_find_char(name, ':', 0));
        head = str_sub(head, 0, str_find_char(head, '.', 0));
        for (size_t k = 0; k < sizeof not_here / sizeof *not_here; k++)
            if (str_eq(head, str_of(not_here[k])))
                return fail(&c->op, ERR_INVALID,
                            "$lastn has an order and a length of its own; leave out %s.",
                            not_here[k]);
        subject |= str_eq(head, STR("patient")) || str_eq(head, STR("subject"));
        if (str_eq(name, STR("max")))
            continue;
        if (b.n)
            buf_char(&b, '&');
        buf_url(&b, name);
        buf_char(&b, '=');
        buf_url(&b, p->at[i].value);
    }
    *ret = buf_str(&b);
    return subject ? OK
                   : fail(&c->op, ERR_INVALID,
                          "Say of whom: patient or subject; and narrow it by category or code.");
}

err api_lastn(struct call *c)
{
    struct op_params p;
    struct record_page page;
    uint64_t max = 1;
    str query;
    TRY(op_params(c, "*", &p));
    TRY(op_number(c, &p, "max", LASTN_MAX, &max));
    TRY(lastn_query(c, &p, &query));
    op_deadline(c);
    TRY(record_lastn(&c->op, c->api->rec, query, (uint32_t)max, &page));
    return op_bundle(c, STR("Observation/$lastn"), &p, &page);
}

/* code (with system) and coding, as "system|code". */
static err codes(struct call *c, const struct op_params *p, struct record_stats *q)
{
    str system;
    VEC(str) out = {.n = 0};
    TRY(op_one(c, p, "system", &system));
    for (size_t i = 0; i < p->n; i++) {
        const struct json *coding = p->at[i].node ? JSON_GET(p->at[i].node, "valueCoding") : NULL;
        str code = p->at[i].value;
        if (str_eq(p->at[i].name, STR("coding")) && coding)
            code =
                arena_printf(c->op.arena, "%.*s|%.*s", STR_ARG(json_get_str(coding, STR("system"))),
                             STR_ARG(json_get_str(coding, STR("code"))));
        else if (str_eq(p->at[i].name, STR("code")) && system.n &&
                 str_find_char(code, '|', 0) == SIZE_MAX)
            code = arena_printf(c->op.arena, "%.*s|%.*s", STR_ARG(system), STR_ARG(code));
        else if (!str_eq(p->at[i].name, STR("code")) && !str_eq(p->at[i].name, STR("coding")))
            continue;
        if (code.n > 1 && out.n < 20)
            VEC_PUSH(c->op.arena, &out, code);
    }
    q->codes = out.at;
    q->n_codes = out.n;
    return out.n ? OK : fail(&c->op, ERR_INVALID, "Say what: code (with system) or coding.");
}

/* duration in hours until now, or a period: "start/end" in an address, a Period in Parameters. */
static err times(struct call *c, const struct op_params *p, struct record_stats *q)
{
    struct time_span span;
    str duration, text;
    double hours;
    q->start = INT64_MIN;
    q->end = INT64_MAX;
    TRY(op_one(c, p, "duration", &duration));
    if (duration.n) {
        if (!str_to_double(duration, &hours) || hours <= 0 || hours > 1e7)
            return fail(&c->op, ERR_INVALID, "duration is a number of hours.");
        q->start = c->op.now - (int64_t)(hours * HOUR_MS);
    }
    for (size_t i = 0; i < p->n; i++) {
        const struct op_param *one = &p->at[i];
        const struct json *period = one->node ? JSON_GET(one->node, "valuePeriod") : NULL;
        if (!str_eq(one->name, STR("period")))
            continue;
        size_t slash = str_find_char(one->value, '/', 0);
        text = period ? json_get_str(period, STR("start")) : str_sub(one->value, 0, slash);
        if (text.n && !time_parse(text, &span))
            return fail(&c->op, ERR_INVALID, "period is start/end, each a date or an instant.");
        if (text.n)
            q->start = span.lo;
        text = period              ? json_get_str(period, STR("end"))
               : slash == SIZE_MAX ? STR_NONE
                                   : str_sub(one->value, slash + 1, SIZE_MAX);
        if (text.n && !time_parse(text, &span))
            return fail(&c->op, ERR_INVALID, "period is start/end, each a date or an instant.");
        if (text.n)
            q->end = span.hi;
    }
    return OK;
}

err api_stats(struct call *c)
{
    struct op_params p;
    struct record_stats q = {0};
    struct json *answer_tree;
    uint64_t limit = 0;
    str *statistics;
    TRY(op_params(c, "subject code system coding duration period statistic include limit", &p));
    TRY(op_one(c, &p, "subject", &q.subject));
    if (!q.subject.n)
        return fail(&c->op, ERR_INVALID, "Say of whom: subject=Patient/[id].");
    TRY(codes(c, &p, &q));
    TRY(times(c, &p, &q));
    TRY(op_list(c, &p, "statistic", &statistics, &q.n_statistics));
    q.statistics = statistics;
    if (!q.n_statistics)
        return fail(&c->op, ERR_INVALID, "Say which figures: statistic=average,maximum,….");
    TRY(op_bool(c, &p, "include", &q.include));
    TRY(op_number(c, &p, "limit", 10000, &limit));
    q.limit = (uint32_t)limit;
    op_deadline(c);
    TRY(record_stats(&c->op, c->api->rec, &q, &answer_tree));
    return answer_json(c, 200, answer_tree);
}
