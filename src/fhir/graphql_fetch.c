/* Fields of GraphQL that fetch resources: Patient(id:), PatientList(…), PatientConnection(…), at a
 * resource ConditionList(_reference: patient, …) for what points at it, and Reference.resource.
 * Invariant: the caller's doors are the only way to a resource; at most FHIR_GRAPHQL_READS come. */
#include "fhir/custom.h"
#include "fhir/graphql_int.h"

static fhir_type list_type(str name, const char *ending)
{
    return str_ends(name, str_of(ending)) && name.n > strlen(ending)
               ? fhir_type_parse(str_sub(name, 0, name.n - strlen(ending)))
               : 0;
}

bool gql_fetches(const struct gql_node *node, str name)
{
    if (!node->v)
        return true;
    if (node->type == FHIR_REFERENCE)
        return str_eq(name, STR("resource"));
    return node->type <= FHIR_TYPE_COUNT && !fhir_row_find(node->type, name) &&
           (list_type(name, "List") || list_type(name, "Connection"));
}

static err fetched(struct gql_run *r, size_t n)
{
    r->reads += n;
    return r->reads <= FHIR_GRAPHQL_READS
               ? OK
               : fail(r->op, ERR_TOO_COSTLY, "The GraphQL query fetches more than %u resources.",
                      FHIR_GRAPHQL_READS);
}

/* The selection over a resource, which becomes the root meanwhile. */
static err resource(struct gql_run *r, const struct gql_selection *s, struct json *v,
                    struct json *ret)
{
    struct json *before = r->root;
    struct gql_outs out = {.op = r->op};
    if (!s->n)
        return fail(r->op, ERR_INVALID, "Say which fields of \"%.*s\" you want: { … }.",
                    STR_ARG(str_sub(s->name, 0, 64)));
    r->root = v;
    err e = gql_select(r, s->set, s->n, (struct gql_node){v, fhir_type_of(v)}, &out);
    r->root = before;
    TRY(e);
    return gql_object(&out, ret);
}

static void push(struct gql_run *r, struct gql_out *out, struct json v)
{
    VEC_PUSH(r->op->arena, &out->values, v);
}

/* ---- Type(id:) ---- */
static err by_id(struct gql_run *r, const struct gql_selection *s, struct gql_out *out)
{
    fhir_type type = fhir_type_parse(s->name);
    struct json *v = NULL, made;
    str id;
    if (!type)
        return fail(r->op, ERR_INVALID,
                    "\"%.*s\" is no field here; there are [Type](id:), [Type]List and "
                    "[Type]Connection.",
                    STR_ARG(str_sub(s->name, 0, 64)));
    TRY(gql_arg(r, &s->args, "id", &id));
    if (!fhir_id_valid(id) || s->args.n != 1)
        return fail(r->op, ERR_INVALID, "%.*s takes one argument: id.", STR_ARG(s->name));
    TRY(fetched(r, 1));
    TRY(r->env->read(r->op, r->env->ctx, type, id, &v));
    if (!v)
        return fail(r->op, ERR_NOT_FOUND, "There is no such %.*s.", STR_ARG(s->name));
    TRY(resource(r, s, v, &made));
    push(r, out, made);
    return OK;
}

/* ---- Reference.resource ---- */
static struct json *contained(struct gql_run *r, str id)
{
    struct json *list = JSON_GET(r->root, "contained"), *one;
    if (!id.n)
        return r->root;
    for (size_t i = 0; (one = json_at(list, i)); i++)
        if (str_eq(json_get_str(one, STR("id")), id))
            return one;
    return NULL;
}

