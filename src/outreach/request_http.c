/* One request of this room over HTTP, and what can be known when no answer came. Does not say what
 * a status means. Invariant: SENT_LATER only where nothing of the request can have been taken. */
#include "outreach/outreach_int.h"

#include <curl/curl.h>

#define ANSWER_MAX (64u << 10)

static size_t collect(char *p, size_t size, size_t n, void *ctx)
{
    struct buf *b = ctx;
    buf_add(b, str_make(p, size * n));
    return buf_ok(b) ? size * n : 0;
}

static struct curl_slist *headers_of(struct op *op, const struct request *rq)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < rq->n_headers; i++)
        list = curl_slist_append(list, str_z(op->arena, rq->headers[i]));
    return list;
}

static void set(struct op *op, CURL *curl, const struct request *rq, struct buf *body)
{
    curl_easy_setopt(curl, CURLOPT_URL, str_z(op->arena, rq->url));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, rq->ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (!str_empty(rq->user)) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, str_z(op->arena, rq->user));
        curl_easy_setopt(curl, CURLOPT_PASSWORD, str_z(op->arena, rq->password));
    }
    if (rq->body.p) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body.n);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, rq->body.p);
    }
}

void request_http(struct op *op, const struct request *rq, struct response *ret)
{
    struct buf *body = ARENA_NEW(op->arena, struct buf);
    CURL *curl = curl_easy_init();
    curl_off_t up = 0;
    *ret = (struct response){.broken = SENT_LATER, .error = CURLE_OUT_OF_MEMORY};
    if (!curl)
        return;
    buf_init(body, op->arena, ANSWER_MAX);
    struct curl_slist *headers = headers_of(op, rq);
    set(op, curl, rq, body);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
    curl_easy_getinfo(curl, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    bool none = rc == CURLE_COULDNT_CONNECT || rc == CURLE_COULDNT_RESOLVE_HOST ||
                rc == CURLE_SSL_CONNECT_ERROR || up == 0;
    ret->broken = none ? SENT_LATER : SENT_UNKNOWN;
    ret->error = (int)rc;
    ret->body = buf_str(body);
}
