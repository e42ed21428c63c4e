/* JWS and JWK by GnuTLS: see jose.h. Invariant: which key and which algorithm is decided by the
 * caller's set and list; of the token's head only alg and kid are read, to choose among them. */
#include "identity/jose.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <sodium.h>

struct alg {
    unsigned bit;
    const char *name, *kty, *crv;
    gnutls_sign_algorithm_t sign;
    gnutls_ecc_curve_t curve;
    size_t bytes; /* of one coordinate */
};
static const struct alg algs_known[] = {
    {JOSE_RS256, "RS256", "RSA", "", GNUTLS_SIGN_RSA_SHA256, GNUTLS_ECC_CURVE_INVALID, 0},
    {JOSE_RS384, "RS384", "RSA", "", GNUTLS_SIGN_RSA_SHA384, GNUTLS_ECC_CURVE_INVALID, 0},
    {JOSE_ES256, "ES256", "EC", "P-256", GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_ECC_CURVE_SECP256R1, 32},
    {JOSE_ES384, "ES384", "EC", "P-384", GNUTLS_SIGN_ECDSA_SHA384, GNUTLS_ECC_CURVE_SECP384R1, 48},
};
#define ALGS (sizeof algs_known / sizeof *algs_known)
#define RSA_BITS_MIN 2048u
#define RSA_BITS 3072u

str jose_b64(struct arena *a, str bytes)
{
    size_t n = sodium_base64_encoded_len(bytes.n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *out = arena_alloc(a, n);
    if (!out)
        return STR_NONE;
    sodium_bin2base64(out, n, (const unsigned char *)bytes.p, bytes.n,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return str_of(out);
}

bool jose_unb64(struct arena *a, str text, str *ret)
{
    unsigned char *out = arena_alloc(a, text.n + 1);
    size_t n;
    if (!out || !text.n ||
        sodium_base642bin(out, text.n, text.p, text.n, NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return false;
    *ret = str_make((char *)out, n);
    return true;
}

str jose_s256(struct arena *a, str text)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)text.p, text.n);
    return jose_b64(a, str_make((char *)hash, sizeof hash));
}

static gnutls_datum_t datum(str s)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)s.p, (unsigned)s.n};
}

/* A JSON object of a token's part or a key set: small. */
static bool object_of(struct op *op, str text, struct json **ret)
{
    struct json_limits limits = {.bytes = JOSE_TOKEN_MAX, .depth = 8, .nodes = 2000};
    struct fault before = op->fault;
    if (json_read(op, text, &limits, ret) == OK && json_is(*ret, JSON_OBJECT))
        return true;
    op->fault = before;
    return false;
}

static bool part(struct op *op, const struct json *key, const char *name, str *ret)
{
    return jose_unb64(op->arena, json_get_str(key, str_of(name)), ret);
}

/* *ret is the caller's to free when true. */
static bool key_import(struct op *op, const struct json *key, const struct alg *alg,
                       gnutls_pubkey_t *ret)
{
    str a, b;
    bool ec = alg->bytes > 0, ok = false;
    unsigned bits = 0;
    gnutls_pubkey_t k;
    if (!str_eq(json_get_str(key, STR("kty")), str_of(alg->kty)) ||
        !part(op, key, ec ? "x" : "n", &a) || !part(op, key, ec ? "y" : "e", &b) ||
        gnutls_pubkey_init(&k) != 0)
        return false;
    gnutls_datum_t da = datum(a), db = datum(b);
    if (ec)
        ok = str_eq(json_get_str(key, STR("crv")), str_of(alg->crv)) && a.n == alg->bytes &&
             b.n == alg->bytes && gnutls_pubkey_import_ecc_raw(k, alg->curve, &da, &db) == 0 &&
             gnutls_pubkey_verify_params(k) == 0;
    else
        ok = a.n <= 1024 && gnutls_pubkey_import_rsa_raw(k, &da, &db) == 0 &&
             gnutls_pubkey_get_pk_algorithm(k, &bits) == GNUTLS_PK_RSA && bits >= RSA_BITS_MIN;
    if (!ok)
        gnutls_pubkey_deinit(k);
    else
        *ret = k;
    return ok;
}

static bool use_fits(const struct json *key, const struct alg *alg)
{
    str use = json_get_str(key, STR("use")), named = json_get_str(key, STR("alg"));
    return (!use.n || str_eq(use, STR("sig"))) && (!named.n || str_eq(named, str_of(alg->name)));
}

