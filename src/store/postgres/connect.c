/* PostgreSQL back end: making connections. Settings are made on the session, so that no role's or
 * database's own defaults can change what the store relies on: no time limits on statements, plans
 * by the primary key, dead peers noticed by either side within half a minute.
 * Invariant: no text of libpq about the connection string reaches anybody, since it may quote a
 * password; what the server itself says does. */
#include "store/postgres/postgres_int.h"

#include <poll.h>

static const char *const tables[] = {
    [SPACE_META] = "meta", [SPACE_DOC] = "doc",     [SPACE_LOG] = "log", [SPACE_PEND] = "pend",
    [SPACE_KEY] = "keys",  [SPACE_FWD] = "fwd",     [SPACE_KV] = "kv",   [SPACE_JOB] = "job",
    [SPACE_DUE] = "due",   [SPACE_TRAIL] = "trail",
};
_Static_assert(sizeof tables / sizeof *tables == SPACE_COUNT, "one table a space");

static const char settings[] =
    "SET client_min_messages=error; SET statement_timeout=0; SET lock_timeout=0;"
    "SET idle_in_transaction_session_timeout=0; SET default_transaction_read_only=off;"
    "SET default_transaction_isolation='read committed'; SET default_transaction_deferrable=off;"
    "SET plan_cache_mode=force_generic_plan; SET enable_seqscan=off; SET enable_bitmapscan=off;"
    "SET enable_sort=off; SET jit=off; SET tcp_keepalives_idle=10; SET tcp_keepalives_interval=5;"
    "SET tcp_keepalives_count=3";

static const char *const controls[] = {
    [PG_BEGIN] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    [PG_BEGIN_READ] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    [PG_COMMIT] = "COMMIT",
    [PG_ROLLBACK] = "ROLLBACK",
};
_Static_assert(sizeof controls / sizeof *controls == PG_CONTROLS, "one statement a control");

const char *pg_table(enum store_space space)
{
    return tables[space];
}

/* What the server said when it refused, from "FATAL:" on; what libpq says before that stays here.
 */
static err refused(struct op *op, PGconn *conn)
{
    static const char mark[] = "FATAL:";
    str all = str_of(PQerrorMessage(conn));
    size_t at = str_find(all, STR(mark), 0);
    err e;
    if (at == SIZE_MAX) {
        e = fail(op, ERR_UNAVAILABLE,
                 "the database server cannot be reached; see that it runs, and at the address that "
                 "was given");
    } else {
        str said = str_sub(all, at + sizeof mark - 1, SIZE_MAX);
        said = str_trim(str_sub(said, 0, str_find_char(said, '\n', 0)));
        e = fail(op, ERR_UNAVAILABLE, "the database server refuses: %.*s",
                 (int)(said.n < 200 ? said.n : 200), said.p);
    }
    PQfinish(conn);
    return e;
}

err pg_exec(struct op *op, PGconn *conn, const char *sql, PGresult **ret)
{
    PGresult *res = PQexec(conn, sql);
    ExecStatusType st = PQresultStatus(res);
    err e = st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK ? OK : pg_fail(op, conn, res);
    if (e == OK && ret)
        *ret = res;
    else
        PQclear(res);
    return e;
}

/* What stands before dbname is a default that the string may change. */
err pg_dial(struct op *op, const char *conninfo, const char *name, PGconn **ret)
{
    static const char *const keys[] = {
        "connect_timeout",  "keepalives_idle", "keepalives_interval", "keepalives_count",
        "tcp_user_timeout", "dbname",          "application_name",    NULL};
    const char *const values[] = {"10", "10", "5", "3", "30000", conninfo, name, NULL};
    char *why = NULL;
    PQconninfoOption *parsed = PQconninfoParse(conninfo, &why);
    if (why)
        PQfreemem(why);
    if (!parsed)
        return fail(op, ERR_INVALID,
                    "the address of the database is not understood; it is like "
                    "postgresql://user@host:5432/name, special characters in it written as %%40");
    PQconninfoFree(parsed);
    PGconn *conn = PQconnectdbParams(keys, values, 1);
    if (!conn)
        return pg_no_memory(op);
    if (PQstatus(conn) != CONNECTION_OK)
        return refused(op, conn);
    err e = pg_exec(op, conn, settings, NULL);
    if (e != OK) {
        PQfinish(conn);
        return e;
    }
    *ret = conn;
    return OK;
}

