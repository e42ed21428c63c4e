/* Vulnerabilities as they are published: OSV (ossf.github.io/osv-schema), CVE JSON 5 (CVE.org), the
 * catalogue of exploited ones (CISA's JSON), each alone, in a list, or in {"vulns": [...]}. Pure.
 * Invariants: whatever the bytes, it ends within its ceilings or with an error; an entry that names
 * no package and no CPE is kept, it concerns nothing. */
#include "fleet/parts_int.h"

#define EVENTS_MAX 200u

struct reader {
    struct op *op;
    struct vulns *to;
    size_t cap, exploited_cap;
    struct span *spans; /* of the one that is read */
    size_t n_spans;
};

static err grow(struct op *op, void **io, size_t n, size_t *io_cap, size_t size)
{
    size_t cap = *io_cap ? *io_cap * 2 : 32;
    if (n < *io_cap)
        return OK;
    void *more = arena_alloc(op->arena, cap * size);
    TRY(op_check(op));
    if (n)
        memcpy(more, *io, n * size);
    *io = more;
    *io_cap = cap;
    return OK;
}

/* A span that is left out would be a weakness that nobody is told of: refused by add(). */
static void add_span(struct reader *r, struct span s)
{
    if (r->n_spans < VULN_SPANS_MAX && s.key.n)
        r->spans[r->n_spans] = s;
    r->n_spans += s.key.n > 0;
}

static err add(struct reader *r, struct vuln v)
{
    if (r->to->n == VULN_MAX)
        return fail(r->op, ERR_TOO_LARGE, "A document has at most 5000 vulnerabilities here.");
    if (r->n_spans > VULN_SPANS_MAX)
        return fail(r->op, ERR_TOO_LARGE,
                    "A vulnerability has at most 5000 ranges of versions here.");
    void *all = r->to->all;
    TRY(grow(r->op, &all, r->to->n, &r->cap, sizeof v));
    r->to->all = all;
    v.spans = ARENA_ARRAY(r->op->arena, struct span, r->n_spans + 1);
    TRY(op_check(r->op));
    if (r->n_spans)
        memcpy(v.spans, r->spans, r->n_spans * sizeof *v.spans);
    v.n_spans = r->n_spans;
    if (!v.score)
        v.score = cvss3_score(v.vector);
    if (!v.severity.n)
        v.severity = str_of(cvss_severity(v.score));
    r->to->all[r->to->n++] = v;
    return OK;
}

/* ---- OSV ---- */

/* Names of ecosystems (osv-schema) as types of package URLs (purl-spec). */
static const struct {
    const char *ecosystem, *type;
} types[] = {{"npm", "npm"},           {"PyPI", "pypi"},
             {"crates.io", "cargo"},   {"Go", "golang"},
             {"Maven", "maven"},       {"NuGet", "nuget"},
             {"RubyGems", "gem"},      {"Packagist", "composer"},
             {"Debian", "deb/debian"}, {"Alpine", "apk/alpine"},
             {"ConanCenter", "conan"}, {"Ubuntu", "deb/ubuntu"},
             {"Hex", "hex"},           {"Pub", "pub"}};

static str package_key(struct op *op, const struct json *package)
{
    str name = json_get_str(package, STR("name")), v, eco = STR_NONE;
    str rest = json_get_str(package, STR("ecosystem")), purl = json_get_str(package, STR("purl"));
    if (purl.n)
        return purl_key(op, purl, &v);
    (void)str_take_until(&rest, ':', &eco); /* "Debian:12" */
    size_t colon = str_find_char(name, ':', 0);
    if (colon != SIZE_MAX) /* Maven: group:name */
        name = arena_printf(op->arena, "%.*s/%.*s", STR_ARG(str_sub(name, 0, colon)),
                            STR_ARG(str_sub(name, colon + 1, name.n)));
    else if (str_starts(name, STR("@")))
        name = arena_cat(op->arena, STR("%40"), str_sub(name, 1, name.n));
    for (size_t i = 0; name.n && i < sizeof types / sizeof *types; i++)
        if (str_eq(eco, str_of(types[i].ecosystem)))
            return purl_key(
                op, arena_printf(op->arena, "pkg:%s/%.*s", types[i].type, STR_ARG(name)), &v);
    return STR_NONE;
}

