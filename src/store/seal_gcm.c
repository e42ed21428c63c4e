/* AES-256-GCM (NIST SP 800-38D) for documents: a third of the time of XChaCha20-Poly1305 where the
 * processor has the instructions. Does not choose keys or nonces. Invariant: what one machine
 * sealed another opens, with or without the instructions (GnuTLS there). */
#include "store/vault_int.h"

#include <gnutls/crypto.h>
#include <sodium.h>

_Static_assert(GCM_NONCE == crypto_aead_aes256gcm_NPUBBYTES, "nonce");
_Static_assert(GCM_TAG == crypto_aead_aes256gcm_ABYTES, "tag");

bool gcm_fast(void)
{
    return crypto_aead_aes256gcm_is_available() != 0;
}

void gcm_seal(const struct gcm *g, str plain, unsigned char *out)
{
    crypto_aead_aes256gcm_encrypt(out, NULL, (const unsigned char *)plain.p, plain.n,
                                  (const unsigned char *)g->aad.p, g->aad.n, NULL, g->nonce,
                                  g->key);
}

static bool open_slowly(const struct gcm *g, str sealed, unsigned char *out)
{
    gnutls_aead_cipher_hd_t h;
    unsigned char key[32];
    gnutls_datum_t k = {key, sizeof key};
    size_t n = sealed.n - GCM_TAG;
    memcpy(key, g->key, sizeof key);
    bool good = gnutls_aead_cipher_init(&h, GNUTLS_CIPHER_AES_256_GCM, &k) == 0;
    sodium_memzero(key, sizeof key);
    if (!good)
        return false;
    good = gnutls_aead_cipher_decrypt(h, g->nonce, GCM_NONCE, g->aad.p, g->aad.n, GCM_TAG, sealed.p,
                                      sealed.n, out, &n) == 0;
    gnutls_aead_cipher_deinit(h);
    return good;
}

bool gcm_open(const struct gcm *g, bool fast, str sealed, unsigned char *out)
{
    if (sealed.n < GCM_TAG)
        return false;
    if (!fast)
        return open_slowly(g, sealed, out);
    return crypto_aead_aes256gcm_decrypt(out, NULL, NULL, (const unsigned char *)sealed.p, sealed.n,
                                         (const unsigned char *)g->aad.p, g->aad.n, g->nonce,
                                         g->key) == 0;
}
