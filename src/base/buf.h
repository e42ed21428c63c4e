/* A growing byte buffer in an arena with a hard ceiling. Errors are sticky: append freely, check
 * buf_ok() once at the end. Past the ceiling nothing more is written. */
#ifndef WEFT_BASE_BUF_H
#define WEFT_BASE_BUF_H

#include "base/arena.h"

struct buf {
    struct arena *arena;
    char *p;
    size_t n, cap, max;
    bool failed;
};

/* max: ceiling in bytes. */
void buf_init(struct buf *b, struct arena *a, size_t max);
bool buf_ok(const struct buf *b);
/* What has been written so far; valid until the next append. */
str buf_str(const struct buf *b);
void buf_clear(struct buf *b);
void buf_add_slow(struct buf *b, str s); /* where there may be no room yet */
static inline void buf_add(struct buf *b, str s)
{
    if (b->failed || s.n == 0 || s.n > b->cap - b->n) {
        buf_add_slow(b, s);
        return;
    }
    memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
}
static inline void buf_char(struct buf *b, char c)
{
    buf_add(b, str_make(&c, 1));
}
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Space for n bytes to be filled by the caller, then buf_commit(n); NULL when failed. */
char *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);
/* Big-endian integers and unsigned LEB128, for binary keys and rows. */
void buf_u8(struct buf *b, uint8_t v);
void buf_u16(struct buf *b, uint16_t v);
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
void buf_varint(struct buf *b, uint64_t v);
/* A character as UTF-8; c is at most 0x10FFFF. */
void buf_utf8(struct buf *b, uint32_t c);
/* JSON string with quotes and escapes. Invalid UTF-8 bytes become U+FFFD. */
void buf_json_string(struct buf *b, str s);
/* Text of an HTML page, also within an attribute in double quotes. */
void buf_html(struct buf *b, str s);
/* application/x-www-form-urlencoded / RFC 3986 percent-encoding of everything but unreserved. */
void buf_url(struct buf *b, str s);

/* Readers over a slice: consume on success, false (and untouched) when too short. */
bool take_u16(str *in, uint16_t *ret);
bool take_u32(str *in, uint32_t *ret);
bool take_u64(str *in, uint64_t *ret);
bool take_varint_long(str *in, uint64_t *ret);
static inline bool take_bytes(str *in, size_t n, str *ret)
{
    if (in->n < n)
        return false;
    *ret = str_make(in->p, n);
    *in = str_make(in->p ? in->p + n : NULL, in->n - n);
    return true;
}
static inline bool take_u8(str *in, uint8_t *ret)
{
    if (in->n == 0 || !in->p)
        return false;
    *ret = (uint8_t)in->p[0];
    *in = str_make(in->p + 1, in->n - 1);
    return true;
}
static inline bool take_varint(str *in, uint64_t *ret)
{
    if (in->n == 0 || !in->p || (unsigned char)in->p[0] >= 0x80)
        return take_varint_long(in, ret);
    *ret = (unsigned char)in->p[0];
    *in = str_make(in->p + 1, in->n - 1);
    return true;
}

#endif
