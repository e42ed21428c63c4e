/* The courier: takes due errands out of the outbox, sends them, notes what came of it. One errand a
 * subscription is under way at a time, so its events arrive in order; a failed one comes back later
 * (1 s, 2 s … 1 h) for days, then the subscription goes to "error" and its events wait.
 * Invariant: head.delivered moves only after the endpoint said yes, in one transaction with the
 * lines of the trail that tell what was shown; so a crash in between sends again (same webhook-id,
 * same event numbers), and never skips. */
#include "partners/partners_int.h"

#include "base/log.h"

#include <stdlib.h>

/* Short, so that after a kill the next try is soon; a longer request keeps its errand by flying().
 */
#define LEASE_MS 10000
#define FLYING_MAX 128u
#define TAKE_MAX 32u
#define BACKOFF_MAX_MS (3600 * 1000LL)
#define HANDSHAKE_TRIES 8u
#define DAY_MS (24 * 3600 * 1000LL)

struct errand_words {
    uint64_t sub;
    enum errand errand;
};

static bool read_words(str body, struct errand_words *ret)
{
    if (!str_take_u64(&body, UINT64_MAX, &ret->sub))
        return false;
    body = str_trim(body);
    ret->errand = str_eq(body, STR("handshake")) ? ERRAND_HANDSHAKE
                  : str_eq(body, STR("beat"))    ? ERRAND_BEAT
                                                 : ERRAND_EVENTS;
    return true;
}

static str beat_key(struct op *op, uint64_t sub)
{
    return arena_printf(op->arena, "sub/%llu/beat", (unsigned long long)sub);
}

static void job_end(struct record_tx *tx, struct op *op, const struct parcel *c)
{
    record_tx_outbox_done(tx, c->job);
    record_tx_kv(tx, c->errand == ERRAND_BEAT ? beat_key(op, c->sub) : job_key(op, c->sub),
                 STR_NONE);
}

static err end_job(struct op *op, struct partners *p, const struct parcel *c)
{
    struct record_tx *tx = record_begin(op, p->rec);
    job_end(tx, op, c);
    return record_commit(tx);
}

static err put_off(struct op *op, struct partners *p, const struct parcel *c, int64_t ms,
                   const char *kind)
{
    struct record_tx *tx = record_begin(op, p->rec);
    record_tx_outbox_later(tx, c->job, op->now + ms,
                           arena_printf(op->arena, "%llu %s", (unsigned long long)c->sub, kind));
    return record_commit(tx);
}

static const char *const kinds[] = {"events", "handshake", "beat"};

/* The Subscription as it is now; *ret_tree NULL when it is gone. */
static err resource_of(struct op *op, struct partners *p, uint64_t rid, struct record_doc *doc,
                       struct json **ret_tree)
{
    *ret_tree = NULL;
    op->actor = partners_system();
    err e = record_get(op, p->rec, rid, doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE || (e == OK && doc->deleted)) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    return record_parse(op, doc, ret_tree);
}

static err set_status(struct record_tx *tx, struct op *op, const struct record_doc *doc,
                      struct json *tree, const char *status, str error)
{
    json_set_str(op->arena, tree, STR("status"), str_of(status));
    if (error.n)
        json_set_str(op->arena, tree, STR("error"), error);
    else
        json_unset(tree, STR("error"));
    return record_tx_update(tx, doc->type, doc->id, tree, doc->vid);
}

static err beat_begin(struct record_tx *tx, struct op *op, struct partners *p,
                      const struct subscription *s, uint64_t rid)
{
    str there;
    TRY(record_kv_get(op, p->rec, beat_key(op, rid), &there));
    if (!s->heartbeat_s || there.n)
        return OK;
    record_tx_kv(tx, beat_key(op, rid), STR("1"));
    record_tx_outbox(tx, STR(COURIER_QUEUE), op->now + s->heartbeat_s * 1000LL,
                     arena_printf(op->arena, "%llu beat", (unsigned long long)rid));
    return OK;
}

