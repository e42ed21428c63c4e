/* PostgreSQL back end: statements out, results in, errors told. Sending never waits for results,
 * which are short until somebody asks for rows, so neither side can fill the other's buffer.
 * Invariant: after pg_sync() nothing is owed on the connection, or it is marked broken. */
#include "store/postgres/postgres_int.h"

err(pg_no_memory)(struct op *op)
{
    return fail(op, ERR_UNAVAILABLE, "the store is out of memory; try again later");
}

static const struct {
    const char *state; /* SQLSTATE, or its class */
    err code;
    const char *what;
} sentences[] = {
    {"53100", ERR_UNAVAILABLE, "the database's disk is full; nothing was written"},
    {"53300", ERR_UNAVAILABLE, "the database has no connection left; raise its max_connections"},
    {"53", ERR_UNAVAILABLE, "the database is short of memory or disk; try again later"},
    {"25006", ERR_UNAVAILABLE, "the database is read only, a standby perhaps; nothing was written"},
    {"08", ERR_UNAVAILABLE, "the connection to the database was lost; try again"},
    {"57P", ERR_UNAVAILABLE, "the database is stopping or starting; try again"},
    {"58", ERR_UNAVAILABLE, "the database reports an error of its disk; nothing was written"},
    {"40", ERR_UNAVAILABLE, "the database gave the transaction up; try again"},
    {"55", ERR_UNAVAILABLE, "a table of the store is held by another program; try again"},
    {"3F000", ERR_NOT_FOUND, "the database holds no store; make one with weft init --database"},
    {"42P01", ERR_NOT_FOUND, "the database holds no store; make one with weft init --database"},
    {"42501", ERR_FORBIDDEN, "the database's user may not do this; let it own the schema weft"},
    {"XX001", ERR_FAULT, "the database's files are damaged; restore it from a backup"},
    {"XX002", ERR_FAULT, "the database's files are damaged; restore it from a backup"},
};

err(pg_fail)(struct op *op, const PGconn *conn, const PGresult *res)
{
    const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    for (size_t i = 0; state && i < sizeof sentences / sizeof *sentences; i++) {
        if (str_starts(str_of(state), str_of(sentences[i].state)))
            return fail(op, sentences[i].code, "%s", sentences[i].what);
    }
    if (!state || PQstatus(conn) != CONNECTION_OK)
        return fail(op, ERR_UNAVAILABLE, "the connection to the database was lost; try again");
    return fail(op, ERR_FAULT, "the database refused a statement (SQLSTATE %s)", state);
}

str pg_key(enum store_space space, str key)
{
    if (space_numbered(space) && key.n != 8)
        return str_make("\0\0\0\0\0\0\0", 8);
    return key;
}

err pg_send(struct op *op, struct store_snap *c, char verb, unsigned space, const str *values,
            int n)
{
    static const int binary[] = {1, 1};
    const char *at[2] = {NULL};
    int size[2] = {0};
    char name[8];
    snprintf(name, sizeof name, "%c%u", verb, space);
    for (int i = 0; i < n && i < 2; i++) {
        if (values[i].n > INT32_MAX)
            return fail(op, ERR_TOO_LARGE, "a value is too large for the database");
        at[i] = values[i].p ? values[i].p : "";
        size[i] = (int)values[i].n;
    }
    if (!c->broken && PQsendQueryPrepared(c->conn, name, n, at, size, binary, 1) == 1)
        return OK;
    c->broken = true;
    return pg_fail(op, c->conn, NULL);
}

/* One result of those owed; true while more may come. */
static bool take_one(struct op *op, struct store_snap *c, PGresult **last, err *e)
{
    PGresult *res = PQgetResult(c->conn);
    ExecStatusType st = PQresultStatus(res);
    if (!res) { /* between two statements, or for ever */
        if (PQstatus(c->conn) == CONNECTION_OK)
            return true;
        c->broken = true;
        return false;
    }
    if (st == PGRES_PIPELINE_SYNC) {
        PQclear(res);
        return false;
    }
    if (st == PGRES_TUPLES_OK ||
        (st == PGRES_COMMAND_OK && PQresultStatus(*last) != PGRES_TUPLES_OK)) {
        PQclear(*last);
        *last = res;
        return true;
    }
    if (st != PGRES_COMMAND_OK && st != PGRES_PIPELINE_ABORTED && *e == OK)
        *e = pg_fail(op, c->conn, res);
    PQclear(res);
    return true;
}

err pg_sync(struct op *op, struct store_snap *c, PGresult **ret)
{
    PGresult *last = NULL;
    err e = OK;
    if (c->broken || PQpipelineSync(c->conn) != 1)
        c->broken = true;
    else
        while (take_one(op, c, &last, &e))
            ;
    if (e == OK && c->broken)
        e = pg_fail(op, c->conn, NULL);
    if (PQstatus(c->conn) != CONNECTION_OK)
        c->broken = true;
    if (e == OK && ret)
        *ret = last;
    else
        PQclear(last);
    return e;
}
