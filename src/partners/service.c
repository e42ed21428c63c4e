/* The room's life: the follower's and the courier's threads. A step that lost a race is done again
 * at once; one that failed for another reason waits a little, is logged once a minute and is never
 * skipped. */
#include "partners/partners_int.h"

#include "base/log.h"

#include <stdlib.h>
#include <unistd.h>

#define IDLE_US 50000

err partners_new(struct op *op, struct record *rec, struct identity *id,
                 const struct config *config, struct partners **ret)
{
    struct partners *p = calloc(1, sizeof *p);
    const struct actor *before = op->actor;
    if (!p)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    p->rec = rec;
    p->id = id;
    p->config = config;
    p->t_subscription = fhir_type_parse(STR("Subscription"));
    p->t_basic = fhir_type_parse(STR("Basic"));
    op->actor = partners_system();
    err e = sign_open(op, p);
    op->actor = before;
    if (e == OK)
        e = courier_net_new(op, p, &p->net);
    if (e != OK) {
        partners_free(p);
        return e;
    }
    *ret = p;
    return OK;
}

void partners_free(struct partners *p)
{
    if (!p)
        return;
    for (struct cached *c = p->list, *next; c; c = next) {
        next = c->next;
        arena_free(c->arena);
    }
    courier_net_free(p->net);
    explicit_bzero(p->secret, sizeof p->secret);
    free(p);
}

str partners_base(struct op *op, const struct partners *p)
{
    str url = config_str(p->config, "public_url"), first, all = config_str(p->config, "listen");
    if (url.n)
        return str_ends(url, STR("/")) ? str_sub(url, 0, url.n - 1) : url;
    return str_take_until(&all, ',', &first) ? arena_cat(op->arena, STR("http://"), first)
                                             : STR_NONE;
}

static void pause_after(struct partners *p, struct op *op, err e, int64_t *said)
{
    if (e == ERR_CONFLICT || e == ERR_PRECONDITION)
        return;
    log_failed("partners.step.failed", op, e, said);
    time_rest(&p->stop, 1000);
}

static void *follow(void *ctx)
{
    struct partners *p = ctx;
    struct arena *a = arena_new(256u << 20);
    int64_t said = 0;
    while (a && !atomic_load(&p->stop)) {
        struct op op;
        size_t n = 0;
        arena_reset(a);
        op_init(&op, a, partners_system(), time_now());
        err e = partners_step(&op, p, &n);
        if (e == ERR_CONFLICT)
            p->cursor_known = false;
        if (e != OK)
            pause_after(p, &op, e, &said);
        else if (!p->list) /* nobody to be quick for: commits do not wake us one by one */
            usleep(IDLE_US);
        else if (n == 0)
            record_feed_wait(p->rec, p->seen, 500);
    }
    arena_free(a);
    return NULL;
}

static void *carry(void *ctx)
{
    struct partners *p = ctx;
    struct arena *a = arena_new(64u << 20);
    int64_t said = 0;
    while (a && !atomic_load(&p->stop)) {
        struct op op;
        arena_reset(a);
        op_init(&op, a, partners_system(), time_now());
        err e = courier_step(&op, p);
        if (e != OK)
            pause_after(p, &op, e, &said);
    }
    courier_stop(p);
    arena_free(a);
    return NULL;
}

err partners_start(struct op *op, struct partners *p)
{
    atomic_store(&p->stop, false);
    if (pthread_create(&p->follower, NULL, follow, p) != 0)
        return fail(op, ERR_UNAVAILABLE, "no thread for the subscriptions");
    if (pthread_create(&p->courier, NULL, carry, p) != 0) {
        atomic_store(&p->stop, true);
        pthread_join(p->follower, NULL);
        return fail(op, ERR_UNAVAILABLE, "no thread for the subscriptions");
    }
    p->running = true;
    return OK;
}

void partners_stop(struct partners *p)
{
    if (!p->running)
        return;
    atomic_store(&p->stop, true);
    courier_net_wake(p->net);
    pthread_join(p->follower, NULL);
    pthread_join(p->courier, NULL);
    p->running = false;
}

void partners_stats(const struct partners *p, struct partners_stats *ret)
{
    *ret = (struct partners_stats){.cursor = atomic_load(&p->at),
                                   .behind = atomic_load(&p->behind),
                                   .active = atomic_load(&p->n_active),
                                   .events = atomic_load(&p->n_events),
                                   .delivered = atomic_load(&p->n_delivered),
                                   .failed = atomic_load(&p->n_failed),
                                   .waiting = atomic_load(&p->n_waiting)};
}
