/* Private to the store room: its parts and how they hang together.
 *
 *   store_commit → prepare (submitting thread: pack, compress, seal) → queue → writer thread:
 *   group → check → apply (rows + tail) → commit → publish → wake.  merge: tail → key spaces.
 *   Readers: view = tails + back-end snapshot of one t; walk and fwd merge the two.
 *
 * Threads: everything in struct store is either constant after open, atomic, guarded by the mutex
 * named beside it, or touched by the writer thread alone ("writer"). */
#ifndef WEFT_STORE_INT_H
#define WEFT_STORE_INT_H

#include "base/buf.h"
#include "base/vec.h"
#include "store/backend_int.h"
#include "store/keys_int.h"
#include "store/skip_int.h"
#include "store/vault_int.h"

#include <pthread.h>
#include <zstd.h>

#define STORE_SCHEMA 4u

/* ---- pack.c: documents ---- */
struct packer; /* dictionary and a pool of compression contexts */
MUST err packer_new(struct op *op, str dict, struct packer **ret);
void packer_free(struct packer *p);
MUST err pack(struct op *op, struct packer *p, str plain, str *ret);
MUST err unpack(struct op *op, struct packer *p, str packed, str *ret);
str pack_dictionary(void); /* the one this program brings */

/* ---- state ---- */
/* Written with every commit (SPACE_META "state"). */
struct state {
    uint64_t t;
    int64_t time;
    uint64_t feed_t;   /* newest t with changes */
    uint64_t rid_next; /* every number below was handed out, or may have been */
    uint64_t job_next;
    uint64_t trail_seq;
    uint64_t resources, versions;
    uint64_t merged_t;   /* keys of transactions up to here are in SPACE_KEY and SPACE_FWD */
    uint64_t merged_seq; /* and those of the trail's entries up to here */
    uint8_t trail_head[32];
};
MUST err state_read(struct op *op, const struct store_ops *ops, struct store_snap *snap,
                    struct state *ret);
MUST err state_write(struct op *op, struct store *s, const struct state *st);

/* ---- tail.c: keys not merged yet ---- */
struct tail {
    struct arena *arena;
    struct skip list;
    atomic_uint refs;
    uint64_t last_t, last_seq;
    size_t weight; /* resources, counting one with many keys as several (writer) */
};
struct tail *tail_new(void);
void tail_ref(struct tail *t);
void tail_drop(struct tail *t); /* NULL allowed */

/* What one put or one trail entry does to the keys: as stored in SPACE_PEND. */
struct pend {
    bool trail;
    uint64_t rid; /* or seq of the trail entry */
    uint16_t type;
    uint64_t comp, old_comp;
    bool born, died; /* starts or stops to be a living resource */
    str id_hash;     /* of a client-chosen id, with vid 1 */
    str set;         /* the whole new set */
    str added, removed;
    struct store_marks marks;
    uint64_t kept_t; /* of a document that stays as it is, with its time; 0 = the commit's */
    int64_t kept_time;
};
void pend_write(struct buf *b, const struct pend *p);
bool pend_read(str *in, struct pend *ret);
typedef VEC(struct skip_node *) node_vec;
/* Additions of one transaction. nodes, when given, collects what was added, to be killed if the
 * commit fails. */
struct tail_batch {
    struct tail *tail;
    uint64_t t;
    int64_t time;
    struct arena *arena;
    node_vec *nodes;
    struct buf key;
};
void tail_batch_init(struct tail_batch *b, struct tail *tail, uint64_t t, int64_t time,
                     struct arena *a);
/* False when memory is refused. */
bool tail_add(struct tail_batch *b, const struct pend *p);

