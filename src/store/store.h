/* The store room: versioned documents, ordered search keys, change feed, outbox, cursors and the
 * audit trail, over a table of back-end operations (memory, SQLite, PostgreSQL).
 * It knows no FHIR: it takes documents as bytes with ready-made keys.
 *
 * One log. Every committed transaction gets the next number t; nothing is acknowledged before it is
 * on disk (fsync). One writer thread with group commit; any number of reading threads.
 * Documents are compressed (zstd, dictionary) and sealed (libsodium) before they reach a back end.
 *
 * Keys: a key is bytes param(2, big-endian, not 0) + value, at most 512. A put gives the whole new
 * set of its resource. A commit writes packed keys with the document; a follower merges them into
 * the ordered key space in sorted runs; until then they are searched in memory (blueprint 6).
 *
 * Ownership: all that is returned lives in op->arena. Errors as told; ERR_UNAVAILABLE: disk full or
 * read-only (nothing was written, try again later); ERR_FAULT: stored bytes do not verify. */
#ifndef WEFT_STORE_H
#define WEFT_STORE_H

#include "base/op.h"
#include "store/query.h"

struct store;
struct store_tx;

enum store_backend { STORE_MEMORY, STORE_SQLITE, STORE_POSTGRES };

struct store_options {
    enum store_backend backend;
    str dir;            /* data folder; created by store_create only */
    str database;       /* PostgreSQL: libpq's connection string; it may hold a password */
    str keys;           /* folder of its keys, when it is another one */
    size_t cache_bytes; /* page cache in all; 0 = 64 MiB */
    uint32_t tail_max;  /* resources whose keys may wait in memory (then writers wait); 0 = 20000 */
    bool forgetful;     /* what it read lately it reads again: for who measures the rows */
};
/* Where the store of the data folder is, as its creation wrote down: PostgreSQL's connection
 * string, or empty: in the folder itself. The string may hold a password: never told to anybody. */
MUST err store_place(struct op *op, str dir, str *ret_database);
/* Creates the folder (0700), keys (0600) and an empty database. ERR_CONFLICT when one is there. */
MUST err store_create(struct op *op, const struct store_options *o);
/* Opens, migrates the schema forward, refuses a newer schema with a message, replays the unmerged
 * tail. One process at a time (a lock file; ERR_CONFLICT names the holder's pid). */
MUST err store_open(struct op *op, const struct store_options *o, struct store **ret);
/* Its folder. What may be made anew can lie there; only what the store itself keeps there is in a
 * backup. */
str store_dir(const struct store *s);
/* Another server wrote to this one's database, or the database lost what was acknowledged: nothing
 * is read or written any more, and the process is to end. */
bool store_lost(const struct store *s);
/* Waits for submitted work, merges nothing more, closes. NULL allowed. */
void store_close(struct store *s);

/* ---- numbers and names ---- */
/* n fresh resource numbers, the first is returned. Numbers are never reused; gaps are harmless. */
uint64_t store_rid_new(struct store *s, uint64_t n);
/* A resource's public id: keyed permutation of its number and check, base 32; needs no index. */
#define STORE_ID_LEN 16
void store_id_format(const struct store *s, uint64_t rid, char out[STORE_ID_LEN]);
/* False when id was not made by this store. */
bool store_id_parse(const struct store *s, str id, uint64_t *ret_rid);
/* Keyed 64-bit hash with the store's blind key (BLAKE2b): what text keys are made of. */
uint64_t store_blind(const struct store *s, str domain, str text);
/* The newest committed t. */
uint64_t store_now_t(const struct store *s);

/* ---- documents ---- */
struct store_doc {
    uint64_t rid;
    uint16_t type;
    uint32_t vid; /* 1, 2, … at most STORE_VID_MAX */
    bool deleted;
    uint64_t comp; /* resource number of the patient compartment it lives in; 0 = none */
    uint64_t t;
    int64_t time;  /* ms; never decreases with t */
    bool named;    /* it has a client-chosen id */
    str client_id; /* that id, empty when the id is store_id_format(rid); never told by a peek */
    str body;
};
#define STORE_VID_MAX 1048575u

MUST err store_get(struct op *op, struct store *s, uint64_t rid, struct store_doc *ret);
MUST err store_get_version(struct op *op, struct store *s, uint64_t rid, uint32_t vid,
                           struct store_doc *ret);
