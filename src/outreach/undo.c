/* Takes a message back before it left. Invariants: undo and sending never both win, since both must
 * find the message's gate free in the transaction that lets them through; and what was taken back
 * counts as no contact from that moment on. */
#include "outreach/ledger_int.h"
#include "outreach/outreach_int.h"
#include "outreach/reach.h"

#define TRIES 5 /* the ledger's page may be written meanwhile */

static err take_back(struct op *op, struct outreach *o, str communication, bool *ret_left)
{
    struct record_doc doc;
    struct json *c;
    bool there;
    fhir_type type = fhir_type_parse(STR("Communication"));
    TRY(record_read(op, o->rec, type, communication, &doc));
    TRY(record_parse(op, &doc, &c));
    *ret_left = !str_eq(json_get_str(c, STR("status")), STR("preparation"));
    if (*ret_left)
        return fail_at(op, ERR_CONFLICT, STR("Communication.status"),
                       "the message has already left; it cannot be taken back");
    json_set_str(op->arena, c, STR("status"), STR("not-done"));
    struct json *reason = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, reason, STR("text"), STR(TAKEN_BACK));
    json_set(op->arena, c, STR("statusReason"), reason);
    struct record_tx *tx = record_begin(op, o->rec);
    str gate;
    TRY(message_gate_now(tx, op, communication, &gate));
    if (!str_empty(gate))
        return fail(op, ERR_CONFLICT, "the message has just left; it cannot be taken back");
    TRY(record_tx_update(tx, type, communication, c, doc.vid));
    TRY(ledger_state(tx, op, c, &there));
    message_gate_set(tx, op, communication, STR("undone"));
    return record_commit(tx);
}

err outreach_undo(struct op *op, struct outreach *o, str communication, struct record_result *ret)
{
    fhir_type type = fhir_type_parse(STR("Communication"));
    bool raced = true, left = false;
    err e = OK;
    for (int i = 0; raced && i < TRIES; i++) {
        op_clear(op);
        e = take_back(op, o, communication, &left);
        raced = !left && (e == ERR_PRECONDITION || e == ERR_CONFLICT);
    }
    if (raced) {
        op_clear(op);
        return fail(op, ERR_CONFLICT, "the message has just left; it cannot be taken back");
    }
    TRY(e);
    struct record_result r = {.type = type, .id = communication};
    TRY(record_read(op, o->rec, type, communication, &r.doc));
    r.vid = r.doc.vid;
    r.updated = r.doc.updated;
    *ret = r;
    return OK;
}

err outreach_take_back(struct op *op, struct outreach *o, str patient, str prefix)
{
    struct record_page page;
    str query = arena_printf(op->arena, "subject=Patient/%.*s&status=preparation&_count=100",
                             STR_ARG(patient));
    TRY(record_find(op, o->rec, fhir_type_parse(STR("Communication")), query, &page));
    for (size_t i = 0; i < page.n; i++) {
        struct record_result r;
        struct json *c;
        TRY(record_parse(op, &page.docs[i], &c));
        if (!str_starts(outreach_sent_under(c), prefix))
            continue;
        err e = outreach_undo(op, o, page.docs[i].id, &r);
        if (e != OK && e != ERR_CONFLICT && e != ERR_NOT_FOUND && e != ERR_GONE)
            return e;
        op_clear(op); /* it has just left: nothing is to be taken back */
    }
    return OK;
}
