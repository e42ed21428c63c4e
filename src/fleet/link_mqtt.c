/* The fleet's line to the broker: commands out, states and acknowledgements in. The library's own
 * thread reads and writes; what devices say waits in a bounded queue for the room's thread, and
 * what is beyond the bound is counted and dropped: each of it is said again (a state at the next
 * waking, an acknowledgement when the retained command is met again). */
#include "fleet/fleet_int.h"

#include "base/broker.h"
#include "base/log.h"

#include <mosquitto.h>
#include <stdlib.h>

#define QUEUE_MAX 1024u
#define PAYLOAD_MAX (16u << 10)
#define TOPIC_MAX 200u
#define PUBLISHED "$PUBLISHED"

struct waiting {
    char topic[TOPIC_MAX];
    char *payload;
    size_t n;
    bool kept;
};
struct fleet_link {
    struct mosquitto *mosq;
    pthread_mutex_t lock;
    struct waiting queue[QUEUE_MAX];
    size_t first, n;
    uint64_t dropped;
    bool control;
    _Atomic bool up;
    _Atomic uint32_t lines; /* times that it was connected */
};

/* Takes copy over. */
static void wait_in_line(struct fleet_link *l, const char *topic, char *copy, size_t n, bool kept)
{
    pthread_mutex_lock(&l->lock);
    bool room = l->n < QUEUE_MAX;
    if (room) {
        struct waiting *w = &l->queue[(l->first + l->n++) % QUEUE_MAX];
        memcpy(w->topic, topic, strlen(topic) + 1);
        w->payload = copy;
        w->n = n;
        w->kept = kept;
    } else if (l->dropped++ % 1000 == 0) {
        log_event(LOG_WARN, "fleet.dropped", "n=%llu", (unsigned long long)l->dropped);
    }
    pthread_mutex_unlock(&l->lock);
    if (!room)
        free(copy);
}

static void on_connect(struct mosquitto *mosq, void *ctx, int rc)
{
    struct fleet_link *l = ctx;
    if (rc == 0) {
        mosquitto_subscribe(mosq, NULL, "weft/v1/+/status", 1);
        mosquitto_subscribe(mosq, NULL, "weft/v1/+/ack", 1);
    }
    if (rc == 0 && l->control)
        mosquitto_subscribe(mosq, NULL, BROKER_CONTROL "/response", 1);
    if (rc == 0)
        atomic_fetch_add(&l->lines, 1);
    atomic_store(&l->up, rc == 0);
    log_event(rc ? LOG_WARN : LOG_INFO, "fleet.connected", "result=%d", rc);
}

static void on_disconnect(struct mosquitto *mosq, void *ctx, int rc)
{
    struct fleet_link *l = ctx;
    (void)mosq;
    (void)rc;
    atomic_store(&l->up, false);
}

static void on_message(struct mosquitto *mosq, void *ctx, const struct mosquitto_message *msg)
{
    struct fleet_link *l = ctx;
    size_t topic = strlen(msg->topic), n = msg->payloadlen > 0 ? (size_t)msg->payloadlen : 0;
    (void)mosq;
    if (topic >= TOPIC_MAX || n > PAYLOAD_MAX)
        return;
    char *copy = malloc(n + 1);
    if (!copy)
        return;
    if (n)
        memcpy(copy, msg->payload, n);
    wait_in_line(l, msg->topic, copy, n, msg->retain);
}

/* The broker has what was sent under this packet; in line with the rest, so that who sends has its
 * number by then. */
static void on_publish(struct mosquitto *mosq, void *ctx, int mid)
{
    char *copy = malloc(12);
    (void)mosq;
    if (copy)
        wait_in_line(ctx, PUBLISHED, copy, (size_t)snprintf(copy, 12, "%d", mid), false);
}

