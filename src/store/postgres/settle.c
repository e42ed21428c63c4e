/* PostgreSQL back end: the writer's connection was lost. A new one takes the lock, then looks at
 * the row that every commit writes: as it was committed here, nothing happened meanwhile; as the
 * commit in doubt wrote it, that commit was kept; anything else, and somebody else wrote, or a
 * standby that took over lacks what was acknowledged: then this server is lost for good. Invariant:
 * nothing is written before that is known. */
#include "store/postgres/postgres_int.h"

#include "base/time.h"

#include <time.h>

#define SETTLE_MS 8000
#define AGAIN_NS 200000000

static bool same(const struct pg_fence *a, const struct pg_fence *b)
{
    return a->n == b->n && memcmp(a->row, b->row, a->n) == 0;
}

static err fail_lost(struct op *op, struct pg *pg)
{
    atomic_store(&pg->lost, true);
    return fail(op, ERR_FAULT,
                "the database is not as this server left it: another server wrote to it, or it "
                "lost what was acknowledged; this server must stop, see what happened first");
}

/* The connection only; what it finds is the caller's to judge. */
static err reconnect(struct op *op, struct pg *pg, struct pg_fence *ret)
{
    struct store_snap *old = pg->writer, *fresh = NULL;
    PQfinish(old->conn); /* it may hold the lock still */
    old->conn = NULL;
    old->broken = true;
    TRY(pg_connect(op, pg, true, &fresh));
    PQexitPipelineMode(fresh->conn);
    err e = pg_read_fence(op, fresh->conn, ret);
    PQenterPipelineMode(fresh->conn);
    if (e != OK) {
        pg_disconnect(fresh);
        return e;
    }
    old->conn = fresh->conn;
    old->broken = false;
    free(fresh);
    atomic_fetch_add(&pg->era, 1); /* readers' connections are as old */
    atomic_fetch_add(&pg->stamp, 1);
    return OK;
}

err pg_writer_back(struct op *op, struct pg *pg)
{
    struct pg_fence found = {.n = 0};
    if (pg_lost(pg))
        return fail_lost(op, pg);
    if (pg_alive(pg->writer))
        return OK;
    TRY(reconnect(op, pg, &found));
    return same(&found, &pg->fence) ? OK : fail_lost(op, pg);
}

err pg_settle(struct op *op, void *be, bool *ret_kept)
{
    struct pg *pg = be;
    struct pg_fence found = {.n = 0};
    int64_t until = time_mono() + (pg->asked ? 0 : SETTLE_MS);
    err e = OK;
    *ret_kept = false;
    if (!pg->doubt)
        return OK;
    pg->asked = true;
    while ((e = reconnect(op, pg, &found)) != OK && time_mono() < until) {
        op_clear(op);
        nanosleep(&(struct timespec){.tv_nsec = AGAIN_NS}, NULL);
    }
    TRY(e);
    *ret_kept = pg->next.n && same(&found, &pg->next);
    if (!*ret_kept && !same(&found, &pg->fence))
        return fail_lost(op, pg);
    pg->doubt = pg->asked = false;
    pg->fence = found;
    return OK;
}

bool pg_lost(void *be)
{
    return atomic_load(&((struct pg *)be)->lost);
}
