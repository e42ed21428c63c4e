/* What is counted of a release: asked, done, failed, ring by ring; and what one device did of its
 * newest. Invariants: a device counts once in a release however often it speaks; the failure that
 * is one too many and the halt are one transaction. */
#include "fleet/firmware_int.h"

/* The newest update of a device. */
struct update {
    str release, command, state; /* asked, done, bad */
    str was;                     /* the state that is counted of it already; empty: none */
    int64_t ring, at;
};

static str tally_key(struct op *op, str release)
{
    return arena_printf(op->arena, "fleet/firmware/tally/%.*s", STR_ARG(release));
}

static str update_key(struct op *op, str device)
{
    return arena_printf(op->arena, "fleet/update/%.*s", STR_ARG(device));
}

/* What is counted of a device in a release: "ring state". It stays when another release asks the
 * device, so that nothing is counted again when the first one is asked for by hand once more. */
static str mark_key(struct op *op, str release, str device)
{
    return arena_printf(op->arena, "fleet/update-mark/%.*s/%.*s", STR_ARG(release),
                        STR_ARG(device));
}

static int64_t whole(const struct json *o, const char *name)
{
    int64_t v = 0;
    (void)json_i64(json_get(o, str_of(name)), &v);
    return v;
}

static void put(struct op *op, struct json *o, const char *name, int64_t v)
{
    if (v)
        json_set(op->arena, o, str_of(name), json_new_i64(op->arena, v));
}

static str written(struct op *op, const struct json *o)
{
    struct buf b;
    buf_init(&b, op->arena, 16384);
    json_write(&b, o);
    return buf_str(&b);
}

/* ---- of a release ---- */

static void ring_of(const struct json *o, struct ring_count *c)
{
    const struct json *signs = JSON_GET(o, "signs");
    *c = (struct ring_count){.opened = whole(o, "opened"),
                             .passed = whole(o, "passed"),
                             .asked = whole(o, "asked"),
                             .done = whole(o, "done"),
                             .failed = whole(o, "failed"),
                             .forgiven = whole(o, "forgiven")};
    for (size_t i = 0; signs && i < signs->n && i < FIRMWARE_SIGNS; i++) {
        c->sign[i].name = signs->u.members[i].name;
        (void)json_i64(&signs->u.members[i].value, &c->sign[i].n);
        c->n_signs++;
    }
}

static err tally_of(struct op *op, str text, struct tally *ret)
{
    struct json *o;
    *ret = (struct tally){.ring = 0};
    if (!text.n)
        return OK;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    ret->ring = (size_t)whole(o, "ring") % FIRMWARE_RINGS;
    ret->full = json_bool(JSON_GET(o, "full"), false);
    for (size_t i = 0; i < FIRMWARE_RINGS; i++)
        ring_of(json_at(JSON_GET(o, "rings"), i), &ret->rings[i]);
    const struct json *halt = JSON_GET(o, "halt");
    ret->halt_at = whole(halt, "at");
    ret->halt_ring = (size_t)whole(halt, "ring") % FIRMWARE_RINGS;
    ret->halt_failed = whole(halt, "failed");
    ret->halt_asked = whole(halt, "asked");
    return op_check(op);
}

err tally_load(struct op *op, struct fleet *f, str release, struct tally *ret)
{
    str text;
    TRY(record_kv_get(op, f->rec, tally_key(op, release), &text));
    return tally_of(op, text, ret);
}

err tally_now(struct op *op, struct record_tx *tx, str release, struct tally *ret)
{
    str text;
    TRY(record_tx_kv_now(tx, tally_key(op, release), &text));
    return tally_of(op, text, ret);
}

static struct json *ring_json(struct op *op, const struct ring_count *c)
{
    struct json *o = json_new(op->arena, JSON_OBJECT), *signs = json_new(op->arena, JSON_OBJECT);
    put(op, o, "opened", c->opened);
    put(op, o, "passed", c->passed);
    put(op, o, "asked", c->asked);
    put(op, o, "done", c->done);
    put(op, o, "failed", c->failed);
    put(op, o, "forgiven", c->forgiven);
    for (size_t i = 0; i < c->n_signs; i++)
        json_set(op->arena, signs, c->sign[i].name, json_new_i64(op->arena, c->sign[i].n));
    json_set(op->arena, o, STR("signs"), signs);
    return o;
}

