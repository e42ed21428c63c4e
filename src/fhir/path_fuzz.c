/* Any bytes as a FHIRPath expression, with surroundings: compiling and evaluating end in a verdict,
 * and evaluating twice gives the same. */
#include "fhir/fhir_int.h"
#include "fhir/terms.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char text[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true,\"name\":[{\"family\":\"Rivers\","
    "\"given\":[\"Ana\",\"Bo\"]},{\"given\":[\"Cy\"]}],\"birthDate\":\"1974-12-25\",\"_birthDate\":"
    "{"
    "\"extension\":[{\"url\":\"urn:e\",\"valueQuantity\":{\"value\":1.5,\"code\":\"mg\",\"system\":"
    "\"http://unitsofmeasure.org\"}}]},\"text\":{\"status\":\"generated\",\"div\":\"<div xmlns=\\\""
    "http://www.w3.org/1999/xhtml\\\">x</div>\"},\"maritalStatus\":{\"coding\":[{\"system\":\"s\","
    "\"code\":\"M\"}]},"
    "\"multipleBirthInteger\":2,\"generalPractitioner\":[{\"reference\":\"Practitioner/1\"}]}";

static void must(bool ok)
{
    if (!ok)
        abort();
}

static err resolve(struct op *op, void *ctx, str reference, struct json **ret)
{
    (void)op;
    if (str_eq(reference, STR("Practitioner/1")))
        *ret = ctx;
    return OK;
}

static err member(struct op *op, void *ctx, str value_set, struct terms_code code,
                  enum terms_answer *ret, str *ret_display)
{
    (void)op, (void)ctx, (void)ret_display;
    *ret = (enum terms_answer)((value_set.n + code.code.n) % 3);
    return OK;
}

static err relate(struct op *op, void *ctx, str system, str a, str b, bool *ret_known,
                  enum terms_relation *ret)
{
    (void)op, (void)ctx;
    *ret_known = system.n % 2;
    *ret = (enum terms_relation)((a.n + b.n) % 4);
    return OK;
}

static err evaluate(struct op *op, const struct fhir_path *p, struct json *v,
                    struct fhir_path_items *ret)
{
    static const struct fhir_terms terms = {.member = member, .relate = relate};
    const struct fhir_path_var var = {.name = STR("v"), .value = v};
    const struct fhir_path_env env = {
        .terms = &terms, .resolve = resolve, .ctx = v, .vars = &var, .n_vars = 1};
    return fhir_path_run(op, p, &env, v, ret);
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
    if (e == OK && evaluate(&op, p, v, &one) == OK && arena_used(a) < 30u << 20) {
        must(evaluate(&op, p, v, &two) == OK && one.n == two.n);
        for (size_t i = 0; i < one.n; i++)
            must(one.types[i] == two.types[i] && one.at[i] != NULL);
    }
    arena_free(a);
    return 0;
}
