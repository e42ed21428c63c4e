/* Compartments: which parameters put a type into one; and of the Patient compartment, which
 * patients a resource belongs to, by the search parameters that R4's CompartmentDefinition/patient
 * names (spec/fhir/compartments.tsv). Invariant: only local references count; the parameter that
 * decides a type's home comes first. */
#include "base/map.h"
#include "fhir/fhir_int.h"
#include "fhir/keys_int.h"

bool fhir_in_patient_compartment(fhir_type t)
{
    return t <= FHIR_TYPE_COUNT && fhir_param_types[t].n_patient > 0;
}

str fhir_compartment_params(fhir_type compartment, fhir_type type)
{
    for (const struct compartment_row *r = fhir_compartment_rows; r->type; r++)
        if (r->compartment == compartment && r->type == type)
            return str_of(r->params);
    return STR_NONE;
}

err fhir_patients(struct op *op, const struct json *resource, str **ret_ids, size_t *ret_n)
{
    fhir_type type = fhir_type_of(resource);
    const struct param_type *t = &fhir_param_types[type];
    struct key_walk w = {.op = op, .resource = resource};
    for (size_t i = 0; i < t->n_patient; i++)
        keys_walk(&w, fhir_param_patient[t->patient + i], resource);
    if (w.over)
        return fail(op, ERR_TOO_COSTLY, "the resource names too many patients");
    VEC(str) ids = {0};
    struct map seen;
    map_init(&seen, op->arena);
    for (size_t i = 0; i < w.keys.n; i++) {
        struct fhir_ref *r = &w.keys.at[i].ref;
        if (r->kind != REF_LOCAL || r->type != FHIR_PATIENT || map_get(&seen, r->id))
            continue;
        VEC_PUSH(op->arena, &ids, r->id);
        if (w.keys.n > 1 && !map_put(&seen, r->id, r))
            break;
    }
    TRY(op_check(op));
    *ret_ids = ids.at;
    *ret_n = ids.n;
    return OK;
}
