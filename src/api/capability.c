/* The CapabilityStatement, made once at start from the route table and the search parameters. What
 * it says is checked while it is made: a parameter is claimed only when a query with it is
 * understood. https://hl7.org/fhir/R4/capabilitystatement.html */
#include "api/api_int.h"

#include <sodium.h>
#include <zlib.h>

#define STATEMENT_MAX (8u << 20)
#define CANONICAL "https://weft.health/fhir"

struct maker {
    struct op *op; /* for the probes; reset now and then */
    struct record *rec;
    struct buf b;
    bool first;
};

/* Lists are opened by their first item: FHIR knows no empty ones. */
static void item(struct maker *m, const char *list)
{
    if (m->first)
        buf_printf(&m->b, ",\"%s\":[", list);
    else
        buf_char(&m->b, ',');
    m->first = false;
}

static void list_end(struct maker *m)
{
    if (!m->first)
        buf_char(&m->b, ']');
    m->first = true;
}

/* "read" stands in a row's list of interactions, and the row is there for the type. */
static bool offers(const struct route *r, str interaction, str type)
{
    str list = str_of(r->interaction), except = str_of(r->except), one;
    bool named = false;
    while (str_take_until(&list, ' ', &one))
        named = named || str_eq(one, interaction);
    while (named && type.n && str_take_until(&except, ' ', &one))
        if (str_eq(one, type))
            return false;
    return named;
}

static bool offered(str interaction, str type)
{
    for (unsigned i = 0; i < ROUTE_COUNT; i++)
        if (offers(&api_routes[i], interaction, type))
            return true;
    return false;
}

static const char *const param_types[] = {"number",    "date",     "string", "token",  "reference",
                                          "composite", "quantity", "uri",    "special"};

const char *capability_param_type(const struct fhir_param *p)
{
    return param_types[p->type];
}

static str sample(struct op *op, const struct fhir_param *p)
{
    switch ((enum fhir_param_type)p->type) {
    case PARAM_NUMBER:
    case PARAM_QUANTITY:
        return STR("1");
    case PARAM_DATE:
        return STR("2020-01-01");
    case PARAM_REFERENCE:
        return p->n_targets
                   ? arena_printf(op->arena, "%.*s/1", STR_ARG(fhir_type_name(p->targets[0])))
                   : STR("Patient/1");
    case PARAM_URI:
        return STR("http%3A%2F%2Fexample.org");
    case PARAM_STRING:
    case PARAM_TOKEN:
    case PARAM_SPECIAL:
    case PARAM_COMPOSITE:
        break;
    }
    return STR("a");
}

static bool understood(struct op *op, fhir_type type, str query)
{
    const struct fhir_query *q;
    bool ok = fhir_query_read(op, type, query, false, &q) == OK;
    op_clear(op);
    return ok;
}

/* The trail is searched in its own way, so there the search itself is tried. */
static bool answered(struct maker *m, fhir_type type, str query)
{
    struct record_page page;
    if (!str_eq(fhir_type_name(type), STR("AuditEvent")))
        return understood(m->op, type, query);
    /* Nothing is that new: one line of the trail is looked at, however long it is. */
    query = arena_printf(m->op->arena, "%.*s&date=ge9999-01-01", STR_ARG(query));
    bool ok = record_find(m->op, m->rec, type, query, &page) == OK;
    op_clear(m->op);
    return ok;
}

str capability_sample(struct op *op, const struct fhir_param *p)
{
    str value = STR_NONE;
    if (p->type != PARAM_COMPOSITE || p->alias)
        return sample(op, p);
    for (unsigned i = 0; i < p->n_parts; i++) {
        const struct fhir_param *part = fhir_param_get(p->parts[i]);
        value = arena_printf(op->arena, "%.*s%s%.*s", STR_ARG(value), i ? "$" : "",
                             STR_ARG(part ? sample(op, part) : STR("a")));
    }
    return value;
}

