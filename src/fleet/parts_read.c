/* A bill of materials as its maker wrote it, CycloneDX (ECMA-424) or SPDX 2.x JSON, as a list of
 * parts. Pure. Invariants: whatever the bytes, it ends with a list within its ceilings or with an
 * error; nothing in a document is followed. */
#include "fleet/parts_int.h"

#define DEEP_MAX 16u /* components within components */

static str small(struct op *op, str s)
{
    char *p = arena_alloc(op->arena, s.n + 1);
    if (!p)
        return STR_NONE;
    for (size_t i = 0; i < s.n; i++)
        p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] - 'A' + 'a' : s.p[i]);
    return str_make(p, s.n);
}

str purl_key(struct op *op, str purl, str *ret_version)
{
    size_t at;
    *ret_version = STR_NONE;
    if (!str_starts(purl, STR("pkg:")))
        return STR_NONE;
    if ((at = str_find_char(purl, '#', 0)) != SIZE_MAX)
        purl = str_sub(purl, 0, at);
    if ((at = str_find_char(purl, '?', 0)) != SIZE_MAX)
        purl = str_sub(purl, 0, at);
    for (at = purl.n; at > 0 && purl.p[at - 1] != '/'; at--)
        if (purl.p[at - 1] == '@') { /* of the last part: "@" in a scope is written %40 */
            *ret_version = str_sub(purl, at, purl.n);
            purl = str_sub(purl, 0, at - 1);
            break;
        }
    return small(op, purl);
}

/* The n-th field between colons that are not escaped. */
static str field(str cpe, unsigned n)
{
    size_t from = 0, i = 0;
    for (; i < cpe.n; i++) {
        if (cpe.p[i] == '\\') {
            i++;
        } else if (cpe.p[i] == ':') {
            if (!n--)
                return str_sub(cpe, from, i);
            from = i + 1;
        }
    }
    return n ? STR_NONE : str_sub(cpe, from, cpe.n);
}

str cpe_key(struct op *op, str cpe, str *ret_version)
{
    bool new = str_starts(cpe, STR("cpe:2.3:")), old = str_starts(cpe, STR("cpe:/"));
    unsigned first = new ? 3 : 2;
    *ret_version = STR_NONE;
    if (!new && !old)
        return STR_NONE;
    str vendor = field(cpe, first), product = field(cpe, first + 1), v = field(cpe, first + 2);
    if (!vendor.n || !product.n || str_eq(product, STR("*")))
        return STR_NONE;
    if (!str_eq(v, STR("*")) && !str_eq(v, STR("-")))
        *ret_version = v;
    return small(op, arena_printf(op->arena, "cpe:%.*s:%.*s", STR_ARG(vendor), STR_ARG(product)));
}

/* ---- the list ---- */

struct list {
    struct op *op;
    struct parts *to;
    size_t cap;
};

static err add(struct list *l, struct part p)
{
    struct parts *to = l->to;
    str v = STR_NONE, w = STR_NONE;
    if (to->n == PARTS_MAX)
        return fail(l->op, ERR_TOO_LARGE, "A bill of materials has at most 20000 parts here.");
    if (to->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        struct part *more = ARENA_ARRAY(l->op->arena, struct part, cap);
        TRY(op_check(l->op));
        if (to->n)
            memcpy(more, to->all, to->n * sizeof *more);
        to->all = more;
        l->cap = cap;
    }
    p.keys[0] = purl_key(l->op, p.purl, &v);
    p.keys[1] = cpe_key(l->op, p.cpe, &w);
    if (!p.version.n)
        p.version = v.n ? v : w;
    to->all[to->n++] = p;
    return op_check(l->op);
}

/* ---- CycloneDX ---- */

/* Recursion ends with the depth. */
static err components(struct list *l, const struct json *all, unsigned deep)
{
    const struct json *one;
    if (deep > DEEP_MAX)
        return fail(l->op, ERR_TOO_LARGE, "Components lie at most 16 deep in each other.");
    for (size_t i = 0; (one = json_at(all, i)); i++) {
        if (!json_is(one, JSON_OBJECT))
            continue;
        TRY(add(l, (struct part){.name = json_get_str(one, STR("name")),
                                 .version = json_get_str(one, STR("version")),
                                 .purl = json_get_str(one, STR("purl")),
                                 .cpe = json_get_str(one, STR("cpe"))}));
        TRY(components(l, JSON_GET(one, "components"), deep + 1));
    }
    return OK;
}

static err cyclonedx(struct list *l, const struct json *doc)
{
    const struct json *root = json_path(doc, "metadata.component");
    l->to->format = STR("CycloneDX");
    l->to->name = json_get_str(root, STR("name"));
    l->to->version = json_get_str(root, STR("version"));
    return components(l, JSON_GET(doc, "components"), 0);
}

/* ---- SPDX ---- */

static str reference(const struct json *package, const char *type)
{
    const struct json *all = JSON_GET(package, "externalRefs"), *one;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        if (str_eq(json_get_str(one, STR("referenceType")), str_of(type)))
            return json_get_str(one, STR("referenceLocator"));
    return STR_NONE;
}

static err spdx(struct list *l, const struct json *doc)
{
    const struct json *all = JSON_GET(doc, "packages"), *one;
    str described = json_str(json_at(JSON_GET(doc, "documentDescribes"), 0));
    l->to->format = STR("SPDX");
    l->to->name = json_get_str(doc, STR("name"));
    for (size_t i = 0; (one = json_at(all, i)); i++) {
        str cpe = reference(one, "cpe23Type");
        if (!json_is(one, JSON_OBJECT))
            continue;
        if (described.n && str_eq(json_get_str(one, STR("SPDXID")), described))
            l->to->version = json_get_str(one, STR("versionInfo"));
        TRY(add(l, (struct part){.name = json_get_str(one, STR("name")),
                                 .version = json_get_str(one, STR("versionInfo")),
                                 .purl = reference(one, "purl"),
                                 .cpe = cpe.n ? cpe : reference(one, "cpe22Type")}));
    }
    return OK;
}

err parts_read(struct op *op, str document, struct parts *ret)
{
    struct json *doc;
    struct list l = {.op = op, .to = ret};
    *ret = (struct parts){.n = 0};
    TRY(json_read(op, document,
                  &(struct json_limits){.bytes = PARTS_BYTES_MAX, .depth = 64, .nodes = 500000},
                  &doc));
    if (str_eq(json_get_str(doc, STR("bomFormat")), STR("CycloneDX")))
        TRY(cyclonedx(&l, doc));
    else if (str_starts(json_get_str(doc, STR("spdxVersion")), STR("SPDX-2")))
        TRY(spdx(&l, doc));
    else
        return fail(op, ERR_INVALID,
                    "The document is neither CycloneDX nor SPDX 2 in JSON (bomFormat, "
                    "spdxVersion).");
    return op_check(op);
}
