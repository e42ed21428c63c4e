/* GET /openapi.json: every way in, its parameters and errors as OpenAPI 3.1, made at each request
 * from the route table, the parameters of spec/route-params.csv and the CapabilityStatement, so
 * that it cannot say anything else than they do. https://spec.openapis.org/oas/v3.1.0 */
#include "api/api_int.h"

struct maker {
    struct call *c;
    struct buf *b;
};

static void key(struct buf *b, bool first, const char *name)
{
    buf_printf(b, "%s\"%s\":", first ? "" : ",", name);
}

static void text(struct buf *b, bool first, const char *name, str value)
{
    key(b, first, name);
    buf_json_string(b, value);
}

/* "/fhir/{type}/{*}" as OpenAPI has it; with a type in the place of {type} when there is one. */
static str path_of(struct call *c, const struct route *r, str type)
{
    str out = STR_NONE;
    for (unsigned i = 0; i < r->n_segments; i++) {
        const struct segment *s = &r->segments[i];
        str part = s->kind == SEGMENT_REST ? STR("{rest}") : s->text;
        if (s->kind == SEGMENT_TYPE && type.n)
            part = type;
        out = arena_printf(c->op.arena, "%.*s/%.*s", STR_ARG(out), STR_ARG(part));
    }
    return out.n ? out : STR("/");
}

static void types_enum(struct buf *b, const char *except)
{
    bool first = true;
    buf_add(b, STR(",\"enum\":["));
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++) {
        str list = str_of(except), one;
        bool out = false;
        while (str_take_until(&list, ' ', &one))
            out = out || str_eq(one, fhir_type_name(t));
        if (out)
            continue;
        buf_printf(b, "%s\"%.*s\"", first ? "" : ",", STR_ARG(fhir_type_name(t)));
        first = false;
    }
    buf_char(b, ']');
}

static void path_parameter(struct buf *b, const struct route *r, const struct segment *s)
{
    static const struct {
        enum segment_kind kind;
        const char *name, *doc;
    } rows[] = {
        {SEGMENT_TYPE, "type", "A resource type of FHIR R4."},
        {SEGMENT_ID, "id", "The id of a resource: letters, digits, hyphens and dots, up to 64."},
        {SEGMENT_VID, "vid", "A version, as meta.versionId says."},
        {SEGMENT_WITHIN, "within", "A resource type, or * for every type of the compartment."},
        {SEGMENT_REST, "rest", "What follows."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].kind != s->kind)
            continue;
        buf_printf(b, "{\"name\":\"%s\",\"in\":\"path\",\"required\":true", rows[i].name);
        text(b, false, "description", str_of(rows[i].doc));
        buf_add(b, STR(",\"schema\":{\"type\":\"string\""));
        if (s->kind == SEGMENT_TYPE)
            types_enum(b, r->except);
        buf_add(b, STR("}}"));
    }
}

/* May be given more than once: all must hold. */
static void query_parameter(struct buf *b, str name, str doc, str example)
{
    buf_char(b, '{');
    text(b, true, "name", name);
    buf_add(b, STR(",\"in\":\"query\""));
    text(b, false, "description", doc);
    buf_add(b, STR(",\"schema\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"));
    if (example.n) {
        buf_add(b, STR(",\"example\":["));
        buf_json_string(b, example);
        buf_char(b, ']');
    }
    buf_char(b, '}');
}

static void search_parameters(struct maker *m, fhir_type type)
{
    struct json *v;
    struct op *op = &m->c->op;
    if (json_read(op, capability_of_type(m->c->api, type), &JSON_LIMITS_DEFAULT, &v) != OK)
        return;
    const struct json *list = JSON_GET(v, "searchParam"), *p;
    for (size_t i = 0; (p = json_at(list, i)); i++) {
        str name = json_get_str(p, STR("name")), kind = json_get_str(p, STR("type"));
        const struct fhir_param *row = fhir_param_find(type, name);
        str says = arena_printf(op->arena, "%.*s. %.*s", STR_ARG(kind),
                                STR_ARG(json_get_str(p, STR("documentation"))));
        str example = row ? url_decode(op->arena, capability_sample(op, row)) : STR_NONE;
        buf_char(m->b, ',');
        query_parameter(m->b, name, says, example);
    }
}