/* weft/v1/{device}/{kind}, or the broker's own answer. */
static bool split(str topic, struct link_message *m)
{
    str rest;
    if (str_starts(topic, STR("$CONTROL/"))) {
        m->kind = STR("control");
        return true;
    }
    if (str_eq(topic, STR(PUBLISHED))) {
        m->kind = STR("published");
        return true;
    }
    if (!str_starts(topic, STR("weft/v1/")))
        return false;
    rest = str_sub(topic, sizeof "weft/v1/" - 1, topic.n);
    return str_take_until(&rest, '/', &m->device) && str_take_until(&rest, '/', &m->kind);
}

bool link_take(struct fleet_link *l, struct arena *a, struct link_message *ret)
{
    bool good = false;
    while (!good) {
        struct link_message m = {.device = STR_NONE};
        pthread_mutex_lock(&l->lock);
        bool some = l->n > 0;
        struct waiting w = l->queue[l->first];
        if (some) {
            l->first = (l->first + 1) % QUEUE_MAX;
            l->n--;
        }
        pthread_mutex_unlock(&l->lock);
        if (!some)
            return false;
        m.kept = w.kept;
        m.payload = arena_str(a, str_make(w.payload, w.n));
        free(w.payload);
        good = split(arena_str(a, str_of(w.topic)), &m);
        *ret = m;
    }
    return true;
}

bool link_up(struct fleet_link *l)
{
    return atomic_load(&l->up);
}

uint32_t link_lines(struct fleet_link *l)
{
    return atomic_load(&l->lines);
}

bool link_send(struct fleet_link *l, const char *topic, str payload, bool retain, int *ret_packet)
{
    int packet;
    if (mosquitto_publish(l->mosq, &packet, topic, (int)payload.n, payload.p, 1, retain) !=
        MOSQ_ERR_SUCCESS)
        return false;
    *ret_packet = packet;
    return true;
}

static err set_up(struct op *op, struct fleet *f, struct fleet_link *l)
{
    struct broker b;
    TRY(broker_settings(op, f->config, &b));
    if (b.user)
        mosquitto_username_pw_set(l->mosq, b.user, b.password);
    if (b.tls && mosquitto_tls_set(l->mosq, b.ca, NULL, b.cert, b.key, NULL) != MOSQ_ERR_SUCCESS)
        return fail(op, ERR_INVALID, BROKER_NO_TLS);
    mosquitto_connect_callback_set(l->mosq, on_connect);
    mosquitto_disconnect_callback_set(l->mosq, on_disconnect);
    mosquitto_message_callback_set(l->mosq, on_message);
    mosquitto_publish_callback_set(l->mosq, on_publish);
    mosquitto_reconnect_delay_set(l->mosq, 1, 30, true);
    (void)mosquitto_connect_async(l->mosq, b.host, b.port,
                                  30); /* one that is away is tried again */
    return mosquitto_loop_start(l->mosq) == MOSQ_ERR_SUCCESS
               ? OK
               : fail(op, ERR_UNAVAILABLE, "no thread for the fleet's broker");
}

err link_start(struct op *op, struct fleet *f, struct fleet_link **ret)
{
    struct fleet_link *l = calloc(1, sizeof *l);
    if (!l)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    mosquitto_lib_init();
    pthread_mutex_init(&l->lock, NULL);
    l->control = config_bool(f->config, "mqtt.control");
    str name = arena_cat(op->arena, config_str(f->config, "mqtt.client_id"), STR("-fleet"));
    l->mosq = mosquitto_new(str_z(op->arena, name), false, l);
    err e = l->mosq ? set_up(op, f, l) : fail(op, ERR_UNAVAILABLE, "out of memory");
    if (e != OK) {
        link_stop(l);
        return e;
    }
    *ret = l;
    return OK;
}

void link_stop(struct fleet_link *l)
{
    if (!l)
        return;
    if (l->mosq) {
        mosquitto_disconnect(l->mosq);       /* also of one that waits to try again */
        mosquitto_loop_stop(l->mosq, false); /* cancelled, it left behind what TLS was about */
        mosquitto_destroy(l->mosq);
    }
    for (; l->n; l->n--, l->first = (l->first + 1) % QUEUE_MAX)
        free(l->queue[l->first].payload);
    pthread_mutex_destroy(&l->lock);
    mosquitto_lib_cleanup();
    free(l);
}
