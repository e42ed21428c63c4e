/* The follower: changes in, numbered events out. A step is one transaction: events, courier's jobs,
 * states of subscriptions and the cursor move together or not at all.
 * Invariant: an event is written for exactly the changes after the subscription became active that
 * fit it and that its owner may see. */
#include "partners/partners_int.h"
#include "record/custom.h"

#include "base/log.h"

#include <stdlib.h>

#define STEP_CHANGES 128
#define NEWS_MAX 2048u
#define CURSOR_LAZY 20000u
#define JUMP_FROM 1000u

struct news {
    struct cached *sub;
    struct event event;
};
struct step {
    struct op *op;
    struct partners *p;
    struct record_tx *tx;
    VEC(struct news) news;
    bool reload;
};

static void forget_all(struct partners *p)
{
    for (struct cached *c = p->list, *next; c; c = next) {
        next = c->next;
        arena_free(c->arena);
    }
    p->list = NULL;
    p->n_cached = 0;
    p->loaded = false;
}

/* Accepted once and not to be understood any more (a posted search parameter is gone): the courier
 * writes that into its status. */
static err give_up(struct op *op, struct partners *p, const struct record_doc *doc)
{
    struct json *tree;
    TRY(record_parse(op, doc, &tree));
    if (!str_eq(json_get_str(tree, STR("status")), STR("active")))
        return OK;
    struct record_tx *tx = record_begin(op, p->rec);
    TRY(job_put(tx, op, p, doc->rid, "events"));
    return record_commit(tx);
}

/* In a form to match by. */
static err keep(struct op *op, struct partners *p, const struct record_doc *doc)
{
    uint64_t from;
    struct op own;
    struct json *tree;
    TRY(events_from(op, p, doc->rid, &from));
    if (!from)
        return OK;
    struct arena *a = arena_new(8u << 20);
    struct cached *c = a ? ARENA_NEW(a, struct cached) : NULL;
    if (!c)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    op_init(&own, a, partners_system(), op->now);
    struct record_doc copy = *doc;
    copy.head = arena_str(a, doc->head);
    copy.body = arena_str(a, doc->body);
    err e = record_parse(&own, &copy, &tree);
    if (e == OK)
        e = subscription_read(&own, p, tree, &c->s);
    if (e == OK)
        e = owner_of(&own, p, doc->rid, &c->owner);
    if (e != OK || op_check(&own) != OK) {
        arena_free(a);
        return e == ERR_UNPROCESSABLE ? give_up(op, p, doc) : OK;
    }
    c->arena = a;
    c->s.rid = doc->rid;
    c->s.vid = doc->vid;
    c->from = from;
    c->next = p->list;
    p->list = c;
    p->n_cached++;
    return OK;
}

/* Active ones, and those that were accepted once and are in trouble or on their way back: their
 * events are kept for when delivery goes on. */
static err load(struct op *op, struct partners *p)
{
    str page_at = STR_NONE;
    forget_all(p);
    p->customs = record_custom_generation(p->rec);
    do {
        struct record_page page;
        str query = STR("status=active,error,requested&_count=500");
        if (page_at.n)
            query = arena_printf(op->arena, "%.*s&_page=%.*s", STR_ARG(query), STR_ARG(page_at));
        TRY(record_find(op, p->rec, p->t_subscription, query, &page));
        for (size_t i = 0; i < page.n_match && p->n_cached < SUBSCRIPTIONS_MAX; i++)
            TRY(keep(op, p, &page.docs[i]));
        page_at = page.next;
    } while (page_at.n && p->n_cached < SUBSCRIPTIONS_MAX);
    atomic_store(&p->n_active, p->n_cached);
    p->loaded = true;
    return OK;
}

static uint64_t last_of(const struct step *st, const struct cached *sub)
{
    for (size_t i = st->news.n; i-- > 0;)
        if (st->news.at[i].sub == sub)
            return st->news.at[i].event.number;
    return 0;
}

static err add_event(struct step *st, struct cached *sub, const struct record_change *c)
{
    struct news n = {
        .sub = sub,
        .event = {
            .rid = c->rid, .vid = c->vid, .type = c->type, .at = c->time, .deleted = c->deleted}};
    uint64_t before = last_of(st, sub);
    if (!before)
        TRY(events_tail(st->op, st->p, sub->s.rid, &before));
    n.event.number = before + 1;
    VEC_PUSH(st->op->arena, &st->news, n);
    return op_check(st->op);
}

