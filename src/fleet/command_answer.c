/* The device's side of a command: fetched over HTTP by one that has no MQTT, answered by either
 * road. Invariants: a device sees and answers its own only; the same answer twice, or an older one
 * later, changes nothing. */
#include "fleet/firmware_int.h"

static err not_own(struct op *op)
{
    return fail(op, ERR_NOT_FOUND, "There is no such command.");
}

static enum command_state said_state(str code)
{
    static const enum command_state all[] = {COMMAND_ACCEPTED, COMMAND_DONE, COMMAND_FAILED};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (str_eq(code, str_of(COMMAND_STATE_ROWS[all[i]].code)))
            return all[i];
    return COMMAND_STATES;
}

/* What it did stays true when we had given it up meanwhile. */
static bool moves(const struct command *c, enum command_state to)
{
    if (to == COMMAND_ACCEPTED)
        return command_to_send(c) || c->state == COMMAND_HELD;
    if (c->state == COMMAND_FAILED) /* said by us, not by the device */
        return command_silent(c);
    return c->state != COMMAND_DONE;
}

static err answer_once(struct op *op, struct fleet *f, str device, str id, const struct json *in)
{
    struct command c;
    enum command_state to = said_state(json_get_str(in, STR("state")));
    if (to == COMMAND_STATES)
        return fail_at(op, ERR_INVALID, STR("state"), "state is accepted, done or failed.");
    if (!fhir_id_valid(id))
        return not_own(op);
    TRY(command_read(op, f, id, &c));
    if (!str_eq(c.device, device) || c.state == COMMAND_WAITING || c.state == COMMAND_REFUSED)
        return not_own(op);
    if (!moves(&c, to))
        return OK;
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(command_move(op, f, tx, &c, to, json_get_str(in, STR("reason"))));
    return record_commit(tx);
}

/* A person, or the broker's word, may have been quicker. */
static err answered(struct op *op, struct fleet *f, str device, str id, const struct json *in)
{
    err e = answer_once(op, f, device, id, in);
    for (int i = 0; i < 3 && (e == ERR_CONFLICT || e == ERR_PRECONDITION); i++) {
        op_clear(op);
        e = answer_once(op, f, device, id, in);
    }
    return e;
}

err command_heard(struct op *op, struct fleet *f, const struct link_message *m)
{
    struct fleet_device d;
    struct json *o;
    TRY(device_by_user(op, f, m->device, &d));
    TRY(json_read(op, m->payload, &(struct json_limits){.bytes = 4096, .depth = 4, .nodes = 50},
                  &o));
    return answered(op, f, d.doc.id, json_get_str(o, STR("id")), o);
}

err command_asker(struct op *op, struct fleet *f, struct fleet_device *ret)
{
    const struct actor *a = op->actor;
    struct fhir_ref ref = fhir_ref_parse(a ? a->reference : STR_NONE);
    if (!a || a->role != ROLE_DEVICE || ref.kind != REF_LOCAL)
        return fail(op, ERR_FORBIDDEN, "Only a device asks for its own commands.");
    op->actor = fleet_system();
    err e = device_read(op, f, ref.id, ret);
    if (e == OK && (ret->life != LIFE_ACTIVE || !str_eq(ret->user, a->user)))
        e = fail(op, ERR_FORBIDDEN, "Only a device that this server opened gets commands.");
    if (e != OK)
        op->actor = a;
    return e;
}

static err fetch(struct op *op, struct fleet *f, const struct fleet_device *d, struct json *list)
{
    struct record_page page;
    struct record_tx *tx = record_begin(op, f->rec);
    bool any = false;
    TRY(command_find(op, f, d->doc.id, "ready", &page));
    for (size_t i = page.n; i-- > 0;) { /* oldest first */
        struct command c;
        struct json *o = json_new(op->arena, JSON_OBJECT);
        str message;
        bool go;
        TRY(command_of(op, &page.docs[i], &c));
        TRY(firmware_may_go(op, f, &c, &go));
        if (!go || !command_to_send(&c) || op->now >= c.until)
            continue;
        TRY(command_message(op, f, &c, &message));
        json_set_str(op->arena, o, STR("id"), c.doc.id);
        json_set_str(op->arena, o, STR("message"), message);
        json_push(op->arena, list, o);
        if (c.state != COMMAND_QUEUED)
            continue;
        TRY(command_move(op, f, tx, &c, COMMAND_SENT, STR_NONE));
        any = true;
    }
    return any ? record_commit(tx) : OK;
}

err fleet_inbox(struct op *op, struct fleet *f, struct json **ret)
{
    const struct actor *device = op->actor;
    struct fleet_device d;
    struct json *o = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    TRY(command_asker(op, f, &d));
    err e = fetch(op, f, &d, list);
    op->actor = device;
    if (e == ERR_CONFLICT || e == ERR_PRECONDITION)
        op_clear(op); /* the broker was quicker: it has them, too */
    else
        TRY(e);
    json_set(op->arena, o, STR("commands"), list);
    *ret = o;
    return op_check(op);
}

err fleet_answer(struct op *op, struct fleet *f, str id, const struct json *in)
{
    const struct actor *device = op->actor;
    struct fleet_device d;
    TRY(command_asker(op, f, &d));
    err e = answered(op, f, d.doc.id, id, in);
    op->actor = device;
    return e;
}
