/* The published search parameters as the model holds them: spec/fhir/search-parameters.jsonl, their
 * expressions compiled whole, for every type that has them. See model.h. */
#include "model.h"

#include <stdio.h>

static int type_of(str name)
{
    static const char *const names[] = {"number",    "date",      "string",   "token",
                                        "reference", "composite", "quantity", "uri"};
    for (int i = 0; i < 8; i++)
        if (str_eq(name, str_of(names[i])))
            return i;
    return PARAM_SPECIAL;
}

static const struct model_param *known(const struct model *m, fhir_type base, str code)
{
    for (size_t i = 0; i < m->n_params; i++)
        if (m->params[i].base == base && str_eq(str_of(m->params[i].code), code))
            return &m->params[i];
    return NULL;
}

static void add(struct model *m, const struct json *j, fhir_type base)
{
    struct model_param *p = &m->params[m->n_params];
    str expression = json_get_str(j, STR("expression"));
    *p = (struct model_param){.code = str_z(m->op.arena, json_get_str(j, STR("code"))),
                              .base = base,
                              .type = type_of(json_get_str(j, STR("type")))};
    for (size_t i = 0; i < m->n_params; i++)
        p->slot += m->params[i].base == base;
    if (!expression.n || p->type == PARAM_SPECIAL)
        return;
    assert_int_equal(fhir_path_compile(&m->op, expression, &p->path), OK);
    const struct json *parts = JSON_GET(j, "component");
    for (size_t i = 0; json_at(parts, i) && i < MODEL_PARTS; i++) {
        const struct json *part = json_at(parts, i);
        p->parts[i] = known(m, base, json_get_str(part, STR("code")));
        if (!p->parts[i])
            return;
        assert_int_equal(
            fhir_path_compile(&m->op, json_get_str(part, STR("expression")), &p->inner[i]), OK);
        p->n_parts++;
    }
    if (m->n_params + 1 < MODEL_PARAMS)
        m->n_params++;
}

static void add_bases(struct model *m, const struct json *j)
{
    const struct json *bases = JSON_GET(j, "base");
    for (size_t i = 0; json_at(bases, i); i++) {
        str base = json_str(json_at(bases, i));
        bool every = str_eq(base, STR("Resource"));
        for (fhir_type t = every ? 1 : fhir_type_parse(base); t && t <= FHIR_TYPE_COUNT; t++) {
            add(m, j, t);
            if (!every)
                break;
        }
    }
}

/* Composites second: they name the others. */
void model_params_read(struct model *m, const char *path)
{
    char *line = malloc(1u << 20);
    assert_non_null(line);
    for (int composites = 0; composites < 2; composites++) {
        FILE *in = fopen(path, "r");
        assert_non_null(in);
        while (fgets(line, 1 << 20, in)) {
            struct json *j = NULL;
            str text = arena_str(m->op.arena, str_of(line));
            assert_int_equal(json_read(&m->op, text, &JSON_LIMITS_DEFAULT, &j), OK);
            bool composite = str_eq(json_get_str(j, STR("type")), STR("composite"));
            if (JSON_GET(j, "code") && composite == (composites == 1))
                add_bases(m, j);
        }
        (void)fclose(in);
    }
    free(line);
}