static void osv_range(struct reader *r, str key, const struct json *range)
{
    const struct json *events = JSON_GET(range, "events"), *one;
    struct span s = {.key = key};
    bool open = false;
    if (str_eq(json_get_str(range, STR("type")), STR("GIT")))
        return;
    for (size_t i = 0; i < EVENTS_MAX && (one = json_at(events, i)); i++) {
        str from = json_get_str(one, STR("introduced"));
        s.fixed = json_get_str(one, STR("fixed"));
        s.last = json_get_str(one, STR("last_affected"));
        if (from.n) {
            if (open) /* two that begin: the first has no end */
                add_span(r, (struct span){.key = key, .from = s.from});
            s = (struct span){.key = key, .from = from};
            open = true;
        } else if (open && (s.fixed.n || s.last.n)) {
            add_span(r, s);
            open = false;
        }
    }
    if (open)
        add_span(r, (struct span){.key = key, .from = s.from});
}

static void osv_affected(struct reader *r, const struct json *one)
{
    const struct json *ranges = JSON_GET(one, "ranges"), *versions = JSON_GET(one, "versions"), *x;
    str key = package_key(r->op, JSON_GET(one, "package"));
    for (size_t i = 0; key.n && (x = json_at(ranges, i)); i++)
        osv_range(r, key, x);
    for (size_t i = 0; key.n && (x = json_at(versions, i)); i++)
        if (json_str(x).n)
            add_span(r, (struct span){.key = key, .is = json_str(x)});
}

static err osv(struct reader *r, const struct json *doc)
{
    const struct json *all = JSON_GET(doc, "affected"), *one;
    struct vuln v = {.id = json_get_str(doc, STR("id")),
                     .summary = json_get_str(doc, STR("summary")),
                     .vector = json_str(json_path(doc, "severity.0.score"))};
    if (json_get_str(doc, STR("withdrawn")).n)
        return OK;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        osv_affected(r, one);
    for (size_t i = 0; i < VULN_ALIASES_MAX && (one = json_at(JSON_GET(doc, "aliases"), i)); i++)
        v.aliases[v.n_aliases++] = json_str(one);
    return add(r, v);
}

/* ---- CVE JSON 5 ---- */

static str product_key(struct op *op, const struct json *one)
{
    str vendor = json_get_str(one, STR("vendor")), product = json_get_str(one, STR("product")), v;
    str both = arena_printf(op->arena, "cpe:2.3:a:%.*s:%.*s", STR_ARG(vendor), STR_ARG(product));
    char *p = arena_alloc(op->arena, both.n + 1);
    if (!vendor.n || !product.n || !p)
        return STR_NONE;
    for (size_t i = 0; i < both.n; i++)
        p[i] = both.p[i] == ' ' ? '_' : both.p[i];
    return cpe_key(op, str_make(p, both.n), &v);
}

static void cve_versions(struct reader *r, str key, const struct json *one)
{
    const struct json *all = JSON_GET(one, "versions"), *x;
    bool any = false;
    for (size_t i = 0; key.n && (x = json_at(all, i)); i++) {
        str from = json_get_str(x, STR("version")), fixed = json_get_str(x, STR("lessThan"));
        str last = json_get_str(x, STR("lessThanOrEqual"));
        if (!str_eq(json_get_str(x, STR("status")), STR("affected")) ||
            str_eq(json_get_str(x, STR("versionType")), STR("git")))
            continue;
        any = true;
        if (str_eq(from, STR("*")) || str_eq(from, STR("n/a")))
            from = STR_NONE;
        if (str_eq(fixed, STR("*"))) /* all that follow */
            add_span(r, (struct span){.key = key, .from = from});
        else if (fixed.n || last.n)
            add_span(r, (struct span){.key = key, .from = from, .fixed = fixed, .last = last});
        else
            add_span(r, (struct span){.key = key, .is = from});
    }
    if (!any && str_eq(json_get_str(one, STR("defaultStatus")), STR("affected")))
        add_span(r, (struct span){.key = key});
}

static void cve_affected(struct reader *r, const struct json *container)
{
    const struct json *all = JSON_GET(container, "affected"), *one, *c;
    for (size_t i = 0; (one = json_at(all, i)); i++) {
        str v, own = product_key(r->op, one);
        str purl = purl_key(r->op, json_get_str(one, STR("packageURL")), &v);
        cve_versions(r, own, one);
        cve_versions(r, purl, one);
        for (size_t k = 0; (c = json_at(JSON_GET(one, "cpes"), k)); k++) {
            str key = cpe_key(r->op, json_str(c), &v);
            if (!str_eq(key, own))
                cve_versions(r, key, one);
        }
    }
}