/* ---- the queue of transactions ---- */
struct tx_put {
    struct store_put put;
    str sealed;
    str set;
    str id_hash;
    /* filled in by the check, on the writer's thread */
    uint32_t old_vid;
    uint64_t old_comp;
    bool old_living;
};
struct tx_keys {
    struct store_put of;
    str set;
    struct store_doc doc; /* filled in by the check */
};
struct tx_version {
    uint64_t rid;
    uint32_t vid;
};
struct tx_kv {
    str key, near, value; /* near: empty where it does not matter (near.h) */
    char row[24];
    str sealed;
    bool none;  /* nothing to write: there is none */
    bool fresh; /* there is none yet, most likely */
};
struct tx_kv_expect {
    str key, near, expected;
};
enum job_verb { JOB_NEW, JOB_DONE, JOB_LATER };
struct job_row {
    str queue; /* 8 bytes */
    uint64_t due, attempts;
    str sealed;
};
struct tx_job {
    enum job_verb verb;
    uint64_t job;
    int64_t due;
    str queue, body;
    char queue_row[8];
    str sealed;
    struct job_row was; /* filled in by the check, on the writer's thread */
};
struct tx_trail {
    str entry, set;
    const str *keys;
    size_t n_keys;
};
/* store_outbox_take(), run by the writer. */
struct tx_take {
    struct arena *arena; /* of the taker, who waits */
    char queue_row[8];
    int64_t now, lease_ms;
    size_t max;
    VEC(struct store_job) jobs; /* body still sealed */
};

/* A part of what is left of an erased patient. */
struct gone {
    uint64_t rid, versions;
    uint16_t type;
    bool named;
    str id_key; /* of its client-chosen id */
};
struct tx_erase {
    uint64_t comp;
    const struct gone *docs;
    size_t n;
    const uint64_t *log; /* t of rows that name it */
    size_t n_log;
    bool last;
};

struct store_tx {
    struct op *op;
    struct store *s;
    VEC(struct tx_put) puts;
    VEC(struct tx_version) versions;
    VEC(struct tx_keys) rekeys;
    VEC(const struct store_query *) none;
    VEC(struct tx_kv) kvs;
    VEC(struct tx_kv_expect) kv_expects;
    VEC(struct tx_job) jobs;
    VEC(struct tx_trail) trails;
    struct tx_take *take;
    bool flush;  /* nothing but the group's commit is wanted */
    bool reseal; /* documents are to be sealed anew */
    const struct tx_erase *erase;
    size_t bytes; /* about what it adds */

    struct store_tx *next; /* store.lock */
    void (*done)(void *ctx, err result, const struct store_commit *c);
    void *ctx;
    err result;
    char why[200];
    struct store_commit commit;
};
MUST err tx_prepare(struct op *op, struct store_tx *tx);
MUST err tx_run(struct op *op, struct store_tx *tx); /* queue and wait */

/* An entry of the trail, here outside any transaction. */
struct loose {
    struct loose *next;
    uint64_t ticket;
    str entry, set;
    uint64_t seq; /* from here on filled in by trail_number() */
    int64_t time;
    uint8_t before[32], hash[32];
};
struct on_durable {
    struct on_durable *next;
    struct tickets owed;
    err result;
    void (*fn)(void *ctx, err result);
    void *ctx;
};
#define LOST_MAX 64u
struct trail_desk {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    struct loose *first, *last;
    size_t n, bytes;
    uint64_t ticket;  /* newest handed out */
    uint64_t settled; /* every ticket up to here is durable or lost */
    struct {
        uint64_t lo, hi;
    } lost[LOST_MAX]; /* ring of ranges that could not be written */
    size_t n_lost;
    uint64_t forgotten; /* lost ranges up to here fell out of the ring */
    struct on_durable *waiting;
};

struct merge {
    bool running;
    struct skip_iter it;
};

/* ---- spool.c: loose entries that are durable in a file, but not in the back end yet (writer) ----
 */
struct spool {
    int fd;                     /* -1 = none */
    char *room;                 /* a frame on its way out */
    struct arena *arena;        /* of that frame */
    size_t at;                  /* of the next frame in the file */
    int64_t not_before;         /* no new file till then, after a failure; ms, monotonic */
    struct loose *first, *last; /* held: acknowledged, in no committed transaction, ascending */
    struct loose *todo;         /* the first of them that the standing transaction has not */
    int64_t since;              /* when the first came; ms, monotonic */
};

