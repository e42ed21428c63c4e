/* A live stream: events wait in a bounded buffer and leave as the peer reads them; in between the
 * connection sleeps suspended. It never blocks the sender and never grows.
 * Invariant: what leaves ends at the end of an event, so a dropped backlog cannot garble one. */
#include "net/net_int.h"

#include <poll.h>

#define QUIET_MS 15000
#define BLOCK (16u << 10)

struct net_stream {
    struct net_stream *prev, *next; /* in the server's list */
    struct net_http *server;
    struct MHD_Connection *conn;
    struct lane *lane;
    void (*closed)(void *);
    void *ctx;
    int fd;
    pthread_mutex_t lock;
    bool asleep, ending;
    int64_t last;
    size_t n;
    char data[NET_STREAM_MAX];
};

struct net_stream *net_stream_new(struct net_request *rq, void (*closed)(void *ctx), void *ctx)
{
    struct request *r = (struct request *)rq;
    struct net_http *srv = r->server;
    struct net_stream *s = malloc(sizeof *s);
    if (!s)
        return NULL;
    memset(s, 0, offsetof(struct net_stream, data));
    s->server = srv;
    s->conn = r->conn;
    s->lane = r->lane;
    s->closed = closed;
    s->ctx = ctx;
    s->fd = MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    s->last = time_mono();
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_lock(&srv->lock);
    s->next = srv->streams;
    if (s->next)
        s->next->prev = s;
    srv->streams = s;
    s->ending = atomic_load(&srv->stopping);
    pthread_mutex_unlock(&srv->lock);
    atomic_fetch_add(&srv->n_streams, 1);
    rq->answer.stream = s;
    return s;
}

void stream_abandon(struct net_stream *s)
{
    struct net_http *srv = s->server;
    pthread_mutex_lock(&srv->lock);
    if (s->prev)
        s->prev->next = s->next;
    else
        srv->streams = s->next;
    if (s->next)
        s->next->prev = s->prev;
    pthread_mutex_unlock(&srv->lock);
    atomic_fetch_sub(&srv->n_streams, 1);
    if (s->closed)
        s->closed(s->ctx);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static void on_free(void *cls)
{
    stream_abandon(cls);
}

/* Bytes up to the last end of an event within max. */
static size_t whole_events(const struct net_stream *s, size_t max)
{
    size_t n = s->n < max ? s->n : max;
    while (n > 1 && !(s->data[n - 1] == '\n' && s->data[n - 2] == '\n'))
        n--;
    return n > 1 ? n : 0;
}

static ssize_t on_read(void *cls, uint64_t pos, char *out, size_t max)
{
    (void)pos;
    struct net_stream *s = cls;
    pthread_mutex_lock(&s->lock);
    size_t n = whole_events(s, max);
    if (n) {
        memcpy(out, s->data, n);
        s->n -= n;
        memmove(s->data, s->data + n, s->n);
        s->last = time_mono();
    } else if (!s->ending) {
        s->asleep = true;
        MHD_suspend_connection(s->conn);
    }
    bool end = n == 0 && s->ending;
    pthread_mutex_unlock(&s->lock);
    return end ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
}

struct MHD_Response *stream_response(struct net_stream *s)
{
    struct MHD_Response *m =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, s, on_free);
    if (!m)
        stream_abandon(s);
    return m;
}

/* Lock held. */
static void wake(struct net_stream *s)
{
    if (!s->asleep)
        return;
    s->asleep = false;
    MHD_resume_connection(s->conn);
    lane_stir(s->lane);
}

bool net_stream_send(struct net_stream *s, str events)
{
    static const str dropped = STR("event: dropped\ndata: {}\n\n");
    pthread_mutex_lock(&s->lock);
    bool open = !s->ending;
    if (open && s->n + events.n > NET_STREAM_MAX - dropped.n) {
        memcpy(s->data, dropped.p, dropped.n);
        s->n = dropped.n;
        s->ending = true;
        open = false;
    } else if (open) {
        memcpy(s->data + s->n, events.p, events.n);
        s->n += events.n;
    }
    wake(s);
    pthread_mutex_unlock(&s->lock);
    return open;
}

void net_stream_end(struct net_stream *s)
{
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    wake(s);
    pthread_mutex_unlock(&s->lock);
}

/* libmicrohttpd does not watch what is suspended: a peer that left would keep its place until the
 * next beat. */
static bool has_left(const struct net_stream *s)
{
    struct pollfd p = {.fd = s->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

void stream_sweep(struct net_http *srv)
{
    for (struct net_stream *s = srv->streams; s; s = s->next) {
        pthread_mutex_lock(&s->lock);
        if (s->asleep && has_left(s)) {
            s->ending = true;
            wake(s);
        }
        pthread_mutex_unlock(&s->lock);
    }
}

void stream_tick(struct net_http *srv)
{
    int64_t now = time_mono();
    pthread_mutex_lock(&srv->lock);
    stream_sweep(srv);
    for (struct net_stream *s = srv->streams; s; s = s->next) {
        pthread_mutex_lock(&s->lock);
        bool quiet = now - s->last >= QUIET_MS;
        if (quiet)
            s->last = now;
        pthread_mutex_unlock(&s->lock);
        if (quiet)
            (void)net_stream_send(s, STR(": still here\n\n"));
    }
    pthread_mutex_unlock(&srv->lock);
}

void stream_end_all(struct net_http *srv)
{
    pthread_mutex_lock(&srv->lock);
    for (struct net_stream *s = srv->streams; s; s = s->next)
        net_stream_end(s);
    pthread_mutex_unlock(&srv->lock);
}
