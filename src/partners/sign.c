/* Signatures of notifications: Standard Webhooks (https://www.standardwebhooks.com), asymmetric
 * form "v1a": Ed25519 over "id.timestamp.body". The secret is made once and kept sealed with the
 * record; receivers get the public key from /.well-known/weft-webhooks.
 * Invariant: every try of one notification carries the same webhook-id. */
#include "partners/partners_int.h"

#include <sodium.h>

#define KEY "partners/signing"

err sign_open(struct op *op, struct partners *p)
{
    str seed;
    uint8_t fresh[crypto_sign_SEEDBYTES];
    TRY(record_kv_get(op, p->rec, STR(KEY), &seed));
    if (seed.n != sizeof fresh) {
        struct record_tx *tx = record_begin(op, p->rec);
        randombytes_buf(fresh, sizeof fresh);
        seed = str_make((const char *)fresh, sizeof fresh);
        record_tx_kv(tx, STR(KEY), seed);
        TRY(record_commit(tx));
    }
    crypto_sign_seed_keypair(p->public, p->secret, (const unsigned char *)seed.p);
    sodium_bin2base64(p->key, sizeof p->key, p->public, sizeof p->public,
                      sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(fresh, sizeof fresh);
    return OK;
}

str partners_key(const struct partners *p)
{
    return str_of(p->key);
}

void sign_parcel(struct partners *p, struct parcel *parcel, int64_t now)
{
    struct arena *a = parcel->arena;
    uint8_t signature[crypto_sign_BYTES];
    char text[sodium_base64_ENCODED_LEN(crypto_sign_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    long long at = (long long)(now / 1000);
    str all = arena_printf(a, "%.*s.%lld.%.*s", STR_ARG(parcel->id), at, STR_ARG(parcel->body));
    crypto_sign_detached(signature, NULL, (const unsigned char *)all.p, all.n, p->secret);
    sodium_bin2base64(text, sizeof text, signature, sizeof signature,
                      sodium_base64_VARIANT_ORIGINAL);
    parcel->headers[parcel->n_headers++] = arena_printf(a, "webhook-id: %.*s", STR_ARG(parcel->id));
    parcel->headers[parcel->n_headers++] = arena_printf(a, "webhook-timestamp: %lld", at);
    parcel->headers[parcel->n_headers++] = arena_printf(a, "webhook-signature: v1a,%s", text);
}
