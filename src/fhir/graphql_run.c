/* Runs a GraphQL query: selections over a tagged tree. Fields that fetch are graphql_fetch.c's.
 * Invariant: every field is an element that FHIR has there (or the query fails naming it), steps
 * and depth are bounded, and what is absent is null. */
#include "fhir/graphql_int.h"

#define RUN_DEPTH 60u

static err deeper(struct gql_run *r)
{
    if (++r->steps > FHIR_GRAPHQL_STEPS)
        return fail(r->op, ERR_TOO_COSTLY, "The GraphQL query looks at more than %u fields.",
                    FHIR_GRAPHQL_STEPS);
    return op_check(r->op);
}

/* ---- a field of an element ---- */
struct element {
    struct json *items; /* its values */
    size_t n;
    bool list;
};

/* value for value[x]: the member that is there. */
static struct json *choice(const struct gql_node *node, str name, bool *ret_known)
{
    uint16_t word = fhir_word_find(name);
    const struct fhir_model *m = &fhir_models[node->type];
    for (size_t i = 0; word && i < m->n_rows; i++) {
        const struct fhir_row *row = &fhir_rows[fhir_lists[m->list + i]];
        if (row->element != word || !(row->flags & ROW_CHOICE))
            continue;
        *ret_known = true;
        struct json *v = json_get(node->v, fhir_word(row->name));
        if (v)
            return v;
    }
    return NULL;
}

static err find(struct gql_run *r, const struct gql_node *node, str name, struct element *ret)
{
    uint16_t row = fhir_row_find(node->type, name);
    bool known = row != 0;
    struct json *v = row ? json_get(node->v, name) : choice(node, name, &known);
    if (!known)
        return fail(r->op, ERR_INVALID, "%.*s has no field \"%.*s\".",
                    STR_ARG(fhir_word(fhir_models[node->type].name)),
                    STR_ARG(str_sub(name, 0, 64)));
    *ret = (struct element){.list = row && (fhir_rows[row].flags & ROW_ARRAY)};
    if (json_is(v, JSON_ARRAY)) {
        ret->items = v->u.items;
        ret->n = v->n;
    } else if (v) {
        ret->items = v;
        ret->n = 1;
    }
    return OK;
}

/* Does the item have this value in its element of that name? */
static bool equals(const struct json *item, str name, const gql_texts *any)
{
    const struct json *v = json_get(item, name);
    size_t n = json_is(v, JSON_ARRAY) ? v->n : v != NULL;
    for (size_t i = 0; i < n; i++) {
        const struct json *one = json_is(v, JSON_ARRAY) ? json_at(v, i) : v;
        str text = json_is(one, JSON_TRUE)    ? STR("true")
                   : json_is(one, JSON_FALSE) ? STR("false")
                                              : json_str(one);
        for (size_t k = 0; k < any->n; k++)
            if (str_eq(any->at[k], text))
                return true;
    }
    return any->n == 0;
}

static err passes(struct gql_run *r, const struct gql_selection *s, struct json *item, bool *ret)
{
    *ret = item->type != JSON_NULL;
    for (size_t i = 0; *ret && i < s->args.n; i++) {
        const struct gql_arg *a = &s->args.at[i];
        gql_texts t = {.n = 0};
        TRY(gql_texts_of(r, &a->value, &t));
        if (str_eq(a->name, STR("fhirpath"))) {
            const struct fhir_path *path;
            if (t.n != 1)
                return fail(r->op, ERR_INVALID, "fhirpath takes one expression.");
            TRY(fhir_path_compile(r->op, t.at[0], &path));
            TRY(fhir_path_bool(r->op, path, item, ret));
        } else if (!str_eq(a->name, STR("_count")) && !str_eq(a->name, STR("_offset"))) {
            if (!fhir_row_find(FHIR_TAG_TYPE(item->tag), a->name))
                return fail(r->op, ERR_INVALID, "\"%.*s\" cannot be chosen by \"%.*s\".",
                            STR_ARG(str_sub(s->name, 0, 64)), STR_ARG(str_sub(a->name, 0, 64)));
            *ret = equals(item, a->name, &t);
        }
    }
    return OK;
}

