/* Readings by MQTT 5 or 3.1.1: topic weft/v1/{device}/observation, QoS 1, payload one FHIR
 * Observation or one Open mHealth data point; with mqtt.share several nodes take turns at one feed.
 * Invariant: the broker gets its PUBACK only after the readings are on disk. libmosquitto queues
 * the PUBACK before it calls us, but with mosquitto_threaded_set() it writes nothing until
 * mosquitto_loop_write(): so we read a batch, commit it in one transaction, and only then let it
 * write. When the commit fails we drop the connection unwritten and the broker sends it all again
 * (persistent session). A reading that can never be accepted is answered on
 * weft/v1/{device}/refused and acknowledged. The device in the topic was authenticated by the
 * broker, whose access list lets a device publish only under its own name; policy asks again, with
 * the device as actor, whose patient the reading is for. One bad reading never holds up others. */
#include "monitor/monitor_int.h"

#include "base/broker.h"
#include "base/log.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH_MAX 64     /* readings in a transaction; what an MQTT 5 broker sends unanswered */
#define WAITING_MAX 4096 /* of a broker of 3.1.1, which goes by its own limit */
#define PAYLOAD_MAX (256u << 10)

struct message {
    str device, payload, correlation;
    bool settled; /* refused and told so */
};

struct intake_mqtt {
    struct monitor *m;
    struct mosquitto *mosq;
    struct broker broker;
    struct arena *arena, *work; /* the batch as it came; one try at committing it */
    struct message batch[WAITING_MAX];
    size_t n;
    bool overflow; /* one more came: nothing of the round may be acknowledged */
    char topic[128];
    mosquitto_property *connect; /* of MQTT 5; NULL else */
    pthread_t thread;
    _Atomic bool stop;
};

static void on_connect(struct mosquitto *mosq, void *ctx, int rc)
{
    struct intake_mqtt *q = ctx;
    if (rc == 0)
        mosquitto_subscribe(mosq, NULL, q->topic, 1);
    log_event(rc ? LOG_WARN : LOG_INFO, "mqtt.connected", "result=%d", rc);
}

/* What the sender knows its message by (MQTT 5); goes back with a refusal. */
static str correlation_of(struct arena *a, const mosquitto_property *props)
{
    void *data = NULL;
    uint16_t n = 0;
    str out = STR_NONE;
    if (mosquitto_property_read_binary(props, MQTT_PROP_CORRELATION_DATA, &data, &n, false) && n)
        out = arena_str(a, str_make(data, n));
    free(data); /* libmosquitto asks for that */
    return out;
}

