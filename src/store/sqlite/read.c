/* SQLite back end: snapshots and cursors. A snapshot is a connection inside a read transaction;
 * idle connections wait in a pool. Cursors keep their statements for the next user of the
 * connection. Invariant: closing a snapshot closes every cursor opened on it. */
#include "store/sqlite/sqlite_int.h"

#include <sys/stat.h>

static err reader_take(struct op *op, struct lite *l, struct store_snap **ret)
{
    pthread_mutex_lock(&l->lock);
    struct store_snap *conn = l->idle;
    if (conn) {
        l->idle = conn->next_idle;
        l->n_idle--;
    }
    pthread_mutex_unlock(&l->lock);
    if (!conn)
        return lite_connect(op, l, l->reader_cache, ret);
    *ret = conn;
    return OK;
}

static int step_once(sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);
    int reset = sqlite3_reset(stmt);
    return rc == SQLITE_DONE ? reset : rc;
}

static int leave(struct store_snap *conn)
{
    int rc = conn->inside ? step_once(conn->commit) : SQLITE_OK;
    conn->inside = false;
    return rc;
}

static void reader_give(struct lite *l, struct store_snap *conn)
{
    if (atomic_load(&l->over) && leave(conn) != SQLITE_OK)
        conn->stamp = UINT64_MAX; /* begins anew */
    pthread_mutex_lock(&l->lock);
    bool keep = l->n_idle < READERS_IDLE_MAX;
    if (keep) {
        conn->next_idle = l->idle;
        l->idle = conn;
        l->n_idle++;
    }
    pthread_mutex_unlock(&l->lock);
    if (!keep)
        lite_disconnect(conn);
}

err lite_snap_open(struct op *op, void *be, struct store_snap **ret)
{
    struct lite *l = be;
    struct store_snap *conn = NULL;
    uint64_t stamp = atomic_load(&l->stamp);
    TRY(reader_take(op, l, &conn));
    int rc = SQLITE_OK;
    if (!conn->inside || conn->stamp != stamp) {
        rc = leave(conn);
        if (rc == SQLITE_OK)
            rc = step_once(conn->begin);
        conn->inside = rc == SQLITE_OK;
        conn->stamp = stamp;
        conn->note = 0;
    }
    if (rc != SQLITE_OK) {
        err e = lite_fail(op, conn->db, rc);
        lite_disconnect(conn);
        return e;
    }
    *ret = conn;
    return OK;
}

void lite_snap_close(struct store_snap *conn)
{
    while (conn->cursors)
        lite_cursor_close(&conn->cursors->c);
    if (!conn->writer)
        reader_give(conn->lite, conn);
}

uint64_t *lite_snap_note(struct store_snap *conn)
{
    return &conn->note;
}

void lite_release_idle(struct lite *l)
{
    pthread_mutex_lock(&l->lock);
    for (struct store_snap *conn = l->idle; conn; conn = conn->next_idle) {
        if (leave(conn) != SQLITE_OK)
            conn->stamp = UINT64_MAX; /* begins anew */
    }
    pthread_mutex_unlock(&l->lock);
}

err lite_one(struct op *op, sqlite3_stmt *stmt, str *ret)
{
    err e = OK;
    str got = STR_NONE;
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        const char *p = sqlite3_column_blob(stmt, 0);
        got = arena_str(op->arena, str_make(p ? p : "", (size_t)sqlite3_column_bytes(stmt, 0)));
        if (!got.p)
            e = lite_fail(op, NULL, SQLITE_NOMEM);
    } else if (rc != SQLITE_DONE) {
        e = lite_fail(op, NULL, rc);
    }
    sqlite3_reset(stmt);
    if (e == OK)
        *ret = got;
    return e;
}

err lite_get(struct op *op, struct store_snap *conn, enum store_space space, str key, str *ret)
{
    bool sure = false;
    if (space == SPACE_KV && conn->lite->placed.on)
        TRY(placed_get(op, conn, key, ret, &sure));
    return sure ? OK : lite_get_keyed(op, conn, space, key, ret);
}

err lite_get_keyed(struct op *op, struct store_snap *conn, enum store_space space, str key,
                   str *ret)
{
    if (!conn->get[space]) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT v FROM %s WHERE k=?", lite_table(space));
        TRY(lite_prepare(op, conn->db, sql, &conn->get[space]));
    }
    sqlite3_stmt *stmt = conn->get[space];
    int rc = lite_bind_key(stmt, 1, space, key);
    return rc == SQLITE_OK ? lite_one(op, stmt, ret) : lite_fail(op, conn->db, rc);
}

static err walk_take(struct op *op, struct cursor *c, enum walk walk)
{
    struct store_snap *conn = c->conn;
    if (c->walks[walk])
        return OK;
    if (conn->n_kept[c->space][walk]) {
        c->walks[walk] = conn->kept[c->space][walk][--conn->n_kept[c->space][walk]];
        return OK;
    }
    char sql[80];
    snprintf(sql, sizeof sql,
             walk == WALK_FORWARD ? "SELECT k,v FROM %s WHERE k>=? ORDER BY k"
                                  : "SELECT k,v FROM %s WHERE k<? ORDER BY k DESC",
             lite_table(c->space));
    return lite_prepare(op, conn->db, sql, &c->walks[walk]);
}

