/* What a Bundle says of what is not in it: an entry of mode outcome, code `suppressed`, with how
 * many of its resources are shown in part, of what kind and by which rule, and which kinds of data
 * the patient keeps from the reader. Invariant: it stands on what each shown resource says of
 * itself (its mark) and on what may be named (spec/rules/labels.csv); it counts nothing that is
 * hidden. */
#include "api/api_int.h"
#include "policy/redact.h"

#define CATEGORIES_MAX 16u

struct tally {
    const char *category;
    size_t n;
};

static size_t tallied(const struct record_page *page, struct tally *all, uint64_t *ret_rows)
{
    size_t n = 0;
    const struct redact_row *row;
    for (size_t i = 0; i < page->n; i++) {
        *ret_rows |= page->docs[i].redacted;
        for (size_t r = 0; (row = redact_row(r)); r++) {
            size_t at = 0;
            if (!(page->docs[i].redacted >> r & 1))
                continue;
            while (at < n && !str_eq(str_of(all[at].category), str_of(row->category)))
                at++;
            if (at == n && n < CATEGORIES_MAX)
                all[n++] = (struct tally){.category = row->category};
            if (at < n)
                all[at].n++;
        }
    }
    return n;
}

static void issue(struct buf *b, bool *first, str text)
{
    buf_add(b, *first ? STR("{") : STR(",{"));
    buf_add(b, STR("\"severity\":\"information\",\"code\":\"suppressed\",\"details\":{\"text\":"));
    buf_json_string(b, text);
    buf_add(b, STR("}}"));
    *first = false;
}

static void in_part(struct call *c, struct buf *b, const struct record_page *page, bool *first)
{
    struct tally all[CATEGORIES_MAX] = {{0}};
    uint64_t rows = 0;
    const struct redact_row *row;
    size_t n = tallied(page, all, &rows);
    struct buf text;
    buf_init(&text, c->op.arena, 1u << 16);
    for (size_t i = 0; i < n; i++) {
        text.n = 0;
        buf_printf(&text, "%zu shown in part, without %s:", all[i].n, all[i].category);
        for (size_t r = 0; (row = redact_row(r)); r++)
            if ((rows >> r & 1) && str_eq(str_of(row->category), str_of(all[i].category)))
                buf_printf(&text, " %s (%s)", row->id, row->citation);
        issue(b, first, arena_str(c->op.arena, buf_str(&text)));
    }
}

bool hidden_any(const struct record_page *page)
{
    for (size_t i = 0; i < page->n; i++)
        if (page->docs[i].redacted)
            return true;
    return page->n_hidden > 0;
}

void hidden_outcome(struct call *c, struct buf *b, const struct record_page *page)
{
    bool first = true;
    buf_add(b, STR("{\"resourceType\":\"OperationOutcome\",\"issue\":["));
    in_part(c, b, page, &first);
    if (page->n_hidden) {
        struct buf text;
        buf_init(&text, c->op.arena, 1u << 16);
        buf_printf(&text, "Hidden, because the patient asked for it (%zu):", page->n_hidden);
        for (size_t i = 0; i < page->n_hidden; i++)
            buf_printf(&text, " %.*s", STR_ARG(fhir_type_name(page->hidden[i])));
        issue(b, &first, buf_str(&text));
    }
    buf_add(b, STR("]}"));
}

void hidden_entry(struct call *c, struct buf *b, const struct record_page *page)
{
    if (!hidden_any(page))
        return;
    buf_add(b, STR(",{\"resource\":"));
    hidden_outcome(c, b, page);
    buf_add(b, STR(",\"search\":{\"mode\":\"outcome\"}}"));
}
