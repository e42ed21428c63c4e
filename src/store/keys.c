/* Byte forms of keys (see keys_int.h). Pure; reads nothing but its arguments.
 * Invariant: comparing row keys as bytes orders them by (type, key, resource number). */
#include "store/keys_int.h"

#define LIST_GAPS 0
#define LIST_BITMAP 1
#define BITMAP_BYTES (CHUNK_SIZE / 8)

static int by_bytes(const void *x, const void *y)
{
    return str_cmp(*(const str *)x, *(const str *)y);
}

/* Few, as of a look: no call of a function for each comparison. */
static void sort_keys(str *at, size_t n)
{
    if (n > 8) {
        qsort(at, n, sizeof *at, by_bytes);
        return;
    }
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k && str_cmp(at[k - 1], at[k]) > 0; k--) {
            str t = at[k];
            at[k] = at[k - 1];
            at[k - 1] = t;
        }
}

err keyset_pack(struct op *op, const str *keys, size_t n, str *ret_set)
{
    str *sorted = arena_alloc(op->arena, n * sizeof *sorted);
    struct buf b;
    buf_init(&b, op->arena, (size_t)64 << 20);
    if (!sorted || arena_failed(op->arena))
        return fail(op, ERR_TOO_LARGE, "too many search keys for one resource");
    for (size_t i = 0; i < n; i++) {
        if (keys[i].n < 2 || keys[i].n > KEY_MAX)
            return fail(op, ERR_INVALID, "a search key has %zu bytes", keys[i].n);
        sorted[i] = keys[i];
    }
    sort_keys(sorted, n);
    for (size_t i = 0; i < n; i++) {
        if (i && str_eq(sorted[i], sorted[i - 1]))
            continue;
        buf_varint(&b, sorted[i].n);
        buf_add(&b, sorted[i]);
    }
    if (!buf_ok(&b))
        return fail(op, ERR_TOO_LARGE, "too many search keys for one resource");
    *ret_set = buf_str(&b);
    return OK;
}

bool keyset_next_long(str *set, str *ret_key)
{
    uint64_t n = 0;
    return take_varint(set, &n) && n >= 2 && n <= set->n && take_bytes(set, n, ret_key);
}

void keyset_minus(struct buf *out, str a, str b)
{
    str ka, kb = STR_NONE;
    bool more = keyset_next(&b, &kb);
    while (keyset_next(&a, &ka)) {
        while (more && str_cmp(kb, ka) < 0)
            more = keyset_next(&b, &kb);
        if (more && str_eq(ka, kb))
            continue;
        buf_varint(out, ka.n);
        buf_add(out, ka);
    }
}

err keyset_unpack(struct op *op, str set, str **ret, size_t *ret_n)
{
    size_t n = 0;
    str key;
    for (str s = set; keyset_next(&s, &key);)
        n++;
    str *out = arena_alloc(op->arena, (n ? n : 1) * sizeof *out);
    if (!out || arena_failed(op->arena))
        return fail(op, ERR_TOO_LARGE, "too many search keys");
    for (size_t i = 0; i < n && keyset_next(&set, &key); i++)
        out[i] = key;
    *ret = out;
    *ret_n = n;
    return OK;
}

/* Writes at most 2 * key.n + 3 bytes; returns how many. */
static size_t escape(char *out, uint16_t type, str key)
{
    size_t n = 0;
    out[n++] = (char)(type >> 8);
    out[n++] = (char)type;
    for (size_t i = 0; i < key.n; i++) {
        unsigned char c = (unsigned char)key.p[i];
        if (c < 2)
            out[n++] = 1;
        out[n++] = (char)(c < 2 ? c + 1 : c);
    }
    out[n++] = 0;
    return n;
}

void ekey_write(struct buf *b, uint16_t type, str key)
{
    char *out = buf_reserve(b, 2 * key.n + 3);
    if (out)
        buf_commit(b, escape(out, type, key));
}

str ekey_make(struct arena *a, uint16_t type, str key)
{
    char *out = arena_alloc(a, 2 * key.n + 3);
    return out ? str_make(out, escape(out, type, key)) : STR_NONE;
}

