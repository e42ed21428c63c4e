/* Private to the PostgreSQL back end: connections, cursors, what the writer has not sent yet.
 * A connection belongs to one thread at a time: the writer's for ever, a reader's while its
 * snapshot is open. It is always in libpq's pipeline mode: statements are sent without waiting,
 * pg_sync() waits for all of them. All statements are prepared when it is made, parameters and
 * results are binary; a numbered key's 8 bytes are a bigint's own form. */
#ifndef WEFT_STORE_POSTGRES_INT_H
#define WEFT_STORE_POSTGRES_INT_H

#include "base/buf.h"
#include "base/vec.h"
#include "store/backend_int.h"
#include "store/keys_int.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

#define READERS_IDLE_MAX 24u
#define READERS_MAX 64u
#define FENCE_MAX 256u

struct pg_cursor;
struct pg;

struct store_snap { /* a connection */
    struct pg *pg;
    PGconn *conn;
    struct store_snap *next_idle;
    struct pg_cursor *cursors; /* open ones */
    PGresult *pin;             /* the row that was read when the snapshot was taken */
    bool writer;
    bool inside; /* a read transaction is open, kept for the next user while nothing is committed */
    bool broken; /* to be closed, not kept */
    uint64_t stamp; /* pg.stamp before it began */
    uint64_t era;   /* pg.era when it was made */
    uint64_t note;  /* the store's, of this transaction */
};

/* Rows from key `from` on (reverse: below it), as far as they were fetched. */
struct pg_cursor {
    struct store_cursor c;
    struct store_snap *conn;
    struct pg_cursor *prev, *next;
    enum store_space space;
    bool reverse;
    bool whole; /* nothing comes after these rows */
    str from;   /* heap */
    PGresult *rows;
    int n, at;
    size_t want;      /* rows to fetch next */
    uint64_t changes; /* batch.changes[space] when they were fetched */
};

/* A row the transaction put, deleted or read ahead. */
struct pg_row {
    struct pg_row *next; /* of its bucket */
    uint64_t hash;
    str key, value; /* value.p NULL: absent */
    uint8_t space;
    bool dirty; /* not sent yet */
};
struct pg_batch {
    struct arena *arena;
    struct pg_row **bucket;
    size_t n_buckets, n;
    VEC(struct pg_row *) rows[SPACE_COUNT]; /* in order of change; a row may stand there twice */
    size_t sent[SPACE_COUNT];               /* of rows, how many were sent */
    uint64_t changes[SPACE_COUNT];
};

/* The row that every commit writes, by which a writer knows its own work again. */
struct pg_fence {
    size_t n;
    char row[FENCE_MAX];
};

struct pg {
    char *conninfo;
    char name[100]; /* application_name: which server, unlike any other's */
    struct store_snap *writer;
    struct pg_batch batch;
    struct pg_fence fence, next; /* as committed; put by the transaction under way */
    bool doubt;                  /* nobody knows whether the last commit was kept */
    bool asked;                  /* and it was tried for long already to find out */
    atomic_bool lost;            /* somebody else wrote */
    int64_t tidied, measured;    /* ms, monotonic */
    _Atomic uint64_t bytes;
    _Atomic uint64_t stamp; /* counts commits */
    _Atomic uint64_t era;   /* counts the writer's connections: the next may be to another server */
    pthread_mutex_t lock;   /* idle, n_idle, n_all */
    pthread_cond_t freed;
    struct store_snap *idle;
    unsigned n_idle, n_all;
};

/* ---- connect.c ---- */
/* A plain connection with the session's settings, not in pipeline mode. */
MUST err pg_dial(struct op *op, const char *conninfo, const char *name, PGconn **ret);
/* One ready for work. */
MUST err pg_connect(struct op *op, struct pg *pg, bool writer, struct store_snap **ret);
void pg_disconnect(struct store_snap *c);
/* False: the other side has gone, or said something unasked. */
bool pg_alive(const struct store_snap *c);
const char *pg_table(enum store_space space);
/* Plain SQL on a plain connection; ret may be NULL, else it is to be cleared. */
MUST err pg_exec(struct op *op, PGconn *conn, const char *sql, PGresult **ret);

/* ---- ask.c ---- */
/* What the server said, as a sentence of ours: ERR_UNAVAILABLE when trying again can help. */
err pg_fail(struct op *op, const PGconn *conn, const PGresult *res);
err pg_no_memory(struct op *op);
/* The analyser does not see into another file: these never answer OK. */
#ifdef __clang_analyzer__
#define pg_no_memory(op) ((void)pg_no_memory(op), ERR_UNAVAILABLE)
#define pg_fail(op, conn, res) ((void)pg_fail((op), (conn), (res)), ERR_UNAVAILABLE)
#endif
/* Sends a prepared statement; verb and space are its name. */
MUST err pg_send(struct op *op, struct store_snap *c, char verb, unsigned space, const str *values,
                 int n);
