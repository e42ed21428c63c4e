/* The net room: an HTTP/1.1 server (libmicrohttpd, run by threads of its own), live streams
 * (Server-Sent Events), a bounded pool of workers and a ticker. It knows no patient, no FHIR and no
 * policy; whoever uses it brings a table of functions.
 *
 * A request: begin() once its head is there; the body is collected into the request's arena; then
 * handle(), on the server's own thread (NET_INLINE: short reads), on a worker (NET_WORKER: may
 * block), or on one of a pool of its own (NET_SLOW: may take long, and keeps no worker); if
 * handle() set `hold`, the answer waits, without holding a thread, until net_release(); then it is
 * sent and done() is called. Everything peer-controlled has a ceiling: head, body, all bodies in
 * flight, queue, connections, time. */
#ifndef WEFT_NET_H
#define WEFT_NET_H

#include "base/op.h"

/* ---- requests and answers ---- */
enum net_method {
    NET_GET,
    NET_HEAD,
    NET_POST,
    NET_PUT,
    NET_PATCH,
    NET_DELETE,
    NET_OPTIONS,
    NET_OTHER
};
str net_method_name(enum net_method m);

enum net_run {
    NET_ANSWERED /* begin() has filled the answer: no body is read */,
    NET_INLINE,
    NET_WORKER,
    NET_SLOW
};

struct net_stream;

struct net_header {
    const char *name, *value; /* live as long as the request's arena */
};
#define NET_HEADERS_MAX 20

struct net_answer {
    int status;
    str type;                  /* media type; empty: no body */
    str body;                  /* in the request's arena, or for ever */
    const char *encoding;      /* Content-Encoding of body as it stands, NULL for none */
    bool plain;                /* never compress */
    struct net_stream *stream; /* instead of body: live, until one side ends it */
    struct net_header headers[NET_HEADERS_MAX];
    size_t n_headers;
};

struct net_request {
    struct arena *arena; /* reset after done() */
    uint64_t id;         /* random; for logs, errors, X-Request-Id */
    enum net_method method;
    str path;        /* as sent, percent-encoded, without query */
    str query;       /* as sent, after '?' */
    str body;        /* complete when handle() is called */
    int64_t started; /* monotonic ns, when the request line was there */
    void *ctx;       /* the handler's own */
    bool hold;       /* set by handle(): do not send before net_release() */
    struct net_answer answer;
};

/* Value of a request header (name without colon, case ignored); STR_NONE when absent. */
str net_header(const struct net_request *rq, const char *name);
/* The peer takes gzip. */
bool net_takes_gzip(const struct net_request *rq);
/* Address of the peer, without port, in the request's arena; behind a trusted proxy, of whom it
 * forwards for. Of IPv6 the network: "2001:db8::/64". */
str net_peer(struct net_request *rq);
/* SHA-256 of the certificate that the peer has shown, and holds the key of, as 64 hex digits; empty
 * when there is none, or its time is not now. Nobody vouches for it: who knows it, trusts it. */
str net_client_certificate(struct net_request *rq);
/* Appends an answer header; both must live as long as the arena. Past the ceiling it is left out.
 */
void net_answer_header(struct net_request *rq, const char *name, const char *value);

/* All functions may be called from any thread of the server; one request at a time in one thread.
 */
struct net_handler {
    void *ctx;
    enum net_run (*begin)(void *ctx, struct net_request *rq);
    void (*handle)(void *ctx, struct net_request *rq);
    /* The answer is held: arrange for net_release(rq, …) exactly once, now or later, any thread. */
    void (*hold)(void *ctx, struct net_request *rq);
    /* The net itself refuses (ERR_TOO_LARGE, ERR_BUSY, ERR_UNAVAILABLE, ERR_INVALID): write the
     * answer. It may be called before begin(), and after handle() when a held answer must not go.
     */
    void (*refuse)(void *ctx, struct net_request *rq, err why, const char *what);
    /* Last sight; sent is false when the peer went away first. bytes: of the body sent. */
    void (*done)(void *ctx, struct net_request *rq, size_t bytes, bool sent);
    /* One of the server's threads has handled all that was there for it (NET_INLINE). */
    void (*round)(void *ctx);
};
/* Lets a held answer go (OK), or replaces it through refuse(). */
void net_release(struct net_request *rq, err result);