static void walk_give(struct cursor *c, enum walk walk)
{
    struct store_snap *conn = c->conn;
    sqlite3_stmt *stmt = c->walks[walk];
    if (!stmt)
        return;
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    uint8_t *n = &conn->n_kept[c->space][walk];
    if (*n < KEPT_MAX)
        conn->kept[c->space][walk][(*n)++] = stmt;
    else
        sqlite3_finalize(stmt);
}

err lite_cursor_open(struct op *op, struct store_snap *conn, enum store_space space,
                     struct store_cursor **ret)
{
    struct cursor *c = arena_calloc(op->arena, 1, sizeof *c);
    if (arena_failed(op->arena))
        return lite_fail(op, conn->db, SQLITE_NOMEM);
    c->conn = conn;
    c->space = space;
    c->next = conn->cursors;
    if (c->next)
        c->next->prev = c;
    conn->cursors = c;
    *ret = &c->c;
    return OK;
}

void lite_cursor_close(struct store_cursor *cursor)
{
    struct cursor *c = (struct cursor *)cursor;
    walk_give(c, WALK_FORWARD);
    walk_give(c, WALK_REVERSE);
    if (c->prev)
        c->prev->next = c->next;
    else
        c->conn->cursors = c->next;
    if (c->next)
        c->next->prev = c->prev;
    c->c.valid = false;
}

static err show(struct op *op, struct cursor *c, int rc)
{
    c->c.valid = rc == SQLITE_ROW;
    if (rc == SQLITE_DONE)
        return OK;
    if (rc != SQLITE_ROW)
        return lite_fail(op, c->conn->db, rc);
    if (space_numbered(c->space)) {
        uint64_t k = (uint64_t)sqlite3_column_int64(c->now, 0);
        for (unsigned i = 0; i < 8; i++)
            c->number[i] = (char)(k >> (56 - 8 * i));
        c->c.key = str_make(c->number, 8);
    } else {
        const char *p = sqlite3_column_blob(c->now, 0);
        c->c.key = str_make(p ? p : "", (size_t)sqlite3_column_bytes(c->now, 0));
    }
    const char *p = sqlite3_column_blob(c->now, 1);
    c->c.value = str_make(p ? p : "", (size_t)sqlite3_column_bytes(c->now, 1));
    return OK;
}

err lite_cursor_seek(struct op *op, struct store_cursor *cursor, str key, bool reverse)
{
    struct cursor *c = (struct cursor *)cursor;
    enum walk walk = reverse ? WALK_REVERSE : WALK_FORWARD;
    TRY(walk_take(op, c, walk));
    if (c->now)
        sqlite3_reset(c->now);
    c->now = c->walks[walk];
    c->c.valid = false;
    int rc;
    if (space_numbered(c->space))
        rc = lite_bind_key(c->now, 1, c->space, key);
    else
        rc = sqlite3_bind_blob64(c->now, 1, key.p ? key.p : "", key.n, SQLITE_TRANSIENT);
    return show(op, c, rc == SQLITE_OK ? sqlite3_step(c->now) : rc);
}

err lite_cursor_next(struct op *op, struct store_cursor *cursor)
{
    struct cursor *c = (struct cursor *)cursor;
    if (!c->c.valid)
        return OK;
    return show(op, c, sqlite3_step(c->now));
}

static struct store_snap *lite_writer(void *be)
{
    return ((struct lite *)be)->writer;
}

static uint64_t lite_bytes(void *be)
{
    struct lite *l = be;
    char path[4096];
    uint64_t total = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct stat st;
        snprintf(path, sizeof path, "%s%s", l->path, i ? "-wal" : "");
        if (stat(path, &st) == 0)
            total += (uint64_t)st.st_size;
    }
    return total;
}

const struct store_ops store_sqlite_ops = {
    .version = STORE_OPS_VERSION,
    .name = "sqlite",
    .capabilities = STORE_CAP_DURABLE | STORE_CAP_SPOOL,
    .create = lite_create,
    .open = lite_open,
    .close = lite_close,
    .begin = lite_begin,
    .put = lite_put,
    .del = lite_del,
    .del_range = lite_del_range,
    .commit = lite_commit,
    .rollback = lite_rollback,
    .writer = lite_writer,
    .snap_open = lite_snap_open,
    .snap_close = lite_snap_close,
    .snap_note = lite_snap_note,
    .get = lite_get,
    .put_near = near_put,
    .put_new = near_put_new,
    .get_near = near_get,
    .get_own = placed_get_own,
    .cursor_open = lite_cursor_open,
    .cursor_seek = lite_cursor_seek,
    .cursor_next = lite_cursor_next,
    .cursor_close = lite_cursor_close,
    .bytes = lite_bytes,
    .tidy = lite_tidy,
    .copy = lite_copy,
};