/* ---- what came of it ---- */
static void tell_trail(struct record_tx *tx, struct op *op, struct partners *p,
                       const struct parcel *c, str sub_id)
{
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, detail, STR("subscription"), sub_id);
    for (size_t i = 0; i < c->n; i++) {
        fhir_type type;
        str id;
        if (record_name(op, p->rec, c->events[i].rid, &type, &id) == OK)
            record_tx_trail(tx, STR("notification"), type, id, detail);
        else
            op_clear(op);
    }
}

static err delivered(struct op *op, struct partners *p, const struct parcel *c)
{
    struct record_doc doc;
    struct json *tree;
    struct head h;
    uint64_t tail;
    TRY(resource_of(op, p, c->sub, &doc, &tree));
    if (!tree)
        return end_job(op, p, c);
    TRY(head_read(op, p, c->sub, &h));
    TRY(events_tail(op, p, c->sub, &tail));
    struct record_tx *tx = record_begin(op, p->rec);
    h.last_try = h.last_success = op->now;
    h.failing_since = 0;
    h.attempts = 0;
    h.error = STR_NONE;
    if (c->errand == ERRAND_EVENTS && c->upto > h.delivered)
        h.delivered = c->upto;
    head_write(tx, op, c->sub, &h);
    if (c->errand == ERRAND_EVENTS)
        tell_trail(tx, op, p, c, doc.id);
    if (c->errand == ERRAND_HANDSHAKE) {
        struct subscription s;
        TRY(set_status(tx, op, &doc, tree, "active", STR_NONE));
        TRY(subscription_read(op, p, tree, &s));
        TRY(beat_begin(tx, op, p, &s, c->sub));
    }
    record_tx_expect_kv(tx, arena_printf(op->arena, "sub/%llu/tail", (unsigned long long)c->sub),
                        tail ? arena_printf(op->arena, "%llu", (unsigned long long)tail)
                             : STR_NONE);
    if (h.delivered < tail || c->errand == ERRAND_HANDSHAKE)
        record_tx_outbox_later(tx, c->job, op->now,
                               arena_printf(op->arena, "%llu events", (unsigned long long)c->sub));
    else
        job_end(tx, op, c);
    return record_commit(tx);
}

