/* Rules of Bundle (bdl-1 … bdl-12 of R4): which parts go with which type, and fullUrls. */
#include "validate_int.h"

struct bundle {
    struct walk *w;
    const struct spot *spot;
    str type;
    struct map urls;
};

static bool of_type(const struct bundle *b, const char *types)
{
    str list = str_of(types), one;
    while (str_take_until(&list, ' ', &one))
        if (str_eq(one, b->type))
            return true;
    return false;
}

static void part(struct bundle *b, const struct fhir_frame *f, const struct json *have,
                 const char *types, bool must)
{
    bool allowed = of_type(b, types);
    if (have && !allowed)
        walk_problem(b->w, f, "Only allowed in a Bundle of type %s; leave it out.", types);
    else if (!have && allowed && must)
        walk_problem(b->w, f, "Required in a Bundle of type %.*s; add it.", STR_ARG(b->type));
}

/* bdl-7, bdl-8 */
static void full_url(struct bundle *b, const struct fhir_frame *f, const struct json *entry)
{
    struct arena *a = b->w->op->arena;
    str url = json_get_str(entry, STR("fullUrl"));
    if (str_empty(url))
        return;
    if (str_find(url, STR("/_history/"), 0) != SIZE_MAX)
        walk_problem(b->w, f, "A fullUrl names no version; leave /_history/… out (bdl-8).");
    if (str_eq(b->type, STR("history")))
        return;
    const struct json *meta = JSON_GET(JSON_GET(entry, "resource"), "meta");
    str version = json_get_str(meta, STR("versionId"));
    str key = version.n ? arena_cat(a, arena_cat(a, url, STR(" ")), version) : url;
    if (map_get(&b->urls, key))
        walk_problem(b->w, f, "Another entry has the same fullUrl (bdl-7); give each its own.");
    else
        (void)map_put(&b->urls, key, b);
}

static void entry(struct bundle *b, const struct fhir_frame *up, const struct json *e)
{
    struct fhir_frame f = {up, STR("search"), 0, -1};
    const struct json *request = JSON_GET(e, "request"), *response = JSON_GET(e, "response");
    part(b, &f, JSON_GET(e, "search"), "searchset", false);
    f.name = STR("request");
    part(b, &f, request, "batch transaction history", true);
    f.name = STR("response");
    part(b, &f, response, "batch-response transaction-response history", true);
    f.name = STR("fullUrl");
    full_url(b, &f, e);
    if (!request && !response && !JSON_GET(e, "resource"))
        walk_problem(b->w, up, "An entry needs a resource, a request or a response (bdl-5).");
}

/* bdl-9 … bdl-12 */
static void composed(struct bundle *b, const struct json *entries)
{
    struct fhir_frame f = {b->spot->frame, STR("identifier"), 0, -1};
    const struct json *self = b->spot->self, *first = JSON_GET(json_at(entries, 0), "resource");
    const struct json *identifier = JSON_GET(self, "identifier");
    bool document = str_eq(b->type, STR("document")), message = str_eq(b->type, STR("message"));
    if (document && !(JSON_GET(identifier, "system") && JSON_GET(identifier, "value")))
        walk_problem(b->w, &f, "A document needs an identifier with system and value (bdl-9).");
    f.name = STR("timestamp");
    if (document && !JSON_GET(self, "timestamp"))
        walk_problem(b->w, &f, "A document needs a timestamp (bdl-10).");
    f.name = STR("entry");
    if (document && fhir_type_of(first) != FHIR_COMPOSITION)
        walk_problem(b->w, &f, "A document's first entry is a Composition (bdl-11).");
    if (message && fhir_type_of(first) != FHIR_MESSAGE_HEADER)
        walk_problem(b->w, &f, "A message's first entry is a MessageHeader (bdl-12).");
}

void walk_bundle(struct walk *w, const struct spot *s)
{
    struct bundle b = {.w = w, .spot = s, .type = json_get_str(s->self, STR("type"))};
    const struct json *entries = JSON_GET(s->self, "entry"), *total = JSON_GET(s->self, "total");
    struct fhir_frame f = {s->frame, STR("total"), 0, -1};
    map_init(&b.urls, w->op->arena);
    part(&b, &f, total, "searchset history", false);
    composed(&b, entries);
    f.name = STR("entry");
    for (uint32_t i = 0; json_is(entries, JSON_ARRAY) && i < entries->n; i++) {
        f.index = i;
        if (entries->u.items[i].type == JSON_OBJECT)
            entry(&b, &f, &entries->u.items[i]);
    }
}
