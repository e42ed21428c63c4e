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
struct store_backup {
    struct store_stats stats; /* of the copy */
    int64_t time;             /* ms, of its newest commit */
    uint8_t head[32];         /* of its trail, verified */
};
/* Copies the newest committed state of the store in folder from, and its keys (0600), to the new
 * folder to. The store may be open and written to, by this or another process. The copy is opened
 * and its trail verified before the folder gets its name; killed half way it leaves TO.part, which
 * cannot be opened and is cleared by the next try. ERR_NOT_FOUND: no store in from. ERR_CONFLICT:
 * to is there, or being made. ERR_FAULT: the trail is broken. watch may be NULL. */
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

#endif
