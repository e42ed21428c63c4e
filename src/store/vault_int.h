/* Keys of a store: the ring that holds them, the file it lies in, and the vault that hands them to
 * whoever seals. Private to the store room (see docs/adr/0013-keys.md).
 *
 * Ring: per epoch a tree of seeds (16 children a node, 10 levels) whose leaf n is the data key of
 * patient number n; a patient is erased by taking the seeds out that lead to the leaf (the others
 * on the way stay, so every other leaf can still be made). Leaf 0: what lives in nobody's record.
 */
#ifndef WEFT_STORE_VAULT_INT_H
#define WEFT_STORE_VAULT_INT_H

#include "base/op.h"

#include <pthread.h>
#include <stdatomic.h>

#define TREE_LEVELS 10u /* of 4 bits: 40, as RID_BYTES */
#define RING_EPOCHS 64u
#define RING_NODES_MAX 4000000u
#define RING_ERASED_MAX 100000u
#define RING_BYTES_MAX ((size_t)64 << 20)
/* Owner of what is not a document: named values, jobs, trail, waiting keys. */
#define OWNER_STORE UINT64_MAX

struct ring_node {
    uint64_t from; /* covers from … from + 16^height - 1 */
    uint32_t height;
    uint8_t seed[32];
};
struct ring_epoch {
    uint32_t number; /* 1 … 255, ascending */
    int64_t made;    /* ms */
    uint8_t store[32];
    struct ring_node *nodes; /* by from, disjoint; n 0: forgotten */
    size_t n, cap;
};
struct ring_erased {
    uint64_t rid;
    int64_t time;
};
struct ring {
    uint8_t folder[16]; /* which database they belong to */
    uint64_t generation;
    uint8_t blind[32], id[32]; /* text keys; public ids */
    uint8_t sign[32];          /* seed of the Ed25519 key that signs heads of the trail */
    uint8_t old[32];           /* has_old: sealed what was written before there were epochs */
    bool has_old;
    struct ring_epoch epochs[RING_EPOCHS];
    size_t n_epochs;
    struct ring_erased *erased;
    size_t n_erased;
};
/* Heap, out of core dumps; NULL without memory. */
struct ring *ring_new(int64_t now);
struct ring *ring_copy(const struct ring *r);
void ring_free(struct ring *r); /* NULL allowed */
/* The bytes are secret: the caller wipes them. */
MUST err ring_pack(struct op *op, const struct ring *r, str *ret);
MUST err ring_unpack(struct op *op, str in, struct ring **ret);
/* False: there is no such key (any more). */
bool ring_key(const struct ring *r, uint32_t epoch, uint64_t owner, uint8_t out[32]);
/* The seed from which the keys of owner and its 16^height - 1 neighbours are made; false when one
 * of them was erased. Then the key out of such a seed. */
bool ring_seed(const struct ring *r, uint32_t epoch, uint64_t owner, uint32_t height,
               uint8_t out[32]);
void ring_descend(uint8_t seed[32], uint32_t height, uint64_t owner);
/* A new epoch becomes the current one. */
MUST err ring_turn(struct op *op, struct ring *r, int64_t now);
/* The keys of documents of that epoch, which is not the current one, are destroyed. */
MUST err ring_forget(struct op *op, struct ring *r, uint32_t epoch);
MUST err ring_erase(struct op *op, struct ring *r, uint64_t rid, int64_t now);
bool ring_holds(const struct ring *r, uint32_t epoch, uint64_t owner);
bool ring_has_erased(const struct ring *r, uint64_t rid);

/* ---- keyfile.c: DIR/keys and the master key that wraps it ---- */
enum master_kind { MASTER_FILE, MASTER_PASS, MASTER_TOKEN };
/* How a ring is wrapped; slices point into the text it was read from. */
struct wrap {
    enum master_kind kind;
    str path; /* file: of the master key, from the folder when relative; token: of its module */
    str token, label; /* token: its label, and the master key's */
    str pin;          /* token: path of the file that holds the PIN */
    str bytes;        /* pass: salt; token: the wrapped key that seals the ring; hex */
};
struct keyfile {
    struct wrap wrap;
    str head, sealed; /* head: what the seal is bound to */
};
/* Pure; false when text is no keys file of this version. */
bool keyfile_read(str text, struct keyfile *ret);
/* The ring in dir; a file of the first version is made one of this. */
MUST err keyfile_open(struct op *op, str dir, struct ring **ret);
/* The same of a folder that somebody else may have open; nothing is written. */
MUST err keyfile_peek(struct op *op, str dir, struct ring **ret);
/* Of another keys file: path, with what is relative seen from dir; pass opens one wrapped by a
 * passphrase. */
