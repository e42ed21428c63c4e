/* SQLite back end: files, connections and errors. One database file in WAL mode; synchronous=FULL,
 * so a commit returns after the fsync. Knows nothing of what the bytes mean.
 * Invariant: a database is opened by one writer's connection and a pool of readers' ones, each with
 * its share of store_options.cache_bytes. */
#include "store/sqlite/sqlite_int.h"

#include <sys/stat.h>

#define READER_SHARE 8 /* of the cache; as many readers as threads, and there are few */

static const struct {
    const char *table;
} tables[] = {
    [SPACE_META] = {"meta"},   [SPACE_DOC] = {"doc"},  [SPACE_LOG] = {"log"},
    [SPACE_PEND] = {"pend"},   [SPACE_KEY] = {"keys"}, [SPACE_FWD] = {"fwd"},
    [SPACE_KV] = {"kv"},       [SPACE_JOB] = {"job"},  [SPACE_DUE] = {"due"},
    [SPACE_TRAIL] = {"trail"},
};
_Static_assert(sizeof tables / sizeof *tables == SPACE_COUNT, "one table a space");

const char *lite_table(enum store_space space)
{
    return tables[space].table;
}

err lite_fail(struct op *op, sqlite3 *db, int rc)
{
    (void)db;
    switch (rc & 0xFF) {
    case SQLITE_FULL:
        return fail(op, ERR_UNAVAILABLE, "the disk is full; nothing was written; free some space");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return fail(op, ERR_UNAVAILABLE, "the data folder cannot be opened or written");
    case SQLITE_NOMEM:
        return fail(op, ERR_UNAVAILABLE, "the store is out of memory; try again later");
    case SQLITE_IOERR:
        return fail(op, ERR_UNAVAILABLE, "the disk reports an error; nothing was written");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail(op, ERR_UNAVAILABLE, "the database is held by another program; try again");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fail(op, ERR_FAULT, "the database file is damaged; restore it from a backup");
    default:
        return fail(op, ERR_FAULT, "the database refused a statement (code %d)", rc);
    }
}

err lite_exec(struct op *op, sqlite3 *db, const char *sql)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? OK : lite_fail(op, db, rc);
}

err lite_prepare(struct op *op, sqlite3 *db, const char *sql, sqlite3_stmt **ret)
{
    if (*ret)
        return OK;
    int rc = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
    return rc == SQLITE_OK ? OK : lite_fail(op, db, rc);
}

static err path_of(struct op *op, const struct store_options *o, const char **ret)
{
    str path = arena_printf(op->arena, "%.*s/weft.db", STR_ARG(o->dir));
    if (!path.p)
        return fail(op, ERR_UNAVAILABLE, "the store is out of memory; try again later");
    *ret = path.p;
    return OK;
}

static err set_up(struct op *op, sqlite3 *db, size_t cache)
{
    char sql[240];
    snprintf(sql, sizeof sql,
             "PRAGMA synchronous=FULL; PRAGMA cache_size=-%zu; PRAGMA temp_store=MEMORY;"
             "PRAGMA secure_delete=ON;" /* what goes for good leaves no bytes in free pages */
             "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864",
             cache / 1024);
    return lite_exec(op, db, sql);
}

