/* A patient's own calendar: which day a moment is, in which days the enrolment was active, and on
 * which a device sent something. Invariant: a day counts once, whatever came and however often. */
#include "desk/desk.h"
#include "programme/programme_int.h"

#define READINGS_MAX 200000u /* of one patient: 23 months of a glucose sensor */
#define NAMED_MAX 24u        /* readings named a day; the count is always whole */

err patient_zone(struct op *op, struct programmes *p, str patient, str *ret_zone,
                 const struct json **ret_name)
{
    struct record_doc doc;
    struct json *tree;
    TRY(record_read(op, p->rec, fhir_type_parse(STR("Patient")), patient, &doc));
    TRY(record_parse(op, &doc, &tree));
    *ret_zone = desk_zone(tree, p->zone);
    *ret_name = JSON_GET(tree, "name");
    return OK;
}

int64_t day_of(int64_t ms, str zone)
{
    struct time_local l;
    if (!time_to_local(ms, zone, &l))
        return ms / DAY_MS;
    return time_days_from_civil(l.year, (unsigned)l.month, (unsigned)l.day);
}

int64_t day_start(int64_t day, str zone)
{
    unsigned m, d;
    int64_t ms;
    struct time_local l = {0};
    time_civil_from_days(day, &l.year, &m, &d);
    l.month = (int)m;
    l.day = (int)d;
    return time_from_local(&l, zone, &ms) ? ms : day * DAY_MS;
}

str day_text(struct op *op, int64_t day)
{
    int y;
    unsigned m, d;
    time_civil_from_days(day, &y, &m, &d);
    return arena_printf(op->arena, "%04d-%02u-%02u", y, m, d);
}

err enrolment_active(struct op *op, const struct enrolment *e, str zone, struct day_span **ret,
                     size_t *ret_n)
{
    const struct json *all = JSON_GET(e->tree, "statusHistory"), *one;
    VEC(struct day_span) v = {0};
    for (size_t i = 0; (one = json_at(all, i)); i++) {
        struct time_span from, to;
        if (!str_eq(json_get_str(one, STR("status")), STR("active")) ||
            !time_parse(json_str(json_path(one, "period.start")), &from))
            continue;
        bool ended = time_parse(json_str(json_path(one, "period.end")), &to);
        struct day_span s = {day_of(from.lo, zone), day_of(ended ? to.lo : op->now, zone)};
        VEC_PUSH(op->arena, &v, s);
    }
    *ret = v.at;
    *ret_n = v.n;
    return op_check(op);
}

struct gathering {
    struct data_days *into;
    struct op *op;
    str zone;
    struct day_span over;
};

static struct data_day *day_at(struct gathering *g, int64_t day)
{
    struct data_day fresh = {.day = day};
    size_t n = g->into->list.n, i = n;
    while (i > 0 && g->into->list.at[i - 1].day > day)
        i--;
    if (i > 0 && g->into->list.at[i - 1].day == day)
        return &g->into->list.at[i - 1];
    if (g->into->named)
        fresh.readings = json_new(g->op->arena, JSON_ARRAY);
    VEC_PUSH(g->op->arena, &g->into->list, fresh);
    if (g->into->list.n == n)
        return NULL;
    for (size_t k = n; k > i; k--)
        g->into->list.at[k] = g->into->list.at[k - 1];
    g->into->list.at[i] = fresh;
    return &g->into->list.at[i];
}

static bool sent_by_device(const struct json *o)
{
    str status = json_get_str(o, STR("status"));
    return str_starts(json_str(json_path(o, "device.reference")), STR("Device/")) &&
           !str_eq(status, STR("entered-in-error")) && !str_eq(status, STR("cancelled"));
}

bool reading_labelled(const struct json *o)
{
    return json_at(json_path(o, "meta.security"), 0) != NULL;
}

bool reading_day(const struct json *o, str zone, int64_t *ret)
{
    struct time_span at;
    str when = json_get_str(o, STR("effectiveDateTime"));
    if (!when.n)
        when = json_get_str(o, STR("effectiveInstant"));
    if (!when.n)
        when = json_str(json_path(o, "effectivePeriod.start"));
    if (!sent_by_device(o) || !time_parse(when, &at))
        return false;
    *ret = at.precision < TIME_MINUTE ? at.lo / DAY_MS : day_of(at.lo, zone);
    return true;
}

static err add_reading(void *ctx, struct op *op, const struct record_doc *doc, const struct json *o)
{
    struct gathering *g = ctx;
    int64_t day;
    if (!reading_day(o, g->zone, &day) || day < g->over.from || day > g->over.to)
        return OK;
    g->into->labelled |= reading_labelled(o);
    struct data_day *d = day_at(g, day);
    if (d && d->readings && d->n < NAMED_MAX)
        json_push(
            g->op->arena, d->readings,
            json_new_str(g->op->arena, arena_printf(g->op->arena, "Observation/%.*s/_history/%u",
                                                    STR_ARG(doc->id), doc->vid)));
    if (d)
        d->n++;
    return op_check(op);
}

err data_days(struct op *op, struct programmes *p, str patient, str zone,
              const struct day_span *over, struct data_days *io)
{
    struct gathering g = {.into = io, .op = op, .zone = zone, .over = *over};
    struct record_each walk = {
        .type = "Observation",
        .query = arena_printf(op->arena, "patient=Patient/%.*s&date=ge%.*s&date=lt%.*s&_sort=date",
                              STR_ARG(patient),
                              STR_ARG(time_format(op->arena, day_start(over->from, zone))),
                              STR_ARG(time_format(op->arena, day_start(over->to + 1, zone)))),
        .max = READINGS_MAX,
        .fn = add_reading,
        .ctx = &g};
    return record_find_each(op, p->rec, &walk);
}
