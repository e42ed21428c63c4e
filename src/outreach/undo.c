/* Takes a message back before it left. The Communication becomes not-done under a version check;
 * the sender finds it so and drops the job, so undo and sending can never both win. */
#include "outreach/outreach_int.h"

err outreach_undo(struct op *op, struct outreach *o, str communication, struct record_result *ret)
{
    struct record_doc doc;
    struct json *c;
    fhir_type type = fhir_type_parse(STR("Communication"));
    TRY(record_read(op, o->rec, type, communication, &doc));
    TRY(record_parse(op, &doc, &c));
    if (!str_eq(json_get_str(c, STR("status")), STR("preparation")))
        return fail_at(op, ERR_CONFLICT, STR("Communication.status"),
                       "the message has already left; it cannot be taken back");
    json_set_str(op->arena, c, STR("status"), STR("not-done"));
    struct json *reason = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, reason, STR("text"), STR("taken back by the sender"));
    json_set(op->arena, c, STR("statusReason"), reason);
    TRY(fhir_validate(op, c));
    err e = record_update(op, o->rec, type, communication, c,
                          arena_printf(op->arena, "%u", doc.vid), ret);
    if (e != ERR_PRECONDITION)
        return e;
    op_clear(op);
    return fail(op, ERR_CONFLICT, "the message has just left; it cannot be taken back");
}