/* The version that was current at t; ERR_NOT_FOUND when it did not exist yet. */
MUST err store_get_at(struct op *op, struct store *s, uint64_t rid, uint64_t t,
                      struct store_doc *ret);
/* Newest first, below before_vid (0 = newest), at most max. */
MUST err store_history(struct op *op, struct store *s, uint64_t rid, uint32_t before_vid,
                       size_t max, struct store_doc **ret, size_t *ret_n);
/* Resource number of a client-chosen id. ERR_NOT_FOUND. */
MUST err store_find_id(struct op *op, struct store *s, uint16_t type, str client_id,
                       uint64_t *ret_rid);
/* Type, newest version, compartment and deletion without the body. */
MUST err store_peek(struct op *op, struct store *s, uint64_t rid, struct store_doc *ret);

/* ---- writing ---- */
struct store_put {
    uint64_t rid;
    uint16_t type;
    uint32_t vid;  /* newest version + 1 (1 = new), or the commit fails ERR_PRECONDITION */
    bool deleted;  /* body and keys empty then */
    bool alone;    /* no version before it stays, nor is told by the feed or to a page of before */
    uint64_t comp; /* fixed by the first version that has one */
    str client_id; /* only with vid 1; unique per type (ERR_CONFLICT) */
    str body;
    const str *keys; /* param + value, any order, no duplicates needed */
    size_t n_keys;
    struct store_marks marks;
};

struct store_query;
/* Built in op->arena by one thread, slices not copied, committed once. A resource or id: once. */
struct store_tx *store_tx_new(struct op *op, struct store *s);
void store_tx_put(struct store_tx *tx, const struct store_put *put);
/* Commit fails ERR_PRECONDITION unless rid's newest version is vid (0 = does not exist). */
void store_tx_expect_version(struct store_tx *tx, uint64_t rid, uint32_t vid);
/* Commit fails ERR_CONFLICT if the query matches anything at that moment, earlier transactions of
 * the same group commit included: this makes conditional create serialisable. */
void store_tx_expect_none(struct store_tx *tx, const struct store_query *q);
/* Small named values, sealed. Empty = delete. Key at most 200 bytes, value at most 1 MiB. */
void store_tx_kv(struct store_tx *tx, str key, str value);
/* Commit fails ERR_CONFLICT unless the value is (still) expected; STR_NONE = absent. */
void store_tx_expect_kv(struct store_tx *tx, str key, str expected);
/* Queues a job; its id is assigned at commit. due: ms. */
void store_tx_outbox(struct store_tx *tx, str queue, int64_t due, str body);
/* Removes (done) or re-schedules a job (empty body: as it was) in the same transaction. The commit
 * fails ERR_CONFLICT when the job is gone: someone else did it. */
void store_tx_outbox_done(struct store_tx *tx, uint64_t job);
void store_tx_outbox_later(struct store_tx *tx, uint64_t job, int64_t due, str body);
/* One audit entry, in the same transaction as its effect; keys (param + value) make it findable. */
void store_tx_trail(struct store_tx *tx, str entry, const str *keys, size_t n_keys);
struct store_commit {
    uint64_t t;
    int64_t time;
};
/* Blocks until durable, then all of it is visible to every reader; or nothing of it is. */
MUST err store_commit(struct op *op, struct store_tx *tx, struct store_commit *ret);
/* Import's road: queues without waiting (blocks when the queue is full). done runs on the writer
 * thread after the fsync; tx and its arena must stay until then; the callback frees them. */
void store_submit(struct op *op, struct store_tx *tx,
                  void (*done)(void *ctx, err result, const struct store_commit *c), void *ctx);

/* ---- following ---- */
enum store_change_kind { CHANGE_CREATE, CHANGE_UPDATE, CHANGE_DELETE };
struct store_change {
    uint64_t t, rid, comp;
    int64_t time;
    uint32_t vid;
    uint16_t type;
    enum store_change_kind kind;
};
/* Changes with t > after, in order, whole transactions, about max of them. */
MUST err store_feed(struct op *op, struct store *s, uint64_t after, size_t max,
                    struct store_change **ret, size_t *ret_n);
/* Waits until a change with t > after is committed or ms have passed; true when there is news.
 * Transactions without changes (named values, jobs, trail) wake nobody. */
