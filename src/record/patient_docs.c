/* A patient's resources of one type, straight from their compartment: what a search by patient
 * finds, for who asks it thousands of times a second and needs no order. Each document is shown as
 * record_get() would. */
#include "record/consent_int.h"

err record_of_patient(struct op *op, struct record *rec, fhir_type type, uint64_t patient,
                      size_t max, struct record_page *ret)
{
    struct store_query q = {.type = type, .comp = patient, .limit = max};
    struct store_found found = {0};
    struct record_page page = {0};
    TRY(type == rec->t_consent ? consent_list(op, rec, patient, max, &found)
                               : store_search(op, rec->store, &q, &found));
    if (found.more)
        return fail(op, ERR_TOO_COSTLY, "the patient has more than %zu of them", max);
    page.docs = ARENA_ARRAY(op->arena, struct record_doc, found.n + 1);
    TRY(op_check(op));
    for (size_t i = found.n; i-- > 0;) {
        struct store_doc d;
        TRY(store_get(op, rec->store, found.rids[i], &d));
        if (!d.deleted) /* since */
            TRY(read_doc(op, rec, ACTION_READ, &d, &page.docs[page.n++]));
    }
    page.n_match = page.n;
    *ret = page;
    return OK;
}
