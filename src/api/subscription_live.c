/* Subscription/[id]/$live: the live channel as Server-Sent Events. Each event is a notification
 * Bundle and carries the number of its last event, so a client that comes back with Last-Event-ID
 * misses nothing; the events were on disk before. One thread serves all listeners, some at once.
 * Invariant: what is sent was read with the listener's rights at that moment, and is in the trail
 * before it leaves; the disk is waited for once for all that are served together. */
#include "api/listeners.h"

#define EVENTS_AT_ONCE 20u
#define TOGETHER 64u /* listeners; each has at most NET_STREAM_MAX bytes of news */

struct subscriber {
    struct listener base;
    uint64_t told; /* number of the last event sent */
    char id[65];
};

/* What one of them is to be told. */
struct news {
    err code;
    uint64_t last;
    str text;
};

static err bundle_for(struct op *op, struct listeners *l, struct subscriber *s, struct buf *b,
                      uint64_t *ret_last)
{
    struct json *bundle;
    uint64_t newest;
    TRY(partners_newest(op, l->api->partners, str_of(s->id), &newest));
    *ret_last = s->told;
    if (newest <= s->told)
        return OK;
    struct partners_span span = {
        .since = s->told + 1, .until = s->told + EVENTS_AT_ONCE, .type = STR("event-notification")};
    TRY(partners_events(op, l->api->partners, str_of(s->id), &span, &bundle, ret_last));
    buf_printf(b, "id: %llu\nevent: notification\ndata: ", (unsigned long long)*ret_last);
    json_write(b, bundle);
    buf_add(b, STR("\n\n"));
    return OK;
}

static bool may_know(err e)
{
    return e != ERR_FORBIDDEN && e != ERR_NOT_FOUND && e != ERR_GONE;
}

static void describe(struct op *op, struct listeners *l, struct subscriber *s, struct news *ret)
{
    struct buf b;
    op_init(op, op->arena, &s->base.actor, time_now());
    buf_init(&b, op->arena, NET_STREAM_MAX);
    ret->code = bundle_for(op, l, s, &b, &ret->last);
    if (ret->code == OK && !buf_ok(&b)) {
        /* Larger than a stream carries at once: the number is told, $events has the rest. */
        buf_init(&b, op->arena, NET_STREAM_MAX);
        buf_printf(&b, "id: %llu\nevent: fetch\ndata: {\"eventsSinceNumber\":%llu}\n\n",
                   (unsigned long long)ret->last, (unsigned long long)s->told + 1);
    }
    ret->text = ret->code == OK ? buf_str(&b) : STR_NONE;
}

/* Lock held. */
static void tell(struct subscriber *s, const struct news *news)
{
    if (s->base.gone)
        return;
    if (news->code == OK && news->last > s->told && net_stream_send(s->base.stream, news->text))
        s->told = news->last;
    if (!may_know(news->code)) {
        s->base.ending = true;
        net_stream_end(s->base.stream);
    }
}

/* True when there was news for one of them. */
static bool serve(struct listeners *l, struct listener **at, size_t n, struct arena *a)
{
    struct news news[TOGETHER];
    bool any = false;
    struct op op = {.arena = a}, all = {.arena = a};
    for (size_t i = 0; i < n; i++) {
        struct subscriber *s = (struct subscriber *)at[i];
        describe(&op, l, s, &news[i]);
        op_owes(&all, &op.audit);
        any |= news[i].code == OK && news[i].last > s->told;
    }
    op_init(&op, a, identity_system(), time_now());
    op_owes(&op, &all.audit);
    if (any && record_audit_wait(&op, l->api->rec) != OK)
        return false; /* nothing leaves; the events are there next time */
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < n; i++)
        tell((struct subscriber *)at[i], &news[i]);
    pthread_mutex_unlock(&l->lock);
    return any;
}

void *sublive_run(void *arg)
{
    struct listeners *l = arg;
    struct arena *names = arena_new(0), *a = arena_new(64u << 20);
    int64_t checked = time_mono();
    while (names && a && listeners_wait(l)) {
        struct listener **at;
        struct op op;
        bool news = false;
        uint64_t seen = record_now_t(l->api->rec);
        size_t n = listeners_hold(l, names, &at);
        for (size_t i = 0; i < n; i += TOGETHER) {
            news |= serve(l, at + i, n - i < TOGETHER ? n - i : TOGETHER, a);
            arena_reset(a);
        }
        listeners_let_go(l, at, n);
        op_init(&op, names, identity_system(), time_now());
        listeners_check(l, &op, &checked);
        arena_reset(names);
        if (!news)
            record_feed_wait(l->api->rec, seen, 300);
    }
    arena_free(a);
    arena_free(names);
    return NULL;
}

err api_subscription_live(struct call *c)
{
    struct record_doc doc;
    struct listener *base;
    uint64_t newest;
    if (!c->api->partners)
        return fail(&c->op, ERR_UNSUPPORTED, "This server runs without subscriptions.");
    if (c->rq->method == NET_HEAD)
        return fail(&c->op, ERR_METHOD, "A live stream is fetched with GET.");
    TRY(record_read(&c->op, c->api->rec, fhir_type_parse(STR("Subscription")), c->id, &doc));
    TRY(partners_newest(&c->op, c->api->partners, c->id, &newest));
    TRY(listener_new(c, c->api->sublive, sizeof(struct subscriber), &base));
    struct subscriber *s = (struct subscriber *)base;
    str last = str_trim(net_header(c->rq, "Last-Event-ID"));
    if (!str_to_u64(last, UINT64_MAX, &s->told) || s->told > newest)
        s->told = newest;
    snprintf(s->id, sizeof s->id, "%.*s", STR_ARG(c->id));
    return listener_open(c, base,
                         arena_printf(c->op.arena,
                                      "retry: 2000\nid: %llu\nevent: hello\ndata: {}\n\n",
                                      (unsigned long long)s->told));
}
