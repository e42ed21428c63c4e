/* The outbox: jobs queued in the transaction of their cause, leased to a worker, removed in the
 * transaction of their effect. SPACE_JOB: queue(8) due attempts sealed body; SPACE_DUE: queue(8)
 * due(8) job(8). Knows nothing of what a job is.
 * Invariant: every job has exactly one row in either space. */
#include "store/store_int.h"

static str due_row(char out[24], str queue, uint64_t due, uint64_t job)
{
    memcpy(out, queue.p, 8);
    u64_write(out + 8, due);
    u64_write(out + 16, job);
    return str_make(out, 24);
}

static err job_get(struct op *op, struct store *s, struct store_snap *snap, uint64_t job,
                   struct job_row *ret, bool *ret_there)
{
    char key[8];
    str row = STR_NONE;
    u64_write(key, job);
    TRY(s->ops->get(op, snap, SPACE_JOB, str_make(key, 8), &row));
    *ret_there = row.p != NULL;
    if (!row.p)
        return OK;
    if (!take_bytes(&row, 8, &ret->queue) || !take_varint(&row, &ret->due) ||
        !take_varint(&row, &ret->attempts))
        return damaged(op, "job");
    ret->sealed = row;
    return OK;
}

static err job_put(struct op *op, struct store *s, uint64_t job, const struct job_row *j)
{
    struct buf b;
    char key[8], due[24];
    buf_init(&b, op->arena, j->sealed.n + 32);
    buf_add(&b, j->queue);
    buf_varint(&b, j->due);
    buf_varint(&b, j->attempts);
    buf_add(&b, j->sealed);
    u64_write(key, job);
    if (!buf_ok(&b))
        return out_of_memory(op);
    TRY(s->ops->put(op, s->be, SPACE_JOB, str_make(key, 8), buf_str(&b)));
    return s->ops->put(op, s->be, SPACE_DUE, due_row(due, j->queue, j->due, job), str_make("", 0));
}

static err due_del(struct op *op, struct store *s, uint64_t job, const struct job_row *j)
{
    char due[24];
    return s->ops->del(op, s->be, SPACE_DUE, due_row(due, j->queue, j->due, job));
}

err outbox_check(struct op *op, struct store *s, struct store_tx *tx)
{
    for (size_t i = 0; i < tx->jobs.n; i++) {
        struct tx_job *j = &tx->jobs.at[i];
        bool there = true;
        if (j->verb != JOB_NEW)
            TRY(job_get(op, s, s->ops->writer(s->be), j->job, &j->was, &there));
        if (!there)
            return fail(op, ERR_CONFLICT, "the job was done by someone else");
    }
    return OK;
}

static err job_write(struct op *op, struct store *s, const struct tx_job *j)
{
    struct job_row row = j->was;
    char key[8];
    if (j->verb == JOB_NEW) {
        row = (struct job_row){str_make(j->queue_row, 8), (uint64_t)j->due, 0, j->sealed};
        return job_put(op, s, ++s->pending.job_next, &row);
    }
    TRY(due_del(op, s, j->job, &row));
    if (j->verb == JOB_DONE) {
        u64_write(key, j->job);
        return s->ops->del(op, s->be, SPACE_JOB, str_make(key, 8));
    }
    row.due = (uint64_t)j->due;
    if (j->sealed.n)
        row.sealed = j->sealed;
    return job_put(op, s, j->job, &row);
}

/* As an earlier step of the same transaction left it; false: it is done. */
static err job_again(struct op *op, struct store *s, const struct store_tx *tx, size_t i,
                     bool *ret_there)
{
    struct tx_job *j = &tx->jobs.at[i];
    *ret_there = true;
    for (size_t k = 0; k < i; k++)
        if (j->verb != JOB_NEW && tx->jobs.at[k].job == j->job)
            return job_get(op, s, s->ops->writer(s->be), j->job, &j->was, ret_there);
    return OK;
}

err outbox_write(struct op *op, struct store *s, const struct store_tx *tx)
{
    for (size_t i = 0; i < tx->jobs.n; i++) {
        bool there;
        TRY(job_again(op, s, tx, i, &there));
        if (there)
            TRY(job_write(op, s, &tx->jobs.at[i]));
    }
    return OK;
}

