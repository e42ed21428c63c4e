/* Signed tokens (JWS compact, RFC 7515; keys as JWK, RFC 7517) over GnuTLS. Only what is asked for
 * is ever tried: the caller names the algorithms, an algorithm names the kind of key, and keys come
 * from a set the caller holds, so "none", a key inside the token (jwk, jku, x5c) and a public key
 * taken for a secret are not expressible. No clock, no I/O. Thread-safe. */
#ifndef WEFT_IDENTITY_JOSE_H
#define WEFT_IDENTITY_JOSE_H

#include "base/json.h"

#define JOSE_RS256 1u
#define JOSE_RS384 2u
#define JOSE_ES256 4u
#define JOSE_ES384 8u
#define JOSE_TOKEN_MAX (16u << 10)
#define JOSE_KEYS_MAX 20u

/* The claims of a token signed by the key of the set that its kid names. algs: those taken.
 * ERR_UNAUTHENTICATED with one plain sentence otherwise. */
MUST err jose_verify(struct op *op, str token, const struct json *jwks, unsigned algs,
                     struct json **ret_claims);
/* ret: a compact RS256 token; key is PEM. */
MUST err jose_sign(struct op *op, str key_pem, str kid, const struct json *claims, str *ret);
/* A new RSA key of 3072 bits as PEM. Takes a second or so of processor time. */
MUST err jose_key_new(struct op *op, str *ret_pem);
/* Its public half as a JWK with kid, use and alg. */
MUST err jose_key_public(struct op *op, str pem, str kid, struct json **ret);
/* Is every key of the set public, of a kind and size that is taken, and named by its own kid?
 * ERR_INVALID says which rule is broken. */
MUST err jose_keys_check(struct op *op, const struct json *jwks);
/* base64url without padding. */
str jose_b64(struct arena *a, str bytes);
bool jose_unb64(struct arena *a, str text, str *ret);
/* base64url of SHA-256, as PKCE's S256 makes it (RFC 7636 4.2). */
str jose_s256(struct arena *a, str text);

#endif
