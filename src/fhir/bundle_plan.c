/* A Bundle of type transaction or batch as a plan of work
 * (https://hl7.org/fhir/R4/http.html#trules). Decides verbs, types, ids and the order; looks
 * nothing up. A Bundle to import may also be a collection. Invariants: every entry is judged, so
 * that all problems are told at once; entries keep their place, only the order of work is sorted.
 */
#include "validate_int.h"

struct planning {
    struct op *op;
    bool transaction, import;
    struct map urls;    /* fullUrl → entry */
    struct map targets; /* "Type/id" that is written → entry */
    bool isolate;       /* a bad entry is marked and does not spoil the rest */
    bool broken;
};

static const struct {
    const char *name;
    enum fhir_verb verb;
    uint8_t turn; /* order of work */
} verbs[] = {
    {"DELETE", VERB_DELETE, 0}, {"POST", VERB_POST, 1}, {"PUT", VERB_PUT, 2},
    {"PATCH", VERB_PATCH, 2},   {"GET", VERB_GET, 3},   {"HEAD", VERB_HEAD, 3},
};
#define TURNS 4u

static void wrong(struct planning *p, size_t index, const char *member, const char *what)
{
    str at = arena_printf(p->op->arena, "Bundle.entry[%zu]%s%s", index, *member ? "." : "", member);
    (void)fail_at(p->op, ERR_INVALID, at, "%s", what);
    p->broken = true;
}

/* "Type", "Type/id", "Type?query", "Type/id/_history/v" …; anything else stays in url alone. */
static void read_url(struct fhir_entry *e)
{
    str path = e->url, type, id, word;
    size_t mark = str_find_char(path, '?', 0);
    if (mark != SIZE_MAX) {
        e->query = str_sub(path, mark + 1, path.n);
        path = str_sub(path, 0, mark);
    }
    if (!str_take_until(&path, '/', &type))
        return;
    e->type = fhir_type_parse(type);
    if (!e->type || !str_take_until(&path, '/', &id) || !fhir_id_valid(id))
        return;
    e->id = id;
    if (str_take_until(&path, '/', &word) && str_eq(word, STR("_history"))) {
        e->history = !path.n;
        e->vid = path;
    }
}

static bool plain(const struct fhir_entry *e)
{
    str name = fhir_type_name(e->type);
    return e->url.n == name.n + (e->id.p ? 1 + e->id.n : 0) + (e->query.p ? 1 + e->query.n : 0);
}

static bool writes(enum fhir_verb verb)
{
    return verb == VERB_POST || verb == VERB_PUT || verb == VERB_DELETE || verb == VERB_PATCH;
}

/* Type?query, Type/id, and the versions of it. */
static void judge_read(struct planning *p, const struct fhir_entry *e)
{
    str name = fhir_type_name(e->type), history = STR("/_history");
    size_t n = name.n + (e->id.p ? 1 + e->id.n : 0) + (e->query.p ? 1 + e->query.n : 0);
    if (e->history || e->vid.n)
        n += history.n + (e->vid.n ? 1 + e->vid.n : 0);
    bool one = e->id.p && !e->query.n;
    if (!e->type)
        return; /* not for this room to know: who reads it says no */
    if (e->url.n != n || !(one || !e->id.p) || (e->vid.n && !fhir_id_valid(e->vid)))
        wrong(p, e->index, "request.url",
              "In a Bundle one can GET Type/id, Type/id/_history, Type/id/_history/version and "
              "Type?query of R4.");
}

/* The patch comes as Parameters, or as a Binary with a JSON Patch in it. */
static void judge_patch(struct planning *p, struct fhir_entry *e)
{
    if (!e->resource || fhir_patch_of(p->op, e->resource, &e->patch) == OK) {
        e->resource = NULL;
        return;
    }
    wrong(p, e->index, "resource", "The patch cannot be read.");
}

