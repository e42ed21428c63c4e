/* Private header of UCUM: rows of the tables that tools/gen_ucum.py makes from spec/ucum. */
#ifndef WEFT_FHIR_UCUM_INT_H
#define WEFT_FHIR_UCUM_INT_H

#include "fhir/ucum.h"

enum ucum_function {
    FN_NONE,
    FN_CEL,
    FN_DEG_F,
    FN_DEG_RE,
    FN_TAN,
    FN_HP_X,
    FN_HP_C,
    FN_HP_M,
    FN_HP_Q,
    FN_PH,
    FN_LN,
    FN_LG,
    FN_LG2,
    FN_SQRT,
    FN_LD
};
struct prefix_row {
    const char *code;
    uint64_t hi, lo; /* value: (hi << 64 | lo) × 10^e */
    int e;
    const char *name;
};
struct unit_row {
    const char *code, *name;
    uint64_t hi, lo;
    int e;
    int16_t dim[UCUM_BASES];
    uint16_t arbitrary; /* the unit it counts, + 1; 0 = none */
    uint8_t function;   /* enum ucum_function */
    bool metric;
};
/* Which unit, with which prefix (NULL = none), a symbol means; false for none. */
bool ucum_symbol(str text, const struct prefix_row **ret_prefix, const struct unit_row **ret);
const char *ucum_base_name(size_t base);
const char *ucum_unit_name(uint16_t unit);

static inline struct ucum_num ucum_num_make(uint64_t hi, uint64_t lo, int e)
{
    return (struct ucum_num){.m = (__int128)((unsigned __int128)hi << 64 | lo), .e = e};
}

#endif