/* A back-end transaction of the writer that stays open: looks, and slices of the merge. */
struct standing {
    bool begun, finished;      /* finished: the merge came to its end in it */
    size_t merged;             /* entries of the tail that are in it */
    struct merge merge_before; /* to go back to */
};

/* trail_row.c: a row of the trail that is being gathered (writer); n 0: none. */
struct trail_row {
    uint64_t first;
    int64_t time, last; /* of the first and the newest entry */
    size_t n;
    uint8_t hash[32]; /* after the newest */
    struct buf body;
    VEC(str) keys;
};

/* The newest signed head of the trail (writer). */
struct heads {
    uint64_t seq;
    int64_t time;
};
struct resealing {
    bool running;
    uint32_t epoch;
    uint64_t row;   /* next */
    uint64_t found; /* sealed anew in this pass */
};

struct store {
    const struct store_ops *ops;
    void *be;
    struct store_options o;
    str dir;  /* heap */
    str keys; /* heap; folder of the keys file; another one's is never written */
    bool own_keys;
    int lock_fd;
    struct vault vault;
    pthread_mutex_t keys_lock; /* whoever changes the ring */
    struct packer *packer;
    struct memo *memo, *docs; /* memo_int.h: named values and ids, documents; NULL: without */
    atomic_uint_fast64_t t, feed_t, rid_next;
    atomic_int_fast64_t time;

    pthread_mutex_t tail_lock; /* active, frozen */
    struct tail *active, *frozen;
    atomic_uint_fast64_t generation; /* counts freezes */

    pthread_mutex_t lock; /* queue, queued, stopping */
    pthread_cond_t work, room, news;
    struct store_tx *first, *last;
    size_t queued, queued_bytes;
    bool stopping;
    bool poked; /* there are loose trail entries */
    struct trail_desk desk;

    pthread_t thread;
    bool started;
    /* writer */
    struct arena *arena; /* of the group */
    struct op op;
    struct state state;    /* as committed */
    struct state pending;  /* of the group under way */
    struct tail *tail_now; /* active, seen from the writer */
    node_vec nodes;
    struct merge merge;
    atomic_bool merge_soon; /* search keys of somebody erased wait for it */
    struct spool spool;
    struct standing standing;
    struct trail_row row;
    bool doubt;                           /* whether the group before was kept is not known */
    struct heads heads, heads_next;       /* as committed; of the group under way */
    struct resealing reseal, reseal_next; /* as committed; of the group under way */
    uint64_t rid_max;                     /* highest number that has a version */
    int64_t merge_not_before;             /* after a failure; ms, monotonic */

    atomic_uint_fast64_t resources, versions, merges, commits, trail_entries, waiting;
    atomic_uint_fast64_t spooled;    /* writes to the spool */
    atomic_bool sealing;             /* documents are being sealed anew */
    atomic_uint_fast64_t sealed_rid; /* how far */
    atomic_bool held;                /* the trail has acknowledged entries that no reader sees */
};

/* ---- view.c: what a reader sees ---- */
struct view {
    struct store *s;
    struct store_snap *snap;
    struct tail *tails[2]; /* active, frozen; NULL = none */
    uint64_t t;
    bool writer;
};
/* A snapshot of the back end alone; closed by snap_close. ERR_UNAVAILABLE when it is older than
 * what this store acknowledged before. */
MUST err snap_take(struct op *op, struct store *s, struct store_snap **ret);
MUST err view_open(struct op *op, struct store *s, struct view *ret);
/* The writer's own: sees what the group has done so far. */
void view_writer(struct store *s, struct view *ret);
void view_close(struct view *v);
MUST err view_get(struct op *op, const struct view *v, enum store_space space, str key, str *ret);

