/* Any bytes: reading ends in a verdict; what is valid comes back from the stored form, can be
 * planned and has references that can be listed; what is not has an outcome that is itself valid.
 */
#include "base/map.h"
#include "fhir/bundle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void valid(struct op *op, struct json *v, size_t n)
{
    struct buf b;
    struct json *again = NULL;
    struct fhir_plan plan;
    struct map none;
    map_init(&none, op->arena);
    must(fhir_links_rewrite(op, v, &none) == OK);
    buf_init(&b, op->arena, 1024 + 8 * n);
    fhir_head_write(&b, fhir_type_of(v), STR("x"), 1, 0);
    fhir_body_write(&b, v);
    must(buf_ok(&b) && fhir_stored_read(op, buf_str(&b), &again) == OK);
    must(fhir_validate(op, again) == OK);
    if (str_eq(fhir_type_name(fhir_type_of(v)), STR("Bundle")))
        (void)!fhir_bundle_plan(op, v, true, &plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(0);
    struct op op, other;
    struct json *v = NULL;
    struct buf b;
    must(a != NULL);
    op_init(&op, a, NULL, 0);
    op_init(&other, a, NULL, 0);
    if (fhir_read(&op, str_make((const char *)data, n), 0, &v) == OK)
        valid(&op, v, n);
    buf_init(&b, a, 4u << 20);
    fhir_outcome_write(&b, &op);
    must(buf_ok(&b) && fhir_read(&other, buf_str(&b), 0, &v) == OK);
    arena_free(a);
    return 0;
}