static err number(struct gql_run *r, const struct gql_selection *s, const char *name, uint64_t *io)
{
    str text;
    TRY(gql_arg(r, &s->args, name, &text));
    if (text.n && !str_to_u64(text, 1000000, io))
        return fail(r->op, ERR_INVALID, "%s is a number.", name);
    return OK;
}

/* ---- one value ---- */
static err slice_name(struct gql_run *r, const struct gql_selection *s, struct json *item,
                      size_t index, str *ret)
{
    const struct gql_directive *d = gql_directive(s, "slice");
    const struct fhir_path *path;
    struct fhir_path_items got;
    str text, suffix;
    *ret = s->alias;
    if (!d)
        return OK;
    TRY(gql_arg(r, &d->args, "path", &text));
    suffix = arena_printf(r->op->arena, "%zu", index);
    if (!str_eq(text, STR("$index"))) {
        TRY(fhir_path_compile(r->op, text, &path));
        TRY(fhir_path_eval(r->op, path, item, &got));
        suffix = got.n ? json_str(got.at[0]) : STR_NONE;
    }
    *ret = arena_printf(r->op->arena, "%.*s.%.*s", STR_ARG(s->alias), STR_ARG(suffix));
    return op_check(r->op);
}

static err one_value(struct gql_run *r, const struct gql_selection *s, struct json *item,
                     struct json *ret)
{
    if (item->type != JSON_OBJECT) {
        *ret = *item;
        return s->n ? fail(r->op, ERR_INVALID, "\"%.*s\" is a value; nothing is inside it.",
                           STR_ARG(str_sub(s->name, 0, 64)))
                    : OK;
    }
    if (!s->n)
        return fail(r->op, ERR_INVALID, "Say which fields of \"%.*s\" you want: { … }.",
                    STR_ARG(str_sub(s->name, 0, 64)));
    struct gql_outs inner = {.op = r->op};
    TRY(gql_select(r, s->set, s->n, (struct gql_node){item, FHIR_TAG_TYPE(item->tag)}, &inner));
    return gql_object(&inner, ret);
}

static err flattened(struct gql_run *r, const struct gql_selection *s, struct json *item,
                     struct gql_outs *out)
{
    bool before = out->collate;
    if (item->type != JSON_OBJECT)
        return fail(r->op, ERR_INVALID, "@flatten is for elements that hold others.");
    out->collate = true;
    err e = gql_select(r, s->set, s->n, (struct gql_node){item, FHIR_TAG_TYPE(item->tag)}, out);
    out->collate = before;
    return e;
}

static err values(struct gql_run *r, const struct gql_selection *s, const struct element *e,
                  struct gql_outs *out)
{
    struct gql_out made = {.name = s->alias, .single = gql_directive(s, "singleton") != NULL};
    bool first = gql_directive(s, "first"), flat = gql_directive(s, "flatten");
    bool slice = gql_directive(s, "slice");
    uint64_t offset = 0, count = UINT64_MAX, index = 0;
    TRY(number(r, s, "_offset", &offset));
    TRY(number(r, s, "_count", &count));
    made.list = e->list && !first && !made.single;
    for (size_t i = 0; i < e->n && index < (first ? offset + 1 : UINT64_MAX); i++) {
        struct json v;
        bool ok;
        TRY(deeper(r));
        TRY(passes(r, s, &e->items[i], &ok));
        if (!ok || index++ < offset || index - offset > count)
            continue;
        if (flat) {
            TRY(flattened(r, s, &e->items[i], out));
            continue;
        }
        TRY(one_value(r, s, &e->items[i], &v));
        if (slice) {
            struct gql_out part = {.name = s->alias};
            TRY(slice_name(r, s, &e->items[i], i, &part.name));
            VEC_PUSH(r->op->arena, &part.values, v);
            TRY(gql_put(out, &part));
        } else {
            VEC_PUSH(r->op->arena, &made.values, v);
        }
    }
    if (flat || slice || (out->collate && !made.values.n))
        return op_check(r->op);
    return gql_put(out, &made);
}

static err plain(struct gql_run *r, const struct gql_selection *s, str text, struct gql_outs *out)
{
    struct gql_out made = {.name = s->alias};
    VEC_PUSH(r->op->arena, &made.values, *json_new_str(r->op->arena, text));
    return gql_put(out, &made);
}

