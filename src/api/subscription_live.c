/* Subscription/[id]/$live: the live channel as Server-Sent Events. Each event is a notification
 * Bundle and carries the number of its last event, so a client that comes back with Last-Event-ID
 * misses nothing; the events were on disk before. One thread serves all listeners.
 * Invariant: what is sent was read with the listener's rights at that moment, and is in the trail
 * before it leaves. */
#include "api/api_int.h"

#include <pthread.h>

#define LISTENERS_MAX 1024u
#define EVENTS_AT_ONCE 20u
#define CHECK_MS 5000

struct listener {
    struct listener *prev, *next;
    struct sublive *all;
    struct net_stream *stream;
    uint64_t told; /* number of the last event sent */
    struct actor actor;
    bool ending;
    char id[65], user[65], reference[101], session[17], token[129];
};

struct sublive {
    struct api *api;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the list */
    struct listener *first;
    size_t n;
    atomic_bool stopping;
};

static void closed(void *ctx)
{
    struct listener *s = ctx;
    struct sublive *l = s->all;
    pthread_mutex_lock(&l->lock);
    if (s->prev)
        s->prev->next = s->next;
    else if (l->first == s)
        l->first = s->next;
    if (s->next)
        s->next->prev = s->prev;
    l->n--;
    pthread_mutex_unlock(&l->lock);
    free(s);
}

static err bundle_for(struct op *op, struct sublive *l, struct listener *s, struct buf *b,
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
    return record_audit_wait(op, l->api->rec);
}

static bool may_know(err e)
{
    return e != ERR_FORBIDDEN && e != ERR_NOT_FOUND && e != ERR_GONE;
}

/* Lock held: a listener cannot go while it is told. */
static bool tell(struct sublive *l, struct listener *s, struct arena *a)
{
    struct op op;
    struct buf b;
    uint64_t last;
    op_init(&op, a, &s->actor, time_now());
    buf_init(&b, a, NET_STREAM_MAX);
    err e = bundle_for(&op, l, s, &b, &last);
    if (e == OK && !buf_ok(&b)) {
        /* Larger than a stream carries at once: the number is told, $events has the rest. */
        buf_clear(&b);
        b.failed = false;
        uint64_t from = s->told + 1;
        buf_printf(&b, "id: %llu\nevent: fetch\ndata: {\"eventsSinceNumber\":%llu}\n\n",
                   (unsigned long long)last, (unsigned long long)from);
    }
    bool news = e == OK && last > s->told;
    if (news && net_stream_send(s->stream, buf_str(&b)))
        s->told = last;
    if (e != OK && !may_know(e) && !s->ending) {
        s->ending = true;
        net_stream_end(s->stream);
    }
    arena_reset(a);
    return news;
}

static void check_sessions(struct sublive *l, struct arena *a)
{
    struct op op;
    op_init(&op, a, identity_system(), time_now());
    for (struct listener *s = l->first; s; s = s->next) {
        if (s->ending || identity_alive(&op, l->api->id, str_of(s->token)))
            continue;
        op_clear(&op);
        s->ending = true;
        (void)net_stream_send(s->stream, STR("event: signed-out\ndata: {}\n\n"));
        net_stream_end(s->stream);
    }
    arena_reset(a);
}

static void *run(void *arg)
{
    struct sublive *l = arg;
    struct arena *a = arena_new(64u << 20);
    int64_t checked = time_mono();
    while (a && !atomic_load(&l->stopping)) {
        bool news = false;
        uint64_t seen = record_now_t(l->api->rec);
        pthread_mutex_lock(&l->lock);
        bool idle = !l->first;
        for (struct listener *s = l->first; s; s = s->next)
            news |= !s->ending && tell(l, s, a);
        if (time_mono() - checked >= CHECK_MS) {
            checked = time_mono();
            check_sessions(l, a);
        }
        pthread_mutex_unlock(&l->lock);
        if (idle)
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        else if (!news)
            record_feed_wait(l->api->rec, seen, 300);
    }
    arena_free(a);
    return NULL;
}

struct sublive *sublive_new(struct api *api)
{
    struct sublive *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->api = api;
    pthread_mutex_init(&l->lock, NULL);
    if (pthread_create(&l->thread, NULL, run, l) != 0) {
        free(l);
        return NULL;
    }
    return l;
}

void sublive_stop(struct sublive *l)
{
    atomic_store(&l->stopping, true);
    pthread_join(l->thread, NULL);
}

void sublive_free(struct sublive *l)
{
    if (!l)
        return;
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static str keep(char *to, size_t cap, str s)
{
    size_t n = s.n < cap ? s.n : cap - 1;
    memcpy(to, s.p, n);
    to[n] = 0;
    return str_make(to, n);
}

static err listener_new(struct call *c, struct listener **ret)
{
    struct record_doc doc;
    uint64_t newest;
    TRY(record_read(&c->op, c->api->rec, fhir_type_parse(STR("Subscription")), c->id, &doc));
    TRY(partners_newest(&c->op, c->api->partners, c->id, &newest));
    struct listener *s = calloc(1, sizeof *s);
    if (!s)
        return fail(&c->op, ERR_UNAVAILABLE, "No memory for another listener.");
    str last = str_trim(net_header(c->rq, "Last-Event-ID"));
    if (!str_to_u64(last, UINT64_MAX, &s->told) || s->told > newest)
        s->told = newest;
    s->all = c->api->sublive;
    s->actor = *c->op.actor;
    s->actor.user = keep(s->user, sizeof s->user, c->op.actor->user);
    s->actor.reference = keep(s->reference, sizeof s->reference, c->op.actor->reference);
    s->actor.session = keep(s->session, sizeof s->session, c->op.actor->session);
    (void)keep(s->id, sizeof s->id, c->id);
    (void)keep(s->token, sizeof s->token, c->token);
    *ret = s;
    return OK;
}

err api_subscription_live(struct call *c)
{
    struct listener *s = NULL;
    struct sublive *l = c->api->sublive;
    if (!c->api->partners)
        return fail(&c->op, ERR_UNSUPPORTED, "This server runs without subscriptions.");
    if (c->rq->method == NET_HEAD)
        return fail(&c->op, ERR_METHOD, "A live stream is fetched with GET.");
    if (l->n >= LISTENERS_MAX)
        return fail(&c->op, ERR_BUSY, "Too many listeners; try again later.");
    TRY(listener_new(c, &s));
    s->stream = net_stream_new(c->rq, closed, s);
    if (!s->stream) {
        free(s);
        return fail(&c->op, ERR_UNAVAILABLE, "No memory for another listener.");
    }
    (void)net_stream_send(
        s->stream, arena_printf(c->op.arena, "retry: 2000\nid: %llu\nevent: hello\ndata: {}\n\n",
                                (unsigned long long)s->told));
    pthread_mutex_lock(&l->lock);
    s->next = l->first;
    if (s->next)
        s->next->prev = s;
    l->first = s;
    l->n++;
    pthread_mutex_unlock(&l->lock);
    c->rq->answer.status = 200;
    c->rq->answer.type = STR("text/event-stream; charset=utf-8");
    net_answer_header(c->rq, "X-Accel-Buffering", "no");
    return OK;
}
