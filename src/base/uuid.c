/* Random identifiers and tokens. All randomness comes from libsodium's generator, which asks the
 * kernel. */
#include "base/uuid.h"

#include <sodium.h>

void random_bytes(void *out, size_t n)
{
    /* Idempotent and thread-safe; a failure only means slower primitives, never weaker ones. */
    int ready = sodium_init();
    (void)ready;
    randombytes_buf(out, n);
}

uint64_t random_u64(void)
{
    uint64_t v;
    random_bytes(&v, sizeof v);
    return v;
}

str uuid_new(struct arena *a)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[16];
    char out[36];
    random_bytes(bytes, sizeof bytes);
    bytes[6] = (unsigned char)((bytes[6] & 0x0F) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3F) | 0x80);
    size_t at = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = hex[bytes[i] >> 4];
        out[at++] = hex[bytes[i] & 15];
    }
    return arena_str(a, str_make(out, sizeof out));
}

str random_token(struct arena *a, size_t bytes)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    size_t n = (bytes * 8 + 4) / 5;
    unsigned char *raw = arena_alloc(a, bytes);
    char *out = arena_alloc(a, n + 1);
    if (!raw || !out)
        return STR_NONE;
    random_bytes(raw, bytes);
    unsigned held = 0, bits = 0;
    size_t in = 0;
    for (size_t i = 0; i < n; i++) {
        if (bits < 5) {
            held = (held << 8 | (in < bytes ? raw[in] : 0)) & 0xFFFF;
            in++;
            bits += 8;
        }
        bits -= 5;
        out[i] = digits[held >> bits & 31];
    }
    out[n] = 0;
    sodium_memzero(raw, bytes);
    return str_make(out, n);
}
