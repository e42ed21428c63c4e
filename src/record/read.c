/* One resource by id: the current version. The answer is the stored text with a fresh head; nothing
 * is parsed. Invariant: the trail has its line before the caller has the content. */
#include "record/record_int.h"

static err told(struct op *op, struct record *rec, enum action action, const struct store_doc *d)
{
    struct audit a = {.action = action,
                      .type = d->type,
                      .rid = d->rid,
                      .vid = d->vid,
                      .patients = &d->comp,
                      .n_patients = d->comp != 0};
    return audit_append(op, rec, &a);
}

err read_doc(struct op *op, struct record *rec, enum action action, const struct store_doc *d,
             struct record_doc *ret)
{
    TRY(access_doc(op, rec, action, d));
    TRY(told(op, rec, action, d));
    if (d->deleted)
        return fail(op, ERR_GONE, "The resource was deleted; its versions are in its history.");
    doc_fill(op, rec, d, ret);
    return op_check(op);
}

err read_missing(struct op *op, struct record *rec, fhir_type type, str id)
{
    struct audit a = {.action = ACTION_READ, .outcome = ERR_NOT_FOUND, .type = type, .id = id};
    if (fhir_id_valid(id))
        TRY(audit_append(op, rec, &a));
    return fail_not_found(op);
}

err record_read(struct op *op, struct record *rec, fhir_type type, str id, struct record_doc *ret)
{
    if (type == rec->t_audit)
        return audit_event_read(op, rec, id, ret);
    struct store_doc d;
    err e = id_get(op, rec, type, id, &d);
    if (e == ERR_NOT_FOUND)
        return read_missing(op, rec, type, id);
    return e == OK ? read_doc(op, rec, ACTION_READ, &d, ret) : e;
}

err record_get(struct op *op, struct record *rec, uint64_t rid, struct record_doc *ret)
{
    struct store_doc d;
    TRY(store_get(op, rec->store, rid, &d));
    return read_doc(op, rec, ACTION_READ, &d, ret);
}
