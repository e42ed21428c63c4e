/* An answer on its way out: compressed when the peer takes it and it pays, framed by libmicrohttpd,
 * or written bare where libmicrohttpd cannot answer (in the middle of an upload).
 * The body is sent from the request's arena; nothing is copied. */
#include "net/net_int.h"

#include <sys/socket.h>
#include <zlib.h>

#define GZIP_MIN 1024u
#define GZIP_LEVEL 4
#define SEND_RATE (16u << 10) /* bytes a second that a reader must take */

void net_answer_header(struct net_request *rq, const char *name, const char *value)
{
    struct net_answer *a = &rq->answer;
    if (a->n_headers < NET_HEADERS_MAX)
        a->headers[a->n_headers++] = (struct net_header){name, value};
}

/* gzip is named and not with q=0. */
bool net_takes_gzip(const struct net_request *rq)
{
    str accept = net_header(rq, MHD_HTTP_HEADER_ACCEPT_ENCODING), part;
    while (str_take_until(&accept, ',', &part)) {
        str name = STR_NONE, param = STR_NONE;
        str_take_until(&part, ';', &name);
        param = str_trim(part);
        if (str_eq_nocase(str_trim(name), STR("gzip")))
            return !str_eq(param, STR("q=0")) && !str_eq(param, STR("q=0.0"));
    }
    return false;
}

void answer_prepare(struct request *r)
{
    struct net_answer *a = &r->pub.answer;
    if (a->stream || a->plain || a->encoding || a->body.n < GZIP_MIN)
        return;
    net_answer_header(&r->pub, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    z_stream z = {0};
    if (!net_takes_gzip(&r->pub) || a->body.n > (256u << 20) ||
        deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return;
    size_t cap = deflateBound(&z, a->body.n);
    Bytef *out = arena_alloc(r->pub.arena, cap);
    z.next_in = (z_const Bytef *)(uintptr_t)a->body.p;
    z.avail_in = (uInt)a->body.n;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    bool ok = out && deflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out < a->body.n;
    deflateEnd(&z);
    if (!ok)
        return;
    a->body = str_make((const char *)out, z.total_out);
    a->encoding = "gzip";
}

static struct MHD_Response *response_of(struct request *r)
{
    struct net_answer *a = &r->pub.answer;
    if (a->stream) {
        struct net_stream *s = a->stream;
        a->stream = NULL; /* the response owns it now */
        return stream_response(s);
    }
    r->bytes = a->body.n;
    return MHD_create_response_from_buffer(a->body.n, (void *)(uintptr_t)a->body.p,
                                           MHD_RESPMEM_PERSISTENT);
}

enum MHD_Result answer_send(struct request *r)
{
    const struct net_answer *a = &r->pub.answer;
    struct net_http *s = r->server;
    bool live = a->stream != NULL;
    struct MHD_Response *m = response_of(r);
    if (!m)
        return MHD_NO;
    if (a->type.n)
        MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_TYPE, str_z(r->pub.arena, a->type));
    if (a->encoding)
        MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_ENCODING, a->encoding);
    for (size_t i = 0; i < a->n_headers; i++)
        MHD_add_response_header(m, a->headers[i].name, a->headers[i].value);
    if (atomic_load(&s->stopping))
        MHD_add_response_header(m, MHD_HTTP_HEADER_CONNECTION, "close");
    watch_set(r->peer, live ? 0
                            : time_mono() + (int64_t)s->o.body_s * 1000 +
                                  (int64_t)(r->bytes / SEND_RATE) * 1000);
    r->phase = PHASE_SENT;
    r->lane->moved = true;
    enum MHD_Result done = MHD_queue_response(r->conn, (unsigned)a->status, m);
    MHD_destroy_response(m);
    return done;
}

void answer_send_bare(struct request *r)
{
    const struct net_answer *a = &r->pub.answer;
    struct buf b;
    buf_init(&b, r->pub.arena, a->body.n + (32u << 10));
    buf_printf(&b, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\nConnection: close\r\n", a->status,
               MHD_get_reason_phrase_for((unsigned)a->status), a->body.n);
    if (a->type.n)
        buf_printf(&b, "Content-Type: %.*s\r\n", STR_ARG(a->type));
    for (size_t i = 0; i < a->n_headers; i++)
        buf_printf(&b, "%s: %s\r\n", a->headers[i].name, a->headers[i].value);
    buf_add(&b, STR("\r\n"));
    buf_add(&b, a->body);
    int fd = MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    str out = buf_str(&b);
    /* Small against a socket buffer: what does not fit at once is lost with the connection. */
    if (r->server->tls ? tls_send(r->conn, out)
                       : send(fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        r->bytes = a->body.n;
    shutdown(fd, SHUT_WR);
}