void tally_keep(struct op *op, struct record_tx *tx, str release, const struct tally *t)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *rings = json_new(a, JSON_ARRAY),
                *halt = json_new(a, JSON_OBJECT);
    put(op, o, "ring", (int64_t)t->ring);
    json_set(a, o, STR("full"), json_new_bool(a, t->full));
    for (size_t i = 0; i < FIRMWARE_RINGS; i++)
        json_push(a, rings, ring_json(op, &t->rings[i]));
    json_set(a, o, STR("rings"), rings);
    put(op, halt, "at", t->halt_at);
    put(op, halt, "ring", (int64_t)t->halt_ring);
    put(op, halt, "failed", t->halt_failed);
    put(op, halt, "asked", t->halt_asked);
    json_set(a, o, STR("halt"), halt);
    record_tx_kv(tx, tally_key(op, release), written(op, o));
}

/* ---- of a device ---- */

static err update_of(struct op *op, str text, struct update *ret)
{
    struct json *o;
    *ret = (struct update){.ring = 0};
    if (!text.n)
        return OK;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    *ret = (struct update){.release = json_get_str(o, STR("release")),
                           .command = json_get_str(o, STR("command")),
                           .state = json_get_str(o, STR("state")),
                           .was = json_get_str(o, STR("was")),
                           .ring = whole(o, "ring"),
                           .at = whole(o, "at")};
    return OK;
}

static void update_keep(struct op *op, struct record_tx *tx, str device, const struct update *u)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    json_set_str(a, o, STR("release"), u->release);
    json_set_str(a, o, STR("command"), u->command);
    json_set_str(a, o, STR("state"), u->state);
    if (u->was.n)
        json_set_str(a, o, STR("was"), u->was);
    put(op, o, "ring", u->ring);
    put(op, o, "at", u->at);
    record_tx_kv(tx, update_key(op, device), written(op, o));
    record_tx_kv(
        tx, mark_key(op, u->release, device),
        arena_printf(a, "%lld %.*s", (long long)u->ring,
                     STR_ARG(str_eq(u->state, STR("asked")) && u->was.n ? u->was : u->state)));
}

/* What is counted of the device in the release: ret->state is empty when nothing is. */
static err mark_now(struct op *op, struct record_tx *tx, str release, str device,
                    struct update *ret)
{
    str mark, ring;
    TRY(record_tx_kv_now(tx, mark_key(op, release, device), &mark));
    *ret = (struct update){.release = release};
    if (mark.n && str_take_until(&mark, ' ', &ring)) {
        (void)str_to_i64(ring, &ret->ring);
        ret->state = mark;
    }
    return OK;
}

err firmware_asked_before(struct op *op, struct fleet *f, str release, str device, bool *ret)
{
    struct update u;
    str text;
    TRY(record_kv_get(op, f->rec, update_key(op, device), &text));
    TRY(update_of(op, text, &u));
    *ret = str_eq(u.release, release);
    if (*ret)
        return OK;
    TRY(record_kv_get(op, f->rec, mark_key(op, release, device), &text));
    *ret = text.n > 0;
    return OK;
}

err firmware_asked(struct op *op, struct record_tx *tx, str release, str device, str command,
                   size_t ring, bool *ret_again)
{
    struct update u, mark;
    str text;
    TRY(record_tx_kv_now(tx, update_key(op, device), &text));
    TRY(update_of(op, text, &u));
    TRY(mark_now(op, tx, release, device, &mark));
    if (!mark.state.n && str_eq(u.release, release)) { /* from before there were marks */
        mark.state = u.state;
        mark.ring = u.ring;
    }
    *ret_again = mark.state.n > 0;
    u = (struct update){.release = release,
                        .command = command,
                        .state = str_eq(mark.state, STR("bad")) ? mark.state : STR("asked"),
                        .was = str_eq(mark.state, STR("done")) ? mark.state : STR_NONE,
                        .ring = *ret_again ? mark.ring : (int64_t)ring,
                        .at = op->now};
    update_keep(op, tx, device, &u);
    return op_check(op);
}

err firmware_asked_by_hand(struct op *op, struct record_tx *tx, const struct firmware *r,
                           str device, str command)
{
    struct firmware now = *r;
    struct tally t;
    bool again;
    TRY(image_look_now(op, tx, &now));
    if (!image_is_here(&now))
        return firmware_gone(op);
    TRY(tally_now(op, tx, r->doc.id, &t));
    TRY(firmware_asked(op, tx, r->doc.id, device, command, t.ring, &again));
    t.rings[t.ring].asked += !again;
    tally_keep(op, tx, r->doc.id, &t);
    return op_check(op);
}

