/* Any bytes as the search text of a type: reading ends in a verdict; what is read can be matched,
 * and its normalised text reads as the same query. */
#include "fhir/fhir_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char text[] =
    "{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\",\"code\":{\"coding\":[{"
    "\"system\":\"l\",\"code\":\"a\"}]},\"subject\":{\"reference\":\"Patient/1\"},"
    "\"effectiveDateTime\":\"2024-01-01\",\"valueQuantity\":{\"value\":1,\"code\":\"kg\"}}";

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* Needs more than the resource: other resources, or a terminology. */
static bool chained(const struct fhir_query *q)
{
    for (size_t i = 0; i < q->n; i++) {
        enum fhir_modifier m = q->clauses[i].modifier;
        if (q->clauses[i].chain || m == MOD_LIST || m == MOD_IN || m == MOD_NOT_IN ||
            m == MOD_ABOVE || m == MOD_BELOW)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64u << 20);
    struct op op;
    struct json *v = NULL;
    const struct fhir_query *q = NULL, *again = NULL;
    bool hit, same;
    must(a != NULL);
    op_init(&op, a, NULL, 1700000000000);
    must(json_read(&op, str_of(text), &JSON_LIMITS_DEFAULT, &v) == OK);
    fhir_tag(v);
    bool lenient = n && data[0] & 1;
    str query = str_make((const char *)data + (n > 0), n ? n - 1 : 0);
    err e = fhir_query_read(&op, FHIR_OBSERVATION, query, lenient, &q);
    must((e == OK) == (op.fault.code == OK));
    if (e == OK) {
        must(fhir_query_match(&op, q, v, &hit) == (chained(q) ? ERR_UNSUPPORTED : OK) ||
             chained(q));
        op_clear(&op);
        must(fhir_query_read(&op, FHIR_OBSERVATION, q->self, false, &again) == OK);
        must(again->n == q->n && str_eq(again->self, q->self));
        if (!chained(q))
            must(fhir_query_match(&op, again, v, &same) == OK && same == hit);
    }
    arena_free(a);
    return 0;
}
