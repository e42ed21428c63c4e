/* PostgreSQL back end: making and opening a store in a database, and the writer's lock. Plain
 * tables with a primary key in the schema weft, nothing else, so that they can be distributed too
 * (docs/adr/0014). Invariant: who writes holds the session's advisory lock, on the very connection
 * it writes by, so whoever loses the connection cannot write. */
#include "store/postgres/postgres_int.h"

#include "base/time.h"

#include <sodium.h>
#include <time.h>
#include <unistd.h>

/* One store a database. High and low half, as pg_locks shows them. */
#define LOCK_HIGH "1464157780"
#define LOCK_LOW "827740212"
#define LOCK_SQL "(" LOCK_HIGH "::bigint << 32 | " LOCK_LOW ")"
#define LOCK_TRIES 10
#define LOCK_WAIT_NS 100000000

err pg_primary(struct op *op, PGconn *conn)
{
    PGresult *res = NULL;
    TRY(pg_exec(op, conn, "SELECT pg_is_in_recovery()", &res));
    bool standby = strcmp(PQgetvalue(res, 0, 0), "f") != 0;
    PQclear(res);
    return standby ? fail(op, ERR_UNAVAILABLE,
                          "the database is a standby; name the primary, or both with "
                          "target_session_attrs=read-write")
                   : OK;
}

err pg_trusted(struct op *op, PGconn *conn)
{
    static const char sql[] =
        "SELECT current_setting('synchronous_commit'),current_setting('fsync')";
    PGresult *res = NULL;
    TRY(pg_exec(op, conn, sql, &res));
    bool loose = strcmp(PQgetvalue(res, 0, 0), "off") == 0;
    bool unsynced = strcmp(PQgetvalue(res, 0, 1), "off") == 0;
    int version = PQserverVersion(conn);
    PQclear(res);
    if (version < 120000)
        return fail(op, ERR_UNSUPPORTED, "the database is older than PostgreSQL 12; use a newer");
    if (loose || unsynced)
        return fail(
            op, ERR_PRECONDITION,
            "the database runs with %s=off, so it may lose what was acknowledged; set it on",
            loose ? "synchronous_commit" : "fsync");
    return OK;
}

/* Who has the lock; *ret_mine: a connection of this very server, cut off and not noticed yet, which
 * is ended then. */
static err holder(struct op *op, const struct pg *pg, PGconn *conn, str *ret_name, bool *ret_mine)
{
    static const char sql[] =
        "SELECT a.application_name, CASE WHEN a.application_name=$1"
        " THEN pg_terminate_backend(a.pid) END FROM pg_locks l JOIN pg_stat_activity a USING(pid)"
        " WHERE l.locktype='advisory' AND l.granted AND l.classid=" LOCK_HIGH
        " AND l.objid=" LOCK_LOW " AND l.objsubid=1"
        " AND l.database=(SELECT oid FROM pg_database WHERE datname=current_database())";
    const char *const values[] = {pg->name};
    PGresult *res = PQexecParams(conn, sql, 1, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(res) != PGRES_TUPLES_OK) {
        err e = pg_fail(op, conn, res);
        PQclear(res);
        return e;
    }
    *ret_name = STR_NONE;
    if (PQntuples(res) > 0)
        *ret_name = arena_str(op->arena, str_of(PQgetvalue(res, 0, 0)));
    *ret_mine = str_eq(*ret_name, str_of(pg->name));
    PQclear(res);
    return OK;
}

static err try_lock(struct op *op, PGconn *conn, bool *ret)
{
    PGresult *res = NULL;
    TRY(pg_exec(op, conn, "SELECT pg_try_advisory_lock(" LOCK_SQL ")", &res));
    *ret = strcmp(PQgetvalue(res, 0, 0), "t") == 0;
    PQclear(res);
    return OK;
}

/* A server that was killed holds it until the database notices: milliseconds, on one machine. */
err pg_take_lock(struct op *op, struct pg *pg, PGconn *conn)
{
    str name = STR_NONE;
    bool mine = false, got = false;
    TRY(pg_primary(op, conn));
    TRY(pg_trusted(op, conn));
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        TRY(try_lock(op, conn, &got));
        if (got)
            return OK;
        TRY(holder(op, pg, conn, &name, &mine));
        nanosleep(&(struct timespec){.tv_nsec = LOCK_WAIT_NS}, NULL);
    }
    return fail(op, mine ? ERR_UNAVAILABLE : ERR_CONFLICT,
                "the database is in use by another server (%.*s); stop that one, or give this one "
                "a database of its own",
                (int)(name.n ? name.n : 7), name.n ? name.p : "unknown");
}

err pg_read_fence(struct op *op, PGconn *conn, struct pg_fence *ret)
{
    struct pg_fence f = {.n = 0};
    PGresult *res =
        PQexecParams(conn, "SELECT v FROM weft.meta WHERE k='state'", 0, NULL, NULL, NULL, NULL, 1);
    err e = PQresultStatus(res) == PGRES_TUPLES_OK ? OK : pg_fail(op, conn, res);
    if (e == OK && PQntuples(res) == 1) {
        f.n = (size_t)PQgetlength(res, 0, 0);
        if (f.n <= sizeof f.row)
            memcpy(f.row, PQgetvalue(res, 0, 0), f.n);
        else
            e = fail(op, ERR_FAULT, "a stored row is damaged (state)");
    }
    PQclear(res);
    if (e == OK)
        *ret = f;
    return e;
}

