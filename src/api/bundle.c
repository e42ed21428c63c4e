/* Bundles out: search results, histories, and the answers to a transaction or batch. Resources go
 * in as stored text; nothing is parsed. https://hl7.org/fhir/R4/bundle.html */
#include "api/api_int.h"

static void open_bundle(struct buf *b, const char *type)
{
    buf_printf(b, "{\"resourceType\":\"Bundle\",\"type\":\"%s\"", type);
}

static void link_to(struct buf *b, bool first, const char *relation, str url)
{
    buf_printf(b, "%s{\"relation\":\"%s\",\"url\":", first ? "" : ",", relation);
    buf_json_string(b, url);
    buf_char(b, '}');
}

static void full_url(struct call *c, struct buf *b, const struct record_doc *doc)
{
    str type = fhir_type_name(doc->type), base = base_url(c);
    buf_add(b, STR("\"fullUrl\":\""));
    buf_add(b, base);
    buf_add(b, STR("/fhir/"));
    buf_add(b, type);
    buf_char(b, '/');
    buf_add(b, doc->id);
    buf_char(b, '"');
}

static void resource(struct buf *b, const struct record_doc *doc)
{
    buf_add(b, STR(",\"resource\":"));
    buf_add(b, doc->head);
    buf_add(b, doc->body);
}

/* "/fhir/Observation", "/fhir", "/fhir/Patient/1/Observation": where a search is repeated by GET.
 */
static str search_path(struct call *c, const struct fhir_query *q)
{
    str type = fhir_type_name(q->type), base = base_url(c);
    bool many = c->route && c->route->handle == api_search_system;
    if (q->compartment)
        return arena_printf(c->op.arena, "%.*s/fhir/%.*s/%.*s/%.*s", STR_ARG(base),
                            STR_ARG(fhir_type_name(q->compartment)), STR_ARG(q->compartment_id),
                            STR_ARG(c->rest));
    return arena_printf(c->op.arena, "%.*s/fhir%s%.*s", STR_ARG(base), many ? "" : "/",
                        STR_ARG(many ? STR_NONE : type));
}

static void page_link(struct call *c, struct buf *b, const char *relation, str self, str page)
{
    const char *sep = str_find_char(self, '?', 0) == SIZE_MAX ? "?" : "&";
    if (page.n)
        link_to(b, false, relation,
                arena_printf(c->op.arena, "%.*s%s_page=%.*s", STR_ARG(self), sep, STR_ARG(page)));
}

/* first, previous, next: the same search, elsewhere in it. */
static void around_link(struct call *c, struct buf *b, const char *relation,
                        const struct fhir_query *q, str page)
{
    str path = search_path(c, q), sealed = STR_NONE, query = q->self;
    if (page.n)
        query = arena_printf(c->op.arena, "%.*s%s_page=%.*s", STR_ARG(q->self),
                             q->self.n ? "&" : "", STR_ARG(page));
    if (c->sealed && q->self.n)
        sealed = record_query_seal(&c->op, c->api->rec, query);
    if (sealed.n)
        query = arena_printf(c->op.arena, "_page=~%.*s", STR_ARG(sealed));
    link_to(
        b, false, relation,
        arena_printf(c->op.arena, "%.*s%s%.*s", STR_ARG(path), query.n ? "?" : "", STR_ARG(query)));
}

static void search_links(struct call *c, struct buf *b, const struct fhir_query *q,
                         const struct record_page *page)
{
    str self = arena_printf(c->op.arena, "%.*s%s%.*s", STR_ARG(search_path(c, q)),
                            q->self.n ? "?" : "", STR_ARG(q->self));
    buf_add(b, STR(",\"link\":["));
    if (q->page.n)
        self = arena_printf(c->op.arena, "%.*s%s_page=%.*s", STR_ARG(self), q->self.n ? "&" : "?",
                            STR_ARG(q->page));
    link_to(b, true, "self", self);
    around_link(c, b, "first", q, STR_NONE);
    if (page->prev.n)
        around_link(c, b, "previous", q, page->prev);
    if (page->next.n)
        around_link(c, b, "next", q, page->next);
    buf_char(b, ']');
}

/* Warnings of a lenient search travel as an entry of mode outcome. */
static void outcome_entry(struct call *c, struct buf *b, bool *first)
{
    if (!c->op.fault.n)
        return;
    buf_printf(b, "%s{\"resource\":", *first ? "" : ",");
    fhir_outcome_write(b, &c->op);
    buf_add(b, STR(",\"search\":{\"mode\":\"outcome\"}}"));
    *first = false;
}