str capability_says(struct op *op, const struct fhir_param *p)
{
    bool ordered = p->type == PARAM_DATE || p->type == PARAM_NUMBER || p->type == PARAM_QUANTITY;
    str modifiers = fhir_param_modifiers(op, p);
    return arena_printf(op->arena, "%s%s%.*s%s",
                        ordered ? "Prefixes: eq, ne, gt, lt, ge, le, sa, eb, ap. " : "",
                        modifiers.n ? "Modifiers: " : "No modifiers", STR_ARG(modifiers), ".");
}

static bool param_works(struct maker *m, fhir_type type, const struct fhir_param *p)
{
    str value = capability_sample(m->op, p);
    return answered(m, type, arena_printf(m->op->arena, "%s=%.*s", p->code, STR_ARG(value)));
}

static void write_interactions(struct maker *m, str type)
{
    static const char *const all[] = {"read",        "vread",  "update",      "patch",
                                      "delete",      "create", "search-type", "history-instance",
                                      "history-type"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (offered(str_of(all[i]), type)) {
            item(m, "interaction");
            buf_printf(&m->b, "{\"code\":\"%s\"}", all[i]);
        }
    list_end(m);
    if (!offered(STR("update"), type)) {
        buf_add(&m->b, STR(",\"versioning\":\"no-version\""));
        return;
    }
    buf_printf(&m->b,
               ",\"versioning\":\"versioned-update\",\"readHistory\":true,\"updateCreate\":true,"
               "\"conditionalCreate\":true,\"conditionalRead\":\"full-support\","
               "\"conditionalUpdate\":true,\"conditionalDelete\":\"multiple\","
               "\"referencePolicy\":[\"literal\",\"local\",\"enforced\"]");
}

static void write_includes(struct maker *m, fhir_type type)
{
    const struct fhir_param *p;
    str name = fhir_type_name(type);
    for (size_t i = 0; (p = fhir_param_at(type, i)); i++) {
        str value = arena_printf(m->op->arena, "%.*s:%s", STR_ARG(name), p->code);
        if (p->type != PARAM_REFERENCE ||
            !understood(m->op, type, arena_cat(m->op->arena, STR("_include="), value)))
            continue;
        item(m, "searchInclude");
        buf_printf(&m->b, "\"%.*s\"", STR_ARG(value));
    }
    list_end(m);
}

static bool can_target(const struct fhir_param *p, fhir_type type)
{
    for (unsigned i = 0; i < p->n_targets; i++)
        if (p->targets[i] == type)
            return true;
    return false;
}

static void write_revincludes(struct maker *m, fhir_type type)
{
    const struct fhir_param *p;
    for (fhir_type source = 1; source <= FHIR_TYPE_COUNT; source++)
        for (size_t i = 0; (p = fhir_param_at(source, i)); i++) {
            if (p->type != PARAM_REFERENCE || !can_target(p, type))
                continue;
            str value =
                arena_printf(m->op->arena, "%.*s:%s", STR_ARG(fhir_type_name(source)), p->code);
            if (!understood(m->op, type, arena_cat(m->op->arena, STR("_revinclude="), value)))
                continue;
            item(m, "searchRevInclude");
            buf_printf(&m->b, "\"%.*s\"", STR_ARG(value));
        }
    list_end(m);
}

static void write_params(struct maker *m, fhir_type type)
{
    const struct fhir_param *p;
    for (size_t i = 0; (p = fhir_param_at(type, i)); i++) {
        if (!param_works(m, type, p))
            continue;
        item(m, "searchParam");
        buf_printf(&m->b, "{\"name\":\"%s\",\"type\":\"%s\",\"documentation\":", p->code,
                   param_types[p->type]);
        buf_json_string(&m->b, capability_says(m->op, p));
        buf_char(&m->b, '}');
    }
    list_end(m);
}

/* "meta" of "operation:meta@Resource" when that is offered for `on`: a type, Resource (every type)
 * or nothing (the system). */
static str operation_of(const struct route *r, str on)
{
    str text = str_of(r->interaction);
    size_t at = str_find_char(text, '@', 0);
    str type = at == SIZE_MAX ? STR_NONE : str_sub(text, at + 1, SIZE_MAX);
    bool every = on.n && str_eq(type, STR("Resource"));
    if (!str_starts(text, STR("operation:")) || !(every || str_eq(type, on)))
        return STR_NONE;
    return str_sub(text, 10, at);
}

static bool named_before(unsigned row, str name, str on)
{
    for (unsigned i = 0; i < row; i++)
        if (str_eq(operation_of(&api_routes[i], on), name))
            return true;
    return false;
}

/* Operations from interactions such as "operation:claim@Task". */
static void write_operations(struct maker *m, str type)
{
    for (unsigned i = 0; i < ROUTE_COUNT; i++) {
        str name = operation_of(&api_routes[i], type);
        if (!name.n || named_before(i, name, type))
            continue;
        bool every = str_ends(str_of(api_routes[i].interaction), STR("@Resource"));
        str on = every ? STR("Resource") : type;
        item(m, "operation");
        buf_printf(&m->b,
                   "{\"name\":\"%.*s\",\"definition\":\"" CANONICAL
                   "/OperationDefinition/%.*s%s%.*s\",\"documentation\":",
                   STR_ARG(name), STR_ARG(on), on.n ? "-" : "", STR_ARG(name));
        buf_json_string(&m->b, str_of(api_routes[i].doc));
        buf_char(&m->b, '}');
    }
    list_end(m);
}

static void write_type(struct maker *m, fhir_type type)
{
    str name = fhir_type_name(type);
    buf_printf(&m->b, "%s{\"type\":\"%.*s\"", type == 1 ? "" : ",", STR_ARG(name));
    write_interactions(m, name);
    write_includes(m, type);
    write_revincludes(m, type);
    write_params(m, type);
    write_operations(m, name);
    buf_char(&m->b, '}');
}

/* http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris */
static void write_oauth(struct maker *m, const struct api *api)
{
    static const char *const names[] = {"authorize", "token", "introspect", "revoke", "register"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        buf_printf(&m->b, "%s{\"url\":\"%s\",\"valueUri\":\"%.*s/oauth/%s\"}", i ? "," : "",
                   names[i], STR_ARG(api->url), names[i]);
}

static void write_head(struct maker *m, const struct api *api)
{
    char now[24];
    time_format_to(now, m->op->now);
    buf_printf(
        &m->b,
        "{\"resourceType\":\"CapabilityStatement\",\"status\":\"active\",\"date\":\"%.24s\","
        "\"kind\":\"instance\",\"software\":{\"name\":\"Weft\"},\"implementation\":{"
        "\"description\":\"Weft\",\"url\":\"%.*s/fhir\"},\"fhirVersion\":\"4.0.1\",\"format\":["
        "\"application/fhir+json\",\"application/fhir+xml\",\"json\",\"xml\"],\"patchFormat\":["
        "\"application/json-patch+json\",\"application/fhir+json\",\"application/"
        "fhir+xml\"],\"rest\":[{\"mode\":\"server\",\"security\":{"
        "\"extension\":[{\"url\":\"http://fhir-registry.smarthealthit.org/StructureDefinition/"
        "oauth-uris\",\"extension\":[",
        now, STR_ARG(api->url));
    write_oauth(m, api);
    buf_add(
        &m->b,
        STR("]}],\"cors\":true,\"service\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/"
            "CodeSystem/restful-security-service\",\"code\":\"SMART-on-FHIR\"}],\"text\":"
            "\"SMART App Launch 2.2\"}],\"description\":\"Bearer tokens: of apps by SMART App "
            "Launch (see /.well-known/smart-configuration), of people from POST /auth/sign-in, of "
            "scripts from weft token; every interaction needs one.\"},\"resource\":["));
}

static void write_tail(struct maker *m)
{
    static const char *const system[] = {"transaction", "batch", "search-system", "history-system"};
    buf_char(&m->b, ']');
    for (size_t i = 0; i < sizeof system / sizeof *system; i++)
        if (offered(str_of(system[i]), STR_NONE)) {
            item(m, "interaction");
            buf_printf(&m->b, "{\"code\":\"%s\"}", system[i]);
        }
    list_end(m);
    static const char *const common[] = {"_id",  "_lastUpdated", "_profile",
                                         "_tag", "_security",    "_source"};
    for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
        const struct fhir_param *p = fhir_param_find(1, str_of(common[i]));
        item(m, "searchParam");
        buf_printf(&m->b, "{\"name\":\"%s\",\"type\":\"%s\"}", p->code, param_types[p->type]);
    }
    list_end(m);
    write_operations(m, STR_NONE);
    static const char *const around[] = {"patient", "encounter", "practitioner", "device",
                                         "relatedPerson"};
    for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
        item(m, "compartment");
        buf_printf(&m->b, "\"http://hl7.org/fhir/CompartmentDefinition/%s\"", around[i]);
    }
    list_end(m);
    buf_add(&m->b, STR("}]}"));
}

