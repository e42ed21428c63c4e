/* Sealing and hashing with the store's keys: the vault hands out the key of an owner and an epoch
 * and remembers some of them. Does not read, make or wrap keys (ring.c, keyfile.c).
 * Version 1 of a seal, made before there were epochs, is opened only. */
#include "base/uuid.h"
#include "store/store_int.h"

#include <sodium.h>

enum { SEAL_OLD = 1, SEAL_XCHACHA = 2, SEAL_GCM = 3 };
#define XCHACHA_NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SEAL_TAG GCM_TAG
_Static_assert(SEAL_OVERHEAD == 2 + XCHACHA_NONCE + SEAL_TAG, "overhead");
_Static_assert(SEAL_TAG == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");

err(out_of_memory)(struct op *op)
{
    return fail(op, ERR_UNAVAILABLE, "the operation needs more memory than it may have");
}

err(damaged)(struct op *op, const char *what)
{
    return fail(op, ERR_FAULT, "stored bytes do not verify (%s); restore from a backup", what);
}

err vault_init(struct op *op, struct vault *v, struct ring *r)
{
    v->ring = r;
    v->stripes = sodium_malloc(VAULT_STRIPES * sizeof *v->stripes);
    if (!v->stripes)
        return out_of_memory(op);
    memset(v->stripes, 0, VAULT_STRIPES * sizeof *v->stripes);
    for (unsigned i = 0; i < VAULT_STRIPES; i++)
        pthread_mutex_init(&v->stripes[i].lock, NULL);
    memcpy(v->blind, r->blind, sizeof v->blind);
    memcpy(v->id, r->id, sizeof v->id);
    memcpy(v->old, r->old, sizeof v->old);
    v->has_old = r->has_old;
    memcpy(v->sign, r->sign, sizeof v->sign);
    atomic_store(&v->epoch, r->epochs[r->n_epochs - 1].number);
    blind_hash(v, STR("trail chain"), STR(""), v->chain, sizeof v->chain);
    blind_hash(v, STR("kv group"), KV_OFTEN, v->often, sizeof v->often);
    return OK;
}

void vault_free(struct vault *v)
{
    if (!v->ring)
        return;
    for (unsigned i = 0; v->stripes && i < VAULT_STRIPES; i++)
        pthread_mutex_destroy(&v->stripes[i].lock);
    sodium_free(v->stripes);
    ring_free(v->ring);
    sodium_memzero(v, sizeof *v);
}

void vault_change(struct vault *v, struct ring *r)
{
    for (unsigned i = 0; i < VAULT_STRIPES; i++) {
        pthread_mutex_lock(&v->stripes[i].lock);
        memset(v->stripes[i].slots, 0, sizeof v->stripes[i].slots);
        memset(v->stripes[i].branches, 0, sizeof v->stripes[i].branches);
    }
    struct ring *old = v->ring;
    v->ring = r;
    atomic_store(&v->epoch, r->epochs[r->n_epochs - 1].number);
    for (unsigned i = 0; i < VAULT_STRIPES; i++)
        pthread_mutex_unlock(&v->stripes[i].lock);
    ring_free(old);
}

bool vault_has(struct vault *v, uint64_t owner)
{
    struct vault_stripe *s = &v->stripes[owner % VAULT_STRIPES];
    pthread_mutex_lock(&s->lock);
    bool has =
        ring_holds(v->ring, atomic_load(&v->epoch), owner) && !ring_has_erased(v->ring, owner);
    pthread_mutex_unlock(&s->lock);
    return has;
}

static uint64_t mixed(uint64_t a, uint32_t epoch)
{
    return (a + epoch) * 0x9E3779B97F4A7C15u;
}

/* By way of the branch, which neighbours share; with the stripe's lock. */
static bool make_key(struct vault *v, struct vault_stripe *s, uint32_t epoch, uint64_t owner,
                     uint8_t out[32])
{
    uint64_t of = owner >> (4 * BRANCH_LEVELS);
    unsigned at = (unsigned)(mixed(of, epoch) >> 40) % VAULT_BRANCHES;
    if (owner == OWNER_STORE)
        return ring_key(v->ring, epoch, owner, out);
    if (s->branches[at].epoch != epoch || s->branches[at].of != of) {
        if (!ring_seed(v->ring, epoch, owner, BRANCH_LEVELS, out))
            return ring_key(v->ring, epoch, owner, out);
        s->branches[at].epoch = epoch;
        s->branches[at].of = of;
        memcpy(s->branches[at].seed, out, 32);
    }
    memcpy(out, s->branches[at].seed, 32);
    ring_descend(out, BRANCH_LEVELS, owner);
    return true;
}

static bool key_of(struct vault *v, uint32_t epoch, uint64_t owner, uint8_t out[32])
{
    struct vault_stripe *s = &v->stripes[mixed(owner, epoch) >> 58]; /* neighbours in several */
    unsigned at = (unsigned)(mixed(owner, epoch) >> 48) % VAULT_SLOTS;
    pthread_mutex_lock(&s->lock);
    bool there = s->slots[at].epoch == epoch && s->slots[at].owner == owner;
    if (there) {
        memcpy(out, s->slots[at].key, 32);
    } else if ((there = make_key(v, s, epoch, owner, out))) {
        s->slots[at].epoch = epoch;
        s->slots[at].owner = owner;
        memcpy(s->slots[at].key, out, 32);
    }
    pthread_mutex_unlock(&s->lock);
    return there;
}

static size_t head_of(unsigned char version)
{
    return 2u + (version == SEAL_GCM ? GCM_NONCE : XCHACHA_NONCE);
}

err seal(struct op *op, struct vault *v, uint64_t owner, str aad, str plain, str *ret)
{
    uint8_t key[32];
    uint32_t epoch = atomic_load(&v->epoch);
    unsigned char version = owner != OWNER_STORE && gcm_fast() ? SEAL_GCM : SEAL_XCHACHA;
    size_t head = head_of(version), n = head + plain.n + SEAL_TAG;
    unsigned char *out = arena_alloc(op->arena, n);
    if (!out || arena_failed(op->arena))
        return out_of_memory(op);
    if (!key_of(v, epoch, owner, key))
        return fail(op, ERR_GONE, "this patient's record was erased for good");
    out[0] = version;
    out[1] = (unsigned char)epoch;
    random_bytes(out + 2, head - 2);
    if (version == SEAL_GCM)
        gcm_seal(&(struct gcm){key, out + 2, aad}, plain, out + head);
    else
        crypto_aead_xchacha20poly1305_ietf_encrypt(out + head, NULL, (const unsigned char *)plain.p,
                                                   plain.n, (const unsigned char *)aad.p, aad.n,
                                                   NULL, out + 2, key);
    sodium_memzero(key, sizeof key);
    *ret = str_make((char *)out, n);
    return OK;
}

static bool key_for(struct vault *v, uint64_t owner, str sealed, uint8_t out[32])
{
    if (sealed.p[0] == SEAL_XCHACHA || sealed.p[0] == SEAL_GCM)
        return key_of(v, (unsigned char)sealed.p[1], owner, out);
    if (sealed.p[0] != SEAL_OLD || !v->has_old)
        return false;
    memcpy(out, v->old, 32);
    return true;
}

static bool open_with(const uint8_t *key, str aad, str sealed, unsigned char *out)
{
    size_t head = head_of((unsigned char)sealed.p[0]);
    const unsigned char *in = (const unsigned char *)sealed.p;
    if (in[0] == SEAL_GCM)
        return gcm_open(&(struct gcm){key, in + 2, aad}, gcm_fast(),
                        str_sub(sealed, head, sealed.n), out);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, in + head, sealed.n - head,
                                                      (const unsigned char *)aad.p, aad.n, in + 2,
                                                      key) == 0;
}