/* What of the search is worth saying beside its results, as issues of the outcome. */
static void notes(struct call *c, const struct record_page *page)
{
    if (page->cut)
        op_note(&c->op, SEVERITY_WARNING, STR_NONE,
                "There is more to include than the %zu resources shown with this page; ask for "
                "fewer matches (_count) or fewer includes.",
                page->n - page->n_match);
    for (size_t i = 0; i < page->n_explain; i++)
        op_note(&c->op, SEVERITY_INFORMATION, STR_NONE, "%.*s", STR_ARG(page->explain[i]));
}

/* One resource as the query wants it: whole, or less. */
static err shaped(struct call *c, struct buf *b, const struct fhir_query *q,
                  const struct record_doc *doc, bool match)
{
    if (!fhir_subset_asked(q) || (q->n_elements && !match)) {
        resource(b, doc);
        return OK;
    }
    buf_add(b, STR(",\"resource\":"));
    return doc_subset(c, q, doc, b);
}

err bundle_search(struct call *c, struct buf *b, const struct fhir_query *q,
                  const struct record_page *page)
{
    open_bundle(b, "searchset");
    notes(c, page);
    if (page->has_total && q->total != TOTAL_NONE)
        buf_printf(b, ",\"total\":%llu", (unsigned long long)page->total);
    search_links(c, b, q, page);
    bool first = true;
    if (page->n || c->op.fault.n)
        buf_add(b, STR(",\"entry\":["));
    for (size_t i = 0; i < page->n; i++) {
        buf_add(b, first ? STR("{") : STR(",{"));
        full_url(c, b, &page->docs[i]);
        TRY(shaped(c, b, q, &page->docs[i], i < page->n_match));
        buf_add(b, i < page->n_match ? STR(",\"search\":{\"mode\":\"match\"}}")
                                     : STR(",\"search\":{\"mode\":\"include\"}}"));
        first = false;
    }
    if (!first)
        hidden_entry(c, b, page);
    outcome_entry(c, b, &first);
    buf_add(b, first ? STR("}") : STR("]}"));
    return OK;
}

static void version_entry(struct call *c, struct buf *b, const struct record_doc *d)
{
    char when[24];
    str type = fhir_type_name(d->type);
    time_format_to(when, d->updated);
    full_url(c, b, d);
    if (!d->deleted)
        resource(b, d);
    buf_printf(b,
               ",\"request\":{\"method\":\"%s\",\"url\":\"%.*s/%.*s\"},\"response\":{\"status\":"
               "\"%s\",\"etag\":\"W/\\\"%u\\\"\",\"lastModified\":\"%.24s\"}",
               d->deleted ? "DELETE" : "PUT", STR_ARG(type), STR_ARG(d->id),
               d->deleted    ? "204"
               : d->vid == 1 ? "201"
                             : "200",
               d->vid, when);
}

void bundle_history(struct call *c, struct buf *b, str query, str at,
                    const struct record_page *page)
{
    str path = arena_printf(c->op.arena, "%.*s/fhir%s%.*s%s%.*s/_history", STR_ARG(base_url(c)),
                            c->type ? "/" : "", STR_ARG(fhir_type_name(c->type)),
                            c->id.n ? "/" : "", STR_ARG(c->id));
    str first =
        query.n ? arena_printf(c->op.arena, "%.*s?%.*s", STR_ARG(path), STR_ARG(query)) : path;
    open_bundle(b, "history");
    if (!at.n && !page->next.n && c->id.n)
        buf_printf(b, ",\"total\":%zu", page->n);
    buf_add(b, STR(",\"link\":["));
    const char *sep = query.n ? "&" : "?";
    link_to(b, true, "self",
            at.n ? arena_printf(c->op.arena, "%.*s%s_page=%.*s", STR_ARG(first), sep, STR_ARG(at))
                 : first);
    link_to(b, false, "first", first);
    page_link(c, b, "previous", first, page->prev);
    page_link(c, b, "next", first, page->next);
    buf_add(b, page->n ? STR("],\"entry\":[") : STR("]"));
    for (size_t i = 0; i < page->n; i++) {
        buf_add(b, i ? STR(",{") : STR("{"));
        version_entry(c, b, &page->docs[i]);
        buf_char(b, '}');
    }
    buf_add(b, page->n ? STR("]}") : STR("}"));
}

static void failed_entry(struct call *c, struct buf *b, const struct record_answer *a)
{
    struct op told;
    op_init(&told, c->op.arena, NULL, c->op.now);
    told.fault.issues = (struct issue *)(uintptr_t)a->issues;
    told.fault.n = a->n_issues;
    told.fault.code = a->code;
    buf_printf(b, "\"response\":{\"status\":\"%d\",\"outcome\":", err_row(a->code)->http);
    fhir_outcome_write(b, &told);
    buf_char(b, '}');
}

