/* The watch over connections: one that idles, or sends its head or body too slowly, is cut off at
 * its deadline, so that nobody holds the server by dribbling bytes; and when nearly as many are
 * open as may be, each new one ends the one that has asked nothing for longest, in a TLS handshake
 * or idle, and streams whose peer has left, so that who only holds connections keeps nobody out. A
 * request being worked on has no deadline here. Invariant: a peer in the list has an open socket.
 */
#include "net/net_int.h"

#include <sys/socket.h>

/* Lock held. */
static void make_room(struct net_http *s)
{
    struct peer *oldest = NULL;
    if (atomic_load(&s->connections) < s->o.connections - s->o.connections / 8)
        return;
    stream_sweep(s);
    for (struct peer *p = s->peers; p; p = p->next)
        if (!atomic_load_explicit(&p->asks, memory_order_relaxed) &&
            (!oldest || p->deadline < oldest->deadline))
            oldest = p;
    if (!oldest)
        return;
    watch_asks(oldest, true); /* once is enough */
    atomic_fetch_add(&s->timeouts, 1);
    shutdown(oldest->fd, SHUT_RDWR);
}

struct peer *watch_add(struct net_http *s, int fd)
{
    struct peer *p = calloc(1, sizeof *p);
    atomic_fetch_add(&s->connections, 1);
    if (!p)
        return NULL;
    p->fd = fd;
    p->server = s;
    watch_set(p, time_mono() + (int64_t)s->o.head_s * 1000);
    pthread_mutex_lock(&s->lock);
    make_room(s);
    p->next = s->peers;
    if (p->next)
        p->next->prev = p;
    s->peers = p;
    pthread_mutex_unlock(&s->lock);
    return p;
}

void watch_remove(struct net_http *s, struct peer *p)
{
    atomic_fetch_sub(&s->connections, 1);
    if (!p)
        return;
    pthread_mutex_lock(&s->lock);
    if (p->prev)
        p->prev->next = p->next;
    else
        s->peers = p->next;
    if (p->next)
        p->next->prev = p->prev;
    pthread_mutex_unlock(&s->lock);
    free(p);
}

void watch_set(struct peer *p, int64_t deadline)
{
    if (p)
        atomic_store_explicit(&p->deadline, deadline, memory_order_relaxed);
}

void watch_asks(struct peer *p, bool asks)
{
    if (p)
        atomic_store_explicit(&p->asks, asks, memory_order_relaxed);
}

void watch_tick(void *server)
{
    struct net_http *s = server;
    int64_t now = time_mono();
    tls_tick(s->tls);
    pthread_mutex_lock(&s->lock);
    for (struct peer *p = s->peers; p; p = p->next) {
        int64_t deadline = atomic_load_explicit(&p->deadline, memory_order_relaxed);
        if (deadline == 0 || now <= deadline)
            continue;
        watch_set(p, now + 60000); /* once is enough */
        atomic_fetch_add(&s->timeouts, 1);
        shutdown(p->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&s->lock);
    stream_tick(s);
}
