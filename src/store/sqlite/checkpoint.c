/* SQLite back end: the log's room, and its way back into the database. Thousands of pages and their
 * fsync would keep every waiting writer and look from the disk for tens of milliseconds; so a
 * thread of its own copies them while the writer goes on, and the writer itself, once that is done,
 * only what came meanwhile: then the log is empty and starts over.
 * A commit that makes the log's file longer waits for the file system's journal, and so for what
 * anybody else writes; so the file grows by zeros, a megabyte at a time, before frames need them.
 * Invariants: the log is bounded: past WAL_PAGES_FULL the writer copies, and waits, itself. Zeros
 * are written past the end of the file alone, by the writer, outside of its transactions. */
#include "store/sqlite/sqlite_int.h"

#define CACHE_BYTES (256u << 10)
#define FRAME_BYTES (24 + PAGE_SIZE)
#define AHEAD_BYTES (1 << 20)
#define AHEAD_FROM 64  /* pages: who writes little needs none */
#define IN_FLIGHT_MS 4 /* a read takes less */

/* True when all is copied. A reader in the way or a full disk only puts it off: the log grows until
 * the next try. */
static bool copy_log(struct store_snap *conn, int mode)
{
    int n = 0, copied = 0;
    int rc = sqlite3_wal_checkpoint_v2(conn->db, NULL, mode, &n, &copied);
    return rc == SQLITE_OK && n == copied;
}

void lite_log_ahead(struct lite *l)
{
    static const char zeros[AHEAD_BYTES];
    sqlite3_file *f = NULL;
    sqlite3_int64 need = (sqlite3_int64)l->wal_pages * FRAME_BYTES + AHEAD_BYTES / 2, size = 0;
    if (need <= l->wal_bytes || l->wal_pages < AHEAD_FROM ||
        l->wal_pages > WAL_PAGES_MAX + WAL_PAGES_MAX / 8)
        return;
    sqlite3_file_control(l->writer->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &f);
    if (!f || !f->pMethods || f->pMethods->xFileSize(f, &size) != SQLITE_OK)
        return;
    l->wal_bytes = size;
    if (need <= size)
        return;
    bool good = f->pMethods->xWrite(f, zeros, AHEAD_BYTES, size) == SQLITE_OK;
    l->wal_bytes = good ? size + AHEAD_BYTES : INT64_MAX; /* no room: the commit will say so */
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
        copy_log(m->conn, SQLITE_CHECKPOINT_PASSIVE);
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

/* What it did was for a log that is no more. False while it is at it. */
static bool forgot(struct mover *m)
{
    pthread_mutex_lock(&m->lock);
    if (m->state == MOVER_DONE)
        m->state = MOVER_IDLE;
    bool idle = m->state == MOVER_IDLE;
    pthread_mutex_unlock(&m->lock);
    return idle;
}

/* The rest, which is little; and when no old moment is read any more, nobody may be in the log when
 * the next commit comes, or it goes on at the end. */
static void finish_log(struct lite *l)
{
    if (!copy_log(l->writer, SQLITE_CHECKPOINT_PASSIVE))
        return;
    sqlite3_busy_timeout(l->writer->db, IN_FLIGHT_MS);
    copy_log(l->writer, SQLITE_CHECKPOINT_RESTART);
    sqlite3_busy_timeout(l->writer->db, BUSY_MS);
}

void lite_tidy(void *be)
{
    struct lite *l = be;
    if (l->wal_pages < WAL_PAGES_MAX) {
        if (atomic_load(&l->over) && forgot(&l->mover)) /* a commit found the log empty before */
            atomic_store(&l->over, false);
        return;
    }
    atomic_store(&l->over, true); /* nobody holds on to an old moment */
    lite_release_idle(l);
    if (l->wal_pages < WAL_PAGES_FULL && ask(&l->mover) != MOVER_DONE)
        return;
    l->wal_pages = 0;
    finish_log(l);
    atomic_store(&l->over, false);
}
