/* For the tests of FHIRPath: an expression evaluated with surroundings, its result as one text. */
#ifndef WEFT_FHIR_PATH_ANSWER_H
#define WEFT_FHIR_PATH_ANSWER_H

#include "base/buf.h"
#include "fhir/fhir_int.h"
#include "fhir/terms.h"

static void item_text(struct buf *b, const struct json *v)
{
    if (v->type == JSON_OBJECT)
        buf_add(b, STR("{}"));
    else if (v->type == JSON_TRUE || v->type == JSON_FALSE)
        buf_add(b, v->type == JSON_TRUE ? STR("true") : STR("false"));
    else
        buf_add(b, json_str(v));
}

/* Every typed reference resolves to a resource of that type and id, one value set and
 * one code system are known, one profile is met by Patients. */
static err resolve(struct op *op, void *ctx, str reference, struct json **ret)
{
    struct fhir_ref ref = fhir_ref_parse(reference);
    (void)ctx;
    if (ref.type == 0)
        return OK;
    *ret = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, *ret, STR("resourceType"), fhir_type_name(ref.type));
    json_set_str(op->arena, *ret, STR("id"), ref.id);
    return OK;
}

static err member(struct op *op, void *ctx, str value_set, struct terms_code code,
                  enum terms_answer *ret, str *ret_display)
{
    (void)op, (void)ctx, (void)ret_display;
    *ret = !str_eq(value_set, STR("urn:set")) ? TERMS_UNKNOWN
           : str_eq(code.code, STR("29463-7")) && str_eq(code.system, STR("http://loinc.org"))
               ? TERMS_YES
           : str_eq(code.code, STR("female")) && code.system.n == 0 ? TERMS_YES
                                                                    : TERMS_NO;
    return OK;
}

/* In urn:cs a code subsumes all that begin with it. */
static err relate(struct op *op, void *ctx, str system, str a, str b, bool *ret_known,
                  enum terms_relation *ret)
{
    (void)op, (void)ctx;
    *ret_known = str_eq(system, STR("urn:cs"));
    *ret = str_starts(b, a)   ? TERMS_SUBSUMES
           : str_starts(a, b) ? TERMS_SUBSUMED_BY
                              : TERMS_NOT_SUBSUMED;
    return OK;
}

static err conforms(struct op *op, void *ctx, struct json *item, str profile, bool *ret_known,
                    bool *ret)
{
    (void)op, (void)ctx;
    *ret_known = str_eq(profile, STR("urn:profile"));
    *ret = fhir_type_of(item) == FHIR_PATIENT;
    return OK;
}

static err evaluate(struct op *op, const struct fhir_path *p, struct json *focus,
                    struct fhir_path_items *ret)
{
    static const struct fhir_terms terms = {.member = member, .relate = relate};
    struct json *codes = NULL;
    TRY(json_read(op,
                  STR("[{\"system\":\"urn:cs\",\"code\":\"a\"},{\"system\":\"urn:cs\",\"code\":"
                      "\"ab\"},{\"system\":\"urn:other\",\"code\":\"ab\"}]"),
                  &JSON_LIMITS_DEFAULT, &codes));
    const struct fhir_path_var vars[] = {
        {STR("a"), json_at(codes, 0), FHIR_CODING},
        {STR("ab"), json_at(codes, 1), FHIR_CODING},
        {STR("other"), json_at(codes, 2), FHIR_CODING},
        {STR("text"), json_new_str(op->arena, STR("text")), 0},
    };
    const struct fhir_path_env env = {.resolve = resolve,
                                      .conforms = conforms,
                                      .terms = &terms,
                                      .vars = vars,
                                      .n_vars = sizeof vars / sizeof *vars};
    return fhir_path_run(op, p, &env, focus, ret);
}

/* Items joined by ;, objects as {}; ! for a failure (told in op->fault). */
static inline str answer(struct op *op, const char *expression, struct json *focus)
{
    const struct fhir_path *p = NULL;
    struct fhir_path_items items;
    struct buf b;
    buf_init(&b, op->arena, 1u << 16);
    if (fhir_path_compile(op, str_of(expression), &p) != OK || evaluate(op, p, focus, &items) != OK)
        return STR("!");
    for (size_t i = 0; i < items.n; i++) {
        if (i)
            buf_char(&b, ';');
        item_text(&b, items.at[i]);
    }
    return buf_str(&b);
}

#endif
