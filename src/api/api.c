/* Birth and end of the room: configuration to server options, the CapabilityStatement, the live
 * thread, the minute's house-keeping. */
#include "api/bulk_int.h"
#include "api/listeners.h"
#include "api/oauth_outside_int.h"

#include <sodium.h>

#define STOP_MS 30000 /* beyond the time to drain: for handlers that are at work still */

static void minute(void *ctx)
{
    struct api *api = ctx;
    struct arena *a = arena_new(0);
    struct op op;
    if (!a)
        return;
    op_init(&op, a, identity_system(), time_now());
    if (identity_tick(&op, api->id) != OK)
        log_event(LOG_WARN, "identity.tick", "error=%s", err_row(op.fault.code)->name);
    arena_free(a);
}

static unsigned number(const struct config *c, const char *name)
{
    return (unsigned)config_int(c, name);
}

static struct net_http_options options_of(const struct config *c)
{
    return (struct net_http_options){
        .listen = config_str(c, "listen"),
        .tls_cert = config_str(c, "tls.cert"),
        .tls_key = config_str(c, "tls.key"),
        .clients = config_bool(c, "tls.clients"),
        .allow_plain = config_bool(c, "http.allow_plain"),
        .trusted_proxy = config_str(c, "http.trusted_proxy"),
        .threads = number(c, "threads"),
        .connections = number(c, "connections"),
        .workers = number(c, "http.workers"),
        .queue = number(c, "http.queue"),
        .slow = number(c, "http.searchers"),
        .body_max = (size_t)config_int(c, "body_max"),
        .inflight_max = (size_t)config_int(c, "http.inflight_max"),
        .head_max = (size_t)config_int(c, "http.head_max"),
        .arena_max = (size_t)config_int(c, "http.memory_max"),
        .head_s = number(c, "http.head_s"),
        .body_s = number(c, "http.body_s"),
    };
}

static void set_url(struct api *api, str listen)
{
    str url = config_str(api->config, "public_url");
    api->fixed_url = url.n > 0;
    while (url.n && url.p[url.n - 1] == '/')
        url.n--;
    size_t colon = listen.n;
    while (colon > 0 && listen.p[colon - 1] != ':')
        colon--;
    str host = str_sub(listen, 0, colon ? colon - 1 : 0);
    api->url = url.n ? arena_str(api->arena, url)
                     : arena_printf(api->arena, "%s://%.*s:%u", api->tls ? "https" : "http",
                                    STR_ARG(host), net_http_port(api->http));
}

static err start(struct op *op, struct api *api)
{
    struct net_http_options o = options_of(api->config);
    struct net_handler h = edge_handler;
    h.ctx = api;
    api->tls = config_str(api->config, "tls.cert").n > 0;
    /* Three quarters of the workers are never in a password hash. */
    identity_rest_max(api->id, config_int(api->config, "session.rest_max_s") * 1000);
    identity_sign_ins_max(api->id, o.workers / 4);
    outside_start(api);
    api->live = listeners_new(api, live_run);
    api->sublive = listeners_new(api, sublive_run);
    if (!api->live || !api->sublive)
        return fail(op, ERR_UNAVAILABLE, "The live thread did not start.");
    /* Listening comes before the statement, which names the port; until it is there, requests find
     * the gate shut. */
    TRY(net_http_start(op, &o, &h, &api->http));
    set_url(api, o.listen);
    TRY(capability_make(op, api));
    api->ticker = net_ticker_new(60000, minute, api);
    api->custom = net_ticker_new(100, custom_tick, api);
    api->bulk = net_ticker_new(200, bulk_tick, api);
    api->due = net_ticker_new(1000, rules_due, api);
    if (!api->ticker || !api->custom || !api->bulk || !api->due)
        return fail(op, ERR_UNAVAILABLE, "The house-keeping threads did not start.");
    api->started = time_mono();
    atomic_store(&api->open, true);
    return OK;
}

err api_start(struct op *op, const struct api_options *o, struct api **ret)
{
    struct api *api = calloc(1, sizeof *api);
    struct arena *a = arena_new(64u << 20);
    if (!api || !a || sodium_init() < 0) {
        free(api);
        arena_free(a);
        return fail(op, ERR_UNAVAILABLE, "No memory for the server.");
    }
    api->arena = a;
    api->rec = o->rec;
    api->id = o->id;
    api->monitor = o->monitor;
    api->fleet = o->fleet;
    api->outreach = o->outreach;
    api->campaigns = o->campaigns;
    api->surveys = o->surveys;
    api->programmes = o->programmes;
    api->partners = o->partners;
    api->rules = o->rules;
    api->terms = o->terms;
    api->config = o->config;
    api->web_dir = arena_str(a, o->web_dir);
    err e = start(op, api);
    if (e != OK) {
        (void)api_stop(api, 0);
        return e;
    }
    *ret = api;
    return OK;
}

str api_url(const struct api *api)
{
    return api->url;
}

bool api_stop(struct api *api, int64_t ms)
{
    if (!api)
        return true;
    atomic_store(&api->stopping, true);
    net_ticker_free(api->custom);
    net_ticker_free(api->ticker);
    net_ticker_free(api->bulk);
    net_ticker_free(api->due);
    listeners_stop(api->live);
    listeners_stop(api->sublive);
    if (api->http && !net_http_drain(api->http, ms))
        log_event(LOG_WARN, "http.drain", "left=some");
    if (!net_http_stop(api->http, STOP_MS))
        return false;
    listeners_free(api->live);
    listeners_free(api->sublive);
    arena_free(api->arena);
    free(api);
    return true;
}
