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
    size_t n = digits_of(t, d, sizeof d), skip = 0;
    if (n > 8 && d[0] == '0' && d[1] == '0')
        skip = 2; /* how most of the world, and many gateways, dial another country */
    else if (n > 12 && t.p[0] != '+' && memcmp(d, "011", 3) == 0)
        skip = 3; /* how North America does */
    n -= skip;
    if (n < 7 || n > 15)
        return t;
    const char *lead = t.p[0] == '+' || skip || n > 10 ? "+" : n == 10 ? "+1" : "";
    return arena_printf(a, "%s%.*s", lead, (int)n, d + skip);
}
