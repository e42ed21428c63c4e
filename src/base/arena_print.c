/* printf() into an arena. Texts and whole numbers, of which nearly all names and queries consist,
 * are put together here, at a quarter of the cost; all else is vsnprintf()'s. Invariant: what is
 * written is what vsnprintf() writes. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What is being written, and what is still to be put in. */
struct line {
    char to[512];
    size_t n;
    va_list rest;
};

static bool line_add(struct line *l, const char *p, size_t n)
{
    if (n >= sizeof l->to - l->n)
        return false;
    if (n)
        memcpy(l->to + l->n, p, n);
    l->n += n;
    return true;
}

static bool line_number(struct line *l, uint64_t n, bool minus)
{
    char digits[21], *p = digits + sizeof digits;
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
    if (minus)
        *--p = '-';
    return line_add(l, p, (size_t)(digits + sizeof digits - p));
}

static bool line_hex16(struct line *l, uint64_t n)
{
    char digits[16];
    for (size_t i = sizeof digits; i-- > 0; n >>= 4)
        digits[i] = "0123456789abcdef"[n & 15];
    return line_add(l, digits, sizeof digits);
}

static bool line_signed(struct line *l, long long v)
{
    return line_number(l, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, v < 0);
}

static bool begins(const char *f, const char *with)
{
    return strncmp(f, with, strlen(with)) == 0;
}

/* most: so many bytes; below 0 all. */
static bool line_text(struct line *l, int most)
{
    const char *p = va_arg(l->rest, const char *);
    if (!p && most)
        return false; /* the C library has words for it */
    return line_add(l, p, most == 0 ? 0 : most < 0 ? strlen(p) : strnlen(p, (size_t)most));
}

/* One conversion, of those that nearly all texts consist of; 0: another, or no room. */
static size_t line_convert(struct line *l, const char *f)
{
    if (f[0] == 's')
        return line_text(l, -1) ? 1 : 0;
    if (begins(f, ".*s"))
        return line_text(l, va_arg(l->rest, int)) ? 3 : 0;
    if (f[0] == 'd')
        return line_signed(l, va_arg(l->rest, int)) ? 1 : 0;
    if (f[0] == 'u')
        return line_number(l, va_arg(l->rest, unsigned), false) ? 1 : 0;
    if (begins(f, "zu"))
        return line_number(l, va_arg(l->rest, size_t), false) ? 2 : 0;
    if (begins(f, "llu"))
        return line_number(l, va_arg(l->rest, unsigned long long), false) ? 3 : 0;
    if (begins(f, "lld"))
        return line_signed(l, va_arg(l->rest, long long)) ? 3 : 0;
    if (begins(f, "016llx"))
        return line_hex16(l, va_arg(l->rest, unsigned long long)) ? 6 : 0;
    return 0;
}

static bool line_write(struct line *l, const char *fmt)
{
    while (*fmt) {
        size_t n = strcspn(fmt, "%");
        if (!line_add(l, fmt, n))
            return false;
        fmt += n;
        if (!*fmt)
            break;
        n = line_convert(l, fmt + 1);
        if (n == 0)
            return false;
        fmt += 1 + n;
    }
    return true;
}

/* As vsnprintf() says it, which is asked for what is longer, or rarer. */
str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    struct line l;
    va_list again;
    str s = STR_NONE;
    l.n = 0;
    va_copy(l.rest, ap);
    bool done = line_write(&l, fmt);
    va_end(l.rest);
    if (done)
        return arena_str(a, str_make(l.to, l.n));
    va_copy(again, ap);
    int n = vsnprintf(l.to, sizeof l.to, fmt, ap);
    if (n >= 0 && (size_t)n < sizeof l.to) {
        s = arena_str(a, str_make(l.to, (size_t)n));
    } else if (n >= 0) {
        char *p = arena_alloc(a, (size_t)n + 1);
        if (p && vsnprintf(p, (size_t)n + 1, fmt, again) == n)
            s = str_make(p, (size_t)n);
    }
    va_end(again);
    return s;
}

str arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str s = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}
