/* Observation/$stats: figures over a patient's readings of a code. What matches is found by the
 * ordinary search, so policy and trail are as there; the figures are stats_figure.c's.
 * Invariant: numbers of different units are never put together. */
#include "record/operations.h"
#include "record/stats_int.h"

#define PAGE 1000u

struct stats {
    struct op *op;
    struct record *rec;
    const struct record_stats *q;
    struct arena *scratch;
    struct json *parameter; /* the answer's list */
    struct stats_values v;  /* of the code under way */
    struct json *code;      /* as the first reading has it */
    str subject;            /* "Patient/id" */
    size_t sources;
};

static bool counts(const struct json *o)
{
    str status = json_get_str(o, STR("status"));
    return !str_eq(status, STR("cancelled")) && !str_eq(status, STR("entered-in-error")) &&
           !str_eq(status, STR("unknown"));
}

/* Of the reading's value; a component of that code counts as well. */
static const struct json *quantity(const struct json *o, str code)
{
    const struct json *parts = JSON_GET(o, "component"), *part, *coding, *one;
    const struct json *q = JSON_GET(o, "valueQuantity");
    size_t bar = str_find_char(code, '|', 0);
    str bare = bar == SIZE_MAX ? code : str_sub(code, bar + 1, SIZE_MAX);
    for (size_t i = 0; !q && (part = json_at(parts, i)); i++) {
        coding = json_path(part, "code.coding");
        for (size_t k = 0; (one = json_at(coding, k)); k++)
            if (str_eq(json_get_str(one, STR("code")), bare))
                q = JSON_GET(part, "valueQuantity");
    }
    return q;
}

static err unit_of(struct stats *s, const struct json *q)
{
    str code = json_get_str(q, STR("code")), unit = json_get_str(q, STR("unit"));
    str system = json_get_str(q, STR("system")), key = code.n ? code : unit;
    if (s->v.n == 0) {
        s->v.unit = arena_str(s->op->arena, unit.n ? unit : code);
        s->v.system = arena_str(s->op->arena, system);
        s->v.code = arena_str(s->op->arena, code);
        s->v.key = s->v.code.n ? s->v.code : s->v.unit;
        return OK;
    }
    if (str_eq(key, s->v.key) && str_eq(system, s->v.system))
        return OK;
    return fail(s->op, ERR_UNPROCESSABLE,
                "The Observations of one code have values in different units; ask for a period in "
                "which they are the same.");
}

static err take(struct stats *s, const struct record_doc *d, str code)
{
    struct op inner;
    struct json *o;
    double value;
    struct time_span at;
    arena_reset(s->scratch);
    op_init(&inner, s->scratch, s->op->actor, s->op->now);
    if (record_parse(&inner, d, &o) != OK)
        return fail(s->op, ERR_FAULT, "A stored Observation cannot be read.");
    s->v.total++;
    if (!s->code)
        s->code = json_dup(s->op->arena, JSON_GET(o, "code"));
    const struct json *q = quantity(o, code);
    if (!counts(o) || !json_double(JSON_GET(q, "value"), &value))
        return OK;
    TRY(unit_of(s, q));
    str when = json_get_str(o, STR("effectiveDateTime"));
    if (!when.n)
        when = json_str(json_path(o, "effectivePeriod.start"));
    struct stats_value v = {.value = value};
    if (time_parse(when.n ? when : json_get_str(o, STR("effectiveInstant")), &at)) {
        v.at = at.lo;
        v.timed = true;
    }
    VEC_PUSH(s->op->arena, &s->v.values, v);
    s->v.n = s->v.values.n;
    return op_check(s->op);
}

static void part(struct stats *s, const char *name, const struct json *resource)
{
    struct arena *a = s->op->arena;
    struct json *p = json_new(a, JSON_OBJECT);
    json_set_str(a, p, STR("name"), str_of(name));
    json_set(a, p, STR("resource"), resource);
    json_push(a, s->parameter, p);
}

static err source(struct stats *s, const struct record_doc *d)
{
    struct json *o;
    if (!s->q->include || (s->q->limit && s->sources >= s->q->limit))
        return OK;
    TRY(record_parse(s->op, d, &o));
    part(s, "source", o);
    s->sources++;
    return OK;
}

