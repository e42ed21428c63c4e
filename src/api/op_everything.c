/* Patient/$everything and Encounter/$everything. At the level of the type it is the record of the
 * patient that the token is bound to; for everybody else that would be all records at once, which
 * is what $export is for. http://hl7.org/fhir/R4/patient-operation-everything.html */
#include "api/op_int.h"

#define COUNT_DEFAULT 5000u

static const char patient_params[] = "start end _since _type _count _page";
static const char encounter_params[] = "_since _type _count _page";

static err span(struct call *c, const struct op_params *p, struct record_everything *q)
{
    struct time_span at;
    bool there;
    TRY(op_time(c, p, "start", &at, &there));
    q->start = there ? at.lo : INT64_MIN;
    TRY(op_time(c, p, "end", &at, &there));
    q->end = there ? at.hi : INT64_MAX;
    TRY(op_time(c, p, "_since", &at, &there));
    q->since = there ? at.lo : INT64_MIN;
    if (q->end <= q->start)
        return fail(&c->op, ERR_INVALID, "end lies before start.");
    return OK;
}

static err everything(struct call *c, const char *type, const char *allowed, str id)
{
    struct op_params p;
    struct record_everything q = {.type = fhir_type_parse(str_of(type)), .id = id};
    struct record_page page;
    fhir_type *types;
    uint64_t count = COUNT_DEFAULT;
    TRY(op_params(c, allowed, &p));
    TRY(span(c, &p, &q));
    TRY(op_number(c, &p, "_count", RECORD_EVERYTHING_MAX, &count));
    TRY(op_types(c, &p, "_type", &types, &q.n_types));
    TRY(op_one(c, &p, "_page", &q.page));
    q.types = types;
    q.count = (uint32_t)count;
    str path = arena_printf(c->op.arena, "%s/%.*s/$everything", type, STR_ARG(id));
    q.self = arena_printf(c->op.arena, "%.*s?%.*s", STR_ARG(path), STR_ARG(p.self));
    op_deadline(c);
    TRY(record_everything(&c->op, c->api->rec, &q, &page));
    if (!q.page.n && page.n && str_eq(str_of(type), STR("Patient"))) { /* said once */
        fhir_type *hidden;
        TRY(record_hidden_beside(&c->op, c->api->rec, id, &hidden, &page.n_hidden));
        page.hidden = hidden;
    }
    return op_bundle(c, path, &p, &page);
}

err api_everything(struct call *c)
{
    return everything(c, "Patient", patient_params, c->id);
}

err api_everything_visit(struct call *c)
{
    return everything(c, "Encounter", encounter_params, c->id);
}

err api_everything_own(struct call *c)
{
    fhir_type type;
    str id;
    if (!c->op.actor->patient)
        return fail(&c->op, ERR_TOO_COSTLY,
                    "Every patient's record at once is what GET /fhir/Patient/$export is for; name "
                    "one: /fhir/Patient/[id]/$everything.");
    TRY(record_name(&c->op, c->api->rec, c->op.actor->patient, &type, &id));
    return everything(c, "Patient", patient_params, id);
}
