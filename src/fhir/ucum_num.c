/* Decimals of 34 digits for units: multiply and divide through 256 bits, round half to even.
 * Does not know infinity or not-a-number. Invariant: |m| < 10^34 in every result. */
#include "fhir/ucum.h"

#include <stdio.h>

#define DIGITS 34
#define EXPONENT_MAX 999

/* Four limbs, the least first. */
struct wide {
    uint64_t at[4];
};

static unsigned __int128 magnitude(__int128 v)
{
    return v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
}

/* 10^n for n in 0 … 38. */
static unsigned __int128 power10(int n)
{
    static const uint64_t low[] = {1U,
                                   10U,
                                   100U,
                                   1000U,
                                   10000U,
                                   100000U,
                                   1000000U,
                                   10000000U,
                                   100000000U,
                                   1000000000U,
                                   10000000000U,
                                   100000000000U,
                                   1000000000000U,
                                   10000000000000U,
                                   100000000000000U,
                                   1000000000000000U,
                                   10000000000000000U,
                                   100000000000000000U,
                                   1000000000000000000U,
                                   10000000000000000000U};
    return n < 20 ? low[n] : (unsigned __int128)low[19] * low[n < 38 ? n - 19 : 19];
}

static int bits_in(uint64_t hi, uint64_t lo)
{
    return hi ? 128 - __builtin_clzll(hi) : lo ? 64 - __builtin_clzll(lo) : 0;
}

/* Decimal digits of v; 0 for 0. 1233 / 4096 is just below log10(2), and nowhere up to 128 bits is
 * there a whole number between bits times the one and the other. */
static int digits_in(unsigned __int128 v)
{
    int n = bits_in((uint64_t)(v >> 64), (uint64_t)v) * 1233 >> 12;
    return n + (v >= power10(n));
}

