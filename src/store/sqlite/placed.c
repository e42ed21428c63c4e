/* SQLite back end: a named value lies at the row whose number its own key says, so that a look-up
 * goes down one tree; the tree of keys is for walks, and for what lies elsewhere. Keys are blind,
 * so the numbers are spread and two keys hardly ever want one row.
 * Invariant: while the database's user version is 1, every value lies at its row; at 2, all but
 * those that lie near another (near.c). The first that cannot takes that back in its own
 * transaction, and readers know it before the commit. */
#include "store/sqlite/sqlite_int.h"

#define ALL_PLACED 1
#define SOME_APART 2
#define ROW_BITS 62 /* SQLite numbers what lies elsewhere by itself, behind the last */

int64_t placed_row(str key)
{
    uint64_t n = 0;
    size_t from = key.n >= 16 ? 8 : 0; /* behind the group */
    for (size_t i = from; i < key.n && i < from + 8; i++)
        n = n << 8 | (unsigned char)key.p[i];
    return (int64_t)(n >> (64 - ROW_BITS));
}

err placed_create(struct op *op, sqlite3 *db)
{
    char sql[40];
    snprintf(sql, sizeof sql, "PRAGMA user_version=%d", ALL_PLACED);
    return lite_exec(op, db, sql);
}

err placed_open(struct op *op, struct lite *l)
{
    sqlite3 *db = l->writer->db;
    sqlite3_stmt *version = NULL;
    int found = 0;
    TRY(lite_prepare(op, db, "PRAGMA user_version", &version));
    if (sqlite3_step(version) == SQLITE_ROW)
        found = sqlite3_column_int(version, 0);
    sqlite3_finalize(version);
    atomic_store(&l->placed.strays, found != ALL_PLACED && found != SOME_APART);
    atomic_store(&l->placed.apart, found != ALL_PLACED);
    l->placed.marked = found != ALL_PLACED;
    int rc = sqlite3_prepare_v3(db, "UPDATE kv SET v=?3 WHERE rowid=?1 AND +k=?2", -1,
                                SQLITE_PREPARE_PERSISTENT, &l->placed.update, NULL);
    l->placed.on = rc == SQLITE_OK; /* else it is a table of the first kind */
    if (!l->placed.on)
        return rc == SQLITE_ERROR ? OK : lite_fail(op, db, rc);
    TRY(near_open(op, l));
    return lite_prepare(op, db, "INSERT INTO kv(rowid,k,v) VALUES(?1,?2,?3)", &l->placed.insert);
}

err placed_apart(struct op *op, struct lite *l)
{
    char sql[40];
    if (l->placed.marked)
        return OK;
    atomic_store(&l->placed.apart, true);
    snprintf(sql, sizeof sql, "PRAGMA user_version=%d",
             atomic_load(&l->placed.strays) ? 0 : SOME_APART);
    TRY(lite_exec(op, l->writer->db, sql));
    l->placed.marked = true;
    return OK;
}

int placed_bind(sqlite3_stmt *stmt, int64_t row, str key)
{
    int rc = sqlite3_bind_int64(stmt, 1, row);
    return rc != SQLITE_OK ? rc
                           : sqlite3_bind_blob64(stmt, 2, key.p ? key.p : "", key.n, SQLITE_STATIC);
}

int placed_run(sqlite3_stmt *stmt, int64_t row, str key, str value)
{
    int rc = placed_bind(stmt, row, key);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob64(stmt, 3, value.p ? value.p : "", value.n, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    int reset = sqlite3_reset(stmt);
    return rc == SQLITE_DONE ? reset : rc;
}

static int run_placed(sqlite3_stmt *stmt, str key, str value)
{
    return placed_run(stmt, placed_row(key), key, value);
}

/* The row is another's. */
static err put_elsewhere(struct op *op, struct lite *l, str key, str value)
{
    atomic_store(&l->placed.strays, true);
    atomic_store(&l->placed.apart, true);
    TRY(lite_exec(op, l->writer->db, "PRAGMA user_version=0"));
    return lite_put_row(op, l, SPACE_KV, key, value);
}

err placed_put(struct op *op, struct lite *l, str key, str value)
{
    sqlite3 *db = l->writer->db;
    int rc = run_placed(l->placed.update, key, value);
    if (rc != SQLITE_OK)
        return lite_fail(op, db, rc);
    if (sqlite3_changes(db) == 1)
        return OK;
    if (atomic_load(&l->placed.strays)) /* it comes to its place when it is written again */
        TRY(lite_del(op, l, SPACE_KV, key));
    rc = run_placed(l->placed.insert, key, value);
    if ((rc & 0xFF) == SQLITE_CONSTRAINT)
        return put_elsewhere(op, l, key, value);
    return rc == SQLITE_OK ? OK : lite_fail(op, db, rc);
}

err placed_at(struct op *op, struct store_snap *conn, int64_t row, str key, str *ret)
{
    TRY(lite_prepare(op, conn->db, "SELECT v FROM kv WHERE rowid=?1 AND +k=?2", &conn->get_placed));
    int rc = placed_bind(conn->get_placed, row, key);
    return rc == SQLITE_OK ? lite_one(op, conn->get_placed, ret) : lite_fail(op, conn->db, rc);
}

err placed_get(struct op *op, struct store_snap *conn, str key, str *ret, bool *ret_sure)
{
    bool apart = atomic_load(&conn->lite->placed.apart);
    TRY(placed_at(op, conn, placed_row(key), key, ret));
    *ret_sure = ret->p || !apart;
    return OK;
}

/* What never had a neighbour is at its own row, or nowhere: its absence costs one leaf, not two. */
err placed_get_own(struct op *op, struct store_snap *conn, str key, str *ret)
{
    *ret = STR_NONE;
    if (conn->lite->placed.on)
        TRY(placed_at(op, conn, placed_row(key), key, ret));
    bool sure = conn->lite->placed.on && !atomic_load(&conn->lite->placed.strays);
    return ret->p || sure ? OK : lite_get_keyed(op, conn, SPACE_KV, key, ret);
}