static bool signed_by(const struct json *key, const struct alg *alg, struct op *op, str data,
                      str sig)
{
    gnutls_pubkey_t k;
    gnutls_datum_t der = {NULL, 0}, d = datum(data), s = datum(sig);
    bool ok = use_fits(key, alg) && key_import(op, key, alg, &k);
    if (!ok)
        return false;
    if (alg->bytes) {
        gnutls_datum_t r = datum(str_sub(sig, 0, alg->bytes)),
                       t = datum(str_sub(sig, alg->bytes, sig.n));
        ok = sig.n == 2 * alg->bytes && gnutls_encode_rs_value(&der, &r, &t) == 0;
        s = der;
    }
    ok = ok && gnutls_pubkey_verify_data2(k, alg->sign, 0, &d, &s) >= 0;
    gnutls_free(der.data);
    gnutls_pubkey_deinit(k);
    return ok;
}

static const struct alg *alg_of(str name, unsigned taken)
{
    for (size_t i = 0; i < ALGS; i++)
        if ((algs_known[i].bit & taken) && str_eq(name, str_of(algs_known[i].name)))
            return &algs_known[i];
    return NULL;
}

static err refused(struct op *op, const char *why)
{
    return fail(op, ERR_UNAUTHENTICATED, "%s", why);
}

err jose_verify(struct op *op, str token, const struct json *jwks, unsigned algs,
                struct json **ret_claims)
{
    size_t one = str_find_char(token, '.', 0),
           two = one == SIZE_MAX ? one : str_find_char(token, '.', one + 1);
    str head_text, body_text, sig;
    struct json *head, *claims;
    if (token.n > JOSE_TOKEN_MAX || two == SIZE_MAX ||
        !jose_unb64(op->arena, str_sub(token, 0, one), &head_text) ||
        !jose_unb64(op->arena, str_sub(token, one + 1, two), &body_text) ||
        !jose_unb64(op->arena, str_sub(token, two + 1, SIZE_MAX), &sig) ||
        !object_of(op, head_text, &head) || !object_of(op, body_text, &claims))
        return refused(op, "The signed token is not a JWS of three parts.");
    const struct alg *alg = alg_of(json_get_str(head, STR("alg")), algs);
    str kid = json_get_str(head, STR("kid"));
    if (!alg)
        return refused(op, "The signed token names an algorithm that is not taken here.");
    if (JSON_GET(head, "crit") || JSON_GET(head, "b64"))
        return refused(op, "The signed token asks for an extension that is not known here.");
    const struct json *keys = JSON_GET(jwks, "keys"), *key;
    bool named = false;
    for (size_t i = 0; i < JOSE_KEYS_MAX && (key = json_at(keys, i)); i++) {
        if (!kid.n || !str_eq(json_get_str(key, STR("kid")), kid))
            continue;
        named = true;
        if (signed_by(key, alg, op, str_sub(token, 0, two), sig)) {
            *ret_claims = claims;
            return op_check(op);
        }
    }
    return refused(op, named ? "The signature does not fit the key that the token names."
                             : "The signed token names no key (kid) of the registered ones.");
}

static bool pem_open(str pem, gnutls_privkey_t *ret)
{
    gnutls_datum_t d = datum(pem);
    if (gnutls_privkey_init(ret) != 0)
        return false;
    if (gnutls_privkey_import_x509_raw(*ret, &d, GNUTLS_X509_FMT_PEM, NULL, 0) == 0)
        return true;
    gnutls_privkey_deinit(*ret);
    return false;
}

err jose_sign(struct op *op, str key_pem, str kid, const struct json *claims, str *ret)
{
    struct arena *a = op->arena;
    struct json *head = json_new(a, JSON_OBJECT);
    struct buf h, b;
    gnutls_privkey_t k;
    gnutls_datum_t sig = {NULL, 0};
    json_set_str(a, head, STR("alg"), STR("RS256"));
    json_set_str(a, head, STR("typ"), STR("JWT"));
    json_set_str(a, head, STR("kid"), kid);
    buf_init(&h, a, 1024);
    buf_init(&b, a, JOSE_TOKEN_MAX);
    json_write(&h, head);
    json_write(&b, claims);
    if (!buf_ok(&b) || !pem_open(key_pem, &k))
        return fail(op, ERR_FAULT, "The signing key cannot be used.");
    str text = arena_printf(a, "%.*s.%.*s", STR_ARG(jose_b64(a, buf_str(&h))),
                            STR_ARG(jose_b64(a, buf_str(&b))));
    gnutls_datum_t d = datum(text);
    int rc = gnutls_privkey_sign_data2(k, GNUTLS_SIGN_RSA_SHA256, 0, &d, &sig);
    if (rc == 0)
        *ret = arena_printf(a, "%.*s.%.*s", STR_ARG(text),
                            STR_ARG(jose_b64(a, str_make((char *)sig.data, sig.size))));
    gnutls_free(sig.data);
    gnutls_privkey_deinit(k);
    return rc == 0 ? op_check(op) : fail(op, ERR_FAULT, "The signing key cannot be used.");
}

