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

err outreach_receipt(struct op *op, struct outreach *o, str provider_id, str status, str error_code)
{
    const struct actor *caller = op->actor;
    err e = OK;
    op->actor = outreach_system();
    for (int tries = 0; tries < 5; tries++) {
        struct record_doc doc;
        bool found = false;
        e = find(op, o, provider_id, &doc, &found);
        if (e == OK && !found)
            e = fail(op, ERR_NOT_FOUND,
                     "no message is known by that id yet; send the receipt again");
        if (e == OK)
            e = apply(op, o, &doc, status, error_code);
        if (e != ERR_PRECONDITION)
            break;
        op_clear(op);
    }
    op->actor = caller;
    return e;
}