static void parameters(struct maker *m, const struct route *r, fhir_type type)
{
    struct buf *b = m->b;
    bool first = true;
    buf_add(b, STR(",\"parameters\":["));
    for (unsigned i = 0; i < r->n_segments; i++) {
        const struct segment *s = &r->segments[i];
        if (s->kind == SEGMENT_LITERAL || (s->kind == SEGMENT_TYPE && type))
            continue;
        buf_add(b, first ? STR("") : STR(","));
        path_parameter(b, r, s);
        first = false;
    }
    for (unsigned i = 0; i < r->n_params; i++) {
        const struct route_param *p = &api_route_params[r->params[i]];
        buf_add(b, first ? STR("") : STR(","));
        query_parameter(b, str_of(p->name), str_of(p->doc), str_of(p->example));
        first = false;
    }
    if (r->kind == KIND_FHIR) {
        buf_add(b, first ? STR("") : STR(","));
        buf_add(b, STR("{\"$ref\":\"#/components/parameters/format\"},{\"$ref\":\"#/components/"
                       "parameters/pretty\"}"));
    }
    if (r->handle == api_search && type)
        search_parameters(m, type);
    buf_char(b, ']');
}

static const char *media_of(const struct route *r)
{
    static const char *const media[] = {[KIND_FHIR] = "application/fhir+json",
                                        [KIND_JSON] = "application/json",
                                        [KIND_TEXT] = "text/plain",
                                        [KIND_PAGE] = "text/html",
                                        [KIND_LIVE] = "text/event-stream"};
    return media[r->kind];
}

static void body(struct buf *b, const struct route *r)
{
    bool form = str_ends(str_of(r->path), STR("/_search"));
    bool piece = r->handle == api_fleet_upload_add;
    if (r->method == NET_GET || r->method == NET_DELETE)
        return;
    buf_printf(b, ",\"requestBody\":{\"content\":{\"%s\":{\"schema\":{\"type\":\"%s\"}}}}",
               form                   ? "application/x-www-form-urlencoded"
               : piece                ? "application/offset+octet-stream"
               : r->kind == KIND_FHIR ? "application/fhir+json"
                                      : "application/json",
               piece ? "string" : "object");
}

static void responses(struct buf *b, const struct route *r)
{
    buf_printf(b, ",\"responses\":{\"2XX\":{\"description\":\"Done.\",\"content\":{\"%s\":{}}}",
               media_of(r));
    if (r->auth != AUTH_NONE)
        buf_add(b, STR(",\"401\":{\"$ref\":\"#/components/responses/E401\"},\"403\":{\"$ref\":"
                       "\"#/components/responses/E403\"}"));
    buf_add(b, STR(",\"default\":{\"$ref\":\"#/components/responses/Error\"}}"));
}

static void operation(struct maker *m, const struct route *r, fhir_type type)
{
    static const char *const methods[] = {
        [NET_GET] = "get",     [NET_POST] = "post",     [NET_PUT] = "put",
        [NET_PATCH] = "patch", [NET_DELETE] = "delete",
    };
    str name = fhir_type_name(type);
    str id = arena_printf(m->c->op.arena, "%s%s%.*s", r->name, type ? "-" : "", STR_ARG(name));
    key(m->b, true, methods[r->method]);
    buf_char(m->b, '{');
    text(m->b, true, "operationId", id);
    text(m->b, false, "summary", str_of(r->doc));
    if (r->auth == AUTH_NONE)
        buf_add(m->b, STR(",\"security\":[]"));
    parameters(m, r, type);
    body(m->b, r);
    responses(m->b, r);
    buf_char(m->b, '}');
}

static bool same_path(const struct route *a, const struct route *b)
{
    return str_eq(str_of(a->path), str_of(b->path));
}

static bool takes(const struct route *r, fhir_type type)
{
    str list = str_of(r->except), one;
    while (type && str_take_until(&list, ' ', &one))
        if (str_eq(one, fhir_type_name(type)))
            return false;
    return true;
}