static struct wide multiply(unsigned __int128 a, unsigned __int128 b)
{
    uint64_t x[2] = {(uint64_t)a, (uint64_t)(a >> 64)}, y[2] = {(uint64_t)b, (uint64_t)(b >> 64)};
    struct wide out = {{0}};
    for (int i = 0; i < 2; i++) {
        uint64_t carry = 0;
        for (int k = 0; k < 2; k++) {
            unsigned __int128 sum = (unsigned __int128)x[i] * y[k] + out.at[i + k] + carry;
            out.at[i + k] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        out.at[i + 2] = carry;
    }
    return out;
}

/* v / by in place; the remainder. */
static uint64_t shrink(struct wide *v, uint64_t by)
{
    unsigned __int128 rest = 0;
    for (int i = 3; i >= 0; i--) {
        unsigned __int128 part = rest << 64 | v->at[i];
        v->at[i] = (uint64_t)(part / by);
        rest = part % by;
    }
    return (uint64_t)rest;
}

static bool fits(const struct wide *v, unsigned __int128 limit)
{
    return !v->at[3] && !v->at[2] && ((unsigned __int128)v->at[1] << 64 | v->at[0]) < limit;
}

/* How many digits of v are surely over so many, but at most 19 and at least one. */
static int surplus(const struct wide *v, int digits)
{
    bool high = v->at[3] || v->at[2];
    int bits = high ? 128 + bits_in(v->at[3], v->at[2]) : bits_in(v->at[1], v->at[0]);
    int over = ((bits - 1) * 1233 >> 12) + 1 - digits; /* v is at least 2^(bits - 1) */
    return over < 1 ? 1 : over > 19 ? 19 : over;
}

/* Rounds to digits, half to even; sticky: something below v was cut off already. */
static struct ucum_num round_wide(struct wide v, int e, bool minus, int digits, bool sticky)
{
    uint64_t last = 0;
    unsigned __int128 limit = power10(digits);
    while (!fits(&v, limit)) {
        int n = surplus(&v, digits);
        uint64_t rest = shrink(&v, (uint64_t)power10(n)), unit = (uint64_t)power10(n - 1);
        sticky |= last != 0 || rest % unit != 0;
        last = rest / unit;
        e += n;
    }
    unsigned __int128 m = (unsigned __int128)v.at[1] << 64 | v.at[0];
    if (last > 5 || (last == 5 && (sticky || (m & 1))))
        m++;
    if (m == limit) {
        m /= 10;
        e++;
    }
    return (struct ucum_num){.m = minus ? -(__int128)m : (__int128)m, .e = m ? e : 0};
}

static struct wide widen(unsigned __int128 v)
{
    return (struct wide){{(uint64_t)v, (uint64_t)(v >> 64), 0, 0}};
}

static struct ucum_num strip(struct ucum_num v)
{
    for (int n = 16; v.m && n > 0; n /= 2)
        while (v.m % (__int128)power10(n) == 0) {
            v.m /= (__int128)power10(n);
            v.e += n;
        }
    return v;
}

struct ucum_num ucum_num_round(struct ucum_num v, int digits)
{
    return round_wide(widen(magnitude(v.m)), v.e, v.m < 0, digits, false);
}

struct ucum_num ucum_num_mul(struct ucum_num a, struct ucum_num b)
{
    return round_wide(multiply(magnitude(a.m), magnitude(b.m)), a.e + b.e, (a.m < 0) != (b.m < 0),
                      DIGITS, false);
}

/* Long division, bit by bit where by is longer than a limb. */
static struct wide divide(struct wide n, unsigned __int128 by, bool *ret_rest)
{
    struct wide out = {{0}};
    unsigned __int128 rest = 0;
    if (by <= UINT64_MAX) {
        *ret_rest = shrink(&n, (uint64_t)by) != 0;
        return n;
    }
    for (int i = 255; i >= 0; i--) {
        rest = rest << 1 | (n.at[i / 64] >> (i % 64) & 1);
        if (rest >= by) {
            rest -= by;
            out.at[i / 64] |= 1ULL << (i % 64);
        }
    }
    *ret_rest = rest != 0;
    return out;
}

struct ucum_num ucum_num_div(struct ucum_num a, struct ucum_num b)
{
    bool rest = false;
    const int up = 38; /* 10^33 … 10^34 times 10^38 over less than 10^34: at least 37 digits */
    if (a.m == 0)
        return a;
    int more = DIGITS - digits_in(magnitude(a.m));
    unsigned __int128 m = magnitude(a.m) * power10(more > 0 ? more : 0);
    struct wide q = divide(multiply(m, power10(up)), magnitude(b.m), &rest);
    return strip(round_wide(q, a.e - (more > 0 ? more : 0) - b.e - up, (a.m < 0) != (b.m < 0),
                            DIGITS, rest));
}

struct ucum_num ucum_num_add(struct ucum_num a, struct ucum_num b)
{
    struct ucum_num hi = a.e >= b.e ? a : b, lo = a.e >= b.e ? b : a;
    const unsigned __int128 most = power10(36);
    if (hi.m == 0 || lo.m == 0)
        return hi.m ? hi : lo;
    while (hi.e > lo.e && magnitude(hi.m) < most) {
        hi.m *= 10;
        hi.e--;
    }
    int gap = hi.e - lo.e;
    lo.m = gap > 38 ? 0 : lo.m / (__int128)power10(gap);
    __int128 sum = hi.m + lo.m;
    return round_wide(widen(magnitude(sum)), hi.e, sum < 0, DIGITS, false);
}

int ucum_num_cmp(struct ucum_num a, struct ucum_num b)
{
    b.m = -b.m;
    __int128 gap = ucum_num_add(a, b).m;
    return gap < 0 ? -1 : gap > 0;
}

/* ---- text ---- */

static bool take_exponent(str s, int *ret)
{
    int64_t e;
    if (s.n && s.p[0] == '+')
        s = str_sub(s, 1, s.n);
    if (!str_to_i64(s, &e) || e > EXPONENT_MAX || e < -EXPONENT_MAX)
        return false;
    *ret = (int)e;
    return true;
}

bool ucum_num_parse(str s, struct ucum_num *ret)
{
    const unsigned __int128 most = power10(DIGITS - 1);
    struct ucum_num v = {0};
    bool minus = s.n && s.p[0] == '-', point = false;
    size_t i = minus, digits = 0;
    int e = 0;
    for (; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++) {
        if (s.p[i] == '.' && !point && digits) {
            point = true;
            continue;
        }
        if (s.p[i] < '0' || s.p[i] > '9' || ++digits > 1000)
            return false;
        if (magnitude(v.m) < most) {
            v.m = v.m * 10 + (s.p[i] - '0');
            v.e -= point;
        } else if (s.p[i] != '0') {
            return false;
        } else {
            v.e += !point;
        }
    }
    if (digits == 0 || (i < s.n && !take_exponent(str_sub(s, i + 1, s.n), &e)))
        return false;
    *ret = (struct ucum_num){.m = minus ? -v.m : v.m, .e = v.m ? v.e + e : 0};
    return true;
}

#define EXACT 9007199254740992.0 /* whole numbers up to here are doubles */

struct ucum_num ucum_num_of(double v)
{
    char text[48];
    struct ucum_num out = {0};
    if (v > -EXACT && v < EXACT && (double)(int64_t)v == v)
        return (struct ucum_num){.m = (int64_t)v};
    int n = snprintf(text, sizeof text, "%.17g", v);
    if (n > 0 && !ucum_num_parse(str_make(text, (size_t)n), &out))
        out = (struct ucum_num){0};
    return out;
}

/* Decimal digits of |m| into the end of out; where they begin. */
static str digits_of(__int128 v, char out[48])
{
    size_t at = 48;
    unsigned __int128 m = magnitude(v);
    do {
        out[--at] = (char)('0' + (int)(m % 10));
        m /= 10;
    } while (m);
    return str_make(out + at, 48 - at);
}

double ucum_num_double(struct ucum_num v)
{
    char room[48], text[64];
    double out = 0;
    if (magnitude(v.m) < (uint64_t)EXACT && v.e <= 19 && v.e >= -19) /* rounded once, as written */
        return v.e < 0 ? (double)(int64_t)v.m / (double)(uint64_t)power10(-v.e)
                       : (double)(int64_t)v.m * (double)(uint64_t)power10(v.e);
    str digits = digits_of(v.m, room);
    int n = snprintf(text, sizeof text, "%s%.*se%d", v.m < 0 ? "-" : "", STR_ARG(digits), v.e);
    return n > 0 && str_to_double(str_make(text, (size_t)n), &out) ? out : 0;
}

#define TEXT_MAX 60

str ucum_num_text(struct arena *a, struct ucum_num v, int digits)
{
    static const char zeros[] = "000000000000000000000000000000000000000000000000000000000000";
    char room[48];
    v = strip(ucum_num_round(v, digits));
    str s = digits_of(v.m, room);
    const char *sign = v.m < 0 ? "-" : "";
    int n = (int)s.n, point = n + v.e;
    if (point > TEXT_MAX || v.e < -TEXT_MAX)
        return STR_NONE;
    if (v.e >= 0)
        return arena_printf(a, "%s%.*s%.*s", sign, n, s.p, v.e, zeros);
    if (point > 0)
        return arena_printf(a, "%s%.*s.%.*s", sign, point, s.p, n - point, s.p + point);
    return arena_printf(a, "%s0.%.*s%.*s", sign, -point, zeros, n, s.p);
}