err pg_new(struct op *op, const struct store_options *o, struct pg **ret)
{
    struct pg *pg = calloc(1, sizeof *pg);
    char host[31] = "";
    if (!pg)
        return pg_no_memory(op);
    pthread_mutex_init(&pg->lock, NULL);
    pthread_cond_init(&pg->freed, NULL);
    pg->conninfo = strndup(o->database.p ? o->database.p : "", o->database.n);
    (void)gethostname(host, sizeof host - 1);
    snprintf(pg->name, sizeof pg->name, "weft %s %ld %08x", host, (long)getpid(),
             randombytes_random());
    err e = pg->conninfo ? pg_batch_new(op, &pg->batch) : pg_no_memory(op);
    if (e != OK) {
        pg_close(pg);
        return e;
    }
    *ret = pg;
    return OK;
}

static err make_tables(struct op *op, PGconn *conn)
{
    PGresult *res = NULL;
    char sql[200];
    TRY(pg_exec(op, conn, "BEGIN", NULL));
    TRY(pg_exec(op, conn, "SELECT to_regnamespace('weft') IS NULL", &res));
    bool none = strcmp(PQgetvalue(res, 0, 0), "t") == 0;
    PQclear(res);
    if (none)
        TRY(pg_exec(op, conn, "CREATE SCHEMA weft", NULL));
    for (enum store_space i = 0; i < SPACE_COUNT; i++) {
        const char *t = pg_table(i), *k = space_numbered(i) ? "bigint" : "bytea";
        snprintf(sql, sizeof sql,
                 "CREATE TABLE IF NOT EXISTS weft.%s(k %s PRIMARY KEY, v bytea NOT NULL);"
                 "ALTER TABLE weft.%s ALTER v SET STORAGE EXTERNAL",
                 t, k, t);
        TRY(pg_exec(op, conn, sql, NULL));
    }
    return pg_exec(op, conn, "COMMIT", NULL);
}

/* What an init that was broken off left behind has no state row. */
static err create_in(struct op *op, struct pg *pg, PGconn *conn)
{
    struct pg_fence found = {.n = 0};
    TRY(pg_take_lock(op, pg, conn));
    TRY(make_tables(op, conn));
    TRY(pg_read_fence(op, conn, &found));
    return found.n ? fail(op, ERR_CONFLICT, "there is a store in the database already") : OK;
}

err pg_create(struct op *op, const struct store_options *o)
{
    struct pg *pg = NULL;
    PGconn *conn = NULL;
    TRY(pg_new(op, o, &pg));
    err e = pg_dial(op, pg->conninfo, pg->name, &conn);
    if (e == OK)
        e = create_in(op, pg, conn);
    PQfinish(conn);
    pg_close(pg);
    return e;
}

err pg_open(struct op *op, const struct store_options *o, void **ret)
{
    struct pg *pg = NULL;
    TRY(pg_new(op, o, &pg));
    err e = pg_connect(op, pg, true, &pg->writer);
    if (e == OK) {
        PQexitPipelineMode(pg->writer->conn);
        e = pg_read_fence(op, pg->writer->conn, &pg->fence);
        PQenterPipelineMode(pg->writer->conn);
    }
    if (e != OK) {
        pg_close(pg);
        return e;
    }
    pg_measure(pg, time_mono());
    *ret = pg;
    return OK;
}

void pg_close(void *be)
{
    struct pg *pg = be;
    if (!pg)
        return;
    for (struct store_snap *c = pg->idle, *next; c; c = next) {
        next = c->next_idle;
        pg_disconnect(c);
    }
    pg_disconnect(pg->writer);
    pthread_mutex_destroy(&pg->lock);
    pthread_cond_destroy(&pg->freed);
    arena_free(pg->batch.arena);
    if (pg->conninfo)
        sodium_memzero(pg->conninfo, strlen(pg->conninfo));
    free(pg->conninfo);
    free(pg);
}

static struct store_snap *writer(void *be)
{
    return ((struct pg *)be)->writer;
}

static uint64_t *snap_note(struct store_snap *c)
{
    return &c->note;
}

static uint64_t bytes(void *be)
{
    return atomic_load(&((struct pg *)be)->bytes);
}

const struct store_ops store_postgres_ops = {
    .version = STORE_OPS_VERSION,
    .name = "postgres",
    .capabilities = STORE_CAP_DURABLE | STORE_CAP_FAR,
    .create = pg_create,
    .open = pg_open,
    .close = pg_close,
    .begin = pg_begin,
    .put = pg_put,
    .del = pg_del,
    .del_range = pg_del_range,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .settle = pg_settle,
    .lost = pg_lost,
    .ahead = pg_ahead,
    .writer = writer,
    .snap_open = pg_snap_open,
    .snap_close = pg_snap_close,
    .snap_note = snap_note,
    .get = pg_get,
    .cursor_open = pg_cursor_open,
    .cursor_seek = pg_cursor_seek,
    .cursor_next = pg_cursor_next,
    .cursor_close = pg_cursor_close,
    .bytes = bytes,
    .tidy = pg_tidy,
    .copy = pg_copy,
};