/* What a writing entry must say. */
static void judge_write(struct planning *p, const struct fhir_entry *e)
{
    fhir_type type = e->resource ? fhir_type_of(e->resource) : 0;
    str id = json_get_str(e->resource, STR("id"));
    bool puts = e->verb == VERB_PUT;
    if (!e->type || !plain(e))
        wrong(p, e->index, "request.url", "The url must be Type, Type/id or Type?query of R4.");
    else if (e->verb == VERB_POST && (e->id.p || e->query.p))
        wrong(p, e->index, "request.url",
              "A POST goes to Type alone; use ifNoneExist for a condition.");
    else if (e->verb != VERB_POST && !e->id.p == !e->query.n)
        wrong(p, e->index, "request.url", "The url must name Type/id or Type?query.");
    if (e->verb != VERB_DELETE && !e->resource)
        wrong(p, e->index, "resource", "This method needs a resource; add it.");
    else if ((puts || e->verb == VERB_POST) && e->type && type != e->type)
        wrong(p, e->index, "resource", "The resource is not of the type that request.url names.");
    else if (puts && e->id.p && !str_eq(id, e->id))
        wrong(p, e->index, "resource.id", "The id must be the one that request.url names.");
}

/* One resource may be written once in a transaction. */
static void judge_target(struct planning *p, struct fhir_entry *e)
{
    if (!p->transaction || !writes(e->verb) || !e->type || !e->id.p)
        return;
    str key = str_sub(e->url, 0, fhir_type_name(e->type).n + 1 + e->id.n);
    if (map_get(&p->targets, key))
        wrong(p, e->index, "request.url", "Another entry writes the same resource; merge the two.");
    else
        (void)map_put(&p->targets, key, e);
}

static void judge_full_url(struct planning *p, struct fhir_entry *e)
{
    if (str_empty(e->full_url))
        return;
    if (map_get(&p->urls, e->full_url))
        wrong(p, e->index, "fullUrl", "Another entry has the same fullUrl; give each its own.");
    else
        (void)map_put(&p->urls, e->full_url, e);
}

/* An entry without request (import of a collection): its own id stays unless fullUrl is a urn. */
static void entry_of_collection(struct planning *p, struct fhir_entry *e)
{
    str id = json_get_str(e->resource, STR("id"));
    e->type = e->resource ? fhir_type_of(e->resource) : 0;
    if (!e->type) {
        wrong(p, e->index, "", "Only entries with a resource can be imported.");
        return;
    }
    bool named = id.n && !str_starts(e->full_url, STR("urn:"));
    e->verb = named ? VERB_PUT : VERB_POST;
    e->url = fhir_type_name(e->type);
    if (named) {
        e->id = id;
        e->url = arena_printf(p->op->arena, "%.*s/%.*s", STR_ARG(e->url), STR_ARG(id));
    }
    judge_target(p, e);
}

static void entry_of_request(struct planning *p, struct fhir_entry *e, const struct json *request)
{
    str method = json_get_str(request, STR("method"));
    size_t i = 0, n = sizeof verbs / sizeof *verbs;
    while (i < n && !str_eq(method, str_of(verbs[i].name)))
        i++;
    e->url = json_get_str(request, STR("url"));
    if (i == n || str_empty(e->url)) {
        wrong(p, e->index, "request", "The request needs a method and a url; add them.");
        return;
    }
    e->verb = verbs[i].verb;
    if (e->url.p[0] == '/')
        e->url = str_sub(e->url, 1, e->url.n);
    e->if_match = json_get_str(request, STR("ifMatch"));
    e->if_none_match = json_get_str(request, STR("ifNoneMatch"));
    e->if_none_exist = json_get_str(request, STR("ifNoneExist"));
    e->if_modified_since = json_get_str(request, STR("ifModifiedSince"));
    read_url(e);
    if (writes(e->verb))
        judge_write(p, e);
    else
        judge_read(p, e);
    if (e->verb == VERB_PATCH)
        judge_patch(p, e);
    judge_target(p, e);
}