/* Waits for everything sent. The result of the last statement with rows, or of the last one, is the
 * caller's to clear; ret may be NULL. */
MUST err pg_sync(struct op *op, struct store_snap *c, PGresult **ret);
/* The key as a parameter. */
str pg_key(enum store_space space, str key);
/* names of statements */
enum {
    PG_GET = 'g',     /* key */
    PG_FORWARD = 'f', /* from, rows */
    PG_REVERSE = 'r', /* below, rows */
    PG_MANY = 'm',    /* keys */
    PG_PUT = 'p',     /* keys, values */
    PG_DEL = 'd',     /* keys */
    PG_RANGE = 'x',   /* lo, hi */
    PG_CONTROL = 'c'  /* enum pg_control instead of a space */
};
enum pg_control { PG_BEGIN, PG_BEGIN_READ, PG_COMMIT, PG_ROLLBACK, PG_CONTROLS };

/* ---- batch.c ---- */
MUST err pg_batch_new(struct op *op, struct pg_batch *b);
void pg_batch_clear(struct pg_batch *b);
/* NULL when the transaction does not know the row. */
const struct pg_row *pg_batch_find(const struct pg_batch *b, enum store_space space, str key);
MUST err pg_batch_set(struct op *op, struct pg *pg, enum store_space space, str key,
                      const str *value);
/* Reads rows that are not known yet; the keys are 8 bytes where the space is numbered. */
MUST err pg_ahead(struct op *op, void *be, enum store_space space, const str *keys, size_t n);
/* Sends what is waiting of the space. */
MUST err pg_batch_flush(struct op *op, struct pg *pg, enum store_space space);

/* ---- open.c ---- */
/* No connection yet. */
MUST err pg_new(struct op *op, const struct store_options *o, struct pg **ret);
MUST err pg_create(struct op *op, const struct store_options *o);
MUST err pg_open(struct op *op, const struct store_options *o, void **ret);
void pg_close(void *be);
/* The writer's lock on a plain connection; reads the fence. */
MUST err pg_take_lock(struct op *op, struct pg *pg, PGconn *conn);
/* ERR_UNAVAILABLE where the connection led to a standby, which shows an older moment. */
MUST err pg_primary(struct op *op, PGconn *conn);
/* ERR_PRECONDITION where what is acknowledged may be lost. */
MUST err pg_trusted(struct op *op, PGconn *conn);
MUST err pg_read_fence(struct op *op, PGconn *conn, struct pg_fence *ret);

/* ---- settle.c: the writer's connection lost ---- */
MUST err pg_writer_back(struct op *op, struct pg *pg);
MUST err pg_settle(struct op *op, void *be, bool *ret_kept);
bool pg_lost(void *be);

/* ---- write.c ---- */
MUST err pg_begin(struct op *op, void *be);
MUST err pg_put(struct op *op, void *be, enum store_space space, str key, str value);
MUST err pg_del(struct op *op, void *be, enum store_space space, str key);
MUST err pg_del_range(struct op *op, void *be, enum store_space space, str lo, str hi);
MUST err pg_commit(struct op *op, void *be);
void pg_rollback(void *be);
void pg_tidy(void *be);
/* How large it is, asked at most once a minute; now: ms, monotonic. */
void pg_measure(struct pg *pg, int64_t now);

/* ---- copy.c ---- */
MUST err pg_copy(struct op *op, str from, str to, const struct store_watch *watch);

/* ---- read.c ---- */
MUST err pg_snap_open(struct op *op, void *be, struct store_snap **ret);
void pg_snap_close(struct store_snap *c);
/* Ends transactions of idle connections that show an old moment. */
void pg_release_idle(struct pg *pg);
MUST err pg_get(struct op *op, struct store_snap *c, enum store_space space, str key, str *ret);

/* ---- cursor.c ---- */
MUST err pg_cursor_open(struct op *op, struct store_snap *c, enum store_space space,
                        struct store_cursor **ret);
MUST err pg_cursor_seek(struct op *op, struct store_cursor *cursor, str key, bool reverse);
MUST err pg_cursor_next(struct op *op, struct store_cursor *cursor);
void pg_cursor_close(struct store_cursor *cursor);

#endif
