/* Is there a visit near a moment: the fact that a tenant's restriction may wait for. Invariant: it
 * is asked of the record of today, by the system, what was called off is none, and gives away
 * nothing but yes or no. */
#include "record/custom.h"
#include "record/entry_int.h"
#include "record/looks.h"

#include "base/time.h"

#define DAY INT64_C(86400000)

static err any(struct op *op, struct record *rec, const char *type, str query, bool *ret)
{
    struct matches m = {0};
    TRY(match_some(op, rec, fhir_type_parse(str_of(type)), query, 1, &m));
    *ret = m.n > 0;
    return OK;
}

err record_visit_near(struct op *op, struct record *rec, uint64_t patient, int64_t when, int days,
                      bool *ret)
{
    static const struct actor self = {.role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT};
    struct store_doc p;
    struct op inner;
    bool found = false;
    if (!patient) {
        *ret = false;
        return OK;
    }
    op_init(&inner, op->arena, &self, op->now);
    TRY(peek_named(&inner, rec, patient, &p));
    str id = doc_id(&inner, rec, patient, p.client_id);
    str from = time_format(op->arena, when - days * DAY),
        to = time_format(op->arena, when + days * DAY);
    str query = arena_printf(op->arena,
                             "patient=Patient/%.*s&date=ge%.*s&date=le%.*s"
                             "&status:not=cancelled,noshow,entered-in-error",
                             STR_ARG(id), STR_ARG(from), STR_ARG(to));
    TRY(op_check(op));
    err e = any(&inner, rec, "Encounter", query, &found);
    if (e == OK && !found)
        e = any(&inner, rec, "Appointment", query, &found);
    if (e != OK)
        return fail(op, e, "The patient's visits could not be looked up.");
    *ret = found;
    return OK;
}
