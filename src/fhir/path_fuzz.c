/* Any bytes as a FHIRPath expression: compiling and evaluating end in a verdict, and evaluating
 * twice gives the same. */
#include "fhir/fhir_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char text[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true,\"name\":[{\"family\":\"Rivers\","
    "\"given\":[\"Ana\",\"Bo\"]},{\"given\":[\"Cy\"]}],\"birthDate\":\"1974-12-25\",\"_birthDate\":"
    "{"
    "\"extension\":[{\"url\":\"urn:e\",\"valueQuantity\":{\"value\":1.5,\"code\":\"mg\"}}]},"
    "\"multipleBirthInteger\":2,\"generalPractitioner\":[{\"reference\":\"Practitioner/1\"}]}";

static void must(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64u << 20);
    struct op op;
    struct json *v = NULL;
    const struct fhir_path *p = NULL;
    struct fhir_path_items one, two;
    must(a != NULL);
    op_init(&op, a, NULL, 1700000000000);
    must(json_read(&op, str_of(text), &JSON_LIMITS_DEFAULT, &v) == OK);
    fhir_tag(v);
    err e = fhir_path_compile(&op, str_make((const char *)data, n), &p);
    must((e == OK) == (op.fault.code == OK));
    if (e == OK && fhir_path_eval(&op, p, v, &one) == OK) {
        must(fhir_path_eval(&op, p, v, &two) == OK && one.n == two.n);
        for (size_t i = 0; i < one.n; i++)
            must(one.types[i] == two.types[i] && one.at[i] != NULL);
    }
    arena_free(a);
    return 0;
}
