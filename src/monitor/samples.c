/* SampledData whose values lie a minute or more apart: the times between them are what the rules of
 * a glucose sensor live on, so none is averaged away, and one below what the device can tell ("L")
 * is as low as that. Pure. https://hl7.org/fhir/R4/datatypes.html#SampledData */
#include "monitor/monitor_int.h"

static double number_or(const struct json *data, const char *name, double otherwise)
{
    double v;
    return json_double(json_get(data, str_of(name)), &v) ? v : otherwise;
}

static int64_t when(const struct json *o, const char *path)
{
    struct time_span span;
    return time_parse(json_str(json_path(o, path)), &span) ? span.lo : 0;
}

/* When the first one was taken. */
static int64_t start_of(const struct json *o, const struct samples *s)
{
    const char *const places[] = {"effectivePeriod.start", "effectiveDateTime", "effectiveInstant"};
    int64_t at = 0;
    for (size_t i = 0; i < sizeof places / sizeof places[0] && !at; i++)
        at = when(o, places[i]);
    if (!at && (at = when(o, "effectivePeriod.end")) != 0)
        at -= (int64_t)(s->n - 1) * s->step;
    return at;
}

static size_t count(str text)
{
    size_t n = 0;
    str part;
    while (str_take_until(&text, ' ', &part))
        n += part.n > 0;
    return n;
}

static bool value_of(const struct samples *s, str part, double *ret)
{
    double v;
    if (str_eq(part, STR("L")) || str_eq(part, STR("U"))) {
        v = part.p[0] == 'L' ? s->low : s->high;
        return !isnan(v) && monitor_convert(s->series, s->unit, v, ret);
    }
    return str_to_double(part, &v) &&
           monitor_convert(s->series, s->unit, s->origin + s->factor * v, ret);
}

/* One more of them; false when it says nothing. */
static bool step(struct samples *s, struct reading *ret, int64_t *ret_at)
{
    const struct series_row *row = &MONITOR_SERIES[s->series];
    str part;
    double v;
    do
        if (!str_take_until(&s->left, ' ', &part)) {
            s->n = 0;
            return false;
        }
    while (!part.n);
    *ret_at = s->at;
    s->at += s->step;
    s->n--;
    if (!value_of(s, part, &v) || v < row->plausible_lo || v > row->plausible_hi)
        return false;
    *ret = (struct reading){.series = s->series, .symptom = -1, .value = v};
    return true;
}

bool samples_next(struct reading_set *set, struct reading *ret, int64_t *ret_at)
{
    for (;;) {
        struct samples *first = NULL;
        for (size_t i = 0; i < set->n_sampled; i++)
            if (set->samples[i].n && (!first || set->samples[i].at < first->at))
                first = &set->samples[i];
        if (!first || step(first, ret, ret_at))
            return first != NULL;
    }
}

/* The oldest of too many are charted only. */
static void drop_oldest(struct samples *s)
{
    str part;
    while (s->n > SAMPLES_MAX && str_take_until(&s->left, ' ', &part))
        if (part.n) {
            s->at += s->step;
            s->n--;
        }
}

/* Nothing of it can be read: why. */
static void note_doubt(const struct samples *s, struct reading_set *ret)
{
    str left = s->left, part;
    double v;
    bool unknown = !monitor_convert(s->series, s->unit, 1, &v);
    ret->unit_unknown |= unknown;
    while (!unknown && !ret->implausible && str_take_until(&left, ' ', &part))
        if (value_of(s, part, &v)) {
            ret->implausible = true;
            ret->doubt = (struct reading){.series = s->series, .symptom = -1, .value = v};
        }
}

bool samples_of(const struct json *o, const struct json *node, int series, struct reading_set *ret)
{
    const struct json *data = JSON_GET(node, "valueSampledData");
    struct samples s = {.series = series,
                        .origin = number_or(JSON_GET(data, "origin"), "value", NAN),
                        .factor = number_or(data, "factor", 1),
                        .low = number_or(data, "lowerLimit", NAN),
                        .high = number_or(data, "upperLimit", NAN),
                        .unit = json_str(json_path(data, "origin.code")),
                        .left = json_get_str(data, STR("data"))};
    double period = number_or(data, "period", 0);
    struct reading r;
    int64_t at;
    if (series < 0 || !data || ret->n_sampled == SAMPLED_MAX || isnan(s.origin) ||
        number_or(data, "dimensions", 0) != 1 || period < (double)SAMPLES_MS ||
        period > 24.0 * (double)MS_HOUR)
        return false;
    if (str_empty(s.unit))
        s.unit = json_str(json_path(data, "origin.unit"));
    s.step = (int64_t)period;
    s.n = count(s.left);
    s.at = s.n ? start_of(o, &s) : 0;
    if (!s.at)
        return s.n > 0;
    int64_t last = s.at + (int64_t)(s.n - 1) * s.step;
    ret->at = !ret->n_sampled || last > ret->at ? last : ret->at;
    drop_oldest(&s);
    struct samples *kept = &ret->samples[ret->n_sampled++];
    *kept = s;
    bool says = false;
    while (s.n && !says)
        says = step(&s, &r, &at);
    if (!says)
        note_doubt(kept, ret);
    return true;
}
