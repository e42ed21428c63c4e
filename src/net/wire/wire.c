/* A connection out that stays: see net/wire.h. */
#include "net/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PRIORITY "SECURE128:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3"

enum stage { CONNECTING, SHAKING, OPEN };
struct wire {
    int fd;
    enum stage stage;
    bool tls;
    gnutls_session_t session;
    gnutls_certificate_credentials_t trust;
    char host[256];
};

static int connect_to(const struct addrinfo *list)
{
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        int one = 1, fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
            continue;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (connect(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS)
            return fd;
        close(fd);
    }
    return -1;
}

static bool set_tls(struct wire *l, const struct wire_to *to)
{
    char ca[1025];
    if (gnutls_certificate_allocate_credentials(&l->trust) != 0)
        return false;
    snprintf(ca, sizeof ca, "%.*s", STR_ARG(to->ca_file));
    int n = to->ca_file.n
                ? gnutls_certificate_set_x509_trust_file(l->trust, ca, GNUTLS_X509_FMT_PEM)
                : gnutls_certificate_set_x509_system_trust(l->trust);
    if (n <= 0 || gnutls_init(&l->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK) != 0)
        return false;
    gnutls_session_set_verify_cert(l->session, l->host, 0);
    gnutls_transport_set_int(l->session, l->fd);
    return gnutls_priority_set_direct(l->session, PRIORITY, NULL) == 0 &&
           gnutls_credentials_set(l->session, GNUTLS_CRD_CERTIFICATE, l->trust) == 0 &&
           gnutls_server_name_set(l->session, GNUTLS_NAME_DNS, l->host, to->host.n) == 0;
}

err wire_open(struct op *op, const struct wire_to *to, struct wire **ret)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *list = NULL;
    char port[8];
    struct wire *l = calloc(1, sizeof *l);
    if (!l)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    l->fd = -1;
    l->tls = to->tls;
    if (to->host.n < sizeof l->host)
        memcpy(l->host, to->host.p, to->host.n);
    snprintf(port, sizeof port, "%u", to->port);
    if (l->host[0] && getaddrinfo(l->host, port, &hints, &list) == 0) {
        l->fd = connect_to(list);
        freeaddrinfo(list);
    }
    if (l->fd < 0 || (to->tls && !set_tls(l, to))) {
        wire_close(l);
        return fail(op, ERR_UNAVAILABLE, "the other side is not within reach");
    }
    *ret = l;
    return OK;
}

void wire_close(struct wire *l)
{
    if (!l)
        return;
    if (l->session) {
        if (l->stage == OPEN)
            (void)gnutls_bye(l->session, GNUTLS_SHUT_WR);
        gnutls_deinit(l->session);
    }
    if (l->trust)
        gnutls_certificate_free_credentials(l->trust);
    if (l->fd >= 0)
        close(l->fd);
    free(l);
}

int wire_fd(const struct wire *l)
{
    return l->fd;
}

bool wire_opening_writes(const struct wire *l)
{
    return l->stage == CONNECTING ||
           (l->stage == SHAKING && gnutls_record_get_direction(l->session) == 1);
}

int wire_step(struct wire *l)
{
    if (l->stage == CONNECTING) {
        int wrong = 0;
        socklen_t n = sizeof wrong;
        struct sockaddr_storage peer;
        socklen_t np = sizeof peer;
        if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &wrong, &n) != 0 || wrong)
            return -1;
        if (getpeername(l->fd, (struct sockaddr *)&peer, &np) != 0)
            return 0;
        l->stage = l->tls ? SHAKING : OPEN;
    }
    if (l->stage == SHAKING) {
        int rc = gnutls_handshake(l->session);
        if (rc == GNUTLS_E_SUCCESS)
            l->stage = OPEN;
        else
            return gnutls_error_is_fatal(rc) ? -1 : 0;
    }
    return 1;
}

int wire_read(struct wire *l, char *to, size_t n)
{
    ssize_t got = l->tls ? gnutls_record_recv(l->session, to, n) : recv(l->fd, to, n, 0);
    if (got > 0)
        return (int)got;
    if (l->tls)
        return got < 0 && !gnutls_error_is_fatal((int)got) ? 0 : -1;
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

int wire_write(struct wire *l, str bytes)
{
    if (bytes.n > 1u << 20)
        bytes.n = 1u << 20;
    ssize_t done = l->tls ? gnutls_record_send(l->session, bytes.p, bytes.n)
                          : send(l->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
    if (done >= 0)
        return (int)done;
    if (l->tls)
        return !gnutls_error_is_fatal((int)done) ? 0 : -1;
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}
