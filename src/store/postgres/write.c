/* PostgreSQL back end: the writer's transaction. Nothing is waited for but the rows that a check
 * asks for and, at the end, the commit. Invariant: after an error the transaction is rolled back or
 * its connection given up; a commit whose answer was lost is in doubt until pg_settle() knows. */
#include "store/postgres/postgres_int.h"

#include "base/time.h"

#define TIDY_MS 1000
#define MEASURE_MS 60000

err pg_begin(struct op *op, void *be)
{
    struct pg *pg = be;
    TRY(pg_writer_back(op, pg));
    pg_batch_clear(&pg->batch);
    pg->next.n = 0;
    return pg_send(op, pg->writer, PG_CONTROL, PG_BEGIN, NULL, 0);
}

err pg_put(struct op *op, void *be, enum store_space space, str key, str value)
{
    struct pg *pg = be;
    str v = str_make(value.p ? value.p : "", value.n);
    if (space == SPACE_META && str_eq(key, STR("state")) && value.n <= FENCE_MAX) {
        pg->next.n = value.n;
        memcpy(pg->next.row, v.p, v.n);
    }
    return pg_batch_set(op, pg, space, pg_key(space, key), &v);
}

err pg_del(struct op *op, void *be, enum store_space space, str key)
{
    return pg_batch_set(op, be, space, pg_key(space, key), NULL);
}

err pg_del_range(struct op *op, void *be, enum store_space space, str lo, str hi)
{
    struct pg *pg = be;
    struct pg_batch *b = &pg->batch;
    const str range[2] = {pg_key(space, lo), pg_key(space, hi)};
    TRY(pg_batch_flush(op, pg, space));
    for (size_t i = 0; i < b->n_buckets; i++)
        for (struct pg_row *r = b->bucket[i]; r; r = r->next)
            if (r->space == space && str_cmp(r->key, range[0]) >= 0 &&
                str_cmp(r->key, range[1]) < 0)
                r->value = STR_NONE;
    b->changes[space]++;
    return pg_send(op, pg->writer, PG_RANGE, space, range, 2);
}

/* A commit of a transaction that failed before says so only by its word. */
static err committed(struct op *op, struct pg *pg, PGresult *res)
{
    bool good = strcmp(PQcmdStatus(res), "COMMIT") == 0;
    PQclear(res);
    if (!good)
        return fail(op, ERR_UNAVAILABLE, "the database gave the transaction up; try again");
    if (pg->next.n)
        pg->fence = pg->next;
    atomic_fetch_add(&pg->stamp, 1);
    return OK;
}

err pg_commit(struct op *op, void *be)
{
    struct pg *pg = be;
    PGresult *res = NULL;
    for (enum store_space i = 0; i < SPACE_COUNT; i++)
        TRY(pg_batch_flush(op, pg, i));
    err e = pg_send(op, pg->writer, PG_CONTROL, PG_COMMIT, NULL, 0); /* failed, it may be out */
    if (e == OK)
        e = pg_sync(op, pg->writer, &res);
    if (e == OK)
        return committed(op, pg, res);
    pg->doubt = pg->writer->broken;
    return e;
}

void pg_rollback(void *be)
{
    struct pg *pg = be;
    struct arena *a = pg->writer && !pg->writer->broken ? arena_new(0) : NULL;
    struct op op;
    pg_batch_clear(&pg->batch);
    if (!a)
        return; /* a lost connection is rolled back by the server */
    op_init(&op, a, NULL, 0);
    (void)!pg_sync(&op, pg->writer, NULL);
    if (PQtransactionStatus(pg->writer->conn) != PQTRANS_IDLE &&
        (pg_send(&op, pg->writer, PG_CONTROL, PG_ROLLBACK, NULL, 0) != OK ||
         pg_sync(&op, pg->writer, NULL) != OK))
        pg->writer->broken = true;
    arena_free(a);
}

void pg_measure(struct pg *pg, int64_t now)
{
    static const char sql[] =
        "SELECT coalesce(sum(pg_total_relation_size(oid)),0)::bigint FROM pg_class"
        " WHERE relkind='r' AND relnamespace=to_regnamespace('weft')";
    uint64_t n = 0;
    if (pg->measured && now - pg->measured < MEASURE_MS)
        return;
    pg->measured = now;
    if (PQsendQueryParams(pg->writer->conn, sql, 0, NULL, NULL, NULL, NULL, 0) != 1)
        return;
    struct arena *a = arena_new(0);
    struct op op;
    PGresult *res = NULL;
    if (!a)
        return;
    op_init(&op, a, NULL, 0);
    if (pg_sync(&op, pg->writer, &res) == OK && PQntuples(res) == 1 &&
        str_to_u64(str_of(PQgetvalue(res, 0, 0)), INT64_MAX, &n))
        atomic_store(&pg->bytes, n);
    PQclear(res);
    arena_free(a);
}

void pg_tidy(void *be)
{
    struct pg *pg = be;
    int64_t now = time_mono();
    if (now - pg->tidied < TIDY_MS || !pg->writer || pg->writer->broken || pg->doubt)
        return;
    pg->tidied = now;
    pg_release_idle(pg);
    pg_measure(pg, now);
}
