/* Decimals for FHIRPath: a 128-bit whole number and a scale, so that 0.1 + 0.2 is 0.3.
 * Does not know infinity: what does not fit is refused (false), which the language calls empty.
 * Invariant: 0 <= scale <= DEC_SCALE_MAX and |m| < 10^38. */
#include "fhir/path_int.h"

#include <math.h>

#define DEC_SCALE_MAX 28
#define DEC_DIGITS_MAX 28

static bool scale_up(__int128 *m, int by)
{
    for (; by > 0; by--)
        if (__builtin_mul_overflow(*m, (__int128)10, m))
            return false;
    return true;
}

/* At most DEC_DIGITS_MAX digits: the fraction is rounded; false when the whole part is too long. */
static bool fit(struct path_dec *d)
{
    static const __int128 ten14 = 100000000000000;
    const __int128 limit = ten14 * ten14; /* 10^DEC_DIGITS_MAX */
    while (d->m >= limit || d->m <= -limit) {
        if (d->scale == 0)
            return false;
        *d = dec_round(*d, d->scale - 1);
    }
    return true;
}

static void trim(struct path_dec *d)
{
    while (d->scale > 0 && d->m % 10 == 0) {
        d->m /= 10;
        d->scale--;
    }
}

static bool apply_exponent(struct path_dec *d, int64_t e)
{
    if (e > 60 || e < -60)
        return d->m == 0;
    d->scale -= (int)e;
    if (d->scale < 0) {
        if (!scale_up(&d->m, -d->scale))
            return false;
        d->scale = 0;
    }
    while (d->scale > DEC_SCALE_MAX) {
        d->m /= 10;
        d->scale--;
    }
    return true;
}

bool dec_parse(str s, struct path_dec *ret)
{
    struct path_dec d = {.whole = true};
    bool minus = s.n && s.p[0] == '-';
    int digits = 0;
    int64_t e = 0;
    size_t i = minus;
    for (; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++) {
        if (s.p[i] == '.' && d.whole) {
            d.whole = false;
            continue;
        }
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        if ((digits += d.m != 0) > DEC_DIGITS_MAX - 1 && !d.whole)
            continue; /* digits of the fraction that no value keeps */
        if (digits > DEC_DIGITS_MAX)
            return false;
        d.m = d.m * 10 + (s.p[i] - '0');
        d.scale += !d.whole;
    }
    if (i == minus || d.scale > 60)
        return false;
    if (i < s.n) {
        str text = str_sub(s, i + 1, s.n);
        d.whole = false;
        if (text.n && text.p[0] == '+')
            text = str_sub(text, 1, text.n);
        if (!str_to_i64(text, &e))
            return false;
    }
    d.m = minus ? -d.m : d.m;
    if (!apply_exponent(&d, e))
        return false;
    *ret = d;
    return true;
}

bool dec_of_num(struct ucum_num v, struct path_dec *ret)
{
    struct path_dec d = {.whole = false};
    v = ucum_num_round(v, DEC_DIGITS_MAX);
    for (; v.e > 0; v.e--)
        if (__builtin_mul_overflow(v.m, (__int128)10, &v.m))
            return false;
    for (; v.e < -DEC_SCALE_MAX; v.e++)
        v.m /= 10;
    d.m = v.m;
    d.scale = -v.e;
    if (!fit(&d))
        return false;
    *ret = d;
    return true;
}

static bool align(struct path_dec *a, struct path_dec *b)
{
    int scale = a->scale > b->scale ? a->scale : b->scale;
    if (!scale_up(&a->m, scale - a->scale) || !scale_up(&b->m, scale - b->scale))
        return false;
    a->scale = b->scale = scale;
    return true;
}

bool dec_add(struct path_dec a, struct path_dec b, bool minus, struct path_dec *ret)
{
    struct path_dec out = {.whole = a.whole && b.whole};
    if (!align(&a, &b) || (minus ? __builtin_sub_overflow(a.m, b.m, &out.m)
                                 : __builtin_add_overflow(a.m, b.m, &out.m)))
        return false;
    out.scale = a.scale;
    if (!fit(&out))
        return false;
    *ret = out;
    return true;
}

