/* Whole copies of a store, and its keys told and tried: for weft backup, restore and key. Beside
 * store.h, because it works on folders and not on an open store. */
#ifndef WEFT_STORE_BACKUP_H
#define WEFT_STORE_BACKUP_H

#include "store/store.h"

/* Told now and then what is being done; all = 0: nobody knows how much there is. */
struct store_watch {
    void (*fn)(void *ctx, const char *what, uint64_t done, uint64_t all);
    void *ctx;
};
/* Before a copy of a store in use: when it is back, all that was acknowledged before stands where a
 * copy finds it; looks may wait in the spool otherwise. */
MUST err store_backup_ready(struct op *op, struct store *s);
struct store_backup {
    struct store_stats stats; /* of the copy */
    int64_t time;             /* ms, of its newest commit */
    uint8_t head[32];         /* of its trail, verified */
};
/* Copies the newest committed state of the store in folder from, without its keys, to the new
 * folder to: who has only the copy reads nothing in it (docs/adr/0013). The store may be open and
 * written to, by this or another process. The copy is opened and its trail verified before the
 * folder gets its name; killed half way it leaves TO.part, which cannot be opened and is cleared by
 * the next try. ERR_NOT_FOUND: no store in from. ERR_CONFLICT: to is there, or being made.
 * ERR_FAULT: the trail is broken. watch may be NULL. */
MUST err store_backup(struct op *op, str from, str to, const struct store_watch *watch,
                      struct store_backup *ret);
struct store_key {
    char id[16];
    const char *use, *algorithm;
    int64_t made; /* ms */
    char fingerprint[33];
};
struct store_keys {
    struct store_key *keys;
    size_t n;
    uint64_t generation; /* of the keys file: grows with each change */
    size_t erased;       /* patients whose keys were destroyed */
};
/* What keys a data folder has; never their bytes. The folder may be in use. */
MUST err store_key_list(struct op *op, str dir, struct store_keys *ret);
struct store_key_check {
    uint64_t opened, refused; /* versions of documents */
};
/* Opens every version of every document with the folder's keys. */
MUST err store_key_check(struct op *op, struct store *s, const struct store_watch *watch,
                         struct store_key_check *ret);

/* ---- new keys of an open store (docs/adr/0013) ---- */
/* A new master key wraps all keys. data: new data keys too; documents are sealed anew in the
 * background, also after the end of this process (ERR_CONFLICT while that is under way). */
MUST err store_key_rotate(struct op *op, struct store *s, bool data);
/* Where the master key is kept from now on: empty module: in a file in the data folder; else in a
 * PKCS#11 token, made there and never readable: path of the token's module, label of the token,
 * path of a file (its owner's alone) with the PIN. */
struct store_master {
    str module, token, pin_file;
};
MUST err store_key_wrap(struct op *op, struct store *s, const struct store_master *m);
/* Data keys that are not the newest are destroyed: copies made when they were in use cannot be
 * opened with these keys any more. ERR_CONFLICT while documents are being sealed anew. */
MUST err store_key_forget(struct op *op, struct store *s, uint32_t epoch);
/* Destroys the keys of the patient with this number, then all that is stored of them; for good.
 * ERR_CONFLICT while documents are being sealed anew. */
MUST err store_key_erase(struct op *op, struct store *s, uint64_t rid);
struct store_key_state {
    uint32_t epoch; /* of the newest data keys */
    uint64_t generation;
    size_t erased;
    bool sealing;      /* documents are being sealed anew: */
    uint64_t at, last; /* resource number reached, and the largest there is */
};
void store_key_state(struct store *s, struct store_key_state *ret);

/* Where keys come from: a data folder, its keys file or a copy of that (store_key_save), with the
 * file of the passphrase that opens the copy; at empty: from the folder that is copied. */
struct store_keys_from {
    str at, pass_file;
    str database; /* not of keys: the PostgreSQL, without a store yet, that the rows are to go to;
                     empty: the data folder */
};
/* The same with keys, for a data folder made of a backup. What the keys remember as erased is
 * erased in it too. */
MUST err store_restore(struct op *op, str from, const struct store_keys_from *keys, str to,
                       const struct store_watch *watch, struct store_backup *ret);
/* The keys of a folder, in use or not, into the file path (0600, replaced when there is one),
 * sealed by the passphrase in pass_file: at least 12 bytes. */
MUST err store_key_save(struct op *op, str dir, str path, str pass_file);

#endif
