/* The statistics of http://terminology.hl7.org/CodeSystem/observation-statistics (R4 value set
 * observation-statistics), over numbers of one unit. Quantiles interpolate between neighbours (the
 * common type 7); deviation and variance are the sample's (n - 1). Pure arithmetic.
 * Invariant: what cannot be computed of so few numbers is left out, never guessed. */
#include "record/stats_int.h"

#include <math.h>

#define SYSTEM "http://terminology.hl7.org/CodeSystem/observation-statistics"
#define DAY_MS 86400000.0

/* clang-format off */
enum figure {
    AVERAGE, MAXIMUM, MINIMUM, COUNT, TOTAL, MEDIAN, DEVIATION, SUM, VARIANCE, P20, P80, LOWER,
    UPPER, QUARTILE_DEVIATION, FIFTH1, FIFTH2, FIFTH3, FIFTH4, SKEW, KURTOSIS, REGRESSION, FIGURES
};

static const struct {
    const char *code, *display;
} names[FIGURES] = {
    {"average", "Average"}, {"maximum", "Maximum"}, {"minimum", "Minimum"}, {"count", "Count"},
    {"total-count", "Total Count"}, {"median", "Median"}, {"std-dev", "Standard Deviation"},
    {"sum", "Sum"}, {"variance", "Variance"}, {"20-percent", "20th Percentile"},
    {"80-percent", "80th Percentile"}, {"4-lower", "Lower Quartile"}, {"4-upper", "Upper Quartile"},
    {"4-dev", "Quartile Deviation"}, {"5-1", "1st Quintile"}, {"5-2", "2nd Quintile"},
    {"5-3", "3rd Quintile"}, {"5-4", "4th Quintile"}, {"skew", "Skew"}, {"kurtosis", "Kurtosis"},
    {"regression", "Regression"}};
/* clang-format on */

static int by_value(const void *x, const void *y)
{
    const struct stats_value *a = x, *b = y;
    return (a->value > b->value) - (a->value < b->value);
}

static double quantile(const struct stats_values *v, double p)
{
    double at = p * (double)(v->n - 1);
    size_t i = (size_t)at;
    double low = v->values.at[i].value;
    return i + 1 < v->n ? low + (at - (double)i) * (v->values.at[i + 1].value - low) : low;
}

static double sum(const struct stats_values *v)
{
    double s = 0;
    for (size_t i = 0; i < v->n; i++)
        s += v->values.at[i].value;
    return s;
}

/* Mean of the k-th powers of the distances from the mean. */
static double moment(const struct stats_values *v, int k)
{
    double mean = sum(v) / (double)v->n, m = 0;
    for (size_t i = 0; i < v->n; i++)
        m += pow(v->values.at[i].value - mean, k);
    return m / (double)v->n;
}

static double variance(const struct stats_values *v)
{
    return v->n > 1 ? moment(v, 2) * (double)v->n / (double)(v->n - 1) : NAN;
}

static double shape(const struct stats_values *v, int k, double less)
{
    double m2 = v->n > 2 ? moment(v, 2) : 0;
    return m2 > 0 ? moment(v, k) / pow(m2, k / 2.0) - less : NAN;
}

static double compute(const struct stats_values *v, enum figure f)
{
    switch (f) {
    case AVERAGE:
        return sum(v) / (double)v->n;
    case MAXIMUM:
        return v->values.at[v->n - 1].value;
    case MINIMUM:
        return v->values.at[0].value;
    case SUM:
        return sum(v);
    case VARIANCE:
        return variance(v);
    case DEVIATION:
        return sqrt(variance(v));
    case P20:
    case FIFTH1:
        return quantile(v, 0.2);
    case FIFTH2:
        return quantile(v, 0.4);
    case MEDIAN:
        return quantile(v, 0.5);
    case FIFTH3:
        return quantile(v, 0.6);
    case P80:
    case FIFTH4:
        return quantile(v, 0.8);
    case LOWER:
        return quantile(v, 0.25);
    case UPPER:
        return quantile(v, 0.75);
    case QUARTILE_DEVIATION:
        return (quantile(v, 0.75) - quantile(v, 0.25)) / 2;
    case SKEW:
        return shape(v, 3, 0);
    case KURTOSIS:
        return shape(v, 4, 3);
    case COUNT:
    case TOTAL:
    case REGRESSION:
    case FIGURES:
        break;
    }
    return NAN;
}

struct unit {
    str unit, system, code;
};

