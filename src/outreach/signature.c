/* The webhook signature of the Twilio shape: base64 of HMAC-SHA1 over the public URL followed by
 * every form field's name and value, sorted by name. Compared in constant time. */
#include "outreach/outreach_int.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>

bool hmac_sha1_base64(str key, str text, char out[29])
{
    unsigned char mac[20];
    if (gnutls_hmac_fast(GNUTLS_MAC_SHA1, key.p, key.n, text.p, text.n, mac) != 0)
        return false;
    sodium_bin2base64(out, 29, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
    return true;
}

static size_t next_by_name(const str *names, const bool *used, size_t n)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++)
        if (!used[i] && (best == n || str_cmp(names[i], names[best]) < 0))
            best = i;
    return best;
}

bool outreach_signature_ok(const struct outreach *o, str url, const str *names, const str *values,
                           size_t n, str signature)
{
    char want[29] = {0};
    bool used[64] = {false};
    if (n > 64 || signature.n != 28 || o->secret_sms.n == 0)
        return false;
    struct arena *a = arena_new(1u << 20);
    struct buf b;
    if (!a)
        return false;
    buf_init(&b, a, 1u << 19);
    buf_add(&b, url);
    for (size_t k = 0; k < n; k++) {
        size_t i = next_by_name(names, used, n);
        used[i] = true;
        buf_add(&b, names[i]);
        buf_add(&b, values[i]);
    }
    bool ok = buf_ok(&b) && hmac_sha1_base64(o->secret_sms, buf_str(&b), want) &&
              sodium_memcmp(want, signature.p, 28) == 0;
    arena_free(a);
    return ok;
}