/* ---- version.c: rows of SPACE_DOC ---- */
struct version {
    struct store_doc doc; /* body and client_id not yet */
    uint8_t flags;
    str sealed;
};
#define DOC_DELETED 1u
#define DOC_CLIENT_ID 2u
static inline uint64_t doc_key(uint64_t rid, uint32_t vid)
{
    return rid << 20 | (STORE_VID_MAX - vid);
}
void version_write(struct buf *b, const struct store_doc *d, str sealed);
MUST err version_read(struct op *op, uint64_t row, str value, struct version *ret);
MUST err version_seal(struct op *op, struct store *s, const struct store_put *p, str *ret);
/* The row of the version sealed under the newest epoch. */
MUST err version_reseal(struct op *op, struct store *s, const struct version *v, struct buf *ret);
MUST err version_open(struct op *op, struct store *s, const struct version *v,
                      struct store_doc *ret);
/* Newest version, without the body; ret->rid == 0 when there is none. */
MUST err version_newest(struct op *op, struct store_snap *snap, const struct store_ops *ops,
                        uint64_t rid, struct version *ret);
/* The one current at t; ret->doc.rid == 0 when none. */
MUST err version_at(struct op *op, const struct view *v, uint64_t rid, uint64_t t,
                    struct version *ret);

/* ---- walk.c: entries (ekey, rid) of SPACE_KEY, base and tails as one ---- */
struct walk_base {
    struct store_cursor *c;
    bool valid;
    str ekey;
    uint64_t high;
    const unsigned char *bits; /* of the row, when it is a bitmap: at is one of them */
    uint16_t *lows;            /* else: at is an index */
    size_t cap, n, at;
};
struct walk {
    const struct view *v;
    bool reverse;
    str lo, hi; /* rows in [lo, hi) */
    struct walk_base base;
    struct skip_iter tail[2];
    bool tail_valid[2];
    size_t rows; /* read from the base so far */
    /* the entry */
    bool valid;
    str ekey;
    uint64_t rid;
};
/* lo, hi: ekeys; they must stay. */
MUST err walk_open(struct op *op, const struct view *v, str lo, str hi, struct walk *ret);
/* Forward: first entry >= (ekey, rid). Reverse: last entry < (ekey, rid). */
MUST err walk_seek(struct op *op, struct walk *w, str ekey, uint64_t rid, bool reverse);
MUST err walk_next(struct op *op, struct walk *w);
/* About how many entries, by whole rows, no further than max; it is to be sought anew then. */
MUST err walk_count(struct op *op, struct walk *w, size_t max, size_t *ret);
/* Of one key: a bit for each of its numbers below chunks * CHUNK_SIZE; all are 0 before. */
MUST err walk_bits(struct op *op, struct walk *w, unsigned char *bits, uint64_t chunks);
void walk_close(struct walk *w);

/* ---- fwd.c: key sets by (compartment, type, rid) ---- */
struct fwd_entry {
    uint64_t rid, t;
    int64_t time;
    str set;
};
struct fwd {
    const struct view *v;
    char prefix[7];
    struct store_cursor *c;
    str row;       /* what is left of the base row */
    uint64_t high; /* of it */
    bool base_valid;
    struct fwd_entry base;
    struct skip_iter tail[2];
    bool tail_valid[2];
    bool valid;
    struct fwd_entry at;
};
/* All of a compartment and type in order of rid. */
MUST err fwd_open(struct op *op, const struct view *v, uint64_t comp, uint16_t type, uint64_t from,
                  struct fwd *ret);
MUST err fwd_next(struct op *op, struct fwd *f);
void fwd_close(struct fwd *f);
/* One resource; ret->rid == 0 when it is not there. */
MUST err fwd_get(struct op *op, const struct view *v, uint64_t comp, uint16_t type, uint64_t rid,
                 struct fwd_entry *ret);
/* Stored forms, shared with the merge. */
void fwd_row_key(char out[12], uint64_t comp, uint16_t type, uint64_t rid);
void fwd_tail_key(char out[13], uint64_t comp, uint16_t type, uint64_t rid);
bool fwd_read(str *row, uint64_t high, struct fwd_entry *ret);
bool fwd_body_read(str body, struct fwd_entry *ret);

/* ---- writer ---- */
void *writer_main(void *store);
/* One transaction of the group: the check reads only, so that it can fail alone; when the writing
 * fails the whole group goes. */