str ekey_end(struct arena *a, str ekey)
{
    char *out = arena_alloc(a, ekey.n);
    if (!out)
        return STR_NONE;
    memcpy(out, ekey.p, ekey.n);
    out[ekey.n - 1] = 1;
    return str_make(out, ekey.n);
}

str ekey_key_in(char *room, str ekey)
{
    size_t n = 0;
    for (size_t i = 2; i + 1 < ekey.n; i++) {
        char c = ekey.p[i];
        if (c == 1)
            c = (char)(ekey.p[++i] - 1);
        room[n++] = c;
    }
    return str_make(room, n);
}

str ekey_key(struct arena *a, str ekey)
{
    char *out = arena_alloc(a, ekey.n);
    return out ? ekey_key_in(out, ekey) : STR_NONE;
}

static void write_bitmap(struct buf *b, const uint16_t *lows, size_t n)
{
    char *bits = buf_reserve(b, BITMAP_BYTES);
    if (!bits)
        return;
    memset(bits, 0, BITMAP_BYTES);
    for (size_t i = 0; i < n; i++)
        bits[lows[i] >> 3] = (char)((unsigned char)bits[lows[i] >> 3] | 1u << (lows[i] & 7));
    buf_commit(b, BITMAP_BYTES);
}

void list_write(struct buf *b, const uint16_t *lows, size_t n)
{
    buf_u8(b, n > BITMAP_BYTES ? LIST_BITMAP : LIST_GAPS);
    if (n > BITMAP_BYTES) {
        write_bitmap(b, lows, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        buf_varint(b, i ? (uint64_t)(lows[i] - lows[i - 1]) : lows[i]);
}

const unsigned char *list_bits(str in)
{
    bool bitmap = in.n == 1 + BITMAP_BYTES && in.p[0] == LIST_BITMAP;
    return bitmap ? (const unsigned char *)in.p + 1 : NULL;
}

static uint64_t word_of(const unsigned char *bits, size_t at)
{
    uint64_t word;
    memcpy(&word, bits + at / 64 * sizeof word, sizeof word);
    return le64toh(word);
}

size_t bits_next(const unsigned char *bits, size_t from)
{
    uint64_t mask = UINT64_MAX << (from & 63);
    for (; from < CHUNK_SIZE; from = (from | 63) + 1, mask = UINT64_MAX) {
        uint64_t word = word_of(bits, from) & mask;
        if (word)
            return from / 64 * 64 + (size_t)__builtin_ctzll(word);
    }
    return CHUNK_SIZE;
}

size_t bits_last(const unsigned char *bits, size_t before)
{
    uint64_t mask = before & 63 ? (UINT64_C(1) << (before & 63)) - 1 : UINT64_MAX;
    for (; before > 0; before = (before - 1) / 64 * 64, mask = UINT64_MAX) {
        uint64_t word = word_of(bits, before - 1) & mask;
        if (word)
            return (before - 1) / 64 * 64 + 63 - (size_t)__builtin_clzll(word);
    }
    return CHUNK_SIZE;
}

size_t bits_count(const unsigned char *bits)
{
    size_t n = 0;
    for (size_t at = 0; at < CHUNK_SIZE; at += 64)
        n += (size_t)__builtin_popcountll(word_of(bits, at));
    return n;
}

static bool read_bitmap(str in, uint16_t *lows, size_t *ret_n)
{
    const unsigned char *bits = list_bits(in);
    size_t n = 0;
    for (size_t at = 0; bits && (at = bits_next(bits, at)) < CHUNK_SIZE; at++)
        lows[n++] = (uint16_t)at;
    *ret_n = n;
    return bits != NULL;
}

bool list_read(str in, uint16_t *lows, size_t *ret_n)
{
    uint8_t form = 0;
    str whole = in;
    if (!take_u8(&in, &form))
        return false;
    if (form == LIST_BITMAP)
        return read_bitmap(whole, lows, ret_n);
    uint64_t at = 0, gap = 0;
    size_t n = 0;
    while (in.n) {
        if (n == CHUNK_SIZE || !take_varint(&in, &gap) || gap >= CHUNK_SIZE)
            return false;
        at += gap;
        if (at >= CHUNK_SIZE || (n && gap == 0))
            return false;
        lows[n++] = (uint16_t)at;
    }
    *ret_n = n;
    return form == LIST_GAPS;
}