static void plan_entry(struct planning *p, struct json *json, struct fhir_entry *e)
{
    const struct json *request = JSON_GET(json, "request");
    e->resource = JSON_GET(json, "resource");
    e->full_url = json_get_str(json, STR("fullUrl"));
    judge_full_url(p, e);
    if (request)
        entry_of_request(p, e, request);
    else if (p->import)
        entry_of_collection(p, e);
    else
        wrong(p, e->index, "request", "The entry has no request; add method and url.");
}

/* A batch's entry on its own: what is wrong with it goes to it, not to the operation. */
static void isolated_entry(struct planning *p, struct json *json, struct fhir_entry *e)
{
    struct op *op = p->op;
    struct fault before = op->fault;
    op_clear(op);
    plan_entry(p, json, e);
    if (e->resource)
        (void)!fhir_validate(op, e->resource);
    e->code = op->fault.code;
    e->issues = e->code ? op->fault.issues : NULL;
    e->n_issues = e->code ? op->fault.n : 0;
    op->fault = before;
}

static unsigned turn_of(enum fhir_verb verb)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (verbs[i].verb == verb)
            return verbs[i].turn;
    return TURNS - 1;
}

static void sort(struct fhir_plan *plan)
{
    size_t at = 0;
    for (unsigned turn = 0; turn < TURNS; turn++)
        for (size_t i = 0; i < plan->n; i++)
            if (turn_of(plan->entries[i].verb) == turn)
                plan->order[at++] = i;
}

static err check_type(struct op *op, const struct json *bundle, bool import, bool *ret_transaction)
{
    str type = json_get_str(bundle, STR("type"));
    bool transaction = str_eq(type, STR("transaction"));
    if (fhir_type_of(bundle) != FHIR_BUNDLE)
        return fail_at(op, ERR_INVALID, STR_NONE, "A Bundle is expected here.");
    if (!transaction && !str_eq(type, STR("batch")) && !(import && str_eq(type, STR("collection"))))
        return fail_at(op, ERR_INVALID, STR("Bundle.type"), "The type must be transaction%s.",
                       import ? ", batch or collection" : " or batch");
    /* An import is applied whole or not at all. */
    *ret_transaction = transaction || import;
    return OK;
}

static err make(struct planning *p, const struct json *bundle, struct fhir_plan *ret)
{
    struct arena *a = p->op->arena;
    struct json *entries = JSON_GET(bundle, "entry");
    struct fhir_plan plan = {.transaction = p->transaction};
    plan.n = json_is(entries, JSON_ARRAY) ? entries->n : 0;
    plan.entries = ARENA_ARRAY(a, struct fhir_entry, plan.n);
    plan.order = ARENA_ARRAY(a, size_t, plan.n);
    if (!plan.entries || !plan.order)
        return op_check(p->op);
    map_init(&p->urls, a);
    map_init(&p->targets, a);
    for (size_t i = 0; i < plan.n && !arena_failed(a); i++) {
        plan.entries[i].index = i;
        if (p->isolate)
            isolated_entry(p, &entries->u.items[i], &plan.entries[i]);
        else
            plan_entry(p, &entries->u.items[i], &plan.entries[i]);
    }
    if (p->broken && !p->isolate)
        return ERR_INVALID;
    sort(&plan);
    TRY(arena_failed(a) ? op_check(p->op) : OK);
    *ret = plan;
    return OK;
}

err fhir_bundle_plan(struct op *op, struct json *bundle, bool import, struct fhir_plan *ret)
{
    struct planning p = {.op = op, .import = import};
    TRY(check_type(op, bundle, import, &p.transaction));
    return make(&p, bundle, ret);
}

err fhir_bundle_read(struct op *op, str text, struct fhir_plan *ret)
{
    static const struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct planning p = {.op = op};
    struct json *bundle;
    TRY(json_read(op, text, &limits, &bundle));
    TRY(check_type(op, bundle, false, &p.transaction));
    p.isolate = !p.transaction;
    TRY(p.isolate ? fhir_validate_batch(op, bundle) : fhir_validate(op, bundle));
    return make(&p, bundle, ret);
}