static err target(struct gql_run *r, const struct gql_selection *s, struct gql_node node,
                  struct gql_out *out)
{
    str optional, type;
    struct json *v = NULL, made;
    struct fhir_ref ref = fhir_ref_parse(json_get_str(node.v, STR("reference")));
    TRY(gql_arg(r, &s->args, "optional", &optional));
    TRY(gql_arg(r, &s->args, "type", &type));
    if (ref.kind == REF_CONTAINED)
        v = contained(r, ref.id);
    if (ref.kind == REF_LOCAL) {
        TRY(fetched(r, 1));
        TRY(r->env->read(r->op, r->env->ctx, ref.type, ref.id, &v));
    }
    if (v && type.n && !str_eq(json_get_str(v, STR("resourceType")), type))
        v = NULL;
    else if (!v && !str_eq(optional, STR("true")))
        return fail(r->op, ERR_NOT_FOUND,
                    "A reference points at nothing that can be shown; say resource(optional: "
                    "true) if that may be.");
    if (!v)
        return OK;
    TRY(resource(r, s, v, &made));
    push(r, out, made);
    return OK;
}

/* ---- lists ---- */
/* birth_date is birth-date, _count stays _count, and so does a posted parameter of that very name.
 */
static str parameter_name(struct gql_run *r, fhir_type type, str name)
{
    char *p = arena_alloc(r->op->arena, name.n + 1);
    if (!p || name.p[0] == '_' || fhir_custom_find(r->env->customs, type, name))
        return name;
    for (size_t i = 0; i < name.n; i++)
        p[i] = name.p[i] == '_' ? '-' : name.p[i];
    return str_make(p, name.n);
}

static void parameter(struct buf *b, str name, const gql_texts *t)
{
    if (b->n)
        buf_char(b, '&');
    buf_url(b, name);
    buf_char(b, '=');
    for (size_t i = 0; i < t->n; i++) {
        if (i)
            buf_char(b, ',');
        buf_url(b, t->at[i]);
    }
}

/* Arguments to search text. */
static err query(struct gql_run *r, const struct gql_selection *s, struct gql_node node,
                 struct fhir_graphql_search *q)
{
    struct buf b;
    bool tied = !node.v;
    buf_init(&b, r->op->arena, FHIR_GRAPHQL_BYTES);
    for (size_t i = 0; i < s->args.n; i++) {
        const struct gql_arg *a = &s->args.at[i];
        gql_texts t = {.n = 0};
        TRY(gql_texts_of(r, &a->value, &t));
        if (str_eq(a->name, STR("_cursor"))) {
            q->cursor = t.n ? t.at[0] : STR_NONE;
        } else if (str_eq(a->name, STR("_reference"))) {
            if (!node.v || t.n != 1)
                return fail(r->op, ERR_INVALID,
                            "_reference names one search parameter, at a resource.");
            gql_texts here = {.n = 0};
            VEC_PUSH(r->op->arena, &here,
                     arena_printf(r->op->arena, "%.*s/%.*s",
                                  STR_ARG(json_get_str(node.v, STR("resourceType"))),
                                  STR_ARG(json_get_str(node.v, STR("id")))));
            parameter(&b, parameter_name(r, q->type, t.at[0]), &here);
            tied = true;
        } else if (t.n) {
            parameter(&b, parameter_name(r, q->type, a->name), &t);
        }
    }
    if (!tied)
        return fail(r->op, ERR_INVALID,
                    "At a resource, %.*s needs _reference: the search parameter that points at it.",
                    STR_ARG(str_sub(s->name, 0, 64)));
    q->query = buf_str(&b);
    return buf_ok(&b) ? op_check(r->op) : fail(r->op, ERR_TOO_LARGE, "The arguments are too long.");
}