MUST err apply_check(struct op *op, struct store *s, struct store_tx *tx);
MUST err apply_write(struct op *op, struct store *s, struct store_tx *tx);
MUST err apply_loose(struct op *op, struct store *s, struct loose *first);
/* What the spool holds and the standing transaction has not, into it. */
MUST err apply_held(struct op *op, struct store *s);
MUST err apply_take(struct op *op, struct store *s, struct tx_take *take);
MUST err outbox_write(struct op *op, struct store *s, const struct store_tx *tx);
MUST err outbox_check(struct op *op, struct store *s, struct store_tx *tx);
/* The next number, time and hash of the chain in st, for the entry. */
void trail_number(const struct store *s, struct state *st, struct loose *l);
/* A numbered entry into the row that is being gathered; entry and set may go then. */
MUST err trail_put(struct op *op, struct store *s, const struct loose *l);
/* That row into the back end, its keys into the tail. */
MUST err trail_flush(struct op *op, struct store *s);
/* Keys of rows past state.merged_seq into the tail: at open. */
MUST err trail_replay(struct op *op, struct store *s);
struct trail_reader {
    struct store *s;
    uint64_t seq;
    int64_t time;
    uint8_t hash[32], after[32]; /* after: as the row says */
    str in;
    bool old, done;
    bool hashing; /* goes on from hash; entries of old rows are not opened */
};
/* The entries of a row, ascending; they live in op's arena. */
MUST err trail_row_open(struct op *op, struct store *s, uint64_t first, str row, bool hashing,
                        struct trail_reader *ret);
bool trail_row_next(struct trail_reader *r, struct store_trail_entry *ret, str *ret_set);
/* The sealed head, once per group. */
MUST err trail_write_head(struct op *op, struct store *s);
/* heads.c: a signed head when one is due; at open; all of them in order. */
struct view;
MUST err heads_write(struct op *op, struct store *s);
MUST err heads_load(struct op *op, struct store *s);
struct heads_walk {
    const struct view *v;
    struct store_cursor *c; /* to be closed */
    bool valid;
    struct store_trail_head at;
};
MUST err heads_open(struct op *op, const struct view *v, struct heads_walk *ret);
MUST err heads_next(struct op *op, struct heads_walk *w);
MUST err tail_put(struct op *op, struct store *s, const struct pend *p, struct buf *pend);
MUST err pend_flush(struct op *op, struct store *s, const struct buf *pend);
void trail_settle(struct store *s, uint64_t upto, uint64_t lost_from);
struct loose *loose_new(str entry, str set);
/* Any thread, before it reads the trail: what was acknowledged is in the back end then. */
MUST err trail_catch_up(struct op *op, struct store *s);

/* At open: what a former process left in the file is held again, state moves on. */
MUST err spool_load(struct op *op, struct store *s);
/* Numbers the entries and makes them durable; they are held then, and state has moved on. False:
 * nothing happened, they must go the other way. */
bool spool_write(struct store *s, struct loose *first);
/* All that was held is committed. */
void spool_rewind(struct store *s);
void spool_close(struct store *s);
/* Starts a merge when the tail asks for one; does a slice of about budget entries. */
bool merge_due(const struct store *s, bool idle);
bool merge_full(const struct store *s);
void merge_start(struct store *s);
MUST err merge_slice(struct op *op, struct store *s, size_t budget, bool *ret_finished);
void merge_finish(struct store *s);

/* Changes with t > after. */
MUST err feed_in(struct op *op, const struct store_ops *ops, struct store_snap *snap,
                 uint64_t after, size_t max, struct store_change **ret, size_t *ret_n);

