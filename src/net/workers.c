/* A bounded pool of threads for work that may block. It never grows and never drops accepted work:
 * what net_workers_add() took is run before net_workers_free() returns. */
#include "net/net.h"

#include "base/time.h"

#include <pthread.h>
#include <time.h>

struct job {
    void (*fn)(void *);
    void *arg;
};

struct net_workers {
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t *threads;
    struct job *ring;
    unsigned n_threads, running, cap, head, n;
    bool stopping;
};

static void *run(void *arg)
{
    struct net_workers *w = arg;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->n == 0 && !w->stopping)
            pthread_cond_wait(&w->work, &w->lock);
        if (w->n == 0)
            break;
        struct job job = w->ring[w->head];
        w->head = (w->head + 1) % w->cap;
        w->n--;
        pthread_mutex_unlock(&w->lock);
        job.fn(job.arg);
        pthread_mutex_lock(&w->lock);
    }
    w->running--;
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct net_workers *net_workers_new(unsigned threads, unsigned queue)
{
    struct net_workers *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->cap = queue ? queue : 1;
    w->ring = calloc(w->cap, sizeof *w->ring);
    w->threads = calloc(threads ? threads : 1, sizeof *w->threads);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_mutex_lock(&w->lock);
    while (w->ring && w->threads && w->n_threads < (threads ? threads : 1)) {
        if (pthread_create(&w->threads[w->n_threads], NULL, run, w) != 0)
            break;
        w->n_threads++;
        w->running++;
    }
    pthread_mutex_unlock(&w->lock);
    if (w->n_threads == 0) {
        net_workers_free(w);
        return NULL;
    }
    return w;
}

bool net_workers_add(struct net_workers *w, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&w->lock);
    bool room = w->n < w->cap && !w->stopping;
    if (room) {
        w->ring[(w->head + w->n) % w->cap] = (struct job){fn, arg};
        w->n++;
        pthread_cond_signal(&w->work);
    }
    pthread_mutex_unlock(&w->lock);
    return room;
}

unsigned net_workers_waiting(const struct net_workers *w)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&w->lock;
    pthread_mutex_lock(lock);
    unsigned n = w->n;
    pthread_mutex_unlock(lock);
    return n;
}

bool net_workers_stop(struct net_workers *w, int64_t ms)
{
    int64_t until = time_mono() + ms;
    if (!w)
        return true;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->work);
    while (w->running && time_mono() < until) {
        pthread_mutex_unlock(&w->lock);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        pthread_mutex_lock(&w->lock);
    }
    bool over = w->running == 0;
    pthread_mutex_unlock(&w->lock);
    return over;
}

void net_workers_free(struct net_workers *w)
{
    if (!w)
        return;
    (void)net_workers_stop(w, 0);
    for (unsigned i = 0; i < w->n_threads; i++)
        pthread_join(w->threads[i], NULL);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    free(w->threads);
    free(w->ring);
    free(w);
}
