/* Slices: comparing, searching, splitting and reading numbers. Nothing here allocates or depends
 * on the locale; every function stays inside the slice it was given. */
#include "base/str.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase(str a, str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

int str_hex_digit(char c)
{
    char low = (char)(c | 0x20);
    if (c >= '0' && c <= '9')
        return c - '0';
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

bool str_starts(str s, str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_ends(str s, str suffix)
{
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

size_t str_find(str s, str needle, size_t from)
{
    if (from > s.n)
        return SIZE_MAX;
    if (needle.n == 0)
        return from;
    if (s.n - from < needle.n)
        return SIZE_MAX;
    const char *hit = memmem(s.p + from, s.n - from, needle.p, needle.n);
    return hit ? (size_t)(hit - s.p) : SIZE_MAX;
}

size_t str_find_char(str s, char c, size_t from)
{
    if (from >= s.n)
        return SIZE_MAX;
    const char *hit = memchr(s.p + from, c, s.n - from);
    return hit ? (size_t)(hit - s.p) : SIZE_MAX;
}

str str_sub(str s, size_t from, size_t to)
{
    if (to > s.n)
        to = s.n;
    if (from >= to)
        return s.p ? str_make(s.p + to, 0) : STR_NONE;
    return str_make(s.p + from, to - from);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

str str_trim(str s)
{
    while (s.n && is_space(s.p[0]))
        s = str_make(s.p + 1, s.n - 1);
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_take_until(str *in, char sep, str *ret_part)
{
    if (!in->p)
        return false;
    size_t at = str_find_char(*in, sep, 0);
    if (at == SIZE_MAX) {
        *ret_part = *in;
        *in = STR_NONE;
        return true;
    }
    *ret_part = str_make(in->p, at);
    *in = str_make(in->p + at + 1, in->n - at - 1);
    return true;
}

bool str_take_u64(str *in, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;
    size_t i = 0;
    for (; i < in->n && in->p[i] >= '0' && in->p[i] <= '9'; i++) {
        uint64_t d = (uint64_t)(in->p[i] - '0');
        if (d > max || v > (max - d) / 10)
            return false;
        v = v * 10 + d;
    }
    if (i == 0)
        return false;
    *in = str_make(in->p + i, in->n - i);
    *ret = v;
    return true;
}

bool str_to_u64(str s, uint64_t max, uint64_t *ret)
{
    uint64_t v;
    if (!str_take_u64(&s, max, &v) || s.n)
        return false;
    *ret = v;
    return true;
}

bool str_to_i64(str s, int64_t *ret)
{
    bool minus = s.n && s.p[0] == '-';
    if (minus)
        s = str_make(s.p + 1, s.n - 1);
    uint64_t v;
    if (!str_to_u64(s, (uint64_t)INT64_MAX + minus, &v))
        return false;
    *ret = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

static size_t digits(str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
        n++;
    return n;
}

/* RFC 8259 §6: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static bool is_json_number(str s)
{
    size_t at = s.n && s.p[0] == '-';
    size_t n = digits(s, at);
    if (n == 0 || (n > 1 && s.p[at] == '0'))
        return false;
    at += n;
    if (at < s.n && s.p[at] == '.') {
        n = digits(s, at + 1);
        if (n == 0)
            return false;
        at += 1 + n;
    }
    if (at < s.n && (s.p[at] == 'e' || s.p[at] == 'E')) {
        at++;
        if (at < s.n && (s.p[at] == '+' || s.p[at] == '-'))
            at++;
        n = digits(s, at);
        if (n == 0)
            return false;
        at += n;
    }
    return at == s.n;
}

/* At most 15 digits and no exponent: both operands are exact doubles, so one division rounds
 * correctly. Nearly every number in a record is of this kind. */
static bool simple_double(str s, double *ret)
{
    static const double ten[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    if (s.n > 16)
        return false;
    size_t at = s.n && s.p[0] == '-', count = 0, fraction = 0;
    uint64_t v = 0;
    bool dot = false;
    for (size_t i = at; i < s.n; i++) {
        if (s.p[i] == '.') {
            dot = true;
            continue;
        }
        if (s.p[i] < '0' || s.p[i] > '9' || ++count > 15)
            return false;
        v = v * 10 + (uint64_t)(s.p[i] - '0');
        fraction += dot;
    }
    double d = (double)v / ten[fraction];
    *ret = at ? -d : d;
    return true;
}

bool str_to_double(str s, double *ret)
{
    if (!is_json_number(s))
        return false;
    if (simple_double(s, ret))
        return true;
    char z[1024];
    if (s.n >= sizeof z)
        return false;
    memcpy(z, s.p, s.n);
    z[s.n] = 0;
    /* glibc hands out one static object for "C": nothing to free, nothing that can fail. */
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double d = strtod_l(z, NULL, c);
    if (!isfinite(d))
        return false;
    *ret = d;
    return true;
}

/* Length of the well-formed sequence at p (at most n bytes), 0 when there is none. RFC 3629 §4. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    unsigned c = p[0];
    if (c < 0x80)
        return 1;
    size_t len = c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (len == 0 || n < len)
        return 0;
    unsigned low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    unsigned high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

bool str_utf8_valid(str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t at = 0;
    while (at < s.n) {
        uint64_t eight;
        while (s.n - at >= 8) {
            memcpy(&eight, p + at, 8);
            if (eight & 0x8080808080808080u)
                break;
            at += 8;
        }
        if (at == s.n)
            break;
        size_t len = utf8_length(p + at, s.n - at);
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

str str_utf8_cut(str s, size_t max)
{
    size_t n = s.n < max ? s.n : max;
    while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return str_sub(s, 0, n);
}

uint32_t str_utf8_next(str s, size_t *at)
{
    static const uint8_t lead[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    if (*at >= s.n)
        return 0xFFFD;
    const unsigned char *p = (const unsigned char *)s.p + *at;
    size_t len = utf8_length(p, s.n - *at);
    if (len == 0) {
        ++*at;
        return 0xFFFD;
    }
    uint32_t v = p[0] & lead[len];
    for (size_t i = 1; i < len; i++)
        v = v << 6 | (p[i] & 0x3Fu);
    *at += len;
    return v;
}

uint64_t str_hash(str s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
    return h;
}
