/* /docs/search and /docs/search/{type}: what the CapabilityStatement claims for a type, read from
 * that statement itself, so both say the same. */
#include "api/docs_int.h"

static void param(struct buf *b, const struct json *p)
{
    buf_add(b, STR("<tr><th scope=\"row\"><code>"));
    buf_html(b, json_get_str(p, STR("name")));
    buf_add(b, STR("</code></th>"));
    docs_cell(b, json_get_str(p, STR("type")));
    docs_cell(b, json_get_str(p, STR("documentation")));
    buf_add(b, STR("</tr>"));
}

static void words(struct buf *b, const char *title, const struct json *list, str field)
{
    if (!list || !list->n)
        return;
    buf_printf(b, "<h2>%s</h2><p>", title);
    for (size_t i = 0; i < list->n; i++) {
        const struct json *item = json_at(list, i);
        buf_add(b, i ? STR(", <code>") : STR("<code>"));
        buf_html(b, field.n ? json_get_str(item, field) : json_str(item));
        buf_add(b, STR("</code>"));
    }
    buf_add(b, STR("</p>"));
}

static bool type_page(struct call *c, struct buf *b, str name)
{
    static const char *const columns[] = {"Parameter", "Kind", "Takes", NULL};
    struct json *v;
    fhir_type type = fhir_type_parse(name);
    if (!type ||
        json_read(&c->op, capability_of_type(c->api, type), &JSON_LIMITS_DEFAULT, &v) != OK)
        return false;
    buf_printf(b, "<h1>%.*s</h1><p><code>GET /fhir/%.*s?parameter=value</code></p>", STR_ARG(name),
               STR_ARG(name));
    words(b, "Interactions", JSON_GET(v, "interaction"), STR("code"));
    words(b, "Operations", JSON_GET(v, "operation"), STR("name"));
    const struct json *params = JSON_GET(v, "searchParam");
    if (params && params->n) {
        buf_add(b, STR("<h2>Search parameters</h2>"));
        docs_table(b, "Search parameters", columns);
        for (size_t i = 0; i < params->n; i++)
            param(b, json_at(params, i));
        docs_table_end(b);
    }
    words(b, "May be included (_include)", JSON_GET(v, "searchInclude"), STR_NONE);
    words(b, "May be included with it (_revinclude)", JSON_GET(v, "searchRevInclude"), STR_NONE);
    return true;
}

bool docs_search(struct call *c, struct buf *b, str rest)
{
    if (rest.n)
        return type_page(c, b, rest);
    buf_add(
        b,
        STR("<h1>Search</h1><p><code>GET /fhir/{type}?…</code>: all parameters must fit; commas "
            "mean or. Modifiers and prefixes are told with each parameter; references can be "
            "followed with dots (<code>patient.name</code>) and backwards with <code>_has</code>. "
            "What shapes the answer (<code>_sort _count _include _summary</code> …) stands with "
            "the "
            "<a href=\"/docs/routes#parameters\">ways in</a>; several types at once are searched "
            "at <code>/fhir?_type=</code>, what is around a patient at "
            "<code>/fhir/Patient/{id}/*</code>. A parameter or value that is not understood is "
            "refused by name, unless <code>Prefer: handling=lenient</code>: then a warning in the "
            "Bundle names it. A search that would have to look at too much is cut: 400 or 504, "
            "with what to narrow.</p><h2>Types</h2><ul class=\"columns\">"));
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++) {
        str name = fhir_type_name(t);
        buf_printf(b, "<li><a href=\"/docs/search/%.*s\">%.*s</a></li>", STR_ARG(name),
                   STR_ARG(name));
    }
    buf_add(b, STR("</ul>"));
    return true;
}
