/* The courier's way out: many requests under way at once on one thread (libcurl's multi interface),
 * so that an endpoint that hangs delays nobody but itself. No redirects, certificates checked,
 * every address asked of net/addr.c when it is connected to. Answers are read past, never kept.
 * Invariant: a parcel handed to courier_net_send() comes back from courier_net_step() exactly once,
 * or is freed with the net. */
#include "net/addr.h"
#include "net/fetch.h"
#include "partners/partners_int.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#define ANSWER_MAX (64u << 10)

struct courier_net {
    struct partners *p;
    CURLM *multi;
};

static bool may_reach(struct partners *p, const struct sockaddr *sa)
{
    const uint8_t *addr;
    size_t n;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    if (sa->sa_family == AF_INET) {
        memcpy(&in4, sa, sizeof in4);
        addr = (const uint8_t *)&in4.sin_addr;
        n = 4;
    } else if (sa->sa_family == AF_INET6) {
        memcpy(&in6, sa, sizeof in6);
        addr = (const uint8_t *)&in6.sin6_addr;
        n = 16;
    } else {
        return false;
    }
    return addr_public(addr, n) ||
           addr_allowed(config_str(p->config, "subscriptions.allow"), addr, n);
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    (void)purpose;
    if (!may_reach(ctx, &a->addr))
        return CURL_SOCKET_BAD;
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t pass_by(char *p, size_t size, size_t n, void *ctx)
{
    size_t *seen = ctx;
    (void)p;
    *seen += size * n;
    return *seen > ANSWER_MAX ? 0 : size * n;
}

err endpoint_check(struct op *op, struct partners *p, str url, str path)
{
    if (str_starts(url, STR("mailto:")))
        return url.n > 9 && str_find_char(url, '@', 8) != SIZE_MAX
                   ? OK
                   : fail_at(op, ERR_UNPROCESSABLE, path, "A mail endpoint is mailto:name@domain.");
    const char *why = net_endpoint_wrong(op, url, config_str(p->config, "subscriptions.allow"),
                                         config_bool(p->config, "subscriptions.allow_http"));
    return why ? fail_at(op, ERR_UNPROCESSABLE, path, "%s", why) : OK;
}

err courier_net_new(struct op *op, struct partners *p, struct courier_net **ret)
{
    struct courier_net *n = calloc(1, sizeof *n);
    if (n)
        n->multi = curl_multi_init();
    if (!n || !n->multi) {
        free(n);
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    }
    curl_multi_setopt(n->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 8L);
    n->p = p;
    *ret = n;
    return OK;
}

static void let_go(struct courier_net *n, struct parcel *parcel)
{
    curl_multi_remove_handle(n->multi, parcel->easy);
    curl_easy_cleanup(parcel->easy);
    curl_slist_free_all(parcel->list);
    parcel->easy = parcel->list = NULL;
}

void courier_net_free(struct courier_net *n)
{
    if (!n)
        return;
    curl_multi_cleanup(n->multi);
    free(n);
}

static void prepare_http(struct partners *p, struct parcel *parcel)
{
    CURL *c = parcel->easy;
    struct arena *a = parcel->arena;
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < parcel->n_headers; i++)
        list = curl_slist_append(list, str_z(a, parcel->headers[i]));
    if (parcel->type.n)
        list =
            curl_slist_append(list, arena_printf(a, "Content-Type: %.*s", STR_ARG(parcel->type)).p);
    else
        list = curl_slist_append(list, "Content-Type:");
    list = curl_slist_append(list, "Expect:");
    parcel->list = list;
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, str_z(a, parcel->method));
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)parcel->body.n);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, parcel->body.n ? parcel->body.p : "");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, p);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    str ca = config_str(p->config, "subscriptions.ca_file");
    if (ca.n)
        curl_easy_setopt(c, CURLOPT_CAINFO, str_z(a, ca));
}

err courier_net_send(struct op *op, struct courier_net *n, struct parcel *parcel)
{
    CURL *c = parcel->easy = curl_easy_init();
    if (!c)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    if (parcel->mail_to.n)
        mail_prepare(n->p, parcel);
    else
        prepare_http(n->p, parcel);
    curl_easy_setopt(c, CURLOPT_URL, str_z(parcel->arena, parcel->url));
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)parcel->timeout_s * 1000L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, pass_by);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &parcel->answered);
    curl_easy_setopt(c, CURLOPT_PRIVATE, parcel);
    if (curl_multi_add_handle(n->multi, c) == CURLM_OK)
        return OK;
    let_go(n, parcel);
    return fail(op, ERR_UNAVAILABLE, "no connection could be begun");
}

/* What came of it; the words are for the partner's eyes and hold nothing of the content. */
static void conclude(struct parcel *parcel, CURLcode rc)
{
    curl_easy_getinfo(parcel->easy, CURLINFO_RESPONSE_CODE, &parcel->status);
    bool mail = parcel->mail_to.n > 0;
    bool good = mail ? rc == CURLE_OK
                     : (rc == CURLE_OK || rc == CURLE_WRITE_ERROR) && parcel->status >= 200 &&
                           parcel->status < 300;
    if (good)
        return;
    if (parcel->status && !mail)
        parcel->error = arena_printf(parcel->arena, "the endpoint answered %ld", parcel->status);
    else
        parcel->error =
            arena_printf(parcel->arena, "the endpoint was not reached: %s", curl_easy_strerror(rc));
}

void courier_net_step(struct courier_net *n, int ms, struct parcel **ret)
{
    int left, running;
    *ret = NULL;
    curl_multi_perform(n->multi, &running);
    CURLMsg *m = curl_multi_info_read(n->multi, &left);
    if (!m && ms > 0) {
        curl_multi_poll(n->multi, NULL, 0, ms, NULL);
        curl_multi_perform(n->multi, &running);
        m = curl_multi_info_read(n->multi, &left);
    }
    if (!m || m->msg != CURLMSG_DONE)
        return;
    struct parcel *parcel = NULL;
    CURLcode rc = m->data.result;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &parcel);
    conclude(parcel, rc);
    let_go(n, parcel);
    *ret = parcel;
}

void courier_net_drop(struct courier_net *n, struct parcel *parcel)
{
    let_go(n, parcel);
}

void courier_net_wake(struct courier_net *n)
{
    if (n)
        curl_multi_wakeup(n->multi);
}
