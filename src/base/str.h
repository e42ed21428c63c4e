/* Slices of bytes, passed by value everywhere inside. A str never owns its bytes and is not
 * NUL-terminated; NUL appears only at libc edges, through str_z(). All functions here are pure
 * and thread-safe. Parsers named str_take_* consume from *in on success and leave it untouched
 * on failure. */
#ifndef WEFT_BASE_STR_H
#define WEFT_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct str {
    const char *p;
    size_t n;
} str;

#define STR(lit) ((str){(lit), sizeof(lit) - 1})
#define STR_NONE ((str){NULL, 0})
/* For printf-family format "%.*s". */
#define STR_ARG(s) (int)(s).n, (s).p

static inline str str_make(const char *p, size_t n)
{
    return (str){p, n};
}

/* Of a NUL-terminated string; NULL gives STR_NONE. */
static inline str str_of(const char *z)
{
    return z ? (str){z, strlen(z)} : STR_NONE;
}

static inline bool str_empty(str s)
{
    return s.n == 0;
}

static inline bool str_eq(str a, str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII case ignored. */
bool str_eq_nocase(str a, str b);
/* Order of bytes, shorter first on a tie: <0, 0, >0. */
static inline int str_cmp(str a, str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}
bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);
/* Offset of the first needle at or after from, or SIZE_MAX. */
size_t str_find(str s, str needle, size_t from);
/* Offset of the first byte c at or after from, or SIZE_MAX. */
size_t str_find_char(str s, char c, size_t from);
/* Bytes [from, to) clamped to the slice. */
str str_sub(str s, size_t from, size_t to);
/* Without ASCII white space at either end. */
str str_trim(str s);
/* Takes what stands before the next sep (or all that is left) off *in; the separator goes too.
 * "a," gives "a" and "". False when nothing is left (*in is STR_NONE). */
bool str_take_until(str *in, char sep, str *ret_part);
/* 0 … 15 of a hexadecimal digit, -1 of anything else. */
int str_hex_digit(char c);
/* Decimal digits only, value at most max. */
bool str_take_u64(str *in, uint64_t max, uint64_t *ret);
/* The whole slice is a decimal unsigned/signed number in range. */
bool str_to_u64(str s, uint64_t max, uint64_t *ret);
bool str_to_i64(str s, int64_t *ret);
/* The whole slice is a finite JSON number of less than 1024 bytes; locale-independent. */
bool str_to_double(str s, double *ret);
/* Well-formed UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF. */
bool str_utf8_valid(str s);
/* Decodes one code point at s[*at], advancing *at; U+FFFD for a bad byte. */
uint32_t str_utf8_next(str s, size_t *at);
/* At most max bytes of well-formed UTF-8, to the end of a character. */
str str_utf8_cut(str s, size_t max);
/* FNV-1a, for hash tables only (not keyed, not for anything a peer may choose to collide). */
uint64_t str_hash(str s);

#endif