static err field(struct gql_run *r, const struct gql_selection *s, struct gql_node node,
                 struct gql_outs *out)
{
    struct element e = {0};
    bool resource = node.v && node.type <= FHIR_TYPE_COUNT;
    if (str_eq(s->name, STR("__typename")))
        return plain(r, s, node.v ? fhir_word(fhir_models[node.type].name) : STR("Query"), out);
    if (str_starts(s->name, STR("__")))
        return fail(r->op, ERR_INVALID,
                    "There is no introspection here; fields are the elements of FHIR R4 and "
                    "arguments its search parameters (with _ for -).");
    if (resource && str_eq(s->name, STR("resourceType")))
        return plain(r, s, fhir_word(fhir_models[node.type].name), out);
    if (gql_fetches(&node, s->name)) {
        struct gql_out made = {.name = s->alias, .single = gql_directive(s, "singleton") != NULL};
        TRY(gql_fetch(r, s, node, &made));
        return gql_put(out, &made);
    }
    TRY(find(r, &node, s->name, &e));
    return values(r, s, &e, out);
}

/* ---- fragments ---- */
static err applies(struct gql_run *r, str on, const struct gql_node *node, bool *ret)
{
    uint16_t type = fhir_model_find(on);
    *ret = !on.n || (type && node->v && fhir_is_a(node->type, type)) ||
           (!node->v && str_eq(on, STR("Query")));
    return !on.n || type || str_eq(on, STR("Query"))
               ? OK
               : fail(r->op, ERR_INVALID, "There is no type \"%.*s\" for a fragment.",
                      STR_ARG(str_sub(on, 0, 64)));
}

static err fragment(struct gql_run *r, const struct gql_selection *s, struct gql_node node,
                    struct gql_outs *out)
{
    const struct gql_selection *set = s->set;
    size_t n = s->n;
    str on = s->on;
    bool fits;
    if (s->what == GQL_SPREAD) {
        const struct gql_definition *found = NULL;
        for (size_t i = 0; i < r->g->n; i++)
            if (r->g->at[i].fragment && str_eq(r->g->at[i].name, s->name))
                found = &r->g->at[i];
        if (!found)
            return fail(r->op, ERR_INVALID, "There is no fragment \"%.*s\".",
                        STR_ARG(str_sub(s->name, 0, 64)));
        set = found->set;
        n = found->n;
        on = found->on;
    }
    TRY(applies(r, on, &node, &fits));
    return fits ? gql_select(r, set, n, node, out) : OK;
}

err gql_select(struct gql_run *r, const struct gql_selection *set, size_t n, struct gql_node node,
               struct gql_outs *out)
{
    if (r->depth >= RUN_DEPTH)
        return fail(r->op, ERR_TOO_COSTLY,
                    "The GraphQL query goes more than %u deep; fragments may not use themselves.",
                    RUN_DEPTH);
    r->depth++;
    for (size_t i = 0; i < n; i++) {
        bool wanted;
        TRY(deeper(r));
        TRY(gql_wanted(r, &set[i], &wanted));
        if (wanted)
            TRY(set[i].what == GQL_FIELD ? field(r, &set[i], node, out)
                                         : fragment(r, &set[i], node, out));
    }
    r->depth--;
    return OK;
}

static err operation(struct op *op, const struct fhir_graphql *g, str name,
                     const struct gql_definition **ret)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++)
        if (!g->at[i].fragment && (!name.n || str_eq(g->at[i].name, name))) {
            *ret = &g->at[i];
            n++;
        }
    if (n == 1)
        return OK;
    return fail(op, ERR_INVALID,
                name.n ? "There is not exactly one operation of that operationName."
                       : "The query has not exactly one operation; say operationName.");
}

err fhir_graphql_run(struct op *op, const struct fhir_graphql *g,
                     const struct fhir_graphql_env *env, struct json **ret_data)
{
    struct gql_run r = {.op = op, .g = g, .env = env, .root = env->focus};
    struct gql_outs out = {.op = op};
    struct gql_node node = {env->focus, env->focus ? fhir_type_of(env->focus) : 0};
    struct json *data = json_new(op->arena, JSON_OBJECT);
    TRY(operation(op, g, env->operation, &r.query));
    TRY(gql_select(&r, r.query->set, r.query->n, node, &out));
    TRY(gql_object(&out, data));
    *ret_data = data;
    return op_check(op);
}
