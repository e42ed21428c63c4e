/* A request out (libcurl): see fetch.h. Invariant: the address that is really connected to has been
 * asked of net/addr.h, after the name was resolved. */
#include "net/fetch.h"

#include "base/buf.h"
#include "net/addr.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    const struct net_fetch *f = ctx;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    uint8_t addr[16];
    size_t n = 0;
    (void)purpose;
    if (a->family == AF_INET) {
        memcpy(&in4, &a->addr, sizeof in4);
        memcpy(addr, &in4.sin_addr, n = 4);
    } else if (a->family == AF_INET6) {
        memcpy(&in6, &a->addr, sizeof in6);
        memcpy(addr, &in6.sin6_addr, n = 16);
    }
    if (!n || !(addr_public(addr, n) || addr_allowed(f->allow, addr, n)))
        return CURL_SOCKET_BAD;
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t keep(char *p, size_t size, size_t n, void *ctx)
{
    struct buf *b = ctx;
    buf_add(b, str_make(p, size * n));
    return buf_ok(b) ? size * n : 0;
}

static void prepare(struct op *op, CURL *c, const struct net_fetch *f, struct buf *b)
{
    struct arena *a = op->arena;
    curl_easy_setopt(c, CURLOPT_URL, str_z(a, f->url));
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, f->allow_http ? "http,https" : "https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 10000L);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, f);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, b);
    if (f->ca_file.n)
        curl_easy_setopt(c, CURLOPT_CAINFO, str_z(a, f->ca_file));
    if (f->form.n) {
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->form.n);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, f->form.p);
    }
    if (f->basic.n) {
        curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(c, CURLOPT_USERPWD, str_z(a, f->basic));
    }
}

err net_fetch(struct op *op, const struct net_fetch *f, str *ret_body)
{
    struct buf b;
    long status = 0;
    CURL *c = curl_easy_init();
    if (!c)
        return fail(op, ERR_UNAVAILABLE, "No memory for a request.");
    buf_init(&b, op->arena, NET_FETCH_MAX);
    prepare(op, c, f, &b);
    CURLcode rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(c);
    if (rc != CURLE_OK)
        return fail(op, ERR_UNAVAILABLE, "The other server was not reached: %s.",
                    rc == CURLE_WRITE_ERROR ? "its answer is too large" : curl_easy_strerror(rc));
    if (status != 200)
        return fail(op, ERR_UNAVAILABLE, "The other server answered %ld.", status);
    *ret_body = buf_str(&b);
    return op_check(op);
}
