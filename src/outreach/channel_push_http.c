/* Web Push: one request a device to the service its browser named. What the answer means:
 *   201 and other 2xx → it has it;  404, 410 → the device is gone: it is forgotten;
 *   429, 5xx and no connection → later;  other 4xx → never.
 * A notice says only that there is a message. Its topic is the message's, so that a second one of
 * the same takes the place of the first (RFC 8030 5.4): to ask again harms nothing. */
#include "base/time.h"
#include "net/fetch.h"
#include "outreach/outreach_int.h"
#include "outreach/push_int.h"

#include <openssl/rand.h>
#include <sodium.h>

#define PATIENT_NS (15 * INT64_C(1000000000)) /* for all devices of one */
#define TTL_MAX_S (28 * 24 * 3600LL)

err push_endpoint_check(struct op *op, const struct outreach *o, str url)
{
    const char *why = net_endpoint_wrong(op, url, config_str(o->config, "push.allow"),
                                         config_bool(o->config, "push.allow_http"));
    return why ? fail_at(op, ERR_UNPROCESSABLE, STR("endpoint"), "%s", why) : OK;
}

static int64_t ttl_of(const struct parcel *p, int64_t now)
{
    int64_t s = p->expires > now ? (p->expires - now) / 1000 : 0;
    return s < TTL_MAX_S ? s : TTL_MAX_S;
}

/* 32 letters of what base64url allows, the same for the same message. */
static str topic_of(struct op *op, str id)
{
    uint8_t sum[24];
    crypto_generichash(sum, sizeof sum, (const uint8_t *)id.p, id.n, NULL, 0);
    return push_base64(op->arena, sum, sizeof sum);
}

static err request_of(struct op *op, const struct outreach *o, const struct parcel *p,
                      const struct push_device *d, EVP_PKEY *server, struct net_fetch *ret)
{
    struct arena *a = op->arena;
    struct push_once once = {.pair = push_pair_new(), .plain = PUSH_PLAIN};
    str auth, body;
    if (!once.pair || RAND_bytes(once.salt, sizeof once.salt) != 1) {
        EVP_PKEY_free(once.pair);
        return fail(op, ERR_UNAVAILABLE, "no keys for a notice");
    }
    str words = words_line(op, o, LINE_NOTICE, words_language(p->language));
    err e = push_encrypt(op, d, &once, words, &body);
    EVP_PKEY_free(once.pair);
    TRY(e);
    TRY(push_vapid(op, server, d->endpoint, config_str(o->config, "push.contact"), &auth));
    str *headers = ARENA_ARRAY(a, str, 6);
    TRY(op_check(op));
    headers[0] = arena_printf(a, "Authorization: %.*s", STR_ARG(auth));
    headers[1] = arena_printf(a, "TTL: %lld", (long long)ttl_of(p, op->now));
    headers[2] = str_empty(p->campaign) ? STR("Urgency: high") : STR("Urgency: normal");
    headers[3] = arena_printf(a, "Topic: %.*s", STR_ARG(topic_of(op, p->id)));
    headers[4] = STR("Content-Encoding: aes128gcm");
    headers[5] = STR("Content-Type: application/octet-stream");
    *ret = (struct net_fetch){.url = d->endpoint,
                              .form = body,
                              .headers = headers,
                              .n_headers = 6,
                              .allow = config_str(o->config, "push.allow"),
                              .allow_http = config_bool(o->config, "push.allow_http"),
                              .ca_file = config_str(o->config, "push.ca_file")};
    return op_check(op);
}

static enum sent meaning(long status)
{
    if (status >= 200 && status < 300)
        return SENT_OK;
    return status == 429 || status >= 500 ? SENT_LATER : SENT_NEVER;
}

static bool gone(long status)
{
    return status == 404 || status == 410;
}

/* One device; *ret_gone: its subscription is over. */
static enum sent to_device(struct op *op, const struct outreach *o, struct parcel *p,
                           const struct json *one, EVP_PKEY *server, bool *ret_gone)
{
    struct push_device d;
    struct net_fetch f;
    long status = 0;
    str body;
    err e = push_device_read(op, one, &d);
    if (e == OK)
        e = request_of(op, o, p, &d, server, &f);
    if (e == OK)
        e = net_ask(op, &f, &status, &body);
    op_clear(op);
    *ret_gone = e == OK && gone(status);
    p->code = arena_printf(op->arena, "%ld", status);
    return e == OK ? meaning(status) : SENT_LATER;
}

/* They subscribed there, and it ended: nothing is sent there again. */
static void forget(struct op *op, const struct outreach *o, str patient, str endpoint)
{
    for (int tries = 0; tries < 5; tries++) {
        struct json *list;
        str text;
        err e = push_devices(op, o->rec, patient, &list, &text);
        struct record_tx *tx = e == OK ? record_begin(op, o->rec) : NULL;
        if (e == OK)
            e = push_devices_put(tx, op, patient, push_without(op, list, endpoint), text);
        if (e == OK)
            e = record_commit(tx);
        op_clear(op);
        if (e != ERR_CONFLICT && e != ERR_PRECONDITION)
            return;
    }
}

/* One device that has it is enough; the newest is asked first. Review R255: ten that never answer
 * hold up nobody else for long, nor the end of the server: what was cut short is tried later. */
static enum sent send_one(struct op *op, const struct outreach *o, struct parcel *p)
{
    struct json *list;
    EVP_PKEY *server = NULL;
    enum sent best = SENT_NEVER;
    str text;
    err e = push_devices(op, o->rec, p->patient, &list, &text);
    if (e == OK)
        e = push_key(op, o, &server);
    op_clear(op);
    int64_t until = time_mono_ns() + PATIENT_NS;
    for (size_t i = e == OK ? list->n : 0; i > 0; i--) {
        const struct json *device = json_at(list, i - 1);
        bool over = false;
        if (atomic_load(&o->senders[CHANNEL_PUSH].loop.stop) || time_mono_ns() > until) {
            best = best == SENT_OK ? SENT_OK : SENT_LATER;
            break;
        }
        enum sent s = to_device(op, o, p, device, server, &over);
        if (over)
            forget(op, o, p->patient, json_get_str(device, STR("endpoint")));
        else if (s == SENT_OK || (s == SENT_LATER && best != SENT_OK))
            best = s;
    }
    EVP_PKEY_free(server);
    p->provider_id = arena_cat(op->arena, STR("push-"), p->id);
    return e == OK ? best : SENT_LATER;
}

static void send_push(struct op *op, struct provider *via, struct parcel *const *parcels, size_t n)
{
    channel_each(op, via, parcels, n, send_one);
}

const struct channel CHANNEL_WEBPUSH = {
    .name = "webpush", .kind = CHANNEL_PUSH, .repeatable = true, .batch = 16, .send = send_push};