static str packed(struct api *api, str text)
{
    z_stream z = {0};
    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return STR_NONE;
    size_t cap = deflateBound(&z, text.n);
    Bytef *out = arena_alloc(api->arena, cap);
    z.next_in = (z_const Bytef *)(uintptr_t)text.p;
    z.avail_in = (uInt)text.n;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    bool ok = out && deflate(&z, Z_FINISH) == Z_STREAM_END;
    deflateEnd(&z);
    return ok ? str_make((const char *)out, z.total_out) : STR_NONE;
}

err capability_make(struct op *op, struct api *api)
{
    struct arena *scratch = arena_new(0);
    struct op probe;
    api->capability.type_at = ARENA_ARRAY(api->arena, size_t, (size_t)FHIR_TYPE_COUNT + 2);
    if (!scratch || !api->capability.type_at) {
        arena_free(scratch);
        return fail(op, ERR_UNAVAILABLE, "No memory for the CapabilityStatement.");
    }
    op_init(&probe, scratch, identity_system(), op->now);
    struct maker m = {.op = &probe, .rec = api->rec, .first = true};
    buf_init(&m.b, api->arena, STATEMENT_MAX);
    write_head(&m, api);
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++) {
        api->capability.type_at[t] = m.b.n + (t > 1); /* past the comma */
        write_type(&m, t);
        api->capability.type_at[t + 1] = m.b.n;
        arena_reset(scratch);
        op_init(&probe, scratch, identity_system(), op->now);
    }
    write_tail(&m);
    arena_free(scratch);
    if (!buf_ok(&m.b))
        return fail(op, ERR_FAULT, "The CapabilityStatement could not be made.");
    uint8_t hash[16];
    char hex[33];
    api->capability.body = buf_str(&m.b);
    api->capability.gzip = packed(api, api->capability.body);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)api->capability.body.p,
                       api->capability.body.n, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    api->capability.etag = arena_printf(api->arena, "W/\"%s\"", hex);
    return OK;
}

