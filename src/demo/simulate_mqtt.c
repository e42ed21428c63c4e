/* Live devices of the demonstration: real MQTT clients with their own credentials. Each device
 * takes its turn; the planted ones get worse round by round and stay bad. */
#include "demo/demo_int.h"

#include <mosquitto.h>
#include <stdatomic.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64

static double oxygen_at(const struct demo_device *d, uint64_t round)
{
    static const double falling[] = {96, 93, 90, 86, 85};
    if (!str_eq(d->planted, STR("live-oxygen")))
        return d->oxygen - 1 + (double)(round % 3);
    return falling[round < 4 ? round : 4];
}

str demo_reading(struct op *op, const struct demo_device *dev, uint64_t round, int64_t now)
{
    struct demo d = {.op = op, .rng = {round * 1000003 + dev->patient.n}, .now = now};
    for (size_t i = 0; i < dev->patient.n; i++)
        d.rng.state = d.rng.state * 31 + (unsigned char)dev->patient.p[i];
    double pulse = dev->pulse + 3 * rng_normal(&d.rng), oxygen = oxygen_at(dev, round);
    bool even = round % 2 == 0 || str_eq(dev->planted, STR("live-oxygen"));
    buf_init(&d.b, op->arena, 1u << 20);
    buf_add(&d.b, STR("{\"resourceType\":\"Observation\""));
    str hub = arena_printf(op->arena, "%.*s-hub", STR_ARG(dev->patient));
    demo_vital(&d, even ? VITAL_OXYGEN : VITAL_PULSE, dev->patient, hub, now,
               even ? &oxygen : &pulse);
    buf_char(&d.b, '}');
    return buf_ok(&d.b) ? buf_str(&d.b) : STR_NONE;
}

struct line {
    struct mosquitto *mosq;
    const struct demo_device *device;
    bool up;
};

static bool stopped(const struct demo_simulator *s, int64_t ms)
{
    for (int64_t t = 0; t < ms; t += 100) {
        if (atomic_load(s->stop))
            return true;
        usleep(100000);
    }
    return atomic_load(s->stop);
}

static void publish(struct op *op, struct line *l, const struct demo_simulator *s, uint64_t round)
{
    if (!l->up) {
        l->up = mosquitto_connect(l->mosq, s->host, s->port, 60) == MOSQ_ERR_SUCCESS &&
                mosquitto_loop_start(l->mosq) == MOSQ_ERR_SUCCESS;
        if (!l->up)
            return;
    }
    str text = demo_reading(op, l->device, round, time_now());
    str topic = arena_printf(op->arena, "weft/v1/%.*s/observation", STR_ARG(l->device->user));
    mosquitto_publish(l->mosq, NULL, topic.p, (int)text.n, text.p, 1, false);
}

static err open_lines(struct op *op, const struct demo_simulator *s, struct line *lines, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct demo_device *d = &s->devices[i];
        lines[i] = (struct line){mosquitto_new(str_z(op->arena, d->user), true, NULL), d, false};
        if (!lines[i].mosq)
            return fail(op, ERR_UNAVAILABLE, "out of memory");
        mosquitto_username_pw_set(lines[i].mosq, str_z(op->arena, d->user),
                                  str_z(op->arena, d->password));
    }
    return OK;
}

static void close_lines(struct line *lines, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (lines[i].up) {
            mosquitto_disconnect(lines[i].mosq);
            mosquitto_loop_stop(lines[i].mosq, true);
        }
        mosquitto_destroy(lines[i].mosq);
    }
}

err demo_simulate(struct op *op, const struct demo_simulator *s)
{
    size_t n = s->n < CONNECTIONS_MAX ? s->n : CONNECTIONS_MAX;
    struct line *lines = ARENA_ARRAY(op->arena, struct line, n + 1);
    struct arena *scratch = arena_new(8u << 20);
    if (!lines || !scratch)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    mosquitto_lib_init();
    err e = open_lines(op, s, lines, n);
    for (uint64_t round = 0; e == OK && !stopped(s, s->period_ms); round++) {
        struct op turn;
        arena_reset(scratch);
        op_init(&turn, scratch, NULL, time_now());
        for (size_t i = 0; i < n; i++)
            publish(&turn, &lines[i], s, round);
    }
    close_lines(lines, n);
    mosquitto_lib_cleanup();
    arena_free(scratch);
    return e;
}
