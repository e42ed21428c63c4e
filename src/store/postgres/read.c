/* PostgreSQL back end: snapshots. A snapshot is a connection inside a repeatable-read transaction;
 * idle connections wait in a pool, still inside theirs while nothing is committed, so that many
 * readers of one moment cost no round trip. The moment is taken by reading the row that every
 * reader asks for first, in the round trip of BEGIN.
 * Invariant: closing a snapshot closes every cursor opened on it. */
#include "store/postgres/postgres_int.h"

#define WAIT_S 5
#define TRIES 2

static const str pinned = {"state", 5}; /* of SPACE_META */

static void forget(struct pg *pg, struct store_snap *c)
{
    pg_disconnect(c);
    pthread_mutex_lock(&pg->lock);
    pg->n_all--;
    pthread_cond_signal(&pg->freed);
    pthread_mutex_unlock(&pg->lock);
}

/* An idle one, or the right to make one (NULL). */
static err slot(struct op *op, struct pg *pg, struct store_snap **ret)
{
    struct timespec until;
    int rc = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&pg->lock);
    while (!pg->idle && pg->n_all >= READERS_MAX && rc == 0)
        rc = pthread_cond_timedwait(&pg->freed, &pg->lock, &until);
    bool good = pg->idle || pg->n_all < READERS_MAX;
    *ret = pg->idle;
    if (pg->idle) {
        pg->idle = pg->idle->next_idle;
        pg->n_idle--;
    } else if (good) {
        pg->n_all++;
    }
    pthread_mutex_unlock(&pg->lock);
    return good ? OK
                : fail(op, ERR_UNAVAILABLE, "too many reads of the database at once; try again");
}

/* To the server that the writer's leads to, as far as anybody knows. */
static bool usable(const struct pg *pg, const struct store_snap *c)
{
    return c->era == atomic_load(&pg->era) && pg_alive(c);
}

/* An idle connection that died in the meantime is no reason to fail. */
static err reader_take(struct op *op, struct pg *pg, struct store_snap **ret)
{
    struct store_snap *c = NULL;
    TRY(slot(op, pg, &c));
    while (c && !usable(pg, c)) {
        forget(pg, c);
        TRY(slot(op, pg, &c));
    }
    if (c) {
        *ret = c;
        return OK;
    }
    err e = pg_connect(op, pg, false, ret);
    if (e != OK)
        forget(pg, NULL);
    return e;
}

static void reader_give(struct pg *pg, struct store_snap *c)
{
    pthread_mutex_lock(&pg->lock);
    bool keep = !c->broken && pg->n_idle < READERS_IDLE_MAX;
    if (keep) {
        c->next_idle = pg->idle;
        pg->idle = c;
        pg->n_idle++;
        pthread_cond_signal(&pg->freed);
    }
    pthread_mutex_unlock(&pg->lock);
    if (!keep)
        forget(pg, c);
}

static err leave(struct op *op, struct store_snap *c)
{
    PQclear(c->pin);
    c->pin = NULL;
    if (!c->inside)
        return OK;
    c->inside = false;
    return pg_send(op, c, PG_CONTROL, PG_COMMIT, NULL, 0);
}

static err enter(struct op *op, struct store_snap *c, uint64_t stamp)
{
    TRY(leave(op, c));
    TRY(pg_send(op, c, PG_CONTROL, PG_BEGIN_READ, NULL, 0));
    TRY(pg_send(op, c, PG_GET, SPACE_META, &pinned, 1));
    TRY(pg_sync(op, c, &c->pin));
    c->inside = true;
    c->stamp = stamp;
    c->note = 0;
    return OK;
}

err pg_snap_open(struct op *op, void *be, struct store_snap **ret)
{
    struct pg *pg = be;
    struct store_snap *c = NULL;
    if (pg_lost(pg))
        return fail(op, ERR_FAULT, "another server wrote to the database; this one must stop");
    uint64_t stamp = atomic_load(&pg->stamp);
    TRY(reader_take(op, pg, &c));
    if (!c->inside || c->stamp != stamp) {
        err e = enter(op, c, stamp);
        if (e != OK) {
            forget(pg, c);
            return e;
        }
    }
    *ret = c;
    return OK;
}

void pg_snap_close(struct store_snap *c)
{
    while (c->cursors)
        pg_cursor_close(&c->cursors->c);
    if (!c->writer)
        reader_give(c->pg, c);
}

void pg_release_idle(struct pg *pg)
{
    uint64_t stamp = atomic_load(&pg->stamp);
    struct arena *a = arena_new(0);
    struct op op;
    for (unsigned i = 0; a && i < READERS_IDLE_MAX; i++) {
        struct store_snap *c = NULL, **at = &pg->idle;
        pthread_mutex_lock(&pg->lock);
        while (*at && (!(*at)->inside || (*at)->stamp == stamp))
            at = &(*at)->next_idle;
        c = *at;
        if (c) {
            *at = c->next_idle;
            pg->n_idle--;
        }
        pthread_mutex_unlock(&pg->lock);
        if (!c)
            break;
        op_init(&op, a, NULL, 0);
        if (leave(&op, c) != OK || pg_sync(&op, c, NULL) != OK)
            c->broken = true;
        reader_give(pg, c);
    }
    arena_free(a);
}

static err copy_value(struct op *op, const char *p, size_t n, str *ret)
{
    str got = arena_str(op->arena, str_make(p ? p : "", n));
    if (!got.p)
        return pg_no_memory(op);
    *ret = got;
    return OK;
}

static err of_result(struct op *op, const PGresult *res, str *ret)
{
    if (PQntuples(res) == 1)
        return copy_value(op, PQgetvalue(res, 0, 0), (size_t)PQgetlength(res, 0, 0), ret);
    *ret = STR_NONE;
    return OK;
}

err pg_get(struct op *op, struct store_snap *c, enum store_space space, str key, str *ret)
{
    PGresult *res = NULL;
    key = pg_key(space, key);
    if (c->pin && space == SPACE_META && str_eq(key, pinned))
        return of_result(op, c->pin, ret);
    const struct pg_row *r = c->writer ? pg_batch_find(&c->pg->batch, space, key) : NULL;
    if (r && r->value.p)
        return copy_value(op, r->value.p, r->value.n, ret);
    if (r) {
        *ret = STR_NONE;
        return OK;
    }
    TRY(pg_send(op, c, PG_GET, space, &key, 1));
    TRY(pg_sync(op, c, &res));
    err e = of_result(op, res, ret);
    PQclear(res);
    return e;
}