bool store_feed_wait(struct store *s, uint64_t after, int64_t ms);
MUST err store_kv_get(struct op *op, struct store *s, str key, str *ret);
/* The same; empty where there is none. */
MUST err store_kv_find(struct op *op, struct store *s, str key, str *ret);
/* Keys with the prefix, in order, at most max. */
MUST err store_kv_list(struct op *op, struct store *s, str prefix, size_t max, str **ret_keys,
                       size_t *ret_n);
/* A walk over values whose names have the prefix, in no order that means anything: after *at
 * (empty: from the start), at most max rows looked at. *at is moved on and is empty at the end. A
 * value that changes meanwhile is seen before or after; none is passed over. */
struct store_named {
    str name, value;
};
MUST err store_kv_page(struct op *op, struct store *s, str prefix, str *at, size_t max,
                       struct store_named **ret, size_t *ret_n);
struct store_job {
    uint64_t job;
    int64_t due;
    uint32_t attempts;
    str body;
};
/* Leases up to max due jobs for lease_ms; durably counted as an attempt before return. */
MUST err store_outbox_take(struct op *op, struct store *s, str queue, int64_t lease_ms, size_t max,
                           struct store_job **ret, size_t *ret_n);
MUST err store_outbox_list(struct op *op, struct store *s, str queue, size_t max,
                           struct store_job **ret, size_t *ret_n);

/* ---- trail ---- */
/* Appends without a transaction (reads). Returns a ticket at once; the caller must not answer
 * before the ticket is durable, nor when it turns out ERR_UNAVAILABLE. With op->gathered it goes to
 * the disk when a few have come, when somebody calls store_trail_go() or waits, or within half a
 * second. */
MUST err store_trail_append(struct op *op, struct store *s, str entry, const str *keys,
                            size_t n_keys, uint64_t *ret_ticket);
void store_trail_go(struct store *s);
/* Blocks until all from first to last are durable, or one failed. */
MUST err store_trail_wait(struct op *op, struct store *s, struct tickets owed);
/* Calls fn(ctx, result) on the writer thread once durable (at once when it already is). */
void store_trail_on_durable(struct store *s, struct tickets owed, void (*fn)(void *ctx, err result),
                            void *ctx);
struct store_trail_entry {
    uint64_t seq;
    int64_t time;
    uint8_t
        hash[32]; /* BLAKE2b, keyed, of the hash before, seq, time and entry; store_trail_read() */
    str entry;
};
MUST err store_trail_read(struct op *op, struct store *s, uint64_t seq,
                          struct store_trail_entry *ret);
/* Newest first: entries holding a key in the range (NULL: all) with seq < before (0 = newest). */
MUST err store_trail_find(struct op *op, struct store *s, const struct store_range *range,
                          uint64_t before, size_t max, struct store_trail_entry **ret,
                          size_t *ret_n);
struct store_trail_check {
    uint64_t entries;
    uint64_t heads; /* signed ones that were held against it */
    uint8_t head[32];
    uint64_t bad_seq; /* first altered, missing or reordered entry; 0 = whole */
};
MUST err store_trail_verify(struct op *op, struct store *s, struct store_trail_check *ret);

/* Signatures of this store's own Ed25519 key (RFC 8032) over what, a line's end, and bytes that are
 * text. what empty: over the bytes alone, which are one line without its end (a token, RFC 7515),
 * so that they are nothing that is ever signed with a name. */
struct store_signature {
    uint8_t key[32], bytes[64];
};
MUST err store_sign(struct op *op, const struct store *s, str what, str bytes,
                    struct store_signature *ret);
/* A signed word on where the trail was, to be kept elsewhere: signed are the
 * line "weft trail head 1", seq(8) time(8) hash(32). The store keeps one a minute, or 65,536
 * entries, itself and verifies them all.
 */
struct store_trail_head {
    uint64_t seq;
    int64_t time;
    uint8_t hash[32];
    struct store_signature signature;
};
/* Of the newest entry. */
MUST err store_trail_head(struct op *op, struct store *s, struct store_trail_head *ret);
bool store_trail_head_good(const struct store_trail_head *h);
/* Is the head this store's, and the entry still what it was? */
MUST err store_trail_holds(struct op *op, struct store *s, const struct store_trail_head *h,
                           bool *ret_holds);

/* ---- health ---- */
struct store_stats {
    uint64_t t, resources, versions, tail, merges, commits, fsyncs, trail_entries, bytes_on_disk;
};
void store_stats(struct store *s, struct store_stats *ret);
/* A read may wait for another machine: whoever must not wait reads elsewhere. */
bool store_far(const struct store *s);

#endif
