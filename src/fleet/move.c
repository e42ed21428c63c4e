/* From one state of its life to the next, as the table permits. Invariants: the account is closed
 * before the Device says so, so nothing gets in between; a wiped kit is a new Device on the shelf
 * and the old one keeps the patient's history. */
#include "fleet/command_int.h"
#include "fleet/recall_int.h"

#define REASON_MAX 500u

static err check(struct op *op, const struct fleet_device *d, enum fleet_life to,
                 const struct json *in)
{
    const struct fleet_state *row = &FLEET_STATES[to];
    str reason = str_trim(json_get_str(in, STR("reason")));
    if (!(row->from >> d->life & 1u))
        return fail_at(op, ERR_CONFLICT, STR("state"),
                       "The device is in another state by now; look again.");
    if (row->reason && !reason.n)
        return fail_at(op, ERR_INVALID, STR("reason"), "Say why.");
    if (reason.n > REASON_MAX)
        return fail_at(op, ERR_INVALID, STR("reason"), "A reason has at most 500 bytes.");
    if (to == LIFE_SHIPPED && !fhir_id_valid(json_get_str(in, STR("patient"))))
        return fail_at(op, ERR_INVALID, STR("patient"), "Say which patient the kit goes to.");
    return OK;
}

/* The same kit for somebody else: nothing of the patient, nothing of the old keys. */
static struct json *fresh(struct op *op, const struct fleet_device *d)
{
    static const char *const gone[] = {"id",      "meta",         "text",     "patient", "note",
                                       "version", "statusReason", "property", "location"};
    struct fleet_device n = {.tree = json_dup(op->arena, d->tree)};
    struct json *ids = JSON_GET(n.tree, "identifier"), *one;
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        json_unset(n.tree, str_of(gone[i]));
    for (size_t i = 0; (one = json_at(ids, i)); i++)
        if (str_eq(json_get_str(one, STR("system")), STR(FLEET_ACCOUNT)))
            json_set_str(op->arena, one, STR("value"),
                         arena_cat(op->arena, STR("kit-"), random_token(op->arena, 8)));
    device_set_life(op, &n, LIFE_STOCK);
    return n.tree;
}

static void note_reason(struct op *op, struct fleet_device *d, str reason)
{
    struct json *c = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    json_unset(d->tree, STR("statusReason"));
    if (!reason.n)
        return;
    json_set_str(op->arena, c, STR("text"), reason);
    json_push(op->arena, list, c);
    json_set(op->arena, d->tree, STR("statusReason"), list);
}

static err write(struct op *op, struct fleet *f, struct fleet_device *d, enum fleet_life to,
                 const struct json *in)
{
    struct arena *a = op->arena;
    struct record_tx *tx = record_begin(op, f->rec);
    struct json *detail = json_new(a, JSON_OBJECT);
    const struct actor *person = op->actor;
    str other;
    json_set_str(a, detail, STR("from"), str_of(FLEET_STATES[d->life].code));
    json_set_str(a, detail, STR("to"), str_of(FLEET_STATES[to].code));
    op->actor = fleet_system();
    if (to == LIFE_SHIPPED) {
        d->patient = json_get_str(in, STR("patient"));
        json_set(a, d->tree, STR("patient"), fhir_reference_to(op, "Patient", d->patient));
    }
    TRY(supply_follow(op, f, tx, d, to, json_get_str(in, STR("tracking"))));
    note_reason(op, d, str_trim(json_get_str(in, STR("reason"))));
    device_set_life(op, d, to);
    TRY(record_tx_update(tx, d->doc.type, d->doc.id, d->tree, d->doc.vid));
    if (to == LIFE_WIPED)
        TRY(record_tx_create(tx, fresh(op, d), &other));
    if (d->user.n) {
        broker_tell(op, f, tx, d->user, STR_NONE);
        record_tx_outbox(tx, STR(COMMAND_END_QUEUE), op->now,
                         arena_cat(a, STR("Device/"), d->doc.id));
    }
    op->actor = person;
    record_tx_trail(tx, STR("device-state"), d->doc.type, d->doc.id, detail);
    TRY(op_check(op));
    return record_commit(tx);
}

/* What a recall concerns stays on the shelf until it is said what was done with it. */
static err not_held(struct op *op, struct fleet *f, const struct fleet_device *d)
{
    const struct actor *person = op->actor;
    str recall;
    op->actor = fleet_system();
    err e = recall_holds(op, f, d, &recall);
    op->actor = person;
    TRY(e);
    return recall.n ? fail_at(op, ERR_UNPROCESSABLE, STR("state"),
                              "Recall %.*s holds this device: say there what was done with it "
                              "before it is shipped.",
                              STR_ARG(recall))
                    : OK;
}

static err move(struct op *op, struct fleet *f, str id, enum fleet_life to, const struct json *in)
{
    struct fleet_device d;
    struct record_doc doc;
    TRY(device_read(op, f, id, &d));
    TRY(check(op, &d, to, in));
    if (to == LIFE_SHIPPED) /* to somebody whom the person may see */
        TRY(record_read(op, f->rec, fhir_type_parse(STR("Patient")),
                        json_get_str(in, STR("patient")), &doc));
    if (to == LIFE_SHIPPED)
        TRY(not_held(op, f, &d));
    TRY(device_account(op, f, &d, false));
    err e = write(op, f, &d, to, in);
    if (e == ERR_PRECONDITION) {
        op_clear(op);
        return fail_at(op, ERR_CONFLICT, STR("state"),
                       "The device is in another state by now; look again.");
    }
    return e;
}

err fleet_move(struct op *op, struct fleet *f, str id, const struct json *in, struct json **ret)
{
    enum fleet_life to = fleet_life_of(json_get_str(in, STR("state")));
    if (to == LIFE_COUNT || !FLEET_STATES[to].from)
        return fail_at(op, ERR_INVALID, STR("state"), "There is no such state to bring it to.");
    TRY(fleet_staff(op, FLEET_STATES[to].roles));
    pthread_mutex_lock(&f->keys);
    err e = move(op, f, id, to, in);
    pthread_mutex_unlock(&f->keys);
    TRY(e);
    return device_view(op, f, id, ret);
}
