/* The thread of the bulk jobs: a slice of each that is at work, in turn; what is over is swept
 * away. Invariant: nothing is kept between two slices, so a slice that fails is tried again, and a
 * job goes on after a restart where its last commit left it. */
#include "api/bulk_int.h"

#include <pthread.h>

#define WAIT_MS 2000

struct bulk {
    struct api *api;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool woken, stopping;
};

/* True when there was something to do. */
static bool run_job(struct bulk *b, struct op *op, str id)
{
    struct bulk_job job;
    err e = bulk_get(op, b->api, id, &job);
    if (e == OK)
        e = str_eq(json_get_str(job.o, STR("kind")), STR("import"))
                ? bulk_import_step(op, b->api, &job)
                : bulk_export_step(op, b->api, &job);
    if (e == OK || e == ERR_CONFLICT || e == ERR_NOT_FOUND) /* cancelled meanwhile */
        return true;
    log_event(LOG_WARN, "bulk.step", "error=%s", err_row(e)->name);
    return false;
}

static bool stopping(struct bulk *b)
{
    pthread_mutex_lock(&b->lock);
    bool yes = b->stopping;
    pthread_mutex_unlock(&b->lock);
    return yes;
}

/* One round over all jobs. */
static bool round_of(struct bulk *b, struct arena *a)
{
    bool busy = false;
    for (int over = 0; over < 2; over++) {
        struct op op;
        str *ids, kept[BULK_JOBS_MAX];
        char text[BULK_JOBS_MAX][64];
        size_t n;
        arena_reset(a);
        op_init(&op, a, identity_system(), time_now());
        if (bulk_list(&op, b->api, over, &ids, &n) != OK)
            return false;
        n = n < BULK_JOBS_MAX ? n : BULK_JOBS_MAX;
        for (size_t i = 0; i < n; i++) {
            size_t len = ids[i].n < sizeof text[i] ? ids[i].n : sizeof text[i];
            memcpy(text[i], ids[i].p, len);
            kept[i] = str_make(text[i], len);
        }
        for (size_t i = 0; i < n && !stopping(b); i++) {
            bool done;
            arena_reset(a);
            op_init(&op, a, identity_system(), time_now());
            busy |= over ? bulk_sweep(&op, b->api, kept[i], &done) == OK : run_job(b, &op, kept[i]);
        }
    }
    return busy;
}

static void sleep_until_woken(struct bulk *b)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_MS / 1000;
    pthread_mutex_lock(&b->lock);
    int rc = 0;
    while (!b->woken && !b->stopping && rc == 0)
        rc = pthread_cond_timedwait(&b->wake, &b->lock, &until);
    b->woken = false;
    pthread_mutex_unlock(&b->lock);
}

static void *run(void *arg)
{
    struct bulk *b = arg;
    struct arena *a = arena_new(0);
    while (a && !stopping(b))
        if (!round_of(b, a))
            sleep_until_woken(b);
    arena_free(a);
    return NULL;
}

struct bulk *bulk_new(struct api *api)
{
    struct bulk *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->api = api;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->wake, NULL);
    if (pthread_create(&b->thread, NULL, run, b) != 0) {
        free(b);
        return NULL;
    }
    return b;
}

void bulk_wake(struct bulk *b)
{
    pthread_mutex_lock(&b->lock);
    b->woken = true;
    pthread_cond_signal(&b->wake);
    pthread_mutex_unlock(&b->lock);
}

void bulk_stop(struct bulk *b)
{
    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    b->stopping = true;
    pthread_cond_signal(&b->wake);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
}

void bulk_free(struct bulk *b)
{
    if (!b)
        return;
    pthread_cond_destroy(&b->wake);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
