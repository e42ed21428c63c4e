/* From an Observation to what the rules read: numbers in the series' own unit, and answers about
 * symptoms. A value without a known unit, or outside what is possible for the body, says nothing to
 * the rules (it stays in the record as sent). Pure. */
#include "monitor/monitor_int.h"

static int series_of_codes(const struct json *concept)
{
    const struct json *codings = JSON_GET(concept, "coding");
    for (size_t i = 0; codings && i < codings->n; i++) {
        const struct json *c = json_at(codings, i);
        int s = monitor_series_of(json_get_str(c, STR("system")), json_get_str(c, STR("code")));
        if (s >= 0)
            return s;
    }
    return -1;
}

static int symptom_of_codes(const struct json *concept)
{
    const struct json *codings = JSON_GET(concept, "coding");
    for (size_t i = 0; codings && i < codings->n; i++) {
        const struct json *c = json_at(codings, i);
        if (!str_eq(json_get_str(c, STR("system")), STR(SYMPTOM_SYSTEM)))
            continue;
        str code = json_get_str(c, STR("code"));
        for (int s = 0; s < (int)SYMPTOM_COUNT; s++)
            if (str_eq(code, str_of(MONITOR_SYMPTOMS[s].code)))
                return s;
    }
    return -1;
}

static bool quantity_of(const struct json *node, int series, double *ret)
{
    const struct json *q = JSON_GET(node, "valueQuantity");
    double v, canonical;
    if (!q || !json_double(JSON_GET(q, "value"), &v))
        return false;
    str unit = json_get_str(q, STR("code"));
    if (str_empty(unit))
        unit = json_get_str(q, STR("unit"));
    if (!monitor_convert(series, unit, v, &canonical))
        return false;
    const struct series_row *row = &MONITOR_SERIES[series];
    if (canonical < row->plausible_lo || canonical > row->plausible_hi)
        return false;
    *ret = canonical;
    return true;
}

static void add_node(const struct json *node, struct reading_set *set)
{
    if (set->n == sizeof set->at_most / sizeof set->at_most[0])
        return;
    const struct json *code = JSON_GET(node, "code");
    struct reading r = {.series = series_of_codes(code), .symptom = -1};
    if (r.series >= 0) {
        if (!quantity_of(node, r.series, &r.value))
            return;
    } else {
        r.symptom = symptom_of_codes(code);
        const struct json *yes = JSON_GET(node, "valueBoolean");
        if (r.symptom < 0 || !yes)
            return;
        r.yes = json_bool(yes, false);
    }
    set->at_most[set->n++] = r;
}

static bool effective_of(const struct json *o, int64_t *ret)
{
    const char *const places[] = {"effectiveDateTime", "effectiveInstant", "effectivePeriod.end",
                                  "effectivePeriod.start", "issued"};
    struct time_span span;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (time_parse(json_str(json_path(o, places[i])), &span)) {
            *ret = span.lo;
            return true;
        }
    return false;
}

void reading_set_of(const struct json *o, struct reading_set *ret)
{
    *ret = (struct reading_set){0};
    if (!effective_of(o, &ret->at))
        return;
    str status = json_get_str(o, STR("status"));
    ret->usable = !str_eq(status, STR("entered-in-error")) && !str_eq(status, STR("cancelled")) &&
                  !str_eq(status, STR("registered")) && !str_eq(status, STR("unknown"));
    add_node(o, ret);
    const struct json *components = JSON_GET(o, "component");
    for (size_t i = 0; components && i < components->n; i++)
        add_node(json_at(components, i), ret);
}
