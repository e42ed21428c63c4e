/* Several servers on one feed (docs/adr/0050). One has the record and judges; the others, which
 * wait for it, put their share of the readings where it finds them. Each connects to the broker
 * only while its name, which is its session there, is its own. What the broker kept for a server
 * that is gone is taken by one that lives, which leaves the subscription in that one's name first.
 * Invariant: a reading is acknowledged when it is on disk, here or there; it may come twice, and is
 * known by its identifier then. */
#include "monitor/monitor_int.h"

#include "base/log.h"
#include "record/inbox.h"

#define DRAIN_MS 50         /* between two looks at what others took in */
#define DRAIN_ALONE_MS 2000 /* without mqtt.share nobody should */
#define ORPHAN_MS 1000
#define EMPTY_MS 60000 /* for a session, at most; then again */
#define REJOIN_MS 3000 /* after a database was away for all: they come back one by one */
#define ROW_MAX (32u << 20)
#define PART_MAX                                                                                   \
    ((size_t)4 << 20) /* of a row, where readings are large: sealed, it is there twice */

struct intake_nodes {
    const struct config *config;
    struct monitor *m; /* NULL: an outpost */
    struct store_inbox *inbox;
    struct intake_mqtt *mqtt;   /* an outpost's own */
    struct intake_mqtt *broker; /* where the refused are told */
    struct arena *work;
    struct loop drain, adopt;
    int64_t said;           /* mono ms: when it was last logged that the name is not free */
    _Atomic int64_t joined; /* mono ms: when its name became its own */
};

/* ---- putting ---- */
static void add_part(struct buf *b, str s)
{
    buf_u32(b, (uint32_t)s.n);
    buf_add(b, s);
}

static err put_batch(struct op *op, struct intake_nodes *x, const struct message *at, size_t n)
{
    struct buf b;
    buf_init(&b, op->arena, ROW_MAX);
    buf_u64(&b, (uint64_t)op->now);
    for (size_t i = 0; i < n; i++) {
        add_part(&b, at[i].device);
        add_part(&b, at[i].payload);
        add_part(&b, at[i].correlation);
    }
    if (!buf_ok(&b))
        return fail(op, ERR_UNAVAILABLE, "no memory for a batch of readings");
    return record_inbox_put(op, x->inbox, buf_str(&b));
}

size_t intake_nodes_part(const struct message *at, size_t n)
{
    size_t some = 0, bytes = 0;
    while (some < n && some < INTAKE_BATCH_MAX) {
        bytes += at[some].device.n + at[some].payload.n + at[some].correlation.n;
        if (some && bytes > PART_MAX)
            break;
        some++;
    }
    return some;
}

bool intake_nodes_keep(struct intake_nodes *x, struct arena *work, const struct message *at,
                       size_t n)
{
    for (size_t from = 0, some; from < n; from += some) {
        struct op op;
        some = intake_nodes_part(at + from, n - from);
        arena_reset(work);
        op_init(&op, work, identity_system(), time_now());
        err e = put_batch(&op, x, at + from, some);
        if (e == OK)
            continue;
        log_event(LOG_ERROR, "mqtt.put.failed", "error=%s readings=%zu", err_row(e)->name, some);
        return false;
    }
    return true;
}

static err join(struct op *op, struct intake_nodes *x)
{
    bool fresh;
    TRY(record_inbox_join(op, x->inbox, &fresh));
    if (fresh)
        atomic_store(&x->joined, time_mono());
    return OK;
}

bool intake_nodes_join(struct intake_nodes *x)
{
    struct op op;
    struct arena *a = arena_new(1u << 20);
    if (!a)
        return false;
    op_init(&op, a, identity_system(), time_now());
    err e = join(&op, x);
    if (e != OK)
        log_failed("mqtt.join.failed", &op, e, &x->said);
    arena_free(a);
    return e == OK;
}

/* ---- taking ---- */
static bool take_part(str *in, str *ret)
{
    uint32_t n;
    return take_u32(in, &n) && take_bytes(in, n, ret);
}

static bool read_batch(str in, struct batch *b, struct message at[INTAKE_BATCH_MAX])
{
    uint64_t received;
    b->at = at;
    b->n = 0;
    if (!take_u64(&in, &received))
        return false;
    b->received = (int64_t)received;
    for (; in.n && b->n < INTAKE_BATCH_MAX; b->n++) {
        struct message *to = &at[b->n];
        to->settled = false;
        if (!take_part(&in, &to->device) || !take_part(&in, &to->payload) ||
            !take_part(&in, &to->correlation))
            return false;
    }
    return !in.n;
}

static err drain(struct op *op, void *ctx, size_t *ret_n)
{
    struct intake_nodes *x = ctx;
    struct message at[INTAKE_BATCH_MAX];
    struct batch b = {.m = x->m, .work = x->work, .broker = x->broker};
    uint64_t row = 0;
    str bytes;
    *ret_n = 0;
    TRY(record_inbox_take(op, x->inbox, &row, &bytes));
    if (!bytes.p)
        return OK;
    *ret_n = 1;
    if (!read_batch(bytes, &b, at)) {
        TRY(record_inbox_aside(op, x->inbox, row));
        return fail(op, ERR_FAULT, "a row of the inbox is no batch of readings; it is set aside");
    }
    if (!intake_commit(&b))
        return fail(op, ERR_UNAVAILABLE, "what another server took in cannot be written yet");
    return record_inbox_done(op, x->inbox, row);
}

