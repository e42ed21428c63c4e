/* The cryptography of passkeys, by libfido2: what an authenticator said about a new key, and what a
 * key signed. It keeps nothing. Invariant: nothing counts that was not made for our host, by a
 * present person whom the authenticator has verified. */
#include "identity/webauthn_int.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <sodium.h>

#define FLAG_PRESENT 0x01u
#define FLAG_VERIFIED 0x04u
#define FLAG_SYNCED 0x10u /* level 3: backup state */
#define FLAG_KEY 0x40u
#define HEAD_BYTES 37u /* hash of the host, flags, counter */

/* What registration and assertion have in common. */
static err head_check(struct op *op, str auth_data, str rp, uint8_t *ret_flags, uint32_t *ret_count)
{
    uint8_t hash[crypto_hash_sha256_BYTES], flags;
    uint32_t count;
    str in = str_sub(auth_data, 32, SIZE_MAX);
    if (auth_data.n < HEAD_BYTES || auth_data.n > AUTH_DATA_MAX || !take_u8(&in, &flags) ||
        !take_u32(&in, &count))
        return fail(op, ERR_INVALID, "What the passkey says cannot be read.");
    crypto_hash_sha256(hash, (const unsigned char *)rp.p, rp.n);
    if (sodium_memcmp(hash, auth_data.p, sizeof hash) != 0)
        return fail(op, ERR_INVALID, "The passkey is for another site.");
    if (!(flags & FLAG_PRESENT) || !(flags & FLAG_VERIFIED))
        return fail(op, ERR_INVALID,
                    "Your device has to check that it is you: by finger, face or PIN.");
    *ret_flags = flags;
    *ret_count = count;
    return OK;
}

err credential_read(struct op *op, str auth_data, str rp, struct credential *ret)
{
    static const int algs[] = {COSE_ES256, COSE_EDDSA, COSE_RS256};
    uint8_t flags;
    struct credential c = {0};
    TRY(head_check(op, auth_data, rp, &flags, &c.count));
    c.synced = (flags & FLAG_SYNCED) != 0;
    bool done = false;
    for (size_t i = 0; (flags & FLAG_KEY) && !done && i < sizeof algs / sizeof *algs; i++) {
        fido_cred_t *made = fido_cred_new();
        done = made && fido_cred_set_type(made, algs[i]) == FIDO_OK &&
               fido_cred_set_authdata_raw(made, (const unsigned char *)auth_data.p, auth_data.n) ==
                   FIDO_OK &&
               fido_cred_id_len(made) > 0 && fido_cred_pubkey_len(made) > 0;
        if (done) {
            c.alg = algs[i];
            c.id = arena_str(
                op->arena, str_make((const char *)fido_cred_id_ptr(made), fido_cred_id_len(made)));
            c.key = arena_str(op->arena, str_make((const char *)fido_cred_pubkey_ptr(made),
                                                  fido_cred_pubkey_len(made)));
        }
        fido_cred_free(&made);
    }
    if (!done || c.id.n > CREDENTIAL_MAX)
        return fail(op, ERR_INVALID, "The new passkey is of a kind this server does not know.");
    *ret = c;
    return op_check(op);
}

/* *ret_key of whatever kind; NULL when it cannot be. */
static void *key_of(const struct credential *c)
{
    es256_pk_t *es = NULL;
    eddsa_pk_t *ed = NULL;
    rs256_pk_t *rs = NULL;
    switch (c->alg) {
    case COSE_ES256:
        es = es256_pk_new();
        if (es && es256_pk_from_ptr(es, c->key.p, c->key.n) != FIDO_OK)
            es256_pk_free(&es);
        return es;
    case COSE_EDDSA:
        ed = eddsa_pk_new();
        if (ed && eddsa_pk_from_ptr(ed, c->key.p, c->key.n) != FIDO_OK)
            eddsa_pk_free(&ed);
        return ed;
    case COSE_RS256:
        rs = rs256_pk_new();
        if (rs && rs256_pk_from_ptr(rs, c->key.p, c->key.n) != FIDO_OK)
            rs256_pk_free(&rs);
        return rs;
    default:
        return NULL;
    }
}

static void key_free(int alg, void *key)
{
    es256_pk_t *es = key;
    eddsa_pk_t *ed = key;
    rs256_pk_t *rs = key;
    if (alg == COSE_ES256)
        es256_pk_free(&es);
    else if (alg == COSE_EDDSA)
        eddsa_pk_free(&ed);
    else if (alg == COSE_RS256)
        rs256_pk_free(&rs);
}

err credential_verify(struct op *op, const struct credential *c, str rp,
                      const struct identity_assertion *a, uint32_t *ret_count)
{
    uint8_t flags, hash[crypto_hash_sha256_BYTES];
    uint32_t count;
    TRY(head_check(op, a->authenticator_data, rp, &flags, &count));
    crypto_hash_sha256(hash, (const unsigned char *)a->client_data.p, a->client_data.n);
    fido_assert_t *said = fido_assert_new();
    void *key = key_of(c);
    bool ok = said && key && fido_assert_set_count(said, 1) == FIDO_OK &&
              fido_assert_set_clientdata_hash(said, hash, sizeof hash) == FIDO_OK &&
              fido_assert_set_rp(said, str_z(op->arena, rp)) == FIDO_OK &&
              fido_assert_set_up(said, FIDO_OPT_TRUE) == FIDO_OK &&
              fido_assert_set_uv(said, FIDO_OPT_TRUE) == FIDO_OK &&
              fido_assert_set_authdata_raw(said, 0, (const unsigned char *)a->authenticator_data.p,
                                           a->authenticator_data.n) == FIDO_OK &&
              fido_assert_set_sig(said, 0, (const unsigned char *)a->signature.p, a->signature.n) ==
                  FIDO_OK &&
              fido_assert_verify(said, 0, c->alg, key) == FIDO_OK;
    if (key)
        key_free(c->alg, key);
    fido_assert_free(&said);
    if (!ok)
        return fail(op, ERR_INVALID, "The signature of the passkey is not right.");
    *ret_count = count;
    return OK;
}
