/* Whose eyes a subscription has: the account that wrote it last (the trail knows), as it stands
 * today. Invariant: nobody's subscription shows nothing. */
#include "partners/partners_int.h"

const struct actor *partners_system(void)
{
    static const struct actor actor = {
        .role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT, .user = {"weft-partners", 13}};
    return &actor;
}

err owner_of(struct op *op, struct partners *p, uint64_t rid, const struct actor **ret)
{
    struct record_writer w;
    err e = record_writer(op, p->rec, rid, partners_system()->user, &w);
    if (e == ERR_NOT_FOUND) {
        op_clear(op);
        return fail(op, ERR_FORBIDDEN,
                    "Nobody answers for this subscription: it was loaded in bulk; write it again.");
    }
    TRY(e);
    struct identity_account as = {.user = w.user, .role = w.role, .reference = w.reference};
    if (w.role == ROLE_PATIENT && fhir_ref_parse(w.reference).kind == REF_LOCAL)
        as.patient = fhir_ref_parse(w.reference).id;
    TRY(identity_actor_as(op, p->id, &as, ret));
    struct actor *who = ARENA_NEW(op->arena, struct actor);
    TRY(op_check(op));
    *who = **ret;
    if (who->purposes >> w.purpose & 1) /* for what it was asked for */
        who->purpose = w.purpose;
    *ret = who;
    return OK;
}
