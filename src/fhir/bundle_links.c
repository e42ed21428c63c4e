/* Rewrites the links between the entries of a Bundle once their ids are known
 * (https://hl7.org/fhir/R4/http.html#transaction): Reference.reference, uri, url, canonical, oid,
 * uuid, and href and src in narratives. Needs a tagged tree; texts are replaced, not changed in
 * place. Invariant: only a text equal to a fullUrl is touched. */
#include "base/map.h"
#include "fhir_int.h"

struct rewriting {
    struct op *op;
    const struct map *links;
    uint16_t reference; /* row of Reference.reference */
};

static bool is_link(const struct rewriting *r, uint32_t tag)
{
    switch (FHIR_TAG_TYPE(tag)) {
    case FHIR_URI:
    case FHIR_URL:
    case FHIR_CANONICAL:
    case FHIR_OID:
    case FHIR_UUID:
        return true;
    default:
        return FHIR_TAG_ROW(tag) == r->reference;
    }
}

/* Offset of the next attribute value of href or src at or after from; false when there is none. */
static bool next_address(str div, size_t from, size_t *ret_at, size_t *ret_end)
{
    for (size_t eq = str_find_char(div, '=', from); eq != SIZE_MAX;
         eq = str_find_char(div, '=', eq + 1)) {
        str before = str_trim(str_sub(div, eq > 8 ? eq - 8 : 0, eq));
        size_t at = eq + 1;
        while (at < div.n && (div.p[at] == ' ' || div.p[at] == '\n'))
            at++;
        if (at == div.n || (div.p[at] != '"' && div.p[at] != '\'') ||
            !(str_ends(before, STR("href")) || str_ends(before, STR("src"))))
            continue;
        *ret_at = at + 1;
        *ret_end = str_find_char(div, div.p[at], at + 1);
        return *ret_end != SIZE_MAX;
    }
    return false;
}

static void narrative(struct rewriting *r, struct json *v)
{
    struct buf b;
    size_t done = 0, at, end;
    str div = v->u.s;
    buf_init(&b, r->op->arena, div.n * 2 + 4096);
    for (size_t from = 0; next_address(div, from, &at, &end); from = end + 1) {
        const str *target = map_get(r->links, str_sub(div, at, end));
        if (!target)
            continue;
        buf_add(&b, str_sub(div, done, at));
        buf_add(&b, *target);
        done = end;
    }
    if (done == 0)
        return;
    buf_add(&b, str_sub(div, done, div.n));
    if (buf_ok(&b))
        v->u.s = buf_str(&b);
}

static void rewrite(struct rewriting *r, struct json *v, unsigned depth)
{
    if (v->type == JSON_STRING) {
        if (FHIR_TAG_TYPE(v->tag) == FHIR_XHTML) {
            narrative(r, v);
        } else if (is_link(r, v->tag)) {
            const str *target = map_get(r->links, v->u.s);
            if (target)
                v->u.s = *target;
        }
        return;
    }
    if (depth == 0)
        return;
    if (v->type == JSON_ARRAY)
        for (uint32_t i = 0; i < v->n; i++)
            rewrite(r, &v->u.items[i], depth - 1);
    else if (v->type == JSON_OBJECT)
        for (uint32_t i = 0; i < v->n; i++)
            rewrite(r, &v->u.members[i].value, depth - 1);
}

err fhir_links_rewrite(struct op *op, struct json *resource, const struct map *links)
{
    struct rewriting r = {op, links, fhir_row_find(FHIR_REFERENCE, STR("reference"))};
    rewrite(&r, resource, FHIR_DEPTH_MAX * 2);
    return arena_failed(op->arena) ? op_check(op) : OK;
}