static void cve_score(struct vuln *v, const struct json *container)
{
    static const char *const names[] = {"cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0"};
    const struct json *all = JSON_GET(container, "metrics"), *one, *m;
    for (size_t i = 0; !v->score && (one = json_at(all, i)); i++)
        for (size_t k = 0; !v->score && k < sizeof names / sizeof *names; k++)
            if ((m = json_get(one, str_of(names[k])))) {
                if (!json_double(JSON_GET(m, "baseScore"), &v->score) || v->score < 0 ||
                    v->score > 10)
                    v->score = 0;
                v->vector = json_get_str(m, STR("vectorString"));
            }
}

static str in_english(const struct json *texts)
{
    const struct json *one;
    for (size_t i = 0; (one = json_at(texts, i)); i++)
        if (str_starts(json_get_str(one, STR("lang")), STR("en")))
            return json_get_str(one, STR("value"));
    return STR_NONE;
}

static err cve(struct reader *r, const struct json *doc)
{
    const struct json *cna = json_path(doc, "containers.cna"), *one;
    const struct json *adp = json_path(doc, "containers.adp");
    struct vuln v = {.id = json_str(json_path(doc, "cveMetadata.cveId")),
                     .summary = json_get_str(cna, STR("title"))};
    if (str_eq(json_str(json_path(doc, "cveMetadata.state")), STR("REJECTED")))
        return OK;
    if (!v.summary.n)
        v.summary = in_english(JSON_GET(cna, "descriptions"));
    cve_affected(r, cna);
    cve_score(&v, cna);
    for (size_t i = 0; (one = json_at(adp, i)); i++) {
        cve_affected(r, one);
        cve_score(&v, one);
    }
    return add(r, v);
}

/* ---- the catalogue of exploited ones ---- */

static err exploited(struct reader *r, const struct json *one)
{
    struct vulns *to = r->to;
    void *all = to->exploited;
    struct exploited e = {.id = json_get_str(one, STR("cveID")),
                          .due = json_get_str(one, STR("dueDate"))};
    if (to->n_exploited == VULN_MAX)
        return fail(r->op, ERR_TOO_LARGE, "A document has at most 5000 vulnerabilities here.");
    TRY(grow(r->op, &all, to->n_exploited, &r->exploited_cap, sizeof e));
    to->exploited = all;
    to->exploited[to->n_exploited++] = e;
    return OK;
}

/* ---- a document ---- */

static err unknown(struct op *op)
{
    return fail(op, ERR_INVALID,
                "The document is no OSV, no CVE JSON 5 and no catalogue of exploited "
                "vulnerabilities.");
}

static bool is_id(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'z') ||
              (s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '-' || s.p[i] == '.' || s.p[i] == ':' ||
              s.p[i] == '_'))
            return false;
    return s.n > 3 && s.n <= 80;
}

static err one_of(struct reader *r, const struct json *doc)
{
    r->n_spans = 0;
    if (is_id(json_str(json_path(doc, "cveMetadata.cveId"))))
        return cve(r, doc);
    if (is_id(json_get_str(doc, STR("cveID"))))
        return exploited(r, doc);
    if (is_id(json_get_str(doc, STR("id"))) &&
        (JSON_GET(doc, "affected") || JSON_GET(doc, "modified")))
        return osv(r, doc);
    return unknown(r->op);
}

err vulns_read(struct op *op, str document, struct vulns *ret)
{
    struct json *doc;
    const struct json *all, *one;
    struct reader r = {.op = op, .to = ret};
    *ret = (struct vulns){.n = 0};
    TRY(json_read(op, document,
                  &(struct json_limits){.bytes = VULN_BYTES_MAX, .depth = 64, .nodes = 2000000},
                  &doc));
    r.spans = ARENA_ARRAY(op->arena, struct span, VULN_SPANS_MAX);
    TRY(op_check(op));
    all = json_is(doc, JSON_ARRAY)           ? doc
          : JSON_GET(doc, "vulns")           ? JSON_GET(doc, "vulns")
          : JSON_GET(doc, "vulnerabilities") ? JSON_GET(doc, "vulnerabilities")
                                             : NULL;
    if (!all)
        return one_of(&r, doc);
    for (size_t i = 0; (one = json_at(all, i)); i++)
        TRY(one_of(&r, one));
    return ret->n + ret->n_exploited || json_is(all, JSON_ARRAY) ? op_check(op) : unknown(op);
}