static bool prepare(struct store_snap *c, char verb, unsigned n, const char *sql)
{
    char name[8];
    snprintf(name, sizeof name, "%c%u", verb, n);
    return PQsendPrepare(c->conn, name, sql, 0, NULL) == 1;
}

static bool prepare_space(struct store_snap *c, enum store_space i)
{
    const char *t = tables[i], *k = space_numbered(i) ? "bigint" : "bytea";
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT v FROM weft.%s WHERE k=$1::%s", t, k);
    bool good = prepare(c, PG_GET, i, sql);
    snprintf(sql, sizeof sql, "SELECT k,v FROM weft.%s WHERE k>=$1::%s ORDER BY k LIMIT $2::bigint",
             t, k);
    good = good && prepare(c, PG_FORWARD, i, sql);
    snprintf(sql, sizeof sql,
             "SELECT k,v FROM weft.%s WHERE k<$1::%s ORDER BY k DESC LIMIT $2::bigint", t, k);
    good = good && prepare(c, PG_REVERSE, i, sql);
    if (!c->writer)
        return good;
    snprintf(sql, sizeof sql,
             "INSERT INTO weft.%s(k,v) SELECT * FROM unnest($1::%s[],$2::bytea[])"
             " ON CONFLICT(k) DO UPDATE SET v=excluded.v",
             t, k);
    good = good && prepare(c, PG_PUT, i, sql);
    snprintf(sql, sizeof sql, "SELECT k,v FROM weft.%s WHERE k=ANY($1::%s[])", t, k);
    good = good && prepare(c, PG_MANY, i, sql);
    snprintf(sql, sizeof sql, "DELETE FROM weft.%s WHERE k=ANY($1::%s[])", t, k);
    good = good && prepare(c, PG_DEL, i, sql);
    snprintf(sql, sizeof sql, "DELETE FROM weft.%s WHERE k>=$1::%s AND k<$2::%s", t, k, k);
    return good && prepare(c, PG_RANGE, i, sql);
}

/* All in one round trip. */
static err prepare_all(struct op *op, struct store_snap *c)
{
    bool good = PQenterPipelineMode(c->conn) == 1;
    for (unsigned i = 0; good && i < PG_CONTROLS; i++)
        good = prepare(c, PG_CONTROL, i, controls[i]);
    for (enum store_space i = 0; good && i < SPACE_COUNT; i++)
        good = prepare_space(c, i);
    return good ? pg_sync(op, c, NULL) : pg_fail(op, c->conn, NULL);
}

err pg_connect(struct op *op, struct pg *pg, bool writer, struct store_snap **ret)
{
    struct store_snap *c = calloc(1, sizeof *c);
    if (!c)
        return pg_no_memory(op);
    c->pg = pg;
    c->writer = writer;
    c->era = atomic_load(&pg->era);
    err e = pg_dial(op, pg->conninfo, pg->name, &c->conn);
    if (e == OK)
        e = writer ? pg_take_lock(op, pg, c->conn) : pg_primary(op, c->conn);
    if (e == OK)
        e = prepare_all(op, c);
    if (e != OK) {
        pg_disconnect(c);
        return e;
    }
    *ret = c;
    return OK;
}

void pg_disconnect(struct store_snap *c)
{
    if (!c)
        return;
    PQclear(c->pin);
    PQfinish(c->conn);
    free(c);
}

bool pg_alive(const struct store_snap *c)
{
    struct pollfd p = {.fd = PQsocket(c->conn), .events = POLLIN};
    return !c->broken && PQstatus(c->conn) == CONNECTION_OK && p.fd >= 0 && poll(&p, 1, 0) == 0;
}