/* May the owner know of this? A doubt means no. */
static err may_know(struct step *st, const struct cached *sub, const struct record_change *c,
                    bool *ret)
{
    struct op *op = st->op;
    const struct actor *self = op->actor;
    uint32_t vid = c->deleted && c->vid > 1 ? c->vid - 1 : c->vid;
    op->actor = sub->owner;
    err e = record_may_read(op, st->p->rec, c->rid, vid, ret);
    op->actor = self;
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        *ret = false;
        return OK;
    }
    return e;
}

/* One subscription whose question cannot be answered must not stop all others. */
static err match_soundly(struct step *st, struct cached *sub, struct sight *sight, bool *ret)
{
    err e = match_change(st->op, st->p, &sub->s, sight, ret);
    if (e != ERR_TOO_COSTLY && e != ERR_INVALID && e != ERR_UNPROCESSABLE && e != ERR_UNSUPPORTED)
        return e;
    log_event(LOG_WARN, "partners.match.failed", "error=%s", err_row(e)->name);
    atomic_fetch_add(&st->p->n_failed, 1);
    op_clear(st->op);
    *ret = false;
    return OK;
}

static err match_all(struct step *st, const struct record_change *c)
{
    struct sight sight = {.change = c};
    for (struct cached *sub = st->p->list; sub; sub = sub->next) {
        bool fits = false, may = false;
        if (c->t <= sub->from || (sub->s.end && c->time >= sub->s.end))
            continue;
        sight.owner = sub->owner;
        TRY(match_soundly(st, sub, &sight, &fits));
        if (fits)
            TRY(may_know(st, sub, c, &may));
        if (may)
            TRY(add_event(st, sub, c));
    }
    return OK;
}

/* The state a subscription asks for: requested becomes active, or error with the reason. */
static err step_state(struct step *st, const struct record_change *c)
{
    struct op *op = st->op;
    struct record_doc doc;
    struct json *tree;
    struct subscription s;
    const struct actor *owner;
    err e = record_get(op, st->p->rec, c->rid, &doc);
    if (e == ERR_GONE || (e == OK && (doc.deleted || doc.vid != c->vid))) {
        op_clear(op);
        return OK; /* a later change follows */
    }
    TRY(e);
    TRY(record_parse(op, &doc, &tree));
    if (!str_eq(json_get_str(tree, STR("status")), STR("requested")))
        return OK;
    e = subscription_read(op, st->p, tree, &s);
    if (e == OK)
        e = owner_of(op, st->p, doc.rid, &owner);
    if (e == OK)
        TRY(events_begin(st->tx, op, st->p, c->rid, c->t));
    if (e == OK && s.backport && s.channel == CHANNEL_REST_HOOK)
        return job_put(st->tx, op, st->p, c->rid, "handshake");
    if (e == ERR_UNAVAILABLE || e == ERR_TIMEOUT)
        return e;
    str why = op->fault.n ? op->fault.issues[op->fault.n - 1].message : STR_NONE;
    op_clear(op);
    json_set_str(op->arena, tree, STR("status"), e == OK ? STR("active") : STR("error"));
    if (e == OK)
        json_unset(tree, STR("error"));
    else
        json_set_str(op->arena, tree, STR("error"), why);
    TRY(record_tx_update(st->tx, doc.type, doc.id, tree, doc.vid));
    return e == OK ? job_put(st->tx, op, st->p, c->rid, "events") : OK;
}

static err add_change(struct step *st, const struct record_change *c)
{
    if (c->type == st->p->t_subscription) {
        st->reload = true;
        return step_state(st, c);
    }
    st->reload |= c->type == st->p->t_basic;
    return match_all(st, c);
}

/* What was delivered is kept for a while, what was not for longer; past that the receiver has been
 * away for too long: it is told by the gap in the numbers, and we by the log. */
