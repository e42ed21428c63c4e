/* Live screens: one thread follows the change feed and tells every open stream what changed, as far
 * as its actor may see it. Only type, id and version travel; the screen fetches the rest through
 * the ordinary doors. A stream resumes after the transaction it saw last (Last-Event-ID).
 * Invariant: policy is asked for each change and each actor, and a doubt means no. */
#include "api/api_int.h"

#include <pthread.h>

#define BATCH 256u
#define GAP_MAX 50000u /* transactions behind: told to load anew instead */
#define CHECK_MS 5000  /* how often ended sessions are looked for */
#define TYPES_MAX 512u

struct screen {
    struct screen *prev, *next;
    struct live *live;
    struct net_stream *stream;
    uint64_t after; /* transactions up to here are told */
    struct actor actor;
    bool all_types;
    uint8_t types[TYPES_MAX / 8];
    char user[65], reference[101], session[17], token[129];
};

struct live {
    struct api *api;
    pthread_t thread;
    pthread_mutex_t lock; /* guards screens */
    pthread_cond_t arrived;
    struct screen *screens;
    size_t n;
    bool stopping;
};

/* A change with the names that numbers stand for. */
struct news {
    struct record_change change;
    bool sensitive;
    str text; /* the event */
};

static void closed(void *ctx)
{
    struct screen *s = ctx;
    struct live *l = s->live;
    pthread_mutex_lock(&l->lock);
    if (s->prev)
        s->prev->next = s->next;
    else if (l->screens == s)
        l->screens = s->next;
    if (s->next)
        s->next->prev = s->prev;
    l->n--;
    pthread_mutex_unlock(&l->lock);
    free(s);
}

static bool wants(const struct screen *s, fhir_type t)
{
    return s->all_types || (t < TYPES_MAX && (s->types[t / 8] & 1u << t % 8));
}

static bool may_see(const struct screen *s, const struct news *n)
{
    struct access_verdict v = {0};
    struct access_request rq = {
        .type = policy_type_parse(fhir_type_name(n->change.type)),
        .action = ACTION_READ,
        .patient = n->change.patient,
        .is_own = s->actor.user_rid && s->actor.user_rid == n->change.rid,
        .sensitive = n->sensitive,
    };
    policy_access(&s->actor, &rq, &v);
    if (!v.allowed || (v.own_only && !rq.is_own))
        return false;
    return !v.compartment_only || (s->actor.patient && s->actor.patient == n->change.patient);
}

/* Lock held. */
static void tell(struct screen *s, const struct news *news, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct news *one = &news[i];
        if (one->change.t <= s->after || !one->text.n || !wants(s, one->change.type) ||
            !may_see(s, one))
            continue;
        if (!net_stream_send(s->stream, one->text))
            return;
    }
    if (n && news[n - 1].change.t > s->after)
        s->after = news[n - 1].change.t;
}

/* Id of a resource number; empty when there is none. */
static str name_of(struct op *op, struct api *api, uint64_t rid)
{
    fhir_type type;
    str id = STR_NONE;
    if (!rid || record_name(op, api->rec, rid, &type, &id) != OK) {
        op_clear(op);
        return STR_NONE;
    }
    return id;
}

/* Does the resource carry a security label? A doubt counts as yes. */
static bool labelled(struct op *op, struct api *api, uint64_t rid)
{
    struct record_doc d;
    if (record_get(op, api->rec, rid, &d) == OK)
        return str_find(d.body, STR("\"security\""), 0) != SIZE_MAX;
    op_clear(op);
    return true;
}

/* What the screens that are there need to know of a change. */
struct interest {
    bool wanted, careful; /* careful: for one of them labels matter */
};

