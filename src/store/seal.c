/* Sealing and hashing with the store's keys. The master key lies in DIR/keys (0600), apart from the
 * database; data, blind and id keys are derived from it. Does not manage or rotate keys: a later
 * issue does, and the key number in every seal is there for it.
 * Seal: version(1) key(1) nonce(24) XChaCha20-Poly1305 text and tag(16), bound to the given aad. */
#include "base/uuid.h"
#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#define SEAL_VERSION 1
#define SEAL_KEY 1
#define SEAL_HEAD (2u + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
#define FILE_HEAD "weft-keys 1\n"
#define FILE_BYTES (sizeof FILE_HEAD - 1 + 64 + 1)
_Static_assert(SEAL_OVERHEAD == SEAL_HEAD + crypto_aead_xchacha20poly1305_ietf_ABYTES, "overhead");

err out_of_memory(struct op *op)
{
    return fail(op, ERR_UNAVAILABLE, "the operation needs more memory than it may have");
}

err damaged(struct op *op, const char *what)
{
    return fail(op, ERR_FAULT, "stored bytes do not verify (%s); restore from a backup", what);
}

void vault_derive(struct vault *v, const uint8_t master[32])
{
    crypto_kdf_derive_from_key(v->data, sizeof v->data, 1, "weftdata", master);
    crypto_kdf_derive_from_key(v->blind, sizeof v->blind, 2, "weftblnd", master);
    crypto_kdf_derive_from_key(v->id, sizeof v->id, 3, "weftids_", master);
}

void vault_make_master(uint8_t master[32])
{
    random_bytes(master, 32);
}

static str keys_path(struct op *op, str dir)
{
    return arena_printf(op->arena, "%.*s/keys", STR_ARG(dir));
}

err vault_create(struct op *op, str dir)
{
    uint8_t master[32];
    char text[FILE_BYTES + 1] = FILE_HEAD;
    str path = keys_path(op, dir);
    if (!path.p)
        return out_of_memory(op);
    vault_make_master(master);
    sodium_bin2hex(text + sizeof FILE_HEAD - 1, 65, master, sizeof master);
    text[FILE_BYTES - 1] = '\n';
    int fd = open(path.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(op, errno == EEXIST ? ERR_CONFLICT : ERR_UNAVAILABLE,
                    "the keys file cannot be made in the data folder");
    bool good = write(fd, text, FILE_BYTES) == (ssize_t)FILE_BYTES && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    sodium_memzero(master, sizeof master);
    sodium_memzero(text, sizeof text);
    return good ? OK : fail(op, ERR_UNAVAILABLE, "the keys file cannot be written");
}

err vault_load(struct op *op, str dir, struct vault *ret)
{
    char text[FILE_BYTES];
    uint8_t master[32];
    size_t n = 0;
    str path = keys_path(op, dir);
    if (!path.p)
        return out_of_memory(op);
    int fd = open(path.p, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(op, ERR_UNAVAILABLE, "the keys file of the data folder cannot be read");
    bool good = read(fd, text, sizeof text) == (ssize_t)sizeof text &&
                memcmp(text, FILE_HEAD, sizeof FILE_HEAD - 1) == 0 && sodium_init() >= 0 &&
                sodium_hex2bin(master, sizeof master, text + sizeof FILE_HEAD - 1, 64, NULL, &n,
                               NULL) == 0 &&
                n == sizeof master;
    close(fd);
    if (good)
        vault_derive(ret, master);
    sodium_memzero(master, sizeof master);
    sodium_memzero(text, sizeof text);
    return good ? OK : fail(op, ERR_FAULT, "the keys file of the data folder is damaged");
}

err seal(struct op *op, const struct vault *v, str aad, str plain, str *ret)
{
    unsigned char *out = arena_alloc(op->arena, plain.n + SEAL_OVERHEAD);
    if (!out || arena_failed(op->arena))
        return out_of_memory(op);
    out[0] = SEAL_VERSION;
    out[1] = SEAL_KEY;
    random_bytes(out + 2, SEAL_HEAD - 2);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        out + SEAL_HEAD, NULL, (const unsigned char *)plain.p, plain.n,
        (const unsigned char *)aad.p, aad.n, NULL, out + 2, v->data);
    *ret = str_make((char *)out, plain.n + SEAL_OVERHEAD);
    return OK;
}

err unseal(struct op *op, const struct vault *v, str aad, str sealed, str *ret)
{
    if (sealed.n < SEAL_OVERHEAD || sealed.p[0] != SEAL_VERSION || sealed.p[1] != SEAL_KEY)
        return damaged(op, "seal");
    const unsigned char *in = (const unsigned char *)sealed.p;
    unsigned char *out = arena_alloc(op->arena, sealed.n - SEAL_OVERHEAD + 1);
    if (!out || arena_failed(op->arena))
        return out_of_memory(op);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            out, NULL, NULL, in + SEAL_HEAD, sealed.n - SEAL_HEAD, (const unsigned char *)aad.p,
            aad.n, in + 2, v->data) != 0)
        return damaged(op, "seal");
    *ret = str_make((char *)out, sealed.n - SEAL_OVERHEAD);
    return OK;
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
