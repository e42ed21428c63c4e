/* A glucose sensor's last days as a clinician reads them: times in ranges, the two indices,
 * episodes, the profile over a day, a line a day. Reckoned from the record each time, as whoever
 * asks: what they may not see is not in it. Invariants: no reading counts twice; a day and an hour
 * are the patient's own; what was not captured is said (under 70 % the figures mean little). */
#include "base/vec.h"
#include "monitor/monitor_int.h"
#include "record/find_each.h"
#include "vitals/spread.h"

#define MS_DAY (24 * MS_HOUR)
#define POINTS_ASKED 60000u /* a fortnight of one a minute thrice */
#define CODES "code=99504-3,105272-9"
#define DAYS_ASKED 90
#define BIN_MIN (24 * 60 / AGP_BINS)

struct fortnight {
    struct arena *a;
    str zone;
    int days;
    int64_t from, to;
    bool full; /* more than is reckoned with */
    VEC(struct cgm_point) points;
};

static void add_point(struct fortnight *f, int64_t at, double mg_dl)
{
    struct cgm_point p = {at, mg_dl};
    f->full |= f->points.n >= POINTS_ASKED;
    if (at >= f->from && at <= f->to && !f->full)
        VEC_PUSH(f->a, &f->points, p);
}

static err add_reading(void *ctx, struct op *op, const struct record_doc *doc,
                       const struct json *tree)
{
    struct fortnight *f = ctx;
    struct reading_set set;
    struct reading r;
    int64_t at;
    (void)doc;
    reading_set_of(tree, &set);
    for (size_t i = 0; i < set.n && set.usable; i++)
        if (set.at_most[i].series == SERIES_CGM)
            add_point(f, set.at, set.at_most[i].value);
    while (set.usable && samples_next(&set, &r, &at))
        if (r.series == SERIES_CGM)
            add_point(f, at, r.value);
    return op_check(op);
}

static int by_time(const void *a, const void *b)
{
    const struct cgm_point *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* In time, and of one moment one: a day sent as samples and its readings one by one. */
static void put_in_order(struct fortnight *f)
{
    size_t n = 0;
    if (f->points.n)
        qsort(f->points.at, f->points.n, sizeof *f->points.at, by_time);
    for (size_t i = 0; i < f->points.n; i++)
        if (n == 0 || f->points.at[i].at != f->points.at[n - 1].at)
            f->points.at[n++] = f->points.at[i];
    f->points.n = n;
}

/* Minutes between two readings, as most of the last ones are. */
static double interval_of(const struct fortnight *f)
{
    double step[SPREAD_MAX];
    size_t n = 0;
    for (size_t i = f->points.n; i-- > 1 && n < SPREAD_MAX;)
        step[n++] = round((double)(f->points.at[i].at - f->points.at[i - 1].at) / MS_MINUTE);
    double middle = n ? spread_median(step, n) : 5;
    return middle < 1 ? 1 : middle > 15 ? 15 : middle;
}

static int64_t local_ms(const struct fortnight *f, int64_t at)
{
    struct time_local l;
    return time_to_local(at, f->zone, &l) ? at + l.offset_min * MS_MINUTE : at;
}

static void set_ranges(struct op *op, struct json *o, const struct cgm_metrics *m)
{
    static const char *const name[CGM_RANGES] = {"veryLow", "low", "inRange", "high", "veryHigh"};
    struct json *part = json_new(op->arena, JSON_OBJECT);
    for (int r = 0; r < CGM_RANGES; r++)
        monitor_set_number(op, part, name[r], m->percent[r], 1);
    json_set(op->arena, o, STR("percent"), part);
    monitor_set_number(op, o, "readings", m->n, 0);
    monitor_set_number(op, o, "mean", m->mean, 1);
}

static void set_episodes(struct op *op, struct json *o, const struct fortnight *f)
{
    static const struct {
        const char *name;
        double limit;
        bool above;
    } kind[] = {
        {"veryLow", 54, false}, {"low", 70, false}, {"high", 180, true}, {"veryHigh", 250, true}};
    struct json *all = json_new(op->arena, JSON_OBJECT);
    for (size_t i = 0; i < sizeof kind / sizeof kind[0]; i++) {
        struct cgm_episodes e =
            cgm_episodes_of(f->points.at, f->points.n, kind[i].limit, kind[i].above);
        struct json *one = json_new(op->arena, JSON_OBJECT);
        monitor_set_number(op, one, "n", e.n, 0);
        monitor_set_number(op, one, "prolonged", e.prolonged, 0);
        monitor_set_number(op, one, "minutes", e.minutes, 0);
        json_set(op->arena, all, str_of(kind[i].name), one);
    }
    json_set(op->arena, o, STR("episodes"), all);
}

/* p: by local time. A bin without readings is null. */
static struct json *profile_of(struct op *op, const struct cgm_point *p, size_t n)
{
    struct agp_bin *bin = ARENA_ARRAY(op->arena, struct agp_bin, AGP_BINS);
    struct json *all = json_new(op->arena, JSON_ARRAY);
    if (!bin)
        return all;
    agp_of(p, n, 0, bin);
    for (size_t b = 0; b < AGP_BINS; b++) {
        struct json *lines = json_new(op->arena, bin[b].n ? JSON_ARRAY : JSON_NULL);
        for (int k = 0; bin[b].n && k < AGP_LINES; k++)
            json_push(op->arena, lines,
                      json_new_num(op->arena, arena_printf(op->arena, "%.1f", bin[b].line[k])));
        json_push(op->arena, all, lines);
    }
    return all;
}

/* A quarter of an hour's mean; null where there was none. */
static struct json *line_of(struct op *op, const struct cgm_point *p, size_t n)
{
    double sum[AGP_BINS] = {0};
    uint32_t many[AGP_BINS] = {0};
    struct json *all = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; i < n; i++) {
        size_t b = (size_t)(p[i].at % MS_DAY / (BIN_MIN * MS_MINUTE));
        sum[b] += p[i].mg_dl;
        many[b]++;
    }
    for (size_t b = 0; b < AGP_BINS; b++)
        json_push(op->arena, all,
                  many[b]
                      ? json_new_num(op->arena, arena_printf(op->arena, "%.0f", sum[b] / many[b]))
                      : json_new(op->arena, JSON_NULL));
    return all;
}

