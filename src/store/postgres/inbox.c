/* PostgreSQL back end: rows that waiting servers leave for the one that writes (store/inbox.h).
 * Invariant: nothing of it is part of the store's one log. A row is put by a statement that is a
 * transaction of its own, and deleted only after what it said was committed, so it may be taken
 * twice but is never lost: who takes it must know what it has already. */
#include "store/inbox.h"

#include "store/postgres/postgres_int.h"
#include "store/store_int.h"

#include <stdlib.h>

/* First half of the locks on servers' names; the writer's lock is of another kind (open.c). */
#define NODE_LOCK "1464157781"
#define ROWS_TEXT "4096"
_Static_assert(STORE_INBOX_ROWS_MAX == 4096, "as the statement says");
#define ALL_TEXT "8192" /* with those that were set aside */
#define AAD STR("inbox")

struct store_inbox {
    pthread_mutex_t lock; /* all below */
    struct pg *pg;        /* address and name; its own connections are not made */
    PGconn *conn;         /* NULL: not now */
    struct vault own, *vault;
    bool has_store; /* of the server that writes */
    bool joined;
    char node[STORE_NODE_MAX + 1];
};

struct params {
    const char *at[1];
    int size[1], binary[1];
    int n;
};

static struct params text_param(const char *text)
{
    return (struct params){.at = {text}, .n = 1};
}

static struct params bytes_param(str bytes)
{
    return (struct params){.at = {bytes.p}, .size = {(int)bytes.n}, .binary = {1}, .n = 1};
}

static void hang_up(struct store_inbox *x)
{
    PQfinish(x->conn);
    x->conn = NULL;
    x->joined = false; /* the lock goes with the session */
}

static err ask(struct op *op, struct store_inbox *x, const char *sql, const struct params *p,
               PGresult **ret)
{
    PGresult *res = PQexecParams(x->conn, sql, p ? p->n : 0, NULL, p ? p->at : NULL,
                                 p ? p->size : NULL, p ? p->binary : NULL, 1);
    ExecStatusType st = PQresultStatus(res);
    err e = st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK ? OK : pg_fail(op, x->conn, res);
    if (PQstatus(x->conn) != CONNECTION_OK)
        hang_up(x);
    if (e == OK && ret)
        *ret = res;
    else
        PQclear(res);
    return e;
}

/* The answer of a statement with one row of one boolean. */
static err ask_bool(struct op *op, struct store_inbox *x, const char *sql, const struct params *p,
                    bool *ret)
{
    PGresult *res = NULL;
    TRY(ask(op, x, sql, p, &res));
    *ret = PQntuples(res) == 1 && PQgetlength(res, 0, 0) == 1 && *PQgetvalue(res, 0, 0);
    PQclear(res);
    return OK;
}

/* Rows sealed with other keys could never be read by the server that has the store. */
static err check_own_keys(struct op *op, struct store_inbox *x)
{
    PGresult *res = NULL;
    str plain = STR_NONE;
    TRY(ask(op, x, "SELECT v FROM weft.meta WHERE k='keycheck'", NULL, &res));
    str stored = STR_NONE;
    if (PQntuples(res) == 1)
        stored =
            arena_str(op->arena, str_make(PQgetvalue(res, 0, 0), (size_t)PQgetlength(res, 0, 0)));
    PQclear(res);
    if (stored.n && unseal(op, x->vault, OWNER_STORE, STR("keycheck"), stored, &plain) == OK)
        return OK;
    op_clear(op);
    return fail(op, ERR_FAULT, "the keys file does not belong to this database");
}

static err ready_for_work(struct op *op, struct store_inbox *x)
{
    static const char tables[] =
        "SELECT pg_advisory_xact_lock(" NODE_LOCK ",0);"
        "CREATE TABLE IF NOT EXISTS weft.inbox(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " aside boolean NOT NULL DEFAULT false, v bytea NOT NULL);"
        "CREATE TABLE IF NOT EXISTS weft.node(name text PRIMARY KEY)";
    TRY(pg_primary(op, x->conn));
    TRY(pg_trusted(op, x->conn));
    TRY(check_own_keys(op, x));
    TRY(pg_exec(op, x->conn, tables, NULL));
    return x->has_store ? ask(op, x, "UPDATE weft.inbox SET aside=false WHERE aside", NULL, NULL)
                        : OK;
}

