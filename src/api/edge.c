/* The edge: what happens to every request, whatever its route. Route found, token to actor, format
 * agreed, handler run, errors told, headers set, the trail waited for, one log line and the counts.
 * Invariant: an answer made under an audit ticket does not leave before that ticket is durable. */
#include "api/api_int.h"
#include "policy/purpose.h"

#define REFUSALS_A_MINUTE 60u /* of unknown tokens that go into the trail; all are counted */

static struct call *call_new(struct api *api, struct net_request *rq)
{
    struct call *c = rq->ctx;
    if (c)
        return c;
    c = ARENA_NEW(rq->arena, struct call);
    c->api = api;
    c->rq = rq;
    op_init(&c->op, rq->arena, NULL, time_now());
    c->op.trace = rq->id;
    negotiate_format(c);
    rq->ctx = c;
    return c;
}

static const char *hex_of(struct net_request *rq)
{
    char *hex = arena_alloc(rq->arena, 17);
    for (unsigned i = 0; i < 16; i++)
        hex[i] = "0123456789abcdef"[rq->id >> (60 - 4 * i) & 15];
    hex[16] = 0;
    return hex;
}

static void common_headers(struct call *c)
{
    struct net_request *rq = c->rq;
    static const char csp[] =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'";
    bool page = c->route && c->route->kind == KIND_PAGE && rq->answer.status < 400;
    bool form = c->form_action.n > 0;
    net_answer_header(rq, "X-Request-Id", hex_of(rq));
    net_answer_header(rq, "X-Content-Type-Options", "nosniff");
    net_answer_header(rq, "Referrer-Policy", "no-referrer");
    if (c->api->tls)
        net_answer_header(rq, "Strict-Transport-Security", "max-age=31536000");
    if (form)
        answer_header(c, "Content-Security-Policy",
                      "default-src 'none'; style-src 'self'; form-action 'self' %.*s; "
                      "base-uri 'none'; frame-ancestors 'none'",
                      STR_ARG(c->form_action));
    else if (page)
        net_answer_header(rq, "Content-Security-Policy", csp);
    if (form || !page)
        net_answer_header(rq, "Cache-Control", "no-store");
    if (c->cookie)
        answer_header(c, "X-Weft-Feed", "%llu", (unsigned long long)c->feed);
    cors_headers(c);
}

bool refusal_room(struct call *c)
{
    struct api *api = c->api;
    int64_t minute = c->op.now / 60000;
    if (atomic_exchange(&api->refusal_minute, minute) != minute)
        atomic_store(&api->refusals, 0);
    return atomic_fetch_add(&api->refusals, 1) < REFUSALS_A_MINUTE;
}

static void note_refusal(struct call *c, str what)
{
    if (!refusal_room(c))
        return;
    struct op op;
    op_init(&op, c->op.arena, NULL, c->op.now);
    op.trace = c->op.trace;
    if (record_audit_event(&op, c->api->rec, STR("token"), false, what) != OK)
        log_event(LOG_WARN, "audit.refused", "trace=%016llx", (unsigned long long)c->op.trace);
}

/* A script's token was made for what it does; a person shows again who it is. */
static err fresh(struct call *c)
{
    struct identity_rest rest;
    if (!c->token.n)
        return OK; /* a partner's certificate */
    TRY(identity_rest(&c->op, c->api->id, c->token, &rest));
    if (c->account.client.n && !str_eq(c->account.client, c->account.user))
        return fail(&c->op, ERR_FORBIDDEN,
                    "This asks for somebody who shows who they are; an app cannot for its user.");
    if (!rest.interactive || rest.fresh)
        return OK;
    note_refusal(c, STR("not shown again who it is"));
    return fail_at(&c->op, ERR_FORBIDDEN, STR("step-up"),
                   "Show again that it is you (POST /auth/step-up), then do this within five "
                   "minutes.");
}

/* From the Authorization header, else from the browser's cookie. */
static err token_of(struct call *c)
{
    str value = net_header(c->rq, "Authorization");
    if (value.n) {
        if (value.n < 8 || !str_eq_nocase(str_sub(value, 0, 7), STR("Bearer ")))
            return fail(&c->op, ERR_UNAUTHENTICATED, "Only bearer tokens are taken here.");
        c->token = str_trim(str_sub(value, 7, SIZE_MAX));
        return OK;
    }
    c->token = cookie_token(c);
    c->cookie = c->token.n > 0;
    if (!c->cookie)
        return OK;
    c->feed = record_now_t(c->api->rec);
    err e = cookie_check(c, c->token);
    if (e != OK)
        note_refusal(c, STR("browser session from another page"));
    return e;
}