err jose_key_new(struct op *op, str *ret_pem)
{
    gnutls_x509_privkey_t k;
    gnutls_datum_t pem = {NULL, 0};
    if (gnutls_x509_privkey_init(&k) != 0)
        return fail(op, ERR_UNAVAILABLE, "No memory for a signing key.");
    int rc = gnutls_x509_privkey_generate(k, GNUTLS_PK_RSA, RSA_BITS, 0);
    if (rc == 0)
        rc = gnutls_x509_privkey_export2(k, GNUTLS_X509_FMT_PEM, &pem);
    gnutls_x509_privkey_deinit(k);
    if (rc != 0)
        return fail(op, ERR_FAULT, "A signing key could not be made.");
    *ret_pem = arena_str(op->arena, str_make((char *)pem.data, pem.size));
    sodium_memzero(pem.data, pem.size);
    gnutls_free(pem.data);
    return op_check(op);
}

err jose_key_public(struct op *op, str pem, str kid, struct json **ret)
{
    struct arena *a = op->arena;
    gnutls_privkey_t k;
    gnutls_datum_t n = {NULL, 0}, e = {NULL, 0};
    if (!pem_open(pem, &k))
        return fail(op, ERR_FAULT, "A stored signing key cannot be read.");
    int rc = gnutls_privkey_export_rsa_raw2(k, &n, &e, NULL, NULL, NULL, NULL, NULL, NULL,
                                            GNUTLS_EXPORT_FLAG_NO_LZ);
    gnutls_privkey_deinit(k);
    if (rc != 0)
        return fail(op, ERR_FAULT, "A stored signing key cannot be read.");
    struct json *o = json_new(a, JSON_OBJECT);
    json_set_str(a, o, STR("kty"), STR("RSA"));
    json_set_str(a, o, STR("use"), STR("sig"));
    json_set_str(a, o, STR("alg"), STR("RS256"));
    json_set_str(a, o, STR("kid"), kid);
    json_set_str(a, o, STR("n"), jose_b64(a, str_make((char *)n.data, n.size)));
    json_set_str(a, o, STR("e"), jose_b64(a, str_make((char *)e.data, e.size)));
    gnutls_free(n.data);
    gnutls_free(e.data);
    *ret = o;
    return op_check(op);
}

static bool usable(struct op *op, const struct json *key)
{
    for (size_t i = 0; i < ALGS; i++) {
        gnutls_pubkey_t k;
        if (!use_fits(key, &algs_known[i]) || !key_import(op, key, &algs_known[i], &k))
            continue;
        gnutls_pubkey_deinit(k);
        return true;
    }
    return false;
}

err jose_keys_check(struct op *op, const struct json *jwks)
{
    const struct json *keys = JSON_GET(jwks, "keys"), *key;
    size_t i;
    for (i = 0; (key = json_at(keys, i)); i++) {
        str kid = json_get_str(key, STR("kid"));
        if (i == JOSE_KEYS_MAX)
            return fail(op, ERR_INVALID, "A key set has at most %u keys.", JOSE_KEYS_MAX);
        if (JSON_GET(key, "d") || JSON_GET(key, "k"))
            return fail(op, ERR_INVALID, "A key set holds public keys only; keep the secret ones.");
        if (!kid.n || kid.n > 128 || !usable(op, key))
            return fail(op, ERR_INVALID,
                        "Each key needs a kid and is RSA of 2048 bits or more, P-256 or P-384.");
        for (size_t j = 0; j < i; j++)
            if (str_eq(json_get_str(json_at(keys, j), STR("kid")), kid))
                return fail(op, ERR_INVALID, "Two keys of the set have the same kid.");
    }
    return i ? OK : fail(op, ERR_INVALID, "The key set has no keys.");
}
