/* Sensitivity labels: which there are, and which the codes of a resource bring, whatever its sender
 * said (42 CFR 2.11, state law; lists in spec/rules/label-codes.csv). It does not look into
 * resources. Invariant: a label is only ever added. */
#include "policy/consent_int.h"

label_set label_parse(str code)
{
    for (size_t i = 0; i < label_n_rows; i++)
        if (str_eq(code, str_of(label_rows[i].name)))
            return UINT64_C(1) << i;
    return 0;
}

str label_name(size_t i)
{
    return i < label_n_rows ? str_of(label_rows[i].name) : STR_NONE;
}

/* The first row whose code is not before this one. */
static size_t first_row(str code)
{
    size_t lo = 0, hi = label_n_codes;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(str_of(label_codes[mid].code), code) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Rows of exactly this beginning of a code; system NULL: of any. */
static label_set rows_of(str beginning, bool whole, const str *system)
{
    label_set s = 0;
    for (size_t i = first_row(beginning); i < label_n_codes; i++) {
        const struct label_code *row = &label_codes[i];
        if (!str_eq(str_of(row->code), beginning))
            break;
        if ((whole || row->begins) && (!system || str_eq(*system, str_of(row->system))))
            s |= UINT64_C(1) << row->label;
    }
    return s;
}

static label_set look(str code, const str *system)
{
    label_set s = 0;
    for (size_t n = 1; n <= code.n && n <= label_longest; n++)
        s |= rows_of(str_sub(code, 0, n), n == code.n, system);
    return s;
}

label_set label_of_code(str system, str code)
{
    return look(code, &system);
}

bool label_code_maybe(str code)
{
    return look(code, NULL) != 0;
}

bool label_is_restricted(label_set s)
{
    for (size_t i = 0; i < label_n_rows; i++)
        if ((s >> i & 1) && label_rows[i].restricted)
            return true;
    return false;
}

bool label_is_named(label_set s)
{
    for (size_t i = 0; i < label_n_rows; i++)
        if ((s >> i & 1) && !label_rows[i].named)
            return false;
    return true;
}

label_set label_kept(enum role role, int type)
{
    label_set s = 0;
    for (size_t i = 0; i < label_n_rows; i++) {
        const struct label_row *row = &label_rows[i];
        bool let = row->only == 0 || (row->only >> role & 1);
        str types = str_of(row->of), one;
        while (!let && str_take_until(&types, ' ', &one))
            if (str_eq(one, policy_type_name(type)))
                s |= UINT64_C(1) << i;
    }
    return s;
}

label_set label_close(label_set said)
{
    return said | (label_is_restricted(said) ? LABEL_RESTRICTED : LABEL_NORMAL);
}

unsigned label_version(void)
{
    return label_table_version;
}
