/* A request on its way in: head checked, body collected under its ceilings, then handed to the
 * handler on this thread or on a worker. Whatever is refused before the body is complete still gets
 * its answer: a body of unwanted size is never kept, only read past for a while so that the peer
 * sees the answer instead of a reset. */
#include "net/net_int.h"

#define SKIP_MAX (64u << 10)  /* unwanted body read past to keep the connection */
#define DRAIN_MAX (64u << 20) /* unwanted body read past before the connection is cut */
#define BODY_FIRST (16u << 10)
#define BODY_RATE (16u << 10) /* bytes that earn another second */

static const char *const method_names[] = {"GET",   "HEAD",   "POST",    "PUT",
                                           "PATCH", "DELETE", "OPTIONS", "OTHER"};

str net_method_name(enum net_method m)
{
    return str_of(method_names[m <= NET_OTHER ? m : NET_OTHER]);
}

static enum net_method method_of(const char *name)
{
    for (unsigned i = 0; i < NET_OTHER; i++)
        if (strcmp(name, method_names[i]) == 0)
            return (enum net_method)i;
    return NET_OTHER;
}

str net_header(const struct net_request *rq, const char *name)
{
    const struct request *r = (const struct request *)(const void *)rq;
    return str_of(MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, name));
}

static void refuse(struct request *r, err why, int status, const char *what)
{
    struct net_http *s = r->server;
    atomic_fetch_add(&s->refused, 1);
    if (r->pub.answer.stream)
        stream_abandon(r->pub.answer.stream);
    r->pub.answer = (struct net_answer){.status = status};
    s->h.refuse(s->h.ctx, &r->pub, why, what);
    if (status)
        r->pub.answer.status = status;
}

void request_refuse(struct request *r, err why, const char *what)
{
    refuse(r, why, 0, what);
}

