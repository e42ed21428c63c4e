/* SQLite back end: the log's way back into the database. Thousands of pages and their fsync would
 * keep every waiting writer and look from the disk for tens of milliseconds; so a thread of its own
 * copies them while the writer goes on, and the writer itself, once that is done, only what came
 * meanwhile: then the log is empty and starts over.
 * Invariant: the log is bounded: past WAL_PAGES_FULL the writer copies, and waits, itself. */
#include "store/sqlite/sqlite_int.h"

#define CACHE_BYTES (256u << 10)

/* A reader in the way or a full disk only puts it off: the log grows until the next try. */
static void copy_log(struct store_snap *conn)
{
    sqlite3_wal_checkpoint_v2(conn->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static void *mover_main(void *arg)
{
    struct lite *l = arg;
    struct mover *m = &l->mover;
    pthread_mutex_lock(&m->lock);
    while (!m->stopping) {
        if (m->state != MOVER_ASKED) {
            pthread_cond_wait(&m->wake, &m->lock);
            continue;
        }
        pthread_mutex_unlock(&m->lock);
        copy_log(m->conn);
        pthread_mutex_lock(&m->lock);
        m->state = MOVER_DONE;
    }
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

err lite_mover_start(struct op *op, struct lite *l)
{
    struct mover *m = &l->mover;
    TRY(lite_connect(op, l, CACHE_BYTES, &m->conn));
    if (pthread_create(&m->thread, NULL, mover_main, l) != 0)
        return lite_fail(op, NULL, SQLITE_NOMEM);
    m->started = true;
    return OK;
}

void lite_mover_stop(struct lite *l)
{
    struct mover *m = &l->mover;
    if (m->started) {
        pthread_mutex_lock(&m->lock);
        m->stopping = true;
        pthread_cond_signal(&m->wake);
        pthread_mutex_unlock(&m->lock);
        pthread_join(m->thread, NULL);
    }
    lite_disconnect(m->conn);
}

/* What the mover is to do, or has done. */
static enum mover_state ask(struct mover *m)
{
    pthread_mutex_lock(&m->lock);
    enum mover_state before = m->state;
    m->state = before == MOVER_IDLE ? MOVER_ASKED : before == MOVER_DONE ? MOVER_IDLE : before;
    if (before == MOVER_IDLE)
        pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
    return before;
}

void lite_tidy(void *be)
{
    struct lite *l = be;
    if (l->wal_pages < WAL_PAGES_MAX)
        return;
    lite_release_idle(l); /* nobody holds on to an old moment */
    if (l->wal_pages < WAL_PAGES_FULL && ask(&l->mover) != MOVER_DONE)
        return;
    l->wal_pages = 0;
    copy_log(l->writer);
}