static void wait_for_rows(void *ctx)
{
    struct intake_nodes *x = ctx;
    bool shared = !str_empty(config_str(x->config, "mqtt.share"));
    time_rest(&x->drain.stop, shared ? DRAIN_MS : DRAIN_ALONE_MS);
}

/* ---- taking over ---- */
static bool empty_session(struct op *op, struct intake_nodes *x, str node)
{
    struct intake_line line = {.config = x->config, .m = x->m, .nodes = x, .session = node};
    struct intake_mqtt *q = NULL;
    if (intake_mqtt_start(op, &line, &q) != OK)
        return false;
    int64_t until = time_mono() + EMPTY_MS;
    while (!atomic_load(&x->adopt.stop) && !intake_mqtt_emptied(q) && !intake_mqtt_lost(q) &&
           time_mono() < until)
        time_rest(&x->adopt.stop, 20);
    bool emptied = intake_mqtt_emptied(q);
    intake_mqtt_stop(q);
    return emptied;
}

static err adopt(struct op *op, void *ctx, size_t *ret_n)
{
    struct intake_nodes *x = ctx;
    str node;
    *ret_n = 0;
    TRY(join(op, x)); /* again, when the database was away: else one is taken for gone */
    if (time_mono() - atomic_load(&x->joined) < REJOIN_MS)
        return OK;
    TRY(record_inbox_orphan(op, x->inbox, &node));
    if (!node.n)
        return OK;
    bool emptied = empty_session(op, x, node);
    op_clear(op);
    TRY(record_inbox_buried(op, x->inbox, node, emptied));
    if (!emptied)
        return fail(op, ERR_UNAVAILABLE, "what the broker kept for a server that is gone waits");
    log_event(LOG_INFO, "mqtt.adopted", "whole=yes");
    return OK;
}

static void wait_for_orphans(void *ctx)
{
    struct intake_nodes *x = ctx;
    time_rest(&x->adopt.stop, ORPHAN_MS);
}

static err start_adopting(struct op *op, struct intake_nodes *x)
{
    struct loop_plan plan = {.steps = {{"mqtt.adopt.failed", adopt}},
                             .wait = wait_for_orphans,
                             .actor = identity_system(),
                             .bytes = 16u << 20,
                             .rest_ms = 1000,
                             .ctx = x};
    return loop_start(op, &x->adopt, &plan);
}

/* ---- life ---- */
static err new_nodes(struct op *op, const struct config *config, struct intake_nodes **ret)
{
    struct intake_nodes *x = calloc(1, sizeof *x);
    if (x)
        x->work = arena_new(64u << 20);
    if (!x || !x->work) {
        free(x);
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    }
    x->config = config;
    *ret = x;
    return OK;
}

void intake_nodes_end(struct intake_nodes *x)
{
    if (!x)
        return;
    loop_end(&x->drain);
    loop_stop(&x->adopt);
    loop_stop(&x->drain);
}

void intake_nodes_stop(struct intake_nodes *x)
{
    if (!x)
        return;
    intake_nodes_end(x);
    intake_mqtt_stop(x->mqtt);
    record_inbox_close(x->inbox);
    arena_free(x->work);
    free(x);
}

err intake_nodes_start(struct op *op, struct monitor *m, struct intake_nodes **ret)
{
    struct intake_nodes *x = NULL;
    *ret = NULL;
    TRY(new_nodes(op, m->config, &x));
    x->m = m;
    err e = record_inbox_of(op, m->rec, config_str(m->config, "mqtt.client_id"), &x->inbox);
    if (e != OK) {
        intake_nodes_stop(x);
        if (e != ERR_UNSUPPORTED)
            return e;
        op_clear(op); /* nobody else can reach it */
        return OK;
    }
    *ret = x;
    return OK;
}

err intake_nodes_take(struct op *op, struct intake_nodes *x, struct intake_mqtt *broker)
{
    struct loop_plan plan = {.steps = {{"inbox.take.failed", drain}},
                             .wait = wait_for_rows,
                             .actor = identity_system(),
                             .bytes = 256u << 20,
                             .rest_ms = 1000,
                             .ctx = x};
    x->broker = broker;
    TRY(loop_start(op, &x->drain, &plan));
    return broker && !str_empty(config_str(x->config, "mqtt.share")) ? start_adopting(op, x) : OK;
}

err monitor_outpost_start(struct op *op, const struct config *config, str dir, str database,
                          struct intake_nodes **ret)
{
    struct intake_nodes *x = NULL;
    *ret = NULL;
    if (str_empty(config_str(config, "mqtt.url")) || str_empty(config_str(config, "mqtt.share")))
        return OK;
    TRY(new_nodes(op, config, &x));
    struct intake_line line = {.config = config, .nodes = x};
    err e = record_inbox_open(op, dir, database, config_str(config, "mqtt.client_id"), &x->inbox);
    if (e == OK)
        e = intake_mqtt_start(op, &line, &x->mqtt);
    if (e == OK)
        e = start_adopting(op, x);
    if (e != OK) {
        intake_nodes_stop(x);
        if (e != ERR_UNSUPPORTED)
            return e;
        op_clear(op);
        return OK;
    }
    *ret = x;
    return OK;
}

void monitor_outpost_stop(struct intake_nodes *x)
{
    intake_nodes_stop(x);
}
