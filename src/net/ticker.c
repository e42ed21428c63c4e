/* A function called at a steady pace on its own thread. It keeps no list of timers: who needs many
 * deadlines keeps them where they belong and looks at each tick. */
#include "net/net.h"

#include <pthread.h>

struct net_ticker {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    int64_t ms;
    void (*fn)(void *);
    void *ctx;
    bool stopping;
};

static struct timespec after(int64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

static void *run(void *arg)
{
    struct net_ticker *t = arg;
    pthread_mutex_lock(&t->lock);
    while (!t->stopping) {
        struct timespec until = after(t->ms);
        while (!t->stopping && pthread_cond_timedwait(&t->wake, &t->lock, &until) == 0) {
        }
        if (t->stopping)
            break;
        pthread_mutex_unlock(&t->lock);
        t->fn(t->ctx);
        pthread_mutex_lock(&t->lock);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

struct net_ticker *net_ticker_new(int64_t ms, void (*fn)(void *ctx), void *ctx)
{
    struct net_ticker *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    *t = (struct net_ticker){.ms = ms > 0 ? ms : 1, .fn = fn, .ctx = ctx};
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&t->thread, NULL, run, t) != 0) {
        pthread_cond_destroy(&t->wake);
        pthread_mutex_destroy(&t->lock);
        free(t);
        return NULL;
    }
    return t;
}

void net_ticker_free(struct net_ticker *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
    free(t);
}
