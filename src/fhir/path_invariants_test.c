/* Every invariant of R4's own definitions (spec/fhir/invariants.tsv: path, key, severity,
 * expression) compiles; every rule of severity error holds, or is empty, for HL7's examples and for
 * a share of the resources handed to us (WEFT_SHARED; their absence is told). Empty is no
 * violation: ref-1 is, of a Reference that has a display only. */
#include "base/test.h"
#include "fhir/fhir_int.h"

#include <stdio.h>
#include <stdlib.h>

#define INVARIANTS_MAX 4000
#define LINE_MAX_BYTES (16u << 20)
#define EACH_BUNDLE 15

struct invariant {
    str path, key;
    bool error;
    uint16_t type; /* the path is a type: every node of it */
    const struct fhir_path *rule, *at;
};
struct invariants {
    struct invariant all[INVARIANTS_MAX];
    const struct fhir_path *nodes;
    size_t n, checks, bad;
    struct op op; /* owns what is compiled */
};

static str file(struct op *op, const char *name)
{
    struct buf b;
    FILE *f = fopen(name, "rb");
    buf_init(&b, op->arena, 16u << 20);
    for (size_t got = 1; f && got; buf_commit(&b, got)) {
        char *to = buf_reserve(&b, 65536);
        assert_non_null(to);
        got = fread(to, 1, 65536, f);
    }
    if (f)
        assert_int_equal(fclose(f), 0);
    return buf_str(&b);
}

static void add(struct invariants *v, str line)
{
    struct invariant *i = &v->all[v->n];
    str severity = STR_NONE, expression = STR_NONE;
    assert_true(str_take_until(&line, '\t', &i->path) && str_take_until(&line, '\t', &i->key) &&
                str_take_until(&line, '\t', &severity) && str_take_until(&line, '\t', &expression));
    i->error = str_eq(severity, STR("error"));
    i->type = fhir_model_find(i->path);
    if (fhir_path_compile(&v->op, expression, &i->rule) != OK)
        fail_msg("%.*s %.*s: %.*s\n", STR_ARG(i->path), STR_ARG(i->key),
                 STR_ARG(v->op.fault.issues[0].message));
    if (!i->type)
        assert_int_equal(fhir_path_compile(&v->op, i->path, &i->at), OK);
    assert_true(++v->n < INVARIANTS_MAX);
}

static void check(struct invariants *v, const struct invariant *i, struct op *op,
                  struct json *resource, struct json *focus)
{
    const struct fhir_path_env env = {.resource = resource, .root = resource};
    struct fhir_path_items got = {0};
    op_clear(op);
    err e = fhir_path_run(op, i->rule, &env, focus, &got);
    v->checks++;
    if (e == OK && (got.n == 0 || (got.n == 1 && got.at[0]->type == JSON_TRUE) || !i->error))
        return;
    v->bad++;
    print_message("%.*s %.*s of %.*s: %s\n", STR_ARG(i->path), STR_ARG(i->key),
                  STR_ARG(json_get_str(resource, STR("resourceType"))),
                  e == OK ? "false" : "cannot be evaluated");
}

static void check_all(struct invariants *v, struct op *op, struct json *resource)
{
    struct fhir_path_items nodes, at;
    str type = json_get_str(resource, STR("resourceType"));
    op_clear(op);
    assert_int_equal(fhir_path_run(op, v->nodes, NULL, resource, &nodes), OK);
    for (size_t i = 0; i < v->n; i++) {
        const struct invariant *one = &v->all[i];
        for (size_t k = 0; one->type && k < nodes.n; k++)
            if (fhir_is_a(nodes.types[k], one->type))
                check(v, one, op, resource, nodes.at[k]);
        if (one->type || !str_starts(one->path, type))
            continue;
        assert_int_equal(fhir_path_run(op, one->at, NULL, resource, &at), OK);
        for (size_t k = 0; k < at.n; k++)
            check(v, one, op, resource, at.at[k]);
    }
}

static void bundles(struct invariants *v, const char *shared, const char *name)
{
    char command[4096];
    int n =
        snprintf(command, sizeof command, "gunzip -c '%s/data/fhir/%s' 2>/dev/null", shared, name);
    char *line = malloc(LINE_MAX_BYTES);
    FILE *in = n > 0 && (size_t)n < sizeof command ? popen(command, "r") : NULL;
    assert_non_null(line);
    struct op op = test_op();
    for (size_t i = 0; in && fgets(line, LINE_MAX_BYTES, in); i++) {
        struct json *bundle = NULL, *entry;
        if (i % EACH_BUNDLE)
            continue;
        arena_reset(op.arena);
        op_clear(&op);
        assert_int_equal(fhir_read(&op, str_of(line), FHIR_BUNDLE, &bundle), OK);
        for (size_t k = 0; (entry = json_at(JSON_GET(bundle, "entry"), k)) && k < 60; k++)
            check_all(v, &op, JSON_GET(entry, "resource"));
    }
    if (in)
        (void)pclose(in);
    free(line);
    test_op_done(&op);
}

/* HL7's examples; its CodeSystem has one code twice, which csd-1 finds. */
static void examples(struct invariants *v)
{
    struct op op = test_op();
    struct json *all = NULL;
    assert_int_equal(json_read(&op, file(&op, WEFT_SOURCE "/tests/vectors/fhirpath_suite.json"),
                               &JSON_LIMITS_DEFAULT, &all),
                     OK);
    struct json *inputs = JSON_GET(all, "inputs");
    for (uint32_t i = 0; i < inputs->n; i++) {
        struct json *resource = &inputs->u.members[i].value;
        if (fhir_validate(&op, resource) == OK)
            check_all(v, &op, resource);
        op_clear(&op);
    }
    assert_int_equal(v->bad, 1);
    v->bad = 0;
    test_op_done(&op);
}

static void published(void **state)
{
    static struct invariants v;
    const char *shared = getenv("WEFT_SHARED");
    (void)state;
    v.op = test_op();
    str text = file(&v.op, WEFT_SOURCE "/spec/fhir/invariants.tsv"), line;
    assert_int_equal(fhir_path_compile(&v.op, STR("$this | descendants()"), &v.nodes), OK);
    while (str_take_until(&text, '\n', &line))
        if (line.n && line.p[0] != '#')
            add(&v, line);
    assert_true(v.n > 200);
    examples(&v);
    size_t before = v.checks;
    assert_true(before > 100);
    bundles(&v, shared ? shared : WEFT_SOURCE "/../shared", "hf49.bundles.ndjson.gz");
    bundles(&v, shared ? shared : WEFT_SOURCE "/../shared", "other100.bundles.ndjson.gz");
    if (v.checks == before)
        print_message("SKIPPED: the shared bundles are not here (set WEFT_SHARED)\n");
    print_message("%zu invariants, %zu checks\n", v.n, v.checks);
    test_op_done(&v.op);
    assert_int_equal(v.bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
