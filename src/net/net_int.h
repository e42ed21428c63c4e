/* Inside of the net room: what server, request, answer, stream and watch share. */
#ifndef WEFT_NET_INT_H
#define WEFT_NET_INT_H

#include "base/buf.h"
#include "base/time.h"
#include "base/uuid.h"
#include "net/net.h"

#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

enum phase {
    PHASE_HEAD,  /* request line seen */
    PHASE_NOW,   /* answered already, the body is not wanted: answer, then close */
    PHASE_BODY,  /* begin() has run; the body is coming */
    PHASE_SKIP,  /* answered already, but the rest of a small body comes first */
    PHASE_DRAIN, /* answered over the bare socket; what still comes is thrown away */
    PHASE_WORK,  /* suspended: a worker has it, or its answer is held */
    PHASE_HELD,  /* the answer made by the server's thread is held */
    PHASE_READY, /* the answer may go */
    PHASE_SENT
};

struct tls;
/* One TCP connection, from accept to close. Its deadline is when the watch cuts it off. */
struct peer {
    struct peer *prev, *next;
    struct net_http *server;
    int fd;
    atomic_int_fast64_t deadline; /* monotonic ms; 0 = none (working, streaming) */
    atomic_bool asks;             /* a request has come whole with its head, and is not over */
};

struct request {
    struct net_request pub; /* first: the two are cast */
    struct net_http *server;
    struct MHD_Connection *conn; /* NULL: held, and the peer is gone */
    struct peer *peer;
    struct request *next_free, *next_ready;
    struct lane *lane;
    enum phase phase;
    enum net_run run;
    err result; /* of net_release() */
    char *body;
    size_t body_n, body_cap, reserved, drained;
    size_t bytes; /* of the body sent */
    int64_t body_started;
};

/* One of the server's threads (lane.c). */
struct lane {
    struct net_http *server;
    struct MHD_Daemon *daemon; /* run by this thread alone */
    pthread_t thread;
    int epoll, bell;
    _Atomic(struct request *) ready; /* whose answer may go; any thread pushes */
    atomic_bool asleep, stirred, over;
    bool runs;
    /* of its thread alone */
    struct request *spare;
    unsigned n_spare, held;
    bool moved, handled, listens;
};

struct net_http {
    struct lane *lanes;
    unsigned n_lanes;
    struct net_handler h;
    struct net_http_options o;
    struct net_workers *workers, *slow;
    struct net_ticker *watch;
    struct tls *tls; /* NULL: plain HTTP */
    int listen_fd;
    unsigned port;
    atomic_bool stopping, closed;
    atomic_uint_fast64_t listening; /* lanes that do */
    atomic_uint_fast64_t connections, requests, active, suspended, timeouts, refused, n_streams,
        ids;
    atomic_size_t inflight;

    pthread_mutex_t lock; /* guards what follows */
    struct peer *peers;
    struct net_stream *streams;
};

/* peer.c */
bool peer_list_valid(str list);
/* forwarded: X-Forwarded-For as one list. */
str peer_behind(str list, str socket, str forwarded);
/* Whoever has an IPv6 address has the 2^64 of its network: they are one peer. */
str peer_network(struct arena *a, str peer);
/* listen.c */
MUST err listen_open(struct op *op, const struct net_http_options *o, int *ret_fd,
                     unsigned *ret_port);
/* server.c */
/* On the lane's thread, as giving back is. */
struct request *request_take(struct lane *l);
void request_give(struct request *r);
void request_free_spare(struct lane *l);
/* Its last sight; then it is given back. */
void request_end(struct request *r, bool sent);
/* lane.c */
/* Runs the daemon; false when the system refuses. lane_stop() is due in any case. */
bool lane_start(struct net_http *s, struct lane *l, struct MHD_Daemon *daemon);
/* Any thread: something outside of the lane has changed (resumed, stopping); it goes a round. */
void lane_stir(struct lane *l);
/* When nothing of it is suspended or held. */
void lane_stop(struct lane *l);
/* Any thread: r is answered, and its lane soon sends it. */
void lane_push(struct request *r);
/* request.c */
void request_refuse(struct request *r, err why, const char *what);
void request_begin(struct request *r, const char *method);
enum MHD_Result request_body(struct request *r, const char *data, size_t *n);
enum MHD_Result request_run(struct request *r);
/* answer.c */
/* Compresses the body when that pays. */
void answer_prepare(struct request *r);
enum MHD_Result answer_send(struct request *r);
/* Writes the answer straight to the socket, where libmicrohttpd does not allow one. */
void answer_send_bare(struct request *r);
/* stream.c */
struct MHD_Response *stream_response(struct net_stream *s);
void stream_abandon(struct net_stream *s);
void stream_tick(struct net_http *s);
/* Ends the streams whose peer has left; the server's lock is held. */
void stream_sweep(struct net_http *s);
void stream_end_all(struct net_http *s);
/* tls.c */
/* Both are PEM files. ERR_INVALID says which of them is wrong, and how. */
MUST err tls_new(struct op *op, str cert, str key, struct tls **ret);
void tls_free(struct tls *t);
/* Once a second: takes a renewed pair. NULL allowed. */
void tls_tick(struct tls *t);
int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *cas, int n_cas,
                 const gnutls_pk_algorithm_t *algos, int n_algos, gnutls_pcert_st **ret_chain,
                 unsigned *ret_n, gnutls_privkey_t *ret_key);
/* Over a connection's session, as far as it goes at once. */
bool tls_send(struct MHD_Connection *conn, str out);
/* watch.c */
struct peer *watch_add(struct net_http *s, int fd);
void watch_remove(struct net_http *s, struct peer *p);
void watch_tick(void *server);
void watch_set(struct peer *p, int64_t deadline);
void watch_asks(struct peer *p, bool asks);

#endif