static void history_entry(struct call *c, struct buf *b, const struct fhir_entry *e,
                          const struct record_answer *a)
{
    struct call inner = *c;
    inner.type = e->type;
    inner.id = e->id;
    buf_add(b, STR("\"resource\":"));
    bundle_history(&inner, b, STR_NONE, STR_NONE, &a->page);
    buf_add(b, STR(",\"response\":{\"status\":\"200\"}"));
}

static err read_entry(struct call *c, struct buf *b, const struct fhir_entry *e,
                      const struct record_answer *a)
{
    bool head = e->verb == VERB_HEAD;
    if (head && (e->history || a->query)) {
        buf_add(b, STR("\"response\":{\"status\":\"200\"}"));
        return OK;
    }
    if (e->history) {
        history_entry(c, b, e, a);
        return OK;
    }
    if (a->query) {
        buf_add(b, STR("\"resource\":"));
        c->sealed = true; /* it came in a body */
        TRY(bundle_search(c, b, a->query, &a->page));
        op_clear(&c->op);
        buf_add(b, STR(",\"response\":{\"status\":\"200\"}"));
        return OK;
    }
    bool same = answer_unmodified(e->if_none_match, e->if_modified_since, &a->doc);
    full_url(c, b, &a->doc);
    if (!same && !head)
        resource(b, &a->doc);
    char when[24];
    time_format_to(when, a->doc.updated);
    buf_printf(b,
               ",\"response\":{\"status\":\"%s\",\"etag\":\"W/\\\"%u\\\"\","
               "\"lastModified\":\"%.24s\"}",
               same ? "304" : "200", a->doc.vid, when);
    return OK;
}

/* Prefer: return=OperationOutcome, for one entry. */
static void told_entry(struct call *c, struct buf *b, const struct record_result *r, bool deleted)
{
    struct op told;
    if (c->prefer != RETURN_OUTCOME)
        return;
    op_init(&told, c->op.arena, NULL, c->op.now);
    if (deleted)
        op_note(&told, SEVERITY_INFORMATION, STR_NONE, "Deleted: %u.", r->deleted);
    else
        op_note(&told, SEVERITY_INFORMATION, STR_NONE, "%.*s/%.*s is %s.",
                STR_ARG(fhir_type_name(r->type)), STR_ARG(r->id),
                r->created     ? "created"
                : r->unchanged ? "there already"
                               : "updated");
    buf_add(b, STR(",\"outcome\":"));
    fhir_outcome_write(b, &told);
}

static void write_answer(struct call *c, struct buf *b, const struct fhir_entry *e,
                         const struct record_answer *a)
{
    const struct record_result *r = &a->result;
    str type = fhir_type_name(r->type), base = base_url(c);
    if (e->verb == VERB_DELETE) {
        buf_printf(b, "\"response\":{\"status\":\"%s\"",
                   c->prefer == RETURN_OUTCOME ? "200" : "204");
        if (r->vid && r->deleted == 1)
            buf_printf(b, ",\"etag\":\"W/\\\"%u\\\"\"", r->vid);
        told_entry(c, b, r, true);
        buf_char(b, '}');
        return;
    }
    if (c->prefer == RETURN_REPRESENTATION && r->doc.head.n) {
        full_url(c, b, &r->doc);
        resource(b, &r->doc);
        buf_char(b, ',');
    }
    char when[24];
    time_format_to(when, r->updated);
    buf_printf(b,
               "\"response\":{\"status\":\"%s\",\"location\":\"%.*s/fhir/%.*s/%.*s/_history/%u\","
               "\"etag\":\"W/\\\"%u\\\"\",\"lastModified\":\"%.24s\"",
               r->created ? "201" : "200", STR_ARG(base), STR_ARG(type), STR_ARG(r->id), r->vid,
               r->vid, when);
    told_entry(c, b, r, false);
    buf_char(b, '}');
}

err bundle_answers(struct call *c, struct buf *b, const struct fhir_plan *plan,
                   const struct record_answer *answers)
{
    op_clear(&c->op); /* warnings of one entry are not those of another */
    open_bundle(b, plan->transaction ? "transaction-response" : "batch-response");
    buf_add(b, plan->n ? STR(",\"entry\":[") : STR(""));
    for (size_t i = 0; i < plan->n; i++) {
        buf_add(b, i ? STR(",{") : STR("{"));
        if (answers[i].code != OK)
            failed_entry(c, b, &answers[i]);
        else if (plan->entries[i].verb == VERB_GET || plan->entries[i].verb == VERB_HEAD)
            TRY(read_entry(c, b, &plan->entries[i], &answers[i]));
        else
            write_answer(c, b, &plan->entries[i], &answers[i]);
        buf_char(b, '}');
    }
    buf_add(b, plan->n ? STR("]}") : STR("}"));
    return OK;
}
