/* The shared bundles, loaded as import loads them and searched by every parameter that has a value
 * in them: each answer against the plain model's scan of every resource. A few bundles on an
 * ordinary run, all 149 with WEFT_SOAK_MINUTES. Skipped, loudly, where the data is absent. */
#include "model.h"

#include "record/bulk.h"

#include <stdio.h>

#define LINE_BYTES (16u << 20)

struct taker {
    struct model *m;
};

static err take(struct op *op, void *ctx, const struct record_doc *doc)
{
    struct model *m = ((struct taker *)ctx)->m;
    (void)op;
    str text = arena_cat(m->op.arena, doc->head, doc->body);
    model_add(m, text, arena_str(m->op.arena, doc->id));
    return OK;
}

static size_t load(struct fixture *f, const char *name, size_t max)
{
    const char *shared = getenv("WEFT_SHARED");
    char command[4096], *line = malloc(LINE_BYTES);
    struct record_load l = {0};
    size_t n = 0;
    snprintf(command, sizeof command, "gunzip -c '%s/data/fhir/%s' 2>/dev/null",
             shared ? shared : WEFT_TREE "/../shared", name);
    FILE *in = popen(command, "r");
    assert_non_null(line);
    fixture_as(f, &f->system);
    assert_int_equal(record_load_begin(&f->op, f->rec, &l), OK);
    while (in && n < max && fgets(line, LINE_BYTES, in)) {
        struct arena *a = arena_new((size_t)1 << 30);
        struct op op;
        op_init(&op, a, &f->system, time_now());
        assert_int_equal(record_load_add(&op, &l, str_of(line)), OK);
        arena_free(a);
        n++;
    }
    if (in)
        (void)pclose(in);
    assert_int_equal(record_load_end(&f->op, &l), OK);
    free(line);
    return n;
}

static bool has_value(struct model *m, const struct model_param *p)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->resources[i].type == p->base && model_items(m, &m->resources[i], p)->n)
            return true;
    return false;
}

/* A few values as written, and what has none. */
static size_t ask(struct model *m, struct fixture *f, const struct model_param *p, size_t times)
{
    size_t done = 0;
    bool any;
    m->type = p->base;
    for (size_t i = 0; i < times * 20 && done < times; i++) {
        struct model_cond c = {.param = p};
        if (!model_values(m, p->base, &c))
            continue;
        assert_true(model_compare(m, f, &c, 1, &any));
        done++;
    }
    if (p->type == PARAM_COMPOSITE)
        return done;
    struct model_cond none = {.param = p, .mod = IS_MISSING, .missing = true};
    assert_true(model_compare(m, f, &none, 1, &any));
    return done + 1;
}

static void every_parameter_with_a_value(void **state)
{
    struct fixture *f = *state;
    bool whole = getenv("WEFT_SOAK_MINUTES") != NULL;
    struct model *m = calloc(1, sizeof *m);
    size_t asked = 0, with_value = 0;
    assert_non_null(m);
    struct arena *a = arena_new((size_t)12 << 30);
    op_init(&m->op, a, NULL, time_now());
    m->seed = 7;
    size_t n = load(f, "hf49.bundles.ndjson.gz", whole ? SIZE_MAX : 1) +
               load(f, "other100.bundles.ndjson.gz", whole ? SIZE_MAX : 3);
    if (!n) {
        arena_free(a);
        free(m);
        print_message("SKIPPED: the shared bundles are not here (set WEFT_SHARED)\n");
        skip();
    }
    model_params_read(m, WEFT_TREE "/spec/fhir/search-parameters.jsonl");
    fixture_as(f, &f->system);
    assert_int_equal(record_unload(&f->op, f->rec, 0, take, &(struct taker){m}), OK);
    for (size_t i = 0; i < m->n_params; i++) {
        const struct model_param *p = &m->params[i];
        if (strcmp(p->code, "_id") == 0 || strcmp(p->code, "_lastUpdated") == 0 || !has_value(m, p))
            continue;
        with_value++;
        asked += ask(m, f, p, whole ? 10 : 2);
    }
    print_message("%zu bundles, %zu resources, %zu parameters with values, %zu searches\n", n, m->n,
                  with_value, asked);
    assert_true(with_value > 150);
    arena_free(a);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {{"sqlite every_parameter_with_a_value",
                                        every_parameter_with_a_value, fixture_setup_sqlite,
                                        fixture_teardown, NULL}};
    return cmocka_run_group_tests_name("search.source", tests, NULL, NULL);
}
