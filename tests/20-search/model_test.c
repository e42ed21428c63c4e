/* Search against the model: invented resources of every type, random queries of every kind of
 * parameter, modifier, prefix, chain and _has, and each answer compared, resource by resource, with
 * what the plain model says. Seeded by WEFT_SEED; WEFT_SOAK_MINUTES makes it WEFT_COMPARISONS or
 * 100,000 comparisons instead of some thousands. A failure names the query. */
#include "model.h"

#include <stdio.h>

static size_t setting(const char *name, size_t otherwise)
{
    const char *text = getenv(name);
    uint64_t n;
    return text && str_to_u64(str_of(text), 100000000, &n) ? (size_t)n : otherwise;
}

/* ---- the resources ---- */

static bool keep(struct model *m, struct fixture *f, str line)
{
    struct json *tree;
    struct record_result r;
    op_clear(&f->op);
    op_clear(&m->op);
    if (fhir_read(&f->op, line, 0, &tree) != OK)
        return false;
    fhir_type type = fhir_type_of(tree);
    str id = json_get_str(tree, STR("id"));
    if (record_update(&f->op, f->rec, type, id, tree, STR_NONE, &r) != OK)
        return false;
    model_add(m, arena_str(m->op.arena, line), id);
    return true;
}

static void invent(struct model *m, struct fixture *f)
{
    char *line = malloc(1u << 20), command[1000];
    size_t refused = 0;
    snprintf(command, sizeof command,
             "'%s' '%s/tests/20-search/make_resources.py' '%s/spec/fhir' %u 3", WEFT_PYTHON,
             WEFT_TREE, WEFT_TREE, model_roll(m, 1000000));
    FILE *in = popen(command, "r");
    assert_non_null(line);
    assert_non_null(in);
    while (fgets(line, 1 << 20, in) && m->n < MODEL_RESOURCES) {
        if (!keep(m, f, str_of(line))) {
            refused++;
            if (getenv("WEFT_VERBOSE"))
                print_message("%.60s: %.*s: %.*s\n", line,
                              STR_ARG(f->op.fault.issues[0].expression),
                              STR_ARG(f->op.fault.issues[0].message));
        }
        arena_reset(f->arena);
        fixture_as(f, &f->system);
    }
    assert_int_equal(pclose(in), 0);
    free(line);
    print_message("%zu resources, %zu refused\n", m->n, refused);
    assert_true(m->n > 300 && refused < m->n / 4);
}

static void agrees_with_the_model(void **state)
{
    struct fixture *f = *state;
    struct model *m = calloc(1, sizeof *m);
    size_t want = setting("WEFT_COMPARISONS", getenv("WEFT_SOAK_MINUTES") ? 100000 : 2000);
    size_t done = 0, wrong = 0, some = 0;
    assert_non_null(m);
    struct arena *a = arena_new((size_t)2 << 30);
    op_init(&m->op, a, NULL, time_now());
    m->seed = setting("WEFT_SEED", 20261122);
    model_params_read(m, WEFT_TREE "/spec/fhir/search-parameters.jsonl");
    invent(m, f);
    while (done < want && wrong < setting("WEFT_WRONG", 1)) {
        struct model_cond c[2];
        const struct model_param *p = model_some_param(m, 0, -1);
        struct model_resource *r = &m->resources[model_roll(m, (uint32_t)m->n)];
        size_t n = 1 + (model_roll(m, 4) == 0);
        bool any = false;
        m->type = model_roll(m, 2) ? p->base : r->type;
        f->rec->chain_few = model_roll(m, 2) ? CHAIN_FEW : model_roll(m, 4);
        f->rec->chain_many = model_roll(m, 2) ? CHAIN_MANY : model_roll(m, 4);
        if (m->type == fhir_type_parse(STR("AuditEvent")) || /* that is the trail's */
            !model_condition(m, m->type, 0, &c[0]) ||
            (n == 2 && !model_condition(m, m->type, 0, &c[1])))
            continue;
        wrong += !model_compare(m, f, c, n, &any);
        some += any;
        done++;
    }
    print_message("%zu comparisons, %zu found something\n", done, some);
    assert_true(some > done / 4);
    assert_int_equal(wrong, 0);
    arena_free(a);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {BOTH_BACKENDS(agrees_with_the_model)};
    return cmocka_run_group_tests_name("search.model", tests, NULL, NULL);
}