static void component(struct op *op, struct json *list, enum figure f, const char *text, double v,
                      struct unit u)
{
    struct arena *a = op->arena;
    struct json *c = json_new(a, JSON_OBJECT), *code = json_new(a, JSON_OBJECT);
    struct json *codings = json_new(a, JSON_ARRAY), *coding = json_new(a, JSON_OBJECT);
    struct json *q = json_new(a, JSON_OBJECT);
    if (!isfinite(v))
        return;
    json_set_str(a, coding, STR("system"), STR(SYSTEM));
    json_set_str(a, coding, STR("code"), str_of(names[f].code));
    json_set_str(a, coding, STR("display"), str_of(names[f].display));
    json_push(a, codings, coding);
    json_set(a, code, STR("coding"), codings);
    if (text)
        json_set_str(a, code, STR("text"), str_of(text));
    json_set(a, c, STR("code"), code);
    json_set(a, q, STR("value"), json_new_num(a, arena_printf(a, "%.12g", v == 0 ? 0 : v)));
    if (u.unit.n)
        json_set_str(a, q, STR("unit"), u.unit);
    if (u.system.n)
        json_set_str(a, q, STR("system"), u.system);
    if (u.code.n)
        json_set_str(a, q, STR("code"), u.code);
    json_set(a, c, STR("valueQuantity"), q);
    json_push(a, list, c);
}

static struct unit per(struct op *op, struct unit u, const char *before, const char *after)
{
    if (u.unit.n)
        u.unit = arena_printf(op->arena, "%s%.*s%s", before, STR_ARG(u.unit), after);
    if (u.code.n)
        u.code = arena_printf(op->arena, "%s%.*s%s", before, STR_ARG(u.code), after);
    return u;
}

/* Least squares over time: how much a day, and what the line says at the first reading. */
static void regression(struct op *op, const struct stats_values *v, struct unit u,
                       struct json *list)
{
    double n = 0, mx = 0, my = 0, sxx = 0, sxy = 0;
    int64_t first = INT64_MAX;
    const struct stats_value *at = v->values.at;
    for (size_t i = 0; i < v->n; i++)
        if (at[i].timed && at[i].at < first)
            first = at[i].at;
    for (size_t i = 0; i < v->n; i++) {
        double x = at[i].timed ? (double)(at[i].at - first) / DAY_MS : 0;
        double before = mx;
        if (!at[i].timed)
            continue;
        n++;
        mx += (x - mx) / n;
        sxx += (x - before) * (x - mx);
        my += (at[i].value - my) / n;
    }
    for (size_t i = 0; i < v->n; i++)
        if (at[i].timed)
            sxy += ((double)(at[i].at - first) / DAY_MS - mx) * (at[i].value - my);
    if (n < 2 || sxx <= 0)
        return;
    component(op, list, REGRESSION, "slope a day", sxy / sxx, per(op, u, "", "/d"));
    component(op, list, REGRESSION, "offset at the first reading", my - sxy / sxx * mx, u);
}

static err unknown(struct op *op)
{
    struct buf b;
    buf_init(&b, op->arena, 1000);
    for (size_t i = 0; i < FIGURES; i++)
        buf_printf(&b, "%s%s", i ? " " : "", names[i].code);
    return fail(op, ERR_INVALID, "statistic is one of: %.*s.", STR_ARG(buf_str(&b)));
}

static enum figure figure_of(str code)
{
    enum figure f = AVERAGE;
    while (f < FIGURES && !str_eq(code, str_of(names[f].code)))
        f++;
    return f;
}

err stats_known(struct op *op, str statistic)
{
    return figure_of(statistic) == FIGURES ? unknown(op) : OK;
}

err stats_figure(struct op *op, struct stats_values *v, str statistic, struct json *list)
{
    struct unit u = {v->unit, v->system, v->code};
    struct unit plain = {STR("1"), STR("http://unitsofmeasure.org"), STR("1")};
    enum figure f = figure_of(statistic);
    if (v->n && !v->sorted)
        qsort(v->values.at, v->n, sizeof *v->values.at, by_value);
    v->sorted = true;
    if (f == COUNT || f == TOTAL)
        component(op, list, f, NULL, (double)(f == COUNT ? v->n : v->total), plain);
    else if (f == REGRESSION)
        regression(op, v, u, list);
    else if (v->n)
        component(op, list, f, NULL, compute(v, f),
                  f == SKEW || f == KURTOSIS ? plain
                  : f == VARIANCE            ? per(op, u, "(", ")2")
                                             : u);
    return op_check(op);
}

void stats_period(struct arena *a, struct json *o, const struct stats_values *v,
                  const struct record_stats *q)
{
    int64_t lo = q->start, hi = q->end, first = INT64_MAX, last = INT64_MIN;
    struct json *period = json_new(a, JSON_OBJECT);
    for (size_t i = 0; i < v->n; i++) {
        if (!v->values.at[i].timed)
            continue;
        first = v->values.at[i].at < first ? v->values.at[i].at : first;
        last = v->values.at[i].at > last ? v->values.at[i].at : last;
    }
    if (lo == INT64_MIN)
        lo = first;
    if (hi == INT64_MAX)
        hi = last;
    if (lo == INT64_MAX || hi == INT64_MIN)
        return;
    json_set_str(a, period, STR("start"), time_format(a, lo));
    json_set_str(a, period, STR("end"), time_format(a, hi));
    json_set(a, o, STR("effectivePeriod"), period);
}