/* All methods of the path of row i. */
static void path_item(struct maker *m, unsigned i, fhir_type type, bool *first)
{
    bool any = false;
    str path = path_of(m->c, &api_routes[i], fhir_type_name(type));
    for (unsigned k = i; k < ROUTE_COUNT; k++) {
        if (!same_path(&api_routes[i], &api_routes[k]) || !takes(&api_routes[k], type))
            continue;
        if (!any) {
            buf_add(m->b, *first ? STR("") : STR(","));
            buf_json_string(m->b, path);
            buf_add(m->b, STR(":{"));
        } else {
            buf_char(m->b, ',');
        }
        any = true;
        *first = false;
        operation(m, &api_routes[k], type);
    }
    if (any)
        buf_char(m->b, '}');
}

static bool first_of_path(unsigned i)
{
    for (unsigned k = 0; k < i; k++)
        if (same_path(&api_routes[k], &api_routes[i]))
            return false;
    return true;
}

/* A type's own path has its search parameters, so /fhir/{type} is told type by type. */
static void paths(struct maker *m)
{
    bool first = true;
    buf_add(m->b, STR(",\"paths\":{"));
    for (unsigned i = 0; i < ROUTE_COUNT; i++) {
        if (!first_of_path(i))
            continue;
        if (!str_eq(str_of(api_routes[i].path), STR("/fhir/{type}"))) {
            path_item(m, i, 0, &first);
            continue;
        }
        for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++)
            path_item(m, i, t, &first);
    }
    buf_char(m->b, '}');
}

static void error_response(struct buf *b, const char *name, str what)
{
    key(b, false, name);
    buf_char(b, '{');
    text(b, true, "description", what);
    buf_add(b, STR(",\"content\":{\"application/fhir+json\":{\"schema\":{\"$ref\":\"#/components/"
                   "schemas/OperationOutcome\"}}}}"));
}

static bool told_before(err e)
{
    for (err k = ERR_INVALID; k < e; k++)
        if (err_row(k)->http == err_row(e)->http)
            return true;
    return false;
}

static void components(struct maker *m)
{
    struct buf *b = m->b;
    buf_add(b, STR(",\"components\":{\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":"
                   "\"bearer\"}},\"parameters\":{\"format\":"));
    query_parameter(b, STR("_format"), STR("The format of the answer; goes before Accept."),
                    STR("json"));
    key(b, false, "pretty");
    query_parameter(b, STR("_pretty"), STR("true: indented, for people."), STR("true"));
    buf_add(b, STR("},\"schemas\":{\"OperationOutcome\":{\"type\":\"object\",\"required\":["
                   "\"resourceType\",\"issue\"],\"properties\":{\"resourceType\":{\"const\":"
                   "\"OperationOutcome\"},\"issue\":{\"type\":\"array\",\"items\":{\"type\":"
                   "\"object\"}}}}},\"responses\":{\"Error\":{\"description\":\"What is wrong, "
                   "where, and what to do.\",\"content\":{\"application/fhir+json\":{\"schema\":{"
                   "\"$ref\":\"#/components/schemas/OperationOutcome\"}}}}"));
    for (err e = ERR_INVALID; e < ERR_COUNT; e++) {
        const struct err_row *row = err_row(e);
        if (!told_before(e))
            error_response(b, str_z(m->c->op.arena, arena_printf(m->c->op.arena, "E%d", row->http)),
                           arena_printf(m->c->op.arena, "%s (issue code %s)%s", row->name,
                                        row->issue_code,
                                        row->retry ? "; Retry-After says when" : ""));
    }
    buf_add(b, STR("}}"));
}

err api_openapi(struct call *c)
{
    struct buf b = answer_buf(c);
    struct maker m = {c, &b};
    buf_add(&b, STR("{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Weft\",\"version\":\"4.0.1\","
                    "\"summary\":\"The record (FHIR R4), the worklist and every contact.\","
                    "\"description\":\"Made from the table that requests are dispatched by. The "
                    "CapabilityStatement is at /fhir/metadata, the pages for people at /docs.\","
                    "\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}},"
                    "\"servers\":[{"));
    text(&b, true, "url", base_url(c));
    buf_add(&b, STR("}],\"security\":[{\"bearer\":[]}]"));
    paths(&m);
    components(&m);
    buf_char(&b, '}');
    return answer(c, 200, &b);
}
