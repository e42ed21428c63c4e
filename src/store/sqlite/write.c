/* SQLite back end: the writer's connection. Every statement is prepared once and kept.
 * Invariant: after rollback() the connection is outside any transaction, whatever went wrong. */
#include "base/buf.h"
#include "store/sqlite/sqlite_int.h"

static int64_t number_of(str key)
{
    uint64_t n = 0;
    take_u64(&key, &n);
    return (int64_t)n;
}

int lite_bind_key(sqlite3_stmt *stmt, int at, enum store_space space, str key)
{
    if (space_numbered(space))
        return sqlite3_bind_int64(stmt, at, number_of(key));
    return sqlite3_bind_blob64(stmt, at, key.p ? key.p : "", key.n, SQLITE_STATIC);
}

static err run(struct op *op, struct lite *l, sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);
    int reset = sqlite3_reset(stmt);
    if (rc == SQLITE_DONE && reset == SQLITE_OK)
        return OK;
    return lite_fail(op, l->writer->db, rc == SQLITE_DONE ? reset : rc);
}

err lite_begin(struct op *op, void *be)
{
    struct lite *l = be;
    lite_log_ahead(l);
    return run(op, l, l->writer->begin);
}

err lite_put(struct op *op, void *be, enum store_space space, str key, str value)
{
    struct lite *l = be;
    return space == SPACE_KV && l->placed.on ? placed_put(op, l, key, value)
                                             : lite_put_row(op, l, space, key, value);
}

err lite_put_row(struct op *op, struct lite *l, enum store_space space, str key, str value)
{
    sqlite3_stmt *stmt = l->put[space];
    int rc = lite_bind_key(stmt, 1, space, key);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob64(stmt, 2, value.p ? value.p : "", value.n, SQLITE_STATIC);
    return rc == SQLITE_OK ? run(op, l, stmt) : lite_fail(op, l->writer->db, rc);
}

err lite_del(struct op *op, void *be, enum store_space space, str key)
{
    struct lite *l = be;
    int rc = lite_bind_key(l->del[space], 1, space, key);
    return rc == SQLITE_OK ? run(op, l, l->del[space]) : lite_fail(op, l->writer->db, rc);
}

err lite_del_range(struct op *op, void *be, enum store_space space, str lo, str hi)
{
    struct lite *l = be;
    sqlite3_stmt *stmt = l->del_range[space];
    int rc = lite_bind_key(stmt, 1, space, lo);
    if (rc == SQLITE_OK)
        rc = lite_bind_key(stmt, 2, space, hi);
    return rc == SQLITE_OK ? run(op, l, stmt) : lite_fail(op, l->writer->db, rc);
}

err lite_commit(struct op *op, void *be)
{
    struct lite *l = be;
    TRY(run(op, l, l->writer->commit));
    atomic_fetch_add(&l->stamp, 1);
    return OK;
}

void lite_rollback(void *be)
{
    struct lite *l = be;
    l->placed.marked = false;
    if (!sqlite3_get_autocommit(l->writer->db)) {
        sqlite3_step(l->writer->rollback);
        sqlite3_reset(l->writer->rollback);
    }
}
