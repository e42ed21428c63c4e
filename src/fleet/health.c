/* What is known of a device's health, kept as one named value a device: JSON, so that a later
 * version reads what an earlier one wrote. */
#include "fleet/storm_int.h"

static str key_of(struct op *op, str device)
{
    return arena_printf(op->arena, "fleet/health/%.*s", STR_ARG(device));
}

static int64_t whole(const struct json *o, const char *name)
{
    int64_t v = 0;
    (void)json_i64(json_get(o, str_of(name)), &v);
    return v;
}

static double number(const struct json *o, const char *name)
{
    double v = 0;
    (void)json_double(json_get(o, str_of(name)), &v);
    return v;
}

static void read_lists(const struct json *o, struct health *h)
{
    const struct json *list = JSON_GET(o, "battery"), *one;
    for (size_t i = 0; (one = json_at(list, i)) && i < HEALTH_BATTERIES; i++)
        h->battery[h->n_battery++] = (struct health_point){whole(one, "at"), number(one, "value")};
    list = JSON_GET(o, "odd");
    for (size_t i = 0; (one = json_at(list, i)) && i < HEALTH_ODD; i++)
        (void)json_i64(one, &h->odd[h->n_odd++]);
    list = JSON_GET(o, "raised");
    for (size_t i = 0; i < FLEET_RULES; i++)
        h->raised[i] = whole(list, FLEET_RULE[i].id);
    list = JSON_GET(o, "told");
    for (size_t i = 0; i < FLEET_RULES; i++)
        h->told[i] = whole(list, FLEET_RULE[i].id);
}

err health_load(struct op *op, struct fleet *f, str device, struct health *ret, str *ret_text)
{
    struct json *o;
    struct health h = {.heard = 0};
    TRY(record_kv_get(op, f->rec, key_of(op, device), ret_text));
    if (ret_text->n) {
        TRY(json_read(op, *ret_text, &JSON_LIMITS_DEFAULT, &o));
        h = (struct health){.heard = whole(o, "heard"),
                            .stated = whole(o, "stated"),
                            .count = whole(o, "count"),
                            .noted = whole(o, "noted"),
                            .broken = whole(o, "broken"),
                            .stuck = whole(o, "stuck"),
                            .awaited = json_get_str(o, STR("awaited")),
                            .look = whole(o, "look"),
                            .out = whole(o, "out"),
                            .groups = json_get_str(o, STR("groups")),
                            .storm = json_get_str(o, STR("storm")),
                            .grouped = whole(o, "grouped"),
                            .said = json_get_str(o, STR("said")),
                            .firmware = json_get_str(o, STR("firmware")),
                            .least = json_get_str(o, STR("least")),
                            .skew_s = number(o, "skew"),
                            .retries = number(o, "retries"),
                            .reference = number(o, "reference"),
                            .has_reference = JSON_GET(o, "reference"),
                            .tamper = json_bool(JSON_GET(o, "tamper"), false),
                            .impostor = json_bool(JSON_GET(o, "impostor"), false),
                            .timed = json_bool(JSON_GET(o, "timed"), false)};
        read_lists(o, &h);
    }
    *ret = h;
    return op_check(op);
}

static void put_whole(struct op *op, struct json *o, const char *name, int64_t v)
{
    if (v)
        json_set(op->arena, o, str_of(name), json_new_i64(op->arena, v));
}

static void put_number(struct op *op, struct json *o, const char *name, double v)
{
    json_set(op->arena, o, str_of(name),
             json_new_num(op->arena, arena_printf(op->arena, "%.9g", v)));
}

static void put_flag(struct op *op, struct json *o, const char *name, bool v)
{
    if (v)
        json_set(op->arena, o, str_of(name), json_new_bool(op->arena, true));
}

static void put_text(struct op *op, struct json *o, const char *name, str v)
{
    if (v.n)
        json_set_str(op->arena, o, str_of(name), v);
}

/* Its line, its update, what it shares with others. */
static void put_silence(struct op *op, struct json *o, const struct health *h)
{
    put_whole(op, o, "broken", h->broken);
    put_whole(op, o, "stuck", h->stuck);
    put_text(op, o, "awaited", h->awaited);
    put_whole(op, o, "look", h->look);
    put_whole(op, o, "out", h->out);
    put_text(op, o, "groups", h->groups);
    put_text(op, o, "storm", h->storm);
    put_whole(op, o, "grouped", h->grouped);
}

static void put_lists(struct op *op, struct json *o, const struct health *h)
{
    struct arena *a = op->arena;
    struct json *battery = json_new(a, JSON_ARRAY), *odd = json_new(a, JSON_ARRAY),
                *raised = json_new(a, JSON_OBJECT), *told = json_new(a, JSON_OBJECT);
    for (size_t i = 0; i < h->n_battery; i++) {
        struct json *p = json_new(a, JSON_OBJECT);
        put_whole(op, p, "at", h->battery[i].at);
        put_number(op, p, "value", h->battery[i].value);
        json_push(a, battery, p);
    }
    for (size_t i = 0; i < h->n_odd; i++)
        json_push(a, odd, json_new_i64(a, h->odd[i]));
    for (size_t i = 0; i < FLEET_RULES; i++)
        put_whole(op, raised, FLEET_RULE[i].id, h->raised[i]);
    for (size_t i = 0; i < FLEET_RULES; i++)
        put_whole(op, told, FLEET_RULE[i].id, h->told[i]);
    json_set(a, o, STR("battery"), battery);
    json_set(a, o, STR("odd"), odd);
    json_set(a, o, STR("raised"), raised);
    json_set(a, o, STR("told"), told);
}

void health_keep(struct op *op, struct record_tx *tx, str device, const struct health *h, str was)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct buf b;
    put_whole(op, o, "heard", h->heard);
    put_whole(op, o, "stated", h->stated);
    put_whole(op, o, "count", h->count);
    put_whole(op, o, "noted", h->noted);
    json_set_str(op->arena, o, STR("said"), h->said);
    json_set_str(op->arena, o, STR("firmware"), h->firmware);
    json_set_str(op->arena, o, STR("least"), h->least);
    put_number(op, o, "skew", h->skew_s);
    put_number(op, o, "retries", h->retries);
    if (h->has_reference)
        put_number(op, o, "reference", h->reference);
    put_flag(op, o, "tamper", h->tamper);
    put_flag(op, o, "impostor", h->impostor);
    put_flag(op, o, "timed", h->timed);
    put_silence(op, o, h);
    put_lists(op, o, h);
    buf_init(&b, op->arena, 32768);
    json_write(&b, o);
    record_tx_expect_kv(tx, key_of(op, device), was);
    record_tx_kv(tx, key_of(op, device), buf_str(&b));
}

struct json *health_told(struct op *op, const struct health *h)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *all = json_new(a, JSON_ARRAY);
    double left;
    if (h->heard)
        json_set_str(a, o, STR("heard"), time_format(a, h->heard));
    if (h->broken)
        json_set_str(a, o, STR("broken"), time_format(a, h->broken));
    if (h->n_battery)
        put_number(op, o, "battery", h->battery[h->n_battery - 1].value);
    if (health_value(h, HEALTH_SLOPE, op->now, &left))
        put_number(op, o, "daysLeft", left);
    for (size_t i = 0; i < FLEET_RULES; i++)
        if (h->raised[i])
            json_push(a, all, json_new_str(a, str_of(FLEET_RULE[i].id)));
    if (h->storm.n)
        json_push(a, all, json_new_str(a, str_of(FLEET_STORM.id)));
    json_set(a, o, STR("problems"), all);
    return o;
}
