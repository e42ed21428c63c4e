/* Telling about the keys of a folder without telling them, and trying them on what they seal. Does
 * not make or change keys. Invariant: nothing here gives out a byte of a key; a fingerprint is a
 * keyed hash that says only whether two keys are the same. */
#include "store/store_int.h"

#include <sodium.h>

#define ROUND 512u

static void fingerprint(const uint8_t key[32], const char *use, char out[33])
{
    uint8_t hash[16];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)use, strlen(use), key, 32);
    sodium_bin2hex(out, 33, hash, sizeof hash);
}

static void add(struct store_key *k, const char *use, const char *algorithm, int64_t made)
{
    k->use = use;
    k->algorithm = algorithm;
    k->made = made;
}

static void fill(const struct ring *r, struct store_key *k)
{
    for (size_t i = 0; i < r->n_epochs; i++, k++) {
        const struct ring_epoch *e = &r->epochs[i];
        snprintf(k->id, sizeof k->id, "%u.data", e->number);
        add(k,
            i + 1 == r->n_epochs ? "documents"
            : e->n               ? "documents before"
                                 : "trail before",
            gcm_fast() ? "AES-256-GCM, XChaCha20-Poly1305" : "XChaCha20-Poly1305", e->made);
        fingerprint(e->store, k->id, k->fingerprint);
    }
    snprintf(k->id, sizeof k->id, "blind");
    add(k, "search keys of texts", "BLAKE2b, keyed", r->epochs[0].made);
    fingerprint(r->blind, k->id, k->fingerprint);
    k++;
    snprintf(k->id, sizeof k->id, "id");
    add(k, "public ids", "Feistel over SipHash-2-4", r->epochs[0].made);
    fingerprint(r->id, k->id, k->fingerprint);
    k++;
    snprintf(k->id, sizeof k->id, "sign");
    add(k, "heads of the trail", "Ed25519", r->epochs[0].made);
    fingerprint(r->sign, k->id, k->fingerprint);
}

err store_key_list(struct op *op, str dir, struct store_keys *ret)
{
    struct ring *r = NULL;
    str path = arena_printf(op->arena, "%.*s/keys", STR_ARG(dir));
    if (!path.p)
        return out_of_memory(op);
    TRY(keyfile_open_at(op, path, dir, STR_NONE, &r));
    struct store_key *keys = ARENA_ARRAY(op->arena, struct store_key, r->n_epochs + 3);
    if (keys) {
        fill(r, keys);
        *ret = (struct store_keys){keys, r->n_epochs + 3, r->generation, r->n_erased};
    }
    ring_free(r);
    return keys ? OK : out_of_memory(op);
}

err store_key_save(struct op *op, str dir, str path, str pass_file)
{
    struct ring *r = NULL;
    str pass = STR_NONE;
    TRY(keyfile_peek(op, dir, &r));
    err e = secret_read(op, str_z(op->arena, pass_file), "passphrase file", &pass);
    if (e == OK)
        e = keyfile_export(op, path, r, str_trim(pass));
    if (pass.n)
        explicit_bzero((char *)(uintptr_t)pass.p, pass.n);
    ring_free(r);
    return e;
}

static err try_one(struct op *op, struct store *s, const struct store_cursor *c)
{
    struct version v;
    struct store_doc d;
    TRY(version_read(op, u64_read(c->key.p), c->value, &v));
    return version_open(op, s, &v, &d);
}

static err try_all(struct op *op, const struct view *v, const struct store_watch *w,
                   struct store_key_check *ret)
{
    const struct store_ops *ops = v->s->ops;
    struct store_cursor *c = NULL;
    struct store_stats stats;
    struct op inner;
    char first[8] = {0};
    store_stats(v->s, &stats);
    TRY(ops->cursor_open(op, v->snap, SPACE_DOC, &c));
    TRY(ops->cursor_seek(op, c, str_make(first, 8), false));
    struct arena *a = arena_new(0);
    if (!a)
        return out_of_memory(op);
    err e = OK;
    for (uint64_t n = 0; e == OK && c->valid; n++) {
        if (n % ROUND == 0) {
            arena_reset(a);
            op_init(&inner, a, op->actor, op->now);
            if (w)
                w->fn(w->ctx, "opening documents", n, stats.versions);
        }
        if (try_one(&inner, v->s, c) == OK)
            ret->opened++;
        else
            ret->refused++;
        op_clear(&inner);
        e = ops->cursor_next(op, c);
    }
    arena_free(a);
    return e;
}

err store_key_check(struct op *op, struct store *s, const struct store_watch *w,
                    struct store_key_check *ret)
{
    struct view v;
    struct store_key_check check = {0};
    TRY(view_open(op, s, &v));
    err e = try_all(op, &v, w, &check);
    view_close(&v);
    TRY(e);
    *ret = check;
    return OK;
}