err unseal(struct op *op, struct vault *v, uint64_t owner, str aad, str sealed, str *ret)
{
    uint8_t key[32];
    size_t over = sealed.n ? head_of((unsigned char)sealed.p[0]) + SEAL_TAG : SEAL_OVERHEAD;
    if (sealed.n < over)
        return damaged(op, "seal");
    unsigned char *out = arena_alloc(op->arena, sealed.n - over + 1);
    if (!out || arena_failed(op->arena))
        return out_of_memory(op);
    if (!key_for(v, owner, sealed, key))
        return fail(op, ERR_FAULT,
                    "stored bytes are sealed with a key that is not in the keys "
                    "file: erased, forgotten or from another folder");
    bool good = open_with(key, aad, sealed, out);
    sodium_memzero(key, sizeof key);
    if (!good)
        return damaged(op, "seal");
    *ret = str_make((char *)out, sealed.n - over);
    return OK;
}

bool seal_current(const struct vault *v, str sealed)
{
    return sealed.n > 2 && (sealed.p[0] == SEAL_XCHACHA || sealed.p[0] == SEAL_GCM) &&
           (unsigned char)sealed.p[1] == atomic_load(&v->epoch);
}

void blind_hash(const struct vault *v, str domain, str text, uint8_t *out, size_t n)
{
    crypto_generichash_state state;
    uint8_t domain_n[8];
    u64_write((char *)domain_n, domain.n);
    crypto_generichash_init(&state, v->blind, sizeof v->blind, n < 16 ? 16 : n);
    crypto_generichash_update(&state, domain_n, sizeof domain_n);
    crypto_generichash_update(&state, (const unsigned char *)domain.p, domain.n);
    crypto_generichash_update(&state, (const unsigned char *)text.p, text.n);
    uint8_t full[64];
    crypto_generichash_final(&state, full, n < 16 ? 16 : n);
    memcpy(out, full, n);
}

uint64_t store_blind(const struct store *s, str domain, str text)
{
    uint8_t out[8];
    blind_hash(&s->vault, domain, text, out, sizeof out);
    return u64_read((char *)out);
}