/* Bytes of body announced; UINT64_MAX when it comes in chunks. */
static uint64_t announced(const struct request *r)
{
    uint64_t n = 0;
    str length = net_header(&r->pub, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (length.n && !str_to_u64(str_trim(length), UINT64_MAX, &n))
        return UINT64_MAX;
    return net_header(&r->pub, MHD_HTTP_HEADER_TRANSFER_ENCODING).n ? UINT64_MAX : n;
}

/* The answer stands although the body has not been read: choose how it gets out. */
static void answer_early(struct request *r, uint64_t n)
{
    if (n <= SKIP_MAX) {
        r->phase = PHASE_SKIP;
    } else if (net_header(&r->pub, MHD_HTTP_HEADER_EXPECT).n) {
        r->phase = PHASE_NOW;
    } else {
        answer_send_bare(r);
        r->phase = PHASE_DRAIN;
    }
}

static bool head_fits(struct request *r)
{
    const struct net_http *s = r->server;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (r->pub.path.n + r->pub.query.n > s->o.head_max / 2)
        refuse(r, ERR_TOO_LARGE, 414,
               "The address is too long; search with POST …/_search and put the parameters in the "
               "body.");
    else if (info && info->header_size > s->o.head_max)
        refuse(r, ERR_TOO_LARGE, 431, "The request's headers are too large; send fewer of them.");
    else
        return true;
    return false;
}

struct framing {
    unsigned lengths, encodings;
    bool odd; /* a value that another reader may take otherwise */
};

static enum MHD_Result note_framing(void *cls, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    (void)kind;
    struct framing *f = cls;
    str v = str_trim(str_of(value));
    uint64_t n;
    if (str_eq_nocase(str_of(name), STR(MHD_HTTP_HEADER_CONTENT_LENGTH))) {
        f->lengths++;
        f->odd |= !str_to_u64(v, UINT64_MAX, &n);
    } else if (str_eq_nocase(str_of(name), STR(MHD_HTTP_HEADER_TRANSFER_ENCODING))) {
        f->encodings++;
        f->odd |= !str_eq_nocase(v, STR("chunked"));
    }
    return MHD_YES;
}

/* Where the body ends must be said once and plainly: a proxy that reads it otherwise would take
 * part of it for a request of its own (RFC 9112 section 6.3). The connection ends here. */
static bool framing_plain(struct request *r)
{
    struct framing f = {0};
    MHD_get_connection_values(r->conn, MHD_HEADER_KIND, note_framing, &f);
    if (!f.odd && f.lengths + f.encodings <= 1)
        return true;
    refuse(r, ERR_INVALID, 0,
           "The request says in two ways, or unclearly, how long its body is; send one "
           "Content-Length, or Transfer-Encoding: chunked.");
    answer_send_bare(r);
    r->phase = PHASE_DRAIN;
    return false;
}

void request_begin(struct request *r, const char *method)
{
    struct net_http *s = r->server;
    r->pub.method = method_of(method);
    r->phase = PHASE_BODY;
    r->body_started = time_mono();
    watch_set(r->peer, r->body_started + (int64_t)s->o.body_s * 1000);
    watch_asks(r->peer, true);
    atomic_fetch_add(&s->requests, 1);
    atomic_fetch_add(&s->active, 1);
    uint64_t n = announced(r);
    if (!framing_plain(r))
        return;
    if (!head_fits(r)) {
        answer_early(r, n);
    } else if (n != UINT64_MAX && n > s->o.body_max) {
        refuse(r, ERR_TOO_LARGE, 0,
               "The body is larger than this server takes; send less at once.");
        answer_early(r, n);
    } else {
        r->run = s->h.begin(s->h.ctx, &r->pub);
        if (r->run == NET_ANSWERED)
            answer_early(r, n);
    }
}

/* Room for n more bytes, or an answer that says why not. */
static bool body_room(struct request *r, size_t n)
{
    struct net_http *s = r->server;
    if (n > s->o.body_max - r->body_n) {
        refuse(r, ERR_TOO_LARGE, 0,
               "The body is larger than this server takes; send less at once.");
        return false;
    }
    if (r->body_n + n <= r->body_cap)
        return true;
    size_t cap = r->body_cap ? r->body_cap * 2 : BODY_FIRST;
    while (cap < r->body_n + n)
        cap *= 2;
    cap = cap < s->o.body_max ? cap : s->o.body_max;
    size_t more = cap - r->reserved;
    if (atomic_fetch_add(&s->inflight, more) + more > s->o.inflight_max) {
        atomic_fetch_sub(&s->inflight, more);
        refuse(r, ERR_UNAVAILABLE, 0, "The server holds as many bodies as it can; try again soon.");
        return false;
    }
    r->reserved += more;
    char *grown = arena_grow(r->pub.arena, r->body, r->body_cap, cap);
    if (!grown) {
        refuse(r, ERR_TOO_LARGE, 0, "The body needs more memory than a request may use.");
        return false;
    }
    r->body = grown;
    r->body_cap = cap;
    return true;
}

enum MHD_Result request_body(struct request *r, const char *data, size_t *n)
{
    size_t got = *n;
    *n = 0;
    if (r->phase == PHASE_BODY && !body_room(r, got)) {
        answer_send_bare(r);
        r->phase = PHASE_DRAIN;
    }
    if (r->phase != PHASE_BODY) {
        r->drained += got;
        return r->drained > DRAIN_MAX ? MHD_NO : MHD_YES;
    }
    memcpy(r->body + r->body_n, data, got);
    r->body_n += got;
    watch_set(r->peer, r->body_started + (int64_t)r->server->o.body_s * 1000 +
                           (int64_t)(r->body_n / BODY_RATE) * 1000);
    return MHD_YES;
}

/* From here the request belongs to whoever pushes it back. False when the server is closing. */
static bool suspend(struct request *r)
{
    struct net_http *s = r->server;
    atomic_fetch_add(&s->suspended, 1);
    if (atomic_load(&s->closed)) {
        atomic_fetch_sub(&s->suspended, 1);
        return false;
    }
    r->phase = r->run == NET_INLINE ? PHASE_HELD : PHASE_WORK;
    if (r->phase == PHASE_HELD)
        r->lane->held++;
    else
        MHD_suspend_connection(r->conn);
    return true;
}

void net_release(struct net_request *rq, err result)
{
    struct request *r = (struct request *)rq;
    r->result = result;
    lane_push(r);
}

static void work(void *arg)
{
    struct request *r = arg;
    struct net_http *s = r->server;
    if (atomic_load(&s->closed))
        refuse(r, ERR_UNAVAILABLE, 0, "The server is stopping; try again soon.");
    else
        s->h.handle(s->h.ctx, &r->pub);
    answer_prepare(r);
    if (r->pub.hold)
        s->h.hold(s->h.ctx, &r->pub);
    else
        lane_push(r);
}

enum MHD_Result request_run(struct request *r)
{
    struct net_http *s = r->server;
    r->pub.body = str_make(r->body, r->body_n);
    watch_set(r->peer, 0);
    if (r->run == NET_INLINE) {
        r->lane->handled = true;
        s->h.handle(s->h.ctx, &r->pub);
        answer_prepare(r);
        if (!r->pub.hold)
            return answer_send(r);
    }
    if (!suspend(r)) {
        refuse(r, ERR_UNAVAILABLE, 0, "The server is stopping; try again soon.");
        return answer_send(r);
    }
    if (r->run == NET_INLINE) {
        s->h.hold(s->h.ctx, &r->pub);
    } else if (!net_workers_add(r->run == NET_SLOW ? s->slow : s->workers, work, r)) {
        refuse(r, ERR_UNAVAILABLE, 0, "The server is working at its limit; try again soon.");
        lane_push(r);
    }
    return MHD_YES;
}