str capability_of_type(const struct api *api, fhir_type type)
{
    const size_t *at = api->capability.type_at;
    if (!type || type > FHIR_TYPE_COUNT)
        return STR_NONE;
    size_t end = type < FHIR_TYPE_COUNT ? at[type + 1] - 1 : at[type + 1];
    return str_sub(api->capability.body, at[type], end);
}

err api_metadata(struct call *c)
{
    struct net_answer *a = &c->rq->answer;
    const struct api *api = c->api;
    str mode = STR_NONE;
    if (query_get(c->op.arena, c->query, STR("mode"), &mode) && mode.n &&
        !str_eq(mode, STR("full")))
        return fail(&c->op, ERR_INVALID, "mode=full is the one mode of this CapabilityStatement.");
    struct buf b = answer_buf(c);
    bool posted;
    TRY(custom_statement(c, &b, &posted));
    if (posted) /* made anew: they come and go */
        return answer(c, 200, &b);
    net_answer_header(c->rq, "ETag", api->capability.etag.p);
    if (str_eq(net_header(c->rq, "If-None-Match"), api->capability.etag)) {
        a->status = 304;
        return OK;
    }
    if (!c->pretty && !c->xml && net_takes_gzip(c->rq) && api->capability.gzip.n) {
        net_answer_header(c->rq, "Vary", "Accept-Encoding");
        a->status = 200;
        a->type = STR(FHIR_JSON);
        a->body = api->capability.gzip;
        a->encoding = "gzip";
        return OK;
    }
    buf_add(&b, api->capability.body);
    return answer(c, 200, &b);
}