/* Numbers of the first max jobs of the queue due at or before until. */
static err list_due(struct op *op, struct store *s, struct store_snap *snap, const char queue[8],
                    uint64_t until, size_t max, uint64_t **ret, size_t *ret_n)
{
    struct store_cursor *c = NULL;
    VEC(uint64_t) jobs = {.n = 0};
    TRY(s->ops->cursor_open(op, snap, SPACE_DUE, &c));
    err e = s->ops->cursor_seek(op, c, str_make(queue, 8), false);
    while (e == OK && c->valid && jobs.n < max && c->key.n == 24 &&
           memcmp(c->key.p, queue, 8) == 0 && u64_read(c->key.p + 8) <= until) {
        VEC_PUSH(op->arena, &jobs, u64_read(c->key.p + 16));
        e = arena_failed(op->arena) ? out_of_memory(op) : s->ops->cursor_next(op, c);
    }
    s->ops->cursor_close(c);
    *ret = jobs.at;
    *ret_n = jobs.n;
    return e;
}

err apply_take(struct op *op, struct store *s, struct tx_take *take)
{
    struct store_snap *snap = s->ops->writer(s->be);
    uint64_t *jobs = NULL;
    size_t n = 0;
    TRY(list_due(op, s, snap, take->queue_row, (uint64_t)take->now, take->max, &jobs, &n));
    for (size_t i = 0; i < n; i++) {
        struct job_row row;
        bool there = false;
        TRY(job_get(op, s, snap, jobs[i], &row, &there));
        if (!there)
            return damaged(op, "job");
        TRY(due_del(op, s, jobs[i], &row));
        struct store_job job = {.job = jobs[i], .due = (int64_t)row.due};
        row.due = (uint64_t)(take->now + take->lease_ms);
        job.attempts = (uint32_t)++row.attempts;
        TRY(job_put(op, s, jobs[i], &row));
        job.body = arena_str(take->arena, row.sealed);
        VEC_PUSH(take->arena, &take->jobs, job);
    }
    return arena_failed(take->arena) ? out_of_memory(op) : OK;
}

err store_outbox_take(struct op *op, struct store *s, str queue, int64_t lease_ms, size_t max,
                      struct store_job **ret, size_t *ret_n)
{
    struct tx_take take = {
        .arena = op->arena, .now = op->now > 0 ? op->now : 0, .lease_ms = lease_ms, .max = max};
    struct store_tx *tx = store_tx_new(op, s);
    uint64_t *due = NULL;
    size_t n = 0;
    struct store_snap *snap = NULL;
    queue_row(&s->vault, queue, take.queue_row);
    *ret_n = 0;
    TRY(snap_take(op, s, &snap)); /* an empty queue costs no fsync */
    err e = list_due(op, s, snap, take.queue_row, (uint64_t)take.now, 1, &due, &n);
    s->ops->snap_close(snap);
    TRY(e);
    if (n == 0)
        return OK;
    tx->take = &take;
    TRY(tx_run(op, tx));
    for (size_t i = 0; i < take.jobs.n; i++)
        TRY(unseal(op, &s->vault, OWNER_STORE, STR("job"), take.jobs.at[i].body,
                   &take.jobs.at[i].body));
    *ret = take.jobs.at;
    *ret_n = take.jobs.n;
    return OK;
}

err store_outbox_list(struct op *op, struct store *s, str queue, size_t max, struct store_job **ret,
                      size_t *ret_n)
{
    char row[8];
    uint64_t *jobs = NULL;
    size_t n = 0;
    struct store_snap *snap = NULL;
    queue_row(&s->vault, queue, row);
    TRY(snap_take(op, s, &snap));
    err e = list_due(op, s, snap, row, UINT64_MAX, max, &jobs, &n);
    struct store_job *out = ARENA_ARRAY(op->arena, struct store_job, n + 1);
    if (e == OK && !out)
        e = out_of_memory(op);
    for (size_t i = 0; e == OK && i < n; i++) {
        struct job_row j = {.due = 0};
        bool there = false;
        e = job_get(op, s, snap, jobs[i], &j, &there);
        if (e == OK && there)
            e = unseal(op, &s->vault, OWNER_STORE, STR("job"), j.sealed, &out[i].body);
        out[i].job = jobs[i];
        out[i].due = there ? (int64_t)j.due : 0;
        out[i].attempts = there ? (uint32_t)j.attempts : 0;
    }
    s->ops->snap_close(snap);
    TRY(e);
    *ret = out;
    *ret_n = n;
    return OK;
}
