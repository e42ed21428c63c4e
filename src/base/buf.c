/* Growing buffers, their binary readers, and the two text encodings everybody needs (JSON strings
 * and percent-encoding). Invariant: n <= cap <= max; once failed nothing is written again. */
#include "base/buf.h"

#include <endian.h>
#include <stdio.h>

#define FIRST 256u

void buf_init(struct buf *b, struct arena *a, size_t max)
{
    *b = (struct buf){.arena = a, .max = max};
}

bool buf_ok(const struct buf *b)
{
    return !b->failed;
}

str buf_str(const struct buf *b)
{
    return b->p ? str_make(b->p, b->n) : str_make("", 0);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->failed = false;
}

char *buf_reserve(struct buf *b, size_t n)
{
    if (b->failed)
        return NULL;
    if (n <= b->cap - b->n && b->p)
        return b->p + b->n;
    if (n > b->max - b->n) {
        b->failed = true;
        return NULL;
    }
    size_t cap = b->cap > b->max / 2 ? b->max : b->cap * 2;
    if (cap < FIRST)
        cap = FIRST < b->max ? FIRST : b->max;
    if (cap < b->n + n)
        cap = b->n + n;
    char *grown = arena_grow(b->arena, b->p, b->cap, cap);
    if (!grown) {
        b->failed = true;
        return NULL;
    }
    b->p = grown;
    b->cap = cap;
    return b->p + b->n;
}

void buf_commit(struct buf *b, size_t n)
{
    if (!b->failed)
        b->n += n;
}

