/* GET /docs and what is under it: finds the page, frames it, serves the one style sheet. Knows no
 * patient: the pages are the same for everybody. Invariant: every text goes through buf_html(). */
#include "api/docs_int.h"

#include "api/cli.h"

__asm__(".pushsection .rodata\n"
        "docs_style:\n"
        ".incbin \"docs.css\"\n"
        "docs_style_end:\n"
        ".popsection\n");

extern const char docs_style[] __attribute__((visibility("hidden")));
extern const char docs_style_end[] __attribute__((visibility("hidden")));

void docs_table(struct buf *b, const char *caption, const char *const *columns)
{
    buf_printf(b, "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"%s\"><table>",
               caption);
    buf_printf(b, "<caption>%s</caption><thead><tr>", caption);
    for (; *columns; columns++)
        buf_printf(b, "<th scope=\"col\">%s</th>", *columns);
    buf_add(b, STR("</tr></thead><tbody>"));
}

void docs_table_end(struct buf *b)
{
    buf_add(b, STR("</tbody></table></div>"));
}

void docs_cell(struct buf *b, str s)
{
    buf_add(b, STR("<td>"));
    buf_html(b, s);
    buf_add(b, STR("</td>"));
}

static bool verbs(struct call *c, struct buf *b, str rest)
{
    static const char *const columns[] = {"Verb", "What it does", NULL};
    (void)c;
    buf_add(b,
            STR("<h1>The command line</h1><p>One program, <code>weft</code>. <code>weft VERB "
                "--help</code> says more, with an example. Exit code: 0 done, 1 refused or failed, "
                "2 wrong usage. Work that takes longer than a second tells of its progress on "
                "standard error.</p>"));
    docs_table(b, "Verbs of weft", columns);
    for (size_t i = 0; i < CLI_VERBS; i++) {
        buf_printf(b, "<tr id=\"%s\"><th scope=\"row\"><code>weft %s</code></th>",
                   cli_verbs[i].name, cli_verbs[i].name);
        docs_cell(b, str_of(cli_verbs[i].what));
        buf_add(b, STR("</tr>"));
    }
    docs_table_end(b);
    return !rest.n;
}

static bool docs_errors(struct call *c, struct buf *b, str rest)
{
    static const char *const columns[] = {"Status", "Name", "Issue code", "Try again?", NULL};
    buf_add(b, STR("<h1>Errors</h1><p>Every error is an OperationOutcome: what is wrong, where "
                   "(<code>expression</code>), and what to do. It never quotes a value that was "
                   "sent. Under load, 429 and 503 come with <code>Retry-After</code>.</p>"));
    docs_table(b, "Errors", columns);
    for (err e = ERR_INVALID; e < ERR_COUNT; e++) {
        const struct err_row *row = err_row(e);
        buf_printf(b, "<tr><th scope=\"row\">%d</th>", row->http);
        docs_cell(b, str_of(row->name));
        docs_cell(b, str_of(row->issue_code));
        docs_cell(b, row->retry ? STR("yes, after a while") : STR("no"));
        buf_add(b, STR("</tr>"));
    }
    docs_table_end(b);
    (void)c;
    return !rest.n;
}

static bool front(struct call *c, struct buf *b, str rest)
{
    (void)c;
    buf_add(
        b,
        STR("<h1>Weft</h1><p>One server for the patient's record, the care team's worklist and "
            "every contact with the patient, with the rule that allowed it.</p><ul>"
            "<li><a href=\"/docs/routes\">Ways in</a>: every address, its method, and whether it "
            "needs a token</li>"
            "<li><a href=\"/docs/search\">Search</a>: what can be asked, type by type</li>"
            "<li><a href=\"/docs/examples\">Examples</a>: requests to copy</li>"
            "<li><a href=\"/docs/errors\">Errors</a>: every one there is</li>"
            "<li><a href=\"/openapi.json\">OpenAPI 3.1</a>: all of it for machines</li>"
            "<li><a href=\"/docs/rules\">Rules</a>: the whole rulebook with its citations</li>"
            "<li><a href=\"/docs/verbs\">Command line</a>: the verbs of <code>weft</code></li></ul>"
            "<h2>Start</h2><p>Get a token with <code>POST /auth/sign-in</code> or <code>weft "
            "token</code> and send it as <code>Authorization: Bearer</code>. The record is FHIR "
            "R4, JSON, under <code>/fhir</code>; <a href=\"/fhir/metadata\">/fhir/metadata</a> is "
            "its CapabilityStatement. Every error is an OperationOutcome that says what is wrong, "
            "where, and what to do.</p>"));
    return !rest.n;
}

static const struct page {
    const char *name, *title;
    bool (*write)(struct call *c, struct buf *b, str rest);
} pages[] = {
    {"", "Start", front},
    {"routes", "Ways in", docs_routes},
    {"search", "Search", docs_search},
    {"examples", "Examples", docs_examples},
    {"errors", "Errors", docs_errors},
    {"rules", "Rules", docs_rules},
    {"verbs", "Command line", verbs},
};
#define PAGES (sizeof pages / sizeof *pages)

static void open_frame(struct buf *b, const struct page *p, str rest)
{
    buf_printf(
        b,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" "
        "content=\"light dark\"><title>");
    buf_html(b, rest);
    buf_printf(b,
               "%s%s · Weft</title><link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body>"
               "<a class=\"skip\" href=\"#main\">Skip to the content</a><header><nav aria-label="
               "\"Documentation\"><ul>",
               rest.n ? " · " : "", p->title);
    for (size_t i = 0; i < PAGES; i++)
        buf_printf(b, "<li><a href=\"/docs%s%s\"%s>%s</a></li>", pages[i].name[0] ? "/" : "",
                   pages[i].name, &pages[i] == p && !rest.n ? " aria-current=\"page\"" : "",
                   pages[i].title);
    buf_add(b, STR("</ul></nav></header><main id=\"main\">"));
}

static err style(struct call *c)
{
    struct net_answer *a = &c->rq->answer;
    a->status = 200;
    a->type = STR("text/css; charset=utf-8");
    a->body = str_make(docs_style, (size_t)(docs_style_end - docs_style));
    net_answer_header(c->rq, "Cache-Control", "public, max-age=3600");
    return OK;
}

err api_docs(struct call *c)
{
    str path = str_sub(c->rq->path, 5, SIZE_MAX), name = STR_NONE;
    struct buf b = answer_buf(c);
    while (path.n && path.p[0] == '/')
        path = str_sub(path, 1, SIZE_MAX);
    if (str_eq(path, STR("style.css")))
        return style(c);
    str_take_until(&path, '/', &name);
    for (size_t i = 0; i < PAGES; i++) {
        if (!str_eq(name, str_of(pages[i].name)))
            continue;
        open_frame(&b, &pages[i], path);
        if (!pages[i].write(c, &b, path))
            break;
        buf_add(&b, STR("</main></body></html>\n"));
        TRY(answer(c, 200, &b));
        c->rq->answer.type = STR("text/html; charset=utf-8");
        net_answer_header(c->rq, "Cache-Control", "no-cache");
        return OK;
    }
    return fail(&c->op, ERR_NOT_FOUND, "There is no such page; /docs leads to all there are.");
}
