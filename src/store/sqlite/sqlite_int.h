/* Private to the SQLite back end: connections, their kept statements, and cursors over them.
 * A connection belongs to one thread at a time: the writer's for ever, a reader's while its
 * snapshot is open. */
#ifndef WEFT_STORE_SQLITE_INT_H
#define WEFT_STORE_SQLITE_INT_H

#include "base/buf.h"
#include "store/backend_int.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#define PAGE_SIZE 8192
#define BUSY_MS 10000
#define KEPT_MAX 24u
#define READERS_IDLE_MAX 24u
#define WAL_PAGES_MAX 6000
#define WAL_PAGES_FULL 24000 /* 200 MB */

enum walk { WALK_FORWARD, WALK_REVERSE, WALK_COUNT };

struct cursor;

struct store_snap { /* a connection */
    struct lite *lite;
    sqlite3 *db;
    struct store_snap *next_idle;
    sqlite3_stmt *begin, *commit, *rollback;
    sqlite3_stmt *get[SPACE_COUNT];
    sqlite3_stmt *get_placed;
    sqlite3_stmt *kept[SPACE_COUNT][WALK_COUNT][KEPT_MAX];
    uint8_t n_kept[SPACE_COUNT][WALK_COUNT];
    struct cursor *cursors; /* open ones */
    bool writer;
    bool inside; /* a read transaction is open, kept for the next user while nothing is committed */
    uint64_t stamp; /* lite.stamp before it began */
    uint64_t note;  /* the store's, of this transaction */
};

struct cursor {
    struct store_cursor c;
    struct store_snap *conn;
    struct cursor *prev, *next;
    enum store_space space;
    sqlite3_stmt *walks[WALK_COUNT];
    sqlite3_stmt *now;
    char number[8];
};

/* checkpoint.c: the thread that copies the log into the database. */
enum mover_state { MOVER_IDLE, MOVER_ASKED, MOVER_DONE };
struct mover {
    struct store_snap *conn;
    pthread_mutex_t lock; /* state, stopping */
    pthread_cond_t wake;
    enum mover_state state;
    bool stopping, started;
    pthread_t thread;
};

/* placed.c: named values at the row that their own key says. */
struct placed {
    bool on;             /* the table has rows with numbers */
    _Atomic bool strays; /* some may lie elsewhere: from before, or the row was another's */
    _Atomic bool apart;  /* so, or near another: who finds none at its row asks the tree of keys */
    bool marked;         /* and the database says so, as the writer's transaction leaves it */
    sqlite3_stmt *update, *insert, *where, *leave;
};

struct lite {
    const char *path;
    size_t reader_cache; /* bytes */
    struct store_snap *writer;
    sqlite3_stmt *put[SPACE_COUNT], *del[SPACE_COUNT], *del_range[SPACE_COUNT];
    struct placed placed;
    int wal_pages;
    int64_t wal_bytes;      /* its file is known to have so many */
    _Atomic bool over;      /* the log is to start over: snapshots end when they are closed */
    _Atomic uint64_t stamp; /* counts commits */
    pthread_mutex_t lock;   /* idle, n_idle */
    struct store_snap *idle;
    unsigned n_idle;
    struct mover mover;
};

/* Opens a connection; cache in bytes. */
MUST err lite_connect(struct op *op, struct lite *l, size_t cache, struct store_snap **ret);
void lite_disconnect(struct store_snap *conn);
/* Records what SQLite said. Full disks, read-only folders and I/O errors: ERR_UNAVAILABLE. */
err lite_fail(struct op *op, sqlite3 *db, int rc);
MUST err lite_exec(struct op *op, sqlite3 *db, const char *sql);
MUST err lite_prepare(struct op *op, sqlite3 *db, const char *sql, sqlite3_stmt **ret);
const char *lite_table(enum store_space space);
/* The one row of a bound statement, copied into op's arena; ret->p NULL: there is none. */
MUST err lite_one(struct op *op, sqlite3_stmt *stmt, str *ret);
int lite_bind_key(sqlite3_stmt *stmt, int at, enum store_space space, str key);

MUST err lite_create(struct op *op, const struct store_options *o);
MUST err lite_open(struct op *op, const struct store_options *o, void **ret);
void lite_close(void *be);

MUST err lite_begin(struct op *op, void *be);
MUST err lite_put(struct op *op, void *be, enum store_space space, str key, str value);
/* Where SQLite wants it. */
MUST err lite_put_row(struct op *op, struct lite *l, enum store_space space, str key, str value);
MUST err lite_del(struct op *op, void *be, enum store_space space, str key);
MUST err lite_del_range(struct op *op, void *be, enum store_space space, str lo, str hi);
MUST err lite_commit(struct op *op, void *be);
void lite_rollback(void *be);
MUST err lite_mover_start(struct op *op, struct lite *l);
void lite_mover_stop(struct lite *l);
void lite_tidy(void *be);
/* Room for the next transaction's frames. */
void lite_log_ahead(struct lite *l);
MUST err lite_copy(struct op *op, str from, str to, const struct store_watch *w);

/* Once the writer's statements are there. */
MUST err placed_open(struct op *op, struct lite *l);
/* Of a new database: nothing lies elsewhere. */
MUST err placed_create(struct op *op, sqlite3 *db);
MUST err placed_put(struct op *op, struct lite *l, str key, str value);
int64_t placed_row(str key);
int placed_bind(sqlite3_stmt *stmt, int64_t row, str key);
int placed_run(sqlite3_stmt *stmt, int64_t row, str key, str value);
MUST err placed_at(struct op *op, struct store_snap *conn, int64_t row, str key, str *ret);
/* A value is about to lie elsewhere on purpose. */
MUST err placed_apart(struct op *op, struct lite *l);
/* near.c: values beside others. */
MUST err near_open(struct op *op, struct lite *l);
MUST err near_put(struct op *op, void *be, str key, str near, str value);
MUST err near_put_new(struct op *op, void *be, str key, str near, str value);
MUST err near_get(struct op *op, struct store_snap *conn, str key, str near, str *ret);
/* *ret_sure false: the index knows more. */
MUST err placed_get(struct op *op, struct store_snap *conn, str key, str *ret, bool *ret_sure);
MUST err placed_get_own(struct op *op, struct store_snap *conn, str key, str *ret);

MUST err lite_snap_open(struct op *op, void *be, struct store_snap **ret);
void lite_snap_close(struct store_snap *conn);
uint64_t *lite_snap_note(struct store_snap *conn);
/* Ends the read transactions of idle connections, so that the log can start over. */
void lite_release_idle(struct lite *l);
MUST err lite_get(struct op *op, struct store_snap *conn, enum store_space space, str key,
                  str *ret);
/* By the tree of keys. */
MUST err lite_get_keyed(struct op *op, struct store_snap *conn, enum store_space space, str key,
                        str *ret);
MUST err lite_cursor_open(struct op *op, struct store_snap *conn, enum store_space space,
                          struct store_cursor **ret);
MUST err lite_cursor_seek(struct op *op, struct store_cursor *cursor, str key, bool reverse);
MUST err lite_cursor_next(struct op *op, struct store_cursor *cursor);
void lite_cursor_close(struct store_cursor *cursor);

#endif
