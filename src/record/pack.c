/* The bytes of search keys: parameter number, then a value whose byte order is the order of its
 * meaning. Texts become keyed hashes (blind), numbers and instants order-preserving integers.
 * Writer (keys.c) and reader (clause*.c) meet only here. Invariant: equal meanings give equal
 * bytes, and for numbers and instants the order of bytes is the order of values. */
#include "base/uuid.h"
#include "record/record_int.h"

#include <sodium.h>
#include <stdatomic.h>

const int64_t span_ms[SPAN_CLASSES] = {1, 1000, 60000, 86400000};

#define MEMO_SLOTS 8192u
#define MEMO_TEXT 64u

/* A slot is found and known by a keyed hash of domain and text: mark is that hash xor value, so
 * that halves of two writers at once are seen not to belong together. Texts are not kept. */
struct blind_memo {
    unsigned char key[crypto_shorthash_KEYBYTES];
    struct memo_slot {
        atomic_uint_fast64_t mark, value;
    } slots[MEMO_SLOTS];
};

static const str domains[BLIND_COUNT] = {
    [BLIND_CODE] = {"token.code", 10},    [BLIND_SYSTEM] = {"token.system", 12},
    [BLIND_EXACT] = {"string.exact", 12}, [BLIND_PREFIX] = {"string.prefix", 13},
    [BLIND_GRAM] = {"string.gram", 11},   [BLIND_URI] = {"uri", 3},
    [BLIND_UNIT] = {"unit", 4},           [BLIND_USER] = {"user", 4},
    [BLIND_TYPED] = {"token.typed", 11},  [BLIND_WORD] = {"word", 4},
    [BLIND_BEGIN] = {"word.begin", 10},   [BLIND_PHRASE] = {"phrase", 6},
};

struct blind_memo *blind_memo_new(void)
{
    struct blind_memo *m = calloc(1, sizeof *m);
    if (m)
        random_bytes(m->key, sizeof m->key);
    return m;
}

uint64_t blind(const struct blinder *b, enum blind_domain domain, str text)
{
    unsigned char named[1 + MEMO_TEXT] = {(unsigned char)domain};
    uint64_t known;
    if (!b->memo || text.n > MEMO_TEXT)
        return store_blind(b->store, domains[domain], text);
    if (text.n)
        memcpy(named + 1, text.p, text.n);
    crypto_shorthash((unsigned char *)&known, named, 1 + text.n, b->memo->key);
    struct memo_slot *s = &b->memo->slots[known % MEMO_SLOTS];
    uint64_t value = atomic_load_explicit(&s->value, memory_order_relaxed);
    uint64_t mark = atomic_load_explicit(&s->mark, memory_order_relaxed);
    if (mark && (mark ^ value) == known)
        return value;
    value = store_blind(b->store, domains[domain], text);
    atomic_store_explicit(&s->value, value, memory_order_relaxed);
    atomic_store_explicit(&s->mark, known ^ value, memory_order_relaxed);
    return value;
}

void kb_u8(struct kb *k, uint8_t v)
{
    if (k->n < KEY_MAX)
        k->p[k->n++] = (char)v;
}

void kb_top(struct kb *k, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        kb_u8(k, (uint8_t)(v >> (56 - 8 * i)));
}

void kb_low(struct kb *k, uint64_t v, unsigned bytes)
{
    kb_top(k, v << (64 - 8 * bytes), bytes);
}

struct kb kb_param(uint16_t number)
{
    struct kb k;
    k.n = 0;
    kb_low(&k, number, 2);
    return k;
}

/* 56 bits hold every FHIR year in ms; open ends are pressed to the edge. */
void kb_time(struct kb *k, int64_t ms)
{
    const int64_t edge = (INT64_C(1) << 55) - 1;
    int64_t v = ms > edge ? edge : ms < -edge ? -edge : ms;
    kb_low(k, (uint64_t)(v + (INT64_C(1) << 55)), TIME_BYTES);
}

struct kb kb_ends(const struct kb *k)
{
    struct kb e = *k;
    e.p[0] = (char)((unsigned char)e.p[0] | 0x80u);
    return e;
}

void kb_double(struct kb *k, double v)
{
    uint64_t bits;
    double plain = v + 0.0; /* -0 and 0 are one number */
    memcpy(&bits, &plain, sizeof bits);
    kb_top(k, bits >> 63 ? ~bits : bits | (UINT64_C(1) << 63), 8);
}

void kb_token(struct kb *k, const struct blinder *b, str system, str code)
{
    kb_top(k, blind(b, BLIND_CODE, code), 6);
    kb_top(k, blind(b, BLIND_SYSTEM, system), 3);
}

size_t kb_word(struct kb *k, const struct blinder *b, str word)
{
    kb_top(k, blind(b, BLIND_BEGIN, str_sub(word, 0, prefix_cut(word, WORD_BEGIN_BYTES))), 2);
    size_t begin = k->n;
    kb_top(k, blind(b, BLIND_WORD, word), 4);
    return begin;
}

/* v of a range of so many units, as a number of PLACE_BITS bits. */
static uint64_t place_part(int64_t v, int64_t range)
{
    int64_t n = (v + range / 2) * (INT64_C(1) << PLACE_BITS) / range;
    int64_t most = (INT64_C(1) << PLACE_BITS) - 1;
    return (uint64_t)(n < 0 ? 0 : n > most ? most : n);
}

uint64_t place_cell(int64_t lat, int64_t lon)
{
    uint64_t y = place_part(lat, INT64_C(1800000000)), x = place_part(lon, INT64_C(3600000000));
    uint64_t cell = 0;
    for (unsigned i = PLACE_BITS; i-- > 0;)
        cell = cell << 2 | (y >> i & 1) << 1 | (x >> i & 1);
    return cell;
}

void kb_typed(struct kb *k, const struct blinder *b, str whole)
{
    kb_u8(k, TAG_TYPED);
    kb_top(k, blind(b, BLIND_TYPED, whole), 6);
}

str kb_str(struct arena *a, const struct kb *k)
{
    return arena_str(a, str_make(k->p, k->n));
}

uint8_t span_class(int64_t lo, int64_t hi)
{
    uint8_t i = 0;
    while (i < SPAN_CLASSES && (lo < INT64_MIN / 2 || hi > INT64_MAX / 2 || hi - lo != span_ms[i]))
        i++;
    return i;
}

size_t prefix_cut(str s, size_t max)
{
    return str_utf8_cut(s, max).n;
}
