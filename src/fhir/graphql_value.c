/* Arguments, variables and directives of GraphQL, and the object that an answer is made of. */
#include "fhir/graphql_int.h"

static err scalar(struct gql_run *r, const struct json *v, gql_texts *ret)
{
    if (json_is(v, JSON_TRUE) || json_is(v, JSON_FALSE)) {
        VEC_PUSH(r->op->arena, ret, json_is(v, JSON_TRUE) ? STR("true") : STR("false"));
    } else if (json_is(v, JSON_STRING) || json_is(v, JSON_NUMBER)) {
        VEC_PUSH(r->op->arena, ret, v->u.s);
    } else if (!json_is(v, JSON_NULL)) {
        return fail(r->op, ERR_INVALID, "A GraphQL variable is a scalar or a list of scalars.");
    }
    return OK;
}

static err variable(struct gql_run *r, str name, gql_texts *ret)
{
    const struct gql_variable *declared = NULL;
    for (size_t i = 0; i < r->query->n_variables; i++)
        if (str_eq(r->query->variables[i].name, name))
            declared = &r->query->variables[i];
    if (!declared)
        return fail(r->op, ERR_INVALID, "The GraphQL variable $%.*s is not declared.",
                    STR_ARG(str_sub(name, 0, 64)));
    const struct json *v = json_get(r->env->variables, name), *one;
    if (!v && declared->defaulted) /* a constant */
        return gql_texts_of(r, &declared->fallback, ret);
    if (!v && declared->required)
        return fail(r->op, ERR_INVALID, "The GraphQL variable $%.*s has no value.",
                    STR_ARG(str_sub(name, 0, 64)));
    if (!json_is(v, JSON_ARRAY))
        return v ? scalar(r, v, ret) : OK;
    for (size_t i = 0; (one = json_at(v, i)); i++)
        TRY(scalar(r, one, ret));
    return OK;
}

err gql_texts_of(struct gql_run *r, const struct gql_value *v, gql_texts *ret)
{
    switch (v->kind) {
    case GQL_VARIABLE:
        return variable(r, v->text, ret);
    case GQL_NULL:
        return OK;
    case GQL_LIST: /* as deep as the parser let it be */
        for (size_t i = 0; i < v->n; i++)
            TRY(gql_texts_of(r, &v->items[i], ret));
        return OK;
    case GQL_NUMBER:
    case GQL_STRING:
    case GQL_TRUE:
    case GQL_FALSE:
    case GQL_ENUM:
        break;
    }
    VEC_PUSH(r->op->arena, ret, v->text);
    return op_check(r->op);
}

err gql_arg(struct gql_run *r, const struct gql_args *args, const char *name, str *ret)
{
    *ret = STR_NONE;
    for (size_t i = 0; i < args->n; i++) {
        gql_texts t = {.n = 0};
        if (!str_eq(args->at[i].name, str_of(name)))
            continue;
        TRY(gql_texts_of(r, &args->at[i].value, &t));
        if (t.n > 1)
            return fail(r->op, ERR_INVALID, "The GraphQL argument %s takes one value.", name);
        if (t.n)
            *ret = t.at[0];
    }
    return OK;
}

const struct gql_directive *gql_directive(const struct gql_selection *s, const char *name)
{
    for (size_t i = 0; i < s->n_directives; i++)
        if (str_eq(s->directives[i].name, str_of(name)))
            return &s->directives[i];
    return NULL;
}

static bool known(str name)
{
    static const char *const all[] = {"skip", "include", "flatten", "first", "singleton", "slice"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (str_eq(name, str_of(all[i])))
            return true;
    return false;
}

err gql_wanted(struct gql_run *r, const struct gql_selection *s, bool *ret)
{
    *ret = true;
    for (size_t i = 0; i < s->n_directives; i++) {
        const struct gql_directive *d = &s->directives[i];
        bool skip = str_eq(d->name, STR("skip"));
        str yes;
        if (!known(d->name))
            return fail(r->op, ERR_INVALID,
                        "There is no directive @%.*s; there are @skip @include @flatten @first "
                        "@singleton @slice.",
                        STR_ARG(str_sub(d->name, 0, 64)));
        if (!skip && !str_eq(d->name, STR("include")))
            continue;
        TRY(gql_arg(r, &d->args, "if", &yes));
        if (!str_eq(yes, STR("true")) && !str_eq(yes, STR("false")))
            return fail(r->op, ERR_INVALID, "@skip and @include take if: true or false.");
        *ret = *ret && str_eq(yes, STR("true")) != skip;
    }
    return OK;
}

/* ---- the object ---- */
static bool same(const struct gql_out *a, const struct gql_out *b)
{
    if (a->values.n != b->values.n || a->list != b->list)
        return false;
    for (size_t i = 0; i < a->values.n; i++)
        if (!json_equal(&a->values.at[i], &b->values.at[i]))
            return false;
    return true;
}

err gql_put(struct gql_outs *o, const struct gql_out *v)
{
    struct arena *a = o->op->arena;
    struct gql_out *there = NULL;
    for (size_t i = 0; i < o->at.n && !there; i++)
        if (str_eq(o->at.at[i]->name, v->name))
            there = o->at.at[i];
    if (!there) {
        there = ARENA_NEW(a, struct gql_out);
        *there = *v;
        there->list |= o->collate && !v->single;
        VEC_PUSH(a, &o->at, there);
        return op_check(o->op);
    }
    if (!o->collate)
        return same(there, v) ? OK
                              : fail(o->op, ERR_INVALID,
                                     "\"%.*s\" is selected twice in one place, not alike; give one "
                                     "an alias.",
                                     STR_ARG(str_sub(v->name, 0, 64)));
    there->single |= v->single;
    for (size_t i = 0; i < v->values.n; i++)
        VEC_PUSH(a, &there->values, v->values.at[i]);
    return op_check(o->op);
}

err gql_object(const struct gql_outs *o, struct json *ret)
{
    struct arena *a = o->op->arena;
    struct json *obj = json_new(a, JSON_OBJECT);
    for (size_t i = 0; i < o->at.n; i++) {
        const struct gql_out *v = o->at.at[i];
        if (v->single && v->values.n > 1)
            return fail(o->op, ERR_INVALID, "@singleton: \"%.*s\" has several values.",
                        STR_ARG(str_sub(v->name, 0, 64)));
        if (!v->empty && (!v->list || v->single || !v->values.n)) {
            json_set(a, obj, v->name, v->values.n ? &v->values.at[0] : json_new(a, JSON_NULL));
            continue;
        }
        struct json *list = json_new(a, JSON_ARRAY);
        for (size_t k = 0; k < v->values.n; k++)
            json_push(a, list, &v->values.at[k]);
        json_set(a, obj, v->name, list);
    }
    *ret = *obj;
    return op_check(o->op);
}
