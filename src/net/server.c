/* Start, drain and stop of the server, and the way from libmicrohttpd's callbacks to ours.
 * Invariant: a connection is suspended or held only while `suspended` counts it, and libmicrohttpd
 * is stopped only when that is zero (it would abort otherwise). */
#include "net/net_int.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#define SPARE_MAX 128 /* requests a lane keeps for later ones */
/* RFC 9325: 1.2 and 1.3, forward secrecy, authenticated encryption. */
#define TLS_PRIORITIES                                                                             \
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:"    \
    "+CHACHA20-POLY1305:%SERVER_PRECEDENCE"
/* Beyond the head: the answer's head, and so much that a head somewhat too large is still answered
 * by us. libmicrohttpd zeroes all of it at every request, so no more than needed. */
#define HEAD_ROOM (10u << 10)

static void *on_line(void *cls, const char *uri, struct MHD_Connection *conn)
{
    struct lane *l = cls;
    struct request *r = request_take(l);
    if (!r)
        return NULL;
    r->conn = conn;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    r->peer = info ? info->socket_context : NULL;
    str text = arena_str(r->pub.arena, str_of(uri));
    size_t mark = str_find_char(text, '?', 0);
    r->pub.path = str_sub(text, 0, mark);
    r->pub.query = mark == SIZE_MAX ? STR_NONE : str_sub(text, mark + 1, SIZE_MAX);
    return r;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *n, void **ctx)
{
    (void)cls, (void)conn, (void)url, (void)version;
    struct request *r = *ctx;
    if (!r)
        return MHD_NO;
    r->lane->moved |= *n > 0;
    switch (r->phase) {
    case PHASE_HEAD:
        request_begin(r, method);
        return r->phase == PHASE_NOW ? answer_send(r) : MHD_YES;
    case PHASE_BODY:
    case PHASE_SKIP:
    case PHASE_DRAIN:
        if (*n)
            return request_body(r, data, n);
        if (r->phase == PHASE_DRAIN)
            return MHD_NO;
        if (r->phase == PHASE_SKIP)
            return answer_send(r);
        return request_run(r);
    case PHASE_READY:
        return answer_send(r);
    case PHASE_NOW:
    case PHASE_WORK:
    case PHASE_HELD:
    case PHASE_SENT:
        break;
    }
    return MHD_YES;
}

void request_end(struct request *r, bool sent)
{
    struct net_http *s = r->server;
    if (r->phase != PHASE_HEAD) {
        s->h.done(s->h.ctx, &r->pub, r->bytes, sent);
        atomic_fetch_sub(&s->active, 1);
    }
    request_give(r);
}

static void on_done(void *cls, struct MHD_Connection *conn, void **ctx,
                    enum MHD_RequestTerminationCode code)
{
    (void)conn;
    const struct lane *l = cls;
    const struct net_http *s = l->server;
    struct request *r = *ctx;
    if (!r)
        return;
    *ctx = NULL;
    int64_t idle = atomic_load(&s->stopping) ? 0 : (int64_t)s->o.head_s * 1000;
    watch_set(r->peer, time_mono() + idle);
    watch_asks(r->peer, false);
    if (r->phase == PHASE_HELD) {
        r->conn = NULL; /* ended when it is released */
        r->peer = NULL;
        return;
    }
    request_end(r, r->phase == PHASE_DRAIN ||
                       (r->phase == PHASE_SENT && code == MHD_REQUEST_TERMINATED_COMPLETED_OK));
}

static void on_connection(void *cls, struct MHD_Connection *conn, void **ctx,
                          enum MHD_ConnectionNotificationCode code)
{
    struct lane *l = cls;
    struct net_http *s = l->server;
    l->moved = true; /* there may be room again, which libmicrohttpd sees in its next round */
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *ctx = watch_add(
            s, MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
    } else {
        watch_remove(s, *ctx);
        *ctx = NULL;
    }
}

static struct MHD_Daemon *daemon_new(struct net_http *s, struct lane *l, int fd, unsigned most)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO;
    if (s->tls)
        flags |= MHD_USE_TLS;
    struct MHD_OptionItem ops[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)most, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, 0, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)(s->o.head_max + HEAD_ROOM), NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_done, l},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, l},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_line, l},
        {MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, l, MHD_OPTION_ARRAY, ops,
                            s->tls ? MHD_OPTION_HTTPS_PRIORITIES : MHD_OPTION_END, TLS_PRIORITIES,
                            MHD_OPTION_HTTPS_CERT_CALLBACK, tls_retrieve, MHD_OPTION_END);
}

static bool lane_open(struct net_http *s, unsigned most)
{
    struct lane *l = &s->lanes[s->n_lanes];
    int fd = fcntl(s->listen_fd, F_DUPFD_CLOEXEC, 0);
    struct MHD_Daemon *daemon = fd >= 0 ? daemon_new(s, l, fd, most) : NULL;
    if (!daemon) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    s->n_lanes++;
    return lane_start(s, l, daemon);
}

