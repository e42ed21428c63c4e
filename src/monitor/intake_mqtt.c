/* Readings by MQTT: topic weft/v1/{device}/observation, QoS 1, payload one FHIR Observation.
 * Invariant: the broker gets its PUBACK only after the readings are on disk. libmosquitto queues
 * the PUBACK before it calls us, but with mosquitto_threaded_set() it writes nothing until
 * mosquitto_loop_write(): so we read a batch, commit it in one transaction, and only then let it
 * write. When the commit fails we drop the connection unwritten and the broker sends it all again
 * (persistent session). A reading that can never be accepted is answered on
 * weft/v1/{device}/refused and acknowledged. The device in the topic was authenticated by the
 * broker, whose access list lets a device publish only under its own name; policy asks again, with
 * the device as actor, whose patient the reading is for. One bad reading never holds up others. */
#include "monitor/monitor_int.h"

#include "base/log.h"

#include <mosquitto.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH_MAX 64
#define PAYLOAD_MAX (256u << 10)

struct message {
    str device, payload;
    bool settled; /* refused and told so */
};

struct intake_mqtt {
    struct monitor *m;
    struct mosquitto *mosq;
    struct arena *arena, *work; /* the batch as it came; one try at committing it */
    struct message batch[BATCH_MAX];
    size_t n;
    bool connected;
    pthread_t thread;
    _Atomic bool stop;
};

static void on_connect(struct mosquitto *mosq, void *ctx, int rc)
{
    struct intake_mqtt *q = ctx;
    q->connected = rc == 0;
    if (rc == 0)
        mosquitto_subscribe(mosq, NULL, "weft/v1/+/observation", 1);
    log_event(rc ? LOG_WARN : LOG_INFO, "mqtt.connected", "result=%d", rc);
}

static void on_message(struct mosquitto *mosq, void *ctx, const struct mosquitto_message *msg)
{
    (void)mosq;
    struct intake_mqtt *q = ctx;
    str part;
    if (q->n == BATCH_MAX || !intake_topic(str_of(msg->topic), &part))
        return;
    struct message *to = &q->batch[q->n++];
    to->settled = false;
    to->device = arena_str(q->arena, part);
    to->payload = msg->payloadlen > 0 && (unsigned)msg->payloadlen <= PAYLOAD_MAX
                      ? arena_str(q->arena, str_make(msg->payload, (size_t)msg->payloadlen))
                      : STR_NONE;
}

static void refuse(struct intake_mqtt *q, struct op *op, struct message *msg)
{
    struct buf b;
    buf_init(&b, op->arena, 64u << 10);
    fhir_outcome_write(&b, op);
    str topic = arena_printf(op->arena, "weft/v1/%.*s/refused", STR_ARG(msg->device));
    if (buf_ok(&b))
        mosquitto_publish(q->mosq, NULL, topic.p, (int)b.n, b.p, 0, false);
    msg->settled = true;
    log_event(LOG_WARN, "mqtt.reading.refused", "error=%s issues=%zu",
              err_row(op->fault.code)->name, op->fault.n);
}

static bool in_batch(const str *names, size_t n, str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

/* Joins tx as the device's own write. names: the readings already in tx. */
static err add_message(struct intake_mqtt *q, struct op *op, struct record_tx *tx,
                       const struct message *msg, str *names, size_t *n)
{
    struct identity_account account;
    struct json *o;
    bool known = false;
    str id;
    op->actor = identity_system();
    TRY(identity_account_get(op, q->m->id, msg->device, &account));
    TRY(identity_actor_device(op, q->m->id, msg->device));
    TRY(fhir_read(op, msg->payload, fhir_type_parse(STR("Observation")), &o));
    TRY(intake_prepare(op, &account, o));
    TRY(intake_is_known(op, q->m->rec, o, &known));
    str name = intake_name(op, o);
    if (known || (!str_empty(name) && in_batch(names, *n, name)))
        return op_check(op);
    TRY(record_tx_create(tx, o, &id));
    names[(*n)++] = name;
    return OK;
}

/* Ours to mend: the broker keeps the reading and sends it again. Everything else is the reading's
 * own fault. */
static bool is_ours(err e)
{
    return e == ERR_UNAVAILABLE || e == ERR_FAULT || e == ERR_BUSY || e == ERR_TIMEOUT;
}

/* Readings [from, to) in one transaction. A reading that cannot be read is refused at once. */
static err commit_some(struct intake_mqtt *q, struct op *op, size_t from, size_t to)
{
    str names[BATCH_MAX];
    size_t added = 0;
    arena_reset(q->work);
    op_init(op, q->work, identity_system(), time_now());
    struct record_tx *tx = record_begin(op, q->m->rec);
    for (size_t i = from; i < to; i++) {
        if (q->batch[i].settled)
            continue;
        err e = add_message(q, op, tx, &q->batch[i], names, &added);
        if (e != OK && (is_ours(e) || (arena_failed(q->work) && to - from > 1)))
            return e;
        if (e != OK)
            refuse(q, op, &q->batch[i]);
        op_clear(op);
    }
    op->actor = identity_system();
    return added ? record_commit(tx) : OK;
}

/* One by one: only the reading at fault is refused, the others of its batch are kept. */
static bool commit_singly(struct intake_mqtt *q)
{
    for (size_t i = 0; i < q->n; i++) {
        struct op op;
        err e = commit_some(q, &op, i, i + 1);
        if (is_ours(e))
            return false;
        if (e != OK)
            refuse(q, &op, &q->batch[i]);
    }
    return true;
}

/* True when everything of the batch is on disk or refused for good. */
static bool commit_batch(struct intake_mqtt *q)
{
    struct op op;
    err e = commit_some(q, &op, 0, q->n);
    bool done = e == OK || (!is_ours(e) && commit_singly(q));
    if (!done)
        log_event(LOG_ERROR, "mqtt.commit.failed", "error=%s readings=%zu", err_row(e)->name, q->n);
    return done;
}

static bool readable(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, ms) > 0;
}

