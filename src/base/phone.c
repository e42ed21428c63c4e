/* See phone.h. Invariant: whatever spelling of a number is dialled, the same spelling is looked
 * for. */
#include "base/phone.h"

static size_t digits_of(str number, char *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < number.n && n < max; i++)
        if (number.p[i] >= '0' && number.p[i] <= '9')
            out[n++] = number.p[i];
    return n;
}

str phone_plain_number(struct arena *a, str number)
{
    char d[32];
    str t = str_trim(number);
    for (size_t i = 0; i < t.n; i++)
        if (!memchr("+0123456789 ().-/", t.p[i], 17))
            return t;
    size_t n = digits_of(t, d, sizeof d);
    if (n < 7 || n > 15)
        return t;
    const char *lead = t.p[0] == '+' || n == 11 ? "+" : n == 10 ? "+1" : "";
    return arena_printf(a, "%s%.*s", lead, (int)n, d);
}
