/* JSON text to a tagged tree: of a client (validated) or of the store (trusted). */
#include "fhir_int.h"

err fhir_read(struct op *op, str text, fhir_type expected, struct json **ret)
{
    static const struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct json *v;
    TRY(json_read(op, text, &limits, &v));
    fhir_type type = fhir_type_of(v);
    if (expected && type && type != expected)
        return fail_at(op, ERR_UNPROCESSABLE, fhir_type_name(type),
                       "The resource is a %.*s; a %.*s is expected here.",
                       STR_ARG(fhir_type_name(type)), STR_ARG(fhir_type_name(expected)));
    TRY(fhir_validate(op, v));
    *ret = v;
    return OK;
}

err fhir_stored_bare(struct op *op, str head_and_body, struct json **ret)
{
    static const struct json_limits limits = JSON_LIMITS_DEFAULT;
    return json_read(op, head_and_body, &limits, ret);
}

err fhir_stored_read(struct op *op, str head_and_body, struct json **ret)
{
    TRY(fhir_stored_bare(op, head_and_body, ret));
    fhir_tag(*ret);
    return OK;
}
