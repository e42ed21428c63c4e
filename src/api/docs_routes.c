/* /docs/routes: the route table as it is dispatched, FHIR first. */
#include "api/docs_int.h"

static void row(struct buf *b, const struct route *r)
{
    buf_printf(b, "<tr id=\"%s\">", r->name);
    docs_cell(b, net_method_name(r->method));
    buf_add(b, STR("<th scope=\"row\"><code>"));
    buf_html(b, str_of(r->path));
    buf_add(b, STR("</code></th>"));
    docs_cell(b, r->auth == AUTH_NONE    ? STR("none")
                 : r->auth == AUTH_FRESH ? STR("token, newly shown")
                                         : STR("token"));
    docs_cell(b, str_of(r->doc));
    buf_add(b, STR("<td>"));
    for (unsigned i = 0; i < r->n_params; i++) {
        buf_add(b, i ? STR(", <code>") : STR("<code>"));
        buf_html(b, str_of(api_route_params[r->params[i]].name));
        buf_add(b, STR("</code>"));
    }
    buf_add(b, STR("</td>"));
    buf_add(b, STR("</tr>"));
}

static void section(struct buf *b, const char *title, const char *id, bool fhir)
{
    static const char *const columns[] = {"Method",       "Address",    "Needs",
                                          "What it does", "Parameters", NULL};
    buf_printf(b, "<h2 id=\"%s\">%s</h2>", id, title);
    docs_table(b, title, columns);
    for (unsigned i = 0; i < ROUTE_COUNT; i++)
        if (str_starts(str_of(api_routes[i].path), STR("/fhir")) == fhir)
            row(b, &api_routes[i]);
    docs_table_end(b);
}

bool docs_routes(struct call *c, struct buf *b, str rest)
{
    (void)c;
    buf_add(b,
            STR("<h1>Ways in</h1><p><code>{type}</code> is a resource type of FHIR R4, "
                "<code>{id}</code> and <code>{vid}</code> an id and a version, <code>{*}</code> "
                "whatever follows. <code>OPTIONS</code> says which methods an address has.</p>"));
    section(b, "The record", "record", true);
    section(b, "Everything else", "else", false);
    static const char *const columns[] = {"Parameter", "What it takes", "For example", NULL};
    buf_add(b, STR("<h2 id=\"parameters\">Parameters</h2>"));
    docs_table(b, "Parameters of the ways in", columns);
    for (unsigned i = 0; i < api_route_param_count; i++) {
        buf_add(b, STR("<tr><th scope=\"row\"><code>"));
        buf_html(b, str_of(api_route_params[i].name));
        buf_add(b, STR("</code></th>"));
        docs_cell(b, str_of(api_route_params[i].doc));
        docs_cell(b, str_of(api_route_params[i].example));
        buf_add(b, STR("</tr>"));
    }
    docs_table_end(b);
    return !rest.n;
}
