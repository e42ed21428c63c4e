/* Public ids: an 80-bit keyed permutation (balanced Feistel, SipHash rounds) of the resource number
 * and 40 zero bits, written in Crockford's base 32. Whoever has no key can neither count resources
 * nor make up an id that parses (one chance in 2^40). No table, no index. */
#include "store/rekey.h"
#include "store/store_int.h"

#include <sodium.h>

#define ROUNDS 6u
#define HALF_MASK RID_MAX

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

static uint64_t mix(const struct vault *v, unsigned round, uint64_t half)
{
    unsigned char in[9], out[crypto_shorthash_BYTES];
    in[0] = (unsigned char)round;
    u64_write((char *)in + 1, half);
    crypto_shorthash(out, in, sizeof in, v->id + (round & 1) * 16);
    return u64_read((char *)out) & HALF_MASK;
}

void store_id_format(const struct store *s, uint64_t rid, char out[STORE_ID_LEN])
{
    uint64_t left = rid & HALF_MASK, right = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t next = left ^ mix(&s->vault, round, right);
        left = right;
        right = next;
    }
    for (unsigned i = 0; i < 8; i++) {
        out[i] = digits[(left >> (35 - 5 * i)) & 31];
        out[8 + i] = digits[(right >> (35 - 5 * i)) & 31];
    }
}

bool id_parse(const struct vault *v, str id, uint64_t *ret_rid)
{
    uint64_t half[2] = {0, 0};
    if (id.n != STORE_ID_LEN)
        return false;
    for (unsigned i = 0; i < STORE_ID_LEN; i++) {
        const char *digit = memchr(digits, id.p[i], 32);
        if (!digit)
            return false;
        half[i / 8] = half[i / 8] << 5 | (uint64_t)(digit - digits);
    }
    uint64_t left = half[0], right = half[1];
    for (unsigned round = ROUNDS; round-- > 0;) {
        uint64_t before = right ^ mix(v, round, left);
        right = left;
        left = before;
    }
    if (right != 0)
        return false;
    *ret_rid = left;
    return true;
}

bool store_id_parse(const struct store *s, str id, uint64_t *ret_rid)
{
    return id_parse(&s->vault, id, ret_rid);
}

uint64_t store_rid_last(struct store *s)
{
    return atomic_load(&s->rid_next) - 1;
}

uint64_t store_rid_new(struct store *s, uint64_t n)
{
    return atomic_fetch_add(&s->rid_next, n);
}

uint64_t store_now_t(const struct store *s)
{
    return atomic_load(&s->t);
}
