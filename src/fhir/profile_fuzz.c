/* Fuzz harness of the profile engine: the first line is a StructureDefinition, the second a
 * resource that is judged by it and by the invariants. Invariant checked: whatever comes, an error
 * or an outcome, within bounded memory. */
#include "fhir/profile_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static err find(struct op *op, void *ctx, str canonical, const struct fhir_profile **ret)
{
    (void)op;
    (void)canonical;
    *ret = *(const struct fhir_profile **)ctx;
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct json_limits limits = {.bytes = 1u << 20, .depth = 64, .nodes = 20000};
    str in = str_make((const char *)data, n), first;
    const struct fhir_profile *p = NULL;
    const struct fhir_rules *rules = NULL;
    struct arena *a = arena_new(64u << 20);
    struct json *definition, *resource;
    struct op op;
    if (!a)
        return 0;
    op_init(&op, a, NULL, 0);
    if (str_take_until(&in, '\n', &first) && json_read(&op, first, &limits, &definition) == OK) {
        const struct json *chain[] = {definition};
        (void)fhir_profile_needs(definition);
        if (fhir_profile_compile(&op, a, chain, 1, &p) != OK)
            p = NULL;
    }
    op_clear(&op);
    if (json_read(&op, in.p ? in : STR("{}"), &limits, &resource) == OK &&
        fhir_rules_compile(&op, a, &rules) == OK) {
        struct fhir_profile_env env = {
            .rules = rules, .profile = find, .ctx = &p, .must_support = true};
        const str url = STR("http://x/p");
        (void)!fhir_validate(&op, resource);
        (void)!fhir_profile_check(&op, &env, resource, &url, 1);
    }
    arena_free(a);
    return 0;
}
