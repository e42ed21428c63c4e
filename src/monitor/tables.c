/* The const tables of the monitor, generated from spec/monitor/rules.json, and look-ups in them. */
#include "fhir/ucum.h"
#include "monitor/monitor_int.h"

const struct series_row MONITOR_SERIES[SERIES_COUNT] = {SERIES_ROWS};
const struct symptom_row MONITOR_SYMPTOMS[SYMPTOM_COUNT] = {SYMPTOM_ROWS};
const struct monitor_rule MONITOR_RULES[RULE_COUNT_MONITOR] = {RULE_ROWS};
const struct programme_row MONITOR_PROGRAMMES[] = {PROGRAMME_ROWS};
const struct signal_row MONITOR_SIGNALS[SIGNAL_COUNT] = {SIGNAL_ROWS};
const size_t MONITOR_PROGRAMME_COUNT = sizeof MONITOR_PROGRAMMES / sizeof MONITOR_PROGRAMMES[0];

int monitor_series_of(str system, str code)
{
    for (int s = 0; s < (int)SERIES_COUNT; s++)
        for (size_t i = 0; i < 8 && MONITOR_SERIES[s].codes[i]; i++)
            if (str_eq(code, str_of(MONITOR_SERIES[s].codes[i])) &&
                str_eq(system, str_of(MONITOR_SERIES[s].system)))
                return s;
    return -1;
}

bool monitor_convert(int series, str unit, double v, double *ret)
{
    const struct series_row *row = &MONITOR_SERIES[series];
    str own = str_of(row->unit);
    double moles;
    if (str_eq(unit, own)) {
        *ret = v;
        return isfinite(v);
    }
    if (ucum_convert_code(v, unit, own, ret))
        return true;
    return row->molar_mass > 0 && ucum_convert_code(v, unit, STR("mol/L"), &moles) &&
           ucum_convert_code(moles * row->molar_mass, STR("g/L"), own, ret);
}

const char *finding_rule_id(const struct finding *f)
{
    if (f->rule < (int)RULE_COUNT_MONITOR)
        return MONITOR_RULES[f->rule].id;
    if (f->rule == (int)RULE_WHO)
        return "DEV-WHO";
    if (f->rule >= (int)RULE_DOUBT)
        return "SOFT-CONFIRM";
    return f->above ? "PLAN-HIGH" : "PLAN-LOW";
}

bool finding_is_technical(const struct finding *f)
{
    return f->rule >= (int)RULE_DOUBT ||
           (f->rule < (int)RULE_COUNT_MONITOR && MONITOR_RULES[f->rule].technical > 0);
}

str track_programme(const struct track *t)
{
    for (size_t p = 0; p < MONITOR_PROGRAMME_COUNT; p++)
        if (t->programmes >> p & 1)
            return str_of(MONITOR_PROGRAMMES[p].code);
    return STR("vital-signs");
}
