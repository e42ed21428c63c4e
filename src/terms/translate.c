/* ConceptMap/$translate (http://hl7.org/fhir/R4/conceptmap-operation-translate.html): a code
 * through one map, or through all maps that fit source and target. Backwards with reverse: then
 * wider is narrower. */
#include "terms/build_int.h"
#include "terms/params_int.h"

#define MATCHES_MAX 1000u
#define OTHER_MAPS 4u

struct map_view {
    struct blob b;
    const struct map_group *groups;
    const struct map_element *elements;
    const struct map_target *targets;
    uint32_t n_groups, n_elements, n_targets;
};
struct translation {
    struct ask *q;
    const struct json *in;
    struct asked code;
    str target_system, source_set, target_set;
    bool reverse, result;
    struct json *matches;
    unsigned maps_deep;
    size_t maps;
};

static bool view(const struct blob *b, struct map_view *ret)
{
    struct map_view v = {.b = *b};
    v.groups = blob_rows(b, SEC_GROUPS, sizeof *v.groups, &v.n_groups);
    v.elements = blob_rows(b, SEC_ELEMENTS, sizeof *v.elements, &v.n_elements);
    v.targets = blob_rows(b, SEC_TARGETS, sizeof *v.targets, &v.n_targets);
    *ret = v;
    return b->head->kind == BLOB_MAP;
}

static str turned(str equivalence)
{
    static const char *const pairs[][2] = {{"wider", "narrower"}, {"subsumes", "specializes"}};
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 2; k++)
            if (str_eq(equivalence, str_of(pairs[i][k])))
                return str_of(pairs[i][1 - k]);
    return equivalence;
}

static void put_products(struct translation *tr, struct json *parts, str text)
{
    struct op *op = tr->q->op;
    struct json *list;
    if (!text.n || json_read(op, text, &JSON_LIMITS_DEFAULT, &list) != OK)
        return;
    for (uint32_t i = 0; i < list->n; i++) {
        const struct json *p = json_at(list, i);
        struct json *product = json_new(op->arena, JSON_ARRAY);
        struct note coding = {.system = json_get_str(p, STR("system")),
                              .code = json_get_str(p, STR("value")),
                              .display = json_get_str(p, STR("display"))};
        put_str(op, product, "element", "valueUri", json_get_str(p, STR("property")));
        put_coding(op, product, "concept", &coding);
        put_parts(op, parts, "product", product);
    }
}

static void put_match(struct translation *tr, const struct map_view *m, str equivalence,
                      const struct note *concept, str products)
{
    struct op *op = tr->q->op;
    struct json *parts = json_new(op->arena, JSON_ARRAY);
    bool none = str_eq(equivalence, STR("unmatched")) || str_eq(equivalence, STR("disjoint"));
    str url = blob_fact(&m->b, FACT_URL);
    if (tr->matches->n >= MATCHES_MAX)
        return;
    put_str(op, parts, "equivalence", "valueCode", equivalence);
    if (concept->code.n)
        put_coding(op, parts, "concept", concept);
    put_products(tr, parts, products);
    put_str(op, parts, "source", "valueUri", url);
    put_parts(op, tr->matches, "match", parts);
    tr->result = tr->result || !none;
}

/* Does what the target depends on hold, by the dependencies given? */
static bool depends(struct translation *tr, str text)
{
    struct op *op = tr->q->op;
    struct json *list;
    if (!text.n)
        return true;
    if (json_read(op, text, &JSON_LIMITS_DEFAULT, &list) != OK)
        return false;
    for (uint32_t i = 0; i < list->n; i++) {
        const struct json *want = json_at(list, i), *p;
        bool held = false;
        for (size_t k = 0; (p = param_at(tr->in, STR("dependency"), k)) && !held; k++) {
            const struct json *part = JSON_GET(p, "part");
            str element = STR_NONE, value = STR_NONE;
            for (size_t n = 0; part && n < part->n; n++) {
                const struct json *one = json_at(part, n), *cc;
                if (str_eq(json_get_str(one, STR("name")), STR("element")))
                    element = json_get_str(one, STR("valueUri"));
                else if ((cc = JSON_GET(one, "valueCodeableConcept")))
                    value = json_str(json_path(cc, "coding.0.code"));
            }
            held = str_eq(element, json_get_str(want, STR("property"))) &&
                   str_eq(value, json_get_str(want, STR("value")));
        }
        if (!held)
            return false;
    }
    return true;
}

static bool fits(str wanted, str version, str url, str has)
{
    return (!wanted.n || !url.n || str_eq(wanted, url)) &&
           (!version.n || !has.n || str_eq(version, has));
}

