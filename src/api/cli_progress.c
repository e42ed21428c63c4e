/* Progress of the verbs: after a second, and then every second, one line on stderr says what is
 * being done and how far it is. A terminal sees one line that changes. Invariant: work done within
 * a second says nothing. */
#include "api/cli.h"

#include "base/time.h"

#include <unistd.h>

static void show(struct cli_progress *p, bool terminal)
{
    double s = (double)(time_mono() - p->started) / 1000;
    fprintf(stderr, "%s%s: %s, ", terminal ? "\r" : "", p->verb, p->what);
    if (p->all)
        fprintf(stderr, "%.0f %%, ", 100 * (double)p->done / (double)p->all);
    else if (p->done)
        fprintf(stderr, "%llu, ", (unsigned long long)p->done);
    fprintf(stderr, "%.0f s%s", s, terminal ? "   " : "\n");
    (void)fflush(stderr);
}

static void *watch(void *ctx)
{
    struct cli_progress *p = ctx;
    bool terminal = isatty(2), shown = false;
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    pthread_mutex_lock(&p->lock);
    while (!p->over) {
        at.tv_sec++;
        while (!p->over && pthread_cond_timedwait(&p->wake, &p->lock, &at) == 0)
            ;
        if (!p->over) {
            show(p, terminal);
            shown = true;
        }
    }
    pthread_mutex_unlock(&p->lock);
    if (shown && terminal)
        fputc('\n', stderr);
    return NULL;
}

void cli_progress_begin(struct cli_progress *p, const char *verb, const char *what)
{
    *p = (struct cli_progress){.verb = verb, .what = what, .started = time_mono()};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    p->running = pthread_create(&p->thread, NULL, watch, p) == 0;
}

void cli_progress_tell(void *progress, const char *what, uint64_t done, uint64_t all)
{
    struct cli_progress *p = progress;
    pthread_mutex_lock(&p->lock);
    p->what = what;
    p->done = done;
    p->all = all;
    pthread_mutex_unlock(&p->lock);
}

void cli_progress_end(struct cli_progress *p)
{
    pthread_mutex_lock(&p->lock);
    p->over = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    if (p->running)
        pthread_join(p->thread, NULL);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->wake);
}
