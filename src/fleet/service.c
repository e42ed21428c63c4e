/* The room's life and its thread: what devices and the broker say is heard, what is due is done. A
 * step that failed is logged once a minute and tried again. */
#include "fleet/firmware_int.h"
#include "fleet/health_int.h"
#include "fleet/parts_int.h"
#include "fleet/recall_int.h"

#include <stdlib.h>

#define STATES_A_MINUTE 30
#define ANSWERS_A_MINUTE 30

const struct actor *fleet_system(void)
{
    static const struct actor actor = {
        .role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT, .user = {"weft-fleet", 10}};
    return &actor;
}

err fleet_new(struct op *op, struct record *rec, struct identity *id, const struct config *config,
              struct fleet **ret)
{
    struct fleet *f = calloc(1, sizeof *f);
    if (!f)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    *f = (struct fleet){.rec = rec, .id = id, .config = config};
    pthread_mutex_init(&f->keys, NULL);
    *ret = f;
    return OK;
}

void fleet_free(struct fleet *f)
{
    if (f) {
        firmware_forget(f);
        pthread_mutex_destroy(&f->keys);
    }
    free(f);
}

bool fleet_too_often(struct fleet *f, const char *what, str who, int64_t now, unsigned max)
{
    uint64_t h = str_hash(who) ^ str_hash(str_of(what));
    struct fleet_often *o = &f->often[h % FLEET_OFTEN];
    if (o->whose != h || now - o->since >= 60000 || now < o->since)
        *o = (struct fleet_often){.whose = h, .since = now};
    return ++o->n > max;
}

/* What one device said wrong is its own fault; it is told in the trail and forgotten. */
static err one_message(struct op *op, struct fleet *f, const struct link_message *m)
{
    err e = OK;
    if (str_eq(m->kind, STR("control")))
        e = broker_heard(op, f, m->payload);
    else if (str_eq(m->kind, STR("published")))
        e = command_published(op, f, m->payload);
    else if (str_eq(m->kind, STR("ack")) &&
             !fleet_too_often(f, "ack", m->device, op->now, ANSWERS_A_MINUTE))
        e = command_heard(op, f, m);
    else if (str_eq(m->kind, STR("status")) && !m->kept &&
             !fleet_too_often(f, "status", m->device, op->now, STATES_A_MINUTE))
        e = state_heard(op, f, m);
    op->actor = fleet_system();
    if (e == OK || err_passes(e))
        return e;
    op_clear(op);
    return record_audit_event(op, f->rec, STR("device-not-heard"), false, m->device);
}

static err heard(struct op *op, void *ctx, size_t *ret_n)
{
    struct fleet *f = ctx;
    struct link_message m;
    *ret_n = 0;
    while (f->link && *ret_n < 64 && link_take(f->link, op->arena, &m)) {
        ++*ret_n;
        err e = one_message(op, f, &m);
        if (e == ERR_CONFLICT ||
            e == ERR_PRECONDITION) { /* a person changed the device meanwhile */
            op_clear(op);
            e = one_message(op, f, &m);
        }
        TRY(e);
    }
    return OK;
}

/* What goes on over days: releases, what is known of parts, recalls. */
static err upkeep(struct op *op, void *ctx, size_t *ret_n)
{
    size_t n = 0;
    TRY(firmware_tick(op, ctx, ret_n));
    TRY(image_tick(op, ctx));
    TRY(vuln_tick(op, ctx, &n));
    *ret_n += n;
    TRY(recall_tick(op, ctx, &n));
    *ret_n += n;
    return OK;
}

static void rest(void *ctx)
{
    struct fleet *f = ctx;
    time_rest(&f->loop.stop, 200);
}

err fleet_start(struct op *op, struct fleet *f)
{
    if (!str_empty(config_str(f->config, "mqtt.url")))
        TRY(link_start(op, f, &f->link));
    return loop_start(op, &f->loop,
                      &(struct loop_plan){.steps = {{"fleet.heard.failed", heard},
                                                    {"fleet.broker.failed", broker_tick},
                                                    {"fleet.command.failed", command_tick},
                                                    {"fleet.upkeep.failed", upkeep},
                                                    {"fleet.follow.failed", fleet_follow},
                                                    {"fleet.watch.failed", fleet_watch}},
                                          .wait = rest,
                                          .actor = fleet_system(),
                                          .bytes = 64u << 20,
                                          .rest_ms = 1000,
                                          .ctx = f});
}

void fleet_stop(struct fleet *f)
{
    loop_stop(&f->loop);
    link_stop(f->link);
    f->link = NULL;
}
