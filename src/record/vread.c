/* One version of a resource. Invariant: who may not read the resource as it is now may not read
 * what it was, so the current version is asked about too. */
#include "record/record_int.h"

err record_vread(struct op *op, struct record *rec, fhir_type type, str id, str vid,
                 struct record_doc *ret)
{
    if (type == rec->t_audit)
        return str_eq(vid, STR("1")) ? audit_event_read(op, rec, id, ret) : fail_not_found(op);
    struct store_doc now, then;
    uint64_t v;
    err e = id_get(op, rec, type, id, &now);
    if (e == ERR_NOT_FOUND)
        return read_missing(op, rec, type, id);
    TRY(e);
    TRY(access_doc(op, rec, ACTION_READ, &now));
    if (!str_to_u64(vid, STORE_VID_MAX, &v) || v == 0 || v > now.vid)
        return fail(op, ERR_NOT_FOUND, "The resource has no such version.");
    TRY(store_get_version(op, rec->store, now.rid, (uint32_t)v, &then));
    return read_doc(op, rec, ACTION_READ, &then, ret);
}
