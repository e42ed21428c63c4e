/* The listening socket: address text to socket, with a message that says what to change when it
 * does not work. Unencrypted HTTP is for loopback only, unless the operator insists. */
#include "net/net_int.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

static bool is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)a;
        return (ntohl(in->sin_addr.s_addr) >> 24) == 127;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)a;
    return a->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

/* "host:port" or "[v6]:port"; numeric, or localhost. */
static err resolve(struct op *op, str listen, struct addrinfo **ret)
{
    size_t colon = SIZE_MAX;
    for (size_t at = 0; (at = str_find_char(listen, ':', at)) != SIZE_MAX; at++)
        colon = at;
    str host = str_sub(listen, 0, colon);
    str port = colon == SIZE_MAX ? STR_NONE : str_sub(listen, colon + 1, SIZE_MAX);
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = str_sub(host, 1, host.n - 1);
    if (str_eq(host, STR("localhost")))
        host = STR("127.0.0.1");
    uint64_t number;
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    if (!host.n || !str_to_u64(port, 65535, &number) ||
        getaddrinfo(str_z(op->arena, host), str_z(op->arena, port), &hints, ret) != 0)
        return fail(op, ERR_INVALID,
                    "\"%.*s\" is not an address to listen on; write 127.0.0.1:8080 or [::1]:8080.",
                    STR_ARG(listen));
    return OK;
}

static err refused(struct op *op, str listen, int error)
{
    if (error == EADDRINUSE)
        return fail(op, ERR_UNAVAILABLE,
                    "%.*s is in use by another program; stop it or choose another port with "
                    "--listen.",
                    STR_ARG(listen));
    if (error == EACCES)
        return fail(
            op, ERR_UNAVAILABLE,
            "Listening on %.*s needs more rights; choose a port from 1024 up with --listen.",
            STR_ARG(listen));
    if (error == EADDRNOTAVAIL)
        return fail(op, ERR_UNAVAILABLE,
                    "This machine has no address %.*s; choose one it has with --listen.",
                    STR_ARG(listen));
    return fail(op, ERR_UNAVAILABLE, "The system refuses to listen on %.*s.", STR_ARG(listen));
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage at = {0};
    socklen_t n = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &n) != 0)
        return 0;
    if (at.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&at)->sin_port);
    return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
}

err listen_open(struct op *op, const struct net_http_options *o, int *ret_fd, unsigned *ret_port)
{
    struct addrinfo *at = NULL;
    if (!peer_list_valid(o->trusted_proxy))
        return fail(op, ERR_INVALID,
                    "\"%.*s\" is no list of addresses; write http.trusted_proxy as 127.0.0.1 or "
                    "10.0.0.0/8,::1.",
                    STR_ARG(o->trusted_proxy));
    TRY(resolve(op, o->listen, &at));
    if (!o->tls_cert.n && !o->allow_plain && !is_loopback(at->ai_addr)) {
        freeaddrinfo(at);
        return fail(op, ERR_FORBIDDEN,
                    "%.*s can be reached from other machines: set tls.cert and tls.key, or listen "
                    "on 127.0.0.1 behind a TLS proxy, or set http.allow_plain = true if the "
                    "network itself is protected.",
                    STR_ARG(o->listen));
    }
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1;
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
              bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    int error = errno;
    freeaddrinfo(at);
    if (!ok) {
        if (fd >= 0)
            close(fd);
        return refused(op, o->listen, error);
    }
    *ret_fd = fd;
    *ret_port = port_of(fd);
    return OK;
}
