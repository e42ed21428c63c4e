/* Any bytes as the body of POST [base]: reading ends in a verdict; a plan names every entry once,
 * in an order of work, and each is sound or says why not; links are rewritten without harm. */
#include "base/map.h"
#include "fhir/fhir_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void judge(struct op *op, const struct fhir_plan *plan)
{
    struct map links;
    size_t sum = 0;
    map_init(&links, op->arena);
    str to = STR("Patient/1");
    must(map_put(&links, STR("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"), &to));
    for (size_t i = 0; i < plan->n; i++) {
        struct fhir_entry *e = &plan->entries[i];
        sum += plan->order[i];
        must(plan->order[i] < plan->n && e->index == i);
        must((e->code == OK) == (e->issues == NULL));
        if (e->code != OK)
            continue;
        must(!e->id.p || fhir_id_valid(e->id));
        must(e->verb != VERB_PATCH || e->patch);
        must((e->verb != VERB_POST && e->verb != VERB_PUT) || e->resource);
        if (e->resource)
            must(fhir_links_rewrite(op, e->resource, &links) == OK);
    }
    must(plan->n == 0 || sum == plan->n * (plan->n - 1) / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64u << 20);
    struct op op;
    struct fhir_plan plan;
    op_init(&op, a, NULL, 0);
    err e = fhir_bundle_read(&op, str_make((const char *)data, n), &plan);
    must((e == OK) == (op.fault.code == OK));
    if (e == OK)
        judge(&op, &plan);
    arena_free(a);
    return 0;
}
