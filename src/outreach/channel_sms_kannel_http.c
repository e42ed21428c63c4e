/* SMS through a gateway of the Kannel shape: POST {kannel.url}/cgi-bin/sendsms, the words as body,
 * everything else in X-Kannel-* headers (Kannel 1.4.5 User's Guide, "Using sendsms by POST"). What
 * the answer means: 200 and 202 → handed over; 503 and no connection → not sent, later again;
 * 401, 403, 404 → our account is wrong, not the message; other 4xx → never; 504 and a connection
 * that broke after the request went out → not known. Kannel gives no id: ours goes along in
 * dlr-url, with a token that only we can make, and comes back with each receipt. */
#include "outreach/outreach_int.h"

#include "net/sms_text.h"

#include <inttypes.h>
#include <sodium.h>

#define HEADERS_MAX 10u

/* base64url of HMAC-SHA1: no character that Kannel would read as an escape. */
static void token_of(const struct outreach *o, str id, char out[29])
{
    memset(out, 0, 29);
    str key = str_make(o->receipt_key, sizeof o->receipt_key);
    if (o->secret_kannel.n == 0 || !hmac_sha1_base64(key, id, out))
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

struct headers {
    struct op *op;
    str at[HEADERS_MAX];
    size_t n;
};

static void add(struct headers *h, const char *name, str value)
{
    h->at[h->n++] = arena_printf(h->op->arena, "%s: %.*s", name, STR_ARG(value));
}

static void headers_of(struct headers *h, const struct outreach *o, const struct parcel *p,
                       uint8_t coding)
{
    char token[29];
    struct arena *a = h->op->arena;
    str base = config_str(o->config, "public_url");
    add(h, "Content-Type", STR("text/plain; charset=UTF-8"));
    add(h, "X-Kannel-Username", config_str(o->config, "kannel.user"));
    add(h, "X-Kannel-Password", o->secret_kannel_password);
    add(h, "X-Kannel-From", p->from);
    add(h, "X-Kannel-To", p->to);
    add(h, "X-Kannel-Coding", coding == SMS_CODING_UCS2 ? STR("2") : STR("0"));
    int64_t minutes = (p->expires - h->op->now) / 60000 + 1;
    if (p->expires > h->op->now)
        add(h, "X-Kannel-Validity", arena_printf(a, "%" PRId64, minutes));
    token_of(o, p->id, token);
    if (!str_empty(base) && token[0]) {
        add(h, "X-Kannel-DLR-Mask", STR("27"));
        add(h, "X-Kannel-DLR-Url",
            arena_printf(a, "%.*s/webhooks/kannel?m=%.*s&k=%s&d=%%d", STR_ARG(base), STR_ARG(p->id),
                         token));
    }
    add(h, "Expect", STR(""));
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

static enum sent send_one(struct op *op, const struct outreach *o, struct parcel *p)
{
    struct sms_parts parts;
    struct headers h = {.op = op};
    struct response answer;
    if (!plain(p->to) || !plain(p->from) || !sms_split(op->arena, p->text, 0, &parts)) {
        p->code = STR("bad-address-or-text");
        return SENT_NEVER;
    }
    headers_of(&h, o, p, parts.coding);
    struct request rq = {
        .url = arena_cat(op->arena, config_str(o->config, "kannel.url"), STR("/cgi-bin/sendsms")),
        .body = p->text,
        .headers = h.at,
        .n_headers = h.n,
        .ms = 15000};
    request_http(op, &rq, &answer);
    p->code = arena_printf(op->arena, "%ld/curl-%d", answer.status, answer.error);
    enum sent s = answer.status ? meaning(answer.status) : answer.broken;
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
