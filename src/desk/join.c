/* A message or reading that belongs to a case someone may be working on: it joins the newest open
 * case of the patient (never one that only the privacy office sees), in the caller's transaction.
 */
#include "desk/desk_int.h"

err desk_join(struct record_tx *tx, struct op *op, struct record *rec, str patient, str focus,
              str note, bool *ret_joined)
{
    struct record_page page;
    str query = arena_printf(op->arena,
                             "patient=Patient/%.*s&code=" DESK_SYSTEM_CODE
                             "|case&status=requested,in-progress,on-hold"
                             "&_security:not=" DESK_LABEL_PRIVACY
                             "&_security:not=" DESK_LABEL_OFFICER "&_sort=-authored-on&_count=1",
                             STR_ARG(patient));
    TRY(record_find(op, rec, fhir_type_parse(STR("Task")), query, &page));
    if (page.n == 0) {
        *ret_joined = false;
        return OK;
    }
    struct desk_task t;
    TRY(desk_read(op, rec, page.docs[0].id, &t));
    desk_add_evidence(op, t.tree, &focus, 1);
    if (!str_empty(note))
        desk_add_note(op, t.tree, note);
    desk_set_status(op, t.tree, t.status);
    TRY(record_tx_update(tx, t.doc.type, t.doc.id, t.tree, t.doc.vid));
    *ret_joined = true;
    return OK;
}
