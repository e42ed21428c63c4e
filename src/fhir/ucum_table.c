/* The UCUM table (spec/ucum, generated) and look-up of a symbol with its prefix. */
#include "fhir/ucum_int.h"

#include "ucum_tables.inc"

#define UNITS (sizeof units / sizeof *units)
#define PREFIXES (sizeof prefixes / sizeof *prefixes)

static const struct unit_row *find(str code)
{
    size_t lo = 0, hi = UNITS;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int order = str_cmp(str_of(units[mid].code), code);
        if (order == 0)
            return &units[mid];
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

bool ucum_symbol(str text, const struct prefix_row **ret_prefix, const struct unit_row **ret)
{
    const struct unit_row *row = find(text);
    const struct prefix_row *prefix = NULL;
    for (size_t i = 0; !row && i < PREFIXES; i++) {
        str p = str_of(prefixes[i].code);
        const struct unit_row *rest = str_starts(text, p) ? find(str_sub(text, p.n, text.n)) : NULL;
        if (rest && rest->metric) {
            row = rest;
            prefix = &prefixes[i];
        }
    }
    if (!row)
        return false;
    *ret_prefix = prefix;
    *ret = row;
    return true;
}

const char *ucum_base_name(size_t base)
{
    return bases[base];
}

const char *ucum_unit_name(uint16_t unit)
{
    return units[unit].code;
}