static str query_of(struct stats *s, str code, str page)
{
    struct buf b;
    buf_init(&b, s->op->arena, 4096);
    buf_add(&b, STR("subject="));
    buf_url(&b, s->subject);
    buf_add(&b, STR("&combo-code="));
    buf_url(&b, code);
    if (s->q->start != INT64_MIN)
        buf_printf(&b, "&date=ge%.*s", STR_ARG(time_format(s->op->arena, s->q->start)));
    if (s->q->end != INT64_MAX)
        buf_printf(&b, "&date=lt%.*s", STR_ARG(time_format(s->op->arena, s->q->end)));
    buf_printf(&b, "&_sort=-date&_count=%u", PAGE);
    if (page.n)
        buf_printf(&b, "&_page=%.*s", STR_ARG(page));
    return buf_str(&b);
}

static err look(struct stats *s, str code)
{
    str page = STR_NONE;
    do {
        struct record_page found;
        TRY(record_find(s->op, s->rec, fhir_type_parse(STR("Observation")), query_of(s, code, page),
                        &found));
        for (size_t i = 0; i < found.n_match; i++) {
            TRY(search_late(s->op, i));
            TRY(take(s, &found.docs[i], code));
            TRY(source(s, &found.docs[i]));
        }
        page = found.next;
        if (page.n && s->v.total >= RECORD_CANDIDATES_MAX)
            return fail(s->op, ERR_TOO_COSTLY, "More than %u Observations; name a shorter period.",
                        RECORD_CANDIDATES_MAX);
    } while (page.n);
    return OK;
}

static struct json *asked_code(struct stats *s, str code)
{
    struct arena *a = s->op->arena;
    struct json *concept = json_new(a, JSON_OBJECT), *codings = json_new(a, JSON_ARRAY);
    struct json *coding = json_new(a, JSON_OBJECT);
    size_t bar = str_find_char(code, '|', 0);
    if (bar != SIZE_MAX && bar)
        json_set_str(a, coding, STR("system"), str_sub(code, 0, bar));
    json_set_str(a, coding, STR("code"), bar == SIZE_MAX ? code : str_sub(code, bar + 1, SIZE_MAX));
    json_push(a, codings, coding);
    json_set(a, concept, STR("coding"), codings);
    return concept;
}

static struct json *observation(struct stats *s, str code)
{
    struct arena *a = s->op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *subject = json_new(a, JSON_OBJECT);
    json_set_str(a, o, STR("resourceType"), STR("Observation"));
    json_set_str(a, o, STR("status"), STR("final"));
    json_set(a, o, STR("code"), s->code ? s->code : asked_code(s, code));
    json_set_str(a, subject, STR("reference"), s->subject);
    json_set(a, o, STR("subject"), subject);
    stats_period(a, o, &s->v, s->q);
    return o;
}

static err one_code(struct stats *s, str code)
{
    s->v = (struct stats_values){.total = 0};
    s->code = NULL;
    TRY(look(s, code));
    struct json *o = observation(s, code), *list = json_new(s->op->arena, JSON_ARRAY);
    for (size_t i = 0; i < s->q->n_statistics; i++)
        TRY(stats_figure(s->op, &s->v, s->q->statistics[i], list));
    if (list->n)
        json_set(s->op->arena, o, STR("component"), list);
    part(s, "statistics", o);
    return op_check(s->op);
}

err record_stats(struct op *op, struct record *rec, const struct record_stats *q,
                 struct json **ret_parameters)
{
    struct arena *a = op->arena;
    struct stats s = {.op = op, .rec = rec, .q = q, .parameter = json_new(a, JSON_ARRAY)};
    struct json *answer = json_new(a, JSON_OBJECT);
    s.subject = str_find_char(q->subject, '/', 0) == SIZE_MAX
                    ? arena_cat(a, STR("Patient/"), q->subject)
                    : q->subject;
    for (size_t i = 0; i < q->n_statistics; i++)
        TRY(stats_known(op, q->statistics[i]));
    s.scratch = arena_new(0);
    if (!s.scratch)
        return fail(op, ERR_UNAVAILABLE, "No memory left for this.");
    err e = OK;
    for (size_t i = 0; e == OK && i < q->n_codes; i++)
        e = one_code(&s, q->codes[i]);
    arena_free(s.scratch);
    TRY(e);
    json_set_str(a, answer, STR("resourceType"), STR("Parameters"));
    json_set(a, answer, STR("parameter"), s.parameter);
    *ret_parameters = answer;
    return op_check(op);
}
