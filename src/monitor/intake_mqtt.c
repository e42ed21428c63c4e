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

#define WAITING_MAX 4096 /* of a broker of 3.1.1, which goes by its own limit */
#define PAYLOAD_MAX (256u << 10)
#define QUIET_MS 2000 /* so long nothing, and a session that was left is empty */
#define JOIN_MS 250

struct intake_mqtt {
    struct intake_line line;
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
    int64_t heard;      /* ms, monotonic: the last message, or when the topic was left; 0 not yet */
    _Atomic int64_t up; /* ms, monotonic: since when the line is; 0 it is not */
    _Atomic bool emptied, lost; /* of another's session: nothing is left in it; it ended before */
};

static void on_connect(struct mosquitto *mosq, void *ctx, int rc)
{
    struct intake_mqtt *q = ctx;
    if (rc == 0 && q->line.session.n)
        mosquitto_unsubscribe(mosq, NULL, q->topic);
    else if (rc == 0)
        mosquitto_subscribe(mosq, NULL, q->topic, 1);
    atomic_store(&q->up, rc ? 0 : time_mono());
    log_event(rc ? LOG_WARN : LOG_INFO, "mqtt.connected", "result=%d", rc);
}

/* Whatever is meant for it from now on goes to those that live. */
static void on_left(struct mosquitto *mosq, void *ctx, int mid)
{
    (void)mosq;
    (void)mid;
    ((struct intake_mqtt *)ctx)->heard = time_mono();
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

void intake_refuse(struct intake_mqtt *q, struct op *op, struct message *msg)
{
    struct buf b;
    msg->settled = true;
    log_event(LOG_WARN, "mqtt.reading.refused", "error=%s issues=%zu",
              err_row(op->fault.code)->name, op->fault.n);
    if (!q)
        return;
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
}

/* True when everything that waits is on disk or refused for good. */
static bool keep_all(struct intake_mqtt *q)
{
    bool kept = q->line.m
                    ? intake_commit(&(struct batch){
                          .m = q->line.m, .work = q->work, .broker = q, .at = q->batch, .n = q->n})
                    : intake_nodes_keep(q->line.nodes, q->work, q->batch, q->n);
    if (q->overflow)
        log_event(LOG_ERROR, "mqtt.overflow",
                  "the broker sends more than %d readings unanswered; set its limit", WAITING_MAX);
    return kept && !q->overflow;
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
    while (q->n < INTAKE_BATCH_MAX && readable(fd, wait_ms)) {
        if (mosquitto_loop_read(q->mosq, 1) != MOSQ_ERR_SUCCESS)
            return false;
        wait_ms = 0;
    }
    if (q->n && !keep_all(q))
        return false;
    if (!flush(q) || mosquitto_loop_misc(q->mosq) != MOSQ_ERR_SUCCESS || !flush(q))
        return false;
    if (q->heard && q->n)
        q->heard = time_mono();
    if (q->heard && time_mono() - q->heard > QUIET_MS)
        atomic_store(&q->emptied, true);
    return true;
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
    while (!atomic_load(&q->stop) && !atomic_load(&q->lost)) {
        if (!q->line.session.n && q->line.nodes && !intake_nodes_join(q->line.nodes)) {
            time_rest(&q->stop, JOIN_MS);
            continue;
        }
        if (mosquitto_connect_bind_v5(q->mosq, q->broker.host, q->broker.port, 30, NULL,
                                      q->connect) == MOSQ_ERR_SUCCESS) {
            wait_s = 1;
            while (!atomic_load(&q->stop) && flush(q) && serve_once(q))
                ;
            drop(q);
            atomic_store(&q->up, 0);
        }
        atomic_store(&q->lost, q->line.session.n > 0);
        time_rest(&q->stop, wait_s * 1000);
        wait_s = wait_s < 30 ? wait_s * 2 : 30;
    }
    return NULL;
}

/* MQTT 5 ends a session with its connection unless asked to keep it: then what comes while we are
 * away would be lost. */
static err set_version(struct op *op, struct intake_mqtt *q)
{
    bool five = config_int(q->line.config, "mqtt.version") == 5;
    mosquitto_int_option(q->mosq, MOSQ_OPT_PROTOCOL_VERSION,
                         five ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
    if (!five)
        return OK;
    mosquitto_int_option(q->mosq, MOSQ_OPT_RECEIVE_MAXIMUM, INTAKE_BATCH_MAX);
    if (mosquitto_property_add_int32(&q->connect, MQTT_PROP_SESSION_EXPIRY_INTERVAL, UINT32_MAX) ||
        mosquitto_property_add_int16(&q->connect, MQTT_PROP_RECEIVE_MAXIMUM, INTAKE_BATCH_MAX))
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    return OK;
}

static err set_broker(struct op *op, struct intake_mqtt *q)
{
    str share = config_str(q->line.config, "mqtt.share");
    TRY(broker_settings(op, q->line.config, &q->broker));
    (void)snprintf(q->topic, sizeof q->topic, "%s%.*s%sweft/v1/+/observation",
                   share.n ? "$share/" : "", STR_ARG(share), share.n ? "/" : "");
    if (q->broker.user)
        mosquitto_username_pw_set(q->mosq, q->broker.user, q->broker.password);
    if (q->broker.tls && mosquitto_tls_set(q->mosq, q->broker.ca, NULL, q->broker.cert,
                                           q->broker.key, NULL) != MOSQ_ERR_SUCCESS)
        return fail(op, ERR_INVALID, BROKER_NO_TLS);
    return OK;
}

static err set_up(struct op *op, struct intake_mqtt *q)
{
    str session = q->line.session;
    q->arena = arena_new(64u << 20);
    q->work = arena_new(64u << 20);
    if (!session.n)
        session = config_str(q->line.config, "mqtt.client_id");
    q->mosq = mosquitto_new(str_z(op->arena, session), false, q);
    if (!q->arena || !q->work || !q->mosq)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    TRY(set_version(op, q));
    TRY(set_broker(op, q));
    mosquitto_threaded_set(q->mosq, true);
    mosquitto_connect_callback_set(q->mosq, on_connect);
    mosquitto_unsubscribe_callback_set(q->mosq, on_left);
    mosquitto_message_v5_callback_set(q->mosq, on_message);
    if (pthread_create(&q->thread, NULL, serve, q) != 0)
        return fail(op, ERR_UNAVAILABLE, "no thread for MQTT");
    return OK;
}

static void intake_mqtt_free(struct intake_mqtt *q)
{
    if (q->mosq)
        mosquitto_destroy(q->mosq);
    mosquitto_property_free_all(&q->connect);
    mosquitto_lib_cleanup();
    arena_free(q->arena);
    arena_free(q->work);
    free(q);
}

err intake_mqtt_start(struct op *op, const struct intake_line *line, struct intake_mqtt **ret)
{
    struct intake_mqtt *q = calloc(1, sizeof *q);
    if (!q)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    mosquitto_lib_init();
    q->line = *line;
    err e = set_up(op, q);
    if (e != OK) {
        intake_mqtt_free(q);
        return e;
    }
    *ret = q;
    return OK;
}

void intake_mqtt_stop(struct intake_mqtt *q)
{
    if (!q)
        return;
    atomic_store(&q->stop, true);
    pthread_join(q->thread, NULL);
    intake_mqtt_free(q);
}

/* What the broker held meanwhile comes first. */
bool intake_mqtt_hears(const struct intake_mqtt *q)
{
    int64_t up = atomic_load(&q->up);
    return up && time_mono() - up >= MONITOR_HEARD_MS;
}

bool intake_mqtt_emptied(const struct intake_mqtt *q)
{
    return atomic_load(&q->emptied);
}

bool intake_mqtt_lost(const struct intake_mqtt *q)
{
    return atomic_load(&q->lost);
}