static struct interest interest_in(struct live *l, fhir_type t)
{
    struct interest i = {0};
    pthread_mutex_lock(&l->lock);
    for (const struct screen *s = l->screens; s; s = s->next) {
        bool clinical = s->actor.role == ROLE_NURSE || s->actor.role == ROLE_PATIENT ||
                        s->actor.role == ROLE_SYSTEM;
        i.wanted = i.wanted || wants(s, t);
        i.careful = i.careful || (!clinical && wants(s, t));
    }
    pthread_mutex_unlock(&l->lock);
    return i;
}

static void describe(struct op *op, struct live *l, const struct record_change *ch,
                     struct news *ret)
{
    struct interest interest = interest_in(l, ch->type);
    *ret = (struct news){.change = *ch, .sensitive = true};
    str id = interest.wanted ? name_of(op, l->api, ch->rid) : STR_NONE;
    if (!id.n)
        return;
    str patient = ch->patient == ch->rid ? id : name_of(op, l->api, ch->patient);
    if (interest.careful)
        ret->sensitive = labelled(op, l->api, ch->rid);
    ret->text =
        arena_printf(op->arena,
                     "id: %llu\nevent: change\ndata: {\"type\":\"%.*s\",\"id\":\"%.*s\","
                     "\"vid\":\"%u\",\"patient\":\"%.*s\"%s}\n\n",
                     (unsigned long long)ch->t, STR_ARG(fhir_type_name(ch->type)), STR_ARG(id),
                     ch->vid, STR_ARG(patient), ch->deleted ? ",\"deleted\":true" : "");
}

/* The next changes after `after`, told to all who have not seen them. */
static bool step(struct live *l, struct op *op, uint64_t after)
{
    struct record_change *changes;
    size_t n;
    if (record_feed(op, l->api->rec, after, BATCH, &changes, &n) != OK || n == 0)
        return false;
    struct news *news = ARENA_ARRAY(op->arena, struct news, n);
    if (!news)
        return false;
    for (size_t i = 0; i < n; i++)
        describe(op, l, &changes[i], &news[i]);
    pthread_mutex_lock(&l->lock);
    for (struct screen *s = l->screens; s; s = s->next)
        tell(s, news, n);
    pthread_mutex_unlock(&l->lock);
    return true;
}

/* Ends the streams of sessions that have ended. */
static void check_sessions(struct live *l, struct op *op)
{
    pthread_mutex_lock(&l->lock);
    for (struct screen *s = l->screens; s; s = s->next) {
        if (identity_alive(op, l->api->id, str_of(s->token)))
            continue;
        op_clear(op);
        (void)net_stream_send(s->stream, STR("event: signed-out\ndata: {}\n\n"));
        net_stream_end(s->stream);
    }
    pthread_mutex_unlock(&l->lock);
}

/* The earliest position of all screens; sleeps while there are none. False when stopping. */
static bool position(struct live *l, uint64_t *ret)
{
    pthread_mutex_lock(&l->lock);
    while (!l->screens && !l->stopping)
        pthread_cond_wait(&l->arrived, &l->lock);
    uint64_t least = UINT64_MAX;
    for (const struct screen *s = l->screens; s; s = s->next)
        least = s->after < least ? s->after : least;
    bool go = !l->stopping;
    pthread_mutex_unlock(&l->lock);
    *ret = least;
    return go;
}

static void *run(void *arg)
{
    struct live *l = arg;
    struct arena *a = arena_new(0);
    uint64_t after;
    int64_t checked = time_mono();
    while (a && position(l, &after)) {
        struct op op;
        op_init(&op, a, identity_system(), time_now());
        bool news = record_feed_wait(l->api->rec, after, 500);
        if (news && !step(l, &op, after) && op.fault.code != OK) {
            log_event(LOG_WARN, "live.feed", "error=%s", err_row(op.fault.code)->name);
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        }
        if (time_mono() - checked >= CHECK_MS) {
            checked = time_mono();
            check_sessions(l, &op);
        }
        arena_reset(a);
    }
    arena_free(a);
    return NULL;
}

