/* A clinic's table of readings, a line each: patient,time,measure,value,unit. measure is a series
 * of spec/monitor/rules.json by its name or by LOINC; time as FHIR writes it. A line that cannot be
 * read says why; what is read goes the way of every reading. Cells hold no commas, so nothing is
 * quoted. Pure. */
#include "monitor/monitor_int.h"

static struct json *object_with(struct op *op, str name, const struct json *v)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, o, name, v);
    return o;
}

static struct json *code_of(struct op *op, const struct series_row *row)
{
    struct json *c = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    json_set_str(op->arena, c, STR("system"), str_of(row->system));
    json_set_str(op->arena, c, STR("code"), str_of(row->codes[0]));
    json_push(op->arena, list, c);
    return object_with(op, STR("coding"), list);
}

static bool take_cells(str line, str *cells, size_t n)
{
    size_t i = 0;
    while (i < n && str_take_until(&line, ',', &cells[i])) {
        cells[i] = str_trim(cells[i]);
        i++;
    }
    return i == n && str_empty(line);
}

err monitor_csv_line(struct op *op, str line, struct json **ret)
{
    enum { PATIENT, TIME, MEASURE, VALUE, UNIT, CELLS };
    str cells[CELLS] = {{NULL}};
    double v, own;
    struct time_span span;
    if (!take_cells(str_trim(line), cells, CELLS))
        return fail(op, ERR_UNPROCESSABLE, "a line is patient,time,measure,value,unit");
    int series = monitor_series_named(cells[MEASURE]);
    if (!fhir_id_valid(cells[PATIENT]))
        return fail(op, ERR_UNPROCESSABLE, "the first cell is no patient's id");
    if (!time_parse(cells[TIME], &span) || (span.precision > TIME_DAY && !span.has_zone))
        return fail(op, ERR_UNPROCESSABLE, "the time is no date, or it has a time without zone");
    if (series < 0)
        return fail(op, ERR_UNPROCESSABLE,
                    "the measure is neither a name nor a LOINC code we know");
    if (!str_to_double(cells[VALUE], &v) || !isfinite(v))
        return fail(op, ERR_UNPROCESSABLE, "the value is no number");
    if (!monitor_convert(series, cells[UNIT], v, &own))
        return fail(op, ERR_UNPROCESSABLE, "the unit (UCUM) does not fit the measure");
    struct json *o = json_new(op->arena, JSON_OBJECT), *q = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("resourceType"), STR("Observation"));
    json_set_str(op->arena, o, STR("status"), STR("final"));
    json_set(op->arena, o, STR("code"), code_of(op, &MONITOR_SERIES[series]));
    intake_reference(op, o, STR("subject"),
                     arena_printf(op->arena, "Patient/%.*s", STR_ARG(cells[PATIENT])));
    json_set_str(op->arena, o, STR("effectiveDateTime"), cells[TIME]);
    json_set(op->arena, q, STR("value"),
             json_new_num(op->arena, arena_printf(op->arena, "%.15g", v)));
    json_set_str(op->arena, q, STR("unit"), cells[UNIT]);
    json_set_str(op->arena, q, STR("system"), STR("http://unitsofmeasure.org"));
    json_set_str(op->arena, q, STR("code"), cells[UNIT]);
    json_set(op->arena, o, STR("valueQuantity"), q);
    *ret = o;
    return op_check(op);
}
