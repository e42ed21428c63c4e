/* PostgreSQL back end: a whole copy, as a database of SQLite in a folder. It reads by a snapshot of
 * its own connection, so the server that has the store open goes on. Invariant: nothing is written
 * to PostgreSQL. */
#include "store/postgres/postgres_int.h"
#include "store/store_int.h"

static err copy_into(struct op *op, struct store_snap *snap, str to,
                     const struct store_watch *watch)
{
    const struct store_ops *ops = &store_sqlite_ops;
    struct store_options o = {.backend = STORE_SQLITE, .dir = to};
    void *be = NULL;
    TRY(ops->create(op, &o));
    TRY(ops->open(op, &o, &be));
    err e = spaces_copy(op, &store_postgres_ops, snap,
                        &(struct spaces_to){.ops = ops, .be = be, .watch = watch});
    ops->close(be);
    return e;
}

err pg_copy(struct op *op, str from, str to, const struct store_watch *watch)
{
    struct store_options o = {.backend = STORE_POSTGRES};
    struct store_snap *snap = NULL;
    struct pg *pg = NULL;
    TRY(store_place(op, from, &o.database));
    TRY(pg_new(op, &o, &pg));
    err e = pg_snap_open(op, pg, &snap);
    if (e == OK) {
        e = copy_into(op, snap, to, watch);
        pg_snap_close(snap);
    }
    pg_close(pg);
    return e;
}
