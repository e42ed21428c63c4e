/* The list of open streams behind listeners.h. It does not know what they are told.
 * Invariant: a listener is freed once: when it closes, or, if the thread holds it then, when the
 * thread lets go of it. */
#include "api/listeners.h"

#define CHECK_MS 5000

static void closed(void *ctx)
{
    struct listener *s = ctx;
    struct listeners *l = s->all;
    pthread_mutex_lock(&l->lock);
    if (s->prev)
        s->prev->next = s->next;
    else if (l->first == s)
        l->first = s->next;
    if (s->next)
        s->next->prev = s->prev;
    l->n--;
    s->gone = true;
    bool held = s->held;
    pthread_mutex_unlock(&l->lock);
    if (!held)
        free(s);
}

struct listeners *listeners_new(struct api *api, void *(*run)(void *l))
{
    struct listeners *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->api = api;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->arrived, NULL);
    if (pthread_create(&l->thread, NULL, run, l) != 0) {
        listeners_free(l);
        return NULL;
    }
    return l;
}

void listeners_stop(struct listeners *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_broadcast(&l->arrived);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
}

void listeners_free(struct listeners *l)
{
    if (!l)
        return;
    pthread_cond_destroy(&l->arrived);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static str put(char *to, size_t cap, str s)
{
    size_t n = s.n < cap ? s.n : cap - 1;
    memcpy(to, s.p, n);
    to[n] = 0;
    return str_make(to, n);
}

err listener_new(struct call *c, struct listeners *l, size_t size, struct listener **ret)
{
    struct listener *s = calloc(1, size);
    if (!s)
        return fail(&c->op, ERR_UNAVAILABLE, "No memory for another live stream.");
    s->all = l;
    s->actor = *c->op.actor;
    s->actor.user = put(s->user, sizeof s->user, c->op.actor->user);
    s->actor.reference = put(s->reference, sizeof s->reference, c->op.actor->reference);
    s->actor.session = put(s->session, sizeof s->session, c->op.actor->session);
    (void)put(s->token, sizeof s->token, c->token);
    *ret = s;
    return OK;
}

/* Lock held. */
static size_t of_account(const struct listeners *l, const struct listener *s)
{
    size_t n = 0;
    for (const struct listener *at = l->first; at; at = at->next)
        n += str_eq(at->actor.user, s->actor.user);
    return n;
}

/* A program of the house's own listens for many. */
static size_t most_of(enum role role)
{
    if (role == ROLE_SYSTEM)
        return LISTENERS_MAX;
    return role == ROLE_PATIENT || role == ROLE_HELPER ? LISTENERS_PATIENT : LISTENERS_STAFF;
}

/* A place in the list; false when all, or all for one account, are taken. */
static bool join(struct listeners *l, struct listener *s)
{
    pthread_mutex_lock(&l->lock);
    bool room = l->n < LISTENERS_MAX && of_account(l, s) < most_of(s->actor.role);
    if (room) {
        s->next = l->first;
        if (s->next)
            s->next->prev = s;
        l->first = s;
        l->n++;
        pthread_cond_signal(&l->arrived);
    }
    pthread_mutex_unlock(&l->lock);
    return room;
}

err listener_open(struct call *c, struct listener *s, str hello)
{
    struct listeners *l = s->all;
    s->ending = true; /* not fed before it has its stream */
    if (!join(l, s)) {
        free(s);
        return fail(&c->op, ERR_BUSY, "Too many listen already; try again later.");
    }
    struct net_stream *stream = net_stream_new(c->rq, closed, s);
    if (!stream) {
        closed(s);
        return fail(&c->op, ERR_UNAVAILABLE, "No memory for another live stream.");
    }
    pthread_mutex_lock(&l->lock);
    s->stream = stream;
    (void)net_stream_send(stream, hello);
    s->ending = false;
    pthread_mutex_unlock(&l->lock);
    c->rq->answer.status = 200;
    c->rq->answer.type = STR("text/event-stream; charset=utf-8");
    net_answer_header(c->rq, "X-Accel-Buffering", "no");
    return OK;
}

bool listeners_wait(struct listeners *l)
{
    pthread_mutex_lock(&l->lock);
    while (!l->first && !l->stopping)
        pthread_cond_wait(&l->arrived, &l->lock);
    bool go = !l->stopping;
    pthread_mutex_unlock(&l->lock);
    return go;
}

size_t listeners_hold(struct listeners *l, struct arena *a, struct listener ***ret)
{
    struct listener **at = ARENA_ARRAY(a, struct listener *, LISTENERS_MAX);
    size_t n = 0;
    pthread_mutex_lock(&l->lock);
    for (struct listener *s = l->first; at && s; s = s->next) {
        if (s->ending)
            continue;
        s->held = true;
        at[n++] = s;
    }
    pthread_mutex_unlock(&l->lock);
    *ret = at;
    return n;
}

void listeners_let_go(struct listeners *l, struct listener **at, size_t n)
{
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < n; i++) {
        at[i]->held = false;
        if (at[i]->gone)
            free(at[i]);
    }
    pthread_mutex_unlock(&l->lock);
}

void listeners_check(struct listeners *l, struct op *op, int64_t *checked)
{
    struct listener **at;
    if (time_mono() - *checked < CHECK_MS)
        return;
    *checked = time_mono();
    size_t n = listeners_hold(l, op->arena, &at);
    for (size_t i = 0; i < n; i++) {
        bool alive = identity_alive(op, l->api->id, str_of(at[i]->token));
        op_clear(op);
        pthread_mutex_lock(&l->lock);
        if (!alive && !at[i]->gone) {
            at[i]->ending = true;
            (void)net_stream_send(at[i]->stream, STR("event: signed-out\ndata: {}\n\n"));
            net_stream_end(at[i]->stream);
        }
        pthread_mutex_unlock(&l->lock);
    }
    listeners_let_go(l, at, n);
}
