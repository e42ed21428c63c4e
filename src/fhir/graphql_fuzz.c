/* Any bytes as a GraphQL query: parsing and running end in a verdict, whatever is asked. */
#include "fhir/graphql_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char text[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true,\"name\":[{\"use\":\"official\","
    "\"family\":\"Rivers\",\"given\":[\"Ana\",\"Bo\"]},{\"given\":[\"Cy\"]}],"
    "\"multipleBirthInteger\":2,\"generalPractitioner\":[{\"reference\":\"Practitioner/1\"}]}";

static err read_one(struct op *op, void *ctx, fhir_type type, str id, struct json **ret)
{
    (void)op;
    (void)type;
    (void)id;
    *ret = ctx;
    return OK;
}

static err search(struct op *op, void *ctx, const struct fhir_graphql_search *s,
                  struct fhir_graphql_page *ret)
{
    struct fhir_graphql_edge *e = ARENA_ARRAY(op->arena, struct fhir_graphql_edge, 2);
    (void)s;
    if (!e)
        return op_check(op);
    e[0] = e[1] = (struct fhir_graphql_edge){ctx, true};
    *ret = (struct fhir_graphql_page){.edges = e, .n = 2, .next = STR("2")};
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64u << 20);
    struct op op;
    struct json *v = NULL, *out = NULL;
    const struct fhir_graphql *g;
    if (!a)
        abort();
    op_init(&op, a, NULL, 1700000000000);
    if (json_read(&op, str_of(text), &JSON_LIMITS_DEFAULT, &v) != OK)
        abort();
    fhir_tag(v);
    err e = fhir_graphql_parse(&op, str_make((const char *)data, n), &g);
    for (int level = 0; e == OK && level < 2; level++) {
        struct fhir_graphql_env env = {
            .focus = level ? v : NULL, .read = read_one, .search = search, .ctx = v};
        op_clear(&op);
        if ((fhir_graphql_run(&op, g, &env, &out) == OK) != (op.fault.code == OK))
            abort();
    }
    arena_free(a);
    return 0;
}
