/* The versions of one resource, newest first. Invariant: each version shown passed policy on its
 * own content; one line in the trail tells of the whole answer. */
#include "record/record_int.h"

err record_history(struct op *op, struct record *rec, fhir_type type, str id, uint32_t before,
                   size_t max, struct record_doc **ret, size_t *ret_n)
{
    struct store_doc now, *old;
    size_t n, shown = 0;
    if (type == rec->t_audit)
        return fail(op, ERR_UNSUPPORTED, "An AuditEvent never changes, so it has no history.");
    err e = id_get(op, rec, type, id, &now);
    if (e == ERR_NOT_FOUND)
        return read_missing(op, rec, type, id);
    TRY(e);
    TRY(access_doc(op, rec, ACTION_HISTORY, &now));
    TRY(store_history(op, rec->store, now.rid, before, max, &old, &n));
    struct audit a = {.action = ACTION_HISTORY,
                      .type = type,
                      .rid = now.rid,
                      .vid = now.vid,
                      .patients = &now.comp,
                      .n_patients = now.comp != 0};
    TRY(audit_append(op, rec, &a));
    struct record_doc *docs = ARENA_ARRAY(op->arena, struct record_doc, n);
    for (size_t i = 0; docs && i < n; i++)
        if (old[i].deleted || access_may_see(op, rec, NULL, &old[i]))
            doc_fill(op, rec, &old[i], &docs[shown++]);
    TRY(op_check(op));
    *ret = docs;
    *ret_n = shown;
    return OK;
}
