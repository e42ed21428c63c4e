/* Takes a message back before it left. Invariants: undo and sending never both win, since both must
 * find the message's gate free in the transaction that lets them through; and what was taken back
 * counts as no contact from that moment on. */
#include "outreach/ledger_int.h"
#include "outreach/outreach_int.h"
#include "outreach/reach.h"

#define TRIES 5 /* the ledger's page may be written meanwhile */

/* Joins tx; *ret_left: it has left, and stays. */
static err take_back(struct record_tx *tx, struct op *op, str communication, struct record_doc *doc,
                     bool *ret_left)
{
    struct json *c, *reason = json_new(op->arena, JSON_OBJECT);
    bool there;
    str gate;
    TRY(record_parse(op, doc, &c));
    *ret_left = !str_eq(json_get_str(c, STR("status")), STR("preparation"));
    if (*ret_left)
        return OK;
    TRY(message_gate_now(tx, op, communication, &gate));
    *ret_left = !str_empty(gate);
    if (*ret_left)
        return OK;
    json_set_str(op->arena, c, STR("status"), STR("not-done"));
    json_set_str(op->arena, reason, STR("text"), STR(TAKEN_BACK));
    json_set(op->arena, c, STR("statusReason"), reason);
    TRY(record_tx_update(tx, doc->type, communication, c, doc->vid));
    TRY(ledger_state(tx, op, c, &there));
    message_gate_set(tx, op, communication, STR("undone"));
    return OK;
}

static err undo_one(struct op *op, struct outreach *o, str communication, bool *ret_left)
{
    struct record_doc doc;
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Communication")), communication, &doc));
    struct record_tx *tx = record_begin(op, o->rec);
    TRY(take_back(tx, op, communication, &doc, ret_left));
    if (*ret_left)
        return fail_at(op, ERR_CONFLICT, STR("Communication.status"),
                       "the message has already left; it cannot be taken back");
    return record_commit(tx);
}

err outreach_undo(struct op *op, struct outreach *o, str communication, struct record_result *ret)
{
    fhir_type type = fhir_type_parse(STR("Communication"));
    bool raced = true, left = false;
    err e = OK;
    for (int i = 0; raced && i < TRIES; i++) {
        op_clear(op);
        e = undo_one(op, o, communication, &left);
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

err outreach_take_back(struct record_tx *tx, struct op *op, struct outreach *o,
                       const struct outreach_waiting *all, struct outreach_taken *ret)
{
    struct record_page page;
    str query = arena_printf(op->arena, "subject=Patient/%.*s&status=preparation&_count=100",
                             STR_ARG(all->patient));
    *ret = (struct outreach_taken){0};
    TRY(record_find(op, o->rec, fhir_type_parse(STR("Communication")), query, &page));
    ret->keys = ARENA_ARRAY(op->arena, str, page.n + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < page.n; i++) {
        struct json *c;
        bool left;
        TRY(record_parse(op, &page.docs[i], &c));
        if (!str_starts(outreach_sent_under(c), all->prefix))
            continue;
        TRY(take_back(tx, op, page.docs[i].id, &page.docs[i], &left));
        if (!left)
            ret->keys[ret->n++] = outreach_sent_under(c);
    }
    return OK;
}
