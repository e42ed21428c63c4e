/* The decimals against the plainest arithmetic that does the same: digit by digit, bit by bit.
 * Equal results, to the last digit and exponent, for numbers of every length. */
#include "base/test.h"
#include "fhir/ucum.h"

#define ROUNDS 40000
#define DIGITS 34

struct plain_wide {
    uint64_t at[4];
};

static unsigned __int128 size_of(__int128 v)
{
    return v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
}

static unsigned __int128 ten_to(int n)
{
    unsigned __int128 out = 1;
    for (; n > 0; n--)
        out *= 10;
    return out;
}

static struct plain_wide plain_multiply(unsigned __int128 a, unsigned __int128 b)
{
    uint64_t x[2] = {(uint64_t)a, (uint64_t)(a >> 64)}, y[2] = {(uint64_t)b, (uint64_t)(b >> 64)};
    struct plain_wide out = {{0}};
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

/* By the schoolbook: one bit of the quotient at a time. */
static struct plain_wide plain_divide(struct plain_wide n, unsigned __int128 by, bool *ret_rest)
{
    struct plain_wide out = {{0}};
    unsigned __int128 rest = 0;
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

static bool plain_fits(const struct plain_wide *v, unsigned __int128 limit)
{
    return !v->at[3] && !v->at[2] && ((unsigned __int128)v->at[1] << 64 | v->at[0]) < limit;
}

static struct ucum_num plain_round(struct plain_wide v, int e, bool minus, int digits, bool sticky)
{
    unsigned last = 0;
    while (!plain_fits(&v, ten_to(digits))) {
        unsigned __int128 rest = 0;
        sticky |= last != 0;
        for (int i = 3; i >= 0; i--) {
            unsigned __int128 part = rest << 64 | v.at[i];
            v.at[i] = (uint64_t)(part / 10);
            rest = part % 10;
        }
        last = (unsigned)rest;
        e++;
    }
    unsigned __int128 m = (unsigned __int128)v.at[1] << 64 | v.at[0];
    if (last > 5 || (last == 5 && (sticky || (m & 1))))
        m++;
    if (m == ten_to(digits)) {
        m /= 10;
        e++;
    }
    return (struct ucum_num){.m = minus ? -(__int128)m : (__int128)m, .e = m ? e : 0};
}

static struct ucum_num plain_num_round(struct ucum_num v, int digits)
{
    unsigned __int128 m = size_of(v.m);
    return plain_round((struct plain_wide){{(uint64_t)m, (uint64_t)(m >> 64), 0, 0}}, v.e, v.m < 0,
                       digits, false);
}

static struct ucum_num plain_mul(struct ucum_num a, struct ucum_num b)
{
    return plain_round(plain_multiply(size_of(a.m), size_of(b.m)), a.e + b.e,
                       (a.m < 0) != (b.m < 0), DIGITS, false);
}

static struct ucum_num plain_div(struct ucum_num a, struct ucum_num b)
{
    bool rest = false;
    if (a.m == 0)
        return a;
    while (size_of(a.m) < ten_to(DIGITS - 1)) {
        a.m *= 10;
        a.e--;
    }
    struct plain_wide q =
        plain_divide(plain_multiply(size_of(a.m), ten_to(38)), size_of(b.m), &rest);
    struct ucum_num out = plain_round(q, a.e - b.e - 38, (a.m < 0) != (b.m < 0), DIGITS, rest);
    while (out.m && out.m % 10 == 0) {
        out.m /= 10;
        out.e++;
    }
    return out;
}

static struct ucum_num plain_add(struct ucum_num a, struct ucum_num b)
{
    struct ucum_num hi = a.e >= b.e ? a : b, lo = a.e >= b.e ? b : a;
    if (hi.m == 0 || lo.m == 0)
        return hi.m ? hi : lo;
    while (hi.e > lo.e && size_of(hi.m) < ten_to(36)) {
        hi.m *= 10;
        hi.e--;
    }
    while (hi.e > lo.e && lo.m) {
        lo.m /= 10;
        lo.e++;
    }
    return plain_num_round((struct ucum_num){.m = hi.m + lo.m, .e = hi.e}, DIGITS);
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Of one digit to 34; now and then a power of ten, one less or more, or a half. */
static struct ucum_num any(uint64_t *seed)
{
    int digits = 1 + (int)(next(seed) % DIGITS);
    unsigned __int128 top = ten_to(digits), m = (unsigned __int128)next(seed) << 64 | next(seed);
    m %= top;
    switch (next(seed) % 8) {
    case 0:
        m = ten_to(digits - 1);
        break;
    case 1:
        m = top - 1;
        break;
    case 2:
        m = 5 * ten_to(digits - 1);
        break;
    case 3:
        m = ten_to(digits - 1) + 1;
        break;
    default:
        break;
    }
    bool minus = next(seed) & 1;
    return (struct ucum_num){.m = minus ? -(__int128)m : (__int128)m,
                             .e = m ? (int)(next(seed) % 121) - 60 : 0};
}

static void same(struct ucum_num a, struct ucum_num b, const char *what, size_t round)
{
    if (a.m != b.m || a.e != b.e)
        fail_msg("%s differs in round %zu\n", what, round);
}

static void as_plain_arithmetic(void **state)
{
    uint64_t seed = 0x9E3779B97F4A7C15u;
    (void)state;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct ucum_num a = any(&seed), b = any(&seed);
        int digits = 1 + (int)(next(&seed) % DIGITS);
        same(ucum_num_mul(a, b), plain_mul(a, b), "a product", i);
        same(ucum_num_add(a, b), plain_add(a, b), "a sum", i);
        same(ucum_num_round(a, digits), plain_num_round(a, digits), "a rounded number", i);
        if (b.m)
            same(ucum_num_div(a, b), plain_div(a, b), "a quotient", i);
    }
}

/* Doubles by way of their texts, as strtod and printf have them. */
static void as_texts_of_doubles(void **state)
{
    uint64_t seed = 88172645463325252u;
    (void)state;
    for (size_t i = 0; i < ROUNDS; i++) {
        char text[80];
        struct ucum_num a = any(&seed), b;
        double v = 0, whole = (double)(int64_t)(next(&seed) >> (next(&seed) % 64));
        unsigned __int128 m = size_of(a.m) % ten_to(19);
        a.m = a.m < 0 ? -(__int128)m : (__int128)m;
        snprintf(text, sizeof text, "%s%llue%d", a.m < 0 ? "-" : "", (unsigned long long)m, a.e);
        assert_true(str_to_double(str_of(text), &v));
        assert_true(ucum_num_double(a) >= v && ucum_num_double(a) <= v);
        for (int k = 0; k < 2; k++) {
            double d = k ? whole / 8 : -whole;
            snprintf(text, sizeof text, "%.17g", d);
            assert_true(ucum_num_parse(str_of(text), &b));
            same(ucum_num_of(d), b, "a double", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_plain_arithmetic),
        cmocka_unit_test(as_texts_of_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