MUST err keyfile_open_at(struct op *op, str path, str dir, str pass, struct ring **ret);
/* A new ring in a new file; ERR_CONFLICT when there is one. */
MUST err keyfile_create(struct op *op, str dir, int64_t now);
/* Writes the ring as its next generation under the master it has; whole or not at all. */
MUST err keyfile_save(struct op *op, str dir, struct ring *r);
/* The same under a new master key. */
MUST err keyfile_rotate(struct op *op, str dir, struct ring *r);
/* The same under a new master of another kind: a file in dir, or in a token (path, token, pin). */
MUST err keyfile_move(struct op *op, str dir, struct ring *r, const struct wrap *to);
/* A copy for elsewhere, wrapped by a passphrase. */
MUST err keyfile_export(struct op *op, str path, const struct ring *r, str pass);
/* dir/keys out of a ring from elsewhere, under a new master in dir. */
MUST err keyfile_import(struct op *op, str dir, struct ring *r);
/* Writes path so that it is the old file or the new one, whatever happens; 0600. */
MUST err file_replace(struct op *op, const char *path, str bytes);
/* The whole of a secret file that nobody else may read. what: for the message. */
MUST err secret_read(struct op *op, const char *path, const char *what, str *ret);

/* ---- token.c: a master key in a PKCS#11 token ---- */
MUST err token_unwrap(struct op *op, const struct wrap *w, uint8_t key[32]);
/* Makes the master key w->label there; w->bytes becomes key, wrapped by it. */
MUST err token_wrap_new(struct op *op, struct wrap *w, const uint8_t key[32]);
MUST err token_destroy(struct op *op, const struct wrap *w);

/* ---- seal.c: the vault ---- */
#define VAULT_STRIPES 64u
#define VAULT_SLOTS 32u
#define VAULT_BRANCHES 8u
#define BRANCH_LEVELS 3u /* of the tree: 4,096 patients' numbers */
struct vault_stripe {
    pthread_mutex_t lock;
    struct {
        uint64_t of; /* owner >> 4 * BRANCH_LEVELS */
        uint32_t epoch;
        uint8_t seed[32];
    } branches[VAULT_BRANCHES];
    struct {
        uint64_t owner;
        uint32_t epoch; /* 0 = free */
        uint8_t key[32];
    } slots[VAULT_SLOTS];
};
struct vault {
    uint8_t blind[32]; /* text keys */
    uint8_t id[32];    /* public ids */
    uint8_t chain[32]; /* hashes of the trail */
    uint8_t often[8];  /* blind: the group KV_OFTEN of named values */
    uint8_t old[32];   /* has_old: of seals of version 1 */
    bool has_old;
    uint8_t sign[32];  /* seed: heads of the trail */
    struct ring *ring; /* changed with every stripe's lock held */
    atomic_uint epoch; /* the current one */
    struct vault_stripe *stripes;
};
#define KV_OFTEN STR("room/") /* nearly all names begin so */
/* Takes the ring over. */
MUST err vault_init(struct op *op, struct vault *v, struct ring *r);
void vault_free(struct vault *v);
/* Takes the ring over and forgets keys handed out before. */
void vault_change(struct vault *v, struct ring *r);
/* Is there a key of this patient's? */
bool vault_has(struct vault *v, uint64_t owner);

/* Seal: version(1) epoch(1) nonce text and tag(16). Version 2: XChaCha20-Poly1305, nonce of 24
 * bytes; what has OWNER_STORE's one key, which seals without end, and everything where the
 * processor knows no AES. Version 3: AES-256-GCM, random nonce of 12 bytes (seal_gcm.c): documents,
 * a key of which seals far less than the 2^32 times of NIST SP 800-38D, 8.3. aad: what it is bound
 * to; owner: the patient's number whose key it takes, 0 nobody's, or OWNER_STORE. */
#define SEAL_OVERHEAD 42u /* the most */
MUST err seal(struct op *op, struct vault *v, uint64_t owner, str aad, str plain, str *ret);
MUST err unseal(struct op *op, struct vault *v, uint64_t owner, str aad, str sealed, str *ret);
/* Is it sealed under the newest epoch? */
bool seal_current(const struct vault *v, str sealed);
void blind_hash(const struct vault *v, str domain, str text, uint8_t *out, size_t n);

/* aad, key (32 bytes) and nonce are the caller's and only read. */
#define GCM_NONCE 12u
#define GCM_TAG 16u
struct gcm {
    const uint8_t *key, *nonce;
    str aad;
};
/* Does the processor have the instructions? Only then gcm_seal() and a fast gcm_open(). */
bool gcm_fast(void);
/* out: plain.n + GCM_TAG bytes. */
void gcm_seal(const struct gcm *g, str plain, unsigned char *out);
/* out: sealed.n - GCM_TAG bytes. False: it does not verify. fast: as gcm_fast() says. */
bool gcm_open(const struct gcm *g, bool fast, str sealed, unsigned char *out);

/* Names of rows (kv.c, outbox.c), and store_id_parse(). */
void kv_row(const struct vault *v, str key, char out[24]);
void queue_row(const struct vault *v, str queue, char out[8]);
bool id_parse(const struct vault *v, str id, uint64_t *ret_rid);

#endif