/* ---- server ---- */
struct net_http_options {
    str listen;              /* "127.0.0.1:8080", "[::1]:0"; port 0: any free one */
    str tls_cert, tls_key;   /* PEM files; empty: plain HTTP */
    bool clients;            /* ask peers for a certificate of theirs; they may have none */
    bool allow_plain;        /* permit unencrypted HTTP on addresses other than loopback */
    str trusted_proxy;       /* addresses or CIDR blocks by commas whose X-Forwarded-For counts */
    unsigned threads;        /* 0: one a processor */
    unsigned connections;    /* held at once */
    unsigned workers, queue; /* threads and waiting requests of the worker pool */
    unsigned slow;           /* threads of the pool for NET_SLOW; its queue is as long */
    size_t body_max;         /* bytes of one body: 413 beyond */
    size_t inflight_max;     /* bytes of all bodies held at once: 503 beyond */
    size_t head_max;         /* bytes of request line and headers: 414, 431 beyond */
    size_t arena_max;        /* cap of a request's arena; 0: default */
    unsigned head_s;         /* seconds for a request's head, and a connection may idle */
    unsigned body_s;         /* seconds for a body, and one more for every 16 KiB received */
};
struct net_http;
/* Listens and serves. Errors (ERR_UNAVAILABLE, ERR_INVALID, ERR_FORBIDDEN) say what to change: port
 * in use, no such address, no permission, plain HTTP on a public address. */
MUST err net_http_start(struct op *op, const struct net_http_options *o,
                        const struct net_handler *h, struct net_http **ret);
/* The port listened on. */
unsigned net_http_port(const struct net_http *s);
/* Stops accepting, ends the streams, waits up to ms for requests under way. True when all went out.
 */
bool net_http_drain(struct net_http *s, int64_t ms);
/* After net_http_drain(): what waits for a worker is refused, connections are closed, all is freed.
 * False: after ms a handler is still at work or an answer held; then nothing is freed, and the
 * caller comes again, or ends the process. NULL allowed. */
bool net_http_stop(struct net_http *s, int64_t ms);

struct net_http_stats {
    uint64_t connections, requests, active, waiting, streams, timeouts, refused;
};
void net_http_stats(const struct net_http *s, struct net_http_stats *ret);

/* ---- live streams (text/event-stream) ---- */
#define NET_STREAM_MAX (64u << 10)
/* A stream for rq's answer. Bounded: when a slow reader lets more than NET_STREAM_MAX bytes pile
 * up, what waits is dropped and the stream ends with "event: dropped", so that the client resumes.
 * A comment goes out every 15 s of silence. closed(ctx) is called once, when the stream has ended
 * for whatever reason; afterwards s is gone. NULL when memory is refused. */
struct net_stream *net_stream_new(struct net_request *rq, void (*closed)(void *ctx), void *ctx);
/* Appends whole events; false when the stream is ending. Any thread; s must not be gone. */
bool net_stream_send(struct net_stream *s, str events);
/* Lets what waits go out, then ends. */
void net_stream_end(struct net_stream *s);

/* ---- workers ---- */
struct net_workers;
/* threads threads, at most queue jobs waiting. NULL when threads cannot be had. */
struct net_workers *net_workers_new(unsigned threads, unsigned queue);
/* False when the queue is full or the pool is stopping. */
bool net_workers_add(struct net_workers *w, void (*fn)(void *arg), void *arg);
unsigned net_workers_waiting(const struct net_workers *w);
/* Takes no more, runs what waits; false when that is not over after ms. NULL allowed. */
bool net_workers_stop(struct net_workers *w, int64_t ms);
/* The same, however long it takes; then frees. NULL allowed. */
void net_workers_free(struct net_workers *w);

/* ---- ticker ---- */
struct net_ticker;
/* fn(ctx) every ms milliseconds on a thread of its own, until free (which waits for a running fn).
 */
struct net_ticker *net_ticker_new(int64_t ms, void (*fn)(void *ctx), void *ctx);
void net_ticker_free(struct net_ticker *t);

#endif
