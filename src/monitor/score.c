/* NEWS2 of a patient as it stands: each part with its reading and points, what is missing, the
 * scale. Reckoned from the record each time, as whoever asks: what they may not see is missing.
 * Invariant: a partial score is a lower bound and is told as one. */
#include "monitor/monitor_int.h"
#include "record/find_each.h"

#define READ_MAX 5000u

struct heard {
    struct track *t;
    int64_t now;
};

static err add_reading(void *ctx, struct op *op, const struct record_doc *doc,
                       const struct json *tree)
{
    struct heard *h = ctx;
    struct reading_set set;
    struct reading r;
    int64_t at;
    reading_set_of(tree, &set);
    for (size_t i = 0; set.usable && set.at <= h->now && i < set.n; i++)
        if (set.at_most[i].series >= 0)
            (void)track_add(h->t, set.at_most[i].series,
                            (struct point){set.at, set.at_most[i].value, doc->rid});
    while (set.usable && samples_next(&set, &r, &at))
        if (at <= h->now)
            (void)track_add(h->t, r.series, (struct point){at, r.value, doc->rid});
    return op_check(op);
}

static err read_parts(struct op *op, struct monitor *m, str patient, struct track *t)
{
    struct heard h = {t, op->now};
    str codes = STR_NONE, since = time_format(op->arena, op->now - EVAL_NEWS2_MS);
    for (int p = 0; p < NEWS2_PARTS; p++)
        for (const char *const *c = MONITOR_SERIES[EVAL_NEWS2_SERIES[p]].codes; *c; c++)
            codes = arena_printf(op->arena, "%.*s%s%s", STR_ARG(codes), codes.n ? "," : "", *c);
    struct record_each walk = {
        .type = "Observation",
        .query =
            arena_printf(op->arena, "patient=Patient/%.*s&combo-code=%.*s&date=ge%.*s&_sort=-date",
                         STR_ARG(patient), STR_ARG(codes), STR_ARG(since)),
        .max = READ_MAX,
        .fn = add_reading,
        .ctx = &h};
    return record_find_each(op, m->rec, &walk);
}

static struct json *part_of(struct op *op, int series, const struct point *p, int points)
{
    const struct series_row *row = &MONITOR_SERIES[series];
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("metric"), str_of(row->name));
    json_set_str(op->arena, o, STR("display"), str_of(row->shown[SAY_EN]));
    json_set(op->arena, o, STR("translation"), monitor_translation(op, row->shown));
    json_set_str(op->arena, o, STR("unit"), str_of(row->unit));
    if (p) {
        monitor_set_number(op, o, "value", p->value, row->decimals);
        json_set_str(op->arena, o, STR("at"), time_format(op->arena, p->at));
    }
    if (points >= 0)
        json_set(op->arena, o, STR("points"), json_new_i64(op->arena, points));
    return o;
}

err monitor_news2(struct op *op, struct monitor *m, str patient, struct json **ret)
{
    static const char *const risk[] = {"low", "low-medium", "medium", "high"};
    struct track *t = arena_alloc(op->arena, sizeof *t);
    struct json *o = json_new(op->arena, JSON_OBJECT), *parts = json_new(op->arena, JSON_ARRAY);
    if (!t)
        return op_check(op);
    track_init(t, 0);
    TRY(monitor_plan_load(op, m->rec, t, patient));
    TRY(read_parts(op, m, patient, t));
    const struct point *of[NEWS2_PARTS];
    struct news2 s = eval_news2(t, op->now, of);
    for (int p = 0; p < NEWS2_PARTS; p++)
        json_push(op->arena, parts, part_of(op, EVAL_NEWS2_SERIES[p], of[p], s.part[p]));
    json_set(op->arena, o, STR("asked"), json_new_bool(op->arena, eval_asked(t, SERIES_NEWS2)));
    json_set(op->arena, o, STR("hours"), json_new_i64(op->arena, EVAL_NEWS2_MS / MS_HOUR));
    json_set(op->arena, o, STR("scale"), json_new_i64(op->arena, eval_scale2(t) ? 2 : 1));
    json_set(op->arena, o, STR("measured"), json_new_i64(op->arena, s.measured));
    json_set(op->arena, o, STR("whole"), json_new_bool(op->arena, s.measured == NEWS2_PARTS));
    if (s.measured) {
        json_set(op->arena, o, STR("total"), json_new_i64(op->arena, s.total));
        json_set(op->arena, o, STR("red"), json_new_bool(op->arena, s.red));
        json_set_str(op->arena, o, STR("risk"), str_of(risk[s.risk]));
    }
    json_set(op->arena, o, STR("parts"), parts);
    *ret = o;
    return op_check(op);
}