static err map_one(void *ctx, const struct blob *b);

static err unmapped(struct translation *tr, const struct map_view *m, const struct map_group *g)
{
    str mode = blob_text(&m->b, g->unmapped);
    struct note to = {.system = blob_text(&m->b, g->target)};
    if (str_eq(mode, STR("provided")))
        to.code = tr->code.code;
    else if (str_eq(mode, STR("fixed"))) {
        to.code = blob_text(&m->b, g->unmapped_code);
        to.display = blob_text(&m->b, g->unmapped_display);
    } else if (str_eq(mode, STR("other-map")) && tr->maps_deep < OTHER_MAPS) {
        struct found f;
        str url, version;
        canonical_split(blob_text(&m->b, g->unmapped_url), &url, &version);
        TRY(catalog_find(tr->q, BLOB_MAP, url, version, &f));
        if (!f.b.head)
            return OK;
        tr->maps_deep++;
        err e = map_one(tr, &f.b);
        tr->maps_deep--;
        return e;
    }
    if (to.code.n)
        put_match(tr, m, str_eq(mode, STR("provided")) ? STR("equal") : STR("inexact"), &to,
                  STR_NONE);
    return OK;
}

static uint32_t first_element(const struct map_view *m, const struct map_group *g, str code)
{
    uint32_t lo = g->element_first, hi = lo + g->element_n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (str_cmp(blob_text(&m->b, m->elements[mid].code), code) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static err forward(struct translation *tr, const struct map_view *m, const struct map_group *g)
{
    uint32_t end = g->element_first + g->element_n;
    bool any = false;
    for (uint32_t i = first_element(m, g, tr->code.code); i < end; i++) {
        const struct map_element *e = &m->elements[i];
        if (!str_eq(blob_text(&m->b, e->code), tr->code.code))
            break;
        any = true;
        for (uint32_t k = 0; k < e->target_n && k + e->target_first < m->n_targets; k++) {
            const struct map_target *t = &m->targets[e->target_first + k];
            struct note to = {.system = blob_text(&m->b, g->target),
                              .code = blob_text(&m->b, t->code),
                              .display = blob_text(&m->b, t->display)};
            if (depends(tr, blob_text(&m->b, t->depends_on)))
                put_match(tr, m, blob_text(&m->b, t->equivalence), &to,
                          blob_text(&m->b, t->product));
        }
    }
    return any ? OK : unmapped(tr, m, g);
}

static void backward(struct translation *tr, const struct map_view *m, const struct map_group *g)
{
    for (uint32_t i = g->element_first; i < g->element_first + g->element_n; i++) {
        const struct map_element *e = &m->elements[i];
        for (uint32_t k = 0; k < e->target_n && k + e->target_first < m->n_targets; k++) {
            const struct map_target *t = &m->targets[e->target_first + k];
            struct note to = {.system = blob_text(&m->b, g->source),
                              .code = blob_text(&m->b, e->code),
                              .display = blob_text(&m->b, e->display)};
            if (str_eq(blob_text(&m->b, t->code), tr->code.code))
                put_match(tr, m, turned(blob_text(&m->b, t->equivalence)), &to, STR_NONE);
        }
    }
}

static err map_groups(struct translation *tr, const struct map_view *m)
{
    for (uint32_t i = 0; i < m->n_groups; i++) {
        const struct map_group *g = &m->groups[i];
        str ends[2] = {blob_text(&m->b, g->source), blob_text(&m->b, g->target)};
        str versions[2] = {blob_text(&m->b, g->source_version),
                           blob_text(&m->b, g->target_version)};
        if (g->element_first > m->n_elements || g->element_n > m->n_elements - g->element_first ||
            !fits(tr->code.system, tr->code.version, ends[tr->reverse], versions[tr->reverse]) ||
            !fits(tr->target_system, STR_NONE, ends[!tr->reverse], STR_NONE))
            continue;
        if (tr->reverse)
            backward(tr, m, g);
        else
            TRY(forward(tr, m, g));
    }
    return op_check(tr->q->op);
}

static err map_one(void *ctx, const struct blob *b)
{
    struct translation *tr = ctx;
    struct map_view m;
    if (!view(b, &m))
        return fail(tr->q->op, ERR_FAULT, "A concept map's data is damaged.");
    tr->maps++;
    return map_groups(tr, &m);
}

err translate_block(struct ask *q, const struct blob *b, str code)
{
    struct json *none = json_new(q->op->arena, JSON_OBJECT);
    struct translation tr = {.q = q, .in = none};
    tr.code.code = code;
    tr.matches = json_new(q->op->arena, JSON_ARRAY);
    TRY(map_one(&tr, b));
    tr.reverse = true;
    return map_one(&tr, b);
}

static bool set_fits(str wanted, str has)
{
    str url = str_sub(wanted, 0, str_find_char(wanted, '|', 0));
    return !wanted.n || str_eq(url, str_sub(has, 0, str_find_char(has, '|', 0)));
}

/* Of all maps only those between the value sets asked for; backwards the map is the same, as
 * reverse turns the meaning of source and target round. */
static bool map_wanted(const void *ctx, str extra, str more)
{
    const struct translation *tr = ctx;
    return set_fits(tr->source_set, extra) && set_fits(tr->target_set, more);
}

static err through(struct translation *tr, const struct terms_request *r)
{
    const struct json *given = param_object(r->in, "conceptMap", "resource");
    str url = param_text(r->in, "url"), version = param_text(r->in, "conceptMapVersion"), bar;
    struct op *op = tr->q->op;
    struct visitor all = {map_wanted, map_one, tr, false};
    struct found f = {0};
    str block;
    canonical_split(url, &url, &bar);
    if (given) {
        TRY(compile_map(op, given, COMPILED_MAX, &block));
        if (!blob_view(block, &f.b))
            return fail(op, ERR_FAULT, "The concept map could not be made ready.");
    } else if (r->id.n) {
        TRY(catalog_instance(tr->q, r->type, r->id, &f));
    } else if (url.n) {
        TRY(catalog_find(tr->q, BLOB_MAP, url, version.n ? version : bar, &f));
        if (!f.b.head)
            return fail(op, ERR_NOT_FOUND, "The concept map %.*s is not here.", STR_ARG(url));
    } else if (!tr->source_set.n && !tr->target_set.n && !tr->target_system.n) {
        return fail(op, ERR_INVALID,
                    "Name the map (url, conceptMap), or say between what: source, target or "
                    "targetsystem.");
    }
    return f.b.head ? map_one(tr, &f.b) : catalog_each(tr->q, BLOB_MAP, &all);
}

/* Each coding of a CodeableConcept in turn. */
static err each_code(struct translation *tr, const struct terms_request *r)
{
    const struct json *cc = param_object(r->in, "codeableConcept", "valueCodeableConcept");
    const struct json *coding = param_object(r->in, "coding", "valueCoding");
    const struct json *codings = JSON_GET(cc, "coding");
    if (!cc) {
        tr->code = (struct asked){param_text(r->in, "system"), param_text(r->in, "version"),
                                  param_text(r->in, "code"), STR_NONE};
        if (coding)
            asked_of(coding, &tr->code);
        if (!tr->code.code.n)
            return fail(tr->q->op, ERR_INVALID, "Send code and system, coding or codeableConcept.");
        return through(tr, r);
    }
    if (!codings || !codings->n || codings->n > 100)
        return fail(tr->q->op, ERR_INVALID, "codeableConcept has between 1 and 100 codings.");
    for (size_t i = 0; i < codings->n; i++) {
        asked_of(json_at(codings, i), &tr->code);
        if (tr->code.code.n)
            TRY(through(tr, r));
    }
    return OK;
}

err terms_translate(struct op *op, struct terms *t, const struct terms_request *r,
                    struct json **ret)
{
    struct ask q;
    struct translation tr = {.q = &q, .in = r->in};
    TRY(params_check(op, r->in,
                     "url conceptMap conceptMapVersion code system version source coding "
                     "codeableConcept target targetsystem dependency reverse"));
    TRY(ask_begin(&q, op, t, false));
    tr.target_system = param_text(r->in, "targetsystem");
    tr.source_set = param_text(r->in, "source");
    tr.target_set = param_text(r->in, "target");
    tr.reverse = param_bool(r->in, "reverse", false);
    tr.matches = json_new(op->arena, JSON_ARRAY);
    TRY(each_code(&tr, r));
    struct json *out = json_new(op->arena, JSON_ARRAY);
    put_bool(op, out, "result", tr.result);
    if (!tr.result)
        put_str(op, out, "message", "valueString",
                tr.maps ? STR("No map that fits has a match for this code.")
                        : STR("There is no map between these."));
    for (size_t i = 0; tr.matches && i < tr.matches->n; i++)
        json_push(op->arena, out, json_at(tr.matches, i));
    *ret = parameters(op, out);
    return op_check(op);
}