/* Counted; the release halts when that is one too many. */
static err failed(struct op *op, struct fleet *f, struct record_tx *tx, const struct update *u,
                  str sign)
{
    struct tally t;
    struct firmware r;
    TRY(tally_now(op, tx, u->release, &t));
    size_t ring = (size_t)u->ring % FIRMWARE_RINGS;
    struct ring_count *c = &t.rings[ring];
    c->failed++;
    ring_sign(c, sign);
    if (ring_failed(&FIRMWARE_RING[ring], c)) {
        TRY(firmware_read(op, f, u->release, &r));
        if (r.state == FIRMWARE_RUNNING) {
            t.halt_at = op->now;
            t.halt_ring = ring;
            t.halt_failed = c->failed - c->forgiven;
            t.halt_asked = c->asked;
            firmware_note(op, &r, fleet_system()->user, STR("halt"), STR_NONE);
            TRY(firmware_move(op, f, tx, &r, FIRMWARE_HALTED, STR_NONE));
            record_tx_trail(tx, STR("firmware-halted"), r.doc.type, r.doc.id, NULL);
        }
    }
    tally_keep(op, tx, u->release, &t);
    return op_check(op);
}

err firmware_answered(struct op *op, struct fleet *f, struct record_tx *tx, const struct command *c,
                      enum command_state to)
{
    struct update u;
    struct tally t;
    str text;
    if (to != COMMAND_DONE && to != COMMAND_FAILED)
        return OK;
    TRY(record_tx_kv_now(tx, update_key(op, c->device), &text));
    TRY(update_of(op, text, &u));
    if (!str_eq(u.command, c->doc.id) || !str_eq(u.state, STR("asked")))
        return OK;
    bool counted = str_eq(u.was, STR("done"));
    u.at = op->now;
    u.state = to == COMMAND_DONE ? STR("done") : STR("bad");
    u.was = STR_NONE;
    update_keep(op, tx, c->device, &u);
    if (to == COMMAND_FAILED)
        return failed(op, f, tx, &u, STR("failed"));
    if (counted)
        return OK;
    TRY(tally_now(op, tx, u.release, &t));
    t.rings[(size_t)u.ring % FIRMWARE_RINGS].done++;
    tally_keep(op, tx, u.release, &t);
    return op_check(op);
}

err firmware_sign(struct op *op, struct fleet *f, struct record_tx *tx, const struct bad_sign *sign)
{
    struct update u;
    struct firmware r;
    str text;
    TRY(record_tx_kv_now(tx, update_key(op, sign->device), &text));
    TRY(update_of(op, text, &u));
    if (!str_eq(u.state, STR("done")) || sign->at < u.at)
        return OK;
    TRY(firmware_read(op, f, u.release, &r));
    int64_t watched = FIRMWARE_RING[(size_t)u.ring % FIRMWARE_RINGS].soak * INT64_C(3600000);
    if (r.state > FIRMWARE_RESUMING || op->now - u.at > watched)
        return OK;
    u.state = STR("bad");
    update_keep(op, tx, sign->device, &u);
    return failed(op, f, tx, &u, sign->name);
}

err firmware_runs(struct op *op, struct fleet *f, struct record_tx *tx, str device, str version)
{
    struct bad_sign sign = {.device = device, .name = STR("version"), .at = op->now};
    struct update u;
    struct firmware r;
    struct command c;
    str text;
    TRY(record_kv_get(op, f->rec, update_key(op, device), &text));
    TRY(update_of(op, text, &u));
    bool done = str_eq(u.state, STR("done"));
    if (!done && !str_eq(u.state, STR("asked")))
        return OK;
    TRY(firmware_read(op, f, u.release, &r));
    if (str_eq(r.version, version) == done) /* as it said, or not there yet */
        return OK;
    if (done)
        return firmware_sign(op, f, tx, &sign);
    TRY(command_read(op, f, u.command, &c)); /* its word was lost; what it runs is one, too */
    return command_open(&c) ? command_move(op, f, tx, &c, COMMAND_DONE, STR_NONE) : OK;
}