static err connected(struct op *op, struct store_inbox *x)
{
    if (x->conn)
        return OK;
    TRY(pg_dial(op, x->pg->conninfo, x->pg->name, &x->conn));
    err e = ready_for_work(op, x);
    if (e != OK)
        hang_up(x);
    return e;
}

static err new_inbox(struct op *op, const struct store_options *o, str node,
                     struct store_inbox **ret)
{
    if (o->backend != STORE_POSTGRES)
        return fail(op, ERR_UNSUPPORTED,
                    "only a store in PostgreSQL takes in from several servers");
    if (!node.n || node.n > STORE_NODE_MAX)
        return fail(op, ERR_INVALID, "a server's name has 1 to %d bytes", STORE_NODE_MAX);
    struct store_inbox *x = calloc(1, sizeof *x);
    if (!x)
        return pg_no_memory(op);
    pthread_mutex_init(&x->lock, NULL);
    memcpy(x->node, node.p, node.n);
    err e = pg_new(op, o, &x->pg);
    if (e != OK) {
        store_inbox_close(x);
        return e;
    }
    *ret = x;
    return OK;
}

err store_inbox_open(struct op *op, const struct store_options *o, str node,
                     struct store_inbox **ret)
{
    struct store_inbox *x;
    struct ring *ring = NULL;
    TRY(new_inbox(op, o, node, &x));
    err e = keyfile_peek(op, o->dir, &ring);
    if (e == OK)
        e = vault_init(op, &x->own, ring);
    if (e != OK) {
        store_inbox_close(x);
        return e;
    }
    x->vault = &x->own;
    *ret = x;
    return OK;
}

err store_inbox_of(struct op *op, struct store *s, str node, struct store_inbox **ret)
{
    TRY(new_inbox(op, &s->o, node, ret));
    (*ret)->vault = &s->vault;
    (*ret)->has_store = true;
    return OK;
}

void store_inbox_close(struct store_inbox *x)
{
    if (!x)
        return;
    hang_up(x);
    pg_close(x->pg);
    if (x->vault == &x->own)
        vault_free(&x->own);
    pthread_mutex_destroy(&x->lock);
    free(x);
}

static err join(struct op *op, struct store_inbox *x, bool *ret_new)
{
    struct params name = text_param(x->node);
    bool got = false;
    TRY(connected(op, x));
    if (!x->joined)
        TRY(ask_bool(op, x, "SELECT pg_try_advisory_lock(" NODE_LOCK ",hashtext($1))", &name,
                     &got));
    if (!x->joined && !got)
        return fail(op, ERR_CONFLICT,
                    "another server has the name %s; give each a mqtt.client_id of its own",
                    x->node);
    *ret_new = !x->joined;
    x->joined = true;
    return ask(op, x, "INSERT INTO weft.node VALUES($1) ON CONFLICT DO NOTHING", &name, NULL);
}

static err put(struct op *op, struct store_inbox *x, str bytes)
{
    static const char sql[] =
        "INSERT INTO weft.inbox(v) SELECT $1::bytea WHERE"
        " (SELECT count(*) FROM (SELECT 1 FROM weft.inbox WHERE NOT aside LIMIT " ROWS_TEXT
        ") few)<" ROWS_TEXT " AND (SELECT count(*) FROM (SELECT 1 FROM weft.inbox LIMIT " ALL_TEXT
        ") whole)<" ALL_TEXT;
    PGresult *res = NULL;
    str sealed = STR_NONE;
    TRY(connected(op, x));
    TRY(seal(op, x->vault, OWNER_STORE, AAD, bytes, &sealed));
    if (sealed.n > INT32_MAX)
        return fail(op, ERR_TOO_LARGE, "too much for one row");
    struct params v = bytes_param(sealed);
    TRY(ask(op, x, sql, &v, &res));
    bool kept = strcmp(PQcmdTuples(res), "1") == 0;
    PQclear(res);
    return kept ? OK
                : fail(op, ERR_BUSY,
                       "the server that has the record takes nothing in; " ROWS_TEXT " rows wait");
}

static err with_id(struct op *op, struct store_inbox *x, const char *sql, uint64_t id)
{
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)id);
    struct params p = text_param(number);
    TRY(connected(op, x));
    return ask(op, x, sql, &p, NULL);
}

static err aside(struct op *op, struct store_inbox *x, uint64_t id)
{
    return with_id(op, x, "UPDATE weft.inbox SET aside=true WHERE id=$1::bigint", id);
}

