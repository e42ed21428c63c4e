/* Message encryption for Web Push (RFC 8291 over RFC 8188) and voluntary identification (RFC 8292),
 * with OpenSSL. Invariant: whatever fails leaves nothing half made, and secrets on the stack are
 * wiped. */
#include "outreach/push_int.h"

#include "base/buf.h"
#include "base/json.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <sodium.h>

#define TAG 16u
#define KEY 16u
#define NONCE 12u
#define HEADER (PUSH_SALT + 4 + 1 + PUSH_POINT)
#define TOKEN_LIFE_S (12 * 3600)

str push_base64(struct arena *a, const void *p, size_t n)
{
    size_t room = sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *out = arena_alloc(a, room);
    if (!out)
        return STR_NONE;
    sodium_bin2base64(out, room, p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return str_of(out);
}

static bool bytes_of(str text, uint8_t *out, size_t n)
{
    size_t len = 0;
    return sodium_base642bin(out, n, text.p, text.n, "=", &len, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           len == n;
}

EVP_PKEY *push_pair_new(void)
{
    return EVP_EC_gen("P-256");
}

bool push_point(EVP_PKEY *pair, uint8_t out[PUSH_POINT])
{
    size_t n = 0;
    return EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_PUB_KEY, out, PUSH_POINT, &n) &&
           n == PUSH_POINT;
}

/* A point that is not on the curve is refused by OpenSSL here. */
static EVP_PKEY *peer_of(const uint8_t point[PUSH_POINT])
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){"P-256"}, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (uint8_t[PUSH_POINT]){0},
                                          PUSH_POINT),
        OSSL_PARAM_construct_end()};
    memcpy(params[1].data, point, PUSH_POINT);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (c && EVP_PKEY_fromdata_init(c) > 0)
        (void)EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(c);
    return key;
}

err push_device_read(struct op *op, const struct json *o, struct push_device *ret)
{
    struct push_device d = {.endpoint = json_get_str(o, STR("endpoint"))};
    EVP_PKEY *peer = NULL;
    if (bytes_of(json_get_str(o, STR("p256dh")), d.point, PUSH_POINT) &&
        bytes_of(json_get_str(o, STR("auth")), d.auth, PUSH_AUTH))
        peer = peer_of(d.point);
    if (!peer)
        return fail_at(op, ERR_INVALID, STR("keys"), "The keys of this device cannot be read.");
    EVP_PKEY_free(peer);
    *ret = d;
    return OK;
}

static bool shared_secret(EVP_PKEY *pair, const uint8_t point[PUSH_POINT], uint8_t out[32])
{
    EVP_PKEY *peer = peer_of(point);
    EVP_PKEY_CTX *c = peer ? EVP_PKEY_CTX_new(pair, NULL) : NULL;
    size_t n = 32;
    bool done = c && EVP_PKEY_derive_init(c) > 0 && EVP_PKEY_derive_set_peer(c, peer) > 0 &&
                EVP_PKEY_derive(c, out, &n) > 0 && n == 32;
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(peer);
    return done;
}

/* HKDF with SHA-256: extract and expand. */
static bool derive(str salt, str secret, str info, uint8_t *out, size_t n)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    bool done = c && EVP_PKEY_derive_init(c) > 0 && EVP_PKEY_CTX_set_hkdf_md(c, EVP_sha256()) > 0 &&
                EVP_PKEY_CTX_set1_hkdf_salt(c, (const uint8_t *)salt.p, (int)salt.n) > 0 &&
                EVP_PKEY_CTX_set1_hkdf_key(c, (const uint8_t *)secret.p, (int)secret.n) > 0 &&
                EVP_PKEY_CTX_add1_hkdf_info(c, (const uint8_t *)info.p, (int)info.n) > 0 &&
                EVP_PKEY_derive(c, out, &n) > 0;
    EVP_PKEY_CTX_free(c);
    return done;
}

#define BYTES(p) str_make((const char *)(p), sizeof(p))

struct sealing {
    uint8_t salt[PUSH_SALT], point[PUSH_POINT], key[KEY], nonce[NONCE];
};

/* Key and nonce of salt, the pair (whose point is ours) and the device. */
static bool keys_of(const struct push_device *to, EVP_PKEY *pair, struct sealing *s)
{
    static const char what[] = "WebPush: info", cek[] = "Content-Encoding: aes128gcm",
                      non[] = "Content-Encoding: nonce"; /* each with its final zero */
    uint8_t secret[32], ikm[32], info[sizeof what + 2 * PUSH_POINT];
    str fresh = BYTES(s->salt);
    memcpy(info, what, sizeof what);
    memcpy(info + sizeof what, to->point, PUSH_POINT);
    memcpy(info + sizeof what + PUSH_POINT, s->point, PUSH_POINT);
    bool done = shared_secret(pair, to->point, secret) &&
                derive(BYTES(to->auth), BYTES(secret), BYTES(info), ikm, sizeof ikm) &&
                derive(fresh, BYTES(ikm), BYTES(cek), s->key, KEY) &&
                derive(fresh, BYTES(ikm), BYTES(non), s->nonce, NONCE);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(ikm, sizeof ikm);
    return done;
}

