/* GraphQL text to its parsed form: operations of kind query, fragments, selections, arguments.
 * Invariant: what nests is at most FHIR_GRAPHQL_DEPTH deep, and there are at most
 * FHIR_GRAPHQL_NODES of anything. */
#include "fhir/graphql_int.h"

struct parser {
    struct gql_lexer l;
    size_t nodes;
    bool constant; /* in a default value: no variables */
};

typedef VEC(struct gql_selection) selections;
typedef VEC(struct gql_arg) arguments;

static bool is(const struct parser *p, const char *sign)
{
    return (p->l.token == TOKEN_SIGN || p->l.token == TOKEN_NAME) &&
           str_eq(p->l.text, str_of(sign));
}

static err count(struct parser *p, unsigned depth)
{
    if (++p->nodes > FHIR_GRAPHQL_NODES)
        return fail(p->l.op, ERR_TOO_COSTLY, "The GraphQL query has more than %u parts.",
                    FHIR_GRAPHQL_NODES);
    if (depth > FHIR_GRAPHQL_DEPTH)
        return fail(p->l.op, ERR_TOO_COSTLY, "The GraphQL query nests more than %u deep.",
                    FHIR_GRAPHQL_DEPTH);
    return op_check(p->l.op);
}

static err take(struct parser *p, const char *sign)
{
    if (!is(p, sign))
        return gql_expected(&p->l, sign);
    return gql_next(&p->l);
}

static err name(struct parser *p, str *ret)
{
    if (p->l.token != TOKEN_NAME)
        return gql_expected(&p->l, "a name");
    *ret = p->l.text;
    return gql_next(&p->l);
}

static enum gql_kind word_kind(str w)
{
    if (str_eq(w, STR("true")))
        return GQL_TRUE;
    if (str_eq(w, STR("false")))
        return GQL_FALSE;
    return str_eq(w, STR("null")) ? GQL_NULL : GQL_ENUM;
}

static err value(struct parser *p, struct gql_value *ret, unsigned depth)
{
    struct gql_value v = {.text = p->l.text};
    TRY(count(p, depth));
    if (is(p, "[")) {
        VEC(struct gql_value) items = {.n = 0};
        v.kind = GQL_LIST;
        TRY(gql_next(&p->l));
        while (!is(p, "]")) {
            struct gql_value one;
            TRY(value(p, &one, depth + 1));
            VEC_PUSH(p->l.op->arena, &items, one);
        }
        v.items = items.at;
        v.n = items.n;
    } else if (is(p, "$")) {
        if (p->constant)
            return gql_expected(&p->l, "a constant, as the default of a variable,");
        TRY(gql_next(&p->l));
        v.kind = GQL_VARIABLE;
        v.text = p->l.text;
        if (p->l.token != TOKEN_NAME)
            return gql_expected(&p->l, "the name of a variable");
    } else if (p->l.token == TOKEN_NAME) {
        v.kind = word_kind(v.text);
    } else if (p->l.token == TOKEN_NUMBER || p->l.token == TOKEN_TEXT) {
        v.kind = p->l.token == TOKEN_NUMBER ? GQL_NUMBER : GQL_STRING;
    } else {
        return gql_expected(&p->l, "a value (objects have no use here)");
    }
    *ret = v;
    return gql_next(&p->l);
}

static err args(struct parser *p, struct gql_args *ret)
{
    arguments list = {.n = 0};
    *ret = (struct gql_args){0};
    if (!is(p, "("))
        return OK;
    TRY(gql_next(&p->l));
    do {
        struct gql_arg a;
        TRY(name(p, &a.name));
        TRY(take(p, ":"));
        TRY(value(p, &a.value, 0));
        VEC_PUSH(p->l.op->arena, &list, a);
    } while (!is(p, ")"));
    *ret = (struct gql_args){list.at, list.n};
    return gql_next(&p->l);
}

static err directives(struct parser *p, const struct gql_directive **ret, size_t *ret_n)
{
    VEC(struct gql_directive) list = {.n = 0};
    while (is(p, "@")) {
        struct gql_directive d;
        TRY(gql_next(&p->l));
        TRY(count(p, 0));
        TRY(name(p, &d.name));
        TRY(args(p, &d.args));
        VEC_PUSH(p->l.op->arena, &list, d);
    }
    *ret = list.at;
    *ret_n = list.n;
    return OK;
}

static err set(struct parser *p, const struct gql_selection **ret, size_t *ret_n, unsigned depth);

