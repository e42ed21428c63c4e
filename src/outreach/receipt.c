/* Delivery receipts: the provider's word on what became of a message. Only ever moves forward; a
 * receipt that comes twice or late changes nothing. */
#include "outreach/outreach_int.h"

static err find(struct op *op, struct outreach *o, str provider_id, struct record_doc *ret,
                bool *ret_found)
{
    struct record_page page;
    struct buf q;
    buf_init(&q, op->arena, 1024);
    buf_add(&q, STR("identifier=" PROVIDER_SYSTEM "%7C"));
    buf_url(&q, provider_id);
    buf_add(&q, STR("&_count=1"));
    TRY(record_find(op, o->rec, fhir_type_parse(STR("Communication")), buf_str(&q), &page));
    *ret_found = page.n > 0;
    if (page.n)
        *ret = page.docs[0];
    return OK;
}

static err apply(struct op *op, struct outreach *o, const struct record_doc *doc, str status,
                 str error_code)
{
    struct json *c;
    struct record_result result;
    TRY(record_parse(op, doc, &c));
    bool delivered = str_eq(status, STR("delivered"));
    bool failed = str_eq(status, STR("undelivered")) || str_eq(status, STR("failed"));
    if ((!delivered && !failed) || !str_eq(json_get_str(c, STR("status")), STR("in-progress")))
        return OK;
    json_set_str(op->arena, c, STR("status"), delivered ? STR("completed") : STR("stopped"));
    if (delivered)
        json_set_str(op->arena, c, STR("received"), time_format(op->arena, op->now));
    if (failed) {
        struct json *why = json_new(op->arena, JSON_OBJECT);
        json_set_str(
            op->arena, why, STR("text"),
            arena_printf(op->arena, "not delivered (provider code %.*s)", STR_ARG(error_code)));
        json_set(op->arena, c, STR("statusReason"), why);
    }
    TRY(fhir_validate(op, c));
    return record_update(op, o->rec, doc->type, doc->id, c, arena_printf(op->arena, "%u", doc->vid),
                         &result);
}

static str early_key(struct op *op, str provider_id)
{
    return arena_printf(op->arena, "receipt/%.*s", STR_ARG(provider_id));
}

static err note_early(struct op *op, struct outreach *o, str provider_id, str value)
{
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_kv(tx, early_key(op, provider_id), value);
    return record_commit(tx);
}

static err try_apply(struct op *op, struct outreach *o, str provider_id, str status, str error_code,
                     bool *ret_found)
{
    err e = OK;
    for (int tries = 0; tries < 5; tries++) {
        struct record_doc doc;
        e = find(op, o, provider_id, &doc, ret_found);
        if (e == OK && *ret_found)
            e = apply(op, o, &doc, status, error_code);
        if (e != ERR_PRECONDITION)
            break;
        op_clear(op);
    }
    return e;
}

/* Providers can be quicker than our own commit of their id: such a receipt is noted first, then
 * looked for again; the sender looks for notes after its commit. One of the two sees the other. */
static err take(struct op *op, struct outreach *o, str provider_id, str status, str error_code)
{
    bool found = false, again = false;
    bool final = str_eq(status, STR("delivered")) || str_eq(status, STR("undelivered")) ||
                 str_eq(status, STR("failed"));
    if (!final)
        return OK; /* queued, sending, sent: nothing that the record does not say already */
    TRY(try_apply(op, o, provider_id, status, error_code, &found));
    if (found)
        return OK;
    TRY(note_early(op, o, provider_id,
                   arena_printf(op->arena, "%.*s %.*s", STR_ARG(status), STR_ARG(error_code))));
    TRY(try_apply(op, o, provider_id, status, error_code, &again));
    return again ? note_early(op, o, provider_id, STR_NONE) : OK;
}

err receipt_catch_up(struct op *op, struct outreach *o, str provider_id)
{
    bool found;
    str value = STR_NONE, status = STR_NONE;
    if (str_empty(provider_id))
        return OK;
    TRY(record_kv_get(op, o->rec, early_key(op, provider_id), &value));
    if (str_empty(value) || !str_take_until(&value, ' ', &status))
        return OK;
    TRY(try_apply(op, o, provider_id, status, value, &found));
    return note_early(op, o, provider_id, STR_NONE);
}

err outreach_receipt(struct op *op, struct outreach *o, str provider_id, str status, str error_code)
{
    const struct actor *caller = op->actor;
    if (str_empty(provider_id) || provider_id.n > 100 || error_code.n > 20)
        return fail(op, ERR_INVALID, "a receipt names the message by the provider's id");
    op->actor = outreach_system();
    err e = take(op, o, provider_id, status, error_code);
    op->actor = caller;
    return e;
}