static bool seal(const struct sealing *s, const uint8_t *in, int n, uint8_t *out)
{
    int done = 0, end = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool sealed = c && EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, s->key, s->nonce) > 0 &&
                  EVP_EncryptUpdate(c, out, &done, in, n) > 0 &&
                  EVP_EncryptFinal_ex(c, out + done, &end) > 0 && done + end == n &&
                  EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, out + n) > 0;
    EVP_CIPHER_CTX_free(c);
    return sealed;
}

err push_encrypt(struct op *op, const struct push_device *to, const struct push_once *with,
                 str text, str *ret)
{
    struct sealing s;
    size_t n = with->plain > text.n + 1 ? with->plain : text.n + 1;
    uint8_t *in = arena_alloc(op->arena, n), *out = arena_alloc(op->arena, HEADER + n + TAG);
    TRY(op_check(op));
    if (text.n > PUSH_TEXT_MAX)
        return fail(op, ERR_TOO_LARGE, "a notice has at most %u bytes", PUSH_TEXT_MAX);
    memset(in, 0, n);
    memcpy(in, text.p, text.n);
    in[text.n] = 2; /* the last record ends here; zeros follow */
    memcpy(s.salt, with->salt, PUSH_SALT);
    bool done = push_point(with->pair, s.point) && keys_of(to, with->pair, &s);
    memcpy(out, s.salt, PUSH_SALT);
    memcpy(out + PUSH_SALT, (const uint8_t[]){0, 0, 16, 0, PUSH_POINT}, 5); /* records of 4096 */
    memcpy(out + PUSH_SALT + 5, s.point, PUSH_POINT);
    done = done && seal(&s, in, (int)n, out + HEADER);
    sodium_memzero(&s, sizeof s);
    if (!done)
        return fail(op, ERR_FAULT, "a notice cannot be sealed");
    *ret = str_make((const char *)out, HEADER + n + TAG);
    return OK;
}

/* ---- who we are ---- */
static str origin_of(str endpoint)
{
    size_t host = str_find(endpoint, STR("://"), 0);
    if (host == SIZE_MAX)
        return STR_NONE;
    return str_sub(endpoint, 0, str_find_char(endpoint, '/', host + 3));
}

/* r and s, 32 bytes each, of the signature as OpenSSL writes it. */
static bool raw_signature(const uint8_t *der, size_t n, uint8_t out[64])
{
    ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &der, (long)n);
    bool done = s && BN_bn2binpad(ECDSA_SIG_get0_r(s), out, 32) == 32 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(s), out + 32, 32) == 32;
    ECDSA_SIG_free(s);
    return done;
}

static bool sign(EVP_PKEY *key, str text, uint8_t out[64])
{
    uint8_t der[80];
    size_t n = sizeof der;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool done = c && EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) > 0 &&
                EVP_DigestSign(c, der, &n, (const uint8_t *)text.p, text.n) > 0 &&
                raw_signature(der, n, out);
    EVP_MD_CTX_free(c);
    return done;
}

err push_vapid(struct op *op, EVP_PKEY *server, str endpoint, str contact, str *ret)
{
    static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
    struct arena *a = op->arena;
    uint8_t point[PUSH_POINT], signature[64];
    struct buf b;
    buf_init(&b, a, 4096);
    buf_add(&b, STR("{\"aud\":"));
    buf_json_string(&b, origin_of(endpoint));
    buf_printf(&b, ",\"exp\":%lld", (long long)op->now / 1000 + TOKEN_LIFE_S);
    if (!str_empty(contact)) {
        buf_add(&b, STR(",\"sub\":"));
        buf_json_string(&b, contact);
    }
    buf_char(&b, '}');
    if (!buf_ok(&b))
        return fail(op, ERR_INVALID, "the endpoint is too long");
    str claims = buf_str(&b), text;
    text = arena_printf(a, "%.*s.%.*s", STR_ARG(push_base64(a, head, sizeof head - 1)),
                        STR_ARG(push_base64(a, claims.p, claims.n)));
    if (!push_point(server, point) || !sign(server, text, signature))
        return fail(op, ERR_FAULT, "the server's key of notices cannot be used");
    *ret = arena_printf(a, "vapid t=%.*s.%.*s, k=%.*s", STR_ARG(text),
                        STR_ARG(push_base64(a, signature, sizeof signature)),
                        STR_ARG(push_base64(a, point, sizeof point)));
    return op_check(op);
}
