/* A value set's block and where it comes from. */
#include "terms/build_int.h"
#include "terms/set_int.h"

bool set_view(const struct blob *b, struct set *ret)
{
    struct set s = {.b = *b};
    if (b->head->kind != BLOB_SET)
        return false;
    s.url = blob_fact(b, FACT_URL);
    s.version = blob_fact(b, FACT_VERSION);
    s.active_only = b->facts[FACT_FLAGS] & FLAG_ACTIVE_ONLY;
    s.parts = blob_rows(b, SEC_PARTS, sizeof *s.parts, &s.n_parts);
    s.codes = blob_rows(b, SEC_CODES, sizeof *s.codes, &s.n_codes);
    s.sorted = blob_rows(b, SEC_SORTED, sizeof *s.sorted, &s.n_sorted);
    s.filters = blob_rows(b, SEC_FILTERS, sizeof *s.filters, &s.n_filters);
    s.imports = blob_rows(b, SEC_IMPORTS, sizeof *s.imports, &s.n_imports);
    for (uint32_t i = 0; i < s.n_parts; i++) {
        const struct set_part *p = &s.parts[i];
        if (p->code_first > s.n_sorted || p->code_n > s.n_sorted - p->code_first ||
            p->code_first > s.n_codes || p->code_n > s.n_codes - p->code_first ||
            p->filter_first > s.n_filters || p->filter_n > s.n_filters - p->filter_first ||
            p->import_first > s.n_imports || p->import_n > s.n_imports - p->import_first)
            return false;
    }
    *ret = s;
    return true;
}

static err view_new(struct ask *q, const struct blob *b, struct set **ret)
{
    struct set *s = ARENA_NEW(q->op->arena, struct set);
    if (!s)
        return op_check(q->op);
    if (!set_view(b, s))
        return fail(q->op, ERR_FAULT, "A value set's data is damaged.");
    *ret = s;
    return OK;
}

err set_compile(struct ask *q, const struct json *resource, struct set **ret)
{
    struct blob b;
    str block;
    TRY(compile_set(q->op, resource, COMPILED_MAX, &block));
    if (!blob_view(block, &b))
        return fail(q->op, ERR_FAULT, "The value set could not be made ready.");
    return view_new(q, &b, ret);
}

static err all_codes(struct ask *q, str url, struct set **ret)
{
    struct found f;
    TRY(catalog_all_codes(q, url, &f));
    if (!f.b.head)
        return OK;
    struct json *part = json_new(q->op->arena, JSON_OBJECT);
    struct json *vs = json_new(q->op->arena, JSON_OBJECT);
    struct json *compose = json_new(q->op->arena, JSON_OBJECT);
    struct json *include = json_new(q->op->arena, JSON_ARRAY);
    if (!part || !vs || !compose || !include)
        return op_check(q->op);
    json_set_str(q->op->arena, part, STR("system"), blob_fact(&f.b, FACT_URL));
    json_push(q->op->arena, include, part);
    json_set(q->op->arena, compose, STR("include"), include);
    json_set_str(q->op->arena, vs, STR("url"), url);
    json_set_str(q->op->arena, vs, STR("status"), STR("active"));
    json_set(q->op->arena, vs, STR("compose"), compose);
    return set_compile(q, vs, ret);
}

static err find(struct ask *q, str canonical, struct set **ret)
{
    struct found f;
    struct json *implicit;
    str url, version;
    canonical_split(canonical, &url, &version);
    *ret = NULL;
    TRY(catalog_find(q, BLOB_SET, url, version, &f));
    if (f.b.head)
        return view_new(q, &f.b, ret);
    TRY(implicit_set(q->op, url, &implicit));
    if (implicit)
        return set_compile(q, implicit, ret);
    return version.n ? OK : all_codes(q, url, ret);
}

err set_find(struct ask *q, str canonical, struct set **ret)
{
    *ret = map_get(&q->sets, canonical);
    if (*ret)
        return OK;
    TRY(find(q, canonical, ret));
    return !*ret || map_put(&q->sets, canonical, *ret) ? OK : op_check(q->op);
}

const struct set_code *part_code(const struct set *set, const struct set_part *part, str code)
{
    uint32_t lo = part->code_first, hi = lo + part->code_n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2, i = set->sorted[mid];
        if (i >= set->n_codes)
            return NULL;
        int c = str_cmp(blob_text(&set->b, set->codes[i].code), code);
        if (c == 0)
            return &set->codes[i];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}
