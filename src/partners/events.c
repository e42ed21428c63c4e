/* A subscription's numbered events and how their delivery stands, as small named values of the
 * record (sealed there). Numbers start at 1 and have no gaps.
 * Invariant: tail and events are written by the follower, the head by the courier: they never
 * overwrite each other. */
#include "partners/partners_int.h"

static str key(struct op *op, uint64_t sub, const char *name)
{
    return arena_printf(op->arena, "sub/%llu/%s", (unsigned long long)sub, name);
}

static str key_of(struct op *op, uint64_t sub, uint64_t number)
{
    return arena_printf(op->arena, "sub/%llu/%llu", (unsigned long long)sub,
                        (unsigned long long)number);
}

str job_key(struct op *op, uint64_t sub)
{
    return key(op, sub, "job");
}

static err number(struct op *op, struct partners *p, str name, uint64_t *ret)
{
    str text;
    TRY(record_kv_get(op, p->rec, name, &text));
    *ret = 0;
    if (text.n && !str_to_u64(text, UINT64_MAX, ret))
        return fail(op, ERR_FAULT, "A subscription's events cannot be read.");
    return OK;
}

err events_tail(struct op *op, struct partners *p, uint64_t rid, uint64_t *ret)
{
    return number(op, p, key(op, rid, "tail"), ret);
}

err events_from(struct op *op, struct partners *p, uint64_t rid, uint64_t *ret)
{
    return number(op, p, key(op, rid, "from"), ret);
}

err events_begin(struct record_tx *tx, struct op *op, struct partners *p, uint64_t rid, uint64_t t)
{
    uint64_t before;
    TRY(events_from(op, p, rid, &before));
    if (!before)
        record_tx_kv(tx, key(op, rid, "from"),
                     arena_printf(op->arena, "%llu", (unsigned long long)t));
    return OK;
}

static str packed(struct op *op, const struct event *e)
{
    struct buf b;
    buf_init(&b, op->arena, 64);
    buf_u8(&b, e->deleted ? 1 : 0);
    buf_u16(&b, e->type);
    buf_varint(&b, e->rid);
    buf_varint(&b, e->vid);
    buf_u64(&b, (uint64_t)e->at);
    return buf_str(&b);
}

static bool unpacked(str in, struct event *ret)
{
    uint8_t flags;
    uint16_t type;
    uint64_t vid, at;
    if (!take_u8(&in, &flags) || !take_u16(&in, &type) || !take_varint(&in, &ret->rid) ||
        !take_varint(&in, &vid) || !take_u64(&in, &at))
        return false;
    ret->deleted = flags & 1;
    ret->type = type;
    ret->vid = (uint32_t)vid;
    ret->at = (int64_t)at;
    return true;
}

void events_add(struct record_tx *tx, struct op *op, uint64_t sub, const struct event *e)
{
    record_tx_kv(tx, key_of(op, sub, e->number), packed(op, e));
    record_tx_kv(tx, key(op, sub, "tail"),
                 arena_printf(op->arena, "%llu", (unsigned long long)e->number));
}

void events_drop(struct record_tx *tx, struct op *op, uint64_t sub, uint64_t number)
{
    record_tx_kv(tx, key_of(op, sub, number), STR_NONE);
}

err events_read(struct op *op, struct partners *p, uint64_t sub, uint64_t from, uint64_t to,
                struct event **ret, size_t *ret_n)
{
    size_t n = 0, max = to >= from ? (size_t)(to - from + 1) : 0;
    if (max > EVENTS_A_BUNDLE)
        max = EVENTS_A_BUNDLE;
    struct event *all = ARENA_ARRAY(op->arena, struct event, max + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < max; i++) {
        str text;
        TRY(record_kv_get(op, p->rec, key_of(op, sub, from + i), &text));
        if (str_empty(text))
            continue; /* older than what is kept */
        all[n].number = from + i;
        if (!unpacked(text, &all[n++]))
            return fail(op, ERR_FAULT, "A subscription's event cannot be read.");
    }
    *ret = all;
    *ret_n = n;
    return OK;
}

err head_read(struct op *op, struct partners *p, uint64_t sub, struct head *ret)
{
    str text;
    struct json *o;
    int64_t delivered = 0, attempts = 0, trying = 0;
    *ret = (struct head){0};
    TRY(record_kv_get(op, p->rec, key(op, sub, "head"), &text));
    if (str_empty(text))
        return OK;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    json_i64(JSON_GET(o, "delivered"), &delivered);
    json_i64(JSON_GET(o, "attempts"), &attempts);
    json_i64(JSON_GET(o, "trying"), &trying);
    json_i64(JSON_GET(o, "tried"), &ret->last_try);
    json_i64(JSON_GET(o, "success"), &ret->last_success);
    json_i64(JSON_GET(o, "failing"), &ret->failing_since);
    ret->delivered = (uint64_t)delivered;
    ret->trying = (uint64_t)trying;
    ret->attempts = (unsigned)attempts;
    ret->error = json_get_str(o, STR("error"));
    return OK;
}

void head_write(struct record_tx *tx, struct op *op, uint64_t sub, const struct head *h)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    struct buf b;
    json_set(a, o, STR("delivered"), json_new_i64(a, (int64_t)h->delivered));
    json_set(a, o, STR("trying"), json_new_i64(a, (int64_t)h->trying));
    json_set(a, o, STR("attempts"), json_new_i64(a, h->attempts));
    json_set(a, o, STR("tried"), json_new_i64(a, h->last_try));
    json_set(a, o, STR("success"), json_new_i64(a, h->last_success));
    json_set(a, o, STR("failing"), json_new_i64(a, h->failing_since));
    json_set_str(a, o, STR("error"), h->error);
    buf_init(&b, a, 4096);
    json_write(&b, o);
    record_tx_kv(tx, key(op, sub, "head"), buf_str(&b));
}

err job_put(struct record_tx *tx, struct op *op, struct partners *p, uint64_t sub, const char *kind)
{
    str there;
    TRY(record_kv_get(op, p->rec, job_key(op, sub), &there));
    record_tx_expect_kv(tx, job_key(op, sub), there);
    if (there.n)
        return OK;
    record_tx_kv(tx, job_key(op, sub), STR("1"));
    record_tx_outbox(tx, STR(COURIER_QUEUE), op->now,
                     arena_printf(op->arena, "%llu %s", (unsigned long long)sub, kind));
    return OK;
}