struct live *live_new(struct api *api)
{
    struct live *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->api = api;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->arrived, NULL);
    if (pthread_create(&l->thread, NULL, run, l) != 0) {
        free(l);
        return NULL;
    }
    return l;
}

void live_stop(struct live *l)
{
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_broadcast(&l->arrived);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
}

void live_free(struct live *l)
{
    if (!l)
        return;
    pthread_cond_destroy(&l->arrived);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static void put(char *to, size_t cap, str s, str *ret)
{
    size_t n = s.n < cap ? s.n : cap - 1;
    memcpy(to, s.p, n);
    to[n] = 0;
    *ret = str_make(to, n);
}

static err take_types(struct call *c, struct screen *s)
{
    str list, one;
    s->all_types = !query_get(c->op.arena, c->rq->query, STR("types"), &list) || !list.n;
    while (!s->all_types && str_take_until(&list, ',', &one)) {
        fhir_type t = fhir_type_parse(str_trim(one));
        if (!t || t >= TYPES_MAX)
            return fail(&c->op, ERR_INVALID, "types lists resource types, e.g. Task,Observation.");
        s->types[t / 8] = (uint8_t)(s->types[t / 8] | 1u << t % 8);
    }
    return OK;
}

/* Where to go on: after Last-Event-ID, unless that is unknown or too far back. */
static bool resume_at(struct call *c, uint64_t now, uint64_t *ret)
{
    uint64_t last;
    *ret = now;
    str header = net_header(c->rq, "Last-Event-ID");
    if (!str_to_u64(str_trim(header), UINT64_MAX, &last))
        return !header.n;
    if (last > now || now - last > GAP_MAX)
        return false;
    *ret = last;
    return true;
}

static err screen_new(struct call *c, struct screen **ret)
{
    struct screen *s = calloc(1, sizeof *s);
    if (!s)
        return fail(&c->op, ERR_UNAVAILABLE, "No memory for another live screen.");
    err e = take_types(c, s);
    if (e != OK) {
        free(s);
        return e;
    }
    str token;
    s->live = c->api->live;
    s->actor = *c->op.actor;
    put(s->user, sizeof s->user, c->op.actor->user, &s->actor.user);
    put(s->reference, sizeof s->reference, c->op.actor->reference, &s->actor.reference);
    put(s->session, sizeof s->session, c->op.actor->session, &s->actor.session);
    put(s->token, sizeof s->token, c->token, &token);
    *ret = s;
    return OK;
}

err api_events(struct call *c)
{
    struct screen *s = NULL;
    struct live *l = c->api->live;
    if (c->rq->method == NET_HEAD)
        return fail(&c->op, ERR_METHOD, "A live stream is fetched with GET.");
    TRY(screen_new(c, &s));
    uint64_t now = record_now_t(c->api->rec);
    bool resumed = resume_at(c, now, &s->after);
    err e = record_audit_event(&c->op, c->api->rec, STR("live"), true, STR_NONE);
    s->stream = e == OK ? net_stream_new(c->rq, closed, s) : NULL;
    if (!s->stream) {
        free(s);
        return e != OK ? e : fail(&c->op, ERR_UNAVAILABLE, "No memory for another live screen.");
    }
    (void)net_stream_send(
        s->stream, arena_printf(c->op.arena, "retry: 2000\nid: %llu\nevent: %s\ndata: {}\n\n",
                                (unsigned long long)s->after, resumed ? "hello" : "reset"));
    pthread_mutex_lock(&l->lock);
    s->next = l->screens;
    if (s->next)
        s->next->prev = s;
    l->screens = s;
    l->n++;
    pthread_cond_signal(&l->arrived);
    pthread_mutex_unlock(&l->lock);
    c->rq->answer.status = 200;
    c->rq->answer.type = STR("text/event-stream; charset=utf-8");
    net_answer_header(c->rq, "X-Accel-Buffering", "no");
    return OK;
}