static err fragment_use(struct parser *p, struct gql_selection *s, unsigned depth)
{
    bool named = p->l.token == TOKEN_NAME && !is(p, "on");
    s->what = named ? GQL_SPREAD : GQL_INLINE;
    if (named)
        TRY(name(p, &s->name));
    if (!named && is(p, "on")) {
        TRY(gql_next(&p->l));
        TRY(name(p, &s->on));
    }
    TRY(directives(p, &s->directives, &s->n_directives));
    return named ? OK : set(p, &s->set, &s->n, depth + 1);
}

static err field(struct parser *p, struct gql_selection *s, unsigned depth)
{
    s->what = GQL_FIELD;
    TRY(name(p, &s->name));
    s->alias = s->name;
    if (is(p, ":")) {
        TRY(gql_next(&p->l));
        TRY(name(p, &s->name));
    }
    TRY(args(p, &s->args));
    TRY(directives(p, &s->directives, &s->n_directives));
    return is(p, "{") ? set(p, &s->set, &s->n, depth + 1) : OK;
}

static err set(struct parser *p, const struct gql_selection **ret, size_t *ret_n, unsigned depth)
{
    selections list = {.n = 0};
    TRY(take(p, "{"));
    do {
        struct gql_selection s = {.n = 0};
        TRY(count(p, depth));
        if (is(p, "...")) {
            TRY(gql_next(&p->l));
            TRY(fragment_use(p, &s, depth));
        } else {
            TRY(field(p, &s, depth));
        }
        VEC_PUSH(p->l.op->arena, &list, s);
    } while (!is(p, "}"));
    *ret = list.at;
    *ret_n = list.n;
    return gql_next(&p->l);
}

/* [Type!]! and the like: only whether it must be there matters. */
static err type(struct parser *p, bool *ret_required)
{
    unsigned open = 0;
    str ignored;
    for (; is(p, "["); open++) {
        TRY(count(p, open));
        TRY(gql_next(&p->l));
    }
    TRY(name(p, &ignored));
    *ret_required = is(p, "!");
    if (*ret_required)
        TRY(gql_next(&p->l));
    for (; open; open--) {
        TRY(take(p, "]"));
        *ret_required = is(p, "!");
        if (*ret_required)
            TRY(gql_next(&p->l));
    }
    return OK;
}

static err variables(struct parser *p, struct gql_definition *d)
{
    VEC(struct gql_variable) list = {.n = 0};
    if (!is(p, "("))
        return OK;
    TRY(gql_next(&p->l));
    do {
        struct gql_variable v = {.required = false};
        TRY(count(p, 0));
        TRY(take(p, "$"));
        TRY(name(p, &v.name));
        TRY(take(p, ":"));
        TRY(type(p, &v.required));
        v.defaulted = is(p, "=");
        if (v.defaulted) {
            TRY(gql_next(&p->l));
            p->constant = true;
            TRY(value(p, &v.fallback, 0));
            p->constant = false;
        }
        VEC_PUSH(p->l.op->arena, &list, v);
    } while (!is(p, ")"));
    d->variables = list.at;
    d->n_variables = list.n;
    return gql_next(&p->l);
}

static err definition(struct parser *p, struct gql_definition *d)
{
    const struct gql_directive *unused;
    size_t n;
    if (is(p, "mutation") || is(p, "subscription"))
        return fail(p->l.op, ERR_INVALID, "GraphQL reads only here; write by FHIR's own ways.");
    d->fragment = is(p, "fragment");
    if (d->fragment || is(p, "query")) {
        TRY(gql_next(&p->l));
        if (p->l.token == TOKEN_NAME)
            TRY(name(p, &d->name));
        if (d->fragment) {
            if (!d->name.n || str_eq(d->name, STR("on")))
                return gql_expected(&p->l, "the name of the fragment");
            TRY(take(p, "on"));
            TRY(name(p, &d->on));
        } else {
            TRY(variables(p, d));
        }
        TRY(directives(p, &unused, &n));
    }
    return set(p, &d->set, &d->n, 0);
}

err fhir_graphql_parse(struct op *op, str text, const struct fhir_graphql **ret)
{
    struct parser p = {.l = {.op = op, .in = text}};
    VEC(struct gql_definition) list = {.n = 0};
    struct fhir_graphql *g = ARENA_NEW(op->arena, struct fhir_graphql);
    if (text.n > FHIR_GRAPHQL_BYTES)
        return fail(op, ERR_TOO_LARGE, "A GraphQL query has at most %u bytes.", FHIR_GRAPHQL_BYTES);
    TRY(gql_next(&p.l));
    do {
        struct gql_definition d = {.n = 0};
        TRY(definition(&p, &d));
        VEC_PUSH(op->arena, &list, d);
    } while (p.l.token != TOKEN_END);
    TRY(op_check(op));
    *g = (struct fhir_graphql){list.at, list.n};
    *ret = g;
    return OK;
}