static err prune(struct step *st, const struct news *n)
{
    uint64_t keep_n = (uint64_t)config_int(st->p->config, "subscriptions.keep_events");
    uint64_t most = (uint64_t)config_int(st->p->config, "subscriptions.undelivered_max");
    uint64_t number = n->event.number;
    struct head h;
    if (number <= keep_n)
        return OK;
    TRY(head_read(st->op, st->p, n->sub->s.rid, &h));
    bool delivered = n->sub->s.channel == CHANNEL_LIVE || number - keep_n <= h.delivered;
    if (delivered)
        events_drop(st->tx, st->op, n->sub->s.rid, number - keep_n);
    if (!delivered && number > most) {
        events_drop(st->tx, st->op, n->sub->s.rid, number - most);
        log_event(LOG_WARN, "partners.backlog", "undelivered_max=%llu", (unsigned long long)most);
    }
    return OK;
}

static err write_news(struct step *st)
{
    struct op *op = st->op;
    for (size_t i = 0; i < st->news.n; i++) {
        const struct news *n = &st->news.at[i];
        uint64_t sub = n->sub->s.rid;
        events_add(st->tx, op, sub, &n->event);
        TRY(prune(st, n));
        if (last_of(st, n->sub) == n->event.number && n->sub->s.channel != CHANNEL_LIVE)
            TRY(job_put(st->tx, op, st->p, sub, "events"));
    }
    return OK;
}

static err take(struct step *st, const struct record_change *changes, size_t n, size_t *ret_taken)
{
    size_t i = 0;
    while (i < n && st->news.n < NEWS_MAX && !st->reload) {
        uint64_t t = changes[i].t;
        for (; i < n && changes[i].t == t; i++)
            TRY(add_change(st, &changes[i]));
    }
    TRY(write_news(st));
    *ret_taken = i;
    uint64_t to = changes[i - 1].t;
    if (!st->news.n && !st->reload && to - st->p->cursor < CURSOR_LAZY)
        return OK; /* nothing happened that a restart could not find again */
    record_tx_cursor(st->tx, STR(PARTNERS_CURSOR), st->p->cursor, to);
    TRY(record_commit(st->tx));
    st->p->cursor = to;
    return OK;
}

/* Nobody is subscribed and there is much to read, as after a load: what is asked for is looked up
 * instead, and the feed is passed over. What is accepted here begins here. */
static err jump(struct op *op, struct partners *p, uint64_t now_t)
{
    struct record_page page;
    struct step st = {.op = op, .p = p};
    TRY(record_find(op, p->rec, p->t_subscription, STR("status=requested&_count=500"), &page));
    st.tx = record_begin(op, p->rec);
    for (size_t i = 0; i < page.n_match; i++) {
        struct record_change c = {.t = now_t,
                                  .rid = page.docs[i].rid,
                                  .vid = page.docs[i].vid,
                                  .type = p->t_subscription};
        TRY(step_state(&st, &c));
    }
    record_tx_cursor(st.tx, STR(PARTNERS_CURSOR), p->cursor, now_t);
    TRY(record_commit(st.tx));
    p->cursor = p->seen = now_t;
    p->loaded = page.n_match == 0;
    return OK;
}

err partners_step(struct op *op, struct partners *p, size_t *ret_n)
{
    struct record_change *changes;
    size_t n, taken = 0;
    op->actor = partners_system();
    if (!p->cursor_known) {
        TRY(record_cursor(op, p->rec, STR(PARTNERS_CURSOR), &p->cursor));
        p->seen = p->cursor;
        p->cursor_known = true;
    }
    if (!p->loaded || p->customs != record_custom_generation(p->rec))
        TRY(load(op, p));
    uint64_t now_t = record_now_t(p->rec);
    if (!p->list && now_t - p->seen > JUMP_FROM)
        TRY(jump(op, p, now_t));
    TRY(record_feed(op, p->rec, p->seen, STEP_CHANGES, &changes, &n));
    *ret_n = n;
    if (n == 0) {
        p->seen = now_t;
        atomic_store(&p->at, p->seen);
        atomic_store(&p->behind, 0);
        return OK;
    }
    struct step st = {.op = op, .p = p, .tx = record_begin(op, p->rec)};
    TRY(take(&st, changes, n, &taken));
    p->seen = changes[taken - 1].t;
    p->loaded = p->loaded && !st.reload;
    atomic_fetch_add(&p->n_events, st.news.n);
    atomic_store(&p->at, p->seen);
    atomic_store(&p->behind, now_t > p->seen ? now_t - p->seen : 0);
    if (st.news.n || st.reload)
        courier_net_wake(p->net);
    return OK;
}