static void on_message(struct mosquitto *mosq, void *ctx, const struct mosquitto_message *msg,
                       const mosquitto_property *props)
{
    (void)mosq;
    struct intake_mqtt *q = ctx;
    str part;
    if (!intake_topic(str_of(msg->topic), &part))
        return;
    q->overflow |= q->n == WAITING_MAX;
    if (q->overflow)
        return;
    struct message *to = &q->batch[q->n++];
    to->settled = false;
    to->device = arena_str(q->arena, part);
    to->correlation = correlation_of(q->arena, props);
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
    mosquitto_property *props = NULL;
    if (q->connect && msg->correlation.n)
        mosquitto_property_add_binary(&props, MQTT_PROP_CORRELATION_DATA, msg->correlation.p,
                                      (uint16_t)msg->correlation.n);
    if (buf_ok(&b))
        mosquitto_publish_v5(q->mosq, NULL, topic.p, (int)b.n, b.p, 0, false, props);
    mosquitto_property_free_all(&props);
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

/* An Observation, or an Open mHealth data point. */
static err read_payload(struct op *op, str payload, struct json **ret)
{
    struct json *v;
    if (str_find(payload, STR("\"resourceType\""), 0) != SIZE_MAX)
        return fhir_read(op, payload, fhir_type_parse(STR("Observation")), ret);
    TRY(json_read(op, payload, &JSON_LIMITS_DEFAULT, &v));
    if (!monitor_is_point(v))
        return fail(op, ERR_UNPROCESSABLE,
                    "a reading is a FHIR Observation or an Open mHealth data point");
    return monitor_point(op, v, ret);
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
    TRY(read_payload(op, msg->payload, &o));
    TRY(intake_prepare(op, q->m, &account, o));
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
static bool commit_singly(struct intake_mqtt *q, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        struct op op;
        err e = commit_some(q, &op, i, i + 1);
        if (is_ours(e))
            return false;
        if (e != OK)
            refuse(q, &op, &q->batch[i]);
    }
    return true;
}

/* True when everything that waits is on disk or refused for good. */
static bool commit_all(struct intake_mqtt *q)
{
    for (size_t from = 0, to; from < q->n; from = to) {
        struct op op;
        to = q->n - from > BATCH_MAX ? from + BATCH_MAX : q->n;
        err e = commit_some(q, &op, from, to);
        if (e == OK || (!is_ours(e) && commit_singly(q, from, to)))
            continue;
        log_event(LOG_ERROR, "mqtt.commit.failed", "error=%s readings=%zu", err_row(e)->name,
                  to - from);
        return false;
    }
    if (q->overflow)
        log_event(LOG_ERROR, "mqtt.overflow",
                  "the broker sends more than %d readings unanswered; set its limit", WAITING_MAX);
    return !q->overflow;
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
    q->overflow = false;
    arena_reset(q->arena);
    while (q->n < BATCH_MAX && readable(fd, wait_ms)) {
        if (mosquitto_loop_read(q->mosq, 1) != MOSQ_ERR_SUCCESS)
            return false;
        wait_ms = 0;
    }
    if (q->n && !commit_all(q))
        return false;
    return flush(q) && mosquitto_loop_misc(q->mosq) == MOSQ_ERR_SUCCESS && flush(q);
}

static void drop(struct intake_mqtt *q)
{
    int fd = mosquitto_socket(q->mosq);
    if (fd >= 0)
        shutdown(fd, SHUT_RDWR); /* nothing queued may still go out */
    mosquitto_loop_read(q->mosq, 1);
}

static void *serve(void *ctx)
{
    struct intake_mqtt *q = ctx;
    int wait_s = 1;
    while (!atomic_load(&q->stop)) {
        if (mosquitto_connect_bind_v5(q->mosq, q->broker.host, q->broker.port, 30, NULL,
                                      q->connect) == MOSQ_ERR_SUCCESS) {
            wait_s = 1;
            while (!atomic_load(&q->stop) && flush(q) && serve_once(q))
                ;
            drop(q);
        }
        time_rest(&q->stop, wait_s * 1000);
        wait_s = wait_s < 30 ? wait_s * 2 : 30;
    }
    return NULL;
}

/* MQTT 5 ends a session with its connection unless asked to keep it: then what comes while we are
 * away would be lost. */
static err set_version(struct op *op, struct intake_mqtt *q)
{
    bool five = config_int(q->m->config, "mqtt.version") == 5;
    mosquitto_int_option(q->mosq, MOSQ_OPT_PROTOCOL_VERSION,
                         five ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
    if (!five)
        return OK;
    mosquitto_int_option(q->mosq, MOSQ_OPT_RECEIVE_MAXIMUM, BATCH_MAX);
    if (mosquitto_property_add_int32(&q->connect, MQTT_PROP_SESSION_EXPIRY_INTERVAL, UINT32_MAX) ||
        mosquitto_property_add_int16(&q->connect, MQTT_PROP_RECEIVE_MAXIMUM, BATCH_MAX))
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    return OK;
}

static err set_broker(struct op *op, struct intake_mqtt *q)
{
    str share = config_str(q->m->config, "mqtt.share");
    TRY(broker_settings(op, q->m->config, &q->broker));
    (void)snprintf(q->topic, sizeof q->topic, "%s%.*s%sweft/v1/+/observation",
                   share.n ? "$share/" : "", STR_ARG(share), share.n ? "/" : "");
    if (q->broker.user)
        mosquitto_username_pw_set(q->mosq, q->broker.user, q->broker.password);
    if (q->broker.tls && mosquitto_tls_set(q->mosq, q->broker.ca, NULL, q->broker.cert,
                                           q->broker.key, NULL) != MOSQ_ERR_SUCCESS)
        return fail(op, ERR_INVALID, BROKER_NO_TLS);
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
    TRY(set_version(op, q));
    TRY(set_broker(op, q));
    mosquitto_threaded_set(q->mosq, true);
    mosquitto_connect_callback_set(q->mosq, on_connect);
    mosquitto_message_v5_callback_set(q->mosq, on_message);
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
    mosquitto_property_free_all(&q->connect);
    mosquitto_lib_cleanup();
    arena_free(q->arena);
    arena_free(q->work);
    free(q);
}