/* ---- rids.c: resource numbers in order ---- */
#define RIDS_KEYS_MAX 16u
#define TRAIL_WIDE_MAX 200000u
struct rids {
    const struct view *v;
    uint16_t type;
    const struct store_range *ranges;
    size_t n_ranges;
    bool reverse;
    bool wide;          /* too many keys to step through at once: collect, or check elsewhere */
    struct walk *walks; /* one a key */
    size_t n_walks;
    const uint64_t *list; /* instead of walks: ascending */
    size_t n_list, at;
    bool listed, valid;
    const unsigned char *bits; /* of every number, when held: asked instead of the walk */
    uint64_t chunks, rid;
};
/* The resources of the type with a key in any of the ranges, ascending or (reverse) descending. */
MUST err rids_open(struct op *op, const struct view *v, uint16_t type,
                   const struct store_range *ranges, size_t n, bool reverse, struct rids *ret);
void rids_of_list(const uint64_t *list, size_t n, bool reverse, struct rids *ret);
/* Makes a wide one narrow by collecting and sorting, when at most max entries fit. */
MUST err rids_collect(struct op *op, struct rids *r, size_t max);
/* To the first number >= rid (reverse: the last <= rid). Any direction, any time. */
MUST err rids_seek(struct op *op, struct rids *r, uint64_t rid);
MUST err rids_next(struct op *op, struct rids *r);
/* Its numbers become bits, which rids_has() asks: of one key, unless they are too many; of a wide
 * one, of which nothing else can be asked, when fewer than max keys fit. */
MUST err rids_hold(struct op *op, struct rids *r);
MUST err rids_hold_wide(struct op *op, struct rids *r, size_t max);
/* Is the number among them? Where it stands then is not said. */
MUST err rids_has(struct op *op, struct rids *r, uint64_t rid, bool *ret);
/* About how many; counts no further than max. */
MUST err rids_estimate(struct op *op, struct rids *r, size_t max, size_t *ret);
bool range_has(const struct store_range *range, str key);
bool mask_fits(const struct store_range *range, str key);

/* ---- search ---- */
MUST err search_in(struct op *op, const struct view *v, const struct store_query *q,
                   struct store_found *ret);
MUST err find_id_in(struct op *op, const struct view *v, uint16_t type, str id_hash,
                    uint64_t *ret_rid);
str id_key(struct arena *a, str id_hash);

/* ---- copy.c ---- */
struct spaces_to {
    const struct store_ops *ops;
    void *be;
    bool at_once; /* one commit */
    const struct store_watch *watch;
};
/* All that snap shows into an empty database. */
MUST err spaces_copy(struct op *op, const struct store_ops *from, struct store_snap *snap,
                     const struct spaces_to *to);

/* ---- place.c ---- */
MUST err place_write(struct op *op, str dir, str database);
/* The error, in these words, when the folder has a database of its own. */
MUST err place_free(struct op *op, str dir, err code, const char *otherwise);

/* ---- open ---- */
const struct store_ops *ops_of(enum store_backend backend);
MUST err migrate(struct op *op, const struct store_ops *ops, void *be);
MUST err tail_replay(struct op *op, struct store *s);
/* At open: how far documents are sealed under the newest keys. Before the tail is replayed. */
MUST err reseal_load(struct op *op, struct store *s);
/* On the writer's thread, in a group. */
MUST err reseal_start(struct op *op, struct store *s);
MUST err reseal_slice(struct op *op, struct store *s);
/* rotate.c: a copy of the ring, to change alone; into use, or away when e says so (returned). */
MUST err keys_begin(struct op *op, struct store *s, struct ring **ret);
MUST err keys_save(struct op *op, struct store *s, struct ring *r);
MUST err keys_end(struct store *s, struct ring *r, err e);
/* erase.c: on the writer's thread; at open, with the writer running. */
MUST err erase_write(struct op *op, struct store *s, const struct tx_erase *x);
MUST err erase_again(struct op *op, struct store *s);

/* The op ran out of memory or met a damaged row. */
err out_of_memory(struct op *op);
err damaged(struct op *op, const char *what);
/* The analyser does not see into another file: these never answer OK. */
#ifdef __clang_analyzer__
#define out_of_memory(op) ((void)out_of_memory(op), ERR_UNAVAILABLE)
#define damaged(op, what) ((void)damaged((op), (what)), ERR_FAULT)
#endif

#endif
