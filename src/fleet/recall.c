/* Recalls at the door: taken in as documents, kept by number and by whom and what they name.
 * Invariant: what was taken in is looked for among the devices, now and with each new one; a recall
 * that ended at its source stays open here until a person closes it. */
#include "fleet/recall_int.h"

#define BATCH 50u
#define TRIES 5

str recall_key(struct op *op, str id)
{
    return arena_cat(op->arena, STR(RECALL_PREFIX), id);
}

void recall_look_later(struct op *op, struct record_tx *tx, str device)
{
    record_tx_outbox(tx, STR(RECALL_QUEUE), op->now, device);
}

void unit_of(const struct json *device, struct unit *ret)
{
    str hrf = json_str(json_path(device, "udiCarrier.0.carrierHRF"));
    *ret = (struct unit){.maker = json_get_str(device, STR("manufacturer")),
                         .model = json_get_str(device, STR("modelNumber")),
                         .name = json_str(json_path(device, "deviceName.0.name")),
                         .di = json_str(json_path(device, "udiCarrier.0.deviceIdentifier")),
                         .serial = json_get_str(device, STR("serialNumber")),
                         .lot = json_get_str(device, STR("lotNumber")),
                         .firmware = device_firmware(device)};
    if (!ret->di.n)
        ret->di = udi_part(hrf, "01");
    if (!ret->lot.n)
        ret->lot = udi_part(hrf, "10");
    if (!ret->serial.n)
        ret->serial = udi_part(hrf, "21");
}

err recall_of(struct op *op, str text, struct recall_kept *ret)
{
    struct json *o;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    *ret = (struct recall_kept){.tree = o, .raw = text};
    ret->r = (struct recall){.id = json_get_str(o, STR("id")),
                             .firm = json_get_str(o, STR("firm")),
                             .product = json_get_str(o, STR("product")),
                             .codes = json_get_str(o, STR("codes")),
                             .reason = json_get_str(o, STR("reason")),
                             .class = json_get_str(o, STR("class")),
                             .status = json_get_str(o, STR("status")),
                             .started = json_get_str(o, STR("started")),
                             .action = json_get_str(o, STR("action"))};
    ret->closed = JSON_GET(o, "closed") != NULL;
    return OK;
}

err recall_load(struct op *op, struct fleet *f, str id, struct recall_kept *ret)
{
    str text = STR_NONE;
    if (fhir_id_valid(id))
        TRY(record_kv_get(op, f->rec, recall_key(op, id), &text));
    if (!text.n)
        return fail(op, ERR_NOT_FOUND, "There is no such recall.");
    return recall_of(op, text, ret);
}

/* What the source says replaces what it said; what people said of it stays. */
static str kept_recall(struct op *op, const struct recall *r, str had)
{
    struct arena *a = op->arena;
    struct json *o = NULL;
    struct {
        const char *name;
        str value;
    } all[] = {{"id", r->id},         {"firm", r->firm},       {"product", r->product},
               {"codes", r->codes},   {"reason", r->reason},   {"class", r->class},
               {"status", r->status}, {"started", r->started}, {"action", r->action}};
    if (had.n && json_read(op, had, &JSON_LIMITS_DEFAULT, &o) != OK)
        return STR_NONE;
    if (!o)
        o = json_new(a, JSON_OBJECT);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        json_set_str(a, o, str_of(all[i].name), all[i].value);
    return kept_text(op, o, 1u << 20);
}

static err keep_one(struct op *op, struct record_tx *tx, const struct recall *r)
{
    str had, gtin, firm = firm_key(op, r->firm);
    TRY(record_tx_kv_now(tx, recall_key(op, r->id), &had));
    if (r->over && !had.n) /* it ended before it came here */
        return OK;
    record_tx_kv(tx, recall_key(op, r->id), kept_recall(op, r, had));
    if (firm.n)
        TRY(index_add(op, tx, arena_cat(op->arena, STR("firm:"), firm), r->id));
    for (size_t i = 0; (gtin = recall_gtin(op, r, i)).n; i++)
        TRY(index_add(op, tx, arena_cat(op->arena, STR("di:"), gtin), r->id));
    return op_check(op);
}

static err keep_part(struct op *op, struct fleet *f, const struct recalls *all)
{
    for (size_t from = 0; from < all->n; from += BATCH) {
        struct record_tx *tx = record_begin(op, f->rec);
        for (size_t i = from; i < all->n && i < from + BATCH; i++)
            TRY(keep_one(op, tx, &all->all[i]));
        TRY(record_commit(tx));
    }
    return OK;
}

static err keep(struct op *op, struct fleet *f, const struct recalls *all,
                const struct actor *person)
{
    TRY(keep_part(op, f, all));
    struct record_tx *tx = record_begin(op, f->rec);
    recall_look_later(op, tx, STR("all"));
    op->actor = person;
    record_tx_trail(tx, STR("device-recalls"), 0, STR_NONE, NULL);
    op->actor = fleet_system();
    return record_commit(tx);
}

err recall_look(struct op *op, str document)
{
    struct recalls all;
    return recalls_read(op, document, &all);
}

err recall_take_part(struct op *op, struct fleet *f, str document)
{
    const struct actor *person = op->actor;
    struct recalls all;
    TRY(fleet_staff(op, RECALL_ROLES));
    TRY(recalls_read(op, document, &all));
    op->actor = fleet_system();
    err e = keep_part(op, f, &all);
    op->actor = person;
    return e;
}

static bool raced(err e)
{
    return e == ERR_PRECONDITION || e == ERR_CONFLICT;
}

err recall_take(struct op *op, struct fleet *f, str document, struct json **ret)
{
    const struct actor *person = op->actor;
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct recalls all;
    TRY(fleet_staff(op, RECALL_ROLES));
    TRY(recalls_read(op, document, &all));
    err e;
    int i = 0;
    do { /* who looks whom they concern writes, too */
        op->actor = fleet_system();
        e = keep(op, f, &all, person);
        op->actor = person;
        if (raced(e))
            op_clear(op);
    } while (raced(e) && ++i < TRIES);
    if (raced(e))
        return fail(op, ERR_CONFLICT, "Somebody else takes recalls in; try again.");
    TRY(e);
    json_set(op->arena, o, STR("recalls"), json_new_i64(op->arena, (int64_t)all.n));
    json_set(op->arena, o, STR("over"), json_new_i64(op->arena, (int64_t)all.over));
    json_set(op->arena, o, STR("others"), json_new_i64(op->arena, (int64_t)all.others));
    *ret = o;
    return op_check(op);
}