/* A browser that holds a certificate sends it for foreign pages too. */
static err by_certificate(struct call *c)
{
    str fingerprint = net_client_certificate(c->rq);
    if (!fingerprint.n || !same_origin(c))
        return fail(&c->op, ERR_UNAUTHENTICATED,
                    "Sign in first: send Authorization: Bearer with your token.");
    err e = identity_actor_certificate(&c->op, c->api->id, fingerprint, &c->account);
    if (e == ERR_UNAUTHENTICATED)
        note_refusal(c, STR("unknown certificate"));
    return e;
}

static err by_token(struct call *c)
{
    bool rest = net_header(c->rq, "X-Weft-Idle").n > 0;
    struct identity *id = c->api->id;
    err e = rest ? identity_actor_at_rest(&c->op, id, c->token, &c->account)
                 : identity_actor(&c->op, id, c->token, &c->account);
    if (e == ERR_UNAUTHENTICATED)
        note_refusal(c, STR("unknown or ended"));
    return e;
}

/* An app's token is for FHIR and its own exports. What is for people at screens, what lasts longer
 * than the token, and what answers from more than its scopes, asks none and is shut. */
static err for_apps(struct call *c)
{
    static err (*const people[])(struct call *) = {
        api_break_glass,         api_message_check, api_message_send,
        api_message_undo,        api_message_read,  api_subscription_status,
        api_subscription_events, api_audit_report,  api_audit_explain};
    bool open = str_starts(c->rq->path, STR("/fhir")) && c->route->kind != KIND_LIVE;
    if (c->route->handle == api_oauth_userinfo)
        return OK;
    if (str_starts(c->rq->path, STR("/bulk/")))
        return record_ask_system(&c->op, c->api->rec, ACTION_EXPORT);
    for (size_t i = 0; i < sizeof people / sizeof *people; i++)
        open = open && c->route->handle != people[i];
    return open ? OK
                : fail(&c->op, ERR_FORBIDDEN,
                       "This is for people who sign in here themselves, not for apps.");
}

/* What is issued here names this server (iss, aud): never by what a stranger's Host header says. */
static err named(struct call *c)
{
    static const char *const issuing[] = {"/oauth/", "/.well-known/", "/fhir/.well-known/",
                                          "/auth/launch"};
    for (size_t i = 0; i < sizeof issuing / sizeof *issuing; i++)
        if (str_starts(c->rq->path, str_of(issuing[i])) && !host_known(c))
            return fail(&c->op, ERR_INVALID,
                        "This server does not know the name that you reached it by, so it issues "
                        "nothing in it. Its administrator sets public_url.");
    return OK;
}

/* What this request is for (HL7 v3 PurposeOfUse), when it says so. */
static err purpose(struct call *c)
{
    str said = str_trim(net_header(c->rq, "X-Purpose-Of-Use")), may = STR_NONE;
    struct op *op = &c->op;
    if (!said.n)
        return OK;
    struct actor *a = ARENA_NEW(op->arena, struct actor);
    TRY(op_check(op));
    *a = *op->actor;
    enum purpose_said how = purpose_state(a, said);
    if (how == PURPOSE_TAKEN) {
        op->actor = a;
        return OK;
    }
    for (unsigned p = 0; p < PURPOSE_COUNT; p++)
        if (a->purposes >> p & 1)
            may = arena_printf(op->arena, "%.*s %.*s", STR_ARG(may),
                               STR_ARG(purpose_name((enum purpose)p)));
    if (how == PURPOSE_REFUSED)
        note_refusal(c, STR("purpose of use"));
    return fail(op, how == PURPOSE_UNKNOWN ? ERR_INVALID : ERR_FORBIDDEN,
                how == PURPOSE_UNKNOWN
                    ? "X-Purpose-Of-Use takes one code of HL7 v3 PurposeOfUse. You may state:%.*s."
                    : "That is no purpose that you may state here; leave the header out, or state "
                      "one of:%.*s.",
                STR_ARG(may));
}

static err authenticate(struct call *c)
{
    if (c->route->auth == AUTH_NONE)
        return OK;
    TRY(token_of(c));
    TRY(c->token.n || net_header(c->rq, "Authorization").n ? by_token(c) : by_certificate(c));
    TRY(purpose(c));
    if (c->op.actor->scopes)
        TRY(for_apps(c));
    return c->route->auth == AUTH_FRESH ? fresh(c) : OK;
}