err lite_connect(struct op *op, struct lite *l, size_t cache, struct store_snap **ret)
{
    struct store_snap *conn = calloc(1, sizeof *conn);
    if (!conn)
        return lite_fail(op, NULL, SQLITE_NOMEM);
    conn->lite = l;
    int rc = sqlite3_open_v2(l->path, &conn->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    err e = rc == SQLITE_OK ? OK : lite_fail(op, conn->db, rc);
    if (e == OK) {
        sqlite3_busy_timeout(conn->db, BUSY_MS);
        e = set_up(op, conn->db, cache);
    }
    if (e == OK)
        e = lite_prepare(op, conn->db, "BEGIN", &conn->begin);
    if (e == OK)
        e = lite_prepare(op, conn->db, "COMMIT", &conn->commit);
    if (e == OK)
        e = lite_prepare(op, conn->db, "ROLLBACK", &conn->rollback);
    if (e != OK) {
        lite_disconnect(conn);
        return e;
    }
    *ret = conn;
    return OK;
}

void lite_disconnect(struct store_snap *conn)
{
    if (!conn)
        return;
    for (sqlite3_stmt *s; (s = sqlite3_next_stmt(conn->db, NULL));)
        sqlite3_finalize(s);
    sqlite3_close(conn->db);
    free(conn);
}

/* Named values are large beside their keys: with them in its inner pages the tree of keys would
 * branch twentyfold, not two-hundredfold, and be too large to be kept in memory. Which row is
 * theirs says the key (placed.c). (Folders made before this have them with their keys; every
 * statement serves both.) */
static err make_tables(struct op *op, sqlite3 *db)
{
    char sql[160];
    snprintf(sql, sizeof sql, "PRAGMA page_size=%d; PRAGMA journal_mode=WAL; BEGIN", PAGE_SIZE);
    TRY(lite_exec(op, db, sql));
    for (enum store_space i = 0; i < SPACE_COUNT; i++) {
        snprintf(sql, sizeof sql, "CREATE TABLE %s(k %s PRIMARY KEY, v BLOB NOT NULL)%s",
                 lite_table(i), space_numbered(i) ? "INTEGER" : "BLOB",
                 space_numbered(i) || i == SPACE_KV ? "" : " WITHOUT ROWID");
        TRY(lite_exec(op, db, sql));
    }
    TRY(placed_create(op, db));
    return lite_exec(op, db, "COMMIT");
}

/* Counting its memory costs SQLite a lock an allocation, which all threads share. Refused, and that
 * is no harm, when SQLite runs already. */
static void no_counting(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

err lite_create(struct op *op, const struct store_options *o)
{
    const char *path = NULL;
    TRY(path_of(op, o, &path));
    no_counting();
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    err e = rc == SQLITE_OK ? lite_exec(op, db, "PRAGMA synchronous=FULL") : lite_fail(op, db, rc);
    if (e == OK && chmod(path, 0600) != 0)
        e = lite_fail(op, db, SQLITE_PERM);
    if (e == OK)
        e = make_tables(op, db);
    sqlite3_close(db);
    return e;
}

static int count_wal(void *ctx, sqlite3 *db, const char *name, int pages)
{
    struct lite *l = ctx;
    (void)db;
    (void)name;
    l->wal_pages = pages;
    return SQLITE_OK;
}

static err prepare_writer(struct op *op, struct lite *l)
{
    char sql[100];
    for (enum store_space i = 0; i < SPACE_COUNT; i++) {
        const char *t = lite_table(i);
        snprintf(sql, sizeof sql,
                 i == SPACE_KV
                     ? "INSERT INTO %s VALUES(?,?) ON CONFLICT(k) DO UPDATE SET v=excluded.v"
                     : "INSERT OR REPLACE INTO %s VALUES(?,?)",
                 t);
        TRY(lite_prepare(op, l->writer->db, sql, &l->put[i]));
        snprintf(sql, sizeof sql, "DELETE FROM %s WHERE k=?", t);
        TRY(lite_prepare(op, l->writer->db, sql, &l->del[i]));
        snprintf(sql, sizeof sql, "DELETE FROM %s WHERE k>=? AND k<?", t);
        TRY(lite_prepare(op, l->writer->db, sql, &l->del_range[i]));
    }
    sqlite3_wal_hook(l->writer->db, count_wal, l);
    return placed_open(op, l);
}

err lite_open(struct op *op, const struct store_options *o, void **ret)
{
    const char *path = NULL;
    TRY(path_of(op, o, &path));
    no_counting();
    struct lite *l = calloc(1, sizeof *l);
    if (!l)
        return lite_fail(op, NULL, SQLITE_NOMEM);
    size_t cache = o->cache_bytes ? o->cache_bytes : (size_t)64 << 20;
    l->reader_cache = cache / READER_SHARE;
    pthread_mutex_init(&l->lock, NULL);
    pthread_mutex_init(&l->mover.lock, NULL);
    pthread_cond_init(&l->mover.wake, NULL);
    l->path = strdup(path);
    err e =
        l->path ? lite_connect(op, l, cache / 2, &l->writer) : lite_fail(op, NULL, SQLITE_NOMEM);
    if (e == OK) {
        l->writer->writer = true;
        e = prepare_writer(op, l);
    }
    if (e == OK)
        e = lite_mover_start(op, l);
    if (e != OK) {
        lite_close(l);
        return e;
    }
    *ret = l;
    return OK;
}

void lite_close(void *be)
{
    struct lite *l = be;
    if (!l)
        return;
    lite_mover_stop(l);
    for (struct store_snap *c = l->idle, *next; c; c = next) {
        next = c->next_idle;
        lite_disconnect(c);
    }
    lite_disconnect(l->writer);
    pthread_mutex_destroy(&l->lock);
    pthread_mutex_destroy(&l->mover.lock);
    pthread_cond_destroy(&l->mover.wake);
    free((void *)(uintptr_t)l->path);
    free(l);
}
