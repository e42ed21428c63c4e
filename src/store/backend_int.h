/* What a back end gives the store: ordered spaces of key → value, one writer, any number of
 * reading snapshots. A back end knows nothing of documents, keys or trails, only bytes.
 *
 * Invariants every back end keeps (tests/20-store runs one suite over all of them):
 * 1. commit() returns OK only when everything put since begin() is on stable storage (memory: as
 *    stable as it gets); otherwise nothing of it is kept.
 * 2. A snapshot sees exactly one committed state for as long as it is open.
 * 3. Keys are ordered as unsigned bytes. Keys of numbered spaces are 8 bytes, below 2^63. */
#ifndef WEFT_STORE_BACKEND_INT_H
#define WEFT_STORE_BACKEND_INT_H

#include "store/backup.h"

enum store_space {
    SPACE_META,  /* name → state, schema, dictionary, head of the trail */
    SPACE_DOC,   /* rid << 20 | (STORE_VID_MAX - vid) → version */
    SPACE_LOG,   /* t → changes */
    SPACE_PEND,  /* t → keys not merged yet */
    SPACE_KEY,   /* type, key, rid >> 12 → list of rids */
    SPACE_FWD,   /* compartment, type, rid >> 6 → keys of those resources */
    SPACE_KV,    /* blind name → sealed name and value */
    SPACE_JOB,   /* job → sealed job */
    SPACE_DUE,   /* blind queue, due, job → nothing */
    SPACE_TRAIL, /* first seq → time, hash, sealed entries (trail_row.c) */
    SPACE_COUNT
};

/* Spaces whose keys are 8-byte big-endian numbers. */
static inline bool space_numbered(enum store_space space)
{
    return space == SPACE_DOC || space == SPACE_LOG || space == SPACE_PEND || space == SPACE_JOB ||
           space == SPACE_TRAIL;
}

struct store_snap;

/* First member of every back end's cursor. key and value are borrowed until the next call. */
struct store_cursor {
    bool valid; /* false = past the end */
    str key, value;
};

#define STORE_OPS_VERSION 1u
#define STORE_CAP_DURABLE 1u /* survives the process */
#define STORE_CAP_SPOOL 2u   /* a commit costs much: loose trail entries go to a file first */
#define STORE_CAP_FAR 4u     /* behind a network: a read may take as long as that lets it */

struct store_ops {
    uint32_t version;
    const char *name;
    uint32_t capabilities;

    /* An empty database; dir exists already. */
    MUST err (*create)(struct op *op, const struct store_options *o);
    MUST err (*open)(struct op *op, const struct store_options *o, void **ret);
    void (*close)(void *be);

    /* The one writer. After an error the caller rolls back. */
    MUST err (*begin)(struct op *op, void *be);
    MUST err (*put)(struct op *op, void *be, enum store_space space, str key, str value);
    MUST err (*del)(struct op *op, void *be, enum store_space space, str key);
    /* Keys in [lo, hi). */
    MUST err (*del_range)(struct op *op, void *be, enum store_space space, str lo, str hi);
    MUST err (*commit)(struct op *op, void *be);
    void (*rollback)(void *be);
    /* After a commit that failed, before anything else: was it kept all the same? An error: nobody
     * knows yet; ask again, neither rolling back nor beginning meanwhile. NULL: never kept. */
    MUST err (*settle)(struct op *op, void *be, bool *ret_kept);
    /* Somebody else wrote: nothing is read or written any more. NULL: cannot be. */
    bool (*lost)(void *be);
    /* Rows that the writer will get soon, all from one space. NULL: getting them one by one costs
     * next to nothing. */
    MUST err (*ahead)(struct op *op, void *be, enum store_space space, const str *keys, size_t n);
    /* The writer's own view: sees what was put since begin(). Never closed. */
    struct store_snap *(*writer)(void *be);

    /* Any thread; a snapshot belongs to one thread at a time. */
    MUST err (*snap_open)(struct op *op, void *be, struct store_snap **ret);
    void (*snap_close)(struct store_snap *snap);
    /* A number kept for the store with the snapshot, for as long as the moment it shows is the
     * same: 0 at first. */
    uint64_t *(*snap_note)(struct store_snap *snap);
    /* Absent: OK and ret->p == NULL. The value is copied into op->arena. */
    MUST err (*get)(struct op *op, struct store_snap *snap, enum store_space space, str key,
                    str *ret);
    MUST err (*cursor_open)(struct op *op, struct store_snap *snap, enum store_space space,
                            struct store_cursor **ret);
    /* Forward: to the first key >= key. Reverse: to the last key < key. Then next() goes on the
     * same way. */
    MUST err (*cursor_seek)(struct op *op, struct store_cursor *c, str key, bool reverse);
    MUST err (*cursor_next)(struct op *op, struct store_cursor *c);
    void (*cursor_close)(struct store_cursor *c);

    /* Named values (SPACE_KV) that are read together: it lies beside the one named near if it can;
     * near may be the key itself. Whatever near is, get and get_near find it. get_own may miss what
     * was put with a near. put_new: of one that is not there yet, which costs less; near may be
     * empty; if it is there, it does what put_near or put does. NULL: put and get. */
    MUST err (*put_near)(struct op *op, void *be, str key, str near, str value);
    MUST err (*put_new)(struct op *op, void *be, str key, str near, str value);
    MUST err (*get_near)(struct op *op, struct store_snap *snap, str key, str near, str *ret);
    MUST err (*get_own)(struct op *op, struct store_snap *snap, str key, str *ret);

    uint64_t (*bytes)(void *be);
    /* Between transactions, on the writer's thread: cheap housekeeping (checkpoints). */
    void (*tidy)(void *be);
    /* The newest committed state of the database in folder from, into the folder to; without an
     * open one, whoever else uses it. NULL: there is nothing on disk. */
    MUST err (*copy)(struct op *op, str from, str to, const struct store_watch *watch);
};

extern const struct store_ops store_memory_ops;
extern const struct store_ops store_sqlite_ops;
extern const struct store_ops store_postgres_ops;

#endif