static bool flush(struct intake_mqtt *q)
{
    for (int i = 0; mosquitto_want_write(q->mosq) && i < 1000; i++)
        if (mosquitto_loop_write(q->mosq, 1) != MOSQ_ERR_SUCCESS)
            return false;
    return true;
}

/* One round on a live connection; false = the connection is gone or must be dropped. */
static bool serve_once(struct intake_mqtt *q)
{
    int fd = mosquitto_socket(q->mosq), wait_ms = 200;
    if (fd < 0)
        return false;
    q->n = 0;
    arena_reset(q->arena);
    while (q->n < BATCH_MAX && readable(fd, wait_ms)) {
        if (mosquitto_loop_read(q->mosq, 1) != MOSQ_ERR_SUCCESS)
            return false;
        wait_ms = 0;
    }
    if (q->n && !commit_batch(q))
        return false;
    return flush(q) && mosquitto_loop_misc(q->mosq) == MOSQ_ERR_SUCCESS && flush(q);
}

static bool split_url(struct arena *a, str url, const char **ret_host, int *ret_port)
{
    uint64_t port = 1883;
    if (str_starts(url, STR("mqtt://")))
        url = str_sub(url, 7, url.n);
    str host = STR_NONE;
    if (!str_take_until(&url, ':', &host) || str_empty(host))
        return false;
    if (!str_empty(url) && !str_to_u64(url, 65535, &port))
        return false;
    *ret_host = str_z(a, host);
    *ret_port = (int)port;
    return true;
}

static void drop(struct intake_mqtt *q)
{
    int fd = mosquitto_socket(q->mosq);
    q->connected = false;
    if (fd >= 0)
        shutdown(fd, SHUT_RDWR); /* nothing queued may still go out */
    mosquitto_loop_read(q->mosq, 1);
}

static void *serve(void *ctx)
{
    struct intake_mqtt *q = ctx;
    const char *host = NULL;
    int port = 0, wait_s = 1;
    struct arena *a = arena_new(1u << 20);
    if (!a || !split_url(a, config_str(q->m->config, "mqtt.url"), &host, &port)) {
        log_event(LOG_ERROR, "mqtt.url.bad", "expected=mqtt://host:port");
        arena_free(a);
        return NULL;
    }
    while (!atomic_load(&q->stop)) {
        if (mosquitto_connect(q->mosq, host, port, 30) == MOSQ_ERR_SUCCESS) {
            wait_s = 1;
            while (!atomic_load(&q->stop) && flush(q) && serve_once(q))
                ;
            drop(q);
        }
        time_rest(&q->stop, wait_s * 1000);
        wait_s = wait_s < 30 ? wait_s * 2 : 30;
    }
    arena_free(a);
    return NULL;
}

static err set_password(struct op *op, struct intake_mqtt *q)
{
    str user = config_str(q->m->config, "mqtt.user");
    str path = config_str(q->m->config, "mqtt.password_file");
    char line[256] = "";
    if (str_empty(user))
        return OK;
    FILE *f = fopen(str_z(op->arena, path), "re");
    if (!f || !fgets(line, sizeof line, f)) {
        if (f)
            (void)fclose(f);
        return fail(op, ERR_INVALID,
                    "mqtt.password_file cannot be read; it holds the broker password on one line");
    }
    (void)fclose(f);
    line[strcspn(line, "\r\n")] = 0;
    mosquitto_username_pw_set(q->mosq, str_z(op->arena, user), line);
    return OK;
}

err intake_mqtt_start(struct op *op, struct monitor *m, struct intake_mqtt **ret)
{
    struct intake_mqtt *q = calloc(1, sizeof *q);
    if (!q)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    mosquitto_lib_init();
    q->m = m;
    q->arena = arena_new(64u << 20);
    q->work = arena_new(64u << 20);
    q->mosq = mosquitto_new(str_z(op->arena, config_str(m->config, "mqtt.client_id")), false, q);
    if (!q->arena || !q->work || !q->mosq)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    TRY(set_password(op, q));
    mosquitto_threaded_set(q->mosq, true);
    mosquitto_connect_callback_set(q->mosq, on_connect);
    mosquitto_message_callback_set(q->mosq, on_message);
    if (pthread_create(&q->thread, NULL, serve, q) != 0)
        return fail(op, ERR_UNAVAILABLE, "no thread for MQTT");
    *ret = q;
    return OK;
}

void intake_mqtt_stop(struct intake_mqtt *q)
{
    if (!q)
        return;
    atomic_store(&q->stop, true);
    pthread_join(q->thread, NULL);
    mosquitto_destroy(q->mosq);
    mosquitto_lib_cleanup();
    arena_free(q->arena);
    arena_free(q->work);
    free(q);
}