/* A product of short ones is exact in 128 bits. */
static bool dec_short(struct path_dec d)
{
    return d.m < INT64_MAX && d.m > INT64_MIN;
}

/* Through 34 digits. */
static bool dec_mul_wide(struct path_dec a, struct path_dec b, struct path_dec *ret)
{
    struct ucum_num x = {.m = a.m, .e = -a.scale}, y = {.m = b.m, .e = -b.scale};
    return dec_of_num(ucum_num_mul(x, y), ret);
}

bool dec_mul(struct path_dec a, struct path_dec b, struct path_dec *ret)
{
    bool whole = a.whole && b.whole;
    struct path_dec out;
    if (!whole && (!dec_short(a) || !dec_short(b)))
        return dec_mul_wide(a, b, ret);
    out = (struct path_dec){.scale = a.scale + b.scale, .whole = whole};
    if (__builtin_mul_overflow(a.m, b.m, &out.m))
        return false;
    while (out.scale > DEC_SCALE_MAX)
        out = dec_round(out, out.scale - 1);
    if (!fit(&out))
        return false;
    *ret = out;
    return true;
}

bool dec_div(struct path_dec a, struct path_dec b, struct path_dec *ret)
{
    struct path_dec out = {.scale = (a.scale > 8 ? a.scale : 8) + 1};
    __int128 m = a.m, n = b.m;
    int up = out.scale + b.scale - a.scale;
    if (b.m == 0 || (up >= 0 && !scale_up(&m, up)) || (up < 0 && !scale_up(&n, -up)))
        return false;
    out.m = m / n;
    out = dec_round(out, out.scale - 1);
    trim(&out);
    *ret = out;
    return true;
}

bool dec_idiv(struct path_dec a, struct path_dec b, struct path_dec *ret)
{
    if (b.m == 0 || !align(&a, &b))
        return false;
    *ret = (struct path_dec){.m = a.m / b.m, .whole = true};
    return true;
}

int dec_cmp(struct path_dec a, struct path_dec b)
{
    if (align(&a, &b))
        return a.m < b.m ? -1 : a.m > b.m;
    double x = dec_double(a), y = dec_double(b);
    return x < y ? -1 : x > y;
}

/* Half away from zero. */
struct path_dec dec_round(struct path_dec d, int places)
{
    while (d.scale > places) {
        __int128 last = d.m % 10;
        d.m /= 10;
        if (d.scale == places + 1)
            d.m += last >= 5 ? 1 : last <= -5 ? -1 : 0;
        d.scale--;
    }
    return d;
}

bool dec_like(struct path_dec a, struct path_dec b)
{
    trim(&a);
    trim(&b);
    int places = a.scale < b.scale ? a.scale : b.scale;
    return dec_cmp(dec_round(a, places), dec_round(b, places)) == 0;
}

struct path_dec dec_int(int64_t v)
{
    return (struct path_dec){.m = v, .whole = true};
}

bool dec_from_double(double v, struct path_dec *ret)
{
    char text[40];
    if (!isfinite(v))
        return false;
    int n = snprintf(text, sizeof text, "%.15g", v);
    if (n <= 0 || !dec_parse(str_make(text, (size_t)n), ret))
        return false;
    ret->whole = false;
    return true;
}

double dec_double(struct path_dec d)
{
    return (double)d.m / pow(10, d.scale);
}

bool dec_i64(struct path_dec d, int64_t *ret)
{
    trim(&d);
    if (d.scale != 0 || d.m > INT64_MAX || d.m < INT64_MIN)
        return false;
    *ret = (int64_t)d.m;
    return true;
}

str dec_text(struct arena *a, struct path_dec d)
{
    char digits[48];
    size_t n = sizeof digits;
    bool minus = d.m < 0;
    unsigned __int128 m = minus ? -(unsigned __int128)d.m : (unsigned __int128)d.m;
    int left = d.scale;
    do {
        digits[--n] = (char)('0' + (int)(m % 10));
        m /= 10;
        if (--left == 0)
            digits[--n] = '.';
    } while ((m || left >= 0) && n > 1);
    return arena_printf(a, "%s%.*s", minus ? "-" : "", (int)(sizeof digits - n), digits + n);
}

str dec_key(struct arena *a, struct path_dec d)
{
    trim(&d);
    return dec_text(a, d);
}