void buf_add_slow(struct buf *b, str s)
{
    char *to = s.n ? buf_reserve(b, s.n) : NULL;
    if (!to)
        return;
    memcpy(to, s.p, s.n);
    b->n += s.n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    char first[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(first, sizeof first, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof first) {
        buf_add(b, str_make(first, (size_t)n));
        return;
    }
    va_start(ap, fmt);
    str s = arena_vprintf(b->arena, fmt, ap);
    va_end(ap);
    if (s.p)
        buf_add(b, s);
    else
        b->failed = true;
}

void buf_u8(struct buf *b, uint8_t v)
{
    buf_char(b, (char)v);
}

static void big_endian(struct buf *b, uint64_t v, unsigned bytes)
{
    uint64_t out = htobe64(v << (64 - 8 * bytes));
    buf_add(b, str_make((const char *)&out, bytes));
}

void buf_u16(struct buf *b, uint16_t v)
{
    big_endian(b, v, 2);
}

void buf_u32(struct buf *b, uint32_t v)
{
    big_endian(b, v, 4);
}

void buf_u64(struct buf *b, uint64_t v)
{
    big_endian(b, v, 8);
}

void buf_varint(struct buf *b, uint64_t v)
{
    char out[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        out[n++] = (char)(v | 0x80);
    out[n++] = (char)v;
    buf_add(b, str_make(out, n));
}

void buf_utf8(struct buf *b, uint32_t c)
{
    unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    buf_u8(b, (uint8_t)(lead[more] | c >> (6 * more)));
    while (more-- > 0)
        buf_u8(b, (uint8_t)(0x80 | (c >> (6 * more) & 0x3f)));
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static uint64_t has_zero(uint64_t w)
{
    return (w - EACH(1)) & ~w & EACH(0x80);
}

/* Up to the next character that is escaped or not ASCII: eight at a time, the last ones among
 * spaces. The lowest top bit that is set is that of such a character. */
static size_t plain_end(str s, size_t at)
{
    for (; at < s.n; at += 8) {
        uint64_t w = EACH(' ');
        if (s.n - at >= sizeof w)
            memcpy(&w, s.p + at, sizeof w);
        else
            memcpy(&w, s.p + at, s.n - at);
        w = le64toh(w);
        uint64_t found = ((w - EACH(' ')) & ~w & EACH(0x80)) | (w & EACH(0x80)) |
                         has_zero(w ^ EACH('"')) | has_zero(w ^ EACH('\\'));
        if (found)
            return at + (unsigned)__builtin_ctzll(found) / 8;
    }
    return s.n;
}

static void json_escape(struct buf *b, unsigned char c)
{
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof names - 1; i += 2) {
        if (names[i] == (char)c) {
            char two[] = {'\\', names[i + 1]};
            buf_add(b, str_make(two, 2));
            return;
        }
    }
    static const char hex[] = "0123456789abcdef";
    char six[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    buf_add(b, str_make(six, 6));
}

void buf_json_string(struct buf *b, str s)
{
    buf_char(b, '"');
    size_t start = 0, at = 0;
    while ((at = plain_end(s, at)) < s.n) {
        unsigned char c = (unsigned char)s.p[at];
        size_t next = at + 1;
        bool keep = false;
        if (c >= 0x80) {
            next = at;
            /* A decoded U+FFFD is three bytes long; a bad byte is one. */
            keep = str_utf8_next(s, &next) != 0xFFFD || next - at == 3;
        }
        if (!keep) {
            buf_add(b, str_make(s.p + start, at - start));
            if (c >= 0x80)
                buf_add(b, STR("\xEF\xBF\xBD"));
            else
                json_escape(b, c);
            start = next;
        }
        at = next;
    }
    if (at > start)
        buf_add(b, str_make(s.p + start, at - start));
    buf_char(b, '"');
}

static bool unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void buf_url(struct buf *b, str s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        char three[] = {'%', hex[c >> 4], hex[c & 15]};
        buf_add(b, unreserved(c) ? str_make(s.p + i, 1) : str_make(three, 3));
    }
}

static bool take_big_endian(str *in, unsigned bytes, uint64_t *ret)
{
    if (in->n < bytes)
        return false;
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v = v << 8 | (unsigned char)in->p[i];
    *in = str_make(in->p + bytes, in->n - bytes);
    *ret = v;
    return true;
}

bool take_u16(str *in, uint16_t *ret)
{
    uint64_t v;
    if (!take_big_endian(in, 2, &v))
        return false;
    *ret = (uint16_t)v;
    return true;
}

bool take_u32(str *in, uint32_t *ret)
{
    uint64_t v;
    if (!take_big_endian(in, 4, &v))
        return false;
    *ret = (uint32_t)v;
    return true;
}

bool take_u64(str *in, uint64_t *ret)
{
    return take_big_endian(in, 8, ret);
}

/* Eight bytes at once, which is what nearly all need at most. */
static bool take_varint_8(str *in, uint64_t *ret)
{
    uint64_t v;
    memcpy(&v, in->p, 8);
    v = le64toh(v);
    uint64_t ends = ~v & UINT64_C(0x8080808080808080);
    if (!ends)
        return false;
    v &= (ends ^ (ends - 1)) & UINT64_C(0x7F7F7F7F7F7F7F7F);
    v = (v & UINT64_C(0x007F007F007F007F)) | (v & UINT64_C(0x7F007F007F007F00)) >> 1;
    v = (v & UINT64_C(0x00003FFF00003FFF)) | (v & UINT64_C(0x3FFF00003FFF0000)) >> 2;
    *ret = (v & UINT64_C(0x000000000FFFFFFF)) | (v & UINT64_C(0x0FFFFFFF00000000)) >> 4;
    size_t n = (size_t)(__builtin_ctzll(ends) + 1) / 8;
    *in = str_make(in->p + n, in->n - n);
    return true;
}

bool take_varint_long(str *in, uint64_t *ret)
{
    if (in->n >= 8 && take_varint_8(in, ret))
        return true;
    uint64_t v = 0, c = 0x80;
    size_t i = 0, most = in->n < 10 ? in->n : 10;
    for (; i < most && c >= 0x80; i++) {
        c = (unsigned char)in->p[i];
        v |= (c & 0x7F) << (7 * i);
    }
    if (c >= 0x80 || (i == 10 && c > 1))
        return false;
    *in = str_make(in->p + i, in->n - i);
    *ret = v;
    return true;
}

void buf_html(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '<':
            buf_add(b, STR("&lt;"));
            break;
        case '>':
            buf_add(b, STR("&gt;"));
            break;
        case '&':
            buf_add(b, STR("&amp;"));
            break;
        case '"':
            buf_add(b, STR("&quot;"));
            break;
        default:
            buf_char(b, s.p[i]);
        }
    }
}
