/* SMS through a gateway of the Kannel shape: POST {kannel.url}/cgi-bin/sendsms, the words as body,
 * everything else in X-Kannel-* headers (Kannel 1.4.5 User's Guide, "Using sendsms by POST"). What
 * the answer means: 200 and 202 → handed over; 503 and no connection → not sent, later again;
 * 401, 403, 404 → our account is wrong, not the message; other 4xx → never; 504 and a connection
 * that broke after the request went out → not known. Kannel gives no id: ours goes along in
 * dlr-url, with a token that only we can make, and comes back with each receipt. */
#include "outreach/outreach_int.h"

#include "net/sms_text.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <sodium.h>

#define ANSWER_MAX 4096u

/* base64url of HMAC-SHA1: no character that Kannel would read as an escape. */
static void token_of(const struct outreach *o, str id, char out[29])
{
    memset(out, 0, 29);
    if (o->secret_kannel.n == 0 || !hmac_sha1_base64(o->secret_kannel, id, out))
        return;
    for (char *p = out; *p; p++)
        *p = (char)(*p == '+' ? '-' : *p == '/' ? '_' : *p == '=' ? 0 : *p);
}

static bool same(const char *want, str got)
{
    size_t n = strlen(want);
    return n > 0 && got.n == n && sodium_memcmp(want, got.p, n) == 0;
}

bool outreach_kannel_ok(const struct outreach *o, str id, str token)
{
    char want[29];
    if (str_empty(id)) { /* of a message to us: the key itself */
        return o->secret_kannel.n > 0 && token.n == o->secret_kannel.n &&
               sodium_memcmp(o->secret_kannel.p, token.p, token.n) == 0;
    }
    token_of(o, id, want);
    return same(want, token);
}

static bool plain(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n > 0;
}

static size_t collect(char *p, size_t size, size_t n, void *ctx)
{
    struct buf *b = ctx;
    buf_add(b, str_make(p, size * n));
    return buf_ok(b) ? size * n : 0;
}

static struct curl_slist *header(struct curl_slist *list, struct op *op, const char *name,
                                 str value)
{
    return curl_slist_append(list, arena_printf(op->arena, "%s: %.*s", name, STR_ARG(value)).p);
}

static struct curl_slist *headers_of(struct op *op, const struct outreach *o,
                                     const struct parcel *p, uint8_t coding)
{
    char token[29];
    str base = config_str(o->config, "public_url");
    struct curl_slist *h = curl_slist_append(NULL, "Content-Type: text/plain; charset=UTF-8");
    h = header(h, op, "X-Kannel-Username", config_str(o->config, "kannel.user"));
    h = header(h, op, "X-Kannel-Password", o->secret_kannel_password);
    h = header(h, op, "X-Kannel-From", p->from);
    h = header(h, op, "X-Kannel-To", p->to);
    h = header(h, op, "X-Kannel-Coding", coding == SMS_CODING_UCS2 ? STR("2") : STR("0"));
    int64_t minutes = (p->expires - op->now) / 60000 + 1;
    if (p->expires > op->now)
        h = header(h, op, "X-Kannel-Validity", arena_printf(op->arena, "%" PRId64, minutes));
    token_of(o, p->id, token);
    if (!str_empty(base) && token[0]) {
        h = header(h, op, "X-Kannel-DLR-Mask", STR("27"));
        h = header(h, op, "X-Kannel-DLR-Url",
                   arena_printf(op->arena, "%.*s/webhooks/kannel?m=%.*s&k=%s&d=%%d", STR_ARG(base),
                                STR_ARG(p->id), token));
    }
    return curl_slist_append(h, "Expect:");
}

static enum sent meaning(long status)
{
    if (status == 200 || status == 202)
        return SENT_OK;
    if (status == 504)
        return SENT_UNKNOWN;
    bool account = status == 401 || status == 403 || status == 404;
    return account || status == 408 || status == 429 || status >= 500 ? SENT_LATER : SENT_NEVER;
}

static enum sent post(struct op *op, CURL *curl, const struct outreach *o, struct parcel *p,
                      uint8_t coding)
{
    struct buf body;
    long status = 0;
    curl_off_t up = 0;
    buf_init(&body, op->arena, ANSWER_MAX);
    struct curl_slist *headers = headers_of(op, o, p, coding);
    str url = arena_cat(op->arena, config_str(o->config, "kannel.url"), STR("/cgi-bin/sendsms"));
    curl_easy_setopt(curl, CURLOPT_URL, str_z(op->arena, url));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->text.n);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, p->text.p);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 15000L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_slist_free_all(headers);
    p->code = arena_printf(op->arena, "%ld/curl-%d", status, (int)rc);
    if (status != 0)
        return meaning(status);
    bool none = rc == CURLE_COULDNT_CONNECT || rc == CURLE_COULDNT_RESOLVE_HOST ||
                rc == CURLE_SSL_CONNECT_ERROR || up == 0;
    return none ? SENT_LATER : SENT_UNKNOWN;
}

static enum sent send_one(struct op *op, const struct outreach *o, struct parcel *p)
{
    struct sms_parts parts;
    CURL *curl = curl_easy_init();
    enum sent s = SENT_LATER;
    if (!curl)
        return s;
    if (!plain(p->to) || !plain(p->from) || !sms_split(op->arena, p->text, 0, &parts)) {
        p->code = STR("bad-address-or-text");
        s = SENT_NEVER;
    } else {
        s = post(op, curl, o, p, parts.coding);
    }
    curl_easy_cleanup(curl);
    if (s == SENT_OK)
        p->provider_id = arena_cat(op->arena, STR("kannel-"), p->id);
    return s;
}

static void send_kannel(struct op *op, struct provider *via, struct parcel *const *parcels,
                        size_t n)
{
    channel_each(op, via, parcels, n, send_one);
}

const struct channel CHANNEL_KANNEL = {
    .name = "kannel", .kind = CHANNEL_SMS, .batch = 16, .send = send_kannel};
