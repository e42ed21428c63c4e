/* Live screens: one thread follows the change feed and tells every open stream what changed, as far
 * as its actor may see it. Only type, id and version travel; the screen fetches the rest through
 * the ordinary doors. A stream resumes after the transaction it saw last (Last-Event-ID).
 * Invariant: policy is asked for each change and each actor, and a doubt means no. */
#include "api/listeners.h"
#include "policy/consent.h"
#include "record/operations.h"

#define BATCH 256u
#define GAP_MAX 50000u /* transactions behind: told to load anew instead */
#define TYPES_MAX 512u

struct screen {
    struct listener base;
    uint64_t after; /* transactions up to here are told */
    bool all_types;
    uint8_t types[TYPES_MAX / 8];
};

static struct screen *first(const struct listeners *l)
{
    return (struct screen *)l->first;
}

static struct screen *next(const struct screen *s)
{
    return (struct screen *)s->base.next;
}

/* A change with the names that numbers stand for. */
struct news {
    struct record_change change;
    bool asked;   /* of the resource itself, for each who listens: a Consent may speak of it */
    bool renewed; /* who sees what has changed: those whom Consents bind load anew */
    str text;     /* the event */
};

static bool wants(const struct screen *s, fhir_type t)
{
    return s->all_types || (t < TYPES_MAX && (s->types[t / 8] & 1u << t % 8));
}

static bool by_rows(const struct screen *s, const struct news *n, bool sensitive)
{
    struct access_verdict v = {0};
    struct access_request rq = {
        .type = policy_type_parse(fhir_type_name(n->change.type)),
        .action = ACTION_READ,
        .patient = n->change.patient,
        .is_own = s->base.actor.user_rid && s->base.actor.user_rid == n->change.rid,
        .consented = true, /* whether it is, the record is asked below */
        .sensitive = sensitive,
        .labels = sensitive ? UINT64_MAX : 0,
    };
    policy_access(&s->base.actor, &rq, &v);
    if (!v.allowed || (v.own_only && !rq.is_own))
        return false;
    return !v.compartment_only ||
           (s->base.actor.patient && s->base.actor.patient == n->change.patient);
}

/* By the rows alone where they say all; the resource is looked at where labels or Consents may. */
static bool may_see(struct op *op, struct record *rec, const struct screen *s, const struct news *n)
{
    bool bound = consent_binds(s->base.actor.role), may = false;
    bool shared = consent_needs_share(s->base.actor.role) ||
                  policy_by_share(&s->base.actor, ACTION_READ, n->change.type);
    if (!by_rows(s, n, false))
        return false;
    op->actor = &s->base.actor;
    if (by_rows(s, n, true) && !(bound && n->asked) && !shared &&
        !record_narrows(op, rec, n->change.type))
        return true;
    if (record_may_read(op, rec, n->change.rid, n->change.vid, &may) != OK)
        may = false;
    op_clear(op);
    return may;
}

/* What one screen is told; nobody's lock is held. */
static uint8_t *choose(struct op *op, struct record *rec, const struct screen *s,
                       const struct news *news, size_t n)
{
    uint8_t *told = arena_calloc(op->arena, n, 1);
    for (size_t i = 0; told && i < n; i++)
        told[i] = news[i].change.t > s->after && news[i].text.n && wants(s, news[i].change.type) &&
                  may_see(op, rec, s, &news[i]);
    return told;
}

