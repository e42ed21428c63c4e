/* From an Observation to what the rules read: numbers in the series' own unit, and answers about
 * symptoms. A value without a known unit, or outside what is possible for the body, says nothing to
 * the rules (it stays in the record as sent), and neither does one that a person has to confirm.
 * Pure. */
#include "monitor/monitor_int.h"

static int series_of_codes(const struct json *concept)
{
    const struct json *codings = JSON_GET(concept, "coding");
    for (size_t i = 0; codings && i < codings->n; i++) {
        const struct json *c = json_at(codings, i);
        str system = json_get_str(c, STR("system")), code = json_get_str(c, STR("code"));
        str loinc = intake_loinc_of(system, code, STR_NONE);
        int s = str_empty(loinc) ? monitor_series_of(system, code)
                                 : monitor_series_of(STR("http://loinc.org"), loinc);
        if (s >= 0)
            return s;
    }
    return -1;
}

int monitor_series_named(str name)
{
    for (int s = 0; s < (int)SERIES_COUNT; s++)
        if (str_eq_nocase(name, str_of(MONITOR_SERIES[s].name)))
            return s;
    return monitor_series_of(STR("http://loinc.org"), name);
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

/* The mean of what a device sampled fast (SampledData: origin + factor x sample; E, L and U are no
 * samples). https://hl7.org/fhir/R4/datatypes.html#SampledData */
static bool sampled_of(const struct json *data, double *ret)
{
    double origin, factor = 1, sum = 0, v;
    size_t n = 0;
    str samples = json_get_str(data, STR("data")), part;
    int64_t dimensions = 0;
    if (!json_double(json_path(data, "origin.value"), &origin) ||
        !json_i64(JSON_GET(data, "dimensions"), &dimensions) || dimensions != 1)
        return false;
    if (JSON_GET(data, "factor") && !json_double(JSON_GET(data, "factor"), &factor))
        return false;
    while (str_take_until(&samples, ' ', &part))
        if (str_to_double(part, &v)) {
            sum += v;
            n++;
        }
    *ret = n ? origin + factor * sum / (double)n : 0;
    return n > 0;
}

static bool quantity_of(const struct json *node, int series, struct reading_set *set, double *ret)
{
    const struct json *q = JSON_GET(node, "valueQuantity");
    const struct json *sampled = JSON_GET(node, "valueSampledData");
    const struct series_row *row = &MONITOR_SERIES[series];
    double v, canonical;
    if (sampled ? !sampled_of(sampled, &v) : !q || !json_double(JSON_GET(q, "value"), &v))
        return false;
    if (sampled)
        q = JSON_GET(sampled, "origin");
    str unit = json_get_str(q, STR("code"));
    if (str_empty(unit))
        unit = json_get_str(q, STR("unit"));
    if (!monitor_convert(series, unit, v, &canonical)) {
        set->unit_unknown = true;
        return false;
    }
    if (canonical < row->plausible_lo || canonical > row->plausible_hi) {
        set->implausible = true;
        set->doubt = (struct reading){.series = series, .symptom = -1, .value = canonical};
        return false;
    }
    *ret = canonical;
    return true;
}

/* A coded answer that counts as a number (consciousness). */
static bool answer_of(const struct json *node, int series, double *ret)
{
    const struct json *codings = json_path(node, "valueCodeableConcept.coding");
    const struct series_row *row = &MONITOR_SERIES[series];
    for (size_t i = 0; codings && i < codings->n; i++) {
        str code = json_get_str(json_at(codings, i), STR("code"));
        for (size_t k = 0; k < 6 && row->answers[k].code; k++)
            if (str_eq(code, str_of(row->answers[k].code))) {
                *ret = row->answers[k].value;
                return true;
            }
    }
    return false;
}

static void add_node(const struct json *node, struct reading_set *set)
{
    if (set->n == sizeof set->at_most / sizeof set->at_most[0])
        return;
    const struct json *code = JSON_GET(node, "code");
    struct reading r = {.series = series_of_codes(code), .symptom = -1};
    if (r.series >= 0) {
        if (!quantity_of(node, r.series, set, &r.value) && !answer_of(node, r.series, &r.value))
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

/* Until a person has taken the mark away. */
bool reading_has_note(const struct json *o, str code)
{
    const struct json *tags = json_path(o, "meta.tag");
    for (size_t i = 0; tags && i < tags->n; i++) {
        const struct json *t = json_at(tags, i);
        if (str_eq(json_get_str(t, STR("system")), STR(READING_NOTE_SYSTEM)) &&
            str_eq(json_get_str(t, STR("code")), code))
            return true;
    }
    return false;
}

bool reading_time(const struct json *o, int64_t *ret)
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

/* What is sampled slowly keeps its times. */
static void add_part(const struct json *o, const struct json *node, struct reading_set *set)
{
    if (!samples_of(o, node, series_of_codes(JSON_GET(node, "code")), set))
        add_node(node, set);
}

void reading_set_of(const struct json *o, struct reading_set *ret)
{
    *ret = (struct reading_set){0};
    if (!reading_time(o, &ret->at))
        return;
    str status = json_get_str(o, STR("status"));
    bool counts = !str_eq(status, STR("entered-in-error")) && !str_eq(status, STR("cancelled")) &&
                  !str_eq(status, STR("registered")) && !str_eq(status, STR("unknown"));
    ret->held = counts && reading_has_note(o, STR(READING_OTHER_PERSON));
    ret->usable = counts && !ret->held;
    add_part(o, o, ret);
    const struct json *components = JSON_GET(o, "component");
    for (size_t i = 0; components && i < components->n; i++)
        add_part(o, json_at(components, i), ret);
}