static err launch(struct op *op, struct net_http *s)
{
    unsigned threads = s->o.threads ? s->o.threads : (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    unsigned most = (s->o.connections + threads - 1) / threads;
    s->lanes = calloc(threads, sizeof *s->lanes);
    while (s->lanes && s->n_lanes < threads)
        if (!lane_open(s, most))
            return fail(op, ERR_UNAVAILABLE,
                        "The HTTP server did not start with %u threads and %u connections; lower "
                        "http.threads or http.connections.",
                        threads, s->o.connections);
    if (!s->lanes)
        return fail(op, ERR_UNAVAILABLE, "No memory for the HTTP server.");
    close(s->listen_fd);
    s->listen_fd = -1;
    return OK;
}

static void release(struct net_http *s)
{
    net_workers_free(s->workers);
    net_workers_free(s->slow);
    net_ticker_free(s->watch);
    for (unsigned i = 0; i < s->n_lanes; i++)
        lane_stop(&s->lanes[i]);
    free(s->lanes);
    if (s->listen_fd >= 0)
        close(s->listen_fd);
    tls_free(s->tls);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

err net_http_start(struct op *op, const struct net_http_options *o, const struct net_handler *h,
                   struct net_http **ret)
{
    struct net_http *s = calloc(1, sizeof *s);
    if (!s)
        return fail(op, ERR_UNAVAILABLE, "No memory for the HTTP server.");
    s->h = *h;
    s->o = *o;
    s->listen_fd = -1;
    atomic_init(&s->ids, random_u64());
    pthread_mutex_init(&s->lock, NULL);
    err e = o->tls_cert.n ? tls_new(op, o->tls_cert, o->tls_key, &s->tls) : OK;
    if (e == OK)
        e = listen_open(op, o, &s->listen_fd, &s->port);
    if (e == OK) {
        s->workers = net_workers_new(o->workers, o->queue);
        s->slow = net_workers_new(o->slow, o->queue);
        s->watch = net_ticker_new(1000, watch_tick, s);
        e = s->workers && s->slow && s->watch
                ? launch(op, s)
                : fail(op, ERR_UNAVAILABLE, "The system refuses %u worker threads.",
                       o->workers + o->slow);
    }
    if (e != OK) {
        release(s);
        return e;
    }
    *ret = s;
    return OK;
}

unsigned net_http_port(const struct net_http *s)
{
    return s->port;
}

static bool wait_zero(atomic_uint_fast64_t *what, int64_t until)
{
    while (atomic_load(what) > 0 && time_mono() < until)
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    return atomic_load(what) == 0;
}

static void stop_listening(struct net_http *s)
{
    atomic_store(&s->stopping, true);
    for (unsigned i = 0; i < s->n_lanes; i++)
        lane_stir(&s->lanes[i]);
}

bool net_http_drain(struct net_http *s, int64_t ms)
{
    int64_t until = time_mono() + ms;
    stop_listening(s);
    stream_end_all(s);
    return wait_zero(&s->listening, until) && wait_zero(&s->active, until);
}

bool net_http_stop(struct net_http *s, int64_t ms)
{
    int64_t until = time_mono() + ms;
    if (!s)
        return true;
    stop_listening(s);
    atomic_store(&s->closed, true);
    stream_end_all(s);
    if (!net_workers_stop(s->workers, ms) || !net_workers_stop(s->slow, until - time_mono()) ||
        !wait_zero(&s->suspended, until))
        return false;
    release(s);
    return true;
}

void net_http_stats(const struct net_http *s, struct net_http_stats *ret)
{
    *ret = (struct net_http_stats){
        .connections = atomic_load(&s->connections),
        .requests = atomic_load(&s->requests),
        .active = atomic_load(&s->active),
        .waiting = s->workers ? net_workers_waiting(s->workers) + net_workers_waiting(s->slow) : 0,
        .streams = atomic_load(&s->n_streams),
        .timeouts = atomic_load(&s->timeouts),
        .refused = atomic_load(&s->refused),
    };
}

/* ---- the pool of requests ---- */

/* Distinct and without visible order (splitmix64); not a secret. */
static uint64_t next_id(struct net_http *s)
{
    uint64_t x = atomic_fetch_add(&s->ids, UINT64_C(0x9e3779b97f4a7c15));
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

struct request *request_take(struct lane *l)
{
    struct net_http *s = l->server;
    struct request *r = l->spare;
    if (r) {
        l->spare = r->next_free;
        l->n_spare--;
    }
    struct arena *a = r ? r->pub.arena : arena_new(s->o.arena_max);
    if (!r)
        r = malloc(sizeof *r);
    if (!r || !a) {
        free(r);
        arena_free(a);
        return NULL;
    }
    *r = (struct request){
        .pub = {.arena = a, .id = next_id(s), .started = time_mono_ns()}, .server = s, .lane = l};
    return r;
}

void request_give(struct request *r)
{
    struct lane *l = r->lane;
    struct arena *a = r->pub.arena;
    if (r->pub.answer.stream)
        stream_abandon(r->pub.answer.stream);
    if (r->reserved)
        atomic_fetch_sub(&r->server->inflight, r->reserved);
    arena_reset(a);
    if (l->n_spare < SPARE_MAX) {
        r->next_free = l->spare;
        l->spare = r;
        l->n_spare++;
    } else {
        arena_free(a);
        free(r);
    }
}

void request_free_spare(struct lane *l)
{
    for (struct request *r = l->spare, *next; r; r = next) {
        next = r->next_free;
        arena_free(r->pub.arena);
        free(r);
    }
}