static void finish(struct call *c, err e)
{
    if (e != OK)
        answer_error(c, e);
    common_headers(c);
    c->rq->hold = c->op.audit.last != 0;
}

/* Nothing of a patient is in a refusal at the door. */
static void turn_away(struct call *c, err e)
{
    finish(c, e);
    c->rq->hold = false;
}

/* Who says nothing of itself is refused without asking anybody. */
static bool named_somehow(struct call *c)
{
    return net_header(c->rq, "Authorization").n || cookie_token(c).n ||
           net_client_certificate(c->rq).n;
}

static err admit(struct call *c, enum net_run *run)
{
    TRY(authenticate(c));
    TRY(negotiate(c));
    return c->route->handle == api_search ? search_begin(c, run) : OK;
}

/* Whoever asks a record that is behind a network may wait for it, and the threads of the server are
 * everybody's: so it is admitted on a worker, and the door only sees that there is something to
 * ask about. */
static enum net_run later(struct call *c)
{
    c->late = true;
    if (c->route->handle == api_search)
        return NET_SLOW;
    return c->route->run == NET_INLINE ? NET_WORKER : c->route->run;
}

static enum net_run edge_begin(void *ctx, struct net_request *rq)
{
    struct call *c = call_new(ctx, rq);
    err e = atomic_load(&c->api->open)
                ? route_find(c)
                : fail(&c->op, ERR_UNAVAILABLE, "The server is starting; try again soon.");
    if (e == OK && !c->route) { /* OPTIONS: Allow says it all, cors.c who else is let in */
        rq->answer.status = 204;
        finish(c, OK);
        return NET_ANSWERED;
    }
    if (e == OK)
        e = named(c);
    if (e == OK && !c->route->memory && record_far(c->api->rec) &&
        (c->route->auth == AUTH_NONE || named_somehow(c)))
        return later(c);
    enum net_run run = e == OK ? c->route->run : NET_ANSWERED;
    if (e == OK)
        e = admit(c, &run);
    c->op.gathered = run == NET_INLINE;
    if (e == OK)
        return run;
    turn_away(c, e);
    return NET_ANSWERED;
}

static void edge_handle(void *ctx, struct net_request *rq)
{
    (void)ctx;
    struct call *c = rq->ctx;
    enum net_run run;
    err e = c->late ? admit(c, &run) : OK;
    if (e != OK) {
        turn_away(c, e);
        return;
    }
    e = unpack_body(c);
    if (e == OK)
        e = xml_in(c);
    if (e == OK)
        e = c->route->handle(c);
    if (e == OK && c->op.fault.code != OK)
        e = c->op.fault.code;
    finish(c, e);
}

static void durable(void *ctx, err result)
{
    net_release(ctx, result);
}

static void edge_hold(void *ctx, struct net_request *rq)
{
    struct api *api = ctx;
    const struct call *c = rq->ctx;
    record_audit_on_durable(api->rec, &c->op.audit, durable, rq);
}

static void edge_refuse(void *ctx, struct net_request *rq, err why, const char *what)
{
    struct call *c = call_new(ctx, rq);
    op_clear(&c->op);
    answer_error(c, fail(&c->op, why, "%s", what));
    common_headers(c);
}

static void edge_done(void *ctx, struct net_request *rq, size_t bytes, bool sent)
{
    struct api *api = ctx;
    const struct call *c = rq->ctx;
    int64_t ns = time_mono_ns() - rq->started;
    const struct route *route = c ? c->route : NULL;
    if (c && c->unpacked)
        atomic_fetch_sub(&api->unpacked, c->unpacked);
    metrics_count(api, route, rq->answer.status, ns, bytes);
    log_event(LOG_INFO, "http",
              "method=%.*s route=%s status=%d ms=%lld.%02lld bytes=%zu trace=%016llx%s",
              STR_ARG(net_method_name(rq->method)), route ? route->name : "none", rq->answer.status,
              (long long)(ns / 1000000), (long long)(ns / 10000 % 100), bytes,
              (unsigned long long)rq->id, sent ? "" : " aborted=true");
}

static void edge_round(void *ctx)
{
    const struct api *api = ctx;
    record_audit_go(api->rec);
}

const struct net_handler edge_handler = {
    NULL, edge_begin, edge_handle, edge_hold, edge_refuse, edge_done, edge_round,
};