static int64_t backoff(unsigned attempts)
{
    int64_t ms = attempts < 12 ? 1000LL << attempts : BACKOFF_MAX_MS;
    return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

static err failed(struct op *op, struct partners *p, const struct parcel *c)
{
    struct record_doc doc;
    struct json *tree;
    struct head h;
    TRY(resource_of(op, p, c->sub, &doc, &tree));
    if (!tree)
        return end_job(op, p, c);
    TRY(head_read(op, p, c->sub, &h));
    struct record_tx *tx = record_begin(op, p->rec);
    h.last_try = op->now;
    h.failing_since = h.failing_since ? h.failing_since : op->now;
    h.error = c->error;
    if (c->errand == ERRAND_EVENTS)
        h.trying = c->upto;
    int64_t give_up = config_int(p->config, "subscriptions.retry_days") * DAY_MS;
    bool over = c->status == 410 || op->now - h.failing_since >= give_up ||
                (c->errand == ERRAND_HANDSHAKE && h.attempts + 1 >= HANDSHAKE_TRIES);
    int64_t wait = backoff(h.attempts++);
    if (over) {
        h.attempts = 0;
        h.failing_since = 0;
        TRY(set_status(tx, op, &doc, tree, c->status == 410 ? "off" : "error",
                       arena_printf(op->arena,
                                    "%.*s; what was not delivered is kept: put the status to "
                                    "requested to go on.",
                                    STR_ARG(c->error))));
        job_end(tx, op, c);
    } else {
        record_tx_outbox_later(
            tx, c->job, op->now + wait,
            arena_printf(op->arena, "%llu %s", (unsigned long long)c->sub, kinds[c->errand]));
    }
    head_write(tx, op, c->sub, &h);
    return record_commit(tx);
}

/* A heartbeat that fails is only tried again at its next time; events tell of real trouble. */
static err beaten(struct op *op, struct partners *p, const struct parcel *c)
{
    struct head h;
    TRY(head_read(op, p, c->sub, &h));
    struct record_tx *tx = record_begin(op, p->rec);
    h.last_try = op->now;
    if (!c->error.n)
        h.last_success = op->now;
    else
        h.error = c->error;
    head_write(tx, op, c->sub, &h);
    record_tx_outbox_later(tx, c->job, op->now + (int64_t)c->upto,
                           arena_printf(op->arena, "%llu beat", (unsigned long long)c->sub));
    return record_commit(tx);
}

static err finish(struct op *op, struct partners *p, const struct parcel *c)
{
    err e = OK;
    for (int i = 0; i < 5; i++) {
        op_clear(op);
        op->actor = partners_system();
        e = c->errand == ERRAND_BEAT ? beaten(op, p, c)
            : c->error.n             ? failed(op, p, c)
                                     : delivered(op, p, c);
        if (e != ERR_CONFLICT && e != ERR_PRECONDITION)
            break;
    }
    atomic_fetch_add(c->error.n ? &p->n_failed : &p->n_delivered, 1);
    return e;
}

/* ---- setting out ---- */
static const struct parcel *flying(const struct partners *p, uint64_t sub)
{
    const struct parcel *c = p->flying;
    while (c && c->sub != sub)
        c = c->next;
    return c;
}

static err next_events(struct op *op, struct partners *p, const struct subscription *s,
                       struct parcel *c, struct notification *n)
{
    struct head h;
    struct event *events;
    TRY(head_read(op, p, c->sub, &h));
    TRY(events_tail(op, p, c->sub, &n->newest));
    uint64_t from = h.delivered + 1;
    unsigned most = s->backport || s->channel == CHANNEL_EMAIL || s->content == CONTENT_EMPTY
                        ? s->max_count
                        : 1;
    if (h.trying > h.delivered) /* the same again, under the same id */
        most = (unsigned)(h.trying - h.delivered);
    uint64_t to = n->newest - h.delivered > most ? h.delivered + most : n->newest;
    c->upto = to;
    TRY(events_read(op, p, c->sub, from, to, &events, &n->n));
    n->events = events;
    return OK;
}

static err pack_events(struct op *op, struct partners *p, const struct subscription *s,
                       struct parcel *c, bool *ret_nothing)
{
    struct notification n = {.sub = s,
                             .status = "active",
                             .type = c->errand == ERRAND_HANDSHAKE ? "handshake"
                                     : c->errand == ERRAND_BEAT    ? "heartbeat"
                                                                   : "event-notification",
                             .content = s->content};
    if (c->errand == ERRAND_EVENTS)
        TRY(next_events(op, p, s, c, &n));
    else
        TRY(events_tail(op, p, c->sub, &n.newest));
    if (c->errand == ERRAND_HANDSHAKE)
        n.status = "requested";
    if (c->errand == ERRAND_BEAT)
        c->upto = s->heartbeat_s * 1000ULL;
    if (c->errand == ERRAND_EVENTS && n.n == 0) {
        *ret_nothing = true;
        return OK;
    }
    TRY(pack_parcel(op, p, &n, c, ret_nothing));
    return record_audit_wait(op, p->rec);
}

/* Should this errand be run at all? */
static bool wanted(const struct parcel *c, str status)
{
    if (c->errand == ERRAND_HANDSHAKE)
        return str_eq(status, STR("requested"));
    return str_eq(status, STR("active"));
}

static err set_out(struct op *op, struct partners *p, struct parcel *c, bool *ret_sent)
{
    struct record_doc doc;
    struct json *tree;
    struct subscription s;
    const struct actor *owner;
    bool nothing = false;
    *ret_sent = false;
    TRY(resource_of(op, p, c->sub, &doc, &tree));
    if (!tree || !wanted(c, json_get_str(tree, STR("status"))))
        return end_job(op, p, c);
    err e = subscription_read(op, p, tree, &s);
    if (e == OK)
        e = owner_of(op, p, c->sub, &owner);
    if (e == ERR_FORBIDDEN || e == ERR_UNPROCESSABLE) {
        op_clear(op);
        struct record_tx *tx = record_begin(op, p->rec);
        TRY(set_status(tx, op, &doc, tree, "error",
                       STR("The account it belongs to may not have it any more, or it cannot be "
                           "understood any more; write it again.")));
        job_end(tx, op, c);
        return record_commit(tx);
    }
    TRY(e);
    if (s.end && op->now >= s.end) {
        struct record_tx *tx = record_begin(op, p->rec);
        TRY(set_status(tx, op, &doc, tree, "off", STR_NONE));
        job_end(tx, op, c);
        return record_commit(tx);
    }
    if (s.channel == CHANNEL_LIVE)
        return end_job(op, p, c);
    op->actor = owner;
    e = pack_events(op, p, &s, c, &nothing);
    op->actor = partners_system();
    if (e == ERR_TOO_COSTLY) { /* as if the endpoint had said no: told in its status */
        op_clear(op);
        c->error = STR("the notification is too large to be sent; lower the max-count");
        return finish(op, p, c);
    }
    TRY(e);
    if (nothing)
        return finish(op, p, c); /* gone, or not to be seen any more: passed over */
    *ret_sent = true;
    return courier_net_send(op, p->net, c);
}

static void free_parcel(struct parcel *c)
{
    arena_free(c->arena);
}

static err begin(struct op *outer, struct partners *p, const struct record_job *job)
{
    struct arena *a = arena_new(128u << 20);
    struct parcel *c = a ? ARENA_NEW(a, struct parcel) : NULL;
    struct errand_words w;
    struct op op;
    bool sent = false;
    if (!c)
        return fail(outer, ERR_UNAVAILABLE, "out of memory");
    op_init(&op, a, partners_system(), outer->now);
    c->arena = a;
    c->job = job->job;
    if (!read_words(job->body, &w)) {
        arena_free(a);
        return fail(outer, ERR_FAULT, "a courier's errand cannot be read");
    }
    c->sub = w.sub;
    c->errand = w.errand;
    const struct parcel *other = flying(p, c->sub);
    err e = other ? put_off(&op, p, c, other->job == c->job ? LEASE_MS : 1000, kinds[c->errand])
                  : set_out(&op, p, c, &sent);
    if (e != OK)
        log_event(LOG_WARN, "partners.errand", "error=%s", err_row(e)->name);
    if (e != OK || !sent) {
        free_parcel(c);
        return OK;
    }
    c->next = p->flying;
    p->flying = c;
    p->n_flying++;
    return OK;
}

static void take_out(struct partners *p, const struct parcel *c)
{
    for (struct parcel **at = &p->flying; *at; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            p->n_flying--;
            return;
        }
}

static void landed(struct partners *p, struct parcel *c)
{
    struct op op;
    take_out(p, c);
    op_init(&op, c->arena, partners_system(), time_now());
    err e = finish(&op, p, c);
    if (e != OK)
        log_event(LOG_WARN, "partners.errand", "error=%s", err_row(e)->name);
    free_parcel(c); /* not noted: the lease ends and it goes out again */
}

err courier_step(struct op *op, struct partners *p)
{
    struct record_job *jobs;
    struct parcel *done;
    size_t n = 0, free_slots = FLYING_MAX - p->n_flying;
    op->actor = partners_system();
    if (free_slots)
        TRY(record_outbox_take(op, p->rec, STR(COURIER_QUEUE), LEASE_MS,
                               free_slots < TAKE_MAX ? free_slots : TAKE_MAX, &jobs, &n));
    for (size_t i = 0; i < n; i++)
        TRY(begin(op, p, &jobs[i]));
    courier_net_step(p->net, n ? 0 : 100, &done);
    for (; done; courier_net_step(p->net, 0, &done))
        landed(p, done);
    atomic_store(&p->n_waiting, p->n_flying);
    return OK;
}

void courier_stop(struct partners *p)
{
    for (struct parcel *c = p->flying, *next; c; c = next) {
        next = c->next;
        courier_net_drop(p->net, c);
        free_parcel(c);
    }
    p->flying = NULL;
    p->n_flying = 0;
}
