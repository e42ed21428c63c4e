/* The door for writing: prepare on the calling thread, queue, and wait for the writer. The queue is
 * bounded; a full one makes submitters wait. */
#include "store/store_int.h"

#define QUEUE_MAX 4096u
#define QUEUE_BYTES_MAX ((size_t)64 << 20)

static void enqueue(struct store *s, struct store_tx *tx)
{
    pthread_mutex_lock(&s->lock);
    while (s->queued >= QUEUE_MAX || (s->queued && s->queued_bytes + tx->bytes > QUEUE_BYTES_MAX))
        pthread_cond_wait(&s->room, &s->lock);
    tx->next = NULL;
    if (s->last)
        s->last->next = tx;
    else
        s->first = tx;
    s->last = tx;
    s->queued++;
    s->queued_bytes += tx->bytes;
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
}

void store_submit(struct op *op, struct store_tx *tx,
                  void (*done)(void *ctx, err result, const struct store_commit *c), void *ctx)
{
    tx->done = done;
    tx->ctx = ctx;
    tx->result = tx_prepare(op, tx);
    enqueue(tx->s, tx);
}

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool done;
};

static void wake(void *ctx, err result, const struct store_commit *c)
{
    struct waiter *w = ctx;
    (void)result;
    (void)c;
    pthread_mutex_lock(&w->lock);
    w->done = true;
    pthread_cond_signal(&w->woken);
    pthread_mutex_unlock(&w->lock);
}

err tx_run(struct op *op, struct store_tx *tx)
{
    struct waiter w = {.done = false};
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.woken, NULL);
    tx->done = wake;
    tx->ctx = &w;
    enqueue(tx->s, tx);
    pthread_mutex_lock(&w.lock);
    while (!w.done)
        pthread_cond_wait(&w.woken, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.woken);
    pthread_mutex_destroy(&w.lock);
    return tx->result == OK ? OK : fail(op, tx->result, "%s", tx->why);
}

err store_commit(struct op *op, struct store_tx *tx, struct store_commit *ret)
{
    TRY(tx_prepare(op, tx));
    TRY(tx_run(op, tx));
    *ret = tx->commit;
    return OK;
}