static struct json *day_of(struct op *op, int32_t day, const struct cgm_point *p, size_t n)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct cgm_tally t = {0};
    int y;
    unsigned m, d;
    for (size_t i = 0; i < n; i++)
        cgm_count(&t, p[i].mg_dl);
    struct cgm_metrics metrics = cgm_metrics_of(&t);
    time_civil_from_days(day, &y, &m, &d);
    json_set_str(op->arena, o, STR("day"), arena_printf(op->arena, "%04d-%02u-%02u", y, m, d));
    set_ranges(op, o, &metrics);
    json_set(op->arena, o, STR("line"), line_of(op, p, n));
    return o;
}

/* The days that have readings, oldest first; p by local time, in order but for an hour that came
 * twice, which stays inside its day. */
static struct json *days_of(struct op *op, const struct cgm_point *p, size_t n)
{
    struct json *all = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0, k; i < n; i = k) {
        int64_t day = p[i].at / MS_DAY;
        for (k = i; k < n && p[k].at / MS_DAY == day; k++)
            ;
        json_push(op->arena, all, day_of(op, (int32_t)day, p + i, k - i));
    }
    return all;
}

static err answer(struct op *op, struct fortnight *f, struct json **ret)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct cgm_tally t = {0};
    double interval = interval_of(f);
    for (size_t i = 0; i < f->points.n; i++)
        cgm_count(&t, f->points.at[i].mg_dl);
    struct cgm_metrics m = cgm_metrics_of(&t);
    monitor_set_number(op, o, "days", f->days, 0);
    json_set_str(op->arena, o, STR("from"), time_format(op->arena, f->from));
    json_set_str(op->arena, o, STR("to"), time_format(op->arena, f->to));
    monitor_set_number(op, o, "intervalMinutes", interval, 0);
    monitor_set_number(op, o, "captured",
                       cgm_captured(f->points.at, f->points.n, f->from, f->to, interval), 1);
    set_ranges(op, o, &m);
    monitor_set_number(op, o, "sd", m.sd, 1);
    monitor_set_number(op, o, "cv", m.cv, 1);
    monitor_set_number(op, o, "gmi", m.gmi, 2);
    monitor_set_number(op, o, "gri", m.gri, 1);
    if (m.n)
        json_set_str(op->arena, o, STR("zone"), arena_printf(op->arena, "%c", m.zone));
    set_episodes(op, o, f);
    for (size_t i = 0; i < f->points.n; i++)
        f->points.at[i].at = local_ms(f, f->points.at[i].at);
    json_set(op->arena, o, STR("profile"), profile_of(op, f->points.at, f->points.n));
    json_set(op->arena, o, STR("daily"), days_of(op, f->points.at, f->points.n));
    *ret = o;
    return op_check(op);
}

/* The patient's day that began `days` - 1 midnights before today's. */
static int64_t first_day(const struct track *t, int64_t now, int days)
{
    int64_t start = track_day_start(t, now);
    for (int d = 1; d < days; d++)
        start = track_day_start(t, start - MS_HOUR);
    return start;
}

err monitor_glucose(struct op *op, struct monitor *m, str patient, int days, struct json **ret)
{
    struct track *t = arena_alloc(op->arena, sizeof *t);
    struct fortnight *f = ARENA_NEW(op->arena, struct fortnight);
    TRY(op_check(op));
    if (days < 1 || days > DAYS_ASKED)
        return fail_at(op, ERR_INVALID, STR("days"), "days is a number from 1 to 90");
    track_init(t, 0);
    TRY(monitor_zone_load(op, m, t, patient));
    *f = (struct fortnight){.a = op->arena,
                            .zone = arena_str(op->arena, str_of(t->zone)),
                            .days = days,
                            .from = first_day(t, op->now, days),
                            .to = op->now};
    struct record_each walk = {
        .type = "Observation",
        .query = arena_printf(op->arena, "patient=Patient/%.*s&" CODES "&date=ge%.*s",
                              STR_ARG(patient), STR_ARG(time_format(op->arena, f->from))),
        .max = POINTS_ASKED,
        .fn = add_reading,
        .ctx = f};
    TRY(record_find_each(op, m->rec, &walk));
    if (f->full)
        return fail(op, ERR_TOO_COSTLY, "Too much for one report; ask for fewer days.");
    put_in_order(f);
    return answer(op, f, ret);
}