static err take(struct op *op, struct store_inbox *x, uint64_t *ret_id, str *ret_bytes)
{
    static const char sql[] = "SELECT id,v FROM weft.inbox WHERE NOT aside ORDER BY id LIMIT 1";
    PGresult *res = NULL;
    *ret_bytes = STR_NONE;
    TRY(connected(op, x));
    TRY(ask(op, x, sql, NULL, &res));
    bool there = PQntuples(res) == 1 && PQgetlength(res, 0, 0) == 8;
    str sealed = STR_NONE;
    if (there) {
        *ret_id = u64_read(PQgetvalue(res, 0, 0));
        sealed =
            arena_str(op->arena, str_make(PQgetvalue(res, 0, 1), (size_t)PQgetlength(res, 0, 1)));
    }
    PQclear(res);
    TRY(op_check(op));
    if (!there || unseal(op, x->vault, OWNER_STORE, AAD, sealed, ret_bytes) == OK)
        return OK;
    TRY(op_check(op)); /* no memory: nobody's fault */
    op_clear(op);
    *ret_bytes = STR_NONE;
    TRY(aside(op, x, *ret_id));
    return fail(op, ERR_FAULT, "a row of the inbox cannot be read (other keys?); it is set aside");
}

static err orphan(struct op *op, struct store_inbox *x, str *ret_node)
{
    struct params me = text_param(x->node);
    PGresult *res = NULL;
    err e = OK;
    *ret_node = STR_NONE;
    TRY(connected(op, x));
    TRY(ask(op, x, "SELECT name FROM weft.node WHERE name<>$1 ORDER BY name LIMIT 64", &me, &res));
    for (int i = 0; e == OK && i < PQntuples(res) && !ret_node->n; i++) {
        bool got = false;
        str name = str_make(PQgetvalue(res, i, 0), (size_t)PQgetlength(res, i, 0));
        struct params p = text_param(str_z(op->arena, name));
        e = ask_bool(op, x, "SELECT pg_try_advisory_lock(" NODE_LOCK ",hashtext($1))", &p, &got);
        if (e == OK && got)
            *ret_node = arena_str(op->arena, name);
    }
    PQclear(res);
    return e;
}

/* A session that was lost meanwhile took the lock along, and the server may be back. */
static err buried(struct op *op, struct store_inbox *x, str node, bool settled)
{
    static const char bury[] =
        "DELETE FROM weft.node WHERE name=$1 AND EXISTS(SELECT 1 FROM pg_locks WHERE"
        " locktype='advisory' AND pid=pg_backend_pid() AND granted AND objsubid=2 AND"
        " classid=" NODE_LOCK "::oid AND objid=(hashtext($1)::bigint & 4294967295)::oid)";
    struct params p = text_param(str_z(op->arena, node));
    bool was = false;
    TRY(connected(op, x));
    if (settled)
        TRY(ask(op, x, bury, &p, NULL));
    return ask_bool(op, x, "SELECT pg_advisory_unlock(" NODE_LOCK ",hashtext($1))", &p, &was);
}

/* One at a time on the one connection. */
#define ALONE(x, call)                                                                             \
    do {                                                                                           \
        pthread_mutex_lock(&(x)->lock);                                                            \
        err e_ = (call);                                                                           \
        pthread_mutex_unlock(&(x)->lock);                                                          \
        return e_;                                                                                 \
    } while (0)

err store_inbox_join(struct op *op, struct store_inbox *x, bool *ret_new)
{
    *ret_new = false;
    ALONE(x, join(op, x, ret_new));
}

err store_inbox_put(struct op *op, struct store_inbox *x, str bytes)
{
    ALONE(x, put(op, x, bytes));
}

err store_inbox_take(struct op *op, struct store_inbox *x, uint64_t *ret_id, str *ret_bytes)
{
    ALONE(x, take(op, x, ret_id, ret_bytes));
}

err store_inbox_done(struct op *op, struct store_inbox *x, uint64_t id)
{
    ALONE(x, with_id(op, x, "DELETE FROM weft.inbox WHERE id=$1::bigint", id));
}

err store_inbox_aside(struct op *op, struct store_inbox *x, uint64_t id)
{
    ALONE(x, aside(op, x, id));
}

err store_inbox_orphan(struct op *op, struct store_inbox *x, str *ret_node)
{
    ALONE(x, orphan(op, x, ret_node));
}

err store_inbox_buried(struct op *op, struct store_inbox *x, str node, bool settled)
{
    ALONE(x, buried(op, x, node, settled));
}
