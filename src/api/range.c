/* Reads the header Range; nothing of the answer is made here. */
#include "api/range.h"

/* "-500": the last so many. */
static enum range last_of(str digits, uint64_t size, uint64_t *ret_from, uint64_t *ret_n)
{
    uint64_t n;
    if (!str_to_u64(digits, UINT64_MAX, &n))
        return RANGE_WHOLE;
    if (!n || !size)
        return RANGE_NOT;
    *ret_n = n < size ? n : size;
    *ret_from = size - *ret_n;
    return RANGE_PART;
}

enum range range_read(str header, uint64_t size, uint64_t *ret_from, uint64_t *ret_n)
{
    str rest = str_trim(header);
    uint64_t from, to = UINT64_MAX;
    if (rest.n < 6 || !str_eq_nocase(str_sub(rest, 0, 6), STR("bytes=")))
        return RANGE_WHOLE;
    rest = str_trim(str_sub(rest, 6, rest.n));
    size_t dash = str_find_char(rest, '-', 0);
    if (dash == SIZE_MAX || str_find_char(rest, ',', 0) != SIZE_MAX)
        return RANGE_WHOLE;
    str first = str_sub(rest, 0, dash), last = str_sub(rest, dash + 1, rest.n);
    if (!first.n)
        return last_of(last, size, ret_from, ret_n);
    if (!str_to_u64(first, UINT64_MAX, &from) || (last.n && !str_to_u64(last, UINT64_MAX, &to)) ||
        to < from)
        return RANGE_WHOLE;
    if (from >= size)
        return RANGE_NOT;
    *ret_from = from;
    *ret_n = (to < size ? to + 1 : size) - from;
    return RANGE_PART;
}
