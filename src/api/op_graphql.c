/* $graphql at the server and at a resource: reading only. What is fetched goes through the record's
 * ordinary doors, so policy and trail are as of any read or search; what the actor may not see is
 * as if it were not there. http://hl7.org/fhir/R4/graphql.html */
#include "api/op_int.h"
#include "base/map.h"
#include "base/time.h"
#include "fhir/graphql.h"
#include "record/custom.h"

struct fetching {
    struct call *c;
    struct map known; /* "Type/id" → struct json *, or &nothing */
    struct json nothing;
    struct map noted;            /* "Type/id" of docs */
    VEC(struct record_doc) docs; /* shown in part */
    VEC(fhir_type) hidden;       /* kinds of which the patient keeps something */
};

/* What the answer says beside its data, once of each. */
static void note(struct op *op, struct fetching *f, const struct record_doc *d)
{
    str key =
        arena_printf(op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(d->type)), STR_ARG(d->id));
    if (!d->redacted || map_get(&f->noted, key))
        return;
    (void)map_put(&f->noted, key, &f->nothing);
    VEC_PUSH(op->arena, &f->docs, *d);
}

static void note_page(struct op *op, struct fetching *f, const struct record_page *page)
{
    for (size_t i = 0; i < page->n; i++)
        note(op, f, &page->docs[i]);
    for (size_t i = 0; i < page->n_hidden; i++) {
        bool known = false;
        for (size_t k = 0; k < f->hidden.n && !known; k++)
            known = f->hidden.at[k] == page->hidden[i];
        if (!known)
            VEC_PUSH(op->arena, &f->hidden, page->hidden[i]);
    }
}

static err read_one(struct op *op, void *ctx, fhir_type type, str id, struct json **ret)
{
    struct fetching *f = ctx;
    struct record_doc doc;
    struct fault before = op->fault;
    str key = arena_printf(op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(type)), STR_ARG(id));
    struct json *v = map_get(&f->known, key);
    if (!v) {
        err e = record_read(op, f->c->api->rec, type, id, &doc);
        if (e == OK)
            note(op, f, &doc);
        if (e == OK)
            e = record_parse(op, &doc, &v);
        else if (e == ERR_NOT_FOUND || e == ERR_FORBIDDEN || e == ERR_GONE) {
            op->fault = before;
            e = OK;
            v = &f->nothing;
        }
        TRY(e);
        (void)map_put(&f->known, key, v);
    }
    *ret = v == &f->nothing ? NULL : v;
    return op_check(op);
}

static err search(struct op *op, void *ctx, const struct fhir_graphql_search *s,
                  struct fhir_graphql_page *ret)
{
    struct fetching *f = ctx;
    const struct fhir_query *q;
    struct record_page page;
    str text = arena_printf(op->arena, "%.*s%s%s%.*s", STR_ARG(s->query),
                            s->total ? "&_total=accurate" : "", s->cursor.n ? "&_page=" : "",
                            STR_ARG(s->cursor));
    TRY(record_query_read(op, f->c->api->rec, s->type, text, false, &q));
    if (q->summary != SUMMARY_FALSE || q->n_elements)
        return fail(op, ERR_INVALID,
                    "In GraphQL the selection says what comes; leave out _summary and _elements.");
    TRY(record_search(op, f->c->api->rec, q, &page));
    note_page(op, f, &page);
    struct fhir_graphql_edge *edges = ARENA_ARRAY(op->arena, struct fhir_graphql_edge, page.n + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < page.n; i++) {
        if (op->deadline && time_now() > op->deadline)
            return fail(op, ERR_TIMEOUT, "The query takes too long; ask for less.");
        TRY(record_parse(op, &page.docs[i], &edges[i].resource));
        edges[i].match = i < page.n_match;
    }
    *ret = (struct fhir_graphql_page){.edges = edges,
                                      .n = page.n,
                                      .has_total = page.has_total,
                                      .total = page.total,
                                      .next = page.next,
                                      .previous = page.prev};
    return OK;
}

/* query, variables and operationName: in the address, a JSON body, or the body as it is. */
static err input(struct call *c, str *query, struct fhir_graphql_env *env)
{
    struct op_params p;
    struct json *body;
    str variables = STR_NONE;
    struct json_limits limits = {.bytes = 256u << 10, .depth = 8, .nodes = 10000};
    bool post = c->rq->method == NET_POST && str_trim(c->rq->body).n;
    if (post && str_starts(net_header(c->rq, "Content-Type"), STR("application/graphql"))) {
        *query = c->rq->body;
        return OK;
    }
    if (post) {
        TRY(body_object(c, &body));
        *query = json_get_str(body, STR("query"));
        env->variables = JSON_GET(body, "variables");
        env->operation = json_get_str(body, STR("operationName"));
    } else {
        TRY(op_params(c, "query variables operationName", &p));
        TRY(op_one(c, &p, "query", query));
        TRY(op_one(c, &p, "operationName", &env->operation));
        TRY(op_one(c, &p, "variables", &variables));
        if (variables.n) {
            TRY(json_read(&c->op, variables, &limits, &body));
            env->variables = body;
        }
    }
    if (json_is(env->variables, JSON_NULL))
        env->variables = NULL;
    if (!query->n || (env->variables && !json_is(env->variables, JSON_OBJECT)))
        return fail(&c->op, ERR_INVALID,
                    "Send query, the GraphQL text, and if need be variables, a JSON object, and "
                    "operationName.");
    return OK;
}

/* GraphQL's own place for what is beside the data: extensions. */
static err suppressed(struct call *c, const struct fetching *f, struct json *o)
{
    struct record_page page = {.docs = f->docs.at,
                               .n = f->docs.n,
                               .n_match = f->docs.n,
                               .hidden = f->hidden.at,
                               .n_hidden = f->hidden.n};
    struct json *told, *extensions = json_new(c->op.arena, JSON_OBJECT);
    struct buf b;
    if (!hidden_any(&page))
        return OK;
    buf_init(&b, c->op.arena, 1u << 20);
    hidden_outcome(c, &b, &page);
    TRY(op_check(&c->op));
    TRY(json_read(&c->op, buf_str(&b), &JSON_LIMITS_DEFAULT, &told));
    json_set(c->op.arena, extensions, STR("suppressed"), told);
    json_set(c->op.arena, o, STR("extensions"), extensions);
    return op_check(&c->op);
}

err api_graphql(struct call *c)
{
    struct fetching f = {.c = c};
    struct fhir_graphql_env env = {
        .read = read_one, .search = search, .customs = record_customs(c->api->rec), .ctx = &f};
    const struct fhir_graphql *g;
    struct json *data, *o = json_new(c->op.arena, JSON_OBJECT);
    struct record_doc doc;
    str query;
    map_init(&f.known, c->op.arena);
    map_init(&f.noted, c->op.arena);
    TRY(input(c, &query, &env));
    op_deadline(c);
    TRY(fhir_graphql_parse(&c->op, query, &g));
    if (c->id.n) {
        TRY(record_read(&c->op, c->api->rec, c->type, c->id, &doc));
        note(&c->op, &f, &doc);
        TRY(record_parse(&c->op, &doc, &env.focus));
    }
    TRY(fhir_graphql_run(&c->op, g, &env, &data));
    json_set(c->op.arena, o, STR("data"), data);
    TRY(suppressed(c, &f, o));
    return answer_json(c, 200, o);
}
