/* Any bytes as a patch: a JSON Patch when they begin with '[', else a Parameters. Applying ends in
 * a verdict; what comes out is a valid Patient of the same id. */
#include "fhir_int.h"
#include "patch.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char text[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true,\"name\":[{\"family\":\"R\","
    "\"given\":[\"A\",null],\"_given\":[null,{\"id\":\"x\"}]},{\"text\":\"B\"}],"
    "\"birthDate\":\"1974-12-25\",\"multipleBirthInteger\":2,\"contained\":[{\"resourceType\":"
    "\"Organization\",\"id\":\"o\",\"name\":\"O\"}],\"managingOrganization\":{\"reference\":"
    "\"#o\"}}";

static void must(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64u << 20);
    struct op op;
    struct json *patient, *v;
    const struct fhir_patch *p;
    str in = str_make((const char *)data, n);
    op_init(&op, a, NULL, 0);
    must(fhir_read(&op, STR(text), 0, &patient) == OK);
    err e = n && data[0] == '[' ? fhir_patch_read(&op, in, &p) : fhir_read(&op, in, 0, &v);
    if (e == OK && data[0] != '[')
        e = fhir_patch_of(&op, v, &p);
    if (e == OK)
        e = fhir_patch_apply(&op, p, patient);
    must((e == OK) == (op.fault.code == OK));
    if (e == OK)
        must(fhir_validate(&op, patient) == OK &&
             str_eq(json_get_str(patient, STR("id")), STR("p")));
    arena_free(a);
    return 0;
}
