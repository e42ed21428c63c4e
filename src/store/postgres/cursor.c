/* PostgreSQL back end: cursors. A cursor holds a stretch of neighbouring rows, fetched in one
 * round trip, longer each time up to about a quarter of a mebibyte; a seek into what it holds costs
 * nothing. Invariant: rows between from and the last one held are all held; what the writer changed
 * meanwhile is fetched anew. */
#include "store/postgres/postgres_int.h"

#define FIRST_ROWS 4u
#define MORE_ROWS 4u /* times as many the next time */
#define MOST_ROWS 512u
#define MOST_BYTES ((size_t)256 << 10)

err pg_cursor_open(struct op *op, struct store_snap *conn, enum store_space space,
                   struct store_cursor **ret)
{
    struct pg_cursor *c = arena_calloc(op->arena, 1, sizeof *c);
    if (!c)
        return pg_no_memory(op);
    c->conn = conn;
    c->space = space;
    c->next = conn->cursors;
    if (c->next)
        c->next->prev = c;
    conn->cursors = c;
    *ret = &c->c;
    return OK;
}

void pg_cursor_close(struct store_cursor *cursor)
{
    struct pg_cursor *c = (struct pg_cursor *)cursor;
    PQclear(c->rows);
    free((void *)(uintptr_t)c->from.p);
    if (c->prev)
        c->prev->next = c->next;
    else
        c->conn->cursors = c->next;
    if (c->next)
        c->next->prev = c->prev;
    c->rows = NULL;
    c->from = STR_NONE;
    c->c.valid = false;
}

static str key_at(const struct pg_cursor *c, int i)
{
    return str_make(PQgetvalue(c->rows, i, 0), (size_t)PQgetlength(c->rows, i, 0));
}

static void show(struct pg_cursor *c)
{
    c->c.valid = c->at < c->n;
    if (!c->c.valid)
        return;
    c->c.key = key_at(c, c->at);
    c->c.value = str_make(PQgetvalue(c->rows, c->at, 1), (size_t)PQgetlength(c->rows, c->at, 1));
}

static void drop(struct pg_cursor *c)
{
    PQclear(c->rows);
    c->rows = NULL;
    c->n = c->at = 0;
    c->whole = c->c.valid = false;
}

/* How many rows the next time: more, but within bytes as rows are here. */
static void reckon(struct pg_cursor *c)
{
    size_t bytes = 0;
    for (int i = 0; i < c->n; i++)
        bytes += (size_t)PQgetlength(c->rows, i, 1) + 64;
    size_t most = bytes ? MOST_BYTES * (size_t)c->n / bytes : MOST_ROWS;
    size_t want = c->want * MORE_ROWS;
    want = want < most ? want : most;
    c->want = want < MOST_ROWS ? want : MOST_ROWS;
    if (c->want < FIRST_ROWS)
        c->want = FIRST_ROWS;
}

/* Rows from c->from on, into the place of those held. */
static err fetch(struct op *op, struct pg_cursor *c)
{
    struct pg *pg = c->conn->pg;
    char rows[8];
    drop(c);
    u64_write(rows, c->want);
    const str bounds[2] = {c->from, str_make(rows, 8)};
    if (c->conn->writer)
        TRY(pg_batch_flush(op, pg, c->space));
    TRY(pg_send(op, c->conn, c->reverse ? PG_REVERSE : PG_FORWARD, c->space, bounds, 2));
    TRY(pg_sync(op, c->conn, &c->rows));
    c->n = PQntuples(c->rows);
    c->changes = pg->batch.changes[c->space];
    c->whole = (size_t)c->n < c->want;
    reckon(c);
    show(c);
    return OK;
}

static err begin_at(struct op *op, struct pg_cursor *c, str key, bool after)
{
    char *copy = malloc(key.n + 1);
    if (!copy)
        return pg_no_memory(op);
    if (key.n)
        memcpy(copy, key.p, key.n);
    copy[key.n] = 0;
    free((void *)(uintptr_t)c->from.p);
    c->from = str_make(copy, key.n);
    if (!after)
        return OK;
    if (space_numbered(c->space)) /* the key that follows key */
        u64_write(copy, u64_read(copy) + 1);
    else
        c->from.n++;
    return OK;
}

static bool fresh(const struct pg_cursor *c)
{
    return c->rows && (!c->conn->writer || c->changes == c->conn->pg->batch.changes[c->space]);
}

/* Is the answer among the rows held? Then at stands on it. */
static bool within(struct pg_cursor *c, str key, bool reverse)
{
    if (!fresh(c) || c->reverse != reverse)
        return false;
    int sign = reverse ? -1 : 1, lo = 0, hi = c->n;
    if (str_cmp(key, c->from) * sign < 0)
        return false;
    while (lo < hi) { /* the first at or past key; in reverse, the first below it */
        int mid = (lo + hi) / 2, order = str_cmp(key_at(c, mid), key) * sign;
        if (order < 0 || (reverse && order == 0))
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == c->n && !c->whole)
        return false;
    c->at = lo;
    return true;
}

err pg_cursor_seek(struct op *op, struct store_cursor *cursor, str key, bool reverse)
{
    struct pg_cursor *c = (struct pg_cursor *)cursor;
    key = pg_key(c->space, key);
    if (within(c, key, reverse)) {
        show(c);
        return OK;
    }
    TRY(begin_at(op, c, key, false));
    c->reverse = reverse;
    c->want = FIRST_ROWS;
    return fetch(op, c);
}

err pg_cursor_next(struct op *op, struct store_cursor *cursor)
{
    struct pg_cursor *c = (struct pg_cursor *)cursor;
    if (!c->c.valid)
        return OK;
    bool stale = !fresh(c);
    if (stale || (c->at + 1 == c->n && !c->whole)) {
        TRY(begin_at(op, c, c->c.key, !c->reverse));
        return fetch(op, c);
    }
    c->at++;
    show(c);
    return OK;
}
