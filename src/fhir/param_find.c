/* Lookups of search parameters by type and code, by number, and in order. Tables only; how a
 * parameter's keys are made is in keys_*.c.
 * Invariant: rows of a type are sorted by code (tools/gen_params.py), numbers never change. */
#include "fhir/custom.h"
#include "fhir/keys_int.h"

const struct fhir_param *fhir_param_find(fhir_type t, str code)
{
    if (t > FHIR_TYPE_COUNT)
        return NULL;
    size_t lo = fhir_param_types[t].first, hi = lo + fhir_param_types[t].n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = str_cmp(code, str_of(fhir_param_list[mid].code));
        if (order == 0)
            return &fhir_param_list[mid];
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

const struct fhir_param *fhir_param_get(uint16_t number)
{
    uint16_t row = number <= FHIR_PARAM_TOP ? fhir_param_rows[number] : 0;
    return row ? &fhir_param_list[row - 1] : NULL;
}

const struct fhir_param *fhir_param_at(fhir_type t, size_t i)
{
    if (t > FHIR_TYPE_COUNT || i >= fhir_param_types[t].n)
        return NULL;
    return &fhir_param_list[fhir_param_types[t].first + i];
}

const struct param_more *fhir_param_more(const struct fhir_param *p)
{
    if (fhir_param_custom(p))
        return ((const struct fhir_custom *)p)->more;
    return &fhir_param_mores[p - fhir_param_list];
}

str fhir_param_system(const struct fhir_param *p)
{
    return str_of(fhir_param_more(p)->system);
}
