/* SMS through a provider of the Twilio shape: POST {sms.url}/2010-04-01/Accounts/{account}/
 * Messages.json with basic authentication. What the answer means:
 *   201 → handed over;  429, 5xx and no connection → not sent, later again;
 *   401, 403, 404 → our account is wrong, not the message: later again, until it expires;
 *   error 21610 → the number has opted out there;  other 4xx → never;
 *   504 and a connection that broke after the request went out → not known.
 * The Communication's id goes along as Idempotency-Key for gateways that honour it. */
#include "outreach/outreach_int.h"

#include <curl/curl.h>

#define ANSWER_MAX (64u << 10)

static size_t collect(char *p, size_t size, size_t n, void *ctx)
{
    struct buf *b = ctx;
    buf_add(b, str_make(p, size * n));
    return buf_ok(b) ? size * n : 0;
}

static void form_field(struct buf *b, const char *name, str value)
{
    if (b->n)
        buf_char(b, '&');
    buf_add(b, str_of(name));
    buf_char(b, '=');
    buf_url(b, value);
}

static str form_of(struct op *op, const struct outreach *o, const struct parcel *p)
{
    struct buf b;
    buf_init(&b, op->arena, ANSWER_MAX);
    form_field(&b, "From", p->from);
    form_field(&b, "To", p->to);
    form_field(&b, "Body", p->text);
    str base = config_str(o->config, "public_url");
    if (!str_empty(base))
        form_field(
            &b, "StatusCallback",
            arena_printf(op->arena, "%.*s/webhooks/sms?m=%.*s", STR_ARG(base), STR_ARG(p->id)));
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static enum sent meaning(struct op *op, long status, str body, str *ret_provider_id, str *ret_code)
{
    struct json *answer = NULL;
    if (json_read(op, body, &JSON_LIMITS_DEFAULT, &answer) != OK)
        op_clear(op);
    str code = json_get_str(answer, STR("code"));
    *ret_code = str_empty(code) ? arena_printf(op->arena, "%ld", status) : code;
    if (status == 200 || status == 201) {
        *ret_provider_id = arena_str(op->arena, json_get_str(answer, STR("sid")));
        return SENT_OK;
    }
    if (str_eq(code, STR("21610")))
        return SENT_OPTED_OUT;
    if (status == 504)
        return SENT_UNKNOWN;
    bool account = status == 401 || status == 403 || status == 404 || status == 407;
    bool busy = status == 408 || status == 425 || status == 429 || status >= 500;
    return account || busy ? SENT_LATER : SENT_NEVER;
}

/* Before the request is out nothing can have been sent. */
static enum sent broken(CURLcode rc, curl_off_t sent_bytes)
{
    if (rc == CURLE_COULDNT_CONNECT || rc == CURLE_COULDNT_RESOLVE_HOST ||
        rc == CURLE_SSL_CONNECT_ERROR || sent_bytes == 0)
        return SENT_LATER;
    return SENT_UNKNOWN;
}

static enum sent post(struct op *op, CURL *curl, const struct outreach *o, const struct parcel *p,
                      str *ret_provider_id, str *ret_code)
{
    struct buf body;
    long status = 0;
    curl_off_t up = 0;
    str account = config_str(o->config, "sms.account"), form = form_of(op, o, p);
    if (str_empty(form))
        return SENT_NEVER;
    buf_init(&body, op->arena, ANSWER_MAX);
    str url = arena_printf(op->arena, "%.*s/2010-04-01/Accounts/%.*s/Messages.json",
                           STR_ARG(config_str(o->config, "sms.url")), STR_ARG(account));
    struct curl_slist *headers =
        curl_slist_append(NULL, arena_printf(op->arena, "Idempotency-Key: %.*s", STR_ARG(p->id)).p);
    curl_easy_setopt(curl, CURLOPT_URL, url.p);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERNAME, str_z(op->arena, account));
    curl_easy_setopt(curl, CURLOPT_PASSWORD, str_z(op->arena, o->secret_sms));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)form.n);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form.p);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 15000L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_slist_free_all(headers);
    if (rc != CURLE_OK && status == 0) {
        *ret_code = arena_printf(op->arena, "curl-%d", (int)rc);
        return broken(rc, up);
    }
    return meaning(op, status, buf_str(&body), ret_provider_id, ret_code);
}

static enum sent send_one(struct op *op, const struct outreach *o, struct parcel *p)
{
    CURL *curl = curl_easy_init();
    if (!curl)
        return SENT_LATER;
    enum sent s = post(op, curl, o, p, &p->provider_id, &p->code);
    curl_easy_cleanup(curl);
    return s;
}

static void send_twilio(struct op *op, struct provider *via, struct parcel *const *parcels,
                        size_t n)
{
    channel_each(op, via, parcels, n, send_one);
}

const struct channel CHANNEL_TWILIO = {
    .name = "twilio", .kind = CHANNEL_SMS, .batch = 16, .send = send_twilio};
