/* For the net room's tests only: a server on a real socket whose requests echo, wait at a gate, are
 * held or become streams, by their path; and a client of plain sockets. */
#ifndef WEFT_NET_FIXTURE_INT_H
#define WEFT_NET_FIXTURE_INT_H

#include "base/test.h"
#include "net/net_int.h"

#include <arpa/inet.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
    struct net_http *server;
    struct arena *arena;
    struct op op;
    _Atomic(struct net_stream *) stream;
    struct net_request *held;
    atomic_uint handled, closed, done, rounds;
    atomic_bool gate; /* workers wait while it is shut */
    sem_t holding;
    struct net_request *queue[256];
    size_t queue_head, queue_tail;
    pthread_mutex_t queue_lock;
    atomic_uint heard;
};

static inline enum net_run begin(void *ctx, struct net_request *rq)
{
    (void)ctx;
    if (str_eq(rq->path, STR("/no"))) {
        rq->answer.status = 401;
        return NET_ANSWERED;
    }
    if (str_starts(rq->path, STR("/slow")))
        return NET_SLOW;
    return rq->method == NET_POST ? NET_WORKER : NET_INLINE;
}

static inline void on_closed(void *ctx)
{
    struct fixture *f = ctx;
    atomic_fetch_add(&f->closed, 1);
}

static inline void handle(void *ctx, struct net_request *rq)
{
    struct fixture *f = ctx;
    atomic_fetch_add(&f->handled, 1);
    rq->answer.status = 200;
    rq->answer.type = STR("text/plain");
    rq->answer.body = rq->body;
    if (str_eq(rq->path, STR("/gate")) || str_eq(rq->path, STR("/slow/gate")))
        while (!atomic_load(&f->gate))
            usleep(1000);
    if (str_eq(rq->path, STR("/big"))) {
        char *p = arena_alloc(rq->arena, 100000);
        memset(p, 'a', 100000);
        rq->answer.body = str_make(p, 100000);
    }
    rq->hold = str_starts(rq->path, STR("/hold"));
    if (str_eq(rq->path, STR("/live")) || str_eq(rq->path, STR("/hold/live")))
        f->stream = net_stream_new(rq, on_closed, f);
}

static inline void queue_push(struct fixture *f, struct net_request *rq)
{
    pthread_mutex_lock(&f->queue_lock);
    f->queue[f->queue_tail++ % 256] = rq;
    pthread_mutex_unlock(&f->queue_lock);
    sem_post(&f->holding);
}

static inline void hold(void *ctx, struct net_request *rq)
{
    struct fixture *f = ctx;
    if (str_eq(rq->path, STR("/hold/queue"))) {
        queue_push(f, rq);
        return;
    }
    f->held = rq;
    sem_post(&f->holding);
}

static inline void refuse(void *ctx, struct net_request *rq, err why, const char *what)
{
    (void)ctx;
    rq->answer.status = err_row(why)->http;
    rq->answer.type = STR("text/plain");
    rq->answer.body = str_of(what);
}

static inline void done(void *ctx, struct net_request *rq, size_t bytes, bool sent)
{
    struct fixture *f = ctx;
    (void)rq, (void)bytes, (void)sent;
    atomic_fetch_add(&f->done, 1);
}

static inline void round_over(void *f)
{
    atomic_fetch_add(&((struct fixture *)f)->rounds, 1);
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->arena = arena_new(0);
    op_init(&f->op, f->arena, NULL, time_now());
    sem_init(&f->holding, 0, 0);
    pthread_mutex_init(&f->queue_lock, NULL);
    struct net_http_options o = {.listen = STR("127.0.0.1:0"),
                                 .threads = 2,
                                 .connections = 100,
                                 .workers = 1,
                                 .queue = 1,
                                 .body_max = 200000,
                                 .inflight_max = 300000,
                                 .head_max = 16384,
                                 .head_s = 30,
                                 .body_s = 30};
    struct net_handler h = {f, begin, handle, hold, refuse, done, round_over};
    assert_int_equal(net_http_start(&f->op, &o, &h, &f->server), OK);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->server)
        net_http_drain(f->server, 5000);
    assert_true(net_http_stop(f->server, 10000));
    sem_destroy(&f->holding);
    pthread_mutex_destroy(&f->queue_lock);
    arena_free(f->arena);
    free(f);
    return 0;
}

static inline int dial(const struct fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)net_http_port(f->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static inline void say(int fd, const char *text, size_t n)
{
    while (n) {
        ssize_t k = send(fd, text, n, MSG_NOSIGNAL);
        if (k <= 0)
            return;
        text += k;
        n -= (size_t)k;
    }
}

static inline void ask(int fd, const char *method, const char *path, const char *more, str body)
{
    char head[1024];
    int n =
        snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n%s\r\n",
                 method, path, body.n, more);
    say(fd, head, (size_t)n);
    say(fd, body.p, body.n);
}

/* One answer: head and a body of its Content-Length. Returns the status. */
static inline int hear(int fd, char *out, size_t cap)
{
    size_t n = 0, want = 0;
    out[0] = 0;
    for (;;) {
        ssize_t k = recv(fd, out + n, cap - 1 - n, 0);
        if (k <= 0)
            break;
        n += (size_t)k;
        out[n] = 0;
        char *end = strstr(out, "\r\n\r\n"), *length = strstr(out, "Content-Length: ");
        if (end && length)
            want = (size_t)(end - out) + 4 + strtoul(length + 16, NULL, 10);
        if (want && n >= want)
            break;
    }
    return n > 12 ? (int)strtol(out + 9, NULL, 10) : 0;
}

#endif