/* Lock held. */
static void tell(struct screen *s, const struct news *news, size_t n, const uint8_t *told)
{
    for (size_t i = 0; i < n; i++) {
        bool anew =
            news[i].renewed && news[i].change.t > s->after && consent_binds(s->base.actor.role);
        if (anew && !net_stream_send(s->base.stream, STR("event: reset\ndata: {}\n\n")))
            return;
        if (told[i] && !net_stream_send(s->base.stream, news[i].text))
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

static bool wanted(struct listeners *l, fhir_type t)
{
    bool yes = false;
    pthread_mutex_lock(&l->lock);
    for (const struct screen *s = first(l); s && !yes; s = next(s))
        yes = wants(s, t);
    pthread_mutex_unlock(&l->lock);
    return yes;
}

static void describe(struct op *op, struct listeners *l, const struct record_change *ch,
                     struct news *ret)
{
    bool bind = record_consents_bind(op, l->api->rec, ch->patient);
    bool consent = str_eq(fhir_type_name(ch->type), STR("Consent"));
    *ret = (struct news){
        .change = *ch, .asked = bind, .renewed = consent && (bind || !ch->created || ch->deleted)};
    str id = wanted(l, ch->type) ? name_of(op, l->api, ch->rid) : STR_NONE;
    if (!id.n)
        return;
    ret->asked = bind || record_names_shared(op, l->api->rec, ch->rid, ch->vid);
    str patient = ch->patient == ch->rid ? id : name_of(op, l->api, ch->patient);
    ret->text =
        arena_printf(op->arena,
                     "id: %llu\nevent: change\ndata: {\"type\":\"%.*s\",\"id\":\"%.*s\","
                     "\"vid\":\"%u\",\"patient\":\"%.*s\"%s}\n\n",
                     (unsigned long long)ch->t, STR_ARG(fhir_type_name(ch->type)), STR_ARG(id),
                     ch->vid, STR_ARG(patient), ch->deleted ? ",\"deleted\":true" : "");
}

/* The next changes after `after`, told to all who have not seen them. */
static bool step(struct listeners *l, struct op *op, uint64_t after)
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
    struct listener **at;
    size_t open = listeners_hold(l, op->arena, &at);
    uint8_t **told = ARENA_ARRAY(op->arena, uint8_t *, open + 1);
    for (size_t i = 0; told && i < open; i++)
        told[i] = choose(op, l->api->rec, (struct screen *)at[i], news, n);
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; told && i < open; i++)
        if (!at[i]->ending && !at[i]->gone && told[i])
            tell((struct screen *)at[i], news, n, told[i]);
    pthread_mutex_unlock(&l->lock);
    listeners_let_go(l, at, open);
    return told != NULL;
}

/* The earliest position of all screens. */
static uint64_t position(struct listeners *l)
{
    uint64_t least = UINT64_MAX;
    pthread_mutex_lock(&l->lock);
    for (const struct screen *s = first(l); s; s = next(s))
        least = s->after < least ? s->after : least;
    pthread_mutex_unlock(&l->lock);
    return least;
}

void *live_run(void *arg)
{
    struct listeners *l = arg;
    struct arena *a = arena_new(0);
    int64_t checked = time_mono();
    while (a && listeners_wait(l)) {
        struct op op;
        op_init(&op, a, identity_system(), time_now());
        uint64_t after = position(l);
        bool news = record_feed_wait(l->api->rec, after, 500);
        if (news && !step(l, &op, after) && op.fault.code != OK) {
            log_event(LOG_WARN, "live.feed", "error=%s", err_row(op.fault.code)->name);
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        }
        op_clear(&op);
        listeners_check(l, &op, &checked);
        arena_reset(a);
    }
    arena_free(a);
    return NULL;
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

err api_events(struct call *c)
{
    struct listener *base;
    if (c->rq->method == NET_HEAD)
        return fail(&c->op, ERR_METHOD, "A live stream is fetched with GET.");
    TRY(listener_new(c, c->api->live, sizeof(struct screen), &base));
    struct screen *s = (struct screen *)base;
    bool resumed = resume_at(c, record_now_t(c->api->rec), &s->after);
    err e = take_types(c, s);
    if (e == OK)
        e = record_audit_event(&c->op, c->api->rec, STR("live"), true, STR_NONE);
    if (e != OK) {
        free(s);
        return e;
    }
    return listener_open(c, base,
                         arena_printf(c->op.arena, "retry: 2000\nid: %llu\nevent: %s\ndata: {}\n\n",
                                      (unsigned long long)s->after, resumed ? "hello" : "reset"));
}
