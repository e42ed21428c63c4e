/* SMS through a provider of the Twilio shape: POST {sms.url}/2010-04-01/Accounts/{account}/
 * Messages.json with basic authentication. What the answer means:
 *   201 → handed over;  429, 5xx and no connection → not sent, later again;
 *   401, 403, 404 → our account is wrong, not the message: later again, until it expires;
 *   error 21610 → the number has opted out there;  other 4xx → never;
 *   504 and a connection that broke after the request went out → not known.
 * The Communication's id goes along as Idempotency-Key for gateways that honour it. */
#include "outreach/outreach_int.h"

#define FORM_MAX (64u << 10)

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
    buf_init(&b, op->arena, FORM_MAX);
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

static enum sent send_one(struct op *op, const struct outreach *o, struct parcel *p)
{
    struct response answer;
    str account = config_str(o->config, "sms.account"), form = form_of(op, o, p);
    str key = arena_printf(op->arena, "Idempotency-Key: %.*s", STR_ARG(p->id));
    if (str_empty(form))
        return SENT_NEVER;
    struct request rq = {
        .url = arena_printf(op->arena, "%.*s/2010-04-01/Accounts/%.*s/Messages.json",
                            STR_ARG(config_str(o->config, "sms.url")), STR_ARG(account)),
        .body = form,
        .user = account,
        .password = o->secret_sms,
        .headers = &key,
        .n_headers = 1,
        .ms = 15000};
    request_http(op, &rq, &answer);
    if (answer.status)
        return meaning(op, answer.status, answer.body, &p->provider_id, &p->code);
    p->code = arena_printf(op->arena, "curl-%d", answer.error);
    return answer.broken;
}

static void send_twilio(struct op *op, struct provider *via, struct parcel *const *parcels,
                        size_t n)
{
    channel_each(op, via, parcels, n, send_one);
}

const struct channel CHANNEL_TWILIO = {
    .name = "twilio", .kind = CHANNEL_SMS, .batch = 16, .send = send_twilio};
