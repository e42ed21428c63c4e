/* /docs/rules and /docs/rules/{id}: the rulebook that decides, row by row, with its citations. */
#include "api/docs_int.h"

static void fact(struct buf *b, const char *name, str value, bool code)
{
    if (!value.n)
        return;
    buf_printf(b, "<dt>%s</dt><dd>%s", name, code ? "<code>" : "");
    buf_html(b, value);
    buf_printf(b, "%s</dd>", code ? "</code>" : "");
}

static void examples(struct buf *b, const struct rule *r)
{
    static const char *const columns[] = {"Example", "Facts", "Decision", NULL};
    buf_add(b, STR("<h2>Examples</h2>"));
    docs_table(b, "Examples", columns);
    for (size_t i = 0; i < r->n_examples; i++) {
        buf_add(b, STR("<tr>"));
        docs_cell(b, str_of(r->examples[i].name));
        buf_add(b, STR("<td><code>"));
        buf_html(b, str_of(r->examples[i].facts));
        buf_add(b, STR("</code></td>"));
        docs_cell(b, str_of(r->examples[i].expect));
        buf_add(b, STR("</tr>"));
    }
    docs_table_end(b);
}

static bool rule_page(struct buf *b, str id)
{
    const struct rule *r = policy_rule_find(id);
    if (!r)
        return false;
    buf_printf(b, "<h1>%s: ", r->id);
    buf_html(b, str_of(r->title));
    buf_add(b, STR("</h1><p>"));
    buf_html(b, str_of(r->condition));
    buf_add(b, STR("</p><dl>"));
    fact(b, "Asked at", trigger_name(r->trigger), true);
    fact(b, "Applies when", str_of(r->applies_when), true);
    fact(b, "Requires", str_of(r->require), true);
    fact(b, "Otherwise", decision_name(r->on_fail), true);
    fact(b, "Says", str_of(r->why), false);
    fact(b, "Parameters", str_of(r->params), true);
    fact(b, "Citation", str_of(r->citation), false);
    fact(b, "Jurisdiction", str_of(r->jurisdiction), false);
    fact(b, "Status", str_of(r->status), false);
    fact(b, "In force from", str_of(r->effective_from), false);
    fact(b, "In force to", str_of(r->effective_to), false);
    fact(b, "May be changed", str_of(r->override_name), false);
    buf_add(b, STR("</dl>"));
    examples(b, r);
    return true;
}

bool docs_rules(struct call *c, struct buf *b, str rest)
{
    static const char *const columns[] = {"Rule",      "What it asks", "Asked at",
                                          "Otherwise", "Citation",     NULL};
    (void)c;
    if (rest.n)
        return rule_page(b, rest);
    buf_printf(
        b,
        "<h1>Rules</h1><p>%u rules decide about contact, disclosure, recording and clocks. What "
        "is not known never allows. <code>weft rules test</code> runs their examples.</p>",
        (unsigned)RULE_COUNT);
    docs_table(b, "Rules", columns);
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct rule *r = policy_rule_at(i);
        buf_printf(b, "<tr><th scope=\"row\"><a href=\"/docs/rules/%s\">%s</a></th>", r->id, r->id);
        docs_cell(b, str_of(r->title));
        docs_cell(b, trigger_name(r->trigger));
        docs_cell(b, decision_name(r->on_fail));
        docs_cell(b, str_of(r->citation));
        buf_add(b, STR("</tr>"));
    }
    docs_table_end(b);
    return true;
}
