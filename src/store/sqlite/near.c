/* SQLite back end: named values that are read together lie in rows that follow each other: the
 * upper bits of such a row's number are those of the key that it lies near, the lower ones its own.
 * Invariant: the tree of keys knows every value wherever it lies, and who does not find one at the
 * row where it looked first asks there; so databases of before, values that came from another back
 * end or whose neighbour changed, and two that want one row are found all the same. */
#include "store/sqlite/sqlite_int.h"

#define OWN_BITS 22

static int64_t row_near(str key, str near)
{
    int64_t low = ((int64_t)1 << OWN_BITS) - 1;
    return (placed_row(near) & ~low) | (placed_row(key) & low);
}

err near_open(struct op *op, struct lite *l)
{
    sqlite3 *db = l->writer->db;
    TRY(lite_prepare(op, db, "SELECT rowid FROM kv WHERE k=?1", &l->placed.where));
    return lite_prepare(op, db, "DELETE FROM kv WHERE rowid=?1 AND +k=?2", &l->placed.leave);
}

/* *ret 0: nowhere. */
static err find_row(struct op *op, struct lite *l, str key, int64_t *ret)
{
    sqlite3_stmt *stmt = l->placed.where;
    int rc = sqlite3_bind_blob64(stmt, 1, key.p ? key.p : "", key.n, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    *ret = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    int reset = sqlite3_reset(stmt);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        rc = reset;
    return rc == SQLITE_OK ? OK : lite_fail(op, l->writer->db, rc);
}

/* *ret_n: rows changed. */
static err change(struct op *op, struct lite *l, sqlite3_stmt *stmt, int64_t row, str key,
                  str value, int *ret_n)
{
    int rc = placed_run(stmt, row, key, value);
    if (rc != SQLITE_OK)
        return lite_fail(op, l->writer->db, rc);
    *ret_n = sqlite3_changes(l->writer->db);
    return OK;
}

static err leave(struct op *op, struct lite *l, int64_t row, str key)
{
    int rc = placed_bind(l->placed.leave, row, key);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(l->placed.leave);
    int reset = sqlite3_reset(l->placed.leave);
    rc = rc == SQLITE_DONE ? reset : rc;
    return rc == SQLITE_OK ? OK : lite_fail(op, l->writer->db, rc);
}

static err insert(struct op *op, struct lite *l, int64_t row, str key, str value)
{
    int rc = placed_run(l->placed.insert, row, key, value);
    if ((rc & 0xFF) == SQLITE_CONSTRAINT) /* the row is another's */
        return lite_put_row(op, l, SPACE_KV, key, value);
    return rc == SQLITE_OK ? OK : lite_fail(op, l->writer->db, rc);
}

err near_put(struct op *op, void *be, str key, str near, str value)
{
    struct lite *l = be;
    int64_t row = row_near(key, near), own = placed_row(key), there;
    int n = 0;
    if (!l->placed.on)
        return lite_put_row(op, l, SPACE_KV, key, value);
    TRY(change(op, l, l->placed.update, row, key, value, &n));
    if (n)
        return OK;
    TRY(placed_apart(op, l));
    TRY(find_row(op, l, key, &there));
    if (there && there != own)
        return change(op, l, l->placed.update, there, key, value, &n);
    if (there) /* from before, or of another back end: it comes to its neighbour */
        TRY(leave(op, l, own, key));
    return insert(op, l, row, key, value);
}

/* One statement in the place of three: the tree of keys itself says no to a name that is there,
 * wherever it lies. */
err near_put_new(struct op *op, void *be, str key, str near, str value)
{
    struct lite *l = be;
    int64_t row = near.n ? row_near(key, near) : placed_row(key);
    if (l->placed.on) {
        if (near.n)
            TRY(placed_apart(op, l));
        int rc = placed_run(l->placed.insert, row, key, value);
        if ((rc & 0xFF) != SQLITE_CONSTRAINT)
            return rc == SQLITE_OK ? OK : lite_fail(op, l->writer->db, rc);
    }
    return near.n ? near_put(op, be, key, near, value) : lite_put(op, be, SPACE_KV, key, value);
}

err near_get(struct op *op, struct store_snap *conn, str key, str near, str *ret)
{
    int64_t row = row_near(key, near), own = placed_row(key);
    struct lite *l = conn->lite;
    *ret = STR_NONE;
    if (!l->placed.on || !atomic_load(&l->placed.apart))
        return lite_get(op, conn, SPACE_KV, key, ret);
    if (row != own)
        TRY(placed_at(op, conn, row, key, ret));
    if (ret->p)
        return OK;
    return atomic_load(&l->placed.strays) ? lite_get(op, conn, SPACE_KV, key, ret)
                                          : lite_get_keyed(op, conn, SPACE_KV, key, ret);
}
