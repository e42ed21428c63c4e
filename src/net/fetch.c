/* A request out (libcurl): see fetch.h. Invariant: the address that is really connected to has been
 * asked of net/addr.h, after the name was resolved. */
#include "net/fetch.h"

#include "base/buf.h"
#include "net/addr.h"

#include <arpa/inet.h>
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

static void prepare(struct op *op, CURL *c, const struct net_fetch *f, struct buf *b,
                    struct curl_slist **list)
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
    for (size_t i = 0; i < f->n_headers; i++)
        *list = curl_slist_append(*list, str_z(a, f->headers[i]));
    if (*list)
        curl_easy_setopt(c, CURLOPT_HTTPHEADER, *list);
    if (f->basic.n) {
        curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(c, CURLOPT_USERPWD, str_z(a, f->basic));
    }
}

err net_ask(struct op *op, const struct net_fetch *f, long *ret_status, str *ret_body)
{
    struct buf b;
    struct curl_slist *list = NULL;
    CURL *c = curl_easy_init();
    if (!c)
        return fail(op, ERR_UNAVAILABLE, "No memory for a request.");
    buf_init(&b, op->arena, NET_FETCH_MAX);
    prepare(op, c, f, &b, &list);
    CURLcode rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, ret_status);
    curl_easy_cleanup(c);
    curl_slist_free_all(list);
    if (rc != CURLE_OK)
        return fail(op, ERR_UNAVAILABLE, "The other server was not reached: %s.",
                    rc == CURLE_WRITE_ERROR ? "its answer is too large" : curl_easy_strerror(rc));
    *ret_body = buf_str(&b);
    return op_check(op);
}

err net_fetch(struct op *op, const struct net_fetch *f, str *ret_body)
{
    long status = 0;
    TRY(net_ask(op, f, &status, ret_body));
    return status == 200 ? OK : fail(op, ERR_UNAVAILABLE, "The other server answered %ld.", status);
}

static bool literal(struct op *op, str host, uint8_t addr[16], size_t *ret_n)
{
    if (host.n && host.p[0] == '[')
        host = str_sub(host, 1, host.n - 1);
    const char *z = str_z(op->arena, host);
    *ret_n = inet_pton(AF_INET, z, addr) == 1 ? 4 : inet_pton(AF_INET6, z, addr) == 1 ? 16 : 0;
    return *ret_n > 0;
}

static const char *parts_wrong(struct op *op, CURLU *u, str allow, bool allow_http)
{
    char *scheme = NULL, *host = NULL, *user = NULL;
    uint8_t addr[16];
    size_t n;
    const char *why = NULL;
    bool parts = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                 curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK;
    bool named = curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK;
    bool http = parts && str_eq(str_of(scheme), STR("http"));
    if (!parts || named || (!http && !str_eq(str_of(scheme), STR("https"))))
        why = "The endpoint is an https:// address without a user name.";
    else if (http && !allow_http)
        why = "We send there by https only.";
    else if (literal(op, str_of(host), addr, &n) && !addr_public(addr, n) &&
             !addr_allowed(allow, addr, n))
        why = "This address is private or of this machine; an administrator may allow it.";
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    return why;
}

const char *net_endpoint_wrong(struct op *op, str url, str allow, bool allow_http)
{
    CURLU *u = curl_url();
    bool read =
        u && url.n <= 2048 && curl_url_set(u, CURLUPART_URL, str_z(op->arena, url), 0) == CURLUE_OK;
    const char *why =
        read ? parts_wrong(op, u, allow, allow_http) : "The endpoint is not a usable address.";
    curl_url_cleanup(u);
    return why;
}
