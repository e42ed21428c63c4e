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

static err follow(struct op *op, void *ctx, size_t *ret_n)
{
    struct partners *p = ctx;
    err e = partners_step(op, p, ret_n);
    if (e == ERR_CONFLICT)
        p->cursor_known = false;
    if (e == OK && !p->list)
        *ret_n = 0; /* nobody to be quick for: commits do not wake us one by one */
    return e;
}

static void wait_for_more(void *ctx)
{
    struct partners *p = ctx;
    if (p->list)
        record_feed_wait(p->rec, p->seen, 500);
    else
        usleep(IDLE_US);
}

static err carry(struct op *op, void *ctx, size_t *ret_n)
{
    *ret_n = 1; /* it waits in its own step */
    return courier_step(op, ctx);
}

err partners_start(struct op *op, struct partners *p)
{
    struct loop_plan follower = {.steps = {{"partners.step.failed", follow}},
                                 .wait = wait_for_more,
                                 .actor = partners_system(),
                                 .bytes = 256u << 20,
                                 .rest_ms = 1000,
                                 .ctx = p};
    struct loop_plan courier = {.steps = {{"partners.step.failed", carry}},
                                .actor = partners_system(),
                                .bytes = 64u << 20,
                                .rest_ms = 1000,
                                .ctx = p};
    TRY(loop_start(op, &p->follower, &follower));
    err e = loop_start(op, &p->courier, &courier);
    if (e != OK)
        loop_stop(&p->follower);
    return e;
}

void partners_stop(struct partners *p)
{
    if (!p->courier.running)
        return;
    loop_end(&p->follower);
    loop_end(&p->courier);
    courier_net_wake(p->net);
    loop_stop(&p->follower);
    loop_stop(&p->courier);
    courier_stop(p);
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