static err edge(struct gql_run *r, const struct gql_selection *s, const struct fhir_graphql_edge *e,
                struct json *ret)
{
    struct gql_outs out = {.op = r->op};
    for (size_t i = 0; i < s->n; i++) {
        const struct gql_selection *f = &s->set[i];
        struct gql_out made = {.name = f->alias};
        struct json v;
        if (f->what != GQL_FIELD)
            return fail(r->op, ERR_INVALID, "Edges have mode, score and resource.");
        if (str_eq(f->name, STR("resource"))) {
            TRY(resource(r, f, e->resource, &v));
            push(r, &made, v);
        } else if (str_eq(f->name, STR("mode"))) {
            push(r, &made, *json_new_str(r->op->arena, e->match ? STR("match") : STR("include")));
        } else if (!str_eq(f->name, STR("score"))) {
            return fail(r->op, ERR_INVALID, "Edges have mode, score and resource.");
        }
        TRY(gql_put(&out, &made));
    }
    return gql_object(&out, ret);
}

static err page_field(struct gql_run *r, const struct gql_selection *f,
                      const struct fhir_graphql_page *page, struct gql_out *made)
{
    struct arena *a = r->op->arena;
    struct json v;
    if (str_eq(f->name, STR("edges"))) {
        made->list = true;
        for (size_t i = 0; i < page->n; i++) {
            TRY(edge(r, f, &page->edges[i], &v));
            push(r, made, v);
        }
    } else if (str_eq(f->name, STR("count"))) {
        if (page->has_total)
            push(r, made, *json_new_i64(a, (int64_t)page->total));
    } else if (str_eq(f->name, STR("pagesize"))) {
        push(r, made, *json_new_i64(a, (int64_t)page->n));
    } else if (str_eq(f->name, STR("next")) || str_eq(f->name, STR("previous"))) {
        str cursor = f->name.p[0] == 'n' ? page->next : page->previous;
        if (cursor.n)
            push(r, made, *json_new_str(a, cursor));
    } else if (!str_eq(f->name, STR("first")) && !str_eq(f->name, STR("last")) &&
               !str_eq(f->name, STR("offset"))) {
        return fail(r->op, ERR_INVALID,
                    "A connection has count offset pagesize first previous next last edges.");
    }
    return OK;
}

static err connection(struct gql_run *r, const struct gql_selection *s,
                      const struct fhir_graphql_page *page, struct gql_out *out)
{
    struct gql_outs inner = {.op = r->op};
    struct json v;
    for (size_t i = 0; i < s->n; i++) {
        const struct gql_selection *f = &s->set[i];
        struct gql_out made = {.name = f->alias};
        if (f->what != GQL_FIELD)
            return fail(r->op, ERR_INVALID, "A connection takes no fragments.");
        TRY(page_field(r, f, page, &made));
        TRY(gql_put(&inner, &made));
    }
    TRY(gql_object(&inner, &v));
    push(r, out, v);
    return OK;
}

static err list(struct gql_run *r, const struct gql_selection *s,
                const struct fhir_graphql_page *page, struct gql_out *out)
{
    out->list = !out->single;
    for (size_t i = 0; i < page->n; i++) {
        struct json v;
        if (!page->edges[i].match)
            continue;
        TRY(resource(r, s, page->edges[i].resource, &v));
        push(r, out, v);
    }
    if (!out->values.n && out->list) /* nothing found is an empty list, not null */
        out->empty = true;
    return OK;
}

err gql_fetch(struct gql_run *r, const struct gql_selection *s, struct gql_node node,
              struct gql_out *out)
{
    fhir_type one = list_type(s->name, "Connection"), many = list_type(s->name, "List");
    struct fhir_graphql_search q = {.type = one ? one : many};
    struct fhir_graphql_page page = {0};
    if (node.v && node.type == FHIR_REFERENCE)
        return target(r, s, node, out);
    if (fhir_type_parse(s->name) || !q.type) /* List is a type, too */
        return by_id(r, s, out);
    for (size_t i = 0; one && i < s->n; i++)
        q.total |= str_eq(s->set[i].name, STR("count"));
    TRY(query(r, s, node, &q));
    TRY(fetched(r, 1));
    TRY(r->env->search(r->op, r->env->ctx, &q, &page));
    TRY(fetched(r, page.n));
    return one ? connection(r, s, &page, out) : list(r, s, &page, out);
}
